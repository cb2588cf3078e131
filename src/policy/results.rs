//! What becomes of what a server answers, by what detectors see in it: `results`.

use globset::GlobSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::document::{Patterns, given};
use super::error::{Cause, Place, PolicyError};
use super::evaluate::{Evidence, Question};
use super::globs::{fenced, few};
use super::schema::{RuleId, SENTENCE_FORM};
use super::{Phase, Policy};
use crate::inspect::{Severity, personal};

/// What becomes of an answer, from mild to strict; the strictest of all lines that fit wins.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "treatment")]
pub enum Treatment {
    /// It goes on, and is shown as marked.
    Mark,
    /// Characters that nobody sees are taken out of it.
    Strip,
    /// What was seen is replaced by a marker that says what it was.
    Mask,
    /// It is kept back, and the agent is told why.
    Withhold,
}

impl Treatment {
    /// The word for panes, logs and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Strip => "strip",
            Self::Mask => "mask",
            Self::Withhold => "withhold",
        }
    }
}

/// What becomes of answers in which something was seen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "result_rule")]
pub(super) struct ResultText {
    /// Its own for every rule: small letters, digits, dots and dashes.
    #[schemars(with = "RuleId")]
    pub(super) id: Spanned<String>,
    /// Why, in a sentence that the agent and the operator read.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) why: Spanned<String>,
    /// Which answers it is about.
    #[serde(rename = "match")]
    #[schemars(with = "ResultMatch")]
    pub(super) matches: Spanned<ResultMatch>,
    /// What becomes of them.
    pub(super) action: Treatment,
}

/// Which answers a line is about; all that are given have to fit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "result_match", extend("minProperties" = 1))]
pub(super) struct ResultMatch {
    /// Names of servers.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) server: Option<Spanned<Patterns>>,
    /// Names of tools.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) tool: Option<Spanned<Patterns>>,
    /// Rules of detection of which one has to have seen something.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) finding: Option<Spanned<Patterns>>,
    /// How bad what was seen has to be at least.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Severity")]
    pub(super) severity: Option<Severity>,
}

/// One line, compiled.
#[derive(Debug, Clone)]
pub(super) struct ResultRule {
    id: String,
    why: String,
    action: Treatment,
    server: Option<GlobSet>,
    tool: Option<GlobSet>,
    findings: Option<GlobSet>,
    severity: Option<Severity>,
    /// Whether personal data is among the findings.
    personal: bool,
}

impl ResultRule {
    fn sees(&self, one: &Evidence) -> bool {
        self.findings.as_ref().is_none_or(|rules| rules.is_match(fenced(&one.rule)))
            && self.severity.is_none_or(|severity| one.severity >= severity)
    }

    fn fits(&self, question: &Question<'_>) -> bool {
        let about = |names: &Option<GlobSet>, name: &str| {
            names.as_ref().is_none_or(|names| names.is_match(fenced(name)))
        };
        let wants = self.findings.is_some() || self.severity.is_some();
        about(&self.server, question.server)
            && about(&self.tool, question.tool)
            && (!wants || question.findings.iter().any(|one| self.sees(one)))
    }
}

/// What a policy says of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treated {
    /// The strictest of what fits.
    pub action: Treatment,
    /// The line that says it.
    pub rule: String,
    /// Its sentence.
    pub why: String,
    /// Whether it acts.
    pub phase: Phase,
    /// Which of the findings the lines that say so are about, by number.
    pub about: Vec<usize>,
}

impl Policy {
    /// Whether it says anything of answers with personal data.
    #[must_use]
    pub fn asks_for_personal(&self) -> bool {
        self.results().iter().any(|rule| rule.personal)
    }

    /// What becomes of an answer; `None`: it goes on as it is. The order of the lines never matters.
    #[must_use]
    pub fn treat(&self, question: &Question<'_>) -> Option<Treated> {
        let fitting = self.results().iter().filter(|rule| rule.fits(question));
        let strictest = fitting
            .clone()
            .max_by(|left, right| left.action.cmp(&right.action).then(right.id.cmp(&left.id)))?;
        // What is to be stripped is stripped where other things are masked, too.
        let findings = question.findings.iter().enumerate();
        let about = findings
            .filter(|(_, one)| {
                fitting.clone().any(|rule| rule.action > Treatment::Mark && rule.sees(one))
            })
            .map(|(at, _)| at);
        Some(Treated {
            action: strictest.action,
            rule: strictest.id.clone(),
            why: strictest.why.clone(),
            phase: self.results_phase(),
            about: about.collect(),
        })
    }
}

