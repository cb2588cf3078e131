//! The loop: keys, the gate's lines, the journals, and a timer only while something counts down.

mod attached;
mod files;
mod gate;
mod jobs;
mod linear;
mod outside;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::bodies::{Body, Loads};
use crate::console::deck::{Deck, Part};
use crate::console::editor;
use crate::console::export;
use crate::console::input::Input;
use crate::console::keymap::Keymap;
use crate::console::model::names;
use crate::console::model::{Model, Now, Replay, Size};
use crate::console::outgoing::clipboard::{Copied, Tool};
use crate::console::outgoing::{Method, Place, Runner};
use crate::console::terminal::{Keyboard, Screen};
use crate::console::theme::Theme;
use crate::console::update::{self, Cmd, Msg};
use crate::console::view::{self, Lines};
use crate::engine::At;
use crate::journal::redecide::Instead;
use crate::wire::ToConsole;
use attached::{Attached, Turns};
use jobs::{Job, Jobs};
use outside::{Asked, Copies};

pub use attached::{Attachment, Reconnect};
pub use linear::{LinearOptions, run_linear};

/// While data streams in, frames are drawn at most this often; a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);

/// Loads a theme by name or file; the error is a fragment that fits "failed to …".
pub type Themes = Box<dyn Fn(&str) -> Result<Theme, String>>;

/// How the console is to look and to work.
pub struct Options {
    /// Colours.
    pub theme: Theme,
    /// The theme's name as it was asked for: that of a pair follows the terminal's background.
    pub theme_name: String,
    /// Where themes come from.
    pub themes: Themes,
    /// Borders without box characters.
    pub ascii: bool,
    /// Whether clocks go on each ten seconds only.
    pub reduced_motion: bool,
    /// Whether the mouse selects and scrolls.
    pub mouse: bool,
    /// How to notify; `None` goes by the terminal.
    pub notify: Option<Method>,
    /// The program for notifications, and its arguments.
    pub notify_command: Vec<String>,
    /// Programs that take what is copied.
    pub clipboard: Vec<Tool>,
    /// Where we run.
    pub place: Place,
    /// When this program was built, in seconds since 1970.
    pub built_at: u64,
    /// What keys do.
    pub keymap: Keymap,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("ascii", &self.ascii).finish_non_exhaustive()
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

/// Runs until the operator leaves or the terminal goes away.
///
/// # Errors
/// When there is no terminal, or the gate refuses.
pub fn run(gate: Attachment, options: Options) -> Result<(), ConsoleError> {
    keep_to_ourselves();
    block_on(async {
        let attached = Attached::new(gate, Turns::Whole)?;
        Shell::new(Some(attached), None, options)?.work().await
    })
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
    let open = |source| ConsoleError::Recording { path: recording.to_owned(), source };
    let deck = Deck::open(recording, name).map_err(open)?;
    if let Some(instead) = beside.policy {
        deck.decide(instead).map_err(open)?;
    }
    if let Some(other) = beside.recording {
        let open = |source| ConsoleError::Recording { path: other.clone(), source };
        deck.compare(&other).map_err(open)?;
    }
    block_on(async {
        let mut shell = Shell::new(None, Some(deck), options)?;
        let mut tape = Replay::new(names::identifier(name));
        tape.playing = true;
        shell.model.replay = Some(Box::new(tape));
        shell.work().await
    })
}

/// Runs a console on this thread. What its other threads still do ends with us: a clipboard's program that hangs
/// does not keep us, nor does a line that nobody types.
fn block_on(work: impl Future<Output = Result<(), ConsoleError>>) -> Result<(), ConsoleError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ConsoleError::Setup)?;
    let ended = runtime.block_on(work);
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

/// What ends us, from outside. In raw mode Ctrl-C is a key, and no signal.
struct Signals {
    term: Signal,
    hup: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> Result<Self, ConsoleError> {
        let kind = |kind| signal(kind).map_err(ConsoleError::Setup);
        Ok(Self {
            term: kind(SignalKind::terminate())?,
            hup: kind(SignalKind::hangup())?,
            int: kind(SignalKind::interrupt())?,
        })
    }

