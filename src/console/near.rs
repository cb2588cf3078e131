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
        if begins { 1 } else { distance(&typed, word) }
    };
    words
        .map(|word| (far(word), word))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

/// Letters to insert, remove or change (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (n, c) in left.chars().enumerate() {
        let mut diagonal = n;
        let mut before = n + 1;
        let mut next = vec![before];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(*other != c)).min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        let table =
            [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "", 3), ("ab", "ba", 2)];
        for (left, right, far) in table {
            assert_eq!(distance(left, right), far, "{left} {right}");
        }
    }
}
