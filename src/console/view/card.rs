//! The approval card. Its order is the same for every call, so that no content can imitate it.

use ratatui::layout::Rect;

use crate::console::model::doc::{Laid, Slot};
use crate::console::model::ui::{Card, Face, Step};
use crate::console::model::{Model, Ticket};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::ask::{risk_role, risk_word};
use crate::console::view::layout;
use crate::console::view::status::{minutes, time_left};
use crate::console::view::strip::Strip;
use crate::policy::Risk;
use crate::text::{Safe, bytes};

impl Pen<'_, '_> {
    /// ```text
    /// +- Ask 1 of 2   #2317   claude-1 (claude-code)   RISK HIGH -----------+
    /// | mail.send_email                                                     |
    /// | why asked   rule r7: writes outside the workspace                   |
    /// |                                                                     |
    /// | arguments   2 143 B   hidden characters: 2 (shown as <U+202E>)      |
    /// |   | {                                                               |
    /// |   |   "to" "ops@example.com"                                        |
    /// | [ 31 more lines, G to the end: all must be seen before allow ]      |
    /// | answer                                       code for allow:  [k7m] |
    /// |   a  allow this call once    e  edit the arguments   v  raw bytes   |
    /// |   d  deny once               D  deny with a reason to the agent     |
    /// |   at the deadline: DENY, once, never a rule      Esc  leaves it     |
    /// |   (what was said last)                                              |
    /// |   seen 62 %   time left 1:19   keys armed in 0.8 s                  |
    /// +---------------------------------------------------------------------+
    /// ```
    pub(super) fn card(&mut self, area: Rect) {
        let Some(card) = &self.model.ui.card else { return };
        let title = self.card_title(card);
        let inside = self.frame_of(area, None, title);
        let Some(ticket) = self.model.ticket(card.key) else {
            self.put(inside, 1, Strip::new().own("  this ticket is long over", Role::Dim));
            return;
        };
        let (above, below) = layout::card_rows(self.model, area);
        self.card_head(Rect { height: above, ..inside }, area, card, ticket);
        let window = u16::try_from(card.page.height).unwrap_or(0);
        if let Step::Edit(editor) = &card.step {
            self.editor(inside, above, window + 1, editor);
        } else {
            self.card_body(inside, above, card);
            self.card_clip(inside, above + window, card);
        }
        let y = inside.y + inside.height.saturating_sub(below);
        self.card_foot(Rect { y, height: below, ..inside }, card, ticket);
    }

    fn card_title(&self, card: &Card) -> Strip {
        let model = self.model;
        let waiting = model.waiting().count();
        let place = model.waiting().position(|ticket| ticket.key == card.key);
        let mut title = match place {
            Some(at) => Strip::new()
                .own("Ask ", Role::Title)
                .number(at as u64 + 1, Role::Title)
                .own(" of ", Role::Title)
                .number(waiting as u64, Role::Title),
            None => Strip::new().own("Ask, over", Role::Title),
        };
        title = title.own("   #", Role::Title).number(card.key.ticket.0, Role::Title);
        if let Some(session) = model.session(card.key.session) {
            title = title
                .own("   ", Role::Title)
                .safe(&session.shown, Role::Title)
                .own(" (", Role::Title)
                .safe(&session.agent.clip(20).shown, Role::Title)
                .own(")", Role::Title);
        }
        let risk = model.risk(card.key);
        title.own("   RISK ", risk_role(risk)).own(risk_word(risk), risk_role(risk))
    }

    /// What, why, and how much.
    fn card_head(&mut self, head: Rect, area: Rect, card: &Card, ticket: &Ticket) {
        let what =
            Strip::new().own(" ", Role::Text).foreign(&self.name_of(ticket), Role::Untrusted);
        let what = if card.face == Face::Diff {
            what.own("   EDITED: - the agent's, + yours", Role::Title)
        } else {
            what
        };
        self.put(head, 0, what);
        let last = head.height.saturating_sub(1);
        let lines = layout::why(ticket, area);
        for (row, (n, line)) in (1..last).zip(lines.iter().enumerate()) {
            let label = if n == 0 { " why asked" } else { "" };
            let strip = Strip::new().own(label, Role::Dim).column(layout::WHY_COLUMN);
            let cut = row + 1 == last && n + 1 < lines.len();
            let strip = strip.safe(line, Role::Text);
            self.put(head, row, if cut { strip.own(" ~~", Role::Title) } else { strip });
        }
        if last > 0 {
            self.put(head, last, amounts(card));
        }
    }

