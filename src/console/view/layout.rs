//! Where the panes are: a function of the size and of what is open, shared by `update` and `view`.

use ratatui::layout::Rect;

use crate::console::model::ui::{Pane, Step};
use crate::console::model::{Model, Size, Ticket};
use crate::text::Safe;

/// Below this nothing is drawn but how to get more room (console.md 2.2).
const USABLE: Size = Size { columns: 60, rows: 16 };
/// From this on panes stand side by side.
const SPLIT: Size = Size { columns: 100, rows: 30 };
/// Rows of the ask pane beside others, its border included.
const ASK_ROWS: u16 = 10;
/// Rows of the log pane beside others, its border included.
const LOG_ROWS: u16 = 10;

/// Where the sentences of the card's rules begin.
pub(in crate::console) const WHY_COLUMN: usize = 13;
/// Rows of the card for them; what is beyond is cut, and the cut is shown.
const WHY_ROWS_MAX: u16 = 4;

/// The places of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::console) struct Areas {
    pub(in crate::console) status: Rect,
    pub(in crate::console) tabs: Option<Rect>,
    pub(in crate::console) calls: Option<Rect>,
    pub(in crate::console) detail: Option<Rect>,
    pub(in crate::console) ask: Option<Rect>,
    pub(in crate::console) log: Option<Rect>,
    pub(in crate::console) card: Option<Rect>,
    pub(in crate::console) hint: Rect,
    pub(in crate::console) state: Rect,
}

/// Whether there is room for anything.
#[must_use]
pub fn is_usable(size: Size) -> bool {
    size.columns >= USABLE.columns && size.rows >= USABLE.rows
}

/// Whether panes stand side by side.
#[must_use]
pub fn is_split(size: Size) -> bool {
    size.columns >= SPLIT.columns && size.rows >= SPLIT.rows
}

/// The places at the model's size.
pub(in crate::console) fn areas(model: &Model) -> Areas {
    areas_in(model, Rect::new(0, 0, model.size.columns, model.size.rows))
}

/// The places in a frame.
pub(in crate::console) fn areas_in(model: &Model, whole: Rect) -> Areas {
    let size = Size { columns: whole.width, rows: whole.height };
    if !is_usable(size) {
        return Areas::default();
    }
    let row = |y| Rect::new(whole.x, whole.y + y, whole.width, 1);
    let mut areas = Areas {
        status: row(0),
        hint: row(whole.height - 2),
        state: row(whole.height - 1),
        ..Areas::default()
    };
    let below_status = Rect::new(whole.x, whole.y + 1, whole.width, whole.height - 3);
    let below_tabs = Rect { y: whole.y + 2, height: whole.height - 4, ..below_status };
    let card = model.ui.card.as_ref();
    if card.is_some_and(|card| card.full || !is_split(size)) {
        areas.card = Some(below_status);
        return areas;
    }
    areas.tabs = Some(row(1));
    if is_split(size) {
        split(&mut areas, below_tabs, card.is_some());
    } else {
        let place = match model.ui.pane {
            Pane::Calls => &mut areas.calls,
            Pane::Detail => &mut areas.detail,
            Pane::Ask => &mut areas.ask,
            Pane::Log => &mut areas.log,
        };
        *place = Some(below_tabs);
    }
    areas
}

/// Calls need 72 columns; what is beyond goes to the right side. A card takes the larger side.
fn split(areas: &mut Areas, body: Rect, card: bool) {
    let left_width = if card { body.width * 2 / 5 } else { (body.width * 3 / 5).max(60) };
    let left = Rect { width: left_width, ..body };
    let right = Rect { x: body.x + left_width, width: body.width - left_width, ..body };
    let cut = |area: Rect, rows: u16| {
        let above = Rect { height: area.height - rows, ..area };
        (above, Rect { y: area.y + above.height, height: rows, ..area })
    };
    let (calls, ask) = cut(left, ASK_ROWS);
    areas.calls = Some(calls);
    areas.ask = Some(ask);
    if card {
        areas.card = Some(right);
    } else {
        let (detail, log) = cut(right, LOG_ROWS);
        areas.detail = Some(detail);
        areas.log = Some(log);
    }
}

/// Rows of a card above the arguments, and below them, its border not counted.
pub(in crate::console) fn card_rows(model: &Model, area: Rect) -> (u16, u16) {
    match &model.ui.card {
        Some(card) if matches!(card.step, Step::Edit(_)) => (1, 2),
        Some(card) if card.full => (2, 2),
        Some(card) => {
            let lines = model.ticket(card.key).map_or(0, |ticket| why(ticket, area).len());
            (2 + u16::try_from(lines).unwrap_or(0).clamp(2, WHY_ROWS_MAX), 6)
        }
        None => (4, 6),
    }
}

/// Why the call waits, wrapped to a card of this size.
pub(in crate::console) fn why(ticket: &Ticket, area: Rect) -> Vec<Safe> {
    let mut all = Safe::default();
    for (n, (rule, sentence)) in ticket.why.iter().enumerate() {
        all = all
            .then(&Safe::word(if n > 0 { "; rule " } else { "rule " }))
            .then(rule)
            .then(&Safe::word(": "))
            .then(sentence);
    }
    all.wrap(usize::from(area.width).saturating_sub(2 + WHY_COLUMN))
}

/// Rows of the card's window on the arguments. One of them is kept to say what is clipped.
pub(in crate::console) fn card_window(model: &Model, area: Rect) -> usize {
    let (above, below) = card_rows(model, area);
    usize::from(area.height.saturating_sub(2 + above + below + 1))
}
