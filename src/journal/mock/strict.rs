//! The mock that holds a client to the recording: requests come in the recorded order, with the recorded
//! parameters.
//!
//! The order of notifications and of answers to the server, relative to requests, depends on how fast each
//! side was; so each has to be one that the server heard, and may come at any time. What the server says comes in
//! the recorded order, each line as soon as what it answers has come; a line that answers nothing comes when
//! all that the server had heard before it has come, and at the latest with the next answer.

use crate::engine::At;
use crate::journal::mock::line::{Line, Wants};
use crate::journal::mock::said::Said;
use crate::journal::mock::script::{Came, Heard, Script, Slot};
use crate::journal::mock::{Due, Turn, error};
use crate::protocol::jsonrpc::Id;

/// A recorded line that came.
#[derive(Debug, Clone)]
struct Arrived {
    at: At,
    members: Vec<Option<Came>>,
}

/// One connection, played strictly.
#[derive(Debug)]
pub(super) struct Strict {
    script: Script,
    began_at: At,
    arrived: Vec<Option<Arrived>>,
    /// The first line that the server heard and that has not come.
    open: usize,
    /// The first of them that it heard for certain.
    missing: usize,
    /// The first line that it has not said.
    unsaid: usize,
    last_due: At,
}

impl Strict {
    pub(super) fn new(script: Script, now: At) -> Self {
        let arrived = vec![None; script.heard.len()];
        Self { script, began_at: now, arrived, open: 0, missing: 0, unsaid: 0, last_due: now }
    }

    pub(super) const fn script(&self) -> &Script {
        &self.script
    }

    /// Takes a well-formed line of the client's.
    pub(super) fn receive(&mut self, line: &Line, now: At) -> Turn {
        let mut turn = Turn::default();
        if line.requests().next().is_some() {
            match self.next_request(line) {
                Ok(at) => self.arrive(at, line, now),
                Err(due) => self.refuse(line, due, now, &mut turn),
            }
        } else if let Some(at) = self.heard_so(line) {
            self.arrive(at, line, now);
        } else {
            self.unexpected(line, now, &mut turn);
        }
        turn.lines.extend(self.say(now));
        turn
    }

    /// The recorded line that has to come next, if this is it; else the one that was due.
    fn next_request(&self, line: &Line) -> Result<usize, Option<usize>> {
        let open = self.script.heard.iter().enumerate().skip(self.open);
        for (at, heard) in open.filter(|(at, heard)| heard.asks() && self.is_missing(*at)) {
            if self.fits(heard, line) {
                return Ok(at);
            }
            if !heard.doubtful {
                return Err(Some(at));
            }
        }
        Err(None)
    }

    /// A recorded line without requests that this is.
    fn heard_so(&self, line: &Line) -> Option<usize> {
        let mut open = self.script.heard.iter().enumerate().skip(self.open);
        open.find(|(at, heard)| !heard.asks() && self.is_missing(*at) && self.fits(heard, line))
            .map(|(at, _)| at)
    }

    fn is_missing(&self, at: usize) -> bool {
        self.arrived.get(at).is_some_and(Option::is_none)
    }

    fn fits(&self, heard: &Heard, line: &Line) -> bool {
        let recorded = &heard.line;
        recorded.is_batch == line.is_batch
            && recorded.members.len() == line.members.len()
            && recorded
                .members
                .iter()
                .zip(&line.members)
                .zip(&heard.cancels)
                .all(|((was, is), cancels)| self.same(was, is, *cancels))
    }

    fn same(&self, was: &Wants, is: &Wants, takes_back: Option<Slot>) -> bool {
        match (was, is) {
            (Wants::Request(was), Wants::Request(is)) => {
                was.method == is.method
                    && was.key == is.key
                    && was.token.is_some() == is.token.is_some()
            }
            (
                Wants::Notification { method, key, cancels },
                Wants::Notification { method: is_method, key: is_key, cancels: is_cancels },
            ) => {
                let named = match takes_back {
                    Some(slot) => self.came(slot).map(|came| &came.id) == is_cancels.as_ref(),
                    // The server never heard of that request, and so may not of this one's.
                    None => match (cancels, is_cancels) {
                        (Some(was), Some(is)) => was == is || !self.knows(is),
                        (was, is) => was == is,
                    },
                };
                method == is_method && key == is_key && named
            }
            (Wants::Response { id, key }, Wants::Response { id: is_id, key: is_key }) => {
                id == is_id && key == is_key
            }
            (Wants::Nothing, Wants::Nothing) => true,
            (
                Wants::Request(_)
                | Wants::Notification { .. }
                | Wants::Response { .. }
                | Wants::Nothing,
                _,
            ) => false,
        }
    }

    fn came(&self, slot: Slot) -> Option<&Came> {
        self.arrived.get(slot.line)?.as_ref()?.members.get(slot.member)?.as_ref()
    }

    /// Whether a request with this id came.
    fn knows(&self, id: &Id) -> bool {
        let came = self.arrived.iter().flatten().flat_map(|arrived| &arrived.members).flatten();
        came.map(|came| &came.id).any(|came| came == id)
    }

