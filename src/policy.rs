//! Who may call what: a document, compiled once, and one pure question asked of it per call.
//!
//! **No empty or broken policy allows**: a document without rules or default does not load, a call
//! that no rule matches gets the default, and the default has to be written down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod arguments;
mod budget;
pub mod change;
pub mod compile;
mod condition;
mod definitions;
mod document;
mod draft;
mod error;
pub mod evaluate;
pub mod explain;
mod extend;
mod globs;
mod hints;
mod known;
mod name;
mod own;
pub mod remember;
mod results;
mod schema;
mod shipped;
pub mod suppress;

pub use budget::Budget;
pub use compile::{Policy, PolicyError};
pub use condition::Truth;
pub use definitions::{DriftMode, Handling};
pub use error::{Cause, Place};
pub use evaluate::{Decision, Evidence, Question};
pub use explain::{Considered, Explanation, Fit, Standing, When};
pub use known::Known;
pub use own::own_files;
pub use remember::Scope;
pub use results::{Treated, Treatment};
pub use schema::schema;
pub use shipped::{DEFAULT, SHIPPED, load, shipped};
pub use suppress::{ANY, Spot, Suppression, Wider};

/// What the policy says of a call, from mild to strict; the strictest of all matching rules wins.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "verdict")]
pub enum Verdict {
    /// Goes on, unmarked.
    Allow,
    /// Goes on and is shown as marked.
    Mark,
    /// Waits for the operator.
    Ask,
    /// Is refused.
    Deny,
}

impl Verdict {
    /// The word for panes, logs and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Mark => "mark",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// How much harm a mistaken yes could do; chooses how the operator has to confirm.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "risk")]
pub enum Risk {
    /// One key allows.
    Low,
    /// A key and a confirmation, after everything was seen.
    #[default]
    Medium,
    /// A key and a code that is new each time, after everything was seen.
    High,
}

impl Risk {
    /// The word for panes, logs and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What becomes of verdicts: a phase never changes a verdict, only its outcome.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "phase")]
pub enum Phase {
    /// Everything well-formed goes on; verdicts are recorded.
    Observe,
    /// As observe, and asks and denials are raised as findings.
    Warn,
    /// Verdicts act.
    Enforce,
}

impl Phase {
    /// The word for panes, logs and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }

    /// What a verdict comes to in this phase: only enforce stops anything.
    #[must_use]
    pub const fn acting(self, verdict: Verdict) -> Verdict {
        match (self, verdict) {
            (Self::Enforce, verdict) => verdict,
            (Self::Observe | Self::Warn, Verdict::Allow) => Verdict::Allow,
            (Self::Observe | Self::Warn, _) => Verdict::Mark,
        }
    }
}

/// Why a verdict is what it is: always a rule, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's id: `default`, a rule of the document, or `builtin.*`.
    pub rule: String,
    /// The rule's own sentence, shown on the card and in refusals.
    pub why: String,
    /// What that rule alone would have said.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests;
