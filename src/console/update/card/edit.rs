//! Editing the arguments, on the card or in the operator's own editor.
//!
//! An edit forwards nothing: the gate judges the edited call again and keeps it waiting under a new digest; the
//! card then shows what changed, and that needs an answer of its own.

use ratatui_textarea::{CursorMove, Input, TextArea};

use crate::console::input::Key;
use crate::console::model::card::{Card, Step};
use crate::console::model::{Model, json};
use crate::console::update::Cmd;
use crate::console::update::card::{answer, say, step};
use crate::text::Safe;

/// Larger arguments are not edited in a terminal.
const EDIT_BYTES_MAX: usize = 1024 * 1024;

/// Opens the editor on the card.
pub(super) fn inside(model: &mut Model) {
    if let Some(text) = text(model) {
        step(model, Step::Edit(Box::new(area(&text))));
    }
}

/// Hands the arguments to the operator's own editor.
pub(super) fn outside(model: &mut Model) -> Vec<Cmd> {
    let Some(text) = text(model) else { return Vec::new() };
    step(model, Step::Outside);
    vec![Cmd::Editor(text)]
}

/// The arguments with white space, or a word on why they are not edited.
fn text(model: &mut Model) -> Option<String> {
    let card = model.ui.card.as_mut()?;
    if card.is_batch() {
        card.said = Some(Safe::word("a batch is not edited: Esc, then Enter on one of its calls"));
        return None;
    }
    if card.one.revealed {
        // No editor and no file gets them: markers that are left alone are put back by the gate.
        card.said = Some(Safe::word("V hides the secrets first; an edit leaves them as they are"));
        return None;
    }
    let doc = card.one.arguments.doc()?;
    if doc.text.len() > EDIT_BYTES_MAX {
        card.said = Some(Safe::word("too large to edit here: deny it with a reason instead"));
        return None;
    }
    Some(json::pretty(&doc.text))
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.move_cursor(CursorMove::Top);
    area
}

/// The operator's own editor is done. Its text goes into the editor on the card, where Ctrl-s puts it in: no
/// program's end is an answer.
pub(in crate::console::update) fn edited(model: &mut Model, result: Result<String, String>) {
    let waits = model.ui.card.as_ref().is_some_and(|card| matches!(card.step, Step::Outside));
    if !waits {
        if result.is_ok() {
            let late = "the call changed or ended meanwhile: the edited text was not taken";
            say(model, Safe::word(late));
        }
        return;
    }
    step(model, Step::Open);
    match result {
        // Escapes for what cannot be seen make a text longer, never more than sixfold.
        Ok(text) if text.len() > 6 * EDIT_BYTES_MAX => {
            say(model, Safe::word("the edited text is too large: nothing was changed"));
        }
        Ok(text) => {
            let lines: Vec<String> = text.lines().map(json::seen).collect();
            step(model, Step::Edit(Box::new(area(&lines.join("\n")))));
        }
        Err(why) => say(model, Safe::word("nothing was changed: ").then(&Safe::escape(&why))),
    }
}

/// Sends the edited arguments to the gate.
pub(super) fn send(model: &mut Model) -> Vec<Cmd> {
    let Some(Card { step: Step::Edit(area), one, .. }) = &model.ui.card else {
        return Vec::new();
    };
    let text = area.lines().join("\n");
    // White space and escapes alone are no edit: the agent's own bytes stay what waits.
    if one.arguments.doc().is_some_and(|doc| json::pretty(&doc.text).trim_end() == text.trim_end())
    {
        step(model, Step::Open);
        say(model, Safe::word("nothing was changed"));
        return Vec::new();
    }
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        let why = format!("no JSON object: {error}");
        say(model, Safe::escape(&why));
        return Vec::new();
    }
    answer::send_edit(model, json::compact(&text))
}

/// A key in the editor on the card.
pub(super) fn typed(area: &mut TextArea<'static>, key: Key) {
    if let Some(input) = input(key) {
        area.input(input);
    }
}

fn input(key: Key) -> Option<Input> {
    use ratatui_textarea::Key as To;
    let (key, ctrl) = match key {
        Key::Char(c) => (To::Char(c), false),
        Key::Ctrl(c) => (To::Char(c), true),
        Key::Enter => (To::Enter, false),
        Key::Tab => (To::Tab, false),
        Key::Up => (To::Up, false),
        Key::Down => (To::Down, false),
        Key::Left => (To::Left, false),
        Key::Right => (To::Right, false),
        Key::PageUp => (To::PageUp, false),
        Key::PageDown => (To::PageDown, false),
        Key::Home => (To::Home, false),
        Key::End => (To::End, false),
        Key::Backspace => (To::Backspace, false),
        Key::Delete => (To::Delete, false),
        Key::Esc | Key::BackTab | Key::Other => return None,
    };
    Some(Input { key, ctrl, alt: false, shift: false })
}

/// Pasted text goes into a reason or the editor, and is nothing anywhere else.
pub(in crate::console::update) fn paste(model: &mut Model, text: &str) {
    let Some(card) = &mut model.ui.card else { return };
    match &mut card.step {
        Step::Reason(reason) => answer::paste_reason(reason, text),
        Step::Edit(area) => {
            for (n, line) in text.split(['\n', '\r']).enumerate() {
                if n > 0 {
                    area.insert_newline();
                }
                area.insert_str(json::seen(line));
            }
        }
        Step::Open
        | Step::Unread(_)
        | Step::Confirm { .. }
        | Step::Code { .. }
        | Step::Remember(_)
        | Step::Outside
        | Step::Sent(_) => {}
    }
}
