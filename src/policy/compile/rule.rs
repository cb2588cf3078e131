//! One rule of a document: what it is checked for, and what it is then.

use globset::GlobSet;

use super::{APPROVALS, DEFAULT, ROLE_RULES};
use crate::inspect::Severity;
use crate::policy::arguments::{ARGUMENTS, Check};
use crate::policy::budget::{self, Budget};
use crate::policy::condition::{Condition, Given, Shared, Truth};
use crate::policy::draft::{At, Draft};
use crate::policy::error::{Cause, Place, PolicyError};
use crate::policy::evaluate::{Evidence, Question};
use crate::policy::globs::{GlobsBuilder, fenced, few};
use crate::policy::{Phase, Reason, Risk, Verdict};
use crate::protocol::method;

/// Ids that begin so are not for a document's own rules.
const RESERVED: [&str; 4] = ["builtin.", ROLE_RULES, APPROVALS, ARGUMENTS];

/// One rule, compiled: its patterns over servers and tools live in the policy's sets.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Rule {
    pub(in crate::policy) reason: Reason,
    pub(in crate::policy) risk: Risk,
    pub(in crate::policy) phase: Phase,
    pub(in crate::policy) show: Vec<String>,
    pub(in crate::policy) condition: Option<Condition>,
    pub(super) any_server: bool,
    pub(super) any_tool: bool,
    /// Which roles it is about; `None`: all, and sessions without one.
    pub(super) roles: Option<GlobSet>,
    /// Which findings it is about; `None`: all, where it says how bad.
    findings: Option<GlobSet>,
    /// How bad they have to be; `None`, where it names none: it is about calls without any as well.
    severity: Option<Severity>,
    /// Which methods it is about; `None`: calls of tools.
    pub(super) methods: Option<GlobSet>,
    pub(super) unless: Option<usize>,
    /// What an argument may not be.
    check: Option<Check>,
    /// It is no rule but counts calls.
    pub(super) budget: Option<Budget>,
}

impl Rule {
    /// Whether it is about such a request by such a session, whatever the names of server and tool.
    pub(super) fn about(&self, question: &Question<'_>) -> (bool, bool) {
        let role = self.roles.as_ref().is_none_or(|roles| {
            // No role is no name: `*` is any role that there is.
            !question.role.is_empty() && roles.is_match(fenced(question.role))
        });
        let method = match &self.methods {
            Some(methods) => methods.is_match(fenced(question.method)),
            None => question.method == method::TOOLS_CALL,
        };
        (role, method)
    }

    /// Whether it is about what detectors see.
    pub(in crate::policy) const fn wants_findings(&self) -> bool {
        self.findings.is_some() || self.severity.is_some()
    }

    /// Whether they saw what it is about.
    pub(in crate::policy) fn sees(&self, question: &Question<'_>) -> bool {
        let fits = |one: &Evidence| {
            let of_these =
                self.findings.as_ref().is_none_or(|rules| rules.is_match(fenced(&one.rule)));
            of_these && self.severity.is_none_or(|severity| one.severity >= severity)
        };
        !self.wants_findings() || question.findings.iter().any(fits)
    }

    /// Whether it looks at what is different in each call.
    pub(super) const fn looks_at_arguments(&self) -> bool {
        self.check.is_some()
    }

    /// Whether its condition lets it take part.
    pub(super) fn holds(&self, given: &Given<'_>) -> bool {
        if self.check.as_ref().is_some_and(|check| !check.holds(given.question())) {
            return false;
        }
        match self.condition.as_ref().map(|condition| condition.holds(given)) {
            None | Some(Truth::Yes) => true,
            Some(Truth::No) => false,
            Some(Truth::Unknown(_)) => self.reason.verdict >= Verdict::Ask,
        }
    }
}

/// What all rules of a policy share, while it is filled.
pub(super) struct Sets {
    pub(super) servers: GlobsBuilder,
    pub(super) tools: GlobsBuilder,
    pub(super) shared: Shared,
}

/// Checks that need the place of one value, for errors with the rule's id.
pub(super) struct Checker<'a> {
    pub(super) file: &'a str,
    pub(super) rule: Option<&'a str>,
}

