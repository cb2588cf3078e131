//! A policy that remembers its decisions: an agent calls the same few tools over and over, and matching a name against
//! every pattern costs more than all else that a step does with it.

use std::collections::BTreeMap;

use super::condition::Looks;
use super::{Decision, Policy, Question};

/// Tools that are remembered; those of more are decided each time.
const TOOLS_MAX: usize = 1024;
/// Longer names are decided each time: a name is any text of any length.
const NAME_BYTES_MAX: usize = 256;

/// What is known of a tool.
#[derive(Debug, Clone)]
enum What {
    /// Names decide about it.
    Decided(Decision),
    /// Names and what it says of itself decide about it: so, as long as this is what it says. The text is kept because
    /// comparing it costs less than reading it; the catalogue bounds how much there is.
    Said(Option<String>, Decision),
    /// These rules fit its names, and some of them look at its arguments.
    Named(Vec<usize>),
}

/// A policy, and what it said of each tool so far in one session: **its role never changes**, so that besides the
/// names only conditions are left to look at.
#[derive(Debug)]
pub struct Known {
    policy: Policy,
    /// By server and tool.
    decided: BTreeMap<String, BTreeMap<String, What>>,
    count: usize,
}

impl Known {
    /// Nothing was decided yet.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, decided: BTreeMap::new(), count: 0 }
    }

    /// The policy itself.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What [`Policy::decide`] says of a call of a tool.
    pub fn decide(&mut self, question: &Question<'_>) -> Decision {
        let Question { server, tool, definition, findings, .. } = *question;
        if !findings.is_empty() {
            return self.policy.decide(question);
        }
        match self.decided.get(server).and_then(|tools| tools.get(tool)) {
            Some(What::Decided(decision)) => return decision.clone(),
            Some(What::Said(said, decision)) if said.as_deref() == definition => {
                return decision.clone();
            }
            Some(What::Named(named)) => {
                return self.policy.decided(self.policy.holding(named, question));
            }
            Some(What::Said(..)) | None => {}
        }
        let named = self.policy.named(question);
        let decision = self.policy.decided(self.policy.holding(&named, question));
        let what = match self.policy.looks(&named) {
            Looks::Names => What::Decided(decision.clone()),
            Looks::Definition => What::Said(definition.map(str::to_owned), decision.clone()),
            Looks::Call => What::Named(named),
        };
        let short = server.len() <= NAME_BYTES_MAX && tool.len() <= NAME_BYTES_MAX;
        let known = self.decided.get_mut(server).and_then(|tools| tools.get_mut(tool));
        if let Some(known) = known {
            *known = what;
        } else if short && self.count < TOOLS_MAX {
            self.count += 1;
            let tools = self.decided.entry(server.to_owned()).or_default();
            tools.insert(tool.to_owned(), what);
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_the_policy_says_and_no_flood_of_names_is_kept() {
        let text = crate::policy::shipped("ask-writes").unwrap();
        let policy = Policy::parse("ask-writes", text).unwrap();
        let mut known = Known::new(policy.clone());
        let long = "x".repeat(300);
        let names: Vec<String> = (0..2 * TOOLS_MAX).map(|n| format!("write_{n}")).collect();
        let few = ["read_file", "write_file", "Write_File", "", &long];
        for tool in few.into_iter().chain(names.iter().map(String::as_str)) {
            for server in ["files", "mail"] {
                let question = Question::call(server, tool);
                for _ in 0..2 {
                    assert_eq!(known.decide(&question), policy.decide(&question), "{tool}");
                }
            }
        }
        assert_eq!(known.count, TOOLS_MAX);
    }
    #[test]
    fn a_tool_that_says_something_else_of_itself_is_decided_anew() {
        let text = "version: 1\nname: t\nphase: enforce\ndefault: { verdict: allow, why: d }\nrules:\n\
                    - { id: d, why: w, match: { when: 'has(hints.destructiveHint)' }, verdict: ask }\n";
        let policy = Policy::parse("t", text).unwrap();
        let mut known = Known::new(policy.clone());
        let [mild, wild] = ["{}", r#"{"annotations":{"destructiveHint":true}}"#].map(Some);
        let mut said = Vec::new();
        for definition in [None, mild, mild, wild, wild, mild, None] {
            let question = Question { definition, ..Question::call("s", "t") };
            let decision = known.decide(&question);
            assert_eq!(decision, policy.decide(&question), "{definition:?}");
            said.push(decision.verdict.word());
        }
        assert_eq!(said, ["ask", "allow", "allow", "ask", "ask", "allow", "ask"]);
        assert_eq!(known.count, 1);
    }
}
