//! Compared with another reader of schemas: what both read, both say the same of.

use jsonschema::{Draft, PatternOptions};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..12_i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 2.25, 0.01, -1.5, 1e20]).prop_map(Value::from),
        "[ab1é]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inside, 0..4)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn plain() -> impl Strategy<Value = (&'static str, Value)> {
    let types = ["null", "boolean", "object", "array", "number", "string", "integer"];
    let one = prop::sample::select(types.to_vec());
    let patterns = ["^a", "b$", "^[ab]+$", r"\d", r"^\w*$", "a{2}", r"^\S", "."];
    let pattern = prop::sample::select(patterns.to_vec());
    prop_oneof![
        one.clone().prop_map(|one| ("type", json!(one))),
        prop::collection::btree_set(one, 1..3).prop_map(|some| ("type", json!(some))),
        prop::collection::vec(value(), 1..4).prop_map(|some| ("enum", json!(some))),
        value().prop_map(|one| ("const", one)),
        (
            prop::sample::select(vec![
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ]),
            0..4_u64
        )
            .prop_map(|(keyword, limit)| (keyword, json!(limit))),
        (
            prop::sample::select(vec![
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum"
            ]),
            prop::sample::select(vec![json!(-1), json!(0.5), json!(1), json!(2.25), json!(9)])
        ),
        prop::sample::select(vec![json!(0.01), json!(0.5), json!(2), json!(3)])
            .prop_map(|of| ("multipleOf", of)),
        pattern.prop_map(|pattern| ("pattern", json!(pattern))),
        any::<bool>().prop_map(|unique| ("uniqueItems", json!(unique))),
        prop::collection::btree_set("[abc]", 0..3).prop_map(|names| ("required", json!(names))),
        Just(("dependentRequired", json!({"a": ["b"]}))),
        Just(("$ref", json!("#/$defs/one"))),
        Just(("$ref", json!("#/$defs/two"))),
    ]
}

fn object(all: Vec<(&'static str, Value)>) -> Value {
    Value::Object(all.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)).collect())
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Value::from),
        8 => prop::collection::vec(plain(), 0..3).prop_map(object),
    ];
    leaf.prop_recursive(3, 32, 4, |inside| {
        let some = prop::collection::vec(inside.clone(), 1..4);
        let named = prop::collection::btree_map("[abc]", inside.clone(), 0..3);
        let single = [
            "not",
            "if",
            "then",
            "else",
            "items",
            "contains",
            "propertyNames",
            "additionalProperties",
        ];
        let deep = prop_oneof![
            (prop::sample::select(single.to_vec()), inside.clone()),
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]), some)
                .prop_map(|(keyword, some)| (keyword, json!(some))),
            named.clone().prop_map(|named| ("properties", json!(named))),
            named.prop_map(|named| ("dependentSchemas", json!(named))),
            inside.prop_map(|one| ("patternProperties", json!({"^[ab]": one}))),
            (0..3_u64).prop_map(|count| ("minContains", json!(count))),
            (0..3_u64).prop_map(|count| ("maxContains", json!(count))),
        ];
        let both = (prop::collection::vec(plain(), 0..2), prop::collection::vec(deep, 1..4));
        both.prop_map(|(plain, deep)| object(plain.into_iter().chain(deep).collect()))
    })
}

fn whole() -> impl Strategy<Value = Value> {
    (schema(), schema()).prop_map(|(mut one, other)| {
        if let Value::Object(members) = &mut one {
            // References lead down, so that they end.
            let other = without(&other, "$ref");
            members.insert(
                "$defs".to_owned(),
                json!({"one": {"type": ["string", "array"]}, "two": other}),
            );
        }
        one
    })
}

fn without(schema: &Value, keyword: &str) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != keyword);
            kept.map(|(name, one)| (name.clone(), without(one, keyword)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(|one| without(one, keyword)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

/// Every schema within it that is replaced by this one, one at a time.
fn replaced(schema: &Value, by: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for keyword in ["not", "if", "then", "else", "items", "contains", "additionalProperties"] {
        let Some(inside) = schema.get(keyword) else { continue };
        for one in replaced(inside, by).into_iter().chain([by.clone()]) {
            let mut copy = schema.clone();
            copy[keyword] = one;
            all.push(copy);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(inside)) = schema.get(keyword) else { continue };
        for at in 0..inside.len() {
            let mut copy = schema.clone();
            copy[keyword][at] = by.clone();
            all.push(copy);
        }
    }
    all
}

fn fails(schema: &Value, value: &Value) -> bool {
    let read = Schema::compile(&schema.to_string()).unwrap();
    !read.check(&value.to_string()).is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn both_readers_agree(schema in whole(), values in prop::collection::vec(value(), 6)) {
        let reference = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&schema);
        let Ok(reference) = reference else { return Err(TestCaseError::reject("it reads no such schema")) };
        let own = Schema::compile(&schema.to_string()).unwrap();
        prop_assert_eq!(own.unreadable(), &[][..]);
        for value in values {
            let told = own.check(&value.to_string());
            prop_assert_eq!(told.is_empty(), reference.is_valid(&value), "{} {} {:?}", schema, value, told);
        }
    }

    #[test]
    fn each_keyword_alone_is_read_alike(keyword in plain(), values in prop::collection::vec(value(), 24)) {
        let mut schema = object(vec![keyword]);
        schema["$defs"] = json!({"one": {"type": ["string", "array"]}, "two": {"minimum": 1}});
        let own = Schema::compile(&schema.to_string()).unwrap();
        let reference = jsonschema::draft202012::new(&schema).unwrap();
        for value in values {
            let told = own.check(&value.to_string());
            prop_assert_eq!(told.is_empty(), reference.is_valid(&value), "{} {}", schema, value);
        }
    }

    #[test]
    fn an_unreadable_part_fails_only_what_fails_with_any_part(schema in schema(), value in value()) {
        let schema = without(&schema, "$ref");
        let open = replaced(&schema, &json!({"type": "any"}));
        let (all, none) = (replaced(&schema, &json!(true)), replaced(&schema, &json!(false)));
        for ((open, all), none) in open.iter().zip(&all).zip(&none) {
            if fails(open, &value) {
                prop_assert!(fails(all, &value) && fails(none, &value), "{} {}", open, value);
            }
        }
    }
}
