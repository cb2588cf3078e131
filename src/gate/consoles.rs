//! One thread per attached console: tells it state, takes its answers.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::RecvFlags;

use crate::engine::Operator;
use crate::gate::authority::Peer;
use crate::gate::client::build;
use crate::gate::commands::{self, By};
use crate::gate::controls;
use crate::gate::hub::{Hub, Waker};
use crate::proxy::link::{Lines, Received, send};
use crate::wire::{ConsoleHello, ConsoleLine, FromConsole, RevealLine, SessionLine, ToConsole};

/// Between two tellings: a console draws at most 30 times a second, and an ask is to be seen within 50 ms.
const TELL_EVERY: Duration = Duration::from_millis(10);

/// Serves one console until it goes.
pub(super) fn serve(
    hub: &Arc<Hub>,
    stream: &UnixStream,
    lines: Lines,
    peer: Peer,
    hello: &ConsoleHello,
) {
    if hello.answer {
        let standing = hub.standing(peer, "console");
        if let Err(why) = hub.is_operator(&standing) {
            // The console is told; if it does not listen it knows as well.
            let _gone = send(stream, &ToConsole::Refused { why }, &[]);
            return;
        }
    }
    let Ok(waker) = Waker::new() else { return };
    let number = attach(hub, hello);
    hub.listen(&waker);
    hub.tell_attended();
    hub.changed();
    let operator = hello.answer;
    let mut console = Console { hub, stream, lines, peer, number, operator, told: Told::default() };
    let why = console.run(&waker);
    tracing::info!(console = number, why, "console left");
    hub.unlisten(&waker);
    hub.state().consoles.remove(&number);
    hub.tell_attended();
    hub.changed();
}

/// The first console that wants to answer may; later ones ask it.
fn attach(hub: &Hub, hello: &ConsoleHello) -> u32 {
    let mut state = hub.state();
    state.next_console += 1;
    let console = state.next_console;
    let free = state.answering() == 0;
    let line = ConsoleLine {
        console,
        tty: hello.tty.clone(),
        may_answer: hello.answer && free,
        asks: false,
    };
    state.consoles.insert(console, line);
    console
}

/// The codes of the waiting tickets, by session.
type Codes = BTreeMap<String, Vec<(u64, String)>>;

/// What the console was told last, to tell it only what changed.
#[derive(Default)]
struct Told {
    sessions: BTreeMap<String, SessionLine>,
    consoles: Vec<ConsoleLine>,
    codes: Codes,
}

struct Console<'a> {
    hub: &'a Hub,
    stream: &'a UnixStream,
    lines: Lines,
    peer: Peer,
    number: u32,
    /// A console that came to watch never answers.
    operator: bool,
    told: Told,
}

