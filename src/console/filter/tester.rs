//! A filter at work: resolved to one moment and time zone, with a memory of the names it has tested.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::expr::{Expr, Order, Pattern, Period, Segment, Span, Test, Text, Texts};
use super::field::{BodyField, NameField, NumberField, TagField, Tags};
use super::subject::{Body, Match, Subject};
use super::{Filter, body};
use crate::engine::At;

/// Names whose test is remembered; the console keeps fewer.
const REMEMBERED_MAX: usize = 1 << 17;
/// Offsets of time zones change at most at quarters of an hour.
const QUARTER_S: u64 = 900;

/// Decides which calls a filter means.
#[derive(Debug)]
pub struct Tester {
    root: Node,
    clock: Clock,
}

impl Tester {
    /// A tester whose ages count back from `now` and whose clock times are those of `zone`.
    #[must_use]
    pub fn new(filter: &Filter, now: At, zone: &TimeZone) -> Self {
        let clock = Clock { zone: zone.clone(), quarter: None };
        Self { root: clock.node(filter.expr(), now), clock }
    }

    /// Whether the filter means this call.
    pub fn matches<S: Subject>(&mut self, subject: &S) -> Match {
        self.root.test(&mut self.clock, subject)
    }
}

/// [`Expr`], resolved.
#[derive(Debug)]
enum Node {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Word { pattern: Pattern, names: [(NameField, Memory); 3] },
    Name { field: NameField, is: Is, memory: Memory },
    Tag { field: TagField, any: Tags },
    Number { field: NumberField, any: Vec<Span> },
    Between { from: At, to: At },
    Clock { from_s: u32, to_s: u32 },
    Body { field: BodyField, path: Vec<Segment>, is: Is },
}

/// [`Texts`], resolved.
#[derive(Debug)]
enum Is {
    Whole(Vec<Text>),
    Has(Vec<Pattern>),
    Equals(Vec<String>),
    Matches(Pattern),
    Compares(Order, f64),
}

impl Is {
    fn of(texts: &Texts) -> Self {
        match texts {
            Texts::Is(any) => Self::Whole(any.clone()),
            Texts::Has(any) => Self::Has(any.clone()),
            Texts::Equals(any) => Self::Equals(any.clone()),
            Texts::Matches(pattern) => Self::Matches(pattern.clone()),
            Texts::Compares(order, number) => {
                Self::Compares(*order, number.parse().unwrap_or(f64::NAN))
            }
        }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Whole(any) => any.iter().any(|one| match one {
                Text::Plain(plain) => plain.eq_ignore_ascii_case(text),
                Text::Glob(pattern) => pattern.fits(text),
            }),
            Self::Has(any) => any.iter().any(|pattern| pattern.fits(text)),
            Self::Equals(any) => any.iter().any(|one| one == text),
            Self::Matches(pattern) => pattern.fits(text),
            Self::Compares(order, than) => {
                let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                is_number && text.parse().is_ok_and(|number| order.holds(number, *than))
            }
        }
    }

    fn holds_in(&self, text: &str, path: &[Segment]) -> bool {
        match self {
            Self::Has(any) => any.iter().any(|pattern| body::has(text, pattern)),
            Self::Matches(pattern) if path.is_empty() => body::has(text, pattern),
            Self::Whole(_) | Self::Equals(_) | Self::Matches(_) | Self::Compares(..) => {
                body::any_at(text, path, &|value| self.holds(value))
            }
        }
    }
}

/// The tests of names done so far, by their numbers.
#[derive(Debug, Default)]
struct Memory {
    known: Vec<Option<bool>>,
}

impl Memory {
    fn test<S: Subject>(
        &mut self,
        subject: &S,
        field: NameField,
        holds: impl Fn(&str) -> bool,
    ) -> bool {
        let id = subject.name_id(field).and_then(|id| usize::try_from(id).ok());
        let id = id.filter(|id| *id < REMEMBERED_MAX);
        if let Some(known) = id.and_then(|id| self.known.get(id).copied().flatten()) {
            return known;
        }
        let Some(name) = subject.name(field) else { return false };
        let is = holds(name);
        if let Some(id) = id {
            if self.known.len() <= id {
                self.known.resize(id + 1, None);
            }
            if let Some(slot) = self.known.get_mut(id) {
                *slot = Some(is);
            }
        }
        is
    }
}

