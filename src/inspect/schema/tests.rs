use proptest::prelude::*;

use super::*;

/// What is told of a value, as `path keyword`.
fn told_of(schema: &str, value: &str) -> Vec<String> {
    let read = Schema::compile(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
    let line = |one: &Violation| format!("{} {}", one.path, one.keyword).trim_start().to_owned();
    read.check(value).iter().map(line).collect()
}

#[test]
fn what_does_not_fit_is_told_by_place_and_keyword() {
    let cases = include_str!("tests/cases.txt").lines().filter(|line| !line.starts_with("# "));
    for case in cases.filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = case.split(" ;; ").collect();
        let [schema, value, expected] = parts[..] else { panic!("{case}") };
        assert_eq!(told_of(schema, value).join(", "), expected.trim_matches('-'), "{case}");
    }
    // The thresholds of a tool's own schema, without any policy.
    let schema = r#"{"properties":{"a":{"maxLength":100}}}"#;
    let value = |letter: &str, count| format!(r#"{{"a":"{}"}}"#, letter.repeat(count));
    assert_eq!(told_of(schema, &value("x", 101)), ["/a maxLength"]);
    assert_eq!(told_of(schema, &value("é", 100)), [""; 0]);
}

#[test]
fn what_cannot_be_read_makes_no_violation_anywhere() {
    for (schema, value, keyword) in [
        (r#"{"properties":{"a":{"type":"str"}}}"#, r#"{"a":1}"#, "type"),
        (r#"{"type":"Optional[str]"}"#, "1", "type"),
        (r#"{"type":{"a":1}}"#, "1", "type"),
        (r#"{"pattern":"(?!a)b"}"#, "\"a\"", "pattern"),
        (r#"{"not":{"pattern":"(?!a)b"}}"#, "\"a\"", "pattern"),
        (r#"{"oneOf":[{"pattern":"(?=a)"},{"pattern":"(?!a)"}]}"#, "\"a\"", "pattern"),
        (r#"{"if":{"type":"any"},"then":false,"else":false}"#, "1", "type"),
        (r#"{"contains":{"type":"any"}}"#, "[1]", "type"),
        (r#"{"contains":{"type":"any"},"maxContains":0}"#, "[1]", "type"),
        (
            r#"{"patternProperties":{"(?!a)b":{}},"additionalProperties":false}"#,
            r#"{"b":1}"#,
            "patternProperties",
        ),
        (r#"{"properties":["a"],"additionalProperties":false}"#, r#"{"a":1}"#, "properties"),
        (r#"{"required":true}"#, "{}", "required"),
        (r#"{"maxLength":"100"}"#, "\"a\"", "maxLength"),
        (r#"{"maximum":1,"exclusiveMaximum":true}"#, "1", "exclusiveMaximum"),
        (r#"{"enum":[]}"#, "1", "enum"),
        (r#"{"query":{"type":"string"}}"#, "1", "query"),
        (r#"{"not":{"optional":true}}"#, "1", "optional"),
        (r#"{"unevaluatedProperties":false}"#, r#"{"a":1}"#, "unevaluatedProperties"),
        (r##"{"$ref":"#/components/schemas/A"}"##, "1", "$ref"),
        (r##"{"$dynamicRef":"#a"}"##, "1", "$dynamicRef"),
        (
            r##"{"properties":{"a":{"$id":"https://y.example","$ref":"#/b"}},"b":false}"##,
            r#"{"a":1}"#,
            "$ref",
        ),
        (r#"{"items":[{"type":"string"}]}"#, "[1]", "items"),
        (r#"{"properties":{"a":"string"}}"#, r#"{"a":1}"#, "schema"),
        (r#"{"$schema":"https://example.org/mine"}"#, "1", "$schema"),
    ] {
        assert_eq!(told_of(schema, value), [""; 0], "{schema}");
        let read = Schema::compile(schema).unwrap();
        let notes: Vec<String> = read.unreadable().iter().map(|one| one.keyword.clone()).collect();
        assert!(notes.contains(&keyword.to_owned()), "{schema}: {notes:?}");
        assert!(read.unreadable()[0].message().contains("schema.unreadable"));
    }
    // Beside it, all else holds.
    let schema = r#"{"properties":{"a":{"type":"str","maxLength":1}}}"#;
    assert_eq!(told_of(schema, r#"{"a":"xy"}"#), ["/a maxLength"]);
    // Forms are read mildly, and null where OpenAPI allows it.
    assert_eq!(told_of(r#"{"not":{"format":"email"}}"#, "\"a@b\""), [""; 0]);
    assert_eq!(told_of(r#"{"type":"string","nullable":true,"enum":["a"]}"#, "null"), [""; 0]);
    // A schema's own default is not told, whatever else it says.
    let schema = r#"{"properties":{"a":{"type":"string","default":null}}}"#;
    assert_eq!(told_of(schema, r#"{"a":null}"#), [""; 0]);
    assert_eq!(told_of(schema, r#"{"a":1}"#), ["/a type"]);
    assert_eq!(told_of(r#"{"default":5,"anyOf":[{"maximum":4}],"enum":[1]}"#, "5"), [""; 0]);
    // What only people and generators read is no news.
    let schema =
        r#"{"title":"A","description":"b","default":1,"examples":[1],"x-a":1,"format":"int32"}"#;
    assert_eq!(Schema::compile(schema).unwrap().unreadable(), []);
}

#[test]
fn what_is_no_schema_or_is_elsewhere_is_an_error() {
    let error = |schema: &str| Schema::compile(schema).unwrap_err().to_string();
    assert!(error("{").contains("no JSON"));
    assert!(error("[]").contains("an array of 0 items and not an object"));
    for there in
        ["https://example.org/a.json#/b", "other.json", "http://json-schema.org/draft-07/schema#"]
    {
        let schema = format!(r#"{{"properties":{{"a":{{"$ref":"{there}"}}}}}}"#);
        assert_eq!(
            error(&schema),
            format!(
                "read the schema: it refers to `{there}`, and nothing outside of it is fetched"
            )
        );
    }
    assert!(error(&format!("{{\"a\":\"{}\"}}", "x".repeat(SCHEMA_BYTES_MAX))).contains("bytes"));
    let many = vec!["0"; PARTS_MAX].join(",");
    assert!(error(&format!("{{\"enum\":[{many}]}}")).contains("schemas and values"));
    assert!(error(&"[".repeat(300)).contains("no JSON"));
    let patterns = vec![r#"{"pattern":"a"}"#; PATTERNS_MAX + 1].join(",");
    let many = Schema::compile(&format!(r#"{{"anyOf":[{patterns}]}}"#)).unwrap();
    assert_eq!(many.unreadable()[0].keyword, "pattern");
}

#[test]
fn what_is_told_is_short_and_no_content() {
    let schema = r#"{"properties":{"token":{"maxLength":5,"pattern":"^a","enum":["a"],"type":"string"},"n":{"maximum":5}},"additionalProperties":false}"#;
    let value =
        format!(r#"{{"token":"{}","n":4000123412341234,"{}":1}}"#, "s3cret-value", "k".repeat(500));
    let all = Schema::compile(schema).unwrap().check(&value);
    assert_eq!(all.len(), 5);
    for one in &all {
        let line = one.message();
        assert!(!line.contains("s3cret") && !line.contains("4000123412341234"), "{line}");
        assert!(line.len() < 500, "{line}");
    }
    let schema = r#"{"properties":{"a":{"maxLength":100}}}"#;
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(101));
    let line = Schema::compile(schema).unwrap().check(&long)[0].message();
    assert_eq!(
        line,
        "/a: 101 characters; expected at most 100 characters (maxLength, schema.violation)"
    );
    let line = Schema::compile(r#"{"maximum":50}"#).unwrap().check("51")[0].message();
    assert_eq!(line, "the whole value: 51; expected at most 50 (maximum, schema.violation)");
    let many = format!("[{}]", vec!["\"a\""; 100].join(","));
    let all = Schema::compile(r#"{"items":{"type":"null"}}"#).unwrap().check(&many);
    assert_eq!(all.len(), VIOLATIONS_MAX);
}

#[test]
fn a_schema_that_costs_too_much_is_given_up_and_said() {
    // Forms within forms, twice each: a billion steps.
    let twice = |at: usize| {
        let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, at + 1);
        format!(r#""d{at}":{{"allOf":[{next},{next}]}},"#)
    };
    let defs: String = (0..30).map(twice).collect();
    let schema = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{defs}"d30":{{}}}}}}"##);
    let all = Schema::compile(&schema).unwrap().check("1");
    assert_eq!((all.len(), all[0].keyword, all[0].rule.id), (1, "steps", "schema.unreadable"));
    // Much that is compared again and again.
    let long = "x".repeat(50_000);
    for (check, value) in [
        (format!(r#"{{"const":"{long}"}}"#), format!("\"{long}\"")),
        (r#"{"uniqueItems":true}"#.to_owned(), format!(r#"["{long}","{long}y"]"#)),
        (format!(r#"{{"required":["{long}"]}}"#), format!(r#"{{"{long}":1}}"#)),
        (
            r#"{"properties":{}}"#.to_owned(),
            format!(
                "{{{}\"z\":1}}",
                (0..5000).fold(String::new(), |all, at| all + &format!("\"a{at}\":1,"))
            ),
        ),
    ] {
        let schema = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{defs}"d30":{check}}}}}"##);
        let all = Schema::compile(&schema).unwrap().check(&value);
        assert_eq!((all.len(), all[0].keyword), (1, "steps"), "{check:.40}");
    }
    // One that only refers to itself.
    for schema in
        [r##"{"$ref":"#"}"##, r##"{"not":{"$ref":"#"}}"##, r##"{"anyOf":[{"$ref":"#"},false]}"##]
    {
        assert_eq!(told_of(schema, "1"), ["steps"], "{schema}");
    }
}

#[test]
fn honest_calls_of_common_tools_are_quiet() {
    for (schema, value) in [
        (
            r#"{"type":"object","properties":{"path":{"type":"string"},"head":{"type":"number","description":"Lines"}},"required":["path"],"additionalProperties":false,"$schema":"http://json-schema.org/draft-07/schema#"}"#,
            r#"{"path":"/home/ann/notes.md","head":20}"#,
        ),
        (
            r#"{"properties":{"path":{"title":"Path","type":"string"},"limit":{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"Limit"}},"required":["path"],"title":"ReadArguments","type":"object"}"#,
            r#"{"path":"a","limit":null}"#,
        ),
        (
            r##"{"$defs":{"Item":{"properties":{"name":{"type":"string"},"tags":{"items":{"type":"string"},"type":"array"}},"required":["name"],"type":"object"}},"properties":{"items":{"items":{"$ref":"#/$defs/Item"},"type":"array"}},"required":["items"],"type":"object"}"##,
            r#"{"items":[{"name":"a","tags":["b"],"more":1},{"name":"c"}]}"#,
        ),
        (
            r#"{"properties":{"a":{"type":"string","format":"date-time"}}}"#,
            r#"{"a":"2024-05-01T10:00:00"}"#,
        ),
        (r#"{"type":"object","properties":{}}"#, "{}"),
        (r#"{"type":"object"}"#, r#"{"anything":[1,2,3]}"#),
        ("{}", r#"{"anything":[1,2,3]}"#),
        (
            r#"{"properties":{"url":{"type":"string","format":"uri","minLength":1},"max_length":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":1000000,"default":5000}},"required":["url"],"type":"object"}"#,
            r#"{"url":"https://example.org/a?b=c#d","max_length":5000}"#,
        ),
    ] {
        assert_eq!(told_of(schema, value), [""; 0], "{schema}");
        assert_eq!(Schema::compile(schema).unwrap().unreadable(), [], "{schema}");
    }
}

#[test]
fn nothing_deep_overflows() {
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    assert_eq!(
        told_of(r##"{"items":{"anyOf":[{"type":"integer"},{"$ref":"#"}]}}"##, &deep),
        [""; 0]
    );
    let schema = format!("{}true{}", r#"{"not":"#.repeat(120), "}".repeat(120));
    assert_eq!(told_of(&schema, "1"), [""; 0]);
    let list = format!("[{}1{}]", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert_eq!(
        told_of(r##"{"anyOf":[{"items":{"$ref":"#"}},{"properties":{"a":{"$ref":"#"}}}]}"##, &list),
        [""; 0]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_read_without_panic(schema in any::<String>(), value in any::<String>(), pattern in "[\\\\a-d(){}\\[\\]^$.*+?|0-9,:<=!-]{0,24}") {
        if let Ok(read) = Schema::compile(&schema) {
            prop_assert!(read.check(&value).len() <= VIOLATIONS_MAX + 1);
        }
        let schema = serde_json::json!({ "pattern": pattern, "patternProperties": { &pattern: false } });
        let read = Schema::compile(&schema.to_string()).unwrap();
        let value = serde_json::json!({ &value: &value });
        for one in read.check(&value.to_string()) {
            prop_assert!(one.message().len() < 1000);
        }
    }
}
