//! `tollgate shim`: starts the server, hands its descriptors and the agent's to the gate, and guards them.
//!
//! The shim keeps copies. While the gate answers its pings the shim touches nothing. When the gate is gone
//! the shim makes sure that it is dead, finds or starts another one and hands the copies over; when none is
//! to be had, it answers every request with a refusal itself.

mod image;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::RecvFlags;
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::protocol::Side;
use crate::proxy::link::{Lines, Received, send};
use crate::proxy::notes::Notes;
use crate::proxy::shim::image::Kept;
use crate::proxy::{alone, peer};
use crate::wire::{Build, FromShim, Hello, Resume, Role, ShimHello, ToShim, WIRE};

/// Between two pings. A hung gate is noticed after [`SILENCE`].
const PING_EVERY: Duration = Duration::from_secs(1);
/// A gate that says nothing for so long is killed: its longest legitimate work, 64 MiB of one message, takes
/// about a second.
const SILENCE: Duration = Duration::from_secs(5);
/// The loop turns at least once a second; a longer gap means that this process did not run.
const STOPPED: Duration = Duration::from_secs(3);
/// The gate gets this long to flush after the agent's signal or the server's end.
const FLUSH: Duration = Duration::from_secs(3);
/// A killed gate is confirmed dead within this time, or not trusted to be.
const CONFIRM_MS: u32 = 5_000;
/// Attempts to hand over to another gate before the shim goes on alone.
const ATTEMPTS: u32 = 5;

/// How a `ToShim::Pong` begins. A shim that waits hears nothing else, and is spared the code that reads messages.
const PONG: &[u8] = br#"{"pong":"#;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--server`.
    pub server: String,
    /// `--session`.
    pub session: Option<String>,
    /// `--policy`.
    pub policy: Option<String>,
    /// `--unattended`.
    pub unattended: Option<String>,
    /// `--role`.
    pub role: Option<String>,
    /// The server's command line.
    pub command: Vec<OsString>,
    /// The same as arguments of `tollgate shim`.
    pub again: Vec<OsString>,
}

/// Reads the command line: a shim that waits does not need it, and so keeps nothing of it in memory.
pub type Said<'a> = &'a dyn Fn() -> Result<Options, String>;

/// Finds or starts a gate.
pub type Connect<'a> = &'a dyn Fn() -> Result<UnixStream, String>;

/// Runs to the end of the session and returns the exit code.
#[must_use]
pub fn run(options: &Options, build: Build, connect: Connect<'_>) -> u8 {
    let said = || Ok(options.clone());
    let signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return fail(&format!("listen for signals: {error}"), 1),
    };
    let control = match connect() {
        Ok(control) => control,
        Err(why) => return alone::run(&why, &signals.pipe),
    };
    let Some((program, arguments)) = options.command.split_first() else {
        return fail("start the server: give its command after `--`", 2);
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let guard = child.map_err(|e| format!("start {}: {e}", program.display())).and_then(|child| {
        Guard::new(&said, build, child, signals).map_err(|e| format!("watch the server: {e}"))
    });
    match guard {
        Ok(guard) => guard.run(Gate::New(control), connect),
        // 127 is what a shell says of a command that cannot be started.
        Err(why) => fail(&why, 127),
    }
}

/// Goes on in a new image of the shim that [`run`] began, to the end of the session. `kept` is what that one handed
/// on behind `--kept`.
#[must_use]
pub fn go_on(kept: &str, said: Said<'_>, connect: Connect<'_>) -> u8 {
    let adopted = || {
        // First of all: until then a signal ends this process without a word.
        let signals = Signals::new()?;
        let [control, gate, agent, server_in, server_out, server_err, server, notes] =
            image::adopt()?;
        let kept = Kept::read(kept).ok_or(io::ErrorKind::InvalidInput)?;
        let Kept { build, place, server_pid } = kept;
        rustix::stdio::dup2_stdin(&agent)?;
        let guard = Guard {
            said,
            build,
            server_pid,
            server,
            server_in: Some(server_in),
            server_out,
            server_err,
            notes,
            signals,
            place: Some(place),
            exit_code: None,
            leaving: None,
            renewed: true,
        };
        Ok::<_, io::Error>((guard, UnixStream::from(control), gate))
    };
    match adopted() {
        Ok((guard, control, gate)) => {
            guard.run(Gate::Watched { control, gate: Some(gate), lines: Lines::new() }, connect)
        }
        Err(error) => fail(&format!("go on as a new image: {error}"), 1),
    }
}

fn fail(why: &str, code: u8) -> u8 {
    // Nowhere is left to say that stderr is closed.
    let _closed = writeln!(io::stderr(), "tollgate shim: failed to {why}");
    code
}

