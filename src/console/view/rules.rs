//! Pane 9: the rules of the policies in use, and how often each decided.

use ratatui::layout::Rect;

use crate::console::model::policy_file::PolicyFile;
use crate::console::model::rules::Listed;
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::ask::{risk_role, risk_word};
use crate::console::view::layout::{rows_of, window};
use crate::console::view::replay::since;
use crate::console::view::status::clock;
use crate::console::view::strip::Strip;
use crate::text::Safe;

/// Rows that say what became of a policy's file.
const FILE_ROWS: usize = 5;
/// A pane of so many columns has room for the policy's name.
const WITH_POLICY: usize = 52;
/// A pane of so many columns has room for the risk and the sentence.
const WITH_WHY: usize = 64;

impl Pen<'_, '_> {
    /// ```text
    /// +- 9 Policy (7)  1 never decided ------------------------------------+
    /// |   policy      rule      verdict    hits  last      risk    why       |
    /// | > ask-writes  writes    ask          14  12:04:30  MEDIUM  Its name .|
    /// |   ask-writes  default   mark          0  never                       |
    /// +----------------------------------------------------------------------+
    /// ```
    pub(super) fn rules(&mut self, area: Rect) {
        let model = self.model;
        let rules = model.rules();
        let idle = rules.iter().filter(|rule| rule.hits.count == 0).count();
        let mut title = Strip::new()
            .own("9 Policy (", Role::Title)
            .number(rules.len() as u64, Role::Title)
            .own(")", Role::Title);
        if idle > 0 {
            title = title
                .own("  ", Role::Title)
                .number(idle as u64, Role::Text)
                .own(" never decided", Role::Text);
        }
        let inside = self.frame_of(area, Some(Pane::Policy), title);
        let width = usize::from(inside.width);
        let mut heading = Strip::new().own("   ", Role::Dim);
        if width >= WITH_POLICY {
            heading = heading.cell(&Safe::word("policy"), 11, Role::Dim);
        }
        heading = heading
            .cell(&Safe::word("rule"), 12, Role::Dim)
            .cell(&Safe::word("verdict"), 7, Role::Dim)
            .cell_right(&Safe::word("hits"), 6, Role::Dim)
            .cell(&Safe::word("last"), 9, Role::Dim);
        if width >= WITH_WHY {
            heading = heading.cell(&Safe::word("risk"), 6, Role::Dim).own("why", Role::Dim);
        }
        self.put(inside, 0, heading);
        if rules.is_empty() {
            let text = "  no session yet, or none with a sound policy";
            self.put(inside, 1, Strip::new().own(text, Role::Dim));
        }
        let height = usize::from(rows_of(Pane::Policy, area).height);
        let at = model.selected_rule(&rules);
        let top = window(at, height, rules.len());
        for (row, (n, listed)) in (1..inside.height).zip(rules.iter().enumerate().skip(top)) {
            let strip = self.rule(listed, n == at, width);
            self.put(inside, row, strip);
        }
        self.policy_file(inside);
    }

    /// What became of a policy's file, at the bottom: what a `P` here would take.
    fn policy_file(&mut self, inside: Rect) {
        let live = self.model.sessions.iter().filter(|session| !session.ended);
        let mut told = live.filter_map(|session| match &session.policy_file {
            PolicyFile::Same => None,
            PolicyFile::Broken(what) | PolicyFile::Proposed { what, .. } => Some(what),
        });
        let Some(what) = told.next() else { return };
        let lines = what.wrap_words(usize::from(inside.width).saturating_sub(3).max(1));
        let shown = lines.len().min(FILE_ROWS).min(usize::from(inside.height));
        let top = inside.height.saturating_sub(u16::try_from(shown).unwrap_or(0));
        for (row, line) in (top..inside.height).zip(&lines) {
            let strip = Strip::new().own(" ! ", Role::Finding).safe(line, Role::Finding);
            self.put(inside, row, strip.column(usize::from(inside.width)));
        }
    }

    fn rule(&self, listed: &Listed<'_>, here: bool, width: usize) -> Strip {
        let model = self.model;
        let (role, word) = self.theme.verdict(listed.rule.verdict);
        let last = match (listed.hits.last, &model.replay) {
            (None, _) => Safe::word("never"),
            (Some(at), Some(replay)) => since(replay, at),
            (Some(at), None) => clock(model, at),
        };
        // What holds for minutes says how many are left.
        let last = model.memory_left(&listed.rule.id).unwrap_or(last);
        let hit = if listed.hits.count == 0 { Role::Dim } else { Role::Text };
        let mut strip = Strip::new().own(if here { " > " } else { "   " }, Role::Key);
        if width >= WITH_POLICY {
            strip = strip.cell(listed.policy, 11, Role::Dim);
        }
        strip = strip
            .cell(&listed.rule.shown(), 12, hit)
            .cell(&Safe::escape(word), 7, role)
            .cell_right(&Safe::escape(&listed.hits.count.to_string()), 6, hit)
            .cell(&last, 9, Role::Dim);
        if width >= WITH_WHY {
            let (risk, role) = match listed.rule.risk {
                Some(risk) => (risk_word(risk), risk_role(risk)),
                None => ("-", Role::Dim),
            };
            strip = strip.cell(&Safe::word(risk), 6, role).safe(&listed.rule.why, Role::Dim);
        }
        self.selected(strip, here, Pane::Policy, width)
    }
}
