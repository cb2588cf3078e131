//! What is known of words and of data that flows.

use std::ops::Range;

use crate::inspect::rule::Severity;

/// Where data came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flow {
    /// Something secret, and what.
    pub(super) secret: Option<(Severity, String)>,
    /// Another host's answer, and of which.
    pub(super) fetched: Option<String>,
    /// All of it, where it is known.
    pub(super) text: Option<String>,
    /// Decoded from something.
    pub(super) decoded: bool,
    /// What a command said, whatever that is.
    pub(super) said: bool,
    /// A shell's that does what it is told by whoever is at the other end.
    pub(super) shell: bool,
}

impl Flow {
    /// Data of which all is known.
    pub(super) fn of(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }

    /// Nothing at all.
    pub(super) fn nothing() -> Self {
        Self::of("")
    }

    /// Both together, the other one behind.
    pub(super) fn add(&mut self, other: &Self) {
        let severity = |flow: &Self| flow.secret.as_ref().map(|(severity, _)| *severity);
        if severity(other) > severity(self) {
            self.secret.clone_from(&other.secret);
        }
        if self.fetched.is_none() {
            self.fetched.clone_from(&other.fetched);
        }
        self.decoded |= other.decoded;
        self.said |= other.said;
        self.shell |= other.shell;
        match (&mut self.text, &other.text) {
            (Some(text), Some(more)) => text.push_str(more),
            (Some(_), None) => self.text = None,
            (None, _) => {}
        }
    }

    /// Where it came from, without what it is.
    pub(super) fn origin(&self) -> Self {
        Self { text: None, ..self.clone() }
    }
}

/// What the signs of a word mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// What they usually do.
    #[default]
    Plain,
    /// It is a pattern.
    Pattern,
    /// It begins with quotes, so that `~` is no home.
    Quoted,
}

/// A word with everything put in that is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// What is known of it; unknown parts are left out.
    pub(super) text: String,
    /// Parts are left out.
    pub(super) open: bool,
    /// What is left out stands at the beginning.
    pub(super) open_first: bool,
    /// What its signs mean.
    pub(super) form: Form,
    /// What went into it.
    pub(super) flow: Flow,
    /// Where it is written.
    pub(super) span: Range<usize>,
}

impl Value {
    /// A word that stands there.
    pub(super) fn plain(text: &str, span: Range<usize>) -> Self {
        Self { text: text.to_owned(), span, ..Self::default() }
    }

    /// A word of which nothing is known.
    pub(super) fn unknown(flow: Flow, span: Range<usize>) -> Self {
        Self { open: true, open_first: true, flow, span, ..Self::default() }
    }

    /// The word from some byte on.
    pub(super) fn tail(&self, at: usize) -> Self {
        let text = self.text.get(at..).unwrap_or_default().to_owned();
        let open_first = self.open_first && at == 0 || self.open && text.is_empty();
        let form = if at > 0 && self.form == Form::Quoted { Form::Plain } else { self.form };
        Self { text, open_first, form, ..self.clone() }
    }

    /// For a sentence: unknown parts are told.
    pub(super) fn shown(&self) -> String {
        let text = super::super::effect::short(&self.text);
        match (self.open, self.open_first) {
            (false, _) => text,
            (true, true) => format!("…{text}"),
            (true, false) => format!("{text}…"),
        }
    }
}

/// How a command is called.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What comes in; `None`: whatever the caller has.
    pub(super) input: Option<Flow>,
    /// The whole command.
    pub(super) span: Range<usize>,
    /// As root.
    pub(super) root: bool,
    /// Its input or output is another host.
    pub(super) wired: bool,
}
