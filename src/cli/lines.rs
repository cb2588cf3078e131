//! A record as one flat line: what happened, to which call, and what came of it. `sessions show`
//! prints it for people, `watch` as JSON. A line repeats what earlier records said (server and tool of a
//! call), so each stands alone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::{
    Answer, CallId, ConnId, Facts, Finding, Held, Kind, Layered, Problem, Ruled, Settled, Started,
    TicketId,
};
use crate::journal::{Effected, Raw, Record, What};
use crate::policy::{Phase, Reason, Risk, Scope, Verdict};
use crate::protocol::Side;

/// Version of these lines.
pub(in crate::cli) const LINE_VERSION: u32 = 1;

/// One record, flat. Members without a value are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(in crate::cli) struct Line {
    /// [`LINE_VERSION`].
    pub(in crate::cli) v: u32,
    /// `started`, `opened`, `call`, `result`, `message`, `batch`, `malformed`, `noise`, `broken`,
    /// `stderr`, `closed`, `answered`, `attended`, `tick`, `synced`, `attempt`, `resumed`, `ended`.
    pub(in crate::cli) event: &'static str,
    /// The session's name.
    pub(in crate::cli) session: String,
    /// The record's number.
    pub(in crate::cli) seq: u64,
    /// Microseconds since the Unix epoch.
    pub(in crate::cli) at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) conn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) server: Option<String>,
    /// The end that sent it, or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) from: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) call: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) reasons: Vec<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) risk: Option<Risk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) phase: Option<Phase>,
    /// What became of the message itself: `forward`, `replace`, `refuse`, `hold`, `drop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) outcome: Option<&'static str>,
    /// Tickets that this record opened, changed or ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) tickets: Vec<TicketLine>,
    /// Whether a result reports a failure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::cli) failed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) findings: Vec<Finding>,
    /// The rest, in words: an agent's name, a line of stderr, why something closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) detail: Option<String>,
    /// Length of the message, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) size_bytes: Option<u64>,
}

/// What happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct TicketLine {
    /// Its number, which is that of its call.
    pub(in crate::cli) ticket: u64,
    /// `held`, `revised`, `rejected`, `allowed`, `denied`, `timed_out`, `unattended`, `cancelled`,
    /// `closed`, `interrupted`.
    pub(in crate::cli) state: &'static str,
    /// The server whose tool waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) server: Option<String>,
    /// The tool that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) tool: Option<String>,
    /// Microseconds since the Unix epoch; while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) deadline_at: Option<u64>,
    /// The digest that an answer has to name; while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) digest: Option<String>,
}

/// Remembers what later records only number.
#[derive(Debug, Default)]
pub(in crate::cli) struct Follow {
    session: String,
    servers: BTreeMap<ConnId, String>,
    calls: BTreeMap<CallId, (Option<String>, Option<String>)>,
}

/// What an operator said of the whole session or of a tool.
fn said(line: &mut Line, what: &What) -> &'static str {
    if let What::Layered(Layered { layer, policy, by }) = what {
        let what = if policy.is_some() { "put on" } else { "taken away" };
        line.detail = Some(format!("{layer} {what} by {}", by.0));
    }
    if let What::Ruled(Ruled { server, kind, name, fingerprint, ruling, by }) = what {
        (line.server, line.tool) = (Some(server.clone()), Some(name.clone()));
        let (kind, done) = (kind.word(), ruling.done());
        line.detail = Some(format!("{kind} {fingerprint} {done} by {}", by.0));
        return "ruled";
    }
    if let What::Remembered(one) = what {
        (line.server, line.tool) = (Some(one.server.clone()), Some(one.tool.clone()));
        line.detail = Some(format!("{} holds: {}", one.id, one.scope.words()));
        return "remembered";
    }
    if let What::Attempt { what, by } = what {
        line.detail = Some(format!("{by} tried {what}"));
        return "attempt";
    }
    if let What::Reloaded(_) = what {
        return "reloaded";
    }
    if let What::Confirmed { digest, by } = what {
        line.detail = Some(format!("the policy {digest}, by {}", by.0));
        return "confirmed";
    }
    if let What::Forgotten { id, by } = what {
        line.detail = Some(format!("{id} taken back by {}", by.0));
        return "forgotten";
    }
    if let What::Revealed { ticket, by } = what {
        line.detail = Some(format!("the secrets of #{}, to {}", ticket.0, by.0));
        return "revealed";
    }
    "layered"
}

