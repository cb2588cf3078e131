//! Messages to changes and commands. Pure: time comes in with each message.

mod card;
mod copy;
mod notify;
mod outgoing;
mod prepare;

use crate::console::action::{self, Action, Context};
use crate::console::input::{Focus, Key, Press};
use crate::console::model::doc::{Part, Payload, Slot, Want};
use crate::console::model::ui::{Card, Move, Pane, Prompt, Step, Tab};
use crate::console::model::{CallAt, Link, Model, Now, Place, Size, TicketKey};
use crate::console::outgoing::Notice;
use crate::console::outgoing::clipboard::Copied;
use crate::engine::TicketId;
use crate::journal::Record;
use crate::text::Safe;
use crate::wire::{FromConsole, ToConsole};

pub use card::{ARM_MS, QUIET_MS, SAME_KEY_MS, armed_in_ms, seen_percent};
pub use copy::copy;
pub use prepare::prepare;

/// Something that came in.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(Key, Press),
    /// Text between paste brackets.
    Paste(String),
    /// The terminal's window came to the front, or left it.
    Focus(Focus),
    /// The terminal has this size.
    Resize(Size),
    /// The gate said this.
    Gate(Box<ToConsole>),
    /// The line to the gate came or went.
    Link(Link),
    /// A record of a session was read.
    Record(String, Box<Record>, Place),
    /// A session's journal was read up to here, of this many bytes.
    Read(String, u64, u64),
    /// A session's journal cannot be read further.
    Broken(String, String),
    /// The theme of this name was put on, or why it was not.
    Theme(Result<String, String>),
    /// What became of a copy.
    Copied(Copied),
    /// The program for notifications could not be started, and why.
    NotNotified(String),
    /// A body was read.
    Loaded(Want, Result<Payload, String>),
    /// The frame was drawn, with everything that [`prepare`] had laid out.
    Drawn,
    /// Time passed.
    Tick,
}

/// Something to do.
#[derive(Debug)]
pub enum Cmd {
    /// Tell the gate.
    Send(FromConsole),
    /// Read a body.
    Load(Want),
    /// Ring, once.
    Bell,
    /// Tell the operator, who is away.
    Notify(Notice),
    /// Put this into the clipboard. It is escaped, unless the operator was asked.
    Copy(String),
    /// Put on a theme: a shipped one's name, a pair's, or a file.
    Theme(String),
    /// Leave.
    Quit,
}

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Cmd> {
    model.now = now;
    match msg {
        Msg::Key(key, press) => return on_key(model, key, press),
        Msg::Paste(text) => {
            model.ui.last_input_ms = Some(now.mono_ms);
            card::paste(model, &text);
        }
        Msg::Focus(focus) => {
            model.ui.last_input_ms = Some(now.mono_ms);
            model.ui.window.focus = Some(focus);
            model.ui.window.swallow = focus == Focus::In;
        }
        Msg::Resize(size) => model.size = size,
        Msg::Gate(line) => gate(model, *line),
        Msg::Link(link) => {
            if matches!(link, Link::Down { .. }) {
                model.consoles.clear();
                model.codes.clear();
                card::lost(model);
            }
            model.link = link;
        }
        Msg::Record(session, record, place) => {
            model.apply(&session, &record, place);
            return card::follow_ticket(model);
        }
        Msg::Read(session, read, total) => {
            let id = model.session_id(&session);
            if let Some(session) = model.sessions.get_mut(id.0) {
                session.read = (read, total);
            }
            if read >= total {
                let mut cmds = bell(model);
                cmds.extend(notify::notify(model));
                return cmds;
            }
        }
        Msg::Broken(session, why) => {
            let id = model.session_id(&session);
            if let Some(session) = model.sessions.get_mut(id.0) {
                session.trouble = Some(Safe::escape(&why));
            }
        }
        Msg::Theme(put_on) => outgoing::themed(model, &put_on),
        Msg::Copied(what) => copy::copied(model, what),
        Msg::NotNotified(why) => outgoing::not_notified(model, &why),
        Msg::Loaded(want, payload) => loaded(model, &want, &payload),
        Msg::Drawn => card::drawn(model),
        Msg::Tick => return notify::notify(model),
    }
    Vec::new()
}

/// When the frame changes although nothing happens: while something counts down.
#[must_use]
pub fn next_wake_ms(model: &Model) -> Option<u64> {
    let arming = card::armed_in_ms(model).filter(|ms| *ms > 0);
    let counting = model.waiting().next().is_some().then(|| 1000 - model.now.at.0 / 1000 % 1000);
    arming.into_iter().chain(counting).min()
}

/// Rings once for each ticket that waits, however many came at once.
fn bell(model: &mut Model) -> Vec<Cmd> {
    let mut rings = false;
    for ticket in &mut model.tickets {
        rings |= ticket.over.is_none() && !ticket.rung;
        ticket.rung = true;
    }
    if rings { vec![Cmd::Bell] } else { Vec::new() }
}

