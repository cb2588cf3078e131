//! The rows that are ours alone: status above, hints and state below. No payload reaches them.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::catalog::Ruling;
use crate::console::action::{Action, Context};
use crate::console::model::policy_file::PolicyFile;
use crate::console::model::ui::{Pane, Prompt};
use crate::console::model::{Link, Model};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::engine::At;
use crate::policy::Phase;
use crate::text::Safe;

/// Digits of a fingerprint that tell two apart at a glance.
const SHORT: usize = 12;

impl Pen<'_, '_> {
    /// ` ENFORCE ask-writes  3 sess   ASK 2  oldest 0:41   FIND 1   12:04:31`
    pub(super) fn status(&mut self, area: Rect) {
        let model = self.model;
        if let Some(replay) = &model.replay {
            return self.replay_status(area, replay);
        }
        let live = model.sessions.iter().filter(|session| !session.ended);
        let shown = live.clone().next_back().or(model.sessions.last());
        let phase = shown.and_then(|session| session.phase);
        let mut strip = Strip::new().own(" ", Role::Chrome).own(phase_word(phase), Role::Chrome);
        if let Some(session) = shown {
            strip =
                strip.own("  ", Role::Chrome).safe(&session.policy.clip(24).shown, Role::Chrome);
        }
        strip =
            strip.own("   ", Role::Chrome).number(live.clone().count() as u64, Role::Chrome).own(
                if live.clone().count() == 1 { " session   " } else { " sessions   " },
                Role::Chrome,
            );
        let waiting = model.waiting().count();
        if let Some(oldest) = model.waiting().next() {
            strip = strip
                .own("ASK ", Role::ChromeAlert)
                .number(waiting as u64, Role::ChromeAlert)
                .own("  oldest ", Role::ChromeAlert)
                .safe(&time_left(model, oldest.held.deadline_at), Role::ChromeAlert);
        } else {
            strip = strip.own("ASK 0", Role::Chrome);
        }
        for layer in ["hold", "pause"] {
            if live.clone().any(|session| session.has_layer(layer)) {
                let word = if layer == "hold" { "   HOLD" } else { "   PAUSED" };
                strip = strip.own(word, Role::ChromeAlert);
            }
        }
        if live.clone().any(|session| matches!(session.policy_file, PolicyFile::Broken(_))) {
            strip = strip.own("   POLICY BROKEN", Role::ChromeAlert);
        }
        if live.clone().any(|session| matches!(session.policy_file, PolicyFile::Proposed { .. })) {
            strip = strip.own("   POLICY CHANGED 9 P", Role::ChromeAlert);
        }
        if model.findings > 0 {
            strip = strip.own("   FIND ", Role::Chrome).number(model.findings, Role::Chrome);
        }
        strip = strip.then(attention(model));
        match &model.link {
            Link::Up { .. } => {}
            Link::Connecting => strip = strip.own("   connecting", Role::ChromeAlert),
            Link::Down { .. } => strip = strip.own("   DISCONNECTED", Role::ChromeAlert),
        }
        let width = usize::from(area.width);
        if waiting > 0 && strip.width() + 10 < width {
            strip = strip.column(width - 9).safe(&clock(model, model.now.at), Role::Chrome);
        }
        self.chrome(area, strip);
    }

    /// ` 1 Calls  2 Detail  [3 Ask(2)]  0 Log`
    pub(super) fn tabs(&mut self, area: Rect) {
        let mut strip = Strip::new().own(" ", Role::Text);
        for tab in tabbed(self.model, usize::from(area.width)) {
            let here = self.model.ui.card.is_none() && tab.pane == self.model.ui.pane;
            let role = if here { Role::BorderFocus } else { Role::Dim };
            strip = strip.own(if here { "[" } else { " " }, role).own(tab.name, role);
            if tab.count > 0 {
                let ask = tab.pane == Pane::Ask;
                let role = if ask { Role::VerdictAsk } else { Role::Finding };
                strip = strip.own("(", role).number(tab.count as u64, role).own(")", role);
            }
            strip = strip.own(if here { "]" } else { " " }, role).own(tab.gap, Role::Text);
        }
        self.put(area, 0, strip);
    }

