//! The one way in.

use std::collections::BTreeMap;

use crate::catalog::{self, Pin, Subject};
use crate::engine::effect::{Effect, Held, Step};
use crate::engine::event::{
    At, ConnId, Digest, Event, Facts, Finding, Happening, Layered, Severity, Started, TicketId, Was,
};
use crate::engine::session::State;
use crate::engine::shapes::Shapes;
use crate::inspect::secrets::Pack;
use crate::policy::{Known, Policy};
use crate::protocol::Side;

/// One session's engine.
#[derive(Debug)]
pub struct Engine {
    pub(in crate::engine) state: State,
    /// `None` until the session started, and when its policy is broken: then every judged call is denied.
    pub(in crate::engine) policy: Option<Known>,
    /// The compiled form of the state's layers.
    pub(in crate::engine) layers: Vec<Policy>,
    /// The compiled form of what waits to be confirmed.
    pub(in crate::engine) proposed: Option<Policy>,
    /// The compiled form of what stands beside the policy, by connection.
    pub(in crate::engine) beside: BTreeMap<ConnId, Vec<Policy>>,
    /// Whether a recording is decided by another policy than its own.
    pub(in crate::engine) instead: bool,
    /// When the event came that is being taken in.
    pub(in crate::engine) at: At,
    /// What a recording tells of the line that is being taken in.
    pub(in crate::engine) was: Option<Was>,
    /// What tools say of their arguments.
    pub(in crate::engine) shapes: Shapes,
    /// What finds secrets.
    pub(in crate::engine) pack: Pack,
}

/// Why a snapshot is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is no state of this version.
    #[error("read the state snapshot: {0}")]
    Form(#[from] serde_json::Error),
    /// It was taken after another number of records than it should have been.
    #[error("use the state snapshot: taken at record {found}, wanted {wanted}")]
    Steps {
        /// The snapshot's records.
        found: u64,
        /// The journal's.
        wanted: u64,
    },
}

/// A call that waits, for lists.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// Its ticket.
    pub held: &'a Held,
    /// The server's name.
    pub server: &'a str,
    /// The tool's name, or the method.
    pub what: &'a str,
}

/// What one step collects.
#[derive(Debug, Default)]
pub(in crate::engine) struct Out {
    pub(in crate::engine) facts: Option<Facts>,
    pub(in crate::engine) effects: Vec<Effect>,
}

impl Out {
    pub(in crate::engine) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(in crate::engine) fn find(&mut self, rule: &str, severity: Severity, what: String) {
        let finding = Finding::new(rule, severity, what);
        self.facts.get_or_insert_default().findings.push(finding);
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that waits for its [`Happening::Started`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::default(),
            policy: None,
            layers: Vec::new(),
            proposed: None,
            beside: BTreeMap::new(),
            instead: false,
            at: At::default(),
            was: None,
            shapes: Shapes::default(),
            pack: Pack::builtin(),
        }
    }

