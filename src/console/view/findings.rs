//! Pane 8: what detectors and the gate saw, the worst first.

use ratatui::layout::Rect;

use crate::console::model::findings::{Handled, Sighting};
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::layout::{findings_below, rows_of, window};
use crate::console::view::status::clock;
use crate::console::view::strip::Strip;
use crate::engine::Severity;
use crate::text::Safe;

/// A pane of so many columns has room for what the finding is of.
const WITH_SUBJECT: usize = 56;
/// And of so many for what was done with it.
const WITH_HANDLED: usize = 70;
/// And of so many for the session and the time.
const WITH_SESSION: usize = 96;

/// So many rows below the list have room for the rule's sentence.
const TALL: u16 = 7;

impl Pen<'_, '_> {
    /// ```text
    /// +- 8 Findings (3)  1 new ------------------------------------------------+
    /// |       rule            of                  seen       evidence          |
    /// | > !!  hidden.tags     files.read_note     new    x2  Ignore all of it  |
    /// |   !   secret.password mail.send           seen   x1  [secret password  |
    /// | -  hidden.tags HIGH: Tag characters spell a text that nobody sees.     |
    /// | at  /content/0/text, in the answer of files.read_note                  |
    /// +------------------------------------------------------------------------+
    /// ```
    pub(super) fn findings(&mut self, area: Rect) {
        let model = self.model;
        let listed = model.listed_findings();
        let mut title = Strip::new()
            .own("8 Findings (", Role::Title)
            .number(listed.len() as u64, Role::Title)
            .own(")", Role::Title);
        let unseen = model.unseen_findings();
        if unseen > 0 {
            title = title.own("  ", Role::Text).number(unseen as u64, Role::Finding);
            title = title.own(" new", Role::Finding);
        }
        if model.sightings.dropped > 0 {
            title = title.own("  ", Role::Text).number(model.sightings.dropped, Role::Dim);
            title = title.own(" lesser ones are in the log alone", Role::Dim);
        }
        let inside = self.frame_of(area, Some(Pane::Findings), title);
        let width = usize::from(inside.width);
        let mut heading =
            Strip::new().own("       ", Role::Dim).cell(&Safe::word("rule"), 20, Role::Dim);
        if width >= WITH_SUBJECT {
            heading = heading.cell(&Safe::word("of"), 18, Role::Dim);
        }
        if width >= WITH_HANDLED {
            heading = heading.cell(&Safe::word("seen"), 9, Role::Dim);
        }
        if width >= WITH_SESSION {
            heading = heading.cell(&Safe::word("session"), 9, Role::Dim).cell(
                &Safe::word("last"),
                8,
                Role::Dim,
            );
        }
        let heading = heading.cell_right(&Safe::word("times"), 5, Role::Dim);
        self.put(inside, 0, heading.own("  evidence", Role::Dim));
        if listed.is_empty() {
            self.put(inside, 1, Strip::new().own("  nothing was seen yet", Role::Dim));
            return;
        }
        let height = rows_of(Pane::Findings, area).height;
        let at = model.selected_finding(&listed);
        let top = window(at, usize::from(height), listed.len());
        for (row, (n, one)) in (1..=height).zip(listed.iter().enumerate().skip(top)) {
            let strip = self.sighting(one, n == at, width);
            self.put(inside, row, strip);
        }
        if let Some(one) = listed.get(at) {
            let below = findings_below(inside.height);
            let (y, height) = (inside.y + inside.height - below, below);
            self.more_of_finding(one, Rect { y, height, ..inside });
        }
    }

    fn sighting(&self, one: &Sighting, here: bool, width: usize) -> Strip {
        let model = self.model;
        let handled = model.handled(one);
        let (sign, mut role) = match one.severity {
            Severity::Info => (" ", Role::Dim),
            Severity::Low => ("-", Role::Dim),
            Severity::Medium => ("!", Role::Finding),
            Severity::High => ("!!", Role::Finding),
        };
        if handled == Handled::Dismissed {
            role = Role::Dim;
        }
        let mut strip = Strip::new()
            .own(if here { " > " } else { "   " }, Role::Key)
            .cell(&Safe::word(sign), 3, role)
            .cell(&one.rule_shown(), 20, role);
        if width >= WITH_SUBJECT {
            strip = strip.cell(&one.subject, 18, Role::Text);
        }
        if width >= WITH_HANDLED {
            strip = strip.cell(&Safe::word(handled.word()), 9, Role::Dim);
        }
        if width >= WITH_SESSION {
            let session = model.session(one.session).map(|session| session.label(9));
            strip = strip.cell(&session.unwrap_or_default(), 9, Role::Dim).cell(
                &clock(model, one.last),
                8,
                Role::Dim,
            );
        }
        let times = Safe::escape(&one.count.to_string());
        let told = if one.evidence.as_str().is_empty() { &one.what } else { &one.evidence };
        let strip = strip.cell_right(&times, 5, Role::Dim).own("  ", Role::Dim);
        self.selected(strip.foreign(told, Role::Untrusted), here, Pane::Findings, width)
    }

    /// The selected one, below the list.
    fn more_of_finding(&mut self, one: &Sighting, below: Rect) {
        if below.height == 0 {
            return;
        }
        let width = usize::from(below.width);
        let severity = match one.severity {
            Severity::Info => " info",
            Severity::Low => " low",
            Severity::Medium => " MEDIUM",
            Severity::High => " HIGH",
        };
        let mut head = Strip::new()
            .own(" ", Role::Dim)
            .safe(&one.rule_shown(), Role::Title)
            .own(severity, Role::Finding);
        let mut says = Vec::new();
        if let Some((why, owasp)) = one.about() {
            if below.height < TALL {
                head = head.own(": ", Role::Text).own(why, Role::Text);
            } else {
                let lines = Safe::word(why).wrap_words(width.saturating_sub(2).max(1));
                let ours = |line| Strip::new().own(" ", Role::Text).safe(line, Role::Text);
                says.extend(lines.iter().map(ours));
            }
            for id in owasp {
                head = head.own("  ", Role::Dim).own(id, Role::Dim);
            }
        }
        let mut rows = vec![head];
        rows.append(&mut says);
        if !one.path.as_str().is_empty() {
            let mut place = Strip::new().own(" at ", Role::Dim).safe(&one.path, Role::Text);
            place = place.own(if one.in_answer { ", in the answer" } else { "" }, Role::Dim);
            if !one.behind.as_str().is_empty() {
                place = place.own("; read behind ", Role::Dim).safe(&one.behind, Role::Finding);
            }
            rows.push(place);
        }
        let told = if one.evidence.as_str().is_empty() { &one.what } else { &one.evidence };
        for line in told.wrap_words(width.saturating_sub(4).max(1)) {
            rows.push(Strip::new().own(" | ", Role::Dim).foreign(&line, Role::Untrusted));
        }
        for (row, strip) in (0..below.height).zip(rows) {
            self.put(below, row, strip.column(width));
        }
    }
}
