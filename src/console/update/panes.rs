//! Which pane has the keys, and how panes stand.

use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::model::replay::To;
use crate::console::model::ui::{Arrangement, Move, Pane};
use crate::console::update::{Cmd, detail, go, say};
use crate::console::view::layout;
use crate::engine::Severity;

/// Columns that a key makes the calls wider or narrower.
const WIDER: i16 = 4;

/// What is about panes.
pub(super) fn act(model: &mut Model, action: Action, argument: Option<&str>) -> Vec<Cmd> {
    if let Action::Focus(pane) = action {
        focus(model, pane)
    } else if matches!(action, Action::NextPane | Action::PreviousPane) {
        focus(model, model.ui.pane.beside(action == Action::NextPane))
    } else if action == Action::Layout {
        arrange(model, argument)
    } else if action == Action::NextDifference {
        next_difference(model)
    } else if matches!(action, Action::Wider | Action::Narrower) {
        let step = if action == Action::Wider { WIDER } else { -WIDER };
        layout::split_at(model, layout::split_column(model).saturating_add_signed(step));
        Vec::new()
    } else {
        model.ui.zoomed = action == Action::Zoom;
        Vec::new()
    }
}

fn next_difference(model: &mut Model) -> Vec<Cmd> {
    let at = model.ui.pair;
    let next = model.compare.as_ref().and_then(|compare| compare.next_difference(at));
    if let Some(next) = next {
        model.ui.pair = next;
        return Vec::new();
    }
    say(model, "both recordings have the same calls")
}

/// Lists only worse lines in the log, and behind the worst all again.
pub(super) fn next_level(model: &mut Model) -> Vec<Cmd> {
    let ui = &mut model.ui;
    ui.log_level = match ui.log_level {
        None | Some(Severity::Info) => Some(Severity::Low),
        Some(Severity::Low) => Some(Severity::Medium),
        Some(Severity::Medium) => Some(Severity::High),
        Some(Severity::High) => None,
    };
    ui.log_up = 0;
    Vec::new()
}

/// Where a way back leads: to the definitions from one of them, else to the calls.
pub(super) fn behind(model: &Model) -> Pane {
    let defined = model.ui.pane == Pane::Detail && model.ui.detail.definition.is_some();
    if defined { Pane::Tools } else { Pane::Calls }
}

/// Gives a pane the keys.
pub(super) fn focus(model: &mut Model, pane: Pane) -> Vec<Cmd> {
    model.ui.pane = pane;
    if !matches!(pane, Pane::Detail | Pane::Tools) && model.ui.detail.definition.take().is_some() {
        model.ui.detail.page.stale();
    }
    match pane {
        Pane::Detail if model.ui.detail.definition.is_some() => {}
        Pane::Detail => return detail::show_call(model),
        Pane::Tools
        | Pane::Servers
        | Pane::Sessions
        | Pane::Findings
        | Pane::Policy
        | Pane::Timeline
        | Pane::Log => {
            model.ui.guest = Some(pane);
        }
        Pane::Calls | Pane::Ask | Pane::Compare => {}
    }
    Vec::new()
}

/// The next layout, or the one of this name.
fn arrange(model: &mut Model, word: Option<&str>) -> Vec<Cmd> {
    let all = [Arrangement::Focus, Arrangement::Split, Arrangement::Wide];
    let arrangement = match word.map(str::trim) {
        None => layout::next_arrangement(model),
        Some(word) => match all.into_iter().find(|known| known.word() == word) {
            Some(known) => known,
            None => return say(model, "no such layout: focus, split or wide"),
        },
    };
    model.ui.arrangement = Some(arrangement);
    model.ui.zoomed = false;
    Vec::new()
}

/// Goes to the time that the timeline's cursor is at.
pub(super) fn seek_selected(model: &mut Model) -> Vec<Cmd> {
    let Some(replay) = &model.replay else {
        return say(model, "the timeline of live sessions only looks back");
    };
    let parts = layout::timeline_columns(model);
    let part = model.ui.part.unwrap_or_else(|| replay.part(replay.clock, parts));
    let at = replay.part_begins(part, parts);
    model.ui.part = None;
    go(model, To::Time(at))
}

/// Moves the timeline's cursor.
pub(super) fn move_part(model: &mut Model, by: Move) {
    let parts = layout::timeline_columns(model);
    let Some(replay) = &model.replay else { return };
    let at = model.ui.part.unwrap_or_else(|| replay.part(replay.clock, parts));
    model.ui.part = Some(by.from(at, parts / 10).min(parts.saturating_sub(1)));
}