    /// The next of them. May be dropped and called again.
    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.term.recv() => {}
            _ = self.hup.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

struct Shell {
    /// The gate, where there is one.
    attached: Option<Attached>,
    /// The recording that is played, where there is no gate.
    deck: Option<Deck>,
    options: Options,
    screen: Screen,
    keyboard: Keyboard,
    signals: Signals,
    /// The window has another size.
    winch: Signal,
    /// We are to stop, as Ctrl-Z in other programs, and are to go on.
    jobs: Jobs,
    model: Model,
    loads: Loads,
    /// A file that is being written.
    export: Option<export::Job>,
    queue: VecDeque<Cmd>,
    begun: Instant,
    drawn: Instant,
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
    Job(Job),
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
    fn new(
        attached: Option<Attached>,
        deck: Option<Deck>,
        options: Options,
    ) -> Result<Self, ConsoleError> {
        let signals = Signals::new()?;
        let winch = signal(SignalKind::window_change()).map_err(ConsoleError::Setup)?;
        let screen = Screen::take(options.mouse).map_err(ConsoleError::Terminal)?;
        let keyboard = Keyboard::new().map_err(ConsoleError::Terminal)?;
        let begun = now();
        let session = attached.as_ref().and_then(Attached::session).cloned();
        let mut model = Model::new(TimeZone::system(), session);
        model.built_at = Some(options.built_at);
        model.ui.keymap = options.keymap.clone();
        model.ui.reduced_motion = options.reduced_motion;
        let runner = Runner::new(options.notify_command.clone());
        Ok(Self {
            attached,
            deck,
            options,
            screen,
            keyboard,
            signals,
            winch,
            jobs: Jobs::new()?,
            model,
            loads: Loads::new(),
            export: None,
            queue: VecDeque::new(),
            begun,
            drawn: begun,
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
                Woken::Time | Woken::Resize | Woken::Job(_) | Woken::Copied(..) => true,
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
                Woken::Job(Job::Stop) => self.suspend().await?,
                Woken::Job(Job::GoOn) => self.take_again()?,
                Woken::Gate(line) => self.line(line)?,
                Woken::Journal => self.gate(Attached::read),
                Woken::Index(part) => self.index(part),
                Woken::Body((want, read)) => self.take(Msg::Loaded(want, read)),
                Woken::Idle => self.idle(),
                Woken::Time => self.take(Msg::Tick),
                Woken::Retry => self.gate(|gate| [gate.retry()]),
                Woken::Copied(text, by) => self.copied(&text, by)?,
            }
            if self.carry_out().await? {
                return Ok(());
            }
            // A frame is due, and what it is about was read: the gate's word comes before the journal's, and a
            // frame between the two would put the news off by a frame. A flood does not put frames off for ever.
            let due = now().duration_since(self.drawn) >= FRAME;
            let read = !self.attached.as_ref().is_some_and(Attached::has_more);
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
        let journal = self.attached.as_ref().is_some_and(Attached::has_more);
        let idle = update::is_sifting(&self.model) || self.export.is_some();
        let retry_at = self.attached.as_ref().and_then(Attached::retry_at);
        let counting = update::next_wake_ms(&self.model).map(Duration::from_millis);
        let frame = dirty.then(|| FRAME.saturating_sub(now().duration_since(self.drawn)));
        let wake = counting.into_iter().chain(frame).min();
        let (gate, deck) = (self.attached.as_mut(), self.deck.as_mut());
        tokio::select! {
            biased;
            () = self.signals.next() => Woken::Signal,
            _ = self.winch.recv() => Woken::Resize,
            job = self.jobs.next() => Woken::Job(job),
            input = self.keyboard.next() => Woken::Input(input),
            line = async { match gate { Some(gate) => gate.next().await, None => std::future::pending().await } } => Woken::Gate(line),
            Some((text, by)) = self.copies.next() => Woken::Copied(text, by),
            body = self.loads.next() => Woken::Body(body),
            part = async { match deck { Some(deck) => deck.next().await, None => std::future::pending().await } } => Woken::Index(part),
            () = std::future::ready(()), if journal => Woken::Journal,
            () = std::future::ready(()), if idle => Woken::Idle,
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => Woken::Time,
            () = until(retry_at) => Woken::Retry,
        }
    }

    fn take(&mut self, msg: Msg) {
        self.queue.extend(update::update(&mut self.model, msg, stamp(self.begun)));
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Key(key, press) => self.take(Msg::Key(key, press)),
            Input::Paste(text) => self.take(Msg::Paste(text)),
            Input::Focus(focus) => self.take(Msg::Focus(focus)),
            Input::Answer(answer) => self.answered(&answer),
            Input::Mouse(mouse) => self.take(Msg::Mouse(mouse)),
        }
    }

    fn resize(&mut self) -> Result<(), ConsoleError> {
        self.screen.forget().map_err(ConsoleError::Terminal)?;
        let (columns, rows) = self.screen.size().map_err(ConsoleError::Terminal)?;
        self.take(Msg::Resize(Size { columns, rows }));
        Ok(())
    }

