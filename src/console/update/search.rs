//! Looking for text in what is laid out: a body, the log, the keys.

use crate::console::model::Model;
use crate::console::model::doc::{Gutter, Laid};
use crate::console::model::typing::Searched;
use crate::console::model::ui::{Detail, Tab};
use crate::console::update::{self, Cmd, detail, prepare, tools};
use crate::console::view::help;
use crate::text::{Safe, hexdump};

/// Rows that are looked through; a hex dump of 3 MB has as many.
const ROWS_MAX: usize = 200_000;

/// A line, which may take several rows.
struct Piece {
    text: String,
    /// Where in the text each row begins, and which row that is.
    rows: Vec<(usize, usize)>,
}

/// Looks for a text from where the operator is; an empty one ends the search.
pub(super) fn begin(model: &mut Model, place: Searched, text: &str) -> Vec<Cmd> {
    let text = text.trim();
    model.ui.search = (!text.is_empty()).then(|| text.to_owned());
    forget(model);
    if model.ui.search.is_none() {
        return Vec::new();
    }
    if place == Searched::Detail && model.ui.detail.cuts {
        // What is cut could not be found.
        detail::cut(model, false);
        prepare(model, model.size);
    }
    if place == Searched::Log {
        // Nor what is not listed.
        model.ui.log_level = None;
    }
    let hits = hits(model, place);
    let from = first_row(model, place);
    let near = if place == Searched::Log {
        // The newest lines are at the bottom: the search begins there.
        hits.iter().rposition(|row| *row <= from).or(hits.len().checked_sub(1))
    } else {
        hits.iter().position(|row| *row >= from).or(Some(0))
    };
    show(model, place, &hits, near.unwrap_or(0), "")
}

/// The next match, or the one before; behind the last comes the first.
pub(super) fn step(model: &mut Model, place: Searched, forward: bool) -> Vec<Cmd> {
    if model.ui.search.is_none() {
        return update::say(model, "nothing is looked for: / begins a search");
    }
    let hits = hits(model, place);
    let here = found(model, place).unwrap_or_else(|| first_row(model, place));
    let last = hits.len().saturating_sub(1);
    let (at, around) = if forward {
        hits.iter().position(|row| *row > here).map_or((0, true), |at| (at, false))
    } else {
        hits.iter().rposition(|row| *row < here).map_or((last, true), |at| (at, false))
    };
    let word = match (around && hits.len() > 1, forward) {
        (false, _) => "",
        (true, true) => ", from the start again",
        (true, false) => ", from the end again",
    };
    show(model, place, &hits, at, word)
}

/// Takes the sign of the last match away.
fn forget(model: &mut Model) {
    model.ui.detail.page.found = None;
    model.ui.log_found = None;
    if let Some(help) = &mut model.ui.help {
        help.found = None;
    }
}

fn found(model: &Model, place: Searched) -> Option<usize> {
    match place {
        Searched::Detail => model.ui.detail.page.found,
        Searched::Help => model.ui.help.and_then(|help| help.found),
        Searched::Tools => None,
        Searched::Log => {
            let row = model.ui.log_found?.checked_sub(model.log_dropped)?;
            usize::try_from(row).ok()
        }
    }
}

/// Where the search begins.
fn first_row(model: &Model, place: Searched) -> usize {
    match place {
        Searched::Detail => model.ui.detail.page.top,
        Searched::Help => model.ui.help.map_or(0, |help| help.top),
        Searched::Tools => model.selected_definition(&model.catalogue()).unwrap_or_default(),
        Searched::Log => model.log.len().saturating_sub(1 + model.ui.log_up),
    }
}

