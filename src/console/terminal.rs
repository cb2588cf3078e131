//! The terminal, taken and given back: also when we panic, and before the panic is told.

mod keyboard;

use std::io::{self, Stdout, Write as _, stdout};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

pub(super) use keyboard::Keyboard;

/// Puts the window's title on the terminal's stack of titles, and takes it back from there.
const PUSH_TITLE: &str = "\x1b[22;2t";
const POP_TITLE: &str = "\x1b[23;2t";
/// Reports presses, the wheel and what is dragged, in decimal; crossterm's own command asks for every move too.
const MOUSE_ON: &str = "\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l";

/// Held while the console has the terminal.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: raw, on its other screen, with pastes in brackets, focus reported, and
    /// presses told from repeats where it can (others ignore the request). With `mouse` the terminal
    /// reports it; selecting text takes Shift then.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        // How many colours there are was decided already; crossterm would ask `NO_COLOR` once more.
        crossterm::style::force_color_output(true);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            hook(panic);
        }));
        match take(mouse).and_then(|()| Terminal::new(CrosstermBackend::new(stdout()))) {
            Ok(terminal) => Ok(Self { terminal, mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Gives the terminal to another program for a while.
    pub(super) fn leave() {
        restore();
    }

    /// Takes it back, and draws every cell anew.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        take(self.mouse)?;
        self.forget()
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Lets the next frame draw every cell: a size that came and went left the terminal with less than
    /// the last frame, though no frame saw that size.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        let (columns, rows) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// One frame, shown at once.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    pub(super) fn ring() -> io::Result<()> {
        Self::write(b"\x07")
    }

    /// Sequences that are no part of a frame.
    pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
        let mut out = stdout();
        out.write_all(bytes)?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let held = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
        | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
    execute!(
        stdout(),
        EnterAlternateScreen,
        Print(PUSH_TITLE),
        EnableBracketedPaste,
        EnableFocusChange,
        PushKeyboardEnhancementFlags(held),
        Print(if mouse { MOUSE_ON } else { "" })
    )
}

/// Gives the terminal back. Nothing more can be done where that fails.
fn restore() {
    let _done = execute!(
        stdout(),
        EndSynchronizedUpdate,
        Print(MOUSE_OFF),
        PopKeyboardEnhancementFlags,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Print(POP_TITLE),
        crossterm::cursor::Show
    );
    let _done = disable_raw_mode();
}
