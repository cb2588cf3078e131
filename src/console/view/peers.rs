//! Panes 5 and 6: servers and sessions.

use ratatui::layout::Rect;

use crate::console::model::ui::Pane;
use crate::console::model::{Server, Session};
use crate::console::theme::Role;
use crate::console::view::Pen;
use crate::console::view::layout::{rows_of, window};
use crate::console::view::strip::Strip;
use crate::console::view::timeline::bars;
use crate::engine::At;
use crate::text::{Safe, bytes};

/// A pane of so many columns has room for the process and the latencies.
const WITH_PROCESS: usize = 56;
/// For the server's command line, too.
const WITH_COMMAND: usize = 90;
/// Columns of the line of latencies.
const LATENCY: usize = crate::console::model::peers::LATENCIES;

impl Pen<'_, '_> {
    /// ```text
    /// +- 5 Servers (4) -----------------------------------------------+
    /// |   session   server    state   calls  failed   ms  latencies   |
    /// | > claude-1  files     up       1204       2    8  ▁▁▂▁▃▅▂▁     |
    /// +---------------------------------------------------------------+
    /// ```
    pub(super) fn servers(&mut self, area: Rect) {
        let model = self.model;
        let count = model.servers().count();
        let title = Strip::new()
            .own("5 Servers (", Role::Title)
            .number(count as u64, Role::Title)
            .own(")", Role::Title);
        let inside = self.frame_of(area, Some(Pane::Servers), title);
        let width = usize::from(inside.width);
        let mut heading = Strip::new()
            .own("   ", Role::Dim)
            .cell(&Safe::word("session"), 9, Role::Dim)
            .cell(&Safe::word("server"), 9, Role::Dim)
            .cell(&Safe::word("state"), 5, Role::Dim)
            .cell_right(&Safe::word("calls"), 6, Role::Dim);
        if width >= WITH_PROCESS {
            heading = heading
                .cell_right(&Safe::word("failed"), 6, Role::Dim)
                .cell_right(&Safe::word("pid"), 7, Role::Dim)
                .own("last answers", Role::Dim);
        }
        self.put(inside, 0, heading);
        if count == 0 {
            let text = "  no server was started yet";
            self.put(inside, 1, Strip::new().own(text, Role::Dim));
        }
        let height = usize::from(rows_of(Pane::Servers, area).height);
        let at = model.ui.server.min(count.saturating_sub(1));
        let top = window(at, height, count);
        for (row, (n, (session, server))) in
            (1..inside.height).zip(model.servers().enumerate().skip(top))
        {
            let strip = self.server(session, server, n == at, width);
            self.put(inside, row, strip);
        }
    }

    fn server(&self, session: &Session, server: &Server, here: bool, width: usize) -> Strip {
        let name = self.model.names.get(server.name);
        let up = !session.ended && !server.closed;
        let state = if up { "up" } else { "gone" };
        let mut strip = Strip::new()
            .own(if here { " > " } else { "   " }, Role::Key)
            .cell(&session.label(9), 9, Role::Dim)
            .cell(name, 9, Role::Text)
            .cell(&Safe::word(state), 5, if up { Role::VerdictAllow } else { Role::Dim })
            .cell_right(&Safe::escape(&server.calls.to_string()), 6, Role::Text);
        if width >= WITH_PROCESS {
            let failed = Safe::escape(&server.failed.to_string());
            let role = if server.failed > 0 { Role::Failed } else { Role::Dim };
            strip = strip
                .cell_right(&failed, 6, role)
                .cell_right(&Safe::escape(&server.pid.to_string()), 7, Role::Dim)
                .drawn(&bars(&server.latencies_ms, self.lines), Role::Dim);
            let last = server.latencies_ms.last().map(|ms| format!(" {ms} ms"));
            strip = strip.drawn(&last.unwrap_or_default(), Role::Dim);
        }
        if width >= WITH_COMMAND {
            let column = strip.width().max(3 + 10 + 10 + 6 + 7 + 7 + 8 + LATENCY + 9);
            strip = strip.column(column).foreign(&server.command, Role::Untrusted);
        }
        self.selected(strip, here, Pane::Servers, width)
    }

    /// ```text
    /// +- 6 Sessions (3) ----------------------------------------------+
    /// | > claude-1  claude-code  ASK 1   41 min   1204 calls   1.2 MB |
    /// |   codex-2   codex        run     12 min    310 calls    96 kB |
    /// +---------------------------------------------------------------+
    /// ```
    pub(super) fn sessions(&mut self, area: Rect) {
        let model = self.model;
        let count = model.sessions.len();
        let title = Strip::new()
            .own("6 Sessions (", Role::Title)
            .number(count as u64, Role::Title)
            .own(")", Role::Title);
        let inside = self.frame_of(area, Some(Pane::Sessions), title);
        let width = usize::from(inside.width);
        if count == 0 {
            let text = "  no session yet: `tollgate run -- AGENT`";
            self.put(inside, 0, Strip::new().own(text, Role::Dim));
        }
        let at = model.ui.session.min(count.saturating_sub(1));
        let top = window(at, usize::from(inside.height), count);
        for (row, (n, session)) in
            (0..inside.height).zip(model.sessions.iter().enumerate().skip(top))
        {
            let waiting = model.waiting().filter(|ticket| ticket.key.session.index() == n).count();
            let strip = self.session(session, waiting, n == at, width);
            self.put(inside, row, strip);
        }
    }

    fn session(&self, session: &Session, waiting: usize, here: bool, width: usize) -> Strip {
        let strip = Strip::new().own(if here { " > " } else { "   " }, Role::Key).cell(
            &session.label(12),
            12,
            Role::Text,
        );
        let strip = if session.ended {
            strip.cell(&Safe::word("ended"), 6, Role::Dim)
        } else if session.has_layer("pause") {
            strip.cell(&Safe::word("PAUSED"), 6, Role::VerdictAsk)
        } else if waiting > 0 {
            strip.cell(&Safe::escape(&format!("ASK {waiting}")), 6, Role::VerdictAsk)
        } else {
            strip.cell(&Safe::word("run"), 6, Role::VerdictAllow)
        };
        let age = session.times.map(|(first, last)| {
            let until = if session.ended { last } else { self.model.now.at.max(last) };
            age(first, until)
        });
        let strip = strip.cell_right(&Safe::escape(&age.unwrap_or_default()), 7, Role::Dim);
        let mut strip = strip.cell_right(&Safe::escape(&session.calls.to_string()), 7, Role::Text);
        if width >= WITH_PROCESS {
            strip = strip
                .own("calls  ", Role::Dim)
                .cell_right(&Safe::escape(&bytes::size(session.read.1)), 6, Role::Dim)
                .cell(&session.agent, 14, Role::Dim)
                .safe(&session.policy, Role::Dim);
        }
        self.selected(strip, here, Pane::Sessions, width)
    }

    /// The row with the cursor, where the pane has the keys.
    pub(super) fn selected(&self, strip: Strip, here: bool, pane: Pane, width: usize) -> Strip {
        if here && self.model.ui.pane == pane && self.model.ui.card.is_none() {
            return strip.column(width).all(Role::Selected);
        }
        strip
    }
}

/// `41 min`.
fn age(from: At, until: At) -> String {
    match until.ms_since(from) / 1000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
