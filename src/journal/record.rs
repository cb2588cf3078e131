//! The stored form of one event and what came of it.
//!
//! Enums are externally tagged on purpose: internally tagged ones buffer their content, which would
//! lose the exact text of the frames inside. Rules for change: a reader takes files of every version
//! up to its own and refuses a newer one with a sentence; added fields have defaults; a removed or
//! re-meant field raises [`VERSION`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::engine::{
    Answer, At, CallId, ConnId, Digest, Effect, Event, Facts, Happening, Held, Kind, Layered,
    Opened, Operator, Problem, Reloaded, Remembered, Ruled, Settled, Started, TicketId, Was, Why,
};
use crate::inspect::redact::Mark;
use crate::protocol::Side;

/// The format's version, in every record.
pub const VERSION: u32 = 1;

/// One line of a journal: what happened, what the engine found, what it did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The format's version.
    pub v: u32,
    /// The record's number in its journal, from 0.
    pub seq: u64,
    /// When the event happened.
    pub at: At,
    /// The event.
    pub event: What,
    /// What the engine found, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// What was done, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effected>,
    /// Where secrets were replaced, in bytes of the record's line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<Mark>,
    /// Bytes on the wire of what its effects sent, in their order, where secrets were replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wire: Vec<u64>,
}

/// Bytes as they were: JSON in place where they are JSON, else text or base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raw {
    /// A well-formed JSON text, verbatim.
    Json(Box<RawValue>),
    /// A well-formed JSON text followed by a carriage return.
    JsonCr(Box<RawValue>),
    /// UTF-8 that is no well-formed JSON, or has white space around it.
    Text(String),
    /// Anything else.
    Base64(String),
}

impl Raw {
    /// The exact bytes; `None` for base64 that is none.
    #[must_use]
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Json(raw) => Some(Bytes::copy_from_slice(raw.get().as_bytes())),
            Self::JsonCr(raw) => Some(Bytes::from([raw.get().as_bytes(), b"\r"].concat())),
            Self::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            Self::Base64(text) => BASE64.decode(text).ok().map(Bytes::from),
        }
    }

    /// The JSON text, where the bytes are well-formed JSON.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        match self {
            Self::Json(raw) | Self::JsonCr(raw) => Some(raw.get()),
            Self::Text(_) | Self::Base64(_) => None,
        }
    }

    /// For bytes that are not known to be JSON.
    #[must_use]
    pub fn opaque(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes)
            .map_or_else(|_| Self::Base64(BASE64.encode(bytes)), |text| Self::Text(text.to_owned()))
    }

    /// For lines that the engine made or let pass: JSON where it is.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let (body, carriage_return) = match bytes.split_last() {
            Some((b'\r', body)) => (body, true),
            _ => (bytes, false),
        };
        let tight = body.first() == Some(&b'{') && body.last() == Some(&b'}')
            || body.first() == Some(&b'[') && body.last() == Some(&b']');
        let raw = std::str::from_utf8(body)
            .ok()
            .filter(|_| tight)
            .and_then(|text| RawValue::from_string(text.to_owned()).ok());
        match raw {
            Some(raw) if carriage_return => Self::JsonCr(raw),
            Some(raw) => Self::Json(raw),
            None => Self::opaque(bytes),
        }
    }
}

/// The stored form of [`Happening`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of engine::Happening")]
pub enum What {
    Started(Started),
    Opened(Opened),
    Frame {
        conn: ConnId,
        from: Side,
        raw: Raw,
    },
    Broken {
        conn: ConnId,
        from: Side,
        head: Raw,
        problem: Problem,
    },
    Stderr {
        conn: ConnId,
        text: String,
    },
    Closed {
        conn: ConnId,
        side: Side,
        why: String,
    },
    Answered {
        ticket: TicketId,
        digest: Digest,
        answer: Answer,
        by: Operator,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unread: bool,
    },
    Attended {
        answering: u32,
    },
    Tick {},
    Synced {
        seq: u64,
    },
    Attempt {
        what: String,
        by: String,
    },
    Layered(Layered),
    Ruled(Ruled),
    /// The policy's file changed.
    Reloaded(Reloaded),
    /// An operator takes what the policy's file says now.
    Confirmed {
        /// The digest of what was shown.
        digest: String,
        /// Who.
        by: Operator,
    },
    /// An answer that was remembered in another session holds here as well.
    Remembered(Box<Remembered>),
    /// A remembered answer was taken back.
    Forgotten {
        /// Its name.
        id: String,
        /// Who.
        by: Operator,
    },
    Revealed {
        ticket: TicketId,
        by: Operator,
    },
    Resumed {
        conn: ConnId,
        sent_to_agent: u64,
        sent_to_server: u64,
        #[serde(default)]
        again_to_agent: u64,
        #[serde(default)]
        again_to_server: u64,
    },
    Ended {
        why: String,
    },
}

