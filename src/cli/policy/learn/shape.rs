//! What the arguments of a tool were, generalised: enough to let go on again what was seen, and little more.
//!
//! Every condition holds for every call that it was made of, in this order of precedence:
//!
//! 1. addresses: their schemes and at most eight hosts; paths: the longest directory that all are below;
//! 2. texts of at most eight values, each seen twice on average: these values. What was seen once says nothing
//!    of what comes; but paths that have no directory in common are listed all the same;
//! 3. other texts: a length, the next power of two from twice the longest; numbers: their type, because any range that
//!    was seen is too tight;
//! 4. lists: the same of their members; objects: their keys, and the same of their members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::text::{Texts, literal};

/// Objects with more keys are taken for data: their keys are no names.
const KEYS_MAX: usize = 32;
/// Objects below this depth are only objects: what nobody reads in a review guards nothing.
const DEPTH_MAX: usize = 3;

/// How much a condition says. A rule's condition has a longest length: less is said where all does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// All that is known.
    Full,
    /// No values.
    Bounds,
    /// Keys and types.
    Types,
}

/// What kind of value one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Null,
    Truth,
    Whole,
    Number,
    Text,
    List,
    Object,
}

/// What was seen in one place.
#[derive(Debug, Default)]
struct Shape {
    seen: u64,
    kinds: BTreeSet<Kind>,
    texts: Texts,
    truths: BTreeSet<bool>,
    /// Of the members of lists.
    items: Option<Box<Shape>>,
    object: Members,
}

/// What was seen of objects in one place: the call's arguments, or objects among them.
#[derive(Debug, Default)]
pub(super) struct Members {
    seen: u64,
    shapes: BTreeMap<String, Shape>,
}

impl Members {
    /// Takes one object in.
    pub(super) fn add(&mut self, object: &Map<String, Value>) {
        self.add_at(object, 0);
    }

    fn add_at(&mut self, object: &Map<String, Value>, depth: usize) {
        self.seen += 1;
        if depth >= DEPTH_MAX {
            return;
        }
        for (key, value) in object {
            // One more than are named tells that there are too many.
            if self.shapes.len() <= KEYS_MAX || self.shapes.contains_key(key) {
                self.shapes.entry(key.clone()).or_default().add(key, value, depth + 1);
            }
        }
    }

    /// What holds of every object seen, as conditions that all have to hold.
    pub(super) fn conditions(&self, place: &str, detail: Detail) -> Vec<String> {
        if self.shapes.len() > KEYS_MAX {
            return vec![format!("type({place}) == map")];
        }
        let keys: Vec<String> = self.shapes.keys().map(|key| literal(key)).collect();
        let mut all = match keys.as_slice() {
            [] => vec![format!("{place} == {{}}")],
            keys => vec![format!("{place}.all(key, key in [{}])", keys.join(", "))],
        };
        all.extend(self.members(place, detail));
        all
    }

    fn members(&self, place: &str, detail: Detail) -> impl Iterator<Item = String> {
        self.shapes.iter().map(move |(key, shape)| {
            let (there, at) = member(place, key);
            let condition = shape.condition(&at, detail, Loops::None);
            if shape.seen == self.seen { condition } else { format!("(!{there} || {condition})") }
        })
    }

    /// A line for each argument: how often it was there, and what it was.
    pub(super) fn evidence(&self) -> Vec<String> {
        let line = |(key, shape): (&String, &Shape)| {
            let calls = if shape.seen == self.seen {
                "in every call".to_owned()
            } else {
                format!("in {} of {} calls", shape.seen, self.seen)
            };
            format!("{}: {calls}; {}", literal(key), shape.words())
        };
        if self.shapes.is_empty() {
            return vec!["no arguments".to_owned()];
        }
        if self.shapes.len() > KEYS_MAX {
            return vec![format!("more than {KEYS_MAX} arguments: they are not looked at")];
        }
        self.shapes.iter().map(line).collect()
    }
}

/// Whether a place is inside a loop: conditions may have no loop there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loops {
    None,
    Inside,
}

