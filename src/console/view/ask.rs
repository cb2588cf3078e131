//! Pane 3: every waiting call of every session, oldest first; no filter hides one, no key answers one.

use ratatui::layout::Rect;

use crate::console::model::Ticket;
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::layout::{rows_of, window};
use crate::console::view::status::time_left;
use crate::console::view::strip::Strip;
use crate::policy::Risk;
use crate::text::Safe;

/// Columns that a name gets before the rule is shown.
const NAME: usize = 26;
/// Columns of the rule.
const RULE: usize = 20;

/// The role of a risk.
pub(super) const fn risk_role(risk: Risk) -> Role {
    match risk {
        Risk::Low => Role::RiskLow,
        Risk::Medium => Role::RiskMedium,
        Risk::High => Role::RiskHigh,
    }
}

/// The word of a risk in its pane.
pub(in crate::console) const fn risk_word(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "LOW",
        Risk::Medium => "MEDIUM",
        Risk::High => "HIGH",
    }
}

impl Pen<'_, '_> {
    /// ```text
    /// +- 3 Ask (2)  oldest first ---------------------------------+
    /// | > #2317 claude-1  mail.send_email  HIGH 0:41  r7          |
    /// |  *#2318 gemini-3  github.create_pr MED  0:12  pin         |
    /// | 3 asks in 10 min, 2 answered, 50 % allowed, median 4.1 s  |
    /// | At the deadline: DENY. Enter opens the card; no key ...   |
    /// +-----------------------------------------------------------+
    /// ```
    pub(super) fn ask(&mut self, area: Rect) {
        let model = self.model;
        let waiting = model.waiting().count() as u64;
        let title = Strip::new()
            .own("3 Ask (", Role::Title)
            .number(waiting, Role::Title)
            .own(")  oldest first", Role::Title);
        let inside = self.frame_of(area, Some(Pane::Ask), title);
        let height = usize::from(rows_of(Pane::Ask, area).height);
        let len = model.asks().count();
        if len == 0 {
            self.put(inside, 0, Strip::new().own("  no call waits", Role::Dim));
        }
        let top = window(model.ui.ask.min(len), height, len);
        let rows = model.asks().enumerate().skip(top).take(height);
        for (row, (at, ticket)) in (0..).zip(rows) {
            let strip = self.asked(ticket, at == model.ui.ask, usize::from(inside.width));
            self.put(inside, row, strip);
        }
        let last = inside.height.saturating_sub(1);
        self.put(inside, last.saturating_sub(1), self.meter());
        let marked = model.marked().count();
        let foot = if marked > 1 {
            Strip::new()
                .own(" ", Role::Title)
                .number(marked as u64, Role::Title)
                .own(" marked: Enter on one opens them all; Space takes one out", Role::Title)
        } else {
            let text = " At the deadline: DENY. Enter opens the card; no key answers here.";
            Strip::new().own(text, Role::Dim)
        };
        self.put(inside, last, foot);
    }

    /// How much is asked, and how fast it is answered.
    fn meter(&self) -> Strip {
        let meter = self.model.fatigue.meter(self.model.now.at);
        let much = meter.is_much() || meter.is_fast();
        let role = if much { Role::Finding } else { Role::Dim };
        let mut strip = Strip::new()
            .own(" ", role)
            .number(meter.asks as u64, role)
            .own(if meter.asks == 1 { " ask" } else { " asks" }, role)
            .own(" in 10 min", role);
        if let (Some(percent), Some(ms)) = (meter.allowed_percent, meter.median_ms) {
            strip = strip
                .own(", ", role)
                .number(meter.answered as u64, role)
                .own(" answered, ", role)
                .number(percent as u64, role)
                .own(" % allowed, median ", role)
                .drawn(&seconds(ms), role);
        }
        if much { strip.own(": too much to read", role) } else { strip }
    }

    fn asked(&self, ticket: &Ticket, here: bool, width: usize) -> Strip {
        let model = self.model;
        let session = model.session(ticket.key.session).map(|session| session.label(10));
        let number = Safe::escape(&format!("#{}", ticket.key.ticket.0));
        let marked = model.is_waiting(ticket) && model.ui.marked.contains(&ticket.key);
        let strip = Strip::new()
            .own(if here { " >" } else { "  " }, Role::Key)
            .own(if marked { "*" } else { " " }, Role::Title)
            .cell(&number, 6, Role::Text)
            .cell(&session.unwrap_or_default(), 10, Role::Dim);
        // Behind the name: risk and time; the rule where the name leaves it room.
        let room = width.saturating_sub(strip.width() + 15);
        let rule_columns = if room >= NAME + 6 { (room - NAME).min(RULE) } else { 0 };
        let name_columns = room.saturating_sub(rule_columns).min(40);
        let strip = strip.cell(&model.name_of(ticket), name_columns, Role::Untrusted);
        let rule = ticket.why.first().cloned().unwrap_or_default().0;
        let strip = match &ticket.over {
            None => strip
                .cell(&Safe::word(risk_word(ticket.held.risk)), 6, risk_role(ticket.held.risk))
                .safe(&time_left(model, ticket.held.deadline_at), Role::VerdictAsk)
                .own("  ", Role::Text)
                .safe(&rule.clip(rule_columns).shown, Role::Dim),
            Some(over) => strip.own(over.how.words(), Role::Dim),
        };
        if here && model.ui.pane == Pane::Ask && model.ui.card.is_none() {
            return strip.column(width).all(Role::Selected);
        }
        strip
    }
}

/// `4.1 s`.
pub(super) fn seconds(ms: u64) -> String {
    let tenths = ms.div_ceil(100);
    format!("{}.{} s", tenths / 10, tenths % 10)
}
