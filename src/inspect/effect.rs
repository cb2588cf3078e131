//! What a call would do, told as effects: of a command, a query, a path or an address among its arguments.

pub mod rules;

use std::ops::Range;

use super::finding::Found;
use super::rule::{Rule, Severity};

/// Something that would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// By which rule it is told.
    pub rule: &'static Rule,
    /// How bad it is here: the same act may be harmless in a project and ruin a machine outside of it.
    pub severity: Severity,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
    /// What is done to what, in a sentence.
    pub what: String,
}

impl Effect {
    /// The same as a finding of the text.
    #[must_use]
    pub fn found(&self, text: &str) -> Found {
        let found = Found::plain(self.rule, self.span.clone(), text);
        Found { because: vec![self.what.clone()], ..found }
    }
}

/// An effect of a text among arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InField {
    /// The JSON pointer of the text.
    pub path: String,
    /// What it would do; the span is of the text with its escapes resolved.
    pub effect: Effect,
}

/// A text that others wrote, for a sentence: short, in one line.
pub(super) fn short(text: &str) -> String {
    const LEN_MAX: usize = 80;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut out: String = text.chars().take(LEN_MAX).map(plain).collect();
    if text.chars().nth(LEN_MAX).is_some() {
        out.push('…');
    }
    out
}
