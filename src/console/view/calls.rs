//! Pane 1: one row a request.

use ratatui::layout::Rect;

use crate::console::model::ui::Pane;
use crate::console::model::{Call, CallAt, Model, Passed, State};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::status::{clock, time_left};
use crate::console::view::strip::Strip;
use crate::engine::TicketId;
use crate::policy::Verdict;
use crate::protocol::Side;
use crate::text::{Safe, bytes};

/// A pane of so many columns has room for when and how long.
const WITH_TIME: usize = 56;
/// For the session, too.
const WITH_SESSION: usize = 60;
/// And for the size.
const WITH_SIZE: usize = 76;
/// Columns of the filter in the title.
const FILTER_COLUMNS: usize = 36;
/// Columns of the verdict and what became of the call.
const VERDICT: usize = 14;

impl Pen<'_, '_> {
    /// ```text
    /// +- Calls  2318  FOLLOW --------------------------------------+
    /// |   time     session  server  tool       verdict  size    ms |
    /// | > 12:04:30 claude-1 mail    send_email ASK 0:41 2.1k     - |
    /// +------------------------------------------------------------+
    /// ```
    pub(super) fn calls(&mut self, area: Rect) {
        let model = self.model;
        let mut title = Strip::new().own("1 Calls  ", Role::Title).then(counted(model));
        if model.ui.call.is_none() {
            title = title.own("  FOLLOW", Role::Text);
        }
        let inside = self.frame_of(area, Some(Pane::Calls), title);
        let width = usize::from(inside.width);
        self.put(inside, 0, heading(width));
        let height = usize::from(inside.height.saturating_sub(1));
        let Some(selected) = update::selected(model) else {
            let text = nothing(model);
            self.put(inside, 2, Strip::new().own("  ", Role::Dim).own(text, Role::Dim));
            return;
        };
        let place = model.shown_place(selected);
        let top = window(place, height, model.shown_len());
        for (row, place) in (1..inside.height).zip(top..model.shown_len()) {
            let Some(at) = model.shown(place) else { break };
            let Some(call) = model.call(at) else { break };
            let strip = self.call(at, call, width, at == selected);
            self.put(inside, row, strip);
        }
    }

    fn call(&self, at: CallAt, call: &Call, width: usize, here: bool) -> Strip {
        let model = self.model;
        let name = model.names.get(call.name);
        let server = model.names.get(call.server);
        let session = model.session(call.session).map(|session| session.shown.clone());
        let name_role = if call.is_tool { Role::Untrusted } else { Role::Dim };
        let columns = name_columns(width);
        let mut strip = self.signs(at, here);
        if width >= WITH_TIME {
            strip = strip.cell(&clock(model, call.at), 8, Role::Dim);
        }
        if width >= WITH_SESSION {
            strip = strip.cell(&session.unwrap_or_default(), 9, Role::Dim);
        }
        let server = match call.from {
            Side::Agent => server.clone(),
            Side::Server => Safe::word("<-").then(server),
        };
        strip = strip.cell(&server, 9, Role::Text).cell(name, columns, name_role);
        let (verdict, role) = self.outcome(call);
        strip = strip.cell(&verdict, VERDICT, role);
        if width >= WITH_SIZE {
            strip = strip.cell_right(&Safe::escape(&bytes::size(call.size)), 5, Role::Dim);
        }
        let ms = match call.done_at {
            Some(done) => Safe::escape(&done.ms_since(call.at).to_string()),
            None => Safe::word("-"),
        };
        if width >= WITH_TIME {
            strip = strip.cell_right(&ms, 6, Role::Dim);
        }
        if call.findings > 0 {
            strip = strip.own("!", Role::Finding);
        }
        if here && model.ui.pane == Pane::Calls && model.ui.card.is_none() {
            return strip.column(width).all(Role::Selected);
        }
        strip
    }

    /// `*` marked or `+` in the range, `>` selected, `;` with a note.
    fn signs(&self, at: CallAt, here: bool) -> Strip {
        let model = self.model;
        let place = model.shown_place(at);
        let in_range = update::range(model).is_some_and(|(from, to)| (from..=to).contains(&place));
        let mark = match (model.ui.marks.has(at), in_range) {
            (true, _) => "*",
            (false, true) => "+",
            (false, false) => " ",
        };
        let note = if model.ui.marks.note(at).is_some() { ";" } else { " " };
        Strip::new()
            .own(mark, Role::Key)
            .own(if here { ">" } else { " " }, Role::Key)
            .own(note, Role::Key)
    }

