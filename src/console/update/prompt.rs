//! Lines that are typed: filters, searches, commands and notes; what Tab offers; the past.

use std::collections::BTreeSet;

use crate::console::action::{Action, Context};
use crate::console::command;
use crate::console::filter::{self, Completion, Filter, Known};
use crate::console::input::Key;
use crate::console::model::Model;
use crate::console::model::typing::{Check, Edit, Purpose, Searched, Typing};
use crate::console::update::{self, Cmd, findings, marks, palette, replay, search, sessions, sift};
use crate::text::Safe;

/// Calls whose names are offered; those of older ones can be typed.
const NAMED_MAX: usize = 5000;

/// The actions of lines, and those that take a line.
pub(super) fn act(
    model: &mut Model,
    action: Action,
    argument: Option<&str>,
    context: Context,
) -> Vec<Cmd> {
    match (action, argument) {
        (Action::Filter, None) => open(model, Purpose::Filter, ""),
        (Action::Filter, Some(text)) => choose(model, text),
        (Action::Search | Action::NextMatch | Action::PreviousMatch, _) => {
            let Some(place) = Searched::of(context) else { return Vec::new() };
            match (action, argument) {
                (Action::Search, None) => open(model, Purpose::Search(place), ""),
                (Action::Search, Some(text)) => search::begin(model, place, text),
                _ => search::step(model, place, action == Action::NextMatch),
            }
        }
        (Action::Note, None) => match update::selected(model) {
            Some(row) => {
                let note = model.ui.marks.note(row).unwrap_or_default().to_owned();
                open(model, Purpose::Note(row), &note)
            }
            None => update::say(model, "no call is selected"),
        },
        (Action::Note, Some(text)) => match update::selected(model) {
            Some(row) => {
                model.ui.marks.write(row, text);
                Vec::new()
            }
            None => update::say(model, "no call is selected"),
        },
        (Action::Export, Some(file)) => marks::export(model, file),
        (Action::Columns, Some(words)) => sift::show_columns(model, words),
        (Action::Columns, None) => {
            let here = model.ui.columns.iter().flatten().map(|column| column.word());
            let line = format!("columns {}", here.collect::<Vec<_>>().join(" "));
            open(model, Purpose::Command(context), &line)
        }
        (Action::Break, Some(filter)) => replay::set_break(model, filter),
        (Action::Break, None) => {
            let breaks = model.replay.as_ref().and_then(|replay| replay.breaks.as_ref());
            let line = format!("break {}", breaks.map_or("", |breaks| breaks.typed.as_str()));
            open(model, Purpose::Command(context), &line)
        }
        (Action::Hold, Some(filter)) => sessions::hold(model, filter),
        (Action::Hold, None) => {
            let line =
                format!("hold {}", model.ui.hold.as_ref().map_or("", |hold| hold.filter.as_str()));
            open(model, Purpose::Command(context), &line)
        }
        (Action::GoToPlace, Some(place)) => replay::seek(model, place),
        (Action::GoTo, Some(number)) => marks::go_to(model, number),
        (Action::Command, _) => open(model, Purpose::Command(context), ""),
        (Action::Apply, _) if context == Context::Palette => palette::apply(model),
        (Action::Earlier | Action::Later, _) if context == Context::Palette => {
            palette::move_by(model, action == Action::Later)
        }
        (Action::Apply, _) => apply(model),
        (Action::Complete | Action::CompleteBack, _) => offer(model, action == Action::Complete),
        (Action::Earlier | Action::Later, _) => recall(model, action == Action::Earlier),
        (Action::Recall, _) => look_up(model),
        _ => Vec::new(),
    }
}

/// Begins a line.
pub(super) fn open(model: &mut Model, purpose: Purpose, begun: &str) -> Vec<Cmd> {
    model.ui.typing = Some(Typing::new(purpose, begun));
    check(model);
    Vec::new()
}

/// A key that is text or moves in it.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Cmd> {
    let Some(typing) = &mut model.ui.typing else { return Vec::new() };
    if typing.edit.key(key) {
        typing.offered = None;
        typing.past = None;
        check(model);
    }
    Vec::new()
}

/// Text between paste brackets: text, whatever is in it.
pub(super) fn paste(model: &mut Model, text: &str) {
    let Some(typing) = &mut model.ui.typing else { return };
    typing.edit.insert(text);
    typing.offered = None;
    check(model);
}

