//! Why a policy decides as it does: every rule that it has, and whether it fits.

use super::compile::Policy;
use super::{Decision, Question, Reason, Risk, Truth, Verdict};

/// How a pattern fits a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The rule names none, so any does.
    Any,
    /// As it is spelled.
    Exact,
    /// Once case, separators and what cannot be seen are left out: for rules that ask or deny.
    Folded,
    /// Not at all.
    No,
}

impl Fit {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Exact => "exact",
            Self::Folded => "folded",
            Self::No => "no",
        }
    }
}

/// One rule, considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered<'a> {
    /// Its id, sentence and verdict.
    pub reason: &'a Reason,
    /// Its risk.
    pub risk: Risk,
    /// Whether the server's name fits.
    pub server: Fit,
    /// Whether the tool's name fits.
    pub tool: Fit,
    /// Whether anything besides the names keeps it out.
    pub standing: Standing,
    /// What its condition says, where it has one.
    pub when: Option<When<'a>>,
}

/// Whether a rule takes part where its names fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    In,
    /// It counts the call, and decides nothing before its budget is spent.
    Counts,
    /// It is about another role.
    OtherRole,
    /// It is about another method.
    OtherMethod,
    /// It stands back: its role's list has the tool.
    Listed,
    /// It is about what detectors see, and they saw none of it.
    Unseen,
}

/// A condition and what it says of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When<'a> {
    /// Its text.
    pub source: &'a str,
    /// Whether it holds.
    pub truth: Truth,
}

impl Considered<'_> {
    /// Whether its patterns fit the call's names.
    #[must_use]
    pub fn names_fit(&self) -> bool {
        self.server != Fit::No && self.tool != Fit::No
    }

    /// Whether the rule takes part in the decision.
    #[must_use]
    pub fn fits(&self) -> bool {
        let holds = match self.when.as_ref().map(|when| &when.truth) {
            None | Some(Truth::Yes) => true,
            Some(Truth::No) => false,
            Some(Truth::Unknown(_)) => self.reason.verdict >= Verdict::Ask,
        };
        self.names_fit() && self.standing == Standing::In && holds
    }
}

/// A decision, and everything that it was made of.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    /// What [`Policy::decide`] says.
    pub decision: Decision,
    /// Every rule, in the document's order.
    pub considered: Vec<Considered<'a>>,
    /// What speaks where no rule fits.
    pub default: &'a Reason,
}

impl Policy {
    /// Decides a call and says why.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Explanation<'_> {
        Explanation {
            decision: self.decide(question),
            considered: self.considered(question),
            default: self.default_reason(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SHIPPED;

    #[test]
    fn what_fits_is_what_decides_for_every_shipped_policy_and_spelling() {
        let tools = ["read_file", "write_file", "Write-File", "delete\u{200b}_file", "", "x"];
        for (name, text) in SHIPPED {
            let policy = Policy::parse(name, text).unwrap();
            for tool in tools {
                let explained = policy.explain(&Question::call("files", tool));
                let mut fitting: Vec<&str> = explained
                    .considered
                    .iter()
                    .filter(|rule| rule.fits())
                    .map(|rule| rule.reason.rule.as_str())
                    .collect();
                let decided = &explained.decision.reasons;
                let mut decided: Vec<&str> =
                    decided.iter().map(|reason| reason.rule.as_str()).collect();
                if fitting.is_empty() {
                    fitting.push(&explained.default.rule);
                }
                fitting.sort_unstable();
                decided.sort_unstable();
                assert_eq!(fitting, decided, "{name}: {tool:?}");
            }
        }
    }

    #[test]
    fn a_spelling_fits_folded_where_a_rule_is_strict_and_not_where_it_allows() {
        let text = "version: 1\nname: t\nphase: enforce\ndefault: { verdict: mark, why: d }\nrules:\n\
                    - { id: deny, why: w, match: { tool: write_file }, verdict: deny }\n\
                    - { id: allow, why: w, match: { server: files, tool: write_file }, verdict: allow }\n";
        let policy = Policy::parse("t", text).unwrap();
        let fits = |tool| {
            let explained = policy.explain(&Question::call("files", tool));
            let fits: Vec<(Fit, Fit)> =
                explained.considered.iter().map(|rule| (rule.server, rule.tool)).collect();
            assert_eq!(explained.decision.verdict, Verdict::Deny, "{tool}");
            fits
        };
        assert_eq!(fits("write_file"), [(Fit::Any, Fit::Exact), (Fit::Exact, Fit::Exact)]);
        assert_eq!(fits("writeFile"), [(Fit::Any, Fit::Folded), (Fit::Exact, Fit::No)]);
    }
}
