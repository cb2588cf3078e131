//! Two recordings side by side: which calls are the same, which ended otherwise, which only one of them has.
//!
//! A call is the same as another if server, tool or method, and the text of the arguments are; the order of
//! both recordings is kept (a longest common subsequence).

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::console::model::doc::{self, Part, Want};
use crate::console::model::timeline::{Moment, moments};
use crate::console::model::{Call, CallAt, Model, Place};
use crate::journal::Record;

/// After this long the rest is aligned more coarsely: more calls that only one of them has, none wrong.
const ALIGN_LIMIT: Duration = Duration::from_secs(5);

/// What makes two calls the same.
type Key = [u8; 32];

/// A recording with the keys of its calls, in the making.
#[derive(Debug)]
pub struct Whole {
    /// All of its calls.
    pub model: Model,
    session: String,
    keys: Vec<Key>,
}

impl Whole {
    /// Nothing yet, of this session.
    #[must_use]
    pub const fn new(model: Model, session: String) -> Self {
        Self { model, session, keys: Vec::new() }
    }

    /// Takes a record in.
    pub fn take(&mut self, record: &Record, place: Place) {
        self.model.apply(&self.session, record, place);
        if !moments(record).contains(&Moment::Call) {
            return;
        }
        for at in self.keys.len()..self.model.calls.len() {
            let Some(call) = self.model.calls.get(at) else { return };
            let want =
                Want { session: call.session, place, call: call.call, part: Part::Arguments };
            let arguments = doc::payload(record, &want).unwrap_or_default().text;
            self.keys.push(key(&self.model, call, &arguments));
        }
    }
}

fn key(model: &Model, call: &Call, arguments: &str) -> Key {
    let mut hash = Sha256::new();
    for part in
        [model.names.get(call.server).as_str(), model.names.get(call.name).as_str(), arguments]
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// How a pair of calls compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The same call, and it ended the same.
    Same,
    /// The same call, and it ended otherwise.
    Otherwise,
    /// Only the first recording has it.
    First,
    /// Only the second one has it.
    Second,
}

impl Sign {
    /// Between the columns.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Otherwise => "~",
            Self::First => "<",
            Self::Second => ">",
        }
    }

    /// In JSON lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Otherwise => "otherwise",
            Self::First => "only_in_first",
            Self::Second => "only_in_second",
        }
    }
}

/// Two recordings, aligned.
#[derive(Debug)]
pub struct Compare {
    /// The one that is played.
    pub first: Model,
    /// The other.
    pub second: Model,
    /// Rows of both, in order.
    pub pairs: Vec<(Option<u32>, Option<u32>)>,
    /// How many are not the same.
    pub differences: usize,
}

impl Compare {
    /// Aligns two recordings.
    #[must_use]
    pub fn new(first: Whole, second: Whole, now: Instant) -> Self {
        let mut pairs = Vec::new();
        let limit = Some(now + ALIGN_LIMIT);
        let ops =
            capture_diff_slices_deadline(Algorithm::Patience, &first.keys, &second.keys, limit);
        let some = |at: usize| Some(u32::try_from(at).unwrap_or(u32::MAX));
        for op in ops {
            match op {
                DiffOp::Equal { old_index, new_index, len } => {
                    pairs.extend((0..len).map(|n| (some(old_index + n), some(new_index + n))));
                }
                DiffOp::Delete { old_index, old_len, .. } => {
                    pairs.extend((0..old_len).map(|n| (some(old_index + n), None)));
                }
                DiffOp::Insert { new_index, new_len, .. } => {
                    pairs.extend((0..new_len).map(|n| (None, some(new_index + n))));
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    pairs.extend((0..old_len).map(|n| (some(old_index + n), None)));
                    pairs.extend((0..new_len).map(|n| (None, some(new_index + n))));
                }
            }
        }
        let (first, second) = (first.model, second.model);
        let mut compare = Self { first, second, pairs, differences: 0 };
        let differ = |at: &usize| compare.sign(*at) != Some(Sign::Same);
        compare.differences = (0..compare.pairs.len()).filter(differ).count();
        compare
    }

