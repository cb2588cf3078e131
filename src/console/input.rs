//! Keys as the console understands them, whatever the terminal sent.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

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

/// A key of the terminal; `None` when it was let go.
#[must_use]
pub fn key(event: KeyEvent) -> Option<(Key, Press)> {
    let press = match event.kind {
        KeyEventKind::Press => Press::Down,
        KeyEventKind::Repeat => Press::Held,
        KeyEventKind::Release => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let other = event.modifiers.intersects(
        KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META,
    );
    let key = match event.code {
        _ if other => Key::Other,
        KeyCode::Char(c) if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(shifted(c, event.modifiers)),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert
        | KeyCode::F(_)
        | KeyCode::Null
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::KeypadBegin
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => Key::Other,
    };
    Some((key, press))
}

/// Some terminals send a shifted letter as the letter and the modifier.
fn shifted(c: char, modifiers: KeyModifiers) -> char {
    if modifiers.contains(KeyModifiers::SHIFT) { c.to_ascii_uppercase() } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn press_hold_and_release_are_told_apart() {
        let event = |kind| KeyEvent::new_with_kind(KeyCode::Char('a'), KeyModifiers::NONE, kind);
        assert_eq!(key(event(KeyEventKind::Press)), Some((Key::Char('a'), Press::Down)));
        assert_eq!(key(event(KeyEventKind::Repeat)), Some((Key::Char('a'), Press::Held)));
        assert_eq!(key(event(KeyEventKind::Release)), None);
    }

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

    #[test]
    fn a_modified_letter_is_not_the_letter() {
        let with = |modifiers| key(KeyEvent::new(KeyCode::Char('a'), modifiers)).unwrap().0;
        assert_eq!(with(KeyModifiers::ALT), Key::Other);
        assert_eq!(with(KeyModifiers::CONTROL), Key::Ctrl('a'));
        assert_eq!(with(KeyModifiers::SHIFT), Key::Char('A'));
    }
}
