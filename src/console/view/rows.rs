//! Rows of a body, each behind its gutter.

use ratatui::layout::Rect;

use crate::console::model::doc::{Doc, Gutter, Laid, Row, Word};
use crate::console::model::ui::Page;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::text::{Safe, hexdump};

impl Pen<'_, '_> {
    /// The rows of a page that its window shows, from `row` of the area on.
    pub(super) fn page(
        &mut self,
        area: Rect,
        row: u16,
        page: &Page,
        doc: &Doc,
        cursor: Option<usize>,
    ) {
        let Some(laid) = &page.laid else {
            self.put(area, row, Strip::new().own(" ...", Role::Dim));
            return;
        };
        let end = laid.len().min(page.top + page.height);
        for (at, y) in (page.top..end).zip(row..) {
            let strip = match laid {
                Laid::Rows(rows) => rows.get(at).map(text_row).unwrap_or_default(),
                Laid::Hex { columns, .. } => {
                    let text = Safe::escape(&hexdump::row(&doc.raw, at, *columns));
                    Strip::new().own("  | ", Role::Dim).safe(&text, Role::Untrusted)
                }
            };
            self.put(area, y, strip);
            if cursor == Some(at) || page.found == Some(at) {
                // In the gutter, which is ours; what was found keeps its sign.
                let found = matches!(laid, Laid::Rows(rows) if rows.get(at).is_some_and(is_found));
                let sign = if found { "!>" } else { " >" };
                self.put(Rect { width: 2, ..area }, y, Strip::new().own(sign, Role::Key));
            }
        }
    }
}

const fn is_found(row: &Row) -> bool {
    matches!(row.gutter, Gutter::Found | Gutter::FoundMore)
}

fn text_row(row: &Row) -> Strip {
    let (gutter, role) = roles(row.gutter);
    let mut strip = Strip::new().own(row.gutter.text(), gutter);
    let start = strip.width() + row.indent;
    strip = strip.column(start);
    if let Some(key) = &row.key {
        strip = strip.foreign(key, if role == Role::Untrusted { Role::UntrustedKey } else { role });
    }
    strip =
        if is_found(row) { found(strip, row) } else { text(strip, &row.text, &row.words, role) };
    match &row.beside {
        Some(beside) => {
            let (gutter, role) = roles(beside.gutter);
            let strip = strip.column(beside.column).own(beside.gutter.text(), gutter);
            text(strip, &beside.text, &beside.words, role)
        }
        None => strip,
    }
}

/// Foreign text; where pieces of it differ from what it is compared with, these alone in the role of the side.
fn text(strip: Strip, text: &Safe, words: &[Word], role: Role) -> Strip {
    if words.is_empty() {
        return strip.foreign(text, role);
    }
    let role_of = |differs| if differs { role } else { Role::Untrusted };
    words.iter().fold(strip, |strip, (word, differs)| strip.foreign(word, role_of(*differs)))
}

/// Foreign text in which something was found: that alone in its role, tokens too.
fn found(strip: Strip, row: &Row) -> Strip {
    if row.words.is_empty() {
        return strip.foreign(&row.text, Role::Untrusted);
    }
    row.words.iter().fold(strip, |strip, (word, found)| {
        if *found { strip.safe(word, Role::Found) } else { strip.foreign(word, Role::Untrusted) }
    })
}

/// The roles of a gutter and of the text behind it.
const fn roles(gutter: Gutter) -> (Role, Role) {
    match gutter {
        Gutter::Line | Gutter::More | Gutter::Nothing => (Role::Dim, Role::Untrusted),
        Gutter::Added => (Role::DiffAdd, Role::DiffAdd),
        Gutter::Removed => (Role::DiffRemove, Role::DiffRemove),
        Gutter::Found | Gutter::FoundMore | Gutter::Decoded => (Role::Finding, Role::Untrusted),
        Gutter::Ours => (Role::Title, Role::Title),
    }
}