impl Shape {
    fn add(&mut self, key: &str, value: &Value, depth: usize) {
        self.seen += 1;
        self.kinds.insert(match value {
            Value::Null => Kind::Null,
            Value::Bool(truth) => {
                self.truths.insert(*truth);
                Kind::Truth
            }
            Value::Number(number) if number.is_i64() => Kind::Whole,
            Value::Number(_) => Kind::Number,
            Value::String(text) => {
                self.texts.add(key, text);
                Kind::Text
            }
            Value::Array(list) => {
                let items = self.items.get_or_insert_default();
                for item in list {
                    items.add(key, item, DEPTH_MAX);
                }
                Kind::List
            }
            Value::Object(object) => {
                self.object.add_at(object, depth);
                Kind::Object
            }
        });
    }

    /// What holds of every value seen. Where the value is of another type it is an error or does not hold, which is the
    /// same in a rule that allows.
    fn condition(&self, at: &str, detail: Detail, loops: Loops) -> String {
        let any: Vec<String> =
            self.kinds.iter().filter_map(|kind| self.of_kind(*kind, at, detail, loops)).collect();
        match any.as_slice() {
            [one] => one.clone(),
            any => format!("({})", any.join(" || ")),
        }
    }

    fn of_kind(&self, kind: Kind, at: &str, detail: Detail, loops: Loops) -> Option<String> {
        Some(match kind {
            Kind::Null => format!("{at} == null"),
            Kind::Truth => match (self.always(), detail) {
                (Some(truth), Detail::Full) => format!("{at} == {truth}"),
                _ => format!("type({at}) == bool"),
            },
            // The next one says it as well.
            Kind::Whole if self.kinds.contains(&Kind::Number) => return None,
            Kind::Whole => format!("type({at}) == int"),
            Kind::Number => format!("type({at}) in [int, uint, double]"),
            Kind::Text => self.texts.condition(at, detail),
            Kind::List => match &self.items {
                Some(items) if items.seen > 0 && loops == Loops::None => {
                    let each = items.condition("item", detail, Loops::Inside);
                    format!("type({at}) == list && {at}.all(item, {each})")
                }
                _ => format!("type({at}) == list"),
            },
            Kind::Object if loops == Loops::Inside || self.object.is_opaque() => {
                format!("type({at}) == map")
            }
            Kind::Object => format!("({})", self.object.conditions(at, detail).join(" && ")),
        })
    }

    /// The one truth that was seen, more than once.
    fn always(&self) -> Option<bool> {
        let mut truths = self.truths.iter();
        let one = truths.next().copied();
        one.filter(|_| truths.next().is_none() && self.seen > 1)
    }

    fn words(&self) -> String {
        let word = |kind: &Kind| match kind {
            Kind::Null => "null".to_owned(),
            Kind::Truth => self.always().map_or("true or false".to_owned(), |one| format!("{one}")),
            Kind::Whole => "a whole number".to_owned(),
            Kind::Number => "a number".to_owned(),
            Kind::Text => self.texts.words(),
            Kind::List => match &self.items {
                Some(items) if items.seen > 0 => format!("a list, each of it {}", items.words()),
                _ => "an empty list".to_owned(),
            },
            Kind::Object => "an object".to_owned(),
        };
        self.kinds.iter().map(word).collect::<Vec<_>>().join(", or ")
    }
}

impl Members {
    /// Nothing is known of the members.
    fn is_opaque(&self) -> bool {
        self.shapes.is_empty() || self.shapes.len() > KEYS_MAX
    }
}

/// Words of the language, which are no names behind a dot.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// That a key is there, and what is behind it.
fn member(place: &str, key: &str) -> (String, String) {
    let is_name = key.bytes().enumerate().all(|(at, byte)| {
        byte == b'_' || byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit()
    });
    if is_name && !key.is_empty() && !RESERVED.contains(&key) {
        return (format!("has({place}.{key})"), format!("{place}.{key}"));
    }
    let key = literal(key);
    (format!("({key} in {place})"), format!("{place}[{key}]"))
}
