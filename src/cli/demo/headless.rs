//! The demo without a terminal: this process attaches as a console of the demo's own home and answers
//! as the story says. It is not below the agent, so the gate lets it; in that home it needs no terminal.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::RecvFlags;

use crate::cli::demo::stage::{Stage, no_gate};
use crate::cli::demo::watcher::Watcher;
use crate::cli::exit::{Exit, Failure};
use crate::cli::tail::Tail;
use crate::demo::agent::End;
use crate::demo::story::Answer;
use crate::gate::client::{self, Start};
use crate::proxy::link::{Lines, Received, send};
use crate::wire::{
    AnswerLine, AnswerWord, ConsoleHello, FromConsole, Role, SessionLine, ToConsole,
};

/// Beyond this something is stuck. The story takes some 6 s, 4 of them waiting for a deadline.
const LIMIT: Duration = Duration::from_mins(1);
/// How soon Ctrl-C and the agent's end are noticed.
const LOOK: Duration = Duration::from_millis(50);

/// Plays the story and checks it.
pub(super) fn play(stage: &mut Stage) -> Result<Exit, Failure> {
    let mut operator = Operator::attach(stage)?;
    stage.start_agent(true, Stdio::piped())?;
    let ends = stage.agent().and_then(|agent| agent.stdout.take()).map(collect);
    let until = Instant::now() + LIMIT;
    while !operator.watcher.over {
        if stage.interrupted() {
            return Err(Failure::new(Exit::Findings, "interrupted"));
        }
        if Instant::now() > until {
            return Err(Failure::new(
                Exit::Findings,
                format_args!("the story did not end in {LIMIT:?}\n{}", stage.stderr_text()),
            ));
        }
        if stage.agent_status().is_some_and(|status| !status.success()) {
            let why = stage.stderr_text();
            return Err(Failure::new(Exit::Findings, format_args!("the agent failed: {why}")));
        }
        operator.turn()?;
    }
    let ends = ends.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let wrong = operator.wrong(&ends);
    let mut out = io::stdout().lock();
    if wrong.is_empty() {
        let count = operator.watcher.calls.len();
        writeln!(out, "{count} calls, every verdict as the story says")?;
        return Ok(Exit::Fine);
    }
    Err(Failure::new(Exit::Findings, format_args!("not as the story says: {}", wrong.join("; "))))
}

/// What the agent says of each call's end.
fn collect(stdout: ChildStdout) -> JoinHandle<Vec<End>> {
    std::thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect()
    })
}

struct Operator {
    gate: UnixStream,
    lines: Lines,
    session: Option<SessionLine>,
    tail: Tail,
    codes: BTreeMap<u64, String>,
    watcher: Watcher,
    may_answer: bool,
}

impl Operator {
    /// Attaches as the console that may answer.
    fn attach(stage: &Stage) -> Result<Self, Failure> {
        let hello = ConsoleHello { answer: true, tty: "demo".to_owned() };
        let gate =
            client::hello(stage.home(), Start::Never, Role::Console(hello)).map_err(no_gate)?;
        gate.set_read_timeout(Some(LOOK)).map_err(lost)?;
        let mut operator = Self {
            gate,
            lines: Lines::new(),
            session: None,
            tail: Tail::default(),
            codes: BTreeMap::new(),
            watcher: Watcher::new(),
            may_answer: false,
        };
        let until = Instant::now() + LIMIT;
        while !operator.may_answer && Instant::now() < until && !stage.interrupted() {
            operator.hear()?;
        }
        if operator.may_answer {
            Ok(operator)
        } else {
            Err(Failure::new(Exit::Refused, "the gate does not let the demo answer"))
        }
    }

    /// Hears the gate, reads the journal as far as it goes, prints what ended and answers what waits.
    fn turn(&mut self) -> Result<(), Failure> {
        self.hear()?;
        let Some(session) = &self.session else { return Ok(()) };
        let mut out = io::stdout().lock();
        let broken = |why| Failure::new(Exit::Broken, why);
        while let Some(seen) = self.tail.read(session).map_err(broken)? {
            for seen in &seen {
                for place in self.watcher.line(&seen.line) {
                    if let Some(played) = self.watcher.calls.get(place) {
                        writeln!(out, "{}", played.say())?;
                    }
                }
            }
        }
        out.flush()?;
        self.answer()
    }