/// Says whether the line can be used.
fn check(model: &mut Model) {
    let Some(typing) = &mut model.ui.typing else { return };
    let text = typing.edit.text();
    let empty = text.trim().is_empty();
    let wrong = |error: String| Check::Wrong(Safe::escape(&error));
    typing.check = match typing.purpose {
        Purpose::Filter if empty => Check::Fine("empty: shows all calls"),
        Purpose::Findings if empty => Check::Fine("empty: shows all findings"),
        Purpose::Filter | Purpose::Findings => match Filter::parse(text) {
            Ok(_) => Check::Fine("valid"),
            Err(error) => wrong(error.to_string()),
        },
        Purpose::Search(_) if empty => Check::Fine("empty: ends the search"),
        Purpose::Search(_) => Check::Fine("text, whatever the case of its letters"),
        Purpose::Command(_) if empty => Check::Fine("a command; Tab lists them"),
        Purpose::Command(context) => match command::parse(text, context) {
            Ok(command) => Check::Fine(command.binding.help),
            Err(error) => wrong(error.to_string()),
        },
        Purpose::FalseAlarm(_) if empty => wrong("say why in a sentence".to_owned()),
        Purpose::FalseAlarm(_) => Check::Fine("shows what would be silent, and asks"),
        Purpose::Dismiss(_) => Check::Fine("why it needs no look any more; may be empty"),
        Purpose::Note(_) => Check::Fine("kept as long as this console; empty takes it away"),
    };
}

/// Uses the line. One that is wrong stays open, and changes nothing.
fn apply(model: &mut Model) -> Vec<Cmd> {
    let Some(typing) = &model.ui.typing else { return Vec::new() };
    if matches!(typing.check, Check::Wrong(_)) {
        return Vec::new();
    }
    let (purpose, text) = (typing.purpose, typing.edit.text().to_owned());
    let command = match purpose {
        Purpose::Command(context) => match command::parse(&text, context) {
            Ok(command) => Some((command, context)),
            Err(_) => return Vec::new(),
        },
        Purpose::Filter
        | Purpose::Search(_)
        | Purpose::Note(_)
        | Purpose::Findings
        | Purpose::FalseAlarm(_)
        | Purpose::Dismiss(_) => None,
    };
    model.ui.typing = None;
    model.ui.pasts.of_mut(purpose).keep(&text);
    match (purpose, command) {
        (Purpose::Filter, _) => choose(model, &text),
        (Purpose::Search(place), _) => search::begin(model, place, &text),
        (Purpose::Note(row), _) => {
            model.ui.marks.write(row, &text);
            Vec::new()
        }
        (Purpose::Command(_), Some((command, context))) => {
            update::act(model, command.binding.action, command.argument.as_deref(), context)
        }
        (Purpose::Findings, _) => findings::choose(model, &text),
        (Purpose::FalseAlarm(number), _) => findings::false_alarm(model, number, &text),
        (Purpose::Dismiss(number), _) => findings::dismiss(model, number, &text),
        (Purpose::Command(_), None) => Vec::new(),
    }
}

/// Puts a filter in force; an empty one takes it away, and a wrong one is told.
pub(super) fn choose(model: &mut Model, text: &str) -> Vec<Cmd> {
    if text.trim().is_empty() {
        return sift::choose(model, None);
    }
    match Filter::parse(text) {
        Ok(filter) => sift::choose(model, Some((text, filter))),
        Err(error) => {
            model.ui.said = Some(Safe::word("no filter: ").then(&Safe::escape(&error.to_string())));
            Vec::new()
        }
    }
}

/// Puts the next of what may stand at the cursor there.
fn offer(model: &mut Model, forward: bool) -> Vec<Cmd> {
    let Some(typing) = &model.ui.typing else { return Vec::new() };
    let (offered, at) = match &typing.offered {
        Some((offered, at)) => {
            let step = if forward { 1 } else { offered.len().saturating_sub(1) };
            let next = (at + step).checked_rem(offered.len()).unwrap_or(0);
            (offered.clone(), next)
        }
        None => (offers(model, typing), 0),
    };
    let Some(typing) = &mut model.ui.typing else { return Vec::new() };
    let Some(chosen) = offered.get(at) else { return Vec::new() };
    // What was put in last ends where the cursor stands.
    let range = match &typing.offered {
        Some(_) => chosen.range.start..typing.edit.cursor(),
        None => chosen.range.clone(),
    };
    typing.edit.replace(range, &chosen.text);
    typing.offered = (offered.len() > 1).then_some((offered, at));
    check(model);
    Vec::new()
}

