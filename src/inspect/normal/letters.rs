//! The letters of a folded text read otherwise: spaced, as digits that look like letters, moved by thirteen, backwards.

use super::{Step, View};

/// Words of letters and digits that look like letters, from which on a text is read so, and how long they are.
const LEET_MIN: usize = 2;
const LEET_LEN: std::ops::RangeInclusive<usize> = 3..=16;
/// Single letters in a row that are a word.
const SPACED_MIN: usize = 4;
/// Common words, moved or backwards, from which on a text is read so.
const COMMON_MIN: usize = 2;
/// Longer texts are not read backwards: nobody hides an order in a book so.
const LETTERS_BYTES_MAX: usize = 16 * 1024;

/// The views that read the letters of a folded text otherwise, where its words call for it.
pub(super) fn of_letters(folded: &View) -> Vec<View> {
    let called = Called::by(&folded.text);
    let mut found = Vec::new();
    if called.spaced {
        found.extend(spaced(folded));
    }
    if called.leet >= LEET_MIN {
        found.extend(leet(folded));
    }
    if folded.text.len() <= LETTERS_BYTES_MAX {
        if called.moved >= COMMON_MIN {
            found.push(mapped(folded, Step::Rot13, rot13));
        }
        if called.backwards >= COMMON_MIN {
            found.push(reversed(folded));
        }
    }
    found
}

/// Bytes of which words are: letters, digits and signs that look like letters, and what is not ASCII.
const LETTER: u8 = 1;
const DIGIT: u8 = 1 << 1;
const SIGN: u8 = 1 << 2;
const OTHER: u8 = 1 << 3;

const fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'0'..=b'9' => DIGIT,
        b'!' | b'@' | b'$' => SIGN,
        0x80.. => OTHER,
        _ => 0,
    }
}

/// What the words of a text call for, found in one pass over it.
#[derive(Debug, Default)]
struct Called {
    /// Letters stand alone in a row.
    spaced: bool,
    /// How many letters stand alone before here, and where the last one does.
    alone: usize,
    last: usize,
    /// Words with digits for letters.
    leet: usize,
    /// The commonest words of English moved by thirteen, and those that are written backwards.
    moved: usize,
    backwards: usize,
}

impl Called {
    fn by(text: &str) -> Self {
        let mut called = Self::default();
        let (mut start, mut kinds) = (0, 0);
        for (at, byte) in text.bytes().chain([b' ']).enumerate() {
            let kind = kind(byte);
            if kind == 0 {
                if kinds != 0 {
                    called.word(text.get(start..at).unwrap_or_default(), start, kinds);
                }
                kinds = 0;
            } else {
                start = if kinds == 0 { at } else { start };
                kinds |= kind;
            }
        }
        called
    }

    fn word(&mut self, word: &str, start: usize, kinds: u8) {
        if kinds & (SIGN | OTHER) == 0 {
            self.plain(word, start);
        } else {
            let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
            for part in parts.filter(|part| !part.is_empty()) {
                self.plain(part, start + offset(word, part));
            }
        }
        if kinds & LETTER != 0 && kinds & (DIGIT | SIGN) != 0 {
            let parts = word.split(|c: char| !c.is_ascii());
            self.leet += parts.filter(|part| is_leet(part)).count();
        }
    }

    /// A word of letters and digits alone.
    fn plain(&mut self, word: &str, start: usize) {
        match word.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => {
                self.alone =
                    if self.alone > 0 && self.last + 2 == start { self.alone + 1 } else { 1 };
                self.last = start;
                self.spaced |= self.alone >= SPACED_MIN;
            }
            // the, you, and, to, is, of, for, with, this, that, in, it, all, from, file.
            b"gur" | b"lbh" | b"naq" | b"gb" | b"vf" | b"bs" | b"sbe" | b"jvgu" | b"guvf"
            | b"gung" | b"va" | b"vg" | b"nyy" | b"sebz" | b"svyr" => self.moved += 1,
            b"eht" | b"uoy" | b"dna" | b"ot" | b"si" | b"fo" | b"rof" | b"htiw" | b"siht"
            | b"taht" | b"ni" | b"ti" | b"lla" | b"morf" | b"elif" => self.backwards += 1,
            _ => {}
        }
    }
}

