//! What stands behind a field: texts, our own words, numbers with units, times.

use jiff::civil::Date;

use super::LineError;
use super::expr::{Expr, Moment, Order, Pattern, Period, Span, Test, Text, Texts};
use super::field::{NumberField, TagField, Tags};
use super::parse::{Op, Parser, turn};

/// One value as it was written.
pub(super) struct Item {
    pub(super) at: usize,
    pub(super) text: String,
    pub(super) is_quoted: bool,
}

/// Whether a value has to be the whole text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    No,
}

pub(super) fn texts(
    parser: &mut Parser<'_>,
    start: usize,
    name: &str,
    op: Op,
    whole: Whole,
) -> Result<Texts, LineError> {
    let order = match op {
        Op::Matches => {
            let item = parser.item()?;
            return Ok(Texts::Matches(parser.pattern(item.at, Pattern::regex(&item.text))?));
        }
        Op::Is if whole == Whole::No => {
            let mut any = Vec::new();
            for item in parser.list()? {
                if item.text.is_empty() {
                    return Err(parser.error(item.at, "a text to look for is due in these quotes"));
                }
                any.push(parser.pattern(item.at, Pattern::word(&item.text))?);
            }
            return Ok(Texts::Has(any));
        }
        Op::Is => {
            let mut any = Vec::new();
            for item in parser.list()? {
                any.push(if !item.is_quoted && item.text.contains(['*', '?']) {
                    Text::Glob(parser.pattern(item.at, Pattern::glob(&item.text))?)
                } else {
                    Text::Plain(item.text)
                });
            }
            return Ok(Texts::Is(any));
        }
        Op::Equals | Op::Differs if whole == Whole::Yes => {
            return Ok(Texts::Equals(parser.list()?.into_iter().map(|item| item.text).collect()));
        }
        Op::Less if whole == Whole::Yes => Order::Less,
        Op::LessOrSame if whole == Whole::Yes => Order::LessOrSame,
        Op::More if whole == Whole::Yes => Order::More,
        Op::MoreOrSame if whole == Whole::Yes => Order::MoreOrSame,
        Op::Equals | Op::Differs | Op::Less | Op::LessOrSame | Op::More | Op::MoreOrSame => {
            let what = format!(
                "without a path `{name}` takes `:` (holds a text) or `~` (a pattern); with one, as in \
                 `{name}.path`, every sign"
            );
            return Err(parser.error(start, what));
        }
    };
    let item = parser.item()?;
    if is_number(&item.text) {
        Ok(Texts::Compares(order, item.text.trim().to_owned()))
    } else {
        Err(parser.error(item.at, "a number is due here"))
    }
}

