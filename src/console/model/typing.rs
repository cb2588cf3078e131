//! A line that is being typed, and the lines typed before.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::console::action::Context;
use crate::console::command::LINE_BYTES_MAX;
use crate::console::filter::Completion;
use crate::console::input::Key;
use crate::console::model::CallAt;
use crate::text::Safe;

/// Lines of each kind that are kept (console.md 2.5).
const PAST_MAX: usize = 50;

/// Text and where the next letter goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    text: String,
    /// In bytes, always between two graphemes.
    cursor: usize,
}

impl Edit {
    /// With this text, at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut edit = Self::default();
        edit.insert(text);
        edit
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes before the cursor.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// What stands before and behind the cursor.
    #[must_use]
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// Puts text in at the cursor: one line, as much as there is room for.
    pub fn insert(&mut self, text: &str) {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let room = LINE_BYTES_MAX.saturating_sub(self.text.len());
        let line = line.get(..line.floor_char_boundary(room)).unwrap_or_default();
        self.text.insert_str(self.cursor, line);
        self.cursor += line.len();
    }

    /// Puts text in the place of a part, and the cursor behind it.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_some() {
            self.cursor = range.start + text.len();
            self.text.replace_range(range, text);
        }
    }

    /// A key that is no command; `false` if it changes nothing here.
    pub fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Backspace => self.cut(self.left()..self.cursor),
            Key::Delete | Key::Ctrl('d') => self.cut(self.cursor..self.right()),
            Key::Ctrl('u') => self.cut(0..self.cursor),
            Key::Ctrl('k') => self.cut(self.cursor..self.text.len()),
            Key::Ctrl('w') => self.cut(self.word()..self.cursor),
            Key::Left | Key::Ctrl('b') => self.cursor = self.left(),
            Key::Right | Key::Ctrl('f') => self.cursor = self.right(),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl(_)
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Other => return false,
        }
        true
    }

    fn cut(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    fn left(&self) -> usize {
        let last = self.halves().0.graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn right(&self) -> usize {
        self.cursor + self.halves().1.graphemes(true).next().map_or(0, str::len)
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let before = self.halves().0.trim_end();
        before
            .char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }
}

/// Where text can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Searched {
    Detail,
    Tools,
    Log,
    Help,
}

impl Searched {
    /// The place that keys go to, if it has text to look through.
    #[must_use]
    pub fn of(context: Context) -> Option<Self> {
        let places = [
            (Context::Detail, Self::Detail),
            (Context::Tools, Self::Tools),
            (Context::Log, Self::Log),
            (Context::Help, Self::Help),
        ];
        places.into_iter().find(|(place, _)| *place == context).map(|(_, searched)| searched)
    }
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which calls are listed.
    Filter,
    /// Text to look for, in this place.
    Search(Searched),
    /// A command, given in this place.
    Command(Context),
    /// A note on this call.
    Note(CallAt),
    /// Which findings are listed.
    Findings,
    /// Why the finding of this number needs no look any more.
    Dismiss(u64),
    /// Why this finding is a false alarm.
    FalseAlarm(u64),
}

impl Purpose {
    /// The sign before the line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::Findings => " filter / ",
            Self::Search(_) => " search / ",
            Self::Command(_) => " : ",
            Self::Note(_) => " note ; ",
            Self::Dismiss(_) => " dismiss, because: ",
            Self::FalseAlarm(_) => " false alarm, because: ",
        }
    }
}

/// Whether the line can be used as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It can; what it is.
    Fine(&'static str),
    /// It cannot; why, with the place.
    Wrong(Safe),
}

/// A line that is being typed.
#[derive(Debug, Clone)]
pub struct Typing {
    /// What for.
    pub purpose: Purpose,
    /// The line.
    pub edit: Edit,
    /// Whether it can be used.
    pub check: Check,
    /// What Tab offers, and which of it stands in the line; until something else is typed.
    pub offered: Option<(Vec<Completion>, usize)>,
    /// Which line of the past stands there, 0 is the newest; until something else is typed.
    pub past: Option<usize>,
    /// What was typed before the past was looked at.
    pub draft: String,
}

