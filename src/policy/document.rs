//! A policy's text, as serde reads it, with the place of everything that can be wrong later.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::budget::BudgetText;
use super::definitions::DefinitionsText;
use super::{Phase, Risk, Verdict};

/// Longest policy that is read, in bytes; shipped ones have about 5 KiB.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// The whole document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: Spanned<u64>,
    pub(super) name: Spanned<String>,
    pub(super) phase: Phase,
    #[serde(default)]
    pub(super) phases: PhasesText,
    /// A layer has none.
    #[serde(default, deserialize_with = "given")]
    pub(super) default: Option<DefaultText>,
    #[serde(default)]
    pub(super) agent_roles: BTreeMap<String, RoleText>,
    #[serde(default)]
    pub(super) human_approval_required: Vec<ApprovalText>,
    #[serde(default)]
    pub(super) budgets: Vec<BudgetText>,
    #[serde(default)]
    pub(super) definitions: Vec<DefinitionsText>,
    pub(super) rules: Vec<RuleText>,
    #[serde(default)]
    pub(super) argument_policies: Option<Spanned<IgnoredAny>>,
    #[serde(default)]
    pub(super) trust_domains: Option<Spanned<IgnoredAny>>,
}

/// The phase of a feature, where it is another than the policy's.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhasesText {
    /// `agent_roles`.
    #[serde(default, deserialize_with = "given")]
    pub(super) allowlist: Option<Phase>,
    /// `human_approval_required`.
    #[serde(default, deserialize_with = "given")]
    pub(super) approvals: Option<Phase>,
    /// `budgets`.
    #[serde(default, deserialize_with = "given")]
    pub(super) budgets: Option<Phase>,
    /// `definitions`.
    #[serde(default, deserialize_with = "given")]
    pub(super) definitions: Option<Phase>,
    /// `rules`, and the default.
    #[serde(default, deserialize_with = "given")]
    pub(super) rules: Option<Phase>,
}

/// What one role may call: these tools and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleText {
    pub(super) reason: Spanned<String>,
    pub(super) allowed_tools: Spanned<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) denied_tools: Option<Spanned<Patterns>>,
}

/// Calls of a tool that wait for a person, always or where the condition holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalText {
    pub(super) tool: Spanned<Patterns>,
    pub(super) condition: Spanned<String>,
    pub(super) reason: Spanned<String>,
    #[serde(default)]
    pub(super) risk: Risk,
}

/// What holds where no rule matches.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultText {
    pub(super) verdict: Verdict,
    pub(super) why: Spanned<String>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    pub(super) id: Spanned<String>,
    pub(super) why: Spanned<String>,
    #[serde(rename = "match")]
    pub(super) matches: Spanned<MatchText>,
    pub(super) verdict: Verdict,
    #[serde(default)]
    pub(super) risk: Risk,
    /// Arguments that the card shows first.
    #[serde(default)]
    pub(super) show: Vec<String>,
    #[serde(default)]
    pub(super) examples: ExamplesText,
}

/// Which calls a rule is about; all that are given have to fit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchText {
    #[serde(default, deserialize_with = "given")]
    pub(super) server: Option<Spanned<Patterns>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) tool: Option<Spanned<Patterns>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) role: Option<Spanned<Patterns>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) method: Option<Spanned<Patterns>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) when: Option<Spanned<String>>,
}

/// Calls that a rule has to match and to miss: `server.tool`, or `server.tool {"path":"/etc"}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExamplesText {
    #[serde(default, rename = "match")]
    pub(super) matches: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) miss: Vec<Spanned<String>>,
}

/// One pattern or a list of them.
#[derive(Debug)]
pub(super) struct Patterns(pub(super) Vec<String>);

/// A key that is there with nothing behind it is an error, not an absent key: absent means "any".
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PatternsVisitor)
    }
}

struct PatternsVisitor;

impl<'de> Visitor<'de> for PatternsVisitor {
    type Value = Patterns;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pattern in quotes or a list of them")
    }

    fn visit_str<E>(self, pattern: &str) -> Result<Patterns, E> {
        Ok(Patterns(vec![pattern.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Patterns, A::Error> {
        let mut patterns = Vec::new();
        while let Some(pattern) = list.next_element::<String>()? {
            patterns.push(pattern);
        }
        if patterns.is_empty() {
            return Err(A::Error::custom(
                "an empty list of patterns matches nothing: remove it or fill it",
            ));
        }
        Ok(Patterns(patterns))
    }
}

/// Reads a policy's YAML.
pub(super) fn read(text: &str) -> Result<Document, serde_saphyr::Error> {
    read_as(text)
}

/// The same document as plain values, to be compared; `None` where it is no mapping.
pub(super) fn value(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    read_as(text).ok()
}

/// Strictly: one document, no duplicate or merge keys, bounded in every way.
fn read_as<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 200_000,
            max_nodes: 100_000,
            max_depth: 16,
            max_documents: 1,
            max_aliases: 0,
            max_anchors: 0,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        strict_booleans: true,
    };
    serde_saphyr::from_str_with_options(text, options)
}
