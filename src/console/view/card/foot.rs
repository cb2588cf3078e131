//! The lines below the arguments: the answers, what an answer waits for, and the time.

use ratatui::layout::Rect;

use crate::console::model::card::{Card, Step};
use crate::console::model::{Link, Model, Ticket};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::status::time_left;
use crate::console::view::strip::Strip;
use crate::policy::Risk;
use crate::text::Safe;

/// A key and what it does.
type Offer = (&'static str, &'static str);

/// The keys of a wide card.
const WIDE: [[Offer; 3]; 3] = [
    [("a", "allow this call once"), ("e", "edit the arguments"), ("v", "exact bytes")],
    [("d", "deny once"), ("E", "edit in $EDITOR"), ("f", "read in full")],
    [("D", "deny with a reason"), ("r", "one answer for all"), ("U", "allow unread")],
];
/// The keys of a narrow one.
const NARROW: [[Offer; 2]; 3] = [
    [("a", "allow this call once"), ("e", "edit the arguments")],
    [("d", "deny once"), ("f", "read in full")],
    [("D", "deny with a reason"), ("r", "one answer for all")],
];
/// The keys of a batch, on a card of any width.
const BATCH: [[Offer; 2]; 3] = [
    [("a", "allow each once"), ("f", "read in full")],
    [("d", "deny each once"), ("n", "next waiting")],
    [("D", "deny each + reason"), ("Esc", "back to one by one")],
];
/// Columns inside a card from which on it is wide.
const WIDE_COLUMNS: u16 = 70;
/// Those that its last row of answers takes with the key that stops the session.
const WITH_STOP: u16 = 76;

impl Pen<'_, '_> {
    pub(super) fn card_foot(&mut self, area: Rect, card: &Card, ticket: &Ticket) {
        let last = area.height.saturating_sub(1);
        if update::answerable(self.model, card).next().is_none() {
            self.over(area, card, ticket);
            return;
        }
        // The sentences that a digit puts in take the place of the keys.
        if area.height > 2 && matches!(&card.step, Step::Reason(text) if text.is_empty()) {
            self.templates(area);
        } else if area.height > 3 {
            self.answers(area, card);
        } else if area.height > 2 {
            let strip = self.brief_answers(card);
            self.put(area, 0, strip);
        }
        let (said, progress) = (self.said(card, area), self.progress(card));
        self.put(area, last.saturating_sub(1), said);
        self.put(area, last, progress);
    }

    fn over(&mut self, area: Rect, card: &Card, ticket: &Ticket) {
        let last = area.height.saturating_sub(1);
        let strip = Strip::new().own("   ", Role::Text);
        let strip = match &ticket.over {
            _ if card.is_batch() => {
                strip.own("over: each of these calls was answered or ended", Role::Title)
            }
            None => {
                let text = "over: its session is gone, nothing was forwarded by this card";
                strip.own(text, Role::Title)
            }
            Some(over) => {
                let strip = strip.own(over.how.words(), Role::Title);
                match &over.by {
                    Some(by) => strip.own("  by ", Role::Text).safe(by, Role::Text),
                    None => strip,
                }
            }
        };
        self.put(area, last.saturating_sub(1), strip);
        let text = "   nothing more to answer: n next waiting call, Esc back";
        self.put(area, last, Strip::new().own(text, Role::Dim));
    }

    /// What allowing takes, the keys, and what happens without one.
    fn answers(&mut self, area: Rect, card: &Card) {
        let heading = Strip::new().own(" answer", Role::Title).column(13);
        self.put(area, 0, heading.then(self.what_it_takes(card)));
        for row in 0..3 {
            let at = usize::from(row);
            let offers: &[Offer] = if card.is_batch() {
                BATCH.get(at).map_or(&[], |row| row)
            } else if area.width >= WIDE_COLUMNS {
                WIDE.get(at).map_or(&[], |row| row)
            } else {
                NARROW.get(at).map_or(&[], |row| row)
            };
            let mut strip = Strip::new();
            for (column, (key, words)) in [3, 29, 53].into_iter().zip(offers) {
                strip = strip.column(column).own(key, Role::Key).own("  ", Role::Text);
                strip = strip.own(words, Role::Text);
            }
            self.put(area, row + 1, strip);
        }
        let meter = self.tired(card, usize::from(area.width));
        let deadline = if area.width >= WITH_STOP {
            "   at the deadline: DENY, once, never a rule   Esc  back   X  stop session"
        } else {
            "   at the deadline: DENY, once, never a rule   Esc  back, it waits on"
        };
        self.put(area, 4, meter.unwrap_or_else(|| Strip::new().own(deadline, Role::Dim)));
    }

