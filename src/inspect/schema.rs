//! Whether the arguments of a call, or the structured result of one, are what the tool's own schema says.
//!
//! A tool of the Model Context Protocol has a JSON Schema of its arguments (`inputSchema`) and perhaps one of its result
//! (`outputSchema`); the dialect is 2020-12 where `$schema` names no other (MCP 2025-11-25, "JSON Schema usage"). Drafts 4
//! to 7 and 2019-09 are read as well.
//!
//! **A violation is certain.** What a schema says that cannot be read makes no violation anywhere: a check has three
//! outcomes, and `not`, `oneOf` and `if` over something unreadable are as open as that is. It is told by
//! [`Schema::unreadable`]. Nothing is ever fetched.
//!
//! **Bounded**: a schema by [`SCHEMA_BYTES_MAX`], [`PARTS_MAX`] and [`PATTERNS_MAX`], its patterns by an engine in linear
//! time, a check by steps in proportion to the value, and what is told by [`VIOLATIONS_MAX`] and [`UNREADABLE_MAX`]. What is
//! told of a value is its kind and its size, never what it says.

mod check;
mod compile;
mod format;
mod json;
mod node;
mod number;
mod pattern;

use self::check::Run;
use self::json::Json;
use self::node::Node;
use super::rule::{Rule, Severity};

/// Longest schema that is read; the largest of 6,617 public tools has less than 60 kB.
pub const SCHEMA_BYTES_MAX: usize = 256 * 1024;
/// Schemas within a schema, values of its enumerations among them; what is referred to counts once more.
pub const PARTS_MAX: usize = 32 * 1024;
/// Patterns of a schema that are checked; each may take some 100 kB of memory when used.
pub const PATTERNS_MAX: usize = 64;
/// Violations of one value: more say nothing new.
pub const VIOLATIONS_MAX: usize = 16;
/// Notes on what is unreadable in one schema.
pub const UNREADABLE_MAX: usize = 16;
/// Bytes of any text that is told, be it a name, a path or what a schema wants.
const TOLD_BYTES_MAX: usize = 160;

/// A value that is not what the schema says.
pub const VIOLATION: Rule = Rule {
    id: "schema.violation",
    severity: Severity::Low,
    in_result: Severity::Low,
    in_argument: Severity::Low,
    owasp: &["ASI02", "MCP10"],
    why: "A value is not what the tool's own schema allows.",
};
/// A schema, or a part of one, that says nothing here.
pub const UNREADABLE: Rule = Rule {
    id: "schema.unreadable",
    severity: Severity::Info,
    in_result: Severity::Info,
    in_argument: Severity::Info,
    owasp: &["ASI02"],
    why: "A part of the tool's schema cannot be checked.",
};

/// A schema, ready to check values.
#[derive(Debug, Clone)]
pub struct Schema {
    nodes: Vec<Node>,
    unreadable: Vec<Unreadable>,
}

/// Why a schema cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON, or nested too deeply.
    #[error("read the schema: it is no JSON of at most 127 levels")]
    NoJson,
    /// It is neither an object nor a boolean.
    #[error("read the schema: it is {0} and not an object")]
    NoSchema(String),
    /// It has too many bytes, or too many schemas and values within it.
    #[error("read the schema: it has more than {limit} {what}")]
    TooLarge {
        /// Of what it has too many.
        what: &'static str,
        /// How many may be.
        limit: usize,
    },
    /// It refers to another document.
    #[error("read the schema: it refers to `{0}`, and nothing outside of it is fetched")]
    Remote(String),
}

/// A part of a schema that cannot be read. Nothing is a violation because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// A JSON pointer in the schema: where it stands first.
    pub path: String,
    /// The keyword.
    pub keyword: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Unreadable {
    /// One line for people.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { path, keyword, why } = self;
        format!("the schema's `{keyword}` at `{path}` is not checked: {why} ({})", UNREADABLE.id)
    }
}

/// A place of a value that is not what the schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// [`VIOLATION`], or [`UNREADABLE`] where the check was given up.
    pub rule: &'static Rule,
    /// A JSON pointer in the value. Long names are cut.
    pub path: String,
    /// What it is about, as schemas call it: `maxLength`. `json` where the value is none, `steps` where the check
    /// was given up.
    pub keyword: &'static str,
    /// What the schema wants: `at most 100 characters`.
    pub expected: String,
    /// What there is, by kind and size: `101 characters`.
    pub actual: String,
}

impl Violation {
    /// One line for people.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { rule, path, keyword, expected, actual } = self;
        let place = if path.is_empty() { "the whole value" } else { path };
        format!("{place}: {actual}; expected {expected} ({keyword}, {})", rule.id)
    }
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// On a text that is no schema, is too large, or refers to another document.
    pub fn compile(schema: &str) -> Result<Self, SchemaError> {
        if schema.len() > SCHEMA_BYTES_MAX {
            return Err(SchemaError::TooLarge { what: "bytes", limit: SCHEMA_BYTES_MAX });
        }
        let read = Json::read(schema).map_err(|_| SchemaError::NoJson)?;
        let (nodes, unreadable) = compile::compile(&read)?;
        Ok(Self { nodes, unreadable })
    }

    /// What of it cannot be read: the first place of each keyword and reason.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// What of a value, in JSON, is certainly not what the schema says.
    #[must_use]
    pub fn check(&self, value: &str) -> Vec<Violation> {
        match Json::read(value) {
            Ok(read) => Run::new(&self.nodes, value.len()).all(&read),
            Err(_) => vec![Violation {
                rule: &VIOLATION,
                path: String::new(),
                keyword: "json",
                expected: "JSON of at most 127 levels".to_owned(),
                actual: format!("{} bytes that cannot be read so", value.len()),
            }],
        }
    }
}

/// A text, cut where it is long.
fn told(text: &str) -> String {
    if text.len() <= TOLD_BYTES_MAX {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= TOLD_BYTES_MAX - 3);
    let start = text.get(..ends.last().unwrap_or_default()).unwrap_or_default();
    format!("{start}…")
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
