//! Messages to changes and commands. Pure: time comes in with each message.

mod card;
mod copy;
mod detail;
mod dry;
mod findings;
mod gate;
mod marks;
mod message;
mod mouse;
mod moves;
mod notify;
mod outgoing;
pub mod palette;
mod panes;
mod prepare;
mod prompt;
mod replay;
mod search;
mod sessions;
mod sift;
mod tools;

use std::sync::Arc;

use crate::console::action::{Action, Binding, Context, Takes};
use crate::console::input::{Focus, Key, Press};
use crate::console::keymap::Bound;
use crate::console::model::card::{Card, Step};
use crate::console::model::doc::{Doc, Want};
use crate::console::model::typing::Purpose;
use crate::console::model::ui::{Help, Pane, Prompt};
use crate::console::model::{CallAt, Link, Model, Now};
use crate::text::Safe;

pub(in crate::console) use card::answerable;
pub use card::{
    ARM_MS, BATCH_MAX, Counting, QUIET_MS, SAME_KEY_MS, TEMPLATES, UNREAD, armed_in_ms, risk_of,
    seen_percent,
};
pub use copy::copy;
pub use detail::refresh;
pub use dry::Dry;
pub(in crate::console) use marks::range;
pub use marks::{Export, Exported};
pub use message::{Cmd, Msg};
pub use prepare::prepare;
pub use replay::{Break, fork, go};
pub use sift::{Inspect, is_due as is_sifting};

/// Countdowns count seconds,
const CLOCK_MS: u64 = 1000;
/// or ten of them where motion is to be reduced (console.md 2.8).
const SLOW_CLOCK_MS: u64 = 10_000;

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Cmd> {
    model.now = now;
    replay::clock(model);
    let cmds = take(model, msg);
    sift::sort(model);
    replay::clock(model);
    cmds
}

fn take(model: &mut Model, msg: Msg) -> Vec<Cmd> {
    let now = model.now;
    match msg {
        Msg::Key(key, press) => return on_key(model, key, press),
        Msg::Paste(text) => {
            model.ui.last_input_ms = Some(now.mono_ms);
            if model.ui.typing.is_some() {
                prompt::paste(model, &text);
            } else if model.ui.palette.is_some() {
                palette::paste(model, &text);
            } else {
                card::paste(model, &text);
            }
        }
        Msg::Mouse(mouse) => return mouse::act(model, mouse),
        Msg::Focus(focus) => {
            model.ui.last_input_ms = Some(now.mono_ms);
            model.ui.window.focus = Some(focus);
            model.ui.window.swallow_ms = (focus == Focus::In).then_some(now.mono_ms);
        }
        Msg::Back => {
            // What was typed meanwhile was typed into the shell, and no card was on the screen.
            model.ui.last_input_ms = Some(now.mono_ms);
            if let Some(card) = &mut model.ui.card {
                card.drawn_ms = None;
            }
        }
        Msg::Resize(size) => model.size = size,
        Msg::Gate(line) => {
            gate::said(model, *line);
            return card::follow(model);
        }
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
            model.ui.visible.touch();
            model.ui.sorting.touch();
            return card::follow(model);
        }
        Msg::Read(session, read, total) => return read_to(model, &session, read, total),
        Msg::Broken(session, why) => broken(model, &session, &why),
        Msg::Theme(put_on) => outgoing::themed(model, &put_on),
        Msg::Copied(what) => copy::copied(model, what),
        Msg::NotNotified(why) => outgoing::not_notified(model, &why),
        Msg::Loaded(want, read) => loaded(model, &want, &read),
        Msg::Edited(result) => {
            // What was typed meanwhile was typed into the editor.
            model.ui.last_input_ms = Some(now.mono_ms);
            card::edited(model, result);
        }
        Msg::Sift => return sift::step(model),
        Msg::Inspected(generation, read) => sift::inspected(model, generation, &read),
        Msg::Exported(done) => marks::exported(model, &done),
        Msg::Found(found) => replay::found(model, &found),
        Msg::Decided(decided) => replay::decided(model, *decided),
        Msg::Stops(stops) => replay::stops(model, stops),
        Msg::Dry(said) => dry::decided(model, &said),
        Msg::Counted(key, all) => card::counted(model, key, &all),
        Msg::Cannot(why) => model.ui.said = Some(Safe::escape(&why)),
        Msg::Compared(compare) => {
            model.compare = Some(compare);
            model.ui.pane = Pane::Compare;
        }
        Msg::Arrived(at) => return replay::arrived(model, at),
        Msg::Drawn => drawn(model),
        Msg::Tick if model.replay.is_some() => return replay::tick(model),
        Msg::Tick => return notify::notify(model),
    }
    Vec::new()
}

