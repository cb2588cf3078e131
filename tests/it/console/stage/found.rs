//! Records in which something was found.

use tollgate::engine::{ConnId, Finding};
use tollgate::journal::Effected;
use tollgate::policy::{Risk, Verdict};
use tollgate::protocol::Side;

use super::{SESSION, Stage, request};

impl Stage {
    /// A call that goes on to the server, in which something was found.
    pub(in crate::console) fn passes_with(
        &mut self,
        tool: &str,
        arguments: &str,
        findings: Vec<Finding>,
    ) {
        let forward = Effected::Forward { conn: ConnId(1), to: Side::Server, size_bytes: 1 };
        self.call_with(tool, arguments, Verdict::Allow, findings, vec![forward]);
    }

    /// A call that waits, in which something was found.
    pub(in crate::console) fn asks_with(
        &mut self,
        tool: &str,
        arguments: &str,
        risk: Risk,
        findings: Vec<Finding>,
    ) {
        let held = self.held(self.next_call, 1, risk);
        self.call_with(tool, arguments, Verdict::Ask, findings, vec![Effected::Hold(held)]);
    }

    fn call_with(
        &mut self,
        tool: &str,
        arguments: &str,
        verdict: Verdict,
        findings: Vec<Finding>,
        effects: Vec<Effected>,
    ) {
        let (event, mut facts) = request(self.next_call, tool, arguments, verdict);
        self.next_call += 1;
        facts.findings = findings;
        self.record(SESSION, event, Some(facts), effects);
    }

    /// An answer, and something was found in it.
    pub(in crate::console) fn answered_with(
        &mut self,
        call: u64,
        result: &str,
        findings: Vec<Finding>,
    ) {
        self.answers_with(call, result, findings);
    }
}
