//! What an engine wants done. The driver appends the record first and only then acts.

use serde::{Deserialize, Serialize};

use crate::engine::event::{Answer, At, CallId, ConnId, Digest, Facts, Operator, TicketId};
use crate::engine::permit::Permit;
use crate::policy::{Reason, Risk};
use crate::protocol::Side;

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// What the engine found.
    pub facts: Option<Facts>,
    /// What is to be done, in this order.
    pub effects: Vec<Effect>,
}

/// A call that waits for the operator: everything that a card needs beside the frame itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The ticket.
    pub ticket: TicketId,
    /// The digest of the exact line that an `Allow` forwards.
    pub digest: Digest,
    /// 1, then one more for each edit.
    pub version: u32,
    /// How an `Allow` has to be confirmed.
    pub risk: Risk,
    /// Why the call waits, strictest first.
    pub reasons: Vec<Reason>,
    /// When it is denied if nobody answers. Nothing moves it.
    pub deadline_at: At,
}

/// How a ticket ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The operator let it pass.
    Allowed {
        /// Who.
        by: Operator,
    },
    /// The operator refused it.
    Denied {
        /// Who.
        by: Operator,
        /// The operator's words to the agent.
        reason: Option<String>,
    },
    /// The deadline came.
    TimedOut,
    /// Nobody who could answer was ever there.
    Unattended,
    /// The agent took the request back.
    Cancelled,
    /// An end of the connection closed.
    Closed,
    /// The gate that held it died.
    Interrupted,
}

/// Why a message was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A blank line.
    Blank,
    /// A server's output that is no message.
    Noise,
    /// An answer to a request that was already answered, cancelled or never made.
    Late,
    /// A cancellation of a call that never left the gate.
    Absorbed,
    /// Malformed, and with no id to answer to.
    Unanswerable,
    /// A request of a server, where the revision has none.
    NotInRevision,
    /// The receiving end is gone.
    Gone,
    /// The answer to a request of ours.
    Own,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send the frame on as it came.
    Forward(Permit),
    /// Send something else in its place.
    Replace {
        /// What to send.
        permit: Permit,
        /// `edited`, `edited-notice`, `filtered-list`, `first-definition`, `batch`: the named transformation.
        how: &'static str,
    },
    /// Answer the sender ourselves.
    Refuse {
        /// The answer, back to the sender.
        permit: Permit,
        /// The request that is refused, where it has a number.
        call: Option<CallId>,
        /// The rule that refused.
        rule: String,
    },
    /// Keep the call until its ticket is answered.
    Hold(Held),
    /// The ticket was edited: a new version, a new digest, still waiting.
    Revise {
        /// The ticket as it is now.
        held: Held,
        /// The arguments in place of the agent's, as JSON text.
        arguments: String,
    },
    /// An answer that was not taken: the ticket changed, is gone, or the edit is no JSON object.
    Rejected {
        /// Which ticket.
        ticket: TicketId,
        /// The answer's word: `allow`, `deny`, `edit`.
        answer: Answer,
        /// In words, for the operator.
        why: String,
    },
    /// The ticket is over.
    Settle {
        /// Which.
        ticket: TicketId,
        /// How.
        how: Settled,
    },
    /// Nothing is sent for this frame.
    Drop(Why),
    /// A message of our own.
    Originate {
        /// What to send.
        permit: Permit,
        /// `progress`, `cancelled`, `resent`, `list`, `list-changed`.
        what: &'static str,
    },
    /// Bring the journal to disk up to and with this record, then post `Synced`.
    Sync,
    /// End a line that a dead gate left half written: one newline byte, not a message.
    EndLine {
        /// Where.
        conn: ConnId,
        /// To which end.
        to: Side,
    },
    /// Close the write end towards this side once everything before it was sent.
    Close {
        /// Where.
        conn: ConnId,
        /// Which end.
        to: Side,
    },
}

impl Effect {
    /// The line that this effect lets go, if it is one that does.
    #[must_use]
    pub const fn permit(&self) -> Option<&Permit> {
        match self {
            Self::Forward(permit)
            | Self::Replace { permit, .. }
            | Self::Refuse { permit, .. }
            | Self::Originate { permit, .. } => Some(permit),
            Self::Hold(_)
            | Self::Revise { .. }
            | Self::Rejected { .. }
            | Self::Settle { .. }
            | Self::Drop(_)
            | Self::Sync
            | Self::EndLine { .. }
            | Self::Close { .. } => None,
        }
    }
}