    /// The keys of the place where keys go now, from the keymap; or what is told of the line being typed.
    pub(super) fn hint(&mut self, area: Rect) {
        let context = update::context(self.model);
        match &self.model.ui.typing {
            Some(typing) if context == Context::Line => self.line_hint(area, typing),
            Some(_) | None => {
                let strip = self.hints(Strip::new(), context, usize::from(area.width));
                self.put(area, 0, strip);
            }
        }
    }

    /// Keys behind a strip, as many as there is room for.
    pub(super) fn hints(&self, mut strip: Strip, context: Context, width: usize) -> Strip {
        let card = self.model.ui.card.as_ref();
        let mute = self.model.replay.is_some()
            || card.is_some_and(|card| super::card::is_mute(self.model, card));
        let keymap = &self.model.ui.keymap;
        let taped = self.model.replay.is_some() && context.is_pane();
        let mut listed = if taped { keymap.of(Context::Replay) } else { Vec::new() };
        listed.extend(keymap.of(context));
        for row in listed.iter().filter(|row| {
            let action = row.binding.action;
            !(mute && (action.answers() || matches!(action, Action::Rule(_))))
                && fits_the_detail(self.model, context, action)
        }) {
            let (Some(hint), Some(key)) = (row.binding.hint, row.keys.first()) else { continue };
            let next = Strip::new()
                .own(" ", Role::Text)
                .drawn(&key.to_string(), Role::Key)
                .own(" ", Role::Text)
                .own(hint, Role::Dim)
                .own(" ", Role::Text);
            if strip.width() + next.width() <= width {
                strip = strip.then(next);
            }
        }
        strip
    }

    /// What one has to know of the console itself.
    pub(super) fn state(&mut self, area: Rect) {
        let model = self.model;
        let strip = if let Some(prompt) = model.ui.prompt {
            question(model, prompt)
        } else if let Some(typing) = &model.ui.typing {
            self.line_state(area, typing);
            return;
        } else if let Some(said) = &model.ui.said {
            Strip::new().own(" ", Role::Chrome).safe(said, Role::ChromeAlert)
        } else if let Link::Down { why } = &model.link {
            Strip::new()
                .own(" DISCONNECTED, trying again: ", Role::ChromeAlert)
                .safe(why, Role::Chrome)
        } else if let Some(replay) = &model.replay {
            Self::replay_state(replay)
        } else {
            outdated(model).then(rights(model)).then(losses(model)).then(noted(model))
        };
        self.chrome(area, strip);
    }

    pub(super) fn chrome(&mut self, area: Rect, strip: Strip) {
        self.paint_chrome(area);
        self.put(area, 0, strip.column(usize::from(area.width)));
    }

    /// Gives a row the look of ours, before anything stands in it.
    pub(super) fn paint_chrome(&mut self, area: Rect) {
        self.frame.buffer_mut().set_style(area, self.theme.style(Role::Chrome));
    }
}

/// Whether a key does something to what the detail shows: a call has tabs and folds, a definition has a standing.
const fn fits_the_detail(model: &Model, context: Context, action: Action) -> bool {
    let defined = model.ui.detail.definition.is_some();
    if matches!(action, Action::Rule(_)) {
        return defined || !matches!(context, Context::Detail);
    }
    !(defined && matches!(action, Action::NextTab | Action::Fold))
}

