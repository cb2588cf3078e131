//! Records to what the servers of a recording heard and said, connection by connection.
//!
//! A server heard what was forwarded to it: held calls when they were allowed, edited ones as they were sent,
//! and nothing that was refused. It said every line that came from it, also those that the gate kept from
//! the agent.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::engine::{At, CallId, ConnId, Facts, Problem, Settled, TicketId};
use crate::journal::mock::line::{self, Line, Read, Request, Wants};
use crate::journal::mock::said::{Name, Place, Said};
use crate::journal::record::{Effected, Record, What};
use crate::protocol::Side;
use crate::protocol::jsonrpc::{self, Id, Parsed};

/// One message that the server heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    /// Which line.
    pub(super) line: usize,
    /// Which of its members.
    pub(super) member: usize,
}

/// The names under which a client made a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) id: Id,
    pub(super) token: Option<Id>,
}

impl Came {
    pub(super) fn of(request: &Request) -> Self {
        Self { id: request.id.clone(), token: request.token.clone() }
    }
}

/// A line that the server heard.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// The record in which it was forwarded.
    pub(super) record: u64,
    /// When.
    pub(super) at: At,
    /// What it says.
    pub(super) line: Line,
    /// For each member the request that it takes back.
    pub(super) cancels: Vec<Option<Slot>>,
    /// A gate died before it was known whether the line was written.
    pub(super) doubtful: bool,
    calls: Vec<CallId>,
}

impl Heard {
    /// Whether it asks for anything.
    pub(super) fn asks(&self) -> bool {
        self.line.requests().next().is_some()
    }
}

/// One connection of a recording, as its server saw it.
#[derive(Debug, Clone)]
pub struct Script {
    /// The connection's number in the recording.
    pub conn: ConnId,
    /// The server's name.
    pub server: String,
    /// When the connection was opened.
    pub(super) opened_at: At,
    /// What the server heard, in order.
    pub(super) heard: Vec<Heard>,
    /// What it said, in order.
    pub(super) said: Vec<Said>,
    asked: BTreeMap<Id, Slot>,
    tokens: BTreeMap<Id, Slot>,
}

/// Collects the connections of a recording.
#[derive(Debug, Default)]
pub struct Scripts {
    conns: BTreeMap<ConnId, Script>,
    held: BTreeMap<TicketId, Bytes>,
}

impl Scripts {
    /// Takes the next record; they have to come in order, from the first.
    pub fn record(&mut self, record: &Record) {
        match &record.event {
            What::Opened(opened) => {
                let script = Script {
                    conn: opened.conn,
                    server: opened.server.clone(),
                    opened_at: record.at,
                    heard: Vec::new(),
                    said: Vec::new(),
                    asked: BTreeMap::new(),
                    tokens: BTreeMap::new(),
                };
                self.conns.entry(opened.conn).or_insert(script);
            }
            What::Frame { conn, from: Side::Server, raw } => {
                if let (Some(script), Some(line)) = (self.conns.get_mut(conn), raw.bytes()) {
                    script.says(record, line);
                }
            }
            What::Broken { conn, from: Side::Server, head, problem } => {
                if let (Some(script), Some(head)) = (self.conns.get_mut(conn), head.bytes()) {
                    script.lost(record, &head, problem);
                }
            }
            What::Started(_)
            | What::Frame { .. }
            | What::Broken { .. }
            | What::Stderr { .. }
            | What::Closed { .. }
            | What::Answered { .. }
            | What::Attended { .. }
            | What::Tick {}
            | What::Synced { .. }
            | What::Attempt { .. }
            | What::Layered(_)
            | What::Ruled(_)
            | What::Reloaded(_)
            | What::Confirmed { .. }
            | What::Remembered(_)
            | What::Forgotten { .. }
            | What::Revealed { .. }
            | What::Resumed { .. }
            | What::Ended { .. } => {}
        }
        self.effects(record);
    }

    /// All connections, by their numbers.
    #[must_use]
    pub fn finish(self) -> Vec<Script> {
        self.conns.into_values().collect()
    }

    fn effects(&mut self, record: &Record) {
        let frame = if let What::Frame { from: Side::Agent, raw, .. } = &record.event {
            raw.bytes()
        } else {
            None
        };
        let mut allowed = None;
        for effect in &record.effects {
            match effect {
                Effected::Hold(held) => {
                    let line = frame.as_ref().and_then(|frame| {
                        member_of(frame, record.facts.as_ref(), CallId(held.ticket.0))
                    });
                    self.held.extend(line.map(|line| (held.ticket, line)));
                }
                Effected::Settle { ticket, how } => {
                    let line = self.held.remove(ticket);
                    allowed = line.filter(|_| matches!(how, Settled::Allowed { .. }));
                }
                Effected::Forward { conn, to: Side::Server, .. } => {
                    if let Some(line) = allowed.take().or_else(|| frame.clone()) {
                        self.hears(*conn, record, &line);
                    }
                }
                Effected::Replace { conn, to: Side::Server, sent, .. } => {
                    allowed = None;
                    if let Some(line) = sent.bytes() {
                        self.hears(*conn, record, &line);
                    }
                }
                Effected::Refuse { conn, to: Side::Agent, call: Some(call), .. } => {
                    if let (What::Resumed { .. }, Some(script)) =
                        (&record.event, self.conns.get_mut(conn))
                    {
                        script.doubt(*call);
                    }
                }
                // What the gate itself says to a server is no client's.
                Effected::Forward { .. }
                | Effected::Replace { .. }
                | Effected::Refuse { .. }
                | Effected::Revise { .. }
                | Effected::Rejected { .. }
                | Effected::Drop { .. }
                | Effected::Originate { .. }
                | Effected::Sync {}
                | Effected::EndLine { .. }
                | Effected::Close { .. } => {}
            }
        }
    }

