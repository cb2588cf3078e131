//! The loop of the console that prints lines: what the operator types, the gate's lines, the journals. The terminal
//! stays as it is: the line that is being typed is its own business, and nothing is ever drawn over.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{ConsoleError, Gate, RETRY, Reconnect, keep_to_ourselves};
use crate::console::bodies;
use crate::console::feed::Feed;
use crate::console::linear::{Act, COLUMNS_DEFAULT, Linear, Typed};
use crate::console::model::doc::{Payload, Want};
use crate::console::model::{Link, Model, Now, Size};
use crate::console::update::{self, Msg};
use crate::engine::At;
use crate::text::Safe;
use crate::wire::ToConsole;

/// Lines that were typed and not looked at.
const LINES_MAX: usize = 64;
/// A line of a terminal is no longer; what is beyond is cut off.
const LINE_BYTES_MAX: usize = 4096;

/// How the console that prints lines is to work.
pub struct LinearOptions {
    /// Show this session alone.
    pub session: Option<String>,
    /// Whether a terminal is there to answer from, as was said in `Hello`.
    pub can_answer: bool,
    /// The first line: what chose this mode.
    pub first_line: String,
    /// Called, off and on, while the connection is lost.
    pub reconnect: Reconnect,
}

impl std::fmt::Debug for LinearOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinearOptions")
            .field("session", &self.session)
            .field("can_answer", &self.can_answer)
            .finish_non_exhaustive()
    }
}

