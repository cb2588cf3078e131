//! Where a text may have personal data at all: one pass over its bytes.

use std::ops::Range;

use super::context::{Around, Place};
use super::{FOUND_MAX, Seen, date, email, iban, kinds, name, net, number, phone};

/// The longest word with a digit that can be something: what is longer is a key, a digest or data.
const WORD_MAX: usize = 36;
/// More candidates than findings, because overlapping ones go.
const CANDIDATES_MAX: usize = FOUND_MAX * 4;

/// What a byte may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Byte {
    Nothing,
    Digit,
    Capital,
    At,
    Percent,
    /// The first byte of ideographs before which or behind which a name stands.
    Ideograph,
}

static BYTES: [Byte; 256] = bytes();

const fn bytes() -> [Byte; 256] {
    let mut all = [Byte::Nothing; 256];
    let (mut byte, mut rest): (u8, &mut [Byte]) = (0, &mut all);
    while let Some((first, tail)) = rest.split_first_mut() {
        *first = match byte {
            b'0'..=b'9' => Byte::Digit,
            b'A'..=b'Z' => Byte::Capital,
            b'@' => Byte::At,
            b'%' => Byte::Percent,
            0xE5 | 0xE6 => Byte::Ideograph,
            _ => Byte::Nothing,
        };
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    all
}

fn what(byte: u8) -> Byte {
    BYTES.get(usize::from(byte)).copied().unwrap_or(Byte::Nothing)
}

/// Labels of names in Chinese and Japanese.
const LABELS: [&str; 4] = ["姓名", "氏名", "名前", "客户姓名"];

/// All that a text has as it is.
pub(super) fn scan(member: Option<&str>, text: &str, found: &mut Vec<Seen>) {
    let bytes = text.as_bytes();
    let place = Place::new(member, text);
    found.extend(member.and_then(|member| name::value(member, text)));
    let (mut at, mut floor) = (0, 0);
    while let Some(next) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| what(*byte) != Byte::Nothing))
    {
        let here = at + next;
        at = here + 1;
        match bytes.get(here).map_or(Byte::Nothing, |byte| what(*byte)) {
            Byte::Nothing => {}
            Byte::At => found.extend(mail(text, here..here + 1)),
            Byte::Percent => {
                if bytes.get(here..here + 3) == Some(b"%40") {
                    found.extend(mail(text, here..here + 3));
                    at = here + 3;
                }
            }
            Byte::Capital => {
                if begins(bytes, here) {
                    found.extend(name::name(text, here));
                }
            }
            Byte::Ideograph => {
                let label = LABELS
                    .iter()
                    .find(|label| text.get(here..).is_some_and(|rest| rest.starts_with(**label)));
                if let Some(label) = label {
                    found.extend(name::foreign(text, here + label.len()));
                }
            }
            Byte::Digit => {
                let word = word(bytes, here, floor);
                at = word.end;
                if word.len() <= WORD_MAX {
                    floor = digits(&place, &word, floor, found).max(word.end);
                } else {
                    floor = word.end;
                }
            }
        }
        if found.len() > CANDIDATES_MAX {
            return;
        }
    }
}

fn mail(text: &str, sign: Range<usize>) -> Option<Seen> {
    let span = email::email(text, sign)?;
    Some(Seen { kind: kinds::by_id("email")?, span, near: true })
}

/// Whether no letter or digit stands before.
fn begins(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    before.is_some_and(|byte| !byte.is_ascii_alphanumeric())
}

/// The letters and digits around a digit, not before `floor`.
fn word(bytes: &[u8], at: usize, floor: usize) -> Range<usize> {
    let before = bytes.get(floor.min(at)..at).unwrap_or_default().iter().rev();
    let before = before.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let behind = bytes.get(at..).unwrap_or_default().iter();
    let behind = behind.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    at - before..at + behind
}

/// What begins with or stands around a word with digits; where to go on reading addresses of networks.
fn digits(place: &Place<'_>, word: &Range<usize>, floor: usize, found: &mut Vec<Seen>) -> usize {
    let around = Around::new(place, word.start);
    let text = place.text;
    let mut end = word.end;
    if let Some((seen, behind)) = net::colons(&around, word, floor) {
        found.extend(seen);
        end = behind;
    }
    let account = iban::iban(text, word).filter(|span| number::stands_alone(text, span));
    found.extend(
        account.and_then(|span| Some(Seen { kind: kinds::by_id("iban")?, span, near: true })),
    );
    if text.as_bytes().get(word.start).is_some_and(u8::is_ascii_digit) {
        found.extend(net::v4(&around, word));
        found.extend(name::numbered(text, word.start));
        found.extend(phone::phone(&around, word));
        let birth = date::birth(&around, word.start);
        found.extend(birth.and_then(|span| {
            Some(Seen { kind: kinds::by_id("date-of-birth")?, span, near: true })
        }));
    }
    number::numbers(&around, word, found);
    if let Some(start) = letters_before(text, word.start) {
        number::numbers(&Around::new(place, start), &(start..word.end), found);
    }
    end
}

/// Where one or two capital letters stand alone before, with one space or hyphen behind: `AB 12 34 56 C`, `X-1234567-L`.
fn letters_before(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let bare = before.strip_suffix([' ', '-', '\u{a0}'])?;
    let letters = bare.bytes().rev().take(3).take_while(u8::is_ascii_uppercase).count();
    let start = bare.len() - letters;
    let alone = !bare.get(..start)?.ends_with(|c: char| c.is_alphanumeric());
    ((1..=2).contains(&letters) && alone).then_some(start)
}

/// The lines of a text in which characters have another form or are not seen, from the first to the last.
pub(super) fn disguised(text: &str) -> Option<Range<usize>> {
    if text.is_ascii() {
        return None;
    }
    let first = text.char_indices().find(|(_, c)| is_disguise(*c))?.0;
    let last = text.char_indices().rev().find(|(_, c)| is_disguise(*c))?.0;
    let start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |len| last + len);
    Some(start..end)
}

/// Forms of digits, letters and signs that addresses and numbers are made of, and what nobody sees.
const fn is_disguise(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}'
            | '\u{2460}'..='\u{24FF}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE6B}'
            | '\u{FEFF}'
            | '\u{FF0B}'
            | '\u{FF0E}'
            | '\u{FF10}'..='\u{FF19}'
            | '\u{FF20}'..='\u{FF3A}'
            | '\u{FF41}'..='\u{FF5A}'
            | '\u{1D400}'..='\u{1D7FF}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
