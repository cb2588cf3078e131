//! The approval card: what counts as an answer.
//!
//! A key answers only if all of this holds (console.md 2.6):
//!
//! 1. the card of this ticket *and version* was drawn complete at least [`ARM_MS`] ago;
//! 2. nothing was typed, pasted or focused for [`QUIET_MS`] before it, so typing ahead is dead;
//! 3. the terminal did not say that the key is held, and it is not the key before it within
//!    [`SAME_KEY_MS`], for terminals that cannot tell;
//! 4. for medium and high risk everything was on the screen;
//! 5. medium risk needs a second, different key, high risk the code that the gate chose;
//! 6. the gate lets this console answer, and no answer is on its way.
//!
//! Enter, paste and mouse are never an answer that lets a call pass. What is sent carries the digest
//! that was shown; the gate refuses it if anything changed.

use ratatui_textarea::{CursorMove, Input, TextArea};

use crate::console::action::Action;
use crate::console::input::{Key, Press};
use crate::console::model::doc::{Laid, Part, Slot, Want};
use crate::console::model::ui::{Card, Face, Move, Step};
use crate::console::model::{Model, TicketKey, json};
use crate::console::update::Cmd;
use crate::engine::CallId;
use crate::policy::Risk;
use crate::text::Safe;
use crate::wire::{AnswerLine, AnswerWord, FromConsole};

/// A card that was just drawn cannot be answered for this long.
pub const ARM_MS: u64 = 800;
/// Nor within this long after anything was typed.
pub const QUIET_MS: u64 = 400;
/// The same key again within this long counts as held: the usual delay before a repeat is 660 ms.
pub const SAME_KEY_MS: u64 = 1000;
/// A reason is a sentence; longer ones are cut while typing.
const REASON_CHARS_MAX: usize = 400;
/// Larger arguments are not edited in a terminal.
const EDIT_BYTES_MAX: usize = 1024 * 1024;

/// What `1` to `5` put into an empty reason.
const TEMPLATES: [&str; 5] = [
    "not needed for this task",
    "wrong target: ask me which one",
    "too broad: narrow it and ask again",
    "do it another way, without this tool",
    "stop and tell me what you are trying to do",
];

/// Whether a key may be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// It may.
    Clear,
    /// It may not: too early, too fast or held.
    Dead,
}

/// How long until a key can be an answer, 0 when it can; `None` without an open card of a waiting call.
#[must_use]
pub fn armed_in_ms(model: &Model) -> Option<u64> {
    let card = model.ui.card.as_ref()?;
    let drawn_ms = card.drawn_ms.filter(|_| model.waits(card.key))?;
    let armed_at = drawn_ms + ARM_MS;
    let quiet_at = model.ui.last_input_ms.map_or(0, |at| at + QUIET_MS);
    Some(armed_at.max(quiet_at).saturating_sub(model.now.mono_ms))
}

/// Judges a key before it is taken in.
#[must_use]
pub(super) fn guard(model: &Model, key: Key, press: Press) -> Guard {
    let held = press == Press::Held
        || model
            .ui
            .last_key
            .is_some_and(|(last, at)| last == key && model.now.mono_ms < at + SAME_KEY_MS);
    if !held && armed_in_ms(model) == Some(0) { Guard::Clear } else { Guard::Dead }
}

/// Opens the card of a ticket.
pub(super) fn open(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let Some(ticket) = model.ticket(key) else { return Vec::new() };
    let want = |place, part| Want { session: key.session, place, call: CallId(key.ticket.0), part };
    let original = want(ticket.request, Part::Arguments);
    let edited = ticket.edited.map(|place| want(place, Part::Edited));
    let full = model.ui.card.as_ref().is_some_and(|card| card.full);
    let mut card = Card { key, version: ticket.held.version, full, ..Card::default() };
    let mut cmds = vec![Cmd::Load(original)];
    match edited {
        Some(edited) => {
            card.face = Face::Diff;
            card.original = Slot::Loading(original);
            card.arguments = Slot::Loading(edited);
            cmds.push(Cmd::Load(edited));
        }
        None => card.arguments = Slot::Loading(original),
    }
    model.ui.card = Some(card);
    cmds
}

/// A ticket that changed under the open card makes it a new card, with its own guard.
pub(super) fn follow_ticket(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let key = card.key;
    match model.ticket(key) {
        Some(ticket) if ticket.over.is_some() => {
            if let Some(card) = &mut model.ui.card {
                card.step = Step::Open;
            }
            Vec::new()
        }
        Some(ticket) if ticket.held.version != card.version => open(model, key),
        Some(_) | None => Vec::new(),
    }
}