/// The stored form of [`Effect`]: what was sent instead of a permit to send it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of engine::Effect; `sent` is the exact line")]
pub enum Effected {
    Forward { conn: ConnId, to: Side, size_bytes: u64 },
    Replace { conn: ConnId, to: Side, how: String, sent: Raw },
    Refuse { conn: ConnId, to: Side, call: Option<CallId>, rule: String, sent: Raw },
    Hold(Held),
    Revise { held: Held, arguments: String },
    Rejected { ticket: TicketId, answer: Answer, why: String },
    Settle { ticket: TicketId, how: Settled },
    Drop { why: Why },
    Originate { conn: ConnId, to: Side, what: String, sent: Raw },
    Sync {},
    EndLine { conn: ConnId, to: Side },
    Close { conn: ConnId, to: Side },
}

impl From<&Effect> for Effected {
    fn from(effect: &Effect) -> Self {
        match effect {
            Effect::Forward(permit) => Self::Forward {
                conn: permit.conn(),
                to: permit.to(),
                size_bytes: permit.wire_len(),
            },
            Effect::Replace { permit, how } => Self::Replace {
                conn: permit.conn(),
                to: permit.to(),
                how: (*how).to_owned(),
                sent: Raw::of(permit.line()),
            },
            Effect::Refuse { permit, call, rule } => Self::Refuse {
                conn: permit.conn(),
                to: permit.to(),
                call: *call,
                rule: rule.clone(),
                sent: Raw::of(permit.line()),
            },
            Effect::Hold(held) => Self::Hold(held.clone()),
            Effect::Revise { held, arguments } => {
                Self::Revise { held: held.clone(), arguments: arguments.clone() }
            }
            Effect::Rejected { ticket, answer, why } => {
                Self::Rejected { ticket: *ticket, answer: answer.clone(), why: why.clone() }
            }
            Effect::Settle { ticket, how } => Self::Settle { ticket: *ticket, how: how.clone() },
            Effect::Drop(why) => Self::Drop { why: *why },
            Effect::Originate { permit, what } => Self::Originate {
                conn: permit.conn(),
                to: permit.to(),
                what: (*what).to_owned(),
                sent: Raw::of(permit.line()),
            },
            Effect::Sync => Self::Sync {},
            Effect::EndLine { conn, to } => Self::EndLine { conn: *conn, to: *to },
            Effect::Close { conn, to } => Self::Close { conn: *conn, to: *to },
        }
    }
}

