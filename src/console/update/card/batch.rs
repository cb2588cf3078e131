//! Equal requests on one card: marked in the Ask pane, listed in full, answered each with its own digest.

use crate::console::model::card::{Card, Face, Shown, Step};
use crate::console::model::doc::Slot;
use crate::console::model::{Model, Ticket, TicketKey};
use crate::console::update::Cmd;
use crate::console::update::card::{open, say, show};
use crate::policy::Risk;
use crate::text::Safe;

/// Calls on one card. More than these nobody reads, and each body takes memory.
pub const BATCH_MAX: usize = 32;

/// Marks the selected request and all that are equal to it; or takes the mark from one that has it.
pub(in crate::console::update) fn mark(model: &mut Model) {
    let Some(key) = selected(model) else { return };
    model.ui.marked = model.marked().collect();
    if let Some(at) = model.ui.marked.iter().position(|marked| *marked == key) {
        model.ui.marked.remove(at);
        return;
    }
    let Some(ticket) = model.ticket(key).filter(|ticket| model.is_waiting(ticket)) else { return };
    if ticket.held.risk == Risk::High {
        model.ui.said = Some(Safe::word("high risk is answered one by one: Enter opens its card"));
        return;
    }
    let equals =
        |other: TicketKey| model.ticket(other).is_some_and(|t| are_equal(model, ticket, t));
    // One that was taken out comes back alone; anything else begins anew.
    let joins = model.ui.marked.first().is_some_and(|first| equals(*first));
    let mut marked: Vec<TicketKey> = if joins {
        model.ui.marked.iter().copied().chain([key]).collect()
    } else {
        model.waiting().filter(|other| are_equal(model, ticket, other)).map(|t| t.key).collect()
    };
    let equal = marked.len();
    marked.truncate(BATCH_MAX);
    model.ui.marked = marked;
    if equal > BATCH_MAX {
        model.ui.said =
            Some(Safe::word("more are equal than one card takes: the oldest are marked"));
    } else if equal == 1 {
        model.ui.said = Some(Safe::word("no other waiting request is equal to this one"));
    }
}

/// Whether two requests may share an answer: the same tool of the same session's server, asked because of the
/// same rules, of the same risk, which is not high, and both as the agent sent them.
fn are_equal(model: &Model, one: &Ticket, other: &Ticket) -> bool {
    let tool = |ticket: &Ticket| {
        let call = ticket.row.and_then(|at| model.call(at));
        call.filter(|call| call.is_tool).map(|call| (call.server, call.name))
    };
    let rules = |ticket: &Ticket| -> Vec<String> {
        ticket.held.reasons.iter().map(|reason| reason.rule.clone()).collect()
    };
    one.key.session == other.key.session
        && tool(one).is_some()
        && tool(one) == tool(other)
        && one.held.risk == other.held.risk
        && one.held.risk != Risk::High
        && one.edited.is_none()
        && other.edited.is_none()
        && rules(one) == rules(other)
}

fn selected(model: &Model) -> Option<TicketKey> {
    model.asks().nth(model.ui.ask).map(|ticket| ticket.key)
}

/// Opens the card of the selected request, or of all that are marked if it is one of them.
pub(in crate::console::update) fn open_selected(model: &mut Model) -> Vec<Cmd> {
    let Some(key) = selected(model) else { return Vec::new() };
    let marked: Vec<TicketKey> = model.marked().collect();
    if marked.len() < 2 || !marked.contains(&key) {
        return open(model, key);
    }
    let mut members = Vec::new();
    let mut cmds = Vec::new();
    for (shown, load) in marked.iter().filter_map(|key| show(model, *key)) {
        // An edit since the marking makes it another request.
        if matches!(shown.original, Slot::Empty) {
            members.push(shown);
            cmds.extend(load);
        }
    }
    let is_there = members.iter().any(|shown| shown.key == key);
    let mut members = members.into_iter();
    let (Some(one), true, true) = (members.next(), is_there, members.len() > 0) else {
        return open(model, key);
    };
    model.ui.card = Some(Card::new(one, members.collect(), Face::Arguments, false));
    cmds
}

/// Leaves out what changed or ended since the batch was opened, and says so.
pub(super) fn follow(model: &mut Model) {
    let Some(card) = &model.ui.card else { return };
    let is_out = |shown: &Shown| {
        let ticket = model.ticket(shown.key);
        !ticket.is_some_and(|t| model.is_waiting(t) && t.held.version == shown.version)
    };
    let out: Vec<TicketKey> = card
        .members()
        .filter(|shown| !shown.left_out && is_out(shown))
        .map(|shown| shown.key)
        .collect();
    let Some(first) = out.first() else { return };
    let number = Safe::escape(&format!("#{} ", first.ticket.0));
    let Some(card) = &mut model.ui.card else { return };
    for shown in card.members_mut().filter(|shown| out.contains(&shown.key)) {
        shown.left_out = true;
    }
    // The rows say it too; they stay as many, so what was seen stays seen.
    card.page.laid = None;
    let over = card.members().all(|shown| shown.left_out);
    let sent = matches!(card.step, Step::Sent(_));
    if over || !sent {
        card.step = Step::Open;
    }
    if !sent {
        let more = if out.len() > 1 { "and others changed or ended" } else { "changed or ended" };
        say(model, number.then(&Safe::word(more)).then(&Safe::word(": left out of this batch")));
    }
}
