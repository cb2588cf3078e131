//! What operators put over a session's policy while it runs. A layer only ever makes it stricter: it is asked
//! beside the policy, and the strictest of both holds.

use crate::engine::effect::Effect;
use crate::engine::event::{Beside, ConnId, Facts, Operator, Severity, TicketId};
use crate::engine::step::{Engine, Out};
use crate::policy::{Policy, Verdict};
use crate::protocol::jsonrpc::{self, Parsed};

/// In the place of a layer that cannot be read.
const BROKEN: &str = r#"
version: 1
name: broken
phase: enforce
rules:
  - { id: broken-layer, why: "What the operator holds cannot be read any more.", match: { tool: "*" }, verdict: ask }
"#;

impl Engine {
    /// Puts a layer on, in place of one of the same name, or takes it away. One that is broken changes nothing.
    pub(in crate::engine) fn layer(
        &mut self,
        layer: String,
        policy: Option<String>,
        by: &Operator,
        out: &mut Out,
    ) {
        if let Some(text) = policy {
            if let Err(error) = Policy::parse_layer(&layer, &text) {
                let what = format!("the layer is not in force: {error}");
                out.find("builtin.broken-layer", Severity::High, what);
                return;
            }
            self.state.layers.insert(layer, text);
            self.compile_layers();
        } else {
            self.state.layers.remove(&layer);
            self.compile_layers();
        }
        // One in another's place may hold less than that did.
        self.release(by, out);
    }

    pub(in crate::engine) fn compile_layers(&mut self) {
        // One that was in force and cannot be read any more (by another build) holds everything.
        let read = |(name, text): (&String, &String)| {
            Policy::parse_layer(name, text).or_else(|_| Policy::parse_layer(name, BROKEN)).ok()
        };
        self.layers = self.state.layers.iter().filter_map(read).collect();
    }

    /// Reads what stands beside the policy for a connection, and says what of it is broken: that asks about everything.
    pub(in crate::engine) fn compile_beside(&mut self, conn: ConnId) -> Vec<String> {
        let Some(known) = self.state.conns.get(&conn) else { return Vec::new() };
        let (mut compiled, mut broken) = (Vec::new(), Vec::new());
        for Beside { name, policy } in &known.beside {
            match Policy::parse_beside(name, policy) {
                Ok(policy) => compiled.push(policy),
                Err(error) => {
                    broken.push(format!("calls of {} ask, because of {error}", known.server));
                    compiled.extend(Policy::parse_layer(name, BROKEN).ok());
                }
            }
        }
        if !compiled.is_empty() {
            self.beside.insert(conn, compiled);
        }
        broken
    }

    /// The text of a layer that is on.
    #[must_use]
    pub fn layer_text(&self, layer: &str) -> Option<&str> {
        self.state.layers.get(layer).map(String::as_str)
    }

    /// Calls that only waited because of a layer that is gone go on, as if whoever took it away had allowed each.
    pub(in crate::engine) fn release(&mut self, by: &Operator, out: &mut Out) {
        for id in self.judged_anew(|facts| facts.acting() < Verdict::Ask) {
            let Some(ticket) = self.state.tickets.get_mut(&id) else { continue };
            ticket.approved = Some((by.clone(), self.state.steps));
            if !out.effects.contains(&Effect::Sync) {
                out.push(Effect::Sync);
            }
        }
    }

    /// The calls that wait and of which this is true now.
    pub(in crate::engine) fn judged_anew(&mut self, is: impl Fn(&Facts) -> bool) -> Vec<TicketId> {
        let mut found = Vec::new();
        let waiting: Vec<TicketId> = self.state.tickets.keys().copied().collect();
        for id in waiting {
            let Some(ticket) = self.state.tickets.get(&id) else { continue };
            // What the operator edited was shown and is waiting for a yes of its own, and so is what no budget has.
            if ticket.approved.is_some() || ticket.edited.is_some() || ticket.charge.beyond {
                continue;
            }
            let (conn, from, line) = (ticket.conn, ticket.from, ticket.line.clone());
            let Parsed::One(message) = jsonrpc::parse(&line) else { continue };
            if is(&self.judge(conn, from, &line, &message)) {
                found.push(id);
            }
        }
        found
    }
}
