//! What detectors see in what passes, told in the facts of the frame. What follows from it is said elsewhere: of a new
//! definition by its standing, of anything else by policy.

use std::collections::BTreeMap;

use crate::catalog::Subject;
use crate::engine::event::{ConnId, Facts, Finding, Seen};
use crate::engine::results::drop_suppressed;
use crate::engine::step::Engine;
use crate::inspect::places::Roots;
use crate::inspect::rule::{PERSONAL, SECRET};
use crate::inspect::walk::{self, Text};
use crate::inspect::{Call, Kind, Placed, Report, Worth};
use crate::policy::{Known, Policy, Spot, Suppression};
use crate::protocol::jsonrpc::Message;
use crate::protocol::{Side, method};

/// Evidence that a sentence has, in characters; the rest is in the frame.
const EVIDENCE_MAX: usize = 80;

impl Engine {
    /// Looks at a definition that is new or another one. What must not reach a model as it is is not taken on trust: an
    /// operator approves it.
    pub(in crate::engine) fn inspect_definition(
        &mut self,
        of: Subject<'_>,
        (conn, text): (ConnId, &str),
        facts: &mut Facts,
    ) {
        let mut report = Report::by(&self.pack, text, Kind::Definition);
        let mut seen = Facts::default();
        if !report.found.is_empty() {
            self.tell_of((conn, of), text, &report, &mut seen);
            facts.findings.extend_from_slice(&seen.findings);
            drop_suppressed(&mut report, &mut seen.findings);
        }
        if report.worth() == Worth::Block {
            self.state.catalog.doubt(of);
        }
    }

    /// What was found in a definition.
    pub(in crate::engine) fn tell_of(
        &self,
        (conn, of): (ConnId, Subject<'_>),
        text: &str,
        report: &Report,
        facts: &mut Facts,
    ) {
        if !report.found.is_empty() {
            let what = format!("the {} {}", of.kind.word(), of.name);
            self.tell(conn, (report, what.trim_end(), text), Some(of.name), facts);
        }
    }

    /// Looks at what a request carries: at what an agent sends to a tool, and at what a server wants a model to read.
    pub(in crate::engine) fn inspect_request(
        &mut self,
        (conn, from): (ConnId, Side),
        text: Option<&[u8]>,
        facts: &mut Facts,
    ) {
        if self.recalls(facts) {
            return;
        }
        let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) else { return };
        let method = facts.method.as_deref().unwrap_or_default();
        let (report, what) = match (from, method) {
            (Side::Agent, method::TOOLS_CALL) => {
                (self.inspect_call(conn, text, facts), "the arguments")
            }
            (Side::Agent, method::PROMPTS_GET | method::RESOURCES_READ) => {
                (Report::by(&self.pack, text, Kind::Argument), "the request")
            }
            (Side::Server, method::SAMPLING | method::ELICITATION) => {
                (Report::by(&self.pack, text, Kind::Result), "the request")
            }
            _ => return,
        };
        // Nearly always.
        if !report.found.is_empty() {
            let tool = facts.tool.clone();
            self.tell(conn, (&report, what, text), tool.as_deref(), facts);
        }
    }