    fn what_it_takes(&self, card: &Card) -> Strip {
        let model = self.model;
        if !model.may_answer() {
            return Strip::new().own("this console only watches", Role::Finding);
        }
        match (update::risk_of(model, card), model.codes.get(&card.key())) {
            (Risk::High, Some(code)) => Strip::new()
                .own("allowing needs this code typed after a:  ", Role::Text)
                .own("[", Role::Code)
                .safe(code, Role::Code)
                .own("]", Role::Code),
            (Risk::High, None) => Strip::new().own("the code for allow is on its way", Role::Dim),
            (Risk::Medium, _) => Strip::new().own("allowing needs a, then y", Role::Text),
            (Risk::Low, _) => Strip::new().own("low risk: a allows it", Role::Text),
        }
    }

    /// The same in one row.
    fn brief_answers(&self, card: &Card) -> Strip {
        let model = self.model;
        if !model.may_answer() {
            return Strip::new().own(" this console only watches", Role::Finding);
        }
        let strip = Strip::new().own(" a", Role::Key).own(" allow", Role::Text);
        let strip = match (update::risk_of(model, card), model.codes.get(&card.key())) {
            (Risk::High, Some(code)) => strip
                .own(" (then ", Role::Text)
                .own("[", Role::Code)
                .safe(code, Role::Code)
                .own("]", Role::Code)
                .own(")", Role::Text),
            (Risk::High, None) => strip.own(" (code to come)", Role::Dim),
            (Risk::Medium, _) => strip.own(" (then y)", Role::Text),
            (Risk::Low, _) => strip,
        };
        let offers: &[Offer] = if card.is_batch() {
            &[("d", " deny each"), ("D", " + reason"), ("f", " read")]
        } else {
            &[("d", " deny"), ("D", " + reason"), ("e", " edit"), ("f", " read")]
        };
        offers.iter().fold(strip, |strip, (key, words)| {
            strip.own("  ", Role::Text).own(key, Role::Key).own(words, Role::Text)
        })
    }

    /// What the digits put into an empty reason.
    fn templates(&mut self, area: Rect) {
        let numbers = ["1", "2", "3", "4", "5"];
        if area.height > 6 {
            for (row, (number, (_, sentence))) in (0..).zip(numbers.iter().zip(update::TEMPLATES)) {
                let strip = Strip::new().own("   ", Role::Text).own(number, Role::Key);
                self.put(area, row, strip.own("  ", Role::Text).own(sentence, Role::Text));
            }
            return;
        }
        let mut strip = Strip::new();
        for (number, (brief, _)) in numbers.iter().zip(update::TEMPLATES) {
            strip = strip.own(" ", Role::Text).own(number, Role::Key);
            strip = strip.own(" ", Role::Text).own(brief, Role::Text);
        }
        self.put(area, 0, strip);
    }

    /// What was said last, else what the answer waits for, else whether too much is asked.
    fn said(&self, card: &Card, area: Rect) -> Strip {
        if let Some(said) = &card.said {
            return Strip::new().own("   ", Role::Text).safe(said, Role::Finding);
        }
        let low = area.height <= 3 && matches!(card.step, Step::Open);
        let meter = if low { self.tired(card, usize::from(area.width)) } else { None };
        meter.unwrap_or_else(|| self.step_line(card, usize::from(area.width)))
    }

    /// One line where so much is asked, or allowed so fast, that nobody can have read it.
    fn tired(&self, card: &Card, width: usize) -> Option<Strip> {
        let meter = self.model.fatigue.meter(self.model.now.at);
        let strip = Strip::new().own("   ", Role::Finding);
        let strip = if meter.is_fast() {
            strip
                .number(meter.fast as u64, Role::Finding)
                .own(" allows under 1.5 s each: consider a rule for ", Role::Finding)
        } else if meter.is_much() {
            strip
                .number(meter.asks as u64, Role::Finding)
                .own(" asks in 10 min: consider a rule for ", Role::Finding)
        } else {
            return None;
        };
        let names = &self.model.names;
        let most = meter.most.map_or_else(Safe::default, |(server, tool)| {
            names.get(server).clone().then(&Safe::word(".")).then(names.get(tool))
        });
        let room = width.saturating_sub(strip.width());
        Some(strip.foreign(&most.clip(room).shown, Role::Untrusted)).filter(|_| !card.full)
    }

