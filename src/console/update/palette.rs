//! The palette: commands and sessions by a few of their letters.

use crate::console::action::{Action, Binding, Context};
use crate::console::command;
use crate::console::filter;
use crate::console::input::Key;
use crate::console::model::ui::Palette;
use crate::console::model::{Model, SessionId};
use crate::console::update::{self, Cmd};
use crate::text::Safe;

/// Something to choose.
#[derive(Debug, Clone)]
pub enum Item {
    /// A command.
    Command(&'static Binding),
    /// A session: its calls alone are listed.
    Session(SessionId),
}

/// What fits what was typed, best first.
#[must_use]
pub fn items(model: &Model) -> Vec<Item> {
    let Some(palette) = &model.ui.palette else { return Vec::new() };
    let options = palette.options;
    let commands = command::offered(place(model))
        .filter(|binding| !options || binding.action.is_option())
        .map(Item::Command);
    let sessions = model.session_ids().filter(|_| !options).map(Item::Session);
    let mut fits: Vec<(i32, Item)> = commands
        .chain(sessions)
        .filter_map(|item| {
            let (left, right) = texts(model, &item);
            let score = command::score(palette.edit.text(), &format!("{left} {right}"))?;
            Some((score, item))
        })
        .collect();
    // Stable: what fits alike stays in the order of the table.
    fits.sort_by_key(|(score, _)| -score);
    fits.into_iter().map(|(_, item)| item).collect()
}

/// What is shown of an item, and matched: what it is called, and what it does.
#[must_use]
pub fn texts(model: &Model, item: &Item) -> (Safe, Safe) {
    match item {
        Item::Command(binding) => (Safe::escape(&binding.usage()), Safe::word(binding.help)),
        Item::Session(id) => {
            let Some(session) = model.session(*id) else { return Default::default() };
            let does = Safe::word("its calls alone; agent ").then(&session.agent);
            (Safe::word("session ").then(&session.shown), does)
        }
    }
}

/// The place that the palette lies over.
fn place(model: &Model) -> Context {
    update::pane_context(model.ui.pane)
}

/// Opens it; with what changes the look of things alone where options are wanted.
pub(super) fn open(model: &mut Model, options: bool) -> Vec<Cmd> {
    model.ui.palette = Some(Palette { options, ..Palette::default() });
    Vec::new()
}

/// A key that is text.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Cmd> {
    if let Some(palette) = &mut model.ui.palette
        && palette.edit.key(key)
    {
        palette.at = 0;
    }
    Vec::new()
}

/// Pasted text.
pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some(palette) = &mut model.ui.palette {
        palette.edit.insert(text);
        palette.at = 0;
    }
}

/// Moves the choice.
pub(super) fn move_by(model: &mut Model, down: bool) -> Vec<Cmd> {
    let last = items(model).len().saturating_sub(1);
    if let Some(palette) = &mut model.ui.palette {
        palette.at = if down { (palette.at + 1).min(last) } else { palette.at.saturating_sub(1) };
    }
    Vec::new()
}

/// Does what is chosen.
pub(super) fn apply(model: &mut Model) -> Vec<Cmd> {
    let at = model.ui.palette.as_ref().map_or(0, |palette| palette.at);
    let chosen = items(model).into_iter().nth(at);
    let context = place(model);
    model.ui.palette = None;
    match chosen {
        Some(Item::Command(binding)) => update::run(model, binding, None, context),
        Some(Item::Session(id)) => {
            let name = model.session(id).map(|session| session.shown.to_string());
            let text = format!("sess={}", filter::value(&name.unwrap_or_default()));
            update::act(model, Action::Filter, Some(&text), context)
        }
        None => Vec::new(),
    }
}
