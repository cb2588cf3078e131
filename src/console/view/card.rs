//! The approval card. Its lines have the same order and places for every call, so that no content can
//! imitate it: who, what, why, where the data comes from, the arguments, the answers, the time.

mod foot;
mod head;
mod likes;

pub(super) use foot::is_mute;

use ratatui::layout::Rect;

use crate::console::model::card::{Card, Step};
use crate::console::model::doc::{Laid, Slot};
use crate::console::theme::Role;
use crate::console::update;
use crate::console::view::Pen;
use crate::console::view::layout;
use crate::console::view::strip::Strip;
use crate::policy::Risk;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// ```text
    /// +- Ask 1 of 2   #2317   claude-1 (claude-code)   RISK HIGH -----------+
    /// | what        mail.send_email   first use in this session             |
    /// | why asked   rule r7: writes outside the workspace                   |
    /// |                                                                     |
    /// |             (where its data comes from)                             |
    /// | arguments   2 143 B   3 fields   hidden characters: 2   our order   |
    /// |   | {                                                               |
    /// |   |   "to" "ops@example.com"                                        |
    /// | [ 31 more lines, j down, G to the end: see all before allow ]       |
    /// | answer      allowing needs this code typed after a:  [k7m]          |
    /// |   a  allow this call once    e  edit the arguments   v  exact bytes |
    /// |   d  deny once               E  edit in $EDITOR      f  read        |
    /// |   D  deny with a reason      U  allow unread         n  next        |
    /// |   at the deadline: DENY, once, never a rule   Esc  back, it waits   |
    /// |   (what was said last)                                              |
    /// |   seen 62 %   time left 1:19, then DENY   armed                     |
    /// +---------------------------------------------------------------------+
    /// ```
    /// A lower card has one line each for why and for the answers.
    pub(super) fn card(&mut self, area: Rect) {
        let Some(card) = &self.model.ui.card else { return };
        let title = self.card_title(card, usize::from(area.width));
        let inside = self.frame_of(area, None, title);
        let Some(ticket) = self.model.ticket(card.key()) else {
            self.put(inside, 1, Strip::new().own("  this ticket is long over", Role::Dim));
            return;
        };
        let (above, below) = layout::card_rows(self.model, area);
        self.card_head(Rect { height: above, ..inside }, card, ticket);
        let window = u16::try_from(card.page.height).unwrap_or(0);
        if let Step::Edit(editor) = &card.step {
            self.editor(inside, above, window + 1, editor);
        } else if let Step::Remember(remembering) = &card.step {
            self.likes(inside, above, card, remembering);
        } else {
            self.card_body(inside, above, card);
            self.card_clip(inside, above + window, card);
        }
        let y = inside.y + inside.height.saturating_sub(below);
        self.card_foot(Rect { y, height: below, ..inside }, card, ticket);
    }

    fn card_body(&mut self, inside: Rect, row: u16, card: &Card) {
        let failed = card.members().find_map(|shown| match &shown.arguments {
            Slot::Failed(why) => Some(why),
            Slot::Empty | Slot::Loading(_) | Slot::Ready(_) => None,
        });
        match (failed, card.one.arguments.doc()) {
            (Some(why), _) => {
                let text = Strip::new().own("  cannot be read: ", Role::Failed);
                self.put(inside, row, text.safe(why, Role::Failed));
            }
            (None, Some(doc)) => self.page(inside, row, &card.page, doc, None),
            (None, None) => self.put(inside, row, Strip::new().own("  reading", Role::Dim)),
        }
    }

    /// Says how many lines are clipped, which key shows them, and that allowing needs them seen.
    fn card_clip(&mut self, inside: Rect, row: u16, card: &Card) {
        let len = card.page.laid.as_ref().map_or(0, Laid::len);
        let below = len.saturating_sub(card.page.top + card.page.height);
        if below == 0 {
            if card.page.top > 0 {
                let strip =
                    Strip::new().own(" [ ", Role::Dim).number(card.page.top as u64, Role::Dim);
                self.put(inside, row, strip.own(" lines above, g to the start ]", Role::Dim));
            }
            return;
        }
        let due = !card.seen_all && update::risk_of(self.model, card) != Risk::Low;
        let strip = Strip::new().own(" [ ", Role::Title).number(below as u64, Role::Title);
        let strip = match (due, inside.width < 74) {
            (false, _) => strip.own(" more lines, j down, G to the end", Role::Title),
            (true, true) => strip.own(" more lines, G: all must be seen to allow", Role::Title),
            (true, false) => strip
                .own(" more lines, j down, G to the end: all must be seen to allow", Role::Title),
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
        let top = super::layout::window(line, usize::from(height), editor.lines().len());
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
}
