//! What all detectors say of a call of a tool.

use super::report::{Kind, Report};

/// A call of a tool, before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// The tool's name.
    pub tool: &'a str,
    /// The arguments: JSON.
    pub arguments: &'a str,
}

impl Call<'_> {
    /// What they say of it.
    #[must_use]
    pub fn inspected(&self) -> Report {
        Report::of_value(self.arguments, Kind::Argument)
    }
}
