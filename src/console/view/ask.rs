//! Pane 3: every waiting call of every session, oldest first; no filter hides one, no key answers one.

use ratatui::layout::Rect;

use crate::console::model::Ticket;
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::calls::window;
use crate::console::view::status::time_left;
use crate::console::view::strip::Strip;
use crate::policy::Risk;
use crate::text::Safe;

/// The role of a risk.
pub(super) const fn risk_role(risk: Risk) -> Role {
    match risk {
        Risk::Low => Role::RiskLow,
        Risk::Medium => Role::RiskMedium,
        Risk::High => Role::RiskHigh,
    }
}

/// The word of a risk in its pane.
pub(super) const fn risk_word(risk: Risk) -> &'static str {
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
    /// |   #2318 gemini-3  github.create_pr MED  0:12  pin         |
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
        let height = usize::from(inside.height.saturating_sub(1));
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
        let foot = " At the deadline: DENY. Enter opens the card; no key answers here.";
        self.put(inside, inside.height.saturating_sub(1), Strip::new().own(foot, Role::Dim));
    }

    fn asked(&self, ticket: &Ticket, here: bool, width: usize) -> Strip {
        let model = self.model;
        let session = model.session(ticket.key.session).map(|session| session.shown.clone());
        let number = Safe::escape(&format!("#{}", ticket.key.ticket.0));
        let marked = ticket.row.is_some_and(|row| model.ui.marks.has(row));
        let strip = Strip::new()
            .own(if marked { "*" } else { " " }, Role::Key)
            .own(if here { "> " } else { "  " }, Role::Key)
            .cell(&number, 6, Role::Text)
            .cell(&session.unwrap_or_default(), 10, Role::Dim);
        let name_columns = width.saturating_sub(strip.width() + 16).min(40);
        let strip = strip.cell(&self.name_of(ticket), name_columns, Role::Untrusted);
        let strip = match &ticket.over {
            None => strip
                .cell(&Safe::word(risk_word(ticket.held.risk)), 6, risk_role(ticket.held.risk))
                .safe(&time_left(model, ticket.held.deadline_at), Role::VerdictAsk)
                .own("  ", Role::Text)
                .safe(&ticket.why.first().cloned().unwrap_or_default().0, Role::Dim),
            Some(over) => strip.own(over.how.words(), Role::Dim),
        };
        if here && model.ui.pane == Pane::Ask && model.ui.card.is_none() {
            return strip.column(width).all(Role::Selected);
        }
        strip
    }

    /// `server.tool`.
    pub(super) fn name_of(&self, ticket: &Ticket) -> Safe {
        let call = ticket.row.and_then(|at| self.model.call(at));
        call.map_or_else(
            || Safe::word("?"),
            |call| {
                let names = &self.model.names;
                names.get(call.server).clone().then(&Safe::word(".")).then(names.get(call.name))
            },
        )
    }
}
