//! The shell's hands: themes, notifications, the title, the clipboard, and what the terminal is asked.

use std::io::{self, BufRead as _, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::console::input::Answer;
use crate::console::outgoing::clipboard::{self, Copied};
use crate::console::outgoing::{self, Method, Mux, Notice};
use crate::console::run::{ConsoleError, Shell, now};
use crate::console::terminal::Screen;
use crate::console::theme::Theme;
use crate::console::update::Msg;

/// A terminal answers at once or not at all; a theme that changes later would startle (console.md 2.7).
const BACKGROUND_WINDOW: Duration = Duration::from_millis(100);

/// A terminal's name may come a while later, over a slow line.
const VERSION_WINDOW: Duration = Duration::from_secs(2);

/// What was asked of the terminal, and what it said. **An answer that comes too late, or was not asked for, is
/// nothing**: whoever can write to the terminal could have sent it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    background_until: Option<Instant>,
    background: Option<(u8, u8, u8)>,
    version_until: Option<Instant>,
    /// The terminal's own name: foreign, and only compared with names that we know.
    version: Option<String>,
}

/// Copies on their way: programs take their time, and the loop does not wait for them.
#[derive(Debug)]
pub(super) struct Copies {
    running: JoinSet<(String, Option<Copied>)>,
}

impl Copies {
    pub(super) fn new() -> Self {
        Self { running: JoinSet::new() }
    }

    /// The next one that is done: its text, and the program that took it. Pending while there is none;
    /// may be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<(String, Option<Copied>)> {
        match self.running.join_next().await {
            Some(done) => done.ok(),
            None => std::future::pending().await,
        }
    }
}

impl Shell {
    /// Has another process of this program say what a suppression would silence, and ask; in this terminal.
    pub(super) async fn false_alarm(
        &mut self,
        id: String,
        reason: String,
        any_text: bool,
    ) -> Result<(), ConsoleError> {
        let asked = self
            .away(move || {
                let said = |error: io::Error| format!("suppress {id}: {error}");
                let mut command = Command::new(std::env::current_exe().map_err(said)?);
                command.args(["findings", "suppress", &id]).arg(format!("--reason={reason}"));
                if any_text {
                    command.args(["--wider", "text"]);
                }
                command.status().map_err(said)?;
                let mut out = io::stdout().lock();
                out.write_all(b"Enter goes back to the console. ").map_err(said)?;
                out.flush().map_err(said)?;
                io::stdin().lock().read_line(&mut String::new()).map_err(said)
            })
            .await?;
        self.take(Msg::Back);
        if let Err(why) = asked {
            self.take(Msg::Cannot(why));
        }
        Ok(())
    }

    /// Gives text to the first program that takes it, elsewhere. One at a time: a key that is held would
    /// start a hundred.
    pub(super) fn copy(&mut self, text: String) {
        if !self.copies.running.is_empty() {
            return;
        }
        let tools = self.options.clipboard.clone();
        self.copies.running.spawn_blocking(move || {
            let by = clipboard::give(&tools, &text);
            (text, by)
        });
    }

    /// No program took it: then it is the terminal's, if it fits.
    pub(super) fn copied(&mut self, text: &str, by: Option<Copied>) -> Result<(), ConsoleError> {
        let what = match (by, clipboard::osc52(text, &self.options.place)) {
            (Some(by), _) => by,
            (None, Some(sequence)) => {
                Screen::write(sequence.bytes()).map_err(ConsoleError::Terminal)?;
                Copied::Osc52
            }
            (None, None) => Copied::TooLong { bytes: text.len() },
        };
        self.take(Msg::Copied(what));
        Ok(())
    }

    /// Asks, without waiting: the first frame is drawn meanwhile, and keys are keys.
    pub(super) fn ask_terminal(&mut self) -> Result<(), ConsoleError> {
        if Theme::is_pair(&self.options.theme_name) {
            Screen::write(b"\x1b]11;?\x1b\\").map_err(ConsoleError::Terminal)?;
            self.asked.background_until = Some(now() + BACKGROUND_WINDOW);
        }
        let place = &self.options.place;
        if self.options.notify.is_none() && place.mux == Mux::None && place.has_strings() {
            Screen::write(b"\x1b[>q").map_err(ConsoleError::Terminal)?;
            self.asked.version_until = Some(now() + VERSION_WINDOW);
        }
        Ok(())
    }

    /// The terminal said something of itself.
    pub(super) fn answered(&mut self, answer: &Answer) {
        match answer {
            Answer::Background(red, green, blue) => {
                if self.asked.background_until.take().is_none_or(|until| until < now()) {
                    return;
                }
                self.asked.background = Some((*red, *green, *blue));
                let picked = Theme::pick(&self.options.theme_name, self.asked.background);
                if let Ok(theme) = (self.options.themes)(picked) {
                    self.options.theme = theme;
                }
            }
            Answer::Version(version) => {
                if self.asked.version_until.take().is_some_and(|until| now() <= until) {
                    self.asked.version = Some(version.clone());
                }
            }
        }
    }

    /// Tells the operator by the way that was chosen.
    pub(super) fn notify(&mut self, notice: &Notice) -> Result<(), ConsoleError> {
        let place = &self.options.place;
        let auto = || Method::auto(place, self.asked.version.as_deref());
        let method = self.options.notify.unwrap_or_else(auto);
        if method == Method::Command
            && let Err(error) = self.runner.start(notice)
        {
            self.take(Msg::NotNotified(error.to_string()));
        }
        let sequence = notice.sequence(method, self.options.place.mux);
        Screen::write(sequence.bytes()).map_err(ConsoleError::Terminal)
    }

    /// Says in the window's title how many calls wait.
    pub(super) fn title(&mut self) -> Result<(), ConsoleError> {
        self.runner.reap();
        let waiting = self.model.waiting().count() as u64;
        if self.titled == Some(waiting) || !self.options.place.has_strings() {
            return Ok(());
        }
        self.titled = Some(waiting);
        Screen::write(outgoing::title(waiting).bytes()).map_err(ConsoleError::Terminal)
    }

    /// Changes the theme while running.
    pub(super) fn put_on(&mut self, name: &str) {
        let picked = Theme::pick(name, self.asked.background);
        let put_on = (self.options.themes)(picked).map(|theme| {
            self.options.theme = theme;
            name.clone_into(&mut self.options.theme_name);
            picked.to_owned()
        });
        self.take(Msg::Theme(put_on));
    }
}