/// The agent's signals, as a readable byte and a number.
struct Signals {
    pipe: UnixStream,
    last: Arc<AtomicUsize>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let (pipe, write) = UnixStream::pair()?;
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&last), number)?;
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Self { pipe, last })
    }

    fn came(&self) -> bool {
        self.last.load(Ordering::Relaxed) != 0
    }

    fn name(&self) -> (&'static str, u8) {
        match i32::try_from(self.last.load(Ordering::Relaxed)) {
            Ok(SIGINT) => ("SIGINT", 130),
            Ok(SIGHUP) => ("SIGHUP", 129),
            _ => ("SIGTERM", 143),
        }
    }
}

struct Guard<'a> {
    said: Said<'a>,
    build: Build,
    server_pid: u32,
    server: OwnedFd,
    /// Copies of the server's ends; the first goes when the server shall see its end of file.
    server_in: Option<OwnedFd>,
    server_out: OwnedFd,
    server_err: OwnedFd,
    /// What the gate notes of them.
    notes: OwnedFd,
    signals: Signals,
    place: Option<Resume>,
    exit_code: Option<u8>,
    leaving: Option<(Instant, u8)>,
    /// Whether this image did nothing yet but to guard.
    renewed: bool,
}

/// How far the shim is with a gate.
enum Gate {
    /// There is none.
    None(String),
    /// It was not told anything yet.
    New(UnixStream),
    /// It has the descriptors.
    Watched { control: UnixStream, gate: Option<OwnedFd>, lines: Lines },
}

/// How a time with one gate ended.
enum Ended {
    /// In order, with this code.
    Done(u8),
    /// The gate is gone.
    GateLost,
}

impl<'a> Guard<'a> {
    fn new(said: Said<'a>, build: Build, mut child: Child, signals: Signals) -> io::Result<Self> {
        let missing = || io::Error::other("a pipe is missing");
        Ok(Self {
            said,
            build,
            server_pid: child.id(),
            server: peer::open(child.id())?,
            server_in: Some(child.stdin.take().ok_or_else(missing)?.into()),
            server_out: child.stdout.take().ok_or_else(missing)?.into(),
            server_err: child.stderr.take().ok_or_else(missing)?.into(),
            notes: Notes::memory()?,
            signals,
            place: None,
            exit_code: None,
            leaving: None,
            renewed: false,
        })
    }

    fn run(mut self, mut next: Gate, connect: Connect<'_>) -> u8 {
        let mut attempts = 0;
        loop {
            if let Some((until, code)) = self.leaving
                && (self.exit_code.is_none() || Instant::now() >= until)
            {
                // The agent ended us; only what a server that ended by itself left behind is worth another gate.
                return self.leave(code);
            }
            let why = match next {
                Gate::None(why) => why,
                Gate::New(control) => {
                    let gate = gate_handle(&control);
                    match self.hand_over(&control) {
                        Ok(lines) => {
                            next = Gate::Watched { control, gate, lines };
                            continue;
                        }
                        Err(Refusal::Final(why)) => return self.alone(&why),
                        Err(Refusal::Again(why)) => why,
                        Err(Refusal::Hangs(why)) => {
                            // It has the descriptors already and must not wake up to read them.
                            if let Some(gate) = &gate {
                                peer::signal(gate, Signal::KILL);
                            }
                            drop(control);
                            if !confirm_dead(gate) {
                                return self.alone("the gate hangs and cannot be killed");
                            }
                            why
                        }
                    }
                }
                Gate::Watched { control, gate, lines } => {
                    attempts = 0;
                    match self.watch(&control, lines, gate.as_ref()) {
                        Ended::Done(code) => return self.leave(code),
                        Ended::GateLost => {
                            drop(control);
                            if !confirm_dead(gate) {
                                return self.alone("the gate hangs and cannot be killed");
                            }
                            "the gate died".to_owned()
                        }
                    }
                }
            };
            attempts += 1;
            if attempts > ATTEMPTS {
                return self.alone(&why);
            }
            next = connect().map_or_else(Gate::None, Gate::New);
        }
    }

    /// Goes on in a new image if this process is as a new one finds it; does nothing else. A second after the start
    /// rather than with it, when agents are in a hurry and may already end what they began.
    fn renew(&mut self, control: &UnixStream, gate: Option<&OwnedFd>, lines: &Lines) {
        let quiet = lines.is_empty() && !self.signals.came();
        if !quiet || self.exit_code.is_some() || self.leaving.is_some() {
            return;
        }
        let (Some(gate), Some(server_in), Some(place), Ok(Options { again, .. })) =
            (gate, &self.server_in, &self.place, (self.said)())
        else {
            return;
        };
        let kept =
            Kept { build: self.build.clone(), place: place.clone(), server_pid: self.server_pid };
        let agent = io::stdin();
        let descriptors = [
            control.as_fd(),
            gate.as_fd(),
            agent.as_fd(),
            server_in.as_fd(),
            self.server_out.as_fd(),
            self.server_err.as_fd(),
            self.server.as_fd(),
            self.notes.as_fd(),
        ];
        let words = ["shim", "--kept", &kept.word()].map(OsString::from);
        let error = image::execute(&[&words, again.as_slice()].concat(), &descriptors);
        tracing::debug!(%error, "the shim stays as large as it is");
        // Once is enough.
        self.renewed = true;
    }

