//! The letters of a folded text read otherwise: spaced, as digits that look like letters, moved by thirteen, backwards.

use std::ops::Range;

use super::likely::{Climb, WAYS, climbs};
use super::{Step, View};

/// Words of letters and digits that look like letters, from which on a text is read so, and how long they are.
const LEET_MIN: usize = 2;
const LEET_LEN: std::ops::RangeInclusive<usize> = 3..=24;
/// How often a word of hexadecimal digits goes from letters to digits or back, if it is no number: `d474b453`.
const HEX_CHANGES_MIN: usize = 3;
/// Single letters in a row that are a word.
const SPACED_MIN: usize = 4;
/// What its letters tell, in quarters of a bit, from which on a text is read moved or backwards: some ten letters.
const TOLD_MIN: i32 = 64;
/// Words of two letters and more there, and the letters of a word on an average, in tenths; other things are names and codes.
const WORDS_MIN: usize = 3;
const MEAN_MAX: usize = 95;
/// Of so many characters there one may be neither a letter nor a space.
const SIGNS: usize = 8;
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
    for (step, _) in otherwise(&folded.text) {
        // What was read so once would be read back.
        if !folded.steps.contains(&step) {
            found.push(read(folded, step));
        }
    }
    found
}

/// How a folded text is English only if its letters are read otherwise, and where it most looks so.
pub(in crate::inspect) fn otherwise(text: &str) -> impl Iterator<Item = (Step, Range<usize>)> {
    let climbs = (text.len() <= LETTERS_BYTES_MAX).then(|| climbs(text));
    let climbs = WAYS.into_iter().zip(climbs.into_iter().flatten());
    let is = |climb: &Climb| {
        climb.told >= TOLD_MIN && text.get(climb.range.clone()).is_some_and(is_of_words)
    };
    climbs
        .filter(move |(_, climb)| is(climb))
        .map(|(step, climb)| (step, trimmed(text, climb.range)))
}

/// From its first letter on.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let before = part.find(char::is_alphabetic).unwrap_or_default();
    range.start + before..range.end
}

/// Whether it is words with spaces between them, whatever these mean.
fn is_of_words(part: &str) -> bool {
    let words = || part.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let (all, chars) = (words().count(), part.chars().count());
    let letters: usize = words().map(|word| word.chars().count()).sum();
    let signs = part.chars().filter(|c| !c.is_alphabetic() && !c.is_whitespace()).count();
    words().filter(|word| word.len() > 1).count() >= WORDS_MIN
        && letters * 10 <= all * MEAN_MAX
        && signs * SIGNS <= chars
        && part.matches(' ').count() * 2 >= all
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
        if matches!(word.as_bytes(), [letter] if letter.is_ascii_alphabetic()) {
            self.alone = if self.alone > 0 && self.last + 2 == start { self.alone + 1 } else { 1 };
            self.last = start;
            self.spaced |= self.alone >= SPACED_MIN;
        }
    }
}

/// A view whose letters are read in one of [`WAYS`].
fn read(view: &View, step: Step) -> View {
    let mut one = View::after(view, Some(step));
    let mut push = |(at, c): (usize, char), as_what: char| {
        one.push(as_what.encode_utf8(&mut [0; 4]), view, at..at + c.len_utf8());
    };
    if step == Step::Reversed {
        view.text.char_indices().rev().for_each(|letter| push(letter, letter.1));
    } else {
        view.text.char_indices().for_each(|letter| push(letter, rot13(letter.1)));
    }
    one
}

/// A part of a folded text whose letters are read in one of [`WAYS`], or as what they look like.
pub(in crate::inspect) fn as_read(part: &str, step: Step) -> String {
    let looks = |c: char| u8::try_from(c).ok().and_then(like).and_then(|like| like.chars().next());
    if step == Step::Reversed {
        part.chars().rev().collect()
    } else if step == Step::Rot13 {
        part.chars().map(rot13).collect()
    } else {
        part.chars().map(|c| looks(c).unwrap_or(c)).collect()
    }
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' => char::from(c as u8 + 13),
        'n'..='z' => char::from(c as u8 - 13),
        _ => c,
    }
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
    leet_changes(word).is_some()
}

/// How often such a word goes from letters to what looks like some, or back.
pub(in crate::inspect) fn leet_changes(word: &str) -> Option<usize> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let fits = word.bytes().all(|byte| is_letter(byte) || like(byte).is_some());
    if !fits || !LEET_LEN.contains(&word.len()) {
        return None;
    }
    let next = word.bytes().skip(1);
    let pairs = word.bytes().zip(next);
    let changes = pairs.filter(|(one, next)| is_letter(*one) != is_letter(*next)).count();
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    (changes >= if hex { HEX_CHANGES_MIN } else { 1 }).then_some(changes)
}
