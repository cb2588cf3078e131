//! A session's policy as its recording holds it, and how often each of its rules decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::console::model::{Model, names};
use crate::engine::{At, Facts};
use crate::policy::{Phase, Policy, Risk, Verdict};
use crate::text::Safe;

/// Rules that are not the policy's own: the built-in ones, and what a broken policy denies by.
const OTHERS_MAX: usize = 32;

/// A rule, as the policy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id, as it stands in records.
    pub id: String,
    /// Why it is there.
    pub why: Safe,
    /// What it says.
    pub verdict: Verdict,
    /// The risk of a mistaken yes; the default has none.
    pub risk: Option<Risk>,
}

/// How often a rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hits {
    /// So many calls.
    pub count: u64,
    /// The last of them.
    pub last: Option<At>,
}

impl Hits {
    pub(super) fn take(&mut self, other: Self) {
        self.count += other.count;
        self.last = self.last.max(other.last);
    }
}

/// The rules of one session.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The policy's own, in its order, and its default: shared with marks.
    own: Arc<Vec<Rule>>,
    places: Arc<BTreeMap<String, usize>>,
    hits: Vec<Hits>,
    /// Those that the policy does not have.
    others: BTreeMap<String, (Rule, Hits)>,
}

impl Rules {
    /// The phase of a policy; none where it is broken.
    pub(super) fn phase_of(policy: &str) -> Option<Phase> {
        Policy::parse("", policy).ok().map(|policy| policy.phase())
    }

    /// Of the policy that a session began with; none where it is broken.
    pub(super) fn of(policy_name: &str, policy: &str) -> Self {
        let Ok(policy) = Policy::parse(policy_name, policy) else { return Self::default() };
        let own = policy.rules().map(|(reason, risk)| (reason, Some(risk)));
        let own: Vec<Rule> = own
            .chain([(policy.default_reason(), None)])
            .map(|(reason, risk)| Rule {
                id: reason.rule.clone(),
                why: Safe::escape(&reason.why),
                verdict: reason.verdict,
                risk,
            })
            .collect();
        let places = own.iter().map(|rule| rule.id.clone()).zip(0..).collect();
        let hits = vec![Hits::default(); own.len()];
        Self { own: Arc::new(own), places: Arc::new(places), hits, others: BTreeMap::new() }
    }

    /// A call was decided.
    pub(super) fn decided(&mut self, facts: &Facts, at: At) {
        let hit = Hits { count: 1, last: Some(at) };
        // The first is the strictest: what the call's row names, and filters find.
        if let Some(reason) = facts.reasons.first() {
            let place = self.places.get(&reason.rule);
            if let Some(hits) = place.and_then(|place| self.hits.get_mut(*place)) {
                hits.take(hit);
            } else if self.others.len() < OTHERS_MAX || self.others.contains_key(&reason.rule) {
                let rule = || Rule {
                    id: reason.rule.clone(),
                    why: Safe::escape(&reason.why),
                    verdict: reason.verdict,
                    risk: facts.risk,
                };
                let entry = self.others.entry(reason.rule.clone());
                entry.or_insert_with(|| (rule(), Hits::default())).1.take(hit);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (&Rule, Hits)> {
        let own = self.own.iter().zip(self.hits.iter().copied());
        own.chain(self.others.values().map(|(rule, hits)| (rule, *hits)))
    }
}

/// A rule as the Policy pane lists it.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// Whose: the policy's name.
    pub policy: &'a Safe,
    /// The rule.
    pub rule: &'a Rule,
    /// In all sessions under this policy.
    pub hits: Hits,
}

impl Model {
    /// The rules of every policy in use, those of sessions under the same policy once, in the order of the policies'
    /// names and of their rules.
    #[must_use]
    pub fn rules(&self) -> Vec<Listed<'_>> {
        let mut listed: Vec<Listed<'_>> = Vec::new();
        // Names alone do not tell two versions of a file apart.
        let mut places: BTreeMap<(&str, &str, Verdict, &str), usize> = BTreeMap::new();
        let mut sessions: Vec<_> = self.sessions.iter().collect();
        sessions.sort_by_key(|session| session.policy.as_str());
        for session in sessions {
            for (rule, hits) in session.rules.all() {
                let key = (session.policy.as_str(), &*rule.id, rule.verdict, rule.why.as_str());
                if let Some(known) = places.get(&key).and_then(|at| listed.get_mut(*at)) {
                    known.hits.take(hits);
                } else {
                    places.insert(key, listed.len());
                    listed.push(Listed { policy: &session.policy, rule, hits });
                }
            }
        }
        self.memories.list(&mut listed, self.now.at);
        listed
    }
}

impl Model {
    /// The place of the selected rule among these.
    #[must_use]
    pub fn selected_rule(&self, rules: &[Listed<'_>]) -> usize {
        let selected = self.ui.rule.as_ref();
        let place = selected.and_then(|(policy, id)| {
            rules.iter().position(|one| one.policy.as_str() == policy && one.rule.id == *id)
        });
        place.unwrap_or_default()
    }
}

impl Listed<'_> {
    /// What tells it apart from others, however the list grows.
    #[must_use]
    pub fn key(&self) -> (String, String) {
        (self.policy.to_string(), self.rule.id.clone())
    }
}

impl Rule {
    /// Its id, to look at.
    #[must_use]
    pub fn shown(&self) -> Safe {
        names::identifier(&self.id)
    }
}
