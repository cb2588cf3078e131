//! A recording decided again: its events through a fresh engine, and where that one decides otherwise.
//!
//! The recorded events stay what they were also behind a difference, as if the agent, the servers and the
//! operator had not noticed: **exact up to the first flip**, a comparison from there on.

use serde::Serialize;

use crate::engine::{Engine, Facts, Started, Step};
use crate::journal::record::{Effected, Record};
use crate::policy::{self, Verdict};

/// A record that came out differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The record's number.
    pub seq: u64,
    /// The call that it is about, as recorded, else as decided now.
    pub call: Option<u64>,
    /// The recorded verdict.
    pub was: Option<Verdict>,
    /// The verdict now.
    pub is: Option<Verdict>,
    /// The strictest rule as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_was: Option<String>,
    /// The strictest rule now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_is: Option<String>,
    /// Whether another verdict differed before: what follows assumes the recorded results.
    pub assumes: bool,
    /// The recorded effects.
    pub did: Vec<&'static str>,
    /// The effects now. The same words as recorded mean that what was sent, or a deadline, differs.
    pub does: Vec<&'static str>,
}

impl Flip {
    /// Whether the verdict differs, and not what follows from one alone.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        self.was != self.is
    }
}

/// Decides a whole recording again and tells every record whose verdicts or effects differ.
#[must_use]
pub fn redecide(records: &[Record]) -> Vec<Flip> {
    let mut again = Again::default();
    records.iter().filter_map(|record| again.record(record)).collect()
}

/// A policy to decide by instead of the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// Its name.
    pub policy_name: String,
    /// Its text.
    pub policy: String,
    /// The first record that it decides; before it the recorded policy does.
    pub from_seq: u64,
}

impl Instead {
    /// A shipped policy by its name, or else a file, which `read` reads.
    ///
    /// # Errors
    /// When there is none, or it is broken: a broken one would deny everything, which reads like a verdict.
    pub fn read(
        policy: &str,
        from_seq: u64,
        read: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let text = policy::load(policy, read)?.text().to_owned();
        Ok(Self { policy_name: policy.to_owned(), policy: text, from_seq })
    }
}

/// The same, one record at a time.
#[derive(Debug, Default)]
pub struct Again {
    engine: Engine,
    instead: Option<Instead>,
    parted: bool,
    facts: Option<Facts>,
}

impl Again {
    /// Decides by another policy from one of its records on.
    #[must_use]
    pub fn by(instead: Instead) -> Self {
        Self { instead: Some(instead), ..Self::default() }
    }

    /// What was known of the last record when it was decided again.
    #[must_use]
    pub const fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Decides the next record again; records have to come in order, from the first. `None` when
    /// nothing differs. A frame whose bytes cannot be restored counts as one that did nothing.
    pub fn record(&mut self, record: &Record) -> Option<Flip> {
        if let Some(by) = &self.instead
            && by.from_seq.max(1) == record.seq
        {
            self.engine.decide_by(&by.policy_name, &by.policy);
        }
        let step = record.event().map_or_else(Step::default, |event| self.engine.step(event));
        self.facts = step.facts;
        let does: Vec<Effected> = step.effects.iter().map(Effected::from).collect();
        let redacted = self.engine.started().is_some_and(|it| it.redaction != Started::RAW);
        let hides = Hides { lengths: redacted, texts: !record.redacted.is_empty() };
        // As text, because a parsed frame would forget what its numbers and keys looked like.
        if texts(&record.effects, hides) == texts(&does, hides)
            && verdicts(record.facts.as_ref()) == verdicts(self.facts.as_ref())
        {
            return None;
        }
        let verdict = |facts: Option<&Facts>| facts.and_then(|facts| facts.verdict);
        let call = |facts: Option<&Facts>| facts.and_then(|facts| facts.call).map(|call| call.0);
        let rule = |facts: Option<&Facts>| {
            facts.and_then(|facts| facts.reasons.first()).map(|reason| reason.rule.clone())
        };
        let assumes = self.parted;
        self.parted |= verdict(record.facts.as_ref()) != verdict(self.facts.as_ref());
        Some(Flip {
            rule_was: rule(record.facts.as_ref()),
            rule_is: rule(self.facts.as_ref()),
            assumes,
            seq: record.seq,
            call: call(record.facts.as_ref()).or_else(|| call(self.facts.as_ref())),
            was: verdict(record.facts.as_ref()),
            is: verdict(self.facts.as_ref()),
            did: record.effects.iter().map(name).collect(),
            does: does.iter().map(name).collect(),
        })
    }
}

/// The verdict of a frame and of the members of a batch, each with the rules that made it.
fn verdicts(facts: Option<&Facts>) -> Vec<(Option<Verdict>, Vec<&str>)> {
    facts
        .into_iter()
        .flat_map(|facts| std::iter::once(facts).chain(&facts.members))
        .map(|facts| {
            let rules = facts.reasons.iter().map(|reason| reason.rule.as_str()).collect();
            (facts.verdict, rules)
        })
        .collect()
}

/// What of effects cannot be compared, because secrets were replaced.
#[derive(Debug, Clone, Copy)]
struct Hides {
    /// How long a line is: somewhere in the recording.
    lengths: bool,
    /// What was sent in the place of a line: in this record.
    texts: bool,
}

/// Effects as the journal has them.
fn texts(effects: &[Effected], hides: Hides) -> Vec<String> {
    let text = |effect: &Effected| {
        if let (Effected::Forward { conn, to, .. }, true) = (effect, hides.lengths) {
            return format!("forward {} {to}", conn.0);
        }
        if let (Effected::Replace { how, .. }, true) = (effect, hides.texts) {
            return how.clone();
        }
        #[expect(clippy::expect_used, reason = "only maps with string keys, into memory")]
        serde_json::to_string(effect).expect("stored types always serialise")
    };
    effects.iter().map(text).collect()
}

/// An effect's name in the journal.
const fn name(effect: &Effected) -> &'static str {
    match effect {
        Effected::Forward { .. } => "forward",
        Effected::Replace { .. } => "replace",
        Effected::Refuse { .. } => "refuse",
        Effected::Hold(_) => "hold",
        Effected::Revise { .. } => "revise",
        Effected::Rejected { .. } => "rejected",
        Effected::Settle { .. } => "settle",
        Effected::Drop { .. } => "drop",
        Effected::Originate { .. } => "originate",
        Effected::Sync {} => "sync",
        Effected::EndLine { .. } => "end_line",
        Effected::Close { .. } => "close",
    }
}
