//! A policy's text, as serde reads it, with the place of everything that can be wrong later.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::arguments::{ArgumentText, ArgumentsText};
use super::budget::BudgetText;
use super::definitions::DefinitionsText;
use super::results::ResultText;
use super::schema::{Example, NAME_FORM, Pattern, RuleId, SENTENCE_FORM};
use super::suppress::SuppressionText;
use super::{Phase, Risk, Verdict};
use crate::inspect::Severity;

/// Longest policy that is read, in bytes; shipped ones have about 5 KiB.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Rules of a document; each call is matched against all at once, so this bounds the step.
pub(super) const RULES_MAX: usize = 1000;

/// A policy: what an agent may call, under which conditions, and what is said of everything else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "policy")]
pub(super) struct Document {
    /// The version of the format: 1.
    #[schemars(with = "u64", extend("const" = 1))]
    pub(super) version: Spanned<u64>,
    /// The policy's name: small letters, digits, dots and dashes.
    #[schemars(with = "String", regex(pattern = NAME_FORM))]
    pub(super) name: Spanned<String>,
    /// A shipped policy, of which everything holds that this one says nothing else of.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = NAME_FORM))]
    pub(super) extends: Option<Spanned<String>>,
    /// Rules and budgets of what lies below that do not hold, by their ids.
    #[serde(default)]
    #[schemars(with = "Vec<RuleId>")]
    pub(super) without: Vec<Spanned<String>>,
    /// What becomes of verdicts. Only what is put over another policy may leave it out.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) phase: Option<Phase>,
    /// Phases of single features, where they are others than the policy's.
    #[serde(default)]
    pub(super) phases: PhasesText,
    /// How long a call waits for an operator at most, where its agent would wait longer: `10s` to `24h`, or five minutes.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = "^0*[1-9][0-9]*[smh]$"))]
    pub(super) deadline: Option<Spanned<String>>,
    /// Whether recordings have secrets as they were sent; where nothing is said, each is replaced by what it was.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "RecordingText")]
    pub(super) recording: Option<RecordingText>,
    /// What holds where no rule fits. Every policy has one; a layer, which is put over a policy, has none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "DefaultText")]
    pub(super) default: Option<DefaultText>,
    /// What each role may call, by its name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": NAME_FORM }))]
    pub(super) agent_roles: BTreeMap<String, RoleText>,
    /// Calls that wait for a person.
    #[serde(default)]
    pub(super) human_approval_required: Vec<ApprovalText>,
    /// How often a session may call something.
    #[serde(default)]
    pub(super) budgets: Vec<BudgetText>,
    /// What becomes of servers' definitions that are new or changed.
    #[serde(default)]
    pub(super) definitions: Vec<DefinitionsText>,
    /// What single arguments may be: by tool, then by argument, `*` for any.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, ArgumentText>>")]
    pub(super) argument_policies: ArgumentsText,
    /// What becomes of answers in which detectors saw something, in any order: the strictest of those that fit wins.
    #[serde(default)]
    pub(super) results: Vec<ResultText>,
    /// Findings that are false alarms. What stands over or beside a policy has none.
    #[serde(default)]
    pub(super) suppressions: Vec<SuppressionText>,
    /// The rules, in any order: the strictest of those that fit wins. `[]` if there are none.
    #[schemars(length(max = RULES_MAX))]
    pub(super) rules: Vec<RuleText>,
    #[serde(default)]
    #[schemars(skip)]
    pub(super) trust_domains: Option<Spanned<IgnoredAny>>,
}

/// What recordings have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "recording")]
pub(super) enum RecordingText {
    /// Secrets are replaced.
    Redacted,
    /// Everything as it was sent, secrets too.
    Raw,
}

