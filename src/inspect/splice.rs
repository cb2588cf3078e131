//! Texts inside a JSON value changed in place: everything else stays byte for byte.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A place in a text of a value, and what is put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text, by its JSON pointer (RFC 6901).
    pub path: String,
    /// From where to where in it, in bytes, escapes resolved.
    pub span: Range<usize>,
    /// What stands there then.
    pub with: String,
}

/// The value with these edits; `None` where one of them has no place in it. Of edits that overlap the first counts, and
/// what is left of the others goes with it.
#[must_use]
pub fn splice(value: &str, edits: &[Edit]) -> Option<String> {
    let mut paths: Vec<&str> = edits.iter().map(|edit| edit.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut changed: Vec<(Range<usize>, String)> = Vec::new();
    for path in paths {
        let place = find(value, path)?;
        let text: String = serde_json::from_str(value.get(place.clone())?).ok()?;
        let mut own: Vec<&Edit> = edits.iter().filter(|edit| edit.path == path).collect();
        own.sort_by_key(|edit| (edit.span.start, std::cmp::Reverse(edit.span.end)));
        let (mut edited, mut done) = (String::with_capacity(text.len()), 0);
        for Edit { span, with, .. } in own {
            if span.end <= done {
                continue;
            }
            edited.push_str(text.get(done..span.start.max(done))?);
            if span.start >= done {
                edited.push_str(with);
            }
            done = span.end;
        }
        edited.push_str(text.get(done..)?);
        changed.push((place, serde_json::Value::from(edited).to_string()));
    }
    changed.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut spliced = value.to_owned();
    for (place, text) in changed {
        spliced.replace_range(place, &text);
    }
    Some(spliced)
}

/// Where the value at a pointer stands.
fn find(value: &str, path: &str) -> Option<Range<usize>> {
    let mut at: &RawValue = serde_json::from_str(value).ok()?;
    for step in path.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        at = serde_json::Deserializer::from_str(at.get()).deserialize_any(Step(&step)).ok()??;
    }
    let start = at.get().as_ptr().addr().checked_sub(value.as_ptr().addr())?;
    Some(start..start + at.get().len())
}

/// The member or item of this name.
struct Step<'s>(&'s str);

impl<'a> Visitor<'a> for Step<'_> {
    type Value = Option<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            let value: &'a RawValue = members.next_value()?;
            if name == self.0 {
                found = Some(value);
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let (wanted, mut found) = (self.0.parse::<usize>().ok(), None);
        for at in 0.. {
            let Some(item) = items.next_element::<&'a RawValue>()? else { break };
            if Some(at) == wanted {
                found = Some(item);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(path: &str, span: Range<usize>, with: &str) -> Edit {
        Edit { path: path.to_owned(), span, with: with.to_owned() }
    }

    #[test]
    fn only_the_places_change() {
        let value =
            r#" {"a" : [1e400, "x\u0041y\"z", {"b~/c":"secret"}] , "n":12345678901234567890} "#;
        let edits =
            [edit("/a/1", 1..2, "[\"]"), edit("/a/2/b~0~1c", 0..6, "<>"), edit("/a/1", 3..5, "")];
        let spliced = splice(value, &edits).unwrap();
        assert_eq!(
            spliced,
            r#" {"a" : [1e400, "x[\"]y", {"b~/c":"<>"}] , "n":12345678901234567890} "#
        );
        // Overlapping ones, in any order.
        let edits = [edit("/a/1", 2..4, "-"), edit("/a/1", 1..3, "+")];
        assert_eq!(splice(r#"{"a":["","abcdef"]}"#, &edits).unwrap(), r#"{"a":["","a+ef"]}"#);
        for (path, span) in
            [("/b", 0..1), ("/a/7", 0..1), ("/a", 0..1), ("/a/1", 0..99), ("/a/1/x", 0..1)]
        {
            assert_eq!(splice(r#"{"a":["","abcdef"]}"#, &[edit(path, span, "")]), None, "{path}");
        }
        assert_eq!(splice("\"ab\"", &[edit("", 0..1, "")]).unwrap(), "\"b\"");
    }
}
