//! One row of text, made of our own words, numbers and escaped foreign text; nothing else fits in.

use ratatui::text::{Line, Span};

use crate::console::theme::{Role, Theme};
use crate::text::Safe;

/// A row in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Strip {
    parts: Vec<Part>,
    width: usize,
}

/// A piece of a row, measured once: rows are measured at every column.
#[derive(Debug, Clone)]
struct Part {
    text: Safe,
    width: usize,
    role: Role,
}

impl Strip {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn push(mut self, text: Safe, role: Role) -> Self {
        let width = text.width();
        self.width += width;
        self.parts.push(Part { text, width, role });
        self
    }

    /// Words of our own.
    pub(super) fn own(self, words: &'static str, role: Role) -> Self {
        self.push(Safe::word(words), role)
    }

    /// A number.
    pub(super) fn number(self, number: impl Into<u128>, role: Role) -> Self {
        self.push(Safe::escape(&number.into().to_string()), role)
    }

    /// Text that was escaped.
    pub(super) fn safe(self, text: &Safe, role: Role) -> Self {
        self.push(text.clone(), role)
    }

    /// Text that we composed; escaped all the same.
    pub(super) fn drawn(self, text: &str, role: Role) -> Self {
        self.push(Safe::escape(text), role)
    }

    /// Foreign text, its tokens told apart from letters by a role of their own.
    pub(super) fn foreign(self, text: &Safe, role: Role) -> Self {
        let parts = text.parts().into_iter();
        parts.fold(self, |strip, (part, is_token)| {
            strip.push(part, if is_token { Role::UntrustedToken } else { role })
        })
    }

    /// At least this many columns so far.
    pub(super) fn column(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width);
        if missing == 0 {
            return self;
        }
        self.push(Safe::escape(&" ".repeat(missing)), Role::Text)
    }

    /// Text in exactly this many columns, cut with `~`, and one more to part it from the next.
    pub(super) fn cell(self, text: &Safe, columns: usize, role: Role) -> Self {
        let column = self.width + columns + 1;
        self.push(text.clip(columns).shown, role).column(column)
    }

    /// The same, at the right edge of its columns.
    pub(super) fn cell_right(self, text: &Safe, columns: usize, role: Role) -> Self {
        let shown = text.clip(columns).shown;
        let start = self.width + columns.saturating_sub(shown.width());
        let end = self.width + columns + 1;
        self.column(start).push(shown, role).column(end)
    }

    pub(super) fn then(mut self, behind: Self) -> Self {
        self.width += behind.width;
        self.parts.extend(behind.parts);
        self
    }

    /// The same text, all in one role: a selected row.
    pub(super) fn all(mut self, role: Role) -> Self {
        for part in &mut self.parts {
            part.role = role;
        }
        self
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// The row for the terminal, cut to `width` columns.
    pub(super) fn line(self, theme: &Theme, width: usize) -> Line<'static> {
        let mut room = width;
        let mut spans = Vec::with_capacity(self.parts.len());
        let whole = self.width;
        for Part { text, width: columns, role } in self.parts {
            // The mark of a cut needs the last column, also when the cut falls between two parts.
            let last = if whole > width { room.saturating_sub(1) } else { room };
            let fits = columns <= last;
            let shown = if fits { text } else { text.clip(room).shown };
            room = room.saturating_sub(if fits { columns } else { shown.width() });
            spans.push(Span::styled(shown.into_string(), theme.style(role)));
            if !fits {
                break;
            }
        }
        Line::from(spans)
    }
}
