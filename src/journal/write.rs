//! Events and steps to journal lines.

use serde::Serialize;

use crate::engine::{Effect, Event, Happening, Kind, Permit, Step};
use crate::inspect::redact::Redactor;
use crate::journal::chain::Chain;
use crate::journal::record::{Effected, VERSION, What};

/// Writes the lines of one journal, in order.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    chain: Chain,
    seq: u64,
    redactor: Option<Redactor>,
}

impl Writer {
    /// A writer that goes on behind record `seq - 1`, whose digest is `chain`.
    #[must_use]
    pub const fn resume(seq: u64, chain: Chain) -> Self {
        Self { chain, seq, redactor: None }
    }

    /// The same, which replaces secrets from its next record on.
    #[must_use]
    pub fn redacting(self, redactor: Option<Redactor>) -> Self {
        Self { redactor, ..self }
    }

    /// What replaces secrets.
    #[must_use]
    pub const fn redactor(&mut self) -> Option<&mut Redactor> {
        self.redactor.as_mut()
    }

    /// The number of the next record.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.seq
    }

    /// The digest of the last record.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Appends the event's line to `out` and returns the record's number.
    pub fn append(&mut self, event: &Event, step: &Step, out: &mut Vec<u8>) -> u64 {
        let start = out.len();
        let seq = self.seq;
        say(out, format_args!("{{\"v\":{VERSION},\"seq\":{seq},\"at\":{},\"event\":", event.at.0));
        put_event(out, event, step);
        if let Some(facts) = &step.facts {
            out.extend_from_slice(b",\"facts\":");
            put(out, facts);
        }
        if !step.effects.is_empty() {
            out.extend_from_slice(b",\"effects\":[");
            for (n, effect) in step.effects.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                put_effect(out, effect);
            }
            out.push(b']');
        }
        self.redact(event, step, out, start);
        self.chain.seal(out, start);
        self.seq += 1;
        seq
    }
}

impl Writer {
    /// Replaces the secrets of a record that is otherwise whole. What operators and their files say is kept as it is:
    /// a policy's text decides again.
    fn redact(&mut self, event: &Event, step: &Step, out: &mut Vec<u8>, start: usize) {
        let Some(redactor) = self.redactor.as_mut().filter(|_| carries(&event.what)) else {
            return;
        };
        let line = out.get(start..).and_then(|line| std::str::from_utf8(line).ok());
        if let Some((line, marks)) = line.and_then(|line| redactor.redact(line)) {
            out.truncate(start);
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b",\"redacted\":");
            put(out, &marks);
            let sent = step.effects.iter().filter_map(Effect::permit);
            let wire: Vec<u64> = sent.map(Permit::wire_len).collect();
            if !wire.is_empty() {
                out.extend_from_slice(b",\"wire\":");
                put(out, &wire);
            }
        }
    }
}

/// Whether an event or what follows from it carries what others wrote.
const fn carries(what: &Happening) -> bool {
    match what {
        Happening::Frame { .. }
        | Happening::Redacted { .. }
        | Happening::Broken { .. }
        | Happening::Stderr { .. }
        | Happening::Closed { .. }
        | Happening::Answered { .. }
        | Happening::Tick
        | Happening::Synced { .. }
        | Happening::Attempt { .. }
        | Happening::Ended { .. } => true,
        Happening::Started(_)
        | Happening::Opened(_)
        | Happening::Attended { .. }
        | Happening::Layered(_)
        | Happening::Ruled(_)
        | Happening::Reloaded(_)
        | Happening::Confirmed { .. }
        | Happening::Remembered(_)
        | Happening::Forgotten { .. }
        | Happening::Revealed { .. }
        | Happening::Resumed { .. } => false,
    }
}

/// A frame that passed the guard is written in place, without a second parse or copy: the guard has
/// just proved that it is one line of well-formed JSON.
fn put_event(out: &mut Vec<u8>, event: &Event, step: &Step) {
    if let Happening::Frame { conn, from, raw } = &event.what
        && let Some(tag) = in_place(raw, step)
    {
        say(
            out,
            format_args!(
                "{{\"frame\":{{\"conn\":{},\"from\":\"{from}\",\"raw\":{{\"{tag}\":",
                conn.0
            ),
        );
        out.extend_from_slice(raw.strip_suffix(b"\r").unwrap_or(raw));
        out.extend_from_slice(b"}}}");
    } else {
        put(out, &What::from(&event.what));
    }
}

/// The tag of `record::Raw` under which these bytes can be written as they are.
fn in_place(raw: &[u8], step: &Step) -> Option<&'static str> {
    let kind = step.facts.as_ref()?.kind?;
    if matches!(kind, Kind::Malformed | Kind::Noise) {
        return None;
    }
    let (body, tag) = match raw.strip_suffix(b"\r") {
        Some(body) => (body, "json_cr"),
        None => (raw, "json"),
    };
    match (body.first()?, body.last()?) {
        (b'{', b'}') | (b'[', b']') => Some(tag),
        _ => None,
    }
}

fn put_effect(out: &mut Vec<u8>, effect: &Effect) {
    if let Effect::Forward(permit) = effect {
        say(
            out,
            format_args!(
                "{{\"forward\":{{\"conn\":{},\"to\":\"{}\",\"size_bytes\":{}}}}}",
                permit.conn().0,
                permit.to(),
                permit.wire_len()
            ),
        );
    } else {
        put(out, &Effected::from(effect));
    }
}

fn say(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    #[expect(clippy::expect_used, reason = "memory takes whatever it is given")]
    out.write_fmt(text).expect("a vector takes every write");
}

fn put<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    #[expect(clippy::expect_used, reason = "only maps with string keys, into memory")]
    serde_json::to_writer(out, value).expect("stored types always serialise");
}
