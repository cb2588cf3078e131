//! Marks, ranges, and what is written out of the console.

use crate::console::action::Action;
use crate::console::command;
use crate::console::model::{CallAt, Model, Place, SessionId};
use crate::console::update::{self, Cmd, sift};
use crate::text::Safe;

/// Records to be copied into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// As the operator typed it.
    pub file: String,
    /// How many calls they are of.
    pub calls: usize,
    /// Whose journal, and where in it; each once, in the order of each journal.
    pub records: Vec<(SessionId, Place)>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub file: String,
    /// How many calls.
    pub calls: usize,
    /// How many records.
    pub records: usize,
}

/// What marks calls, and shows the marked ones.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::Mark {
        return mark(model);
    }
    if action == Action::Select {
        return select(model);
    }
    if action == Action::Range {
        return turn_range(model);
    }
    turn_marked_only(model)
}

/// The places of the range, first and last.
pub(in crate::console) fn range(model: &Model) -> Option<(usize, usize)> {
    let from = model.shown_place(model.ui.range?);
    let to = model.shown_place(update::selected(model)?);
    Some((from.min(to), from.max(to)))
}

/// Begins a range at the selected call, or leaves it.
fn turn_range(model: &mut Model) -> Vec<Cmd> {
    model.ui.range = match model.ui.range {
        Some(_) => None,
        None => update::selected(model),
    };
    if model.ui.range.is_some() {
        // What follows the newest call would move the range's end by itself.
        model.ui.call = model.ui.range;
        return update::say(model, "range: move to its other end, then m marks it, x writes it");
    }
    Vec::new()
}

/// Marks the range or the selected call, or takes the mark away where all have it.
fn mark(model: &mut Model) -> Vec<Cmd> {
    let rows: Vec<CallAt> = match range(model) {
        Some((from, to)) => (from..=to).filter_map(|place| model.shown(place)).collect(),
        None => update::selected(model).into_iter().collect(),
    };
    model.ui.range = None;
    turn(model, &rows)
}

fn turn(model: &mut Model, rows: &[CallAt]) -> Vec<Cmd> {
    let marked = !rows.iter().all(|row| model.ui.marks.has(*row));
    for row in rows {
        if model.ui.marks.set(*row, marked) {
            model.ui.visible.touch_row(*row);
        }
    }
    sift::step(model)
}

/// Marks the selected call and goes to the next; where a range is open, marks that.
fn select(model: &mut Model) -> Vec<Cmd> {
    if model.ui.range.is_some() {
        return mark(model);
    }
    // The next one of what was listed, also where the mark changes what is listed.
    let here = update::selected(model);
    let next = here.and_then(|row| model.shown(model.shown_place(row) + 1)).or(here);
    let cmds = turn(model, here.as_slice());
    model.ui.call = next;
    cmds
}

/// Lists marked calls alone, or all again.
fn turn_marked_only(model: &mut Model) -> Vec<Cmd> {
    if model.ui.marks.is_empty() && !model.ui.marked_only {
        return update::say(model, "no call is marked: m marks one");
    }
    model.ui.marked_only = !model.ui.marked_only;
    sift::begin(model)
}

/// Writes the range, else the marked, else the listed calls.
pub(super) fn export(model: &mut Model, file: &str) -> Vec<Cmd> {
    let unfinished = model.ui.visible.decided(model.calls.len()).is_some();
    let listed = |from: usize, to: usize| (from..to).filter_map(|place| model.shown(place));
    let rows: Vec<CallAt> = match range(model) {
        Some((from, to)) => listed(from, to + 1).collect(),
        None if !model.ui.marks.is_empty() => model.ui.marks.rows().collect(),
        None if unfinished => {
            return update::say(model, "the filter is not through yet: wait, or mark calls");
        }
        None => listed(0, model.shown_len()).collect(),
    };
    if rows.is_empty() {
        return update::say(model, "there is no call to write");
    }
    let calls = rows.iter().filter_map(|row| model.call(*row));
    let mut records: Vec<(SessionId, Place)> = calls
        .flat_map(|call| {
            [Some(call.request()), call.answer()].into_iter().flatten().map(|at| (call.session, at))
        })
        .collect();
    records.sort_unstable();
    records.dedup();
    vec![Cmd::Export(Export { file: file.to_owned(), calls: rows.len(), records })]
}

/// Says what was written.
pub(super) fn exported(model: &mut Model, done: &Result<Exported, String>) {
    model.ui.said = Some(match done {
        Ok(Exported { file, calls, records }) => {
            Safe::escape(&format!("wrote {calls} calls ({records} records) to {file}"))
        }
        Err(why) => Safe::word("nothing was written: ").then(&Safe::escape(why)),
    });
}

/// Goes to a call: of the session of the selected one, else the newest of this number.
pub(super) fn go_to(model: &mut Model, number: &str) -> Vec<Cmd> {
    let Some(number) = command::number(number) else { return Vec::new() };
    let call = crate::engine::CallId(number);
    let here = update::selected(model).and_then(|row| model.call(row)).map(|call| call.session);
    let others = model.session_ids().rev();
    let found = here.into_iter().chain(others).find_map(|session| model.row_of(session, call));
    let Some(row) = found else {
        model.ui.said = Some(Safe::escape(&format!("no call #{number} is known")));
        return Vec::new();
    };
    model.ui.call = Some(row);
    sift::sort_at_once(model);
    if update::selected(model) != Some(row) {
        return update::say(model, "the filter hides that call: `filter` alone shows all");
    }
    update::refresh(model)
}
