//! Pane 8: what was found, each thing once, and below what is known of the selected one.

use ratatui::layout::Rect;

use crate::console::model::difference::when;
use crate::console::model::findings::{Found, Standing};
use crate::console::model::ui::Pane;
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::layout::{rows_of, told_rows, window};
use crate::console::view::strip::Strip;
use crate::engine::Severity;
use crate::inspect::{owasp, rule_of};
use crate::text::Safe;

/// A pane of so many columns has room for whose it is.
const WITH_WHOSE: usize = 66;
/// For its place in the text, too.
const WITH_PATH: usize = 92;
/// Evidence with fewer columns says nothing.
const EVIDENCE_MIN: usize = 8;
/// For when it was last, too.
const WITH_TIME: usize = 110;
/// Columns of a severity: its sign and its word.
const SEVERITY: usize = 9;
/// Columns of a rule.
const RULE: usize = 20;
/// Columns of a server and a tool.
const WHOSE: usize = 18;
/// Columns of a place.
const PATH: usize = 20;
/// Columns of a state.
const STATE: usize = 9;
/// Columns of a count.
const COUNT: usize = 5;
/// Columns of a time.
const TIME: usize = 9;
/// Columns of the names before what is told of a finding.
const NAME: usize = 9;

impl Pen<'_, '_> {
    /// ```text
    /// +- 8 Findings (3)  worst first ------------------------------------------+
    /// |   severity  rule          server.tool      count last     state  evidence |
    /// | > !! high   hidden.tags   files.read_note     x2 12:04:30 new    <U+E0041> |
    /// | -- high  hidden.tags ------------------------------------------------- |
    /// | why       Tag characters spell a text that nobody sees.                 |
    /// +------------------------------------------------------------------------+
    /// ```
    pub(super) fn findings(&mut self, area: Rect) {
        let model = self.model;
        let listed = model.listed_findings();
        let looked = &model.ui.findings;
        let mut title = Strip::new()
            .own("8 Findings (", Role::Title)
            .number(listed.len() as u64, Role::Title)
            .own(
                if looked.newest_first { ")  newest first" } else { ")  worst first" },
                Role::Title,
            );
        if let Some(filter) = &looked.filter {
            title = title.own("  ", Role::Title).safe(&filter.text.clip(30).shown, Role::Text);
            title = title.own(" of ", Role::Text).number(model.found.len() as u64, Role::Text);
        }
        if model.found.gone() > 0 {
            title = title.own("  ", Role::Text).number(model.found.gone(), Role::Finding);
            title = title.own(" older ones are gone", Role::Finding);
        }
        let inside = self.frame_of(area, Some(Pane::Findings), title);
        let width = usize::from(inside.width);
        let heading = Cells {
            severity: (Safe::word("severity"), Role::Dim),
            rule: Safe::word("rule"),
            whose: Safe::word("server.tool"),
            path: Safe::word("place"),
            count: Safe::word("count"),
            last: Safe::word("last"),
            state: (Safe::word("state"), Role::Dim),
            evidence: (Safe::word("evidence"), Role::Dim),
        };
        self.put(inside, 0, heading.strip(false, width));
        if listed.is_empty() {
            let text = if looked.filter.is_some() {
                "  the filter leaves nothing; / and Enter show all"
            } else {
                "  nothing was found yet"
            };
            self.put(inside, 1, Strip::new().own(text, Role::Dim));
        }
        let height = rows_of(Pane::Findings, area).height;
        let at = model.selected_finding(&listed);
        let top = window(at, usize::from(height), listed.len());
        for (row, (n, found)) in (1..=height).zip(listed.iter().enumerate().skip(top)) {
            let strip = self.found(found, n == at, width);
            self.put(inside, row, strip);
        }
        let told = told_rows(area).min(inside.height);
        if let Some(found) = listed.get(at).filter(|_| told > 0) {
            let y = inside.y + inside.height - told;
            self.told(Rect { y, height: told, ..inside }, found);
        }
    }

    fn found(&self, found: &Found, here: bool, width: usize) -> Strip {
        let model = self.model;
        let standing = model.ui.findings.standing(found.number);
        let role = severity_role(found.finding.severity);
        let state = match standing {
            Standing::New if role == Role::Finding => Role::Finding,
            Standing::New => Role::Text,
            Standing::Seen | Standing::Dismissed(_) => Role::Dim,
        };
        let count = match found.count {
            1 => Safe::default(),
            many => Safe::escape(&format!("x{many}")),
        };
        let cells = Cells {
            severity: (severity(found.finding.severity), role),
            rule: found.rule(),
            whose: found.whose(model),
            path: found.path(),
            count,
            last: when(model, found.last.at),
            state: (Safe::word(standing.word()), state),
            evidence: (found.evidence(), Role::Untrusted),
        };
        self.selected(cells.strip(here, width), here, Pane::Findings, width)
    }

    /// What is known of a finding, below a line.
    fn told(&mut self, area: Rect, found: &Found) {
        let width = usize::from(area.width);
        let lines = told(self.model, found, width);
        let head = Strip::new()
            .own(" -- ", Role::Border)
            .safe(&severity(found.finding.severity), severity_role(found.finding.severity))
            .own("  ", Role::Text)
            .safe(&found.rule(), Role::Title)
            .own(" ", Role::Text);
        let rest = "-".repeat(width.saturating_sub(head.width() + 1));
        self.put(area, 0, head.drawn(&rest, Role::Border));
        let room = usize::from(area.height).saturating_sub(1);
        let below = lines.len().saturating_sub(room);
        for (row, line) in (1..area.height).zip(lines) {
            self.put(area, row, line);
        }
        if below > 0 {
            let more = Strip::new()
                .own("   [ ", Role::Dim)
                .number(below as u64 + 1, Role::Dim)
                .own(" more lines: + gives room, Enter shows its call ]", Role::Dim);
            self.put(area, area.height.saturating_sub(1), more.column(width));
        }
    }
}

