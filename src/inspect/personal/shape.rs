//! The forms of numbers as data, and how a text fits one.

use std::sync::LazyLock;

use super::check::{self, Check};
use super::kinds::{self, Kind};

const SHAPES_TEXT: &str = include_str!("shapes.txt");

/// More leading digits than any shape has.
const LEAD_MAX: usize = 20;
/// Where shapes stand that begin with a letter or a digit; those that begin with a letter have no digits there.
const EITHER: usize = LEAD_MAX + 1;

/// One form of a kind.
pub(super) struct Rule {
    pub(super) kind: &'static Kind,
    /// A word of the kind has to stand beside it.
    pub(super) near: bool,
    pub(super) check: Check,
    pub(super) shape: &'static str,
    /// What stands behind the digits that it begins with.
    next: Option<Part<'static>>,
}

/// By the number of digits that they begin with.
static RULES: LazyLock<Vec<Vec<Rule>>> = LazyLock::new(|| {
    let mut rules: Vec<Vec<Rule>> = (0..=EITHER).map(|_| Vec::new()).collect();
    for line in kinds::lines(SHAPES_TEXT) {
        let mut words = line.split(' ');
        let head = (words.next(), words.next(), words.next());
        let (Some(id), Some(need), Some(name)) = head else { continue };
        let (Some(kind), Some(check)) = (kinds::by_id(id), check::by_name(name)) else { continue };
        for shape in words {
            if let Some(bucket) = rules.get_mut(lead(shape)) {
                bucket.push(Rule { kind, near: need == "near", check, shape, next: next(shape) });
            }
        }
    }
    rules
});

/// The rules whose shapes may fit where so many digits stand at the beginning of a word, and this byte behind them.
pub(super) fn rules(digits: usize, next: Option<u8>) -> impl Iterator<Item = &'static Rule> {
    let of = |lead: usize| RULES.get(lead).map(Vec::as_slice).unwrap_or_default();
    let fixed = if digits < LEAD_MAX { of(digits) } else { &[] };
    let goes_on = move |rule: &&Rule| match (rule.next, next) {
        (Some(Part::Is(sign)), Some(next)) => sign == next,
        (Some(Part::Space), Some(next)) => next == b' ' || !next.is_ascii(),
        (Some(Part::Hyphen), Some(next)) => next == b'-' || !next.is_ascii(),
        (Some(Part::Letter | Part::Of(_)), Some(next)) => next.is_ascii_alphabetic(),
        (Some(_), None) => false,
        (Some(_), Some(_)) | (None, _) => true,
    };
    let fixed = fixed.iter().filter(move |rule| digits == 0 || goes_on(rule));
    // What has points in it has one behind two characters.
    fixed.chain(of(EITHER).iter().filter(move |_| digits <= 2))
}

/// What stands behind the digits that a shape begins with.
fn next(shape: &'static str) -> Option<Part<'static>> {
    parts(shape.strip_prefix('(').unwrap_or(shape)).nth(lead(shape))
}

/// How many digits a shape begins with.
fn lead(shape: &str) -> usize {
    let shape = shape.strip_prefix('(').unwrap_or(shape);
    let mut digits = 0;
    for part in parts(shape) {
        let digit = match part {
            Part::Digit => true,
            Part::Is(byte) => byte.is_ascii_digit(),
            Part::Of(set) => set.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'),
            Part::Either if digits == 0 => return EITHER,
            Part::Letter | Part::Either | Part::Space | Part::Hyphen => false,
        };
        if !digit {
            break;
        }
        digits += 1;
    }
    digits
}

/// A part of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Digit,
    Letter,
    Either,
    Space,
    Hyphen,
    /// One of these and what is between them.
    Of(&'a str),
    Is(u8),
}

fn parts(shape: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = shape;
    std::iter::from_fn(move || {
        let (first, behind) = rest.split_at_checked(1)?;
        rest = behind;
        Some(match first {
            "d" => Part::Digit,
            "A" => Part::Letter,
            "x" => Part::Either,
            "_" => Part::Space,
            "-" => Part::Hyphen,
            "[" => {
                let (set, behind) = rest.split_once(']')?;
                rest = behind;
                Part::Of(set)
            }
            _ => Part::Is(*first.as_bytes().first()?),
        })
    })
}

/// Whether a byte is one of a set like `13-9K`.
fn is_of(set: &str, byte: u8) -> bool {
    let mut before = None;
    let mut rest = set.bytes();
    while let Some(one) = rest.next() {
        if one == b'-' {
            let (Some(from), Some(to)) = (before, rest.next()) else { return false };
            if (from..=to).contains(&byte) {
                return true;
            }
        } else if one == byte {
            return true;
        }
        before = Some(one);
    }
    false
}

/// The length of a space of any width that does not end a line, at the beginning.
pub(super) fn space(text: &str) -> Option<usize> {
    let c = text.chars().next()?;
    let is = matches!(c, ' ' | '\u{A0}' | '\u{2007}' | '\u{2009}' | '\u{202F}' | '\u{3000}');
    is.then_some(c.len_utf8())
}

/// The length of a hyphen of any form.
pub(super) fn hyphen(text: &str) -> Option<usize> {
    let c = text.chars().next()?;
    let is = matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF0D}');
    is.then_some(c.len_utf8())
}

