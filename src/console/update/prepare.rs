//! Lays out what the next frame shows, so that drawing is a function of the model alone.

use crate::console::model::doc::{self, Laid};
use crate::console::model::ui::{Page, Pane, Tab};
use crate::console::model::{Model, Size};
use crate::console::update::card;
use crate::console::view::layout;

/// Columns of a row before its text: the gutter.
const GUTTER: usize = 4;

/// Brings the pages to the size of their panes.
pub fn prepare(model: &mut Model, size: Size) {
    model.size = size;
    let areas = layout::areas(model);
    if let Some(area) = areas.pane(Pane::Detail) {
        // Border above and below, the row of tabs, and the ledger.
        let height = usize::from(area.height).saturating_sub(4);
        if model.ui.detail.definition.is_some() {
            fit_definition(model, inner(area.width), height);
        }
        let detail = &mut model.ui.detail;
        let doc = match detail.tab {
            Tab::Args | Tab::Raw => detail.request.doc(),
            Tab::Result => detail.answer.doc(),
        };
        let (raw, folded, cuts) = (detail.tab == Tab::Raw, &detail.folded, detail.cuts);
        fit(&mut detail.page, inner(area.width), height, |width| {
            let doc = doc?;
            Some(if raw {
                doc::lay_raw(&doc.raw, width)
            } else {
                match doc::lay(&doc.lines, width, folded, cuts) {
                    Laid::Rows(rows) => Laid::Rows(doc::marked(rows, &doc.hits, width)),
                    hex @ Laid::Hex { .. } => hex,
                }
            })
        });
        if let Some(doc) = doc
            && let Some(path) = detail.sought.take()
        {
            let found = doc.hits.iter().find(|(_, hit)| hit.path == path);
            detail.line = found.map(|(item, _)| *item).or(detail.line);
        }
        let page = &mut detail.page;
        if let (Some(line), Some(laid)) = (detail.line, &page.laid) {
            (detail.cursor, detail.line) = (laid.row_of(line), None);
        }
        let last = page.laid.as_ref().map_or(0, Laid::len).saturating_sub(1);
        detail.cursor = detail.cursor.min(last);
        // The cursor is always on the screen.
        page.top = page.top.min(detail.cursor).max((detail.cursor + 1).saturating_sub(height));
    }
    if let Some(area) = areas.card {
        let height = layout::card_window(model, area);
        card::fit(model, inner(area.width), height);
    }
}

/// Lays out the definition in the detail's place.
fn fit_definition(model: &mut Model, width: usize, height: usize) {
    let mut page = std::mem::take(&mut model.ui.detail.page);
    let rewrapped = page.width != width;
    if let Some(difference) = &model.ui.detail.definition {
        fit(&mut page, width, height, |width| difference.rows(model, width, true).map(Laid::Rows));
    }
    if let Some(difference) = model.ui.detail.definition.as_mut().filter(|_| rewrapped) {
        difference.seen_to = 0;
    }
    model.ui.detail.page = page;
}

/// Lays a page out anew where it was thrown away or has another width.
pub(in crate::console::update) fn fit(
    page: &mut Page,
    width: usize,
    height: usize,
    lay: impl FnOnce(usize) -> Option<Laid>,
) {
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
