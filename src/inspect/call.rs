//! What all detectors say of a call of a tool.

use super::finding::Found;
use super::report::{Kind, Placed, Report};
use super::schema::Schema;
use super::size::{History, Limits, sizes};

/// A call of a tool, before it is sent.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The tool's name.
    pub tool: &'a str,
    /// The arguments: JSON.
    pub arguments: &'a str,
    /// What the tool says of its arguments, where it says anything that can be read.
    pub schema: Option<&'a Schema>,
    /// How large those of its earlier calls were.
    pub history: Option<&'a History>,
    /// How large an argument may be, by its JSON pointer; all of them, by the empty one.
    pub limits: &'a dyn Fn(&str) -> Limits,
}

impl<'a> Call<'a> {
    /// One of which nothing else is known.
    #[must_use]
    pub fn new(tool: &'a str, arguments: &'a str) -> Self {
        Self { tool, arguments, schema: None, history: None, limits: &|_| Limits::default() }
    }

    /// What they say of it.
    #[must_use]
    pub fn inspected(&self) -> Report {
        let mut report = Report::of_value(self.arguments, Kind::Argument);
        for oversize in sizes(self.arguments, self.limits, self.history) {
            let message = oversize.message(self.tool);
            let found = Found::told(oversize.rule, oversize.value.to_string(), message);
            let severity = oversize.rule.in_argument;
            report.found.push(Placed { path: oversize.path, found, severity });
        }
        if let Some(schema) = self.schema {
            report.against(schema, self.arguments, Kind::Argument);
        }
        report
    }
}

impl Report {
    /// Adds what of a value is not as a schema says.
    pub fn against(&mut self, schema: &Schema, value: &str, kind: Kind) {
        for violation in schema.check(value) {
            let message = violation.message();
            let found = Found::told(violation.rule, violation.actual, message);
            let severity = match kind {
                Kind::Argument => violation.rule.in_argument,
                Kind::Definition | Kind::Result => violation.rule.in_result,
            };
            self.found.push(Placed { path: violation.path, found, severity });
        }
    }
}
