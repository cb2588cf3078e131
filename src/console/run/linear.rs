//! The loop of the console that prints lines: what the operator types, the gate's lines, the journals. The terminal
//! stays as it is: the line that is being typed is its own business, and nothing is ever drawn over.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::attached::{Attached, Attachment, Turns};
use super::{ConsoleError, Signals, block_on, keep_to_ourselves, stamp, until, wall_clock};
use crate::console::bodies;
use crate::console::linear::{Act, COLUMNS_DEFAULT, Linear, Typed};
use crate::console::model::doc::{Payload, Want};
use crate::console::model::{Model, Size};
use crate::console::update::{self, Msg};
use crate::text::Safe;
use crate::wire::ToConsole;

/// Lines that were typed and not looked at.
const LINES_MAX: usize = 64;
/// A line of a terminal is no longer; what is beyond is cut off.
const LINE_BYTES_MAX: usize = 4096;

/// How the console that prints lines is to work.
#[derive(Debug)]
pub struct LinearOptions {
    /// Whether a terminal is there to answer from, as was said in `Hello`.
    pub can_answer: bool,
    /// The first line: what chose this mode.
    pub first_line: String,
}

/// Runs until the operator leaves, or whoever reads the lines does.
///
/// # Errors
/// When the gate refuses, or the lines cannot be written.
pub fn run_linear(gate: Attachment, options: LinearOptions) -> Result<(), ConsoleError> {
    keep_to_ourselves();
    let done = block_on(async {
        let attached = Attached::new(gate, Turns::Chunks)?;
        Shell::new(attached, options)?.work().await
    });
    match done {
        Err(ConsoleError::Terminal(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

struct Shell {
    attached: Attached,
    options: LinearOptions,
    typed: Receiver<Typed>,
    /// Whether more can be typed.
    open: bool,
    signals: Signals,
    model: Model,
    linear: Linear,
    queue: VecDeque<Act>,
    begun: Instant,
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
    fn new(attached: Attached, options: LinearOptions) -> Result<Self, ConsoleError> {
        let signals = Signals::new()?;
        let (send, typed) = channel(LINES_MAX);
        std::thread::spawn(move || read_lines(&send));
        Ok(Self {
            linear: Linear::new(wall_clock(), options.can_answer),
            options,
            typed,
            open: true,
            signals,
            model: Model::new(TimeZone::system(), attached.session().cloned()),
            attached,
            queue: VecDeque::new(),
            begun: Instant::now(),
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
                Woken::Journal => self.attached.read().into_iter().for_each(|msg| self.take(msg)),
                Woken::Time => self.take(Msg::Tick),
                Woken::Retry => {
                    let msg = self.attached.retry();
                    self.take(msg);
                }
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
        let journal = self.attached.has_more();
        let retry_at = self.attached.retry_at();
        let wake = self.linear.next_wake_ms(&self.model).map(Duration::from_millis);
        tokio::select! {
            biased;
            () = self.signals.next() => Woken::Signal,
            typed = self.typed.recv(), if self.open => Woken::Typed(typed),
            line = self.attached.next() => Woken::Gate(line),
            () = std::future::ready(()), if journal => Woken::Journal,
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => Woken::Time,
            () = until(retry_at) => Woken::Retry,
        }
    }

    fn take(&mut self, msg: Msg) {
        // No key is ever pressed here, so there is nothing else to do for the panes' own part.
        let _panes = update::update(&mut self.model, msg, stamp(self.begun));
        let acts = self.linear.look(&self.model);
        self.queue.extend(acts);
    }

    fn line(&mut self, line: io::Result<ToConsole>) -> Result<(), ConsoleError> {
        let Some(msg) = self.attached.heard(line)? else { return Ok(()) };
        if let Msg::Gate(line) = &msg {
            let acts = self.linear.heard(&self.model, line);
            self.queue.extend(acts);
        }
        self.take(msg);
        Ok(())
    }

    fn load(&self, want: &Want) -> Result<Payload, String> {
        let session = self.model.session(want.session);
        let journal = session.and_then(|session| self.attached.journal(&session.name));
        let journal = journal.ok_or("its journal is not open")?;
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
                    if let Some(lost) = self.attached.send(&message).await {
                        self.take(lost);
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
