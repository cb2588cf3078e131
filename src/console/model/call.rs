//! One row of the Calls pane, packed: a console keeps a million of them.

use crate::console::model::{NameId, Place, SessionId};
use crate::engine::{At, CallId};
use crate::policy::{Risk, Verdict};
use crate::protocol::Side;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Forwarded, not answered yet.
    Running,
    /// Its ticket waits.
    Waiting,
    /// Answered.
    Done,
    /// Answered by a failure.
    Failed,
    /// Refused by this rule.
    Refused(NameId),
    /// Refused by an operator.
    Denied,
    /// Denied at the deadline.
    TimedOut,
    /// Denied because nobody could answer.
    Unattended,
    /// Taken back by its sender.
    Cancelled,
    /// An end of its connection closed, or its gate died.
    Lost,
}

impl State {
    /// In one word, for lines that programs read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "error",
            Self::Refused(_) => "refused",
            Self::Denied => "denied",
            Self::TimedOut => "timeout",
            Self::Unattended => "unattended",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

/// How an operator let a call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// As the agent sent it.
    Unchanged,
    /// With other arguments.
    Edited,
}

/// One request. 96 bytes, which a test holds: console.md section 5 gives a million calls 150 MB.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number.
    pub call: CallId,
    /// When.
    pub at: At,
    /// When it was answered; 0 while it was not.
    done: At,
    request_offset: u64,
    answer_offset: u64,
    request_len: u32,
    /// 0 while there is no answer.
    answer_len: u32,
    /// Bytes of the request.
    pub size: u32,
    /// Bytes of the answer.
    pub answer_size: u32,
    /// Milliseconds that it waited for a person, at least 1; 0 where it never waited.
    pub held_ms: u32,
    /// Whose.
    pub session: SessionId,
    /// The server.
    pub server: NameId,
    /// Its tool, or else its method.
    pub name: NameId,
    /// The strictest rule.
    pub rule: Option<NameId>,
    /// What became of it.
    pub state: State,
    /// Things seen in the request or its answer.
    pub findings: u16,
    /// What the policy said.
    pub verdict: Option<Verdict>,
    /// The risk of a mistaken yes, where the policy told.
    pub risk: Option<Risk>,
    /// Whether an operator let it pass, and whether with other arguments.
    pub passed: Option<Passed>,
    /// Who asked.
    pub from: Side,
    /// Whether `name` is a tool.
    pub is_tool: bool,
    /// Whether the verdict acted.
    pub enforced: bool,
}

impl Call {
    /// A request of this record, about which nothing more is known.
    #[must_use]
    pub const fn new(
        (session, call): (SessionId, CallId),
        (server, name): (NameId, NameId),
        from: Side,
        (at, request): (At, Place),
    ) -> Self {
        Self {
            call,
            at,
            done: At(0),
            request_offset: request.offset,
            answer_offset: 0,
            request_len: request.len,
            answer_len: 0,
            size: 0,
            answer_size: 0,
            held_ms: 0,
            session,
            server,
            name,
            rule: None,
            state: State::Running,
            findings: 0,
            verdict: None,
            risk: None,
            passed: None,
            from,
            is_tool: false,
            enforced: false,
        }
    }

    /// The request's record.
    #[must_use]
    pub const fn request(&self) -> Place {
        Place { offset: self.request_offset, len: self.request_len }
    }

    /// The answer's record.
    #[must_use]
    pub fn answer(&self) -> Option<Place> {
        let place = Place { offset: self.answer_offset, len: self.answer_len };
        (self.answer_len > 0).then_some(place)
    }

    /// When it was answered.
    #[must_use]
    pub fn done_at(&self) -> Option<At> {
        (self.done > At(0)).then_some(self.done)
    }

    /// Milliseconds from the request to its answer.
    #[must_use]
    pub fn took_ms(&self) -> Option<u64> {
        self.done_at().map(|done| done.ms_since(self.at))
    }

    /// Whether it went on to the end that answers.
    #[must_use]
    pub const fn was_forwarded(&self) -> bool {
        match self.state {
            State::Running | State::Done | State::Failed => true,
            State::Waiting
            | State::Refused(_)
            | State::Denied
            | State::TimedOut
            | State::Unattended
            | State::Cancelled
            | State::Lost => false,
        }
    }

    /// It was answered.
    pub const fn end(&mut self, at: At) {
        self.done = at;
    }

    /// It was answered by this record.
    pub const fn answered_in(&mut self, place: Place) {
        self.answer_offset = place.offset;
        self.answer_len = place.len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_rows_take_a_hundred_megabytes() {
        assert!(size_of::<Call>() <= 96, "{} bytes", size_of::<Call>());
    }
}