    /// `seen 62 %   time left 1:19, then DENY   not armed yet`
    fn progress(&self, card: &Card) -> Strip {
        let model = self.model;
        let deadlines = update::answerable(model, card).filter_map(|key| model.ticket(key));
        let deadline = deadlines.map(|ticket| ticket.held.deadline_at).min();
        let strip = Strip::new()
            .own("   seen ", Role::Text)
            .number(update::seen_percent(card) as u64, Role::Title)
            .own(" %   time left ", Role::Text)
            .safe(&deadline.map(|at| time_left(model, at)).unwrap_or_default(), Role::Title)
            .own(", then DENY", Role::Text);
        if !matches!(card.step, Step::Open | Step::Confirm { .. } | Step::Remember(_)) {
            return strip;
        }
        match update::armed_in_ms(model) {
            Some(0) if model.may_answer() => strip.own("   armed", Role::Text),
            Some(0) | None => strip,
            Some(_) => strip.own("   not armed yet", Role::Dim),
        }
    }

    /// What the answer waits for.
    fn step_line(&self, card: &Card, width: usize) -> Strip {
        let strip = Strip::new().own("   ", Role::Text);
        match &card.step {
            Step::Open if matches!(self.model.link, Link::Down { .. }) => {
                strip.own("DISCONNECTED: answers do not reach the gate", Role::Finding)
            }
            Step::Open => strip,
            Step::Unread(typed) => strip
                .own("not all was seen: type ", Role::Title)
                .own(update::UNREAD, Role::Code)
                .own(" to allow: ", Role::Title)
                .drawn(typed, Role::Code)
                .own("_    Esc no", Role::Title),
            Step::Confirm { unread } => self.confirm(card, *unread, width),
            Step::Remember(_) => strip.own(
                "y allow such calls   d deny them   j k which   Tab how long   Esc no",
                Role::Title,
            ),
            Step::Code { typed, unread, .. } => strip
                .own(if *unread { "UNREAD: type the code " } else { "type the code " }, Role::Title)
                .safe(&self.model.codes.get(&card.key()).cloned().unwrap_or_default(), Role::Code)
                .own(" : ", Role::Title)
                .drawn(typed, Role::Code)
                .own("_    Esc no", Role::Title),
            Step::Reason(text) => reason(text, width),
            Step::Edit(_) => strip
                .own("editing: Ctrl-s puts these arguments in, then answer   Esc no", Role::Title),
            Step::Outside => {
                strip.own("in your editor: save and leave it to come back", Role::Title)
            }
            Step::Sent(word) => strip
                .own("sent: ", Role::Title)
                .own(word, Role::Title)
                .own(" - waiting for the gate's record", Role::Dim),
        }
    }

    /// `Allow mail.send_email once?   y yes   Esc no`
    fn confirm(&self, card: &Card, unread: bool, width: usize) -> Strip {
        let model = self.model;
        let count = update::answerable(model, card).count();
        let strip = Strip::new().own("   Allow ", Role::Title);
        let strip = if card.is_batch() {
            let word = if count == 1 { " call of " } else { " calls of " };
            strip.number(count as u64, Role::Title).own(word, Role::Title)
        } else {
            strip
        };
        let behind =
            if unread { " once UNREAD?   y yes   Esc no" } else { " once?   y yes   Esc no" };
        let name = model.ticket(card.key()).map(|ticket| model.name_of(ticket)).unwrap_or_default();
        let room = width.saturating_sub(strip.width() + behind.len());
        strip.foreign(&name.clip(room).shown, Role::Untrusted).own(behind, Role::Title)
    }
}

/// The end of the reason: a long one goes on to the left.
fn reason(text: &str, width: usize) -> Strip {
    let strip = Strip::new().own("   ", Role::Text);
    if text.is_empty() {
        return strip.own("reason: _   (1 to 5 as above)   Enter denies   Esc no", Role::Title);
    }
    let behind = "_   Enter denies";
    let lines = Safe::escape(text).wrap(width.saturating_sub(3 + 10 + behind.len()).max(1));
    let tail = lines.last().cloned().unwrap_or_default();
    strip
        .own(if lines.len() > 1 { "reason: .." } else { "reason: " }, Role::Title)
        .safe(&tail, Role::Text)
        .own(behind, Role::Title)
}

/// What the card's hint line leaves out: nothing can be answered here.
pub(in crate::console::view) fn is_mute(model: &Model, card: &Card) -> bool {
    !model.may_answer() || update::answerable(model, card).next().is_none()
}
