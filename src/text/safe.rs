//! Escaped text that knows its pieces: what may not be split, and how wide each piece is.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::text::class::{self, Class, MARKS_MAX};

/// Text in which everything can be seen: made by [`Safe::escape`] from foreign text, or from words
/// of our own. `Display` writes it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Safe {
    text: String,
    hidden: usize,
}

/// A text cut to a width, and how much is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clipped {
    /// What fits, ending in `~` where something is missing.
    pub shown: Safe,
    /// Columns that are missing.
    pub missing: usize,
}

impl Safe {
    /// Shows foreign text, by these rules:
    ///
    /// 1. printable ASCII and visible letters and signs stay as they are;
    /// 2. what cannot be seen or would disturb the terminal becomes a token: `<ESC>`, `<\t>`,
    ///    `<\n>`, `<U+202E>` (controls, formats, other spaces, tags, variation selectors, private
    ///    and unassigned code points, blank letters, flags, skin tones);
    /// 3. of the marks on one base two stay, further ones and marks without a base become tokens;
    /// 4. a literal `<` that would read as the beginning of a token becomes `<<>`.
    ///
    /// So the original can be restored from the result, and no two originals look the same.
    #[must_use]
    pub fn escape(foreign: &str) -> Self {
        let mut safe = Self { text: String::with_capacity(foreign.len()), hidden: 0 };
        let mut marks = MARKS_MAX;
        let mut rest = foreign.chars();
        while let Some(c) = rest.next() {
            match class::class(c) {
                Class::Plain if c == '<' && class::would_be_token(rest.as_str()) => {
                    safe.push_token(c, &mut marks);
                }
                Class::Plain => {
                    safe.text.push(c);
                    marks = 0;
                }
                Class::Mark if marks < MARKS_MAX && joins(&safe.text, c) => {
                    safe.text.push(c);
                    marks += 1;
                }
                Class::Layout => safe.push_token(c, &mut marks),
                Class::Mark | Class::Hidden => {
                    safe.push_token(c, &mut marks);
                    safe.hidden += 1;
                }
            }
        }
        safe
    }

    /// Words of our own.
    #[must_use]
    pub fn word(own: &'static str) -> Self {
        Self { text: own.to_owned(), hidden: 0 }
    }

    /// Decodes bytes lossily (a broken sequence shows as U+FFFD) and escapes them.
    #[must_use]
    pub fn escape_bytes(foreign: &[u8]) -> Self {
        Self::escape(&String::from_utf8_lossy(foreign))
    }

    /// No mark may sit on a token: it would hide the bracket.
    fn push_token(&mut self, c: char, marks: &mut usize) {
        self.text.push_str(&class::token(c));
        *marks = MARKS_MAX;
    }

    /// The escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// How many code points a reader would not have seen, or seen as something else.
    #[must_use]
    pub const fn hidden(&self) -> usize {
        self.hidden
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns it takes in a terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.text.is_ascii() {
            // No control is left in it, so every byte takes a column.
            return self.text.len();
        }
        self.pieces().map(|piece| piece.width).sum()
    }

    /// Both, one behind the other.
    #[must_use]
    pub fn then(mut self, behind: &Self) -> Self {
        self.text.push_str(&behind.text);
        self.hidden += behind.hidden;
        self
    }

    /// Lines of at most `width` columns (at least 1), broken also behind each `<\n>`. No token is
    /// split unless it is wider than a whole line, no grapheme ever; a last line is always there.
    #[must_use]
    pub fn wrap(&self, width: usize) -> Vec<Self> {
        self.wrap_at(width, str::len)
    }

    /// The same, broken behind a space where a line has one in its second half: for sentences.
    #[must_use]
    pub fn wrap_words(&self, width: usize) -> Vec<Self> {
        self.wrap_at(width, |line| {
            let space = line.rfind(' ').filter(|at| *at >= line.len() / 2);
            space.map_or(line.len(), |at| at + 1)
        })
    }

