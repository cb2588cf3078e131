//! Filtering in pieces: a step of [`Visible`](crate::console::model::visible::Visible) whenever there is
//! time, and what has to be read for the next one.

use crate::console::filter::{Filter, Tester};
use crate::console::model::doc::{Part, Want};
use crate::console::model::ui::Chosen;
use crate::console::model::visible::{Batch, Bodies};
use crate::console::model::{CallAt, Model};
use crate::console::update::Cmd;
use crate::text::Safe;

/// One row to be read: its arguments, and its result where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspect {
    /// Which row.
    pub row: u32,
    /// Its arguments.
    pub request: Want,
    /// Its result.
    pub answer: Option<Want>,
}

/// Whether rows are left to be tested.
#[must_use]
pub fn is_due(model: &Model) -> bool {
    model.ui.visible.is_due(model.calls.len())
}

/// A piece of the work.
pub(super) fn step(model: &mut Model) -> Vec<Cmd> {
    if !is_due(model) {
        return Vec::new();
    }
    let mut visible = std::mem::take(&mut model.ui.visible);
    let batch = visible.step(model);
    model.ui.visible = visible;
    batch.map(|batch| inspect(model, &batch)).into_iter().collect()
}

fn inspect(model: &Model, batch: &Batch) -> Cmd {
    let wants = batch.rows.iter().filter_map(|row| {
        let call = model.call(CallAt(usize::try_from(*row).ok()?))?;
        let want = |place, part| Want { session: call.session, place, call: call.call, part };
        let answer = call.answer().map(|place| want(place, Part::Answer));
        Some(Inspect { row: *row, request: want(call.request(), Part::Arguments), answer })
    });
    Cmd::Inspect(batch.generation, wants.collect())
}

/// What was read of a batch. The next one waits for its turn: keys and frames come in between.
pub(super) fn inspected(model: &mut Model, generation: u32, read: &[(u32, Bodies)]) {
    let mut visible = std::mem::take(&mut model.ui.visible);
    visible.read(model, generation, read);
    model.ui.visible = visible;
}

/// Puts a filter in force, or takes it away.
pub(super) fn choose(model: &mut Model, filter: Option<(&str, Filter)>) -> Vec<Cmd> {
    model.ui.filter =
        filter.map(|(text, filter)| Chosen { text: Safe::escape(text.trim()), filter });
    begin(model)
}

/// Begins anew, after the filter or the wish for marked rows alone changed.
pub(super) fn begin(model: &mut Model) -> Vec<Cmd> {
    let chosen = model.ui.filter.as_ref().map(|chosen| chosen.filter.clone());
    let marked = model.ui.marked_only.then(Filter::marked);
    let filter = match (chosen, marked) {
        (Some(chosen), Some(marked)) => Some(chosen.and(marked)),
        (chosen, marked) => chosen.or(marked),
    };
    let tester = filter.map(|filter| Tester::new(&filter, model.now.at, &model.zone));
    model.ui.visible.set(tester);
    step(model)
}
