//! Records to rows, tickets, findings and log lines.

mod found;

use std::sync::Arc;

use crate::catalog::News;
use crate::console::model::card::why;
use crate::console::model::peers::Uses;
use crate::console::model::rules::Rules;
use crate::console::model::{
    Call, CallAt, Ending, Entry, Model, Over, Passed, Place, Server, SessionId, State, Ticket,
    TicketKey, names,
};
use crate::engine::{
    Answer, At, CallId, ConnId, Facts, Held, Kind, Layered, Opened, Problem, Ruled, Settled,
    Severity, Started, TicketId, Why,
};
use crate::journal::{Effected, Raw, Record, What};
use crate::protocol::Side;
use crate::text::{Safe, bytes};

/// Longer lines are cut in the log pane; the record has them whole.
const LOG_LINE_BYTES_MAX: usize = 2000;
/// Tools of a session whose uses are known; a session that calls more of them calls names at random.
const USES_MAX: usize = 65_536;
/// A call's number beyond this makes no row: numbers are dense, and memory has an end.
const ROWS_MAX: u64 = 16_000_000;

impl Model {
    /// Takes one record of a session. Records of one session come in their order.
    pub fn apply(&mut self, session: &str, record: &Record, place: Place) {
        let id = self.session_id(session);
        self.timeline.take(record);
        if let Some(session) = self.sessions.get_mut(id.index()) {
            session.touch(record.at);
        }
        let mut fold = Fold { model: self, id, at: record.at, place };
        fold.event(record);
        if let Some(facts) = &record.facts {
            fold.findings(record, facts);
        }
        if let Some(one) = record.facts.as_ref().and_then(|facts| facts.remembered.as_ref()) {
            fold.model.memories.take(one);
            fold.model.memories.offer(one);
            let text = format!("remembered: {}.{}, {}", one.server, one.tool, one.scope.words());
            fold.log(Severity::Low, Safe::word("gate"), foreign(&text));
        }
        for effect in &record.effects {
            fold.effect(effect, record);
        }
    }
}

/// One record on its way into the model.
struct Fold<'a> {
    model: &'a mut Model,
    id: SessionId,
    at: At,
    place: Place,
}

