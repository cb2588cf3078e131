//! Bytes of a terminal to inputs.
//!
//! A terminal sends keys and its own words on one line, and some of its words contain letters: the
//! answer to "which background" is `ESC ] 11;rgb:dada/…`. So **a sequence is read to its end before
//! anything is made of it, and one that is not a key makes no key**: neither its beginning nor its rest.
//! Nothing is kept beyond what a name or a paste takes, whatever comes.
//!
//! The grammar is that of ECMA-48, section 5.4 (control sequences) and 5.6 (strings), with what terminals
//! added to it: SS3 keys, the three bytes behind the old mouse report, the letter behind the Linux
//! console's `CSI [`, and bracketed paste.

mod sequence;

use crate::console::input::{Input, Key, Press};
use sequence::{answer, arrow, sequence_input};

/// A lone ESC is the key if nothing follows it for this long: the bytes of one sequence come in one
/// packet, and a person does not notice the wait.
const SEQUENCE_WAIT_MS: u64 = 50;
/// The answer to a question may come in several packets; what follows its beginning within this time
/// belongs to it.
const STRING_WAIT_MS: u64 = 1000;
/// Bytes kept of a control sequence; the longest key has about 20.
const SEQUENCE_BYTES_MAX: usize = 64;
/// Bytes kept of a string: more than an answer that is understood has.
const STRING_BYTES_MAX: usize = 128;
/// Bytes kept of a paste: what may be edited on a card.
const PASTE_BYTES_MAX: usize = 1024 * 1024;
/// The end of a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// The state between two reads.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    out: Vec<Input>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind `ESC O`.
    Ss3,
    /// Behind `ESC [`; what follows it so far.
    Csi(Vec<u8>),
    /// In a character of several bytes; whether ESC came before it, what is there, and how many are due.
    Utf8 { alt: bool, bytes: Vec<u8>, due: usize },
    /// In a string: what begins it, what is there, and whether its last byte was ESC.
    Text { kind: u8, bytes: Vec<u8>, escape: bool },
    /// Between paste brackets; how many bytes of [`PASTE_END`] were seen last.
    Paste { bytes: Vec<u8>, ending: usize },
    /// These bytes belong to what came before.
    Skip(usize),
}

