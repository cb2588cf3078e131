//! Pane 1: one row a request.

use ratatui::layout::Rect;

use crate::console::model::column::Column;
use crate::console::model::ui::Pane;
use crate::console::model::{Call, CallAt, Model, Passed, State};
use crate::console::theme::{Role, Theme};
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::ask::{risk_role, risk_word};
use crate::console::view::layout::{rows_of, window};
use crate::console::view::replay::since;
use crate::console::view::status::{clock, time_left};
use crate::console::view::strip::Strip;
use crate::policy::Verdict;
use crate::protocol::Side;
use crate::text::{Safe, bytes};

/// Columns of the filter in the title.
const FILTER_COLUMNS: usize = 36;
/// Columns of the verdict and what became of the call.
const VERDICT: usize = 14;
/// Columns that a name gets before others are shown.
const NAME_MIN: usize = 14;

/// A text in a column, behind a strip.
fn put(column: Column, strip: Strip, text: &Safe, columns: usize, role: Role) -> Strip {
    match column {
        Column::Id | Column::Size | Column::AnswerSize | Column::Wait | Column::Took => {
            strip.cell_right(text, columns, role)
        }
        Column::Time
        | Column::Session
        | Column::Server
        | Column::Name
        | Column::Verdict
        | Column::WhatIf
        | Column::Risk => strip.cell(text, columns, role),
    }
}

/// How wide a column is; the name gets the rest.
const fn width_of(column: Column, replays: bool) -> usize {
    match column {
        // `12:04:30`, or `+00:12:41` in a recording.
        Column::Time if replays => 9,
        Column::Time => 8,
        Column::Server | Column::Session => 9,
        Column::Verdict | Column::WhatIf => VERDICT,
        Column::Took | Column::Wait | Column::Id | Column::Risk => 6,
        Column::Size | Column::AnswerSize => 5,
        Column::Name => NAME_MIN,
    }
}

/// The columns that a width has room for, and how wide each is: those that the operator chose, first ones
/// first, or the most needed.
fn columns(model: &Model, width: usize) -> Vec<(Column, usize)> {
    let replay = model.replay.as_ref();
    let width_of = |column| width_of(column, replay.is_some());
    // The cursor, and the flag behind all.
    let mut left = width.saturating_sub(3 + 1 + 1);
    let mut chosen = Vec::new();
    if let Some(wanted) = &model.ui.columns {
        let named = wanted.contains(&Column::Name);
        for column in wanted.iter().copied() {
            let columns = width_of(column);
            if left >= columns {
                chosen.push((column, columns));
                left = left.saturating_sub(columns + 1);
            }
        }
        if let Some((_, columns)) = chosen.iter_mut().find(|(column, _)| *column == Column::Name) {
            *columns += left;
        } else if named {
            // There is no room for a name of its least width.
            chosen.push((Column::Name, left));
        }
        return chosen;
    }
    let what_if = replay.and_then(|replay| replay.what_if.as_ref()).is_some_and(|it| it.shown);
    let wanted = [
        (Column::Server, true),
        (Column::Verdict, true),
        (Column::WhatIf, what_if),
        (Column::Time, true),
        (Column::Took, true),
        (Column::Session, replay.is_none()),
        (Column::Size, true),
    ];
    for (column, _) in wanted.into_iter().filter(|(_, shown)| *shown) {
        let columns = width_of(column);
        let due = matches!(column, Column::Server | Column::Verdict);
        if due || left > columns + NAME_MIN {
            chosen.push((column, columns));
            left = left.saturating_sub(columns + 1);
        }
    }
    chosen.push((Column::Name, left.max(6)));
    chosen.sort_by_key(|(column, _)| Column::ALL.iter().position(|known| known == column));
    chosen
}

impl Pen<'_, '_> {
    /// ```text
    /// +- Calls  2318  FOLLOW --------------------------------------+
    /// |   time     session  server  tool       verdict  size    ms |
    /// | > 12:04:30 claude-1 mail    send_email ASK 0:41 2.1k     - |
    /// +------------------------------------------------------------+
    /// ```
    pub(super) fn calls(&mut self, area: Rect) {
        let model = self.model;
        let mut title = Strip::new().own("1 Calls  ", Role::Title);
        if let Some(replay) = &model.replay {
            title = title.then(Self::replay_place(replay)).own("  ", Role::Title);
        }
        if model.replay.is_none() || model.ui.visible.is_filtered() {
            title = title.then(counted(model));
        }
        if let Some(by) = model.ui.sorting.by() {
            title = title.own("  by ", Role::Text).own(by.word(), Role::Text);
        }
        if model.ui.call.is_none() {
            title = title.own("  FOLLOW", Role::Text);
        }
        let inside = self.frame_of(area, Some(Pane::Calls), title);
        let columns = columns(model, usize::from(inside.width));
        self.put(inside, 0, heading(&columns));
        let height = usize::from(rows_of(Pane::Calls, area).height);
        let Some(selected) = update::selected(model) else {
            let text = nothing(model);
            self.put(inside, 2, Strip::new().own("  ", Role::Dim).own(text, Role::Dim));
            return;
        };
        let place = model.shown_place(selected);
        let top = window(place, height, model.shown_len());
        let range = update::range(model);
        for (row, place) in (1..inside.height).zip(top..model.shown_len()) {
            let Some(at) = model.shown(place) else { break };
            let Some(call) = model.call(at) else { break };
            let here = at == selected;
            let in_range = range.is_some_and(|(from, to)| (from..=to).contains(&place));
            let mut strip = self.call(self.signs(at, here, in_range), call, &columns);
            if here && model.ui.pane == Pane::Calls && model.ui.card.is_none() {
                strip = strip.column(usize::from(inside.width)).all(Role::Selected);
            }
            self.put(inside, row, strip);
        }
    }

