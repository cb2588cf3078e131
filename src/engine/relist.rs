//! A server that says its tools are others now is asked what they are, and nobody calls one through a list that is not
//! true any more: calls wait for the answer, not for the operator.

use bytes::Bytes;

use crate::engine::effect::Effect;
use crate::engine::event::{CallId, ConnId, Facts, Operator};
use crate::engine::limits;
use crate::engine::session::{Conn, Pending};
use crate::engine::step::{Engine, Out};
use crate::policy::{Decision, Reason, Risk, Verdict};
use crate::protocol::jsonrpc::{self, Message, Parsed};
use crate::protocol::{Side, method};

/// The rule of calls to a server that does not say what its tools are.
const SILENT: &str = "builtin.silent-list";
/// The rule of calls that wait for a list.
const STALE: &str = "builtin.stale-list";

/// Longest `_meta` that is said again, in bytes.
const META_BYTES_MAX: usize = 4096;

impl Conn {
    /// What an agent's request says of who asks: the stateless era says it with each.
    pub(in crate::engine) fn asks(&mut self, line: &[u8], message: &Message) {
        if let Some(version) = &message.protocol_version {
            self.revision = Some(method::Revision::parse(version));
        }
        if self.modern() && message.method.as_deref() == Some(method::TOOLS_LIST) {
            self.list_meta = message.meta.clone().and_then(|meta| said_by(line.get(meta)?));
        }
    }
}

/// What the `_meta` of a request says of who asks: all but what is about that one request.
fn said_by(meta: &[u8]) -> Option<String> {
    let meta = Some(meta).filter(|meta| meta.len() <= META_BYTES_MAX)?;
    let mut meta: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(meta).ok()?;
    for of_one in ["progressToken", "traceparent", "tracestate"] {
        meta.remove(of_one);
    }
    serde_json::to_string(&meta).ok()
}

impl Engine {
    /// The server says that its tools are others now. Nothing is asked where no list was ever given: the first one is
    /// still to come.
    pub(in crate::engine) fn changed(&mut self, conn: ConnId, out: &mut Out) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if !known.listed || known.server_end.closed {
            return;
        }
        known.stale = Some(CallId(self.state.calls));
        known.silent = false;
        if known.agent.asked.values().any(|pending| pending.own) {
            // What comes may be what was before.
            known.again = true;
            return;
        }
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
        if cursor.is_none() {
            (known.own_pages, known.again) = (0, false);
            known.own_listing.clear();
        }
        known.own_pages += 1;
        let meta = if known.modern() { known.list_meta.clone() } else { None };
        if full || known.own_pages > limits::PAGES_MAX || known.modern() && meta.is_none() {
            return self.said_nothing(conn, out);
        }
        known.own_lists += 1;
        let cursor = cursor.map(|cursor| format!(r#""cursor":{cursor}"#));
        let meta = meta.map(|meta| format!(r#""_meta":{meta}"#));
        let params: Vec<String> = cursor.into_iter().chain(meta).collect();
        let params = (!params.is_empty()).then(|| format!(r#","params":{{{}}}"#, params.join(",")));
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":"tollgate-list-{}","method":"{}"{}}}"#,
            known.own_lists,
            method::TOOLS_LIST,
            params.unwrap_or_default()
        );
        let Parsed::One(message) = jsonrpc::parse(line.as_bytes()) else { return };
        let Some(id) = message.id else { return };
        if self.state.conns.get(&conn).is_some_and(|known| known.agent.asked.contains_key(&id)) {
            // The agent has a request of that name: its own answer must reach it.
            return self.said_nothing(conn, out);
        }
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

    /// The server was asked and does not say what its tools are: calls are for the operator to answer.
    pub(in crate::engine) fn said_nothing(&mut self, conn: ConnId, out: &mut Out) {
        if let Some(known) = self.state.conns.get_mut(&conn)
            && known.stale.is_some()
            && !std::mem::replace(&mut known.silent, true)
        {
            known.own_listing.clear();
            self.ask_anew(out);
        }
    }

    /// A list is complete: calls that only waited for it go on. One that was asked for before the server's word may
    /// be an old one.
    pub(in crate::engine) fn listed_again(&mut self, conn: ConnId, asked: &Pending, out: &mut Out) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        if asked.own && known.again {
            return self.ask_list(conn, None, out);
        }
        if known.stale.is_some_and(|stale| asked.own || asked.call > stale) {
            (known.stale, known.silent) = (None, false);
            self.release(&Operator("the list that was asked for".to_owned()), out);
            self.ask_anew(out);
        }
    }

    /// What is said of a call while the list is not true.
    pub(in crate::engine) fn stale(&self, conn: ConnId) -> Option<Decision> {
        let known = self.state.conns.get(&conn).filter(|known| known.stale.is_some())?;
        let (verdict, phase) = (Verdict::Ask, self.definitions_phase(conn));
        let (rule, risk, why) = if known.silent {
            let why = "The server says that its tools changed, and does not say what they are now.";
            (SILENT, Risk::Medium, why)
        } else {
            let why = "The server says that its tools changed, and was asked what they are now.";
            (STALE, Risk::Low, why)
        };
        Some(Decision {
            verdict,
            risk,
            reasons: vec![Reason { rule: rule.to_owned(), why: why.to_owned(), verdict }],
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
