//! Calls that wait: held, answered, edited, timed out.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::engine::budgets::Charge;
use crate::engine::effect::{Effect, Held, Settled};
use crate::engine::event::{
    Answer, At, CallId, ConnId, Digest, Facts, Operator, TicketId, Unattended,
};
use crate::engine::frames::Incoming;
use crate::engine::limits;
use crate::engine::refusal::Cause;
use crate::engine::session::{Progress, Ticket};
use crate::engine::step::{Engine, Out};
use crate::policy::{Policy, Verdict};
use crate::protocol::Side;
use crate::protocol::jsonrpc::{self, Id, Message, Parsed};
use crate::text::hex;

/// A request that the policy wants a person to see.
pub(in crate::engine) struct Ask<'a> {
    pub(in crate::engine) incoming: Incoming<'a>,
    pub(in crate::engine) id: &'a Id,
    pub(in crate::engine) facts: &'a Facts,
}

impl Engine {
    /// How long a call waits at most by what the policies say: what stands beside the session's makes it shorter only.
    fn deadline_ms(&self, conn: ConnId) -> u64 {
        let own = self.policy.as_ref().and_then(|known| known.policy().deadline_ms());
        let all = self.policies(conn).filter_map(Policy::deadline_ms);
        all.fold(own.unwrap_or(limits::DEADLINE_MS), u64::min)
    }

    /// Holds a call, or says why it cannot be held.
    pub(in crate::engine) fn hold(&mut self, ask: &Ask<'_>, out: &mut Out) -> Result<(), Cause> {
        let Incoming { at, conn: id, from, line, message } = ask.incoming;
        let listing = Self::waits_for_list(ask.facts);
        if self.state.unattended(id) == Unattended::Deny && !listing {
            return Err(Cause::Unattended);
        }
        if self.state.tickets.len() >= limits::HELD_MAX {
            return Err(Cause::Limit("too many calls wait for the operator already"));
        }
        if self.state.held_bytes + line.len() > limits::HELD_BYTES_MAX {
            return Err(Cause::Limit("the calls that wait already take too much memory"));
        }
        let Some(conn) = self.state.conns.get(&id) else {
            return Err(Cause::ServerGone("no such connection".to_owned()));
        };
        let token = message.progress_token.clone().filter(|_| from == Side::Agent);
        let patience_ms = self.state.patience_ms(conn, token.is_some(), self.deadline_ms(id));
        let patience_ms = if listing { patience_ms.min(limits::LIST_MS) } else { patience_ms };
        let extends = self.state.started.as_ref().is_some_and(|s| s.agent.progress_extends);
        let ticket = TicketId(ask.facts.call.unwrap_or_default().0);
        let recorded = self.was.as_ref().and_then(|was| was.digest.clone());
        let held = Held {
            ticket,
            digest: recorded.unwrap_or_else(|| digest(line)),
            version: 1,
            risk: ask.facts.risk.unwrap_or_default(),
            reasons: ask.facts.reasons.clone(),
            deadline_at: at.plus_ms(patience_ms),
        };
        out.push(Effect::Hold(held.clone()));
        // A copy: a slice of a batch or of a read buffer would keep all of that in memory.
        let line = Bytes::copy_from_slice(line);
        self.state.held_bytes += line.len();
        self.state.tickets.insert(
            ticket,
            Ticket {
                held,
                conn: id,
                from,
                id: ask.id.clone(),
                line,
                arguments: message.arguments.clone(),
                params_open: message.params_open,
                edited: None,
                since: at,
                progress: token.filter(|_| extends).map(|token| Progress {
                    token,
                    next_at: at.plus_ms(limits::PROGRESS_MS),
                    left: patience_ms / limits::PROGRESS_MS + 1,
                }),
                approved: None,
                charge: Charge::default(),
            },
        );
        Ok(())
    }

