//! The words of a sentence, and what each of them is.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::normal::{View, runs};
use super::grammar::{Classes, Grammar, Mark, Word};
use super::kind;

/// A word in capitals has so many letters at least.
const SHOUT_MIN: usize = 4;

/// Where a text stands, and what its tool calls its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// It is a description within a definition, of a parameter say.
    pub inner: bool,
    /// Names that are the tool's own: its parameters', and itself.
    pub own: Option<&'a BTreeSet<String>>,
}

/// Reads the words of sentences.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    grammar: &'a Grammar,
    view: &'a View,
    raw: &'a str,
    place: Place<'a>,
    /// Some word may be in capitals.
    loud: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        grammar: &'a Grammar,
        view: &'a View,
        raw: &'a str,
        place: Place<'a>,
    ) -> Self {
        let capital = |byte: u8| byte.is_ascii_uppercase();
        let loud =
            view.steps.is_empty() && runs(raw.as_bytes(), SHOUT_MIN, capital).next().is_some();
        Self { grammar, view, raw, place, loud }
    }

    /// Adds the words of a sentence; `later` is one that another stands before.
    pub(super) fn words(&self, sentence: Range<usize>, later: bool, words: &mut Vec<Word>) {
        let text = self.view.text.get(sentence.clone()).unwrap_or_default();
        let always =
            if later { Mark::LATER } else { 0 } | if self.place.inner { Mark::INNER } else { 0 };
        let (mut quotes, mut quoted_to) = (quotes(text).into_iter().peekable(), 0);
        let mut before = Before::default();
        for (at, word, bits) in split(text) {
            // A colon within a word is an address's.
            let bare = if bits & EDGE == 0 { word } else { word.trim_matches(is_edge) };
            let bare = if bare.is_empty() { word } else { bare };
            let start =
                sentence.start + at + bare.as_ptr().addr().saturating_sub(word.as_ptr().addr());
            let end = start + bare.len();
            let mut classes = self.grammar.of(bare) | always;
            if self.loud && bare.len() >= SHOUT_MIN && is_shouted(self.raw_of(start..end)) {
                classes |= Mark::SHOUT;
            }
            // Most words are nothing else.
            if bits & OTHER != 0 {
                classes |= self.kind(word, bare, start..end);
            }
            while let Some(quote) = quotes.next_if(|quote| quote.start < at) {
                quoted_to = quoted_to.max(quote.end);
            }
            if at < quoted_to {
                classes |= Mark::QUOTED;
            }
            classes |= before.stands(text.get(before.end..at).unwrap_or_default());
            if classes & Mark::COLON == 0 && before.leads(classes, self.grammar) {
                classes |= Mark::LEAD;
                before.led |= !words.is_empty() || classes & self.grammar.verbs != 0;
            }
            before.last = Some((word, classes));
            before.end = at + word.len();
            words.push(Word { classes, start, end });
        }
    }

    /// A range of the view as it came.
    fn raw_of(&self, range: Range<usize>) -> &'a str {
        self.raw.get(self.view.source(range)).unwrap_or_default()
    }

    /// What a word is by its form, if it is not of small letters alone.
    fn kind(&self, word: &str, bare: &str, range: Range<usize>) -> Classes {
        let mut classes = 0;
        if bare.contains('/') {
            let parts = bare.split('/');
            classes |= parts.fold(0, |all, part| all | self.grammar.of(part) & self.grammar.path);
        }
        if kind::is_frame(word) {
            classes |= Mark::FRAME;
        }
        if word.ends_with(':') {
            classes |= Mark::COLON;
        }
        if kind::is_link(bare) {
            classes |= Mark::LINK;
            if bare.contains('=') && kind::is_to_be_filled(self.raw_of(range.start..range.end + 1))
            {
                classes |= Mark::EXFIL;
            }
        } else if kind::is_ident(bare) && !self.place.own.is_some_and(|own| own.contains(bare)) {
            classes |= Mark::IDENT;
        }
        classes
    }
}

/// What stands before a word in its sentence.
#[derive(Default)]
struct Before<'a> {
    last: Option<(&'a str, Classes)>,
    end: usize,
    /// Something of it may be an imperative.
    led: bool,
}