    /// What a call's arguments are, beside what its tool says of them and what it was called with before.
    fn inspect_call(&mut self, conn: ConnId, arguments: &str, facts: &Facts) -> Report {
        let tool = facts.tool.as_deref().unwrap_or_default();
        let server = self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str());
        let definition = self.state.definition(conn, tool);
        let shape = definition.and_then(|definition| self.shapes.of(server, tool, definition));
        let policy = self.policy.as_ref().map(Known::policy);
        let limits =
            |path: &str| policy.map(|policy| policy.limits(tool, path)).unwrap_or_default();
        let call = Call {
            tool,
            arguments,
            schema: shape.and_then(|shape| shape.input.as_ref()),
            history: self.state.histories.of(server, tool),
            limits: &limits,
            pack: &self.pack,
            roots: self.state.conns.get(&conn).map_or(Roots::NONE, |conn| &conn.roots),
        };
        call.inspected()
    }

    /// What detectors say of an answer; of personal data in it where a policy asks for it.
    pub(in crate::engine) fn report_of_result(&self, conn: ConnId, text: &str) -> Report {
        let report = Report::by(&self.pack, text, Kind::Result).disagreeing(text);
        let asks = self.policies(conn).any(Policy::asks_for_personal);
        if asks { report.with_personal(text) } else { report }
    }

    /// What a structured answer is, beside what its tool says of it.
    fn against_output(&mut self, conn: ConnId, result: &str, facts: &Facts, report: &mut Report) {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Structured<'a> {
            #[serde(borrow)]
            structured_content: Option<&'a serde_json::value::RawValue>,
        }
        let Some(tool) = facts.tool.as_deref() else { return };
        let server = self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str());
        let definition = self.state.definition(conn, tool);
        let shape = definition.and_then(|definition| self.shapes.of(server, tool, definition));
        let Some(schema) = shape.and_then(|shape| shape.output.as_ref()) else { return };
        let content = serde_json::from_str::<Structured<'_>>(result).ok();
        if let Some(content) = content.and_then(|content| content.structured_content) {
            report.against(schema, content.get(), Kind::Result);
        }
    }

    /// Counts how large a call's arguments are, for those that come later.
    pub(in crate::engine) fn count_size(&mut self, conn: ConnId, message: &Message, facts: &Facts) {
        let (Some(tool), Some(span)) = (&facts.tool, &message.arguments) else { return };
        if let Some(known) = self.state.conns.get(&conn) {
            self.state.histories.push(&known.server, tool, span.len());
        }
    }

    /// Looks at what a server answers to be read.
    pub(in crate::engine) fn inspect_result(
        &mut self,
        conn: ConnId,
        line: &[u8],
        message: &Message,
        facts: &mut Facts,
    ) {
        if self.recalls(facts) {
            return;
        }
        let read = [method::TOOLS_CALL, method::RESOURCES_READ, method::PROMPTS_GET];
        if !facts.method.as_deref().is_some_and(|method| read.contains(&method)) {
            return;
        }
        let span = message.result.clone().or_else(|| message.error.clone());
        let text =
            span.and_then(|span| line.get(span)).and_then(|text| std::str::from_utf8(text).ok());
        let Some(text) = text else { return };
        let mut report = self.report_of_result(conn, text);
        self.against_output(conn, text, facts, &mut report);
        // Nearly always.
        if report.found.is_empty() {
            return;
        }
        let name = match &facts.tool {
            Some(tool) => format!("the answer of {tool}"),
            None => "the answer".to_owned(),
        };
        let tool = facts.tool.clone();
        self.tell(conn, (&report, &name, text), tool.as_deref(), facts);
    }

    /// Takes what was seen in a line from its recording, which has it without its secrets.
    fn recalls(&self, facts: &mut Facts) -> bool {
        let Some(was) = &self.was else { return false };
        let mut findings = was.findings.clone();
        for one in &mut findings {
            let Some(spot) = one.seen.as_ref().and_then(|seen| seen.spot.as_ref()) else {
                continue;
            };
            let again = one.suppressed.take();
            one.suppressed = self.suppressed(&one.rule, spot, again.as_deref());
        }
        facts.findings.append(&mut findings);
        true
    }

    /// The suppression of a finding: of the policy, and where another one waits to be confirmed, of both. `was`: the one
    /// of the recording, which stands for a text that the recording does not have.
    fn suppressed(&self, rule: &str, spot: &Spot, was: Option<&str>) -> Option<String> {
        let by = |policy: &Policy| {
            let unknown = |one: &&Suppression| {
                let text = one.text.clone();
                was == Some(one.id.as_str()) && one.holds(rule, &Spot { text, ..spot.clone() })
            };
            let found = policy.suppresses(rule, spot);
            let found = found.or_else(|| {
                let mut all = policy.suppressions().iter();
                all.find(unknown).filter(|_| spot.text.is_empty())
            });
            found.map(|one| one.id.clone())
        };
        let own = by(self.policy.as_ref()?.policy())?;
        self.proposed.as_ref().is_none_or(|policy| by(policy).is_some()).then_some(own)
    }

    /// Every finding of a report, by its number in it. `told`: the report, what it is of, and the text of that.
    pub(in crate::engine) fn tell(
        &self,
        conn: ConnId,
        (report, what, value): (&Report, &str, &str),
        tool: Option<&str>,
        facts: &mut Facts,
    ) {
        if report.found.is_empty() {
            return;
        }
        let texts = walk::texts(value);
        let server = self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str());
        // `the answer of send` is an answer, whatever it is of.
        let part = what.trim_start_matches("the ").split(' ').next().unwrap_or_default();
        // Once for each text, however much was seen in it.
        let mut digests: BTreeMap<&str, String> = BTreeMap::new();
        for placed in &report.found {
            let digest = || seen_text(placed, &texts).map(Spot::digest).unwrap_or_default();
            let mut spot = Spot {
                server: server.to_owned(),
                tool: tool.unwrap_or_default().to_owned(),
                field: format!("{part}{}", placed.path),
                text: digests.entry(&placed.path).or_insert_with(digest).clone(),
            };
            let suppressed = self.suppressed(&placed.found.id(), &spot, None);
            if report.found.iter().any(|other| is_private(other, placed)) {
                // A short one can be guessed from its digest.
                spot.text.clear();
            }
            facts.findings.push(told(placed, what, spot, suppressed));
        }
    }
}

/// The whole text in which it was seen: another text around the same words is another one. Nothing where a finding is about
/// no text: a number, a member that is not there.
fn seen_text<'a>(placed: &Placed, texts: &'a [Text<'_>]) -> Option<&'a str> {
    let of = |name: bool| texts.iter().find(|one| one.path == placed.path && one.name == name);
    of(false).or_else(|| of(true)).map(|one| &*one.text)
}

/// Whether a secret or a person's data stands in the text that another finding is about.
fn is_private(other: &Placed, placed: &Placed) -> bool {
    other.path == placed.path && [&SECRET, &PERSONAL].contains(&other.found.rule)
}

/// A finding as it is told.
fn told(placed: &Placed, what: &str, spot: Spot, suppressed: Option<String>) -> Finding {
    let Placed { path, found, severity } = placed;
    let evidence: String = found.evidence.chars().take(EVIDENCE_MAX).collect();
    let behind: Vec<&str> = found.steps.iter().map(|step| step.word()).collect();
    let behind =
        if behind.is_empty() { String::new() } else { format!(" behind {}", behind.join(", ")) };
    let because = if found.because.is_empty() {
        String::new()
    } else {
        format!(" ({})", found.because.join(", "))
    };
    Finding {
        rule: found.id().into_owned(),
        severity: *severity,
        what: format!("{what} at {path}{behind}{because}: {} \"{evidence}\"", found.rule.why),
        seen: Some(Box::new(Seen {
            path: path.clone(),
            span: (found.span.start, found.span.end),
            evidence,
            behind: found.steps.iter().map(|step| step.word().to_owned()).collect(),
            spot: Some(Box::new(spot)),
        })),
        suppressed,
    }
}
