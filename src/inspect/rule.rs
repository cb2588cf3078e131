//! The rules of detectors, as data: what each is called, how bad it is, and where it stands in the published lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "severity")]
pub enum Severity {
    /// Worth a line.
    Info,
    /// Worth a look.
    Low,
    /// Worth a look now.
    Medium,
    /// Worth stopping for.
    High,
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `hidden.tags`.
    pub id: &'static str,
    /// How bad it is in a definition, which honest servers write without it.
    pub severity: Severity,
    /// How bad it is in a result: a page or a document may have it by accident.
    pub in_result: Severity,
    /// How bad it is in arguments, which the operator's own agent writes.
    pub in_argument: Severity,
    /// Its places in OWASP's Top 10 for Agentic Applications 2026 (`ASI…`) and MCP Top 10 v0.1 (`MCP…`).
    pub owasp: &'static [&'static str],
    /// What it means, in a sentence.
    pub why: &'static str,
}

/// What is written for a model alone: hijacking it through what it is told of tools.
const FOR_MODELS: &[&str] = &["ASI01", "ASI04", "MCP03", "MCP06"];

/// What data tells a model to do: hijacking its goal, and prompt injection through what it reads.
const INJECTED: &[&str] = &["ASI01", "MCP06"];

/// Tag characters.
pub const TAGS: Rule = Rule {
    id: "hidden.tags",
    severity: Severity::High,
    in_result: Severity::High,
    in_argument: Severity::High,
    owasp: FOR_MODELS,
    why: "Tag characters spell a text that nobody sees.",
};
/// Overrides of the direction.
pub const BIDI: Rule = Rule {
    id: "hidden.bidi",
    severity: Severity::High,
    in_result: Severity::Medium,
    in_argument: Severity::Medium,
    owasp: FOR_MODELS,
    why: "The order of characters on the screen is not the one that a model reads.",
};
/// Characters without a width.
pub const ZERO_WIDTH: Rule = Rule {
    id: "hidden.zero-width",
    severity: Severity::High,
    in_result: Severity::Low,
    in_argument: Severity::Low,
    owasp: FOR_MODELS,
    why: "Characters without a width stand where no script needs them.",
};
/// Rows of variation selectors.
pub const SELECTORS: Rule = Rule {
    id: "hidden.selectors",
    severity: Severity::High,
    in_result: Severity::High,
    in_argument: Severity::High,
    owasp: FOR_MODELS,
    why: "Variation selectors in a row carry data that nobody sees.",
};
/// Controls.
pub const CONTROL: Rule = Rule {
    id: "hidden.control",
    severity: Severity::Medium,
    in_result: Severity::Low,
    in_argument: Severity::Low,
    owasp: FOR_MODELS,
    why: "Control characters move a terminal's cursor or delete what was shown.",
};
/// Look-alike letters.
pub const MIXED: Rule = Rule {
    id: "hidden.mixed-script",
    severity: Severity::High,
    in_result: Severity::Low,
    in_argument: Severity::Info,
    owasp: FOR_MODELS,
    why: "A word has letters of another script that look like its own.",
};

/// Texts that people do not read and models do.
pub const DISGUISED: Rule = Rule {
    id: "disguised.text",
    severity: Severity::Medium,
    in_result: Severity::Info,
    in_argument: Severity::Info,
    owasp: FOR_MODELS,
    why: "Sentences stand behind an encoding or another spelling, where people do not read them.",
};

/// Other servers' tools.
pub const FOREIGN: Rule = Rule {
    id: "order.other-server",
    severity: Severity::Medium,
    in_result: Severity::Info,
    in_argument: Severity::Info,
    owasp: FOR_MODELS,
    why: "A definition speaks of a tool that another server has.",
};

/// Tools that are for attacks.
pub const ATTACK: Rule = Rule {
    id: "attack.tool",
    severity: Severity::Medium,
    in_result: Severity::Info,
    in_argument: Severity::Info,
    owasp: &["ASI02", "ASI04", "MCP03"],
    why: "By its own words it is a tool for attacks.",
};

/// Keys, tokens, passwords.
pub const SECRET: Rule = Rule {
    id: "secret",
    severity: Severity::High,
    in_result: Severity::High,
    in_argument: Severity::High,
    owasp: &["ASI02", "ASI03", "MCP01", "MCP10"],
    why: "It is a key, a token or a password.",
};

/// Data about a person.
pub const PERSONAL: Rule = Rule {
    id: "personal",
    severity: Severity::Info,
    in_result: Severity::Info,
    in_argument: Severity::Low,
    owasp: &["ASI03", "MCP10"],
    why: "It is data about a person.",
};

/// Sentences that tell a model what to do.
pub const ORDER: Rule = Rule {
    id: "order.sentences",
    severity: Severity::Medium,
    in_result: Severity::Low,
    in_argument: Severity::Info,
    owasp: FOR_MODELS,
    why: "Sentences of it are rather orders to a model than a description.",
};

/// Sentences of a result that tell a model what to do.
pub const INJECTION: Rule = Rule {
    id: "injection.sentences",
    severity: Severity::Medium,
    in_result: Severity::Medium,
    in_argument: Severity::Info,
    owasp: INJECTED,
    why: "Sentences of it are rather orders to a model than what was asked for.",
};

/// A text beside a structured answer that says something else.
pub const DISAGREES: Rule = Rule {
    id: "answer.disagrees",
    severity: Severity::Info,
    in_result: Severity::Low,
    in_argument: Severity::Info,
    owasp: INJECTED,
    why: "What a model reads of it is not what its structured part says.",
};
