//! What becomes of an answer in which detectors saw something. An answer never waits for a person: it goes on, goes on
//! with what was seen taken out, or is kept back and the agent is told why.

use bytes::Bytes;

use crate::engine::event::{ConnId, Facts, Finding, Severity};
use crate::engine::frames::with_item;
use crate::engine::refusal::{self, Cause};
use crate::engine::step::Engine;
use crate::inspect::redact::untagged;
use crate::inspect::rule::MIXED;
use crate::inspect::splice::{Edit, splice};
use crate::inspect::{Placed, Report};
use crate::policy::{Phase, Policy, Question, Treated, Treatment};
use crate::protocol::jsonrpc::{self, Message, Parsed};

/// Taking out what was seen can bring together what was apart; so often it is looked at again, then it is kept back.
const ROUNDS_MAX: usize = 4;

/// What is sent in an answer's place.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Instead {
    /// The same without what was seen, and what that is called.
    Line(Bytes, &'static str),
    /// A word on why it was kept back.
    Word(Cause),
}

impl Engine {
    /// What is sent instead of an answer; `None`: it goes on as it is.
    pub(in crate::engine) fn treat(
        &self,
        conn: ConnId,
        line: &[u8],
        message: &Message,
        facts: &mut Facts,
    ) -> Option<Instead> {
        facts.counted().next()?;
        let treated = self.treatment(conn, facts)?;
        let does = treated.phase == Phase::Enforce;
        facts.findings.push(Finding::new(
            &*treated.rule,
            if treated.action == Treatment::Mark { Severity::Info } else { Severity::Low },
            match (does, treated.action) {
                (_, Treatment::Mark) => format!("the answer is marked: {}", treated.why),
                (true, action) => format!("the answer: {}: {}", action.word(), treated.why),
                (false, action) => {
                    format!(
                        "in enforce the answer would be changed: {}: {}",
                        action.word(),
                        treated.why
                    )
                }
            },
        ));
        let withheld = || Instead::Word(Cause::Withheld(treated.rule.clone(), treated.why.clone()));
        match treated.action {
            _ if !does => None,
            Treatment::Mark => None,
            Treatment::Withhold => Some(withheld()),
            Treatment::Strip | Treatment::Mask => Some(
                self.cleaned(conn, line, message, facts, &treated)
                    .map_or_else(withheld, |line| Instead::Line(line, treated.action.word())),
            ),
        }
    }

    fn treatment(&self, conn: ConnId, facts: &Facts) -> Option<Treated> {
        let findings = facts.evidence();
        let question = Question {
            method: facts.method.as_deref().unwrap_or_default(),
            role: self.state.role(),
            findings: &findings,
            ..Question::call(
                self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str()),
                facts.tool.as_deref().unwrap_or_default(),
            )
        };
        let all = self.policies(conn).filter_map(|policy: &Policy| policy.treat(&question));
        all.max_by(|left, right| left.phase.cmp(&right.phase).then(left.action.cmp(&right.action)))
    }

    /// The answer without what was seen, looked at again until nothing is left that has to go.
    fn cleaned(
        &self,
        conn: ConnId,
        line: &[u8],
        message: &Message,
        facts: &Facts,
        treated: &Treated,
    ) -> Option<Bytes> {
        let place = message.result.clone().or_else(|| message.error.clone())?;
        let mut result = std::str::from_utf8(line.get(place.clone())?).ok()?.to_owned();
        let mut count = 0;
        for _ in 0..ROUNDS_MAX {
            let mut report = self.report_of_result(conn, &result);
            let mut seen = Facts {
                method: facts.method.clone(),
                tool: facts.tool.clone(),
                ..Facts::default()
            };
            self.tell(conn, (&report, "the answer", &result), facts.tool.as_deref(), &mut seen);
            drop_suppressed(&mut report, &mut seen.findings);
            let left = self.treatment(conn, &seen).filter(|left| left.action > Treatment::Mark);
            let Some(left) = left else {
                let line = jsonrpc::splice(line, &place, &result);
                let Parsed::One(message) = jsonrpc::parse(&line) else { return None };
                let notice = refusal::cleaned_notice(treated.action, count, &treated.why);
                // What is read is no list of items.
                let item = facts.tool.as_ref().and_then(|_| with_item(&line, &message, &notice));
                return Some(item.unwrap_or(line));
            };
            if left.action == Treatment::Withhold {
                return None;
            }
            let about = left.about.iter().filter_map(|at| report.found.get(*at));
            let edits: Vec<Edit> = about.map(edit).collect();
            count += edits.len();
            result = splice(&result, &edits)?;
        }
        None
    }
}

/// Leaves what is no false alarm, under the same numbers in both.
pub(in crate::engine) fn drop_suppressed(report: &mut Report, told: &mut Vec<Finding>) {
    let mut kept = told.iter().map(|one| one.suppressed.is_none());
    report.found.retain(|_| kept.next().unwrap_or(true));
    told.retain(|one| one.suppressed.is_none());
}

/// What is put in the place of what was seen: nothing for what nobody sees, else a marker.
fn edit(placed: &Placed) -> Edit {
    let Placed { path, found, .. } = placed;
    // Look-alikes are seen, and taken for others.
    let unseen = found.rule.id.starts_with("hidden.") && found.rule != &MIXED;
    let with = match () {
        () if unseen => String::new(),
        () if found.rule.id == "secret" => untagged(&found.kind, found.span.len()),
        () => format!("[masked {}]", found.id()),
    };
    Edit { path: path.clone(), span: found.span.clone(), with }
}
