//! Rows of a body, each behind its gutter.

use ratatui::layout::Rect;

use crate::console::model::doc::{Doc, Gutter, Laid, Row};
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
                // In the gutter, which is ours.
                self.put(Rect { width: 2, ..area }, y, Strip::new().own(" >", Role::Key));
            }
        }
    }
}

fn text_row(row: &Row) -> Strip {
    let (gutter, gutter_role, role) = match row.gutter {
        Gutter::Line => ("  | ", Role::Dim, Role::Untrusted),
        Gutter::More => ("  : ", Role::Dim, Role::Untrusted),
        Gutter::Added => ("+ | ", Role::DiffAdd, Role::DiffAdd),
        Gutter::Removed => ("- | ", Role::DiffRemove, Role::DiffRemove),
        Gutter::Ours => ("", Role::Title, Role::Title),
    };
    let mut strip = Strip::new().own(gutter, gutter_role);
    let start = strip.width() + row.indent;
    strip = strip.column(start);
    if let Some(key) = &row.key {
        strip = strip.foreign(key, if role == Role::Untrusted { Role::UntrustedKey } else { role });
    }
    strip.foreign(&row.text, role)
}
