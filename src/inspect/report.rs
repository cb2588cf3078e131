//! What all detectors say of one input.

use super::finding::Found;
use super::hidden::hidden;
use super::rule::Severity;
use super::walk;

/// Findings of one input: more say nothing new.
const FOUND_MAX: usize = 64;

/// A finding and the text that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// A JSON pointer; empty for a text that stands alone.
    pub path: String,
    /// What was found.
    pub found: Found,
    /// How bad it is there.
    pub severity: Severity,
}

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a server says of itself or of what it has.
    Definition,
    /// What it answers to be read.
    Result,
}

/// What is to become of an input, as far as its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// Nothing speaks against it.
    Clean,
    /// A person should look.
    Review,
    /// It must not reach a model as it is.
    Block,
}

impl Worth {
    /// The word for lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order of the texts.
    pub found: Vec<Placed>,
}

impl Report {
    /// Of a text that stands alone.
    #[must_use]
    pub fn of_text(text: &str, kind: Kind) -> Self {
        let mut report = Self::default();
        report.look("", text, kind);
        report
    }

    /// Of a definition or any other value: of every text in it, names of members among them.
    #[must_use]
    pub fn of_value(value: &str, kind: Kind) -> Self {
        let mut report = Self::default();
        // What is plain ASCII without escapes hides nothing.
        if value.is_ascii() && memchr::memmem::find(value.as_bytes(), b"\\u").is_none() {
            return report;
        }
        for one in walk::texts(value) {
            report.look(&one.path, &one.text, kind);
        }
        report
    }

    fn look(&mut self, path: &str, text: &str, kind: Kind) {
        for found in hidden(text) {
            if self.found.len() < FOUND_MAX {
                let severity = match kind {
                    Kind::Definition => found.rule.severity,
                    Kind::Result => found.rule.in_result,
                };
                self.found.push(Placed { path: path.to_owned(), found, severity });
            }
        }
    }

    /// What the findings come to.
    #[must_use]
    pub fn worth(&self) -> Worth {
        match self.found.iter().map(|placed| placed.severity).max() {
            None | Some(Severity::Info) => Worth::Clean,
            Some(Severity::Low | Severity::Medium) => Worth::Review,
            Some(Severity::High) => Worth::Block,
        }
    }
}
