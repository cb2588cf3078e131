//! A call decided again, without anything being sent.

use std::sync::Arc;

use crate::console::model::doc::{Part, Want};
use crate::console::model::{Call, Model};
use crate::console::update::{Cmd, say, selected};
use crate::protocol::method;
use crate::text::Safe;

/// A recorded call, and the policy that is to say what it makes of it.
#[derive(Debug)]
pub struct Dry {
    /// The request.
    pub request: Want,
    /// What the server answered before it when it was asked for its tools, oldest first.
    pub lists: Vec<Want>,
    /// Its server's name.
    pub server: String,
    /// The session's role; empty where it has none.
    pub role: String,
    /// The policy's name: a shipped one, or a file.
    pub policy_name: String,
    /// Its text, where that is the session's own policy.
    pub policy: Option<Arc<str>>,
}

/// Asks what a policy makes of the selected call; its session's own where none is named.
pub(super) fn decide(model: &mut Model, policy: Option<&str>) -> Vec<Cmd> {
    let call = selected(model).and_then(|at| model.calls.get(at.0));
    let known = call.and_then(|call| Some((call, model.session(call.session)?)));
    let Some((call, session)) = known else { return say(model, "no call is selected") };
    let named = policy.map(str::trim).filter(|name| !name.is_empty());
    let (policy_name, policy) = match named {
        Some(name) => (name.to_owned(), None),
        None => (session.policy.to_string(), Some(Arc::clone(&session.policy_text))),
    };
    let request = Want {
        session: call.session,
        place: call.request(),
        call: call.call,
        part: Part::Arguments,
    };
    let server = model.names.get(call.server).to_string();
    let (lists, role) = (lists(model, call), session.role.clone());
    vec![Cmd::Dry(Dry { request, lists, server, role, policy_name, policy })]
}

/// The answers that told of a call's tool before it was made.
fn lists(model: &Model, call: &Call) -> Vec<Want> {
    let list = |one: &&Call| {
        one.session == call.session
            && one.server == call.server
            && !one.is_tool
            && model.names.get(one.name).as_str() == method::TOOLS_LIST
            && one.done_at().is_some_and(|done| done <= call.at)
    };
    let answered = model.calls.iter().filter(list);
    let want = |one: &Call| {
        Some(Want {
            place: one.answer()?,
            call: one.call,
            part: Part::Answer,
            session: one.session,
        })
    };
    answered.filter_map(want).collect()
}

/// What it says.
pub(super) fn decided(model: &mut Model, said: &Result<String, String>) {
    let (Ok(text) | Err(text)) = said;
    model.ui.said = Some(Safe::word("dry, nothing is sent: ").then(&Safe::escape(text)));
}
