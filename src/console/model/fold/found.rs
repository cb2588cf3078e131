//! Records to findings.

use super::{Fold, foreign};
use crate::console::model::findings::Source;
use crate::console::model::names;
use crate::engine::{Facts, Finding, Kind, Severity};
use crate::journal::{Record, What};
use crate::protocol::Side;

impl Fold<'_> {
    /// Something that only the operator may was asked for.
    pub(super) fn attempted(&mut self, record: &Record, what: &str, by: &str) {
        let said = format!("`{what}` was asked for by {by}: only the operator may");
        let finding = Finding::new("operator.attempt", Severity::High, said);
        let source = self.source(record, &Facts::default());
        self.model.found.take(&finding, source);
    }

    pub(super) fn findings(&mut self, record: &Record, facts: &Facts) {
        for facts in std::iter::once(facts).chain(&facts.members) {
            for finding in &facts.findings {
                self.model.findings += u64::from(finding.suppressed.is_none());
                let source = names::identifier(&finding.rule);
                let marked = finding.suppressed.as_ref().map(|_| Severity::Info);
                let severity = marked.unwrap_or(finding.severity);
                self.log(severity, source, foreign(&finding.told()));
                let source = self.source(record, facts);
                self.model.found.take(finding, source);
            }
        }
    }

    /// Where something that these facts tell was found.
    fn source(&mut self, record: &Record, facts: &Facts) -> Source {
        let (conn, from) = if let What::Frame { conn, from, .. } = &record.event {
            (Some(*conn), Some(*from))
        } else if let What::Opened(opened) = &record.event {
            (Some(opened.conn), None)
        } else {
            (None, None)
        };
        let call = facts.call.filter(|call| self.row_at(*call).is_some());
        let row = call.and_then(|call| self.row_at(call)).and_then(|at| self.model.call(at));
        let (server, name) = (row.map(|row| row.server), row.map(|row| row.name));
        let tool = facts.tool.as_deref().map(|tool| self.model.names.keep(tool));
        Source {
            session: self.id,
            at: self.at,
            server: server.or_else(|| conn.and_then(|conn| self.server(conn)).map(|s| s.name)),
            tool: tool.or(name),
            call,
            in_answer: from == Some(Side::Server) && facts.kind == Some(Kind::Response),
        }
    }
}
