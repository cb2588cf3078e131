//! What a reader sees of a text: two that have one skeleton cannot be told apart (UTS 39, section 4).

use unicode_normalization::UnicodeNormalization as _;

// FROM, ENDS and SHAPES, by src/build.rs.
include!(concat!(env!("OUT_DIR"), "/prototypes.rs"));

/// The skeleton, in decomposed form.
pub fn skeleton(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd().flat_map(shape).nfd()
}

/// What a decomposed character is read for: itself, another one or several, or nothing.
fn shape(c: char) -> impl Iterator<Item = char> {
    let (own, shapes) = match FROM.binary_search(&c) {
        Ok(at) => {
            let end = |at: usize| ENDS.get(at).copied().map_or(0, usize::from);
            let begin = at.checked_sub(1).map_or(0, end);
            (None, SHAPES.get(begin..end(at)).unwrap_or_default())
        }
        Err(_) => (Some(c), [].as_slice()),
    };
    own.into_iter().chain(shapes.iter().copied())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_the_same(text: &str) {
        assert!(skeleton(text).eq(unicode_security::skeleton(text)), "{text:?}");
    }

    #[test]
    fn each_character_has_the_skeleton_that_the_table_was_made_of() {
        for c in '\0'..=char::MAX {
            is_the_same(c.encode_utf8(&mut [0; 4]));
        }
        let cyrillic = "p\u{430}yp\u{430}l";
        assert!(skeleton(cyrillic).eq(skeleton("paypal")));
        assert!(skeleton("re\u{200b}ad").eq(skeleton("read")));
    }

    proptest! {
        #[test]
        fn so_has_each_text(text in any::<String>()) {
            is_the_same(&text);
        }
    }
}
