//! The last two bytes of words, as a filter before lists of them are read.

/// For each byte that is the second last of a word the set of last ones; those that are not ASCII count as one.
pub(super) struct Ends(Vec<u128>);

/// What last bytes that are not ASCII count as.
const OTHER: u8 = 127;

impl Ends {
    pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut ends = vec![0; 256];
        for word in words {
            let [.., second, last] = word.as_bytes() else { continue };
            if let Some(ends) = ends.get_mut(usize::from(*second)) {
                *ends |= 1 << (*last).min(OTHER);
            }
        }
        Self(ends)
    }

    /// Whether a text, in whatever case, may end with one of the words, which are in small letters.
    pub(super) fn may_end(&self, text: &[u8]) -> bool {
        let [.., second, last] = text else { return false };
        let ends = self.0.get(usize::from(second.to_ascii_lowercase()));
        ends.is_some_and(|ends| ends >> last.to_ascii_lowercase().min(OTHER) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_those_of_the_words() {
        let ends = Ends::of(["dr.", "name", "é", "né", "a"].into_iter());
        for (text, may) in [
            ("DR.", true),
            ("the Name", true),
            ("me", true),
            ("Né", true),
            ("r", false),
            ("ma", false),
            ("", false),
        ] {
            assert_eq!(ends.may_end(text.as_bytes()), may, "{text}");
        }
    }
}