fn mapped(view: &View, step: Step, map: fn(char) -> char) -> View {
    let mut one = View::after(view, Some(step));
    for (at, c) in view.text.char_indices() {
        let mut buffer = [0; 4];
        one.push(map(c).encode_utf8(&mut buffer), view, at..at + c.len_utf8());
    }
    one
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' => char::from(c as u8 + 13),
        'n'..='z' => char::from(c as u8 - 13),
        _ => c,
    }
}

fn reversed(view: &View) -> View {
    let mut one = View::after(view, Some(Step::Reversed));
    for (at, c) in view.text.char_indices().rev() {
        let mut buffer = [0; 4];
        one.push(c.encode_utf8(&mut buffer), view, at..at + c.len_utf8());
    }
    one
}

/// Letters that stand alone in a row are one word.
fn spaced(folded: &View) -> Option<View> {
    let text = folded.text.as_str();
    let mut one = View::after(folded, Some(Step::Spaced));
    let (mut done, mut at, mut words) = (0, 0, 0);
    while at < text.len() {
        let letters = single_letters(text, at);
        if letters.len() < SPACED_MIN {
            at = letters.last().map_or(at, |last| *last) + 1;
            while !text.is_char_boundary(at) {
                at += 1;
            }
            continue;
        }
        let (first, last) = (*letters.first()?, *letters.last()?);
        one.push(text.get(done..first)?, folded, done..first);
        for letter in &letters {
            one.push(text.get(*letter..letter + 1)?, folded, *letter..letter + 1);
        }
        words += 1;
        (done, at) = (last + 1, last + 1);
    }
    one.push(text.get(done..)?, folded, done..text.len());
    (words > 0).then_some(one)
}

/// Where ASCII letters stand that begin here and have one same separator between them.
fn single_letters(text: &str, at: usize) -> Vec<usize> {
    let bytes = text.as_bytes();
    let alone = |at: usize| {
        bytes.get(at).is_some_and(u8::is_ascii_alphabetic)
            && !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
            && !at
                .checked_sub(1)
                .and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_alphanumeric)
    };
    let separator = bytes.get(at + 1);
    let fits =
        |at: usize| bytes.get(at) == separator && b" .-_*|".contains(separator.unwrap_or(&0));
    let mut letters = Vec::new();
    let mut next = at;
    while alone(next) {
        letters.push(next);
        if !fits(next + 1) {
            break;
        }
        next += 2;
    }
    letters
}

/// Digits and signs within words, for the letters that they look like.
fn leet(folded: &View) -> Option<View> {
    let mut one = View::after(folded, Some(Step::Leet));
    let (text, mut done, mut words) = (folded.text.as_str(), 0, 0);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!@$".contains(c);
    for (start, word) in text.split(|c| !is_part(c)).map(|word| (offset(text, word), word)) {
        if !is_leet(word) {
            continue;
        }
        words += 1;
        for (at, byte) in word.bytes().enumerate() {
            let Some(letter) = like(byte) else { continue };
            let at = start + at;
            one.push(text.get(done..at)?, folded, done..at);
            one.push(letter, folded, at..at + 1);
            done = at + 1;
        }
    }
    one.push(text.get(done..)?, folded, done..text.len());
    // A version, a size or a name is one.
    (words >= LEET_MIN).then_some(one)
}

/// The letter that a digit or sign looks like.
const fn like(byte: u8) -> Option<&'static str> {
    match byte {
        b'0' => Some("o"),
        b'1' | b'!' => Some("i"),
        b'3' => Some("e"),
        b'4' | b'@' => Some("a"),
        b'5' | b'$' => Some("s"),
        b'7' => Some("t"),
        _ => None,
    }
}

/// Where a part of a text stands in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// A word of letters and what looks like some, and no number, digest or key.
fn is_leet(word: &str) -> bool {
    let (mut letters, mut others) = (0, 0);
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' => letters += 1,
            _ if like(byte).is_some() => others += 1,
            _ => return false,
        }
    }
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    LEET_LEN.contains(&word.len()) && others > 0 && letters > 0 && !hex
}