/// Opens the next waiting call's card.
pub(super) fn next(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let waiting: Vec<TicketKey> = model.waiting().map(|ticket| ticket.key).collect();
    let here = waiting.iter().position(|key| *key == card.key);
    let next = match here {
        Some(at) => waiting.get(at + 1).or_else(|| waiting.first()),
        None => waiting.first(),
    };
    match next {
        Some(key) if *key != card.key => open(model, *key),
        Some(_) | None => {
            say(model, Safe::word("no other call waits"));
            Vec::new()
        }
    }
}

/// The frame with the card was drawn.
pub(super) fn drawn(model: &mut Model) {
    let now_ms = model.now.mono_ms;
    if !crate::console::view::layout::is_usable(model.size) || model.ui.help {
        return;
    }
    let Some(card) = &mut model.ui.card else { return };
    let Some(laid) = &card.page.laid else { return };
    if card.arguments.doc().is_none() || card.page.height == 0 {
        return;
    }
    let bottom = card.page.top + card.page.height;
    card.seen_to = card.seen_to.max(bottom.min(laid.len()));
    let left_out = |slot: &Slot| slot.doc().is_some_and(|doc| doc.lines.left_out_bytes > 0);
    let whole = card.face == Face::Raw || !(left_out(&card.arguments) || left_out(&card.original));
    card.seen_all |= whole && card.seen_to >= laid.len();
    card.drawn_ms = card.drawn_ms.or(Some(now_ms));
}

/// What the operator has seen of what is shown, in percent; less than 100 until it is all.
#[must_use]
pub fn seen_percent(card: &Card) -> usize {
    if card.seen_all {
        return 100;
    }
    let rows = card.page.laid.as_ref().map_or(0, Laid::len);
    (card.seen_to * 100).checked_div(rows).unwrap_or(0).min(99)
}

/// Scrolls the card.
pub(super) fn scroll(model: &mut Model, by: Move) {
    if let Some(card) = &mut model.ui.card {
        card.page.scroll(by);
    }
}

/// Shows the card in another way. What was seen is counted anew, unless it was all.
pub(super) fn face(model: &mut Model, action: Action) {
    let Some(card) = &mut model.ui.card else { return };
    if action == Action::Full {
        card.full = !card.full;
        return;
    }
    let other = if action == Action::Raw && card.face != Face::Raw {
        Face::Raw
    } else if action == Action::Diff && card.face != Face::Diff && card.original.doc().is_some() {
        Face::Diff
    } else {
        Face::Arguments
    };
    card.face = other;
    card.seen_to = 0;
    card.page.stale();
}

/// One of the keys that answer.
pub(super) fn answer(model: &mut Model, action: Action, guard: Guard) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let key = card.key;
    if !model.waits(key) {
        return Vec::new();
    }
    if let Step::Sent(_) = card.step {
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
        return allow(model, key);
    }
    if action == Action::AllowYes {
        return send(model, key, AnswerWord::Allow {}, None, "allow");
    }
    if action == Action::Deny {
        return send(model, key, AnswerWord::Deny { reason: None }, None, "deny");
    }
    if action == Action::SendReason {
        return send_reason(model, key);
    }
    if action == Action::SendEdit {
        return send_edit(model, key);
    }
    if action == Action::DenyWithReason {
        step(model, Step::Reason(String::new()));
    }
    if action == Action::Edit {
        edit(model);
    }
    Vec::new()
}

fn allow(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let risk = model.risk(key);
    let seen = model.ui.card.as_ref().is_some_and(|card| card.seen_all);
    match risk {
        Risk::Low => send(model, key, AnswerWord::Allow {}, None, "allow"),
        Risk::Medium | Risk::High if !seen => {
            say(model, Safe::word("not all was seen yet: scroll to the end first (G)"));
            Vec::new()
        }
        Risk::Medium => {
            step(model, Step::Confirm);
            Vec::new()
        }
        Risk::High if !model.codes.contains_key(&key) => {
            say(model, Safe::word("the gate has not sent the code yet"));
            Vec::new()
        }
        Risk::High => {
            step(model, Step::Code(String::new()));
            Vec::new()
        }
    }
}

fn step(model: &mut Model, step: Step) {
    if let Some(card) = &mut model.ui.card {
        card.step = step;
        card.said = None;
    }
}

fn say(model: &mut Model, what: Safe) {
    match &mut model.ui.card {
        Some(card) => card.said = Some(what),
        None => model.ui.said = Some(what),
    }
}

