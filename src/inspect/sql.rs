//! What a query would do to a database: what it destroys, changes as a whole, lets others do, or reaches beyond it.
//!
//! A text is cut into words, texts and comments as databases do, so that what stands in a text or a comment does nothing,
//! and a keyword is one however it is spaced. Dialects disagree on the backslash in texts; where one is before a quote, the
//! text is read both ways.

mod statement;
mod token;

use self::statement::statements;
use self::token::{Escapes, Token, tokens};
use super::effect::{Effect, InField};
use super::places::{field, is_named};
use super::walk;

/// Longest query that is read, in bytes; what stands behind is not looked at.
const TEXT_MAX: usize = 64 * 1024;
/// Queries in texts of queries that are followed.
const NESTING_MAX: usize = 3;
/// Effects of one query that are told: more say nothing new.
const EFFECTS_MAX: usize = 32;

const FIELD_NAMES: [&str; 4] = ["sql", "query", "statement", "queries"];
const TOOL_NAMES: [&str; 12] = [
    "sql",
    "query",
    "database",
    "db",
    "postgres",
    "postgresql",
    "mysql",
    "sqlite",
    "bigquery",
    "snowflake",
    "clickhouse",
    "duckdb",
];
/// What statements begin with.
const BEGINS: [&str; 33] = [
    "select", "insert", "update", "delete", "drop", "truncate", "alter", "create", "with", "grant",
    "revoke", "copy", "merge", "replace", "explain", "begin", "start", "set", "call", "exec",
    "execute", "do", "attach", "pragma", "load", "use", "show", "declare", "prepare", "if",
    "rename", "vacuum", "values",
];

/// What a query does.
#[must_use]
pub fn effects(query: &str) -> Vec<Effect> {
    let mut found = Vec::new();
    within(query, 0, 0, &mut found);
    found.truncate(EFFECTS_MAX);
    found
}

fn within(query: &str, offset: usize, depth: usize, found: &mut Vec<Effect>) {
    let end = (0..=TEXT_MAX.min(query.len())).rev().find(|end| query.is_char_boundary(*end));
    let query = query.get(..end.unwrap_or_default()).unwrap_or_default();
    if depth > NESTING_MAX {
        return;
    }
    let both = [Escapes::Doubled, Escapes::Backslash];
    let ways = if query.contains("\\'") || query.contains("\\\"") { 2 } else { 1 };
    for escapes in both.into_iter().take(ways) {
        let tokens = tokens(query, escapes);
        let (told, inner) = statements(query, &tokens);
        for effect in told {
            let span = effect.span.start + offset..effect.span.end + offset;
            let effect = Effect { span, ..effect };
            if !found.contains(&effect) && found.len() < EFFECTS_MAX {
                found.push(effect);
            }
        }
        for span in inner {
            let text = query.get(span.clone()).unwrap_or_default();
            within(text, offset + span.start, depth + 1, found);
        }
    }
}

/// The queries among the arguments of a tool, with what they do.
#[must_use]
pub fn in_arguments(tool: &str, arguments: &str) -> Vec<InField> {
    let of_tool = is_named(tool, &TOOL_NAMES);
    let mut all = Vec::new();
    for text in walk::texts(arguments).iter().filter(|text| !text.name) {
        let name = field(&text.path);
        let is_query = is_named(name, &FIELD_NAMES) || of_tool;
        if is_query && begins_as_query(&text.text) {
            let found = effects(&text.text);
            all.extend(found.into_iter().map(|effect| InField { path: text.path.clone(), effect }));
        }
    }
    all.truncate(EFFECTS_MAX);
    all
}

/// Whether a text begins as a statement does: prose of the same first word has no form of one.
#[must_use]
pub fn begins_as_query(text: &str) -> bool {
    let head = tokens(text.get(..512).unwrap_or(text), Escapes::Doubled);
    let mut words = head.iter().filter(|token| !token.is_comment() && !token.is_symbol("("));
    let Some(first) = words.next().map(Token::word) else { return false };
    if !BEGINS.contains(&first.as_str()) {
        return false;
    }
    let second = words.next().map_or_else(String::new, Token::word);
    // `Update the ticket`, `drop me a line`, `select one of them`.
    let is_prose = matches!(
        second.as_str(),
        "the" | "a" | "an" | "this" | "that" | "my" | "our" | "me" | "all" | "it"
    );
    !is_prose || first == "select" && second == "all"
}

#[cfg(test)]
mod tests;
