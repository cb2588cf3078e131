//! Pane C: two recordings, a call beside the same call of the other.

use ratatui::layout::Rect;

use crate::console::model::compare::{Compare, Sign};
use crate::console::model::ui::Pane;
use crate::console::model::{Call, Model};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::calls::outcome;
use crate::console::view::layout::window;
use crate::console::view::strip::Strip;
use crate::text::Safe;

impl Pen<'_, '_> {
    /// ```text
    /// +- C Compare  demo | demo-2   3 of 12 differ ------------------------+
    /// |   #1  files.read_file      ok        =   #1  files.read_file   ok  |
    /// | > #2  files.write_file     allowed   ~   #2  files.write_file DENY |
    /// |   #3  mail.send_email      ok        <                             |
    /// +--------------------------------------------------------------------+
    /// ```
    pub(super) fn compare(&mut self, area: Rect) {
        let model = self.model;
        let title = Strip::new().own("C Compare", Role::Title);
        let Some(compare) = &model.compare else {
            let inside = self.frame_of(area, Some(Pane::Compare), title);
            let text = "  reading both recordings; start with --compare OTHER to see two";
            self.put(inside, 1, Strip::new().own(text, Role::Dim));
            return;
        };
        let name = |model: &Model| {
            model.sessions.first().map(|session| session.shown.clone()).unwrap_or_default()
        };
        let title = title
            .own("  ", Role::Title)
            .safe(&name(&compare.first), Role::Title)
            .own(" | ", Role::Title)
            .safe(&name(&compare.second), Role::Title)
            .own("   ", Role::Title)
            .number(compare.differences as u64, Role::Title)
            .own(" of ", Role::Title)
            .number(compare.pairs.len() as u64, Role::Title)
            .own(" differ: ~ ended otherwise, < > only one has it", Role::Title);
        let inside = self.frame_of(area, Some(Pane::Compare), title);
        let len = compare.pairs.len();
        let at = model.ui.pair.min(len.saturating_sub(1));
        let top = window(at, usize::from(inside.height), len);
        for (row, n) in (0..inside.height).zip(top..len) {
            let strip = self.pair(compare, n, n == at, usize::from(inside.width));
            self.put(inside, row, strip);
        }
    }

    fn pair(&self, compare: &Compare, at: usize, here: bool, width: usize) -> Strip {
        let sign = compare.sign(at).unwrap_or(Sign::Same);
        let (first, second) = compare.calls(at).unwrap_or_default();
        let half = width.saturating_sub(3 + 4) / 2;
        let role = match sign {
            Sign::Same => Role::Dim,
            Sign::Otherwise => Role::VerdictAsk,
            Sign::First => Role::DiffRemove,
            Sign::Second => Role::DiffAdd,
        };
        let strip = Strip::new().own(if here { " > " } else { "   " }, Role::Key);
        let strip = self.half(strip, &compare.first, first, half);
        let strip = strip.own(sign.mark(), role).own("   ", Role::Text);
        self.half(strip, &compare.second, second, half)
    }

    /// One side: number, name and outcome, in so many columns.
    fn half(&self, strip: Strip, model: &Model, call: Option<&Call>, columns: usize) -> Strip {
        let end = strip.width() + columns;
        let Some(call) = call else { return strip.column(end) };
        let name = model.names.get(call.server).clone().then(&Safe::word("."));
        let name = name.then(model.names.get(call.name));
        let (word, role) = outcome(model, self.theme, call);
        // The name is what one looks for: the others make room for it.
        let number_columns = if columns >= 34 { 6 } else { 4 };
        let word_columns = if columns >= 40 { 15 } else { 7 };
        let name_columns = columns.saturating_sub(number_columns + 1 + word_columns + 1 + 1);
        strip
            .cell(&Safe::escape(&format!("#{}", call.call.0)), number_columns, Role::Dim)
            .cell(&name, name_columns, Role::Untrusted)
            .cell(&word, word_columns, role)
            .column(end)
    }
}
