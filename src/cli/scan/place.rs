//! Where a value stands in a file, as an editor counts.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

/// A line and a column in characters, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The beginning of a file.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The place behind a text that begins here.
    pub(super) fn behind(self, text: &str) -> Self {
        match text.rsplit_once('\n') {
            None => Self { column: self.column + text.chars().count(), ..self },
            Some((before, last)) => Self {
                line: self.line + 1 + before.matches('\n').count(),
                column: 1 + last.chars().count(),
            },
        }
    }
}

/// Where a part of a text begins in it; 0 for what is no part of it.
pub(super) fn offset(text: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().checked_sub(text.as_ptr().addr());
    offset.filter(|offset| offset + part.len() <= text.len()).unwrap_or_default()
}

/// The bytes of the value that a JSON pointer leads to, or of the last one on the way that is there.
pub(super) fn within(value: &str, pointer: &str) -> Range<usize> {
    let mut at = value;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = if at.trim_start().starts_with('[') {
            let items = serde_json::from_str::<Vec<&RawValue>>(at).ok();
            items.and_then(|items| items.get(token.parse::<usize>().ok()?).copied())
        } else {
            let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(at).ok();
            members.and_then(|members| members.get(&token).copied())
        };
        let Some(next) = next else { break };
        at = next.get();
    }
    let start = offset(value, at);
    start..start + at.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_its_value_or_as_far_as_it_goes() {
        let value = r#"{"a": [1, {"b/c": "x\u0041"}], "": 2}"#;
        for (pointer, expected) in [
            ("", value),
            ("/a", r#"[1, {"b/c": "x\u0041"}]"#),
            ("/a/0", "1"),
            ("/a/1/b~1c", r#""x\u0041""#),
            ("/a/1/none/more", r#"{"b/c": "x\u0041"}"#),
            ("/a/7", r#"[1, {"b/c": "x\u0041"}]"#),
            ("/", "2"),
        ] {
            assert_eq!(value.get(within(value, pointer)), Some(expected), "{pointer}");
        }
        assert_eq!(within("no json", "/a"), 0..7);
    }

    #[test]
    fn lines_and_columns_are_counted_from_where_a_text_begins() {
        let place = |line, column| Place { line, column };
        assert_eq!(Place::START.behind(""), place(1, 1));
        assert_eq!(Place::START.behind("äb"), place(1, 3));
        assert_eq!(place(3, 9).behind("x\n\nyö"), place(5, 3));
    }
}
