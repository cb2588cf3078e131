//! What single arguments of a tool may be: `argument_policies`.
//!
//! Each line of it is a rule that denies (or asks), which fits where the argument is none of what it may be. Of two
//! lines about the size of one argument the narrower counts, so that one tool may be given more room than all others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use globset::GlobSet;
use regex::{RegexSet, RegexSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::document::given;
use super::error::{Cause, Place, PolicyError};
use super::evaluate::Question;
use super::globs::{fenced, few};
use super::schema::{Beyond, SENTENCE_FORM};
use super::{Risk, Verdict};
use crate::inspect::size::Limits;

/// The rules of `argument_policies`.
pub(super) const ARGUMENTS: &str = "argument.";
/// Stands for every tool, and for every argument.
const ANY: &str = "*";
/// Size of the compiled patterns of one argument, in bytes; as in conditions.
const PATTERNS_BYTES_MAX: usize = 1 << 20;
/// What personal data is told as.
const PERSONAL: &str = "personal.";

/// What one argument may be; all that is said has to hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "argument_policy", extend("minProperties" = 1))]
pub(super) struct ArgumentText {
    /// How many bytes it may have: of a text itself, of anything else as it is written.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "u64")]
    pub(super) max_bytes: Option<Spanned<u64>>,
    /// From how many bytes on a finding tells of it; this alone stops nothing.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "u64")]
    pub(super) warn_bytes: Option<u64>,
    /// How many items a list in it has before a finding tells of it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "u64")]
    pub(super) array_items: Option<u64>,
    /// How many lists and objects stand within each other before a finding tells of it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "u64")]
    pub(super) depth: Option<u64>,
    /// How many times as large as those of earlier calls all arguments are before a finding tells of it; of `*` alone.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "u64")]
    pub(super) history_factor: Option<u64>,
    /// Patterns (regular expressions) of which none may be in it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) block_patterns: Vec<Spanned<String>>,
    /// Whether it may have no personal data.
    #[serde(default)]
    pub(super) pii_scan: bool,
    /// All that it may be.
    #[serde(default, rename = "enum", deserialize_with = "given")]
    #[schemars(with = "Vec<Value>")]
    pub(super) values: Option<Spanned<Vec<Value>>>,
    /// What is said of a call in which it is something else.
    #[serde(default = "deny")]
    #[schemars(with = "Beyond")]
    pub(super) verdict: Verdict,
    /// How much harm a mistaken yes could do.
    #[serde(default)]
    pub(super) risk: Risk,
    /// Why, in a sentence that cards and refusals show.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) reason: Option<Spanned<String>>,
}

const fn deny() -> Verdict {
    Verdict::Deny
}

/// By tool, then by argument: `*` is any.
pub(super) type ArgumentsText = BTreeMap<String, BTreeMap<String, Spanned<ArgumentText>>>;

/// One thing that an argument may not be.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// Larger than the line with this number says.
    Size(usize, Arc<Sizes>),
    /// With one of these patterns in it.
    Patterns(String, RegexSet),
    /// With personal data in it.
    Personal(String),
    /// None of these.
    Values(String, Vec<Value>),
}

/// What all lines say of sizes.
#[derive(Debug, Clone, Default)]
pub(super) struct Sizes(Vec<SizeLine>);

#[derive(Debug, Clone)]
struct SizeLine {
    tools: GlobSet,
    field: String,
    /// It denies what is larger.
    denies: bool,
    max_bytes: Option<u64>,
    warn_bytes: Option<u64>,
    array_items: Option<u64>,
    depth: Option<u64>,
    history_factor: Option<u64>,
    /// The higher, the narrower.
    rank: u8,
}

impl ArgumentText {
    /// Whether it says anything of how large the argument may be.
    const fn limits_anything(&self) -> bool {
        self.max_bytes.is_some()
            || self.warn_bytes.is_some()
            || self.array_items.is_some()
            || self.depth.is_some()
            || self.history_factor.is_some()
    }
}

