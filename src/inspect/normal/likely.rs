//! How often letters follow one another in English, and where a text is English only if its letters are read otherwise.
//!
//! What two letters tell is the logarithm of how much more often they follow one another as they would be read than as they
//! stand (both from `english.txt`, learned from honest definitions by `examples/train`). Summed along a text, and never below
//! nothing, that climbs where something is written so and falls everywhere else (CUSUM: Page, Continuous Inspection
//! Schemes, 1954).

use std::ops::Range;
use std::sync::LazyLock;

use super::Step;

/// Letters, and what is none.
const SYMBOLS: usize = 27;
/// What is no letter.
const BORDER: u8 = 26;
/// Two letters tell at most so many quarters of a bit: a name has rare ones.
const MOST: i32 = 24;
/// The ways to read letters otherwise.
pub(super) const WAYS: [Step; 2] = [Step::Rot13, Step::Reversed];

/// By two symbols, what they tell for each of [`WAYS`].
static TOLD: LazyLock<Vec<[i32; 2]>> = LazyLock::new(|| {
    let english: Vec<i32> = include_str!("english.txt")
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    let often = |one, other| english.get(one * SYMBOLS + other).copied().unwrap_or_default();
    let moved = |symbol| if symbol < 26 { (symbol + 13) % 26 } else { symbol };
    let pairs = (0..SYMBOLS).flat_map(|one| (0..SYMBOLS).map(move |other| (one, other)));
    pairs
        .map(|(one, other)| {
            let told = |read: i32| (read - often(one, other)).clamp(-MOST, MOST);
            [told(often(moved(one), moved(other))), told(often(other, one))]
        })
        .collect()
});

/// The part of a text that most looks as if it were written in a way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Climb {
    /// What its letters tell, in quarters of a bit.
    pub(super) told: i32,
    /// Where it is.
    pub(super) range: Range<usize>,
}

/// For each of [`WAYS`], in one pass over a text in small letters.
pub(super) fn climbs(text: &str) -> [Climb; 2] {
    let mut most = [Climb::default(), Climb::default()];
    let (mut sums, mut starts) = ([0_i32; 2], [0; 2]);
    let mut last = BORDER;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        let symbol = if byte.is_ascii_lowercase() { byte - b'a' } else { BORDER };
        if symbol == BORDER && last == BORDER {
            continue;
        }
        let pair = usize::from(last) * SYMBOLS + usize::from(symbol);
        last = symbol;
        let Some(told) = TOLD.get(pair) else { continue };
        for (((sum, start), most), told) in
            sums.iter_mut().zip(&mut starts).zip(&mut most).zip(told)
        {
            *sum += told;
            if *sum <= 0 {
                (*sum, *start) = (0, at + 1);
            } else if *sum > most.told {
                *most = Climb { told: *sum, range: *start..at };
            }
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_letters_has_a_number() {
        assert_eq!(TOLD.len(), SYMBOLS * SYMBOLS);
        let english = include_str!("english.txt").split_ascii_whitespace();
        assert!(english.clone().all(|number| number.parse::<i32>().is_ok_and(|n| n < 0)));
        assert_eq!(english.count(), SYMBOLS * SYMBOLS);
    }

    #[test]
    fn a_climb_is_where_the_text_is_written_so() {
        let text = "reads the notes of a user. gura frnepu nyy abgrf sbe anzrf. it returns a list.";
        let [moved, backwards] = climbs(text);
        let part = text.get(moved.range).unwrap();
        assert!(part.contains("frnepu nyy abgrf sbe anzr"), "{part:?}");
        assert!(moved.told > 120 && backwards.told < 60, "{} {}", moved.told, backwards.told);
    }

    proptest::proptest! {
        #[test]
        fn a_climb_is_a_range_of_the_text(text in "[ -~äж]{0,200}") {
            for climb in climbs(&text) {
                // Of other scripts it may end within a character, which is none of its letters.
                proptest::prop_assert!(climb.range.end <= text.len());
            }
        }
    }
}