impl Node {
    fn test<S: Subject>(&mut self, clock: &mut Clock, subject: &S) -> Match {
        match self {
            Self::Any(all) => {
                let mut found = Match::No;
                for node in all {
                    match node.test(clock, subject) {
                        Match::Yes => return Match::Yes,
                        Match::NeedsBody => found = Match::NeedsBody,
                        Match::No => {}
                    }
                }
                found
            }
            Self::All(all) => {
                let mut found = Match::Yes;
                for node in all {
                    match node.test(clock, subject) {
                        Match::No => return Match::No,
                        Match::NeedsBody => found = Match::NeedsBody,
                        Match::Yes => {}
                    }
                }
                found
            }
            Self::Not(node) => node.test(clock, subject).not(),
            Self::Word { pattern, names } => {
                let named = names
                    .iter_mut()
                    .any(|(field, memory)| memory.test(subject, *field, |name| pattern.fits(name)));
                if named { Match::Yes } else { word_in_bodies(subject, pattern) }
            }
            Self::Name { field, is, memory } => {
                Match::of(memory.test(subject, *field, |name| is.holds(name)))
            }
            Self::Tag { field, any } => Match::of(subject.tags(*field).meets(*any)),
            Self::Number { field, any } => {
                let inside = |n: u64| any.iter().any(|span| (span.from..=span.to).contains(&n));
                Match::of(subject.number(*field).is_some_and(inside))
            }
            Self::Between { from, to } => Match::of((*from..=*to).contains(&subject.at())),
            Self::Clock { from_s, to_s } => {
                let second = clock.second(subject.at());
                let (after, before) = (second >= *from_s, second <= *to_s);
                // A range over midnight has its end before its start.
                Match::of(if from_s <= to_s { after && before } else { after || before })
            }
            Self::Body { field, path, is } => match subject.body(*field) {
                Body::Unread => Match::NeedsBody,
                Body::Missing => Match::No,
                Body::Text(text) => Match::of(is.holds_in(text, path)),
            },
        }
    }
}

fn word_in_bodies<S: Subject>(subject: &S, pattern: &Pattern) -> Match {
    let mut found = Match::No;
    for field in [BodyField::Arguments, BodyField::Result] {
        match subject.body(field) {
            Body::Text(text) if body::has(text, pattern) => return Match::Yes,
            Body::Unread => found = Match::NeedsBody,
            Body::Text(_) | Body::Missing => {}
        }
    }
    found
}

/// Clock times in a zone.
#[derive(Debug)]
struct Clock {
    zone: TimeZone,
    /// The last quarter of an hour asked for, and the zone's offset in it.
    quarter: Option<(u64, i64)>,
}

impl Clock {
    /// The second of the day.
    fn second(&mut self, at: At) -> u32 {
        let utc_s = at.0 / 1_000_000;
        let quarter = utc_s / QUARTER_S;
        let offset_s = match self.quarter {
            Some((known, offset_s)) if known == quarter => offset_s,
            _ => {
                let second = i64::try_from(utc_s).unwrap_or(0);
                let stamp = Timestamp::from_second(second).unwrap_or_default();
                i64::from(self.zone.to_offset(stamp).seconds())
            }
        };
        self.quarter = Some((quarter, offset_s));
        let local_s = i64::try_from(utc_s).unwrap_or(0).saturating_add(offset_s);
        u32::try_from(local_s.rem_euclid(86_400)).unwrap_or(0)
    }

    fn node(&self, expr: &Expr, now: At) -> Node {
        let all = |all: &[Expr]| all.iter().map(|expr| self.node(expr, now)).collect();
        match expr {
            Expr::Or(any) => Node::Any(all(any)),
            Expr::And(every) => Node::All(all(every)),
            Expr::Not(expr) => Node::Not(Box::new(self.node(expr, now))),
            Expr::Test(test) => self.leaf(test, now),
        }
    }

    fn leaf(&self, test: &Test, now: At) -> Node {
        match test {
            Test::Word(pattern) => {
                let fields = [NameField::Tool, NameField::Method, NameField::Server];
                let names = fields.map(|field| (field, Memory::default()));
                Node::Word { pattern: pattern.clone(), names }
            }
            Test::Name { field, is } => {
                Node::Name { field: *field, is: Is::of(is), memory: Memory::default() }
            }
            Test::Tag { field, any } => Node::Tag { field: *field, any: *any },
            Test::Number { field: NumberField::Age, any } => {
                Node::Any(any.iter().map(|span| aged(*span, now)).collect())
            }
            Test::Number { field, any } => Node::Number { field: *field, any: any.clone() },
            Test::Time(any) => Node::Any(any.iter().map(|period| self.period(*period)).collect()),
            Test::Body { field, path, is } => {
                Node::Body { field: *field, path: path.clone(), is: Is::of(is) }
            }
        }
    }

    fn period(&self, period: Period) -> Node {
        let dated = [period.from, period.to].into_iter().flatten().any(|m| m.date.is_some());
        let from = period.from.map(super::expr::Moment::starts);
        let to = period.to.map(super::expr::Moment::ends);
        if !dated {
            let (from_s, to_s) = (from.map_or(0, |from| from.1), to.map_or(86_399, |to| to.1));
            return Node::Clock { from_s, to_s };
        }
        let stamp = |moment: (Option<jiff::civil::Date>, u32)| {
            let seconds = jiff::SignedDuration::from_secs(i64::from(moment.1));
            let begin = moment.0?.to_datetime(jiff::civil::Time::midnight());
            let local = begin.checked_add(seconds).ok()?.to_zoned(self.zone.clone()).ok()?;
            u64::try_from(local.timestamp().as_microsecond()).ok()
        };
        Node::Between {
            from: At(from.map_or(0, |from| stamp(from).unwrap_or(0))),
            to: At(to.map_or(u64::MAX, |to| stamp(to).map_or(0, |last| last + 999_999))),
        }
    }
}

/// Calls whose age is in a span. What comes later counts as new.
fn aged(span: Span, now: At) -> Node {
    let back = |ms: u64| now.0.saturating_sub(ms.saturating_mul(1000));
    let to = if span.from == 0 { u64::MAX } else { back(span.from) };
    Node::Between { from: At(back(span.to)), to: At(to) }
}