    fn hears(&mut self, conn: ConnId, record: &Record, line: &[u8]) {
        if let Some(script) = self.conns.get_mut(&conn) {
            script.hears(record, line);
        }
    }
}

/// The member of a frame that makes this call; the whole frame where it is no batch.
fn member_of(frame: &Bytes, facts: Option<&Facts>, call: CallId) -> Option<Bytes> {
    let Some(n) = facts?.members.iter().position(|member| member.call == Some(call)) else {
        return Some(frame.clone());
    };
    match jsonrpc::parse(frame) {
        Parsed::Batch(members) => {
            let (span, _) = members.get(n)?;
            frame.get(span.clone()).map(Bytes::copy_from_slice)
        }
        Parsed::Blank | Parsed::One(_) | Parsed::Faulty { .. } => None,
    }
}

impl Script {
    fn hears(&mut self, record: &Record, line: &[u8]) {
        let Read::Line(line) = line::read(line) else { return };
        let at = self.heard.len();
        let slot = |member| Slot { line: at, member };
        let mut cancels = Vec::with_capacity(line.members.len());
        for (n, wants) in line.members.iter().enumerate() {
            let mut takes_back = None;
            match wants {
                Wants::Request(request) => {
                    self.asked.insert(request.id.clone(), slot(n));
                    if let Some(token) = &request.token {
                        self.tokens.insert(token.clone(), slot(n));
                    }
                }
                Wants::Notification { cancels: Some(id), .. } => {
                    takes_back = self.asked.get(id).copied();
                }
                Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing => {}
            }
            cancels.push(takes_back);
        }
        let facts =
            record.facts.iter().flat_map(|facts| std::iter::once(facts).chain(&facts.members));
        let calls = facts.filter_map(|facts| facts.call).collect();
        self.heard.push(Heard {
            record: record.seq,
            at: record.at,
            line,
            cancels,
            doubtful: false,
            calls,
        });
    }

    fn doubt(&mut self, call: CallId) {
        let heard = self.heard.iter_mut().rev().find(|heard| heard.calls.contains(&call));
        if let Some(heard) = heard {
            heard.doubtful = true;
        }
    }

    fn says(&mut self, record: &Record, line: Bytes) {
        let (asked, tokens) = (&self.asked, &self.tokens);
        let said = Said::new(line, |id| asked.get(id).copied(), |token| tokens.get(token).copied());
        self.say(record, said);
    }

    /// A line that was too long to be recorded: whoever waits for it is told so.
    fn lost(&mut self, record: &Record, head: &[u8], problem: &Problem) {
        let Problem::TooLong { size_bytes, .. } = problem else { return };
        let Some(id) = jsonrpc::find_id(head) else { return };
        if let Some(slot) = self.asked.get(&id) {
            let said = Said::lost(*slot, &id, record.seq, *size_bytes);
            self.say(record, said);
        }
    }

    fn say(&mut self, record: &Record, said: Said) {
        self.said.push(Said { at: record.at, heard: self.heard.len(), ..said });
    }

    /// How many requests the server heard for certain.
    #[must_use]
    pub fn requests(&self) -> usize {
        let sure = self.heard.iter().filter(|heard| !heard.doubtful);
        sure.map(|heard| heard.line.requests().count()).sum()
    }

    /// The recorded request of a slot.
    pub(super) fn request(&self, slot: Slot) -> Option<&Request> {
        match self.heard.get(slot.line)?.line.members.get(slot.member)? {
            Wants::Request(request) => Some(request),
            Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing => None,
        }
    }

    /// What a place of the server's line is called by a client that made the request as `came`.
    pub(super) fn name<'a>(&self, place: &Place, came: &'a Came) -> Option<&'a str> {
        let recorded = self.request(place.of)?;
        let (was, is) = match place.name {
            Name::Answer | Name::Id => (&recorded.id, &came.id),
            Name::Token => (recorded.token.as_ref()?, came.token.as_ref()?),
        };
        // As the server spelled it, where the client says the same.
        (was.raw() != is.raw()).then(|| is.raw())
    }
}
