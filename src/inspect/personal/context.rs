//! What the words beside a number say of it.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::LazyLock;

use super::kinds;

/// Bytes before a number that are looked at, and behind it.
const BEFORE: usize = 56;
const BEHIND: usize = 24;
/// Words so near before a number that they say what it is, where nothing else does.
const NEAR: usize = 14;

/// The kind of words that say that a number is something else.
const NOT: &str = "not";

/// A word and what it is a word of.
struct Word {
    text: String,
    /// It stands in capitals.
    capital: bool,
    kind: &'static str,
}

/// All words by their first byte: those of other letters than ASCII stand together at the end.
static WORDS: LazyLock<Vec<Vec<Word>>> = LazyLock::new(|| {
    let mut words: Vec<Vec<Word>> = (0..=OTHER).map(|_| Vec::new()).collect();
    for kind in kinds::all() {
        for word in kind.words.split(", ").filter(|word| !word.is_empty()) {
            let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
            let text = spoken(word).trim_end().to_lowercase();
            if let Some(bucket) = words.get_mut(bucket(&text)) {
                bucket.push(Word { text, capital, kind: kind.id });
            }
        }
    }
    words
});
const OTHER: usize = 128;

fn bucket(word: &str) -> usize {
    word.as_bytes().first().map_or(OTHER, |byte| usize::from(*byte).min(OTHER))
}

/// What is said, and where the word for it ends.
type Said = Vec<(&'static str, usize)>;

/// A text, and the name of the member that it is the value of.
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) name: Option<&'a str>,
    said: OnceCell<Said>,
}

impl<'a> Place<'a> {
    pub(super) const fn new(name: Option<&'a str>, text: &'a str) -> Self {
        Self { text, name, said: OnceCell::new() }
    }

    /// Whether the member's name says that its value is of this kind.
    pub(super) fn is_named(&self, kind: &str) -> bool {
        let said = self.said.get_or_init(|| self.name.map_or_else(Vec::new, said_of_name));
        let last = |kind: &str| said.iter().filter(|(known, _)| *known == kind).count();
        last(kind) > 0
    }
}

/// A member's name is a name in whatever case.
fn said_of_name(name: &str) -> Said {
    let mut said = said(&spoken(name));
    said.extend(self::said(&spoken(&name.to_ascii_uppercase())));
    said
}

/// A place in a text, whose surroundings are read once and only if somebody asks.
pub(super) struct Around<'a> {
    place: &'a Place<'a>,
    at: usize,
    before: OnceCell<(Said, usize)>,
}

impl<'a> Around<'a> {
    pub(super) const fn new(place: &'a Place<'a>, at: usize) -> Self {
        Self { place, at, before: OnceCell::new() }
    }

    pub(super) const fn text(&self) -> &'a str {
        self.place.text
    }

    /// What stands before, and how long it is.
    fn before(&self) -> &(Said, usize) {
        self.before.get_or_init(|| {
            let text = self.place.text;
            let mut from = self.at.saturating_sub(BEFORE);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let mut window = text.get(from..self.at).unwrap_or_default();
            // A word that the window cuts is none.
            if from > 0 && text.as_bytes().get(from - 1).is_some_and(u8::is_ascii_alphanumeric) {
                let cut = window.find(|c: char| !c.is_ascii_alphanumeric());
                window = cut.and_then(|cut| window.get(cut..)).unwrap_or_default();
            }
            let words = spoken(labelled(window));
            (said(&words), words.len())
        })
    }

    /// Whether something says that what stands here is of this kind: the name of the member, or the nearest word.
    pub(super) fn says(&self, kind: &str, span: &Range<usize>) -> bool {
        let (said, _) = self.before();
        let last =
            |kind: &str| said.iter().filter(|(known, _)| *known == kind).map(|(_, end)| *end).max();
        match (last(kind), last(NOT)) {
            (Some(word), Some(other)) if other > word => false,
            (Some(_), _) => true,
            (None, Some(_)) => self.place.is_named(kind),
            (None, None) => self.place.is_named(kind) || self.says_behind(kind, span),
        }
    }

    /// `123 456 789 (SIN)`, and not what begins another entry.
    fn says_behind(&self, kind: &str, span: &Range<usize>) -> bool {
        let text = self.place.text;
        let mut end = span.end.saturating_add(BEHIND).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let window = text.get(span.end..end).unwrap_or_default();
        let stop = window.find([',', ';', '\n', '|', ':', '=', '"', '.']);
        let part = stop.and_then(|stop| window.get(..stop)).unwrap_or(window);
        let entry = stop.and_then(|stop| window.get(stop..)).unwrap_or_default();
        !entry.starts_with([':', '=', '"'])
            && part.bytes().all(|byte| !byte.is_ascii_digit())
            && said(&spoken(part)).iter().any(|(known, _)| *known == kind)
    }

    /// Whether the nearest words say that it is something else.
    pub(super) fn denies(&self) -> bool {
        let (said, len) = self.before();
        let near = |end: &usize| end + NEAR >= *len;
        said.iter().any(|(known, end)| *known == NOT && near(end)) || self.place.is_named(NOT)
    }

    /// Whether a word of the kind stands so many bytes before at most, or it is all of the member's value: `tel: `,
    /// `phone number is `.
    pub(super) fn is_close(&self, kind: &str, bytes: usize) -> bool {
        let (said, len) = self.before();
        let close = |end: &usize| end + bytes >= *len;
        said.iter().any(|(known, end)| *known == kind && close(end))
            || self.place.is_named(kind) && self.place.text.len() < BEFORE
    }
}

