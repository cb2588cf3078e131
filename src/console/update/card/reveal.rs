//! A waiting call with its secrets: asked of the gate, which records it, shown on this card and kept nowhere.

use std::sync::Arc;

use crate::console::model::card::Step;
use crate::console::model::doc::{Doc, Payload, Slot};
use crate::console::model::{Model, TicketKey};
use crate::console::update::Cmd;
use crate::console::update::card::{say, show};
use crate::text::Safe;
use crate::wire::{FromConsole, RevealLine};

/// Asks for the secrets of the card's call, or takes them away again.
pub(super) fn reveal(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let key = card.key();
    if card.one.revealed {
        return hide(model, key);
    }
    let why_not = match () {
        () if card.is_batch() => Some("secrets are shown of one call at a time: Esc, then Enter"),
        () if model.replay.is_some() => Some("this is a replay: the secrets are not in it"),
        () if !model.may_answer() => Some("this console only watches"),
        () => None,
    };
    if let Some(why_not) = why_not {
        say(model, Safe::word(why_not));
        return Vec::new();
    }
    let (Some(ticket), Some(session)) = (model.ticket(key), model.session(key.session)) else {
        return Vec::new();
    };
    let line = RevealLine {
        session: session.name.clone(),
        ticket: key.ticket.0,
        digest: ticket.held.digest.0.clone(),
    };
    vec![Cmd::Send(FromConsole::Reveal(line))]
}

/// Shows the call as the recording has it.
fn hide(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let Some((shown, cmds)) = show(model, key) else { return Vec::new() };
    if let Some(card) = &mut model.ui.card {
        card.one = shown;
        card.said = None;
        card.lay_anew();
    }
    cmds
}

/// The gate shows a call with its secrets: taken only by the card that asked, of the version that it shows.
pub(in crate::console::update) fn revealed(
    model: &mut Model,
    key: TicketKey,
    digest: &str,
    arguments: String,
) {
    let same = model.ticket(key).is_some_and(|ticket| ticket.held.digest.0 == digest);
    let Some(card) = &mut model.ui.card else { return };
    let reads = !matches!(card.step, Step::Edit(_) | Step::Outside);
    let Some(doc) = card.one.arguments.doc().filter(|_| same && reads) else { return };
    if card.key() != key || card.is_batch() {
        return;
    }
    // The exact bytes stay those of the recording.
    let (raw, show, seen) = (doc.raw.clone(), doc.show.clone(), Vec::new());
    card.one.arguments =
        Slot::Ready(Arc::new(Doc::new(Payload { text: arguments, raw, show, seen })));
    card.one.revealed = true;
    card.said = Some(Safe::word("with its secrets, which is on record: V or Esc hides them"));
    card.lay_anew();
}
