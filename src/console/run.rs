//! The loop: keys, the gate's lines, the journals, and a timer only while something counts down.

mod files;
mod gate;
mod linear;
mod outside;

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::bodies::{Body, Loads};
use crate::console::deck::{Deck, Part};
use crate::console::editor;
use crate::console::export;
use crate::console::feed::Feed;
use crate::console::input::Input;
use crate::console::keymap::Keymap;
use crate::console::model::names;
use crate::console::model::{Link, Model, Now, Replay, Size};
use crate::console::outgoing::clipboard::{Copied, Tool};
use crate::console::outgoing::{Method, Place, Runner};
use crate::console::terminal::{Keyboard, Screen};
use crate::console::theme::Theme;
use crate::console::update::{self, Cmd, Msg};
use crate::console::view::{self, Lines};
use crate::engine::At;
use crate::journal::redecide::Instead;
use crate::text::Safe;
use crate::wire::ToConsole;
use gate::Gate;
use outside::{Asked, Copies};

pub use linear::{LinearOptions, run_linear};

/// Between attempts to reach the gate again.
const RETRY: Duration = Duration::from_secs(2);
/// While data streams in, frames are drawn at most this often; a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);

/// Connects to the gate again: a stream on which `Hello` was said.
pub type Reconnect = Box<dyn Fn() -> io::Result<StdUnixStream>>;

/// Loads a theme by name or file; the error is a fragment that fits "failed to …".
pub type Themes = Box<dyn Fn(&str) -> Result<Theme, String>>;

/// How the console is to look, and what it may do when the gate goes away.
pub struct Options {
    /// Colours.
    pub theme: Theme,
    /// The theme's name as it was asked for: that of a pair follows the terminal's background.
    pub theme_name: String,
    /// Where themes come from.
    pub themes: Themes,
    /// Borders without box characters.
    pub ascii: bool,
    /// How to notify; `None` goes by the terminal.
    pub notify: Option<Method>,
    /// The program for notifications, and its arguments.
    pub notify_command: Vec<String>,
    /// Programs that take what is copied.
    pub clipboard: Vec<Tool>,
    /// Where we run.
    pub place: Place,
    /// Show this session alone.
    pub session: Option<String>,
    /// When this program was built, in seconds since 1970.
    pub built_at: u64,
    /// What keys do.
    pub keymap: Keymap,
    /// Called, off and on, while the connection is lost.
    pub reconnect: Reconnect,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("ascii", &self.ascii)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// What a recording is played beside.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Another policy.
    pub policy: Option<Instead>,
    /// Another recording.
    pub recording: Option<PathBuf>,
}

/// Why a console ended otherwise than by the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// No terminal, or it went away.
    #[error("use the terminal: {0}")]
    Terminal(io::Error),
    /// The gate wants no such console.
    #[error("attach to the gate: {0}")]
    Refused(String),
    /// The recording cannot be opened.
    #[error("open the recording {}: {source}", path.display())]
    Recording {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The runtime or a signal could not be set up.
    #[error("start the console: {0}")]
    Setup(io::Error),
}

/// Runs until the operator leaves or the terminal goes away. `Hello` was said on `stream` and its
/// `Welcome` was not read.
///
/// # Errors
/// When there is no terminal, or the gate refuses.
pub fn run(stream: StdUnixStream, options: Options) -> Result<(), ConsoleError> {
    keep_to_ourselves();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ConsoleError::Setup)?;
    let ended = runtime.block_on(async {
        let gate = Gate::new(stream).map_err(ConsoleError::Setup)?;
        Shell::new(Some(gate), None, options)?.work().await
    });
    // A clipboard's program that hangs does not keep us.
    runtime.shutdown_background();
    ended
}

/// Plays a recording in the same panes, until the operator leaves or the terminal goes away.
///
/// # Errors
/// When there is no terminal, or the recording cannot be opened.
pub fn replay(
    recording: &Path,
    name: &str,
    beside: Beside,
    options: Options,
) -> Result<(), ConsoleError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ConsoleError::Setup)?;
    let open = |source| ConsoleError::Recording { path: recording.to_owned(), source };
    let deck = Deck::open(recording, name).map_err(open)?;
    if let Some(instead) = beside.policy {
        deck.decide(instead).map_err(open)?;
    }
    if let Some(other) = beside.recording {
        let open = |source| ConsoleError::Recording { path: other.clone(), source };
        deck.compare(&other).map_err(open)?;
    }
    let ended = runtime.block_on(async {
        let mut shell = Shell::new(None, Some(deck), options)?;
        let mut tape = Replay::new(names::identifier(name));
        tape.playing = true;
        shell.model.replay = Some(Box::new(tape));
        shell.work().await
    });
    runtime.shutdown_background();
    ended
}