    fn card_body(&mut self, inside: Rect, row: u16, card: &Card) {
        match &card.arguments {
            Slot::Ready(doc) => self.page(inside, row, &card.page, doc, None),
            Slot::Failed(why) => {
                let text = Strip::new().own("  cannot be read: ", Role::Failed);
                self.put(inside, row, text.safe(why, Role::Failed));
            }
            Slot::Loading(_) | Slot::Empty => {
                self.put(inside, row, Strip::new().own("  reading", Role::Dim));
            }
        }
    }

    fn card_clip(&mut self, inside: Rect, row: u16, card: &Card) {
        let len = card.page.laid.as_ref().map_or(0, Laid::len);
        let below = len.saturating_sub(card.page.top + card.page.height);
        if below == 0 {
            return;
        }
        let strip = Strip::new()
            .own(" [ ", Role::Title)
            .number(below as u64, Role::Title)
            .own(" more lines, j down, G to the end", Role::Title);
        let strip = match self.model.risk(card.key) {
            Risk::Low => strip,
            Risk::Medium | Risk::High => strip.own(": all must be seen before allow", Role::Title),
        };
        self.put(inside, row, strip.own(" ]", Role::Title));
    }

    /// The arguments being edited, behind the gutter too: they are still foreign text.
    fn editor(
        &mut self,
        inside: Rect,
        row: u16,
        height: u16,
        editor: &ratatui_textarea::TextArea<'static>,
    ) {
        let cursor = editor.cursor();
        let (line, column) = (cursor.0, cursor.1);
        let top = super::calls::window(line, usize::from(height), editor.lines().len());
        let room = usize::from(inside.width).saturating_sub(6);
        for (at, y) in (top..editor.lines().len()).zip(row..row + height) {
            let Some(text) = editor.lines().get(at) else { break };
            let before: String = text.chars().take(column).collect();
            let before = Safe::escape(&before);
            // A long line is shown from a place that keeps the cursor inside.
            let skip = if at == line { before.width().saturating_sub(room) } else { 0 };
            let shown = Safe::escape(&text.chars().skip(skip).collect::<String>());
            let strip = Strip::new()
                .own(if skip > 0 { "  |<" } else { "  | " }, Role::Dim)
                .foreign(&shown, Role::Untrusted);
            self.put(inside, y, strip);
            if at == line {
                let x = 4 + u16::try_from(before.width() - skip).unwrap_or(0);
                if x < inside.width {
                    self.frame.set_cursor_position((inside.x + x, inside.y + y));
                }
            }
        }
    }

    fn card_foot(&mut self, area: Rect, card: &Card, ticket: &Ticket) {
        let last = area.height.saturating_sub(1);
        if !self.model.is_waiting(ticket) && ticket.over.is_none() {
            let text = "   over: its session is gone, nothing was forwarded by this card";
            self.put(area, last, Strip::new().own(text, Role::Title));
            return;
        }
        if let Some(over) = &ticket.over {
            let mut strip = Strip::new().own("   ", Role::Text).own(over.how.words(), Role::Title);
            if let Some(by) = &over.by {
                strip = strip.own("  by ", Role::Text).safe(by, Role::Text);
            }
            self.put(area, last.saturating_sub(1), strip);
            let text = "   nothing more to answer here: n next waiting call, Esc back";
            self.put(area, last, Strip::new().own(text, Role::Dim));
            return;
        }
        if area.height > 2 {
            self.answers(area, card);
        }
        let said = match &card.said {
            Some(said) => Strip::new().own("   ", Role::Text).safe(said, Role::Finding),
            None => step_line(self.model, card),
        };
        self.put(area, last.saturating_sub(1), said);
        self.put(area, last, self.progress(card, ticket));
    }

