//! Sessions and connections that begin, close, and are taken over from a gate that died.

use crate::catalog::Subject;
use crate::engine::effect::{Effect, Settled};
use crate::engine::event::{ConnId, Facts, Opened, Severity, Started, TicketId};
use crate::engine::refusal::{self, Cause, Refused};
use crate::engine::roots;
use crate::engine::session::Conn;
use crate::engine::step::{Engine, Out};
use crate::protocol::Side;
use crate::protocol::jsonrpc::Id;

/// What a server is known by.
fn identity(opened: &Opened) -> String {
    // As JSON, so that no two lists run together.
    serde_json::json!([opened.server, opened.command]).to_string()
}

impl Engine {
    pub(in crate::engine) fn start(&mut self, started: Started) {
        if self.state.started.is_none() {
            self.state.ever_attended = started.attended;
            self.begin_with(&started.remembered);
            self.state.started = Some(started);
            self.compile();
        }
    }

    pub(in crate::engine) fn open(&mut self, opened: Opened, out: &mut Out) {
        let identity = identity(&opened);
        for (&kind, pins) in &opened.pins {
            for (name, pin) in pins {
                self.state.catalog.pin(Subject { server: &identity, kind, name }, pin);
            }
        }
        if let Some(why) = &opened.pins_broken {
            self.state.catalog.unknown(&identity);
            let what = format!("calls of {} ask until its pins can be read: {why}", opened.server);
            out.find("builtin.pins-broken", Severity::High, what);
        }
        for note in opened.notes {
            out.find("builtin.lock", Severity::Low, note);
        }
        let conn = Conn {
            identity: identity.clone(),
            server: opened.server.clone(),
            beside: opened.beside,
            unattended: opened.unattended,
            patience_ms: opened.patience_ms,
            roots: roots::of_start(opened.folder.as_deref(), &opened.command),
            ..Conn::default()
        };
        // Numbers are used once; a second opening must not lose what waits on the first.
        self.state.conns.entry(opened.conn).or_insert(conn);
        for why in self.compile_beside(opened.conn) {
            out.find("builtin.broken-layer", Severity::High, why);
        }
        if let Some(text) = &opened.identity {
            self.identified((opened.conn, &opened.server), &identity, text, out);
        }
    }

    pub(in crate::engine) fn attended(&mut self, answering: u32) {
        self.state.answering = answering;
        self.state.ever_attended |= answering > 0;
    }

    /// One end says nothing more: requests to it get an answer from us, what it held is over, and once all that
    /// is written the other end learns by its own end of file. An agent at the end of its input may still read
    /// (requests from a file), so what it asked and was forwarded keeps its answer.
    pub(in crate::engine) fn close(&mut self, id: ConnId, side: Side, why: &str, out: &mut Out) {
        let Some(conn) = self.state.conns.get_mut(&id) else { return };
        let end = conn.end_mut(side);
        if end.closed {
            return;
        }
        end.closed = true;
        end.asked.retain(|_, pending| side == Side::Agent && pending.forwarded_until.is_some());
        end.cancelled.clear();
        self.settle_all(id, &Settled::Closed, out);
        let cause = Cause::gone(side, why);
        self.refuse_all(id, side.other(), &cause, |_| true, out);
        if let Some(conn) = self.state.conns.get_mut(&id)
            && conn.end(side.other()).closed
        {
            for end in [&mut conn.agent, &mut conn.server_end] {
                end.asked.clear();
                end.cancelled.clear();
            }
        }
        out.push(Effect::Close { conn: id, to: side.other() });
    }

    /// A new gate has this connection. What was forwarded and written gets its real answer; requests that may
    /// not have been written are refused, never sent twice. A line cut in half is ended.
    pub(in crate::engine) fn resume(
        &mut self,
        id: ConnId,
        ends: [(Side, u64, u64); 2],
        out: &mut Out,
    ) {
        if let Some(conn) = self.state.conns.get_mut(&id) {
            conn.resumptions += 1;
        }
        out.find(
            "gate.resumed",
            Severity::Medium,
            "the gate died and another took over: messages that were read and not yet recorded are lost"
                .to_owned(),
        );
        self.settle_all(id, &Settled::Interrupted, out);
        // Both streams begin anew before the first refusal is counted into one of them.
        for (side, _, again) in ends {
            let Some(conn) = self.state.conns.get_mut(&id) else { return };
            conn.end_mut(side).handed_out = again;
            out.push(Effect::EndLine { conn: id, to: side });
        }
        for (side, sent, _) in ends {
            let asker = side.other();
            self.refuse_all(
                id,
                asker,
                &Cause::Interrupted,
                |until| until.is_none_or(|until| until > sent),
                out,
            );
            if let Some(conn) = self.state.conns.get_mut(&id) {
                // What is left was written; offsets begin anew.
                for pending in conn.end_mut(asker).asked.values_mut() {
                    pending.forwarded_until = Some(0);
                }
            }
        }
        // A list that we asked for went with the gate that died.
        if self.state.conns.get(&id).is_some_and(|conn| conn.stale.is_some()) {
            self.ask_list(id, None, out);
        }
    }

    pub(in crate::engine) fn end(&mut self, why: &str, out: &mut Out) {
        let conns: Vec<ConnId> = self.state.conns.keys().copied().collect();
        for conn in conns {
            for side in [Side::Agent, Side::Server] {
                self.close(conn, side, why, out);
            }
        }
        self.state.ended = true;
    }

    /// Ends all tickets of a connection without answering their requests.
    fn settle_all(&mut self, conn: ConnId, how: &Settled, out: &mut Out) {
        let waiting: Vec<TicketId> = self
            .state
            .tickets
            .values()
            .filter(|ticket| ticket.conn == conn)
            .map(|ticket| ticket.held.ticket)
            .collect();
        for ticket in waiting {
            self.state.withdraw(ticket);
            out.push(Effect::Settle { ticket, how: how.clone() });
        }
    }

    /// Answers the open requests of `asker` whose place in the stream `which` accepts.
    fn refuse_all(
        &mut self,
        conn: ConnId,
        asker: Side,
        cause: &Cause,
        which: impl Fn(Option<u64>) -> bool,
        out: &mut Out,
    ) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if known.end(asker).closed {
            return;
        }
        let open = std::mem::take(&mut known.end_mut(asker).asked);
        let (gone, kept): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, pending)| which(pending.forwarded_until));
        known.end_mut(asker).asked = kept.into_iter().collect();
        for (id, pending) in gone.into_iter().filter(|(_, pending)| !pending.own) {
            self.refuse(conn, asker, &id, &pending.facts, cause, out);
        }
    }

    /// Answers one request ourselves.
    pub(in crate::engine) fn refuse(
        &mut self,
        conn: ConnId,
        asker: Side,
        id: &Id,
        facts: &Facts,
        cause: &Cause,
        out: &mut Out,
    ) {
        let Some(known) = self.state.conns.get(&conn) else { return };
        let answered = Refused { id, asker, server: &known.server, facts, modern: known.modern() };
        let line = refusal::line(&answered, cause);
        let permit = self.state.permit(conn, asker, line);
        out.push(Effect::Refuse { permit, call: facts.call, rule: cause.rule(facts) });
    }
}
