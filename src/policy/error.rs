//! What is wrong with a policy: where, which rule, what, and what to do.

use serde_saphyr::{Error as YamlError, Location};

/// Nearest known words are offered up to this many edits: `verdit`, `matches`.
const NEAR_EDITS: usize = 2;

/// A place in the policy's file, counted from 1; 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl Place {
    pub(super) fn of(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// Why a policy does not load. Boxed, so that the good case stays small.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", self.prefix(), .0.cause)]
pub struct PolicyError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    file: String,
    place: Place,
    rule: Option<String>,
    cause: Cause,
}

impl PolicyError {
    pub(super) fn new(file: &str, place: Place, rule: Option<&str>, cause: Cause) -> Self {
        let rule = rule.map(str::to_owned);
        Self(Box::new(Parts { file: file.to_owned(), place, rule, cause }))
    }

    pub(super) fn from_yaml(file: &str, text: &str, error: &YamlError) -> Self {
        let place = error.location().map(Place::of).unwrap_or_default();
        let rule = rule_at(text, place.line);
        Self::new(file, place, rule.as_deref(), Cause::from_yaml(error))
    }

    /// The same of a document that nobody wrote: its places are none.
    pub(super) fn without_place(mut self) -> Self {
        self.0.place = Place::default();
        self
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.0.place
    }

    /// The rule that it is in, where it is in one whose id could be read.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.0.rule.as_deref()
    }

    /// What it is.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    fn prefix(&self) -> String {
        let Parts { file, place, rule, .. } = &*self.0;
        let rule = rule.as_ref().map(|rule| format!(" rule {rule:?}:")).unwrap_or_default();
        if place.line == 0 {
            format!("{file}:{rule} ")
        } else {
            format!("{file}:{}:{}:{rule} ", place.line, place.column)
        }
    }
}

/// What is wrong. Each sentence ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's sentence says it")]
pub enum Cause {
    #[error("longer than {limit_bytes} bytes; split it or shorten its lists")]
    TooLarge { limit_bytes: usize },
    #[error("the policy is empty, and an empty policy decides nothing; start from a shipped one")]
    Empty,
    #[error("{message}; correct the YAML there, with patterns and sentences in quotes")]
    Yaml { message: String },
    #[error("more than a policy may hold ({what}); write it out plainly, in one document")]
    Budget { what: String },
    #[error("{expected} belongs here; write it")]
    Expected { expected: &'static str },
    #[error("the key {key:?} is not known here; {}", advise(*.nearest, .known))]
    UnknownKey { key: String, nearest: Option<&'static str>, known: Vec<&'static str> },
    #[error("the word {word:?} is not known here; {}", advise(*.nearest, .known))]
    UnknownWord { word: String, nearest: Option<&'static str>, known: Vec<&'static str> },
    #[error("the key {key:?} is missing; add it")]
    MissingKey { key: &'static str },
    #[error("the key {key:?} is there twice; keep one")]
    SameKey { key: String },
    #[error("found {found} where {expected} belongs; put that there")]
    WrongType { found: String, expected: String },
    #[error("version {version} is not known; write version: 1, or use a newer tollgate")]
    Version { version: u64 },
    #[error("{name:?} is no name; use small letters, digits, dots, dashes and underscores")]
    Name { name: String },
    #[error("ids that begin with \"builtin.\" and \"default\" are reserved; choose another")]
    ReservedId,
    #[error("the rule in line {line} has the same id; every rule needs its own")]
    SameId { line: u64 },
    #[error("why is empty; say in a sentence what an operator should know")]
    EmptyWhy,
    #[error("match is empty; write tool: \"*\" if every call is meant")]
    EmptyMatch,
    #[error(
        "a rule with {method:?} and a tool; tools are called by tools/call, leave the method out"
    )]
    ToolOfMethod { method: String },
    #[error("a condition is longer than {limit_bytes} bytes; make two rules of it")]
    ConditionTooLong { limit_bytes: usize },
    #[error("the condition cannot be used: {why}; correct it")]
    Condition { why: String },
    #[error("a layer only makes a policy stricter and has no default; take it out")]
    DefaultOfLayer,
    #[error(
        "only a policy has suppressions, and what only makes one stricter has none; take them out"
    )]
    SuppressionsOfLayer,
    #[error("more than {limit} suppressions; make some of them wider")]
    TooManySuppressions { limit: usize },
    #[error("another suppression has the same id; every one needs its own")]
    SameSuppression,
    #[error("what is built in is never suppressed; take it out")]
    SuppressedBuiltin,
    #[error("{key} is empty; say it, or \"*\" where any is meant")]
    EmptyPart { key: &'static str },
    #[error("the text is a SHA-256 of 64 small hex digits, or \"*\" where any is meant; write one")]
    TextDigest,
    #[error(
        "it suppresses everything; name the finding, the server, the tool, the field or the text"
    )]
    SuppressesAll,
    #[error("no shipped policy is called {name:?}; extend one of {}", .known.join(", "))]
    Extends { name: String, known: Vec<&'static str> },
    #[error("{id:?} is no rule and no budget of {of}; `tollgate policy show {of}` has their ids")]
    NotThere { id: String, of: String },
    #[error(
        "without leaves out rules of the policy that a file extends; add extends, or take it out"
    )]
    WithoutAlone,
    #[error("a budget of {calls} calls is none; write 1 to {most}, or deny by a rule")]
    Calls { calls: u64, most: u64 },
    #[error("{per:?} is no time of a budget; write session, or a time up to a day: 30s, 10m, 2h")]
    Per { per: String },
    #[error("{grace:?} is no grace; write a time up to thirty days: 30m, 24h")]
    Grace { grace: String },
    #[error("{deadline:?} is no deadline; write a time from ten seconds to a day: 30s, 5m, 1h")]
    Deadline { deadline: String },
    #[error("a budget that only allows or marks limits nothing; write deny or ask")]
    MildBudget,
    #[error("{key} is not supported yet; take it out")]
    NotYet { key: &'static str },
    #[error("the pattern {pattern:?} cannot be used: {why}; correct it")]
    Pattern { pattern: String, why: String },
    #[error("a pattern is longer than {limit_bytes} bytes; shorten it with *")]
    PatternTooLong { limit_bytes: usize },
    #[error("the patterns together cannot be used: {why}; use fewer or simpler ones")]
    Patterns { why: String },
    #[error("more than {limit} rules; join rules into lists of patterns")]
    TooManyRules { limit: usize },
    #[error(
        "the example {example:?} is no call; write server.tool, or server.tool {{\"path\":\"x\"}}"
    )]
    Example { example: String },
    #[error(
        "the example {example:?} should match this rule and does not; widen match or move it to miss"
    )]
    ExampleMissed { example: String },
    #[error(
        "the example {example:?} should miss this rule and matches; narrow match or move it to match"
    )]
    ExampleMatched { example: String },
}

