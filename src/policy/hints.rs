//! What a tool says of itself: the annotations of its definition, as conditions look at them.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The annotations that are shown: those of the specification, revision 2025-11-25 (`ToolAnnotations`), without the
/// title, which says nothing of what the tool does.
const SHOWN: [&str; 4] = ["destructiveHint", "idempotentHint", "openWorldHint", "readOnlyHint"];

/// The part of a definition that is looked at.
#[derive(Deserialize)]
struct Definition {
    annotations: Option<Map<String, Value>>,
}

/// The hints that a definition gives, as they stand there, or why it cannot be told.
///
/// What is not given is not in it: **the specification's defaults are not put in**, because a server that says nothing
/// has not said them. `null` is nothing. A hint that is neither `true` nor `false` stays what it is, so that a condition
/// that takes it for one cannot be told.
pub(super) fn hints(definition: &str) -> Result<Value, String> {
    let definition: Definition = serde_json::from_str(definition)
        .map_err(|error| format!("what the tool says of itself cannot be read: {error}"))?;
    let mut given = definition.annotations.unwrap_or_default();
    given.retain(|name, value| SHOWN.contains(&name.as_str()) && !value.is_null());
    Ok(Value::Object(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_what_the_definition_gives_and_nothing_else_is_one() {
        for (definition, given) in [
            (r"{}", "{}"),
            (r#"{"name":"a","annotations":null}"#, "{}"),
            (
                r#"{"annotations":{"title":"A","destructiveHint":true}}"#,
                r#"{"destructiveHint":true}"#,
            ),
            (
                r#"{"annotations":{"readOnlyHint":false,"openWorldHint":null}}"#,
                r#"{"readOnlyHint":false}"#,
            ),
            (r#"{"annotations":{"idempotentHint":"yes"}}"#, r#"{"idempotentHint":"yes"}"#),
            (r#"{"destructiveHint":true}"#, "{}"),
        ] {
            assert_eq!(hints(definition).unwrap().to_string(), given, "{definition}");
        }
        for broken in ["", "[]", r#"{"annotations":[]}"#, r#"{"annotations":true}"#] {
            assert!(hints(broken).is_err(), "{broken}");
        }
    }
}
