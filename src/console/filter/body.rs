//! Looking into arguments and results. Values are compared as they were written; strings decoded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::expr::{Pattern, Segment};

/// Whether a pattern fits somewhere: in the text as it was sent, or in one of its strings when that is
/// written with coded, so that spelling `a` as `\u0061` hides nothing.
pub(super) fn has(text: &str, pattern: &Pattern) -> bool {
    pattern.fits(text) || text.contains('\\') && any_escaped(text, &|string| pattern.fits(string))
}

/// Whether one of the strings that are written with coded is such a one. The text need not be JSON.
fn any_escaped(text: &str, is: &dyn Fn(&str) -> bool) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        let string = rest.get(open..).unwrap_or_default();
        let (mut end, mut escaped, mut coded) = (None, false, false);
        for (at, byte) in string.bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => (escaped, coded) = (true, true),
                b'"' => {
                    end = Some(at + 1);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else { return false };
        let literal = string.get(..end).unwrap_or_default();
        if coded && serde_json::from_str::<String>(literal).is_ok_and(|string| is(&string)) {
            return true;
        }
        rest = string.get(end..).unwrap_or_default();
    }
    false
}

/// Whether one of the values at a path is such a one: the content of a string, or any other value's JSON.
pub(super) fn any_at(text: &str, path: &[Segment], is: &dyn Fn(&str) -> bool) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return match serde_json::from_str::<Cow<'_, str>>(text) {
            Ok(string) => is(&string),
            Err(_) => is(text),
        };
    };
    let inside = |value: &RawValue| any_at(value.get(), rest, is);
    match first {
        Segment::Member(name) => members(text).get(name.as_str()).is_some_and(|v| inside(v)),
        Segment::Element(at) => elements(text).get(*at).is_some_and(|v| inside(v)),
        Segment::Every => {
            members(text).values().any(|v| inside(v)) || elements(text).iter().any(|v| inside(v))
        }
    }
}

/// An object's members; none of anything else.
fn members(text: &str) -> BTreeMap<Cow<'_, str>, &RawValue> {
    if !text.starts_with('{') {
        return BTreeMap::new();
    }
    serde_json::from_str(text).unwrap_or_default()
}

fn elements(text: &str) -> Vec<&RawValue> {
    if text.starts_with('[') { serde_json::from_str(text).unwrap_or_default() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_found() {
        let table = [
            (r#"{"path":"/etc/passwd"}"#, "/etc/passwd", true),
            (r#"{"path":"\/\u0065tc\/passwd"}"#, "/etc/passwd", true),
            (r#"{"\u0070ath":1}"#, "path", true),
            (r#"{"a":"x\"y\"z"}"#, "x\"y", true),
            (r#"not json "\u0061b"#, "ab", false),
            (r#"not json "\u0061b""#, "ab", true),
            (r#"{"a":"\\"}"#, "b", false),
        ];
        for (text, word, found) in table {
            assert_eq!(has(text, &Pattern::word(word).unwrap()), found, "{text}");
        }
    }

    #[test]
    fn a_path_leads_to_values_as_they_were_written() {
        let text = r#"{"to":["a","b"],"n":1.50,"deep":{"x":{"y":"z"},"big":1e999},"k.e y":null}"#;
        let member = |name: &str| Segment::Member(name.to_owned());
        let table = [
            (vec![member("to"), Segment::Element(1)], "b", true),
            (vec![member("to"), Segment::Every], "b", true),
            (vec![member("to"), Segment::Element(2)], "b", false),
            (vec![member("n")], "1.50", true),
            (vec![member("deep"), member("x"), member("y")], "z", true),
            (vec![member("deep"), Segment::Every, member("y")], "z", true),
            (vec![member("deep"), member("big")], "1e999", true),
            (vec![member("k.e y")], "null", true),
            (vec![member("to"), member("x")], "a", false),
            (vec![member("deep"), member("x")], r#"{"y":"z"}"#, true),
        ];
        for (path, value, found) in table {
            assert_eq!(any_at(text, &path, &|found| found == value), found, "{path:?}");
        }
        assert!(!any_at("no json", &[member("a")], &|_| true));
    }
}
