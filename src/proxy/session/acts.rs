//! What a turn does with what is ready.

use std::time::Instant;

use bytes::Bytes;
use rustix::net::RecvFlags;

use crate::engine::{
    Answer, ConnId, Effect, Event, Happening, Opened, Permit, Problem, Step, Unattended, limits,
};
use crate::protocol::Side;
use crate::protocol::framing::Piece;
use crate::protocol::jsonrpc::{self, Parsed};
use crate::proxy::descriptor::Got;
use crate::proxy::link::Received;
use crate::proxy::notes::Sent;
use crate::proxy::recorder::Again;
use crate::proxy::session::connection::{Connection, Join, STDERR_LINE_MAX};
use crate::proxy::session::inbox::{AnswerTo, RevealTo};
use crate::proxy::session::outbox::Flushed;
use crate::proxy::session::turn::Loop;
use crate::proxy::session::{DiskWork, Waiting};
use crate::wire::{FromShim, ToShim};

impl Loop {
    /// Takes a shim in: a new connection, or one that a dead gate left behind.
    pub(super) fn join(&mut self, mut join: Join) {
        let known = self.engine.open_connections();
        let resumed = join.hello.resume.as_ref().map(|resume| ConnId(resume.conn));
        let id = match resumed {
            Some(id) if known.contains(&id) && !self.connections.contains_key(&id) => id,
            Some(_) => {
                self.refuse_join(&join, "its connection is not open in this session any more");
                return;
            }
            None => {
                self.next_conn += 1;
                ConnId(self.next_conn - 1)
            }
        };
        let patience_ms = join.patience_ms;
        let of_lock = join.notes.clone();
        let (identity, beside) = (join.identity.take(), std::mem::take(&mut join.beside));
        let folder = join.folder.take();
        let (pins, pins_broken) = match join.pins.clone() {
            Ok(pins) => (pins, None),
            Err(why) => (std::collections::BTreeMap::new(), Some(why)),
        };
        let (connection, hello, notice) = match Connection::new(join) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(session = self.name, %error, "a shim could not be taken in");
                return;
            }
        };
        connection.tell(&ToShim::Welcome { session: self.name.clone(), conn: id.0, notice });
        self.connections.insert(id, connection);
        self.servers.insert(id, (hello.server.clone(), hello.command.clone()));
        // One that came back may have the numbers of the one before.
        self.waiter.forget();
        if resumed.is_some() {
            let resumptions = self.engine.resumptions(id);
            let noted = self.connections.get(&id).map(|known| known.notes.read(resumptions));
            let sent = noted.unwrap_or_default();
            let [again_to_agent, again_to_server] = self.resend(id, sent);
            self.step(Happening::Resumed {
                conn: id,
                sent_to_agent: sent.agent,
                sent_to_server: sent.server,
                again_to_agent,
                again_to_server,
            });
            self.close_again(id);
        } else {
            self.step(Happening::Opened(Opened {
                conn: id,
                server: hello.server,
                command: hello.command,
                pid: hello.server_pid,
                unattended: match hello.unattended.as_deref() {
                    Some("deny") => Some(Unattended::Deny),
                    Some("ask") => Some(Unattended::Ask),
                    _ => None,
                },
                patience_ms,
                pins,
                pins_broken,
                notes: of_lock,
                identity,
                beside,
                folder,
            }));
        }
    }

    fn refuse_join(&self, join: &Join, why: &str) {
        tracing::warn!(session = self.name, why, "a shim was refused");
        let refused = ToShim::Refused { why: why.to_owned() };
        let _gone = crate::proxy::link::send(&join.control, &refused, &[]);
    }

    /// Lines that the last gate decided on and that did not arrive go first. Their bytes, by end.
    fn resend(&mut self, id: ConnId, sent: Sent) -> [u64; 2] {
        let sides = [(Side::Agent, sent.agent), (Side::Server, sent.server)];
        let again = sides.map(|(to, sent)| (to, Again::of(&self.unsent, id, to, sent)));
        self.unsent.retain(|(permit, _)| permit.conn() != id);
        let bytes = again.each_ref().map(|(_, again)| again.wire_len());
        if let Some(connection) = self.connections.get_mut(&id) {
            for (to, again) in again {
                let outbox = connection.outbox(to);
                if again.end_line {
                    outbox.end_line();
                }
                again.lines.iter().for_each(|permit| outbox.push(permit));
            }
        }
        bytes
    }

    /// An end that closed under a gate before this one says so only once.
    fn close_again(&mut self, id: ConnId) {
        for side in [Side::Agent, Side::Server] {
            if self.engine.is_closed(id, side)
                && let Some(connection) = self.connections.get_mut(&id)
            {
                match side {
                    Side::Agent => connection.from_agent = None,
                    Side::Server => connection.from_server = None,
                }
                connection.outbox(side.other()).close();
            }
        }
    }

    /// An operator's answer; the operator hears whether it was taken.
    pub(super) fn answer(&mut self, answer: AnswerTo) {
        let AnswerTo { ticket, digest, answer, by, unread, taken } = answer;
        let answer = match answer {
            Answer::Edit { arguments } => {
                let line = self.engine.held_line(ticket);
                Answer::Edit { arguments: self.recorder.restored(arguments, line) }
            }
            same @ (Answer::Allow | Answer::Deny { .. } | Answer::Remember { .. }) => same,
        };
        let event = Event {
            at: self.clock.now(),
            what: Happening::Answered { ticket, digest, answer, by, unread },
        };
        let copy = event.clone();
        let step = self.engine.step(event);
        let rejected = step.effects.iter().find_map(|effect| {
            if let Effect::Rejected { why, .. } = effect { Some(why.clone()) } else { None }
        });
        self.keep_answer(step.facts.as_ref());
        let seq = self.recorder.push(&copy, &step);
        self.apply(seq, step);
        // The console may be gone; its answer stands all the same.
        let _gone = taken.try_send(rejected.map_or(Ok(()), Err));
    }

    /// Shows a waiting call with its secrets, once that is recorded: they are in memory alone.
    pub(super) fn reveal(&mut self, reveal: RevealTo) {
        let RevealTo { ticket, digest, by, shown } = reveal;
        let found = self.engine.held_arguments(ticket, &digest);
        let found = found.map(|text| String::from_utf8_lossy(text).into_owned());
        let told = match (found, &self.trouble) {
            (Some(arguments), None) => {
                self.step(Happening::Revealed { ticket, by });
                Ok(arguments)
            }
            (Some(_), Some(trouble)) => Err(format!("it cannot be recorded: {trouble}")),
            (None, _) => Err("the call changed or ended meanwhile: look at it again".to_owned()),
        };
        // The console may be gone.
        let _gone = shown.try_send(told);
    }

    pub(super) fn read_control(&mut self, id: ConnId) {
        let mut told = Vec::new();
        let mut gone = false;
        if let Some(connection) = self.connections.get_mut(&id)
            && let Some(control) = &connection.control
        {
            match connection.lines.receive(control, RecvFlags::DONTWAIT) {
                Ok(Received::Some | Received::Nothing) => {}
                Ok(Received::End) | Err(_) => gone = true,
            }
            loop {
                match connection.lines.take::<FromShim>() {
                    Ok(Some(message)) => told.push(message),
                    Ok(None) => break,
                    Err(_) => {
                        gone = true;
                        break;
                    }
                }
            }
        }
        for message in told {
            self.shim_says(id, &message);
        }
        if gone {
            self.shim_gone(id);
        }
    }

    fn shim_says(&mut self, id: ConnId, message: &FromShim) {
        match message {
            FromShim::Ping { n } => {
                if let Some(connection) = self.connections.get(&id) {
                    connection.tell(&ToShim::Pong { n: *n });
                }
            }
            FromShim::ServerExited { code } => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.server_gone = true;
                }
                // What it wrote before it ended is still in the pipe.
                while self.read_once(id, Side::Server) {}
                self.read_stderr(id);
                self.closed(id, Side::Server, &format!("its process ended with code {code}"));
            }
            FromShim::Signalled { name } => {
                let why = format!("the agent sent {name}");
                self.closed(id, Side::Agent, &why);
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.terminate(Instant::now());
                }
            }
        }
    }

    /// The shim is gone: after its orderly end the connection is done, otherwise its server must not live on.
    fn shim_gone(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.control = None;
        connection.terminate(Instant::now());
        if connection.finished {
            self.let_go(id);
            return;
        }
        self.closed(id, Side::Agent, "its shim was killed");
        self.closed(id, Side::Server, "its shim was killed");
    }

    pub(super) fn read_side(&mut self, id: ConnId, side: Side) {
        self.read_once(id, side);
    }

    /// Reads one chunk; `false` when there was nothing.
    fn read_once(&mut self, id: ConnId, side: Side) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let from = match side {
            Side::Agent => connection.from_agent.as_ref(),
            Side::Server => connection.from_server.as_ref(),
        };
        let Some(from) = from else { return false };
        match from.read(&mut self.chunk) {
            Ok(Got::Bytes(n)) => {
                let bytes = self.chunk.get(..n).unwrap_or_default();
                match side {
                    Side::Agent => connection.agent_lines.push(bytes),
                    Side::Server => connection.server_lines.push(bytes),
                }
                self.take_lines(id, side);
                true
            }
            Ok(Got::Nothing) => false,
            Ok(Got::End) => {
                self.closed(id, side, "end of its output");
                false
            }
            Err(error) => {
                self.closed(id, side, &format!("its output cannot be read: {error}"));
                false
            }
        }
    }

    fn take_lines(&mut self, id: ConnId, side: Side) {
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let framer = match side {
                Side::Agent => &mut connection.agent_lines,
                Side::Server => &mut connection.server_lines,
            };
            let Some(piece) = framer.next() else { return };
            self.piece(id, side, piece);
        }
    }

    fn piece(&mut self, conn: ConnId, from: Side, piece: Piece) {
        let what = match piece {
            Piece::Line(raw) if self.is_torn(conn, from, &raw) => {
                let head = raw.slice(..raw.len().min(limits::HEAD_BYTES));
                Happening::Broken { conn, from, head, problem: Problem::Torn }
            }
            Piece::Line(raw) => Happening::Frame { conn, from, raw },
            Piece::TooLong { head, size_bytes } => Happening::Broken {
                conn,
                from,
                head,
                problem: Problem::TooLong {
                    size_bytes,
                    limit_bytes: limits::LINE_BYTES_MAX as u64,
                },
            },
        };
        self.step(what);
    }

    /// After a take-over the first line may be the tail of one whose head the dead gate had read. No proper
    /// tail of a JSON object is one itself, so a line that parses is whole.
    fn is_torn(&mut self, conn: ConnId, from: Side, raw: &Bytes) -> bool {
        let Some(connection) = self.connections.get_mut(&conn) else { return false };
        let flag = match from {
            Side::Agent => connection.may_be_torn.first_mut(),
            Side::Server => connection.may_be_torn.last_mut(),
        };
        let first = flag.is_some_and(std::mem::take);
        first && matches!(jsonrpc::parse(raw), Parsed::Faulty { .. })
    }

    pub(super) fn read_stderr(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(from) = &connection.from_stderr else { return };
        let bytes = match from.read(&mut self.chunk) {
            Ok(Got::Bytes(n)) => self.chunk.get(..n).unwrap_or_default(),
            Ok(Got::Nothing) => return,
            Ok(Got::End) | Err(_) => {
                connection.from_stderr = None;
                &[]
            }
        };
        let ended = bytes.is_empty();
        connection.stderr_line.extend_from_slice(bytes);
        let bytes = bytes.to_vec();
        connection.pass_stderr(&bytes);
        let mut texts = Vec::new();
        let line = &mut connection.stderr_line;
        while let Some(end) = memchr::memchr(b'\n', line)
            .map(|at| at + 1)
            .or_else(|| (line.len() > STDERR_LINE_MAX).then_some(STDERR_LINE_MAX))
            .or_else(|| (ended && !line.is_empty()).then_some(line.len()))
        {
            let piece: Vec<u8> = line.drain(..end).collect();
            texts.push(String::from_utf8_lossy(piece.trim_ascii_end()).into_owned());
        }
        for text in texts {
            self.step(Happening::Stderr { conn: id, text });
        }
    }

    /// One end closed. What it sent without a newline still counts.
    pub(super) fn closed(&mut self, id: ConnId, side: Side, why: &str) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (open, framer) = match side {
            Side::Agent => (connection.from_agent.take(), &mut connection.agent_lines),
            Side::Server => (connection.from_server.take(), &mut connection.server_lines),
        };
        if open.is_none() {
            return;
        }
        if let Some(piece) = framer.finish() {
            self.piece(id, side, piece);
        }
        self.step(Happening::Closed { conn: id, side, why: why.to_owned() });
    }

    /// Does what the engine wants, after its record is in the buffer and before that is flushed: lines only
    /// go into boxes here.
    pub(super) fn apply(&mut self, seq: u64, step: Step) {
        for effect in step.effects {
            match effect {
                Effect::Forward(permit)
                | Effect::Replace { permit, .. }
                | Effect::Refuse { permit, .. }
                | Effect::Originate { permit, .. } => self.put(&permit),
                Effect::Hold(_) | Effect::Revise { .. } | Effect::Settle { .. } => {
                    self.tickets_changed = true;
                }
                Effect::Sync => self.sync(seq),
                Effect::Close { conn, to } => {
                    if let Some(connection) = self.connections.get_mut(&conn) {
                        connection.outbox(to).close();
                    }
                }
                // The half-written line, if there is one, was ended when the unsent lines were put in.
                Effect::EndLine { .. } | Effect::Rejected { .. } | Effect::Drop(_) => {}
            }
        }
    }

    /// Tells what waits, once its records are on file: whoever is told may look at once.
    pub(super) fn tell(&mut self) {
        if std::mem::take(&mut self.tickets_changed) {
            let waiting = self.engine.held().map(|waiting| Waiting {
                held: waiting.held.clone(),
                server: waiting.server.to_owned(),
                what: waiting.what.to_owned(),
            });
            self.watcher.waiting(waiting.collect());
        }
        self.watcher.grew(self.recorder.bytes());
    }

    fn put(&mut self, permit: &Permit) {
        if let Some(connection) = self.connections.get_mut(&permit.conn()) {
            connection.outbox(permit.to()).push(permit);
        }
    }

    /// Has the journal brought to disk elsewhere. If that cannot be asked for, the approval waits and the
    /// deadline decides.
    fn sync(&mut self, seq: u64) {
        // The record must be in the file before it can be brought to disk.
        if let Err(trouble) = self.recorder.flush() {
            self.give_up(&trouble);
            return;
        }
        let Ok(file) = self.recorder.handle() else { return };
        let work = DiskWork::Sync { file, seq, to: self.inbox.clone() };
        if self.disk.try_send(work).is_err() {
            tracing::warn!(
                session = self.name,
                "the disk is too far behind to confirm an approval"
            );
        }
    }

    /// Writes what is in the boxes; closes what is to be closed; lets go of connections that are done.
    pub(super) fn send(&mut self) {
        let ids: Vec<ConnId> = self.connections.keys().copied().collect();
        for id in ids {
            self.send_to(id, Side::Server);
            self.send_to(id, Side::Agent);
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            if connection.stderr_waits().is_some() {
                connection.pass_stderr(&[]);
            }
            let sent =
                Sent { agent: connection.to_agent.sent(), server: connection.to_server.sent() };
            if sent != connection.noted {
                connection.noted = sent;
                connection.notes.write(sent, self.engine.resumptions(id));
            }
        }
    }

    fn send_to(&mut self, id: ConnId, to: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match (connection.outbox(to).flush(), to) {
            (Flushed::All | Flushed::Some, _) => {}
            (Flushed::Closed, Side::Server) => {
                connection.tell(&ToShim::CloseCopy { side: Side::Server });
                connection.end_server(Instant::now());
            }
            (Flushed::Closed, Side::Agent) => self.finish(id),
            (Flushed::Broken, side) => {
                self.closed(id, side, "it takes no more input");
                if side == Side::Agent {
                    self.finish(id);
                }
            }
        }
    }

    /// Everything towards the agent is written: the shim may go, and its agent sees the end.
    fn finish(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !connection.finished {
            connection.finished = true;
            connection.tell(&ToShim::Finish);
        }
        self.let_go(id);
    }

    /// A server whose shim is gone ended.
    pub(super) fn orphan_ended(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.server_gone = true;
        }
        self.let_go(id);
    }

    /// Forgets a connection that is over. Until its server ended it is not: somebody has to kill a stubborn one.
    fn let_go(&mut self, id: ConnId) {
        if self.connections.get(&id).is_some_and(Connection::is_over) {
            self.connections.remove(&id);
        }
    }
}
