//! One row of text, made of our own words, numbers and escaped foreign text; nothing else fits in.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::console::theme::{Role, Theme};
use crate::text::Safe;

/// A row in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Strip {
    parts: Vec<(Safe, Role)>,
}

impl Strip {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Words of our own.
    pub(super) fn own(mut self, words: &'static str, role: Role) -> Self {
        self.parts.push((Safe::word(words), role));
        self
    }

    /// A number.
    pub(super) fn number(mut self, number: impl Into<u128>, role: Role) -> Self {
        self.parts.push((Safe::escape(&number.into().to_string()), role));
        self
    }

    /// Text that was escaped.
    pub(super) fn safe(mut self, text: &Safe, role: Role) -> Self {
        self.parts.push((text.clone(), role));
        self
    }

    /// Text that we composed; escaped all the same.
    pub(super) fn drawn(mut self, text: &str, role: Role) -> Self {
        self.parts.push((Safe::escape(text), role));
        self
    }

    /// Foreign text, its tokens told apart from letters by a role of their own.
    pub(super) fn foreign(mut self, text: &Safe, role: Role) -> Self {
        for (part, is_token) in text.parts() {
            self.parts.push((part, if is_token { Role::UntrustedToken } else { role }));
        }
        self
    }

    /// At least this many columns so far.
    pub(super) fn column(mut self, column: usize) -> Self {
        let width = self.width();
        if width < column {
            self.parts.push((Safe::escape(&" ".repeat(column - width)), Role::Text));
        }
        self
    }

    /// Text in exactly this many columns, cut with `~`, and one more to part it from the next.
    pub(super) fn cell(self, text: &Safe, columns: usize, role: Role) -> Self {
        let column = self.width() + columns + 1;
        self.safe(&text.clip(columns).shown, role).column(column)
    }

    /// The same, at the right edge of its columns.
    pub(super) fn cell_right(self, text: &Safe, columns: usize, role: Role) -> Self {
        let shown = text.clip(columns).shown;
        let start = self.width() + columns.saturating_sub(shown.width());
        let end = self.width() + columns + 1;
        self.column(start).safe(&shown, role).column(end)
    }

    pub(super) fn then(mut self, behind: Self) -> Self {
        self.parts.extend(behind.parts);
        self
    }

    /// The same text, all in one role: a selected row.
    pub(super) fn all(mut self, role: Role) -> Self {
        for part in &mut self.parts {
            part.1 = role;
        }
        self
    }

    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(|(text, _)| text.width()).sum()
    }

    /// The row for the terminal, cut to `width` columns.
    pub(super) fn line(self, theme: &Theme, width: usize) -> Line<'static> {
        let mut room = width;
        let mut spans = Vec::with_capacity(self.parts.len());
        let whole = self.width();
        for (text, role) in self.parts {
            // The mark of a cut needs the last column, also when the cut falls between two parts.
            let last = if whole > width { room.saturating_sub(1) } else { room };
            let fits = text.width() <= last;
            let shown = if fits { text } else { text.clip(room).shown };
            room = room.saturating_sub(shown.as_str().width());
            spans.push(Span::styled(shown.to_string(), theme.style(role)));
            if !fits {
                break;
            }
        }
        Line::from(spans)
    }
}