impl Sizes {
    /// Of all lines about an argument, by its JSON pointer, the narrowest that says anything of each limit.
    pub(super) fn limits(&self, tool: &str, path: &str) -> Limits {
        let field = path.strip_prefix('/').unwrap_or(ANY).replace("~1", "/").replace("~0", "~");
        let mut lines: Vec<&SizeLine> = (self.0.iter())
            .filter(|line| line.field == ANY || line.field == field)
            .filter(|line| line.tools.is_match(fenced(tool)))
            .collect();
        lines.sort_by_key(|line| line.rank);
        let mut limits = Limits::default();
        for line in lines {
            let set = |limit: &mut u64, said: Option<u64>| *limit = said.unwrap_or(*limit);
            set(&mut limits.block_bytes, line.max_bytes);
            set(&mut limits.warn_bytes, line.warn_bytes);
            set(&mut limits.array_items, line.array_items);
            set(&mut limits.depth, line.depth);
            set(&mut limits.history_factor, line.history_factor);
        }
        limits
    }

    /// What a document says of sizes.
    ///
    /// # Errors
    /// A pattern of a tool that is none.
    pub(super) fn compile(file: &str, all: &ArgumentsText) -> Result<Self, PolicyError> {
        let mut sizes = Self::default();
        for (tool, fields) in all {
            for (field, spanned) in fields {
                if !spanned.value.limits_anything() {
                    continue;
                }
                let place = Place::of(spanned.referenced);
                let tools = few(std::slice::from_ref(tool))
                    .map_err(|cause| PolicyError::new(file, place, None, cause))?;
                let exact = tool.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let narrow = if tool == ANY { 0 } else { 2 + 2 * u8::from(exact) };
                let rank = narrow + u8::from(field != ANY);
                let ArgumentText { warn_bytes, array_items, depth, history_factor, .. } =
                    spanned.value;
                let max_bytes = spanned.value.max_bytes.as_ref().map(|most| most.value);
                let (denies, field) = (max_bytes.is_some(), field.clone());
                sizes.0.push(SizeLine {
                    tools,
                    field,
                    denies,
                    max_bytes,
                    warn_bytes,
                    array_items,
                    depth,
                    history_factor,
                    rank,
                });
            }
        }
        Ok(sizes)
    }

    /// Whether an argument has too many bytes by this line, and no narrower one is about it.
    fn is_over(&self, line: usize, question: &Question<'_>, field: &str, value: &Value) -> bool {
        let Some(own) = self.0.iter().filter(|line| line.denies).nth(line) else { return true };
        let bytes = written(value).len();
        let about = |other: &SizeLine| {
            (other.field == ANY || other.field == field)
                && other.tools.is_match(fenced(question.tool))
        };
        let lines = self.0.iter().filter(|other| other.denies);
        let narrower = lines.filter(|other| other.rank > own.rank).any(about);
        !narrower && own.max_bytes.is_none_or(|most| bytes as u64 > most)
    }
}