    /// Both calls of a pair.
    #[must_use]
    pub fn calls(&self, at: usize) -> Option<(Option<&Call>, Option<&Call>)> {
        let (first, second) = self.pairs.get(at)?;
        let call = |model, row: &Option<u32>| {
            let row = usize::try_from((*row)?).ok()?;
            Model::call(model, CallAt(row))
        };
        Some((call(&self.first, first), call(&self.second, second)))
    }

    /// How a pair compares.
    #[must_use]
    pub fn sign(&self, at: usize) -> Option<Sign> {
        Some(match self.calls(at)? {
            (Some(first), Some(second)) => {
                let ended = |model: &Model, call: &Call| {
                    let rule = call.rule.map(|rule| model.names.get(rule).clone());
                    (call.state.word(), call.verdict, call.passed, rule)
                };
                let same = ended(&self.first, first) == ended(&self.second, second);
                if same { Sign::Same } else { Sign::Otherwise }
            }
            (Some(_), None) => Sign::First,
            (None, Some(_)) => Sign::Second,
            (None, None) => return None,
        })
    }

    /// The next pair behind `at` that is not the same, from the start again after the end.
    #[must_use]
    pub fn next_difference(&self, at: usize) -> Option<usize> {
        let differs = |at: &usize| self.sign(*at).is_some_and(|sign| sign != Sign::Same);
        (at + 1..self.pairs.len()).chain(0..=at).find(differs)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::engine::{At, CallId, ConnId, Facts, Kind};
    use crate::journal::{Effected, Raw, What};
    use crate::protocol::Side;

    /// A recording of these calls: a tool, its argument, and a `!` behind one that was refused.
    fn whole(calls: &str) -> Whole {
        let mut whole = Whole::new(Model::new(TimeZone::UTC, None), "s".to_owned());
        for (seq, word) in (0..).zip(calls.split_whitespace()) {
            let (name, refused) = match word.strip_suffix('!') {
                Some(name) => (name, true),
                None => (word, false),
            };
            let (tool, argument) = name.split_once(':').unwrap();
            let line = format!(
                r#"{{"id":1,"params":{{"name":"{tool}","arguments":{{"a":"{argument}"}}}}}}"#
            );
            let facts = Facts {
                kind: Some(Kind::Request),
                call: Some(CallId(seq + 1)),
                tool: Some(tool.to_owned()),
                ..Facts::default()
            };
            let refuse = Effected::Refuse {
                conn: ConnId(1),
                to: Side::Agent,
                call: Some(CallId(seq + 1)),
                rule: "r".to_owned(),
                sent: Raw::of(b"{}"),
            };
            let event =
                What::Frame { conn: ConnId(1), from: Side::Agent, raw: Raw::of(line.as_bytes()) };
            let effects = if refused { vec![refuse] } else { Vec::new() };
            let record = Record::new(seq, At(seq), event, Some(facts), effects);
            whole.take(&record, Place { offset: seq, len: 1 });
        }
        whole
    }

    fn check(first: &str, second: &str, signs: &str) {
        let compare = Compare::new(whole(first), whole(second), Instant::now());
        let got: String =
            (0..compare.pairs.len()).filter_map(|at| compare.sign(at)).map(Sign::mark).collect();
        assert_eq!(got, signs, "{first} / {second}");
        assert_eq!(compare.differences, signs.chars().filter(|sign| *sign != '=').count());
    }

    #[test]
    fn calls_are_paired_in_order_by_server_tool_and_arguments() {
        check("", "", "");
        check("r:1 w:2", "r:1 w:2", "==");
        check("r:1 w:2", "r:1 w:2!", "=~");
        check("r:1 w:2 r:3", "r:1 r:3", "=<=");
        check("r:1 r:3", "r:1 w:2 r:3", "=>=");
        check("r:1", "r:2", "<>");
        check("r:1 r:1 r:1", "r:1 r:1", "==<");
    }

    #[test]
    fn the_next_difference_is_found_around_the_end() {
        let compare = Compare::new(whole("r:1 w:2 r:3"), whole("r:1 r:3"), Instant::now());
        assert_eq!(compare.next_difference(0), Some(1));
        assert_eq!(compare.next_difference(1), Some(1));
        let same = Compare::new(whole("r:1"), whole("r:1"), Instant::now());
        assert_eq!(same.next_difference(0), None);
    }
}
