//! How often letters follow one another, for texts whose letters are moved or written backwards.

use std::fmt::Write as _;

use tollgate::inspect::normal::views;

/// Letters, and what is none.
const SYMBOLS: usize = 27;
/// Steps of a bit.
const SCALE: f64 = 4.0;

/// As the crate reads them: by two letters, the logarithm of their share of all pairs; each is counted once more than it
/// was seen.
pub(crate) fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut counts = [[1_u32; SYMBOLS]; SYMBOLS];
    for text in texts {
        let plain = views(text).swap_remove(0).text;
        let mut last = SYMBOLS - 1;
        for byte in plain.bytes().chain([b' ']) {
            let symbol =
                if byte.is_ascii_lowercase() { usize::from(byte - b'a') } else { SYMBOLS - 1 };
            if (last, symbol) != (SYMBOLS - 1, SYMBOLS - 1) {
                counts[last][symbol] += 1;
            }
            last = symbol;
        }
    }
    let all = f64::from(counts.iter().flatten().sum::<u32>());
    let mut lines = String::new();
    for row in counts {
        let shares = row.map(|count| (SCALE * (f64::from(count) / all).log2()).round() as i32);
        let words = shares.map(|share| share.to_string()).join(" ");
        let _ = writeln!(lines, "{words}");
    }
    lines
}
