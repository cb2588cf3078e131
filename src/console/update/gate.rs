//! What the gate says, and what is asked of other consoles through it.

use crate::console::action::Action;
use crate::console::model::ui::Prompt;
use crate::console::model::{Link, Model, TicketKey};
use crate::console::update::{Cmd, card, copy, say, sessions, tools};
use crate::engine::TicketId;
use crate::text::Safe;
use crate::wire::{FromConsole, ToConsole};

/// Takes a line of the gate in.
pub(super) fn said(model: &mut Model, line: ToConsole) {
    match line {
        ToConsole::Welcome { console, build, pid } => {
            model.outdated = model.built_at.is_some_and(|own| own < build.built_at);
            let build = Safe::escape(&build.to_string());
            model.link = Link::Up { console, build, pid };
            // What follows names every session that lives; one that a dead gate had may be gone.
            for session in &mut model.sessions {
                session.ended = true;
            }
        }
        ToConsole::Refused { why } => {
            model.link = Link::Down { why: Safe::escape(&why) };
        }
        ToConsole::Consoles { consoles } => {
            if model.consoles != consoles {
                model.ui.said = None;
            }
            model.consoles = consoles;
            if !model.may_answer() {
                model.codes.clear();
            }
        }
        ToConsole::Session(line) => {
            let id = model.session_id(&line.session);
            if let Some(session) = model.sessions.get_mut(id.index()) {
                session.ended = line.ended;
                session.trouble = line.trouble.as_deref().map(Safe::escape);
                if session.agent.is_empty() {
                    session.agent = crate::console::model::names::identifier(&line.agent);
                }
            }
        }
        ToConsole::Codes { session, codes } => {
            let session = model.session_id(&session);
            model.codes.retain(|key, _| key.session != session);
            for (ticket, code) in codes {
                let key = TicketKey { session, ticket: TicketId(ticket) };
                model.codes.insert(key, Safe::escape(&code));
            }
        }
        ToConsole::NotTaken { session, ticket, why } => {
            let session = model.session_id(&session);
            let key = TicketKey { session, ticket: TicketId(ticket) };
            card::not_taken(model, key, &why);
        }
        ToConsole::Revealed { session, ticket, digest, arguments } => {
            let session = model.session_id(&session);
            let key = TicketKey { session, ticket: TicketId(ticket) };
            card::revealed(model, key, &digest, arguments);
        }
        ToConsole::NotDone { why } => {
            model.ui.said = Some(Safe::word("not done: ").then(&Safe::escape(&why)));
        }
        ToConsole::Leaving {} => {
            model.ui.said = Some(Safe::word("the gate leaves for a newer build; connecting again"));
        }
    }
}

/// Who may answer.
pub(super) fn right(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::GrantRight { grant_right(model) } else { request_right(model) }
}

/// Lets another console answer, after a question.
fn grant_right(model: &mut Model) -> Vec<Cmd> {
    match model.asking().map(|line| line.console) {
        Some(console) => model.ui.prompt = Some(Prompt::Grant { console }),
        None => model.ui.said = Some(Safe::word("no other console asks")),
    }
    Vec::new()
}

/// Asks for the right to answer.
fn request_right(model: &mut Model) -> Vec<Cmd> {
    if model.replay.is_some() {
        return say(model, "this is a replay: nothing can be answered");
    }
    if model.may_answer() {
        return say(model, "this console may answer already");
    }
    let cmds = vec![Cmd::Send(FromConsole::RequestRight)];
    model.ui.said = Some(Safe::word("asked for the right to answer"));
    cmds
}

/// The question that is open is answered by yes.
pub(super) fn yes(model: &mut Model) -> Vec<Cmd> {
    match model.ui.prompt.take() {
        Some(Prompt::Grant { console }) => vec![Cmd::Send(FromConsole::Grant { console })],
        Some(Prompt::Quit) => vec![Cmd::Quit],
        Some(Prompt::CopyRaw) => copy::raw(model),
        Some(Prompt::Rule(ruling)) => tools::yes(model, ruling),
        Some(Prompt::Confirm { session, shown }) => sessions::confirmed(model, session, shown),
        Some(Prompt::Stop { session, server }) => sessions::stop(model, session, server),
        None => Vec::new(),
    }
}