    /// Says hello with the descriptors and waits to be welcome.
    fn hand_over(&mut self, control: &UnixStream) -> Result<Lines, Refusal> {
        let again = |error: io::Error| Refusal::Again(format!("the gate does not answer: {error}"));
        self.renewed = false;
        let options = (self.said)().map_err(Refusal::Final)?;
        let hello = Hello {
            wire: WIRE,
            build: self.build.clone(),
            role: Role::Shim(Box::new(ShimHello {
                server: options.server,
                session: options.session,
                policy: options.policy,
                unattended: options.unattended,
                role: options.role,
                command: options
                    .command
                    .iter()
                    .map(|part| part.to_string_lossy().into_owned())
                    .collect(),
                server_pid: self.server_pid,
                resume: self.place.clone(),
            })),
        };
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        // A server whose input is closed already gets a closed pipe again.
        let closed;
        let server_in = if let Some(fd) = &self.server_in {
            fd.as_fd()
        } else {
            closed = rustix::pipe::pipe().map_err(|error| again(error.into()))?.1;
            closed.as_fd()
        };
        let descriptors = [
            stdin.as_fd(),
            stdout.as_fd(),
            stderr.as_fd(),
            server_in,
            self.server_out.as_fd(),
            self.server_err.as_fd(),
            self.server.as_fd(),
            self.notes.as_fd(),
        ];
        control.set_read_timeout(Some(SILENCE)).map_err(again)?;
        send(control, &hello, &descriptors).map_err(again)?;
        let mut lines = Lines::new();
        let welcome = lines.wait::<ToShim>(control).map_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                Refusal::Hangs("the gate says nothing".to_owned())
            } else {
                again(error)
            }
        })?;
        match welcome {
            Some(ToShim::Welcome { session, conn, notice }) => {
                self.place = Some(Resume { session, conn });
                if let Some(notice) = notice {
                    let _closed = writeln!(io::stderr(), "tollgate: {notice}");
                }
                Ok(lines)
            }
            Some(ToShim::Refused { why }) => Err(Refusal::Final(why)),
            Some(ToShim::Pong { .. } | ToShim::CloseCopy { .. } | ToShim::Finish) => {
                Err(Refusal::Again("the gate answers out of order".to_owned()))
            }
            None => Err(Refusal::Again("the gate hung up".to_owned())),
        }
    }

    /// One gate's time.
    fn watch(&mut self, control: &UnixStream, mut lines: Lines, gate: Option<&OwnedFd>) -> Ended {
        let mut pings: u64 = 0;
        let mut heard = Instant::now();
        let mut pinged = Instant::now();
        let mut turned = Instant::now();
        loop {
            let now = Instant::now();
            if let Some((until, code)) = self.leaving
                && now >= until
            {
                return Ended::Done(code);
            }
            if now.duration_since(turned) > STOPPED {
                // It was us who stood still (Ctrl-Z, a suspended machine): the gate's silence proves nothing.
                heard = now;
            }
            turned = now;
            if now.duration_since(heard) > SILENCE {
                if let Some(gate) = gate {
                    peer::signal(gate, Signal::KILL);
                }
                return Ended::GateLost;
            }
            if now.duration_since(pinged) >= PING_EVERY {
                if !self.renewed {
                    self.renew(control, gate, &lines);
                }
                pings += 1;
                pinged = now;
                heard_or_not((&*control).write_all(ping(pings).as_bytes()));
            }
            let [from_gate, from_child, from_agent] = self.wait(control);
            if from_gate {
                match lines.receive(control, RecvFlags::DONTWAIT) {
                    Ok(Received::Some) => heard = Instant::now(),
                    Ok(Received::Nothing) => {}
                    Ok(Received::End) | Err(_) => return Ended::GateLost,
                }
                while lines.skip(PONG) {}
                while let Ok(Some(message)) = lines.take::<ToShim>() {
                    match message {
                        ToShim::CloseCopy { side: Side::Server } => self.server_in = None,
                        ToShim::Finish => return Ended::Done(self.finished()),
                        ToShim::Refused { .. } => {
                            // The gate said why on stderr. Ending is what every agent notices at once.
                            self.leaving = Some((Instant::now(), alone::NO_GATE));
                            return Ended::Done(alone::NO_GATE);
                        }
                        ToShim::Pong { .. }
                        | ToShim::CloseCopy { side: Side::Agent }
                        | ToShim::Welcome { .. } => {}
                    }
                }
            }
            if from_child && self.exit_code.is_none() {
                let code = self.reap();
                heard_or_not(send(control, &FromShim::ServerExited { code: i32::from(code) }, &[]));
                self.leaving.get_or_insert((Instant::now() + FLUSH, code));
            }
            if from_agent {
                // One signal says it; more of them change nothing.
                let _more = rustix::io::read(&self.signals.pipe, &mut [0; 64]);
                let (name, code) = self.signals.name();
                if send(control, &FromShim::Signalled { name: name.to_owned() }, &[]).is_err() {
                    return Ended::Done(code);
                }
                self.leaving = Some((Instant::now() + FLUSH, code));
            }
        }
    }

    /// Waits for the gate, the server's end, the agent's signals, or the next ping.
    fn wait(&self, control: &UnixStream) -> [bool; 3] {
        let mut fds = vec![
            PollFd::new(control, PollFlags::IN),
            PollFd::new(&self.signals.pipe, PollFlags::IN),
        ];
        if self.exit_code.is_none() {
            fds.push(PollFd::new(&self.server, PollFlags::IN));
        }
        let wait = Timespec { tv_sec: 1, tv_nsec: 0 };
        if poll(&mut fds, Some(&wait)).is_err() {
            return [false; 3];
        }
        let ready = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
        [ready(0), ready(2), ready(1)]
    }

    fn reap(&mut self) -> u8 {
        let ended = rustix::io::retry_on_intr(|| {
            waitid(WaitId::PidFd(self.server.as_fd()), WaitIdOptions::EXITED)
        });
        let code = ended.ok().flatten().and_then(|status| {
            let code = status.terminating_signal().map(|signal| 128 + signal);
            u8::try_from(status.exit_status().or(code)?).ok()
        });
        let code = code.unwrap_or(1);
        self.exit_code = Some(code);
        code
    }

    const fn finished(&self) -> u8 {
        match (self.leaving, self.exit_code) {
            (Some((_, code)), _) | (None, Some(code)) => code,
            (None, None) => 0,
        }
    }

    /// Leaves no orphan: the server sees its end of file, then SIGTERM, then SIGKILL.
    fn leave(&mut self, code: u8) -> u8 {
        // The gate may see the server's output end before we see its process end.
        let early = self.leaving.is_none() && self.exit_code.is_none();
        self.server_in = None;
        for signal in [None, Some(Signal::TERM), Some(Signal::KILL)] {
            if self.exit_code.is_some() {
                break;
            }
            if let Some(signal) = signal {
                peer::signal(&self.server, signal);
            }
            if peer::wait_end(&self.server, 2_000) {
                self.reap();
            }
        }
        self.exit_code.filter(|_| early).unwrap_or(code)
    }

    /// No gate: the server ends, the agent hears why.
    fn alone(mut self, why: &str) -> u8 {
        if let Some(code) = self.exit_code {
            return code;
        }
        peer::signal(&self.server, Signal::TERM);
        self.leave(1);
        alone::run(why, &self.signals.pipe)
    }
}

