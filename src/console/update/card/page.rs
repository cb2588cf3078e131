//! Lays out what the card's window shows.

use crate::console::model::card::{Card, Face, Shown};
use crate::console::model::doc::{self, Doc, Gutter, Laid, Row, Slot};
use crate::console::model::{Model, Ticket};
use crate::console::update::prepare::fit as fit_page;
use crate::text::{Safe, bytes};

/// Brings the card's page to its window.
pub(in crate::console::update) fn fit(model: &mut Model, width: usize, height: usize) {
    let Some(card) = &mut model.ui.card else { return };
    if card.page.width != width {
        // Other rows at another width: what was seen has to be counted anew, unless it was all.
        card.seen_to = 0;
    }
    let mut page = std::mem::take(&mut card.page);
    if let Some(card) = &model.ui.card {
        fit_page(&mut page, width, height, |width| lay(model, card, width));
    }
    if let Some(card) = &mut model.ui.card {
        card.page = page;
    }
}

/// The rows of everything that is read; `None` until it was.
fn lay(model: &Model, card: &Card, width: usize) -> Option<Laid> {
    if card.face == Face::Raw {
        return Some(doc::lay_raw(&card.one.arguments.doc()?.raw, width));
    }
    let mut rows = Vec::new();
    if card.full {
        rows.extend(head(model, card, width));
    }
    for difference in &card.differences {
        rows.extend(difference.rows(model, width, true)?);
    }
    if !card.differences.is_empty() {
        rows.push(Row::ours(&Safe::word("the call's arguments")));
    }
    for (n, shown) in card.members().enumerate() {
        let doc = shown.arguments.doc()?;
        if card.is_batch() {
            let place = Safe::escape(&format!("{} of {}   ", n + 1, 1 + card.more.len()));
            rows.push(Row::ours(&heading(model, shown, &place, doc)));
        }
        match (card.face, &shown.original) {
            (Face::Diff, Slot::Ready(before)) => {
                rows.extend(doc::diff_rows(&before.lines, &doc.lines, width));
            }
            (Face::Diff, Slot::Loading(_)) => return None,
            (Face::Arguments | Face::Diff | Face::Raw, _) => {
                rows.extend(doc::marked(doc::decisive_rows(doc, width), &doc.hits, width));
            }
        }
    }
    Some(Laid::Rows(rows))
}

/// What the head has no room for, in full: the name and the rules.
fn head(model: &Model, card: &Card, width: usize) -> Vec<Row> {
    let ticket = model.ticket(card.key());
    let name = ticket.map_or_else(Safe::default, |ticket| model.name_of(ticket));
    let mut rows = vec![Row::ours(&Safe::word("what is called"))];
    let mut gutter = Gutter::Line;
    for text in name.wrap(width) {
        rows.push(Row { gutter, text, item: usize::MAX, ..Row::default() });
        gutter = Gutter::More;
    }
    // Where a name is cut, the cut stands inside its quotes.
    if name.as_str().ends_with("~\"") {
        rows.push(Row::ours(&Safe::word("[ a long name is cut: v shows every byte ]")));
    }
    rows.push(Row::ours(&Safe::word("why it is asked")));
    let why = ticket.map(Ticket::why_sentence).unwrap_or_default();
    rows.extend(why.wrap_words(width).iter().map(Row::ours));
    rows.push(Row::ours(&Safe::word("its arguments")));
    rows
}

/// `#2318   2 of 5   51 B`, or what became of the call: one row, so that what was seen stays seen.
fn heading(model: &Model, shown: &Shown, place: &Safe, doc: &Doc) -> Safe {
    let heading = Safe::escape(&format!("#{}   ", shown.key.ticket.0)).then(place);
    let over = model.ticket(shown.key).and_then(|ticket| ticket.over.as_ref());
    match over {
        Some(over) => {
            let heading = heading.then(&Safe::word(over.how.words()));
            match &over.by {
                Some(by) => heading.then(&Safe::word("  by ")).then(by),
                None => heading,
            }
        }
        None if shown.left_out => heading.then(&Safe::word("LEFT OUT: it changed, or is gone")),
        None => heading.then(&Safe::escape(&bytes::exact(doc.text.len() as u64))),
    }
}
