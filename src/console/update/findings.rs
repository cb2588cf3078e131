//! The Findings pane: which one is selected, listed, dismissed and gone to. It answers nothing and changes no rule.

use crate::console::action;
use crate::console::filter::Filter;
use crate::console::model::Model;
use crate::console::model::findings::{Found, Standing};
use crate::console::model::marks::NOTE_CHARS_MAX;
use crate::console::model::typing::Purpose;
use crate::console::model::ui::{Chosen, Move, Pane, Tab};
use crate::console::update::{self, Cmd, detail, panes, prompt, say, sift};
use crate::console::view::layout;
use crate::text::Safe;

/// The pane's own keys.
pub(super) fn act(model: &mut Model, key: action::Found, argument: Option<&str>) -> Vec<Cmd> {
    match (key, argument) {
        (action::Found::Filter, None) => prompt::open(model, Purpose::Findings, ""),
        (action::Found::Filter, Some(text)) => choose(model, text),
        (action::Found::Sort, _) => {
            model.ui.findings.newest_first = !model.ui.findings.newest_first;
            Vec::new()
        }
        (action::Found::FalseAlarm, _) => {
            if model.replay.is_some() {
                return say(model, "this is a replay: `tollgate findings` has what was recorded");
            }
            let Some(number) = selected(model).map(|found| found.number) else {
                return say(model, "no finding is selected");
            };
            match argument {
                Some(reason) => false_alarm(model, number, reason),
                None => prompt::open(model, Purpose::FalseAlarm(number), ""),
            }
        }
        (action::Found::Dismiss, _) => {
            let Some(number) = selected(model).map(|found| found.number) else {
                return say(model, "no finding is selected");
            };
            if matches!(model.ui.findings.standing(number), Standing::Dismissed(_)) {
                model.stand(number, Standing::Seen);
                return say(model, "it is dismissed no more");
            }
            match argument {
                Some(note) => dismiss(model, number, note),
                None => prompt::open(model, Purpose::Dismiss(number), ""),
            }
        }
    }
}

/// The selected finding.
fn selected(model: &Model) -> Option<&Found> {
    let listed = model.listed_findings();
    listed.get(model.selected_finding(&listed)).copied()
}

/// Lists those that a filter means; an empty one all.
pub(super) fn choose(model: &mut Model, text: &str) -> Vec<Cmd> {
    let text = text.trim();
    if text.is_empty() {
        model.ui.findings.filter = None;
        return Vec::new();
    }
    match Filter::parse(text) {
        Ok(filter) => {
            model.ui.findings.filter = Some(Chosen { text: Safe::escape(text), filter });
        }
        Err(error) => {
            model.ui.said = Some(Safe::word("no filter: ").then(&Safe::escape(&error.to_string())));
        }
    }
    Vec::new()
}

/// A finding needs no look any more; the next one is selected.
pub(super) fn dismiss(model: &mut Model, number: u64, note: &str) -> Vec<Cmd> {
    let listed = model.listed_findings();
    let at = listed.iter().position(|found| found.number == number).unwrap_or_default();
    let next = listed.get(at + 1).or_else(|| listed.get(at.checked_sub(1)?));
    let next = next.map(|found| found.number);
    let note: String = note.trim().chars().take(NOTE_CHARS_MAX).collect();
    model.stand(number, Standing::Dismissed(note));
    model.ui.findings.selected = next.or(Some(number));
    say(model, "dismissed, as long as this console runs; d on it takes that back")
}

/// A finding is a false alarm, as the operator says. What that silences is shown and asked before anything is written.
pub(super) fn false_alarm(model: &mut Model, number: u64, reason: &str) -> Vec<Cmd> {
    let found = model.found.iter().find(|found| found.number == number);
    let finding = found.map(|found| &found.finding);
    let spot = finding.and_then(|finding| finding.seen.as_ref()?.spot.as_ref());
    let (Some(finding), Some(spot)) = (finding, spot) else {
        return say(model, "the gate itself says so: nothing of it is silent");
    };
    let (id, any_text) = (spot.id(&finding.rule), spot.text.is_empty());
    vec![Cmd::FalseAlarm { id, reason: reason.trim().to_owned(), any_text }]
}

/// Moves the selection.
pub(super) fn moved(model: &mut Model, by: Move, page: usize) {
    let listed = model.listed_findings();
    let last = listed.len().saturating_sub(1);
    let to = by.from(model.selected_finding(&listed), page).min(last);
    let number = listed.get(to).map(|found| found.number);
    model.ui.findings.selected = number;
}

/// Shows the call that the selected finding belongs to.
pub(super) fn open_selected(model: &mut Model) -> Vec<Cmd> {
    let Some(found) = selected(model) else { return say(model, "no finding is selected") };
    let last = found.last;
    let path = found.finding.seen.as_deref().map(|seen| seen.path.clone());
    let row = last.call.and_then(|call| model.row_of(last.session, call));
    let Some(row) = row else {
        return say(model, "it belongs to no call: 0 has what the gate said of it");
    };
    model.ui.call = Some(row);
    sift::sort_at_once(model);
    if update::selected(model) != Some(row) {
        return say(model, "the filter hides its call: 1, then `filter` alone shows all");
    }
    model.ui.detail.definition = None;
    let cmds = panes::focus(model, Pane::Detail);
    detail::turn_to(model, if last.in_answer { Tab::Result } else { Tab::Args });
    model.ui.detail.sought = path;
    cmds
}

/// The selected one was on the screen, where the pane has the keys.
pub(super) fn drawn(model: &mut Model) {
    let ui = &model.ui;
    let covered = ui.help.is_some() || ui.palette.is_some() || ui.card.is_some();
    let visible = layout::areas(model).pane(Pane::Findings).is_some();
    if covered || !visible || ui.pane != Pane::Findings {
        return;
    }
    let Some(number) = selected(model).map(|found| found.number) else { return };
    // What comes in later does not move the selection to what nobody chose.
    model.ui.findings.selected = Some(number);
    if *model.ui.findings.standing(number) == Standing::New {
        model.stand(number, Standing::Seen);
    }
}
