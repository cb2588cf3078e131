//! Where the panes are: a function of the size and of what is open, shared by `update` and `view`.

use ratatui::layout::Rect;

use crate::console::model::card::Step;
use crate::console::model::ui::{Arrangement, Pane};
use crate::console::model::{Model, Size};

/// Below this nothing is drawn but how to get more room (console.md 2.2).
const USABLE: Size = Size { columns: 60, rows: 16 };
/// From this on panes stand side by side.
const SPLIT: Size = Size { columns: 100, rows: 30 };
/// From this on all of them do.
const WIDE: Size = Size { columns: 160, rows: 50 };
/// Rows of the pane in the split's last place, and of the ask pane, their borders included.
const LOW_ROWS: u16 = 10;
/// Columns that each side of a border keeps, wherever the operator moves it.
const SIDE_COLUMNS: u16 = 36;
/// Columns of the wide layout's left side: sessions, servers and the log.
const WIDE_LEFT: u16 = 40;
/// Rows of the timeline: calls and marks, and its border.
const TIMELINE_ROWS: u16 = 4;
/// A replay shows its timeline at all times in a body of so many rows.
const WITH_TIMELINE: u16 = 14;

/// Rows that tell of a finding: fewer say nothing,
const TOLD_MIN: u16 = 4;
/// more are not needed.
const TOLD_MAX: u16 = 16;

/// Rows from which on a card has its full head and foot, its border included; lower ones have less of
/// both, so that the arguments keep a window.
const CARD_ROWS: u16 = 20;

/// The places of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::console) struct Areas {
    pub(in crate::console) status: Rect,
    pub(in crate::console) tabs: Option<Rect>,
    panes: [Option<Rect>; Pane::ALL.len()],
    pub(in crate::console) card: Option<Rect>,
    pub(in crate::console) hint: Rect,
    pub(in crate::console) state: Rect,
}

impl Areas {
    /// Where a pane is, if it is on the screen.
    pub(in crate::console) fn pane(&self, pane: Pane) -> Option<Rect> {
        let at = Pane::ALL.iter().position(|known| *known == pane)?;
        self.panes.get(at).copied().flatten()
    }

    /// The panes that are on the screen.
    pub(in crate::console) fn panes(&self) -> impl Iterator<Item = (Pane, Rect)> {
        Pane::ALL.into_iter().zip(self.panes).filter_map(|(pane, area)| Some((pane, area?)))
    }

    fn place(&mut self, pane: Pane, area: Rect) {
        let at = Pane::ALL.iter().position(|known| *known == pane);
        if let Some(slot) = at.and_then(|at| self.panes.get_mut(at)) {
            *slot = Some(area);
        }
    }
}

/// Whether there is room for anything.
#[must_use]
pub fn is_usable(size: Size) -> bool {
    fits(size, USABLE)
}

const fn fits(size: Size, least: Size) -> bool {
    size.columns >= least.columns && size.rows >= least.rows
}

/// The layout at a size: the one that was asked for, or the largest that there is room for.
#[must_use]
pub fn arrangement(model: &Model, size: Size) -> Arrangement {
    let largest = if fits(size, WIDE) {
        Arrangement::Wide
    } else if fits(size, SPLIT) {
        Arrangement::Split
    } else {
        Arrangement::Focus
    };
    model.ui.arrangement.unwrap_or(largest).min(largest)
}

/// The next smaller layout, and from the smallest the largest again.
#[must_use]
pub fn next_arrangement(model: &Model) -> Arrangement {
    match arrangement(model, model.size) {
        Arrangement::Wide => Arrangement::Split,
        Arrangement::Split => Arrangement::Focus,
        Arrangement::Focus => Arrangement::Wide,
    }
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
    let mut body = Rect { y: whole.y + 2, height: whole.height - 4, ..below_status };
    let card = model.ui.card.as_ref();
    let arrangement = arrangement(model, size);
    let one = arrangement == Arrangement::Focus || model.ui.zoomed;
    if card.is_some_and(|card| card.full || one) {
        areas.card = Some(below_status);
        return areas;
    }
    areas.tabs = Some(row(1));
    let pane = model.ui.pane;
    if model.replay.is_some() && body.height >= WITH_TIMELINE && arrangement != Arrangement::Wide {
        let (above, timeline) = cut_low(body, TIMELINE_ROWS);
        areas.place(Pane::Timeline, timeline);
        body = above;
    }
    if pane == Pane::Compare {
        areas.place(pane, body);
    } else if one {
        // The timeline of a replay has its own place already.
        let shown = if areas.pane(pane).is_some() { Pane::Calls } else { pane };
        areas.place(shown, body);
    } else if arrangement == Arrangement::Wide {
        // The rules have the log's place while they are looked at.
        let guest = model.ui.guest;
        wide(&mut areas, body, card.is_some(), guest, model.ui.wider);
    } else {
        let guest = model.ui.guest.filter(|guest| areas.pane(*guest).is_none());
        let guest = guest.unwrap_or(Pane::Log);
        split(&mut areas, body, card.is_some(), guest, model.ui.wider);
    }
    areas
}

/// The area without its last rows, and these.
const fn cut_low(area: Rect, rows: u16) -> (Rect, Rect) {
    let above = Rect { height: area.height.saturating_sub(rows), ..area };
    (above, Rect { y: area.y + above.height, height: area.height - above.height, ..area })
}

/// The area's first columns, and the others.
const fn cut_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let left = Rect { width: if columns < area.width { columns } else { area.width }, ..area };
    (left, Rect { x: area.x + left.width, width: area.width - left.width, ..area })
}

