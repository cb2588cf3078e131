//! The shell's hands: themes, and what the terminal is asked.

use std::time::{Duration, Instant};

use crate::console::input::Answer;
use crate::console::run::{ConsoleError, Shell, now};
use crate::console::terminal::Screen;
use crate::console::theme::Theme;
use crate::console::update::Msg;

/// A terminal answers at once or not at all; a theme that changes later would startle (console.md 2.7).
const BACKGROUND_WINDOW: Duration = Duration::from_millis(100);

/// What was asked of the terminal, and what it said. **An answer that comes too late, or was not asked for, is
/// nothing**: whoever can write to the terminal could have sent it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    background_until: Option<Instant>,
    background: Option<(u8, u8, u8)>,
}

impl Shell {
    /// Asks, without waiting: the first frame is drawn meanwhile, and keys are keys.
    pub(super) fn ask_terminal(&mut self) -> Result<(), ConsoleError> {
        if Theme::is_pair(&self.options.theme_name) {
            Screen::write(b"\x1b]11;?\x1b\\").map_err(ConsoleError::Terminal)?;
            self.asked.background_until = Some(now() + BACKGROUND_WINDOW);
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
            Answer::Version(_) => {}
        }
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
