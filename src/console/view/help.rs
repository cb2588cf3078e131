//! The keys of a place or of all, from the keymap.

use ratatui::layout::Rect;

use crate::console::action::{Context, Reach};
use crate::console::keymap::Listed;
use crate::console::model::ui::Help;
use crate::console::model::{Model, Size};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::text::Safe;

/// Columns of the keys, and of the command.
const KEYS: usize = 22;
const COMMAND: usize = 16;
/// Columns that are left for the rest at 80.
#[cfg(test)]
const HELP: usize = 37;

/// One row of the page.
#[derive(Debug)]
pub(in crate::console) enum Line {
    /// The place that the rows below are about.
    Place(&'static str),
    /// A key.
    Key(Listed),
}

impl Line {
    /// What a search looks at.
    pub(in crate::console) fn text(&self) -> String {
        match self {
            Self::Place(place) => (*place).to_owned(),
            Self::Key(row) => format!("{} {} {}", keys(row), command(row), row.binding.help),
        }
    }
}

/// The rows of the page.
pub(in crate::console) fn lines(model: &Model, help: Help) -> Vec<Line> {
    let of = |context| model.ui.keymap.of(context).into_iter().map(Line::Key);
    match help.context {
        Some(context) => of(context).collect(),
        None => Context::ALL
            .into_iter()
            .flat_map(|context| std::iter::once(Line::Place(context.title())).chain(of(context)))
            .collect(),
    }
}

/// Rows of the page that fit.
pub(in crate::console) fn height(size: Size) -> usize {
    // The first and the last row of the screen, two of the border, and one to say how to go on.
    usize::from(size.rows).saturating_sub(5)
}

fn keys(row: &Listed) -> String {
    let keys: Vec<String> = row.keys.iter().map(ToString::to_string).collect();
    keys.join(" ")
}

/// What is typed for it, if anything can be.
fn command(row: &Listed) -> String {
    match (row.binding.reach, &row.argument) {
        (Reach::Keys, _) => String::new(),
        (Reach::Here | Reach::Panes, None) => format!(":{}", row.binding.name),
        (Reach::Here | Reach::Panes, Some(argument)) => {
            format!(":{} {argument}", row.binding.name)
        }
    }
}

impl Pen<'_, '_> {
    /// ```text
    /// +- Keys: Calls -----------------------------------------+
    /// | Enter            :open      open what is selected     |
    /// | /                :filter    choose calls; nothing ... |
    /// +-------------------------------------------------------+
    /// ```
    pub(super) fn help(&mut self, whole: Rect, help: Help) {
        let width = whole.width.min(100);
        let area = Rect {
            x: whole.x + (whole.width - width) / 2,
            y: whole.y + 1,
            width,
            height: whole.height.saturating_sub(3),
        };
        self.clear(area);
        let place = help.context.map_or("all places", Context::title);
        let title = Strip::new().own("Keys: ", Role::Title).own(place, Role::Title);
        let inside = self.frame_of(area, None, title);
        let lines = lines(self.model, help);
        let shown = lines.iter().enumerate().skip(help.top).take(usize::from(inside.height) - 1);
        for (row, (at, line)) in (0..).zip(shown) {
            let sign = if help.found == Some(at) { ">" } else { " " };
            let strip = Strip::new().own(sign, Role::Key);
            let strip = match line {
                Line::Place(place) => strip.own(place, Role::Title),
                Line::Key(listed) => strip
                    .cell(&Safe::escape(&keys(listed)), KEYS, Role::Key)
                    .cell(&Safe::escape(&command(listed)), COMMAND, Role::Text)
                    .own(listed.binding.help, Role::Text),
            };
            self.put(inside, row, strip);
        }
        let below = lines.len().saturating_sub(help.top + usize::from(inside.height) - 1);
        let foot = if below > 0 {
            Strip::new()
                .own(" ", Role::Dim)
                .number(below as u64, Role::Dim)
                .own(" more rows, j and Space go on, / looks for text", Role::Dim)
        } else {
            let text = " Answers are given on the card alone; Enter, paste and mouse never answer.";
            Strip::new().own(text, Role::Dim)
        };
        self.put(inside, inside.height.saturating_sub(1), foot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::action::BINDINGS;

    #[test]
    fn every_sentence_fits_into_80_columns() {
        for binding in BINDINGS {
            assert!(binding.help.len() <= HELP, "{}: {}", binding.name, binding.help);
            let command = binding.name.len() < COMMAND || binding.reach == Reach::Keys;
            assert!(command, "{}", binding.name);
        }
    }
}