/// Runs until the operator leaves, or whoever reads the lines does. `Hello` was said on `stream` and its `Welcome`
/// was not read.
///
/// # Errors
/// When the gate refuses, or the lines cannot be written.
pub fn run_linear(stream: StdUnixStream, options: LinearOptions) -> Result<(), ConsoleError> {
    keep_to_ourselves();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ConsoleError::Setup)?;
    let done = runtime.block_on(async {
        let gate = Gate::new(stream).map_err(ConsoleError::Setup)?;
        Shell::new(gate, options)?.work().await
    });
    // The thread that reads what is typed cannot be woken, and ends with us.
    runtime.shutdown_background();
    match done {
        Err(ConsoleError::Terminal(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

struct Shell {
    gate: Option<Gate>,
    options: LinearOptions,
    typed: Receiver<Typed>,
    /// Whether more can be typed.
    open: bool,
    term: Signal,
    hup: Signal,
    int: Signal,
    model: Model,
    linear: Linear,
    feeds: Vec<Feed>,
    queue: VecDeque<Act>,
    begun: Instant,
    /// When the gate is tried again, while there is none.
    retry_at: Instant,
    welcomed: bool,
}

/// What woke the loop.
enum Woken {
    Typed(Option<Typed>),
    Signal,
    Gate(io::Result<ToConsole>),
    Journal,
    Time,
    Retry,
}

impl Shell {
    fn new(gate: Gate, options: LinearOptions) -> Result<Self, ConsoleError> {
        let term = signal(SignalKind::terminate()).map_err(ConsoleError::Setup)?;
        let hup = signal(SignalKind::hangup()).map_err(ConsoleError::Setup)?;
        let int = signal(SignalKind::interrupt()).map_err(ConsoleError::Setup)?;
        let (send, typed) = channel(LINES_MAX);
        std::thread::spawn(move || read_lines(&send));
        let begun = Instant::now();
        let only = options.session.clone();
        Ok(Self {
            gate: Some(gate),
            linear: Linear::new(wall_clock(), options.can_answer),
            options,
            typed,
            open: true,
            term,
            hup,
            int,
            model: Model::new(TimeZone::system(), only),
            feeds: Vec::new(),
            queue: VecDeque::new(),
            begun,
            retry_at: begun,
            welcomed: false,
        })
    }

    async fn work(&mut self) -> Result<(), ConsoleError> {
        print(&format!("{}\n", Safe::escape(&self.options.first_line)))?;
        self.take(Msg::Resize(size()));
        loop {
            match self.wait().await {
                Woken::Signal => return Ok(()),
                // The end of what is typed is the operator's leaving, but not a file's.
                Woken::Typed(None) if io::stdin().is_terminal() => return Ok(()),
                Woken::Typed(None) => self.open = false,
                Woken::Typed(Some(typed)) => {
                    self.take(Msg::Resize(size()));
                    let acts = self.linear.typed(&self.model, &typed);
                    self.queue.extend(acts);
                }
                Woken::Gate(line) => self.line(line)?,
                Woken::Journal => self.read(),
                Woken::Time => self.take(Msg::Tick),
                Woken::Retry => self.retry(),
            }
            let acts = self.linear.asks(&self.model);
            self.queue.extend(acts);
            if self.carry_out().await? {
                return Ok(());
            }
        }
    }

    /// What was typed first: a line that was there before a card left answers no card.
    async fn wait(&mut self) -> Woken {
        let journal = self.feeds.iter().any(Feed::has_more);
        let down = self.gate.is_none();
        let retry_at = tokio::time::Instant::from_std(self.retry_at);
        let wake = self.linear.next_wake_ms(&self.model).map(Duration::from_millis);
        let gate = self.gate.as_mut();
        tokio::select! {
            biased;
            _ = self.term.recv() => Woken::Signal,
            _ = self.hup.recv() => Woken::Signal,
            _ = self.int.recv() => Woken::Signal,
            typed = self.typed.recv(), if self.open => Woken::Typed(typed),
            line = async { match gate { Some(gate) => gate.next().await, None => std::future::pending().await } } => Woken::Gate(line),
            () = std::future::ready(()), if journal => Woken::Journal,
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => Woken::Time,
            () = tokio::time::sleep_until(retry_at), if down => Woken::Retry,
        }
    }

    fn take(&mut self, msg: Msg) {
        let mono = self.begun.elapsed();
        let mono_ms = u64::try_from(mono.as_millis()).unwrap_or(u64::MAX);
        // No key is ever pressed here, so there is nothing else to do for the panes' own part.
        let _panes = update::update(&mut self.model, msg, Now { at: wall_clock(), mono_ms });
        let acts = self.linear.look(&self.model);
        self.queue.extend(acts);
    }

    fn line(&mut self, line: io::Result<ToConsole>) -> Result<(), ConsoleError> {
        let line = match line {
            Ok(ToConsole::Refused { why }) if !self.welcomed => {
                return Err(ConsoleError::Refused(why));
            }
            Ok(line) => line,
            Err(error) => {
                self.lose(&error);
                return Ok(());
            }
        };
        if let ToConsole::Session(told) = &line {
            if self.options.session.as_ref().is_some_and(|only| *only != told.session) {
                return Ok(());
            }
            let known = self.feeds.iter().position(|feed| feed.session == told.session);
            let at = known.unwrap_or_else(|| {
                self.feeds.push(Feed::new(&told.session, &told.journal));
                self.feeds.len() - 1
            });
            if let Some(feed) = self.feeds.get_mut(at) {
                feed.grown(told.bytes);
            }
        }
        self.welcomed |= matches!(line, ToConsole::Welcome { .. });
        let acts = self.linear.heard(&self.model, &line);
        self.queue.extend(acts);
        self.take(Msg::Gate(Box::new(line)));
        Ok(())
    }

    /// The line to the gate is lost; it is tried again soon.
    fn lose(&mut self, error: &io::Error) {
        self.gate = None;
        self.retry_at = Instant::now() + RETRY;
        let why = Safe::escape(&error.to_string());
        self.take(Msg::Link(Link::Down { why }));
    }

    fn retry(&mut self) {
        match (self.options.reconnect)().and_then(Gate::new) {
            Ok(gate) => {
                self.gate = Some(gate);
                self.take(Msg::Link(Link::Connecting));
            }
            Err(error) => self.lose(&error),
        }
    }

    /// One chunk of one journal.
    fn read(&mut self) {
        let Some(at) = self.feeds.iter().position(Feed::has_more) else { return };
        let Some(feed) = self.feeds.get_mut(at) else { return };
        let session = feed.session.clone();
        let turn = feed.turn();
        for (record, place) in turn.records {
            self.take(Msg::Record(session.clone(), Box::new(record), place));
        }
        if let Some(why) = turn.broken {
            self.take(Msg::Broken(session.clone(), why));
        }
        self.take(Msg::Read(session, turn.read, turn.total));
        // The next one has its turn, also while this one keeps growing.
        self.feeds.rotate_left(at + 1);
    }

    fn load(&self, want: &Want) -> Result<Payload, String> {
        let name = self.model.session(want.session).map(|session| &session.name);
        let feed = self.feeds.iter().find(|feed| Some(&feed.session) == name);
        let journal = feed.and_then(Feed::journal).ok_or("its journal is not open")?;
        bodies::read(&journal, want)
    }

    /// Carries out what is to be done; `true` to leave.
    async fn carry_out(&mut self) -> Result<bool, ConsoleError> {
        while let Some(act) = self.queue.pop_front() {
            match act {
                Act::Print(text) => print(&text)?,
                Act::Printed(key, version) => {
                    // Printing may have taken long: the terminal can stand still.
                    self.take(Msg::Tick);
                    self.linear.printed(&self.model, key, version);
                }
                Act::Load(want) => {
                    let payload = self.load(&want);
                    let acts = self.linear.loaded(&self.model, &want, payload);
                    self.queue.extend(acts);
                }
                Act::Bell if io::stdout().is_terminal() => print("\x07")?,
                Act::Bell => {}
                Act::Send(message) => {
                    let sent = match &mut self.gate {
                        Some(gate) => gate.send(&message).await,
                        None => Err(io::ErrorKind::NotConnected.into()),
                    };
                    if let Err(error) = sent {
                        self.lose(&error);
                    }
                }
                Act::Quit => return Ok(true),
            }
        }
        Ok(false)
    }
}

fn print(text: &str) -> Result<(), ConsoleError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(ConsoleError::Terminal)
}

fn wall_clock() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    At(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// The terminal's size, as far as it has one.
fn size() -> Size {
    let stdout = io::stdout();
    let known = rustix::termios::tcgetwinsize(stdout.as_fd()).ok();
    let columns = known.map_or(0, |size| size.ws_col);
    Size {
        columns: if columns == 0 { COLUMNS_DEFAULT } else { columns },
        rows: known.map_or(0, |size| size.ws_row),
    }
}

/// Reads lines until there are no more, or nobody takes them. A terminal gives one line at a time, so a line behind
/// which another one is there already was pasted, and so was that one.
fn read_lines(send: &Sender<Typed>) {
    let stdin = io::stdin();
    let mut chunk = [0; LINE_BYTES_MAX];
    let mut pending: Vec<u8> = Vec::new();
    let mut crowd = false;
    loop {
        // Not by the buffer of the standard library, in which a second line could hide.
        let read = match rustix::io::read(&stdin, &mut chunk) {
            Ok(0) => return,
            Ok(read) => read,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        };
        pending.extend_from_slice(chunk.get(..read).unwrap_or_default());
        while let Some(end) = memchr::memchr(b'\n', &pending) {
            let rest = pending.split_off(end + 1);
            let line = std::mem::replace(&mut pending, rest);
            let more = !pending.is_empty() || is_ready();
            let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
            let typed = Typed { text: text.into_owned(), alone: !more && !crowd };
            crowd = more;
            if send.blocking_send(typed).is_err() {
                return;
            }
        }
        pending.truncate(LINE_BYTES_MAX);
    }
}

/// Whether more can be read from stdin at once. What cannot be found out counts as more.
fn is_ready() -> bool {
    let stdin = io::stdin();
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    !poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready == 0)
}