fn is_number(text: &str) -> bool {
    text.len() <= 40 && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

pub(super) fn tags(
    parser: &mut Parser<'_>,
    start: usize,
    field: TagField,
    op: Op,
) -> Result<Test, LineError> {
    let name = field.name();
    let compared = op.is_order();
    if op == Op::Matches || compared && !field.is_ordered() {
        let what = format!("`{name}` is one of our words: it takes `:`, `=` or `!=`");
        return Err(parser.error(start, what));
    }
    let mut any = Tags::default();
    if !compared {
        for item in parser.list()? {
            let tag = field.tag(&item.text).map_err(|what| parser.error(item.at, what))?;
            any = any.with(tag);
        }
        return Ok(Test::Tag { field, any });
    }
    let item = parser.item()?;
    let than = field.tag(&item.text).map_err(|what| parser.error(item.at, what))?;
    for bit in 0..field.words().len() {
        let tag = Tags(1 << bit);
        let holds = match op {
            Op::Less => tag.0 < than.0,
            Op::LessOrSame => tag.0 <= than.0,
            Op::More => tag.0 > than.0,
            Op::MoreOrSame => tag.0 >= than.0,
            Op::Is | Op::Equals | Op::Differs | Op::Matches => false,
        };
        any = any.with(if holds { tag } else { Tags::default() });
    }
    if any == Tags::default() {
        let what = format!("nothing is beyond `{}`", item.text);
        return Err(parser.error(item.at, what));
    }
    Ok(Test::Tag { field, any })
}

pub(super) fn numbers(
    parser: &mut Parser<'_>,
    start: usize,
    field: NumberField,
    op: Op,
) -> Result<Test, LineError> {
    let name = field.name();
    let mut any = Vec::new();
    match op {
        Op::Is | Op::Equals | Op::Differs => {
            for item in parser.list()? {
                let span = span(field, &item.text).map_err(|what| parser.error(item.at, what))?;
                any.push(span);
            }
        }
        Op::Matches => {
            let what =
                format!("`{name}` is a number: it takes `:`, `=`, `!=`, `<`, `>`, `<=`, `>=`");
            return Err(parser.error(start, what));
        }
        Op::Less | Op::LessOrSame | Op::More | Op::MoreOrSame => {
            let item = parser.item()?;
            let than = number(field, &item.text).map_err(|what| parser.error(item.at, what))?;
            any.push(beyond(op, than).ok_or_else(|| {
                parser.error(item.at, format!("nothing is beyond `{}`", item.text))
            })?);
        }
    }
    Ok(Test::Number { field, any })
}

/// The numbers on one side of another.
fn beyond(op: Op, than: u64) -> Option<Span> {
    Some(match op {
        Op::Less => Span { from: 0, to: than.checked_sub(1)? },
        Op::LessOrSame => Span { from: 0, to: than },
        Op::More => Span { from: than.checked_add(1)?, to: u64::MAX },
        Op::MoreOrSame => Span { from: than, to: u64::MAX },
        Op::Is | Op::Equals | Op::Differs | Op::Matches => return None,
    })
}

/// `5`, `1..5`, `5..`, `..5`; `yes` and `no` where the field says so.
fn span(field: NumberField, text: &str) -> Result<Span, String> {
    match text {
        "yes" if field.says_yes() => return Ok(Span::SOME),
        "no" if field.says_yes() => return Ok(Span::NONE),
        _ => {}
    }
    let Some((from, to)) = text.split_once("..") else {
        let number = number(field, text)?;
        return Ok(Span { from: number, to: number });
    };
    if from.is_empty() && to.is_empty() {
        return Err("a number is due on one side of `..`".to_owned());
    }
    let from = if from.is_empty() { 0 } else { number(field, from)? };
    let to = if to.is_empty() { u64::MAX } else { number(field, to)? };
    if from > to {
        Err("this range is empty: its end is before its start".to_owned())
    } else {
        Ok(Span { from, to })
    }
}

/// Bytes: decimal units as the panes show them, and the binary ones.
const BYTES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1000),
    ("kb", 1000),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
];
/// Times in milliseconds.
const TIMES: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A number with its unit, in bytes, milliseconds or as it is.
fn number(field: NumberField, text: &str) -> Result<u64, String> {
    let text = if field == NumberField::Id { text.trim_start_matches('#') } else { text };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    let (units, example) = match field {
        NumberField::Size | NumberField::AnswerSize => (BYTES, "5KB"),
        NumberField::Ms | NumberField::Wait | NumberField::Age => (TIMES, "300ms, 2s or 5m"),
        NumberField::Mark => return Err("`mark` is `yes` or `no`".to_owned()),
        NumberField::Id | NumberField::Finding => (&[("", 1)][..], "12"),
    };
    let name = field.name();
    let bare_ms = matches!(field, NumberField::Ms | NumberField::Wait) && unit.is_empty();
    let factor = units.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit));
    let factor = if bare_ms { Some(1) } else { factor.map(|(_, factor)| *factor) };
    let wrong = || {
        let more = if field.says_yes() { ", `yes` or `no`" } else { "" };
        format!("`{text}` is no value of `{name}`: give a number like {example}{more}")
    };
    scaled(digits, factor.ok_or_else(wrong)?).ok_or_else(wrong)
}

