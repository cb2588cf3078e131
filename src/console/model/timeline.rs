//! How many calls came in each second, and what else did.

use crate::engine::{At, Facts, Kind};
use crate::journal::{Effected, Record};

/// Seconds that a live console looks back.
const SECONDS: u64 = 256;

/// Something that a person may want to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// A request.
    Call,
    /// A call began to wait.
    Ask,
    /// A call was refused, by whomever.
    Denial,
    /// A detector saw something.
    Finding,
}

/// What happened in a record.
#[must_use]
pub fn moments(record: &Record) -> Vec<Moment> {
    let mut moments = Vec::new();
    if let Some(facts) = &record.facts {
        let one = std::slice::from_ref(facts);
        let members = if facts.members.is_empty() { one } else { facts.members.as_slice() };
        let is_call = |facts: &&Facts| facts.kind == Some(Kind::Request) && facts.call.is_some();
        moments.extend(members.iter().filter(is_call).map(|_| Moment::Call));
        let in_members: usize = facts.members.iter().map(|member| member.counted().count()).sum();
        let found = facts.counted().count() + in_members;
        moments.extend(std::iter::repeat_n(Moment::Finding, found));
    }
    for effect in &record.effects {
        match effect {
            Effected::Hold(_) => moments.push(Moment::Ask),
            Effected::Refuse { call: Some(_), .. } => moments.push(Moment::Denial),
            Effected::Refuse { call: None, .. }
            | Effected::Settle { .. }
            | Effected::Forward { .. }
            | Effected::Replace { .. }
            | Effected::Revise { .. }
            | Effected::Rejected { .. }
            | Effected::Drop { .. }
            | Effected::Originate { .. }
            | Effected::Sync {}
            | Effected::EndLine { .. }
            | Effected::Close { .. } => {}
        }
    }
    moments
}

/// One second and what came in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Second {
    /// Seconds since 1970.
    pub at_s: u64,
    /// Calls.
    pub calls: u32,
    /// Asks.
    pub asks: u32,
    /// Denials.
    pub denials: u32,
    /// Findings.
    pub findings: u32,
}

impl Second {
    /// Counts one more.
    pub const fn add(&mut self, moment: Moment) {
        let count = match moment {
            Moment::Call => &mut self.calls,
            Moment::Ask => &mut self.asks,
            Moment::Denial => &mut self.denials,
            Moment::Finding => &mut self.findings,
        };
        *count = count.saturating_add(1);
    }

    /// Takes the counts of another in.
    pub const fn take(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.asks = self.asks.saturating_add(other.asks);
        self.denials = self.denials.saturating_add(other.denials);
        self.findings = self.findings.saturating_add(other.findings);
    }
}

/// The last `SECONDS` seconds. Sessions are read one after the other, so records come in any order.
#[derive(Debug, Clone)]
pub struct Timeline(Vec<Second>);

impl Default for Timeline {
    fn default() -> Self {
        Self((0..SECONDS).map(|_| Second::default()).collect())
    }
}

impl Timeline {
    /// Takes a record in.
    pub(super) fn take(&mut self, record: &Record) {
        let at_s = second_of(record.at);
        let Some(slot) = self.0.get_mut(place(at_s)) else { return };
        if at_s < slot.at_s {
            return;
        }
        if at_s > slot.at_s {
            *slot = Second { at_s, ..Second::default() };
        }
        for moment in moments(record) {
            slot.add(moment);
        }
    }

    /// The second of this time, as far as it is remembered.
    #[must_use]
    pub fn at(&self, at_s: u64) -> Second {
        let slot = self.0.get(place(at_s)).copied().unwrap_or_default();
        if slot.at_s == at_s { slot } else { Second { at_s, ..Second::default() } }
    }
}

/// The second that a time is in.
#[must_use]
pub const fn second_of(at: At) -> u64 {
    at.0 / 1_000_000
}

fn place(at_s: u64) -> usize {
    usize::try_from(at_s % SECONDS).unwrap_or(0)
}