/// A text itself, anything else as it is written.
fn written(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

impl Check {
    /// Whether a call has an argument that it may not have. What cannot be read is such a one.
    pub(super) fn holds(&self, question: &Question<'_>) -> bool {
        let Some(raw) = question.arguments else { return false };
        if let Self::Personal(field) = self {
            let path = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
            let within = |of: &str| {
                field == ANY
                    || of
                        .strip_prefix(&path)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let mut all = question.findings.iter();
            return all.any(|one| one.rule.starts_with(PERSONAL) && within(&one.path));
        }
        let Ok(Value::Object(arguments)) = serde_json::from_slice(raw) else { return true };
        let of = |field: &str, bad: &dyn Fn(&str, &Value) -> bool| match field {
            ANY => arguments.iter().any(|(name, value)| bad(name, value)),
            field => arguments.get(field).is_some_and(|value| bad(field, value)),
        };
        match self {
            Self::Personal(_) => true,
            Self::Size(line, sizes) => {
                let line_of = sizes.0.iter().filter(|line| line.denies).nth(*line);
                let field = line_of.map_or(ANY, |line| &line.field);
                of(field, &|name, value| sizes.is_over(*line, question, name, value))
            }
            Self::Patterns(field, patterns) => {
                of(field, &|_, value| patterns.is_match(&written(value)))
            }
            Self::Values(field, values) => of(field, &|_, value| !values.contains(value)),
        }
    }
}

/// One rule of these lines.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) tool: &'a str,
    pub(super) why: String,
    pub(super) text: &'a ArgumentText,
    pub(super) check: Check,
}

/// The rules that a document's lines come to.
///
/// # Errors
/// A line that says nothing, or a pattern that is none.
pub(super) fn lines<'a>(file: &str, all: &'a ArgumentsText) -> Result<Vec<Line<'a>>, PolicyError> {
    let sizes = Arc::new(Sizes::compile(file, all)?);
    let (mut lines, mut next) = (Vec::new(), 0..);
    for (tool, fields) in all {
        for (field, spanned) in fields {
            let (text, place) = (&spanned.value, Place::of(spanned.referenced));
            let error = |place, cause| PolicyError::new(file, place, None, cause);
            let mut put = |what: &str, may: String, check| {
                let own = text.reason.as_ref().map(|reason| reason.value.trim().to_owned());
                let why = own.unwrap_or_else(|| format!("The argument {field} of {tool} {may}."));
                let id = format!("{ARGUMENTS}{}.{}.{what}", plain(tool), plain(field));
                lines.push(Line { id, place, tool, why, text, check });
            };
            let name = field.clone();
            if let (Some(most), Some(line)) =
                (&text.max_bytes, text.max_bytes.as_ref().and_then(|_| next.next()))
            {
                let may = format!("may have at most {} bytes", most.value);
                put("max_bytes", may, Check::Size(line, Arc::clone(&sizes)));
            }
            if let Some(first) = text.block_patterns.first() {
                let patterns = text.block_patterns.iter().map(|pattern| pattern.value.as_str());
                let mut set = RegexSetBuilder::new(patterns);
                let set = set.size_limit(PATTERNS_BYTES_MAX).build().map_err(|wrong| {
                    let cause = Cause::Condition { why: wrong.to_string() };
                    error(Place::of(first.referenced), cause)
                })?;
                let may = "may have none of the blocked patterns".to_owned();
                put("block_patterns", may, Check::Patterns(name.clone(), set));
            }
            if text.pii_scan {
                let may = "may have no personal data".to_owned();
                put("pii_scan", may, Check::Personal(name.clone()));
            }
            if let Some(values) = &text.values {
                let may = "may only be what the policy lists".to_owned();
                put("enum", may, Check::Values(name, values.value.clone()));
            }
            let none = !text.limits_anything() && text.block_patterns.is_empty();
            if none && !text.pii_scan && text.values.is_none() {
                return Err(error(place, Cause::EmptyMatch));
            }
        }
    }
    Ok(lines)
}

