//! What an editor knows of a policy file: a JSON Schema, made of the types that the file is read as.
//!
//! It is milder than [`super::Policy::parse`], which alone decides whether a file loads: a schema knows no other value
//! than the one it looks at, and neither patterns nor conditions (tests/it/policies.rs has the table).

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::document::{Document, Patterns};

/// A name: `Checker::name` says the same.
pub(super) const NAME_FORM: &str = "^[a-z0-9_.-]+$";
/// Anything but white space, somewhere.
pub(super) const SENTENCE_FORM: &str = r"\S";
/// A pattern without `**`.
const PATTERN_FORM: &str = r"^\*?([^*]\*?)*$";

/// The schema of policy files, in JSON Schema draft 7, which editors know best; it ends in a line end.
#[must_use]
pub fn schema() -> String {
    let settings = SchemaSettings::draft07().with_transform(Given);
    let schema = settings.into_generator().into_root_schema_for::<Document>();
    format!("{:#}\n", schema.to_value())
}

/// Takes out defaults that say nothing: a key without a value is an error, and an editor might write one.
#[derive(Debug, Clone)]
struct Given;

impl Transform for Given {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("default").is_some_and(|default| !default.is_string()) {
            schema.remove("default");
        }
        transform_subschemas(self, schema);
    }
}

/// One pattern over names.
pub(super) struct Pattern;

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A pattern over names: * is any text, ? one byte, [a-z] a class, {a,b} a choice.",
            "type": "string",
            "minLength": 1,
            "maxLength": 256,
            "pattern": PATTERN_FORM,
        })
    }
}

impl JsonSchema for Patterns {
    fn schema_name() -> Cow<'static, str> {
        "patterns".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pattern = generator.subschema_for::<Pattern>();
        json_schema!({
            "description": "A pattern, or a list of them of which one has to fit.",
            "anyOf": [pattern, { "type": "array", "minItems": 1, "items": pattern }],
        })
    }
}

/// The id of a rule or budget.
pub(super) struct RuleId;

impl JsonSchema for RuleId {
    fn schema_name() -> Cow<'static, str> {
        "rule_id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": NAME_FORM,
            "not": { "pattern": r"^(builtin\.|role\.|approval\.|default$)" },
        })
    }
}

/// A call in an example.
pub(super) struct Example;

impl JsonSchema for Example {
    fn schema_name() -> Cow<'static, str> {
        "example".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "SERVER.TOOL, or SERVER.TOOL {\"path\":\"/etc\"}; the server ends at the first dot.",
            "type": "string",
            "pattern": r"^[^ ]*\.",
        })
    }
}

/// The verdict of a budget: what is milder limits nothing.
pub(super) struct Beyond;

impl JsonSchema for Beyond {
    fn schema_name() -> Cow<'static, str> {
        "beyond".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["ask", "deny"] })
    }
}
