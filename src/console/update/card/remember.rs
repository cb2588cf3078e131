//! `r` on the card: the same answer for all calls like this one.
//!
//! What is offered goes from narrow to wide, each with what it would have matched of the calls that were recorded, and
//! which waiting calls it answers as well. Nothing is sent before `y`, or `d`, and for a high risk the code.

use crate::console::action::Choice;
use crate::console::model::card::{Card, Step};
use crate::console::model::doc::{Part, Want};
use crate::console::model::remembering::{Counted, Likeness, Remembering};
use crate::console::model::ui::Pane;
use crate::console::model::{Model, State, TicketKey};
use crate::console::update::card::{risk_of, say, step};
use crate::console::update::{Cmd, card};
use crate::engine::Lifetime;
use crate::policy::remember::is_rememberable;
use crate::policy::{Risk, Scope, Verdict};
use crate::text::Safe;
use crate::wire::{AnswerWord, ControlLine, ControlWord, FromConsole};

/// Calls that are looked through for what a scope would have matched.
const CALLS_MAX: usize = 2000;

/// What is to be counted, of calls of one tool.
#[derive(Debug)]
pub struct Counting {
    /// The card's call.
    pub key: TicketKey,
    /// From narrow to wide.
    pub scopes: Vec<Scope>,
    /// Arguments of calls that were made, and whether each was refused.
    pub made: Vec<(Want, bool)>,
    /// Arguments of the other calls that wait, and whether in another session, of the same role.
    pub waiting: Vec<(Want, bool)>,
    /// Calls that were looked at, of any tool.
    pub of: usize,
}

/// Begins to choose.
pub(super) fn begin(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    if let Some(why) = why_not(model, card) {
        say(model, Safe::word(why));
        return Vec::new();
    }
    let Some(doc) = card.one.arguments.doc() else { return Vec::new() };
    let scopes = Scope::suggested(Some(doc.text.as_bytes()), &doc.show);
    let likes = scopes.iter().map(|scope| Likeness {
        words: Safe::escape(&scope.words()),
        scope: scope.clone(),
        counted: None,
    });
    let remembering = Remembering { likes: likes.collect(), at: 0, lifetime: Lifetime::Session };
    let cmds = counting(model, card.key(), scopes).map(Cmd::Count).into_iter().collect();
    step(model, Step::Remember(Box::new(remembering)));
    cmds
}

/// Why an answer to this call cannot be one for others.
fn why_not(model: &Model, card: &Card) -> Option<&'static str> {
    if card.is_batch() {
        return Some("one call at a time is remembered: Esc, then Enter");
    }
    let ticket = model.ticket(card.key())?;
    if ticket.edited.is_some() {
        return Some("an edited call is answered for itself alone");
    }
    let mut asking = ticket.held.reasons.iter().filter(|reason| reason.verdict == Verdict::Ask);
    if asking.any(|reason| !is_rememberable(&reason.rule)) {
        return Some("what asks here is answered each time (a changed definition: P approves it)");
    }
    None
}

/// What is to be read to count.
fn counting(model: &Model, key: TicketKey, scopes: Vec<Scope>) -> Option<Counting> {
    let at = model.ticket(key)?.row?;
    let this = model.calls.get(at.0)?;
    let (server, name) = (this.server, this.name);
    let last = model.calls.len().saturating_sub(CALLS_MAX)..model.calls.len();
    let of = last.len();
    let mut made = Vec::new();
    for call in model.calls.range(last) {
        let same = call.server == server && call.name == name && call.is_tool;
        let over = !matches!(call.state, State::Waiting);
        if same && over {
            let part = Part::Arguments;
            let want = Want { session: call.session, place: call.request(), call: call.call, part };
            made.push((want, is_refused(call.state)));
        }
    }
    let role = |session| model.session(session).map(|session| session.role.as_str());
    let others = model.waiting().filter(|ticket| ticket.key != key);
    let waiting = others.filter_map(|ticket| {
        let call = model.calls.get(ticket.row?.0)?;
        let same = call.server == server && call.name == name;
        let part = Part::Arguments;
        let want = Want { session: call.session, place: call.request(), call: call.call, part };
        let elsewhere = ticket.key.session != key.session;
        (same && role(call.session) == role(key.session)).then_some((want, elsewhere))
    });
    Some(Counting { key, scopes, made, waiting: waiting.collect(), of })
}