/// What was said to a gate that hung up is no matter: it may have left a last word, which is read first, and the end
/// of the socket is what tells that it is lost.
fn heard_or_not(said: io::Result<()>) {
    if let Err(error) = said {
        tracing::debug!(%error, "the gate does not listen");
    }
}

/// A `FromShim::Ping` as a line, without the code that writes messages.
fn ping(n: u64) -> String {
    format!("{{\"ping\":{{\"n\":{n}}}}}\n")
}

enum Refusal {
    /// Asking again is of no use.
    Final(String),
    /// Another gate may take it.
    Again(String),
    /// The gate was told and does not answer.
    Hangs(String),
}

/// A handle on the process at the other end of the socket.
fn gate_handle(control: &UnixStream) -> Option<OwnedFd> {
    let credentials = rustix::net::sockopt::socket_peercred(control).ok()?;
    peer::open(u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()?).ok()
}

/// Nobody else may read the descriptors before the old gate is dead.
fn confirm_dead(gate: Option<OwnedFd>) -> bool {
    // Without a handle the process was gone before we could open one.
    let Some(gate) = gate else { return true };
    if peer::wait_end(&gate, 200) {
        return true;
    }
    peer::signal(&gate, Signal::KILL);
    peer::wait_end(&gate, CONFIRM_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_and_pongs_are_the_messages_that_they_stand_for() {
        let ping = serde_json::from_str(&ping(12)).unwrap();
        assert!(matches!(ping, FromShim::Ping { n: 12 }));
        let answer = serde_json::to_vec(&ToShim::Pong { n: 12 }).unwrap();
        assert!(answer.starts_with(PONG));
    }
}