fn gate(model: &mut Model, line: ToConsole) {
    match line {
        ToConsole::Welcome { console, build, pid } => {
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
            if let Some(session) = model.sessions.get_mut(id.0) {
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
        ToConsole::Leaving {} => {
            model.ui.said = Some(Safe::word("the gate leaves for a newer build; connecting again"));
        }
    }
}

fn loaded(model: &mut Model, want: &Want, payload: &Result<Payload, String>) {
    let detail = &mut model.ui.detail;
    if detail.request.fill(want, payload) | detail.answer.fill(want, payload) {
        detail.page.stale();
    }
    if let Some(card) = &mut model.ui.card
        && (card.arguments.fill(want, payload) | card.original.fill(want, payload))
    {
        card.page.stale();
    }
}

/// The context that a key is pressed in.
#[must_use]
pub fn context(model: &Model) -> Context {
    let ui = &model.ui;
    if ui.prompt.is_some() {
        return Context::Prompt;
    }
    if ui.help {
        return Context::Help;
    }
    match (&ui.card, ui.pane) {
        (Some(Card { step, .. }), _) => match step {
            Step::Open | Step::Sent(_) => Context::Card,
            Step::Confirm => Context::Confirm,
            Step::Code(_) => Context::Code,
            Step::Reason(_) => Context::Reason,
            Step::Edit(_) => Context::Edit,
        },
        (None, Pane::Calls) => Context::Calls,
        (None, Pane::Detail) => Context::Detail,
        (None, Pane::Ask) => Context::Ask,
        (None, Pane::Log) => Context::Log,
    }
}

fn on_key(model: &mut Model, key: Key, press: Press) -> Vec<Cmd> {
    let guard = card::guard(model, key, press);
    model.ui.last_key = Some((key, model.now.mono_ms));
    model.ui.last_input_ms = Some(model.now.mono_ms);
    model.ui.said = None;
    let context = context(model);
    let Some(action) = action::find(context, key) else {
        return if context.is_text() { card::typed(model, key) } else { Vec::new() };
    };
    if action.answers() {
        return card::answer(model, action, guard);
    }
    act(model, action, context)
}

fn act(model: &mut Model, action: Action, context: Context) -> Vec<Cmd> {
    match action {
        Action::Move(by) => moved(model, by, context),
        Action::PaneCalls => focus(model, Pane::Calls),
        Action::PaneAsk => focus(model, Pane::Ask),
        Action::PaneLog => focus(model, Pane::Log),
        Action::NextPane => {
            let next = next_pane(model.ui.pane);
            focus(model, next)
        }
        Action::PreviousPane => {
            let previous = next_pane(next_pane(next_pane(model.ui.pane)));
            focus(model, previous)
        }
        Action::Open if context == Context::Ask => open_selected_ask(model),
        Action::Open | Action::PaneDetail => focus(model, Pane::Detail),
        Action::Follow => {
            model.ui.call = None;
            show_call(model)
        }
        Action::Copy => copy::shown(model),
        Action::CopyRaw => copy::ask_raw(model),
        Action::NextTab => turn_tab(model, 1),
        Action::PreviousTab => turn_tab(model, 2),
        Action::OldestAsk => {
            let oldest = model.waiting().next().map(|ticket| ticket.key);
            match oldest {
                Some(key) => card::open(model, key),
                None => say(model, "no call waits"),
            }
        }
        Action::NextAsk => card::next(model),
        Action::RequestRight => request_right(model),
        Action::GrantRight => {
            match model.asking().map(|line| line.console) {
                Some(console) => model.ui.prompt = Some(Prompt::Grant { console }),
                None => model.ui.said = Some(Safe::word("no other console asks")),
            }
            Vec::new()
        }
        Action::Full | Action::Raw | Action::Diff => {
            card::face(model, action);
            Vec::new()
        }
        Action::Back => back(model),
        Action::Yes => yes(model),
        Action::Help => {
            model.ui.help = true;
            Vec::new()
        }
        Action::Quit => quit(model, context),
        Action::Allow
        | Action::AllowYes
        | Action::Deny
        | Action::DenyWithReason
        | Action::SendReason
        | Action::Edit
        | Action::SendEdit => Vec::new(),
    }
}

fn say(model: &mut Model, what: &'static str) -> Vec<Cmd> {
    model.ui.said = Some(Safe::word(what));
    Vec::new()
}

const fn next_pane(pane: Pane) -> Pane {
    match pane {
        Pane::Calls => Pane::Detail,
        Pane::Detail => Pane::Ask,
        Pane::Ask => Pane::Log,
        Pane::Log => Pane::Calls,
    }
}

fn focus(model: &mut Model, pane: Pane) -> Vec<Cmd> {
    model.ui.pane = pane;
    if pane == Pane::Detail { show_call(model) } else { Vec::new() }
}

/// The selected call's number, the newest where none is.
#[must_use]
pub fn selected(model: &Model) -> Option<CallAt> {
    let newest = model.calls.len().checked_sub(1).map(CallAt);
    model.ui.call.or(newest)
}

/// Loads the selected call into the detail pane, if it is not there.
fn show_call(model: &mut Model) -> Vec<Cmd> {
    let Some(at) = selected(model) else { return Vec::new() };
    let Some(call) = model.calls.get(at.0) else { return Vec::new() };
    let want = |place, part| Want { session: call.session, place, call: call.call, part };
    let request = want(call.request, Part::Arguments);
    let answer = call.answer.map(|place| want(place, Part::Answer));
    let detail = &mut model.ui.detail;
    let mut cmds = Vec::new();
    if detail.row != Some(at) {
        detail.row = Some(at);
        detail.page.stale();
        detail.request = Slot::Loading(request);
        detail.answer = Slot::Empty;
        cmds.push(Cmd::Load(request));
    }
    if let (Slot::Empty, Some(answer)) = (&detail.answer, answer) {
        detail.answer = Slot::Loading(answer);
        detail.page.laid = None;
        cmds.push(Cmd::Load(answer));
    }
    cmds
}

/// Keeps the detail pane at the selected call while calls come in; called before each frame.
pub fn refresh(model: &mut Model) -> Vec<Cmd> {
    let split = crate::console::view::layout::is_split(model.size);
    if split || model.ui.pane == Pane::Detail { show_call(model) } else { Vec::new() }
}

fn turn_tab(model: &mut Model, by: usize) -> Vec<Cmd> {
    let tabs = [Tab::Args, Tab::Result, Tab::Raw];
    let detail = &mut model.ui.detail;
    let at = tabs.iter().position(|tab| *tab == detail.tab).unwrap_or(0);
    detail.tab = tabs.into_iter().cycle().nth(at + by).unwrap_or_default();
    detail.page.stale();
    Vec::new()
}

fn moved(model: &mut Model, by: Move, context: Context) -> Vec<Cmd> {
    let page = usize::from(model.size.rows / 2).max(1);
    match context {
        Context::Calls => {
            let last = model.calls.len().saturating_sub(1);
            let at = selected(model).map_or(0, |at| at.0);
            let to = by.from(at, page).min(last);
            model.ui.call = (to < last || by != Move::End).then_some(CallAt(to));
            return refresh(model);
        }
        Context::Detail => model.ui.detail.page.scroll(by),
        Context::Ask => {
            let last = model.asks().count().saturating_sub(1);
            model.ui.ask = by.from(model.ui.ask, page).min(last);
        }
        Context::Log => {
            let last = model.log.len().saturating_sub(1);
            let at = last.saturating_sub(model.ui.log_up);
            model.ui.log_up = last - by.from(at, page).min(last);
        }
        Context::Card => card::scroll(model, by),
        Context::Confirm
        | Context::Code
        | Context::Reason
        | Context::Edit
        | Context::Prompt
        | Context::Help => {}
    }
    Vec::new()
}

fn open_selected_ask(model: &mut Model) -> Vec<Cmd> {
    let key = model.asks().nth(model.ui.ask).map(|ticket| ticket.key);
    key.map_or_else(Vec::new, |key| card::open(model, key))
}

fn request_right(model: &mut Model) -> Vec<Cmd> {
    if model.may_answer() {
        return say(model, "this console may answer already");
    }
    let cmds = vec![Cmd::Send(FromConsole::RequestRight)];
    model.ui.said = Some(Safe::word("asked for the right to answer"));
    cmds
}

fn back(model: &mut Model) -> Vec<Cmd> {
    let ui = &mut model.ui;
    if ui.prompt.take().is_some() {
        return Vec::new();
    }
    if ui.help {
        ui.help = false;
        return Vec::new();
    }
    match &mut ui.card {
        Some(card) => match card.step {
            Step::Open | Step::Sent(_) => {
                ui.card = None;
                ui.pane = Pane::Ask;
            }
            Step::Confirm | Step::Code(_) | Step::Reason(_) | Step::Edit(_) => {
                card.step = Step::Open;
            }
        },
        None => ui.pane = Pane::Calls,
    }
    Vec::new()
}

fn yes(model: &mut Model) -> Vec<Cmd> {
    match model.ui.prompt.take() {
        Some(Prompt::Grant { console }) => vec![Cmd::Send(FromConsole::Grant { console })],
        Some(Prompt::Quit) => vec![Cmd::Quit],
        Some(Prompt::CopyRaw) => copy::raw(model),
        None => Vec::new(),
    }
}

fn quit(model: &mut Model, context: Context) -> Vec<Cmd> {
    if context == Context::Help {
        return back(model);
    }
    if context == Context::Detail {
        return focus(model, Pane::Calls);
    }
    if model.waiting().next().is_some() && model.ui.prompt.is_none() {
        model.ui.prompt = Some(Prompt::Quit);
        return Vec::new();
    }
    vec![Cmd::Quit]
}
