//! How much the operator is asked, and how fast the answers come: a person who is asked too often stops
//! reading (console.md 2.6, rule 10).
//!
//! All of it comes from the records' times, so that every console of a gate, and a playback, says the same.
//! **A decision's time** runs from the ask, or from the answer before it where that came later: of a queue
//! that is answered one by one each call counts the time that it alone was looked at.

use std::collections::{BTreeMap, VecDeque};

use crate::console::model::{NameId, TicketKey};
use crate::engine::At;

/// What is looked back on.
pub const WINDOW_MS: u64 = 10 * 60 * 1000;
/// More asks than these within the window are too many.
pub const ASKS_MAX: usize = 8;
/// An allow that took less was not read.
pub const FAST_MS: u64 = 1500;
/// More fast allows than these within the window are a habit.
pub const FAST_MAX: usize = 5;
/// Asks that are remembered; more than these within the window are too many by far.
const KEPT_MAX: usize = 256;
/// Answers that come closer together are one decision: two cards cannot be answered within the time that one
/// takes to be armed, but a batch is.
const ONE_DECISION_MS: u64 = 400;

/// One ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    key: TicketKey,
    at: At,
    tool: (NameId, NameId),
    decided: Option<Decided>,
}

/// How a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decided {
    ms: u64,
    allowed: bool,
    /// Whether it shares its decision with the answer before it.
    again: bool,
}

/// The asks of late.
#[derive(Debug, Clone, Default)]
pub struct Fatigue {
    asks: VecDeque<Asked>,
    last_answer: Option<(At, u64)>,
}

/// What they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Asks within the window, as far as they are remembered.
    pub asks: usize,
    /// Those that a person answered.
    pub answered: usize,
    /// Of these, the allowed ones in percent.
    pub allowed_percent: Option<usize>,
    /// The median time of a decision, in milliseconds.
    pub median_ms: Option<u64>,
    /// Decisions to allow that took less than [`FAST_MS`].
    pub fast: usize,
    /// The tool that was asked about most, the latest of several: its server and its name.
    pub most: Option<(NameId, NameId)>,
}

impl Meter {
    /// Whether so much is asked that reading suffers.
    #[must_use]
    pub const fn is_much(&self) -> bool {
        self.asks > ASKS_MAX
    }

    /// Whether so much is allowed so fast that it cannot have been read.
    #[must_use]
    pub const fn is_fast(&self) -> bool {
        self.fast > FAST_MAX
    }
}

impl Fatigue {
    /// A call waits for a person.
    pub fn asked(&mut self, key: TicketKey, at: At, tool: (NameId, NameId)) {
        self.asks.push_back(Asked { key, at, tool, decided: None });
        while self.asks.len() > KEPT_MAX {
            self.asks.pop_front();
        }
    }

    /// A person answered it.
    pub fn answered(&mut self, key: TicketKey, at: At, allowed: bool) {
        let Some(asked) = self.asks.iter_mut().rev().find(|asked| asked.key == key) else { return };
        let decided = match self.last_answer {
            Some((last, ms)) if asked.at <= last && at.ms_since(last) < ONE_DECISION_MS => {
                Decided { ms, allowed, again: true }
            }
            Some((last, _)) => {
                Decided { ms: at.ms_since(asked.at.max(last)), allowed, again: false }
            }
            None => Decided { ms: at.ms_since(asked.at), allowed, again: false },
        };
        asked.decided = Some(decided);
        self.last_answer = Some((at, decided.ms));
    }

