//! Pane T: calls over time as bars, and a row of letters for what else came.

use ratatui::layout::Rect;

use crate::console::model::timeline::{Second, second_of};
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::strip::Strip;
use crate::console::view::{Lines, layout};

impl Pen<'_, '_> {
    /// A live timeline shows a second a column, the newest at the right; a replay's shows the whole recording.
    ///
    /// ```text
    /// +- T Timeline  calls in 3 s ------------------------------------+
    /// | ▁▁▂▁▃▅▂▁▁▂█▃▁▁▁▂▂▁▁▃▂▁▁▁▁▂▁▁▁▂▅▂▁▁▁▁▂▁▁▁▂▁▁▁▃▂▁▁▁▁▁▂▁▁▁▁▂▁▁▁▁▂  |
    /// |       !          ^           D    !           A               |
    /// +---------------------------------------------------------------+
    /// ```
    pub(super) fn timeline(&mut self, area: Rect) {
        let model = self.model;
        let columns = layout::timeline_columns(model);
        let (seconds, here): (Vec<Second>, Option<usize>) = if let Some(replay) = &model.replay {
            (replay.parts(columns), Some(replay.part(replay.clock, columns)))
        } else {
            let now_s = second_of(model.now.at);
            let back = (0..columns as u64).rev();
            (back.map(|ago| model.timeline.at(now_s.saturating_sub(ago))).collect(), None)
        };
        let title = Strip::new()
            .own("T Timeline", Role::Title)
            .own("  A ask  D denial  ! finding  ^ here", Role::Dim);
        let inside = self.frame_of(area, Some(Pane::Timeline), title);
        let calls: Vec<u32> = seconds.iter().map(|second| second.calls).collect();
        let row = Strip::new().own(" ", Role::Text).drawn(&bars(&calls, self.lines), Role::Text);
        self.put(inside, 0, row);
        let cursor = model.ui.part.filter(|_| model.ui.pane == Pane::Timeline).or(here);
        let mut marks = Strip::new().own(" ", Role::Text);
        for (n, second) in seconds.iter().enumerate() {
            let (mark, role) = if cursor == Some(n) {
                ("^", Role::Key)
            } else if second.findings > 0 {
                ("!", Role::Finding)
            } else if second.denials > 0 {
                ("D", Role::VerdictDeny)
            } else if second.asks > 0 {
                ("A", Role::VerdictAsk)
            } else {
                (" ", Role::Text)
            };
            marks = marks.own(mark, role);
        }
        self.put(inside, 1, marks);
    }
}

/// Numbers as bars, the largest the highest; none for nothing.
pub(super) fn bars(numbers: &[u32], lines: Lines) -> String {
    let steps: &[char] = match lines {
        Lines::Box => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Lines::Ascii => &['.', ':', '-', '=', '+', '*', '#', '@'],
    };
    let most = numbers.iter().copied().max().unwrap_or_default();
    let bar = |number: &u32| {
        if *number == 0 {
            return ' ';
        }
        let last = steps.len() as u64 - 1;
        let step = (u64::from(*number) * last).div_ceil(u64::from(most.max(1)));
        usize::try_from(step).ok().and_then(|step| steps.get(step)).copied().unwrap_or(' ')
    };
    numbers.iter().map(bar).collect()
}
