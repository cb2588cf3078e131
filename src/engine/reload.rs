//! The session's policy changes while it runs.
//!
//! What the file says now is asked beside the policy at once, and the strictest of both holds. Where it can only be
//! stricter it takes the policy's place; where it may allow more it waits for an operator, who confirms exactly what was
//! shown. A file that is broken changes nothing, and that is said.

use crate::engine::event::{ConnId, Operator, Reloaded, Severity};
use crate::engine::step::{Engine, Out};
use crate::policy::{Known, Policy, change::Change};

/// The rule of what is said here.
const RELOAD: &str = "builtin.policy-changed";

impl Engine {
    /// The policy's file says something else.
    pub(in crate::engine) fn reloaded(&mut self, reloaded: Reloaded, out: &mut Out) {
        // A recording that is decided by another policy has one, from there on.
        if self.instead {
            return;
        }
        let Some(started) = &self.state.started else { return };
        let name = started.policy_name.clone();
        let text = match reloaded {
            Reloaded::Text(text) => text,
            Reloaded::Broken(why) => {
                self.state.policy_broken = true;
                let what =
                    format!("the policy's file is broken, and what held before holds: {why}");
                return out.find(RELOAD, Severity::High, what);
            }
        };
        let policy = match Policy::parse(&name, &text) {
            Ok(policy) => policy,
            Err(error) => {
                self.state.policy_broken = true;
                let what =
                    format!("the policy's file is broken, and what held before holds: {error}");
                return out.find(RELOAD, Severity::High, what);
            }
        };
        // One that extends another is what both are together.
        let text = policy.text().to_owned();
        let was_broken = std::mem::take(&mut self.state.policy_broken);
        if self.state.proposed.as_ref() == Some(&text) && !was_broken {
            return;
        }
        if text == started.policy {
            self.proposed = None;
            if self.state.proposed.take().is_some() || was_broken {
                let what = "the policy's file is again what holds".to_owned();
                out.find(RELOAD, Severity::Info, what);
            }
            return;
        }
        let change = Change::between(&started.policy, &text);
        if change.only_stricter && self.policy.is_some() {
            self.put_in_force(text);
            self.ask_anew(out);
            let what = format!("the policy is another one now: {}", change.words());
            out.find(RELOAD, Severity::Info, what);
        } else {
            let digest = policy.digest();
            let short = digest.get(..12).unwrap_or_default();
            let what = format!(
                "the policy's files may allow more now ({}); what is stricter in them holds, the rest waits for \
                 an operator to confirm {short}",
                change.words()
            );
            out.find(RELOAD, Severity::Medium, what);
            self.state.proposed = Some(text);
            self.proposed = Some(policy);
            self.ask_anew(out);
        }
    }

    /// An operator takes what the file says now, if it is what was shown.
    pub(in crate::engine) fn confirmed(&mut self, digest: &str, by: &Operator, out: &mut Out) {
        let shown = self.proposed.as_ref().is_some_and(|policy| policy.digest() == digest);
        if let Some(text) = self.state.proposed.clone().filter(|_| shown) {
            self.put_in_force(text);
            // What only the old one asked about goes on.
            self.release(by, out);
        } else {
            let what = "the policy's file is not what was shown any more: look at it again";
            out.find(RELOAD, Severity::Low, what.to_owned());
        }
    }

    fn put_in_force(&mut self, text: String) {
        if let Some(started) = &mut self.state.started {
            started.policy = text;
        }
        (self.state.proposed, self.proposed) = (None, None);
        self.compile();
    }

    pub(in crate::engine) fn compile_proposed(&mut self) {
        let name = self.state.started.as_ref().map(|started| started.policy_name.as_str());
        let parsed =
            self.state.proposed.as_ref().map(|text| Policy::parse(name.unwrap_or(""), text));
        self.proposed = parsed.and_then(Result::ok);
    }

    /// The policies that decide: the session's, what waits to be confirmed, and what stands beside them for this
    /// connection.
    pub(in crate::engine) fn policies(&self, conn: ConnId) -> impl Iterator<Item = &Policy> {
        let own = self.policy.as_ref().map(Known::policy).into_iter().chain(&self.proposed);
        own.chain(self.beside.get(&conn).into_iter().flatten())
    }
}
