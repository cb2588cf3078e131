//! One form for all that is read alike: compatibility, case, accents, what nobody sees, look-alike letters, white space.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::View;
use crate::text::class::{self, Class};
use crate::text::skeleton::skeleton;

/// The view, folded.
pub(super) fn fold(view: &View) -> View {
    let mut folded = View::after(view, None);
    let mut words = Words { view, mixed_to: 0, mixed: false };
    let mut letters = Letters::default();
    let mut space: Option<(usize, usize, &str)> = None;
    let mut at = 0;
    while let Some(c) = view.text.get(at..).and_then(|rest| rest.chars().next()) {
        let mut end = at + c.len_utf8();
        if c.is_whitespace() {
            // A line's end counts more than a space.
            let (start, _, known) = space.unwrap_or((at, end, " "));
            space = Some((start, end, if c == '\n' { "\n" } else { known }));
        } else if c.is_ascii_graphic() {
            end = at + run(view.text.as_bytes().get(at..).unwrap_or_default());
            let lower = view.text.get(at..end).unwrap_or_default().to_ascii_lowercase();
            spaced(&mut folded, view, &mut space);
            folded.push(&lower, view, at..end);
        } else {
            match letters.read(c, words.is_mixed(at)) {
                Read::Nothing => {}
                // An accent that stands alone.
                Read::Space => space = space.or(Some((at, end, " "))),
                Read::Letter(letter) => {
                    spaced(&mut folded, view, &mut space);
                    folded.push(letter, view, at..end);
                }
            }
        }
        at = end;
    }
    folded
}

/// One space for all that stood there; none at the end.
fn spaced(folded: &mut View, view: &View, space: &mut Option<(usize, usize, &str)>) {
    if let Some((start, end, as_what)) = space.take() {
        folded.push(as_what, view, start..end);
    }
}

/// How many bytes from here are plain ASCII with single spaces.
fn run(bytes: &[u8]) -> usize {
    let mut spaces = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'!'..=b'~' => spaces = 0,
            b' ' if spaces == 0 => spaces = 1,
            _ => return at - spaces,
        }
    }
    bytes.len() - spaces
}

/// What draws nothing, or only changes how its neighbours are drawn.
fn is_unseen(c: char) -> bool {
    class::class(c) == Class::Hidden && !is_shown(c)
}

/// Hidden in cells, because terminals draw them in different widths, and seen by readers all the same.
const fn is_shown(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}' | '\u{FDFA}'..='\u{FDFD}')
}

/// What a character is read as.
#[derive(Debug, Clone)]
enum Read {
    Nothing,
    Space,
    Letter(String),
}

impl Read {
    fn of(c: char, mixed: bool) -> Self {
        if is_unseen(c) || is_combining_mark(c) {
            return Self::Nothing;
        }
        let letter = letter(c, mixed);
        if letter.is_empty() { Self::Space } else { Self::Letter(letter) }
    }
}

/// Characters that are remembered with what they are read as: a text has few others, and each takes three tables.
const LETTERS: usize = 256;

/// What the characters of a text were read as, each at the place of its last bits.
#[derive(Debug, Default)]
struct Letters {
    known: Vec<Option<(char, bool, Read)>>,
}

impl Letters {
    fn read(&mut self, c: char, mixed: bool) -> &Read {
        const NOTHING: &Read = &Read::Nothing;
        if self.known.is_empty() {
            self.known.resize(LETTERS, None);
        }
        let at = usize::try_from(u32::from(c)).unwrap_or_default() % LETTERS;
        let Some(place) = self.known.get_mut(at) else { return NOTHING };
        match place {
            Some((known, was_mixed, _)) if *known == c && *was_mixed == mixed => {}
            _ => *place = Some((c, mixed, Read::of(c, mixed))),
        }
        place.as_ref().map_or(NOTHING, |(.., read)| read)
    }
}

/// One character: without its form, its accents and its case, and in a word of several scripts for what it is read.
fn letter(c: char, mixed: bool) -> String {
    let plain = bare(&c.to_string());
    if !mixed || plain.is_ascii() {
        return plain;
    }
    let read = |c: char| {
        let shape = bare(&skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>());
        if shape.is_ascii() && !shape.is_empty() { shape } else { c.to_string() }
    };
    plain.chars().map(read).collect()
}

fn bare(text: &str) -> String {
    let base = |text: &str| -> String { text.nfkd().filter(|c| !is_combining_mark(*c)).collect() };
    let lower: String = base(text).chars().flat_map(char::to_lowercase).collect();
    // What a small letter is made of is none of the text's.
    base(&lower).nfc().filter(|c| !c.is_whitespace() && !is_unseen(*c)).collect()
}

/// Finds out of each word whether it has Latin letters beside others, once.
struct Words<'a> {
    view: &'a View,
    mixed_to: usize,
    mixed: bool,
}

impl Words<'_> {
    fn is_mixed(&mut self, at: usize) -> bool {
        if at < self.mixed_to {
            return self.mixed;
        }
        let text = &self.view.text;
        let rest = text.get(at..).unwrap_or_default();
        let len = rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
        if len == 0 {
            return false;
        }
        let begin = text.get(..at).unwrap_or_default();
        let before = begin.chars().rev().take_while(|c| is_inside(*c)).any(is_latin);
        let word = rest.get(..len).unwrap_or_default();
        self.mixed = before || word.chars().any(is_latin);
        self.mixed_to = at + len;
        self.mixed
    }
}

/// Whether it belongs to a word, in this form or as it is folded.
fn is_inside(c: char) -> bool {
    c.is_alphanumeric()
        || !c.is_ascii()
            && (is_combining_mark(c)
                || is_unseen(c)
                || std::iter::once(c).nfkd().any(char::is_alphanumeric))
}

/// Whether it is an ASCII letter in some form.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || !c.is_ascii() && std::iter::once(c).nfkd().any(|c| c.is_ascii_alphabetic())
}