    /// An operator's answer, taken only for the exact bytes that the operator was shown.
    pub(in crate::engine) fn answer(
        &mut self,
        id: TicketId,
        shown: &Digest,
        answer: Answer,
        by: Operator,
        out: &mut Out,
    ) {
        let why = match self.state.tickets.get_mut(&id) {
            None => "the call does not wait any more",
            Some(ticket) if ticket.approved.is_some() => "the call was already allowed",
            Some(ticket) if ticket.held.digest != *shown => {
                "the call changed after it was shown: look at it again"
            }
            Some(ticket) => match answer {
                Answer::Allow => {
                    ticket.approved = Some((by, self.state.steps));
                    out.push(Effect::Sync);
                    return;
                }
                Answer::Deny { ref reason } => {
                    let how = Settled::Denied { by, reason: reason.clone() };
                    self.settle(id, how, &Cause::Operator(reason.clone()), out);
                    return;
                }
                Answer::Remember { .. } => match self.remember(id, &answer, &by, out) {
                    Ok(()) => return,
                    Err(why) => {
                        out.push(Effect::Rejected { ticket: id, answer, why });
                        return;
                    }
                },
                Answer::Edit { ref arguments } => match self.edit(id, arguments, out) {
                    Ok(()) => return,
                    Err(why) => {
                        out.push(Effect::Rejected { ticket: id, answer, why });
                        return;
                    }
                },
            },
        };
        out.push(Effect::Rejected { ticket: id, answer, why: why.to_owned() });
    }

    /// What is said of waiting calls may be another by now: those that are denied are over, and those that ask for
    /// another reason, or at a higher risk, wait anew, for a person's whole time.
    pub(in crate::engine) fn ask_anew(&mut self, out: &mut Out) {
        let waiting: Vec<TicketId> = self.state.tickets.keys().copied().collect();
        for id in waiting {
            let Some(ticket) = self.state.tickets.get(&id) else { continue };
            if ticket.approved.is_some() {
                continue;
            }
            let (conn, from, line) = (ticket.conn, ticket.from, ticket.line.clone());
            let Parsed::One(message) = jsonrpc::parse(&line) else { continue };
            let mut facts = self.judge(conn, from, &line, &message);
            facts.call = Some(CallId(id.0));
            let acts = facts.acting();
            let same = self.state.tickets.get(&id).is_none_or(|ticket| {
                let reasons = ticket.held.reasons.iter().all(|known| facts.reasons.contains(known));
                reasons || ticket.charge.beyond
            });
            if acts < Verdict::Ask || acts == Verdict::Ask && same {
                continue;
            }
            let (progress, most_ms) = (message.progress_token.is_some(), self.deadline_ms(conn));
            let known = self.state.conns.get(&conn);
            let patience_ms =
                known.map_or(0, |known| self.state.patience_ms(known, progress, most_ms));
            let Some(ticket) = self.state.tickets.get_mut(&id) else { continue };
            ticket.held.version += 1;
            ticket.held.risk = ticket.held.risk.max(facts.risk.unwrap_or_default());
            ticket.held.reasons.clone_from(&facts.reasons);
            ticket.held.deadline_at = ticket.since.plus_ms(patience_ms);
            let (held, asker) = (ticket.held.clone(), ticket.id.clone());
            let known = self.state.conns.get_mut(&conn);
            if let Some(pending) = known.and_then(|known| known.end_mut(from).asked.get_mut(&asker))
            {
                pending.facts = facts;
            }
            if acts == Verdict::Ask && self.state.unattended(conn) == Unattended::Deny {
                self.settle(id, Settled::Unattended, &Cause::Unattended, out);
            } else if acts == Verdict::Deny {
                let by = Operator("the policy".to_owned());
                self.settle(id, Settled::Denied { by, reason: None }, &Cause::Policy, out);
            } else {
                out.push(Effect::Hold(held));
            }
        }
    }