    /// The same, with a line that is full broken where `cut` says; not at its beginning.
    fn wrap_at(&self, width: usize, cut: impl Fn(&str) -> usize) -> Vec<Self> {
        let width = width.max(1);
        let mut lines = Vec::new();
        let mut line = Self::default();
        let mut used = 0;
        for piece in self.pieces().flat_map(|piece| piece.fitting(width)) {
            while used + piece.width > width && used > 0 {
                let tail = line.text.split_off(cut(&line.text));
                lines.push(std::mem::replace(&mut line, Self { text: tail, hidden: 0 }));
                used = line.width();
            }
            line.text.push_str(piece.text);
            used += piece.width;
            if piece.text == "<\\n>" {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
        }
        if used > 0 || lines.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// What fits into `width` columns; if that is not all, the last column shown is `~`.
    #[must_use]
    pub fn clip(&self, width: usize) -> Clipped {
        let whole = self.width();
        if whole <= width {
            return Clipped { shown: self.clone(), missing: 0 };
        }
        let mut shown = Self::default();
        let mut used = 0;
        for piece in self.pieces() {
            if used + piece.width + 1 > width {
                break;
            }
            shown.text.push_str(piece.text);
            used += piece.width;
        }
        if width > 0 {
            shown.text.push('~');
        }
        Clipped { shown, missing: whole - used }
    }

    /// The tokens and signs that begin in this range of bytes, each whole.
    #[must_use]
    pub fn between(&self, from: usize, to: usize) -> Self {
        let mut part = Self::default();
        let mut at = 0;
        for piece in self.pieces() {
            if from <= at && at < to {
                part.text.push_str(piece.text);
            }
            at += piece.text.len();
        }
        part
    }

    /// The text in runs, each either of tokens or of plain text, so that a view can tell them apart.
    #[must_use]
    pub fn parts(&self) -> Vec<(Self, bool)> {
        if self.is_plain() {
            return vec![(self.clone(), false)];
        }
        let mut parts: Vec<(Self, bool)> = Vec::new();
        for piece in self.pieces() {
            let is_token = class::token_len(piece.text).is_some();
            match parts.last_mut() {
                Some((run, kind)) if *kind == is_token => run.text.push_str(piece.text),
                Some(_) | None => {
                    parts.push((Self { text: piece.text.to_owned(), hidden: 0 }, is_token));
                }
            }
        }
        parts
    }

    /// The text in words and what stands between them, each sign and token by itself: what a comparison goes by.
    #[must_use]
    pub fn words(&self) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        let mut goes_on = false;
        for piece in self.pieces() {
            let in_word = piece.text.chars().all(|c| c.is_alphanumeric() || c == '_');
            match words.last_mut().filter(|_| goes_on && in_word) {
                Some(word) => word.text.push_str(piece.text),
                None => words.push(Self { text: piece.text.to_owned(), hidden: 0 }),
            }
            goes_on = in_word;
        }
        words
    }

    /// Whether no token and no grapheme of several code points can be in it.
    fn is_plain(&self) -> bool {
        !self.text.is_empty() && self.text.is_ascii() && !self.text.contains('<')
    }

    /// Tokens and graphemes, with their widths.
    fn pieces(&self) -> Pieces<'_> {
        Pieces { rest: &self.text }
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Whether the mark becomes part of the last grapheme: a Hangul final does only behind Hangul.
fn joins(text: &str, mark: char) -> bool {
    let pair: String = text.chars().next_back().into_iter().chain([mark]).collect();
    pair.chars().count() == 2 && pair.graphemes(true).count() == 1
}

/// A token or a grapheme.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    width: usize,
}

impl Piece<'_> {
    /// Itself, or its graphemes where it is wider than a whole line.
    fn fitting(self, width: usize) -> Vec<Self> {
        if self.width <= width {
            return vec![self];
        }
        self.text.graphemes(true).map(|text| Self { text, width: text.width() }).collect()
    }
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        // A mark behind an ASCII character would not be ASCII.
        if let [first, second, ..] = self.rest.as_bytes()
            && first.is_ascii_graphic()
            && *first != b'<'
            && second.is_ascii()
        {
            let (text, rest) = self.rest.split_at_checked(1)?;
            self.rest = rest;
            return Some(Piece { text, width: 1 });
        }
        let len = class::token_len(self.rest)
            .or_else(|| self.rest.graphemes(true).next().map(str::len))?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(Piece { text, width: text.width() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The way back, for the proof that nothing is lost.
    fn restore(safe: &str) -> String {
        let mut out = String::new();
        let mut rest = safe;
        while let Some(c) = rest.chars().next() {
            let len = class::token_len(rest).unwrap_or(c.len_utf8());
            let (piece, behind) = rest.split_at(len);
            rest = behind;
            if class::token_len(piece).is_none() {
                out.push_str(piece);
                continue;
            }
            let found = (0..=0x10_FFFF).filter_map(char::from_u32).find(|c| {
                class::token(*c) == piece && (piece.len() > 3 || *c == '<' || c.is_control())
            });
            out.push(found.expect("every token names a code point"));
        }
        out
    }

    /// Text with much of what matters in it.
    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[ -~]{0,6}".prop_map(String::from),
            2 => Just("<U+202E>".to_owned()),
            2 => Just("<".to_owned()),
            2 => Just("<<>".to_owned()),
            1 => Just("<ESC>".to_owned()),
            1 => Just("U+202E>".to_owned()),
            1 => Just("\\n>".to_owned()),
            3 => any::<char>().prop_map(String::from),
            3 => prop::sample::select(vec![
                '\u{1b}', '\u{9b}', '\u{202E}', '\u{200B}', '\u{200D}', '\u{FE0F}', '\u{E0041}',
                '\u{0301}', '\u{3164}', '\u{115F}', '\u{2800}', '\u{2028}', '\u{FDFD}', '\n', '\t',
                '\r', '\u{AD}', '\u{A0}', '\u{1F1E9}', '\u{1F468}', '\u{0D4E}', '\u{0644}',
                '\u{0627}', '\u{17D2}', '\u{1160}', '\u{11A8}', '\u{0E33}', '\u{4E2D}', '\u{93E}',
            ])
            .prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn a_word_that_was_kept_back_and_a_wide_token_are_not_one_line() {
        let lines = Safe::escape("a !\u{9b}").wrap_words(8);
        let lines: Vec<&str> = lines.iter().map(Safe::as_str).collect();
        assert_eq!(lines, ["a ", "!", "<U+009B>"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in nasty()) {
            prop_assert_eq!(restore(Safe::escape(&text).as_str()), text);
        }

        #[test]
        fn nothing_hidden_is_left(text in nasty()) {
            let safe = Safe::escape(&text);
            for c in safe.as_str().chars() {
                prop_assert!(
                    matches!(class::class(c), Class::Plain | Class::Mark),
                    "{:?} in {:?}", c, safe.as_str()
                );
            }
            for grapheme in safe.as_str().graphemes(true) {
                prop_assert!(grapheme.width() > 0, "{grapheme:?} takes no column");
            }
        }

        #[test]
        fn wrapping_keeps_everything_within_the_width(text in nasty(), width in 2_usize..20) {
            let safe = Safe::escape(&text);
            for lines in [safe.wrap(width), safe.wrap_words(width)] {
                for line in &lines {
                    prop_assert!(
                        line.width() <= width || line.as_str().graphemes(true).count() == 1,
                        "{line:?} at {width}"
                    );
                }
                let joined: String = lines.iter().map(Safe::as_str).collect();
                prop_assert_eq!(joined.as_str(), safe.as_str());
            }
        }

        #[test]
        fn what_is_clipped_fits_and_says_so(text in nasty(), width in 1_usize..20) {
            let safe = Safe::escape(&text);
            let clipped = safe.clip(width);
            prop_assert!(clipped.shown.width() <= width);
            prop_assert_eq!(clipped.missing > 0, safe.width() > width);
            prop_assert_eq!(clipped.missing > 0, clipped.shown != safe);
        }

        #[test]
        fn text_without_anything_to_hide_stays(text in "[ -;=-~]{0,40}") {
            let safe = Safe::escape(&text);
            prop_assert_eq!(safe.as_str(), text.as_str());
            prop_assert_eq!(safe.hidden(), 0);
        }
    }

    #[test]
    fn hidden_things_are_shown_by_name() {
        let table = [
            ("a\u{1b}[31mb", "a<ESC>[31mb", 1),
            ("\u{9b}31m", "<U+009B>31m", 1),
            ("a\tb\r\n", "a<\\t>b<\\r><\\n>", 0),
            ("gpj\u{202E}exe", "gpj<U+202E>exe", 1),
            ("hi\u{E0041}\u{E0042}", "hi<U+E0041><U+E0042>", 2),
            ("\u{2764}\u{FE0F}", "\u{2764}<U+FE0F>", 1),
            ("\u{1F469}\u{200D}\u{1F467}", "\u{1F469}<U+200D>\u{1F467}", 1),
            ("e\u{301}\u{302}\u{303}\u{304}", "e\u{301}\u{302}<U+0303><U+0304>", 2),
            ("\u{301}x", "<U+0301>x", 1),
            ("a\u{A0}b\u{3000}c", "a<U+00A0>b<U+3000>c", 2),
            ("\u{7f}\u{0}", "<DEL><NUL>", 2),
            ("\u{10FFFF}\u{E000}\u{378}", "<U+10FFFF><U+E000><U+0378>", 3),
            ("<U+202E>", "<<>U+202E>", 0),
            ("<ESC> <br> <T> a<b <<", "<<>ESC> <br> <T> a<b <<", 0),
            ("<<>", "<<><>", 0),
            (
                "\u{645}\u{631}\u{62D}\u{628}\u{627} \u{65E5}\u{672C}",
                "\u{645}\u{631}\u{62D}\u{628}\u{627} \u{65E5}\u{672C}",
                0,
            ),
        ];
        for (foreign, shown, hidden) in table {
            let safe = Safe::escape(foreign);
            assert_eq!((safe.as_str(), safe.hidden()), (shown, hidden), "{foreign:?}");
        }
    }

    #[test]
    fn lines_break_behind_newlines_and_never_inside_tokens() {
        let lines = Safe::escape("ab\ncdef\u{202E}gh").wrap(9);
        let shown: Vec<&str> = lines.iter().map(Safe::as_str).collect();
        assert_eq!(shown, ["ab<\\n>", "cdef", "<U+202E>g", "h"]);
        assert_eq!(Safe::escape("").wrap(9).len(), 1);
    }

    #[test]
    fn sentences_break_behind_their_spaces() {
        let lines =
            Safe::escape("a call that waits for an unbreakable<>wordthatislong").wrap_words(10);
        let shown: Vec<&str> = lines.iter().map(Safe::as_str).collect();
        assert_eq!(
            shown,
            ["a call ", "that waits", " for an ", "unbreakabl", "e<>wordtha", "tislong"]
        );
    }

    #[test]
    fn a_clipped_text_announces_it() {
        let clipped = Safe::escape("abcdef").clip(4);
        assert_eq!((clipped.shown.as_str(), clipped.missing), ("abc~", 3));
    }
}
