//! Messages: guard, correlate, judge, and one outcome for each.

use bytes::Bytes;

use crate::engine::effect::{Effect, Settled, Why};
use crate::engine::event::{At, CallId, ConnId, Facts, Finding, Kind, Problem, Severity, TicketId};
use crate::engine::limits;
use crate::engine::refusal::{self, Cause};
use crate::engine::results::Instead;
use crate::engine::session::Pending;
use crate::engine::step::{Engine, Out};
use crate::engine::tickets::Ask;
use crate::policy::{Phase, Verdict};
use crate::protocol::Side;
use crate::protocol::jsonrpc::{self, Id, Message, Parsed, Shape, Span};
use crate::protocol::method;
use crate::protocol::scan::Fault;

/// What becomes of one message, before it is known whether it came alone or in a batch.
enum Outcome {
    /// Goes on as it is.
    Pass,
    /// Goes on with a named change.
    Changed(Bytes, &'static str),
    /// Is not forwarded; what is done instead was pushed already.
    Done,
}

/// What a message that may not pass was meant as, as far as that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Request,
    Answer,
    Unknown,
}

impl Meant {
    const fn by(request: bool, answer: bool) -> Self {
        match (request, answer) {
            (true, _) => Self::Request,
            (false, true) => Self::Answer,
            (false, false) => Self::Unknown,
        }
    }
}

/// One message on its way in, alone or a batch's member.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Incoming<'a> {
    pub(in crate::engine) at: At,
    pub(in crate::engine) conn: ConnId,
    pub(in crate::engine) from: Side,
    pub(in crate::engine) line: &'a Bytes,
    pub(in crate::engine) message: &'a Message,
}

impl Engine {
    /// One line from one side.
    pub(in crate::engine) fn frame(
        &mut self,
        at: At,
        conn: ConnId,
        from: Side,
        raw: &Bytes,
        out: &mut Out,
    ) {
        let Some(known) = self.state.conns.get(&conn).filter(|known| !known.end(from).closed)
        else {
            out.push(Effect::Drop(Why::Gone));
            return;
        };
        let has_batches =
            known.revision.as_ref().is_some_and(crate::protocol::method::Revision::has_batches);
        match jsonrpc::parse(raw) {
            Parsed::Blank => out.push(Effect::Drop(Why::Blank)),
            Parsed::Faulty { fault, id } => {
                self.faulty(conn, from, raw, &fault, id.as_ref(), out);
            }
            Parsed::One(message) => {
                let incoming = Incoming { at, conn, from, line: raw, message: &message };
                let outcome = self.message(incoming, out);
                self.send(conn, from.other(), raw, outcome, out);
            }
            Parsed::Batch(members) if has_batches => {
                self.batch(at, conn, from, raw, members, out);
            }
            Parsed::Batch(members) => self.no_batches(conn, from, members, out),
        }
    }

    fn send(&mut self, conn: ConnId, to: Side, raw: &Bytes, outcome: Outcome, out: &mut Out) {
        match outcome {
            Outcome::Done => {}
            Outcome::Pass => {
                let permit = self.state.permit(conn, to, raw.clone());
                out.push(Effect::Forward(permit));
            }
            Outcome::Changed(line, how) => {
                let permit = self.state.permit(conn, to, line);
                out.push(Effect::Replace { permit, how });
            }
        }
    }

    fn message(&mut self, incoming: Incoming<'_>, out: &mut Out) -> Outcome {
        match (incoming.message.kind, &incoming.message.id) {
            (Shape::Request, Some(id)) => self.request(incoming, id, out),
            (Shape::Response, Some(id)) => self.response(incoming, id, out),
            (Shape::Notification, _) => self.notification(incoming, out),
            (Shape::Request | Shape::Response, None) => {
                let failed = incoming.message.error.is_some();
                out.facts = Some(Facts { kind: Some(Kind::Response), failed, ..Facts::default() });
                out.push(Effect::Drop(Why::Unanswerable));
                Outcome::Done
            }
        }
    }

