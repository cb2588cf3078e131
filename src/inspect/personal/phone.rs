//! Telephone numbers: those with a country's code, and national ones where a word says what they are. National forms that
//! speak for themselves are in `shapes.txt`.

use std::ops::Range;

use super::Seen;
use super::check::{number, value};
use super::context::Around;
use super::kinds;
use super::number::{is_made_up, stands_alone};
use super::shape::{hyphen, space};

const CALLING_TEXT: &str = include_str!("calling.txt");

/// Digits of an international number (E.164), and the fewest of one that is told.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 8;
/// A national number has so many digits at least, and so many where a label stands directly before it.
const NATIONAL_MIN: usize = 9;
const LABELLED_MIN: usize = 7;
const NATIONAL_MAX: usize = 13;
/// Bytes between a label and its number.
const LABEL: usize = 14;
/// What begins with these digits and another group behind is a date.
const CENTURIES: [&[u8]; 2] = [b"19", b"20"];

/// Calling codes in which a national number begins with a nought abroad, too.
const NOUGHT: [u64; 5] = [39, 225, 241, 242, 378];

/// The telephone number that begins with the word here.
pub(super) fn phone(around: &Around<'_>, word: &Range<usize>) -> Option<Seen> {
    let text = around.text();
    let kind = kinds::by_id("phone")?;
    let before = text.get(..word.start)?;
    if let Some(at) = plus(before) {
        let span = international(text, at..word.start)?;
        let id = digits(text.get(span.clone())?);
        let near = around.says(kind.id, &span);
        return (near || !is_made_up(&id) && !around.denies()).then_some(Seen { kind, span, near });
    }
    let at = if before.ends_with('(') { word.start - 1 } else { word.start };
    if goes_on(before) {
        return None;
    }
    let (groups, all) = groups(text, at, word.start);
    let whole = at..groups.last().map(|(_, end)| *end)?;
    let id = digits(text.get(whole.clone())?);
    if !(LABELLED_MIN..=DIGITS_MAX).contains(&all) || !stands_alone(text, &whole) {
        return None;
    }
    let near = around.says(kind.id, &whole);
    let enough = all >= NATIONAL_MIN || around.is_close(kind.id, LABEL);
    // No national number is as long as one with its country's code may be.
    let long = all > NATIONAL_MAX;
    let few = (b'0'..=b'9').filter(|digit| id.contains(digit)).count() <= 2;
    let nobody = few
        || long
        || matches!(id.len(), 7 | 10 | 11) && is_american_fiction(&id)
        || text.get(whole.clone())?.starts_with("1-") && !can_be_american(id.get(1..)?);
    (near && enough && !is_date(text.get(whole.clone())?) && !nobody && !is_british_fiction(&id))
        .then_some(Seen { kind, span: whole, near })
}

/// Whether a group of digits stands before with one sign between.
fn goes_on(before: &str) -> bool {
    let bare = before.strip_suffix([' ', '-', '.', '/', ')']).filter(|_| !before.ends_with('('));
    bare.is_some_and(|bare| bare.ends_with(|c: char| c.is_ascii_digit()))
}

/// Where the plus stands that the text ends with; an opening bracket or a space may follow it.
fn plus(before: &str) -> Option<usize> {
    let bare = before.strip_suffix(['(', ' ']).unwrap_or(before);
    let at = bare.strip_suffix('+')?.len();
    let last = before.as_bytes().get(at.checked_sub(1).unwrap_or(usize::MAX));
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || b"_/+=)]}-*".contains(byte);
    (!last.is_some_and(joins) && (bare.len() == before.len() || before.ends_with('(')))
        .then_some(at)
}

/// A number with its country's code, which begins with a plus.
fn international(text: &str, start: Range<usize>) -> Option<Range<usize>> {
    let (groups, _) = groups(text, start.end, start.end);
    let whole = start.end..groups.last().map(|(_, end)| *end)?;
    let all = digits(text.get(whole)?);
    let (code, least, most) = calling(&all)?;
    let fits = |(count, _): &&(usize, usize)| {
        (code + least..=code + most).contains(count) && *count >= DIGITS_MIN
    };
    let (count, end) = *groups.iter().rev().find(fits)?;
    let id = all.get(..count)?;
    let country = number(id.get(..code)?);
    let national = id.get(code..)?;
    let good = match national {
        [b'0', ..] => NOUGHT.contains(&country),
        _ if country == 1 => can_be_american(national),
        _ if country == 33 => !is_french_fiction(&[b"0", national].concat()),
        _ if country == 44 => !is_british_fiction(&[b"0", national].concat()),
        _ => true,
    };
    let fiction = country == 1 && is_american_fiction(national);
    let span = start.start..end;
    // What stands before the plus was looked at.
    let ends = stands_alone(text.get(span.start..)?, &(0..span.len()));
    (good && !fiction && ends).then_some(span)
}

/// The calling code that digits begin with: how many they are, and the fewest and most digits behind it.
fn calling(all: &[u8]) -> Option<(usize, usize, usize)> {
    for line in kinds::lines(CALLING_TEXT) {
        let mut parts = line.split(' ');
        let (codes, least, most) = (parts.next()?, parts.next()?, parts.next()?);
        let (from, to) = codes.split_once('-').unwrap_or((codes, codes));
        let head = all.get(..from.len())?;
        let code = number(head);
        if (from.parse().ok()?..=to.parse().ok()?).contains(&code) {
            return Some((from.len(), least.parse().ok()?, most.parse().ok()?));
        }
    }
    None
}