impl Before<'_> {
    /// How a word stands, by what is between it and the one before.
    fn stands(&self, between: &str) -> Classes {
        let Some((last, _)) = self.last else { return Mark::START | Mark::HEAD };
        let ends = last.bytes().next_back().unwrap_or_default();
        let begins = matches!(ends, b':' | b'>' | b']' | b'-' | b'=' | b'|')
            || last.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'#');
        if between == " " {
            return if begins { Mark::HEAD } else { 0 };
        }
        let clause = if between.contains(',') { Mark::CLAUSE } else { 0 };
        clause | if begins || between.contains('"') { Mark::HEAD } else { 0 }
    }

    /// Whether a word of these classes may be an imperative.
    fn leads(&self, classes: Classes, grammar: &Grammar) -> bool {
        let after = self.last.map_or(0, |(_, last)| last);
        classes & (Mark::HEAD | Mark::CLAUSE) != 0
            || after & grammar.lead_in != 0
            || self.led && after & grammar.and != 0
    }
}

/// What bytes are in a sentence, one bit each; small letters are nothing.
const APART: u8 = 1;
const TAG: u8 = 1 << 1;
const EDGE: u8 = 1 << 2;
const OTHER: u8 = 1 << 3;

/// In a folded text, where nothing but a space and a line's end is white space.
const fn bits(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b' ' | b'\n' | b',' | b'(' | b')' | b'"' | b'`' | b'*' | b'{' | b'}' => APART,
        b'<' | b'>' => TAG | EDGE | OTHER,
        b'.' | b'!' | b'?' | b';' | b':' | b'\'' | b'-' | b'#' | b'[' | b']' => EDGE | OTHER,
        _ => OTHER,
    }
}

/// What is at a word's edge and not of it.
fn is_edge(c: char) -> bool {
    u8::try_from(c).is_ok_and(|byte| bits(byte) & EDGE != 0)
}

/// The words of a text, with where they begin and what bytes they have.
fn split(text: &str) -> impl Iterator<Item = (usize, &str, u8)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut tagged: Option<(usize, usize)> = None;
    std::iter::from_fn(move || {
        loop {
            if let Some((start, end)) = tagged {
                let rest = text.get(start..end).unwrap_or_default();
                let part = tag(rest);
                let next = start + part.len();
                tagged = (next < end).then_some((next, end));
                if !part.is_empty() {
                    return Some((start, part, TAG | EDGE | OTHER));
                }
                continue;
            }
            let rest = bytes.get(at..)?;
            let start = at + rest.iter().position(|byte| bits(*byte) & APART == 0)?;
            let (mut all, mut end) = (0, start);
            for byte in bytes.get(start..)? {
                let bits = bits(*byte);
                if bits & APART != 0 {
                    break;
                }
                all |= bits;
                end += 1;
            }
            at = end;
            if all & TAG == 0 {
                return Some((start, text.get(start..end)?, all));
            }
            tagged = Some((start, end));
        }
    })
}

/// The first part of what has tags: `<p>Order` is a tag and a word, each by itself.
fn tag(rest: &str) -> &str {
    let closes = rest.find('>').map_or(rest.len(), |at| at + 1);
    let opens = rest.find('<').filter(|at| *at > 0).unwrap_or(rest.len());
    rest.get(..closes.min(opens)).unwrap_or_default()
}

/// What stands in quotes or is marked as code, as ranges. The values of JSON members do not count: they are what a result says.
fn quotes(text: &str) -> Vec<Range<usize>> {
    let mut quotes = Vec::new();
    for mark in ['"', '`'] {
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find(mark)).map(|open| at + open)
        {
            let rest = text.get(open + 1..).unwrap_or_default();
            let close = rest.find(mark).map_or(text.len(), |close| open + 1 + close);
            let before = text.get(..open).unwrap_or_default().trim_end();
            if mark == '`' || !before.ends_with([':', '{']) {
                quotes.push(open..close);
            }
            at = close + 1;
        }
    }
    quotes.sort_unstable_by_key(|quote| quote.start);
    quotes
}

fn is_shouted(word: &str) -> bool {
    word.len() >= SHOUT_MIN && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tags_stand_by_themselves() {
        let parts = |text| split(text).map(|(at, word, _)| (at, word)).collect::<Vec<_>>();
        assert_eq!(
            parts("<p>order, \"x_y\" (b)\n"),
            [(0, "<p>"), (3, "order"), (11, "x_y"), (17, "b")]
        );
        assert_eq!(parts("a<b>c</b>"), [(0, "a"), (1, "<b>"), (4, "c"), (5, "</b>")]);
        assert_eq!(
            parts("größe >> -> x"),
            [(0, "größe"), (8, ">"), (9, ">"), (11, "->"), (14, "x")]
        );
        assert_eq!(parts(" , "), []);
    }
}
