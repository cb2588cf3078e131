//! Whether a text can have personal data at all: one pass over its bytes, so that most are never taken apart.
//!
//! It is asked of JSON as it was sent, escapes and all, and of plain texts. Yes may be wrong, no may not: whatever
//! `scan` can find stands beside one of these.

use super::{label, name};

/// So many digits within so many bytes can be a number or a date: `1 de septiembre de 1985`, `8 6 7 - 2 3 0 9`.
const DIGITS: usize = 5;
const WITHIN: usize = 32;
/// Numbers with letters in them have so many of both at least: passports.
const WORD: usize = 9;
/// The first word of an account number in groups.
const GROUP: usize = 4;
/// Bytes between a digit and the sign that joins it with more: `ab:c1:`.
const JOINED: usize = 3;

/// What a byte asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Byte {
    Nothing,
    Digit,
    Capital,
    /// `:` and `=`, before which a label stands.
    Sign,
    Percent,
    Backslash,
    /// The first byte of a character that is not ASCII and no letter or sign of Latin texts.
    Far,
    /// The first byte of signs of texts, some of which nobody sees.
    Near,
}

static BYTES: [Byte; 256] = bytes();

const fn bytes() -> [Byte; 256] {
    let mut all = [Byte::Nothing; 256];
    let (mut byte, mut rest): (u8, &mut [Byte]) = (0, &mut all);
    while let Some((first, tail)) = rest.split_first_mut() {
        *first = match byte {
            b'0'..=b'9' => Byte::Digit,
            b'A'..=b'Z' => Byte::Capital,
            b':' | b'=' => Byte::Sign,
            b'%' => Byte::Percent,
            b'\\' => Byte::Backslash,
            0xC2 | 0xE2 => Byte::Near,
            0xCD..=0xE1 | 0xE3..=0xFF => Byte::Far,
            _ => Byte::Nothing,
        };
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    all
}

/// Whether it is worth a look.
pub(super) fn may(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memchr(b'@', bytes).is_some() {
        return true;
    }
    let what = |byte: &u8| BYTES.get(usize::from(*byte)).copied().unwrap_or(Byte::Nothing);
    // Where the last digits stand, the oldest first.
    let mut last = [None; DIGITS - 1];
    let mut at = 0;
    while let Some(next) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| what(byte) != Byte::Nothing))
    {
        let here = at + next;
        at = here + 1;
        let rest = bytes.get(here..).unwrap_or_default();
        let found = match rest.first().map_or(Byte::Nothing, what) {
            Byte::Nothing => false,
            Byte::Digit => {
                let [first, ..] = last;
                last.rotate_left(1);
                if let Some(last) = last.last_mut() {
                    *last = Some(here);
                }
                first.is_some_and(|first: usize| here - first < WITHIN) || is_joined(bytes, here)
            }
            Byte::Capital => {
                here.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b' ')
                    && name::is_before(bytes, here)
            }
            Byte::Sign => label::is_before(text, here),
            Byte::Percent => rest.starts_with(b"%40"),
            Byte::Backslash => {
                // Of a pair of backslashes neither begins a character in another form.
                at += usize::from(rest.starts_with(b"\\\\"));
                rest.starts_with(b"\\u")
            }
            Byte::Far => true,
            Byte::Near => is_unseen(rest),
        };
        if found {
            return true;
        }
    }
    false
}

/// Whether a digit is part of something of few digits: a long word, the head of an account number, an address of a network
/// or a device, a date, a number in groups.
fn is_joined(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default().iter().rev();
    let behind = bytes.get(at..).unwrap_or_default().iter();
    let letters = |byte: &&u8| byte.is_ascii_alphanumeric();
    let start = at - before.take(WORD).take_while(letters).count();
    let end = at + behind.take(WORD).take_while(letters).count();
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let joins = |sign: u8, next: u8| {
        matches!(sign, b':' | b'-' | b'.' | b'/') && (next.is_ascii_alphanumeric() || next == sign)
    };
    let sign = |sign: Option<usize>, next: Option<usize>| joins(byte(sign), byte(next));
    let account = end - start == GROUP
        && bytes.get(start..start + 2).is_some_and(|head| head.iter().all(u8::is_ascii_alphabetic));
    end - start >= WORD
        || account
        || end - at <= JOINED && sign(Some(end), Some(end + 1))
        || at - start < JOINED && sign(start.checked_sub(1), start.checked_sub(2))
}

/// Whether a character that begins with 0xC2 or 0xE2 may be none of those that texts are full of: quotes, dashes, dots,
/// arrows, frames, and the space that does not break. Others have no width, or are another form of a letter.
const fn is_unseen(rest: &[u8]) -> bool {
    !matches!(
        rest,
        [0xC2, 0x80..=0xAC | 0xAE..=0xBF, ..]
            | [0xE2, 0x80, 0x90..=0xA7 | 0xAF..=0xBF, ..]
            | [0xE2, 0x81, 0x80..=0x9F, ..]
            | [0xE2, 0x82..=0x90 | 0x94..=0xBF, ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_not_worth_a_look() {
        for text in [
            "",
            "The quick brown fox. It jumps over 3 lazy dogs, or 12 of them. Nobody was there to count the others in 2024.",
            "Use {\"path\": \"src/main\", \"limit\": 20, \"deep\": true}; it’s – well – “fine” … → ok",
            "First line.\\nNow the second. Très bien, à côté.",
            "A doctor is no Dr here: none. See the File at Home, Mr and so on",
            r#"{"query":"How many Users have signed up since March?","limit":100}"#,
        ] {
            assert!(!may(text), "{text}");
        }
    }

    #[test]
    fn what_can_be_somebodys_is() {
        for text in [
            "a@b",
            "a%40b",
            r"jane\u0040corp.com",
            "My name is Jane",
            r"a\nMr. Jane",
            r"a\nName: Jane Doe",
            r#"{"first_name":["Jane"]}"#,
            r#"{"a":"{\"first_name\": \"Jane\"}"}"#,
            r#"["{\"a\":\"{\\\"first_name\\\":\\\"Jane\\\"}\"}"]"#,
            "1 de septiembre de 1985",
            "1.3.85",
            "5.61.7.8",
            "ab:cd:ef:ab:cd:e1",
            "1a-cd-ef-ab-cd-ef",
            "2a02::a:b:c",
            "CABCDEFG1",
            "MT84 MALT",
            "姓名",
            "４２",
            "a\u{200b}b",
            "Señora Ruiz",
            "Meu nome é Ana",
        ] {
            assert!(may(text), "{text}");
        }
    }
}
