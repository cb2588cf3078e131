//! The text of a definition in its record, found by its fingerprint: what is shown is what was hashed.

use serde_json::value::RawValue;

use super::{Print, at};
use crate::catalog::{Introduction, Kind};
use crate::journal::{Record, What};

/// The text of this kind and fingerprint: among the pins that a server began with, or in an answer of its own.
pub(super) fn text(record: &Record, kind: Kind, print: Print) -> Option<String> {
    if let What::Opened(opened) = &record.event {
        let pins = opened.pins.get(&kind)?.values();
        return pins.filter_map(|pin| pin.text.clone()).find(|text| print.is_of(text));
    }
    let whole = record.event.received()?.json()?;
    let messages: Vec<&RawValue> = match serde_json::from_str(whole) {
        Ok(batch) => batch,
        Err(_) => vec![serde_json::from_str(whole).ok()?],
    };
    messages.into_iter().find_map(|message| in_message(message.get(), kind, print))
}

fn in_message(message: &str, kind: Kind, print: Print) -> Option<String> {
    let list = match kind {
        Kind::Tool => "tools",
        Kind::Prompt => "prompts",
        Kind::Template => "resourceTemplates",
        Kind::Server => return introduction(message).filter(|text| print.is_of(text)),
        Kind::Identity => return None,
    };
    let texts: Vec<&RawValue> = serde_json::from_str(at(message, &["result", list])?).ok()?;
    let texts = texts.into_iter().map(RawValue::get);
    texts.filter(|text| print.is_of(text)).map(str::to_owned).next()
}

/// What a server says of itself, as the engine takes it together.
fn introduction(message: &str) -> Option<String> {
    let says = Introduction::read(at(message, &["result"])?)?;
    Some(says.text())
}
