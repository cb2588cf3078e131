//! What a session spent of its policy's budgets.
//!
//! A call is charged when it is let go or held, so that calls that wait cannot be more than a budget has left; one
//! that is then refused or taken back is given back. **One step is one call**: whatever comes at the same time, no
//! budget is spent twice.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::engine::event::{At, ConnId, Facts, TicketId};
use crate::engine::limits;
use crate::engine::session::State;
use crate::engine::step::Engine;
use crate::policy::{Budget, Policy, Question, Verdict};
use crate::protocol::method;

/// What was spent of one budget.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct Spent {
    /// In the session.
    calls: u64,
    /// The newest ones, as many as the budget has and may wait; none where it has no window.
    recent: VecDeque<At>,
}

impl Spent {
    /// Whether nothing is left.
    fn is_over(&self, budget: &Budget, at: At) -> bool {
        let spent = match budget.window_ms {
            None => self.calls,
            Some(window) => {
                // The newest ones are kept, as many as the budget has.
                let calls = usize::try_from(budget.calls).unwrap_or(usize::MAX);
                let at_limit = self.recent.len().checked_sub(calls);
                let oldest = at_limit.and_then(|place| self.recent.get(place));
                return oldest.is_some_and(|one| at.ms_since(*one) < window);
            }
        };
        spent >= budget.calls
    }
}

/// What one call was charged to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct Charge {
    at: At,
    budgets: Vec<String>,
    /// Whether one of them had nothing left: then it waits for an answer of its own, whatever else it waited for.
    #[serde(default)]
    pub(in crate::engine) beyond: bool,
}

impl Engine {
    /// The budgets that count a call, and what those say of it of which nothing is left.
    pub(in crate::engine) fn budgets(
        &self,
        conn: ConnId,
        at: At,
        facts: &mut Facts,
    ) -> Vec<Budget> {
        if !self.policies(conn).any(Policy::has_budgets) {
            return Vec::new();
        }
        let Some(tool) = facts.tool.clone() else { return Vec::new() };
        let question = Question {
            server: self.state.conns.get(&conn).map_or("", |conn| conn.server.as_str()),
            tool: &tool,
            method: method::TOOLS_CALL,
            role: self.state.role(),
            arguments: None,
            definition: None,
            findings: &[],
        };
        // Two of one name are both asked, and charged once.
        let budgets: Vec<Budget> =
            self.policies(conn).flat_map(|policy| policy.budgets(&question)).collect();
        for budget in budgets.iter().filter(|budget| self.state.is_spent(budget, at)) {
            facts.also(budget.decision());
        }
        budgets
    }
}

impl State {
    /// Whether nothing is left of a budget.
    fn is_spent(&self, budget: &Budget, at: At) -> bool {
        let spent = self.spent.get(&budget.beyond.rule);
        spent.is_some_and(|spent| spent.is_over(budget, at))
    }

    /// Charges a call that goes on or is held.
    pub(in crate::engine) fn charge(&mut self, at: At, budgets: &[Budget], held: Option<TicketId>) {
        if budgets.is_empty() {
            return;
        }
        let asks = |budget: &Budget| budget.phase.acting(budget.beyond.verdict) >= Verdict::Ask;
        let beyond = budgets.iter().any(|budget| asks(budget) && self.is_spent(budget, at));
        let names: BTreeSet<&String> = budgets.iter().map(|budget| &budget.beyond.rule).collect();
        for name in &names {
            let spent = self.spent.entry((*name).clone()).or_default();
            spent.calls += 1;
            let of_it = budgets.iter().filter(|budget| budget.beyond.rule == **name);
            let timed = of_it.filter(|budget| budget.window_ms.is_some());
            if let Some(calls) = timed.map(|budget| budget.calls).max() {
                spent.recent.push_back(at);
                // As many more as may wait, and be given back.
                let most = calls.saturating_add(limits::HELD_MAX as u64);
                if spent.recent.len() as u64 > most {
                    spent.recent.pop_front();
                }
            }
        }
        let budgets = names.into_iter().cloned().collect();
        if let Some(ticket) = held.and_then(|id| self.tickets.get_mut(&id)) {
            ticket.charge = Charge { at, budgets, beyond };
        }
    }

    /// Gives back what a held call was charged: it does not go on.
    pub(in crate::engine) fn refund(&mut self, charge: &Charge) {
        for budget in &charge.budgets {
            let Some(spent) = self.spent.get_mut(budget) else { continue };
            spent.calls = spent.calls.saturating_sub(1);
            if let Some(at) = spent.recent.iter().rposition(|one| *one == charge.at) {
                spent.recent.remove(at);
            }
        }
    }
}