    fn line(&mut self, line: io::Result<ToConsole>) -> Result<(), ConsoleError> {
        let Some(gate) = &mut self.attached else { return Ok(()) };
        if let Some(msg) = gate.heard(line)? {
            self.take(msg);
        }
        Ok(())
    }

    /// Has the gate's part do something.
    fn gate<T: IntoIterator<Item = Msg>>(&mut self, act: impl FnOnce(&mut Attached) -> T) {
        for msg in self.attached.as_mut().map(act).into_iter().flatten() {
            self.take(msg);
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
                Cmd::Break(what) => self.stop_at(what),
                Cmd::Export(export) => self.begin_export(export),
                Cmd::Inspect(generation, rows) => {
                    let read = rows.iter().map(|row| (row.row, self.inspect(row))).collect();
                    self.take(Msg::Inspected(generation, read));
                }
                Cmd::Editor(text) => {
                    let edited = self.away(move || editor::edit(&text)).await?;
                    self.take(Msg::Edited(edited));
                }
                Cmd::Play(name) => self.play(name).await?,
                Cmd::FalseAlarm { id, reason, any_text } => {
                    self.false_alarm(id, reason, any_text).await?;
                }
                Cmd::Dry(dry) => {
                    let said = self.dry(&dry);
                    self.take(Msg::Dry(said));
                }
                Cmd::Count(counting) => {
                    let all = self.count(&counting);
                    self.take(Msg::Counted(counting.key, all));
                }
                Cmd::Suspend => self.suspend().await?,
                Cmd::Send(message) => {
                    let lost = match &mut self.attached {
                        Some(gate) => gate.send(&message).await,
                        None => Some(attached::down(&io::ErrorKind::NotConnected.into())),
                    };
                    if let Some(msg) = lost {
                        self.take(msg);
                    }
                }
            }
        }
    }

    /// Plays a recording by another process of this program, in this terminal.
    async fn play(&mut self, name: String) -> Result<(), ConsoleError> {
        let played = self
            .away(move || {
                let program = std::env::current_exe().map_err(|error| error.to_string())?;
                let player =
                    std::process::Command::new(program).args(["replay", "--", &name]).status();
                match player {
                    Ok(status) if status.success() => Ok(()),
                    Ok(status) => Err(format!("play {name}: {status}; `tollgate replay` says why")),
                    Err(error) => Err(format!("play {name}: {error}")),
                }
            })
            .await?;
        self.take(Msg::Back);
        if let Err(why) = played {
            self.take(Msg::Cannot(why));
        }
        Ok(())
    }

    /// Gives the terminal to another program, an editor for instance, and takes it back. Its Ctrl-C is not ours;
    /// the gate waits for nobody meanwhile.
    async fn away<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<Result<T, String>, ConsoleError> {
        // Its keys stay its own: the terminal is read by this task alone, which waits here.
        Screen::leave();
        let mut running = tokio::task::spawn_blocking(work);
        let done = loop {
            tokio::select! {
                done = &mut running => break done,
                _ = self.signals.int.recv() => {}
                // Its Ctrl-Z stops us too, or the shell would wait for us.
                job = self.jobs.next() => {
                    if job == Job::Stop {
                        self.jobs.stop_here().await;
                    }
                }
            }
        };
        self.screen.enter().map_err(ConsoleError::Terminal)?;
        Ok(done.unwrap_or_else(|error| Err(format!("it failed: {error}"))))
    }

    /// Gives the terminal back and stops; takes it again when the shell lets us go on. Calls that wait count on.
    async fn suspend(&mut self) -> Result<(), ConsoleError> {
        Screen::leave();
        self.jobs.stop_here().await;
        self.come_back()
    }

    /// Somebody stopped us without a word, and the terminal is as the shell left it.
    fn take_again(&mut self) -> Result<(), ConsoleError> {
        Screen::leave();
        self.come_back()
    }

    /// Takes the terminal, and nothing that was typed before.
    fn come_back(&mut self) -> Result<(), ConsoleError> {
        self.screen.enter().map_err(ConsoleError::Terminal)?;
        self.keyboard.forget();
        self.take(Msg::Back);
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

fn wall_clock() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    At(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// The time of a message, in a console that began at `begun`.
fn stamp(begun: Instant) -> Now {
    let mono_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { at: wall_clock(), mono_ms }
}

/// Then, or never.
async fn until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}