    /// Makes one step: total, deterministic, and the only thing that changes the session.
    #[must_use]
    pub fn step(&mut self, event: Event) -> Step {
        let Event { at, what } = event;
        self.at = at;
        let mut out = Out::default();
        match what {
            Happening::Started(started) => self.start(started),
            Happening::Opened(opened) => self.open(opened, &mut out),
            Happening::Frame { conn, from, raw } => self.frame(at, conn, from, &raw, &mut out),
            Happening::Redacted { conn, from, raw, was } => {
                self.was = Some(was);
                self.frame(at, conn, from, &raw, &mut out);
                self.was = None;
            }
            Happening::Broken { conn, from, head, problem } => {
                self.broken(conn, from, &head, &problem, &mut out);
            }
            Happening::Stderr { .. } | Happening::Revealed { .. } => {}
            Happening::Closed { conn, side, why } => self.close(conn, side, &why, &mut out),
            Happening::Answered { ticket, digest, answer, by, unread: _ } => {
                self.expire(at, &mut out);
                self.answer(ticket, &digest, answer, by, &mut out);
            }
            Happening::Attended { answering } => self.attended(answering),
            Happening::Tick => self.tick(at, &mut out),
            Happening::Synced { seq } => {
                self.expire(at, &mut out);
                self.synced(seq, &mut out);
            }
            Happening::Attempt { what, by } => out.find(
                "operator.attempt",
                Severity::High,
                format!("{by}, which runs below the wrapped agent, tried `{what}`: refused"),
            ),
            Happening::Layered(Layered { layer, policy, by }) => {
                self.expire(at, &mut out);
                self.layer(layer, policy, &by, &mut out);
            }
            Happening::Ruled(ruled) => self.rule(&ruled, &mut out),
            Happening::Reloaded(reloaded) => {
                self.expire(at, &mut out);
                self.reloaded(reloaded, &mut out);
            }
            Happening::Confirmed { digest, by } => {
                self.expire(at, &mut out);
                self.confirmed(&digest, &by, &mut out);
            }
            Happening::Remembered(one) => {
                self.expire(at, &mut out);
                self.reminded(*one, &mut out);
            }
            Happening::Forgotten { id, by: _ } => self.forget(&id),
            Happening::Resumed {
                conn,
                sent_to_agent,
                sent_to_server,
                again_to_agent,
                again_to_server,
            } => {
                let ends = [
                    (Side::Agent, sent_to_agent, again_to_agent),
                    (Side::Server, sent_to_server, again_to_server),
                ];
                self.resume(conn, ends, &mut out);
            }
            Happening::Ended { why } => self.end(&why, &mut out),
        }
        self.state.steps += 1;
        Step { facts: out.facts, effects: out.effects }
    }

    /// When the engine wants a [`Happening::Tick`], at the latest.
    #[must_use]
    pub fn next_wake(&self) -> Option<At> {
        self.state.tickets.values().map(|ticket| self.state.wake_at(ticket)).min()
    }

