//! Loading a theme that anybody may have written.

use tollgate::console::theme::{Depth, Theme};
use tollgate::policy::Verdict;

const VERDICTS: [Verdict; 4] = [Verdict::Allow, Verdict::Mark, Verdict::Ask, Verdict::Deny];

/// What loads tells every verdict by a word of its own that a terminal shows as it is; what does not
/// load says why. The same text loads the same way for every depth of colour.
///
/// # Panics
/// Where one of these is broken.
pub fn theme_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let loaded =
        [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True].map(|depth| match Theme::parse(
            "fuzz", text, depth,
        ) {
            Ok(theme) => {
                let words = VERDICTS.map(|verdict| theme.verdict(verdict).1.to_owned());
                for (n, word) in words.iter().enumerate() {
                    assert!(!words[..n].contains(word), "{words:?}");
                    assert!(!word.is_empty() && !word.contains(char::is_control), "{words:?}");
                }
                Some(words)
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                None
            }
        });
    assert!(loaded.windows(2).all(|pair| pair[0] == pair[1]), "{loaded:?}");
}
