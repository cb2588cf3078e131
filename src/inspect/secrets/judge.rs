//! Whether a value looks as if nobody could guess it: how its characters are mixed, and what examples look like.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Bytes that are weighed: more change nothing.
const WEIGHED_MAX: usize = 256;
/// One bit of information, as the table of logarithms counts.
const BIT: u64 = 1 << 16;
/// A row of one and the same character that chance does not make in 40 characters.
const SAME_MIN: usize = 5;
/// A row of characters that follow each other, such as `12345678`.
const STEPS_MIN: usize = 7;
/// Parts of values that stand for another one, in small letters and without signs.
const STAND_INS: &str = "abc123 a1b2c3 1a2b3c example placeholder changeme changeit your xxxx redacted dummy sample insert replace \
    notreal removed masked hidden fake deadbeef foobar goeshere keyhere tokenhere secrethere \
    lorem mysecret mytoken notasecret testtest";
/// Values of examples that vendors print in their documentation, where nothing else tells them:
/// GitHub's REST reference, Azurite's and the Cosmos emulator's well-known keys, the token of jwt.io, RFC 6749, 6750 and 7617.
const DOCUMENTED: &str = "2YotnFZFEjr1zCsicMWpAA tGzv3JOkF0XG5Qx2TlKWIA 45ghiukldjahdnhzdauz 7Fjfp0ZBr1KtDRbnfVdmIw \
    czZCaGRSa3F0MzpnWDFmQmF0M2JW mF_9.B5f-4.1JqM KB46DCKJ873NCGXK5GD682NHDKK34GR QWxhZGRpbjpvcGVuIHNlc2FtZQ \
    16C7e42F292c6912E7710c838347Ae178B4a \
    Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq \
    C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw \
    SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ \
    4eC39HqLyjWDarjtT1zdp7dc";

static PRINTED: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| searched(DOCUMENTED.split_whitespace()));
static WORDS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| searched(STAND_INS.split_whitespace().chain(DOCUMENTED.split_whitespace())));

/// Binary logarithms of 1 to [`WEIGHED_MAX`], in 1/65536 bits.
static LOGS: [u64; WEIGHED_MAX + 1] = logs();

const fn logs() -> [u64; WEIGHED_MAX + 1] {
    let mut all = [0; WEIGHED_MAX + 1];
    let (mut at, mut number) = (1, 1_u64);
    let mut rest: &mut [u64] = &mut all;
    while let Some((first, tail)) = rest.split_first_mut() {
        if at > 1 {
            *first = log2(number);
            number += 1;
        }
        at += 1;
        rest = tail;
    }
    all
}

/// The binary logarithm of a whole number above nought, bit by bit: squaring a number doubles its logarithm.
const fn log2(number: u64) -> u64 {
    let whole = number.ilog2();
    // A number from one up to two, with 31 bits behind the point.
    let (mut rest, mut log, mut bit) = (number << (31 - whole), whole as u64 * BIT, BIT / 2);
    while bit > 0 {
        rest = (rest * rest) >> 31;
        if rest >= 1 << 32 {
            rest >>= 1;
            log += bit;
        }
        bit /= 2;
    }
    log
}

/// Shannon's entropy of a value's bytes, in 1/100 bits for each: 0 for one byte over and over, 400 for random
/// hexadecimal digits at most.
#[must_use]
pub fn entropy(value: &str) -> u64 {
    let mut counts = [0_usize; 256];
    let mut all = 0;
    for byte in value.bytes().take(WEIGHED_MAX) {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
        all += 1;
    }
    let weigh = |count: usize| {
        LOGS.get(count).copied().unwrap_or_default() * u64::try_from(count).unwrap_or_default()
    };
    let parts: u64 = counts.iter().map(|count| weigh(*count)).sum();
    let of = u64::try_from(all).unwrap_or_default() * BIT;
    (weigh(all).saturating_sub(parts) * 100).checked_div(of).unwrap_or_default()
}

/// Which characters a value has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mix {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) digits: usize,
    /// Neither letters nor digits, nor what joins words.
    pub(super) signs: usize,
    /// Underscores, hyphens, points, slashes.
    pub(super) joints: usize,
    /// How often it goes from letters to digits or back.
    pub(super) turns: usize,
}

impl Mix {
    pub(super) fn of(value: &str) -> Self {
        let mut mix = Self::default();
        let mut last = None;
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' => mix.lower += 1,
                b'A'..=b'Z' => mix.upper += 1,
                b'0'..=b'9' => mix.digits += 1,
                b'_' | b'-' | b'.' | b'/' => mix.joints += 1,
                _ => mix.signs += 1,
            }
            if byte.is_ascii_alphanumeric() {
                let digit = byte.is_ascii_digit();
                mix.turns += usize::from(last.is_some_and(|last| last != digit));
                last = Some(digit);
            }
        }
        mix
    }

    pub(super) const fn letters(self) -> usize {
        self.lower + self.upper
    }
}

