//! Suppressions: findings that an operator looked at once and took for false alarms.
//!
//! A suppression is as narrow as what was seen, and each part is wide only where `*` is written down (design.md section
//! 7: the base policy and its user's suppressions are one document). What stands beside or over a policy cannot have
//! any, because it may only make the policy stricter.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use sha2::{Digest as _, Sha256};

use super::compile::PolicyError;
use super::error::{Cause, Place};
use super::schema::{RuleId, SENTENCE_FORM};
use crate::text::hex;

/// What stands for any value.
pub const ANY: &str = "*";
/// Hex digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;
/// Suppressions of a document.
const SUPPRESSIONS_MAX: usize = 1000;
/// What is built in is no detection: it says what Tollgate itself does.
const BUILTIN: &str = "builtin.";

/// Where exactly a detector saw something: what a suppression is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// The server's name.
    pub server: String,
    /// The tool's name, or that of another thing whose definition it is; empty where there is none.
    pub tool: String,
    /// What was looked at, and a JSON pointer into it: `arguments/body`, `answer/content/0/text`.
    pub field: String,
    /// SHA-256 of the whole text in which it was seen, as 64 hex digits; empty in a recording of a secret, which must not be
    /// guessed from it, and where it is about no text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Hexadecimal digits of a finding's id.
const ID_DIGITS: usize = 10;

impl Spot {
    /// The id of what this rule saw here: short, and the same in every recording.
    #[must_use]
    pub fn id(&self, rule: &str) -> String {
        let parts = [rule, &self.server, &self.tool, &self.field, &self.text];
        Self::digest(&parts.join("\0")).get(..ID_DIGITS).unwrap_or_default().to_owned()
    }

    /// How a text is named without being told.
    #[must_use]
    pub fn digest(text: &str) -> String {
        hex(&Sha256::digest(text.as_bytes()))
    }
}

/// One suppression of a document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "suppression")]
pub(super) struct SuppressionText {
    /// Its own for every suppression.
    #[schemars(with = "RuleId")]
    id: Spanned<String>,
    /// The rule of detection whose finding it is, or `*`.
    #[schemars(with = "String", length(min = 1))]
    finding: Spanned<String>,
    /// The server's name as it is, or `*`.
    #[schemars(with = "String", length(min = 1))]
    server: Spanned<String>,
    /// The tool's name as it is, empty for what belongs to no tool, or `*`.
    #[schemars(with = "String")]
    tool: Spanned<String>,
    /// What was looked at and where in it, `arguments/body`, or `*`.
    #[schemars(with = "String", length(min = 1))]
    field: Spanned<String>,
    /// SHA-256 of the whole text in which it was seen, as 64 hex digits, or `*`.
    #[schemars(with = "String", regex(pattern = r"^(\*|[0-9a-f]{64})$"))]
    text: Spanned<String>,
    /// Why it is a false alarm, in a sentence.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    reason: Spanned<String>,
    /// Who said so.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    by: Spanned<String>,
    /// When, as RFC 3339 writes it.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    at: Spanned<String>,
    /// The recording and the record in which it was seen, `claude-code-1#12`: `tollgate findings check` decides that again.
    #[serde(default)]
    seen: Option<String>,
}

/// A false alarm, and how far that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Its own.
    pub id: String,
    /// The rule of detection, or [`ANY`]; as the other parts.
    pub finding: String,
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What was looked at and where in it.
    pub field: String,
    /// SHA-256 of the text.
    pub text: String,
    /// Why, in a sentence.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, as RFC 3339 writes it.
    pub at: String,
    /// The case that it must silence: a recording and the number of a record, `claude-code-1#12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// How much wider than what was seen a suppression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wider {
    /// Exactly what was seen.
    Not,
    /// Any text in that field.
    Text,
    /// Any field of that tool.
    Field,
    /// Any tool of that server.
    Tool,
    /// Any server.
    Server,
}

