//! The rows that are ours alone: status above, hints and state below. No payload reaches them.

use ratatui::layout::Rect;

use crate::console::action;
use crate::console::model::ui::{Pane, Prompt};
use crate::console::model::{Link, Model};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::engine::At;
use crate::policy::Phase;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// ` ENFORCE ask-writes  3 sess   ASK 2  oldest 0:41   FIND 1   12:04:31`
    pub(super) fn status(&mut self, area: Rect) {
        let model = self.model;
        let live = model.sessions.iter().filter(|session| !session.ended);
        let shown = live.clone().next_back().or(model.sessions.last());
        let phase = shown.and_then(|session| session.phase);
        let mut strip = Strip::new().own(" ", Role::Chrome).own(phase_word(phase), Role::Chrome);
        if let Some(session) = shown {
            strip =
                strip.own("  ", Role::Chrome).safe(&session.policy.clip(24).shown, Role::Chrome);
        }
        strip = strip
            .own("   ", Role::Chrome)
            .number(live.clone().count() as u64, Role::Chrome)
            .own(if live.count() == 1 { " session   " } else { " sessions   " }, Role::Chrome);
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
        if model.findings > 0 {
            strip = strip.own("   FIND ", Role::Chrome).number(model.findings, Role::Chrome);
        }
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
        let waiting = self.model.waiting().count();
        let mut strip = Strip::new().own(" ", Role::Text);
        for (pane, name) in [
            (Pane::Calls, "1 Calls"),
            (Pane::Detail, "2 Detail"),
            (Pane::Ask, "3 Ask"),
            (Pane::Log, "0 Log"),
        ] {
            let here = self.model.ui.card.is_none() && pane == self.model.ui.pane;
            let role = if here { Role::BorderFocus } else { Role::Dim };
            strip = strip.own(if here { "[" } else { " " }, role).own(name, role);
            if pane == Pane::Ask && waiting > 0 {
                strip = strip
                    .own("(", Role::VerdictAsk)
                    .number(waiting as u64, Role::VerdictAsk)
                    .own(")", Role::VerdictAsk);
            }
            strip = strip.own(if here { "]" } else { " " }, role).own(" ", Role::Text);
        }
        self.put(area, 0, strip);
    }

    /// The keys of the place where keys go now, from the action table.
    pub(super) fn hint(&mut self, area: Rect) {
        let context = update::context(self.model);
        let mut strip = Strip::new();
        let width = usize::from(area.width);
        let card = self.model.ui.card.as_ref();
        let over = card
            .and_then(|card| self.model.ticket(card.key))
            .is_none_or(|t| !self.model.is_waiting(t));
        let mute = card.is_some() && (over || !self.model.may_answer());
        for binding in action::of(context).filter(|b| !(mute && b.action.answers())) {
            let (Some(hint), Some(key)) = (binding.hint, binding.keys.first()) else { continue };
            let next = strip
                .clone()
                .own(" ", Role::Text)
                .drawn(&key.to_string(), Role::Key)
                .own(" ", Role::Text)
                .own(hint, Role::Dim)
                .own(" ", Role::Text);
            if next.width() > width {
                break;
            }
            strip = next;
        }
        self.put(area, 0, strip);
    }

    /// What one has to know of the console itself.
    pub(super) fn state(&mut self, area: Rect) {
        let model = self.model;
        let strip = if let Some(prompt) = model.ui.prompt {
            question(model, prompt)
        } else if let Some(said) = &model.ui.said {
            Strip::new().own(" ", Role::Chrome).safe(said, Role::ChromeAlert)
        } else if let Link::Down { why } = &model.link {
            Strip::new()
                .own(" DISCONNECTED, trying again: ", Role::ChromeAlert)
                .safe(why, Role::Chrome)
        } else {
            rights(model).then(losses(model))
        };
        self.chrome(area, strip);
    }

    fn chrome(&mut self, area: Rect, strip: Strip) {
        self.frame.buffer_mut().set_style(area, self.theme.style(Role::Chrome));
        self.put(area, 0, strip.column(usize::from(area.width)));
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
pub(super) fn time_left(model: &Model, deadline: At) -> Safe {
    minutes(deadline.ms_since(model.now.at))
}

/// `0:41`, rounded up, so that `0:00` means over.
pub(super) fn minutes(ms: u64) -> Safe {
    let seconds = ms.div_ceil(1000);
    Safe::escape(&format!("{}:{:02}", seconds / 60, seconds % 60))
}

/// `12:04:31`, where the operator is.
pub(super) fn clock(model: &Model, at: At) -> Safe {
    let micros = i64::try_from(at.0).unwrap_or_default();
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    let local = time.to_zoned(model.zone.clone());
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    Safe::escape(&format!("{hour:02}:{minute:02}:{second:02}"))
}
