//! Secrets taken out of what is kept, shown or told: each is replaced by a marker that says what stood there.
//!
//! `[secret aws-access-key 20B #7f3a]`: the kind, the length in bytes, and a tag that is the same wherever the same
//! secret stands and tells nothing of it without the key. A payload may spell such a marker, so where the real ones
//! stand is kept beside the text ([`Mark`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::walk::{self, Text};
use crate::text::hex;

/// Values that are remembered: what was a secret once is one wherever it stands later. The oldest is forgotten.
const KNOWN_MAX: usize = 256;
/// Shorter values are replaced where they are found and not looked for elsewhere: `admin` is also a word.
const KNOWN_BYTES_MIN: usize = 8;
/// JSON in a text in JSON is looked into so often: a frame in a record, a payload in a frame, and one more.
const NESTED_MAX: usize = 3;

/// Where a marker stands in a text, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// From where to where, in bytes of the text with its markers.
    pub span: (usize, usize),
    /// The secret's kind.
    pub kind: String,
}

/// A marker without a tag, for texts of one moment.
#[must_use]
pub fn untagged(kind: &str, bytes: usize) -> String {
    format!("[secret {kind} {bytes}B]")
}

/// Where a secret stands in a text, and its kind.
pub type Spot = (Range<usize>, String);

/// What finds secrets.
pub trait Find: Send + Sync {
    /// Whether a line can have any, said quickly and without undoing anything; `true` where that cannot be told.
    fn may(&self, line: &str) -> bool;
    /// Their places and kinds in a text, which is the value of a member of this name.
    fn of(&self, name: Option<&str>, text: &str) -> Vec<Spot>;
}

/// Replaces secrets, with the key of its tags and the secrets that it has seen.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
    find: Arc<dyn Find>,
    /// By value: the kind.
    known: BTreeMap<String, String>,
    /// The same values, oldest first.
    order: VecDeque<String>,
    /// All of them as they may stand in a line, so that most lines are looked through once; `None`: made when needed.
    forms: Option<AhoCorasick>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Redactor {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(key: [u8; 32], find: Arc<dyn Find>) -> Self {
        Self { key, find, known: BTreeMap::new(), order: VecDeque::new(), forms: None }
    }

    /// The same, that finds by something else.
    #[must_use]
    pub fn with(self, find: Arc<dyn Find>) -> Self {
        Self { find, ..self }
    }

    /// The marker of a secret.
    #[must_use]
    pub fn marker(&self, kind: &str, value: &str) -> String {
        let digest = Sha256::new().chain_update(self.key).chain_update(value).finalize();
        let tag = hex(digest.get(..2).unwrap_or_default());
        format!("[secret {kind} {}B #{tag}]", value.len())
    }

    /// A line of JSON with markers, and where they are; `None` where there is nothing to hide. What was a secret once
    /// is one wherever it stands later. A value is looked for as JSON escapes it, and a marker needs no escape, so that
    /// what was JSON still is.
    #[must_use]
    pub fn redact(&mut self, line: &str) -> Option<(String, Vec<Mark>)> {
        let mut values = BTreeMap::new();
        let mut line = Cow::Borrowed(line);
        if self.find.may(&line) {
            self.collect(&line, NESTED_MAX, &mut values);
            let stands = |value: &String| forms(value).iter().any(|form| line.contains(form));
            if !values.keys().all(stands) {
                line = Cow::Owned(respelled(&line));
            }
        }
        let line = &*line;
        for (value, kind) in &values {
            self.learn(value, kind);
        }
        if values.is_empty() && !self.has_known(line) {
            return None;
        }
        let mut places = Vec::new();
        let found = values.iter().filter(|(value, _)| !self.known.contains_key(*value));
        for (value, kind) in self.known.iter().chain(found) {
            for form in forms(value) {
                let all = memchr::memmem::find_iter(line.as_bytes(), form.as_bytes());
                let all = all.map(|at| at..at + form.len());
                let all =
                    all.filter(|place| stands_alone(line, place, value.len() < KNOWN_BYTES_MIN));
                places.extend(all.map(|place| (place, self.marker(kind, value), kind)));
            }
        }
        if places.is_empty() {
            return None;
        }
        // Of two that overlap the first and longest stands, and what is left of the other goes with it.
        places.sort_by(|(left, ..), (right, ..)| {
            left.start.cmp(&right.start).then(right.end.cmp(&left.end))
        });
        let (mut redacted, mut marks, mut done) =
            (String::with_capacity(line.len()), Vec::new(), 0);
        for (place, marker, kind) in places {
            if place.end <= done {
                continue;
            }
            redacted.push_str(line.get(done..place.start).unwrap_or_default());
            if place.start >= done {
                let from = redacted.len();
                redacted.push_str(&marker);
                marks.push(Mark { span: (from, redacted.len()), kind: kind.clone() });
            }
            done = place.end;
        }
        redacted.push_str(line.get(done..).unwrap_or_default());
        Some((redacted, marks))
    }

    /// Finds the secrets of a line's texts, and of texts that are JSON themselves.
    fn collect(&self, json: &str, nested: usize, values: &mut BTreeMap<String, String>) {
        for Text { member, text, .. } in walk::members(json) {
            for (place, kind) in self.find.of(member.as_deref(), &text) {
                if let Some(value) = text.get(place).filter(|value| !value.is_empty()) {
                    values.insert(value.to_owned(), kind);
                }
            }
            let within = text.trim_start().starts_with(['{', '[', '"']);
            if let (true, Some(nested)) = (within, nested.checked_sub(1)) {
                self.collect(&text, nested, values);
            }
        }
    }

    /// Whether any of the values that are remembered may stand in a line.
    fn has_known(&mut self, line: &str) -> bool {
        if self.known.is_empty() {
            return false;
        }
        if self.forms.is_none() {
            let forms = self.known.keys().flat_map(|value| forms(value));
            self.forms = AhoCorasick::new(forms).ok();
        }
        self.forms.as_ref().is_none_or(|forms| forms.is_match(line))
    }

    fn learn(&mut self, value: &str, kind: &str) {
        if value.len() < KNOWN_BYTES_MIN || self.known.contains_key(value) {
            return;
        }
        if self.order.len() >= KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.forms = None;
        self.known.insert(value.to_owned(), kind.to_owned());
        self.order.push_back(value.to_owned());
    }

    /// JSON that was made of a line with markers, with its secrets in their place: those alone that the line itself
    /// has, so that a marker which somebody wrote into it brings nothing in.
    #[must_use]
    pub fn restored(&self, json: &str, line: &str) -> String {
        let mut restored = json.to_owned();
        if json.contains("[secret ") {
            let stands = |value: &str| forms(value).iter().any(|form| line.contains(form));
            for (value, kind) in self.known.iter().filter(|(value, _)| stands(value)) {
                restored = restored.replace(&self.marker(kind, value), &escaped(value));
            }
        }
        restored
    }
}

