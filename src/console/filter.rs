//! The filter language (docs/filters.md): which calls are meant.
//!
//! ```text
//! srv:github verdict:!ok size>5KB      arg.path~"\.aws|\.ssh"      (tool:write_* | ~b token) !outcome:denied
//! ```
//!
//! Pure, and the same wherever calls are chosen. A filter looks at a [`Subject`]: a row of the console, a
//! record that `watch` prints. [`Tester::matches`] decides with a row's facts alone where they suffice and
//! says [`Match::NeedsBody`] where the arguments or the result have to be read first.
//!
//! **A filter chooses what is shown, never what may pass**, and nothing in one is ignored in silence: what
//! is not understood is an error with its place.

mod body;
mod complete;
mod expr;
mod field;
mod hold;
mod parse;
mod subject;
mod tester;
mod value;

pub use complete::{Completion, Known, complete};
pub use expr::{Expr, Moment, Order, Pattern, Period, Segment, Span, Test, Text, Texts};
pub use field::{
    ALIASES, BodyField, FIELDS, Field, Kind, NameField, NumberField, Outcome, TagField, Tags,
};
pub use subject::{Body, Match, Subject};
pub use tester::Tester;

/// Longest text of a filter (console.md 2.5 asks for a limit; a screen has 4 000 characters).
pub const TEXT_BYTES_MAX: usize = 4096;
/// Parentheses and negations inside each other.
pub const DEPTH_MAX: usize = 64;
/// Size of one compiled pattern, in bytes (console.md 2.5).
pub const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Patterns, words and globs in one filter, each of which may take [`PATTERN_BYTES_MAX`].
pub const PATTERNS_MAX: usize = 32;

/// A text as a value of a filter: in quotes where it needs them.
#[must_use]
pub fn value(text: &str) -> String {
    expr::bare_or_quoted(text)
}

/// Where a line that was typed is wrong, and how: a filter, or a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct LineError {
    /// Bytes before the place.
    pub at: usize,
    /// The place, in characters, from 1.
    pub column: usize,
    /// What is wrong there, and what would be right.
    pub what: String,
}

impl LineError {
    pub(in crate::console) fn new(text: &str, at: usize, what: impl Into<String>) -> Self {
        let at = text.floor_char_boundary(at);
        let column = text.get(..at).map_or(0, |before| before.chars().count()) + 1;
        Self { at, column, what: what.into() }
    }
}

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    expr: Expr,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Names the place and the cause of anything that is no filter; an empty text is none either.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        parse::parse(text).map(|expr| Self { expr })
    }

    /// Its tree.
    #[must_use]
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether arguments or results decide about some calls.
    #[must_use]
    pub fn needs_bodies(&self) -> bool {
        self.expr.any(&mut |test| matches!(test, Test::Word(_) | Test::Body { .. }))
    }

    /// What both choose.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { expr: Expr::And(vec![self.expr, other.expr]) }
    }

    /// The calls that the operator marked.
    #[must_use]
    pub fn marked() -> Self {
        Self { expr: Expr::Test(Test::marked()) }
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}

#[cfg(test)]
mod tests;
