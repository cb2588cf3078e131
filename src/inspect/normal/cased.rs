//! What is encoded in a text, with the case of its letters: tokens are other ones in small letters.

use std::collections::VecDeque;

use unicode_normalization::UnicodeNormalization as _;

use super::{DEPTH_MAX, GROWTH, INFLATED_BYTES, ROOM_BYTES, Step, VIEWS_MAX, View, decode};
use crate::text::class::{self, Class};

/// The views in which something was undone: codes, and what is not seen or has another form. Letters keep their case and
/// white space stays. Bounded as [`super::views`] is.
#[must_use]
pub fn decoded(text: &str) -> Vec<View> {
    let raw = View::raw(text);
    let mut room = text.len().saturating_mul(GROWTH).saturating_add(ROOM_BYTES);
    let mut inflate = INFLATED_BYTES;
    let mut next = VecDeque::from(decode::within(&raw, &mut inflate));
    next.extend(plain(&raw));
    let mut views = Vec::new();
    while let Some(one) = next.pop_front() {
        if one.steps.last() == Some(&Step::Gzip) {
            room = room.saturating_add(one.text.len().saturating_mul(2));
        }
        let Some(left) = room.checked_sub(one.text.len()) else { continue };
        if views.len() >= VIEWS_MAX {
            break;
        }
        room = left;
        if one.steps.len() < DEPTH_MAX {
            next.extend(decode::within(&one, &mut inflate));
            next.extend(plain(&one));
        }
        views.push(one);
    }
    views
}

/// The text without what is not seen, in compatibility form (NFKC of each character), where that differs.
fn plain(view: &View) -> Option<View> {
    if view.text.is_ascii() {
        return None;
    }
    let mut one = View::after(view, None);
    for (at, c) in view.text.char_indices() {
        let unseen = !c.is_ascii() && class::class(c) == Class::Hidden;
        let shown: String =
            if unseen { String::new() } else { std::iter::once(c).nfkc().collect() };
        one.push(&shown, view, at..at + c.len_utf8());
    }
    (one.text != view.text).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_keep_their_case_and_lead_back() {
        for (text, said, stands) in [
            ("see QWxwaGEgQmV0YSBHYW1tYQ== there", "Alpha Beta Gamma", "QWxwaGEgQmV0YSBHYW1tYQ=="),
            ("%41%6C%70ha", "Alpha", "%41%6C%70ha"),
            ("Al\u{200b}pha", "Alpha", "Al\u{200b}pha"),
            ("\u{ff21}lpha", "Alpha", "\u{ff21}lpha"),
        ] {
            let found = decoded(text).into_iter().find_map(|view| {
                let at = view.text.find(said)?;
                text.get(view.source(at..at + said.len()))
            });
            assert_eq!(found, Some(stands), "{text}");
        }
        for text in ["Plain text.", "Größe", "naïve café", ""] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }
}