impl Follow {
    /// The record's line. Records have to come in order, from the first.
    pub(in crate::cli) fn line(&mut self, record: &Record) -> Line {
        let mut line =
            Line { v: LINE_VERSION, seq: record.seq, at: record.at.0, ..Line::default() };
        self.event(&mut line, &record.event);
        if let Some(facts) = &record.facts {
            Self::facts(&mut line, facts);
        }
        if let Some(call) = line.call.map(CallId) {
            let known = self.calls.entry(call).or_default();
            known.0 = known.0.take().or_else(|| line.server.clone());
            known.1 = known.1.take().or_else(|| line.tool.clone());
            line.server.clone_from(&known.0);
            line.tool.clone_from(&known.1);
        }
        for effect in &record.effects {
            self.effect(&mut line, effect);
        }
        line.session.clone_from(&self.session);
        line
    }

    fn at_conn(&self, line: &mut Line, conn: ConnId) {
        line.conn = Some(conn.0);
        line.server = self.servers.get(&conn).cloned();
    }

    fn event(&mut self, line: &mut Line, what: &What) {
        line.event = match what {
            What::Started(started) => {
                self.session.clone_from(&started.session);
                line.detail = Some(begun(started));
                "started"
            }
            What::Opened(opened) => {
                self.servers.insert(opened.conn, opened.server.clone());
                self.at_conn(line, opened.conn);
                line.detail = Some(opened.command.join(" "));
                "opened"
            }
            What::Frame { conn, from, raw } => {
                self.at_conn(line, *conn);
                line.from = Some(*from);
                line.size_bytes = size(raw);
                "message"
            }
            What::Broken { conn, from, head: _, problem } => {
                self.at_conn(line, *conn);
                line.from = Some(*from);
                line.detail = Some(match problem {
                    Problem::TooLong { size_bytes, limit_bytes } => {
                        format!("a line of {size_bytes} bytes; the limit is {limit_bytes}")
                    }
                    Problem::Torn => "the tail of a line whose head was lost".to_owned(),
                });
                "broken"
            }
            What::Stderr { conn, text } => {
                self.at_conn(line, *conn);
                line.from = Some(Side::Server);
                line.detail = Some(text.clone());
                "stderr"
            }
            What::Layered(_)
            | What::Ruled(_)
            | What::Reloaded(_)
            | What::Confirmed { .. }
            | What::Remembered(_)
            | What::Attempt { .. }
            | What::Forgotten { .. }
            | What::Revealed { .. } => said(line, what),
            What::Closed { conn, side, why } => {
                self.at_conn(line, *conn);
                line.from = Some(*side);
                line.detail = Some(why.clone());
                "closed"
            }
            What::Answered { ticket, digest: _, answer, by, unread } => {
                line.call = Some(ticket.0);
                line.detail = Some(answered(answer, &by.0, *unread));
                "answered"
            }
            What::Attended { answering } => {
                line.detail = Some(format!("{answering} may answer"));
                "attended"
            }
            What::Tick {} => "tick",
            What::Synced { seq } => {
                line.detail = Some(format!("on disk up to record {seq}"));
                "synced"
            }
            What::Resumed { conn, sent_to_agent, sent_to_server, .. } => {
                self.at_conn(line, *conn);
                line.detail =
                    Some(format!("sent to agent {sent_to_agent}, to server {sent_to_server}"));
                "resumed"
            }
            What::Ended { why } => {
                line.detail = Some(why.clone());
                "ended"
            }
        };
    }

