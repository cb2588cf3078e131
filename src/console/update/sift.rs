//! Filtering in pieces: a step of [`Visible`](crate::console::model::visible::Visible) whenever there is
//! time, and what has to be read for the next one.

use crate::console::action::Context;
use crate::console::filter::{self, Filter, Tester};
use crate::console::model::column::Column;
use crate::console::model::doc::{Part, Want};
use crate::console::model::typing::Searched;
use crate::console::model::ui::{Chosen, Pane};
use crate::console::model::visible::{Batch, Bodies};
use crate::console::model::{CallAt, Model};
use crate::console::update::{Cmd, panes, search};
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
    model.ui.sorting.touch();
    batch.map(|batch| inspect(model, &batch)).into_iter().collect()
}

/// Makes the order of the calls anew, where anything changed.
pub(super) fn sort_at_once(model: &mut Model) {
    model.ui.sorting.hold_no_longer();
    sort(model);
}

/// Makes the order of the calls anew, where it is due.
pub(super) fn sort(model: &mut Model) {
    if model.ui.sorting.due_in_ms(model.now.mono_ms) != Some(0) {
        return;
    }
    let mut sorting = std::mem::take(&mut model.ui.sorting);
    sorting.make(model, model.listed());
    model.ui.sorting = sorting;
}

/// Sorts by a column from now on, or by the next one of those that tell most.
pub(super) fn sort_by(model: &mut Model, word: Option<&str>) -> Vec<Cmd> {
    const NEXT: [Column; 4] = [Column::Time, Column::Took, Column::Size, Column::Name];
    let by = if let Some(word) = word.map(str::trim).filter(|word| !word.is_empty()) {
        Column::to_sort_by(word)
    } else {
        let here = model.ui.sorting.by().unwrap_or(Column::Time);
        let at = NEXT.iter().position(|column| *column == here).unwrap_or_default();
        Ok(NEXT.iter().copied().cycle().nth(at + 1).unwrap_or(Column::Time))
    };
    match by {
        Ok(by) => model.ui.sorting.set(by),
        Err(why) => model.ui.said = Some(Safe::escape(&why)),
    }
    sort(model);
    Vec::new()
}

/// Shows these columns of the calls; none for as many as there is room for.
pub(super) fn show_columns(model: &mut Model, words: &str) -> Vec<Cmd> {
    match Column::list(words) {
        Ok(columns) => model.ui.columns = (!columns.is_empty()).then_some(columns),
        Err(why) => model.ui.said = Some(Safe::escape(&why)),
    }
    Vec::new()
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
    model.ui.sorting.touch();
}

/// Puts a filter in force, or takes it away.
pub(super) fn choose(model: &mut Model, filter: Option<(&str, Filter)>) -> Vec<Cmd> {
    model.ui.filter =
        filter.map(|(text, filter)| Chosen { text: Safe::escape(text.trim()), filter });
    begin(model)
}

/// Lists the calls of the selected session, server or rule alone.
pub(super) fn choose_peer(model: &mut Model, context: Context) -> Vec<Cmd> {
    let text = if context == Context::Sessions {
        let selected = model.sessions.get(model.ui.session);
        selected.map(|session| format!("sess:{}", filter::value(session.shown.as_str())))
    } else if context == Context::Policy {
        let rules = model.rules();
        let selected = rules.get(model.selected_rule(&rules));
        selected.map(|listed| format!("rule:{}", filter::value(listed.rule.shown().as_str())))
    } else {
        let selected = model.servers().nth(model.ui.server);
        selected.map(|(session, server)| {
            let server = model.names.get(server.name);
            let (session, server) =
                (filter::value(session.shown.as_str()), filter::value(server.as_str()));
            format!("sess:{session} srv:{server}")
        })
    };
    let Some(text) = text else { return Vec::new() };
    let mut cmds = match Filter::parse(&text) {
        Ok(filter) => choose(model, Some((&text, filter))),
        Err(error) => {
            model.ui.said = Some(Safe::escape(&error.to_string()));
            return Vec::new();
        }
    };
    model.ui.call = None;
    cmds.extend(panes::focus(model, Pane::Calls));
    cmds
}

/// Goes to what the selected server says on its stderr, in the log.
pub(super) fn stderr(model: &mut Model) -> Vec<Cmd> {
    let server = model.servers().nth(model.ui.server).map(|(_, server)| server.name);
    let Some(server) = server else { return Vec::new() };
    let text = format!("{} stderr", model.names.get(server));
    let mut cmds = panes::focus(model, Pane::Log);
    cmds.extend(search::begin(model, Searched::Log, &text));
    cmds
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
    let by = model.ui.sorting.by();
    model.ui.sorting.set(by.unwrap_or(Column::Time));
    let cmds = step(model);
    sort(model);
    cmds
}

/// The tape went to another place: rows behind it are gone, others may have changed. The order holds as long as any.
pub(super) fn rewound(model: &mut Model) -> Vec<Cmd> {
    let order = std::mem::take(&mut model.ui.sorting);
    let cmds = begin(model);
    model.ui.sorting = order;
    model.ui.sorting.rewound(model.calls.len());
    cmds
}