    fn request(&mut self, incoming: Incoming<'_>, id: &Id, out: &mut Out) -> Outcome {
        let Incoming { at, conn, from, line, message } = incoming;
        let mut facts = self.judge(conn, from, line, message);
        let budgets = self.budgets(conn, at, &mut facts);
        self.state.calls += 1;
        facts.call = Some(CallId(self.state.calls));
        let Some(known) = self.state.conns.get_mut(&conn) else {
            out.push(Effect::Drop(Why::Gone));
            return Outcome::Done;
        };
        if from == Side::Agent && message.method.as_deref() != Some(method::INITIALIZE) {
            known.asks(line, message);
        }
        let in_use = known.end(from).asked.contains_key(id);
        let stateless = from == Side::Server && known.modern();
        let closed = known.end(from.other()).closed;
        known.end_mut(from).reuse(id);
        let full = self.state.pending() >= limits::PENDING_MAX;
        if in_use || stateless {
            let (rule, what, why) = if in_use {
                (
                    "guard.id-in-use",
                    "a request with the id of one that has no answer yet",
                    Why::Unanswerable,
                )
            } else {
                (
                    "guard.not-in-revision",
                    "a server's request, which this revision does not have,",
                    Why::NotInRevision,
                )
            };
            out.facts = Some(facts);
            out.find(rule, Severity::Medium, format!("{what} was dropped"));
            out.push(Effect::Drop(why));
            return Outcome::Done;
        }
        let early = if closed {
            Some(Cause::gone(from.other(), "it was already gone"))
        } else if full {
            Some(Cause::Limit("too many requests have no answer yet"))
        } else {
            None
        };
        let cause = early.or_else(|| self.outcome(incoming, id, &facts, out));
        let verdict = facts.verdict.unwrap_or(Verdict::Allow);
        if facts.phase == Some(Phase::Warn) && verdict >= Verdict::Ask {
            let rule = facts.reasons.first().map_or("default", |reason| reason.rule.as_str());
            facts.findings.push(Finding::new(
                rule,
                Severity::Low,
                format!("in enforce this would be: {}", verdict.word()),
            ));
        }
        out.facts = Some(facts.clone());
        if let Some(cause) = cause {
            self.refuse(conn, from, id, &facts, &cause, out);
            return Outcome::Done;
        }
        let ticket = facts.call.map(|call| TicketId(call.0));
        let held = out
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Hold(held) if Some(held.ticket) == ticket));
        self.state.charge(at, &budgets, ticket.filter(|_| held));
        self.count_size(conn, message, &facts);
        let until = (!held).then(|| {
            self.state.conns.get(&conn).map_or(0, |c| c.end(from.other()).handed_out)
                + line.len() as u64
                + 1
        });
        if let Some(known) = self.state.conns.get_mut(&conn) {
            let call = facts.call.unwrap_or_default();
            let pending = Pending { call, facts, forwarded_until: until, edited: None, own: false };
            known.end_mut(from).asked.insert(id.clone(), pending);
        }
        if held { Outcome::Done } else { Outcome::Pass }
    }

    /// Holds the request if it must wait; says why it is refused, if it is.
    fn outcome(
        &mut self,
        incoming: Incoming<'_>,
        id: &Id,
        facts: &Facts,
        out: &mut Out,
    ) -> Option<Cause> {
        if facts.findings.iter().any(|finding| finding.rule == "guard.not-a-call") {
            return Some(Cause::Guard("a tool call without a tool's name".to_owned()));
        }
        match facts.acting() {
            Verdict::Allow | Verdict::Mark => None,
            Verdict::Deny => Some(Cause::Policy),
            Verdict::Ask => self.hold(&Ask { incoming, id, facts }, out).err(),
        }
    }

    fn response(&mut self, incoming: Incoming<'_>, id: &Id, out: &mut Out) -> Outcome {
        let Incoming { conn, from, line, message, .. } = incoming;
        let asker = from.other();
        let mut facts = Facts { kind: Some(Kind::Response), ..Facts::default() };
        facts.failed = message.error.is_some() || message.is_error;
        if let Some(ticket) = self.state.ticket_of(conn, asker, id) {
            out.facts = Some(facts);
            out.find(
                "server.answered-unseen",
                Severity::High,
                format!(
                    "an answer came for #{}, which still waits and was never sent: dropped",
                    ticket.0
                ),
            );
            out.push(Effect::Drop(Why::Late));
            return Outcome::Done;
        }
        let pending = self.state.conns.get_mut(&conn).and_then(|c| c.end_mut(asker).answered(id));
        let Some(pending) = pending else {
            out.facts = Some(facts);
            out.push(Effect::Drop(Why::Late));
            return Outcome::Done;
        };
        facts.call = Some(pending.call).filter(|_| !pending.own);
        facts.method.clone_from(&pending.facts.method);
        facts.tool.clone_from(&pending.facts.tool);
        if facts.method.as_deref() == Some(method::INITIALIZE)
            && let Some(version) = &message.protocol_version
            && let Some(known) = self.state.conns.get_mut(&conn)
        {
            known.revision = Some(method::Revision::parse(version));
        }
        if asker == Side::Server && facts.method.as_deref() == Some(method::ROOTS_LIST) {
            self.take_roots(conn, line, message);
        }
        let (mut changed, mut instead) = (None, None);
        if asker == Side::Agent {
            self.inspect_result(conn, line, message, &mut facts);
            instead = self.treat(conn, line, message, &mut facts).filter(|_| !pending.own);
            let defined = self.defined(conn, line, message, &mut facts);
            changed = defined.changed;
            match defined.next {
                Some(cursor) if pending.own => self.ask_list(conn, Some(&cursor), out),
                None if defined.whole => self.listed_again(conn, &pending, out),
                None if pending.own => self.said_nothing(conn, out),
                Some(_) | None => {}
            }
        }
        out.facts = Some(facts);
        if pending.own {
            out.push(Effect::Drop(Why::Own));
            return Outcome::Done;
        }
        if let Some((line, how)) = changed {
            return Outcome::Changed(line, how);
        }
        match instead {
            Some(Instead::Word(cause)) => {
                let facts = out.facts.clone().unwrap_or_default();
                self.refuse(conn, asker, id, &facts, &cause, out);
                return Outcome::Done;
            }
            Some(Instead::Line(line, how)) => {
                let noticed = pending.edited.and_then(|arguments| {
                    let Parsed::One(message) = jsonrpc::parse(&line) else { return None };
                    with_item(&line, &message, &refusal::edited_notice(&arguments))
                });
                return Outcome::Changed(noticed.unwrap_or(line), how);
            }
            None => {}
        }
        let notice = pending.edited.map(|arguments| refusal::edited_notice(&arguments));
        match notice.and_then(|notice| with_item(line, message, &notice)) {
            Some(line) => Outcome::Changed(line, "edited-notice"),
            None => Outcome::Pass,
        }
    }

    fn notification(&mut self, incoming: Incoming<'_>, out: &mut Out) -> Outcome {
        let Incoming { conn, from, line, message, .. } = incoming;
        let mut facts = self.judge(conn, from, line, message);
        if message.method.as_deref() == Some(method::CANCELLED)
            && let Some(id) = &message.request_id
        {
            if let Some(ticket) = self.state.ticket_of(conn, from, id) {
                self.state.withdraw(ticket);
                if let Some(known) = self.state.conns.get_mut(&conn) {
                    known.end_mut(from).asked.remove(id);
                }
                facts.call = Some(CallId(ticket.0));
                out.facts = Some(facts);
                out.push(Effect::Settle { ticket, how: Settled::Cancelled });
                out.push(Effect::Drop(Why::Absorbed));
                return Outcome::Done;
            }
            if let Some(known) = self.state.conns.get_mut(&conn) {
                let end = known.end_mut(from);
                facts.call = end.asked.get(id).map(|pending| pending.call);
                end.cancel(id);
            }
        }
        if message.method.as_deref() == Some(method::TOOLS_CHANGED) && from == Side::Server {
            self.changed(conn, out);
        }
        let budgets = self.budgets(conn, incoming.at, &mut facts);
        // What a request would be held or refused for cannot be answered without an id; some servers
        // would act on it all the same.
        let stopped = facts.acting() >= Verdict::Ask;
        let nameless = facts.findings.iter().any(|finding| finding.rule == "guard.not-a-call");
        out.facts = Some(facts);
        if stopped || nameless {
            let what = "a call without an id, which cannot wait and has no answer, was dropped";
            out.find("guard.no-id", Severity::High, what.to_owned());
            out.push(Effect::Drop(Why::Unanswerable));
            return Outcome::Done;
        }
        self.state.charge(incoming.at, &budgets, None);
        Outcome::Pass
    }

    /// Members of a batch are judged one by one; those that may go on are joined again.
    fn batch(
        &mut self,
        at: At,
        conn: ConnId,
        from: Side,
        raw: &Bytes,
        members: Vec<(Span, Result<Message, Fault>)>,
        out: &mut Out,
    ) {
        let total = members.len();
        let mut facts = Facts { kind: Some(Kind::Batch), ..Facts::default() };
        let mut passing: Vec<Bytes> = Vec::new();
        let mut untouched = true;
        for (span, member) in members {
            let line = raw.slice(span.start.min(raw.len())..span.end.min(raw.len()));
            let mut inner = Out::default();
            // Read again by itself, so that its places are those within its own line.
            let member = match (jsonrpc::parse(&line), member) {
                (Parsed::One(message), Ok(_)) => Ok(message),
                (_, Err(fault)) => Err(fault),
                (Parsed::Blank | Parsed::Batch(_) | Parsed::Faulty { .. }, Ok(_)) => {
                    Err(Fault::NotAMessage { why: "no object" })
                }
            };
            let outcome = match member {
                Ok(message) => {
                    let incoming = Incoming { at, conn, from, line: &line, message: &message };
                    self.message(incoming, &mut inner)
                }
                Err(fault) => {
                    let id = jsonrpc::find_id(&line);
                    self.faulty(conn, from, &line, &fault, id.as_ref(), &mut inner);
                    Outcome::Done
                }
            };
            match outcome {
                Outcome::Pass => passing.push(line),
                Outcome::Changed(line, _) => {
                    untouched = false;
                    passing.push(line);
                }
                Outcome::Done => {}
            }
            facts.members.push(inner.facts.unwrap_or_default());
            out.effects.append(&mut inner.effects);
        }
        facts.findings = facts.members.iter().flat_map(|member| member.findings.clone()).collect();
        if untouched && passing.len() == total {
            self.send(conn, from.other(), raw, Outcome::Pass, out);
        } else if !passing.is_empty() {
            let joined = [b"[".as_slice(), &passing.join(&b","[..]), b"]"].concat();
            self.send(conn, from.other(), raw, Outcome::Changed(Bytes::from(joined), "batch"), out);
        }
        // Offsets of members are those of the whole line: it is written whole or not at all.
        if let Some(known) = self.state.conns.get_mut(&conn) {
            let until = known.end(from.other()).handed_out;
            for member in facts.members.iter().filter_map(|member| member.call) {
                for pending in known.end_mut(from).asked.values_mut() {
                    if pending.call == member && pending.forwarded_until.is_some() {
                        pending.forwarded_until = Some(until);
                    }
                }
            }
        }
        out.facts = Some(facts);
    }

    /// An array where the revision has none: every request in it is answered, nothing goes on.
    fn no_batches(
        &mut self,
        conn: ConnId,
        from: Side,
        members: Vec<(Span, Result<Message, Fault>)>,
        out: &mut Out,
    ) {
        let what = "an array of messages, which the revision in use does not have";
        let mut facts = Facts { kind: Some(Kind::Malformed), ..Facts::default() };
        facts.findings.push(Finding::new("guard.batch", Severity::Medium, what));
        for message in members.into_iter().filter_map(|(_, member)| member.ok()) {
            if let Some(id) = &message.id {
                let meant =
                    Meant::by(message.kind == Shape::Request, message.kind == Shape::Response);
                self.answer_fault(conn, from, (id, meant), &facts, what, out);
            }
        }
        if out.effects.is_empty() {
            out.push(Effect::Drop(Why::Unanswerable));
        }
        out.facts = Some(facts);
    }

    fn faulty(
        &mut self,
        conn: ConnId,
        from: Side,
        raw: &[u8],
        fault: &Fault,
        id: Option<&Id>,
        out: &mut Out,
    ) {
        let start = raw.trim_ascii_start().first();
        let noise = from == Side::Server && !matches!(start, Some(b'{' | b'['));
        let (kind, severity) =
            if noise { (Kind::Noise, Severity::Info) } else { (Kind::Malformed, Severity::Medium) };
        let rule = if noise { "guard.noise" } else { fault.rule() };
        let what = if noise {
            "output that is no message, kept from the agent".to_owned()
        } else {
            fault.to_string()
        };
        let mut facts = Facts { kind: Some(kind), ..Facts::default() };
        facts.findings.push(Finding::new(rule, severity, what.clone()));
        if let Some(id) = id {
            let meant = Meant::by(jsonrpc::has_method(raw), false);
            self.answer_fault(conn, from, (id, meant), &facts, &what, out);
        } else {
            out.push(Effect::Drop(if noise { Why::Noise } else { Why::Unanswerable }));
        }
        out.facts = Some(facts);
    }

    /// Answers a message that did not pass the guard: a request's sender, or, for a server's answer, the
    /// agent that waits for it. An id that has an open request is not answered twice.
    fn answer_fault(
        &mut self,
        conn: ConnId,
        from: Side,
        (id, meant): (&Id, Meant),
        facts: &Facts,
        what: &str,
        out: &mut Out,
    ) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        let pending = match meant {
            Meant::Request => None,
            Meant::Answer | Meant::Unknown => known.end_mut(from.other()).answered(id),
        };
        let sender = from == Side::Agent && meant != Meant::Answer;
        if pending.as_ref().is_some_and(|pending| pending.own) {
            self.said_nothing(conn, out);
            out.push(Effect::Drop(Why::Unanswerable));
        } else if let Some(pending) = pending {
            let mut facts = facts.clone();
            facts.call = Some(pending.call);
            facts.tool.clone_from(&pending.facts.tool);
            facts.method.clone_from(&pending.facts.method);
            self.refuse(conn, from.other(), id, &facts, &Cause::Answer(what.to_owned()), out);
        } else if sender && !known.end(from).asked.contains_key(id) {
            self.refuse(conn, from, id, facts, &Cause::Guard(what.to_owned()), out);
        } else {
            out.push(Effect::Drop(Why::Unanswerable));
        }
    }

    /// Bytes that are no line: too long, or the tail of one whose head is lost.
    pub(in crate::engine) fn broken(
        &mut self,
        conn: ConnId,
        from: Side,
        head: &[u8],
        problem: &Problem,
        out: &mut Out,
    ) {
        if self.state.conns.get(&conn).is_none_or(|known| known.end(from).closed) {
            out.push(Effect::Drop(Why::Gone));
            return;
        }
        let (rule, what) = match problem {
            Problem::TooLong { size_bytes, limit_bytes } => (
                "guard.too-long",
                format!("a line of {size_bytes} bytes, beyond the limit of {limit_bytes} bytes"),
            ),
            Problem::Torn => (
                "gate.torn",
                "the rest of a line whose beginning was lost when the gate died".to_owned(),
            ),
        };
        let mut facts = Facts { kind: Some(Kind::Malformed), ..Facts::default() };
        facts.findings.push(Finding::new(rule, Severity::Medium, what.clone()));
        let id = match problem {
            Problem::TooLong { .. } => jsonrpc::find_id(head),
            Problem::Torn => None,
        };
        match id {
            Some(id) => {
                let meant = Meant::by(jsonrpc::has_method(head), false);
                self.answer_fault(conn, from, (&id, meant), &facts, &what, out);
            }
            None => out.push(Effect::Drop(Why::Unanswerable)),
        }
        out.facts = Some(facts);
    }
}

/// The result with one more content item in front, which says what was changed; where it has no content, with that
/// item alone. `None` for an error, which has no place for it.
pub(in crate::engine) fn with_item(line: &[u8], message: &Message, notice: &str) -> Option<Bytes> {
    let span = message.content.as_ref().or(message.result.as_ref())?;
    let inside = line.get(span.clone())?;
    let empty = matches!(inside.get(1..)?.trim_ascii_start().first(), Some(b']' | b'}'));
    let comma = if empty { "" } else { "," };
    let text = if message.content.is_some() {
        format!("{notice}{comma}")
    } else if inside.first() == Some(&b'{') {
        format!("\"content\":[{notice}]{comma}")
    } else {
        return None;
    };
    let place = span.start + 1;
    let changed = jsonrpc::splice(line, &(place..place), &text);
    // What is spliced is guarded again: a `content` that is no array would now be there twice.
    matches!(jsonrpc::parse(&changed), Parsed::One(_)).then_some(changed)
}