/// The phase of a feature, where it is another than the policy's.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "phases")]
pub(super) struct PhasesText {
    /// `agent_roles`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) allowlist: Option<Phase>,
    /// `human_approval_required`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) approvals: Option<Phase>,
    /// `budgets`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) budgets: Option<Phase>,
    /// `definitions`.
    #[serde(default, deserialize_with = "given")]
    pub(super) definitions: Option<Phase>,
    /// `argument_policies`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) arguments: Option<Phase>,
    /// `results`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) results: Option<Phase>,
    /// `rules`, and the default.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Phase")]
    pub(super) rules: Option<Phase>,
}

/// What one role may call: these tools and no others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "role")]
pub(super) struct RoleText {
    /// Why, in a sentence that refusals show.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) reason: Spanned<String>,
    /// Patterns over the tools that it may call, as they are spelled.
    #[schemars(with = "Vec<Pattern>")]
    pub(super) allowed_tools: Spanned<Vec<String>>,
    /// Patterns over tools that it may not call, whatever the list says.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) denied_tools: Option<Spanned<Patterns>>,
}

/// Calls of a tool that wait for a person, always or where the condition holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "approval")]
pub(super) struct ApprovalText {
    /// Which tools.
    #[schemars(with = "Patterns")]
    pub(super) tool: Spanned<Patterns>,
    /// `always`, or a condition in CEL over the call.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) condition: Spanned<String>,
    /// Why, in a sentence that the card shows.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) reason: Spanned<String>,
    /// How much harm a mistaken yes could do.
    #[serde(default)]
    pub(super) risk: Risk,
}

/// What holds where no rule matches.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "default")]
pub(super) struct DefaultText {
    /// What is said of the call.
    pub(super) verdict: Verdict,
    /// Why, in a sentence that cards and refusals show.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) why: Spanned<String>,
}

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "rule")]
pub(super) struct RuleText {
    /// Its own for every rule: small letters, digits, dots and dashes.
    #[schemars(with = "RuleId")]
    pub(super) id: Spanned<String>,
    /// Why, in a sentence that cards and refusals show.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) why: Spanned<String>,
    /// Which calls it is about.
    #[serde(rename = "match")]
    #[schemars(with = "MatchText")]
    pub(super) matches: Spanned<MatchText>,
    /// What it says of them.
    pub(super) verdict: Verdict,
    /// How much harm a mistaken yes could do.
    #[serde(default)]
    pub(super) risk: Risk,
    /// Arguments that the card shows first.
    #[serde(default)]
    pub(super) show: Vec<String>,
    /// Calls that it has to match and to miss, checked whenever the file is loaded.
    #[serde(default)]
    pub(super) examples: ExamplesText,
}

/// Which calls a rule is about; all that are given have to fit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "match", extend("minProperties" = 1, "not" = { "required": ["tool", "method"] }))]
pub(super) struct MatchText {
    /// Names of servers.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) server: Option<Spanned<Patterns>>,
    /// Names of tools.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) tool: Option<Spanned<Patterns>>,
    /// Names of roles.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) role: Option<Spanned<Patterns>>,
    /// Methods of requests that are no calls of tools.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) method: Option<Spanned<Patterns>>,
    /// Rules of detection of which one has to have seen something in it: `secret.*`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) finding: Option<Spanned<Patterns>>,
    /// How bad what was seen has to be at least; without `finding`: whatever saw it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Severity")]
    pub(super) severity: Option<Severity>,
    /// A condition in CEL over `args`, `text`, `size`, `server`, `tool`, `method` and `role`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) when: Option<Spanned<String>>,
}

/// Calls that a rule has to match and to miss: `server.tool`, or `server.tool {"path":"/etc"}`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "examples")]
pub(super) struct ExamplesText {
    /// Calls that it has to match.
    #[serde(default, rename = "match")]
    #[schemars(with = "Vec<Example>")]
    pub(super) matches: Vec<Spanned<String>>,
    /// Calls that it has to miss.
    #[serde(default)]
    #[schemars(with = "Vec<Example>")]
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