/// Whether a value stands for another one: an example, a pattern to fill in, a name of where it is kept.
pub(super) fn is_stand_in(value: &str) -> bool {
    // References: `${VAR}`, `$VAR`, `{{ name }}`, `%VAR%`, `<your key>`, `[token]`, `***`.
    let reference = value.starts_with(['$', '{', '<', '[', '%', '*', '@', '(', '#'])
        || value.contains("${")
        || value.contains("{{")
        || value.contains("$(")
        || value.contains("...")
        || value.contains("***")
        || value.contains('…');
    reference || is_row(value) || has_words(value)
}

/// Whether it has what vendors print.
pub(super) fn is_documented(value: &str) -> bool {
    has(value, &PRINTED)
}

/// Whether it has words that examples are made of.
fn has_words(value: &str) -> bool {
    has(value, &WORDS)
}

/// Whether some of these words are in the letters and digits of a value.
fn has(value: &str, words: &LazyLock<Option<AhoCorasick>>) -> bool {
    let mut bare = [0; WEIGHED_MAX];
    let letters = value.bytes().filter(u8::is_ascii_alphanumeric);
    let mut len = 0;
    for (to, from) in bare.iter_mut().zip(letters) {
        *to = from.to_ascii_lowercase();
        len += 1;
    }
    let bare = bare.get(..len).unwrap_or_default();
    words.as_ref().is_some_and(|words| words.is_match(bare))
}

fn searched<'a>(words: impl Iterator<Item = &'a str>) -> Option<AhoCorasick> {
    let bare = |word: &str| -> String {
        let letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let kind = Some(AhoCorasickKind::ContiguousNFA);
    AhoCorasick::builder().kind(kind).build(words.map(bare)).ok()
}

/// Whether characters repeat or follow each other as chance does not make them.
fn is_row(value: &str) -> bool {
    let (mut same, mut up, mut last) = (1, 1, None);
    for byte in value.bytes().take(WEIGHED_MAX).map(|byte| byte.to_ascii_lowercase()) {
        let step = |by: u8| last.is_some_and(|last: u8| last.checked_add(by) == Some(byte));
        same = if step(0) { same + 1 } else { 1 };
        // Nine is followed by nought on a keyboard.
        let wraps = last == Some(b'9') && byte == b'0';
        up = if byte.is_ascii_alphanumeric() && (step(1) || wraps) { up + 1 } else { 1 };
        if same >= SAME_MIN || up >= STEPS_MIN {
            return true;
        }
        last = Some(byte);
    }
    false
}

/// `8-4-4-4-12` hexadecimal digits.
pub(super) fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Whether a value that is called a key, a token or a secret may be one: long, mixed and random.
pub(super) fn is_random(value: &str) -> bool {
    let len = value.len();
    if !(16..=512).contains(&len) || !value.is_ascii() {
        return false;
    }
    let mix = Mix::of(value);
    if mix.digits == 0 || mix.letters() == 0 || is_stand_in(value) {
        return false;
    }
    // Words that are joined: `my-app-v2-token-name`, `com.example.app1`, `/usr/lib/x86_64`.
    let wordy = mix.turns < 4 && (mix.joints * 12 >= len || mix.digits * 14 < len);
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = match (hex, len) {
        (true, _) => 290,
        (false, 16..=23) => 330,
        (false, _) => 370,
    };
    !wordy && !is_uuid(value) && !is_date(value) && entropy(value) >= least && !is_path(value)
}

fn is_date(value: &str) -> bool {
    value.len() < 32 && value.bytes().filter(u8::is_ascii_digit).count() * 10 >= value.len() * 7
}

fn is_path(value: &str) -> bool {
    let parts = value.split('/').filter(|part| !part.is_empty());
    let ends = value.rsplit_once('.').is_some_and(|(_, end)| {
        (1..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    value.contains("://") || ends || parts.clone().count() > 2 && parts.clone().any(is_word)
}

fn is_word(part: &str) -> bool {
    part.len() > 3 && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_counted_in_hundredths_of_bits() {
        for (value, expected) in [
            ("", 0),
            ("aaaaaaaa", 0),
            ("abababab", 100),
            ("abcdabcd", 200),
            ("0123456789abcdef", 400),
            ("aab", 91),
            ("password", 275),
        ] {
            assert_eq!(entropy(value), expected, "{value}");
        }
        let all: String = (0..64_u8).map(|at| char::from(at + 48)).collect();
        assert_eq!(entropy(&all.repeat(8)), 600, "the first 256 bytes count");
    }

    #[test]
    fn stand_ins_are_known() {
        for (value, expected) in [
            ("your_api_key_here", true),
            ("${TOKEN}", true),
            ("<token>", true),
            ("abc1234567xyz", true),
            ("xxxxxxxxxxxx", true),
            ("AAAAAAbbbb", true),
            ("abcdefgh", true),
            ("k3J9sQ0pTz", false),
            ("7890abc", false),
            ("Zm9v9tQ2", false),
        ] {
            assert_eq!(is_stand_in(value), expected, "{value}");
        }
    }
}
