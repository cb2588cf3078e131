//! The tree of a filter, and its text: what is printed parses to the same tree.

use std::fmt;

use jiff::civil::Date;
use regex::{Regex, RegexBuilder};

use super::PATTERN_BYTES_MAX;
use super::field::{BodyField, NameField, NumberField, TagField, Tags};

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Any of them: `a | b`.
    Or(Vec<Self>),
    /// All of them: `a b`, `a & b`.
    And(Vec<Self>),
    /// Not this: `!a`.
    Not(Box<Self>),
    /// One question about a call.
    Test(Test),
}

/// One question about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// A word somewhere in tool, server, arguments or result, without regard to case.
    Word(Pattern),
    /// A name.
    Name {
        /// Which.
        field: NameField,
        /// Any of these.
        is: Texts,
    },
    /// One of our own words.
    Tag {
        /// Which field.
        field: TagField,
        /// Any of these.
        any: Tags,
    },
    /// Something counted or measured.
    Number {
        /// Which.
        field: NumberField,
        /// Any of these.
        any: Vec<Span>,
    },
    /// When it came.
    Time(Vec<Period>),
    /// Something in the arguments or the result.
    Body {
        /// In which.
        field: BodyField,
        /// Where in it; nothing means anywhere.
        path: Vec<Segment>,
        /// What.
        is: Texts,
    },
}

/// What a text is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Texts {
    /// `:` any of these is the whole text, without regard to the case of ASCII letters.
    Is(Vec<Text>),
    /// `:` any of these is in it somewhere, without regard to case: whole arguments and results.
    Has(Vec<Pattern>),
    /// `=` exactly one of these.
    Equals(Vec<String>),
    /// `~` a regular expression that fits somewhere in it.
    Matches(Pattern),
    /// `>` and the like: a JSON number, as it was written.
    Compares(Order, String),
}

/// One text of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// As it stands.
    Plain(String),
    /// With `*` for any run of characters and `?` for one.
    Glob(Pattern),
}

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Order {
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

impl Order {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrSame => "<=",
            Self::More => ">",
            Self::MoreOrSame => ">=",
        }
    }

    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrSame => left <= right,
            Self::More => left > right,
            Self::MoreOrSame => left >= right,
        }
    }
}

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The least.
    pub from: u64,
    /// The greatest.
    pub to: u64,
}

impl Span {
    /// One or more.
    pub const SOME: Self = Self { from: 1, to: u64::MAX };
    /// Nothing.
    pub const NONE: Self = Self { from: 0, to: 0 };
}

/// A day, a clock time, or both: all that is written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On this day; else on any.
    pub date: Option<Date>,
    /// Hour, minute and, where they are given, seconds; else the whole day.
    pub clock: Option<(i8, i8, Option<i8>)>,
}

impl Moment {
    /// Its day and first second of the day.
    pub(super) fn starts(self) -> (Option<Date>, u32) {
        (self.date, self.clock.map_or(0, |(h, m, s)| seconds(h, m, s.unwrap_or(0))))
    }

    /// Its day and last second of the day.
    pub(super) fn ends(self) -> (Option<Date>, u32) {
        let last = |(h, m, s): (i8, i8, Option<i8>)| seconds(h, m, s.unwrap_or(59));
        (self.date, self.clock.map_or(seconds(23, 59, 59), last))
    }
}

fn seconds(hour: i8, minute: i8, second: i8) -> u32 {
    [hour, minute, second]
        .into_iter()
        .fold(0, |all, part| all * 60 + u32::from(part.unsigned_abs()))
}

/// From the beginning of one moment to the end of another; open where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The earliest.
    pub from: Option<Moment>,
    /// The latest.
    pub to: Option<Moment>,
}

/// A step into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name`: a member of an object.
    Member(String),
    /// `[3]`: an element of a list.
    Element(usize),
    /// `*` or `[*]`: every member or element.
    Every,
}

