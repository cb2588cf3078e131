//! What is done to whole sessions: hold calls, pause, stop. The gate does it, and records who said so.

use crate::console::action::Action;
use crate::console::filter::Filter;
use crate::console::model::peers::Session;
use crate::console::model::policy_file::PolicyFile;
use crate::console::model::ui::{Hold, Pane, Prompt};
use crate::console::model::{Model, NameId};
use crate::console::update::{Cmd, prompt, say};
use crate::text::Safe;
use crate::wire::{ControlLine, ControlWord, FromConsole};

/// Keys that do something to sessions.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::HoldOnOff {
        turn_hold(model)
    } else if action == Action::Pause {
        pause(model)
    } else if action == Action::ConfirmPolicy {
        ask_to_confirm(model)
    } else if action == Action::StopServer {
        ask_to_stop_server(model)
    } else {
        ask_to_stop(model)
    }
}

/// Whether this console may do something to sessions; says why not.
pub(super) fn may(model: &mut Model) -> bool {
    let why = if model.replay.is_some() {
        "this is a replay: no session runs"
    } else if model.may_answer() {
        return true;
    } else {
        "this console only watches: W asks for the right to answer"
    };
    model.ui.said = Some(Safe::word(why));
    false
}

pub(super) fn send(session: Option<String>, control: ControlWord) -> Vec<Cmd> {
    vec![Cmd::Send(FromConsole::Control(ControlLine { session, control }))]
}

/// Holds the calls that a filter means, in all sessions; an empty one holds none.
pub(super) fn hold(model: &mut Model, text: &str) -> Vec<Cmd> {
    if !may(model) {
        return Vec::new();
    }
    if text.trim().is_empty() {
        if let Some(hold) = &mut model.ui.hold {
            hold.on = false;
        }
        return send(None, ControlWord::Unhold {});
    }
    let condition = Filter::parse(text).map_err(|error| error.to_string());
    match condition.and_then(|filter| filter.condition()) {
        Ok(when) => {
            model.ui.hold = Some(Hold { filter: text.to_owned(), on: true });
            send(None, ControlWord::Hold { filter: text.to_owned(), when })
        }
        Err(why) => {
            model.ui.said = Some(Safe::word("no hold: ").then(&Safe::escape(&why)));
            Vec::new()
        }
    }
}

/// Takes the hold away, or puts the one that was typed last on again.
fn turn_hold(model: &mut Model) -> Vec<Cmd> {
    let mut live = model.sessions.iter().filter(|session| !session.ended).peekable();
    // Where no session runs, what was said last counts for those to come.
    let on = match live.peek() {
        Some(_) => live.any(|session| session.has_layer("hold")),
        None => model.ui.hold.as_ref().is_some_and(|hold| hold.on),
    };
    match model.ui.hold.clone() {
        _ if on => hold(model, ""),
        Some(last) => hold(model, &last.filter),
        None => {
            let context = super::context(model);
            prompt::act(model, Action::Hold, None, context)
        }
    }
}

/// The session of the card, or else the selected one; its place.
fn meant(model: &Model) -> Option<usize> {
    match &model.ui.card {
        Some(card) => Some(card.key().session.index()),
        None if model.ui.pane == Pane::Sessions => {
            Some(model.ui.session.min(model.sessions.len().checked_sub(1)?))
        }
        None => None,
    }
}

/// Pauses the session, or lets it go on.
fn pause(model: &mut Model) -> Vec<Cmd> {
    if !may(model) {
        return Vec::new();
    }
    match meant(model).and_then(|at| model.sessions.get(at)).filter(|session| !session.ended) {
        Some(session) if session.has_layer("pause") => {
            send(Some(session.name.clone()), ControlWord::Resume {})
        }
        Some(session) => send(Some(session.name.clone()), ControlWord::Pause {}),
        None => say(model, "no session that runs is selected"),
    }
}

/// Stops the session, after a question.
fn ask_to_stop(model: &mut Model) -> Vec<Cmd> {
    if !may(model) {
        return Vec::new();
    }
    let running = |at: &usize| model.sessions.get(*at).is_some_and(|session| !session.ended);
    match meant(model).filter(running) {
        Some(session) => {
            model.ui.prompt = Some(Prompt::Stop { session, server: None });
            Vec::new()
        }
        None => say(model, "no session that runs is selected"),
    }
}

/// Stops the selected server, after a question. Like [`ask_to_stop`], but the session's other servers go on.
fn ask_to_stop_server(model: &mut Model) -> Vec<Cmd> {
    if !may(model) {
        return Vec::new();
    }
    let selected = model.servers().nth(model.ui.server);
    let running = selected.filter(|(session, server)| !session.ended && !server.closed);
    let Some((session, server)) = running.map(|(session, server)| (&session.name, server.name))
    else {
        return say(model, "no server that runs is selected");
    };
    if let Some(session) = model.sessions.iter().position(|known| known.name == *session) {
        model.ui.prompt = Some(Prompt::Stop { session, server: Some(server) });
    }
    Vec::new()
}

/// It was said yes to.
pub(super) fn stop(model: &Model, session: usize, server: Option<NameId>) -> Vec<Cmd> {
    let Some(session) = model.sessions.get(session) else { return Vec::new() };
    let control = match server {
        Some(server) => ControlWord::StopServer { server: model.names.get(server).to_string() },
        None => ControlWord::Stop {},
    };
    send(Some(session.name.clone()), control)
}

/// Takes what a policy's file says now, after a question that says what is other.
fn ask_to_confirm(model: &mut Model) -> Vec<Cmd> {
    if !model.may_answer() {
        return say(model, "this console only watches: W asks for the right to answer");
    }
    // The policy of the selected rule first: two files may have changed.
    let rules = model.rules();
    let listed = rules.get(model.selected_rule(&rules)).map(|one| one.policy.clone());
    let waits = |session: &Session| {
        !session.ended && matches!(session.policy_file, PolicyFile::Proposed { .. })
    };
    let of_it = |session: &Session| listed.as_ref() == Some(&session.policy);
    let mut sessions = model.sessions.iter();
    let first = sessions.position(|session| waits(session) && of_it(session));
    let proposed = first.or_else(|| model.sessions.iter().position(waits));
    let Some((at, digest)) = proposed.and_then(|at| Some((at, proposal(model, at)?))) else {
        return say(model, "no policy's file waits to be confirmed");
    };
    model.ui.prompt = Some(Prompt::Confirm { session: at, shown: first_digits(digest) });
    Vec::new()
}

/// The digest of what a session's policy file says, where that waits.
fn proposal(model: &Model, session: usize) -> Option<&str> {
    match &model.sessions.get(session)?.policy_file {
        PolicyFile::Proposed { digest, .. } => Some(digest),
        PolicyFile::Same | PolicyFile::Broken(_) => None,
    }
}

fn first_digits(digest: &str) -> u64 {
    digest.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

/// It was said yes to.
pub(super) fn confirmed(model: &mut Model, session: usize, shown: u64) -> Vec<Cmd> {
    let digest = proposal(model, session).map(str::to_owned);
    match (digest.filter(|digest| first_digits(digest) == shown), model.sessions.get(session)) {
        (Some(digest), Some(session)) => {
            send(Some(session.name.clone()), ControlWord::Confirm { digest })
        }
        (None, _) | (_, None) => say(model, "the file changed again: look at it anew"),
    }
}