    /// The verdict's own word, and what became of the call; told by words, never by colour alone.
    pub(super) fn outcome(&self, call: &Call) -> (Safe, Role) {
        let (deny_role, deny) = self.theme.verdict(Verdict::Deny);
        let (ask_role, ask) = self.theme.verdict(Verdict::Ask);
        let deny = Safe::escape(deny);
        let with = |word: &Safe, more: &Safe| word.clone().then(&Safe::word(" ")).then(more);
        match call.state {
            State::Waiting => {
                let left = self.model.tickets.iter().find(|ticket| {
                    ticket.key.session == call.session && ticket.key.ticket == TicketId(call.call.0)
                });
                let left = left.map(|ticket| time_left(self.model, ticket.held.deadline_at));
                (with(&Safe::escape(ask), &left.unwrap_or_default()), ask_role)
            }
            State::Refused(rule) => (with(&deny, self.model.names.get(rule)), deny_role),
            State::Denied => (with(&deny, &Safe::word("operator")), deny_role),
            State::TimedOut => (with(&deny, &Safe::word("TIMEOUT")), deny_role),
            State::Unattended => (with(&deny, &Safe::word("unattended")), deny_role),
            State::Cancelled => (Safe::word("cancelled"), Role::Dim),
            State::Lost => (Safe::word("lost"), Role::Failed),
            State::Failed => (with(&self.passed(call).0, &Safe::word("error")), Role::Failed),
            State::Done => self.passed(call),
            State::Running => {
                let (word, role) = self.passed(call);
                (with(&word, &Safe::word("...")), role)
            }
        }
    }

    /// For a call that went through.
    fn passed(&self, call: &Call) -> (Safe, Role) {
        let verdict = call.verdict.unwrap_or(Verdict::Allow);
        let (role, word) = self.theme.verdict(verdict);
        match (verdict, call.passed) {
            (_, Some(Passed::Unchanged)) => (Safe::word("allowed"), Role::VerdictAllow),
            (_, Some(Passed::Edited)) => (Safe::word("allowed edited"), Role::VerdictAllow),
            (Verdict::Ask | Verdict::Deny, None) if !call.enforced => {
                (Safe::word("would ").then(&Safe::escape(word)), role)
            }
            _ => (Safe::escape(word), role),
        }
    }
}

/// The filter, and how many rows it leaves; while it is not through, how far it is.
fn counted(model: &Model) -> Strip {
    let all = model.calls.len() as u64;
    let visible = &model.ui.visible;
    if !visible.is_filtered() {
        return Strip::new().number(all, Role::Text);
    }
    let mut strip = Strip::new();
    if let Some(chosen) = &model.ui.filter {
        strip =
            strip.safe(&chosen.text.clip(FILTER_COLUMNS).shown, Role::Text).own("  ", Role::Text);
    }
    if model.ui.marked_only {
        strip = strip.own("MARKED  ", Role::Text);
    }
    strip = strip.number(model.shown_len() as u64, Role::Text);
    strip = match visible.decided(model.calls.len()) {
        None => strip.own(" of ", Role::Text).number(all, Role::Text),
        Some(decided) => {
            let percent = (decided as u64 * 100).checked_div(all).unwrap_or(0).min(99);
            strip
                .own(" so far, ", Role::Text)
                .number(percent, Role::Text)
                .own("% of ", Role::Text)
                .drawn(&bytes::size(all), Role::Text)
        }
    };
    match visible.unreadable() {
        0 => strip,
        unreadable => strip
            .own("  ", Role::Text)
            .number(unreadable as u64, Role::Failed)
            .own(" cannot be read", Role::Failed),
    }
}

/// Why there are no rows, and what to do.
fn nothing(model: &Model) -> &'static str {
    if model.calls.is_empty() {
        return "no calls yet: start an agent with `tollgate run -- AGENT`";
    }
    match (model.ui.visible.decided(model.calls.len()), &model.ui.filter) {
        (Some(_), _) => "no match so far",
        (None, Some(_)) => "no call matches: / changes the filter, an empty one shows all",
        (None, None) => "no call is marked: M shows all",
    }
}

/// What is left for the name.
const fn name_columns(width: usize) -> usize {
    let session = if width >= WITH_SESSION { 10 } else { 0 };
    let size = if width >= WITH_SIZE { 6 } else { 0 };
    let times = if width >= WITH_TIME { 9 + 7 } else { 0 };
    // The cursor, server, verdict and flag too, each with the column behind it.
    let taken = 3 + times + session + 10 + 1 + VERDICT + 1 + size + 1;
    let left = width.saturating_sub(taken);
    if left < 6 { 6 } else { left }
}

fn heading(width: usize) -> Strip {
    let mut strip = Strip::new().own("   ", Role::Dim);
    if width >= WITH_TIME {
        strip = strip.cell(&Safe::word("time"), 8, Role::Dim);
    }
    if width >= WITH_SESSION {
        strip = strip.cell(&Safe::word("session"), 9, Role::Dim);
    }
    strip = strip
        .cell(&Safe::word("server"), 9, Role::Dim)
        .cell(&Safe::word("tool"), name_columns(width), Role::Dim)
        .cell(&Safe::word("verdict"), VERDICT, Role::Dim);
    if width >= WITH_SIZE {
        strip = strip.cell_right(&Safe::word("size"), 5, Role::Dim);
    }
    if width >= WITH_TIME { strip.cell_right(&Safe::word("ms"), 6, Role::Dim) } else { strip }
}

/// The first row of a window of `height` rows that has `at` in its middle and shows all it can.
pub(super) fn window(at: usize, height: usize, len: usize) -> usize {
    at.saturating_sub(height / 2).min(len.saturating_sub(height))
}