/// No debugger of the same user reads the right to answer, or a code, out of our memory. Where that is
/// not to be had the console works all the same: the threat model says what it cannot prevent.
fn keep_to_ourselves() {
    #[cfg(target_os = "linux")]
    let _done =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

struct Shell {
    gate: Option<Gate>,
    /// Set while a recording is played: then there is no gate, and none is looked for.
    deck: Option<Deck>,
    options: Options,
    screen: Screen,
    keyboard: Keyboard,
    term: Signal,
    hup: Signal,
    /// Raw mode makes Ctrl-C a key; this one comes from outside.
    int: Signal,
    /// The window has another size.
    winch: Signal,
    model: Model,
    feeds: Vec<Feed>,
    loads: Loads,
    /// A file that is being written.
    export: Option<export::Job>,
    queue: VecDeque<Cmd>,
    begun: Instant,
    drawn: Instant,
    /// When the gate is tried again, while there is none.
    retry_at: Instant,
    welcomed: bool,
    asked: Asked,
    runner: Runner,
    copies: Copies,
    /// How many calls the window's title says that wait.
    titled: Option<u64>,
}

/// What woke the loop.
enum Woken {
    Input(Option<io::Result<Input>>),
    Signal,
    Resize,
    Gate(io::Result<ToConsole>),
    Journal,
    Index(Part),
    Body(Body),
    Idle,
    Time,
    Retry,
    Copied(String, Option<Copied>),
}

impl Shell {
    fn new(gate: Option<Gate>, deck: Option<Deck>, options: Options) -> Result<Self, ConsoleError> {
        let term = signal(SignalKind::terminate()).map_err(ConsoleError::Setup)?;
        let hup = signal(SignalKind::hangup()).map_err(ConsoleError::Setup)?;
        let int = signal(SignalKind::interrupt()).map_err(ConsoleError::Setup)?;
        let winch = signal(SignalKind::window_change()).map_err(ConsoleError::Setup)?;
        let screen = Screen::take().map_err(ConsoleError::Terminal)?;
        let keyboard = Keyboard::new().map_err(ConsoleError::Terminal)?;
        let begun = now();
        let mut model = Model::new(TimeZone::system(), options.session.clone());
        model.built_at = Some(options.built_at);
        model.ui.keymap = options.keymap.clone();
        let runner = Runner::new(options.notify_command.clone());
        Ok(Self {
            gate,
            deck,
            options,
            screen,
            keyboard,
            term,
            hup,
            int,
            winch,
            model,
            feeds: Vec::new(),
            loads: Loads::new(),
            export: None,
            queue: VecDeque::new(),
            begun,
            drawn: begun,
            retry_at: begun,
            welcomed: false,
            asked: Asked::default(),
            runner,
            copies: Copies::new(),
            titled: None,
        })
    }

    async fn work(mut self) -> Result<(), ConsoleError> {
        self.draw()?;
        // Asked behind the first frame, which must not eat up the time for the answer.
        self.ask_terminal()?;
        let mut dirty: Option<Instant> = None;
        loop {
            let woken = self.wait(dirty.is_some()).await;
            let at_once = match woken {
                Woken::Input(_) => !self.keyboard.has_more(),
                Woken::Time | Woken::Resize | Woken::Copied(..) => true,
                Woken::Signal
                | Woken::Gate(_)
                | Woken::Journal
                | Woken::Index(_)
                | Woken::Body(_)
                | Woken::Idle
                | Woken::Retry => false,
            };
            let since = *dirty.get_or_insert_with(now);
            match woken {
                Woken::Signal | Woken::Input(None) => return Ok(()),
                Woken::Input(Some(Err(error))) => return Err(ConsoleError::Terminal(error)),
                Woken::Input(Some(Ok(input))) => self.input(input),
                Woken::Resize => self.resize()?,
                Woken::Gate(line) => self.line(line)?,
                Woken::Journal => self.read(),
                Woken::Index(part) => self.index(part),
                Woken::Body((want, read)) => self.take(Msg::Loaded(want, read)),
                Woken::Idle => self.idle(),
                Woken::Time => self.take(Msg::Tick),
                Woken::Retry => self.retry(),
                Woken::Copied(text, by) => self.copied(&text, by)?,
            }
            if self.carry_out().await? {
                return Ok(());
            }
            // A frame is due, and what it is about was read: the gate's word comes before the journal's, and a
            // frame between the two would put the news off by a frame. A flood does not put frames off for ever.
            let due = now().duration_since(self.drawn) >= FRAME;
            let read = !self.feeds.iter().any(Feed::has_more);
            if at_once || due && (read || now().duration_since(since) >= FRAME) {
                self.draw()?;
                dirty = None;
            }
        }
    }

    /// Keys first: a flood of data never makes the operator wait. Signals come before them, because
    /// the terminal may be gone. Every arm may be dropped: the gate's keeps what it has read, the
    /// others hold nothing.
    async fn wait(&mut self, dirty: bool) -> Woken {
        let journal = self.feeds.iter().any(Feed::has_more);
        let idle = update::is_sifting(&self.model) || self.export.is_some();
        let down = self.gate.is_none() && self.deck.is_none();
        let retry_at = tokio::time::Instant::from_std(self.retry_at);
        let counting = update::next_wake_ms(&self.model).map(Duration::from_millis);
        let frame = dirty.then(|| FRAME.saturating_sub(now().duration_since(self.drawn)));
        let wake = counting.into_iter().chain(frame).min();
        let (gate, deck) = (self.gate.as_mut(), self.deck.as_mut());
        tokio::select! {
            biased;
            _ = self.term.recv() => Woken::Signal,
            _ = self.hup.recv() => Woken::Signal,
            _ = self.int.recv() => Woken::Signal,
            _ = self.winch.recv() => Woken::Resize,
            input = self.keyboard.next() => Woken::Input(input),
            line = async { match gate { Some(gate) => gate.next().await, None => std::future::pending().await } } => Woken::Gate(line),
            Some((text, by)) = self.copies.next() => Woken::Copied(text, by),
            body = self.loads.next() => Woken::Body(body),
            part = async { match deck { Some(deck) => deck.next().await, None => std::future::pending().await } } => Woken::Index(part),
            () = std::future::ready(()), if journal => Woken::Journal,
            () = std::future::ready(()), if idle => Woken::Idle,
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => Woken::Time,
            () = tokio::time::sleep_until(retry_at), if down => Woken::Retry,
        }
    }

    fn take(&mut self, msg: Msg) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mono = now().duration_since(self.begun);
        let stamp = Now {
            at: At(u64::try_from(at.as_micros()).unwrap_or(u64::MAX)),
            mono_ms: u64::try_from(mono.as_millis()).unwrap_or(u64::MAX),
        };
        self.queue.extend(update::update(&mut self.model, msg, stamp));
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Key(key, press) => self.take(Msg::Key(key, press)),
            Input::Paste(text) => self.take(Msg::Paste(text)),
            Input::Focus(focus) => self.take(Msg::Focus(focus)),
            Input::Answer(answer) => self.answered(&answer),
            Input::Mouse(_) => {}
        }
    }

    fn resize(&mut self) -> Result<(), ConsoleError> {
        self.screen.forget().map_err(ConsoleError::Terminal)?;
        let (columns, rows) = self.screen.size().map_err(ConsoleError::Terminal)?;
        self.take(Msg::Resize(Size { columns, rows }));
        Ok(())
    }

    fn line(&mut self, line: io::Result<ToConsole>) -> Result<(), ConsoleError> {
        match line {
            Ok(ToConsole::Refused { why }) if !self.welcomed => {
                return Err(ConsoleError::Refused(why));
            }
            Ok(ToConsole::Session(line)) => {
                if self.options.session.as_ref().is_some_and(|only| *only != line.session) {
                    return Ok(());
                }
                let known = self.feeds.iter().position(|feed| feed.session == line.session);
                let at = known.unwrap_or_else(|| {
                    self.feeds.push(Feed::new(&line.session, &line.journal));
                    self.feeds.len() - 1
                });
                if let Some(feed) = self.feeds.get_mut(at) {
                    feed.grown(line.bytes);
                }
                self.take(Msg::Gate(Box::new(ToConsole::Session(line))));
            }
            Ok(line) => {
                self.welcomed |= matches!(line, ToConsole::Welcome { .. });
                self.take(Msg::Gate(Box::new(line)));
            }
            Err(error) => self.lose(&error),
        }
        Ok(())
    }

    /// The line to the gate is lost; it is tried again soon.
    fn lose(&mut self, error: &io::Error) {
        self.gate = None;
        self.retry_at = now() + RETRY;
        let why = Safe::escape(&error.to_string());
        self.take(Msg::Link(Link::Down { why }));
    }

    /// One chunk of one journal, then keys again.
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
        if let Some(feed) = self.feeds.get_mut(at)
            && !feed.has_more()
        {
            // The next one has its turn also while this one keeps growing.
            self.feeds.rotate_left(at + 1);
        }
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

    /// Carries commands out; `true` to leave.
    async fn carry_out(&mut self) -> Result<bool, ConsoleError> {
        loop {
            let Some(cmd) = self.queue.pop_front() else {
                // What was done may have changed what is to be shown.
                self.queue.extend(update::refresh(&mut self.model));
                if self.queue.is_empty() {
                    return Ok(false);
                }
                continue;
            };
            match cmd {
                Cmd::Quit => return Ok(true),
                Cmd::Copy(text) => self.copy(text),
                Cmd::Notify(notice) => self.notify(&notice)?,
                Cmd::Theme(name) => self.put_on(&name),
                Cmd::Bell => Screen::ring().map_err(ConsoleError::Terminal)?,
                Cmd::Load(want) => {
                    let journal = self.journal(&want);
                    if let Some((want, read)) = self.loads.load(want, journal) {
                        self.take(Msg::Loaded(want, read));
                    }
                }
                Cmd::Go(to) => self.go(to),
                Cmd::Fork { policy, from_seq } => {
                    if let Err(why) = self.fork(&policy, from_seq) {
                        self.take(Msg::Cannot(why));
                    }
                }
                Cmd::Export(export) => self.begin_export(export),
                Cmd::Inspect(generation, rows) => {
                    let read = rows.iter().map(|row| (row.row, self.inspect(row))).collect();
                    self.take(Msg::Inspected(generation, read));
                }
                Cmd::Editor(text) => self.editor(text).await?,
                Cmd::Send(message) => {
                    let sent = match &mut self.gate {
                        Some(gate) => gate.send(&message).await,
                        None => Err(io::ErrorKind::NotConnected.into()),
                    };
                    if let Err(error) = sent {
                        self.lose(&error);
                    }
                }
            }
        }
    }

    /// Gives the terminal to the operator's own editor and takes it back. Its Ctrl-C is not ours; the gate
    /// waits for nobody meanwhile.
    async fn editor(&mut self, text: String) -> Result<(), ConsoleError> {
        // Its keys stay its own: the terminal is read by this task alone, which waits here.
        Screen::leave();
        let mut running = tokio::task::spawn_blocking(move || editor::edit(&text));
        let edited = loop {
            tokio::select! {
                edited = &mut running => break edited,
                _ = self.int.recv() => {}
            }
        };
        self.screen.enter().map_err(ConsoleError::Terminal)?;
        let edited = edited.unwrap_or_else(|error| Err(format!("the editor failed: {error}")));
        self.take(Msg::Edited(edited));
        Ok(())
    }

    /// Draws, and once more if being drawn changed what is to be shown: how much was seen.
    fn draw(&mut self) -> Result<(), ConsoleError> {
        self.frame()?;
        let seen = |model: &Model| {
            let card = model.ui.card.as_ref();
            card.map(|card| (update::seen_percent(card), card.drawn_ms))
        };
        let before = seen(&self.model);
        self.take(Msg::Drawn);
        if seen(&self.model) != before {
            self.frame()?;
            self.take(Msg::Drawn);
        }
        Ok(())
    }

    fn frame(&mut self) -> Result<(), ConsoleError> {
        let (columns, rows) = self.screen.size().map_err(ConsoleError::Terminal)?;
        update::prepare(&mut self.model, Size { columns, rows });
        let lines = if self.options.ascii { Lines::Ascii } else { Lines::Box };
        let (model, theme) = (&self.model, &self.options.theme);
        self.screen
            .draw(|frame| view::draw(model, theme, lines, frame))
            .map_err(ConsoleError::Terminal)?;
        self.drawn = now();
        self.title()
    }
}

fn now() -> Instant {
    Instant::now()
}