/// A compiled pattern; two are the same when they were written alike.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// A regular expression.
    pub(super) fn regex(source: &str) -> Result<Self, String> {
        Self::build(source, source)
    }

    /// Text, anywhere, without regard to case.
    pub(super) fn word(source: &str) -> Result<Self, String> {
        Self::build(source, &format!("(?i){}", regex::escape(source)))
    }

    /// A whole text with `*` and `?`.
    pub(super) fn glob(source: &str) -> Result<Self, String> {
        let mut regex = String::from(r"(?is)\A");
        for c in source.chars() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                _ => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push_str(r"\z");
        Self::build(source, &regex)
    }

    fn build(source: &str, regex: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(regex)
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .build()
            .map_err(|error| told(&error))?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The regular expression that it is.
    #[must_use]
    pub fn expression(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// The cause without the drawing that comes with it.
fn told(error: &regex::Error) -> String {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return "the pattern is too large: simplify it".to_owned();
    }
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default();
    format!("no regular expression: {}", last.trim_start_matches("error: "))
}

impl Test {
    /// `mark:yes`.
    pub(super) fn marked() -> Self {
        Self::Number { field: NumberField::Mark, any: vec![Span::SOME] }
    }
}

impl Expr {
    /// Whether any of its tests is such a one.
    pub(super) fn any(&self, is: &mut impl FnMut(&Test) -> bool) -> bool {
        match self {
            Self::Or(all) | Self::And(all) => all.iter().any(|expr| expr.any(is)),
            Self::Not(expr) => expr.any(is),
            Self::Test(test) => is(test),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, all: &[Self], by: &str| {
            for (n, expr) in all.iter().enumerate() {
                if n > 0 {
                    f.write_str(by)?;
                }
                let inside = match expr {
                    Self::Or(_) => true,
                    Self::And(_) => matches!(self, Self::And(_)),
                    Self::Not(_) | Self::Test(_) => false,
                };
                if inside { write!(f, "({expr})")? } else { expr.fmt(f)? }
            }
            Ok(())
        };
        match self {
            Self::Or(all) => joined(f, all, " | "),
            Self::And(all) => joined(f, all, " "),
            Self::Not(expr) => match &**expr {
                Self::Or(_) | Self::And(_) => write!(f, "!({expr})"),
                Self::Not(_) | Self::Test(_) => write!(f, "!{expr}"),
            },
            Self::Test(test) => test.fmt(f),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(pattern) => match NumberField::yes_or_no(pattern.source()) {
                Some(_) => f.write_str(&quoted(pattern.source())),
                None => f.write_str(&bare_or_quoted(pattern.source())),
            },
            Self::Name { field, is } => write!(f, "{}{is}", field.name()),
            Self::Tag { field, any } => {
                let words = field.words().iter().enumerate();
                let words = words.filter(|(bit, _)| any.meets(Tags(1 << bit)));
                write!(f, "{}:{}", field.name(), list(words.map(|(_, word)| *word)))
            }
            Self::Number { field, any } => {
                write!(f, "{}:{}", field.name(), list(any.iter().map(|span| span.text(*field))))
            }
            Self::Time(any) => write!(f, "time:{}", list(any.iter().map(ToString::to_string))),
            Self::Body { field, path, is } => {
                f.write_str(field.name())?;
                path.iter().try_for_each(|segment| segment.fmt(f))?;
                is.fmt(f)
            }
        }
    }
}

impl fmt::Display for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(any) => write!(f, ":{}", list(any.iter().map(Text::text))),
            Self::Has(any) => write!(f, ":{}", list(any.iter().map(|has| quoted(has.source())))),
            Self::Equals(any) => {
                write!(f, "={}", list(any.iter().map(|text| bare_or_quoted(text))))
            }
            Self::Matches(pattern) => write!(f, "~{}", quoted(pattern.source())),
            Self::Compares(order, number) => write!(f, "{}{number}", order.sign()),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) if is_plain(name) => write!(f, ".{name}"),
            Self::Member(name) => write!(f, ".{}", quoted(name)),
            Self::Element(at) => write!(f, "[{at}]"),
            Self::Every => f.write_str("[*]"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from == to
        {
            return from.fmt(f);
        }
        self.from.iter().try_for_each(|from| from.fmt(f))?;
        f.write_str("..")?;
        self.to.iter().try_for_each(|to| to.fmt(f))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(date) = self.date {
            date.fmt(f)?;
            f.write_str(if self.clock.is_some() { "T" } else { "" })?;
        }
        let Some((hour, minute, second)) = self.clock else { return Ok(()) };
        write!(f, "{hour:02}:{minute:02}")?;
        second.iter().try_for_each(|second| write!(f, ":{second:02}"))
    }
}

impl Span {
    /// As it is typed for this field.
    fn text(self, field: NumberField) -> String {
        if field.says_yes() && (self == Self::SOME || self == Self::NONE) {
            return if self == Self::SOME { "yes" } else { "no" }.to_owned();
        }
        let unit = if field.is_time() { "ms" } else { "" };
        match (self.from, self.to) {
            (from, to) if from == to => format!("{from}{unit}"),
            (from, u64::MAX) => format!("{from}{unit}.."),
            (0, to) => format!("..{to}{unit}"),
            (from, to) => format!("{from}{unit}..{to}{unit}"),
        }
    }
}

impl Text {
    fn text(&self) -> String {
        match self {
            Self::Plain(text) => bare_or_quoted(text),
            Self::Glob(pattern) => pattern.source().to_owned(),
        }
    }
}

fn list(items: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for item in items {
        text.push_str(if text.is_empty() { "" } else { "," });
        text.push_str(item.as_ref());
    }
    text
}

/// Whether a text needs no quotes anywhere.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    !text.is_empty() && text.chars().all(plain) && !is_connective(text)
}

/// Words that people use between tests; we use signs.
pub(super) fn is_connective(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|connective| word.eq_ignore_ascii_case(connective))
}

pub(super) fn bare_or_quoted(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// In quotes; one inside is written twice.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
