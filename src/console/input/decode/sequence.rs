//! What whole sequences mean.

use crate::console::input::decode::STRING_BYTES_MAX;
use crate::console::input::{Answer, Focus, Input, Key, Mouse, Pointer, Press};

/// A whole control sequence: what is between `ESC [` and its last byte, and that.
pub(super) fn sequence_input(sequence: &[u8], last: u8) -> Option<Input> {
    let text = std::str::from_utf8(sequence).ok()?;
    if let Some(report) = text.strip_prefix('<') {
        return mouse(report, last);
    }
    if text.starts_with(['=', '>', '?']) || text.contains(|c: char| c < '0') {
        // Private parameters and intermediate bytes: answers, never keys.
        return None;
    }
    let mut fields = text.split(';');
    let code: u32 = fields.next().unwrap_or_default().split(':').next()?.parse().unwrap_or(1);
    let mut with = fields.next().unwrap_or_default().split(':');
    let modifiers = with.next().and_then(|m| m.parse::<u8>().ok()).unwrap_or(1);
    let press = match with.next().unwrap_or("1") {
        "1" => Press::Down,
        "2" => Press::Held,
        // It was let go.
        _ => return None,
    };
    let key = match last {
        b'I' if text.is_empty() => return Some(Input::Focus(Focus::In)),
        b'O' if text.is_empty() => return Some(Input::Focus(Focus::Out)),
        // Reports of device, status, window, mode, cursor: answers. F3 with a modifier looks like the last.
        b'c' | b'n' | b't' | b'x' | b'y' | b'R' => return None,
        b'~' => numbered(code),
        b'u' => character(code),
        b'Z' => Key::BackTab,
        other => arrow(other).unwrap_or(Key::Other),
    };
    Some(Input::Key(modified(key, modifiers), press))
}

/// The keys that `CSI x`, `CSI 1;5x` and `SS3 x` name alike.
pub(super) const fn arrow(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        _ => return None,
    })
}

/// `CSI number ~`.
const fn numbered(code: u32) -> Key {
    match code {
        1 | 7 => Key::Home,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        _ => Key::Other,
    }
}

/// `CSI code u`, by the keyboard protocol of kitty.
fn character(code: u32) -> Key {
    match code {
        9 => Key::Tab,
        // Enter, and that of the keypad.
        13 | 57_414 => Key::Enter,
        27 => Key::Esc,
        127 => Key::Backspace,
        57_399..=57_408 => char::from_digit(code - 57_399, 10).map_or(Key::Other, Key::Char),
        57_417 => Key::Left,
        57_418 => Key::Right,
        57_419 => Key::Up,
        57_420 => Key::Down,
        57_421 => Key::PageUp,
        57_422 => Key::PageDown,
        57_423 => Key::Home,
        57_424 => Key::End,
        57_426 => Key::Delete,
        // The rest of the private area: keys that have no character.
        0xe000..=0xf8ff => Key::Other,
        code => match char::from_u32(code) {
            Some(c) if !c.is_control() => Key::Char(c),
            Some(_) | None => Key::Other,
        },
    }
}

/// Modifiers count from 1: shift 1, alt 2, ctrl 4, super 8, hyper 16, meta 32, caps 64, num 128.
fn modified(key: Key, modifiers: u8) -> Key {
    let mask = modifiers.saturating_sub(1);
    let has = |bit: u8| mask & bit != 0;
    if has(2) || has(8) || has(16) || has(32) {
        return Key::Other;
    }
    if let Key::Char(c) = key {
        if has(4) {
            return Key::Ctrl(c.to_ascii_lowercase());
        }
        return Key::Char(if has(1) { c.to_ascii_uppercase() } else { c });
    }
    if key == Key::Tab && has(1) { Key::BackTab } else { key }
}

/// `CSI < buttons ; column ; row M`, or `m` when a button was let go.
fn mouse(report: &str, last: u8) -> Option<Input> {
    if last != b'M' {
        return None;
    }
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let (buttons, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let what = match buttons {
        0 => Pointer::Press,
        32 => Pointer::Drag,
        64 => Pointer::WheelUp,
        65 => Pointer::WheelDown,
        _ => Pointer::Other,
    };
    let (column, row) = (column.saturating_sub(1), row.saturating_sub(1));
    Some(Input::Mouse(Mouse { what, column, row }))
}

/// A string that is an answer which we understand; cut ones are not.
pub(super) fn answer(kind: u8, bytes: &[u8]) -> Option<Input> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= STRING_BYTES_MAX)?;
    let answer = match kind {
        b']' => {
            let mut parts = text.strip_prefix("11;rgb:")?.split('/').map(level);
            let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
            if parts.next().is_some() {
                return None;
            }
            Answer::Background(red, green, blue)
        }
        b'P' => Answer::Version(text.strip_prefix(">|")?.to_owned()),
        _ => return None,
    };
    Some(Input::Answer(answer))
}

/// One to four hexadecimal digits, scaled to a byte.
fn level(digits: &str) -> Option<u8> {
    let bits = match digits.len() {
        1 => 0xf,
        2 => 0xff,
        3 => 0xfff,
        4 => 0xffff,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    u8::try_from(value * 255 / bits).ok()
}
