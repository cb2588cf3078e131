//! The question asked of a policy for each call, and its answer.

use std::cmp::Ordering;

use super::compile::{APPROVALS, Policy, Rule};
use super::{Phase, Reason, Risk, Verdict};
use crate::inspect::{Placed, Report, Severity};
use crate::protocol::method;

/// What a detector saw in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// By which rule of detection: `secret.github-token`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the arguments, as a JSON pointer.
    pub path: String,
}

impl Evidence {
    /// All that a report tells.
    #[must_use]
    pub fn of(report: &Report) -> Vec<Self> {
        let found = report.found.iter();
        let evidence = found.map(|Placed { path, found, severity }| Self {
            rule: found.id().into_owned(),
            severity: *severity,
            path: path.clone(),
        });
        evidence.collect()
    }
}

/// A call, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The server's name, as the shim was told it.
    pub server: &'a str,
    /// The tool's name, as it was sent: any text of any length. Empty for a request that is no call of a tool.
    pub tool: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The session's role; empty where it has none.
    pub role: &'a str,
    /// The text of the arguments, or of another request's `params`: JSON, where there are any.
    pub arguments: Option<&'a [u8]>,
    /// The text of the tool's definition, as it was first seen or pinned; `None` where no list named the tool.
    pub definition: Option<&'a str>,
    /// What detectors saw in it.
    pub findings: &'a [Evidence],
}

impl<'a> Question<'a> {
    /// A call of a tool in a session without a role, by its names alone.
    #[must_use]
    pub const fn call(server: &'a str, tool: &'a str) -> Self {
        let method = method::TOOLS_CALL;
        Self { server, tool, method, role: "", arguments: None, definition: None, findings: &[] }
    }
}

/// What the policy says, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The strictest verdict of the rules that match, or the default's.
    pub verdict: Verdict,
    /// The highest risk of the rules that carry that verdict.
    pub risk: Risk,
    /// Every rule that matches, strictest first, then by id; never empty.
    pub reasons: Vec<Reason>,
    /// The phase of the strictest rule that matches.
    pub phase: Phase,
    /// What acts: the strictest verdict of the rules that are in force, which is not [`Decision::verdict`] where
    /// the strictest ones only watch.
    pub acts: Verdict,
    /// Arguments that the card shows first, as the rules name them.
    pub show: Vec<String>,
}

