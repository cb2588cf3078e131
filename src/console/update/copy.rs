//! What is copied, and what is said of it.
//!
//! **What is copied is escaped**, as it is shown: pasted into a terminal it does nothing but stand there. The
//! text as it came is copied only after a question.

use crate::console::action::Action;
use crate::console::model::difference::Difference;
use crate::console::model::doc::{Doc, Laid, Row, Slot};
use crate::console::model::ui::{Pane, Prompt, Tab};
use crate::console::model::{Model, json};
use crate::console::outgoing::clipboard::Copied;
use crate::console::update::{Cmd, say, selected};
use crate::text::{Safe, bytes, hexdump};

/// More is not carried to a clipboard: it would take seconds to escape, and nobody reads it there.
const COPY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes in a row of a hex dump that is copied.
const HEX_COLUMNS: usize = 16;

/// Copies one line.
#[must_use]
pub fn copy(text: &Safe) -> Vec<Cmd> {
    vec![Cmd::Copy(text.to_string())]
}

/// The keys that copy.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::CopyRaw { ask_raw(model) } else { shown(model) }
}

/// What `y` copies: the selected row of the calls, or the document that the detail pane shows.
fn shown(model: &mut Model) -> Vec<Cmd> {
    if model.ui.pane == Pane::Calls {
        return row(model).as_ref().map_or_else(Vec::new, copy);
    }
    if let Some(rows) = definition(model) {
        return vec![Cmd::Copy(Difference::text(rows))];
    }
    match doc(model).map(|doc| document(doc, model.ui.detail.tab)) {
        Ok(text) => vec![Cmd::Copy(text)],
        Err(why) => say(model, why),
    }
}

/// What `Y` leads to: a question, if there is a document.
fn ask_raw(model: &mut Model) -> Vec<Cmd> {
    match doc(model).err() {
        None => {
            model.ui.prompt = Some(Prompt::CopyRaw);
            Vec::new()
        }
        Some(why) => say(model, why),
    }
}

/// The text as it came, after the question.
pub(super) fn raw(model: &mut Model) -> Vec<Cmd> {
    let text = doc(model).and_then(|doc| match model.ui.detail.tab {
        Tab::Args | Tab::Result => Ok(doc.text.clone()),
        Tab::Raw => match std::str::from_utf8(&doc.raw) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("not copied: these bytes are no text; y copies them as hex"),
        },
    });
    match text {
        Ok(text) => vec![Cmd::Copy(text)],
        Err(why) => say(model, why),
    }
}

/// Where the text is now, as far as that is known.
pub(super) fn copied(model: &mut Model, copied: Copied) {
    let text = match copied {
        Copied::By(program) => Safe::word("copied by ").then(&Safe::word(program)),
        Copied::Tmux => {
            Safe::word("in tmux's buffer; tmux hands it to the terminal if set-clipboard is on")
        }
        Copied::Osc52 => {
            Safe::word("sent to the terminal (OSC 52), which does not say whether it took it")
        }
        Copied::TooLong { bytes } => Safe::word("not copied: ")
            .then(&Safe::escape(&bytes::exact(bytes as u64)))
            .then(&Safe::word(
                " are more than this terminal takes, and no wl-copy, xclip or tmux is here",
            )),
    };
    model.ui.said = Some(text);
}

/// `session#call server.tool`.
fn row(model: &Model) -> Option<Safe> {
    let call = model.call(selected(model)?)?;
    let session = model.session(call.session)?;
    let number = Safe::escape(&format!("#{} ", call.call.0));
    let server = model.names.get(call.server);
    let name = session.shown.clone().then(&number).then(server);
    Some(name.then(&Safe::word(".")).then(model.names.get(call.name)))
}

/// The rows of the definition in the detail pane.
fn definition(model: &Model) -> Option<&[Row]> {
    let detail = &model.ui.detail;
    match (&detail.definition, &detail.page.laid) {
        (Some(_), Some(Laid::Rows(rows))) => Some(rows),
        _ => None,
    }
}

/// The document in the detail pane, or why it cannot be copied.
fn doc(model: &Model) -> Result<&Doc, &'static str> {
    let detail = &model.ui.detail;
    if detail.definition.is_some() {
        return Err("a definition is copied as it is shown: y");
    }
    let slot = match detail.tab {
        Tab::Args | Tab::Raw => &detail.request,
        Tab::Result => &detail.answer,
    };
    match slot {
        Slot::Ready(doc) if doc.text.len().max(doc.raw.len()) > COPY_BYTES_MAX => {
            Err("not copied: it is too large for a clipboard")
        }
        Slot::Ready(doc) => Ok(doc),
        Slot::Loading(_) => Err("not copied: it is still being read"),
        Slot::Empty | Slot::Failed(_) => Err("nothing to copy here"),
    }
}

/// A document as lines of escaped text: JSON with white space, or a hex dump.
fn document(doc: &Doc, tab: Tab) -> String {
    let mut text = String::new();
    let mut line = |foreign: &str| {
        text.push_str(Safe::escape(foreign).as_str());
        text.push('\n');
    };
    match tab {
        Tab::Args | Tab::Result => json::pretty(&doc.text).split('\n').for_each(line),
        Tab::Raw => {
            for at in 0..hexdump::rows(doc.raw.len(), HEX_COLUMNS) {
                line(&hexdump::row(&doc.raw, at, HEX_COLUMNS));
            }
        }
    }
    text
}
