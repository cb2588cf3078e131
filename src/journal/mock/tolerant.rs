//! The mock that serves a client in any order: a request gets the answer that the recording has for the same
//! method and parameters, the next one that was not used, or else the last one again.
//!
//! `_meta` does not count, because clients put their names, versions and counters there; nor do the parameters of
//! what every client says in its own words (`initialize`, `server/discover`, `ping`). A line of the server's that
//! answers nothing is sent once: before the answer that followed it in the recording, or else behind the line
//! that it followed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::engine::At;
use crate::journal::mock::line::{Key, Line, Request, Wants};
use crate::journal::mock::said::{Name, Place, Said};
use crate::journal::mock::script::{Came, Script, Slot};
use crate::journal::mock::{Due, Turn, error};
use crate::protocol::method::{self, Revision};

/// One line on its way out.
#[derive(Debug)]
struct Piece {
    /// Whether it answers the request, and so belongs into a batch's answer.
    answers: bool,
    due: Due,
}

/// One connection, played tolerantly.
#[derive(Debug)]
pub(super) struct Tolerant {
    script: Script,
    began_at: At,
    /// Requests by method and parameters.
    exact: BTreeMap<(String, Key), Vec<Slot>>,
    /// Those whose parameters do not count, by method.
    by_method: BTreeMap<String, Vec<Slot>>,
    /// What the server said about each request, in order.
    about: BTreeMap<Slot, Vec<usize>>,
    /// Lines that answer nothing, by the answer that follows them.
    before: BTreeMap<usize, Vec<usize>>,
    /// Such lines that no answer follows, by the line that they follow.
    behind: BTreeMap<usize, Vec<usize>>,
    used: BTreeSet<Slot>,
    /// The revision that was settled last.
    revision: Option<Revision>,
    /// Lines without requests that have come.
    quiet: BTreeSet<usize>,
}

impl Tolerant {
    pub(super) fn new(script: Script, now: At) -> Self {
        let mut play = Self {
            script,
            began_at: now,
            exact: BTreeMap::new(),
            by_method: BTreeMap::new(),
            about: BTreeMap::new(),
            before: BTreeMap::new(),
            behind: BTreeMap::new(),
            used: BTreeSet::new(),
            revision: None,
            quiet: BTreeSet::new(),
        };
        for (at, heard) in play.script.heard.iter().enumerate() {
            for (member, wants) in heard.line.members.iter().enumerate() {
                let Wants::Request(request) = wants else { continue };
                let slot = Slot { line: at, member };
                let key = (request.method.clone(), request.loose);
                play.exact.entry(key).or_default().push(slot);
                if said_in_own_words(&request.method) {
                    play.by_method.entry(request.method.clone()).or_default().push(slot);
                }
            }
        }
        play.attach();
        play
    }

    /// Puts every line of the server's where it will be sent from.
    fn attach(&mut self) {
        let mut next_answer = None;
        for (at, said) in self.script.said.iter().enumerate().rev() {
            let slots: BTreeSet<Slot> = said.places().map(|place| place.of).collect();
            for slot in &slots {
                self.about.entry(*slot).or_default().insert(0, at);
            }
            if said.places().any(|place| place.name == Name::Answer) {
                next_answer = Some(at);
            } else if slots.is_empty() && said.heard > 0 {
                let place = match next_answer {
                    Some(answer) => self.before.entry(answer).or_default(),
                    None => self.behind.entry(said.heard - 1).or_default(),
                };
                place.insert(0, at);
            }
        }
    }

    pub(super) const fn script(&self) -> &Script {
        &self.script
    }

    /// What the server says before it has heard anything.
    pub(super) fn begin(&mut self) -> Vec<Due> {
        let opening = self.script.said.iter().take_while(|said| said.heard == 0);
        opening
            .map(|said| Due {
                line: said.line.clone(),
                at: later(self.began_at, self.script.opened_at, said.at),
            })
            .collect()
    }

    /// Takes a well-formed line of the client's.
    pub(super) fn receive(&mut self, line: &Line, now: At) -> Turn {
        let mut turn = Turn::default();
        if line.is_batch && !self.revision.as_ref().is_none_or(Revision::has_batches) {
            self.no_batches(line, now, &mut turn);
        } else if let Some(slots) = self.whole_batch(line) {
            self.batch(&slots, line, now, &mut turn);
        } else {
            self.members(line, now, &mut turn);
        }
        turn
    }