/// `   TOOLS 2 changed 1 new`: definitions that wait for an operator's word.
fn attention(model: &Model) -> Strip {
    let attention = model.attention();
    if attention.count() == 0 {
        return Strip::new();
    }
    let counts = [(attention.changed, " changed"), (attention.new, " new")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.fold(Strip::new().own("   TOOLS", Role::ChromeAlert), |strip, (count, word)| {
        let strip = strip.own(" ", Role::ChromeAlert).number(count, Role::ChromeAlert);
        strip.own(word, Role::ChromeAlert)
    })
}

/// What is asked before a word is said of a definition. Its name is the server's word and stays out of this row; the
/// fingerprint is ours.
fn ruling(model: &Model, ruling: Ruling) -> Strip {
    let Some((key, fingerprint)) = &model.ui.ruling else { return Strip::new() };
    let (before, behind) = match ruling {
        Ruling::Approve => (" Take this ", "'s new definition, "),
        Ruling::Stage => (" Let this ", " pass for a while, "),
        Ruling::Unpin => (" Forget what this ", " is to be, "),
        Ruling::Refuse => (" Refuse this ", ", "),
    };
    Strip::new()
        .own(before, Role::ChromeAlert)
        .own(key.kind.word(), Role::ChromeAlert)
        .own(behind, Role::ChromeAlert)
        .drawn(fingerprint.get(..SHORT).unwrap_or_default(), Role::ChromeAlert)
        .own("?  y yes  Esc no", Role::ChromeAlert)
}

/// A tab above the panes.
struct Tab {
    pane: Pane,
    name: &'static str,
    /// How many wait for an answer, or for a look; stands behind the name.
    count: usize,
    gap: &'static str,
    /// Where it begins and ends in its row.
    columns: Range<usize>,
}

/// The tabs in their order; with short names where the row has no room for whole ones.
fn tabbed(model: &Model, width: usize) -> Vec<Tab> {
    let whole = tabs_of(model, Pane::title, " ");
    let fits = whole.last().is_none_or(|last| last.columns.end <= width + 1);
    if fits { whole } else { tabs_of(model, Pane::short, "") }
}

fn tabs_of(model: &Model, name: impl Fn(Pane) -> &'static str, gap: &'static str) -> Vec<Tab> {
    let waiting = model.waiting().count();
    let unseen = model.unseen_findings();
    let compares = model.compare.is_some();
    let mut end = 1;
    let panes = Pane::ALL.into_iter().filter(|pane| compares || *pane != Pane::Compare);
    panes
        .map(|pane| {
            let (begin, name) = (end, name(pane));
            let counts = [(Pane::Ask, waiting), (Pane::Findings, unseen)];
            let counted = counts.into_iter().find(|(known, _)| *known == pane);
            let count = counted.map_or(0, |(_, count)| count);
            let extra = if count > 0 { "()".len() + count.to_string().len() } else { 0 };
            end += 1 + name.len() + extra + 1 + gap.len();
            Tab { pane, name, count, gap, columns: begin..end }
        })
        .collect()
}

/// The pane whose tab is at a column of their row.
pub(in crate::console) fn tab_at(model: &Model, column: u16) -> Option<Pane> {
    let tabs = tabbed(model, usize::from(model.size.columns));
    tabs.iter().find(|tab| tab.columns.contains(&usize::from(column))).map(|tab| tab.pane)
}

/// The note of the selected call.
fn noted(model: &Model) -> Strip {
    let row = update::selected(model).filter(|_| model.ui.pane == Pane::Calls);
    match row.and_then(|row| model.ui.marks.note(row)) {
        Some(note) => Strip::new().own("  note: ", Role::Chrome).drawn(note, Role::Chrome),
        None => Strip::new(),
    }
}

fn question(model: &Model, prompt: Prompt) -> Strip {
    match prompt {
        Prompt::Grant { console } => {
            let tty = model.consoles.iter().find(|line| line.console == console);
            Strip::new()
                .own(" Let console ", Role::ChromeAlert)
                .number(console, Role::ChromeAlert)
                .own(" (", Role::ChromeAlert)
                .drawn(tty.map_or("gone", |line| &line.tty), Role::ChromeAlert)
                .own(") answer too?  y yes   Esc no", Role::ChromeAlert)
        }
        Prompt::Rule(what) => ruling(model, what),
        Prompt::Confirm { session, .. } => {
            let name = model.sessions.get(session).map(|session| session.policy.clone());
            Strip::new()
                .own(" Take what ", Role::ChromeAlert)
                .safe(&name.unwrap_or_default(), Role::ChromeAlert)
                .own(" says now? It may allow more.   y yes   Esc no", Role::ChromeAlert)
        }
        Prompt::Stop { session, server } => {
            let name = model.sessions.get(session).map(|session| session.shown.clone());
            let only = server.map(|server| model.names.get(server).clone());
            Strip::new()
                .own(" Stop ", Role::ChromeAlert)
                .safe(&only.clone().unwrap_or_default(), Role::ChromeAlert)
                .own(if only.is_some() { " of " } else { "" }, Role::ChromeAlert)
                .safe(&name.unwrap_or_default(), Role::ChromeAlert)
                .own(
                    match only {
                        Some(_) => "? What waits for it is refused.   y yes   Esc no",
                        None => "? Its servers end, what waits is refused.   y yes   Esc no",
                    },
                    Role::ChromeAlert,
                )
        }
        Prompt::CopyRaw => Strip::new().own(
            " Copy it unescaped? A terminal may obey it when pasted.   y yes   Esc no",
            Role::ChromeAlert,
        ),
        Prompt::Quit => Strip::new()
            .own(" ", Role::ChromeAlert)
            .number(model.waiting().count() as u64, Role::ChromeAlert)
            .own(
                " calls wait on to their deadline, then they are denied. Leave?",
                Role::ChromeAlert,
            )
            .own("  y yes   Esc no", Role::ChromeAlert),
    }
}

/// A console that a newer gate outlived says so: it may not know what that one tells.
fn outdated(model: &Model) -> Strip {
    let words = " older than the gate: q, then `tollgate console` again  ";
    if model.outdated { Strip::new().own(words, Role::ChromeAlert) } else { Strip::new() }
}

/// Whether this console may answer, or what to do about it.
fn rights(model: &Model) -> Strip {
    let strip = Strip::new();
    if model.may_answer() {
        return match model.asking() {
            Some(other) => strip
                .own(" console ", Role::ChromeAlert)
                .number(other.console, Role::ChromeAlert)
                .own(" (", Role::ChromeAlert)
                .drawn(&other.tty, Role::ChromeAlert)
                .own(") asks to answer too: 3, then P lets it   ", Role::ChromeAlert),
            None => strip.own(" may answer   ", Role::Chrome),
        };
    }
    let asked = model.consoles.iter().any(|line| model.is_us(line) && line.asks);
    match model.holder() {
        Some(_) if asked => strip.own(" watching: asked for the right to answer   ", Role::Chrome),
        Some(other) => strip
            .own(" watching: W asks console ", Role::Chrome)
            .number(other.console, Role::Chrome)
            .own(" for the right to answer   ", Role::Chrome),
        None => strip.own(" watching: this console may not answer   ", Role::Chrome),
    }
}

/// Everything that is not shown or not recorded.
fn losses(model: &Model) -> Strip {
    let mut strip = Strip::new();
    for session in &model.sessions {
        if let Some(trouble) = &session.trouble {
            strip = strip
                .safe(&session.shown, Role::ChromeAlert)
                .own(": ", Role::ChromeAlert)
                .safe(trouble, Role::ChromeAlert)
                .own("   ", Role::Chrome);
        }
        let (read, total) = session.read;
        if read < total {
            strip = strip
                .own("reading ", Role::Chrome)
                .safe(&session.shown, Role::Chrome)
                .own(" ", Role::Chrome)
                .number(read.saturating_mul(100) / total, Role::Chrome)
                .own("%   ", Role::Chrome);
        }
    }
    if model.log_dropped > 0 {
        strip =
            strip.own("log lines dropped ", Role::Chrome).number(model.log_dropped, Role::Chrome);
    }
    strip
}

const fn phase_word(phase: Option<Phase>) -> &'static str {
    match phase {
        Some(Phase::Observe) => "OBSERVE",
        Some(Phase::Warn) => "WARN",
        Some(Phase::Enforce) => "ENFORCE",
        None => "TOLLGATE",
    }
}

/// `0:41`.
pub(in crate::console) fn time_left(model: &Model, deadline: At) -> Safe {
    minutes(deadline.ms_since(model.now.at))
}

/// `0:41`, rounded up, so that `0:00` means over.
pub(super) fn minutes(ms: u64) -> Safe {
    let seconds = ms.div_ceil(1000);
    Safe::escape(&format!("{}:{:02}", seconds / 60, seconds % 60))
}

/// `12:04:31`, where the operator is.
pub(in crate::console) fn clock(model: &Model, at: At) -> Safe {
    let micros = i64::try_from(at.0).unwrap_or_default();
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    let local = time.to_zoned(model.zone.clone());
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    Safe::escape(&format!("{hour:02}:{minute:02}:{second:02}"))
}