    /// Takes in what the gate says, waiting for it a moment.
    fn hear(&mut self) -> Result<(), Failure> {
        match self.lines.receive(&self.gate, RecvFlags::empty()).map_err(lost)? {
            Received::Some | Received::Nothing => {}
            Received::End => return Err(Failure::new(Exit::NoGate, "the gate is gone")),
        }
        while let Some(said) = self.lines.take::<ToConsole>().map_err(lost)? {
            match said {
                ToConsole::Session(session) => self.session = Some(session),
                ToConsole::Codes { session: _, codes } => self.codes = codes.into_iter().collect(),
                ToConsole::Consoles { consoles } => {
                    self.may_answer = consoles.iter().any(|console| console.may_answer);
                }
                ToConsole::Refused { why } => return Err(Failure::new(Exit::Refused, why)),
                ToConsole::NotTaken { session: _, ticket, why } => {
                    let why = format!("the answer to #{ticket} was not taken: {why}");
                    return Err(Failure::new(Exit::Findings, why));
                }
                ToConsole::Leaving {} => {
                    return Err(Failure::new(Exit::NoGate, "the gate leaves"));
                }
                ToConsole::Welcome { .. }
                | ToConsole::Revealed { .. }
                | ToConsole::NotDone { .. } => {}
            }
        }
        Ok(())
    }

    /// Answers what waits, each once.
    fn answer(&mut self) -> Result<(), Failure> {
        let Some(session) = &self.session else { return Ok(()) };
        let mut answered = Vec::new();
        for (place, played) in self.watcher.calls.iter().enumerate() {
            let (Some(ticket), Some(digest)) = (played.number, &played.waits) else { continue };
            let code = self.codes.get(&ticket).cloned();
            let answer = match played.call.answer {
                Answer::None | Answer::Silence => continue,
                Answer::AllowLater if !self.watcher.flowed_past(played) => continue,
                Answer::Allow | Answer::AllowLater if code.is_none() => continue,
                Answer::Allow | Answer::AllowLater => AnswerWord::Allow {},
                Answer::Deny(reason) => AnswerWord::Deny { reason: Some(reason.to_owned()) },
            };
            let line = AnswerLine {
                session: session.session.clone(),
                ticket,
                digest: digest.clone(),
                answer,
                code,
                unread: false,
            };
            send(&self.gate, &FromConsole::Answer(line), &[]).map_err(lost)?;
            answered.push(place);
        }
        for place in answered {
            if let Some(played) = self.watcher.calls.get_mut(place) {
                played.waits = None;
            }
        }
        Ok(())
    }

    /// What differs from the story, by the journal and by what reached the agent.
    fn wrong(&self, ends: &[End]) -> Vec<String> {
        let mut wrong: Vec<String> =
            self.watcher.calls.iter().filter_map(super::watcher::Played::wrong).collect();
        if ends.len() != self.watcher.calls.len() {
            wrong.push(format!("the agent saw {} calls end", ends.len()));
        }
        for (end, played) in ends_in_order(ends, &self.watcher) {
            if end.failed == played.call.passes() {
                wrong.push(format!("{}.{} told the agent: {}", end.server, end.tool, end.text));
            }
            if played.call.answer == Answer::AllowLater && end.place == 0 {
                wrong.push(format!("nothing flowed while {}.{} waited", end.server, end.tool));
            }
        }
        wrong
    }
}

/// Each end with its call: the next one of the story with the same server and tool.
fn ends_in_order<'a>(
    ends: &'a [End],
    watcher: &'a Watcher,
) -> Vec<(&'a End, &'a super::watcher::Played)> {
    let mut taken = std::collections::BTreeSet::new();
    ends.iter()
        .filter_map(|end| {
            let (place, played) = watcher.calls.iter().enumerate().find(|(place, played)| {
                !taken.contains(place)
                    && played.call.server == end.server
                    && played.call.tool == end.tool
            })?;
            taken.insert(place);
            Some((end, played))
        })
        .collect()
}

fn lost(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::NoGate, format_args!("talk to the gate: {error}"))
}
