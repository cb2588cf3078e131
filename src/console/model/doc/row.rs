//! Rows as they are drawn and printed: a gutter, which is ours, and foreign text behind it.

use crate::text::Safe;

/// What stands in the gutter of a row. The gutter is ours: foreign text never enters it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gutter {
    /// `|`: a line of the document begins.
    #[default]
    Line,
    /// `:`: the line above goes on.
    More,
    /// `+`: in the edited arguments only.
    Added,
    /// `-`: in the agent's arguments only.
    Removed,
    /// `! |`: a line begins in which something was found.
    Found,
    /// `! :`: it goes on.
    FoundMore,
    /// `= |`: what the line above reads as once it is decoded.
    Decoded,
    /// No gutter: a sentence of ours.
    Ours,
    /// Nothing stands here, but beside it.
    Nothing,
}

impl Gutter {
    /// What stands in the gutter.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Line => "  | ",
            Self::More => "  : ",
            Self::Added => "+ | ",
            Self::Removed => "- | ",
            Self::Found => "! | ",
            Self::FoundMore => "! : ",
            Self::Decoded => "= | ",
            Self::Ours => "",
            Self::Nothing => "    ",
        }
    }
}

/// A piece of a text, and whether it is one that differs.
pub type Word = (Safe, bool);

/// What stands beside a row: the other side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Its gutter.
    pub gutter: Gutter,
    /// Its text.
    pub text: Safe,
    /// The same in pieces, where some of them differ.
    pub words: Vec<Word>,
    /// The column where its gutter begins.
    pub column: usize,
}

/// One row, wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Its gutter.
    pub gutter: Gutter,
    /// Columns before the text.
    pub indent: usize,
    /// A member's name.
    pub key: Option<Safe>,
    /// The rest.
    pub text: Safe,
    /// The document's line that it shows, or a part of.
    pub item: usize,
    /// The text in pieces, where some of them differ from what it is compared with.
    pub words: Vec<Word>,
    /// What stands beside it.
    pub beside: Option<Box<Beside>>,
}

impl Row {
    /// A sentence of ours.
    #[must_use]
    pub fn ours(text: &Safe) -> Self {
        let (gutter, text) = (Gutter::Ours, text.clone());
        Self { gutter, indent: 1, text, item: usize::MAX, ..Self::default() }
    }
}
