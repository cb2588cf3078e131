//! Numbers with a form of their own: looked for where a word with a digit begins.

use std::ops::Range;

use super::Seen;
use super::check::{self, Check};
use super::context::Around;
use super::shape::{self, Rule};

/// Digits that go up or down by one, or are the same, behind which a number was made up.
const ROW_MIN: usize = 6;

/// Pairs of digits that are counted up; and a number of so many digits has few different ones where it was made up.
const PAIRS_MIN: usize = 4;
const FEW_MIN: usize = 9;
const FEW_DIGITS: usize = 3;

/// Digits of a long constant, which times in milliseconds have not; those of it that are read, and bytes of space between
/// two of them.
const LONG: usize = 14;
const LONG_MAX: usize = 24;
const GAP_MAX: usize = 64;

/// The numbers that begin with the word here.
pub(super) fn numbers(around: &Around<'_>, word: &Range<usize>, found: &mut Vec<Seen>) {
    let text = around.text();
    let here = text.as_bytes().get(word.clone()).unwrap_or_default();
    let digits = here.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let next = text.as_bytes().get(word.start + digits).copied();
    for rule in shape::rules(digits, next) {
        found.extend(of_rule(around, word.start, rule));
    }
}

fn of_rule(around: &Around<'_>, at: usize, rule: &'static Rule) -> Option<Seen> {
    let text = around.text();
    let at = if rule.shape.starts_with('(') { at.checked_sub(1)? } else { at };
    let (end, id) = shape::fit(rule.shape, text, at)?;
    let span = at..end;
    if !stands_alone(text, &span) || !(rule.check)(&id) {
        return None;
    }
    let near = around.says(rule.kind.id, &span);
    let enough = || is_enough(around, &span, &id) && !is_in_list(text, &span, rule.check);
    if !near && (rule.near || !enough()) {
        return None;
    }
    Some(Seen { kind: rule.kind, span, near })
}

/// Whether the form of a number is enough where no word says what it is.
fn is_enough(around: &Around<'_>, span: &Range<usize>, id: &[u8]) -> bool {
    let text = around.text();
    let written = text.get(span.clone()).unwrap_or_default();
    !written.bytes().any(|byte| byte.is_ascii_lowercase())
        && !is_made_up(id)
        && !check::is_void(id)
        && !is_in_row(text, span)
        && !around.denies()
}

/// Whether a number goes on in no direction: it is part of no longer one, of no path, address or identifier.
pub(super) fn stands_alone(text: &str, span: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let (last, before) = (byte(span.start.checked_sub(1)), byte(span.start.checked_sub(2)));
    let begins = match last {
        b'_' | b'$' | b'@' | b'\\' | b'~' | b'^' | b'%' | b'+' => false,
        b'-' => before == b' ',
        b'.' | b'/' => !before.is_ascii_alphanumeric() && before != last,
        b'*' => !before.is_ascii_alphanumeric(),
        b':' => !before.is_ascii_digit(),
        _ => !last.is_ascii_alphanumeric(),
    };
    let (next, after) = (byte(Some(span.end)), byte(Some(span.end + 1)));
    let ends = match next {
        b'_' | b'@' | b'%' | b'+' | b'~' => false,
        // A line's end in text that is escaped.
        b'\\' => after == b'n' || after == b'"',
        b'-' | b'/' | b'.' | b'*' => !after.is_ascii_alphanumeric(),
        b':' => !after.is_ascii_digit(),
        _ => !next.is_ascii_alphanumeric(),
    };
    begins && ends
}

