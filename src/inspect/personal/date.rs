//! Dates, and which of them somebody was born on.

use std::ops::Range;

use super::context::Around;

/// Whoever was born before is dead.
const FIRST_YEAR: u32 = 1900;
/// Behind this no person is born whom a text of today tells of.
const LAST_YEAR: u32 = 2035;

const BIRTH: &str = "date-of-birth";
/// Bytes between what says that somebody was born and when: `born in Berlin on `.
const CLOSE: usize = 22;

/// Months in the languages whose words for births are known, by their first letters; where one month's begins like
/// another's the longer stands first.
const MONTHS: [&str; 12] = [
    "jan gen ene sty oca янв",
    "feb fév fev lut şub фев",
    "mar mär maa мар",
    "apr avr abr kwi nis апр",
    "may mai maj mag mei toukok mayı мая май",
    "jun juin giu kesä cze haz июн",
    "jul juil lug hein lip tem июл",
    "aug août aou ago elok sie ağu авг",
    "sep set syys wrz eyl сен",
    "oct okt oto ott out lok paź eki окт",
    "nov marras lis kas ноя",
    "dec dez déc dic des joulu gru ara дек",
];

/// Whether there is such a day.
pub(super) const fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    1 <= day && day <= days
}

/// The date with the word or digits at this place, if somebody was born on it.
pub(super) fn birth(around: &Around<'_>, at: usize) -> Option<Range<usize>> {
    let span = date(around.text(), at)?;
    (around.says(BIRTH, &span) && around.is_close(BIRTH, CLOSE)).then_some(span)
}

/// A number of at most so many digits, and what stands behind it.
fn digits(text: &str, most: usize) -> Option<(u32, usize, &str)> {
    let len = text.bytes().take(most + 1).take_while(u8::is_ascii_digit).count();
    let value = text.get(..len)?.parse().ok()?;
    (len <= most).then_some((value, len, text.get(len..)?))
}

/// The date that begins with the digits here, or with the month's name before them.
fn date(text: &str, at: usize) -> Option<Range<usize>> {
    let here = text.get(at..)?;
    let (first, len, rest) = digits(here, 8)?;
    let end = |rest: &str| text.len() - rest.len();
    if len == 8 {
        let (year, month, day) = (first / 10_000, first / 100 % 100, first % 100);
        return is_birth(year, month, day).then_some(at..at + 8);
    }
    let numeric = || {
        let sign = rest.chars().next().filter(|sign| "-/.年".contains(*sign))?;
        let (second, _, rest) = digits(rest.get(sign.len_utf8()..)?, 2)?;
        let other = rest.chars().next()?;
        (other == sign || (sign, other) == ('年', '月')).then_some(())?;
        let (third, third_len, rest) = digits(rest.get(other.len_utf8()..)?, 4)?;
        let good = match (len, third_len) {
            (4, 1 | 2) => is_birth(first, second, third),
            (1 | 2, 4) => is_birth(third, second, first) || is_birth(third, first, second),
            (1 | 2, 2) => is_day(2000, second, first) || is_day(2000, first, second),
            _ => false,
        };
        let rest = if sign == '年' { rest.strip_prefix('日')? } else { rest };
        // `1985-03-12T00:00:00` is one, `1985-03-12-4711` is none.
        let goes_on =
            rest.starts_with(['-', '/', '_']) || rest.starts_with(|c: char| c.is_ascii_digit());
        (good && !goes_on).then(|| at..end(rest))
    };
    numeric().or_else(|| {
        if len > 2 {
            return None;
        }
        day_month_year(rest, first)
            .or_else(|| month_before(text, at, first, rest))
            .map(|(start, rest)| start.unwrap_or(at)..end(rest))
    })
}

fn is_birth(year: u32, month: u32, day: u32) -> bool {
    (FIRST_YEAR..=LAST_YEAR).contains(&year) && is_day(year, month, day)
}

/// `12 March 1985`, `12th of March, 1985`, `12. März 1985`, `12-Mar-1985`, `12 de marzo de 1985`.
fn day_month_year(rest: &str, day: u32) -> Option<(Option<usize>, &str)> {
    let ordinal = ["st", "nd", "rd", "th", "er", "."].iter().find_map(|one| rest.strip_prefix(one));
    let rest = gap(ordinal.unwrap_or(rest));
    let len = rest.find(|c: char| !c.is_alphabetic())?;
    let (year, year_len, behind) = digits(gap(rest.get(len..)?), 4)?;
    // The year is looked at first, because most numbers have none.
    let month = if year_len == 4 { month(rest.get(..len)?)? } else { return None };
    is_birth(year, month, day).then_some((None, behind))
}

/// `March 12, 1985`.
fn month_before<'a>(
    text: &str,
    at: usize,
    day: u32,
    rest: &'a str,
) -> Option<(Option<usize>, &'a str)> {
    let before = text.get(..at)?.strip_suffix(' ')?;
    let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|one| rest.strip_prefix(one));
    let (year, len, rest) = digits(gap(ordinal.unwrap_or(rest)), 4)?;
    if len != 4 {
        return None;
    }
    let before = before.strip_suffix('.').unwrap_or(before);
    let letters = before.chars().rev().take(12).take_while(|c| c.is_alphabetic());
    let start = before.len() - letters.map(char::len_utf8).sum::<usize>();
    let month = month(before.get(start..)?)?;
    is_birth(year, month, day).then_some((Some(start), rest))
}

/// What may stand between the parts of a date, taken away.
fn gap(text: &str) -> &str {
    let text = text.trim_start_matches([' ', ',', '-', '.', '\u{a0}']);
    let joined = ["of ", "de ", "del "].iter().find_map(|word| text.strip_prefix(word));
    joined.unwrap_or(text)
}

fn month(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let known = |names: &str| names.split(' ').any(|name| word.starts_with(name));
    if word.chars().count() < 3 || word.chars().count() > 12 {
        return None;
    }
    let place = MONTHS.iter().position(|names| known(names))?;
    u32::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        for text in [
            "1985-03-12",
            "1985/3/12",
            "12.03.1985",
            "3/12/1985",
            "12/3/85",
            "4/5/90",
            "12 March 1985",
            "12th of March, 1985",
            "12. März 1985",
            "12-Mar-1985",
            "1er mars 1985",
            "12 de marzo de 1985",
            "19850312",
            "1985年3月12日",
        ] {
            assert_eq!(date(text, 0), Some(0..text.len()), "{text}");
        }
        assert_eq!(date("March 12, 1985", 6), Some(0..14));
        assert_eq!(date("Sept. 3rd, 1985.", 6), Some(0..15));
        for text in
            ["1985-13-12", "1.2.3.4", "10.0.0", "2024-01-02-03", "12 apples 1985", "1/2", ""]
        {
            assert_eq!(date(text, 0), None, "{text}");
        }
    }
}