/// What was laid out is on the screen.
fn drawn(model: &mut Model) {
    card::drawn(model);
    tools::drawn(model);
    findings::drawn(model);
    model.ui.prompt_seen = model.ui.prompt;
}

/// A journal cannot be read further.
fn broken(model: &mut Model, session: &str, why: &str) {
    let id = model.session_id(session);
    if let Some(session) = model.sessions.get_mut(id.index()) {
        session.trouble = Some(Safe::escape(why));
    }
}

/// A journal was read up to here. Whoever is to be told of new asks is told once all of it was.
fn read_to(model: &mut Model, session: &str, read: u64, total: u64) -> Vec<Cmd> {
    let id = model.session_id(session);
    if let Some(session) = model.sessions.get_mut(id.index()) {
        session.read = (read, total);
    }
    let mut cmds = sift::step(model);
    if read >= total {
        cmds.extend(notify::bell(model));
        cmds.extend(notify::notify(model));
    }
    cmds
}

/// When the frame changes although nothing happens: while something counts down.
#[must_use]
pub fn next_wake_ms(model: &Model) -> Option<u64> {
    let arming = card::armed_in_ms(model).filter(|ms| *ms > 0);
    let sorting = model.ui.sorting.due_in_ms(model.now.mono_ms);
    if let Some(replay) = &model.replay {
        return replay.next_wake_ms().into_iter().chain(sorting).min();
    }
    // What is told outside of the window is due on the second.
    let away = model.ui.window.focus == Some(Focus::Out);
    let pace_ms = if model.ui.reduced_motion && !away { SLOW_CLOCK_MS } else { CLOCK_MS };
    let waits = model.waiting().next().is_some();
    let counting = waits.then(|| pace_ms - model.now.at.0 / 1000 % pace_ms);
    arming.into_iter().chain(counting).chain(sorting).min()
}

fn loaded(model: &mut Model, want: &Want, read: &Result<Arc<Doc>, String>) {
    let detail = &mut model.ui.detail;
    let defined = detail.definition.as_mut().is_some_and(|shown| shown.fill(want, read));
    if detail.request.fill(want, read) | detail.answer.fill(want, read) | defined {
        detail.page.stale();
    }
    if let Some(card) = &mut model.ui.card
        && card.fill(want, read)
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
    if ui.typing.is_some() {
        return Context::Line;
    }
    if ui.palette.is_some() {
        return Context::Palette;
    }
    if ui.help.is_some() {
        return Context::Help;
    }
    context_below(model)
}

/// The context without lines, questions and help on top of it.
fn context_below(model: &Model) -> Context {
    let ui = &model.ui;
    match (&ui.card, ui.pane) {
        (Some(Card { step, .. }), _) => match step {
            Step::Open | Step::Outside | Step::Sent(_) => Context::Card,
            Step::Unread(_) => Context::Unread,
            Step::Confirm { .. } => Context::Confirm,
            Step::Code { .. } => Context::Code,
            Step::Remember(_) => Context::Remember,
            Step::Reason(_) => Context::Reason,
            Step::Edit(_) => Context::Edit,
        },
        (None, pane) => pane_context(pane),
    }
}

/// The context of a pane.
#[must_use]
pub const fn pane_context(pane: Pane) -> Context {
    match pane {
        Pane::Calls => Context::Calls,
        Pane::Detail => Context::Detail,
        Pane::Ask => Context::Ask,
        Pane::Tools => Context::Tools,
        Pane::Servers => Context::Servers,
        Pane::Sessions => Context::Sessions,
        Pane::Findings => Context::Findings,
        Pane::Policy => Context::Policy,
        Pane::Log => Context::Log,
        Pane::Timeline => Context::Timeline,
        Pane::Compare => Context::Compare,
    }
}