impl From<&Happening> for What {
    fn from(what: &Happening) -> Self {
        match what {
            Happening::Started(started) => Self::Started(started.clone()),
            Happening::Opened(opened) => Self::Opened(opened.clone()),
            Happening::Frame { conn, from, raw } => {
                // What did not pass the guard is text: other readers of JSON would choke on it or lose parts.
                Self::Frame { conn: *conn, from: *from, raw: Raw::opaque(raw) }
            }
            Happening::Redacted { conn, from, raw, was: _ } => {
                Self::Frame { conn: *conn, from: *from, raw: Raw::opaque(raw) }
            }
            Happening::Broken { conn, from, head, problem } => Self::Broken {
                conn: *conn,
                from: *from,
                head: Raw::opaque(head),
                problem: problem.clone(),
            },
            Happening::Stderr { conn, text } => Self::Stderr { conn: *conn, text: text.clone() },
            Happening::Closed { conn, side, why } => {
                Self::Closed { conn: *conn, side: *side, why: why.clone() }
            }
            Happening::Answered { ticket, digest, answer, by, unread } => Self::Answered {
                ticket: *ticket,
                digest: digest.clone(),
                answer: answer.clone(),
                by: by.clone(),
                unread: *unread,
            },
            Happening::Attended { answering } => Self::Attended { answering: *answering },
            Happening::Tick => Self::Tick {},
            Happening::Synced { seq } => Self::Synced { seq: *seq },
            Happening::Attempt { what, by } => Self::Attempt { what: what.clone(), by: by.clone() },
            Happening::Layered(layered) => Self::Layered(layered.clone()),
            Happening::Ruled(ruled) => Self::Ruled(ruled.clone()),
            Happening::Reloaded(reloaded) => Self::Reloaded(reloaded.clone()),
            Happening::Confirmed { digest, by } => {
                Self::Confirmed { digest: digest.clone(), by: by.clone() }
            }
            Happening::Remembered(one) => Self::Remembered(one.clone()),
            Happening::Forgotten { id, by } => Self::Forgotten { id: id.clone(), by: by.clone() },
            Happening::Revealed { ticket, by } => {
                Self::Revealed { ticket: *ticket, by: by.clone() }
            }
            Happening::Resumed {
                conn,
                sent_to_agent,
                sent_to_server,
                again_to_agent,
                again_to_server,
            } => Self::Resumed {
                conn: *conn,
                sent_to_agent: *sent_to_agent,
                sent_to_server: *sent_to_server,
                again_to_agent: *again_to_agent,
                again_to_server: *again_to_server,
            },
            Happening::Ended { why } => Self::Ended { why: why.clone() },
        }
    }
}

impl What {
    /// The bytes that were received with the event, if any: a whole line, or the head of a broken one.
    #[must_use]
    pub const fn received(&self) -> Option<&Raw> {
        match self {
            Self::Frame { raw, .. } => Some(raw),
            Self::Broken { head, .. } => Some(head),
            Self::Started(_)
            | Self::Opened(_)
            | Self::Stderr { .. }
            | Self::Closed { .. }
            | Self::Answered { .. }
            | Self::Attended { .. }
            | Self::Tick {}
            | Self::Synced { .. }
            | Self::Attempt { .. }
            | Self::Layered(_)
            | Self::Ruled(_)
            | Self::Reloaded(_)
            | Self::Confirmed { .. }
            | Self::Remembered(_)
            | Self::Forgotten { .. }
            | Self::Revealed { .. }
            | Self::Resumed { .. }
            | Self::Ended { .. } => None,
        }
    }
}

impl Effected {
    /// Bytes on the wire, of an effect that sent something, as far as it tells.
    #[must_use]
    pub fn wire_len(&self) -> Option<u64> {
        match self {
            Self::Forward { size_bytes, .. } => Some(*size_bytes),
            Self::Replace { sent, .. }
            | Self::Refuse { sent, .. }
            | Self::Originate { sent, .. } => sent.bytes().map(|line| line.len() as u64 + 1),
            Self::Hold(_)
            | Self::Revise { .. }
            | Self::Rejected { .. }
            | Self::Settle { .. }
            | Self::Drop { .. }
            | Self::Sync {}
            | Self::EndLine { .. }
            | Self::Close { .. } => None,
        }
    }
}

impl Record {
    /// One that has no secrets to replace.
    #[must_use]
    pub const fn new(
        seq: u64,
        at: At,
        event: What,
        facts: Option<Facts>,
        effects: Vec<Effected>,
    ) -> Self {
        Self { v: VERSION, seq, at, event, facts, effects, redacted: Vec::new(), wire: Vec::new() }
    }

    /// Bytes on the wire of what its effects sent, in their order: more or less than what they tell where secrets
    /// were replaced.
    #[must_use]
    pub fn wire_lens(&self) -> Vec<u64> {
        if self.redacted.is_empty() {
            self.effects.iter().filter_map(Effected::wire_len).collect()
        } else {
            self.wire.clone()
        }
    }

    /// What it tells of its line as it came, where that has secrets.
    fn was(&self) -> Was {
        let held = self.effects.iter().find_map(|effect| {
            if let Effected::Hold(held) = effect { Some(held.digest.clone()) } else { None }
        });
        let findings = self.facts.iter().flat_map(|facts| &facts.findings);
        Was {
            digest: held,
            findings: findings.filter(|finding| finding.seen.is_some()).cloned().collect(),
        }
    }