impl Policy {
    /// Decides a call. The order of the rules in the document never matters:
    ///
    /// 1. each rule whose names fit and whose condition holds takes part; the exact names count, for rules
    ///    that ask or deny also their folded spellings, so that nothing strict is spelled around and
    ///    nothing is allowed that is merely spelled alike. A condition that cannot be told counts as
    ///    holding for these, as not holding for the others;
    /// 2. the strictest verdict wins: deny, ask, mark, allow;
    /// 3. the default speaks only where no rule fits.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        self.decided(self.fitting(question))
    }

    /// What a layer says of any request; `None`: nothing, because no rule of it fits.
    #[must_use]
    pub fn decide_layer(&self, question: &Question<'_>) -> Option<Decision> {
        let fitting = self.fitting(question);
        (!fitting.is_empty()).then(|| self.decided(fitting))
    }

    /// What these rules come to.
    pub(super) fn decided(&self, mut fitting: Vec<&Rule>) -> Decision {
        fitting.sort_by(|left, right| {
            let strictest = right.reason.verdict.cmp(&left.reason.verdict);
            strictest.then(left.reason.rule.cmp(&right.reason.rule))
        });
        let Some(first) = fitting.first() else {
            let default = self.default_reason().clone();
            let (verdict, phase) = (default.verdict, self.default_phase());
            return Decision {
                verdict,
                risk: Risk::default(),
                reasons: vec![default],
                phase,
                acts: phase.acting(verdict),
                show: Vec::new(),
            };
        };
        if fitting.iter().all(|rule| rule.reason.rule.starts_with(APPROVALS)) {
            return self.wanting_approval(&fitting);
        }
        let verdict = first.reason.verdict;
        // Rules that only watch do not switch off the default, which is in force.
        let watched = fitting.iter().all(|rule| rule.phase != Phase::Enforce);
        let default = self.default_reason();
        let behind = (watched && self.default_phase() == Phase::Enforce).then_some(default);
        let strictest = fitting.iter().take_while(|rule| rule.reason.verdict == verdict);
        let risk = strictest.clone().map(|rule| rule.risk).max().unwrap_or_default();
        let mut show = Vec::new();
        for name in fitting.iter().flat_map(|rule| &rule.show) {
            if !show.contains(name) {
                show.push(name.clone());
            }
        }
        Decision {
            verdict,
            risk,
            phase: strictest.map(|rule| rule.phase).max().unwrap_or(Phase::Enforce),
            acts: fitting
                .iter()
                .map(|rule| rule.phase.acting(rule.reason.verdict))
                .chain(behind.map(|default| default.verdict))
                .max()
                .unwrap_or(Verdict::Allow),
            show,
            reasons: fitting.iter().map(|rule| &rule.reason).chain(behind).cloned().collect(),
        }
    }

    /// Only approvals fit. That a person has to see such calls does not say that they may go on: where the default
    /// denies, it denies them as well.
    fn wanting_approval(&self, approvals: &[&Rule]) -> Decision {
        let default = self.default_reason();
        let acts = approvals.iter().map(|rule| rule.phase.acting(rule.reason.verdict)).max();
        let asks = Decision {
            verdict: Verdict::Ask,
            risk: approvals.iter().map(|rule| rule.risk).max().unwrap_or_default(),
            reasons: approvals.iter().map(|rule| rule.reason.clone()).collect(),
            phase: approvals.iter().map(|rule| rule.phase).max().unwrap_or(Phase::Enforce),
            acts: acts.unwrap_or(Verdict::Ask),
            show: Vec::new(),
        };
        let phase = self.default_phase();
        let watched = asks.phase != Phase::Enforce && phase == Phase::Enforce;
        if default.verdict != Verdict::Deny && !watched {
            return asks;
        }
        let mut decision = Decision {
            verdict: default.verdict,
            risk: Risk::default(),
            reasons: vec![default.clone()],
            phase,
            acts: phase.acting(default.verdict),
            show: Vec::new(),
        };
        decision.add(asks);
        decision
    }

    /// Decides a request that is no tool call. `mode` is its `params.mode`. `None`: no rule is about it, so it is
    /// forwarded and recorded.
    ///
    /// Built in, whatever the document says: a server that asks the agent's model (`builtin.sampling`) or
    /// sends the person to an address (`builtin.elicitation-url`) waits for the operator.
    #[must_use]
    pub fn decide_method(&self, question: &Question<'_>, mode: Option<&str>) -> Option<Decision> {
        let fitting = self.fitting_method(question);
        let ours = builtin(question.method, mode).map(|ours| Decision {
            phase: self.phase(),
            acts: self.phase().acting(ours.verdict),
            ..ours
        });
        if fitting.is_empty() {
            return ours;
        }
        let mut decision = self.decided(fitting);
        if let Some(ours) = ours {
            decision.add(ours);
        }
        Some(decision)
    }
}

impl Decision {
    /// Adds what something else says of the same call: the strictest of both holds.
    pub fn add(&mut self, other: Self) {
        let Self { verdict, risk, mut reasons, phase, acts, show } = other;
        // Two texts of one policy say much the same.
        reasons.retain(|reason| !self.reasons.contains(reason));
        match verdict.cmp(&self.verdict) {
            Ordering::Greater => (self.verdict, self.risk, self.phase) = (verdict, risk, phase),
            Ordering::Equal => {
                (self.risk, self.phase) = (self.risk.max(risk), self.phase.max(phase));
            }
            Ordering::Less => {}
        }
        self.acts = self.acts.max(acts);
        self.reasons.append(&mut reasons);
        self.reasons.sort_by(|left, right| {
            right.verdict.cmp(&left.verdict).then(left.rule.cmp(&right.rule))
        });
        self.show.extend(show);
    }
}

/// What [`Policy::decide_method`] says, also where no policy could be read.
#[must_use]
pub fn builtin(method: &str, mode: Option<&str>) -> Option<Decision> {
    let (rule, why) = match (method, mode) {
        (method::SAMPLING, _) => {
            ("builtin.sampling", "The server wants to ask the agent's model in your name.")
        }
        (method::ELICITATION, Some(method::MODE_URL)) => {
            ("builtin.elicitation-url", "The server wants to send you to a web address.")
        }
        _ => return None,
    };
    let verdict = Verdict::Ask;
    let reason = Reason { rule: rule.to_owned(), why: why.to_owned(), verdict };
    Some(Decision {
        verdict,
        risk: Risk::Medium,
        reasons: vec![reason],
        phase: Phase::Enforce,
        acts: verdict,
        show: Vec::new(),
    })
}