    /// What the asks of the last ten minutes come to.
    #[must_use]
    pub fn meter(&self, now: At) -> Meter {
        let recent = || self.asks.iter().filter(|asked| now.ms_since(asked.at) < WINDOW_MS);
        let decided = || recent().filter_map(|asked| asked.decided);
        let answered = decided().count();
        let allowed = decided().filter(|decided| decided.allowed).count();
        let mut times: Vec<u64> =
            decided().filter(|decided| !decided.again).map(|decided| decided.ms).collect();
        times.sort_unstable();
        let fast = |decided: &Decided| decided.allowed && !decided.again && decided.ms < FAST_MS;
        let mut tools: BTreeMap<(NameId, NameId), usize> = BTreeMap::new();
        for asked in recent() {
            *tools.entry(asked.tool).or_default() += 1;
        }
        Meter {
            asks: recent().count(),
            answered,
            allowed_percent: (allowed * 100).checked_div(answered),
            median_ms: times.get(times.len() / 2).copied(),
            fast: decided().filter(fast).count(),
            most: recent().map(|asked| asked.tool).max_by_key(|tool| tools.get(tool).copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::model::{Names, SessionId};
    use crate::engine::TicketId;

    fn key(n: u64) -> TicketKey {
        TicketKey { session: SessionId(0), ticket: TicketId(n) }
    }

    fn at(ms: u64) -> At {
        At(ms * 1000)
    }

    /// Asks of one tool, each asked at, answered at and whether allowed; the meter at a time.
    fn check(asks: &[(u64, u64, bool)], now_ms: u64) -> Meter {
        let mut names = Names::default();
        let tool = (names.keep("files"), names.keep("write"));
        let mut fatigue = Fatigue::default();
        for (n, (asked, _, _)) in (0..).zip(asks) {
            fatigue.asked(key(n), at(*asked), tool);
        }
        for (n, (_, answered, allowed)) in (0..).zip(asks) {
            fatigue.answered(key(n), at(*answered), *allowed);
        }
        fatigue.meter(at(now_ms))
    }

    #[test]
    fn times_shares_and_counts_are_those_of_the_window() {
        let asks = [
            (0, 3000, true),
            (10_000, 11_000, false),
            (20_000, 26_000, true),
            (700_000, 701_000, true),
        ];
        let meter = check(&asks, 300_000);
        assert_eq!((meter.asks, meter.answered), (4, 4));
        assert_eq!((meter.allowed_percent, meter.median_ms, meter.fast), (Some(75), Some(3000), 1));
        let later = check(&asks, 700_500);
        assert_eq!(
            (later.asks, later.median_ms, later.allowed_percent),
            (1, Some(1000), Some(100))
        );
        let nothing = check(&[], 0);
        assert_eq!((nothing.asks, nothing.median_ms, nothing.allowed_percent), (0, None, None));
        assert_eq!(nothing.most, None);
    }

    #[test]
    fn in_a_queue_each_answer_counts_its_own_time() {
        // Six wait for a minute; then one answer a second.
        let asks: Vec<(u64, u64, bool)> = (0..7).map(|n| (n, 60_000 + n * 1000, true)).collect();
        let meter = check(&asks, 70_000);
        assert_eq!(meter.fast, 6, "the first was looked at for long");
        assert!(meter.is_fast() && !meter.is_much());
        assert_eq!(meter.median_ms, Some(1000));
        let slow: Vec<(u64, u64, bool)> = (0..8).map(|n| (n, 60_000 + n * 2000, true)).collect();
        assert!(!check(&slow, 80_000).is_fast());
        let denied: Vec<(u64, u64, bool)> = (0..8).map(|n| (n, 60_000 + n * 1000, false)).collect();
        assert!(!check(&denied, 80_000).is_fast());
    }

    #[test]
    fn a_batch_is_one_decision() {
        let asks: Vec<(u64, u64, bool)> = (0..8).map(|n| (n, 9000 + n, true)).collect();
        let meter = check(&asks, 10_000);
        assert_eq!((meter.answered, meter.fast, meter.median_ms), (8, 0, Some(9000)));
    }

    #[test]
    fn more_than_eight_asks_are_much_and_memory_has_an_end() {
        let asks: Vec<(u64, u64, bool)> =
            (0..9).map(|n| (n * 1000, n * 1000 + 900, true)).collect();
        assert!(!check(&asks[1..], 10_000).is_much());
        assert!(check(&asks, 10_000).is_much());
        let many: Vec<(u64, u64, bool)> = (0..1000).map(|n| (n, n + 1, true)).collect();
        assert_eq!(check(&many, 2000).asks, KEPT_MAX);
    }

    #[test]
    fn the_tool_that_asks_most_is_named() {
        let mut names = Names::default();
        let [one, other] = ["read", "write"].map(|tool| (names.keep("files"), names.keep(tool)));
        let mut fatigue = Fatigue::default();
        for (n, tool) in (0..).zip([one, other, one, one, other]) {
            fatigue.asked(key(n), at(n), tool);
        }
        assert_eq!(fatigue.meter(at(9)).most, Some(one));
    }
}
