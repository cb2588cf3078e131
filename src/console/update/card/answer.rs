//! The keys that answer, and the lines that they become.

use crate::console::action::Action;
use crate::console::input::Key;
use crate::console::model::card::{Card, Step};
use crate::console::model::remembering::Remembering;
use crate::console::model::{Model, TicketKey};
use crate::console::update::card::{Guard, answerable, edit, remember, risk_of, say, step};
use crate::console::update::{Cmd, sessions};
use crate::policy::Risk;
use crate::text::Safe;
use crate::wire::{AnswerLine, AnswerWord, FromConsole};

/// A reason is a sentence; longer ones are cut while typing.
const REASON_CHARS_MAX: usize = 400;
/// What has to be typed to let a call pass that was not seen to its end.
pub const UNREAD: &str = "unread";

/// What `1` to `5` put into an empty reason: in short, and as the agent reads it.
pub const TEMPLATES: [(&str, &str); 5] = [
    ("not needed", "not needed for this task"),
    ("wrong target", "wrong target: ask me which one"),
    ("too broad", "too broad: narrow it and ask again"),
    ("other way", "do it another way, without this tool"),
    ("why", "stop and tell me what you are trying to do"),
];

/// One of the keys that answer.
pub(in crate::console::update) fn answer(
    model: &mut Model,
    action: Action,
    guard: Guard,
) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    if answerable(model, card).next().is_none()
        || matches!(card.step, Step::Sent(_) | Step::Outside)
    {
        return Vec::new();
    }
    if !model.may_answer() {
        say(model, Safe::word("this console only watches: W asks for the right to answer"));
        return Vec::new();
    }
    // What was typed as text is not typed ahead: only its first key is guarded.
    let guarded = !matches!(action, Action::SendReason | Action::SendEdit);
    if guarded && guard == Guard::Dead {
        say(model, Safe::word("too fast or held: that key was not taken, press it again"));
        return Vec::new();
    }
    if action == Action::Allow {
        return allow(model);
    }
    if action == Action::AllowYes {
        return confirmed(model);
    }
    if action == Action::Deny {
        return send(model, &Saying::new("deny", AnswerWord::Deny { reason: None }));
    }
    if action == Action::Remember {
        return remember::begin(model);
    }
    if let Action::Choose(choice) = action {
        return remember::answer(model, choice);
    }
    if action == Action::AcceptTool {
        return sessions::ask_to_accept(model);
    }
    if action == Action::SendReason {
        return send_reason(model);
    }
    if action == Action::SendEdit {
        return edit::send(model);
    }
    if action == Action::EditOutside {
        return edit::outside(model);
    }
    if action == Action::DenyWithReason {
        step(model, Step::Reason(String::new()));
    }
    if action == Action::AllowUnread {
        allow_unread(model);
    }
    if action == Action::Edit {
        edit::inside(model);
    }
    Vec::new()
}

fn allow(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let risk = risk_of(model, card);
    if risk == Risk::Low {
        return send(model, &Saying::new("allow", AnswerWord::Allow {}));
    }
    if card.seen_all {
        confirm(model, risk, false);
    } else {
        let text = if card.is_batch() {
            "not all was seen yet: scroll to the end first (G), or answer one by one"
        } else {
            "not all was seen yet: scroll to the end first (G)"
        };
        say(model, Safe::word(text));
    }
    Vec::new()
}

/// The class's own confirmation.
fn confirm(model: &mut Model, risk: Risk, unread: bool) {
    match risk {
        Risk::Low | Risk::Medium => step(model, Step::Confirm { unread }),
        Risk::High => code_due(model, unread, None),
    }
}

fn code_due(model: &mut Model, unread: bool, remember: Option<Box<Remembering>>) {
    if code(model).is_some() {
        step(model, Step::Code { typed: String::new(), unread, remember });
    } else {
        step(model, Step::Open);
        say(model, Safe::word("the gate has not sent the code yet"));
    }
}

/// The code is due, for an answer that is to be remembered.
pub(super) fn ask_code(model: &mut Model, remember: Option<Box<Remembering>>) {
    code_due(model, false, remember);
}

fn code(model: &Model) -> Option<&Safe> {
    model.codes.get(&model.ui.card.as_ref()?.key())
}

fn confirmed(model: &mut Model) -> Vec<Cmd> {
    let Some(Card { step: Step::Confirm { unread }, .. }) = model.ui.card else {
        return Vec::new();
    };
    send(model, &Saying { unread, ..Saying::new("allow", AnswerWord::Allow {}) })
}

/// The way around reading everything: said in a word that no habit types, and on record.
fn allow_unread(model: &mut Model) {
    let Some(card) = &model.ui.card else { return };
    let why_not = if risk_of(model, card) == Risk::Low {
        Some("low risk: a allows it, read or not")
    } else if card.seen_all {
        Some("all of it was seen: a allows it")
    } else if card.is_batch() {
        Some("a batch is read to its end, or its calls are answered one by one")
    } else {
        None
    };
    match why_not {
        Some(text) => say(model, Safe::word(text)),
        None => step(model, Step::Unread(String::new())),
    }
}