/// Brings a match onto the screen and says which it is.
fn show(model: &mut Model, place: Searched, hits: &[usize], at: usize, word: &str) -> Vec<Cmd> {
    let Some(&row) = hits.get(at) else {
        let term = Safe::escape(model.ui.search.as_deref().unwrap_or_default());
        model.ui.said = Some(Safe::word("not found: ").then(&term));
        return Vec::new();
    };
    match place {
        Searched::Detail => {
            let detail = &mut model.ui.detail;
            detail.cursor = row;
            let page = &mut detail.page;
            page.found = Some(row);
            if row < page.top || row >= page.top + page.height {
                page.top = row.saturating_sub(page.height / 3);
            }
            page.scroll_inside();
        }
        Searched::Help => {
            let height = help::height(model.size);
            if let Some(help) = &mut model.ui.help {
                help.found = Some(row);
                if row < help.top || row >= help.top + height {
                    help.top = row.saturating_sub(height / 3);
                }
            }
        }
        Searched::Tools => tools::select(model, row),
        Searched::Log => {
            let last = model.log.len().saturating_sub(1);
            // Some lines below it give the match its context.
            model.ui.log_up = last.saturating_sub(row + 2);
            model.ui.log_found = Some(model.log_dropped + row as u64);
        }
    }
    let text = format!("match {} of {}{word}", at + 1, hits.len());
    model.ui.said = Some(Safe::escape(&text));
    Vec::new()
}

/// The rows with a match, ascending.
fn hits(model: &Model, place: Searched) -> Vec<usize> {
    let Some(term) = model.ui.search.as_ref().map(|term| term.to_ascii_lowercase()) else {
        return Vec::new();
    };
    let mut hits = Vec::new();
    for piece in pieces(model, place) {
        let text = piece.text.to_ascii_lowercase();
        for (at, _) in text.match_indices(&term) {
            let rows = piece.rows.iter().take_while(|(start, _)| *start <= at);
            hits.extend(rows.last().map(|(_, row)| *row));
        }
    }
    hits.dedup();
    hits
}

fn pieces(model: &Model, place: Searched) -> Vec<Piece> {
    let one = |(row, text): (usize, String)| Piece { text, rows: vec![(0, row)] };
    match place {
        Searched::Detail => laid(&model.ui.detail),
        Searched::Tools => tools::texts(model).into_iter().map(one).collect(),
        Searched::Log => {
            let texts = model.log.iter().map(|entry| format!("{} | {}", entry.source, entry.text));
            texts.enumerate().map(one).collect()
        }
        Searched::Help => {
            let lines = model.ui.help.map(|help| help::lines(model, help)).unwrap_or_default();
            lines.iter().map(help::Line::text).enumerate().map(one).collect()
        }
    }
}

fn laid(detail: &Detail) -> Vec<Piece> {
    let doc = match detail.tab {
        Tab::Args | Tab::Raw => detail.request.doc(),
        Tab::Result => detail.answer.doc(),
    };
    let mut pieces: Vec<Piece> = Vec::new();
    match (&detail.page.laid, doc) {
        (Some(Laid::Rows(rows)), _) => {
            for (n, row) in rows.iter().enumerate().take(ROWS_MAX) {
                let key = row.key.as_ref().map_or("", Safe::as_str);
                match pieces.last_mut() {
                    Some(piece) if matches!(row.gutter, Gutter::More | Gutter::FoundMore) => {
                        piece.rows.push((piece.text.len(), n));
                        piece.text.push_str(key);
                        piece.text.push_str(row.text.as_str());
                    }
                    Some(_) | None => {
                        let beside = row.beside.as_ref().map_or("", |side| side.text.as_str());
                        let text = format!("{key}{} {beside}", row.text);
                        pieces.push(Piece { text, rows: vec![(0, n)] });
                    }
                }
            }
        }
        (Some(Laid::Hex { columns, rows }), Some(doc)) => {
            for n in 0..(*rows).min(ROWS_MAX) {
                let text = hexdump::row(&doc.raw, n, *columns);
                pieces.push(Piece { text, rows: vec![(0, n)] });
            }
        }
        (Some(Laid::Hex { .. }), None) | (None, _) => {}
    }
    pieces
}