impl Checker<'_> {
    pub(super) fn error(&self, place: Place, cause: Cause) -> PolicyError {
        PolicyError::new(self.file, place, self.rule, cause)
    }

    pub(super) fn name(&self, place: Place, name: &str) -> Result<(), PolicyError> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(self.error(place, Cause::Name { name: name.to_owned() }));
        }
        Ok(())
    }

    pub(super) fn why(&self, place: Place, why: &str) -> Result<String, PolicyError> {
        let sentence = why.trim();
        if sentence.is_empty() {
            return Err(self.error(place, Cause::EmptyWhy));
        }
        Ok(sentence.to_owned())
    }

    fn budget(&self, draft: &Draft<'_>, beyond: &Reason) -> Result<Option<Budget>, PolicyError> {
        let Some((calls, per)) = &draft.budget else { return Ok(None) };
        if beyond.verdict < Verdict::Ask {
            return Err(self.error(draft.id.place, Cause::MildBudget));
        }
        Ok(Some(Budget {
            calls: budget::calls(calls.value).map_err(|cause| self.error(calls.place, cause))?,
            window_ms: budget::window_ms(&per.value)
                .map_err(|cause| self.error(per.place, cause))?,
            beyond: beyond.clone(),
            risk: draft.risk,
            phase: draft.phase,
        }))
    }

    fn few(&self, patterns: Option<&At<Vec<String>>>) -> Result<Option<GlobSet>, PolicyError> {
        let Some(patterns) = patterns else { return Ok(None) };
        few(&patterns.value).map(Some).map_err(|cause| self.error(patterns.place, cause))
    }
}

pub(super) fn compile_rule(
    file: &str,
    at: usize,
    draft: &Draft<'_>,
    before: &[Draft<'_>],
    sets: &mut Sets,
) -> Result<Rule, PolicyError> {
    let check = Checker { file, rule: Some(&draft.id.value) };
    check.name(draft.id.place, &draft.id.value)?;
    let theirs = draft.examples.is_some() || draft.budget.is_some();
    let reserved =
        |id: &str| id == DEFAULT || RESERVED.iter().any(|reserved| id.starts_with(reserved));
    if theirs && reserved(&draft.id.value) {
        return Err(check.error(draft.id.place, Cause::ReservedId));
    }
    if let Some(first) = before.iter().find(|other| other.id.value == draft.id.value) {
        let line = first.id.place.line;
        return Err(check.error(draft.id.place, Cause::SameId { line }));
    }
    let why = check.why(draft.why.place, &draft.why.value)?;
    let Draft { server, tool, role, method, finding, severity, when, .. } = draft;
    let none = server.is_none() && tool.is_none() && role.is_none() && method.is_none();
    if none && when.is_none() && finding.is_none() && severity.is_none() {
        return Err(check.error(draft.matches, Cause::EmptyMatch));
    }
    if let (Some(_), Some(method)) = (tool, method) {
        let method = method.value.first().cloned().unwrap_or_default();
        return Err(check.error(draft.matches, Cause::ToolOfMethod { method }));
    }
    for (patterns, globs) in [(server, &mut sets.servers), (tool, &mut sets.tools)] {
        let Some(patterns) = patterns else { continue };
        for pattern in &patterns.value {
            globs
                .add(pattern, at, draft.verdict)
                .map_err(|cause| check.error(patterns.place, cause))?;
        }
    }
    let condition = when.as_ref().map(|when| {
        Condition::compile(&when.value, &mut sets.shared)
            .map_err(|cause| check.error(when.place, cause))
    });
    let reason = Reason { rule: draft.id.value.clone(), why, verdict: draft.verdict };
    Ok(Rule {
        budget: check.budget(draft, &reason)?,
        reason,
        risk: draft.risk,
        phase: draft.phase,
        show: draft.show.to_vec(),
        condition: condition.transpose()?,
        any_server: server.is_none(),
        any_tool: tool.is_none(),
        roles: check.few(role.as_ref())?,
        findings: check.few(finding.as_ref())?,
        severity: *severity,
        check: draft.check.clone(),
        methods: check.few(method.as_ref())?,
        unless: draft.unless,
    })
}
