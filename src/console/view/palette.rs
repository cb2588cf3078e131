//! The palette: what fits a few letters.

use ratatui::layout::Rect;

use crate::console::model::ui::Palette;
use crate::console::theme::Role;
use crate::console::update::palette::{self, Item};
use crate::console::view::Pen;
use crate::console::view::layout::window;
use crate::console::view::strip::Strip;
use crate::text::Safe;

/// Columns of the keys, and of the command.
const KEYS: usize = 9;
const NAME: usize = 20;

impl Pen<'_, '_> {
    /// ```text
    /// +- Commands ------------------------------------+
    /// | > expo                                        |
    /// | > x           export FILE  write the range .. |
    /// +-----------------------------------------------+
    /// ```
    pub(super) fn palette(&mut self, whole: Rect, open: &Palette) {
        let width = whole.width.min(90).saturating_sub(4);
        let area = Rect {
            x: whole.x + (whole.width - width) / 2,
            y: whole.y + 2,
            width,
            height: whole.height.saturating_sub(5),
        };
        self.clear(area);
        let items = palette::items(self.model);
        let title = Strip::new()
            .own(if open.options { "Options  " } else { "Commands and sessions  " }, Role::Title)
            .number(items.len() as u64, Role::Text);
        let inside = self.frame_of(area, None, title);
        self.edited(Rect { height: 1, ..inside }, " find: ", &open.edit, Role::Text);
        let height = usize::from(inside.height.saturating_sub(1));
        if items.is_empty() {
            self.put(inside, 2, Strip::new().own("  nothing fits: Backspace, or Esc", Role::Dim));
        }
        let top = window(open.at, height, items.len());
        let context = crate::console::update::pane_context(self.model.ui.pane);
        let listed = self.model.ui.keymap.of(context);
        for (row, (at, item)) in (1..).zip(items.iter().enumerate().skip(top).take(height)) {
            let here = at == open.at;
            let key = match item {
                Item::Command(binding) => listed
                    .iter()
                    .find(|row| row.binding.name == binding.name && row.argument.is_none())
                    .and_then(|row| row.keys.first())
                    .map(|key| Safe::escape(&key.to_string())),
                Item::Session(_) => None,
            };
            let (left, right) = palette::texts(self.model, item);
            let strip = Strip::new()
                .own(if here { " > " } else { "   " }, Role::Key)
                .cell(&key.unwrap_or_default(), KEYS, Role::Key)
                .cell(&left, NAME, Role::Text)
                .safe(&right, Role::Dim);
            let strip = if here {
                strip.column(usize::from(inside.width)).all(Role::Selected)
            } else {
                strip
            };
            self.put(inside, row, strip);
        }
    }
}
