//! How large the arguments of a call are: for a field, for the tool's own past, and in their form.
//!
//! A field is an argument of the tool with everything in it. A string is measured by the bytes of its text, escapes
//! resolved, and everything else by its bytes as they came; the whole of the arguments by its bytes as they came.
//!
//! Pure, and one pass over the text: what is no JSON is measured as far as it looks like some, and reading it is for others
//! to refuse.

mod history;
mod scan;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

pub use history::{CALLS_MAX, History};

use super::rule::{Rule, Severity};

/// Findings of one call: more say nothing new.
pub const OVERSIZE_MAX: usize = 16;
/// Calls of a tool before its history says anything: of fewer, the next one may as well be the first of its kind.
pub const HISTORY_CALLS_MIN: usize = 20;
/// Characters of a name within a path or an override.
const NAME_CHARS_MAX: usize = 64;

/// What a field is called in an override that is for the whole call.
const ALL_FIELDS: &str = "*";

/// Arguments that are to be noticed: more than a question, a path or a message has.
pub const FIELD_WARN: Rule = Rule {
    id: "size.field-warn",
    severity: Severity::Low,
    in_result: Severity::Low,
    in_argument: Severity::Info,
    owasp: DATA_OUT,
    why: "A field is larger than is usual.",
};
/// Arguments that are too large.
pub const FIELD: Rule = Rule {
    id: "size.field",
    severity: Severity::High,
    in_result: Severity::Medium,
    in_argument: Severity::Low,
    owasp: DATA_OUT,
    why: "A field is larger than it may be.",
};
/// Arguments that are too large for this tool.
pub const HISTORY: Rule = Rule {
    id: "size.history",
    severity: Severity::High,
    in_result: Severity::Medium,
    in_argument: Severity::Low,
    owasp: DATA_OUT,
    why: "The arguments are many times larger than those of earlier calls of this tool.",
};
/// Arrays and objects that have too many items.
pub const ITEMS: Rule = Rule {
    id: "size.items",
    severity: Severity::Medium,
    in_result: Severity::Low,
    in_argument: Severity::Low,
    owasp: DATA_OUT,
    why: "An array or object has more items than it may have.",
};
/// Values within values.
pub const DEPTH: Rule = Rule {
    id: "size.depth",
    severity: Severity::Medium,
    in_result: Severity::Low,
    in_argument: Severity::Low,
    owasp: DATA_OUT,
    why: "Values are nested deeper than they may be.",
};

/// Data that leaves through a tool: tool misuse, and sharing more than is asked for.
const DATA_OUT: &[&str] = &["ASI02", "MCP10"];

/// What one field may have; those of the whole call are the ones of the empty path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// More bytes than so many are to be noticed.
    pub warn_bytes: u64,
    /// More bytes than so many are too many. A policy says `max_bytes`.
    #[serde(alias = "max_bytes")]
    pub block_bytes: u64,
    /// Items of one array, or members of one object.
    pub array_items: u64,
    /// Arrays and objects within each other in one argument: `1` has none, `[1]` one, `[{}]` two.
    pub depth: u64,
    /// How many times the median of the tool's last calls the arguments may be.
    pub history_factor: u64,
    /// Arguments of at most so many bytes are never too many for the history: a tool that was called without any would
    /// else take none.
    pub history_floor_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            warn_bytes: 5 * 1024,
            block_bytes: 20 * 1024,
            // An embedding, the longest list that agents send, has 4096 numbers at most.
            array_items: 4096,
            // Documents of editors and queries, the deepest that agents send, have less than twenty levels.
            depth: 32,
            history_factor: 10,
            history_floor_bytes: 1024,
        }
    }
}

/// Something that is larger than it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oversize {
    /// By which rule.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// A JSON pointer to it; empty for the whole of the arguments. Long names are cut.
    pub path: String,
    /// The argument that it is in; nothing for the whole.
    pub field: Option<String>,
    /// How large it is, in bytes, items or levels.
    pub value: u64,
    /// How large it may be.
    pub limit: u64,
    /// What a limit would have to be so that it may, in the unit of its key.
    needed: u64,
}

impl Oversize {
    /// The key of a policy that its limit stands under.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self.rule.id {
            id if id == FIELD_WARN.id => "warn_bytes",
            id if id == FIELD.id => "max_bytes",
            id if id == HISTORY.id => "history_factor",
            id if id == ITEMS.id => "array_items",
            _ => "depth",
        }
    }

    /// What is counted.
    fn unit(&self) -> &'static str {
        match self.key() {
            "array_items" => "items",
            "depth" => "levels",
            _ => "bytes",
        }
    }

    /// The narrowest entry of a policy with which this call would pass, in YAML: for this tool and this argument alone.
    /// `"*"` stands for all arguments together.
    #[must_use]
    pub fn override_yaml(&self, tool: &str) -> String {
        let field = self.field.as_deref().map_or_else(|| format!("\"{ALL_FIELDS}\""), yaml_name);
        let (tool, key, needed) = (yaml_name(tool), self.key(), self.needed);
        format!("argument_policies: {{{tool}: {{{field}: {{{key}: {needed}}}}}}}")
    }

    /// One line for people: field, value, limit, rule, and the override.
    #[must_use]
    pub fn message(&self, tool: &str) -> String {
        let Self { rule, path, value, limit, .. } = self;
        let place = if path.is_empty() { "the arguments" } else { path };
        let (unit, entry) = (self.unit(), self.override_yaml(tool));
        format!("{place}: {value} {unit}, limit {limit} ({}); to let it pass: {entry}", rule.id)
    }
}

/// What of the arguments of a call is larger than it may be: nothing, for most.
///
/// The limits of an argument are asked for by its JSON pointer (`/text`) and hold for all that is in it; those of the whole,
/// which are about its items, its depth and the history, by the empty path. `history` is what the tool was called with
/// before.
#[must_use]
pub fn sizes(
    arguments: &str,
    limits: &dyn Fn(&str) -> Limits,
    history: Option<&History>,
) -> Vec<Oversize> {
    let whole = limits("");
    let mut found = scan::scan(arguments, &whole, limits);
    let value = u64::try_from(arguments.len()).unwrap_or(u64::MAX);
    let limit = history.and_then(|history| history.limit(&whole));
    if let Some((history, limit)) = history.zip(limit.filter(|limit| value > *limit)) {
        let needed = history.factor_for(value);
        let (rule, severity, path) = (&HISTORY, HISTORY.severity, String::new());
        let one = Oversize { rule, severity, path, field: None, value, limit, needed };
        // It is the only one of its rule, so that it is told before many of another.
        found.insert(0, one);
        found.truncate(OVERSIZE_MAX);
    }
    found
}

/// A name in YAML: as it is where that is safe, and in quotes elsewhere.
fn yaml_name(name: &str) -> String {
    /// Words that mean something else without quotes, in YAML 1.1 or 1.2.
    const WORDS: [&str; 11] =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let is_word = WORDS.iter().any(|word| name.eq_ignore_ascii_case(word));
    if begins && !is_word && name.len() <= NAME_CHARS_MAX && name.bytes().all(plain) {
        return name.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ if c.is_alphanumeric() => quoted.push(c),
            // Writing to a string cannot fail.
            _ => drop(write!(quoted, "\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