/// The gate went away: what was sent may not have arrived, and the journal will tell.
pub(super) fn lost(model: &mut Model) {
    if let Some(card) = &mut model.ui.card
        && matches!(card.step, Step::Sent(_) | Step::Code(_) | Step::Confirm)
    {
        card.step = Step::Open;
        card.said = Some(Safe::word("the gate was lost: that answer may not have arrived"));
    }
}

/// The gate did not take an answer.
pub(super) fn not_taken(model: &mut Model, key: TicketKey, why: &str) {
    let text = Safe::word("not taken: ").then(&Safe::escape(why));
    match &mut model.ui.card {
        Some(card) if card.key == key => {
            card.step = Step::Open;
            card.said = Some(text);
        }
        Some(_) | None => model.ui.said = Some(text),
    }
}

fn send(
    model: &mut Model,
    key: TicketKey,
    answer: AnswerWord,
    code: Option<String>,
    word: &'static str,
) -> Vec<Cmd> {
    let (Some(ticket), Some(session)) = (model.ticket(key), model.session(key.session)) else {
        return Vec::new();
    };
    let shown = model.ui.card.as_ref().map(|card| card.version);
    if shown != Some(ticket.held.version) {
        return Vec::new();
    }
    let line = AnswerLine {
        session: session.name.clone(),
        ticket: key.ticket.0,
        digest: ticket.held.digest.0.clone(),
        answer,
        code,
        unread: false,
    };
    step(model, Step::Sent(word));
    vec![Cmd::Send(FromConsole::Answer(line))]
}

fn send_reason(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let Some(Card { step: Step::Reason(text), .. }) = &model.ui.card else { return Vec::new() };
    let reason = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    send(model, key, AnswerWord::Deny { reason }, None, "deny")
}

fn edit(model: &mut Model) {
    let Some(card) = &mut model.ui.card else { return };
    let Some(doc) = card.arguments.doc() else { return };
    if doc.text.len() > EDIT_BYTES_MAX {
        card.said = Some(Safe::word("too large to edit here: deny it with a reason instead"));
        return;
    }
    let lines = json::pretty(&doc.text).split('\n').map(str::to_owned).collect();
    let mut area = TextArea::new(lines);
    area.move_cursor(CursorMove::Top);
    card.step = Step::Edit(Box::new(area));
    card.said = None;
}

fn send_edit(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let Some(Card { step: Step::Edit(area), .. }) = &model.ui.card else { return Vec::new() };
    let text = area.lines().join("\n");
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        let why = format!("no JSON object: {error}");
        say(model, Safe::escape(&why));
        return Vec::new();
    }
    send(model, key, AnswerWord::Edit { arguments: json::compact(&text) }, None, "edit")
}

/// A key while letters are text.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Cmd> {
    let Some(card) = &mut model.ui.card else { return Vec::new() };
    match &mut card.step {
        Step::Code(text) => {
            if let Key::Char(c) = key {
                text.push(c);
            } else if key == Key::Backspace {
                text.pop();
            }
            let typed = text.clone();
            return check_code(model, &typed);
        }
        Step::Reason(text) => type_reason(text, key),
        Step::Edit(area) => {
            if let Some(input) = editor_input(key) {
                area.input(input);
            }
        }
        Step::Open | Step::Confirm | Step::Sent(_) => {}
    }
    Vec::new()
}

fn check_code(model: &mut Model, typed: &str) -> Vec<Cmd> {
    let Some(key) = model.ui.card.as_ref().map(|card| card.key) else { return Vec::new() };
    let Some(code) = model.codes.get(&key).map(|code| code.as_str().to_owned()) else {
        step(model, Step::Open);
        return Vec::new();
    };
    if typed.chars().count() < code.chars().count() {
        return Vec::new();
    }
    if typed == code && model.may_answer() {
        return send(model, key, AnswerWord::Allow {}, Some(code), "allow");
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
        text.push_str(TEMPLATES.get(at - 1).copied().unwrap_or_default());
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

fn editor_input(key: Key) -> Option<Input> {
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
pub(super) fn paste(model: &mut Model, text: &str) {
    let Some(card) = &mut model.ui.card else { return };
    match &mut card.step {
        Step::Reason(reason) => {
            let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            let room = REASON_CHARS_MAX.saturating_sub(reason.chars().count());
            reason.extend(one_line.take(room));
        }
        Step::Edit(area) => {
            for (n, line) in text.split(['\n', '\r']).enumerate() {
                if n > 0 {
                    area.insert_newline();
                }
                area.insert_str(json::seen(line));
            }
        }
        Step::Open | Step::Confirm | Step::Code(_) | Step::Sent(_) => {}
    }
}
