//! The question asked of a policy for each call, and its answer.

use super::compile::Policy;
use super::{Reason, Risk, Verdict};
use crate::protocol::method;

/// A call, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The server's name, as the shim was told it.
    pub server: &'a str,
    /// The tool's name, as it was sent: any text of any length.
    pub tool: &'a str,
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
}

impl Policy {
    /// Decides a call. The order of the rules in the document never matters:
    ///
    /// 1. each rule whose server and tool patterns fit takes part; the exact names count, for rules
    ///    that ask or deny also their folded spellings, so that nothing strict is spelled around and
    ///    nothing is allowed that is merely spelled alike;
    /// 2. the strictest verdict wins: deny, ask, mark, allow;
    /// 3. the default speaks only where no rule fits.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let mut fitting = self.fitting(question);
        fitting.sort_by(|left, right| {
            right
                .reason
                .verdict
                .cmp(&left.reason.verdict)
                .then(left.reason.rule.cmp(&right.reason.rule))
        });
        let Some(first) = fitting.first() else {
            let default = self.default_reason().clone();
            let verdict = default.verdict;
            return Decision { verdict, risk: Risk::default(), reasons: vec![default] };
        };
        let verdict = first.reason.verdict;
        let risks = fitting.iter().take_while(|rule| rule.reason.verdict == verdict);
        let risk = risks.map(|rule| rule.risk).max().unwrap_or_default();
        Decision {
            verdict,
            risk,
            reasons: fitting.iter().map(|rule| rule.reason.clone()).collect(),
        }
    }

    /// Decides a request that is no tool call, by its method and `params.mode`. `None`: no rule is about
    /// it, so it is forwarded and recorded.
    ///
    /// Built in, whatever the document says: a server that asks the agent's model (`builtin.sampling`) or
    /// sends the person to an address (`builtin.elicitation-url`) waits for the operator.
    #[must_use]
    pub fn decide_method(&self, method: &str, mode: Option<&str>) -> Option<Decision> {
        builtin(method, mode)
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
    Some(Decision { verdict, risk: Risk::Medium, reasons: vec![reason] })
}