/// An answer before it is addressed.
struct Saying {
    word: &'static str,
    answer: AnswerWord,
    code: Option<String>,
    unread: bool,
}

impl Saying {
    const fn new(word: &'static str, answer: AnswerWord) -> Self {
        Self { word, answer, code: None, unread: false }
    }
}

/// One line for each call on the card that still waits as it is shown.
fn send(model: &mut Model, saying: &Saying) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let lines = answerable(model, card).filter_map(|key| line(model, key, saying));
    let cmds: Vec<Cmd> = lines.map(|line| Cmd::Send(FromConsole::Answer(line))).collect();
    if !cmds.is_empty() {
        step(model, Step::Sent(saying.word));
    }
    cmds
}

fn line(model: &Model, key: TicketKey, saying: &Saying) -> Option<AnswerLine> {
    let (ticket, session) = (model.ticket(key)?, model.session(key.session)?);
    Some(AnswerLine {
        session: session.name.clone(),
        ticket: key.ticket.0,
        digest: ticket.held.digest.0.clone(),
        answer: saying.answer.clone(),
        code: saying.code.clone(),
        unread: saying.unread,
    })
}

fn send_reason(model: &mut Model) -> Vec<Cmd> {
    let Some(Card { step: Step::Reason(text), .. }) = &model.ui.card else { return Vec::new() };
    let reason = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    send(model, &Saying::new("deny", AnswerWord::Deny { reason }))
}

/// Sends an answer under this word.
pub(super) fn send_as(
    model: &mut Model,
    word: &'static str,
    answer: AnswerWord,
    code: Option<String>,
) -> Vec<Cmd> {
    send(model, &Saying { code, ..Saying::new(word, answer) })
}

/// Sends other arguments for the gate to judge.
pub(super) fn send_edit(model: &mut Model, arguments: String) -> Vec<Cmd> {
    send(model, &Saying::new("edit", AnswerWord::Edit { arguments }))
}

/// A key while letters are text.
pub(in crate::console::update) fn typed(model: &mut Model, key: Key) -> Vec<Cmd> {
    let Some(card) = &mut model.ui.card else { return Vec::new() };
    match &mut card.step {
        Step::Unread(text) => {
            type_word(text, key);
            let typed = text.clone();
            check_unread(model, &typed);
        }
        Step::Code { typed, unread, .. } => {
            type_word(typed, key);
            let (typed, unread) = (typed.clone(), *unread);
            return check_code(model, &typed, unread);
        }
        Step::Reason(text) => type_reason(text, key),
        Step::Edit(area) => edit::typed(area, key),
        Step::Open | Step::Confirm { .. } | Step::Remember(_) | Step::Outside | Step::Sent(_) => {}
    }
    Vec::new()
}

fn type_word(text: &mut String, key: Key) {
    if let Key::Char(c) = key {
        text.push(c);
    } else if key == Key::Backspace {
        text.pop();
    }
}

fn check_unread(model: &mut Model, typed: &str) {
    if typed.chars().count() < UNREAD.len() {
        return;
    }
    let Some(card) = &model.ui.card else { return };
    if typed == UNREAD {
        let risk = risk_of(model, card);
        confirm(model, risk, true);
    } else {
        step(model, Step::Open);
        say(model, Safe::word("that was not the word: nothing was allowed"));
    }
}

fn check_code(model: &mut Model, typed: &str, unread: bool) -> Vec<Cmd> {
    let Some(code) = code(model).map(|code| code.as_str().to_owned()) else {
        step(model, Step::Open);
        return Vec::new();
    };
    if typed.chars().count() < code.chars().count() {
        return Vec::new();
    }
    if typed == code && model.may_answer() {
        let code = Some(code);
        if let Some(Card { step: Step::Code { remember: Some(_), .. }, .. }) = &model.ui.card {
            return remember::send(model, true, code);
        }
        let saying = Saying { code, unread, ..Saying::new("allow", AnswerWord::Allow {}) };
        return send(model, &saying);
    }
    step(model, Step::Open);
    say(model, Safe::word("that was not the code: nothing was allowed"));
    Vec::new()
}

fn type_reason(text: &mut String, key: Key) {
    if let Key::Char(c @ '1'..='5') = key
        && text.is_empty()
    {
        let at = c.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
        text.push_str(TEMPLATES.get(at - 1).map_or("", |(_, sentence)| sentence));
    } else if let Key::Char(c) = key {
        if text.chars().count() < REASON_CHARS_MAX {
            text.push(c);
        }
    } else if key == Key::Backspace {
        text.pop();
    } else if key == Key::Ctrl('u') {
        text.clear();
    }
}

/// Pasted text becomes one line of the reason.
pub(super) fn paste_reason(reason: &mut String, text: &str) {
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let room = REASON_CHARS_MAX.saturating_sub(reason.chars().count());
    reason.extend(one_line.take(room));
}
