//! What is said of a message: by the policy, by what operators put over it, and by what is built in.

use crate::catalog::Kind;
use crate::engine::event::{self, ConnId, Facts, Finding, Severity};
use crate::engine::step::Engine;
use crate::policy::{Decision, Phase, Question, Reason, Risk, Verdict, evaluate, own_files};
use crate::protocol::jsonrpc::{Message, Shape};
use crate::protocol::{Side, method};

impl Engine {
    /// The facts of a message as far as it alone tells them; asks the policy where it has a say.
    pub(in crate::engine) fn judge(
        &mut self,
        conn: ConnId,
        from: Side,
        line: &[u8],
        message: &Message,
    ) -> Facts {
        let mut facts = Facts {
            kind: Some(match message.kind {
                Shape::Request => event::Kind::Request,
                Shape::Response => event::Kind::Response,
                Shape::Notification => event::Kind::Notification,
            }),
            method: message.method.clone(),
            ..Facts::default()
        };
        let method = message.method.as_deref().unwrap_or_default();
        let calls = method == method::TOOLS_CALL && from == Side::Agent;
        if calls {
            if message.name.is_none() {
                facts.findings.push(Finding::new(
                    "guard.not-a-call",
                    Severity::Medium,
                    "a tool call without a tool's name",
                ));
            }
            facts.tool.clone_from(&message.name);
        }
        let arguments = if calls { &message.arguments } else { &message.params };
        let given = arguments.clone().and_then(|span| line.get(span));
        self.inspect_request((conn, from), given, &mut facts);
        let evidence = facts.evidence();
        let question = Question {
            server: self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str()),
            tool: facts.tool.as_deref().unwrap_or_default(),
            method,
            role: self.state.role(),
            arguments: given,
            definition: self.state.definition(conn, facts.tool.as_deref().unwrap_or_default()),
            findings: &evidence,
        };
        let mode = message.mode.as_deref();
        let mut said = match &mut self.policy {
            Some(policy) if calls => Some(policy.decide(&question)),
            Some(policy) => policy.policy().decide_method(&question, mode),
            None if calls => Some(broken_policy()),
            None => evaluate::builtin(method, mode).map(|_| broken_policy()),
        };
        let reads = matches!(
            method,
            method::RESOURCES_READ | method::RESOURCES_SUBSCRIBE | method::PROMPTS_GET
        );
        let own = question.arguments.filter(|_| calls || from == Side::Agent && reads);
        let own = own.and_then(|arguments| own_files(arguments, &self.policy_files(conn)));
        let drifted = match from {
            Side::Agent => self.drifted_of(conn, &question, message.name.as_deref()),
            Side::Server => None,
        };
        let stale = if calls { self.stale(conn) } else { None };
        for stricter in self.layered(conn, &question, mode).chain([own, drifted, stale]) {
            match (&mut said, stricter) {
                (_, None) => {}
                (Some(decision), Some(stricter)) => decision.add(stricter),
                (None, stricter) => said = stricter,
            }
        }
        if let Some(decision) = said.as_mut().filter(|_| calls) {
            self.recall(conn, &question, decision);
        }
        if let Some(decision) = said {
            facts.decided(decision);
        }
        facts
    }
}

impl Engine {
    /// What is said because what a request is about is no longer what was approved.
    fn drifted_of(
        &self,
        conn: ConnId,
        question: &Question<'_>,
        name: Option<&str>,
    ) -> Option<Decision> {
        match question.method {
            method::TOOLS_CALL => self.drifted(conn, Kind::Tool, question.tool),
            method::PROMPTS_GET => self.drifted(conn, Kind::Prompt, name?),
            method::RESOURCES_READ | method::RESOURCES_SUBSCRIBE => {
                self.drifted_resource(conn, question.arguments.unwrap_or_default())
            }
            _ => None,
        }
    }

    /// What is said by all that stands over and beside the policy.
    fn layered<'a>(
        &'a self,
        conn: ConnId,
        question: &'a Question<'a>,
        mode: Option<&'a str>,
    ) -> impl Iterator<Item = Option<Decision>> + 'a {
        let calls = question.method == method::TOOLS_CALL;
        let layers = self.layers.iter().map(move |layer| layer.decide_layer(question));
        let proposed = self.proposed.iter().map(move |policy| {
            if calls { Some(policy.decide(question)) } else { policy.decide_method(question, mode) }
        });
        let beside = self.beside.get(&conn).into_iter().flatten();
        let beside = beside.map(move |policy| {
            let whole = calls && !policy.is_layer();
            if whole { Some(policy.decide(question)) } else { policy.decide_layer(question) }
        });
        layers.chain(proposed).chain(beside)
    }

    /// The files of the policies that decide here.
    fn policy_files(&self, conn: ConnId) -> Vec<&str> {
        let own = self.state.started.iter().flat_map(|started| {
            std::iter::once(&started.policy_name).chain(&started.amended_by).map(String::as_str)
        });
        let beside = self.state.conns.get(&conn).into_iter().flat_map(|known| &known.beside);
        let all = own.chain(beside.map(|one| one.name.as_str()));
        all.filter(|name| name.starts_with('/')).collect()
    }
}

/// The verdict where there is no policy to ask.
fn broken_policy() -> Decision {
    Decision {
        verdict: Verdict::Deny,
        risk: Risk::High,
        reasons: vec![Reason {
            rule: "builtin.no-policy".to_owned(),
            why: "the session has no policy that can be read".to_owned(),
            verdict: Verdict::Deny,
        }],
        phase: Phase::Enforce,
        acts: Verdict::Deny,
        show: Vec::new(),
    }
}