    /// Puts the operator's arguments in, guards and judges the new line, and keeps it waiting under its new
    /// digest.
    fn edit(&mut self, id: TicketId, arguments: &str, out: &mut Out) -> Result<(), String> {
        // Raw line breaks in JSON are white space between tokens, and a frame is one line.
        let arguments = arguments.trim().replace(['\n', '\r'], " ");
        let gone = || "the call does not wait any more".to_owned();
        let ticket = self.state.tickets.get(&id).ok_or_else(gone)?;
        let (line, message) = edited(ticket, &arguments)?;
        let (conn, from, before) = (ticket.conn, ticket.from, ticket.line.len());
        let mut facts = self.judge(conn, from, &line, &message);
        if facts.tool.is_none() {
            return Err("this request has no arguments to edit".to_owned());
        }
        facts.call = Some(CallId(id.0));
        if facts.acting() == Verdict::Deny {
            let rule = facts.reasons.first().map_or("default", |reason| reason.rule.as_str());
            return Err(format!("the policy denies the edited call (rule {rule})"));
        }
        if line.len() > limits::LINE_BYTES_MAX
            || self.state.held_bytes - before + line.len() > limits::HELD_BYTES_MAX
        {
            return Err("the edited call is too large to hold".to_owned());
        }
        self.state.held_bytes = self.state.held_bytes - before + line.len();
        let ticket = self.state.tickets.get_mut(&id).ok_or_else(gone)?;
        ticket.held.digest = digest(&line);
        ticket.held.version += 1;
        ticket.held.risk = ticket.held.risk.max(facts.risk.unwrap_or_default());
        ticket.arguments = message.arguments;
        ticket.params_open = message.params_open;
        ticket.line = line;
        ticket.edited = Some(arguments.clone());
        out.push(Effect::Revise { held: ticket.held.clone(), arguments });
        out.facts = Some(facts);
        Ok(())
    }

    /// The journal is on disk: calls allowed up to that record go on.
    pub(in crate::engine) fn synced(&mut self, seq: u64, out: &mut Out) {
        let ready: Vec<TicketId> = self
            .state
            .tickets
            .values()
            .filter(|ticket| ticket.approved.as_ref().is_some_and(|(_, at)| *at <= seq))
            .map(|ticket| ticket.held.ticket)
            .collect();
        for id in ready {
            let Some(ticket) = self.state.take(id) else { continue };
            let Some((by, _)) = ticket.approved else { continue };
            out.push(Effect::Settle { ticket: id, how: Settled::Allowed { by } });
            let to = ticket.from.other();
            let permit = self.state.permit(ticket.conn, to, ticket.line);
            let until = self.state.conns.get(&ticket.conn).map(|conn| conn.end(to).handed_out);
            if let Some(pending) = self
                .state
                .conns
                .get_mut(&ticket.conn)
                .and_then(|conn| conn.end_mut(ticket.from).asked.get_mut(&ticket.id))
            {
                pending.forwarded_until = until;
                pending.edited.clone_from(&ticket.edited);
            }
            out.push(match ticket.edited {
                Some(_) => Effect::Replace { permit, how: "edited" },
                None => Effect::Forward(permit),
            });
        }
    }

    /// Ends what is beyond its deadline, so that an answer or a sync that is late by a hair, before the next
    /// tick, forwards nothing.
    pub(in crate::engine) fn expire(&mut self, at: At, out: &mut Out) {
        let late: Vec<TicketId> = self
            .state
            .tickets
            .values()
            .filter(|ticket| ticket.held.deadline_at <= at)
            .map(|ticket| ticket.held.ticket)
            .collect();
        for id in late {
            if self.list_is_late(id, out) {
                continue;
            }
            self.settle(id, Settled::TimedOut, &Cause::TimedOut, out);
        }
    }

    /// Whether a call waited for a list alone, which did not come: then it waits for a person.
    fn list_is_late(&mut self, id: TicketId, out: &mut Out) -> bool {
        let Some(ticket) = self.state.tickets.get(&id) else { return true };
        let known = self.state.conns.get(&ticket.conn);
        let pending = known.and_then(|known| known.end(ticket.from).asked.get(&ticket.id));
        let waits = pending.is_some_and(|pending| Self::waits_for_list(&pending.facts));
        if waits {
            self.said_nothing(ticket.conn, out);
        }
        waits && self.state.tickets.get(&id).is_none_or(|ticket| ticket.held.deadline_at > self.at)
    }