/// Compiles a document's lines.
///
/// # Errors
/// One that is about nothing, two of one name, or a pattern that is none.
pub(super) fn compile(file: &str, lines: &[ResultText]) -> Result<Vec<ResultRule>, PolicyError> {
    let mut compiled: Vec<ResultRule> = Vec::new();
    for line in lines {
        let (id, place) = (&line.id.value, Place::of(line.id.referenced));
        let error = |place, cause| PolicyError::new(file, place, Some(id), cause);
        if let Some(first) = lines.iter().find(|first| first.id.value == *id)
            && !std::ptr::eq(first, line)
        {
            let line = Place::of(first.id.referenced).line;
            return Err(error(place, Cause::SameId { line }));
        }
        if line.why.value.trim().is_empty() {
            return Err(error(Place::of(line.why.referenced), Cause::EmptyWhy));
        }
        let ResultMatch { server, tool, finding, severity } = &line.matches.value;
        if server.is_none() && tool.is_none() && finding.is_none() && severity.is_none() {
            return Err(error(Place::of(line.matches.referenced), Cause::EmptyMatch));
        }
        let set = |patterns: &Option<Spanned<Patterns>>| {
            let Some(patterns) = patterns else { return Ok(None) };
            let place = Place::of(patterns.referenced);
            few(&patterns.value.0).map(Some).map_err(|cause| error(place, cause))
        };
        let findings = set(finding)?;
        let mut kinds = personal::kinds().map(|(kind, _)| format!("personal.{kind}"));
        let is_about = |rules: &GlobSet| kinds.any(|kind| rules.is_match(fenced(&kind)));
        compiled.push(ResultRule {
            personal: findings.as_ref().is_some_and(is_about),
            id: id.clone(),
            why: line.why.value.trim().to_owned(),
            action: line.action,
            server: set(server)?,
            tool: set(tool)?,
            findings,
            severity: *severity,
        });
    }
    Ok(compiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_line_says_what_becomes_of_an_answer() {
        let text = "version: 1\nname: t\nphase: enforce\ndefault: { verdict: allow, why: d }\nrules: []\nresults:\n\
                    - { id: shown, why: w, match: { severity: low }, action: mark }\n\
                    - { id: cleaned, why: w, match: { finding: 'hidden.*' }, action: strip }\n\
                    - { id: covered, why: w, match: { finding: 'secret.*' }, action: mask }\n\
                    - { id: kept, why: w, match: { server: web, severity: high }, action: withhold }\n";
        let policy = Policy::parse("t", text).unwrap();
        for (server, seen, said) in [
            ("files", &[][..], None),
            (
                "files",
                &[("order.sentences", Severity::Low)],
                Some(("shown", Treatment::Mark, &[][..])),
            ),
            ("files", &[("other", Severity::Info)], None),
            (
                "files",
                &[("hidden.tags", Severity::High)],
                Some(("cleaned", Treatment::Strip, &[0])),
            ),
            (
                "files",
                &[
                    ("other", Severity::High),
                    ("hidden.tags", Severity::High),
                    ("secret.x", Severity::High),
                ],
                Some(("covered", Treatment::Mask, &[1, 2])),
            ),
            ("web", &[("other", Severity::High)], Some(("kept", Treatment::Withhold, &[0]))),
        ] {
            let seen = seen.iter().map(|(rule, severity)| Evidence {
                rule: (*rule).to_owned(),
                severity: *severity,
                path: String::new(),
            });
            let findings: Vec<Evidence> = seen.collect();
            let question = Question { findings: &findings, ..Question::call(server, "t") };
            let treated = policy.treat(&question);
            let treated = treated.as_ref().map(|one| (one.rule.as_str(), one.action, &*one.about));
            assert_eq!(treated, said, "{server} {findings:?}");
        }
    }

    #[test]
    fn what_is_about_nothing_or_said_twice_does_not_load() {
        for (lines, why) in [
            ("- { id: a, why: w, match: {}, action: mark }", "match"),
            ("- { id: a, why: ' ', match: { tool: x }, action: mark }", "why"),
            (
                "- { id: a, why: w, match: { tool: x }, action: mark }\n- { id: a, why: w, match: { tool: y }, action: mark }",
                "a",
            ),
            ("- { id: a, why: w, match: { tool: x }, action: hide }", "hide"),
        ] {
            let text = format!(
                "version: 1\nname: t\nphase: enforce\ndefault: {{ verdict: allow, why: d }}\nrules: []\nresults:\n{lines}\n"
            );
            let error = Policy::parse("t", &text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
