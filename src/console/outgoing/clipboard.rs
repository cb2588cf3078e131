//! The clipboard: by the desktop's own program, by tmux, or by the terminal (console.md 2.9).

use std::time::Duration;

use crate::console::outgoing::{Place, Sequence, program};

/// What terminals take of one OSC 52 at least, in bytes of base64 (console.md 2.9).
const OSC52_BYTES_MAX: usize = 74_994;
/// A program that does not take the text within this time is passed over.
const LIMIT: Duration = Duration::from_secs(2);

/// What became of a copy; told as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// This program took it.
    By(&'static str),
    /// It is in tmux's buffer, and tmux was asked to hand it on.
    Tmux,
    /// It was sent to the terminal, which says nothing in return.
    Osc52,
    /// No program took it, and it is too long for the terminal.
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
}

/// A program that takes the text on its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    words: &'static [&'static str],
    copied: Copied,
}

const WAYLAND: Tool = Tool { words: &["wl-copy"], copied: Copied::By("wl-copy") };
const X11: Tool =
    Tool { words: &["xclip", "-selection", "clipboard"], copied: Copied::By("xclip") };
const MAC: Tool = Tool { words: &["pbcopy"], copied: Copied::By("pbcopy") };
const TMUX: Tool = Tool { words: &["tmux", "load-buffer", "-w", "-"], copied: Copied::Tmux };

/// The programs that may be there, the best first: those of the display, then tmux, which hands the text
/// to the terminal around it (`-w`), where OSC 52 of a program inside would be dropped in silence.
#[must_use]
pub fn tools(variable: &dyn Fn(&str) -> Option<String>) -> Vec<Tool> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let table = [
        (WAYLAND, is_set("WAYLAND_DISPLAY")),
        (X11, is_set("DISPLAY")),
        (MAC, cfg!(target_os = "macos")),
        (TMUX, is_set("TMUX")),
    ];
    table.into_iter().filter(|(_, there)| *there).map(|(tool, _)| tool).collect()
}

/// Gives the text to the first program that takes it; `None` if none does. Takes its time.
#[must_use]
pub fn give(tools: &[Tool], text: &str) -> Option<Copied> {
    let taken = |tool: &&Tool| program::feed(tool.words, text.as_bytes(), LIMIT).is_ok();
    tools.iter().find(taken).map(|tool| tool.copied)
}

/// The text for the terminal's clipboard; `None` when it is too long or the terminal knows no strings.
#[must_use]
pub fn osc52(text: &str, place: &Place) -> Option<Sequence> {
    let encoded = text.len().div_ceil(3).saturating_mul(4);
    let fits = encoded <= OSC52_BYTES_MAX && place.has_strings();
    let sequence = || Sequence::new().constant("\x1b]52;c;").base64(text.as_bytes());
    fits.then(|| sequence().constant("\x1b\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_tried_in_order() {
        let table: [(&[&str], &[Tool]); 5] = [
            (&[], &[]),
            (&["TMUX"], &[TMUX]),
            (&["DISPLAY", "TMUX"], &[X11, TMUX]),
            (&["DISPLAY", "WAYLAND_DISPLAY"], &[WAYLAND, X11]),
            (&["SSH_CONNECTION"], &[]),
        ];
        for (set, expected) in table {
            let found = tools(&|name| set.contains(&name).then(|| "x".to_owned()));
            let found: Vec<Tool> = found.into_iter().filter(|tool| *tool != MAC).collect();
            assert_eq!(found, expected, "{set:?}");
        }
        assert!(tools(&|_| Some(String::new())).iter().all(|tool| *tool == MAC));
    }

    #[test]
    fn the_first_program_that_takes_it_has_it() {
        let good = Tool { words: &["sh", "-c", "cat >/dev/null"], copied: Copied::By("sh") };
        let bad = Tool { words: &["sh", "-c", "exit 1"], copied: Copied::By("bad") };
        let none = Tool { words: &["/no/such/program"], copied: Copied::By("none") };
        assert_eq!(give(&[none, bad, good], "text"), Some(Copied::By("sh")));
        assert_eq!(give(&[none, bad], "text"), None);
    }

    #[test]
    fn a_terminal_gets_base64_or_nothing() {
        let place = Place { term: "xterm".to_owned(), ..Place::default() };
        let sequence = osc52("a\u{1b}]b\u{7}", &place).unwrap();
        assert_eq!(sequence.bytes(), b"\x1b]52;c;YRtdYgc=\x1b\\");
        let most = OSC52_BYTES_MAX / 4 * 3;
        assert!(osc52(&"x".repeat(most), &place).is_some());
        assert_eq!(osc52(&"x".repeat(most + 1), &place), None);
        let linux = Place { term: "linux".to_owned(), ..Place::default() };
        assert_eq!(osc52("x", &linux), None);
    }
}