impl Typing {
    /// An empty line, or one that is begun already.
    #[must_use]
    pub fn new(purpose: Purpose, begun: &str) -> Self {
        let check = Check::Fine("");
        Self {
            purpose,
            edit: Edit::new(begun),
            check,
            offered: None,
            past: None,
            draft: String::new(),
        }
    }
}

/// Lines of one kind, newest first.
#[derive(Debug, Clone, Default)]
pub struct Past {
    lines: VecDeque<String>,
}

impl Past {
    /// Keeps a line; the same one is kept once.
    pub fn keep(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        self.lines.retain(|known| known != line);
        self.lines.push_front(line.to_owned());
        self.lines.truncate(PAST_MAX);
    }

    /// The newest is 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }

    /// The first from `at` on that has this text in it.
    #[must_use]
    pub fn with(&self, text: &str, at: usize) -> Option<usize> {
        self.lines.iter().enumerate().skip(at).find(|(_, line)| line.contains(text)).map(|(n, _)| n)
    }
}

/// The lines of the past, by what they were for.
#[derive(Debug, Clone, Default)]
pub struct Pasts {
    filters: Past,
    searches: Past,
    commands: Past,
    notes: Past,
}

impl Pasts {
    /// Those for this purpose.
    #[must_use]
    pub const fn of(&self, purpose: Purpose) -> &Past {
        match purpose {
            Purpose::Filter | Purpose::Findings => &self.filters,
            Purpose::Search(_) => &self.searches,
            Purpose::Command(_) => &self.commands,
            Purpose::Note(_) | Purpose::Dismiss(_) | Purpose::FalseAlarm(_) => &self.notes,
        }
    }

    /// The same, to be added to.
    pub const fn of_mut(&mut self, purpose: Purpose) -> &mut Past {
        match purpose {
            Purpose::Filter | Purpose::Findings => &mut self.filters,
            Purpose::Search(_) => &mut self.searches,
            Purpose::Command(_) => &mut self.commands,
            Purpose::Note(_) | Purpose::Dismiss(_) | Purpose::FalseAlarm(_) => &mut self.notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_by_graphemes_and_words() {
        let table: [(&str, &[Key], &str, usize); 9] = [
            ("abc", &[Key::Backspace], "ab", 2),
            ("a\u{301}", &[Key::Backspace], "", 0),
            ("日本", &[Key::Left, Key::Char('x')], "日x本", 4),
            ("abc", &[Key::Home, Key::Delete], "bc", 0),
            ("srv:a tool:b ", &[Key::Ctrl('w')], "srv:a ", 6),
            ("abc", &[Key::Left, Key::Ctrl('u')], "c", 0),
            ("abc", &[Key::Home, Key::Right, Key::Ctrl('k')], "a", 1),
            ("abc", &[Key::Left, Key::End, Key::Char(' ')], "abc ", 4),
            ("", &[Key::Backspace, Key::Left, Key::Right, Key::Delete, Key::Ctrl('w')], "", 0),
        ];
        for (text, keys, expected, cursor) in table {
            let mut edit = Edit::new(text);
            for key in keys {
                edit.key(*key);
            }
            assert_eq!((edit.text(), edit.cursor()), (expected, cursor), "{text} {keys:?}");
        }
    }

    #[test]
    fn a_line_stays_one_line_and_has_an_end() {
        let mut edit = Edit::new("a\nb\u{1b}c");
        assert_eq!(edit.text(), "a b c");
        edit.insert(&"日".repeat(LINE_BYTES_MAX));
        assert!(edit.text().len() <= LINE_BYTES_MAX);
    }

    #[test]
    fn the_past_has_each_line_once_newest_first() {
        let mut past = Past::default();
        for n in 0..60 {
            past.keep(&format!("line {n}"));
        }
        past.keep("line 30");
        past.keep("  ");
        assert_eq!((past.get(0), past.get(1)), (Some("line 30"), Some("line 59")));
        assert_eq!(past.get(PAST_MAX), None);
        assert_eq!(past.with("line 5", 2), Some(2));
        assert_eq!(past.with("nothing", 0), None);
    }
}