/// Of what stands before a number the last entry: `"ssn": null, "id": ` says `id`.
fn labelled(window: &str) -> &str {
    let Some(sign) = window.rfind([':', '=']) else { return window };
    let before = window.get(..sign).unwrap_or_default();
    let sentence = |at: &usize| {
        let rest = before.get(at + 1..).unwrap_or_default();
        rest.strip_prefix(' ')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let entry = before.rfind([',', ';', '\n', '{', '|', '&']);
    let full_stop = before.match_indices('.').map(|(at, _)| at).rfind(sentence);
    let from = entry.max(full_stop);
    from.and_then(|from| window.get(from + 1..)).unwrap_or(window)
}

/// Words as they are compared: without signs, `camelCase` in two; ASCII letters keep their case, others are small.
fn spoken(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        match c {
            _ if c.is_ascii_alphanumeric() || c == '\'' => words.push(c),
            _ if c.is_ascii() || c.is_whitespace() => {
                if !words.ends_with(' ') && !words.is_empty() {
                    words.push(' ');
                }
            }
            _ => words.extend(c.to_lowercase()),
        }
        before = c;
    }
    words
}

/// What kinds are said in words, each with where it ends; longer words count where they stand, not parts of them.
fn said(words: &str) -> Said {
    let mut said = Said::new();
    let lower = words.to_ascii_lowercase();
    let mut before = ' ';
    for (at, c) in lower.char_indices() {
        let begins = !c.is_ascii() || !before.is_alphanumeric();
        before = c;
        if c == ' ' || !begins {
            continue;
        }
        let Some(rest) = lower.get(at..) else { continue };
        let second = rest.as_bytes().get(1);
        for word in WORDS.get(bucket(rest)).map(Vec::as_slice).unwrap_or_default() {
            if word.text.as_bytes().get(1) != second || !rest.starts_with(&word.text) {
                continue;
            }
            let end = at + word.text.len();
            let behind = lower.get(end..).unwrap_or_default();
            let behind = behind.strip_prefix('s').unwrap_or(behind);
            let ascii = word.text.ends_with(|c: char| c.is_ascii());
            let whole = !ascii
                || !behind
                    .starts_with(|c: char| c.is_alphanumeric() && (c.is_ascii() || c < '\u{2E80}'));
            let capital = !word.capital
                || words
                    .get(at..end)
                    .is_some_and(|word| !word.bytes().any(|b| b.is_ascii_lowercase()));
            if whole && capital {
                said.push((word.kind, end));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(kind: &str, name: Option<&str>, text: &str) -> bool {
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
        let place = Place::new(name, text);
        let len = text.get(at..).unwrap().bytes().take_while(u8::is_ascii_digit).count();
        Around::new(&place, at).says(kind, &(at..at + len))
    }

    #[test]
    fn the_nearest_words_say_what_a_number_is() {
        for (kind, name, text) in [
            ("us-ssn", None, "my SSN is 1"),
            ("us-ssn", None, r#"{"socialSecurityNumber": "1"}"#),
            ("us-ssn", None, r#"{"customer_ssn":"1"}"#),
            ("us-ssn", Some("ssn"), "1"),
            ("us-ssn", Some("SSN"), "1"),
            ("us-ssn", Some("customerSsn"), "1"),
            ("ca-sin", None, "SIN: 1"),
            ("ca-sin", Some("sin"), "1"),
            ("ca-sin", None, "1 (SIN)"),
            ("date-of-birth", None, "D.O.B. 1"),
            ("date-of-birth", None, "Née le 1"),
            ("date-of-birth", None, "NÉ LE 1"),
            ("date-of-birth", None, "Дата рождения: 1"),
            ("date-of-birth", None, "出生日期：1"),
            ("cn-resident-id", None, "我的身份证号码是1"),
            ("phone", None, "order 7a: call me at 1".trim_start_matches("order 7a: ")),
            ("phone", None, "phones: 1"),
        ] {
            assert!(says(kind, name, text), "{kind} {name:?} {text}");
        }
        for (kind, name, text) in [
            ("us-ssn", None, "passnumber 1"),
            ("us-ssn", None, r#""ssn": null, "order": "1""#),
            ("us-ssn", None, r#""ssn": null, "height": "1""#),
            ("us-ssn", None, r#""1", "ssn": "x""#),
            ("date-of-birth", None, "DOB: unknown. Admitted: 1"),
            ("us-ssn", None, "the SSN, or the order number 1"),
            ("ca-sin", None, "sin 1"),
            ("ca-sin", Some("single"), "1"),
            ("phone", None, "telescope 1"),
        ] {
            assert!(!says(kind, name, text), "{kind} {name:?} {text}");
        }
    }
}