/// Decimal digits, perhaps with a part behind a point, times a factor; what is below one is cut off.
fn scaled(digits: &str, factor: u64) -> Option<u64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let whole: u64 = whole.parse().ok()?;
    let tenth = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = part.parse::<u64>().ok()?.checked_mul(factor)? / tenth;
    whole.checked_mul(factor)?.checked_add(part)
}

/// `time:12:00..13:00`; before and after are turned into not after and not before.
pub(super) fn time(parser: &mut Parser<'_>, start: usize, op: Op) -> Result<Expr, LineError> {
    if op == Op::Matches {
        let what = "`time` takes `:`, `=`, `!=`, `<`, `>`, `<=`, `>=`";
        return Err(parser.error(start, what));
    }
    let mut any = Vec::new();
    for item in parser.list()? {
        any.push(period(&item.text).map_err(|what| parser.error(item.at, what))?);
    }
    let one = any.first().filter(|period| any.len() == 1 && period.from == period.to).copied();
    let (period, turned) = match op {
        Op::Is | Op::Equals => return Ok(Expr::Test(Test::Time(any))),
        Op::Differs => return Ok(turn(Expr::Test(Test::Time(any)), true)),
        Op::Less => (one.map(|one| Period { to: None, ..one }), true),
        Op::MoreOrSame => (one.map(|one| Period { to: None, ..one }), false),
        Op::More => (one.map(|one| Period { from: None, ..one }), true),
        Op::LessOrSame => (one.map(|one| Period { from: None, ..one }), false),
        Op::Matches => (None, false),
    };
    let Some(period) = period else {
        return Err(parser.error(start, "one time is due behind this sign"));
    };
    Ok(turn(Expr::Test(Test::Time(vec![period])), turned))
}

fn period(text: &str) -> Result<Period, String> {
    let Some((from, to)) = text.split_once("..") else {
        let moment = Some(moment(text)?);
        return Ok(Period { from: moment, to: moment });
    };
    let open = |text: &str| if text.is_empty() { Ok(None) } else { moment(text).map(Some) };
    let (from, to) = (open(from)?, open(to)?);
    match (from, to) {
        (None, None) => Err("a time is due on one side of `..`".to_owned()),
        (Some(from), Some(to)) if from.date.is_some() != to.date.is_some() => {
            Err("both ends of a range have a date, or none has".to_owned())
        }
        (Some(from), Some(to)) if from.date.is_some() && from.starts() > to.ends() => {
            Err("this range is empty: its end is before its start".to_owned())
        }
        _ => Ok(Period { from, to }),
    }
}

/// `12:30`, `12:30:05`, `2026-11-20`, `2026-11-20T12:30`.
fn moment(text: &str) -> Result<Moment, String> {
    let (date, clock) = match text.split_once(['T', 't']) {
        Some((date, clock)) => (Some(date), Some(clock)),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    let read = || {
        let date = match date {
            Some(date) if date.len() == 10 => Some(date.parse::<Date>().ok()?),
            Some(_) => return None,
            None => None,
        };
        Some(Moment { date, clock: clock.map(self::clock).map_or(Some(None), |c| c.map(Some))? })
    };
    read().ok_or_else(|| {
        format!("`{text}` is no time: write 12:30, 12:30:05, 2026-11-20 or 2026-11-20T12:30")
    })
}

fn clock(text: &str) -> Option<(i8, i8, Option<i8>)> {
    let two = |part: &str, below: i8| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|number| digits && *number < below)
    };
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = match rest.split_once(':') {
        Some((minute, second)) => (minute, Some(two(second, 60)?)),
        None => (rest, None),
    };
    Some((two(hour, 24)?, two(minute, 60)?, second))
}