impl Decoder {
    /// Takes bytes in; gives what is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        for byte in bytes {
            self.state = match std::mem::take(&mut self.state) {
                State::Ground => self.ground(*byte, false),
                State::Escape => self.escape(*byte),
                State::Ss3 => self.ss3(*byte),
                State::Csi(sequence) => self.csi(sequence, *byte),
                State::Utf8 { alt, bytes, due } => self.utf8(alt, bytes, due, *byte),
                State::Text { kind, bytes, escape } => self.text(kind, bytes, escape, *byte),
                State::Paste { bytes, ending } => self.paste(bytes, ending, *byte),
                State::Skip(1) => State::Ground,
                State::Skip(left) => State::Skip(left.saturating_sub(1)),
            };
        }
        std::mem::take(&mut self.out)
    }

    /// How long to wait for the rest of what has begun, in milliseconds, before [`Self::give_up`]; `None`
    /// if nothing has.
    #[must_use]
    pub const fn patience_ms(&self) -> Option<u64> {
        match self.state {
            State::Ground | State::Paste { .. } => None,
            State::Escape | State::Ss3 | State::Csi(_) | State::Utf8 { .. } | State::Skip(_) => {
                Some(SEQUENCE_WAIT_MS)
            }
            State::Text { .. } => Some(STRING_WAIT_MS),
        }
    }

    /// The rest did not come: a lone ESC is the key, anything else was a key that we do not know.
    pub fn give_up(&mut self) -> Vec<Input> {
        match std::mem::take(&mut self.state) {
            State::Escape => self.press(Key::Esc),
            State::Ss3
            | State::Csi(_)
            | State::Utf8 { .. }
            | State::Skip(_)
            | State::Text { .. } => {
                self.press(Key::Other);
            }
            State::Ground => {}
            paste @ State::Paste { .. } => self.state = paste,
        }
        std::mem::take(&mut self.out)
    }

    fn press(&mut self, key: Key) {
        self.out.push(Input::Key(key, Press::Down));
    }

    /// A byte that begins something, behind ESC or not.
    fn ground(&mut self, byte: u8, alt: bool) -> State {
        let key = match byte {
            0x1b => return State::Escape,
            b'\r' => Key::Enter,
            b'\t' => Key::Tab,
            0x7f => Key::Backspace,
            0 => Key::Ctrl(' '),
            0x01..=0x1a => Key::Ctrl(char::from(byte + b'a' - 1)),
            0x1c..=0x1f => Key::Ctrl(char::from(byte - 0x1c + b'4')),
            0x20..=0x7e => Key::Char(char::from(byte)),
            0xc2..=0xdf => return State::Utf8 { alt, bytes: vec![byte], due: 1 },
            0xe0..=0xef => return State::Utf8 { alt, bytes: vec![byte], due: 2 },
            0xf0..=0xf4 => return State::Utf8 { alt, bytes: vec![byte], due: 3 },
            0x80..=0xc1 | 0xf5..=0xff => Key::Other,
        };
        self.press(if alt { Key::Other } else { key });
        State::Ground
    }

    fn escape(&mut self, byte: u8) -> State {
        match byte {
            b'[' => State::Csi(Vec::new()),
            b'O' => State::Ss3,
            // DCS, SOS, OSC, PM, APC.
            b'P' | b'X' | b']' | b'^' | b'_' => {
                State::Text { kind: byte, bytes: Vec::new(), escape: false }
            }
            // The end of a string that we do not know of.
            b'\\' => State::Ground,
            0x1b => {
                self.press(Key::Esc);
                State::Escape
            }
            other => self.ground(other, true),
        }
    }

    fn ss3(&mut self, byte: u8) -> State {
        let key = match byte {
            0x1b => {
                self.press(Key::Other);
                return State::Escape;
            }
            b'M' => Key::Enter,
            other => arrow(other).unwrap_or(Key::Other),
        };
        self.press(key);
        State::Ground
    }

    fn utf8(&mut self, alt: bool, mut bytes: Vec<u8>, due: usize, byte: u8) -> State {
        if !(0x80..=0xbf).contains(&byte) {
            self.press(Key::Other);
            return self.ground(byte, false);
        }
        bytes.push(byte);
        if due > 1 {
            return State::Utf8 { alt, bytes, due: due - 1 };
        }
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let key = match text.chars().next() {
            Some(c) if !alt && !c.is_control() => Key::Char(c),
            Some(_) | None => Key::Other,
        };
        self.press(key);
        State::Ground
    }

    fn csi(&mut self, mut sequence: Vec<u8>, byte: u8) -> State {
        match byte {
            0x1b => {
                self.press(Key::Other);
                State::Escape
            }
            // CAN and SUB end it, other controls have no business in it and do not either.
            0x18 | 0x1a => State::Ground,
            0x00..=0x1f | 0x7f..=0xff => State::Csi(sequence),
            0x20..=0x3f => {
                if sequence.len() < SEQUENCE_BYTES_MAX {
                    sequence.push(byte);
                }
                State::Csi(sequence)
            }
            b'M' if sequence.is_empty() => State::Skip(3),
            b'[' if sequence.is_empty() => {
                self.press(Key::Other);
                State::Skip(1)
            }
            b'~' if sequence == b"200" => State::Paste { bytes: Vec::new(), ending: 0 },
            last => {
                // One that was cut is not the one it looks like.
                if sequence.len() < SEQUENCE_BYTES_MAX {
                    self.out.extend(sequence_input(&sequence, last));
                }
                State::Ground
            }
        }
    }

    fn text(&mut self, kind: u8, mut bytes: Vec<u8>, escape: bool, byte: u8) -> State {
        if escape && byte != b'\\' {
            return self.escape(byte);
        }
        let ends = escape || (kind == b']' && byte == 0x07);
        if ends {
            self.out.extend(answer(kind, &bytes));
            return State::Ground;
        }
        match byte {
            0x18 | 0x1a => State::Ground,
            0x1b => State::Text { kind, bytes, escape: true },
            _ => {
                if bytes.len() <= STRING_BYTES_MAX {
                    bytes.push(byte);
                }
                State::Text { kind, bytes, escape: false }
            }
        }
    }

    fn paste(&mut self, mut bytes: Vec<u8>, ending: usize, byte: u8) -> State {
        if bytes.len() < PASTE_BYTES_MAX + PASTE_END.len() {
            bytes.push(byte);
        }
        // The end has one ESC, its first byte: another one can only begin it again.
        let ending = match PASTE_END.get(ending) {
            Some(due) if *due == byte => ending + 1,
            Some(_) | None => usize::from(byte == 0x1b),
        };
        if ending < PASTE_END.len() {
            return State::Paste { bytes, ending };
        }
        if bytes.ends_with(PASTE_END) {
            bytes.truncate(bytes.len() - PASTE_END.len());
        }
        bytes.truncate(PASTE_BYTES_MAX);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.out.push(Input::Paste(text));
        State::Ground
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys of an input, as the table in the manual names them.
    fn named(inputs: &[Input]) -> String {
        let name = |input: &Input| match input {
            Input::Key(key, Press::Down) => key.to_string(),
            Input::Key(key, Press::Held) => format!("held:{key}"),
            Input::Paste(text) => format!("paste:{text}"),
            Input::Focus(focus) => format!("{focus:?}"),
            Input::Mouse(mouse) => format!("{:?}@{},{}", mouse.what, mouse.column, mouse.row),
            Input::Answer(answer) => format!("{answer:?}"),
        };
        inputs.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    fn check(bytes: &str, expected: &str) {
        let mut whole = Decoder::default();
        let mut inputs = whole.feed(bytes.as_bytes());
        inputs.extend(whole.give_up());
        assert_eq!(named(&inputs), expected, "{bytes:?}");
        // The same in single bytes: how a packet is cut changes nothing.
        let mut cut = Decoder::default();
        let mut inputs: Vec<Input> = bytes.bytes().flat_map(|byte| cut.feed(&[byte])).collect();
        inputs.extend(cut.give_up());
        assert_eq!(named(&inputs), expected, "{bytes:?} in single bytes");
    }

    #[test]
    fn keys_are_those_that_were_pressed() {
        let table = [
            ("aZ \u{e9}\u{65e5}\u{1f600}", "a Z Space \u{e9} \u{65e5} \u{1f600}"),
            ("\r\n\t\u{7f}\u{3}\u{0}\u{1f}", "Enter Ctrl-j Tab Backspace Ctrl-c Ctrl-  Ctrl-7"),
            ("\x1b", "Esc"),
            ("\x1b\x1b", "Esc Esc"),
            ("\x1b\x1b[A", "Esc Up"),
            ("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "Up Down Right Left Home End"),
            ("\x1bOA\x1bOF\x1bOP\x1bOM", "Up End other Enter"),
            ("\x1b[1;5A\x1b[1;1:2B\x1b[1;1:3B", "Up held:Down"),
            (
                "\x1b[3~\x1b[5~\x1b[6~\x1b[1~\x1b[8~\x1b[15~",
                "Delete PageUp PageDown Home End other",
            ),
            ("\x1b[Z\x1b[9;2u", "Shift-Tab Shift-Tab"),
            ("\x1b[97u\x1b[97;1:2u\x1b[97;1:3u\x1b[97;2u", "a held:a A"),
            ("\x1b[97;5u\x1b[97;3u\x1b[97;9u", "Ctrl-a other other"),
            ("\x1b[27u\x1b[13u\x1b[127u\x1b[57400u\x1b[57350u", "Esc Enter Backspace 1 other"),
            ("\x1b[97:65;2;65u", "A"),
            ("\x1ba\x1b\u{e9}\x1b\r", "other other other"),
            ("\x1b[", "other"),
            ("\x1bO", "other"),
            ("\x1b[I\x1b[O", "In Out"),
        ];
        for (bytes, expected) in table {
            check(bytes, expected);
        }
    }

    #[test]
    fn what_a_terminal_says_of_itself_is_no_key() {
        let table = [
            ("\x1b[?64;1;2;4c", ""),
            ("\x1b[>0;276;0c", ""),
            ("\x1b[=1;2c", ""),
            ("\x1bP!|00000000\x1b\\", ""),
            ("\x1b[5;7R\x1b[0;0R\x1b[1;1R", ""),
            ("\x1b[?1;2;3R", ""),
            ("\x1b[0n\x1b[3n\x1b[?997;1n", ""),
            ("\x1b[?2026;2$y\x1b[4;1$y", ""),
            ("\x1b[?1u", ""),
            ("\x1b[8;24;80t\x1b[4;600;800t", ""),
            ("\x1b]10;rgb:dada/dada/adad\x1b\\", ""),
            ("\x1b]10;rgb:dada/dada/adad\x07", ""),
            ("\x1b]4;1;rgb:aa/dd/ee\x07", ""),
            ("\x1b]52;c;YWQ=\x07", ""),
            ("\x1b]l a title with y and a\x1b\\", ""),
            ("\x1bP1$r0m\x1b\\", ""),
            ("\x1bP1+r524742=38\x1b\\", ""),
            ("\x1b_Gi=1;OK\x1b\\", ""),
            ("\x1b^a\x1b\\\x1bXd\x1b\\", ""),
            ("\x1b\\", ""),
            ("\x1b]11;rgb:dada/0000/ffff\x07", "Background(218, 0, 255)"),
            ("\x1b]11;rgb:f/80/abc\x1b\\", "Background(255, 128, 171)"),
            ("\x1b]11;rgb:dada/0000\x07", ""),
            ("\x1b]11;rgb:dada/0000/ffff/1\x07", ""),
            ("\x1b]11;rgb:+1/00/00\x07", ""),
            ("\x1bP>|kitty(0.35.2)\x1b\\", "Version(\"kitty(0.35.2)\")"),
        ];
        for (bytes, expected) in table {
            check(bytes, expected);
            // And what is typed behind it counts.
            check(&format!("{bytes}a"), format!("{expected} a").trim());
        }
    }

    #[test]
    fn the_mouse_is_no_key() {
        let table = [
            ("\x1b[<0;5;7M\x1b[<0;5;7m", "Press@4,6"),
            ("\x1b[<64;1;1M\x1b[<65;1;1M", "WheelUp@0,0 WheelDown@0,0"),
            (
                "\x1b[<2;1;1M\x1b[<4;1;1M\x1b[<35;1;1M\x1b[<66;1;1M",
                "Other@0,0 Other@0,0 Other@0,0 Other@0,0",
            ),
            ("\x1b[<0;0;0M\x1b[<0;99999;1M\x1b[<0;1M\x1b[<;;M", "Press@0,0"),
            // Terminals without the newer reports, one of a click at column 65: `a`.
            ("\x1b[M aa", ""),
            ("\x1b[32;65;65M", "other"),
            // F1 of the Linux console.
            ("\x1b[[A", "other"),
        ];
        for (bytes, expected) in table {
            check(bytes, expected);
        }
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it() {
        let table = [
            ("\x1b[200~a\x1b[Ad\r\x1b]11;x\x07\x1b[201~a", "paste:a\x1b[Ad\r\x1b]11;x\x07 a"),
            ("\x1b[200~\x1b\x1b[201~", "paste:\x1b"),
            ("\x1b[200~\x1b[20\x1b[201~", "paste:\x1b[20"),
            ("\x1b[200~\x1b[200~\x1b[201~", "paste:\x1b[200~"),
            ("\x1b[200~never ended a d y", ""),
            ("\x1b[201~", "other"),
        ];
        for (bytes, expected) in table {
            check(bytes, expected);
        }
        let long = format!("\x1b[200~{}\x1b[201~a", "x".repeat(2 * PASTE_BYTES_MAX));
        let inputs = Decoder::default().feed(long.as_bytes());
        assert!(matches!(&inputs[..], [Input::Paste(text), Input::Key(Key::Char('a'), _)]
            if text.len() == PASTE_BYTES_MAX));
    }

    #[test]
    fn broken_bytes_are_no_letters() {
        for bytes in
            [&b"\xff"[..], b"\xc3\xc3", b"\x9b31m", b"\xe2\x28", b"\xed\xa0\x80", b"\xc2\x85"]
        {
            let mut decoder = Decoder::default();
            let mut inputs = decoder.feed(bytes);
            inputs.extend(decoder.give_up());
            assert!(named(&inputs).starts_with("other"), "{bytes:?}: {inputs:?}");
        }
    }

    #[test]
    fn endless_sequences_take_no_room() {
        let mut decoder = Decoder::default();
        for start in [&b"\x1b["[..], b"\x1b]", b"\x1bP"] {
            decoder.feed(start);
            for _ in 0..1000 {
                assert_eq!(decoder.feed(&[b'1'; 1000]), []);
            }
            let held = if let State::Csi(bytes) | State::Text { bytes, .. } = &decoder.state {
                bytes.len()
            } else {
                panic!("{:?}", decoder.state)
            };
            assert!(held <= STRING_BYTES_MAX + 1, "{held}");
            assert_eq!(decoder.feed(b"\x18"), []);
        }
    }

    proptest! {
        /// Whatever stands between the beginning and the end of a string or a private sequence, no key
        /// comes of it.
        #[test]
        fn no_answer_makes_a_key(text in "[ -~]{0,200}", numbers in "[0-9;:]{0,70}", last in "[@-~]") {
            for whole in [
                format!("\x1b]{text}\x07"),
                format!("\x1bP{text}\x1b\\"),
                format!("\x1b_{text}\x1b\\"),
                format!("\x1b[?{numbers}{last}"),
                format!("\x1b[>{numbers}{last}"),
                format!("\x1b[{numbers}${last}"),
            ] {
                let inputs = Decoder::default().feed(whole.as_bytes());
                prop_assert!(!inputs.iter().any(|i| matches!(i, Input::Key(..))), "{whole:?}: {inputs:?}");
            }
        }

        /// How packets are cut changes nothing, and nothing panics.
        #[test]
        fn cuts_change_nothing(bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(0x1b), Just(b'['), Just(b']'), Just(b'~'), Just(b'2'), Just(b'0'),
        ], 0..80)) {
            let whole = Decoder::default().feed(&bytes);
            let mut cut = Decoder::default();
            let single: Vec<Input> = bytes.iter().flat_map(|byte| cut.feed(&[*byte])).collect();
            prop_assert_eq!(whole, single);
        }
    }
}