    fn answers(&mut self, area: Rect, card: &Card) {
        let model = self.model;
        let heading = Strip::new().own(" answer", Role::Title);
        self.put(
            area,
            0,
            if model.may_answer() {
                match (model.risk(card.key), model.codes.get(&card.key)) {
                    (Risk::High, Some(code)) => heading
                        .own("    allowing needs this code typed after a:  ", Role::Text)
                        .own("[", Role::Code)
                        .safe(code, Role::Code)
                        .own("]", Role::Code),
                    (Risk::High, None) => {
                        heading.own("    the code for allow is on its way", Role::Dim)
                    }
                    (Risk::Medium, _) => heading.own("    allowing needs a, then y", Role::Text),
                    (Risk::Low, _) => heading,
                }
            } else {
                heading.own("    this console only watches", Role::Finding)
            },
        );
        for (row, keys) in (1..).zip([
            [("a", "allow this call once"), ("e", "edit the arguments"), ("v", "raw bytes")],
            [("d", "deny once"), ("D", "deny with a reason"), ("n", "next waiting")],
        ]) {
            let mut strip = Strip::new();
            for (column, (key, words)) in [3, 29, 53].into_iter().zip(keys) {
                strip = strip.column(column).own(key, Role::Key).own("  ", Role::Text);
                strip = strip.own(words, Role::Text);
            }
            self.put(area, row, strip);
        }
        let text = "   at the deadline: DENY, once, never a rule   Esc  back, it waits on";
        self.put(area, 3, Strip::new().own(text, Role::Dim));
    }

    /// `seen 62 %   time left 1:19   keys armed in 0.8 s`
    fn progress(&self, card: &Card, ticket: &Ticket) -> Strip {
        let strip = Strip::new()
            .own("   seen ", Role::Text)
            .number(update::seen_percent(card) as u64, Role::Title)
            .own(" %   time left ", Role::Text)
            .safe(&time_left(self.model, ticket.held.deadline_at), Role::Title)
            .own(" of ", Role::Text)
            .safe(&minutes(ticket.held.deadline_at.ms_since(ticket.at)), Role::Text);
        if !matches!(card.step, Step::Open | Step::Confirm) {
            return strip;
        }
        match update::armed_in_ms(self.model) {
            Some(0) if self.model.may_answer() => strip.own("   keys armed", Role::Text),
            Some(0) | None => strip,
            Some(_) => strip.own("   keys not armed yet", Role::Dim),
        }
    }
}

fn amounts(card: &Card) -> Strip {
    let label = match card.face {
        Face::Arguments | Face::Diff => " arguments   ",
        Face::Raw => " raw bytes   ",
    };
    let mut strip = Strip::new().own(label, Role::Dim);
    if let Some(doc) = card.arguments.doc() {
        let size = if card.face == Face::Raw { doc.raw.len() } else { doc.text.len() };
        strip = strip.drawn(&bytes::exact(size as u64), Role::Text);
        if doc.lines.hidden > 0 {
            strip = strip
                .own("   hidden characters: ", Role::Finding)
                .number(doc.lines.hidden as u64, Role::Finding)
                .own(" (shown as <U+202E>)", Role::Finding);
        }
    }
    strip
}

/// What the answer waits for.
fn step_line(model: &Model, card: &Card) -> Strip {
    let strip = Strip::new().own("   ", Role::Text);
    match &card.step {
        Step::Open if matches!(model.link, crate::console::model::Link::Down { .. }) => {
            strip.own("DISCONNECTED: answers do not reach the gate", Role::Finding)
        }
        Step::Open => strip,
        Step::Confirm => strip.own("Allow this call once?   y yes   Esc no", Role::Title),
        Step::Code(typed) => strip
            .own("type the code ", Role::Title)
            .safe(&model.codes.get(&card.key).cloned().unwrap_or_default(), Role::Code)
            .own(" : ", Role::Title)
            .drawn(typed, Role::Code)
            .own("_    Esc no", Role::Title),
        Step::Reason(text) if text.is_empty() => {
            strip.own("reason: _   (1 to 5 put a sentence in)   Enter denies   Esc no", Role::Title)
        }
        Step::Reason(text) => {
            let shown = Safe::escape(text);
            let lines = shown.wrap(56);
            let tail = lines.last().cloned().unwrap_or_default();
            strip
                .own(if lines.len() > 1 { "reason: .." } else { "reason: " }, Role::Title)
                .safe(&tail, Role::Text)
                .own("_   Enter denies", Role::Title)
        }
        Step::Edit(_) => {
            strip.own("editing: Ctrl-s puts these arguments in, then answer   Esc no", Role::Title)
        }
        Step::Sent(word) => strip
            .own("sent: ", Role::Title)
            .own(word, Role::Title)
            .own(" - waiting for the gate's record", Role::Dim),
    }
}
