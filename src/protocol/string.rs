//! The inside of JSON strings: escapes resolved, compared without copying.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The text of a string that [`super::scan`] accepted, quotes excluded. Copies only where there are
/// escapes. What could not have been accepted becomes U+FFFD.
#[must_use]
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(Unescaped { rest: raw.chars() }.collect())
    }
}

/// Orders two such strings by their text: the same as ordering the unescaped bytes, because UTF-8
/// orders as code points do.
pub(super) fn same_or_order(left: &str, right: &str) -> Ordering {
    let plain = |raw: &str| memchr::memchr(b'\\', raw.as_bytes()).is_none();
    if plain(left) && plain(right) {
        left.cmp(right)
    } else {
        Unescaped { rest: left.chars() }.cmp(Unescaped { rest: right.chars() })
    }
}

struct Unescaped<'a> {
    rest: std::str::Chars<'a>,
}

impl Unescaped<'_> {
    fn unit(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + self.rest.next()?.to_digit(16)?;
        }
        Some(code)
    }

    fn code_point(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if self.rest.next() != Some('\\') || self.rest.next() != Some('u') {
            return None;
        }
        let second = self.unit()?.checked_sub(0xdc00)?;
        char::from_u32(0x1_0000 + (first - 0xd800) * 0x400 + second)
    }
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let plain = self.rest.next()?;
        if plain != '\\' {
            return Some(plain);
        }
        Some(match self.rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.code_point().unwrap_or(char::REPLACEMENT_CHARACTER),
            Some(other) => other,
            None => char::REPLACEMENT_CHARACTER,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inside(text: &str) -> String {
        serde_json::to_string(text)
            .unwrap()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap()
            .to_owned()
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(
            unescape(r#"a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"#),
            "a\"\\/\u{8}\u{c}\n\r\téé😀"
        );
        assert!(matches!(unescape("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn what_cannot_be_does_not_panic() {
        for raw in ["\\", "\\u12", "\\ud800", "\\ud800\\u0041", "\\udc00", "\\x"] {
            assert!(!unescape(raw).is_empty());
        }
    }

    proptest! {
        #[test]
        fn unescape_undoes_serde_json(text in any::<String>()) {
            let raw = inside(&text);
            prop_assert_eq!(&*unescape(&raw), text.as_str());
        }

        #[test]
        fn order_is_the_order_of_the_text(left in "[a-c\u{1}\u{e9}\u{1f600}\"]{0,3}", right in "[a-c\u{1}\u{e9}\u{1f600}\"]{0,3}") {
            prop_assert_eq!(same_or_order(&inside(&left), &inside(&right)), left.cmp(&right));
        }
    }
}
