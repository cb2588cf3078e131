//! From a policy's text to something that answers questions, or to one error that says where, what and
//! what to do.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_saphyr::Spanned;
use sha2::{Digest as _, Sha256};

use super::document::{self, Document, MatchText, RuleText, TEXT_BYTES_MAX};
pub use super::error::PolicyError;
use super::error::{Cause, Place};
use super::evaluate::Question;
use super::explain::{Considered, Fit};
use super::name::{folded, folded_pattern};
use super::{Phase, Reason, Risk, Verdict};

/// The one version of the format.
const VERSION: u64 = 1;
/// Rules of a document; each call is matched against all at once, so this bounds the step.
const RULES_MAX: usize = 1000;
/// Longest pattern, in bytes: twice the longest name that the specification advises.
const PATTERN_BYTES_MAX: usize = 256;
/// Ids that begin so are ours.
const BUILTIN: &str = "builtin.";
/// The id in the reason of the default.
pub(super) const DEFAULT: &str = "default";

/// A policy that was checked and compiled; deciding with it cannot fail.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    phase: Phase,
    text: String,
    default: Reason,
    rules: Vec<Rule>,
    servers: Globs,
    tools: Globs,
}

/// One rule, compiled: its patterns live in the policy's sets.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) reason: Reason,
    pub(super) risk: Risk,
    any_server: bool,
    any_tool: bool,
}

/// All patterns over one kind of name, with the rule that each belongs to.
#[derive(Debug, Clone)]
struct Globs {
    /// Every rule's patterns, for the exact name.
    exact: GlobSet,
    exact_rules: Vec<usize>,
    /// The patterns of the rules that ask or deny, for folded names.
    folded: GlobSet,
    folded_rules: Vec<usize>,
}

impl Globs {
    /// The rules, by number and possibly more than once, of which a pattern fits this name.
    fn rules(&self, name: &str) -> Vec<usize> {
        let mut rules = self.exact(name);
        rules.extend(self.folded(name));
        rules
    }

    /// Those that fit it as it is spelled.
    fn exact(&self, name: &str) -> Vec<usize> {
        Self::owners(&self.exact, &self.exact_rules, name)
    }

    /// Those of the strict ones that fit it in another spelling.
    fn folded(&self, name: &str) -> Vec<usize> {
        if self.folded_rules.is_empty() {
            return Vec::new();
        }
        let [plain, words] = folded(name);
        let mut rules = Self::owners(&self.folded, &self.folded_rules, &plain);
        if words != plain {
            rules.extend(Self::owners(&self.folded, &self.folded_rules, &words));
        }
        rules
    }

    fn owners(set: &GlobSet, owners: &[usize], name: &str) -> Vec<usize> {
        set.matches(fenced(name)).iter().filter_map(|at| owners.get(*at)).copied().collect()
    }
}

/// The sets while they are filled.
struct GlobsBuilder {
    exact: GlobSetBuilder,
    exact_rules: Vec<usize>,
    folded: GlobSetBuilder,
    folded_rules: Vec<usize>,
}

impl GlobsBuilder {
    fn new() -> Self {
        Self {
            exact: GlobSetBuilder::new(),
            exact_rules: Vec::new(),
            folded: GlobSetBuilder::new(),
            folded_rules: Vec::new(),
        }
    }

    fn add(&mut self, pattern: &str, rule: usize, verdict: Verdict) -> Result<(), Cause> {
        self.exact.add(glob(pattern)?);
        self.exact_rules.push(rule);
        match verdict {
            Verdict::Ask | Verdict::Deny => {
                self.folded.add(glob(&folded_pattern(pattern))?);
                self.folded_rules.push(rule);
            }
            Verdict::Allow | Verdict::Mark => {}
        }
        Ok(())
    }

    fn build(self) -> Result<Globs, Cause> {
        let build = |set: &GlobSetBuilder| {
            set.build().map_err(|error| Cause::Patterns { why: error.kind().to_string() })
        };
        Ok(Globs {
            exact: build(&self.exact)?,
            exact_rules: self.exact_rules,
            folded: build(&self.folded)?,
            folded_rules: self.folded_rules,
        })
    }
}

