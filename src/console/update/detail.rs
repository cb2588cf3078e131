//! The detail pane: which call, which tab, what is folded.

use std::collections::BTreeSet;

use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::model::doc::{Laid, Part, Slot, Want};
use crate::console::model::ui::{Move, Pane, Tab};
use crate::console::update::{Cmd, say, selected, tools};
use crate::console::view::layout;

/// Tabs and folds.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Cmd> {
    if model.ui.detail.definition.is_some() {
        return say(model, "a definition has no tabs and no folds");
    }
    if action == Action::NextTab {
        return turn_tab(model, 1);
    }
    if action == Action::PreviousTab {
        return turn_tab(model, 2);
    }
    if action == Action::Wrap {
        let cuts = model.ui.detail.cuts;
        cut(model, !cuts);
        return Vec::new();
    }
    fold(model, action == Action::Fold);
    Vec::new()
}

/// Gives each line one row, or as many as it needs. The cursor stays at its line.
pub(super) fn cut(model: &mut Model, cuts: bool) {
    let detail = &mut model.ui.detail;
    detail.line = detail.page.laid.as_ref().and_then(|laid| laid.item(detail.cursor));
    detail.cuts = cuts;
    detail.page.laid = None;
}

/// Loads the selected call into the detail pane, if it is not there.
pub(super) fn show_call(model: &mut Model) -> Vec<Cmd> {
    let Some(at) = selected(model) else { return Vec::new() };
    let Some(call) = model.calls.get(at.0) else { return Vec::new() };
    let want = |place, part| Want { session: call.session, place, call: call.call, part };
    let request = want(call.request(), Part::Arguments);
    let answer = call.answer().map(|place| want(place, Part::Answer));
    let detail = &mut model.ui.detail;
    let mut cmds = Vec::new();
    if detail.row != Some(at) {
        detail.row = Some(at);
        detail.page.stale();
        (detail.cursor, detail.folded) = (0, BTreeSet::new());
        detail.sought = None;
        detail.request = Slot::Loading(request);
        detail.answer = Slot::Empty;
        cmds.push(Cmd::Load(request));
    }
    if let (Slot::Empty, Some(answer)) = (&detail.answer, answer) {
        detail.answer = Slot::Loading(answer);
        detail.page.laid = None;
        cmds.push(Cmd::Load(answer));
    }
    cmds
}

/// Keeps the detail pane at the selected call while calls come in; called before each frame.
pub fn refresh(model: &mut Model) -> Vec<Cmd> {
    if layout::areas(model).pane(Pane::Detail).is_none() {
        return tools::refresh(model, false);
    }
    let defined = model.ui.pane == Pane::Tools || model.ui.detail.definition.is_some();
    if defined { tools::refresh(model, true) } else { show_call(model) }
}

/// Unfolds what is folded, folds what is not.
pub(super) fn turn_fold(model: &mut Model) {
    if model.ui.detail.definition.is_some() {
        return;
    }
    let detail = &model.ui.detail;
    let item = detail.page.laid.as_ref().and_then(|laid| laid.item(detail.cursor));
    let is_folded = item.is_some_and(|item| detail.folded.contains(&item));
    fold(model, !is_folded);
}

/// Folds what the cursor is on, or else what it is in; or unfolds it.
pub(super) fn fold(model: &mut Model, folds: bool) {
    let detail = &mut model.ui.detail;
    let slot = if detail.tab == Tab::Result { &detail.answer } else { &detail.request };
    let (Some(doc), Some(laid)) = (slot.doc(), &detail.page.laid) else { return };
    let Some(item) = laid.item(detail.cursor) else { return };
    let items = &doc.lines.items;
    let opens = |at: usize| items.get(at).is_some_and(|item| item.end.is_some());
    if !folds {
        if !detail.folded.remove(&item) {
            return;
        }
    } else if opens(item) && !detail.folded.contains(&item) {
        detail.folded.insert(item);
    } else {
        let around = |at: &usize| {
            items.get(*at).and_then(|open| open.end).is_some_and(|end| *at < item && item <= end)
        };
        let Some(parent) = (0..item).rev().find(around) else { return };
        detail.folded.insert(parent);
        detail.cursor = laid.row_of(parent);
    }
    detail.page.laid = None;
}

fn turn_tab(model: &mut Model, by: usize) -> Vec<Cmd> {
    let tabs = [Tab::Args, Tab::Result, Tab::Raw];
    let at = tabs.iter().position(|tab| *tab == model.ui.detail.tab).unwrap_or(0);
    turn_to(model, tabs.into_iter().cycle().nth(at + by).unwrap_or_default());
    Vec::new()
}

/// Shows this tab.
pub(super) fn turn_to(model: &mut Model, tab: Tab) {
    let detail = &mut model.ui.detail;
    detail.tab = tab;
    detail.page.stale();
    (detail.cursor, detail.folded) = (0, BTreeSet::new());
}

/// Scrolls by a row; the cursor stays on the screen.
pub(super) fn scroll(model: &mut Model, by: Move) {
    let detail = &mut model.ui.detail;
    detail.page.scroll(by);
    let last = detail.page.top + detail.page.height.saturating_sub(1);
    detail.cursor = detail.cursor.clamp(detail.page.top, last);
}

/// Puts the cursor on a row of the screen.
pub(super) fn point(model: &mut Model, row: usize) {
    let detail = &mut model.ui.detail;
    let last = detail.page.laid.as_ref().map_or(0, Laid::len).saturating_sub(1);
    detail.cursor = (detail.page.top + row).min(last);
}

/// Moves the cursor.
pub(super) fn moved(model: &mut Model, by: Move) {
    let detail = &mut model.ui.detail;
    let last = detail.page.laid.as_ref().map_or(0, Laid::len).saturating_sub(1);
    detail.cursor = by.from(detail.cursor, detail.page.height.max(1)).min(last);
}
