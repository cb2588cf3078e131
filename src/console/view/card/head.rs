//! The card's title and the lines above the arguments.

use ratatui::layout::Rect;

use crate::console::model::Ticket;
use crate::console::model::card::{Card, Face};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::ask::{risk_role, risk_word};
use crate::console::view::strip::Strip;
use crate::text::bytes;

/// Where a line of the head begins behind its label.
const COLUMN: usize = 13;
/// Columns of a session's name in the title.
const SESSION_COLUMNS: usize = 16;

impl Pen<'_, '_> {
    /// Who asks, and how risky a yes is. The risk is never cut: where it is narrow the agent's name is
    /// left out, which the session's begins with.
    pub(super) fn card_title(&self, card: &Card, width: usize) -> Strip {
        let model = self.model;
        let waiting = model.waiting().count();
        let place = model.waiting().position(|ticket| ticket.key == card.key());
        let left = update::answerable(model, card).count();
        let mut title = Strip::new().own("Ask", Role::Title);
        title = if left == 0 {
            title.own(", over", Role::Title)
        } else {
            let (number, word) = match place {
                Some(at) if !card.is_batch() => (at + 1, " of "),
                Some(_) | None => (left, " equal of "),
            };
            title
                .own(" ", Role::Title)
                .number(number as u64, Role::Title)
                .own(word, Role::Title)
                .number(waiting as u64, Role::Title)
        };
        if !card.is_batch() {
            title = title.own("   #", Role::Title).number(card.key().ticket.0, Role::Title);
        }
        let risk = update::risk_of(model, card);
        let risk =
            Strip::new().own("   RISK ", risk_role(risk)).own(risk_word(risk), risk_role(risk));
        let Some(session) = model.session(card.key().session) else { return title.then(risk) };
        let who =
            Strip::new().own("   ", Role::Title).safe(&session.label(SESSION_COLUMNS), Role::Title);
        let agent = Strip::new()
            .own(" (", Role::Title)
            .safe(&session.agent.clip(20).shown, Role::Title)
            .own(")", Role::Title);
        // The border's corners, and a blank at either end.
        let room = width.saturating_sub(6);
        let whole = title.width() + who.width() + agent.width() + risk.width();
        let who = if whole <= room { who.then(agent) } else { who };
        title.then(who).then(risk)
    }

    /// What, why, where from, and how much.
    pub(super) fn card_head(&mut self, head: Rect, card: &Card, ticket: &Ticket) {
        self.put(head, 0, self.what(card, ticket, usize::from(head.width)));
        let last = head.height.saturating_sub(1);
        // One row is kept for where the data comes from.
        let why_rows = if last > 3 { 2 } else { last.saturating_sub(1) };
        if !card.full {
            self.why(head, ticket, why_rows);
        }
        if last > 0 {
            self.put(head, last, amounts(card, usize::from(head.width)));
        }
    }

    fn what(&self, card: &Card, ticket: &Ticket, width: usize) -> Strip {
        let name = self.model.name_of(ticket);
        let first = self.model.is_first_use(ticket);
        let room = width.saturating_sub(COLUMN);
        // The name comes first: what is said behind it is shortened before the name is cut.
        let fits = |behind: &&str| name.width() + behind.len() <= room;
        let long = Some("   first use in this session").filter(fits);
        let behind = if first { long.unwrap_or("   first use") } else { "" };
        let room = room.saturating_sub(behind.len());
        let strip = Strip::new().own(" what", Role::Dim).column(COLUMN);
        let strip = if name.width() <= room || card.full {
            strip.foreign(&name, Role::Untrusted)
        } else {
            let room = room.saturating_sub(MORE.len());
            strip.foreign(&name.clip(room).shown, Role::Untrusted).own(MORE, Role::Title)
        };
        strip.own(behind, Role::Finding)
    }

    /// The rules and their sentences; where they are cut, the key that shows them.
    fn why(&mut self, head: Rect, ticket: &Ticket, rows: u16) {
        let width = usize::from(head.width).saturating_sub(COLUMN);
        let all = ticket.why_sentence();
        let lines = all.wrap_words(width);
        let cut = lines.len() > usize::from(rows);
        for (row, (n, line)) in (1..=rows).zip(lines.iter().enumerate()) {
            let label = if n == 0 { " why asked" } else { "" };
            let strip = Strip::new().own(label, Role::Dim).column(COLUMN);
            let strip = if cut && row == rows {
                let room = width.saturating_sub(MORE.len());
                // A line that fits is not marked as cut by itself, but more of them follow.
                strip.safe(&line.clip(room).shown, Role::Text).own(MORE, Role::Title)
            } else {
                strip.safe(line, Role::Text)
            };
            self.put(head, row, strip);
        }
    }
}

/// Behind a text that is cut in the head: `f` shows it whole.
const MORE: &str = " ~ f: all";

/// `arguments   2 143 B   3 fields   hidden characters: 2   our order (v: bytes)`
fn amounts(card: &Card, width: usize) -> Strip {
    let long = amounts_in(card, false);
    if long.width() <= width { long } else { amounts_in(card, true) }
}

fn amounts_in(card: &Card, brief: bool) -> Strip {
    let raw = card.face == Face::Raw;
    let label = match card.face {
        Face::Arguments => " arguments",
        Face::Diff => " EDITED",
        Face::Raw => " exact bytes",
    };
    let role = if card.face == Face::Diff { Role::Title } else { Role::Dim };
    let mut strip = Strip::new().own(label, role).column(COLUMN);
    if card.face == Face::Diff {
        strip = strip.own("- the agent's, + yours   ", Role::Title);
    }
    let docs = || card.members().filter_map(|shown| shown.arguments.doc());
    let sizes = docs().map(|doc| if raw { doc.raw.len() } else { doc.text.len() });
    strip = strip.drawn(&bytes::exact(sizes.sum::<usize>() as u64), Role::Text);
    let fields: Option<usize> = docs().map(|doc| doc.fields).sum();
    if let Some(fields) = fields.filter(|_| !raw) {
        let cut = docs().any(|doc| doc.lines.left_out_bytes > 0);
        let word = match (cut, fields) {
            (true, _) => " fields or more",
            (false, 1) => " field",
            (false, _) => " fields",
        };
        strip =
            strip.own("   ", Role::Text).number(fields as u64, Role::Text).own(word, Role::Text);
    }
    if card.one.revealed && !raw {
        strip = strip.own("   with its secrets", Role::Finding);
    }
    let hidden: usize = docs().map(|doc| doc.lines.hidden).sum();
    if hidden > 0 {
        let label = if brief { "   hidden: " } else { "   hidden characters: " };
        strip = strip.own(label, Role::Finding).number(hidden as u64, Role::Finding);
        if !brief {
            strip = strip.own(" (shown as <U+202E>)", Role::Finding);
        }
    }
    if card.face == Face::Arguments && docs().any(|doc| doc.order.is_some()) {
        let text = match (brief, card.is_batch()) {
            (false, false) => "   our order (v: the bytes)",
            _ => "   our order",
        };
        strip = strip.own(text, Role::Text);
    }
    strip
}
