//! A server that says its tools are others now is asked what they are, and nobody calls one through a list that is not
//! true any more: calls wait for the answer, not for the operator.

use bytes::Bytes;

use crate::engine::effect::Effect;
use crate::engine::event::{CallId, ConnId, Facts, Operator};
use crate::engine::limits;
use crate::engine::session::Pending;
use crate::engine::step::{Engine, Out};
use crate::policy::{Decision, Reason, Risk, Verdict};
use crate::protocol::jsonrpc::{self, Parsed};
use crate::protocol::{Side, method};

/// The rule of calls that wait for a list.
const STALE: &str = "builtin.stale-list";

impl Engine {
    /// The server says that its tools are others now. Nothing is asked where no list was ever given: the first one is
    /// still to come. The stateless era's servers are asked by the agent, which subscribed.
    pub(in crate::engine) fn changed(&mut self, conn: ConnId, out: &mut Out) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if !known.listed || known.modern() || known.server_end.closed {
            return;
        }
        known.stale = Some(CallId(self.state.calls));
        self.ask_list(conn, None, out);
    }

    /// Asks for a page of the list, unless an answer is still to come.
    pub(in crate::engine) fn ask_list(
        &mut self,
        conn: ConnId,
        cursor: Option<&str>,
        out: &mut Out,
    ) {
        let full = self.state.pending() >= limits::PENDING_MAX;
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if full || known.agent.asked.values().any(|pending| pending.own) {
            return;
        }
        known.own_lists += 1;
        let params = cursor.map(|cursor| format!(r#","params":{{"cursor":{cursor}}}"#));
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":"tollgate-list-{}","method":"{}"{}}}"#,
            known.own_lists,
            method::TOOLS_LIST,
            params.unwrap_or_default()
        );
        let Parsed::One(message) = jsonrpc::parse(line.as_bytes()) else { return };
        let Some(id) = message.id else { return };
        let facts = Facts { method: message.method, ..Facts::default() };
        let permit = self.state.permit(conn, Side::Server, Bytes::from(line));
        if let Some(known) = self.state.conns.get_mut(&conn) {
            let forwarded_until = Some(known.server_end.handed_out);
            let call = CallId::default();
            let pending = Pending { call, facts, forwarded_until, edited: None, own: true };
            known.agent.asked.insert(id, pending);
        }
        out.push(Effect::Originate { permit, what: "list" });
    }

    /// A list is complete: calls that only waited for it go on. One that was asked for before the server's word may
    /// be an old one.
    pub(in crate::engine) fn listed_again(&mut self, conn: ConnId, asked: &Pending, out: &mut Out) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if known.stale.is_some_and(|stale| asked.own || asked.call > stale) {
            known.stale = None;
            self.release(&Operator("the list that was asked for".to_owned()), out);
        }
    }

    /// What is said of a call while the list is not true.
    pub(in crate::engine) fn stale(&self, conn: ConnId) -> Option<Decision> {
        self.state.conns.get(&conn).filter(|known| known.stale.is_some())?;
        let (verdict, phase) = (Verdict::Ask, self.definitions_phase());
        let why = "The server says that its tools changed, and was asked what they are now.";
        Some(Decision {
            verdict,
            risk: Risk::Low,
            reasons: vec![Reason { rule: STALE.to_owned(), why: why.to_owned(), verdict }],
            phase,
            acts: phase.acting(verdict),
            show: Vec::new(),
        })
    }

    /// Whether a call waits for a list and for nobody's answer.
    pub(in crate::engine) fn waits_for_list(facts: &Facts) -> bool {
        let mut asking = facts.reasons.iter().filter(|reason| reason.verdict >= Verdict::Ask);
        let stale = |reason: &Reason| reason.rule == STALE;
        asking.clone().next().is_some() && asking.all(stale)
    }
}
