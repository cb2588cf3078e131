//! Lines of text, made of our own words, numbers and escaped foreign text; nothing else fits in. A line that is
//! wider than the terminal goes on behind a gutter, so that foreign text never stands where a line begins.

use crate::console::linear::Act;
use crate::console::model::doc::Want;
use crate::console::model::doc::{Gutter, Row};
use crate::console::model::{Model, TicketKey};
use crate::text::Safe;
use crate::wire::FromConsole;

/// Columns where there is no terminal to ask.
pub const COLUMNS_DEFAULT: u16 = 80;
/// Narrower terminals wrap our lines themselves.
pub const COLUMNS_MIN: u16 = 20;
/// What stands before the rest of a line that was too long.
const GOES_ON: &str = "  : ";
/// The longest word of ours at the start of a line, and its space: `finding: `.
const PREFIX_COLUMNS: usize = 9;

/// A sentence in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Says(Safe);

impl Says {
    /// Words of our own, at the start.
    pub(super) fn own(words: &'static str) -> Self {
        Self(Safe::word(words))
    }

    /// Words of our own.
    pub(super) fn and(self, words: &'static str) -> Self {
        Self(self.0.then(&Safe::word(words)))
    }

    /// A number.
    pub(super) fn number(self, number: impl Into<u128>) -> Self {
        Self(self.0.then(&Safe::escape(&number.into().to_string())))
    }

    /// Text that was escaped.
    pub(super) fn safe(self, text: &Safe) -> Self {
        Self(self.0.then(text))
    }

    /// Foreign text.
    pub(super) fn foreign(self, text: &str) -> Self {
        Self(self.0.then(&Safe::escape(text)))
    }

    pub(super) fn text(self) -> Safe {
        self.0
    }
}

/// What is printed next, and what else is to be done, in order.
#[derive(Debug)]
pub(super) struct Page {
    columns: usize,
    text: String,
    acts: Vec<Act>,
}

impl Page {
    /// Nothing yet, for a terminal as wide as the model's.
    pub(super) fn new(model: &Model) -> Self {
        let columns = match model.size.columns {
            0 => COLUMNS_DEFAULT,
            some => some.max(COLUMNS_MIN),
        };
        Self { columns: usize::from(columns), text: String::new(), acts: Vec::new() }
    }

    /// Columns for a body behind its gutter.
    pub(super) const fn body_columns(&self) -> usize {
        self.columns - GOES_ON.len()
    }

    /// A line behind a word of ours.
    pub(super) fn line(&mut self, prefix: &'static str, says: &Says) {
        let parts = says.0.wrap_words(self.columns - PREFIX_COLUMNS);
        for (n, part) in parts.iter().enumerate() {
            if n == 0 {
                self.text.push_str(prefix);
                self.text.push(' ');
            } else {
                self.text.push_str(GOES_ON);
            }
            self.end(part);
        }
    }

    /// A row of a body, behind its gutter.
    pub(super) fn row(&mut self, row: &Row) {
        let gutter = if row.gutter == Gutter::Ours { "  = " } else { row.gutter.text() };
        self.text.push_str(gutter);
        self.text.extend(std::iter::repeat_n(' ', row.indent));
        if let Some(key) = &row.key {
            self.text.push_str(key.as_str());
        }
        self.end(&row.text);
    }

    /// A row of foreign text that is laid out already.
    pub(super) fn raw(&mut self, text: &str) {
        for (n, part) in Safe::escape(text).wrap(self.body_columns()).iter().enumerate() {
            self.text.push_str(if n == 0 { "  | " } else { GOES_ON });
            self.end(part);
        }
    }

    fn end(&mut self, text: &Safe) {
        self.text.push_str(text.as_str());
        self.text.push('\n');
    }

    pub(super) fn load(&mut self, want: Want) {
        self.act(Act::Load(want));
    }

    pub(super) fn send(&mut self, message: FromConsole) {
        self.act(Act::Send(message));
    }

    /// Everything of this card stands before this.
    pub(super) fn printed(&mut self, key: TicketKey, version: u32) {
        self.act(Act::Printed(key, version));
    }

    pub(super) fn act(&mut self, act: Act) {
        self.flush();
        self.acts.push(act);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.acts.push(Act::Print(std::mem::take(&mut self.text)));
        }
    }

    pub(super) fn acts(mut self) -> Vec<Act> {
        self.flush();
        self.acts
    }
}
