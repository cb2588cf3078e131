//! What all detectors say of a call of a tool.

use super::effect::InField;
use super::finding::Found;
use super::places::{Roots, places};
use super::report::{Kind, Placed, Report};
use super::schema::Schema;
use super::secrets::Pack;
use super::shell::fields::{Field, command_fields};
use super::size::{History, Limits, sizes};
use super::{shell, sql};

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
    /// The rules for secrets.
    pub pack: &'a Pack,
    /// Where paths may lead.
    pub roots: &'a Roots,
}

impl<'a> Call<'a> {
    /// One of which nothing else is known.
    #[must_use]
    pub fn new(tool: &'a str, arguments: &'a str) -> Self {
        Self {
            tool,
            arguments,
            schema: None,
            history: None,
            limits: &|_| Limits::default(),
            pack: const { &Pack::builtin() },
            roots: Roots::NONE,
        }
    }

    /// What they say of it.
    #[must_use]
    pub fn inspected(&self) -> Report {
        let mut report = Report::by(self.pack, self.arguments, Kind::Argument);
        for oversize in sizes(self.arguments, self.limits, self.history) {
            let message = oversize.message(self.tool);
            let found = Found::told(oversize.rule, oversize.value.to_string(), message);
            let severity = oversize.rule.in_argument;
            report.found.push(Placed { path: oversize.path, found, severity });
        }
        self.would_do(&mut report);
        if let Some(schema) = self.schema {
            report.against(schema, self.arguments, Kind::Argument);
        }
        report
    }
}

impl Call<'_> {
    /// Adds what it would do: by its commands and queries, and by the places that it names.
    fn would_do(&self, report: &mut Report) {
        let Self { tool, arguments, roots, .. } = *self;
        for Field { path, text, .. } in command_fields(tool, arguments) {
            for effect in shell::effects(&text, roots).effects {
                let found = effect.found(&text);
                report.found.push(Placed { path: path.clone(), found, severity: effect.severity });
            }
        }
        let others = sql::in_arguments(tool, arguments).into_iter();
        for InField { path, effect } in others.chain(places(arguments, roots)) {
            let found = Found::told(effect.rule, effect.what.clone(), effect.what);
            let found = Found { span: effect.span, because: Vec::new(), ..found };
            report.found.push(Placed { path, found, severity: effect.severity });
        }
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
