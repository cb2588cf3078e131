//! A row as filters see it.

use crate::console::filter::{
    Body, BodyField, NameField, NumberField, Outcome, Subject, TagField, Tags,
};
use crate::console::model::names::NAMES_MAX;
use crate::console::model::{Call, CallAt, Model, NameId, Passed, Session, SessionId, State};
use crate::engine::{At, CallId};
use crate::policy::Verdict;
use crate::protocol::Side;

/// The method of every tool call.
const TOOL_METHOD: &str = "tools/call";

/// One call, with its arguments and result where they were read.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    model: &'a Model,
    at: CallAt,
    call: &'a Call,
    bodies: Option<(&'a str, Option<&'a str>)>,
}

impl<'a> Row<'a> {
    /// By its place; nothing was read.
    #[must_use]
    pub fn new(model: &'a Model, at: CallAt) -> Option<Self> {
        Some(Self { model, at, call: model.call(at)?, bodies: None })
    }

    /// The same with what was read.
    #[must_use]
    pub const fn read(self, arguments: &'a str, result: Option<&'a str>) -> Self {
        Self { bodies: Some((arguments, result)), ..self }
    }

    /// Something that differs whenever a test of the row could come out otherwise.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        let outcome = u64::from(outcome(self.call).0);
        let answered = u64::from(self.call.answer().is_some());
        u64::from(self.call.findings) << 32 | answered << 16 | outcome
    }

    /// Whether nothing about it changes any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.call.state {
            State::Running | State::Waiting => false,
            State::Cancelled | State::Lost => true,
            State::Done
            | State::Failed
            | State::Refused(_)
            | State::Denied
            | State::TimedOut
            | State::Unattended => self.call.answer().is_some(),
        }
    }

    fn session(&self) -> Option<&'a Session> {
        self.model.session(self.call.session)
    }
}

impl Subject for Row<'_> {
    fn name_id(&self, field: NameField) -> Option<u32> {
        let call = self.call;
        match field {
            NameField::Session | NameField::Agent => Some(call.session.0),
            NameField::Server => Some(call.server.number()),
            NameField::Tool => call.is_tool.then_some(call.name.number()),
            // The name of every tool call's method is not kept; this number is nobody's.
            NameField::Method if call.is_tool => u32::try_from(NAMES_MAX + 1).ok(),
            NameField::Method => Some(call.name.number()),
            NameField::Rule => call.rule.map(NameId::number),
        }
    }

    fn name(&self, field: NameField) -> Option<&str> {
        let name = |id| self.model.names.get(id).as_str();
        match field {
            NameField::Session => self.session().map(|session| session.shown.as_str()),
            NameField::Agent => self.session().map(|session| session.agent.as_str()),
            NameField::Server => Some(name(self.call.server)),
            NameField::Tool => self.call.is_tool.then(|| name(self.call.name)),
            NameField::Method if self.call.is_tool => Some(TOOL_METHOD),
            NameField::Method => Some(name(self.call.name)),
            NameField::Rule => self.call.rule.map(name),
        }
    }

    fn tags(&self, field: TagField) -> Tags {
        match field {
            TagField::Verdict => {
                // What no rule is about went on, and its row says so; the guard's word is a verdict too.
                let refused = matches!(self.call.state, State::Refused(_));
                let unsaid = if refused { Verdict::Deny } else { Verdict::Allow };
                Tags::verdict(self.call.verdict.unwrap_or(unsaid))
            }
            TagField::Outcome => outcome(self.call),
            TagField::Risk => self.call.risk.map(Tags::risk).unwrap_or_default(),
            TagField::Dir => self.dir(),
        }
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        match field {
            NumberField::Id => Some(self.call.call.0),
            NumberField::Size => Some(self.call.size.into()),
            NumberField::AnswerSize => self.call.answer().map(|_| self.call.answer_size.into()),
            NumberField::Ms => self.call.took_ms(),
            NumberField::Wait => (self.call.held_ms > 0).then(|| self.call.held_ms.into()),
            NumberField::Age => None,
            NumberField::Finding => Some(self.call.findings.into()),
            NumberField::Mark => Some(self.model.ui.marks.has(self.at).into()),
        }
    }

    fn at(&self) -> At {
        self.call.at
    }

    fn body(&self, field: BodyField) -> Body<'_> {
        let unanswered = field == BodyField::Result && self.call.answer().is_none();
        match (self.bodies, field) {
            _ if unanswered => Body::Missing,
            (None, _) => Body::Unread,
            (Some((arguments, _)), BodyField::Arguments) => Body::Text(arguments),
            (Some((_, result)), BodyField::Result) => result.map_or(Body::Missing, Body::Text),
        }
    }
}

impl Model {
    /// The row of a session's call.
    #[must_use]
    pub fn row_of(&self, session: SessionId, call: CallId) -> Option<CallAt> {
        let slot = usize::try_from(call.0).ok()?;
        let row = *self.session(session)?.rows.get(slot)?;
        usize::try_from(row).ok()?.checked_sub(1).map(CallAt)
    }
}

impl Row<'_> {
    fn dir(&self) -> Tags {
        let kind = match self.call.from {
            Side::Server => Tags::SERVER,
            Side::Agent if self.call.is_tool => Tags::CALL,
            Side::Agent => {
                let method = self.model.names.get(self.call.name).as_str();
                let list = method.ends_with("/list") || method == "server/discover";
                if list { Tags::LIST } else { Tags::OTHER }
            }
        };
        if self.call.answer().is_some() { kind.with(Tags::RESULT) } else { kind }
    }
}

/// What became of a call, in the words of filters.
fn outcome(call: &Call) -> Tags {
    let mut tags = match call.state {
        State::Running => Outcome::Running.tag().with(Outcome::Forwarded.tag()),
        State::Waiting => Outcome::Waiting.tag(),
        State::Done => Outcome::Done.tag().with(Outcome::Forwarded.tag()),
        State::Failed => Outcome::Error.tag().with(Outcome::Forwarded.tag()),
        State::Refused(_) => Outcome::Refused.tag(),
        State::Denied => Outcome::Denied.tag(),
        State::TimedOut => Outcome::Timeout.tag(),
        State::Unattended => Outcome::Unattended.tag(),
        State::Cancelled => Outcome::Cancelled.tag(),
        State::Lost => Outcome::Lost.tag(),
    };
    if call.passed == Some(Passed::Edited) {
        tags = tags.with(Outcome::Edited.tag());
    }
    tags
}
