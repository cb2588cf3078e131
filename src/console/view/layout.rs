//! Where the panes are: a function of the size and of what is open, shared by `update` and `view`.

use ratatui::layout::Rect;

use crate::console::model::card::Step;
use crate::console::model::ui::Pane;
use crate::console::model::{Model, Size};

/// Below this nothing is drawn but how to get more room (console.md 2.2).
const USABLE: Size = Size { columns: 60, rows: 16 };
/// From this on panes stand side by side.
const SPLIT: Size = Size { columns: 100, rows: 30 };
/// Rows of the ask pane beside others, its border included.
const ASK_ROWS: u16 = 10;
/// Rows of the log pane beside others, its border included.
const LOG_ROWS: u16 = 10;

/// Rows from which on a card has its full head and foot, its border included; lower ones have less of
/// both, so that the arguments keep a window.
const CARD_ROWS: u16 = 20;

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

/// Whether a card of this size has its full head and foot.
pub(in crate::console) const fn is_tall(area: Rect) -> bool {
    area.height >= CARD_ROWS
}

/// Rows of a card above the arguments, and below them, its border not counted. They depend on its size and on
/// what the operator does, never on the call: content cannot move what is ours.
pub(in crate::console) fn card_rows(model: &Model, area: Rect) -> (u16, u16) {
    let card = model.ui.card.as_ref();
    if card.is_some_and(|card| matches!(card.step, Step::Edit(_))) {
        return (1, 2);
    }
    match (card.is_some_and(|card| card.full), is_tall(area)) {
        (true, _) => (2, 2),
        (false, true) => (5, 7),
        (false, false) => (3, 3),
    }
}

/// Rows of the card's window on the arguments. One of them is kept to say what is clipped.
pub(in crate::console) fn card_window(model: &Model, area: Rect) -> usize {
    let (above, below) = card_rows(model, area);
    usize::from(area.height.saturating_sub(2 + above + below + 1))
}
