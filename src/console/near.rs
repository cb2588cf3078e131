//! The word that was probably meant.

/// The word that begins alike, or differs from what was typed in at most two letters.
pub(in crate::console) fn nearest(
    typed: &str,
    words: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let allowed = if typed.len() <= 3 { 1 } else { 2 };
    let far = |word: &str| {
        if word == typed {
            return 0;
        }
        let begins = typed.len() >= 2 && (word.starts_with(&typed) || typed.starts_with(word));
        if begins { 1 } else { strsim::levenshtein(&typed, word) }
    };
    words
        .map(|word| (far(word), word))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances_are_counted_in_letters() {
        let table =
            [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "", 3), ("ab", "ba", 2)];
        for (left, right, far) in table {
            assert_eq!(strsim::levenshtein(left, right), far, "{left} {right}");
        }
    }
}
