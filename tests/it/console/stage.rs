//! A console on a stage: records and keys go in, commands and frames come out. Time passes only where a
//! script says so, as `<900ms>`.

mod found;
mod script;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use serde_json::json;
use tollgate::console::chosen::Chosen;
use tollgate::console::model::breaks::Stops;
use tollgate::console::model::compare::Compare;
use tollgate::console::model::doc::{Doc, Want, payload};
use tollgate::console::model::replay::{Found, Replay, Soundness};
use tollgate::console::model::visible::Bodies;
use tollgate::console::model::{Model, Now, Place, Size, timeline};
use tollgate::console::outgoing::Notice;
use tollgate::console::outgoing::clipboard::Copied;
use tollgate::console::update::{self, Break, Cmd, Export, Inspect, Msg};
use tollgate::console::view::{self, Lines};
use tollgate::console::{Depth, Theme};
use tollgate::engine::{
    Agent, Answer, At, CallId, ConnId, Digest, Facts, Finding, Held, Kind, Opened, Operator,
    Settled, Severity, Started, TicketId, Unattended,
};
use tollgate::journal::{Effected, Raw, Record, What};
use tollgate::policy::{Phase, Reason, Risk, Verdict};
use tollgate::protocol::Side;
use tollgate::wire::{AnswerLine, Build, ConsoleLine, FromConsole, SessionLine, ToConsole};

/// 2026-11-20 12:00:00 UTC, in microseconds.
const BEGIN: u64 = 1_795_176_000_000_000;
/// What decided the calls, as far as it matters.
const POLICY: &str = "version: 1\nname: ask-writes\nphase: enforce\ndefault: { verdict: mark, why: No rule fits. }\n\
    rules:\n- { id: r7, why: It writes., match: { tool: \"write_*\" }, verdict: ask, risk: medium }\n\
    - { id: r14, why: It drops a table., match: { tool: \"drop_*\" }, verdict: deny, risk: high }\n";
/// The session of most tests.
pub(super) const SESSION: &str = "claude-1";

/// A verdict as a rule's reason.
pub(super) fn reason(rule: &str, verdict: Verdict) -> Reason {
    Reason { rule: rule.to_owned(), why: format!("The rule {rule} says so."), verdict }
}

pub(super) struct Stage {
    pub(super) model: Model,
    pub(super) now: Now,
    pub(super) sent: Vec<FromConsole>,
    pub(super) bells: usize,
    pub(super) notices: Vec<Notice>,
    pub(super) copied: Vec<String>,
    pub(super) quit: bool,
    /// How often the terminal was given back to the shell.
    pub(super) suspended: usize,
    pub(super) forks: Vec<(String, u64)>,
    pub(super) exports: Vec<Export>,
    /// Whether there is time for filters.
    pub(super) sifts: bool,
    /// Rows that were read for a filter.
    pub(super) inspected: usize,
    pub(super) unreadable: bool,
    /// The text that the operator's own editor was opened on.
    pub(super) in_editor: Option<String>,
    size: Size,
    theme: Theme,
    records: Vec<(String, Record)>,
    next_call: u64,
}