fn on_key(model: &mut Model, key: Key, press: Press) -> Vec<Cmd> {
    let guard = card::guard(model, key, press);
    model.ui.last_key = Some((key, model.now.mono_ms));
    model.ui.last_input_ms = Some(model.now.mono_ms);
    model.ui.said = None;
    if let Some(card) = &mut model.ui.card {
        card.said = None;
    }
    let context = context(model);
    let Some(bound) = bound(model, context, key) else {
        return typed(model, key, context);
    };
    let (binding, argument) = (bound.binding, bound.argument.clone());
    let action = binding.action;
    if action.answers() && model.replay.is_some() {
        return say(model, "this is a replay: nothing can be answered");
    }
    if action.answers() {
        return card::answer(model, action, guard);
    }
    // A question that was not on the screen yet was read by nobody.
    let ahead = press == Press::Held || model.ui.prompt_seen != model.ui.prompt;
    if action == Action::Yes && ahead && model.ui.prompt.is_some_and(Prompt::widens) {
        return say(model, "too fast or held: that key was not taken, press it again");
    }
    run(model, binding, argument.as_deref(), context)
}

/// Does what a command says; one that must be told something, and was not, gets its line.
fn run(model: &mut Model, binding: &Binding, argument: Option<&str>, context: Context) -> Vec<Cmd> {
    if argument.is_none() && matches!(binding.takes, Takes::Must(_)) {
        return prompt::open(model, Purpose::Command(context), &format!("{} ", binding.name));
    }
    act(model, binding.action, argument, context)
}

/// What a key does here. While a recording is played the keys of the tape come first, but on a card.
fn bound(model: &Model, context: Context, key: Key) -> Option<&Bound> {
    let keymap = &model.ui.keymap;
    let taped = model.replay.is_some() && context.is_pane();
    let tape = taped.then(|| keymap.find(Context::Replay, key)).flatten();
    tape.or_else(|| keymap.find(context, key))
}

/// A key that means nothing here, and may be text.
fn typed(model: &mut Model, key: Key, context: Context) -> Vec<Cmd> {
    if context == Context::Line {
        prompt::typed(model, key)
    } else if context == Context::Palette {
        palette::typed(model, key)
    } else if context.is_text() {
        card::typed(model, key)
    } else {
        Vec::new()
    }
}

/// The newest call is the selected one from now on.
fn follow(model: &mut Model) -> Vec<Cmd> {
    model.ui.call = None;
    detail::show_call(model)
}

/// Does what a key or a command says; `argument` is what stands behind the command's name.
fn act(model: &mut Model, action: Action, argument: Option<&str>, context: Context) -> Vec<Cmd> {
    match action {
        Action::Move(by) => moves::moved(model, by, context),
        Action::Focus(_)
        | Action::NextPane
        | Action::PreviousPane
        | Action::Layout
        | Action::Zoom
        | Action::Unzoom
        | Action::Wider
        | Action::Narrower
        | Action::NextDifference => panes::act(model, action, argument),
        Action::Theme => vec![Cmd::Theme(argument.unwrap_or_default().trim().to_owned())],
        Action::Fork => replay::fork(model, argument.unwrap_or_default().trim()),
        Action::Undo => card::undo(model),
        Action::Choose(choice) => card::choose(model, choice),
        Action::Dry => dry::decide(model, argument),
        Action::Load => vec![Cmd::Play(argument.unwrap_or_default().trim().to_owned())],
        Action::Tape(key) => replay::act(model, key),
        Action::Open => open(model, context),
        Action::MarkEquals => mark_equals(model),
        Action::Follow => follow(model),
        Action::Fold | Action::Unfold | Action::NextTab | Action::PreviousTab | Action::Wrap => {
            detail::act(model, action)
        }
        Action::Copy | Action::CopyRaw => copy::act(model, action),
        Action::OldestAsk | Action::NextAsk => card::go(model, action),
        Action::RequestRight | Action::GrantRight => gate::right(model, action),
        Action::HoldOnOff
        | Action::Pause
        | Action::StopSession
        | Action::StopServer
        | Action::ConfirmPolicy => sessions::act(model, action),
        Action::Rule(ruling) => tools::ask(model, ruling),
        Action::Full | Action::Raw | Action::Diff | Action::Reveal => card::face(model, action),
        Action::Back => back(model),
        Action::Yes => gate::yes(model),
        Action::Help | Action::Keys => help(model, (action == Action::Help).then_some(context)),
        Action::Palette | Action::Options => palette::open(model, action == Action::Options),
        Action::Mark | Action::Select | Action::Range | Action::MarkedOnly => {
            marks::act(model, action)
        }
        Action::Found(key) => findings::act(model, key, argument),
        Action::Sort => sift::sort_by(model, argument),
        Action::Stderr => sift::stderr(model),
        Action::Level => panes::next_level(model),
        Action::Filter
        | Action::Search
        | Action::NextMatch
        | Action::PreviousMatch
        | Action::Note
        | Action::Export
        | Action::GoTo
        | Action::GoToPlace
        | Action::Columns
        | Action::Break
        | Action::Hold
        | Action::Command
        | Action::Apply
        | Action::Complete
        | Action::CompleteBack
        | Action::Earlier
        | Action::Later
        | Action::Recall => prompt::act(model, action, argument, context),
        Action::Leave => leave(model, context),
        Action::Suspend => vec![Cmd::Suspend],
        Action::Quit => quit(model),
        Action::Allow
        | Action::AllowYes
        | Action::AllowUnread
        | Action::Deny
        | Action::DenyWithReason
        | Action::SendReason
        | Action::Edit
        | Action::EditOutside
        | Action::SendEdit
        | Action::AcceptTool
        | Action::Remember => Vec::new(),
    }
}