    /// The event with what was seen in it, so that nothing is looked at again: for a session that is taken up, which has
    /// to come out as it was.
    #[must_use]
    pub fn recalled(&self) -> Option<Event> {
        let event = self.event()?;
        // Of a batch it is not told which member a finding is of.
        let batch = self.facts.as_ref().is_some_and(|facts| facts.kind == Some(Kind::Batch));
        if let (Happening::Frame { conn, from, raw }, false) = (&event.what, batch) {
            let (conn, from, raw) = (*conn, *from, raw.clone());
            let what = Happening::Redacted { conn, from, raw, was: self.was() };
            return Some(Event { at: event.at, what });
        }
        Some(event)
    }

    /// The event as the engine takes it; `None` when its bytes cannot be restored.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let what = match &self.event {
            What::Started(started) => Happening::Started(started.clone()),
            What::Opened(opened) => Happening::Opened(opened.clone()),
            What::Frame { conn, from, raw } if self.redacted.is_empty() => {
                Happening::Frame { conn: *conn, from: *from, raw: raw.bytes()? }
            }
            What::Frame { conn, from, raw } => {
                let (conn, from, raw) = (*conn, *from, raw.bytes()?);
                Happening::Redacted { conn, from, raw, was: self.was() }
            }
            What::Broken { conn, from, head, problem } => Happening::Broken {
                conn: *conn,
                from: *from,
                head: head.bytes()?,
                problem: problem.clone(),
            },
            What::Stderr { conn, text } => Happening::Stderr { conn: *conn, text: text.clone() },
            What::Closed { conn, side, why } => {
                Happening::Closed { conn: *conn, side: *side, why: why.clone() }
            }
            What::Answered { ticket, digest, answer, by, unread } => Happening::Answered {
                ticket: *ticket,
                digest: digest.clone(),
                answer: answer.clone(),
                by: by.clone(),
                unread: *unread,
            },
            What::Attended { answering } => Happening::Attended { answering: *answering },
            What::Tick {} => Happening::Tick,
            What::Synced { seq } => Happening::Synced { seq: *seq },
            What::Attempt { what, by } => Happening::Attempt { what: what.clone(), by: by.clone() },
            What::Layered(layered) => Happening::Layered(layered.clone()),
            What::Ruled(ruled) => Happening::Ruled(ruled.clone()),
            What::Reloaded(reloaded) => Happening::Reloaded(reloaded.clone()),
            What::Confirmed { digest, by } => {
                Happening::Confirmed { digest: digest.clone(), by: by.clone() }
            }
            What::Remembered(one) => Happening::Remembered(one.clone()),
            What::Forgotten { id, by } => Happening::Forgotten { id: id.clone(), by: by.clone() },
            What::Revealed { ticket, by } => {
                Happening::Revealed { ticket: *ticket, by: by.clone() }
            }
            What::Resumed {
                conn,
                sent_to_agent,
                sent_to_server,
                again_to_agent,
                again_to_server,
            } => Happening::Resumed {
                conn: *conn,
                sent_to_agent: *sent_to_agent,
                sent_to_server: *sent_to_server,
                again_to_agent: *again_to_agent,
                again_to_server: *again_to_server,
            },
            What::Ended { why } => Happening::Ended { why: why.clone() },
        };
        Some(Event { at: self.at, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was recorded before answers had the mark is read as unmarked, and written again as it was.
    #[test]
    fn an_answer_is_unread_only_where_it_says_so() {
        let plain = r#"{"answered":{"ticket":3,"digest":"d","answer":"allow","by":"console 1"}}"#;
        let marked = r#"{"answered":{"ticket":3,"digest":"d","answer":"allow","by":"console 1","unread":true}}"#;
        for (text, expected) in [(plain, false), (marked, true)] {
            let what: What = serde_json::from_str(text).unwrap();
            assert!(matches!(what, What::Answered { unread, .. } if unread == expected), "{text}");
            assert_eq!(serde_json::to_string(&what).unwrap(), text);
        }
    }
}