    /// A call behind its signs.
    fn call(&self, signs: Strip, call: &Call, columns: &[(Column, usize)]) -> Strip {
        let strip = columns.iter().fold(signs, |strip, (column, columns)| {
            let (text, role) = self.column(call, *column);
            put(*column, strip, &text, *columns, role)
        });
        if call.findings > 0 { strip.own("!", Role::Finding) } else { strip }
    }

    /// `*` marked or `+` in the range, `>` selected, `;` with a note.
    fn signs(&self, at: CallAt, here: bool, in_range: bool) -> Strip {
        let model = self.model;
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

    /// What stands in a column of a call, and how it is drawn.
    fn column(&self, call: &Call, column: Column) -> (Safe, Role) {
        let model = self.model;
        match column {
            Column::Time => match &model.replay {
                Some(replay) => (since(replay, call.at), Role::Dim),
                None => (clock(model, call.at), Role::Dim),
            },
            Column::Session => {
                let session = model.session(call.session);
                let columns = width_of(column, false);
                (session.map(|session| session.label(columns)).unwrap_or_default(), Role::Dim)
            }
            Column::Server => {
                let server = model.names.get(call.server);
                match call.from {
                    Side::Agent => (server.clone(), Role::Text),
                    Side::Server => (Safe::word("<-").then(server), Role::Text),
                }
            }
            Column::Name => {
                let role = if call.is_tool { Role::Untrusted } else { Role::Dim };
                (model.names.get(call.name).clone(), role)
            }
            Column::Verdict => outcome(model, self.theme, call),
            Column::WhatIf => self.what_if(call).unwrap_or((Safe::default(), Role::Dim)),
            Column::Id => (Safe::escape(&format!("#{}", call.call.0)), Role::Dim),
            Column::Risk => match call.risk {
                Some(risk) => (Safe::word(risk_word(risk)), risk_role(risk)),
                None => (Safe::word("-"), Role::Dim),
            },
            Column::Size => (Safe::escape(&bytes::size(call.size.into())), Role::Dim),
            Column::AnswerSize => match call.answer() {
                Some(_) => (Safe::escape(&bytes::size(call.answer_size.into())), Role::Dim),
                None => (Safe::word("-"), Role::Dim),
            },
            Column::Wait => match call.held_ms {
                0 => (Safe::word("-"), Role::Dim),
                ms => (Safe::escape(&ms.to_string()), Role::Dim),
            },
            Column::Took => {
                let took = call.took_ms().map(|ms| Safe::escape(&ms.to_string()));
                (took.unwrap_or_else(|| Safe::word("-")), Role::Dim)
            }
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

/// The verdict's own word, and what became of the call; told by words, never by colour alone.
pub(super) fn outcome(model: &Model, theme: &Theme, call: &Call) -> (Safe, Role) {
    let (deny_role, deny) = theme.verdict(Verdict::Deny);
    let (ask_role, ask) = theme.verdict(Verdict::Ask);
    let deny = Safe::escape(deny);
    let with = |word: &Safe, more: &Safe| word.clone().then(&Safe::word(" ")).then(more);
    match call.state {
        State::Waiting => {
            let left =
                model.ticket_of(call).map(|ticket| time_left(model, ticket.held.deadline_at));
            (with(&Safe::escape(ask), &left.unwrap_or_default()), ask_role)
        }
        State::Refused(rule) => (with(&deny, model.names.get(rule)), deny_role),
        State::Denied => (with(&deny, &Safe::word("operator")), deny_role),
        State::TimedOut => (with(&deny, &Safe::word("TIMEOUT")), deny_role),
        State::Unattended => (with(&deny, &Safe::word("unattended")), deny_role),
        State::Cancelled => (Safe::word("cancelled"), Role::Dim),
        State::Lost => (Safe::word("lost"), Role::Failed),
        State::Failed => (with(&passed(theme, call).0, &Safe::word("error")), Role::Failed),
        State::Done => passed(theme, call),
        State::Running => {
            let (word, role) = passed(theme, call);
            (with(&word, &Safe::word("...")), role)
        }
    }
}

/// For a call that went through.
fn passed(theme: &Theme, call: &Call) -> (Safe, Role) {
    let verdict = call.verdict.unwrap_or(Verdict::Allow);
    let (role, word) = theme.verdict(verdict);
    match (verdict, call.passed) {
        (_, Some(Passed::Unchanged)) => (Safe::word("allowed"), Role::VerdictAllow),
        (_, Some(Passed::Edited)) => (Safe::word("allowed edited"), Role::VerdictAllow),
        (Verdict::Ask | Verdict::Deny, None) if !call.enforced => {
            (Safe::word("would ").then(&Safe::escape(word)), role)
        }
        _ => (Safe::escape(word), role),
    }
}

fn heading(columns: &[(Column, usize)]) -> Strip {
    columns.iter().fold(Strip::new().own("   ", Role::Dim), |strip, (column, columns)| {
        put(*column, strip, &Safe::word(column.word()), *columns, Role::Dim)
    })
}
