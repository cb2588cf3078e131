//! Where a call's time went, as far as its records tell.
//!
//! The records have the time of each event's arrival, so what the gate itself took is known only around a
//! hold: from the operator's yes until that was on disk. Everything else that the gate does falls into the
//! time of the end that was waited for, and is microseconds.

use crate::console::model::{Call, CallAt, Ending, Model};
use crate::protocol::Side;

/// How many earlier calls of the session are looked at for the answer before a request. Agents make calls
/// in parallel, rarely more than these at once.
const LOOK_BACK: usize = 512;

/// Milliseconds; `None` where they are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// From the last answer that the agent got to this request: its own time to think.
    pub asker_ms: Option<u64>,
    /// From a person's yes to the call going on.
    pub gate_ms: Option<u64>,
    /// Waiting for a person.
    pub person_ms: Option<u64>,
    /// From going on to the answer, at the end that answered.
    pub answer_ms: Option<u64>,
}

/// The ledger of a call.
#[must_use]
pub fn ledger(model: &Model, at: CallAt) -> Option<Ledger> {
    let call = model.call(at)?;
    let ticket = model.ticket_of(call);
    let waits = ticket.filter(|ticket| ticket.over.is_none());
    let gate_ms = ticket.and_then(|ticket| {
        let over = ticket.over.as_ref().filter(|over| over.how == Ending::Allowed)?;
        Some(over.at.ms_since(ticket.answered_at?))
    });
    let person_ms = match waits {
        Some(ticket) => Some(model.now.at.ms_since(ticket.at)),
        None => (call.held_ms > 0).then(|| u64::from(call.held_ms)),
    };
    // What was refused was never at the other end.
    let answer_ms = call.done_at().filter(|_| call.was_forwarded()).map(|done| {
        let before = person_ms.unwrap_or(0) + gate_ms.unwrap_or(0);
        done.ms_since(call.at).saturating_sub(before)
    });
    Some(Ledger { asker_ms: think_ms(model, call, at), gate_ms, person_ms, answer_ms })
}

/// The time since the session's agent was last given an answer.
fn think_ms(model: &Model, call: &Call, at: CallAt) -> Option<u64> {
    if call.from != Side::Agent {
        return None;
    }
    let earlier = model.calls.range(at.0.saturating_sub(LOOK_BACK)..at.0);
    let done = earlier
        .filter(|other| other.session == call.session && other.from == Side::Agent)
        .filter_map(Call::done_at)
        .filter(|done| *done <= call.at);
    done.max().map(|done| call.at.ms_since(done))
}
