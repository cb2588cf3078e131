//! A script as far as its effects need it: what is run, with which words, and what flows where.

use std::ops::Range;
use std::rc::Rc;

/// Statements in their order. What is under a condition is taken as if it ran.
pub(super) type Script = Rc<[Item]>;

/// A statement.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// Commands whose output is the next one's input; a single one, too.
    Pipe { stages: Vec<Stage>, background: bool },
    /// A function.
    Define { name: String, body: Script },
    /// A loop over words.
    Each { name: String, words: Vec<Word>, body: Script },
}

/// A command of a pipe with its redirections.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) body: Body,
    pub(super) redirects: Vec<Redirect>,
    /// Of the text that was given.
    pub(super) span: Range<usize>,
}

/// What a stage runs.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Assignments, and words of which the first is the command.
    Simple { assigns: Vec<(String, Word)>, words: Vec<Word> },
    /// A group, a loop, a condition.
    Group(Script),
    /// The same, with a folder and variables of its own.
    Subshell(Script),
}

/// A redirection.
#[derive(Debug, Clone)]
pub(super) struct Redirect {
    pub(super) to: Direction,
    pub(super) word: Word,
}

/// Which way data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Into a file: its descriptor, whether it is added to what is there.
    Out { descriptor: u8, append: bool },
    /// Out of a file.
    In,
    /// Out of the text itself.
    Text,
}

/// A word before anything in it is put in.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    pub(super) span: Range<usize>,
}

/// A piece of a word.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A text; an unquoted one may have patterns and `~`.
    Text { text: String, quoted: bool },
    /// A variable and what is done to it.
    Variable { name: String, change: Change, quoted: bool },
    /// `$(…)`.
    Output { script: Script, quoted: bool },
    /// `<(…)` or `>(…)`.
    Process { script: Script, reads: bool },
    /// What is not known: sums.
    Unknown,
}

/// What is done to a variable's value before it is put in.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// `:-`, `-`, `:=`: this where it is not set.
    Default(Box<Word>),
    /// `:+`: this where it is set.
    Instead(Box<Word>),
    /// `:?`: nothing runs where it is not set.
    Required,
    /// `:2:3`.
    Part { from: i32, len: Option<i32> },
    /// `/a/b`, `//a/b`.
    Replace { what: String, with: String, all: bool },
    /// `#a`, `%b` and others.
    Other,
}

impl Part {
    pub(super) fn plain(text: &str) -> Self {
        Self::Text { text: text.to_owned(), quoted: false }
    }

    pub(super) fn quoted(text: &str) -> Self {
        Self::Text { text: text.to_owned(), quoted: true }
    }
}
