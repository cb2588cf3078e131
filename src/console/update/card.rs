//! The approval card: what counts as an answer.
//!
//! A key answers only if all of this holds (console.md 2.6):
//!
//! 1. the card of this ticket *and version* was drawn complete at least [`ARM_MS`] ago;
//! 2. nothing was typed, pasted or focused for [`QUIET_MS`] before it, so typing ahead is dead;
//! 3. the terminal did not say that the key is held, and it is not the key before it within
//!    [`SAME_KEY_MS`], for terminals that cannot tell;
//! 4. for medium and high risk everything was on the screen, or the operator typed that it was not;
//! 5. medium risk needs a second, different key, high risk the code that the gate chose;
//! 6. the gate lets this console answer, and no answer is on its way.
//!
//! Enter, paste and mouse are never an answer that lets a call pass. What is sent carries the digest
//! that was shown; the gate refuses it if anything changed.

mod answer;
mod batch;
mod edit;
mod guard;
mod page;
mod remember;
mod reveal;

use crate::console::action::Action;
use crate::console::model::card::{Card, Face, Shown, Step};
use crate::console::model::catalogue::Key;
use crate::console::model::difference::Difference;
use crate::console::model::doc::{Laid, Part, Slot, Want};
use crate::console::model::ui::Move;
use crate::console::model::{Model, TicketKey};
use crate::console::update::Cmd;
use crate::engine::CallId;
use crate::policy::Risk;
use crate::text::Safe;

pub use answer::{TEMPLATES, UNREAD};
pub(super) use answer::{answer, typed};
pub use batch::BATCH_MAX;
pub(super) use batch::{mark, open_selected};
pub(super) use edit::{edited, paste};
pub use guard::{ARM_MS, QUIET_MS, SAME_KEY_MS, armed_in_ms};
pub(super) use guard::{Guard, guard};
pub(super) use page::fit;
pub use remember::Counting;
pub(super) use remember::{choose, counted, undo};
use reveal::reveal;
pub(super) use reveal::revealed;

/// Opens the card of a ticket.
pub(super) fn open(model: &mut Model, key: TicketKey) -> Vec<Cmd> {
    let Some((shown, cmds)) = show(model, key) else { return Vec::new() };
    let face = if matches!(shown.original, Slot::Empty) { Face::Arguments } else { Face::Diff };
    let full = model.ui.card.as_ref().is_some_and(|card| card.full);
    let mut card = Card::new(shown, Vec::new(), face, full);
    let drifted = model.ticket(key).map(|ticket| model.drifted(ticket)).unwrap_or_default();
    let (differences, wants) = differences(model, &drifted);
    card.differences = differences;
    model.ui.card = Some(card);
    cmds.into_iter().chain(wants).collect()
}

/// These definitions as they are now, and what has to be read to show them.
fn differences(model: &Model, keys: &[Key]) -> (Vec<Difference>, Vec<Cmd>) {
    let shown = keys.iter().filter_map(|key| Difference::of(model, key));
    let (differences, wants): (Vec<Difference>, Vec<Vec<Want>>) = shown.unzip();
    (differences, wants.into_iter().flatten().map(Cmd::Load).collect())
}

/// What the card's call uses may have changed again, or been taken meanwhile. What is new on the card has to be seen
/// first, and the card's guard begins anew with it.
fn follow_differences(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let Some(ticket) = model.ticket(card.key()) else { return Vec::new() };
    let drifted = model.drifted(ticket);
    let same = card.differences.iter().map(|shown| &shown.key).eq(&drifted);
    if same && card.differences.iter().all(|shown| shown.is_current(model)) {
        return Vec::new();
    }
    let prints = |all: &[Difference]| {
        all.iter().map(|shown| shown.fingerprint().map(str::to_owned)).collect::<Vec<_>>()
    };
    let before = prints(&card.differences);
    let (differences, cmds) = differences(model, &drifted);
    let new = prints(&differences).iter().any(|print| !before.contains(print));
    if let Some(card) = &mut model.ui.card {
        card.differences = differences;
        card.lay_anew();
        if new {
            (card.differences_seen, card.seen_all, card.drawn_ms) = (false, false, None);
            if matches!(
                card.step,
                Step::Confirm { .. } | Step::Code { .. } | Step::Unread(_) | Step::Remember(_)
            ) {
                card.step = Step::Open;
            }
            card.said =
                Some(Safe::word("a definition changed: see it before anything is answered"));
        }
    }
    cmds
}

/// A call for a card, and what has to be read for it.
fn show(model: &Model, key: TicketKey) -> Option<(Shown, Vec<Cmd>)> {
    let ticket = model.ticket(key)?;
    let want = |place, part| Want { session: key.session, place, call: CallId(key.ticket.0), part };
    let agents = want(ticket.request, Part::Arguments);
    let edited = ticket.edited.map(|place| want(place, Part::Edited));
    let (arguments, original) = match edited {
        Some(edited) => (Slot::Loading(edited), Slot::Loading(agents)),
        None => (Slot::Loading(agents), Slot::Empty),
    };
    let version = ticket.held.version;
    let cmds = std::iter::once(agents).chain(edited).map(Cmd::Load).collect();
    let shown = Shown { key, version, arguments, revealed: false, original, left_out: false };
    Some((shown, cmds))
}

/// The calls on the card that an answer would go to: those that still wait, as they are shown.
pub(in crate::console) fn answerable<'a>(
    model: &'a Model,
    card: &'a Card,
) -> impl Iterator<Item = TicketKey> + 'a {
    let as_shown = |shown: &&Shown| {
        let ticket = model.ticket(shown.key);
        ticket.is_some_and(|t| model.is_waiting(t) && t.held.version == shown.version)
    };
    card.members().filter(|shown| !shown.left_out).filter(as_shown).map(|shown| shown.key)
}