/// Whether a number with spaces in it stands in a longer row of such: a line of a table.
fn is_in_row(text: &str, span: &Range<usize>) -> bool {
    let Some(written) = text.get(span.clone()).filter(|written| written.contains(' ')) else {
        return false;
    };
    let last = written.rsplit(' ').next().map_or(0, str::len);
    let behind = text.get(span.end..).unwrap_or_default();
    let next = behind.strip_prefix(' ').unwrap_or_default();
    let next = next.bytes().take_while(u8::is_ascii_digit).count();
    let before = text.get(..span.start).unwrap_or_default();
    let before = before.strip_suffix(' ').unwrap_or_default();
    next == last || before.ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a row of digits stands beside another long one that is none of its kind, with a comma between: one of many
/// constants of a program, of which every tenth passes a checksum.
fn is_in_list(text: &str, span: &Range<usize>, check: Check) -> bool {
    let bytes = text.as_bytes();
    let written = bytes.get(span.clone()).unwrap_or_default();
    if written.len() < LONG || !written.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let digits = |byte: &&u8| byte.is_ascii_digit();
    let space = |byte: &&u8| byte.is_ascii_whitespace();
    let other = |id: &[u8]| id.len() >= LONG && !check(id);
    let behind = bytes.get(span.end..).and_then(|behind| behind.strip_prefix(b","));
    let behind = behind.unwrap_or_default();
    let gap = behind.iter().take(GAP_MAX).take_while(space).count();
    let behind = behind.get(gap..).unwrap_or_default();
    let next = behind.iter().take(LONG_MAX).take_while(digits).count();
    let before = bytes.get(..span.start).unwrap_or_default();
    let gap = before.iter().rev().take(GAP_MAX).take_while(space).count();
    let before = before.get(..before.len() - gap).and_then(|before| before.strip_suffix(b","));
    let before = before.unwrap_or_default();
    let last = before.iter().rev().take(LONG_MAX).take_while(digits).count();
    other(behind.get(..next).unwrap_or_default())
        || other(before.get(before.len() - last..).unwrap_or_default())
}

/// Whether digits were typed and not given: `123456`, `000000`, `111-22-3333`, `01 02 03 04`.
pub(super) fn is_made_up(id: &[u8]) -> bool {
    let (mut before, mut row, mut longest) = (None, 1, 1);
    for (one, next) in id.iter().zip(id.iter().skip(1)) {
        let step = match next.wrapping_sub(*one) {
            _ if !one.is_ascii_digit() || !next.is_ascii_digit() => None,
            step @ (0 | 1 | 255) => Some(step),
            // Nought follows nine.
            247 => Some(1),
            _ => None,
        };
        row = match step {
            None => 1,
            Some(_) if step == before => row + 1,
            Some(_) => 2,
        };
        before = step;
        longest = longest.max(row);
    }
    let (pairs, _) = id.as_chunks::<2>();
    let pair = |[tens, ones]: &[u8; 2]| u32::from(*tens) * 10 + u32::from(*ones);
    let mut steps = pairs
        .iter()
        .zip(pairs.iter().skip(1))
        .map(|(one, next)| pair(next).wrapping_sub(pair(one)));
    let first = steps.next();
    let counted =
        pairs.len() >= PAIRS_MIN && first.is_some() && steps.all(|step| Some(step) == first);
    let digits = (b'0'..=b'9').filter(|digit| id.contains(digit)).count();
    longest >= ROW_MIN || counted || id.len() >= FEW_MIN && digits <= FEW_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_made_up() {
        for (id, made_up) in [
            ("123456789", true),
            ("000000", true),
            ("4111111111111111", true),
            ("5678901234", true),
            ("987654321", true),
            ("219084673", false),
            ("12345", false),
            ("112233445566", true),
            ("111223333", true),
            ("0102030405", true),
            ("", false),
        ] {
            assert_eq!(is_made_up(id.as_bytes()), made_up, "{id}");
        }
    }

    #[test]
    fn numbers_within_others_do_not_stand_alone() {
        for (text, alone) in [
            ("1", true),
            ("a 1 b", true),
            ("a:1,b", true),
            ("(1)", true),
            ("\"1\"", true),
            ("a=1&b", true),
            ("at 1.", true),
            ("a-1", false),
            ("/a/1", false),
            ("v.1", false),
            ("1.png", false),
            ("1-a", false),
            ("1@a", false),
            ("a_1", false),
            ("9:1", false),
            ("$1", false),
            ("+1", false),
            ("1%", false),
        ] {
            let at = text.find('1').unwrap();
            assert_eq!(stands_alone(text, &(at..at + 1)), alone, "{text}");
        }
    }
}