    /// The recorded request that gets its answer now.
    fn find(&self, request: &Request) -> Option<Slot> {
        let exact = self.exact.get(&(request.method.clone(), request.loose));
        let slots = exact.or_else(|| self.by_method.get(&request.method))?;
        let unused = slots.iter().find(|slot| !self.used.contains(slot));
        unused.or_else(|| slots.last()).copied()
    }

    fn members(&mut self, line: &Line, now: At, turn: &mut Turn) {
        let mut answers = Vec::new();
        for wants in &line.members {
            match wants {
                Wants::Request(request) => {
                    let pieces = match self.find(request) {
                        Some(slot) => self.about_one(slot, request, now),
                        None => {
                            vec![Piece { answers: true, due: self.unknown(request, now, turn) }]
                        }
                    };
                    for Piece { answers: is_answer, due } in pieces {
                        let joined = is_answer && line.is_batch;
                        let place = if joined { &mut answers } else { &mut turn.lines };
                        place.push(due);
                    }
                }
                Wants::Notification { .. } | Wants::Response { .. } => {
                    self.heard_quietly(wants, now, turn);
                }
                Wants::Nothing => {}
            }
        }
        if let Some(at) = answers.iter().map(|due| due.at).max() {
            let texts: Vec<Bytes> = answers.into_iter().map(|due| due.line).collect();
            let joined = [b"[".as_slice(), &texts.join(&b","[..]), b"]"].concat();
            turn.lines.push(Due { line: Bytes::from(joined), at });
        }
    }

    /// The lines about one request, under the names that the client gave it.
    fn about_one(&mut self, slot: Slot, request: &Request, now: At) -> Vec<Piece> {
        let came = Came::of(request);
        let mut pieces = Vec::new();
        let other = |due| Piece { answers: false, due };
        for at in self.about.get(&slot).cloned().unwrap_or_default() {
            pieces.extend(self.take_before(at, slot, now).into_iter().map(other));
            let Some(said) = self.script.said.get(at) else { continue };
            if is_unwanted(said, slot, &came) {
                continue;
            }
            let due = self.due(slot, said, now);
            let name = |place: &Place| {
                if place.of == slot { self.script.name(place, &came) } else { None }
            };
            let mine = said.members.iter().filter(|member| member.is_about(slot));
            pieces.extend(mine.map(|member| {
                let whole = said.members.len() == 1 && !said.is_batch;
                let line = if whole { said.line(name) } else { said.member(member, name) };
                Piece { answers: member.answers(slot), due: Due { line, at: due } }
            }));
        }
        pieces.extend(self.done(slot, now).into_iter().map(other));
        pieces
    }

    /// The slots of a recorded batch that this one is, member by member.
    fn whole_batch(&self, line: &Line) -> Option<Vec<Option<Slot>>> {
        let first = line.requests().next().filter(|_| line.is_batch)?;
        let at = self.find(first)?.line;
        let heard = self.script.heard.get(at).filter(|heard| heard.line.is_batch)?;
        if heard.line.members.len() != line.members.len() {
            return None;
        }
        let pairs = heard.line.members.iter().zip(&line.members).enumerate();
        let slots: Option<Vec<Option<Slot>>> = pairs
            .map(|(member, (was, is))| match (was, is) {
                (Wants::Request(was), Wants::Request(is)) => (was.method == is.method
                    && was.loose == is.loose)
                    .then_some(Some(Slot { line: at, member })),
                (Wants::Request(_), _) | (_, Wants::Request(_)) => None,
                (
                    Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing,
                    Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing,
                ) => Some(None),
            })
            .collect();
        // A line that answers other requests, too, has to be cut.
        let slots = slots?;
        let about = slots.iter().flatten().filter_map(|slot| self.about.get(slot)).flatten();
        let whole = about
            .filter_map(|at| self.script.said.get(*at))
            .all(|said| said.places().all(|place| slots.contains(&Some(place.of))));
        whole.then_some(slots)
    }

    /// A batch that was recorded as it is gets the lines that it got then.
    fn batch(&mut self, slots: &[Option<Slot>], line: &Line, now: At, turn: &mut Turn) {
        let came: BTreeMap<Slot, Came> = slots
            .iter()
            .zip(&line.members)
            .filter_map(|(slot, wants)| match wants {
                Wants::Request(request) => Some(((*slot)?, Came::of(request))),
                Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing => None,
            })
            .collect();
        let about: BTreeSet<usize> =
            came.keys().filter_map(|slot| self.about.get(slot)).flatten().copied().collect();
        let Some((first, _)) = came.first_key_value() else { return };
        let first = *first;
        for at in about {
            turn.lines.extend(self.take_before(at, first, now));
            let Some(said) = self.script.said.get(at) else { continue };
            if came.iter().any(|(slot, came)| is_unwanted(said, *slot, came)) {
                continue;
            }
            let name = |place: &Place| self.script.name(place, came.get(&place.of)?);
            turn.lines.push(Due { line: said.line(name), at: self.due(first, said, now) });
        }
        for slot in came.keys() {
            turn.lines.extend(self.done(*slot, now));
        }
    }