impl Fold<'_> {
    fn event(&mut self, record: &Record) {
        match &record.event {
            What::Started(started) => self.started(started),
            What::Opened(opened) => {
                self.opened(opened);
                self.defined(opened.conn, record);
            }
            What::Frame { conn, from, raw } => {
                if let Some(facts) = &record.facts {
                    self.catalogued(*conn, facts);
                    self.defined(*conn, record);
                    self.frame(*conn, *from, raw, facts);
                }
            }
            What::Broken { from, problem, .. } => self.broken(*from, problem),
            What::Stderr { conn, text } => {
                let source = self.server_shown(*conn).then(&Safe::word(" stderr"));
                self.log(Severity::Info, source, foreign(text));
            }
            What::Closed { conn, side, why } => {
                if let Some(server) = self.server(*conn).filter(|_| *side == Side::Server) {
                    server.closed = true;
                }
                let text = foreign(&format!("the {side}'s end closed: {why}"));
                self.log(Severity::Info, Safe::word("gate"), text);
            }
            What::Attempt { what, by } => {
                let text = foreign(&format!("refused `{what}` to {by}: only the operator may"));
                self.log(Severity::High, Safe::word("operator.attempt"), text);
                self.attempted(record, what, by);
            }
            What::Layered(Layered { layer, policy, by }) => {
                self.layered(layer, policy.is_some(), &by.0);
            }
            What::Ruled(ruled) => {
                let Ruled { server, kind, name, ruling, by, .. } = ruled;
                if let Some(session) = self.model.sessions.get_mut(self.id.index()) {
                    session.catalogue.ruled(ruled, self.at);
                }
                let (kind, done) = (kind.word(), ruling.done());
                let text = format!("{kind} {server}.{name}: {done}, by {}", by.0);
                self.log(Severity::Low, Safe::word("gate"), foreign(&text));
            }
            What::Reloaded(_)
            | What::Confirmed { .. }
            | What::Remembered(_)
            | What::Forgotten { .. }
            | What::Revealed { .. } => self.policy_event(record),
            What::Resumed { .. } => {
                let text = Safe::word("a new gate took a connection over from one that died");
                self.log(Severity::Low, Safe::word("gate"), text);
            }
            What::Ended { why } => {
                if let Some(session) = self.model.sessions.get_mut(self.id.index()) {
                    session.ended = true;
                }
                let text = Safe::word("session ended: ").then(&foreign(why));
                self.log(Severity::Info, Safe::word("gate"), text);
            }
            What::Answered { ticket, answer, by, unread, .. } => {
                let rejected = |effect: &Effected| matches!(effect, Effected::Rejected { .. });
                let taken = !record.effects.iter().any(rejected);
                if taken {
                    self.answered(*ticket, answer);
                }
                if taken && *unread {
                    let text = format!("#{} allowed unread by {}", ticket.0, by.0);
                    self.log(Severity::Medium, Safe::word("gate"), foreign(&text));
                }
            }
            What::Attended { .. } | What::Tick {} | What::Synced { .. } => {}
        }
    }

    /// What a server told of its definitions; messages of a batch tell for themselves.
    fn defined(&mut self, conn: ConnId, record: &Record) {
        let Some(facts) = &record.facts else { return };
        let Some(session) = self.model.sessions.get_mut(self.id.index()) else { return };
        let Some(server) = session.servers.get(&conn.0).map(|server| server.name) else { return };
        let server = self.model.names.raw(server);
        let raw = record.event.received();
        for facts in std::iter::once(facts).chain(&facts.members) {
            session.catalogue.told(server, facts, raw, (self.at, self.place));
        }
    }

    /// What a list said that it had not said before, and tools that the agent is not shown.
    fn catalogued(&mut self, conn: ConnId, facts: &Facts) {
        for seen in &facts.catalog {
            let source = self.server_shown(conn);
            let (severity, text) = match seen.news {
                // Of a new name a finding says more.
                News::New | News::Renamed => continue,
                News::Drifted => {
                    let changes: Vec<&str> =
                        seen.changes.iter().map(|change| change.what.as_str()).collect();
                    let changes = changes.join("; ");
                    (Severity::High, format!("{} changed: {changes}", seen.name))
                }
                News::Back => (Severity::Low, format!("{} is what it was first", seen.name)),
                News::Gone => (Severity::Info, format!("{} is not listed any more", seen.name)),
                News::Untold => (
                    Severity::High,
                    format!("{} is too long, or one too many, to be kept", seen.name),
                ),
            };
            self.log(severity, source, foreign(&text));
        }
        if !facts.hidden.is_empty() {
            let source = self.server_shown(conn);
            let names = facts.hidden.join(", ");
            self.log(Severity::Info, source, foreign(&format!("hidden from the agent: {names}")));
        }
    }

    /// The policy, or what is remembered beside it, is another.
    fn policy_event(&mut self, record: &Record) {
        let session = self.model.sessions.get_mut(self.id.index());
        let text = match (&record.event, session) {
            (What::Reloaded(reloaded), Some(session)) => {
                return session.reloaded(reloaded, record.facts.as_ref());
            }
            (What::Confirmed { digest, by }, Some(session)) => {
                session.confirmed(digest);
                format!("the policy's file was confirmed by {}", by.0)
            }
            (What::Remembered(one), _) => return self.model.memories.take(one),
            (What::Forgotten { id, by }, _) => {
                self.model.memories.forget(id);
                format!("{id} taken back by {}: such calls ask again", by.0)
            }
            (What::Revealed { ticket, by }, _) => {
                format!("#{} was shown to {} with its secrets", ticket.0, by.0)
            }
            _ => return,
        };
        self.log(Severity::Low, Safe::word("gate"), foreign(&text));
    }

    /// What an operator put over the policy, or took away.
    fn layered(&mut self, layer: &str, on: bool, by: &str) {
        if let Some(session) = self.model.sessions.get_mut(self.id.index()) {
            let layer = names::identifier(layer);
            session.layers.retain(|known| *known != layer);
            if on {
                session.layers.push(layer);
            }
        }
        let what = if on { "on" } else { "off" };
        self.log(Severity::Low, Safe::word("gate"), foreign(&format!("{layer} {what}, by {by}")));
    }

    fn started(&mut self, started: &Started) {
        let policy = &started.policy_word();
        if let Some(session) = self.model.sessions.get_mut(self.id.index()) {
            session.agent = names::identifier(&started.agent.name);
            session.policy = names::identifier(policy);
            session.policy_text = Arc::from(started.policy.as_str());
            session.role = started.role.clone().unwrap_or_default();
            session.phase = Rules::phase_of(&started.policy);
            session.rules = Rules::of(&started.policy_name, &started.policy);
        }
        let text = Safe::word("session started: agent ")
            .then(&names::identifier(&started.agent.name))
            .then(&Safe::word(", policy "))
            .then(&names::identifier(policy));
        self.log(Severity::Info, Safe::word("gate"), text);
    }

    fn opened(&mut self, opened: &Opened) {
        let name = self.model.names.keep(&opened.server);
        let command = foreign(&opened.command.join(" "));
        let text = self.model.names.get(name).clone().then(&Safe::word(" started: "));
        if let Some(session) = self.model.sessions.get_mut(self.id.index()) {
            let server = Server {
                name,
                command: command.clone(),
                pid: opened.pid,
                opened_at: self.at,
                closed: false,
                calls: 0,
                failed: 0,
                latencies_ms: Vec::new(),
            };
            session.servers.insert(opened.conn.0, server);
            let name = self.model.names.raw(name);
            session.catalogue.opened(name, &opened.pins, self.place);
        }
        self.log(Severity::Info, Safe::word("gate"), text.then(&command));
    }

    fn server(&mut self, conn: ConnId) -> Option<&mut Server> {
        self.model.sessions.get_mut(self.id.index())?.servers.get_mut(&conn.0)
    }

    fn frame(&mut self, conn: ConnId, from: Side, raw: &Raw, facts: &Facts) {
        let size = size_of(raw);
        let one;
        let members = if facts.members.is_empty() {
            one = [facts.clone()];
            &one[..]
        } else {
            &facts.members
        };
        for member in members {
            match (member.kind, member.call) {
                (Some(Kind::Request), Some(call)) => self.request(conn, from, call, size, member),
                (Some(Kind::Response), Some(call)) => self.response(conn, call, size, member),
                (Some(Kind::Malformed), _) => {
                    let text = Safe::escape(&format!("a malformed line from the {from}"));
                    self.log(Severity::Low, self.server_shown(conn), text);
                }
                (Some(Kind::Noise), _) => {
                    let text = raw.bytes().unwrap_or_default();
                    let text = foreign(&String::from_utf8_lossy(&text));
                    let source = self.server_shown(conn).then(&Safe::word(" stdout"));
                    self.log(Severity::Info, source, text);
                }
                _ => {}
            }
        }
    }

    fn request(&mut self, conn: ConnId, from: Side, call: CallId, size: u64, facts: &Facts) {
        if call.0 > ROWS_MAX {
            return;
        }
        let names = &mut self.model.names;
        let method = facts.method.as_deref().unwrap_or("?");
        let unknown = names.keep("?");
        let name = names.keep(facts.tool.as_deref().unwrap_or(method));
        let rule = facts.reasons.first().map(|reason| names.keep(&reason.rule));
        let Some(session) = self.model.sessions.get_mut(self.id.index()) else { return };
        // A policy that cannot be read is known by what it does; a hold acts in a phase of its own.
        session.phase = session.phase.or(facts.phase);
        let number = u32::try_from(self.model.calls.len() + 1).unwrap_or(u32::MAX);
        let slot = usize::try_from(call.0).unwrap_or(usize::MAX);
        while session.rows.len() <= slot {
            session.rows.push(0);
        }
        if let Some(slot) = session.rows.get_mut(slot) {
            *slot = number;
        }
        session.calls += 1;
        session.rules.decided(facts, self.at);
        let server = match session.servers.get_mut(&conn.0) {
            Some(server) => {
                server.calls += u64::from(from == Side::Agent);
                server.name
            }
            None => unknown,
        };
        let uses = Arc::make_mut(&mut session.uses);
        if let Some(uses) = uses.get_mut(&(server, name)) {
            uses.count += 1;
        } else if uses.len() < USES_MAX {
            uses.insert((server, name), Uses { first: call, count: 1 });
        }
        let mut row = Call::new((self.id, call), (server, name), from, (self.at, self.place));
        row.size = narrow(size);
        row.rule = rule;
        row.findings = count(facts.counted().count());
        row.verdict = facts.verdict;
        row.risk = facts.risk;
        row.is_tool = facts.tool.is_some();
        row.enforced = facts.verdict == Some(facts.acting());
        self.model.calls.push(row);
    }

    fn response(&mut self, conn: ConnId, call: CallId, size: u64, facts: &Facts) {
        let (at, place) = (self.at, self.place);
        let mut served = None;
        if let Some(row) = self.row(call) {
            if row.from == Side::Agent {
                // What a person took to answer is not the server's.
                served = Some(narrow(at.ms_since(row.at)).saturating_sub(row.held_ms));
            }
            row.end(at);
            row.answered_in(place);
            row.answer_size = narrow(size);
            row.findings = row.findings.saturating_add(count(facts.counted().count()));
            if row.state == State::Running {
                row.state = if facts.failed { State::Failed } else { State::Done };
            }
        }
        if let (Some(served), Some(server)) = (served, self.server(conn)) {
            server.answered(served);
            server.failed += u64::from(facts.failed);
        }
    }

    fn broken(&mut self, from: Side, problem: &Problem) {
        let text = match problem {
            Problem::TooLong { size_bytes, limit_bytes } => format!(
                "the {from} sent a line of {}, over the limit of {}: refused",
                bytes::exact(*size_bytes),
                bytes::exact(*limit_bytes)
            ),
            Problem::Torn => format!("a torn line from the {from}: its head was lost with a gate"),
        };
        self.log(Severity::Medium, Safe::word("framing"), Safe::escape(&text));
    }

    fn effect(&mut self, effect: &Effected, record: &Record) {
        match effect {
            Effected::Hold(held) => self.hold(held, record),
            Effected::Revise { held, .. } => self.revise(held, record),
            Effected::Settle { ticket, how } => self.settle(*ticket, how),
            Effected::Refuse { call: Some(call), rule, .. } => {
                let rule = self.model.names.keep(rule);
                let (at, place) = (self.at, self.place);
                if let Some(row) = self.row(*call) {
                    if row.done_at().is_none() {
                        row.end(at);
                    }
                    if row.answer().is_none() {
                        row.answered_in(place);
                    }
                    if matches!(row.state, State::Running | State::Waiting) {
                        row.state = State::Refused(rule);
                    }
                }
            }
            Effected::Rejected { answer, why, .. } => {
                let word = match answer {
                    Answer::Allow => "allow",
                    Answer::Deny { .. } => "deny",
                    Answer::Remember { .. } => "remember",
                    Answer::Edit { .. } => "edit",
                };
                let text = format!("an answer was not taken ({word}): {why}");
                self.log(Severity::Low, Safe::word("gate"), foreign(&text));
            }
            Effected::Drop { why } => self.dropped(*why, record),
            Effected::Forward { .. }
            | Effected::Replace { .. }
            | Effected::Refuse { call: None, .. }
            | Effected::Originate { .. }
            | Effected::Sync {}
            | Effected::EndLine { .. }
            | Effected::Close { .. } => {}
        }
    }

    fn hold(&mut self, held: &Held, record: &Record) {
        let key = TicketKey { session: self.id, ticket: held.ticket };
        let mut tickets = self.model.tickets.iter_mut();
        if let Some(ticket) = tickets.find(|ticket| ticket.key == key && ticket.over.is_none()) {
            // It waits for another reason now.
            (ticket.held, ticket.why) = (held.clone(), why(held, record));
            return;
        }
        let row = self.row_at(CallId(held.ticket.0));
        if let Some(call) = self.row(CallId(held.ticket.0)) {
            call.state = State::Waiting;
        }
        let ticket = Ticket {
            key,
            row,
            held: held.clone(),
            why: why(held, record),
            at: self.at,
            request: self.place,
            edited: None,
            answered_at: None,
            over: None,
            rung: false,
        };
        if let Some(call) = row.and_then(|at| self.model.call(at)) {
            let tool = (call.server, call.name);
            self.model.fatigue.asked(key, self.at, tool);
        }
        let behind = self.model.tickets.partition_point(|other| other.at <= ticket.at);
        self.model.tickets.insert(behind, ticket);
        let text = Safe::escape(&format!("#{} waits for an answer", held.ticket.0));
        self.log(Severity::Medium, Safe::word("gate"), text);
    }

    /// An edit leaves the call waiting for the same person.
    fn answered(&mut self, id: TicketId, answer: &Answer) {
        let key = TicketKey { session: self.id, ticket: id };
        let decides = matches!(answer, Answer::Allow | Answer::Deny { .. });
        let at = self.at;
        let tickets = self.model.tickets.iter_mut();
        if let Some(ticket) = tickets.into_iter().find(|ticket| decides && ticket.key == key) {
            ticket.answered_at = Some(at);
        }
    }

    fn revise(&mut self, held: &Held, record: &Record) {
        let key = TicketKey { session: self.id, ticket: held.ticket };
        let place = self.place;
        if let Some(ticket) = self.model.tickets.iter_mut().find(|ticket| ticket.key == key) {
            ticket.held = held.clone();
            ticket.why = why(held, record);
            ticket.edited = Some(place);
        }
    }

    fn settle(&mut self, id: TicketId, how: &Settled) {
        let key = TicketKey { session: self.id, ticket: id };
        let by = match how {
            Settled::Allowed { by } | Settled::Denied { by, .. } => Some(foreign(&by.0)),
            Settled::TimedOut
            | Settled::Unattended
            | Settled::Cancelled
            | Settled::Closed
            | Settled::Interrupted => None,
        };
        let ending = Ending::of(how);
        let mut passed = Passed::Unchanged;
        let mut held_ms = 0;
        if by.is_some() {
            self.model.fatigue.answered(key, self.at, ending == Ending::Allowed);
        }
        if let Some(ticket) = self.model.tickets.iter_mut().find(|ticket| ticket.key == key) {
            ticket.over = Some(Over { at: self.at, by: by.clone(), how: ending });
            if ticket.edited.is_some() {
                passed = Passed::Edited;
            }
            let until = ticket.answered_at.filter(|_| by.is_some()).unwrap_or(self.at);
            held_ms = narrow(until.ms_since(ticket.at)).max(1);
        }
        let at = self.at;
        if let Some(row) = self.row(CallId(id.0)) {
            row.held_ms = held_ms;
            (row.state, row.passed) = match ending {
                Ending::Allowed => (State::Running, Some(passed)),
                Ending::Denied => (State::Denied, None),
                Ending::TimedOut => (State::TimedOut, None),
                Ending::Unattended => (State::Unattended, None),
                Ending::Cancelled => (State::Cancelled, None),
                Ending::Closed | Ending::Interrupted => (State::Lost, None),
            };
            if ending != Ending::Allowed {
                row.end(at);
            }
        }
        let text = Safe::escape(&format!("#{} {}", id.0, ending.words()));
        let text = match by {
            Some(by) => text.then(&Safe::word(" by ")).then(&by),
            None => text,
        };
        self.log(Severity::Low, Safe::word("gate"), text);
        self.forget_old_tickets();
    }

    fn dropped(&mut self, why: Why, record: &Record) {
        let call = record.facts.as_ref().and_then(|facts| facts.call);
        let text = match why {
            Why::Blank | Why::Noise | Why::Absorbed | Why::Own => return,
            Why::Late => "dropped an answer to a request that is over or was never made",
            Why::Unanswerable => "dropped a malformed line without an id to answer to",
            Why::NotInRevision => "dropped a server's request: this revision has none",
            Why::Gone => "dropped a message: its receiver is gone",
        };
        if let Some(row) = call.filter(|_| why == Why::Gone).and_then(|call| self.row(call)) {
            row.state = State::Lost;
        }
        self.log(Severity::Low, Safe::word("gate"), Safe::word(text));
    }

    fn forget_old_tickets(&mut self) {
        let over = self.model.tickets.iter().filter(|ticket| ticket.over.is_some()).count();
        let card = self.model.ui.card.as_ref();
        let is_open = |key| card.is_some_and(|card| card.holds(key));
        if over > OVER_MAX_SLACK
            && let Some(oldest) = self
                .model
                .tickets
                .iter()
                .position(|ticket| ticket.over.is_some() && !is_open(ticket.key))
        {
            self.model.tickets.remove(oldest);
        }
    }

    fn row_at(&self, call: CallId) -> Option<CallAt> {
        self.model.row_of(self.id, call)
    }

    fn row(&mut self, call: CallId) -> Option<&mut Call> {
        let at = self.row_at(call)?;
        self.model.calls.get_mut(at.0)
    }

    fn server_shown(&self, conn: ConnId) -> Safe {
        let session = self.model.sessions.get(self.id.index());
        let name = session.and_then(|session| session.servers.get(&conn.0));
        name.map_or_else(|| Safe::word("?"), |server| self.model.names.get(server.name).clone())
    }

    fn log(&mut self, severity: Severity, source: Safe, text: Safe) {
        let entry = Entry { at: self.at, session: self.id, severity, source, text };
        self.model.note(entry);
    }
}

/// One more than is listed, so that removing one at a time is enough.
const OVER_MAX_SLACK: usize = super::OVER_MAX;

fn foreign(text: &str) -> Safe {
    let end = text.floor_char_boundary(LOG_LINE_BYTES_MAX);
    let shown = Safe::escape(text.get(..end).unwrap_or_default());
    if end < text.len() { shown.then(&Safe::word("~")) } else { shown }
}

fn size_of(raw: &Raw) -> u64 {
    let len = match raw {
        Raw::Json(text) => text.get().len(),
        Raw::JsonCr(text) => text.get().len() + 1,
        Raw::Text(text) => text.len(),
        Raw::Base64(text) => text.len() / 4 * 3,
    };
    len as u64
}

fn count(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// A size or time for a row: what is beyond 4 GB or 49 days reads as that.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