/// Where the text from here on that fits a shape ends, and its letters, as capitals, and digits.
pub(super) fn fit(shape: &str, text: &str, at: usize) -> Option<(usize, Vec<u8>)> {
    let bytes = text.as_bytes();
    // Most do not fit, and that is seen before anything is kept.
    let mut end = at;
    for part in parts(shape) {
        let byte = *bytes.get(end)?;
        let fits = match part {
            Part::Digit => byte.is_ascii_digit(),
            Part::Letter => byte.is_ascii_alphabetic(),
            Part::Either => byte.is_ascii_alphanumeric(),
            Part::Of(set) => is_of(set, byte) || is_of(set, byte.to_ascii_uppercase()),
            Part::Is(one) => byte == one,
            Part::Space | Part::Hyphen => true,
        };
        end += match part {
            _ if !fits => return None,
            Part::Space => space(text.get(end..)?)?,
            Part::Hyphen => hyphen(text.get(end..)?)?,
            Part::Digit | Part::Letter | Part::Either | Part::Of(_) | Part::Is(_) => 1,
        };
    }
    let taken = bytes.get(at..end)?.iter().filter(|byte| byte.is_ascii_alphanumeric());
    Some((end, taken.map(u8::to_ascii_uppercase).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_rule() {
        let shapes = kinds::lines(SHAPES_TEXT).map(|line| line.split(' ').count() - 3);
        let all: usize = RULES.iter().map(Vec::len).sum();
        assert_eq!(all, shapes.sum::<usize>());
        for line in kinds::lines(SHAPES_TEXT) {
            let need = line.split(' ').nth(1).unwrap();
            assert!(need == "near" || need == "form", "{line}");
        }
    }

    #[test]
    fn a_text_fits_its_shape() {
        for (shape, text, taken) in [
            ("ddd-dd-dddd", "219-09-9999", "219099999"),
            ("AA_dd_[A-D]", "AB 12 C", "AB12C"),
            ("AA_dd_[A-D]", "AB\u{a0}12\u{202f}c", "AB12C"),
            ("dd-dd", "12\u{2011}34", "1234"),
            ("(dd)_x", "(12) K", "12K"),
            ("[13-9]d", "42", "42"),
        ] {
            let found = fit(shape, text, 0);
            assert_eq!(found, Some((text.len(), taken.as_bytes().to_vec())), "{shape} {text}");
        }
        for (shape, text) in [
            ("ddd-dd", "21-909"),
            ("ddd", "21"),
            ("[13-9]d", "22"),
            ("dd_dd", "12\n34"),
            ("dA", "12"),
            ("d", "é"),
            ("dd-d", "5–1"),
        ] {
            assert_eq!(fit(shape, text, 0), None, "{shape} {text}");
        }
        assert_eq!(lead("(ddd)_ddd"), 3);
        assert_eq!(lead("[1-9]d.ddd"), 2);
        assert_eq!(lead("AAd"), 0);
        assert_eq!(lead("xx.d"), EITHER);
        assert_eq!(lead("ddA"), 2);
    }
}
