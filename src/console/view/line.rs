//! The line that is being typed, in the two rows that are ours: below what it is, above whether it can be
//! used, told in words.

use ratatui::layout::{Position, Rect};

use crate::console::action::Context;
use crate::console::filter::Completion;
use crate::console::model::typing::{Check, Edit, Typing};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// ` valid   [srv:] sess: size>   Enter do it`
    pub(super) fn line_hint(&mut self, area: Rect, typing: &Typing) {
        let mut strip = match &typing.check {
            Check::Fine(word) => Strip::new().own(" ", Role::Text).own(word, Role::Text),
            Check::Wrong(why) => Strip::new().own(" ", Role::Text).safe(why, Role::Failed),
        };
        strip = strip.own("  ", Role::Text);
        let width = usize::from(area.width);
        strip = match (&self.model.ui.said, &typing.offered) {
            (Some(said), _) => strip.safe(said, Role::ChromeAlert),
            (None, Some((offered, at))) => offers(strip, offered, *at, width),
            (None, None) if matches!(typing.check, Check::Wrong(_)) => strip,
            (None, None) => self.hints(strip, Context::Line, width),
        };
        self.put(area, 0, strip);
    }

    /// `filter / srv:mail`, and the terminal's own cursor in it.
    pub(super) fn line_state(&mut self, area: Rect, typing: &Typing) {
        self.paint_chrome(area);
        self.edited(area, typing.purpose.sign(), &typing.edit, Role::ChromeAlert);
    }

    /// Text with a cursor, scrolled so that the cursor is seen.
    pub(super) fn edited(&mut self, area: Rect, sign: &'static str, edit: &Edit, role: Role) {
        let (before, behind) = edit.halves();
        let (before, behind) = (Safe::escape(before), Safe::escape(behind));
        let lead = Strip::new().own(sign, role);
        let room = usize::from(area.width).saturating_sub(lead.width() + 1);
        let fits = before.width() <= room;
        let shown = if fits { before } else { last_columns(&before, room) };
        let strip = lead.safe(&shown, role);
        let column = strip.width();
        self.put(area, 0, strip.safe(&behind, role).column(usize::from(area.width)));
        let column = u16::try_from(column).unwrap_or(area.width).min(area.width.saturating_sub(1));
        self.frame.set_cursor_position(Position::new(area.x + column, area.y));
    }
}

/// `~` and the last of a text, in at most `room` columns.
fn last_columns(text: &Safe, room: usize) -> Safe {
    let mut lines = text.wrap(room.saturating_sub(1) / 2);
    let last = lines.pop().unwrap_or_default();
    let before = lines.pop().unwrap_or_default();
    Safe::word("~").then(&before).then(&last)
}

/// What Tab offers, as far as there is room around what stands in the line.
fn offers(strip: Strip, offered: &[Completion], at: usize, width: usize) -> Strip {
    let mut strip = strip;
    let first = at.saturating_sub(2);
    for (n, one) in offered.iter().enumerate().skip(first) {
        let (open, close, role) =
            if n == at { ("[", "] ", Role::Title) } else { (" ", "  ", Role::Dim) };
        let text = Safe::escape(one.text.trim_end());
        let next = strip.clone().own(open, role).safe(&text, role).own(close, role);
        if next.width() + 2 > width {
            return strip.own("..", Role::Dim);
        }
        strip = next;
    }
    match offered.get(at) {
        Some(one) => strip.own(" ", Role::Dim).own(one.help, Role::Dim),
        None => strip,
    }
}
