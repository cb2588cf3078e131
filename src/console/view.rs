//! The model as a frame. One file per pane; `strip` is the only way to put text on the screen, and
//! takes foreign text as [`crate::text::Safe`] alone.

pub(in crate::console) mod ask;
mod calls;
mod card;
mod compare;
pub(in crate::console) mod detail;
mod findings;
pub(in crate::console) mod help;
pub mod layout;
mod ledger;
mod line;
mod log;
mod palette;
mod peers;
mod replay;
mod rows;
mod rules;
pub(in crate::console) mod status;
mod strip;
mod timeline;
mod tools;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use crate::console::model::Model;
use crate::console::model::ui::Pane;
use crate::console::theme::{Role, Theme};
pub(in crate::console) use replay::since;
use strip::Strip;

/// Whether lines are drawn with box characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lines {
    /// Box-drawing characters.
    #[default]
    Box,
    /// `+`, `-` and `|`: for terminals that draw box characters two columns wide.
    Ascii,
}

/// What a pane needs to draw itself.
pub(in crate::console) struct Pen<'a, 'b> {
    model: &'a Model,
    theme: &'a Theme,
    lines: Lines,
    frame: &'a mut Frame<'b>,
}

/// Draws everything.
///
/// ```text
/// status                |  status                        |  status
/// tabs                  |  tabs                          |  tabs
/// +- one pane, or --+   |  +- calls ---++- detail, or -+  |  +- sess --++- calls -++- detail -+
/// | the card        |   |  |           ||  the card    |  |  +- serv --+|         ||  or the  |
/// |                 |   |  +- ask -----++- log, or ----+  |  |         |+- ask ---+|  card    |
/// |                 |   |  |           ||  a guest     |  |  +- log ---++- time --+|          |
/// +-----------------+   |  +-----------++--------------+  |  +---------++---------++----------+
/// hint                  |  hint                          |  hint
/// state                 |  state                         |  state
/// ```
pub fn draw(model: &Model, theme: &Theme, lines: Lines, frame: &mut Frame<'_>) {
    let whole = frame.area();
    let areas = layout::areas_in(model, whole);
    frame.buffer_mut().set_style(whole, theme.style(Role::Screen));
    let mut pen = Pen { model, theme, lines, frame };
    if !layout::is_usable(model.size) {
        pen.too_small(whole);
        return;
    }
    pen.status(areas.status);
    if let Some(area) = areas.tabs {
        pen.tabs(area);
    }
    for (pane, area) in areas.panes() {
        match pane {
            Pane::Calls => pen.calls(area),
            Pane::Detail => pen.detail(area),
            Pane::Ask => pen.ask(area),
            Pane::Tools => pen.tools(area),
            Pane::Servers => pen.servers(area),
            Pane::Sessions => pen.sessions(area),
            Pane::Findings => pen.findings(area),
            Pane::Policy => pen.rules(area),
            Pane::Log => pen.log(area),
            Pane::Timeline => pen.timeline(area),
            Pane::Compare => pen.compare(area),
        }
    }
    if let Some(area) = areas.card {
        pen.card(area);
    }
    if let Some(help) = model.ui.help {
        pen.help(whole, help);
    }
    if let Some(palette) = &model.ui.palette {
        pen.palette(whole, palette);
    }
    pen.hint(areas.hint);
    pen.state(areas.state);
}

impl Pen<'_, '_> {
    /// Writes a strip into a row; what does not fit is cut and ends in `~`.
    fn put(&mut self, area: Rect, row: u16, strip: Strip) {
        if row >= area.height {
            return;
        }
        let place = Rect { y: area.y + row, height: 1, ..area };
        let line = strip.line(self.theme, usize::from(area.width));
        self.frame.render_widget(line, place);
    }

    /// Makes room for something on top of what was drawn, in the theme's own background.
    fn clear(&mut self, area: Rect) {
        self.frame.render_widget(Clear, area);
        self.frame.buffer_mut().set_style(area, self.theme.style(Role::Screen));
    }

    /// A border with a title; returns what is inside.
    fn frame_of(&mut self, area: Rect, pane: Option<Pane>, title: Strip) -> Rect {
        let focused = pane.is_none_or(|pane| pane == self.model.ui.pane);
        let role = if focused { Role::BorderFocus } else { Role::Border };
        let style = self.theme.style(role);
        let (corners, across, down) = match self.lines {
            Lines::Box => (["┌", "┐", "└", "┘"], "─", "│"),
            Lines::Ascii => (["+", "+", "+", "+"], "-", "|"),
        };
        if area.width < 2 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let [top_left, top_right, bottom_left, bottom_right] = corners;
        let middle = across.repeat(usize::from(area.width) - 2);
        let top = Strip::new().drawn(&format!("{top_left}{middle}{top_right}"), role);
        let bottom = Strip::new().drawn(&format!("{bottom_left}{middle}{bottom_right}"), role);
        self.put(area, 0, top);
        self.put(area, area.height - 1, bottom);
        let buffer = self.frame.buffer_mut();
        for y in area.y + 1..area.y + area.height - 1 {
            for x in [area.x, area.x + area.width - 1] {
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.set_symbol(down).set_style(style);
                }
            }
        }
        let titled = Strip::new().own(" ", Role::Title).then(title).own(" ", Role::Title);
        let room = area.width.saturating_sub(4);
        let width = u16::try_from(titled.width()).unwrap_or(room).min(room);
        self.put(Rect { x: area.x + 2, width, ..area }, 0, titled);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    fn too_small(&mut self, area: Rect) {
        let waiting = self.model.waiting().count();
        self.put(area, 0, Strip::new().own("tollgate console", Role::Title));
        let count =
            Strip::new().number(waiting as u64, Role::VerdictAsk).own(" calls wait", Role::Text);
        self.put(area, 1, count);
        for (row, text) in (2..).zip([
            "This terminal is too small.",
            "Make it 60 x 16 or larger,",
            "or quit (q) and start",
            "`tollgate console --linear`.",
        ]) {
            self.put(area, row, Strip::new().own(text, Role::Text));
        }
    }
}
