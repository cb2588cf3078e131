//! The list of findings: where the operator is in it, and what was done with them.

use crate::console::model::Model;
use crate::console::model::findings::Handled;
use crate::console::model::ui::{Move, Pane, Tab};
use crate::console::update::{Cmd, panes, say};

/// Selects one, which counts as seen from then on.
pub(super) fn select(model: &mut Model, number: Option<u64>) {
    let Some(number) = number else { return };
    model.ui.finding = Some(number);
    model.ui.handled.entry(number).or_insert(Handled::Seen);
}

/// Moves the cursor.
pub(super) fn moved(model: &mut Model, by: Move, page: usize) {
    let listed = model.listed_findings();
    let to = by.from(model.selected_finding(&listed), page).min(listed.len().saturating_sub(1));
    let number = listed.get(to).map(|one| one.number);
    select(model, number);
}

/// Goes to the call that the selected one was seen in.
pub(super) fn open_selected(model: &mut Model) -> Vec<Cmd> {
    let listed = model.listed_findings();
    let Some(one) = listed.get(model.selected_finding(&listed)) else { return Vec::new() };
    let (number, call, in_answer) = (one.number, one.call, one.in_answer);
    // What was undone to read it does not stand in the text.
    let words = if one.behind.as_str().is_empty() { one.evidence.as_str() } else { "" };
    let words = words.lines().next().unwrap_or_default().trim_end_matches('~').to_owned();
    select(model, Some(number));
    let Some(call) = call else {
        return say(model, "it is no call's: all that is known of it stands here");
    };
    model.ui.call = Some(call);
    model.ui.search = (!words.is_empty()).then_some(words);
    model.ui.detail.tab = if in_answer { Tab::Result } else { Tab::Args };
    panes::focus(model, Pane::Detail)
}

/// Puts the selected one away, to the end of the list; or back.
pub(super) fn dismiss(model: &mut Model) -> Vec<Cmd> {
    let listed = model.listed_findings();
    let at = model.selected_finding(&listed);
    let Some(one) = listed.get(at) else { return Vec::new() };
    let (number, put_away) = (one.number, model.handled(one) == Handled::Dismissed);
    let next = listed.get(at + 1).filter(|next| model.handled(next) != Handled::Dismissed);
    let next = next.map(|next| next.number);
    let handled = if put_away { Handled::Seen } else { Handled::Dismissed };
    model.ui.handled.insert(number, handled);
    select(model, next.filter(|_| !put_away).or(Some(number)));
    Vec::new()
}