fn advise(nearest: Option<&'static str>, known: &[&'static str]) -> String {
    nearest.map_or_else(
        || format!("use one of {}", known.join(", ")),
        |near| format!("did you mean {near:?}?"),
    )
}

impl Cause {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum with sixty variants")]
    fn from_yaml(error: &YamlError) -> Self {
        match error.without_snippet() {
            YamlError::SerdeUnknownField { field, expected, .. } => Self::UnknownKey {
                key: field.clone(),
                nearest: nearest(field, expected),
                known: expected.clone(),
            },
            YamlError::SerdeUnknownVariant { variant, expected, .. } => Self::UnknownWord {
                word: variant.clone(),
                nearest: nearest(variant, expected),
                known: expected.clone(),
            },
            YamlError::SerdeMissingField { field, .. } => Self::MissingKey { key: field },
            YamlError::DuplicateMappingKey { key, .. } => {
                Self::SameKey { key: key.clone().unwrap_or_default() }
            }
            YamlError::SerdeInvalidType { unexpected, expected, .. } => {
                Self::WrongType { found: unexpected.clone(), expected: expected.clone() }
            }
            YamlError::Eof { .. } => Self::Empty,
            YamlError::Budget { breach, .. } => Self::Budget { what: budget(breach) },
            YamlError::Unexpected { expected: "mapping start", .. } => {
                Self::Expected { expected: "a mapping with its keys" }
            }
            YamlError::Unexpected { expected: "sequence start", .. } => {
                Self::Expected { expected: "a list, [] if it has nothing," }
            }
            YamlError::InvalidScalar { ty: "u64", .. } => {
                Self::Expected { expected: "a whole number" }
            }
            other => Self::Yaml { message: plain(other) },
        }
    }
}

/// The name of the limit, in small letters.
fn budget(breach: &impl std::fmt::Debug) -> String {
    let text = format!("{breach:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The message without the place, which stands before it already.
fn plain(error: &YamlError) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let text = first.rsplit_once(" at line ").map_or(first, |(message, _)| message);
    text.trim_end_matches([':', '.', ' ']).to_owned()
}

/// The id of the rule that a line stands in, by the look of the text: enough for a message.
fn rule_at(text: &str, line: u64) -> Option<String> {
    let mut rule = None;
    for text in text.lines().take(usize::try_from(line).unwrap_or_default()) {
        let inner = text.trim_start();
        if inner.len() == text.len() && !inner.starts_with(['-', '#']) && !inner.is_empty() {
            rule = None;
        }
        let item = inner.strip_prefix("- ");
        let key = item.unwrap_or(inner).trim_start_matches(['{', ' ']);
        if let Some(id) = key.strip_prefix("id:") {
            let id = id.split([',', '#', '}']).next().unwrap_or_default();
            rule = Some(id.trim().trim_matches(['"', '\'']).to_owned());
        } else if item.is_some_and(|item| item.contains(": ")) {
            rule = None;
        }
    }
    rule
}

/// Long words are far from all.
pub(super) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let like = known.iter().filter(|other| word.len() <= other.len().saturating_add(NEAR_EDITS));
    let near = like.map(|other| (strsim::levenshtein(word, other), *other));
    near.filter(|(edits, _)| *edits <= NEAR_EDITS).min().map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (left, right, expected) in [
            ("", "", 0),
            ("why", "why", 0),
            ("verdit", "verdict", 1),
            ("maches", "match", 3),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
        ] {
            assert_eq!(strsim::levenshtein(left, right), expected, "{left} {right}");
        }
        assert_eq!(nearest("tol", &["server", "tool"]), Some("tool"));
        assert_eq!(nearest("tools-and-servers", &["server", "tool"]), None);
    }
}
