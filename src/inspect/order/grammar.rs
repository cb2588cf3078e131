//! What words do in a sentence, and the rows of them that mean something: read from data, once for each kind of text.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What a word does, one bit each.
pub(super) type Classes = u128;

/// Words between two classes where the shape does not say.
const GAP: usize = 3;

const LEXICON_TEXT: &str = include_str!("lexicon.txt");

/// The concept of what is not written as it is read.
pub const DISGUISED: &str = "disguised";
/// The concept of what stands in quotes, and may be told about instead of told.
pub const QUOTED: &str = "g.quoted";
/// The concept of a text that says much of attacks.
pub const DENSE: &str = "g.dense";

/// The shapes of definitions.
pub static DEFINITIONS: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::read(include_str!("definitions.txt"), &[DISGUISED]));
/// The shapes of results.
pub static RESULTS: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::read(include_str!("results.txt"), &[DENSE, QUOTED, DISGUISED]));

/// Classes that are told by where and how a word stands, with their bits.
pub(super) struct Mark;

impl Mark {
    pub(super) const START: Classes = 1;
    pub(super) const LATER: Classes = 1 << 1;
    pub(super) const INNER: Classes = 1 << 2;
    pub(super) const IDENT: Classes = 1 << 3;
    pub(super) const LINK: Classes = 1 << 4;
    pub(super) const SHOUT: Classes = 1 << 5;
    pub(super) const FRAME: Classes = 1 << 6;
    pub(super) const HEAD: Classes = 1 << 7;
    pub(super) const CLAUSE: Classes = 1 << 8;
    pub(super) const LEAD: Classes = 1 << 9;
    pub(super) const COLON: Classes = 1 << 10;
    pub(super) const QUOTED: Classes = 1 << 11;
    pub(super) const EXFIL: Classes = 1 << 12;
    const NAMES: [&str; 13] = [
        "start", "later", "inner", "ident", "link", "shout", "frame", "head", "clause", "lead",
        "colon", "quoted", "exfil",
    ];
}

/// Classes that are looked up by name beside those of the shapes.
const PATH: &str = "path";
const LEAD_IN: &str = "leadin";
const AND: &str = "and";
const VERBS: [&str; 14] = [
    "transmit", "include", "reveal", "drop", "use", "deed", "store", "read", "respond", "obey",
    "do", "decode", "tell", "stop",
];

/// The lines of data, a name and what stands behind it.
pub(crate) fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "))
}

/// Shapes of one kind of text, and the words that they are made of.
#[derive(Debug)]
pub struct Grammar {
    /// The names of what shapes mean, sorted, each once; behind them those that no shape has.
    pub concepts: Vec<&'static str>,
    shapes: Vec<Shape>,
    /// What each shape needs, beside each other: a sentence is held against all of them.
    needs: Vec<Classes>,
    /// Words by their buckets, and of which classes they are.
    words: Vec<(String, Classes)>,
    /// Where each bucket begins, and where the last one ends.
    begins: Vec<usize>,
    /// Names in a path.
    pub(super) path: Classes,
    /// What stands before an imperative.
    pub(super) lead_in: Classes,
    /// What joins two of them.
    pub(super) and: Classes,
    /// What a sentence that is an order begins with.
    pub(super) verbs: Classes,
}

impl Grammar {
    fn read(shapes: &'static str, beside: &[&'static str]) -> Self {
        let names: BTreeSet<&str> = lines(shapes).map(|(name, _)| name).collect();
        let concepts: Vec<&str> = names.into_iter().chain(beside.iter().copied()).collect();
        let classes = classes(shapes);
        let bit = |class: &str| bit(&classes, class);
        let read = |(name, parts)| Shape::read(name, parts, &concepts, &classes);
        let shapes: Vec<Shape> = lines(shapes).map(read).collect();
        let mut words = words(&classes);
        words.sort_by_key(|(word, _)| bucket(word));
        let begins = (0..=BUCKETS)
            .map(|number| words.partition_point(|(word, _)| bucket(word) < number))
            .collect();
        Self {
            needs: shapes.iter().map(Shape::needs).collect(),
            shapes,
            words,
            begins,
            path: bit(PATH),
            lead_in: bit(LEAD_IN),
            and: bit(AND),
            verbs: VERBS.iter().fold(0, |all, class| all | bit(class)),
            concepts,
        }
    }

    /// The classes of a word.
    pub(super) fn of(&self, word: &str) -> Classes {
        let bucket = bucket(word);
        let range = self.begins.get(bucket).zip(self.begins.get(bucket + 1));
        let Some((from, to)) = range else { return 0 };
        let mut listed = self.words.get(*from..*to).unwrap_or_default().iter();
        listed.find(|(known, _)| known == word).map_or(0, |(_, classes)| *classes)
    }

    /// Shapes that words of all these classes may fit.
    pub(super) fn shapes_of(&self, all: Classes) -> impl Iterator<Item = &Shape> {
        let possible = self.needs.iter().zip(&self.shapes);
        possible.filter(move |(needs, _)| **needs & !all == 0).map(|(_, shape)| shape)
    }

    /// The number of a concept.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<usize> {
        self.concepts.iter().position(|known| *known == name)
    }
}

/// Buckets of words: more than there are words, so that most that are in no list are told by an empty one.
const BUCKETS: usize = 4096;

