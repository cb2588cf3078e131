//! Lists of tools on their way to the agent: what its role may not call is not in them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::engine::event::ConnId;
use crate::engine::step::Engine;
use crate::policy::{Known, Question};
use crate::protocol::jsonrpc::{self, Message, Parsed};

/// The result of `tools/list`, as far as it is looked at.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: &'a RawValue,
}

/// A tool's name, whatever else its definition holds.
#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl Engine {
    /// The answer without the tools that the session's role may not call, and their names; `None` where it has no
    /// others. A list that cannot be read has none that an agent could call either: it goes on as it is.
    pub(in crate::engine) fn without_hidden(
        &self,
        conn: ConnId,
        line: &Bytes,
        message: &Message,
    ) -> Option<(Bytes, Vec<String>)> {
        let role = self.state.role();
        let policy = self.policy.as_ref().map(Known::policy)?;
        if role.is_empty() {
            return None;
        }
        let server = self.state.conns.get(&conn)?.server.as_str();
        let result = message.result.clone()?;
        let list: List<'_> = serde_json::from_slice(line.get(result)?).ok()?;
        let tools: Vec<&RawValue> = serde_json::from_str(list.tools.get()).ok()?;
        let mut hidden = Vec::new();
        let kept: Vec<&str> = tools
            .into_iter()
            .filter(|tool| {
                let named: Option<Named> = serde_json::from_str(tool.get()).ok();
                let Some(tool) = named.and_then(|named| named.name) else { return true };
                let question = Question { role, ..Question::call(server, &tool) };
                let hides = policy.hides(&question);
                if hides {
                    hidden.push(tool);
                }
                !hides
            })
            .map(RawValue::get)
            .collect();
        if hidden.is_empty() {
            return None;
        }
        // Where the array stands in the line: it borrows from it.
        let array = list.tools.get();
        let start = array.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
        let changed =
            jsonrpc::splice(line, &(start..start + array.len()), &format!("[{}]", kept.join(",")));
        // What is spliced is guarded again.
        matches!(jsonrpc::parse(&changed), Parsed::One(_)).then_some((changed, hidden))
    }
}