fn glob(pattern: &str) -> Result<globset::Glob, Cause> {
    let bad = |why: String| Cause::Pattern { pattern: pattern.to_owned(), why };
    if pattern.is_empty() {
        return Err(bad("it is empty".to_owned()));
    }
    if pattern.contains("**") {
        return Err(bad("** is for folders, and names have none: write *".to_owned()));
    }
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(Cause::PatternTooLong { limit_bytes: PATTERN_BYTES_MAX });
    }
    let build = |pattern: &str| {
        let mut builder = GlobBuilder::new(pattern);
        builder.literal_separator(false).backslash_escape(true).empty_alternates(true);
        builder.build().map_err(|error| bad(error.kind().to_string()))
    };
    // As it was written first: a fence would close what it leaves open.
    build(pattern)?;
    build(&fenced(pattern))
}

/// globset takes what it matches for a path: `*.` does not match `..`, because that has no file name. Between two
/// letters nothing is the end of a path, and both pattern and name have them.
fn fenced(text: &str) -> String {
    format!("x{text}x")
}

impl Policy {
    /// Reads, checks and compiles a policy. `file` names it in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place; nothing of a broken policy is ever in force.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        if text.len() > TEXT_BYTES_MAX {
            let cause = Cause::TooLarge { limit_bytes: TEXT_BYTES_MAX };
            return Err(PolicyError::new(file, Place::default(), None, cause));
        }
        let document =
            document::read(text).map_err(|error| PolicyError::from_yaml(file, text, &error))?;
        compile(file, text, document)
    }

    /// The document's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether verdicts act.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The text it was compiled from, for the recording.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, as 64 hex digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest: [u8; 32] = Sha256::digest(self.text.as_bytes()).into();
        let mut text = String::with_capacity(64);
        for nibble in digest.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    }

    pub(super) const fn default_reason(&self) -> &Reason {
        &self.default
    }

    /// The rules that fit, in the document's order.
    pub(super) fn fitting(&self, question: &Question<'_>) -> Vec<&Rule> {
        let servers = self.servers.rules(question.server);
        let tools = self.tools.rules(question.tool);
        let fits = |at: usize, rule: &Rule| {
            (rule.any_server || servers.contains(&at)) && (rule.any_tool || tools.contains(&at))
        };
        let rules = self.rules.iter().enumerate();
        rules.filter(|(at, rule)| fits(*at, rule)).map(|(_, rule)| rule).collect()
    }
}

impl Policy {
    /// Every rule, and how the names fit it.
    pub(super) fn considered(&self, question: &Question<'_>) -> Vec<Considered<'_>> {
        let fit = |globs: &Globs, name: &str| {
            let (exact, folded) = (globs.exact(name), globs.folded(name));
            move |any: bool, rule: usize| match any {
                true => Fit::Any,
                false if exact.contains(&rule) => Fit::Exact,
                false if folded.contains(&rule) => Fit::Folded,
                false => Fit::No,
            }
        };
        let server = fit(&self.servers, question.server);
        let tool = fit(&self.tools, question.tool);
        let rules = self.rules.iter().enumerate();
        rules
            .map(|(at, rule)| Considered {
                reason: &rule.reason,
                risk: rule.risk,
                server: server(rule.any_server, at),
                tool: tool(rule.any_tool, at),
            })
            .collect()
    }

    /// How many rules it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether the default alone speaks.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// Checks that need the place of one value, for errors with the rule's id.
struct Checker<'a> {
    file: &'a str,
    rule: Option<&'a str>,
}

impl Checker<'_> {
    fn error<T>(&self, at: &Spanned<T>, cause: Cause) -> PolicyError {
        PolicyError::new(self.file, Place::of(at.referenced), self.rule, cause)
    }