    fn facts(line: &mut Line, facts: &Facts) {
        // An edited call is judged again; that event stays an answer.
        if let (Some(kind), "message") = (facts.kind, line.event) {
            line.event = match kind {
                Kind::Request => "call",
                Kind::Response => "result",
                Kind::Notification => "message",
                Kind::Batch => "batch",
                Kind::Malformed => "malformed",
                Kind::Noise => "noise",
            };
        }
        line.method.clone_from(&facts.method);
        line.call = facts.call.map(|call| call.0).or(line.call);
        line.tool.clone_from(&facts.tool);
        line.verdict = facts.verdict;
        line.reasons.clone_from(&facts.reasons);
        line.risk = facts.risk;
        line.phase = facts.phase;
        line.failed = facts.failed;
        line.findings.clone_from(&facts.findings);
    }

    fn effect(&self, line: &mut Line, effect: &Effected) {
        match effect {
            Effected::Forward { .. } => line.outcome = Some("forward"),
            Effected::Replace { .. } => line.outcome = Some("replace"),
            Effected::Refuse { .. } => line.outcome = Some("refuse"),
            Effected::Drop { .. } => line.outcome = Some("drop"),
            Effected::Hold(held) => {
                line.outcome = Some("hold");
                line.tickets.push(self.waiting(held, "held"));
            }
            Effected::Revise { held, arguments: _ } => {
                line.tickets.push(self.waiting(held, "revised"));
            }
            Effected::Rejected { ticket, answer: _, why } => {
                line.tickets.push(self.ticket(*ticket, "rejected"));
                line.detail = Some(why.clone());
            }
            Effected::Settle { ticket, how } => line.tickets.push(self.ticket(*ticket, word(how))),
            Effected::Originate { .. }
            | Effected::Sync {}
            | Effected::EndLine { .. }
            | Effected::Close { .. } => {}
        }
    }

    fn ticket(&self, ticket: TicketId, state: &'static str) -> TicketLine {
        let (server, tool) = self.calls.get(&CallId(ticket.0)).cloned().unwrap_or_default();
        TicketLine { ticket: ticket.0, state, server, tool, deadline_at: None, digest: None }
    }

    fn waiting(&self, held: &Held, state: &'static str) -> TicketLine {
        TicketLine {
            deadline_at: Some(held.deadline_at.0),
            digest: Some(held.digest.0.clone()),
            ..self.ticket(held.ticket, state)
        }
    }
}

/// How a ticket ended, in the word of lines and of the record.
const fn word(how: &Settled) -> &'static str {
    match how {
        Settled::Allowed { .. } => "allowed",
        Settled::Denied { .. } => "denied",
        Settled::TimedOut => "timed_out",
        Settled::Unattended => "unattended",
        Settled::Cancelled => "cancelled",
        Settled::Closed => "closed",
        Settled::Interrupted => "interrupted",
    }
}

/// Length of the message without its newline.
fn size(raw: &Raw) -> Option<u64> {
    match raw {
        Raw::Json(json) => Some(json.get().len() as u64),
        Raw::JsonCr(json) => Some(json.get().len() as u64 + 1),
        Raw::Text(text) => Some(text.len() as u64),
        Raw::Base64(_) => raw.bytes().map(|bytes| bytes.len() as u64),
    }
}

/// An answer in words.
fn answered(answer: &Answer, by: &str, unread: bool) -> String {
    match answer {
        Answer::Allow if unread => format!("allow unread by {by}"),
        Answer::Allow => format!("allow by {by}"),
        Answer::Deny { reason: None } => format!("deny by {by}"),
        Answer::Deny { reason: Some(why) } => format!("deny by {by}: {why}"),
        Answer::Remember { allow, scope, lifetime, .. } => {
            let word = if *allow { "allow" } else { "deny" };
            let scope =
                scope.as_ref().map_or_else(|| "the same arguments".to_owned(), Scope::words);
            let lifetime = lifetime.word();
            format!("{word} by {by}, and remember ({lifetime}): {scope}")
        }
        Answer::Edit { arguments } => format!("edit by {by}: {arguments}"),
    }
}

/// What a session runs by.
fn begun(started: &Started) -> String {
    let over = started.amended_by.iter().map(|path| format!(" with {path}"));
    format!(
        "agent {}, policy {}{}, redaction {}, build {}",
        started.agent.name,
        started.policy_name,
        over.collect::<String>(),
        started.redaction,
        started.build
    )
}