/// Calls need 72 columns; what is beyond goes to the right side. A card takes the larger side, and is as wide
/// whatever the operator does.
fn split(areas: &mut Areas, body: Rect, card: bool, guest: Pane, wider: i16) {
    let columns = if card {
        body.width * 2 / 5
    } else {
        moved((body.width * 3 / 5).max(60), wider, body.width)
    };
    let (left, right) = cut_left(body, columns);
    let (calls, ask) = cut_low(left, LOW_ROWS);
    areas.place(Pane::Calls, calls);
    areas.place(Pane::Ask, ask);
    if card {
        areas.card = Some(right);
    } else {
        // What is found is told below its list.
        let rows = if guest == Pane::Findings { body.height * 3 / 5 } else { LOW_ROWS };
        let (detail, low) = cut_low(right, rows);
        areas.place(Pane::Detail, detail);
        areas.place(guest, low);
    }
}

/// Sessions, servers and the log; calls, asks and the timeline; the detail or the card. The definitions or the
/// findings stand below the detail while they are looked at.
fn wide(areas: &mut Areas, body: Rect, card: bool, guest: Option<Pane>, wider: i16) {
    let last = guest.filter(|guest| *guest == Pane::Policy).unwrap_or(Pane::Log);
    let (left, rest) = cut_left(body, WIDE_LEFT);
    let columns =
        if card { rest.width * 2 / 5 } else { moved(rest.width * 3 / 5, wider, rest.width) };
    let (middle, right) = cut_left(rest, columns);
    let (sessions, below) = cut_low(left, body.height * 2 / 3);
    let (servers, log) = cut_low(below, below.height / 2);
    areas.place(Pane::Sessions, sessions);
    areas.place(Pane::Servers, servers);
    areas.place(last, log);
    let (above, timeline) = cut_low(middle, TIMELINE_ROWS);
    let (calls, ask) = cut_low(above, LOW_ROWS);
    areas.place(Pane::Calls, calls);
    areas.place(Pane::Ask, ask);
    areas.place(Pane::Timeline, timeline);
    if card {
        areas.card = Some(right);
    } else if let Some(guest @ (Pane::Tools | Pane::Findings)) = guest {
        let (detail, low) = cut_low(right, body.height / 2);
        areas.place(Pane::Detail, detail);
        areas.place(guest, low);
    } else {
        areas.place(Pane::Detail, right);
    }
}

/// A width that the operator changed; each side keeps what a row needs.
fn moved(columns: u16, wider: i16, whole: u16) -> u16 {
    columns.saturating_add_signed(wider).clamp(SIDE_COLUMNS, whole.saturating_sub(SIDE_COLUMNS))
}

/// The column of the border behind the calls, where panes stand beside them.
pub(in crate::console) fn split_column(model: &Model) -> u16 {
    let area = areas(model).pane(Pane::Calls).unwrap_or_default();
    (area.x + area.width).saturating_sub(1)
}

/// Brings that border to a column, as far as both sides have room.
pub(in crate::console) fn split_at(model: &mut Model, column: u16) {
    let by = i32::from(column) - i32::from(split_column(model));
    let whole = i32::from(model.size.columns);
    let wider = (i32::from(model.ui.wider) + by).clamp(-whole, whole);
    let before = model.ui.wider;
    model.ui.wider = i16::try_from(wider).unwrap_or(before);
    // What no frame can show is not kept, or the way back would be as long.
    let beyond = i32::from(column) - i32::from(split_column(model));
    model.ui.wider = i16::try_from(wider - beyond).unwrap_or(before);
}

/// Where the rows of a list are in its pane, or the rows of another that can be pointed at.
pub(in crate::console) const fn rows_of(pane: Pane, area: Rect) -> Rect {
    let inside = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    // Rows of ours above, and below.
    let (above, below) = match pane {
        Pane::Calls | Pane::Tools | Pane::Servers | Pane::Policy => (1, 0),
        Pane::Findings => (1, told_rows(area)),
        Pane::Detail => (2, 0),
        Pane::Ask => (0, 2),
        Pane::Sessions | Pane::Log | Pane::Timeline | Pane::Compare => (0, 0),
    };
    let above = if above < inside.height { above } else { inside.height };
    Rect { y: inside.y + above, height: inside.height.saturating_sub(above + below), ..inside }
}

/// Rows at the bottom of the Findings pane that tell of the selected one, and the line above them.
pub(in crate::console) const fn told_rows(area: Rect) -> u16 {
    let inside = area.height.saturating_sub(2);
    let half = inside / 2;
    if half < TOLD_MIN {
        0
    } else if half > TOLD_MAX {
        TOLD_MAX
    } else {
        half
    }
}

/// The first row of a window of `height` rows that has `at` in its middle and shows all it can.
pub(in crate::console) fn window(at: usize, height: usize, len: usize) -> usize {
    at.saturating_sub(height / 2).min(len.saturating_sub(height))
}

/// Columns of the timeline: so many parts has its time.
pub(in crate::console) fn timeline_columns(model: &Model) -> usize {
    let area = areas(model).pane(Pane::Timeline).unwrap_or_default();
    usize::from(area.width.saturating_sub(4)).max(1)
}

/// Whether a card of this size has its full head and foot.
pub(in crate::console) const fn is_tall(area: Rect) -> bool {
    area.height >= CARD_ROWS
}

/// Rows of a card above the arguments, and below them, its border not counted. They depend on its size and on
/// what the operator does, never on the call: content cannot move what is ours.
pub(in crate::console) fn card_rows(model: &Model, area: Rect) -> (u16, u16) {
    let card = model.ui.card.as_ref();
    if card.is_some_and(|card| matches!(card.step, Step::Edit(_) | Step::Remember(_))) {
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
