//! What a document says in other shapes than rules, as rules: one kind of thing to match and to explain.

use serde_saphyr::Spanned;

use super::arguments::{self, Check, Line};
use super::budget::BudgetText;
use super::document::{ApprovalText, Document, ExamplesText, Patterns, RoleText, RuleText};
use super::error::{Cause, Place, PolicyError};
use super::{Phase, Risk, Verdict};
use crate::inspect::Severity;

/// `condition: always`.
const ALWAYS: &str = "always";

/// A text, or a list of them, with its place.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) place: Place,
    pub(super) value: T,
}

/// A rule before it is compiled.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) id: At<String>,
    pub(super) why: At<String>,
    pub(super) matches: Place,
    pub(super) verdict: Verdict,
    pub(super) risk: Risk,
    pub(super) phase: Phase,
    pub(super) server: Option<At<Vec<String>>>,
    pub(super) tool: Option<At<Vec<String>>>,
    pub(super) role: Option<At<Vec<String>>>,
    pub(super) method: Option<At<Vec<String>>>,
    pub(super) finding: Option<At<Vec<String>>>,
    /// How bad a finding has to be; `None` with patterns: however bad.
    pub(super) severity: Option<Severity>,
    pub(super) when: Option<At<String>>,
    /// It fits only where that one, by number, does not.
    pub(super) unless: Option<usize>,
    pub(super) show: &'a [String],
    pub(super) examples: Option<&'a ExamplesText>,
    /// It is a budget: so many calls in such a time.
    pub(super) budget: Option<(At<u64>, At<String>)>,
    /// It is about what one argument may not be.
    pub(super) check: Option<Check>,
}

impl Draft<'_> {
    /// A rule that denies every call: whoever reads one from a document says what differs.
    fn of_all(id: At<String>, why: At<String>, matches: Place, phase: Phase) -> Self {
        Self {
            id,
            why,
            matches,
            verdict: Verdict::Deny,
            risk: Risk::default(),
            phase,
            server: None,
            tool: None,
            role: None,
            method: None,
            finding: None,
            severity: None,
            when: None,
            unless: None,
            show: &[],
            examples: None,
            budget: None,
            check: None,
        }
    }
}

fn words(spanned: &Spanned<String>) -> At<String> {
    At { place: Place::of(spanned.referenced), value: spanned.value.clone() }
}

fn patterns(spanned: &Spanned<Patterns>) -> At<Vec<String>> {
    At { place: Place::of(spanned.referenced), value: spanned.value.0.clone() }
}

/// All rules of a document in this phase, the plain ones first.
///
/// # Errors
/// Names what this version does not know yet.
pub(super) fn drafts<'a>(
    file: &str,
    document: &'a Document,
    phase: Phase,
) -> Result<Vec<Draft<'a>>, PolicyError> {
    if let Some(value) = &document.trust_domains {
        let place = Place::of(value.referenced);
        let key = "trust_domains";
        return Err(PolicyError::new(file, place, None, Cause::NotYet { key }));
    }
    let of = |own: Option<Phase>| own.unwrap_or(phase);
    let rules = of(document.phases.rules);
    let mut all: Vec<Draft<'_>> = document.rules.iter().map(|rule| plain(rule, rules)).collect();
    for (name, role) in &document.agent_roles {
        allowlist(name, role, of(document.phases.allowlist), &mut all);
    }
    let phase = of(document.phases.approvals);
    let approvals = document.human_approval_required.iter().zip(1..);
    all.extend(approvals.map(|(text, number)| approval(text, number, phase)));
    let phase = of(document.phases.budgets);
    all.extend(document.budgets.iter().map(|text| budget(text, phase)));
    let phase = of(document.phases.arguments);
    let lines = arguments::lines(file, &document.argument_policies)?;
    all.extend(lines.into_iter().map(|line| argument(line, phase)));
    Ok(all)
}

fn plain(rule: &RuleText, phase: Phase) -> Draft<'_> {
    let matches = &rule.matches.value;
    let about = Place::of(rule.matches.referenced);
    Draft {
        verdict: rule.verdict,
        risk: rule.risk,
        server: matches.server.as_ref().map(patterns),
        tool: matches.tool.as_ref().map(patterns),
        role: matches.role.as_ref().map(patterns),
        method: matches.method.as_ref().map(patterns),
        finding: matches.finding.as_ref().map(patterns),
        severity: matches.severity,
        when: matches.when.as_ref().map(words),
        show: &rule.show,
        examples: Some(&rule.examples),
        ..Draft::of_all(words(&rule.id), words(&rule.why), about, phase)
    }
}

/// A role: what it may call is allowed, what it may not is denied, and so is everything else.
fn allowlist(name: &str, role: &RoleText, phase: Phase, all: &mut Vec<Draft<'_>>) {
    let reason = words(&role.reason);
    let place = reason.place;
    let draft = |part: &str, verdict, tool: Option<At<Vec<String>>>, unless| {
        let id = At { place, value: format!("role.{name}.{part}") };
        let role = Some(At { place, value: vec![name.to_owned()] });
        Draft { verdict, tool, role, unless, ..Draft::of_all(id, reason.clone(), place, phase) }
    };
    let allowed = &role.allowed_tools;
    let listed = At { place: Place::of(allowed.referenced), value: allowed.value.clone() };
    // A role without tools has none to allow.
    let at = (!listed.value.is_empty()).then_some(all.len());
    if at.is_some() {
        all.push(draft("allowed", Verdict::Allow, Some(listed), None));
    }
    all.push(draft("others", Verdict::Deny, None, at));
    if let Some(denied) = &role.denied_tools {
        all.push(draft("denied", Verdict::Deny, Some(patterns(denied)), None));
    }
}

fn approval(approval: &ApprovalText, number: usize, phase: Phase) -> Draft<'_> {
    let tool = patterns(&approval.tool);
    let condition = words(&approval.condition);
    let (place, why) = (tool.place, words(&approval.reason));
    let id = At { place, value: format!("approval.{number}") };
    Draft {
        verdict: Verdict::Ask,
        risk: approval.risk,
        when: Some(condition).filter(|condition| condition.value.trim() != ALWAYS),
        tool: Some(tool),
        ..Draft::of_all(id, why, place, phase)
    }
}

/// A budget: a rule about which calls it counts, and what is said of one beyond it.
fn budget(text: &BudgetText, phase: Phase) -> Draft<'_> {
    let matches = &text.matches.value;
    let calls = At { place: Place::of(text.calls.referenced), value: text.calls.value };
    let about = Place::of(text.matches.referenced);
    Draft {
        verdict: text.verdict,
        risk: text.risk,
        server: matches.server.as_ref().map(patterns),
        tool: matches.tool.as_ref().map(patterns),
        role: matches.role.as_ref().map(patterns),
        budget: Some((calls, words(&text.per))),
        ..Draft::of_all(words(&text.id), words(&text.why), about, phase)
    }
}

/// A line about an argument.
fn argument(line: Line<'_>, phase: Phase) -> Draft<'_> {
    let Line { id, place, tool, why, text, check } = line;
    let at = |value| At { place, value };
    Draft {
        verdict: text.verdict,
        risk: text.risk,
        tool: Some(At { place, value: vec![tool.to_owned()] }),
        check: Some(check),
        ..Draft::of_all(at(id), at(why), place, phase)
    }
}