    /// Marks a request as used; what followed it and no answer, follows.
    fn done(&mut self, slot: Slot, now: At) -> Vec<Due> {
        self.used.insert(slot);
        let stateless = self.script.request(slot).and_then(|request| request.version.as_deref());
        let mut about = self.about.get(&slot).into_iter().flatten();
        let settled = about
            .find_map(|at| self.script.said.get(*at)?.version.as_deref())
            .or(stateless)
            .map(Revision::parse);
        self.revision = settled.or_else(|| self.revision.take());
        self.take_behind(slot, now)
    }

    fn take_before(&mut self, answer: usize, slot: Slot, now: At) -> Vec<Due> {
        let free = self.before.remove(&answer).unwrap_or_default();
        self.free(&free, slot, now)
    }

    fn take_behind(&mut self, slot: Slot, now: At) -> Vec<Due> {
        let free = self.behind.remove(&slot.line).unwrap_or_default();
        self.free(&free, slot, now)
    }

    fn free(&self, lines: &[usize], slot: Slot, now: At) -> Vec<Due> {
        let said = lines.iter().filter_map(|at| self.script.said.get(*at));
        said.map(|said| Due { line: said.line.clone(), at: self.due(slot, said, now) }).collect()
    }

    /// A notification, or an answer to the server: it has no answer, but something may have followed it.
    fn heard_quietly(&mut self, wants: &Wants, now: At, turn: &mut Turn) {
        let mut recorded = self.script.heard.iter().enumerate();
        let found = recorded.find(|(at, heard)| {
            !self.quiet.contains(at) && heard.line.members.iter().any(|was| is_like(was, wants))
        });
        if let Some((at, _)) = found {
            self.quiet.insert(at);
            turn.lines.extend(self.take_behind(Slot { line: at, member: 0 }, now));
        }
    }

    fn unknown(&self, request: &Request, now: At, turn: &mut Turn) -> Due {
        let same = self.exact.iter().filter(|((method, _), _)| *method == request.method);
        let same: usize = same.map(|(_, slots)| slots.len()).sum();
        let message = format!(
            "not in the recording: {} with these parameters (with others it has {} {same} times)",
            error::request(request),
            request.method
        );
        turn.deviations.push(message.clone());
        Due { line: Bytes::from(error::answer(request, None, &message)), at: now }
    }

    fn no_batches(&self, line: &Line, now: At, turn: &mut Turn) {
        let revision = self.revision.as_ref().map(Revision::text).unwrap_or_default();
        let message = format!("an array of messages, which revision {revision} does not have");
        turn.deviations.push(message.clone());
        let answers = line.requests().map(|request| error::answer(request, None, &message));
        turn.lines.extend(answers.map(|answer| Due { line: Bytes::from(answer), at: now }));
    }

    /// As long after the request as in the recording.
    fn due(&self, slot: Slot, said: &Said, now: At) -> At {
        self.script.heard.get(slot.line).map_or(now, |heard| later(now, heard.at, said.at))
    }

    /// Requests that were answered at least once.
    pub(super) fn used(&self) -> usize {
        self.used.len()
    }
}

/// As long after `now` as `then` was after `from`.
fn later(now: At, from: At, then: At) -> At {
    At(now.0.saturating_add(then.0.saturating_sub(from.0)))
}

/// What every client says in its own words.
fn said_in_own_words(name: &str) -> bool {
    matches!(name, method::INITIALIZE | method::DISCOVER | method::PING)
}

/// Progress for a client that wants none.
fn is_unwanted(said: &Said, slot: Slot, came: &Came) -> bool {
    came.token.is_none() && said.places().any(|place| place.of == slot && place.name == Name::Token)
}

fn is_like(was: &Wants, is: &Wants) -> bool {
    match (was, is) {
        (Wants::Notification { method, .. }, Wants::Notification { method: is, .. }) => {
            method == is
        }
        (Wants::Response { id, .. }, Wants::Response { id: is, .. }) => id == is,
        (
            Wants::Request(_)
            | Wants::Notification { .. }
            | Wants::Response { .. }
            | Wants::Nothing,
            _,
        ) => false,
    }
}
