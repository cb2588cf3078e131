//! International bank account numbers (ISO 13616).

use std::ops::Range;

use super::check::mod97;
use super::shape::space;

const IBAN_TEXT: &str = include_str!("iban.txt");

/// The longest has so many letters and digits.
const LEN_MAX: usize = 34;

/// The account number that begins with the word here.
pub(super) fn iban(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let head = text.as_bytes().get(word.clone())?;
    let [a, b, c, d, ..] = head else { return None };
    let begins = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
    if !begins || !c.is_ascii_digit() || !d.is_ascii_digit() {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let form = form(country)?;
    let len = 4 + lens(form).map(|(len, _)| len).sum::<usize>();
    let (end, id) = take(text, word.start, len)?;
    // Either case, but not both: those are identifiers.
    let written = text.get(word.start..end)?;
    let mixed = written.bytes().any(|byte| byte.is_ascii_lowercase())
        && written.bytes().any(|byte| byte.is_ascii_uppercase());
    let turned = id.iter().skip(4).chain(id.iter().take(4)).copied();
    (!mixed && has_form(id.get(4..)?, form) && mod97(turned)).then_some(word.start..end)
}

/// How accounts of a country are written.
fn form(country: [u8; 2]) -> Option<&'static str> {
    let country = str::from_utf8(&country).ok()?;
    let mut entries = super::kinds::lines(IBAN_TEXT).flat_map(|line| line.split(' '));
    entries.find_map(|entry| entry.strip_prefix(country))
}

/// How many of which kind stand behind one another.
fn lens(form: &str) -> impl Iterator<Item = (usize, char)> {
    form.split_inclusive(|c: char| c.is_ascii_alphabetic()).filter_map(|part| {
        let kind = part.chars().next_back()?;
        Some((part.strip_suffix(kind)?.parse().ok()?, kind))
    })
}

/// So many letters and digits, as capitals, in groups of four or without spaces, and where they end.
fn take(text: &str, at: usize, len: usize) -> Option<(usize, Vec<u8>)> {
    let mut id = Vec::with_capacity(LEN_MAX);
    let mut end = at;
    while id.len() < len {
        let rest = text.get(end..)?;
        let byte = *rest.as_bytes().first()?;
        if byte.is_ascii_alphanumeric() {
            id.push(byte.to_ascii_uppercase());
            end += 1;
        } else if id.len().is_multiple_of(4) {
            end += if byte == b'-' { 1 } else { space(rest)? };
            // One space alone.
            text.as_bytes().get(end).filter(|byte| byte.is_ascii_alphanumeric())?;
        } else {
            return None;
        }
    }
    let goes_on = text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
    (!goes_on).then_some((end, id))
}

fn has_form(account: &[u8], form: &str) -> bool {
    let mut rest = account;
    for (len, kind) in lens(form) {
        let Some((part, behind)) = rest.split_at_checked(len) else { return false };
        let fits = part.iter().all(|byte| match kind {
            'n' => byte.is_ascii_digit(),
            'a' => byte.is_ascii_alphabetic(),
            _ => byte.is_ascii_alphanumeric(),
        });
        if !fits {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Option<Range<usize>> {
        let len = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
        iban(text, &(0..len))
    }

    #[test]
    fn published_examples_are_known() {
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82 WEST 1234 5698 7654 32",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93 8601 1117 947",
            "BE68 5390 0754 7034",
            "CH93 0076 2011 6238 5295 7",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
            "nl91abna0417164300",
        ] {
            assert_eq!(all(text), Some(0..text.len()), "{text}");
        }
        for text in [
            "DE89370400440532013001",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "ZZ89370400440532013000",
            "De89370400440532013000a",
            "GB82 1234 1234 5698 7654 32",
        ] {
            assert_eq!(all(text), None, "{text}");
        }
    }
}
