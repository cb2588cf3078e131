//! A recorded server, played again: the client's lines in, the server's lines out.
//!
//! [`Scripts`] takes the records and tells what each server heard and said; [`Mock`] answers a client as that
//! server did, byte for byte, with the client's own ids in place of the recorded ones. It plays the server, not
//! the gate: what was refused there never reached the server and is not in its script.

mod error;
mod line;
mod said;
mod script;
mod strict;
mod tolerant;

use bytes::Bytes;

use crate::engine::{At, ConnId};
use crate::journal::mock::line::Read;
use crate::journal::mock::strict::Strict;
use crate::journal::mock::tolerant::Tolerant;
pub use script::{Script, Scripts};

/// Code of the mock's own JSON-RPC errors; the specification keeps -32768..-32000 for itself and SDKs, and
/// -31001 is the gate's refusal.
pub const ERROR_CODE: i64 = -31_002;

/// How a client is held to the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Requests come in the recorded order, with the recorded parameters.
    Strict,
    /// Any request that was recorded, in any order, as often as it likes.
    Tolerant,
}

/// A line of the server's, without its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The exact bytes.
    pub line: Bytes,
    /// When the server would say it, by the time that it took in the recording.
    pub at: At,
}

/// What came of one line of the client's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// What the server says.
    pub lines: Vec<Due>,
    /// What does not fit the recording, in sentences; foreign text is not escaped in them.
    pub deviations: Vec<String>,
}

/// How far a client came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The connection that was played.
    pub conn: ConnId,
    /// Requests that its server heard.
    pub requests: usize,
    /// Those of them that came.
    pub came: usize,
    /// Lines that did not fit.
    pub deviations: u64,
    /// In strict order the first request that did not come: its record, and in words.
    pub missing: Option<(u64, String)>,
}

impl Summary {
    /// Whether the client did what it had to.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.deviations == 0 && self.missing.is_none()
    }
}

#[derive(Debug)]
enum Play {
    Strict(Strict),
    Tolerant(Box<Tolerant>),
}

#[derive(Debug)]
struct Candidate {
    play: Play,
    deviations: u64,
}

/// One server of a recording.
///
/// Where the recording has several connections of that server, all of them are played side by side, and the one
/// that the client fits best is heard: the first, until a line comes that another one fits better.
#[derive(Debug)]
pub struct Mock {
    candidates: Vec<Candidate>,
    current: usize,
}

impl Mock {
    /// A mock of the server whose connections these are; `None` without any. `now` is when it starts.
    #[must_use]
    pub fn new(scripts: Vec<Script>, order: Order, now: At) -> Option<Self> {
        let play = |script| match order {
            Order::Strict => Play::Strict(Strict::new(script, now)),
            Order::Tolerant => Play::Tolerant(Box::new(Tolerant::new(script, now))),
        };
        let candidates: Vec<Candidate> = scripts
            .into_iter()
            .map(|script| Candidate { play: play(script), deviations: 0 })
            .collect();
        (!candidates.is_empty()).then_some(Self { candidates, current: 0 })
    }

    /// What the server says before it has heard anything.
    pub fn begin(&mut self, now: At) -> Vec<Due> {
        let lines: Vec<Vec<Due>> = self
            .candidates
            .iter_mut()
            .map(|candidate| match &mut candidate.play {
                Play::Strict(play) => play.say(now),
                Play::Tolerant(play) => play.begin(),
            })
            .collect();
        lines.into_iter().nth(self.current).unwrap_or_default()
    }

    /// Takes one line of the client's, without its newline.
    pub fn receive(&mut self, line: &[u8], now: At) -> Turn {
        let read = line::read(line);
        let mut turns: Vec<Turn> = self
            .candidates
            .iter_mut()
            .map(|candidate| {
                let turn = candidate.play.receive(&read, now);
                candidate.deviations += turn.deviations.len() as u64;
                turn
            })
            .collect();
        let misfits = |at: usize| self.candidates.get(at).map_or(u64::MAX, |c| c.deviations);
        let best = (0..turns.len()).min_by_key(|at| misfits(*at)).unwrap_or_default();
        if misfits(best) < misfits(self.current) {
            self.current = best;
        }
        if self.current < turns.len() { turns.swap_remove(self.current) } else { Turn::default() }
    }

    /// How far the client came.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        let candidate = self.candidates.get(self.current)?;
        let (script, came, missing) = match &candidate.play {
            Play::Strict(play) => {
                let (came, missing) = play.progress();
                (play.script(), came, missing)
            }
            Play::Tolerant(play) => (play.script(), play.used(), None),
        };
        Some(Summary {
            conn: script.conn,
            requests: script.requests(),
            came,
            deviations: candidate.deviations,
            missing,
        })
    }
}

impl Play {
    fn receive(&mut self, read: &Read, now: At) -> Turn {
        match (read, self) {
            (Read::Blank, _) => Turn::default(),
            (Read::Faulty { why, id }, _) => {
                let message = format!("a line that is no message: {why}");
                let line = error::faulty(id.as_ref(), &message);
                Turn { lines: vec![Due { line, at: now }], deviations: vec![message] }
            }
            (Read::Line(line), Self::Strict(play)) => play.receive(line, now),
            (Read::Line(line), Self::Tolerant(play)) => play.receive(line, now),
        }
    }
}
