//! The ladder of normal forms: what a model may read in a text that is not written so.
//!
//! Every [`View`] is folded: compatibility forms (NFKC), case, accents, characters that nobody sees, look-alike letters
//! (UTS 39) in words that mix scripts, runs of white space. What is encoded in a view is decoded and folded as well, view
//! by view, to a fixed depth. Offsets lead back to the bytes of the text as it came.
//!
//! **Bounded**: all views of a text together have at most [`GROWTH`] times its bytes and [`ROOM_BYTES`] more, and twice
//! [`INFLATED_BYTES`] where something in it is compressed; at most [`DEPTH_MAX`] encodings are undone within another, and
//! each step is linear in what it reads.

mod cased;
mod decode;
mod fold;
mod letters;
mod likely;
mod runs;
mod view;

use std::collections::VecDeque;

pub use cased::decoded;
pub(in crate::inspect) use letters::{as_read, leet_changes, otherwise};
pub(in crate::inspect) use runs::runs;
pub use view::View;

/// Encodings within encodings that are undone.
pub const DEPTH_MAX: usize = 3;
/// Bytes of all views for each byte of the text.
pub const GROWTH: usize = 4;
/// And so many more.
pub const ROOM_BYTES: usize = 4096;
/// Bytes that all compressed runs of a text together are inflated to.
pub const INFLATED_BYTES: usize = 128 * 1024;
/// Views of one text: what has more encoded runs is told by those alone.
const VIEWS_MAX: usize = 64;

/// How a view came out of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Tag characters (U+E0020 to U+E007E), which spell ASCII and are not seen.
    Tags,
    /// `%69%67`.
    Percent,
    /// `&#105;`, `&lt;`.
    Entities,
    /// `\u0069`, `\x69`.
    Escapes,
    /// Base64, with either alphabet.
    Base64,
    /// Base32.
    Base32,
    /// Hexadecimal digits.
    Hex,
    /// What is compressed with gzip, and encoded so that it is text.
    Gzip,
    /// Letters moved by thirteen.
    Rot13,
    /// Written backwards.
    Reversed,
    /// `i g n o r e`.
    Spaced,
    /// `1gn0r3`.
    Leet,
}

impl Step {
    /// The word for findings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tags => "tag characters",
            Self::Percent => "percent encoding",
            Self::Entities => "HTML entities",
            Self::Escapes => "escapes",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hexadecimal",
            Self::Gzip => "gzip",
            Self::Rot13 => "ROT13",
            Self::Reversed => "reversed text",
            Self::Spaced => "spaced letters",
            Self::Leet => "leetspeak",
        }
    }
}

/// All views of a text, the plain one first.
#[must_use]
pub fn views(text: &str) -> Vec<View> {
    let raw = View::raw(text);
    let mut room = text.len().saturating_mul(GROWTH).saturating_add(ROOM_BYTES);
    let mut views = Vec::new();
    let plain = fold::fold(&raw);
    room = room.saturating_sub(plain.text.len());
    // Of each, what is encoded in it: in the form as it came, because folding takes away what codes are made of.
    let mut inflate = INFLATED_BYTES;
    let mut decoded = VecDeque::from(decode::within(&raw, &mut inflate));
    decoded.extend(letters::of_letters(&plain));
    views.push(plain);
    while let Some(one) = decoded.pop_front() {
        if one.steps.last() == Some(&Step::Gzip) {
            room = room.saturating_add(one.text.len().saturating_mul(2));
        }
        let folded = fold::fold(&one);
        let Some(left) = room.checked_sub(one.text.len().max(folded.text.len())) else { continue };
        if views.len() >= VIEWS_MAX {
            break;
        }
        room = left;
        if one.steps.len() < DEPTH_MAX {
            decoded.extend(decode::within(&one, &mut inflate));
            decoded.extend(letters::of_letters(&folded));
        }
        views.push(folded);
    }
    views
}

#[cfg(test)]
mod tests;