/// The risk of an answer: the strictest of the calls that it would go to.
#[must_use]
pub fn risk_of(model: &Model, card: &Card) -> Risk {
    let risks = answerable(model, card).map(|key| model.risk(key));
    risks.max().unwrap_or_else(|| model.risk(card.key()))
}

/// What happened to the tickets under the open card. One that changed makes it a new card, with its own
/// guard; a batch goes on without those that changed or ended.
pub(super) fn follow(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &mut model.ui.card else { return Vec::new() };
    if card.is_batch() {
        batch::follow(model);
        return Vec::new();
    }
    let (key, version) = (card.key(), card.one.version);
    match model.ticket(key) {
        Some(ticket) if ticket.over.is_some() => {
            if let Some(card) = &mut model.ui.card {
                card.step = Step::Open;
            }
            Vec::new()
        }
        Some(ticket) if ticket.held.version != version => open(model, key),
        Some(_) => follow_differences(model),
        None => Vec::new(),
    }
}

/// Opens another call's card.
pub(super) fn go(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::NextAsk { next(model) } else { oldest(model) }
}

/// Opens the card of the call that waits longest.
fn oldest(model: &mut Model) -> Vec<Cmd> {
    let oldest = model.waiting().next().map(|ticket| ticket.key);
    if let Some(key) = oldest {
        return open(model, key);
    }
    say(model, Safe::word("no call waits"));
    Vec::new()
}

/// Opens the next waiting call's card.
fn next(model: &mut Model) -> Vec<Cmd> {
    let Some(card) = &model.ui.card else { return Vec::new() };
    let others = |key: &TicketKey| card.key() == *key || !card.holds(*key);
    let waiting: Vec<TicketKey> = model.waiting().map(|ticket| ticket.key).filter(others).collect();
    let here = waiting.iter().position(|key| *key == card.key());
    let next = match here {
        Some(at) => waiting.get(at + 1).or_else(|| waiting.first()),
        None => waiting.first(),
    };
    match next {
        Some(key) if *key != card.key() => open(model, *key),
        Some(_) | None => {
            say(model, Safe::word("no other call waits"));
            Vec::new()
        }
    }
}

/// The frame with the card was drawn.
pub(super) fn drawn(model: &mut Model) {
    let now_ms = model.now.mono_ms;
    if !crate::console::view::layout::is_usable(model.size)
        || model.ui.help.is_some()
        || model.ui.palette.is_some()
    {
        return;
    }
    let Some(card) = &mut model.ui.card else { return };
    let Some(laid) = &card.page.laid else { return };
    if card.members().any(|shown| shown.arguments.doc().is_none())
        || !card.differences.iter().all(Difference::is_read)
        || card.page.height == 0
    {
        return;
    }
    if matches!(card.step, Step::Edit(_) | Step::Outside | Step::Remember(_)) {
        // The editor stands in the place of the rows.
        return;
    }
    let bottom = card.page.top + card.page.height;
    card.seen_to = card.seen_to.max(bottom.min(laid.len()));
    let left_out = |slot: &Slot| slot.doc().is_some_and(|doc| doc.lines.left_out_bytes > 0);
    let cut = |shown: &Shown| left_out(&shown.arguments) || left_out(&shown.original);
    let whole = card.face == Face::Raw || !card.members().any(cut);
    let to_the_end = card.seen_to >= laid.len();
    // The bytes of a call have no definition among them.
    card.differences_seen |= card.differences.is_empty() || card.face != Face::Raw && to_the_end;
    card.seen_all |= whole && to_the_end && card.differences_seen;
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
pub(super) fn face(model: &mut Model, action: Action) -> Vec<Cmd> {
    if action == Action::Reveal {
        return reveal(model);
    }
    let Some(card) = &mut model.ui.card else { return Vec::new() };
    if action == Action::Full {
        card.full = !card.full;
    } else if action == Action::Raw && card.is_batch() {
        card.said =
            Some(Safe::word("exact bytes are shown of one call at a time: Esc, then Enter"));
        return Vec::new();
    } else {
        let edited = card.one.original.doc().is_some();
        card.face = if action == Action::Raw && card.face != Face::Raw {
            Face::Raw
        } else if action == Action::Diff && card.face != Face::Diff && edited {
            Face::Diff
        } else {
            Face::Arguments
        };
    }
    card.lay_anew();
    Vec::new()
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
    let Some(card) = &mut model.ui.card else { return };
    let sent = matches!(card.step, Step::Sent(_));
    if sent
        || matches!(
            card.step,
            Step::Code { .. } | Step::Confirm { .. } | Step::Unread(_) | Step::Remember(_)
        )
    {
        card.step = Step::Open;
        card.said = Some(Safe::word(if sent {
            "the gate was lost: that answer may not have arrived"
        } else {
            "the gate was lost: nothing was answered"
        }));
    }
}

/// The gate did not take an answer.
pub(super) fn not_taken(model: &mut Model, key: TicketKey, why: &str) {
    let number = Safe::escape(&format!("#{} ", key.ticket.0));
    let text = Safe::word("not taken: ").then(&Safe::escape(why));
    match &mut model.ui.card {
        Some(card) if card.holds(key) => {
            card.step = Step::Open;
            card.said = Some(if card.is_batch() { number.then(&text) } else { text });
        }
        Some(_) | None => model.ui.said = Some(number.then(&text)),
    }
}
