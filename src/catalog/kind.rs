//! What a definition is of, what an operator may say of it, and how it is kept between sessions.

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;

/// What a definition is of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A tool, by its name.
    #[default]
    Tool,
    /// A prompt, by its name.
    Prompt,
    /// A resource template, by its `uriTemplate`.
    Template,
    /// What a server says of itself when a session begins: instructions, capabilities. Its name is empty.
    Server,
    /// What was started: command, program, script, package. Its name is empty.
    Identity,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Tool, Self::Prompt, Self::Template, Self::Server, Self::Identity];

    /// The word for panes, logs and sentences.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Template => "template",
            Self::Server => "server",
            Self::Identity => "identity",
        }
    }

    /// By its word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it is the one that a stored word leaves out.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        *self == Self::Tool
    }
}

/// What an operator says of a definition, bound to its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// This is what it is to be.
    Approve,
    /// Calls of it are denied while it is this.
    Refuse,
    /// Calls of it go on, marked, until the grace is over.
    Stage,
    /// Nothing is said of it any more: what is seen next is what it is to be.
    Unpin,
}

impl Ruling {
    /// What may be said.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Refuse, Self::Stage, Self::Unpin];

    /// The word for commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Stage => "stage",
            Self::Unpin => "unpin",
        }
    }

    /// By its word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ruling| ruling.word() == word)
    }

    /// What was done, for logs and panes.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Refuse => "refused",
            Self::Stage => "staged",
            Self::Unpin => "unpinned",
        }
    }
}

/// A change that was let pass for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Of what it is then.
    pub fingerprint: Fingerprint,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: u64,
}

/// Who took a definition for what it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// `first use`, or the operator as the gate knows it, or the signer of a lock file.
    pub by: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: u64,
}

/// What is kept of one definition between sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// What it is to be, as it was sent; `None`: nothing was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What it may be for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<Staged>,
    /// What it must not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Fingerprint>,
}

/// Pins of one server, by kind and name.
pub type Pins = std::collections::BTreeMap<Kind, std::collections::BTreeMap<String, Pin>>;