/// Groups of digits with one sign or two between them: how many digits stand up to where each ends, and all of them; none
/// where a bracket that was opened is not closed, or where they are too few.
fn groups(text: &str, at: usize, first: usize) -> (Vec<(usize, usize)>, usize) {
    let bytes = text.as_bytes();
    let mut groups = Vec::new();
    let (mut end, mut count) = (first, 0);
    loop {
        let len = bytes.get(end..).unwrap_or_default().iter().take(DIGITS_MAX + 1);
        let len = len.take_while(|byte| byte.is_ascii_digit()).count();
        if len == 0 || count + len > DIGITS_MAX {
            break;
        }
        let last = end + len;
        let next = text.get(last..).and_then(between);
        if groups.is_empty() && next.is_none() && len < LABELLED_MIN {
            break;
        }
        count += len;
        end = last;
        groups.push((count, end));
        let Some(next) = next else { break };
        // `+35236450.6` is a sum: behind a point stand two digits at least.
        let short = bytes.get(end) == Some(&b'.')
            && !bytes.get(end + next + 1).is_some_and(u8::is_ascii_digit);
        if short {
            break;
        }
        end += next;
    }
    // A bracket that was opened is closed.
    let open = at < first && groups.len() < 2;
    if open { (Vec::new(), 0) } else { (groups, count) }
}

/// The length of what stands between two groups: `-`, ` `, `) `, ` (0) `.
fn between(text: &str) -> Option<usize> {
    let mut len = 0;
    for _ in 0..3 {
        let rest = text.get(len..)?;
        if let Some(nought) = rest.strip_prefix("(0)") {
            len = text.len() - nought.len();
            continue;
        }
        match rest.bytes().next()? {
            b'0'..=b'9' => return (len > 0).then_some(len),
            b'.' | b'/' | b'(' | b')' => len += 1,
            _ => len += space(rest).or_else(|| hyphen(rest))?,
        }
    }
    text.as_bytes().get(len).filter(|byte| byte.is_ascii_digit()).map(|_| len)
}

fn digits(text: &str) -> Vec<u8> {
    text.replace("(0)", "").bytes().filter(u8::is_ascii_digit).collect()
}

/// `2024-01-02 1030`, `192.168.100.101`.
fn is_date(text: &str) -> bool {
    let mut groups = text.split(|c: char| !c.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let year =
        first.len() == 4 && CENTURIES.iter().any(|century| first.as_bytes().starts_with(century));
    let dots = text.matches('.').count();
    let day = dots == 2 && text.len() <= 10;
    year && groups.next().is_some()
        || day
        || dots == 3 && text.len() <= 15 && first.len() <= 3 && !first.starts_with('0')
}

/// A number of the North American plan: which areas and exchanges there are. Areas of services that the called one pays
/// are no person's.
pub(super) fn is_american(id: &[u8]) -> bool {
    let id = if id.len() == 11 { id.get(1..).unwrap_or_default() } else { id };
    can_be_american(id) && !is_flat(id.get(..3)) && id.get(3..6) != Some(b"555")
}

fn can_be_american(id: &[u8]) -> bool {
    let (Some(area), Some(exchange)) = (id.get(..3), id.get(3..6)) else { return false };
    let free = matches!(number(area), 800 | 833 | 844 | 855 | 866 | 877 | 888 | 900);
    let digit = |of: &[u8], at: usize| of.get(at).map_or(0, |digit| value(*digit));
    let service = |of: &[u8]| digit(of, 1) == 1 && digit(of, 2) == 1;
    let good = digit(area, 0) >= 2 && digit(exchange, 0) >= 2 && digit(area, 1) != 9;
    id.len() == 10
        && good
        && !free
        && !service(area)
        && !service(exchange)
        && !is_american_fiction(id)
}

fn is_flat(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(|digit| Some(digit) == digits.first()))
}

/// 555-0100 to 555-0199, which are nobody's, and directory assistance.
fn is_american_fiction(id: &[u8]) -> bool {
    let local = id.get(id.len().saturating_sub(7)..).unwrap_or_default();
    let line = local.get(3..).map_or(0, number);
    local.starts_with(b"555") && matches!(line, 100..=199 | 1212)
}

/// What Ofcom keeps for drama, and numbers that the called one pays.
pub(super) fn is_british_fiction(id: &[u8]) -> bool {
    const DRAMA: [&[u8]; 8] = [
        b"0207946",
        b"07700900",
        b"01632960",
        b"0808157",
        b"0909879",
        b"03069990",
        b"01134960",
        b"01614960",
    ];
    const MORE: [&[u8]; 7] =
        [b"01144960", b"01154960", b"01164960", b"01174960", b"01184960", b"01214960", b"01314960"];
    DRAMA.iter().chain(&MORE).any(|head| id.starts_with(head))
        || id.starts_with(b"0800") && id.len() == 11
}

/// What ARCEP keeps for films.
pub(super) fn is_french_fiction(id: &[u8]) -> bool {
    const FILMS: [&[u8]; 6] = [b"019900", b"026191", b"035301", b"046571", b"053649", b"063998"];
    FILMS.iter().any(|head| id.starts_with(head)) || id.starts_with(b"080")
}
