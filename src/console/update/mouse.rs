//! The mouse selects, scrolls and opens. **It never answers**, and a card that it opened arms like any other
//! (console.md 2.6, 2.9).

use ratatui::layout::{Position, Rect};

use crate::console::action::Context;
use crate::console::input::{Mouse, Pointer};
use crate::console::model::Model;
use crate::console::model::card::Step;
use crate::console::model::catalogue::Line;
use crate::console::model::rules::Listed;
use crate::console::model::ui::{Move, Pane};
use crate::console::update::moves::moved;
use crate::console::update::{Cmd, context, detail, open, pane_context, panes, selected};
use crate::console::view::layout::{self, Areas};
use crate::console::view::{detail as tabs, status};

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;
/// A press this long after the window came to the front is the one that brought it there.
const FOCUS_MS: u64 = 300;
/// A second press at the same place within this long opens what the first one selected.
const TWICE_MS: u64 = 400;

/// Something done with the mouse.
pub(super) fn act(model: &mut Model, mouse: Mouse) -> Vec<Cmd> {
    model.ui.last_input_ms = Some(model.now.mono_ms);
    let at = Position { x: mouse.column, y: mouse.row };
    match mouse.what {
        // The press that brought the window to the front was meant for the window.
        Pointer::Press if swallowed(model) => Vec::new(),
        Pointer::Press => press(model, at),
        Pointer::Drag => {
            if model.ui.window.drags {
                layout::split_at(model, at.x);
            }
            Vec::new()
        }
        Pointer::WheelUp => wheel(model, at, Move::Up),
        Pointer::WheelDown => wheel(model, at, Move::Down),
        Pointer::Other => Vec::new(),
    }
}

/// Whether a press is that of the window.
fn swallowed(model: &mut Model) -> bool {
    let window = &mut model.ui.window;
    window.drags = false;
    let now_ms = model.now.mono_ms;
    window.swallow_ms.take().is_some_and(|since| now_ms < since + FOCUS_MS)
}

/// Scrolls what the pointer is on, wherever the keys go.
fn wheel(model: &mut Model, at: Position, by: Move) -> Vec<Cmd> {
    let top = context(model);
    if matches!(top, Context::Prompt | Context::Line | Context::Palette) {
        return Vec::new();
    }
    if top == Context::Help {
        return notch(model, by, top);
    }
    let areas = layout::areas(model);
    if areas.card.is_some_and(|area| area.contains(at)) {
        // An editor there covers the rows, and what nobody sees is not scrolled.
        return if top == Context::Edit { Vec::new() } else { notch(model, by, Context::Card) };
    }
    match pane_at(&areas, at) {
        Some((Pane::Detail, _)) => {
            for _ in 0..NOTCH {
                detail::scroll(model, by);
            }
            Vec::new()
        }
        // Time has no up and down.
        Some((Pane::Timeline, _)) | None => Vec::new(),
        Some((pane, _)) => notch(model, by, pane_context(pane)),
    }
}

fn notch(model: &mut Model, by: Move, context: Context) -> Vec<Cmd> {
    (0..NOTCH).flat_map(|_| moved(model, by, context)).collect()
}

fn press(model: &mut Model, at: Position) -> Vec<Cmd> {
    let now_ms = model.now.mono_ms;
    let before = model.ui.window.pressed.replace(((at.x, at.y), now_ms));
    let twice = before.is_some_and(|(place, ms)| place == (at.x, at.y) && now_ms < ms + TWICE_MS);
    model.ui.said = None;
    let covered = matches!(
        context(model),
        Context::Prompt | Context::Line | Context::Palette | Context::Help
    );
    let areas = layout::areas(model);
    if covered || areas.card.is_some_and(|area| area.contains(at)) {
        return Vec::new();
    }
    if areas.tabs.is_some_and(|area| area.contains(at)) {
        return match status::tab_at(model, at.x) {
            Some(pane) if put_aside(model) => panes::focus(model, pane),
            Some(_) | None => Vec::new(),
        };
    }
    let Some((pane, area)) = pane_at(&areas, at) else { return Vec::new() };
    let border = area.x + area.width - 1 == at.x && at.x == layout::split_column(model);
    if border && model.ui.card.is_none() && areas.panes().any(|(_, area)| area.x > at.x) {
        model.ui.window.drags = true;
        return Vec::new();
    }
    if !put_aside(model) {
        return Vec::new();
    }
    if twice && layout::rows_of(pane, area).contains(at) {
        // A third press is the first of the next two.
        model.ui.window.pressed = None;
        return open(model, pane_context(pane));
    }
    let mut cmds = panes::focus(model, pane);
    cmds.extend(select(model, pane, area, at));
    cmds
}

