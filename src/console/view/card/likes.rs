//! The card while it is chosen which calls are to have the same answer.

use ratatui::layout::Rect;

use crate::console::model::card::Card;
use crate::console::model::remembering::{Counted, Remembering, lifetime_words};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;

impl Pen<'_, '_> {
    /// ```text
    /// | one answer for calls of files.write_file  role coder                 |
    /// |  > 1  exactly these arguments                                        |
    /// |       matched 3 of the last 120 calls, 0 refused then; 1 more waits  |
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
            lines.push(
                Strip::new()
                    .own(if here { "  > " } else { "    " }, Role::Key)
                    .own(number, Role::Key)
                    .own("  ", Role::Text)
                    .foreign(&like.words, Role::Untrusted),
            );
            if here {
                lines.push(
                    like.counted
                        .map_or_else(|| Strip::new().own("       not counted", Role::Dim), counted),
                );
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

/// `matched 3 of the last 120 calls, 0 refused then; 1 more waits`
fn counted(counted: Counted) -> Strip {
    let number = |n: usize| n as u64;
    let strip = Strip::new()
        .own("       matched ", Role::Text)
        .number(number(counted.matched), Role::Title)
        .own(" of the last ", Role::Text)
        .number(number(counted.of), Role::Text)
        .own(" calls, ", Role::Text)
        .number(
            number(counted.denied),
            if counted.denied > 0 { Role::Finding } else { Role::Title },
        )
        .own(" refused then", Role::Text);
    if counted.waiting == 0 {
        return strip;
    }
    let word = if counted.waiting == 1 {
        " more waits and has it too"
    } else {
        " more wait and have it too"
    };
    strip.own("; ", Role::Text).number(number(counted.waiting), Role::Title).own(word, Role::Text)
}