    /// Steps made so far: the number of the next record.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.state.steps
    }

    /// Calls that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.tickets.len()
    }

    /// The exact line of a call that waits.
    #[must_use]
    pub fn held_line(&self, ticket: TicketId) -> Option<&[u8]> {
        self.state.tickets.get(&ticket).map(|ticket| &*ticket.line)
    }

    /// What would be sent as the arguments of a call that waits, or all of the call where it has none; only for the
    /// digest that was shown.
    #[must_use]
    pub fn held_arguments(&self, ticket: TicketId, shown: &Digest) -> Option<&[u8]> {
        let ticket = self.state.tickets.get(&ticket).filter(|one| one.held.digest == *shown)?;
        match (&ticket.edited, ticket.arguments.clone()) {
            (Some(edited), _) => Some(edited.as_bytes()),
            (None, Some(span)) => ticket.line.get(span),
            (None, None) => Some(&ticket.line),
        }
    }

    /// The calls that wait, oldest first.
    pub fn held(&self) -> impl Iterator<Item = Waiting<'_>> {
        self.state.tickets.values().map(|ticket| {
            let conn = self.state.conns.get(&ticket.conn);
            let pending = conn.and_then(|conn| conn.end(ticket.from).asked.get(&ticket.id));
            let facts = pending.map(|pending| &pending.facts);
            Waiting {
                held: &ticket.held,
                server: conn.map_or("", |conn| conn.server.as_str()),
                what: facts
                    .and_then(|facts| facts.tool.as_deref().or(facts.method.as_deref()))
                    .unwrap_or_default(),
            }
        })
    }

    /// The connections that are open on both ends.
    #[must_use]
    pub fn open_connections(&self) -> Vec<ConnId> {
        self.state
            .conns
            .iter()
            .filter(|(_, conn)| !conn.agent.closed || !conn.server_end.closed)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Bytes handed out for one end since its connection opened or was resumed.
    #[must_use]
    pub fn handed_out(&self, conn: ConnId, side: Side) -> u64 {
        self.state.conns.get(&conn).map_or(0, |conn| conn.end(side).handed_out)
    }

    /// Counts what was handed out behind a place as longer or shorter than it is: a recording has lines with their
    /// secrets replaced, and the places in the stream are those of the lines as they were.
    pub fn stretch(&mut self, conn: ConnId, to: Side, behind: u64, by: i64) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        let end = known.end_mut(to);
        end.handed_out = end.handed_out.saturating_add_signed(by);
        for pending in known.end_mut(to.other()).asked.values_mut() {
            if let Some(until) = pending.forwarded_until.as_mut().filter(|until| **until > behind) {
                *until = until.saturating_add_signed(by);
            }
        }
    }

    /// How many gates took this connection over.
    #[must_use]
    pub fn resumptions(&self, conn: ConnId) -> u64 {
        self.state.conns.get(&conn).map_or(0, |conn| conn.resumptions)
    }

    /// Whether this end of a connection said its last.
    #[must_use]
    pub fn is_closed(&self, conn: ConnId, side: Side) -> bool {
        self.state.conns.get(&conn).is_none_or(|conn| conn.end(side).closed)
    }

    /// The number of the next connection: none is ever given twice.
    #[must_use]
    pub fn next_connection(&self) -> u32 {
        self.state.conns.keys().last().map_or(0, |conn| conn.0 + 1)
    }

    /// Requests of the agent that its server has received and not answered yet.
    #[must_use]
    pub fn unanswered(&self, conn: ConnId) -> usize {
        let asked = self.state.conns.get(&conn).map(|conn| conn.end(Side::Agent).asked.values());
        asked.map_or(0, |asked| asked.filter(|p| p.forwarded_until.is_some()).count())
    }

    /// What is to be kept of a definition of this connection's server.
    #[must_use]
    pub fn pin(&self, conn: ConnId, kind: catalog::Kind, name: &str) -> Option<Pin> {
        let server = &self.state.conns.get(&conn)?.identity;
        self.state.catalog.kept(Subject { server, kind, name })
    }

    /// The session's first event, once it came.
    #[must_use]
    pub const fn started(&self) -> Option<&Started> {
        self.state.started.as_ref()
    }

    /// Whether the session's end is recorded.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.state.ended
    }

    /// The state as JSON, for a snapshot beside the journal.
    ///
    /// # Errors
    /// Never in practice; the state has only string keys.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        Ok(serde_json::to_vec(&self.state)?)
    }

    /// Takes a session up from a snapshot taken before record `steps`.
    ///
    /// # Errors
    /// When the snapshot is of another version or place.
    pub fn restore(snapshot: &[u8], steps: u64) -> Result<Self, SnapshotError> {
        let state: State = serde_json::from_slice(snapshot)?;
        if state.steps != steps {
            return Err(SnapshotError::Steps { found: state.steps, wanted: steps });
        }
        let mut engine = Self { state, ..Self::new() };
        engine.compile();
        engine.compile_proposed();
        let conns: Vec<ConnId> = engine.state.conns.keys().copied().collect();
        for conn in conns {
            // What is broken was said when the connection opened.
            engine.compile_beside(conn);
        }
        Ok(engine)
    }

    /// Decides by another policy from now on, as if the session had begun with it. For deciding a recording
    /// again: a live session keeps what its first record says.
    pub fn decide_by(&mut self, policy_name: &str, policy: &str) {
        if let Some(started) = &mut self.state.started {
            policy_name.clone_into(&mut started.policy_name);
            policy.clone_into(&mut started.policy);
        }
        self.instead = true;
        (self.state.proposed, self.proposed) = (None, None);
        self.compile();
    }

    pub(in crate::engine) fn compile(&mut self) {
        self.policy = self
            .state
            .started
            .as_ref()
            .and_then(|started| Policy::parse(&started.policy_name, &started.policy).ok())
            .map(Known::new);
        self.pack = self.state.started.as_ref().map(Started::pack).unwrap_or_default();
        self.compile_layers();
    }
}