fn offers(model: &Model, typing: &Typing) -> Vec<Completion> {
    let lists = Lists::of(model);
    let lists = [
        lists.sessions.as_slice(),
        &lists.agents,
        &lists.servers,
        &lists.tools,
        &lists.methods,
        &lists.rules,
    ]
    .map(|names| names.iter().map(String::as_str).collect::<Vec<&str>>());
    let [sessions, agents, servers, tools, methods, rules] = &lists;
    let known = Known { sessions, agents, servers, tools, methods, rules };
    let (text, cursor) = (typing.edit.text(), typing.edit.cursor());
    match typing.purpose {
        Purpose::Filter | Purpose::Findings => filter::complete(text, cursor, known),
        Purpose::Command(context) => command::complete(text, cursor, context, known),
        Purpose::Search(_) | Purpose::Note(_) | Purpose::Dismiss(_) | Purpose::FalseAlarm(_) => {
            Vec::new()
        }
    }
}

/// The names that the model knows, each once.
struct Lists {
    sessions: Vec<String>,
    agents: Vec<String>,
    servers: Vec<String>,
    tools: Vec<String>,
    methods: Vec<String>,
    rules: Vec<String>,
}

impl Lists {
    fn of(model: &Model) -> Self {
        let shown = |names: BTreeSet<crate::console::model::NameId>| {
            let mut names: Vec<String> =
                names.into_iter().map(|name| model.names.get(name).to_string()).collect();
            names.sort_unstable();
            names
        };
        let last =
            || model.calls.range(model.calls.len().saturating_sub(NAMED_MAX)..model.calls.len());
        let agents: BTreeSet<String> =
            model.sessions.iter().map(|session| session.agent.to_string()).collect();
        Self {
            sessions: model.sessions.iter().map(|session| session.shown.to_string()).collect(),
            agents: agents.into_iter().filter(|agent| !agent.is_empty()).collect(),
            servers: shown(last().map(|call| call.server).collect()),
            tools: shown(last().filter(|call| call.is_tool).map(|call| call.name).collect()),
            methods: shown(last().filter(|call| !call.is_tool).map(|call| call.name).collect()),
            rules: shown(last().filter_map(|call| call.rule).collect()),
        }
    }
}

/// Puts an earlier or later line of the past there; behind the newest is what was being typed.
fn recall(model: &mut Model, earlier: bool) -> Vec<Cmd> {
    let Some(typing) = &mut model.ui.typing else { return Vec::new() };
    let past = model.ui.pasts.of(typing.purpose);
    let next = match (typing.past, earlier) {
        (None, true) => Some(0),
        (Some(at), true) => Some(at + 1),
        (Some(at), false) => at.checked_sub(1),
        (None, false) => return Vec::new(),
    };
    let line = match next {
        Some(at) => past.get(at).map(str::to_owned),
        None => Some(typing.draft.clone()),
    };
    if let Some(line) = line {
        put(model, &line, next);
    }
    Vec::new()
}

/// Puts the newest line there that has what was typed in it; then the next older one.
fn look_up(model: &mut Model) -> Vec<Cmd> {
    let Some(typing) = &model.ui.typing else { return Vec::new() };
    let text = if typing.past.is_some() { &typing.draft } else { typing.edit.text() };
    let past = model.ui.pasts.of(typing.purpose);
    let found = past.with(text, typing.past.map_or(0, |at| at + 1));
    let line = found.and_then(|at| past.get(at)).map(str::to_owned);
    match line {
        Some(line) => put(model, &line, found),
        None => model.ui.said = Some(Safe::word("no earlier line has this")),
    }
    Vec::new()
}

fn put(model: &mut Model, line: &str, past: Option<usize>) {
    let Some(typing) = &mut model.ui.typing else { return };
    if typing.past.is_none() {
        typing.edit.text().clone_into(&mut typing.draft);
    }
    typing.edit = Edit::new(line);
    typing.past = past;
    typing.offered = None;
    check(model);
}