impl Console<'_> {
    fn run(&mut self, waker: &Waker) -> &'static str {
        let welcome =
            ToConsole::Welcome { console: self.number, build: build(), pid: std::process::id() };
        if send(self.stream, &welcome, &[]).is_err() || self.tell().is_err() {
            return "it does not listen";
        }
        let mut told_at = Instant::now();
        loop {
            let pause = TELL_EVERY.saturating_sub(told_at.elapsed());
            let mut fds = vec![PollFd::new(self.stream, PollFlags::IN)];
            if pause.is_zero() {
                fds.push(PollFd::new(waker, PollFlags::IN));
            }
            let wait = (!pause.is_zero())
                .then(|| Timespec { tv_sec: 0, tv_nsec: i64::from(pause.subsec_nanos()) });
            if poll(&mut fds, wait.as_ref()).is_err() {
                continue;
            }
            let ready = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
            let (heard, changed) = (ready(0), ready(1));
            if heard && !self.hear() {
                return "it closed";
            }
            if changed {
                waker.clear();
                told_at = Instant::now();
                if self.tell().is_err() {
                    return "it does not listen";
                }
            }
        }
    }

    /// Says what changed since the last time.
    fn tell(&mut self) -> std::io::Result<()> {
        let (sessions, consoles, codes) = self.look();
        if consoles != self.told.consoles {
            send(self.stream, &ToConsole::Consoles { consoles: consoles.clone() }, &[])?;
            self.told.consoles = consoles;
        }
        for line in sessions {
            if self.told.sessions.get(&line.session) != Some(&line) {
                send(self.stream, &ToConsole::Session(line.clone()), &[])?;
                self.told.sessions.insert(line.session.clone(), line);
            }
        }
        for (session, codes) in codes {
            if self.told.codes.get(&session) != Some(&codes) {
                let line = ToConsole::Codes { session: session.clone(), codes: codes.clone() };
                send(self.stream, &line, &[])?;
                self.told.codes.insert(session, codes);
            }
        }
        Ok(())
    }

    fn look(&self) -> (Vec<SessionLine>, Vec<ConsoleLine>, Codes) {
        let state = self.hub.state();
        let consoles: Vec<ConsoleLine> = state.consoles.values().cloned().collect();
        let may = state.consoles.get(&self.number).is_some_and(|console| console.may_answer);
        let codes = state
            .sessions
            .iter()
            .filter(|_| may)
            .map(|(name, session)| {
                let codes = session.waiting.iter().map(|(w, code)| (w.held.ticket.0, code.clone()));
                (name.clone(), codes.collect())
            })
            .collect();
        (state.session_lines(), consoles, codes)
    }

    /// Takes what the console says; `false` when it is gone.
    fn hear(&mut self) -> bool {
        match self.lines.receive(self.stream, RecvFlags::DONTWAIT) {
            Ok(Received::Some | Received::Nothing) => {}
            Ok(Received::End) | Err(_) => return false,
        }
        loop {
            match self.lines.take::<FromConsole>() {
                Ok(Some(message)) => self.heard(message),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn heard(&self, message: FromConsole) {
        match message {
            FromConsole::Answer(answer) => {
                let taken = self
                    .may("answer")
                    .and_then(|()| commands::answer(self.hub, &answer, By::Console(self.number)));
                if let Err(why) = taken {
                    let (session, ticket) = (answer.session, answer.ticket);
                    // A console that is gone needs no word.
                    let _gone =
                        send(self.stream, &ToConsole::NotTaken { session, ticket, why }, &[]);
                }
            }
            FromConsole::Reveal(line) => self.reveal(line),
            FromConsole::Control(line) => {
                let by = Operator(format!("console {}", self.number));
                let done =
                    self.may("control").and_then(|()| controls::control(self.hub, &line, &by));
                if let Err(why) = done {
                    // A console that is gone needs no word.
                    let _gone = send(self.stream, &ToConsole::NotDone { why }, &[]);
                }
            }
            FromConsole::RequestRight => self.request(),
            FromConsole::Grant { console } => self.grant(console),
        }
    }

    /// Shows a waiting call with its secrets, to whoever may answer it.
    fn reveal(&self, line: RevealLine) {
        let shown =
            self.may("reveal").and_then(|()| commands::reveal(self.hub, &line, self.number));
        let RevealLine { session, ticket, digest } = line;
        let said = match shown {
            Ok(arguments) => ToConsole::Revealed { session, ticket, digest, arguments },
            Err(why) => ToConsole::NotTaken { session, ticket, why },
        };
        // A console that is gone needs no word.
        let _gone = send(self.stream, &said, &[]);
    }

    /// Whether this console may do what only one that answers may.
    fn may(&self, what: &str) -> Result<(), String> {
        let may = {
            let state = self.hub.state();
            state.consoles.get(&self.number).is_some_and(|console| console.may_answer)
        };
        if may { self.still_operator(what) } else { Err("this console only watches".to_owned()) }
    }

    /// Asked anew for each answer: an agent may have opened its console before anybody knew that it is one.
    fn still_operator(&self, what: &str) -> Result<(), String> {
        self.hub.is_operator(&self.hub.standing(self.peer, what))
    }

    fn request(&self) {
        if !self.operator || self.still_operator("console").is_err() {
            return;
        }
        {
            let mut state = self.hub.state();
            let free = state.answering() == 0;
            if let Some(console) = state.consoles.get_mut(&self.number) {
                console.may_answer |= free;
                console.asks = !console.may_answer;
            }
        }
        self.hub.tell_attended();
        self.hub.changed();
    }

    fn grant(&self, other: u32) {
        if self.still_operator("grant").is_err() {
            return;
        }
        {
            let mut state = self.hub.state();
            let may = state.consoles.get(&self.number).is_some_and(|console| console.may_answer);
            if let Some(console) =
                state.consoles.get_mut(&other).filter(|console| may && console.asks)
            {
                console.may_answer = true;
                console.asks = false;
            }
        }
        self.hub.tell_attended();
        self.hub.changed();
    }
}
