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
    /// It was moved while the left button was down.
    Drag,
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

impl Key {
    /// The key of this name, as [`Display`](std::fmt::Display) writes it: `x`, `Ctrl-x`, `Enter`, `Space`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        const NAMED: [Key; 16] = [
            Key::Char(' '),
            Key::Enter,
            Key::Esc,
            Key::Tab,
            Key::BackTab,
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::Backspace,
            Key::Delete,
            Key::Other,
        ];
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|c| chars.next().is_none() && !c.is_control())
        };
        if let Some(letter) = name.strip_prefix("Ctrl-") {
            return one(letter).filter(char::is_ascii_lowercase).map(Self::Ctrl);
        }
        let named = NAMED.into_iter().find(|key| key.to_string().eq_ignore_ascii_case(name));
        named.filter(|key| *key != Self::Other).or_else(|| one(name).map(Self::Char))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_they_are_shown() {
        for key in [
            Key::Char('x'),
            Key::Char('?'),
            Key::Char(' '),
            Key::Ctrl('x'),
            Key::BackTab,
            Key::PageUp,
        ] {
            assert_eq!(Key::named(&key.to_string()), Some(key));
        }
        for name in ["", "xy", "Ctrl-", "Ctrl-X", "other", "\u{1b}"] {
            assert_eq!(Key::named(name), None, "{name:?}");
        }
    }
}
