//! The card while it is chosen which calls are to have the same answer.

use ratatui::layout::Rect;

use crate::console::model::card::Card;
use crate::console::model::remembering::{Counted, Remembering, lifetime_words};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::engine::Lifetime;

impl Pen<'_, '_> {
    /// ```text
    /// | one answer for calls of files.write_file  role coder                 |
    /// |  > 1  exactly these arguments                                        |
    /// |       matches 3 of the last 120 calls, 0 refused then                |
    /// |       1 other waiting call has it too                                |
    /// |    2  where path is below /w/                                        |
    /// |  for this session (Tab: longer)                                      |
    /// ```
    pub(super) fn likes(&mut self, inside: Rect, row: u16, card: &Card, it: &Remembering) {
        let model = self.model;
        let name = model.ticket(card.key()).map(|ticket| model.name_of(ticket)).unwrap_or_default();
        let role = model.session(card.key().session).map(|s| s.role.as_str()).unwrap_or_default();
        let mut head = Strip::new()
            .own(" one answer for calls of ", Role::Title)
            .foreign(&name, Role::Untrusted);
        if !role.is_empty() {
            head = head.own("  role ", Role::Title).drawn(role, Role::Text);
        }
        let mut lines = vec![head];
        for (at, (like, number)) in it.likes.iter().zip(["1", "2", "3", "4"]).enumerate() {
            let here = at == it.at;
            let head = Strip::new()
                .own(if here { "  > " } else { "    " }, Role::Key)
                .own(number, Role::Key)
                .own("  | ", Role::Dim);
            let room = usize::from(inside.width).saturating_sub(head.width() + 1).max(1);
            let wrapped = like.words.wrap(room);
            // All of the chosen one: what is cut of it could not be said yes to.
            let rows = if here { wrapped.len() } else { 1 };
            let mut rest = wrapped.into_iter().take(rows);
            lines.push(head.foreign(&rest.next().unwrap_or_default(), Role::Untrusted));
            lines.extend(rest.map(|line| {
                Strip::new().own("       | ", Role::Dim).foreign(&line, Role::Untrusted)
            }));
            match like.counted.filter(|_| here) {
                Some(counted) => {
                    lines.push(matched(counted));
                    lines.extend(drained(counted.waiting, &HERE));
                    if it.lifetime == Lifetime::Unchanged {
                        lines.extend(drained(counted.elsewhere, &ELSEWHERE));
                    }
                }
                None if here => {
                    lines
                        .push(Strip::new().own("       counting, or it cannot be told", Role::Dim));
                }
                None => {}
            }
        }
        lines.push(
            Strip::new()
                .own("  ", Role::Text)
                .own(lifetime_words(it.lifetime), Role::Title)
                .own("  (Tab)", Role::Dim),
        );
        let room = inside.height.saturating_sub(row + 2);
        for (y, line) in (row..row + room).zip(lines) {
            self.put(inside, y, line);
        }
    }
}

/// `matches 3 of the last 120 calls, 0 refused then`
fn matched(counted: Counted) -> Strip {
    let denied = if counted.denied > 0 { Role::Finding } else { Role::Title };
    Strip::new()
        .own("       matches ", Role::Text)
        .number(counted.matched as u64, Role::Title)
        .own(" of the last ", Role::Text)
        .number(counted.of as u64, Role::Text)
        .own(" calls, ", Role::Text)
        .number(counted.denied as u64, denied)
        .own(" refused then", Role::Text)
}

/// Of one waiting call, and of several.
const HERE: [&str; 2] = [" other waiting call has it too", " other waiting calls have it too"];
/// The same of other sessions: their policies may ask by other rules.
const ELSEWHERE: [&str; 2] = [
    " waiting call of another session has it too, if it asks by the same rules",
    " waiting calls of other sessions have it too, if they ask by the same rules",
];

/// `2 other waiting calls have it too`
fn drained(count: usize, [one, several]: &[&'static str; 2]) -> Option<Strip> {
    let words = match count {
        0 => return None,
        1 => one,
        _ => several,
    };
    let strip = Strip::new().own("       ", Role::Text);
    Some(strip.number(count as u64, Role::Title).own(words, Role::Title))
}
