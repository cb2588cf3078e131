//! Pane 0: findings, the servers' own words, and what the gate did.

use ratatui::layout::Rect;

use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::status::clock;
use crate::console::view::strip::Strip;
use crate::engine::Severity;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// Newest at the bottom; a line that is cut ends in `~`.
    pub(super) fn log(&mut self, area: Rect) {
        let model = self.model;
        let mut title =
            Strip::new().own("0 Log  ", Role::Title).number(model.logged_len() as u64, Role::Text);
        if let Some(level) = model.ui.log_level {
            title = title.own("  ", Role::Text).own(level_word(level), Role::Text);
        }
        if model.ui.log_up > 0 {
            title = title.own("  PAUSED, G goes on", Role::Title);
        }
        let inside = self.frame_of(area, Some(Pane::Log), title);
        let width = usize::from(inside.width);
        let end = model.logged_len().saturating_sub(model.ui.log_up);
        let start = end.saturating_sub(usize::from(inside.height));
        let found = model.ui.log_found.and_then(|line| line.checked_sub(model.log_dropped));
        for (row, (at, entry)) in (0..).zip(model.logged(start..end)) {
            let session = model.session(entry.session).map(|session| session.label(9));
            let (sign, role) = match entry.severity {
                Severity::Info => (" ", Role::Dim),
                Severity::Low => ("-", Role::Dim),
                Severity::Medium => ("!", Role::Finding),
                Severity::High => ("!!", Role::Finding),
            };
            let mut strip = Strip::new()
                .cell(&Safe::word(sign), 2, role)
                .cell(&clock(model, entry.at), 8, Role::Dim)
                .cell(&session.unwrap_or_default(), 9, Role::Dim)
                .safe(&entry.source, role)
                .own(" | ", Role::Dim);
            if strip.width() * 2 > width {
                strip = Strip::new()
                    .cell(&Safe::word(sign), 2, role)
                    .safe(&entry.source, role)
                    .own(" | ", Role::Dim);
            }
            self.put(inside, row, strip.foreign(&entry.text, Role::Untrusted));
            if found == Some(at as u64) {
                let sign = Rect { width: inside.width.min(1), ..inside };
                self.put(sign, row, Strip::new().own(">", Role::Key));
            }
        }
    }
}

/// What is listed, in the title.
const fn level_word(level: Severity) -> &'static str {
    match level {
        Severity::Info => "all",
        Severity::Low => "low and above",
        Severity::Medium => "medium and above",
        Severity::High => "high alone",
    }
}