/// What is known of a finding, line by line.
fn told(model: &crate::console::model::Model, found: &Found, width: usize) -> Vec<Strip> {
    let mut lines = Vec::new();
    let room = width.saturating_sub(NAME + 6).max(1);
    let mut add = |name: &'static str, text: &Safe, role: Role| {
        let gutter = if role == Role::Untrusted { "| " } else { "  " };
        for (n, part) in text.wrap_words(room).iter().enumerate() {
            let name = Safe::word(if n == 0 { name } else { "" });
            let strip = Strip::new().own("   ", Role::Dim).cell(&name, NAME, Role::Dim);
            let strip = strip.own(gutter, Role::Dim);
            lines.push(if role == Role::Untrusted {
                strip.foreign(part, role)
            } else {
                strip.safe(part, role)
            });
        }
    };
    let finding = &found.finding;
    let rule = rule_of(&finding.rule);
    match rule {
        Some(rule) => add("why", &Safe::word(rule.why), Role::Text),
        None => add("what", &Safe::escape(&finding.what), Role::Untrusted),
    }
    if let Some(seen) = finding.seen.as_deref() {
        if !seen.behind.is_empty() {
            let steps = seen.behind.iter().map(|step| Safe::escape(step));
            let steps = steps.reduce(|all, step| all.then(&Safe::word(", ")).then(&step));
            let says = steps.unwrap_or_default().then(&Safe::word(", decoded below"));
            add("behind", &says, Role::Finding);
        }
        let name = if seen.behind.is_empty() { "evidence" } else { "decoded" };
        add(name, &Safe::escape(&seen.evidence), Role::Untrusted);
        let (from, to) = seen.span;
        let place = found.path().then(&Safe::escape(&format!("  bytes {from} to {to}")));
        add("place", &place, Role::Untrusted);
    }
    let session = model.session(found.last.session).map(|session| session.shown.clone());
    let mut whose = session.unwrap_or_default().then(&Safe::word("  ")).then(&found.whose(model));
    if let Some(call) = found.last.call {
        let part = if found.last.in_answer { "answer" } else { "arguments" };
        whose = whose.then(&Safe::escape(&format!("  #{}, {part}", call.0)));
    }
    add("in", &whose, Role::Untrusted);
    if let Some(rule) = rule {
        for id in rule.owasp {
            let title = owasp::title(id).unwrap_or_default();
            add("OWASP", &Safe::escape(&format!("{id} {title}")), Role::Text);
        }
        add("what", &Safe::escape(&finding.what), Role::Untrusted);
    }
    let (first, last) = (when(model, found.first_at), when(model, found.last.at));
    let times = Safe::escape(&format!("{} x, first {first}, last {last}", found.count));
    add("seen", &times, Role::Text);
    if let Standing::Dismissed(note) = model.ui.findings.standing(found.number) {
        let empty = note.is_empty();
        let says = if empty { Safe::word("without a note") } else { Safe::escape(note) };
        add("dismissed", &says, Role::Text);
    }
    lines
}

/// `!! high`.
const fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "   info",
        Severity::Low => "-  low",
        Severity::Medium => "!  medium",
        Severity::High => "!! high",
    }
}

fn severity(severity: Severity) -> Safe {
    Safe::word(sign(severity))
}

const fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Info | Severity::Low => Role::Dim,
        Severity::Medium | Severity::High => Role::Finding,
    }
}

/// Columns of a rule in a row of so many.
const fn rule_columns(width: usize) -> usize {
    if width < WITH_WHOSE {
        12
    } else if width < WITH_PATH {
        16
    } else {
        RULE
    }
}

/// What stands in a row; the evidence has what room the others leave.
struct Cells {
    severity: (Safe, Role),
    rule: Safe,
    whose: Safe,
    path: Safe,
    count: Safe,
    last: Safe,
    state: (Safe, Role),
    evidence: (Safe, Role),
}

impl Cells {
    fn strip(&self, here: bool, width: usize) -> Strip {
        let (severity, role) = &self.severity;
        let mut strip = Strip::new()
            .own(if here { " > " } else { "   " }, Role::Key)
            .cell(severity, SEVERITY, *role)
            .cell(&self.rule, rule_columns(width), Role::Text);
        if width >= WITH_WHOSE {
            strip = strip.cell(&self.whose, WHOSE, Role::Untrusted);
        }
        if width >= WITH_PATH {
            strip = strip.cell(&self.path, PATH, Role::Untrusted);
        }
        strip = strip.cell_right(&self.count, COUNT, Role::Text);
        if width >= WITH_TIME {
            strip = strip.cell(&self.last, TIME, Role::Dim);
        }
        let (state, role) = &self.state;
        let (evidence, of) = &self.evidence;
        let strip = strip.cell(state, STATE, *role);
        if strip.width() + EVIDENCE_MIN > width {
            return strip;
        }
        strip.own("| ", Role::Dim).foreign(&evidence.clip(width).shown, *of)
    }
}
