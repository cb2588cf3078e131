//! What a detector saw, with what a person needs to check it.

use std::borrow::Cow;
use std::ops::Range;

use super::normal::Step;
use super::rule::Rule;

/// Something that a detector saw in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// By which rule.
    pub rule: &'static Rule,
    /// Which of those that it is about: `github-token`; empty where it is about one thing.
    pub kind: String,
    /// Where in the text as it came, in bytes.
    pub span: Range<usize>,
    /// What was undone to see it; nothing where it stands there as it is.
    pub steps: Vec<Step>,
    /// The words that decided, as they are read.
    pub evidence: String,
    /// What weighed most, where it was weighed.
    pub because: Vec<String>,
}

impl Found {
    /// What lines, records and policies call it: `hidden.tags`, `secret.github-token`.
    #[must_use]
    pub fn id(&self) -> Cow<'static, str> {
        if self.kind.is_empty() {
            Cow::Borrowed(self.rule.id)
        } else {
            Cow::Owned(format!("{}.{}", self.rule.id, self.kind))
        }
    }

    /// One that is about a value and no text: what there is, and all of it in words.
    #[must_use]
    pub fn told(rule: &'static Rule, evidence: String, words: String) -> Self {
        Self {
            rule,
            kind: String::new(),
            span: 0..0,
            steps: Vec::new(),
            evidence,
            because: vec![words],
        }
    }

    /// One that stands in the text as it is.
    #[must_use]
    pub fn plain(rule: &'static Rule, span: Range<usize>, text: &str) -> Self {
        let evidence = text.get(span.clone()).unwrap_or_default().to_owned();
        Self { rule, kind: String::new(), span, steps: Vec::new(), evidence, because: Vec::new() }
    }
}