impl Suppression {
    /// The one of a finding at this place, named by what it says. `None` where the exact text is asked for and is not
    /// known: it was a secret.
    #[must_use]
    pub fn of(
        rule: &str,
        spot: &Spot,
        wider: Wider,
        (reason, by, at): (&str, &str, &str),
    ) -> Option<Self> {
        if rule.starts_with(BUILTIN) || spot.text.is_empty() && wider == Wider::Not {
            return None;
        }
        let part = |value: &str, from: Wider| if wider >= from { ANY } else { value }.to_owned();
        let mut one = Self {
            id: String::new(),
            finding: rule.to_owned(),
            server: part(&spot.server, Wider::Server),
            tool: part(&spot.tool, Wider::Tool),
            field: part(&spot.field, Wider::Field),
            text: part(&spot.text, Wider::Text),
            reason: reason.to_owned(),
            by: by.to_owned(),
            at: at.to_owned(),
            seen: None,
        };
        let parts = [&one.finding, &one.server, &one.tool, &one.field, &one.text];
        let digest = Spot::digest(&parts.map(String::as_str).join("\0"));
        one.id = format!("false-alarm.{}", digest.get(..12).unwrap_or_default());
        Some(one)
    }

    /// Whether a finding of this rule at this place is meant. An empty text is known by nobody: only `*` is it.
    #[must_use]
    pub fn holds(&self, rule: &str, spot: &Spot) -> bool {
        let is = |part: &str, value: &str| part == ANY || part == value;
        !rule.starts_with(BUILTIN)
            && is(&self.finding, rule)
            && is(&self.server, &spot.server)
            && is(&self.tool, &spot.tool)
            && is(&self.field, &spot.field)
            && is(&self.text, &spot.text)
    }
}

/// Checks a document's suppressions. `may`: whether the document can have any.
pub(super) fn compile(
    file: &str,
    all: &[SuppressionText],
    may: bool,
) -> Result<Vec<Suppression>, PolicyError> {
    let error = |at: &Spanned<String>, id: &str, cause| {
        Err(PolicyError::new(file, Place::of(at.referenced), Some(id), cause))
    };
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    let mut compiled = Vec::new();
    for (count, one) in all.iter().enumerate() {
        let id = one.id.value.as_str();
        if !may {
            return error(&one.id, id, Cause::SuppressionsOfLayer);
        }
        if count >= SUPPRESSIONS_MAX {
            return error(&one.id, id, Cause::TooManySuppressions { limit: SUPPRESSIONS_MAX });
        }
        let named = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if id.is_empty() || !id.bytes().all(named) {
            return error(&one.id, id, Cause::Name { name: id.to_owned() });
        }
        if !ids.insert(id) {
            return error(&one.id, id, Cause::SameSuppression);
        }
        if one.finding.value.starts_with(BUILTIN) {
            return error(&one.finding, id, Cause::SuppressedBuiltin);
        }
        for (key, part) in
            [("finding", &one.finding), ("server", &one.server), ("field", &one.field)]
        {
            if part.value.is_empty() {
                return error(part, id, Cause::EmptyPart { key });
            }
        }
        let digits = |text: &str| {
            text.len() == DIGEST_DIGITS
                && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if one.text.value != ANY && !digits(&one.text.value) {
            return error(&one.text, id, Cause::TextDigest);
        }
        for (key, said) in [("reason", &one.reason), ("by", &one.by), ("at", &one.at)] {
            if said.value.trim().is_empty() {
                return error(said, id, Cause::EmptyPart { key });
            }
        }
        let parts = [&one.finding, &one.server, &one.tool, &one.field, &one.text];
        if parts.iter().all(|part| part.value == ANY) {
            return error(&one.id, id, Cause::SuppressesAll);
        }
        let text = |part: &Spanned<String>| part.value.clone();
        compiled.push(Suppression {
            id: text(&one.id),
            finding: text(&one.finding),
            server: text(&one.server),
            tool: text(&one.tool),
            field: text(&one.field),
            text: text(&one.text),
            reason: text(&one.reason),
            by: text(&one.by),
            at: text(&one.at),
            seen: one.seen.clone(),
        });
    }
    Ok(compiled)
}

#[cfg(test)]
mod tests;