/// Whether a match is no part of an escape, and, if asked, of no longer word.
fn stands_alone(line: &str, place: &Range<usize>, whole: bool) -> bool {
    let (before, behind) = line.as_bytes().split_at_checked(place.start).unwrap_or_default();
    let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let within = word(before.last()) || word(behind.get(place.len()));
    escapes % 2 == 0 && !(whole && within)
}

/// The same JSON with each text escaped as we escape it: others write `\/` or `\u0041`.
fn respelled(json: &str) -> String {
    let (mut spelled, mut rest) = (String::with_capacity(json.len()), json);
    while let Some((before, text)) = rest.split_once('"') {
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let (inside, behind) =
            end.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))).unwrap_or((text, ""));
        let quoted = format!("\"{inside}\"");
        let read = serde_json::from_str::<String>(&quoted).map(serde_json::Value::from);
        spelled.push_str(before);
        spelled.push_str(&read.map_or(quoted, |value| value.to_string()));
        rest = behind;
    }
    spelled.push_str(rest);
    spelled
}

/// A value as it stands in JSON, without its quotes.
fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// How a value may stand in a line: escaped, and escaped again as a part of a text that is itself escaped. The longest
/// is first.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![escaped(value)];
    if forms.first().is_some_and(|once| once != value) {
        for _ in 1..NESTED_MAX {
            forms.extend(forms.last().map(|last| escaped(last)));
        }
        forms.reverse();
    }
    forms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// `SECRET` and the letters behind it, and whatever a `password` is.
    struct Test;

    impl Find for Test {
        fn may(&self, line: &str) -> bool {
            line.contains("ECRET") || line.contains("password")
        }

        fn of(&self, name: Option<&str>, text: &str) -> Vec<Spot> {
            if name == Some("password") {
                return vec![(0..text.len(), "password".to_owned())];
            }
            let word = |at: usize| {
                let rest = text.get(at..).unwrap();
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/');
                (at..at + end.unwrap_or(rest.len()), "test".to_owned())
            };
            text.match_indices("SECRET.").map(|(at, _)| word(at + 7)).collect()
        }
    }

    fn redactor() -> Redactor {
        Redactor::new([7; 32], Arc::new(Test))
    }

    fn hidden(line: &str) -> String {
        let (redacted, marks) = redactor().redact(line).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&redacted).is_ok(), "{redacted}");
        for Mark { span: (from, to), kind } in marks {
            let marker = redacted.get(from..to).unwrap();
            assert!(marker.starts_with(&format!("[secret {kind} ")) && marker.ends_with(']'));
        }
        redacted
    }

    #[test]
    fn a_secret_is_replaced_by_what_it_was() {
        assert_eq!(redactor().redact(r#"{"a":"nothing here"}"#), None);
        let mut one = redactor();
        let line = json!({ "a": "SECRET.onevalue", "b": ["SECRET.twovalue", "SECRET.onevalue"] });
        let (text, marks) = one.redact(&line.to_string()).unwrap();
        let parts: Vec<&str> =
            marks.iter().map(|mark| text.get(mark.span.0..mark.span.1).unwrap()).collect();
        assert!(parts[0].starts_with("[secret test 8B #") && parts[0].ends_with(']'), "{text}");
        // The same secret has the same tag, another one another; with another key it has another one.
        assert!(parts[0] == parts[2] && parts[0] != parts[1], "{text}");
        let other = Redactor::new([8; 32], Arc::new(Test)).redact(&line.to_string()).unwrap().0;
        assert!(!other.contains(parts[0]));
        // What was a secret once is one where nothing tells it; a marker that somebody wrote is none of ours.
        let (text, marks) =
            one.redact(r#"{"c":"it is onevalue","d":"[secret test 8B #aaaa]"}"#).unwrap();
        assert!(!text.contains("onevalue") && marks.len() == 1, "{text}");
        let line = r#"{"c":"it is onevalue","d":"[secret test 8B #aaaa]"}"#;
        assert_eq!(one.restored(&text, line), line);
        // It comes from nowhere else.
        assert_eq!(one.restored(&text, "{}"), text);
    }

    #[test]
    fn it_is_hidden_however_it_is_spelled() {
        let value = "hunter\"two \u{1}\\x";
        let once = json!({ "password": value }).to_string();
        let twice = json!({ "text": once }).to_string();
        let frame = json!({ "raw": { "text": twice } }).to_string();
        for line in [&once, &twice, &frame] {
            assert!(!hidden(line).contains("two"), "{line}");
        }
        let mut same = redactor();
        let (text, _) = same.redact(&once).unwrap();
        assert_eq!(same.restored(&text, &once), once);
        for line in [
            r#"{"a":"x\nSECRET.abcd\/efgh"}"#,
            r#"{"a":"SECRET.ab\u0063d/efgh"}"#,
            r#"{"password":"ab\u0063d/efgh"}"#,
        ] {
            let text = hidden(line);
            assert!(!text.contains("efgh") && !text.contains("bcd"), "{text}");
        }
        // A short one is no part of a longer word, and no part of an escape.
        assert!(
            hidden(r#"{"password":"admin","b":"administrator admin"}"#)
                .contains("\"administrator [")
        );
        assert!(hidden(r#"{"password":"nabcdefgh","b":"x\nabcdefgh"}"#).contains(r"x\nabcdefgh"));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut redactor = redactor();
        for n in 0..KNOWN_MAX + 3 {
            let line = json!({ "password": format!("value-{n:04}") }).to_string();
            assert!(redactor.redact(&line).is_some() && redactor.redact(&line).is_some());
        }
        assert_eq!((redactor.known.len(), redactor.order.len()), (KNOWN_MAX, KNOWN_MAX));
        assert!(redactor.redact(r#""value-0002""#).is_none());
        assert!(redactor.redact(r#""value-0003""#).is_some());
    }

    proptest! {
        /// Whatever the rest is: nothing of it is lost, nothing of a secret stays, and JSON is JSON.
        #[test]
        fn what_is_no_secret_stays(
            texts in prop::collection::vec("([a-c\"\\\\\n\u{e9} ]|SECRET[.][d-z]{9}[.]|\\[secret x 3B #ab\\]){0,8}", 1..4),
            nested: bool,
        ) {
            let mut line = json!({ "texts": texts }).to_string();
            if nested {
                line = json!({ "raw": line }).to_string();
            }
            match redactor().redact(&line) {
                None => prop_assert!(!line.contains("SECRET.")),
                Some((redacted, marks)) => {
                    let value: Result<serde_json::Value, _> = serde_json::from_str(&redacted);
                    prop_assert!(value.is_ok());
                    let mut rest = redacted.clone();
                    for mark in marks.iter().rev() {
                        rest.replace_range(mark.span.0..mark.span.1, "");
                    }
                    let secrets = regex::Regex::new("SECRET[.][d-z]{9}").unwrap();
                    prop_assert_eq!(rest, secrets.replace_all(&line, "SECRET.").into_owned());
                }
            }
        }
    }
}
