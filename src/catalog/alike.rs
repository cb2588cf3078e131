//! What looks like something else: a tool under another name, and names that are read for one another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strsim::generic_damerau_levenshtein;

use crate::text::skeleton::skeleton;

/// Longer names are compared with none: the work grows with the square of the letters.
const NAME_BYTES_MAX: usize = 256;
/// Words that two definitions have to share, of a hundred, to be one under two names. Chosen so that a sentence may be
/// added to a description of usual length, and two tools of one server that do related things stay two.
const SHARED_PERCENT: usize = 70;
/// Definitions of fewer words are too short to be told apart by them.
const WORDS_MIN: usize = 6;
/// Names so long may differ by this many letters and still be read for one another (features.md, D13).
const NEAR_CHARS_MIN: usize = 4;
const NEAR_EDITS_MAX: usize = 2;

/// How a name looks like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alike {
    /// Some letters are others or in another order: `read_flie`.
    Near,
    /// It is the same name.
    Same,
    /// A reader cannot tell them apart (UTS 39, section 4): `pаypal` with a Cyrillic letter.
    Confusable,
}

/// How a name looks like another; `None`: it does not.
#[must_use]
pub fn alike(name: &str, other: &str) -> Option<Alike> {
    if name == other {
        return Some(Alike::Same);
    }
    if name.len().max(other.len()) > NAME_BYTES_MAX {
        return None;
    }
    let shape = |name: &str| skeleton(name).collect::<Vec<char>>();
    // Letters of ASCII that look alike (m and rn) differ in number by one.
    let close = name.chars().count().abs_diff(other.chars().count()) <= NEAR_EDITS_MAX;
    if close && shape(name) == shape(other) {
        return Some(Alike::Confusable);
    }
    if !close {
        return None;
    }
    let letters = |name: &str| name.chars().collect::<Vec<char>>();
    let (name, other) = (letters(name), letters(other));
    // One in the plural, or with a number behind it, is another name on purpose.
    let (short, long) = if name.len() < other.len() { (&name, &other) } else { (&other, &name) };
    let grown = long.starts_with(short);
    let near = short.len() >= NEAR_CHARS_MIN
        && !grown
        && long.len() - short.len() <= NEAR_EDITS_MAX
        && generic_damerau_levenshtein(&name, &other) <= NEAR_EDITS_MAX;
    near.then_some(Alike::Near)
}

/// Whether one definition is most probably the other under another name.
pub(super) fn is_renamed(before: &str, now: &str) -> bool {
    let (before, now) = (words(before), words(now));
    let shared = before.intersection(&now).count();
    // Against the one that was there: what is added does not make it another.
    before.len() >= WORDS_MIN && shared * 100 >= before.len() * SHARED_PERCENT
}

/// The words that a definition tells a reader, and the names of its parameters; what every schema has says nothing.
fn words(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    collect(&serde_json::from_str(text).unwrap_or_default(), &mut all);
    all
}

fn collect(value: &Value, all: &mut BTreeSet<String>) {
    let mut add = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        all.extend(words.map(str::to_lowercase));
    };
    let Value::Object(object) = value else { return };
    for (key, value) in object {
        match (key.as_str(), value) {
            ("description" | "title", Value::String(text)) => add(text),
            ("properties", Value::Object(properties)) => {
                properties.keys().for_each(|name| add(name));
            }
            _ => {}
        }
    }
    object.values().for_each(|value| collect(value, all));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_read_for_one_another() {
        for (name, other, expected) in [
            ("send_email", "send_email", Some(Alike::Same)),
            ("send_email", "send_em\u{430}il", Some(Alike::Confusable)),
            ("send_email", "send_ernail", Some(Alike::Confusable)),
            ("send_email", "send_emial", Some(Alike::Near)),
            ("filesystem", "filesytem", Some(Alike::Near)),
            ("get_file", "get_files", None),
            ("search", "search2", None),
            ("get", "set", None),
            ("read_file", "write_file", None),
            ("", "a", None),
        ] {
            assert_eq!(alike(name, other), expected, "{name} {other}");
            assert_eq!(alike(other, name), expected, "{other} {name}");
        }
    }
}