fn mark_equals(model: &mut Model) -> Vec<Cmd> {
    card::mark(model);
    Vec::new()
}

/// What is selected.
fn open(model: &mut Model, context: Context) -> Vec<Cmd> {
    if context == Context::Ask {
        return card::open_selected(model);
    }
    if context == Context::Tools {
        return tools::open_selected(model);
    }
    if context == Context::Findings {
        return findings::open_selected(model);
    }
    if context == Context::Timeline {
        return panes::seek_selected(model);
    }
    if context == Context::Detail {
        detail::turn_fold(model);
        return Vec::new();
    }
    if matches!(context, Context::Sessions | Context::Servers | Context::Policy) {
        return sift::choose_peer(model, context);
    }
    panes::focus(model, Pane::Detail)
}

fn help(model: &mut Model, context: Option<Context>) -> Vec<Cmd> {
    model.ui.help = Some(Help { context, top: 0, found: None });
    Vec::new()
}

fn say(model: &mut Model, what: &'static str) -> Vec<Cmd> {
    model.ui.said = Some(Safe::word(what));
    Vec::new()
}

/// The selected call's number, the newest listed one where none is; one that the filter hides gives way
/// to the next that it leaves.
#[must_use]
pub fn selected(model: &Model) -> Option<CallAt> {
    let place = match model.ui.call {
        Some(row) => model.shown_place(row),
        None => model.shown_len().checked_sub(1)?,
    };
    model.shown(place)
}

fn back(model: &mut Model) -> Vec<Cmd> {
    let ui = &mut model.ui;
    if ui.prompt.take().is_some() {
        ui.ruling = None;
        return Vec::new();
    }
    if ui.typing.take().is_some()
        || ui.palette.take().is_some()
        || ui.help.take().is_some()
        || ui.card.is_none() && ui.range.take().is_some()
    {
        return Vec::new();
    }
    match &mut ui.card {
        Some(card) => match card.step {
            Step::Open | Step::Outside | Step::Sent(_) => {
                ui.card = None;
                ui.pane = Pane::Ask;
            }
            Step::Unread(_)
            | Step::Confirm { .. }
            | Step::Code { .. }
            | Step::Remember(_)
            | Step::Reason(_)
            | Step::Edit(_) => card.step = Step::Open,
        },
        None => return panes::focus(model, panes::behind(model)),
    }
    Vec::new()
}

fn leave(model: &mut Model, context: Context) -> Vec<Cmd> {
    if context == Context::Help {
        back(model)
    } else if context == Context::Detail {
        panes::focus(model, panes::behind(model))
    } else {
        quit(model)
    }
}

fn quit(model: &mut Model) -> Vec<Cmd> {
    let waits = model.replay.is_none() && model.waiting().next().is_some();
    if waits && model.ui.prompt.is_none() {
        model.ui.prompt = Some(Prompt::Quit);
        return Vec::new();
    }
    vec![Cmd::Quit]
}