    /// Deadlines, and progress for agents that it keeps waiting.
    pub(in crate::engine) fn tick(&mut self, at: At, out: &mut Out) {
        self.expire(at, out);
        let due: Vec<TicketId> = self
            .state
            .tickets
            .values()
            .filter(|ticket| self.state.wake_at(ticket) <= at)
            .map(|ticket| ticket.held.ticket)
            .collect();
        for id in due {
            let Some(ticket) = self.state.tickets.get(&id) else { continue };
            if self.state.counts_unattended(ticket)
                && ticket.since.plus_ms(limits::UNATTENDED_MS) <= at
            {
                self.settle(id, Settled::Unattended, &Cause::Unattended, out);
            } else {
                self.progress(at, id, out);
            }
        }
    }

    /// One progress notification. Its value counts up from below zero, so that it stays under anything the
    /// server may send once the call is forwarded: values must grow (MCP, progress).
    fn progress(&mut self, at: At, id: TicketId, out: &mut Out) {
        let Some(ticket) = self.state.tickets.get_mut(&id) else { return };
        let Some(progress) = ticket.progress.as_mut() else { return };
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":{},\
             \"progress\":-{},\"message\":\"waiting for the operator's approval\"}}}}",
            progress.token.raw(),
            progress.left.max(1)
        );
        progress.left = progress.left.saturating_sub(1);
        progress.next_at = at.plus_ms(limits::PROGRESS_MS);
        let conn = ticket.conn;
        let permit = self.state.permit(conn, Side::Agent, Bytes::from(line));
        out.push(Effect::Originate { permit, what: "progress" });
    }

    /// Ends a ticket with a refusal.
    pub(in crate::engine) fn settle(
        &mut self,
        id: TicketId,
        how: Settled,
        cause: &Cause,
        out: &mut Out,
    ) {
        let Some(ticket) = self.state.withdraw(id) else { return };
        out.push(Effect::Settle { ticket: id, how });
        let pending = self
            .state
            .conns
            .get_mut(&ticket.conn)
            .and_then(|conn| conn.end_mut(ticket.from).asked.remove(&ticket.id));
        if let Some(pending) = pending {
            self.refuse(ticket.conn, ticket.from, &ticket.id, &pending.facts, cause, out);
        }
    }
}

/// The ticket's line with other arguments, guarded again. The text must be the whole value of `arguments`:
/// nothing in it may close that value and add members of its own.
fn edited(ticket: &Ticket, arguments: &str) -> Result<(Bytes, Message), String> {
    let line = match (&ticket.arguments, ticket.params_open) {
        (Some(span), _) => jsonrpc::splice(&ticket.line, span, arguments),
        (None, Some(open)) => {
            jsonrpc::splice(&ticket.line, &(open..open), &format!("\"arguments\":{arguments},"))
        }
        (None, None) => return Err("this request has no arguments to edit".to_owned()),
    };
    let message = match jsonrpc::parse(&line) {
        Parsed::One(message) => message,
        Parsed::Faulty { fault, .. } => return Err(format!("the edited arguments: {fault}")),
        Parsed::Blank | Parsed::Batch(_) => return Err("the edited call is no call".to_owned()),
    };
    let whole =
        message.arguments.clone().and_then(|span| line.get(span)) == Some(arguments.as_bytes());
    if !whole || !arguments.starts_with('{') || message.id.as_ref() != Some(&ticket.id) {
        return Err("the edited arguments: expected one JSON object".to_owned());
    }
    Ok((line, message))
}

/// SHA-256 of a line, in hex.
fn digest(line: &[u8]) -> Digest {
    Digest(hex(&Sha256::digest(line)))
}