/// The bucket of a word: FNV-1a, the upper bits.
fn bucket(word: &str) -> usize {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = word.bytes().fold(0x811c_9dc5, step);
    usize::try_from(hash >> 20).unwrap_or_default()
}

/// The classes of shapes, in the order of their bits: marks first.
fn classes(shapes: &'static str) -> Vec<&'static str> {
    let parts = lines(shapes).flat_map(|(_, parts)| parts.split_whitespace());
    let named: BTreeSet<&str> = parts.flat_map(|part| part.split('+')).collect();
    let needed = |class: &&str| named.contains(class) || [PATH, LEAD_IN, AND].contains(class);
    let listed = lines(LEXICON_TEXT).map(|(class, _)| class).filter(needed);
    Mark::NAMES.into_iter().chain(listed).collect()
}

/// The bit of a class; none for one that there is not. A test says that every one of a shape is there.
fn bit(classes: &[&str], class: &str) -> Classes {
    classes.iter().position(|known| *known == class).map_or(0, |bit| 1 << bit)
}

fn words(classes: &[&str]) -> Vec<(String, Classes)> {
    let mut words: Vec<(String, Classes)> = Vec::new();
    for (class, listed) in lines(LEXICON_TEXT) {
        let bit = bit(classes, class);
        for word in listed.split_whitespace().filter(|_| bit != 0) {
            words.extend(forms(word).into_iter().map(|form| (form, bit)));
        }
    }
    words.sort_unstable();
    words.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 |= if same { next.1 } else { 0 };
        same
    });
    words
}

/// A word of the lexicon in all its forms.
fn forms(word: &str) -> Vec<String> {
    let Some(stem) = word.strip_suffix('+') else { return vec![word.to_owned()] };
    let (stem, doubled) = match stem.strip_suffix('+') {
        Some(stem) => (stem, stem.chars().next_back()),
        None => (stem, None),
    };
    let short = stem.strip_suffix('e').unwrap_or(stem);
    let long: String = stem.chars().chain(doubled).collect();
    let inflected = if doubled.is_some() { long.as_str() } else { short };
    let third = match stem.strip_suffix('y') {
        Some(rest) if !rest.ends_with(['a', 'e', 'o']) => format!("{rest}ies"),
        _ if stem.ends_with(['s', 'x', 'h']) => format!("{stem}es"),
        _ => format!("{stem}s"),
    };
    let past = match stem.strip_suffix('y') {
        Some(rest) if !rest.ends_with(['a', 'e', 'o']) => format!("{rest}ied"),
        _ => format!("{inflected}ed"),
    };
    vec![stem.to_owned(), third, format!("{inflected}ing"), past]
}

/// A shape of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The number of what it means: `conceal.user`.
    pub(super) concept: usize,
    /// Whether it speaks for an honest text.
    pub(super) guard: bool,
    /// Words in their order, by the classes that each is of, with how many others may stand before it.
    parts: Vec<(usize, Classes)>,
}

impl Shape {
    fn read(name: &str, parts: &str, concepts: &[&str], classes: &[&str]) -> Self {
        let mut gap = GAP;
        let mut read = Vec::new();
        for part in parts.split_whitespace() {
            if let Ok(number) = part.parse() {
                gap = number;
            } else {
                let of = part.split('+').fold(0, |all, class| all | bit(classes, class));
                read.push((std::mem::replace(&mut gap, GAP), of));
            }
        }
        let concept = concepts.iter().position(|known| *known == name).unwrap_or_default();
        Self { concept, guard: name.starts_with("g."), parts: read }
    }

    /// The classes of all its words.
    fn needs(&self) -> Classes {
        self.parts.iter().fold(0, |all, (_, of)| all | of)
    }

    /// The words that it fits, from the first to the last.
    pub(super) fn fits(&self, words: &[Word]) -> Option<(usize, usize)> {
        let (_, first) = self.parts.first()?;
        let begins = words.iter().enumerate().filter(|(_, word)| word.is_of(*first));
        for (begin, _) in begins {
            let mut at = begin;
            // A mark may be the same word's.
            let goes_on = self.parts.iter().skip(1).all(|(gap, of)| {
                let reach = at..words.len().min(at + gap + 2);
                let next = words.get(reach).unwrap_or_default().iter();
                let found = next.clone().position(|word| word.is_of(*of));
                at += found.unwrap_or_default();
                found.is_some()
            });
            if goes_on {
                return Some((begin, at));
            }
        }
        None
    }
}

/// A word of a sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) classes: Classes,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Word {
    /// Whether it is of all these classes.
    const fn is_of(&self, classes: Classes) -> bool {
        self.classes & classes == classes
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::normal::views;
    use super::*;

    #[test]
    fn the_data_names_only_what_is_there() {
        for (text, grammar) in [
            (include_str!("definitions.txt"), &*DEFINITIONS),
            (include_str!("results.txt"), &*RESULTS),
        ] {
            let classes = classes(text);
            assert!(classes.len() <= 128 && grammar.concepts.len() <= 128, "{}", classes.len());
            for (name, parts) in lines(text) {
                for class in parts.split([' ', '+']).filter(|part| part.parse::<usize>().is_err()) {
                    assert!(bit(&classes, class) != 0, "{name}: {class}");
                }
            }
            // Words are as folding leaves them.
            for (word, _) in &grammar.words {
                assert_eq!(views(word)[0].text, **word);
            }
        }
        assert!(VERBS.iter().all(|verb| lines(LEXICON_TEXT).any(|(class, _)| class == *verb)));
    }
}