    fn name(&self, name: &Spanned<String>) -> Result<(), PolicyError> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        if name.value.is_empty() || !name.value.bytes().all(fits) {
            return Err(self.error(name, Cause::Name { name: name.value.clone() }));
        }
        Ok(())
    }

    fn why(&self, why: &Spanned<String>) -> Result<String, PolicyError> {
        let sentence = why.value.trim();
        if sentence.is_empty() {
            return Err(self.error(why, Cause::EmptyWhy));
        }
        Ok(sentence.to_owned())
    }
}

fn compile(file: &str, text: &str, document: Document) -> Result<Policy, PolicyError> {
    let whole = Checker { file, rule: None };
    let Document { version, name, phase, default, rules } = document;
    if version.value != VERSION {
        return Err(whole.error(&version, Cause::Version { version: version.value }));
    }
    whole.name(&name)?;
    let reason = Reason {
        rule: DEFAULT.to_owned(),
        why: Checker { file, rule: Some(DEFAULT) }.why(&default.why)?,
        verdict: default.verdict,
    };
    if rules.len() > RULES_MAX {
        return Err(whole.error(&name, Cause::TooManyRules { limit: RULES_MAX }));
    }
    let (mut servers, mut tools) = (GlobsBuilder::new(), GlobsBuilder::new());
    let mut compiled: Vec<Rule> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let before = rules.get(..at).unwrap_or_default();
        compiled.push(compile_rule(file, at, rule, before, &mut servers, &mut tools)?);
    }
    let broken = |cause| PolicyError::new(file, Place::default(), None, cause);
    let policy = Policy {
        name: name.value,
        phase,
        text: text.to_owned(),
        default: reason,
        rules: compiled,
        servers: servers.build().map_err(broken)?,
        tools: tools.build().map_err(broken)?,
    };
    rules.iter().try_for_each(|rule| check_examples(file, rule, &policy))?;
    Ok(policy)
}

fn compile_rule(
    file: &str,
    at: usize,
    rule: &RuleText,
    before: &[RuleText],
    servers: &mut GlobsBuilder,
    tools: &mut GlobsBuilder,
) -> Result<Rule, PolicyError> {
    let check = Checker { file, rule: Some(&rule.id.value) };
    check.name(&rule.id)?;
    if rule.id.value.starts_with(BUILTIN) || rule.id.value == DEFAULT {
        return Err(check.error(&rule.id, Cause::ReservedId));
    }
    if let Some(first) = before.iter().find(|other| other.id.value == rule.id.value) {
        let line = Place::of(first.id.referenced).line;
        return Err(check.error(&rule.id, Cause::SameId { line }));
    }
    let why = check.why(&rule.why)?;
    let MatchText { server, tool } = &rule.matches.value;
    if server.is_none() && tool.is_none() {
        return Err(check.error(&rule.matches, Cause::EmptyMatch));
    }
    for (patterns, globs) in [(server, servers), (tool, tools)] {
        let Some(patterns) = patterns else { continue };
        for pattern in &patterns.value.0 {
            globs.add(pattern, at, rule.verdict).map_err(|cause| check.error(patterns, cause))?;
        }
    }
    let reason = Reason { rule: rule.id.value.clone(), why, verdict: rule.verdict };
    Ok(Rule { reason, risk: rule.risk, any_server: server.is_none(), any_tool: tool.is_none() })
}

/// A rule has to match and to miss what it says it does, whatever the other rules say.
fn check_examples(file: &str, rule: &RuleText, policy: &Policy) -> Result<(), PolicyError> {
    let check = Checker { file, rule: Some(&rule.id.value) };
    let matches = rule.examples.matches.iter().map(|example| (example, true));
    let misses = rule.examples.miss.iter().map(|example| (example, false));
    for (example, wanted) in matches.chain(misses) {
        let text = example.value.clone();
        let Some((server, tool)) = text.split_once('.') else {
            return Err(check.error(example, Cause::Example { example: text }));
        };
        let fitting = policy.fitting(&Question { server, tool });
        if fitting.iter().any(|other| other.reason.rule == rule.id.value) != wanted {
            let cause = if wanted {
                Cause::ExampleMissed { example: text }
            } else {
                Cause::ExampleMatched { example: text }
            };
            return Err(check.error(example, cause));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