impl Stage {
    /// Attached, with the right to answer.
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let mut stage = Self {
            model: Model::new(TimeZone::UTC, None),
            now: Now { at: At(BEGIN), mono_ms: 10_000 },
            sent: Vec::new(),
            bells: 0,
            notices: Vec::new(),
            copied: Vec::new(),
            quit: false,
            suspended: 0,
            forks: Vec::new(),
            exports: Vec::new(),
            sifts: true,
            inspected: 0,
            unreadable: false,
            in_editor: None,
            size: Size { columns, rows },
            theme: Theme::standard(Depth::Sixteen).unwrap(),
            records: Vec::new(),
            next_call: 1,
        };
        let build = Build { version: "0.1.0".to_owned(), built_at: 1 };
        stage.gate(ToConsole::Welcome { console: 1, build, pid: 77 });
        stage.consoles(&[(1, true, false)]);
        stage
    }

    /// Numbers of consoles, whether they may answer, whether they ask to.
    pub(super) fn consoles(&mut self, consoles: &[(u32, bool, bool)]) {
        let line = |&(console, may_answer, asks): &(u32, bool, bool)| ConsoleLine {
            console,
            tty: format!("pts/{console}"),
            may_answer,
            asks,
        };
        self.gate(ToConsole::Consoles { consoles: consoles.iter().map(line).collect() });
    }

    pub(super) fn gate(&mut self, line: ToConsole) {
        self.take(Msg::Gate(Box::new(line)));
    }

    /// A session with one server on connection 1.
    pub(super) fn session(&mut self, name: &str, server: &str) {
        self.gate(ToConsole::Session(SessionLine {
            session: name.to_owned(),
            agent: "claude-code".to_owned(),
            journal: "/nowhere".to_owned(),
            bytes: 0,
            waiting: 0,
            ended: false,
            trouble: None,
        }));
        let started = Started {
            session: name.to_owned(),
            build: "0.1.0".to_owned(),
            agent: Agent {
                name: "claude-code".to_owned(),
                pid: 5,
                patience_ms: None,
                progress_extends: false,
            },
            redaction: "none".to_owned(),
            policy_name: "ask-writes".to_owned(),
            policy: POLICY.to_owned(),
            amended_by: Vec::new(),
            unattended: Unattended::Soon,
            attended: true,
            secret_rules: None,
            remembered: Vec::new(),
            role: None,
        };
        self.record(name, What::Started(started), None, Vec::new());
        let opened = Opened {
            server: server.to_owned(),
            ..serde_json::from_str(r#"{"conn":1,"server":"","command":["server"],"pid":6}"#)
                .unwrap()
        };
        self.record(name, What::Opened(opened), None, Vec::new());
    }

    pub(super) fn record(
        &mut self,
        session: &str,
        event: What,
        facts: Option<Facts>,
        effects: Vec<Effected>,
    ) {
        let seq = self.records.len() as u64;
        let record = Record::new(seq, self.now.at, event, facts, effects);
        self.records.push((session.to_owned(), record.clone()));
        // The place is the record's number here: the stage loads from memory.
        let place = Place { offset: seq, len: 1 };
        self.take(Msg::Record(session.to_owned(), Box::new(record), place));
        self.take(Msg::Read(session.to_owned(), seq, seq));
    }

    /// Everything that was recorded so far, with its sessions.
    pub(super) fn recorded(&self) -> Vec<(String, Record)> {
        self.records.clone()
    }

    /// A `tools/call` and what the engine made of it; returns its number.
    pub(super) fn call(
        &mut self,
        tool: &str,
        arguments: &str,
        verdict: Verdict,
        effects: Vec<Effected>,
    ) -> u64 {
        let call = self.next_call;
        self.next_call += 1;
        let (event, facts) = request(call, tool, arguments, verdict);
        self.record(SESSION, event, Some(facts), effects);
        call
    }

    /// So many more calls, all at once and without a frame.
    pub(super) fn many(&mut self, count: u64) {
        for call in self.next_call..self.next_call + count {
            let facts = Facts {
                kind: Some(Kind::Request),
                method: Some("tools/call".to_owned()),
                call: Some(CallId(call)),
                tool: Some("many".to_owned()),
                verdict: Some(Verdict::Allow),
                ..Facts::default()
            };
            let event =
                What::Frame { conn: ConnId(1), from: Side::Agent, raw: Raw::Text(String::new()) };
            let (at, facts) = (self.now.at, Some(facts));
            let record = Record::new(call, at, event, facts, Vec::new());
            self.model.apply(SESSION, &record, Place { offset: 0, len: 1 });
        }
        self.next_call += count;
    }

    /// Goes on to the server.
    pub(super) fn passes(&mut self, tool: &str, arguments: &str, verdict: Verdict) -> u64 {
        let forward = Effected::Forward { conn: ConnId(1), to: Side::Server, size_bytes: 1 };
        self.call(tool, arguments, verdict, vec![forward])
    }

    /// Waits for an answer.
    pub(super) fn asks(&mut self, tool: &str, arguments: &str, risk: Risk) -> u64 {
        self.asks_because(reason("r7", Verdict::Ask), tool, arguments, risk)
    }

    /// The same, because of this rule.
    pub(super) fn asks_because(
        &mut self,
        why: Reason,
        tool: &str,
        arguments: &str,
        risk: Risk,
    ) -> u64 {
        let mut held = self.held(self.next_call, 1, risk);
        held.reasons = vec![why];
        self.call(tool, arguments, Verdict::Ask, vec![Effected::Hold(held)])
    }

    /// A request that was decided for this reason.
    pub(super) fn records_reason(&mut self, why: Reason) {
        let (event, mut facts) = request(self.next_call, "sampling", "{}", why.verdict);
        self.next_call += 1;
        facts.reasons = vec![why];
        self.record(SESSION, event, Some(facts), Vec::new());
    }

    /// A call of another session that waits, under a number of its own.
    pub(super) fn asks_in(
        &mut self,
        session: &str,
        call: u64,
        tool: &str,
        arguments: &str,
        risk: Risk,
    ) {
        let (event, facts) = request(call, tool, arguments, Verdict::Ask);
        let held = self.held(call, 1, risk);
        self.record(session, event, Some(facts), vec![Effected::Hold(held)]);
    }

    fn held(&self, ticket: u64, version: u32, risk: Risk) -> Held {
        Held {
            ticket: TicketId(ticket),
            digest: Digest(format!("digest-{ticket}-{version}")),
            version,
            risk,
            reasons: vec![reason("r7", Verdict::Ask)],
            deadline_at: self.now.at.plus_ms(120_000),
        }
    }

    /// The gate took an edit.
    pub(super) fn revised(&mut self, ticket: u64, version: u32, risk: Risk, arguments: &str) {
        let held = self.held(ticket, version, risk);
        let revise = Effected::Revise { held, arguments: arguments.to_owned() };
        self.record(SESSION, What::Tick {}, None, vec![revise]);
    }

    /// An operator's answer is recorded.
    pub(super) fn says(&mut self, ticket: u64, answer: Answer, unread: bool) {
        self.says_so(ticket, answer, unread, Vec::new());
    }

    /// An operator's answer is recorded, and not taken.
    pub(super) fn says_in_vain(&mut self, ticket: u64, answer: Answer, unread: bool) {
        let why = "the call was already allowed".to_owned();
        let rejected = Effected::Rejected { ticket: TicketId(ticket), answer: answer.clone(), why };
        self.says_so(ticket, answer, unread, vec![rejected]);
    }

    fn says_so(&mut self, ticket: u64, answer: Answer, unread: bool, effects: Vec<Effected>) {
        let digest = Digest(format!("digest-{ticket}-1"));
        let by = Self::operator();
        let event = What::Answered { ticket: TicketId(ticket), digest, answer, by, unread };
        self.record(SESSION, event, None, effects);
    }

    /// The operator's own editor ends.
    pub(super) fn edited(&mut self, result: Result<&str, &str>) {
        let result = result.map(str::to_owned).map_err(str::to_owned);
        self.take(Msg::Edited(result));
    }

    pub(super) fn settled(&mut self, ticket: u64, how: Settled) {
        let settle = Effected::Settle { ticket: TicketId(ticket), how };
        self.record(SESSION, What::Tick {}, None, vec![settle]);
    }

    pub(super) fn answered(&mut self, call: u64, result: &str) {
        self.answers_with(call, result, Vec::new());
    }

    fn answers_with(&mut self, call: u64, result: &str, findings: Vec<Finding>) {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{call},\"result\":{result}}}");
        let facts = Facts {
            kind: Some(Kind::Response),
            call: Some(CallId(call)),
            failed: result.contains("isError"),
            findings,
            ..Facts::default()
        };
        let event =
            What::Frame { conn: ConnId(1), from: Side::Server, raw: Raw::of(line.as_bytes()) };
        self.record(SESSION, event, Some(facts), Vec::new());
    }

    pub(super) fn finds(&mut self, rule: &str, what: &str) {
        let finding = Finding::new(rule, Severity::High, what);
        let facts = Facts { findings: vec![finding], ..Facts::default() };
        self.record(SESSION, What::Tick {}, Some(facts), Vec::new());
    }

    pub(super) fn stderr(&mut self, text: &str) {
        let event = What::Stderr { conn: ConnId(1), text: text.to_owned() };
        self.record(SESSION, event, None, Vec::new());
    }

    pub(super) fn operator() -> Operator {
        Operator("console 1".to_owned())
    }

    pub(super) fn code(&mut self, ticket: u64, code: &str) {
        let codes = vec![(ticket, code.to_owned())];
        self.gate(ToConsole::Codes { session: SESSION.to_owned(), codes });
    }

    pub(super) fn lost(&mut self, why: &'static str) {
        let why = tollgate::text::Safe::word(why);
        self.take(Msg::Link(tollgate::console::model::Link::Down { why }));
    }

    /// Two recordings were read and aligned.
    pub(super) fn compares(&mut self, compare: Compare) {
        self.take(Msg::Compared(Box::new(compare)));
    }

    /// The gate says that something is wrong with the session.
    pub(super) fn troubled(&mut self, why: &str) {
        self.gate(ToConsole::Session(SessionLine {
            session: SESSION.to_owned(),
            agent: "claude-code".to_owned(),
            journal: "/nowhere".to_owned(),
            bytes: 0,
            waiting: 0,
            ended: false,
            trouble: Some(why.to_owned()),
        }));
    }

    pub(super) fn wait(&mut self, ms: u64) {
        self.now.at = self.now.at.plus_ms(ms);
        self.now.mono_ms += ms;
        self.take(Msg::Tick);
    }

    fn take(&mut self, msg: Msg) {
        let cmds = update::update(&mut self.model, msg, self.now);
        self.carry_out(cmds);
        while self.sifts && update::is_sifting(&self.model) {
            let cmds = update::update(&mut self.model, Msg::Sift, self.now);
            self.carry_out(cmds);
        }
        let cmds = update::refresh(&mut self.model);
        self.carry_out(cmds);
        update::prepare(&mut self.model, self.size);
        let cmds = update::update(&mut self.model, Msg::Drawn, self.now);
        self.carry_out(cmds);
    }

    fn carry_out(&mut self, cmds: Vec<Cmd>) {
        for cmd in cmds {
            match cmd {
                Cmd::Send(line) => self.sent.push(line),
                Cmd::Editor(text) => self.in_editor = Some(text),
                Cmd::Bell => self.bells += 1,
                Cmd::Copy(text) => {
                    self.copied.push(text);
                    let msg = Msg::Copied(Copied::Osc52);
                    let cmds = update::update(&mut self.model, msg, self.now);
                    self.carry_out(cmds);
                }
                Cmd::Notify(notice) => self.notices.push(notice),
                Cmd::Quit => self.quit = true,
                Cmd::Suspend => self.suspended += 1,
                Cmd::Fork { policy, from_seq } => self.forks.push((policy, from_seq)),
                Cmd::Go(to) => {
                    let at = self.go(to);
                    let cmds = update::update(&mut self.model, Msg::Arrived(at), self.now);
                    self.carry_out(cmds);
                }
                // These are the shell's: tests/it/{findings,pty_controls}.rs.
                Cmd::Break(None)
                | Cmd::Dry(_)
                | Cmd::Play(_)
                | Cmd::Count(_)
                | Cmd::FalseAlarm { .. } => {}
                Cmd::Break(Some(what)) => {
                    let stops = self.stops(what);
                    let cmds = update::update(&mut self.model, Msg::Stops(stops), self.now);
                    self.carry_out(cmds);
                }
                Cmd::Export(export) => self.exports.push(export),
                Cmd::Theme(name) => {
                    let put_on = self.put_on(&name);
                    let cmds = update::update(&mut self.model, Msg::Theme(put_on), self.now);
                    self.carry_out(cmds);
                }
                Cmd::Load(want) => {
                    let loaded = self.load(&want).map(|read| Arc::new(Doc::new(read)));
                    let cmds = update::update(&mut self.model, Msg::Loaded(want, loaded), self.now);
                    self.carry_out(cmds);
                }
                Cmd::Inspect(generation, rows) => {
                    self.inspected += rows.len();
                    let read = rows.iter().map(|row| (row.row, self.inspect(row))).collect();
                    let read = Msg::Inspected(generation, read);
                    let cmds = update::update(&mut self.model, read, self.now);
                    self.carry_out(cmds);
                }
            }
        }
    }

    /// As the shell does, with the shipped themes alone.
    fn put_on(&mut self, name: &str) -> Result<String, String> {
        let found = Theme::named(Theme::pick(name, None), Depth::True);
        let theme = found.ok_or_else(|| format!("read the theme {name}: none such"))?;
        self.theme = theme.map_err(|error| error.to_string())?;
        Ok(name.to_owned())
    }

    /// A command that no key leads to yet.
    pub(super) fn carries_out(&mut self, cmd: Cmd) {
        self.carry_out(vec![cmd]);
    }

    /// Brings the model to a place of the records so far, from the first on.
    fn go(&mut self, to: u64) -> u64 {
        self.model.go_to(&Model::new(TimeZone::UTC, None).mark());
        let to = usize::try_from(to).unwrap().min(self.records.len());
        for (offset, (session, record)) in (0..).zip(&self.records[..to]) {
            self.model.apply(session, record, Place { offset, len: 1 });
        }
        to as u64
    }

    /// Plays what was recorded so far, from its beginning and paused: a stage without a gate.
    pub(super) fn replays(&mut self) {
        let name = tollgate::text::Safe::word("claude-1");
        self.model.replay = Some(Box::new(Replay::new(name)));
        let moments = |(seq, (_, record)): (u32, &(String, Record))| {
            timeline::moments(record).into_iter().map(move |moment| (seq, moment))
        };
        let found = Found {
            times: self.records.iter().map(|(_, record)| record.at).collect(),
            moments: (0..).zip(&self.records).flat_map(moments).collect(),
            read: (1, 1),
            soundness: Soundness::Sound,
        };
        self.take(Msg::Found(Box::new(found)));
        self.carry_out(vec![Cmd::Go(0)]);
    }

    /// Where a tape is to stop, as the deck finds it; bodies are not read here.
    fn stops(&self, what: Break) -> Stops {
        let mut chosen = Chosen::new(&what.filter, what.now, what.zone);
        let mut known = Vec::new();
        let mut stops = Stops { generation: what.generation, whole: true, ..Stops::default() };
        for (offset, (session, record)) in (0..).zip(&self.records) {
            chosen.take(session, record, Place { offset, len: 1 });
            let none = || Err(std::io::ErrorKind::NotFound.into());
            let meant = chosen.meant(session, record, none).unwrap();
            if meant.iter().any(|call| !known.contains(call)) {
                stops.places.push(u32::try_from(offset + 1).unwrap());
            }
            known.extend(meant);
        }
        stops
    }

    pub(super) fn load(
        &self,
        want: &Want,
    ) -> Result<tollgate::console::model::doc::Payload, String> {
        let at = usize::try_from(want.place.offset).unwrap();
        payload(&self.records[at].1, want).ok_or_else(|| "no such part".to_owned())
    }

    fn inspect(&self, row: &Inspect) -> Bodies {
        if self.unreadable {
            return Err("gone".to_owned());
        }
        let answer = row.answer.as_ref().map(|want| self.load(want)).transpose()?;
        Ok((self.load(&row.request)?.text, answer.map(|answer| answer.text)))
    }

    /// The answers sent so far: their word, digest and code.
    pub(super) fn answers(&self) -> Vec<AnswerLine> {
        let answer = |line: &FromConsole| match line {
            FromConsole::Answer(answer) => Some(answer.clone()),
            FromConsole::RequestRight
            | FromConsole::Reveal(_)
            | FromConsole::Grant { .. }
            | FromConsole::Control(_) => None,
        };
        self.sent.iter().filter_map(answer).collect()
    }

    pub(super) fn theme(&mut self, theme: Theme) {
        self.theme = theme;
    }

    pub(super) fn buffer(&mut self) -> Buffer {
        self.buffer_with(Lines::Box)
    }

    pub(super) fn buffer_with(&mut self, lines: Lines) -> Buffer {
        let mut terminal =
            Terminal::new(TestBackend::new(self.size.columns, self.size.rows)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, &self.theme, lines, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The frame's rows, without the blanks at their ends.
    pub(super) fn rows(&mut self) -> Vec<String> {
        rows(&self.buffer())
    }

    pub(super) fn screen(&mut self) -> String {
        self.rows().join("\n")
    }
}

/// A `tools/call` on connection 1 and what the engine found in it.
fn request(call: u64, tool: &str, arguments: &str, verdict: Verdict) -> (What, Facts) {
    let name = json!(tool);
    let line = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{call},\"method\":\"tools/call\",\"params\":{{\"name\":{name},\
         \"arguments\":{arguments}}}}}"
    );
    let facts = Facts {
        kind: Some(Kind::Request),
        method: Some("tools/call".to_owned()),
        call: Some(CallId(call)),
        tool: Some(tool.to_owned()),
        verdict: Some(verdict),
        reasons: vec![reason("r7", verdict)],
        phase: Some(Phase::Enforce),
        ..Facts::default()
    };
    let raw = Raw::of(line.as_bytes());
    (What::Frame { conn: ConnId(1), from: Side::Agent, raw }, facts)
}

/// A buffer's rows as text.
pub(super) fn rows(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area();
    (0..area.height)
        .map(|y| {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                row.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            }
            row.trim_end().to_owned()
        })
        .collect()
}
