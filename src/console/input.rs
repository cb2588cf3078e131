//! What the terminal sends, as the console understands it, whatever bytes it came in.

mod decode;

pub use decode::Decoder;

/// One thing that came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key, Press),
    /// Text between paste brackets.
    Paste(String),
    /// The terminal's window came to the front, or left it.
    Focus(Focus),
    /// Something done with the mouse.
    Mouse(Mouse),
    /// The terminal's word on itself. Whether it was asked for is for the caller to know.
    Answer(Answer),
}

/// Where the terminal's window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// It has the keyboard.
    In,
    /// Another one has it.
    Out,
}

/// What a terminal says of itself when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its background: red, green, blue (OSC 11).
    Background(u8, u8, u8),
    /// Its name and version (XTVERSION), cut to what a name takes; **foreign text**.
    Version(String),
}

/// A report of the mouse; columns and rows count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the names")]
pub struct Mouse {
    pub what: Pointer,
    pub column: u16,
    pub row: u16,
}

/// What was done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The left button went down.
    Press,
    /// The wheel was turned towards the start.
    WheelUp,
    /// The wheel was turned towards the end.
    WheelDown,
    /// Anything else: it does nothing but end a quiet time.
    Other,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those on the keys")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Backspace,
    Delete,
    /// Any other: it does nothing but end a quiet time.
    Other,
}

/// Whether a finger went down or just stayed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// It went down, as far as the terminal tells.
    Down,
    /// The terminal said that the key is being held.
    Held,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Char(' ') => f.write_str("Space"),
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "Ctrl-{c}"),
            Self::BackTab => f.write_str("Shift-Tab"),
            Self::Enter => f.write_str("Enter"),
            Self::Esc => f.write_str("Esc"),
            Self::Tab => f.write_str("Tab"),
            Self::Up => f.write_str("Up"),
            Self::Down => f.write_str("Down"),
            Self::Left => f.write_str("Left"),
            Self::Right => f.write_str("Right"),
            Self::PageUp => f.write_str("PageUp"),
            Self::PageDown => f.write_str("PageDown"),
            Self::Home => f.write_str("Home"),
            Self::End => f.write_str("End"),
            Self::Backspace => f.write_str("Backspace"),
            Self::Delete => f.write_str("Delete"),
            Self::Other => f.write_str("other"),
        }
    }
}
