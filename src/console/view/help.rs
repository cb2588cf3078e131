//! The keys of every place, from the action table.

use ratatui::layout::Rect;

use crate::console::action::{self, Context};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// The keys of the pane or card that lies below, which is the context without the help.
    pub(super) fn help(&mut self, whole: Rect) {
        let context = match (&self.model.ui.card, self.model.ui.pane) {
            (Some(_), _) => Context::Card,
            (None, crate::console::model::ui::Pane::Calls) => Context::Calls,
            (None, crate::console::model::ui::Pane::Detail) => Context::Detail,
            (None, crate::console::model::ui::Pane::Ask) => Context::Ask,
            (None, crate::console::model::ui::Pane::Log) => Context::Log,
        };
        let width = whole.width.min(76);
        let area = Rect {
            x: whole.x + (whole.width - width) / 2,
            y: whole.y + 1,
            width,
            height: whole.height.saturating_sub(2),
        };
        self.clear(area);
        let title = Strip::new().own("Keys: ", Role::Title).own(context.title(), Role::Title);
        let inside = self.frame_of(area, None, title);
        for (row, binding) in (0..inside.height.saturating_sub(1)).zip(action::of(context)) {
            let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
            let strip = Strip::new()
                .own(" ", Role::Text)
                .cell(&Safe::escape(&keys.join(" ")), 24, Role::Key)
                .own(binding.help, Role::Text);
            self.put(inside, row, strip);
        }
        let foot = " Answers are given on the card alone; Enter, paste and mouse never answer.";
        self.put(inside, inside.height.saturating_sub(1), Strip::new().own(foot, Role::Dim));
    }
}
