//! What a filter looks at.

use super::field::{BodyField, NameField, NumberField, TagField, Tags};
use crate::engine::At;

/// A call, as far as it is known.
pub trait Subject {
    /// A number that stands for the name, always the same one for the same field and name: the test of a
    /// name is done once a number. `None` where names have none, or the call has no such name.
    fn name_id(&self, field: NameField) -> Option<u32>;

    /// The name, as it is shown.
    fn name(&self, field: NameField) -> Option<&str>;

    /// Our words for it.
    fn tags(&self, field: TagField) -> Tags;

    /// A count or measure, if there is one already; [`NumberField::Age`] is never asked for.
    fn number(&self, field: NumberField) -> Option<u64>;

    /// When it came.
    fn at(&self) -> At;

    /// Arguments or result. Asked for only where the rest does not decide.
    fn body(&self, field: BodyField) -> Body<'_>;
}

/// Arguments or a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// There are some; they were not read.
    Unread,
    /// There are none, or none yet.
    Missing,
    /// Their JSON text, or whatever came in its place.
    Text(&'a str),
}

/// Whether a filter means a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// What is [`Body::Unread`] decides.
    NeedsBody,
}

impl Match {
    pub(super) const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    pub(super) const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::NeedsBody => Self::NeedsBody,
        }
    }
}