/// Whether a call did not go on because somebody or something refused it.
const fn is_refused(state: State) -> bool {
    matches!(state, State::Refused(_) | State::Denied | State::TimedOut | State::Unattended)
}

/// It was counted.
pub(in crate::console::update) fn counted(model: &mut Model, key: TicketKey, all: &[Counted]) {
    if let Some(Card { one, step: Step::Remember(remembering), .. }) = &mut model.ui.card
        && one.key == key
    {
        for (like, counted) in remembering.likes.iter_mut().zip(all) {
            like.counted = Some(*counted);
        }
    }
}

/// A key while it is chosen. What answers comes by [`answer`], behind the guard.
pub(in crate::console::update) fn choose(model: &mut Model, choice: Choice) -> Vec<Cmd> {
    let Some(Card { step: Step::Remember(it), .. }) = &mut model.ui.card else {
        return Vec::new();
    };
    let last = it.likes.len().saturating_sub(1);
    match choice {
        Choice::Longer => it.longer(),
        Choice::Like(at) if at <= last => it.at = at,
        Choice::Wider => it.at = (it.at + 1).min(last),
        Choice::Narrower => it.at = it.at.saturating_sub(1),
        Choice::Like(_) | Choice::Allow | Choice::Deny => {}
    }
    Vec::new()
}

/// A key that answers.
pub(super) fn answer(model: &mut Model, choice: Choice) -> Vec<Cmd> {
    match choice {
        Choice::Allow => allow(model),
        Choice::Deny => send(model, false, None),
        Choice::Like(_) | Choice::Wider | Choice::Narrower | Choice::Longer => Vec::new(),
    }
}

fn allow(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let risk = risk_of(model, card);
    if risk != Risk::Low && !card.seen_all {
        step(model, Step::Open);
        say(model, Safe::word("not all was seen yet: scroll to the end first (G), then r"));
        return Vec::new();
    }
    if risk == Risk::High {
        let Some(Card { step: Step::Remember(remembering), .. }) = &model.ui.card else {
            return Vec::new();
        };
        let remembering = Some(remembering.clone());
        card::answer::ask_code(model, remembering);
        return Vec::new();
    }
    send(model, true, None)
}

/// Sends it, with the code where there is one.
pub(super) fn send(model: &mut Model, allow: bool, code: Option<String>) -> Vec<Cmd> {
    let chosen = match &model.ui.card {
        Some(Card { step: Step::Remember(it) | Step::Code { remember: Some(it), .. }, .. }) => {
            it.chosen().map(|like| (like.scope.clone(), it.lifetime))
        }
        Some(_) | None => None,
    };
    let Some((scope, lifetime)) = chosen else { return Vec::new() };
    let Ok(scope) = serde_json::to_string(&scope) else { return Vec::new() };
    let lifetime = lifetime.word().to_owned();
    let word = if allow { "allow, and remember" } else { "deny, and remember" };
    card::answer::send_as(
        model,
        word,
        AnswerWord::Remember { allow, scope: Some(scope), lifetime, reason: None },
        code,
    )
}

/// Takes a remembered answer back: the selected one in the Policy pane, else the last one while its time runs.
pub(in crate::console::update) fn undo(model: &mut Model) -> Vec<Cmd> {
    let rules = model.rules();
    let listed = rules.get(model.selected_rule(&rules)).filter(|_| model.ui.pane == Pane::Policy);
    let selected = listed.map(|one| one.rule.id.clone()).filter(|id| model.memories.has(id));
    let last = || model.memories.last(model.now).map(str::to_owned);
    let Some(id) = selected.or_else(last) else {
        say(model, Safe::word("nothing was remembered a moment ago; the Policy pane (9) has all"));
        return Vec::new();
    };
    if !model.may_answer() {
        say(model, Safe::word("this console only watches: W asks for the right to answer"));
        return Vec::new();
    }
    let control = ControlWord::Forget { id };
    vec![Cmd::Send(FromConsole::Control(ControlLine { session: None, control }))]
}