    fn arrive(&mut self, at: usize, line: &Line, now: At) {
        let members = line.members.iter().map(|wants| match wants {
            Wants::Request(request) => Some(Came::of(request)),
            Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing => None,
        });
        let arrived = Arrived { at: now, members: members.collect() };
        if let Some(place) = self.arrived.get_mut(at) {
            *place = Some(arrived);
        }
        let came = |at: usize| self.arrived.get(at).is_some_and(Option::is_some);
        let doubtful = |at: usize| self.script.heard.get(at).is_some_and(|heard| heard.doubtful);
        while came(self.open) {
            self.open += 1;
        }
        while came(self.missing) || doubtful(self.missing) {
            self.missing += 1;
        }
    }

    fn refuse(&self, line: &Line, due: Option<usize>, now: At, turn: &mut Turn) {
        let due = due.and_then(|at| self.script.heard.get(at));
        let mut answers = Vec::new();
        for request in line.requests() {
            let message = match due {
                Some(heard) => format!(
                    "not what the recording has here: {} came where record {} was due: {}",
                    error::request(request),
                    heard.record,
                    error::line(&heard.line)
                ),
                None => format!(
                    "not what the recording has here: {} came, and no further request is recorded",
                    error::request(request)
                ),
            };
            answers.push(error::answer(request, due, &message));
            turn.deviations.push(message);
        }
        turn.lines.push(Due { line: error::join(&answers, line.is_batch), at: now });
    }

    /// A line that asks for nothing and that the server never heard.
    fn unexpected(&mut self, line: &Line, now: At, turn: &mut Turn) {
        for wants in &line.members {
            match wants {
                Wants::Response { id, .. } if self.asked(id) => {
                    let mut open = self.script.heard.iter().enumerate().skip(self.open);
                    let recorded = open.find(|(at, heard)| {
                        self.is_missing(*at)
                            && heard.line.members.iter().any(|was| answers(was, id))
                    });
                    if let Some((at, heard)) = recorded {
                        turn.deviations.push(format!(
                            "the answer to the server's request {id} differs from record {}",
                            heard.record
                        ));
                        self.arrive(at, line, now);
                    }
                }
                Wants::Response { id, .. } => {
                    turn.deviations.push(format!("an answer to {id}, which was not asked"));
                }
                Wants::Notification { method, .. } => turn.deviations.push(format!(
                    "the notification {method} is not in the recording like this, or not so often"
                )),
                Wants::Nothing => turn.deviations.push("an answer without an id".to_owned()),
                Wants::Request(_) => {}
            }
        }
    }

    /// Whether the server has asked the client something under this id.
    fn asked(&self, id: &Id) -> bool {
        let said = self.script.said.iter().take(self.unsaid);
        said.filter_map(|said| said.asks.as_ref()).any(|asked| asked == id)
    }

    /// What the server says now.
    pub(super) fn say(&mut self, now: At) -> Vec<Due> {
        let mut end = self.unsaid;
        for (at, said) in self.script.said.iter().enumerate().skip(self.unsaid) {
            let bound = said.places().next().is_some();
            if self.is_moot(said) {
                continue;
            }
            if bound && !said.places().all(|place| self.came(place.of).is_some()) {
                break;
            }
            if bound || said.heard <= self.missing {
                end = at + 1;
            }
        }
        let mut lines = Vec::new();
        for said in self.script.said.iter().take(end).skip(self.unsaid) {
            if self.is_moot(said) {
                continue;
            }
            self.last_due = self.last_due.max(self.due(said, now));
            let line = said.line(|place| self.script.name(place, self.came(place.of)?));
            lines.push(Due { line, at: self.last_due });
        }
        self.unsaid = end;
        lines
    }

    /// Whether a line is about a request that may never have reached the server, and did not come.
    fn is_moot(&self, said: &Said) -> bool {
        said.places().any(|place| {
            let doubtful = self.script.heard.get(place.of.line).is_some_and(|line| line.doubtful);
            doubtful && self.came(place.of).is_none()
        })
    }

    /// As long after what it belongs to as in the recording.
    fn due(&self, said: &Said, now: At) -> At {
        let after = |slot: usize| {
            let (heard, arrived) =
                (self.script.heard.get(slot)?, self.arrived.get(slot)?.as_ref()?);
            Some(At(arrived.at.0 + said.at.0.saturating_sub(heard.at.0)))
        };
        if said.heard == 0 {
            return At(self.began_at.0 + said.at.0.saturating_sub(self.script.opened_at.0));
        }
        let bound = said.places().filter_map(|place| after(place.of.line)).max();
        bound.or_else(|| after(said.heard - 1)).unwrap_or(now)
    }

    /// Requests that have come, and the first that has not.
    pub(super) fn progress(&self) -> (usize, Option<(u64, String)>) {
        let arrived = self.script.heard.iter().zip(&self.arrived);
        let came = arrived.clone().filter(|(heard, arrived)| !heard.doubtful && arrived.is_some());
        let came = came.map(|(heard, _)| heard.line.requests().count()).sum();
        let mut open =
            arrived.filter(|(heard, arrived)| heard.asks() && !heard.doubtful && arrived.is_none());
        let first = open.next().map(|(heard, _)| (heard.record, error::line(&heard.line)));
        (came, first)
    }
}

fn answers(wants: &Wants, id: &Id) -> bool {
    matches!(wants, Wants::Response { id: answered, .. } if answered == id)
}