/// A name as ids have it.
fn plain(name: &str) -> String {
    if name == ANY {
        return "any".to_owned();
    }
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
    name.to_lowercase().chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Evidence, Policy};
    use super::*;
    use crate::inspect::Severity;

    fn policy(arguments: &str) -> Policy {
        let text = format!(
            "version: 1\nname: t\nphase: enforce\ndefault: {{ verdict: allow, why: d }}\nrules: []\n\
             argument_policies:\n{arguments}"
        );
        Policy::parse("t", &text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The sample of features.md G6.
    const TRANSLATE: &str = "  translate:\n    text: { max_bytes: 10240, block_patterns: ['(?i)secret project'], pii_scan: true }\n    \
        target_language: { max_bytes: 64, enum: [de, en, fr, es, it, pt, ja, zh, ko] }\n";

    #[test]
    fn an_argument_is_what_its_line_says_or_the_call_is_denied() {
        let policy = policy(TRANSLATE);
        let long = |n: usize| format!(r#"{{"text":"{}"}}"#, "x".repeat(n));
        for (tool, arguments, rule) in [
            ("translate", r#"{"text":"hello","target_language":"de"}"#, "default"),
            (
                "translate",
                r#"{"text":"hello","target_language":"xx"}"#,
                "argument.translate.target_language.enum",
            ),
            ("translate", &long(10240), "default"),
            ("translate", &long(10241), "argument.translate.text.max_bytes"),
            ("Translate", &long(10241), "argument.translate.text.max_bytes"),
            ("other", &long(10241), "default"),
            (
                "translate",
                r#"{"text":"the Secret Project"}"#,
                "argument.translate.text.block_patterns",
            ),
            (
                "translate",
                r#"{"text":{"a":"secret project"}}"#,
                "argument.translate.text.block_patterns",
            ),
            ("translate", r#"{"other":"secret project"}"#, "default"),
            ("translate", "[1]", "argument.translate.target_language.enum"),
        ] {
            let arguments = Some(arguments.as_bytes());
            let decision = policy.decide(&Question { arguments, ..Question::call("s", tool) });
            assert_eq!(decision.reasons[0].rule, rule, "{tool} {}", decision.reasons[0].why);
        }
        for (path, severity, rule) in [
            ("/text", Severity::Info, "argument.translate.text.pii_scan"),
            ("/text/0", Severity::Info, "argument.translate.text.pii_scan"),
            ("/texture", Severity::High, "default"),
        ] {
            let findings =
                &[Evidence { rule: "personal.email".to_owned(), severity, path: path.to_owned() }];
            let arguments = Some(b"{}".as_slice());
            let question = Question { arguments, findings, ..Question::call("s", "translate") };
            assert_eq!(policy.decide(&question).reasons[0].rule, rule, "{path}");
        }
    }

    #[test]
    fn what_findings_tell_of_has_limits_of_its_own() {
        let policy = policy(
            "  '*': { '*': { warn_bytes: 7, history_factor: 20 } }\n  a: { b: { warn_bytes: 9 }, '*': { depth: 3 } }\n",
        );
        let Limits { warn_bytes, depth, history_factor, .. } = policy.limits("a", "/b");
        assert_eq!((warn_bytes, depth, history_factor), (9, 3, 20));
        let other = policy.limits("x", "");
        assert_eq!(other, Limits { warn_bytes: 7, history_factor: 20, ..Limits::default() });
        assert!(policy.is_empty(), "they stop nothing");
    }

    #[test]
    fn of_two_sizes_the_narrower_counts() {
        let policy = policy(
            "  '*': { '*': { max_bytes: 20480 } }\n  'write_*': { '*': { max_bytes: 40000 } }\n  \
             write_file: { content: { max_bytes: 1000000, verdict: ask } }\n",
        );
        for (tool, field, bytes, said) in [
            ("read", "path", 20480, "default"),
            ("read", "path", 20481, "argument.any.any.max_bytes"),
            ("write_note", "text", 40000, "default"),
            ("write_note", "text", 40001, "argument.write__.any.max_bytes"),
            ("write_file", "content", 100_000, "default"),
            ("write_file", "path", 40001, "argument.write__.any.max_bytes"),
            ("write_file", "content", 1_000_001, "argument.write_file.content.max_bytes"),
        ] {
            let most = policy.limits(tool, &format!("/{field}")).block_bytes;
            assert_eq!(bytes as u64 > most, said != "default", "{tool}.{field} {bytes}");
            let arguments = serde_json::json!({ field: "x".repeat(bytes) }).to_string();
            let arguments = Some(arguments.as_bytes());
            let decision = policy.decide(&Question { arguments, ..Question::call("s", tool) });
            assert_eq!(decision.reasons[0].rule, said, "{tool}.{field} {bytes}");
        }
    }
}