/// Leaves the card, if nothing was begun there that would be lost; its call waits on.
fn put_aside(model: &mut Model) -> bool {
    let begun = |step: &Step| !matches!(step, Step::Open | Step::Outside | Step::Sent(_));
    if model.ui.card.as_ref().is_some_and(|card| begun(&card.step)) {
        return false;
    }
    model.ui.card = None;
    true
}

fn pane_at(areas: &Areas, at: Position) -> Option<(Pane, Rect)> {
    areas.panes().find(|(_, area)| area.contains(at))
}

/// Selects what is at a place of a pane.
fn select(model: &mut Model, pane: Pane, area: Rect, at: Position) -> Vec<Cmd> {
    let rows = layout::rows_of(pane, area);
    let tabbed = model.ui.detail.definition.is_none();
    if pane == Pane::Detail && tabbed && at.y == area.y + 1 {
        if let Some(tab) = tabs::tab_at(at.x.saturating_sub(area.x + 1)) {
            detail::turn_to(model, tab);
        }
        return Vec::new();
    }
    if !rows.contains(at) {
        return Vec::new();
    }
    let row = usize::from(at.y - rows.y);
    let height = usize::from(rows.height);
    let listed = |at: usize, len: usize| {
        let place = layout::window(at, height, len) + row;
        (place < len).then_some(place)
    };
    match pane {
        Pane::Calls => {
            let here = selected(model).map_or(0, |at| model.shown_place(at));
            let place = listed(here, model.shown_len());
            if let Some(call) = place.and_then(|place| model.shown(place)) {
                model.ui.call = Some(call);
            }
            return detail::refresh(model);
        }
        Pane::Ask => {
            let len = model.asks().count();
            if let Some(place) = listed(model.ui.ask.min(len), len) {
                model.ui.ask = place;
            }
        }
        Pane::Tools => {
            let lines = model.catalogue();
            let here = model.selected_definition(&lines).unwrap_or_default();
            let line = listed(here, lines.len()).and_then(|place| lines.get(place));
            let key = line.and_then(Line::key).cloned();
            model.ui.tool = key.or_else(|| model.ui.tool.clone());
        }
        Pane::Servers => {
            let len = model.servers().count();
            let here = model.ui.server.min(len.saturating_sub(1));
            model.ui.server = listed(here, len).unwrap_or(here);
        }
        Pane::Sessions => {
            let len = model.sessions.len();
            let here = model.ui.session.min(len.saturating_sub(1));
            model.ui.session = listed(here, len).unwrap_or(here);
        }
        Pane::Policy => {
            let rules = model.rules();
            let place = listed(model.selected_rule(&rules), rules.len());
            let selected = place.and_then(|place| rules.get(place)).map(Listed::key);
            model.ui.rule = selected.or_else(|| model.ui.rule.clone());
        }
        Pane::Findings => {
            let all = model.listed_findings();
            let place = listed(model.selected_finding(&all), all.len());
            let number = place.and_then(|place| all.get(place)).map(|found| found.number);
            model.ui.findings.selected = number.or(model.ui.findings.selected);
        }
        Pane::Compare => {
            let len = model.compare.as_ref().map_or(0, |compare| compare.pairs.len());
            let here = model.ui.pair.min(len.saturating_sub(1));
            model.ui.pair = listed(here, len).unwrap_or(here);
        }
        Pane::Detail => detail::point(model, row),
        Pane::Timeline => {
            if model.replay.is_some() {
                let part = usize::from(at.x - rows.x).saturating_sub(1);
                model.ui.part = Some(part.min(layout::timeline_columns(model).saturating_sub(1)));
            }
        }
        Pane::Log => {}
    }
    Vec::new()
}
