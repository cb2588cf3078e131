//! When to notify (console.md 2.9), and of what:
//!
//! 1. only while the operator is away: the window is not in front, or, where the terminal does not say,
//!    nothing was typed for [`IDLE_MS`];
//! 2. each call once when it begins to wait and once when half of its time is over; what happened before
//!    the operator's eyes counts as told;
//! 3. not within [`COOLDOWN_MS`] of the one before, or [`URGENT_COOLDOWN_MS`] where half of a time is over:
//!    what comes in between is told together, if it still waits then.

use crate::console::input::Focus;
use crate::console::model::window::Told;
use crate::console::model::{Model, Ticket, TicketKey};
use crate::console::outgoing::notice::TICKETS_MAX;
use crate::console::outgoing::{Notice, Plain};
use crate::console::update::Cmd;

/// Between two notifications (console.md 2.9).
const COOLDOWN_MS: u64 = 20_000;
/// The same where a call's time runs out: often enough to matter, rare enough to be read.
const URGENT_COOLDOWN_MS: u64 = 5_000;
/// Who types nothing for so long may be elsewhere.
const IDLE_MS: u64 = 30_000;

/// Looks at what waits; called when something began to wait and each second while something does.
pub(super) fn notify(model: &mut Model) -> Vec<Cmd> {
    // A call counts from its bell on: before that the rest of its journal may tell that it is over.
    let waiting: Vec<(TicketKey, Told)> = model
        .waiting()
        .filter(|ticket| ticket.rung)
        .map(|ticket| (ticket.key, stage(model, ticket)))
        .collect();
    let is_away = is_away(model);
    let window = &mut model.ui.window;
    window.told.retain(|key, _| waiting.iter().any(|(waits, _)| waits == key));
    let news = |stage: Told| {
        waiting.iter().any(|(key, now)| {
            *now >= stage && window.told.get(key).is_none_or(|told| *told < stage)
        })
    };
    let urgent = news(Told::Half);
    let cooldown = if urgent { URGENT_COOLDOWN_MS } else { COOLDOWN_MS };
    let now_ms = model.now.mono_ms;
    let due = window.told_ms.is_none_or(|at| now_ms >= at.saturating_add(cooldown));
    let tells = is_away && due && (urgent || news(Told::Waits));
    if is_away && !tells {
        return Vec::new();
    }
    window.told.extend(waiting.iter().copied());
    if !tells {
        return Vec::new();
    }
    window.told_ms = Some(now_ms);
    vec![Cmd::Notify(notice(model, urgent))]
}

fn stage(model: &Model, ticket: &Ticket) -> Told {
    let half_ms = ticket.held.deadline_at.ms_since(ticket.at) / 2;
    if model.now.at.ms_since(ticket.at) >= half_ms { Told::Half } else { Told::Waits }
}

fn is_away(model: &Model) -> bool {
    match model.ui.window.focus {
        Some(Focus::Out) => true,
        Some(Focus::In) => false,
        None => model.now.mono_ms >= model.ui.last_input_ms.unwrap_or(0).saturating_add(IDLE_MS),
    }
}

fn notice(model: &Model, urgent: bool) -> Notice {
    let name = |ticket: &Ticket| {
        let session = model.session(ticket.key.session)?;
        Plain::new(&session.name)
    };
    let mut sessions: Vec<_> = model.waiting().map(|t| (t.key.session, name(t))).collect();
    sessions.sort();
    sessions.dedup();
    let tickets = model.waiting().filter_map(|t| Some((name(t)?, t.key.ticket.0)));
    Notice {
        waiting: model.waiting().count() as u64,
        sessions: sessions.into_iter().map(|(_, name)| name).collect(),
        tickets: tickets.take(TICKETS_MAX).collect(),
        urgent,
    }
}

/// Rings once for each ticket that waits, however many came at once.
pub(super) fn bell(model: &mut Model) -> Vec<Cmd> {
    let mut rings = false;
    for ticket in &mut model.tickets {
        rings |= ticket.over.is_none() && !ticket.rung;
        ticket.rung = true;
    }
    if rings { vec![Cmd::Bell] } else { Vec::new() }
}
