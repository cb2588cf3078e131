//! Lays out what the next frame shows, so that drawing is a function of the model alone.

use std::collections::BTreeSet;

use crate::console::model::doc::{self, Laid, Slot};
use crate::console::model::ui::{Card, Face, Page, Pane, Tab};
use crate::console::model::{Model, Size};
use crate::console::view::layout;

/// Columns of a row before its text: the gutter.
const GUTTER: usize = 4;

/// Brings the pages to the size of their panes.
pub fn prepare(model: &mut Model, size: Size) {
    model.size = size;
    let areas = layout::areas(model);
    if let Some(area) = areas.pane(Pane::Detail) {
        let detail = &mut model.ui.detail;
        let doc = match detail.tab {
            Tab::Args | Tab::Raw => detail.request.doc(),
            Tab::Result => detail.answer.doc(),
        };
        let (raw, folded) = (detail.tab == Tab::Raw, &detail.folded);
        // Border above and below, and the row of tabs.
        let height = usize::from(area.height).saturating_sub(3);
        fit(&mut detail.page, inner(area.width), height, |width| {
            let doc = doc?;
            Some(if raw {
                doc::lay_raw(&doc.raw, width)
            } else {
                doc::lay(&doc.lines, width, folded)
            })
        });
        let page = &mut detail.page;
        let last = page.laid.as_ref().map_or(0, Laid::len).saturating_sub(1);
        detail.cursor = detail.cursor.min(last);
        // The cursor is always on the screen.
        page.top = page.top.min(detail.cursor).max((detail.cursor + 1).saturating_sub(height));
    }
    if let Some(area) = areas.card {
        let height = layout::card_window(model, area);
        if let Some(open) = &mut model.ui.card {
            fit_card(open, inner(area.width), height);
        }
    }
}

fn fit_card(open: &mut Card, width: usize, height: usize) {
    if open.page.width != width {
        // Other rows at another width: what was seen has to be counted anew, unless it was all.
        open.seen_to = 0;
    }
    let Card { page, arguments, original, face, .. } = open;
    fit(page, width, height, |width| {
        let after = arguments.doc()?;
        match (face, original.doc()) {
            (Face::Raw, _) => Some(doc::lay_raw(&after.raw, width)),
            (Face::Diff, Some(before)) => Some(doc::lay_diff(&before.lines, &after.lines, width)),
            (Face::Diff, None) if matches!(original, Slot::Loading(_)) => None,
            (Face::Diff | Face::Arguments, _) => {
                Some(doc::lay(&after.lines, width, &BTreeSet::new()))
            }
        }
    });
}

fn fit(page: &mut Page, width: usize, height: usize, lay: impl FnOnce(usize) -> Option<Laid>) {
    if page.laid.is_none() || page.width != width {
        page.laid = lay(width);
        page.width = width;
    }
    page.height = height;
    page.scroll_inside();
}

/// Columns for text between the borders and behind the gutter.
fn inner(width: u16) -> usize {
    usize::from(width).saturating_sub(2 + GUTTER)
}
