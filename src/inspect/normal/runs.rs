//! Long runs of bytes of a kind, found without reading most of the others.

use std::ops::Range;

/// Runs of at least `min` bytes of a kind, each as long as it goes, in their order. Of a text that has none about one byte in
/// `min` is read: a window is left behind from its last byte of another kind.
pub(in crate::inspect) fn runs(
    bytes: &[u8],
    min: usize,
    is: fn(u8) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let window = bytes.get(at..at.checked_add(min)?)?;
            let Some(other) = window.iter().rposition(|byte| !is(*byte)) else { break };
            at += other + 1;
        }
        let start = at;
        let rest = bytes.get(start + min..).unwrap_or_default();
        at = start + min + rest.iter().take_while(|byte| is(**byte)).count();
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn they_are_those_that_a_reader_of_every_byte_finds(text in "[a-b ]{0,80}", min in 1_usize..9) {
            let mut expected = Vec::new();
            let mut at = 0;
            for word in text.split(' ') {
                if word.len() >= min {
                    expected.push(at..at + word.len());
                }
                at += word.len() + 1;
            }
            let found: Vec<_> = runs(text.as_bytes(), min, |byte| byte != b' ').collect();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
