use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn defaults(_: &str) -> Limits {
    Limits::default()
}

/// What is told of arguments, as `rule path value/limit`.
fn told_of(arguments: &str, limits: &dyn Fn(&str) -> Limits) -> Vec<String> {
    let line = |one: &Oversize| format!("{} {} {}/{}", one.rule.id, one.path, one.value, one.limit);
    sizes(arguments, limits, None).iter().map(line).collect()
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[test]
fn a_field_is_noticed_from_5121_bytes_on_and_too_large_from_20481() {
    for (bytes, told) in [
        (0, &[][..]),
        (5120, &[]),
        (5121, &["size.field-warn /body 5121/5120"]),
        (20_480, &["size.field-warn /body 20480/5120"]),
        (20_481, &["size.field /body 20481/20480"]),
    ] {
        let arguments = json!({ "id": 1, "body": text(bytes) }).to_string();
        assert_eq!(told_of(&arguments, &defaults), told, "{bytes}");
    }
}

#[test]
fn values_are_measured_where_they_are_and_told_once() {
    let long = text(6000);
    for (arguments, told) in [
        // The text in it is why the argument is large.
        (json!({ "a": { "b/c": ["d", long] } }), &["size.field-warn /a/b~1c/1 6000/5120"][..]),
        // No text of it is, and all of them together are.
        (json!({ "a": vec![text(1000); 6] }), &["size.field-warn /a 6019/5120"]),
        (
            json!({ "a": [long, long, long, long] }),
            &[
                "size.field-warn /a/0 6000/5120",
                "size.field-warn /a/1 6000/5120",
                "size.field-warn /a/2 6000/5120",
                "size.field-warn /a/3 6000/5120",
                "size.field /a 24013/20480",
            ],
        ),
        // Arguments of no size that is noticed.
        (json!({ "a": text(5000), "b": text(5000), "c": text(5000) }), &[]),
        // Escapes are one byte each, and letters what they are in UTF-8.
        (json!({ "a": "\"".repeat(5120) }), &[]),
        (json!({ "a": "é".repeat(2561) }), &["size.field-warn /a 5122/5120"]),
        // A list instead of named arguments.
        (json!([text(6000)]), &["size.field-warn /0 6000/5120"]),
        (json!(text(6000)), &["size.field-warn  6000/5120"]),
        (
            json!({ "a": vec![0; 4097] }),
            &["size.items /a 4097/4096", "size.field-warn /a 8195/5120"],
        ),
        (json!({}), &[]),
        (json!(null), &[]),
    ] {
        assert_eq!(told_of(&arguments.to_string(), &defaults), told, "{arguments:.80}");
    }
    let escaped = format!(r#"{{"a":"{}"}}"#, "\\u00e9".repeat(2561));
    assert_eq!(told_of(&escaped, &defaults), ["size.field-warn /a 5122/5120"]);
    let pairs = format!(r#"{{"a":"{}"}}"#, "\\ud83d\\ude00".repeat(1281));
    assert_eq!(told_of(&pairs, &defaults), ["size.field-warn /a 5124/5120"]);
    let spaced = format!(" {{ \"a\" :\n[ \"{}\" , 1 ] }} ", text(6000));
    assert_eq!(told_of(&spaced, &defaults), ["size.field-warn /a/0 6000/5120"]);
}

#[test]
fn items_and_levels_have_limits() {
    let limits = |_: &str| Limits { array_items: 2, depth: 3, ..Limits::default() };
    for (arguments, told) in [
        (r#"{"a":[1,2]}"#, &[][..]),
        (r#"{"a":[1,2,3]}"#, &["size.items /a 3/2"]),
        (r#"{"a":{"b":1,"c":2,"d":3}}"#, &["size.items /a 3/2"]),
        (r#"{"a":1,"b":2,"c":3}"#, &["size.items  3/2"]),
        (r#"{"a":[[{"b":[]}]]}"#, &["size.depth /a 4/3"]),
        (r#"{"a":[[{"b":1}]],"b":[[[[[]]]]]}"#, &["size.depth /b 5/3"]),
        (r#"{"a":[[[1]]]}"#, &[]),
    ] {
        assert_eq!(told_of(arguments, &limits), told, "{arguments}");
    }
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let told = told_of(&deep, &defaults);
    assert!(told.contains(&"size.depth /a 10000/32".to_owned()), "{told:?}");
}

#[test]
fn a_call_is_compared_with_the_last_hundred_of_the_tool() {
    let history = |calls: usize, size: u64| {
        let mut history = History::default();
        (0..calls).for_each(|_| history.push(size));
        history
    };
    // Arguments of exactly so many bytes, in fields that are noticed by themselves only.
    let arguments = |bytes: usize| format!(r#"{{"a":"{}"}}"#, text(bytes - 8));
    for (calls, size, bytes, limit) in [
        (100, 400, 4000, None),
        (100, 400, 4001, Some(4000)),
        (19, 10, 20_000, None),
        (20, 10, 5120, None),
        (20, 10, 5121, Some(5120)),
        (99, 400, 5120, None),
        (100, 2, 1024, None),
        (100, 2, 1025, Some(1024)),
    ] {
        let history = history(calls, size);
        let all = sizes(&arguments(bytes), &defaults, Some(&history));
        let told = all.iter().find(|one| one.rule == &HISTORY);
        assert_eq!(told.map(|one| one.limit), limit, "{calls} {size} {bytes}");
        assert!(told.is_none_or(|one| one.severity == Severity::High));
    }
    let all = sizes(&arguments(4001), &defaults, Some(&history(100, 400)));
    assert_eq!(
        all[0].message("create_issue"),
        "the arguments: 4001 bytes, limit 4000 (size.history); to let it pass: argument_policies: \
         {create_issue: {\"*\": {history_factor: 11}}}"
    );
}

#[test]
fn limits_are_those_of_the_field() {
    // One tool's field may have 1 MB, and another one 10 kB.
    let limits = |path: &str| match path {
        "/text" => Limits { block_bytes: 10_240, ..Limits::default() },
        "/data" => Limits { warn_bytes: 1 << 20, block_bytes: 1 << 20, ..Limits::default() },
        _ => Limits::default(),
    };
    let arguments = json!({ "text": text(10_241), "data": text(102_400), "other": text(102_400) });
    assert_eq!(
        told_of(&arguments.to_string(), &limits),
        ["size.field /text 10241/10240", "size.field /other 102400/20480"],
    );
    let read: Limits = serde_json::from_str(r#"{"max_bytes":64}"#).unwrap();
    assert_eq!(read, Limits { block_bytes: 64, ..Limits::default() });
    assert!(serde_json::from_str::<Limits>(r#"{"max_byte":64}"#).is_err());
}

#[test]
fn a_finding_tells_field_value_limit_rule_and_override() {
    let arguments = json!({ "text": text(20_481) }).to_string();
    assert_eq!(
        sizes(&arguments, &defaults, None)[0].message("translate_text"),
        "/text: 20481 bytes, limit 20480 (size.field); to let it pass: argument_policies: \
         {translate_text: {text: {max_bytes: 20481}}}"
    );
    for (tool, field, entry) in [
        ("a", "b c", r#"{a: {"b c": {max_bytes: 20481}}}"#),
        ("yes", "1", r#"{"yes": {"1": {max_bytes: 20481}}}"#),
        ("a\n}", "\"\\", r#"{"a\U0000000A}": {"\"\\": {max_bytes: 20481}}}"#),
        ("größe", "\u{202e}", r#"{"größe": {"\U0000202E": {max_bytes: 20481}}}"#),
    ] {
        let arguments = json!({ field: text(20_481) }).to_string();
        let found = &sizes(&arguments, &defaults, None)[0];
        assert_eq!(found.override_yaml(tool), format!("argument_policies: {entry}"));
        assert_eq!(found.field.as_deref(), Some(field));
    }
}

#[test]
fn many_small_findings_do_not_hide_a_large_one() {
    let mut items = vec![text(600); 40];
    items.push(text(2000));
    let limits = |_: &str| Limits { warn_bytes: 500, block_bytes: 1000, ..Limits::default() };
    let found = sizes(&json!({ "a": items }).to_string(), &limits, None);
    assert_eq!(found.len(), OVERSIZE_MAX);
    assert!(found.iter().any(|one| one.rule == &FIELD && one.path == "/a/40"));
    // A long name is cut where it is told, and not where limits are looked up.
    let name = "n".repeat(100);
    let found = sizes(
        &json!({ &name: text(600) }).to_string(),
        &|path| {
            if path.len() == 101 { limits(path) } else { Limits::default() }
        },
        None,
    );
    assert_eq!(found[0].path, format!("/{}…", "n".repeat(64)));
}

#[test]
fn honest_arguments_are_quiet() {
    for arguments in [
        r#"{"path":"/home/ann/notes.md"}"#.to_owned(),
        r#"{"owner":"a","repo":"b","title":"It fails","body":"Steps:\n1. …","labels":["bug"]}"#
            .to_owned(),
        json!({ "path": "src/main.rs", "content": "fn main() {}\n".repeat(300) }).to_string(),
        json!({ "entities": vec![json!({ "name": "a", "observations": ["b", "c"] }); 50] })
            .to_string(),
        json!({ "vector": vec![1; 1536] }).to_string(),
    ] {
        assert_eq!(told_of(&arguments, &defaults), [""; 0], "{arguments:.80}");
    }
}

/// Each string of a value by its pointer, and how many bytes it has.
fn strings(value: &Value, path: &str, all: &mut Vec<(String, usize)>) {
    match value {
        Value::String(text) => all.push((path.to_owned(), text.len())),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                strings(item, &format!("{path}/{at}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let step = name.replace('~', "~0").replace('/', "~1");
                strings(member, &format!("{path}/{step}"), all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[ab\"\\\\\né😀]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a/~\"é]{0,3}", inside, 0..4)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_measured_without_panic(arguments in any::<String>(), marks in "[{}\\[\\],:\"\\\\au0-9 ]{0,60}") {
        let limits = |_: &str| Limits { warn_bytes: 2, block_bytes: 4, array_items: 1, depth: 1, ..Limits::default() };
        for text in [arguments, marks] {
            let all = sizes(&text, &limits, None);
            prop_assert!(all.len() <= OVERSIZE_MAX);
            for one in all {
                prop_assert!(one.value > one.limit && one.message("a").len() < 64 * 1024);
            }
        }
    }

    #[test]
    fn strings_are_measured_as_another_reader_does(value in value(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut all = Vec::new();
        strings(&value, "", &mut all);
        for (path, len) in all.into_iter().filter(|(_, len)| *len > 0) {
            let least = u64::try_from(len).unwrap() - 1;
            let limits = |_: &str| Limits { warn_bytes: least, block_bytes: u64::MAX, ..Limits::default() };
            let found = sizes(&text, &limits, None);
            let it = found.iter().find(|one| one.path == path);
            prop_assert!(it.is_some_and(|one| one.value == least + 1) || found.len() == OVERSIZE_MAX, "{} {:?}", path, found);
        }
    }

    #[test]
    fn an_override_lets_exactly_that_pass(value in value()) {
        let limits = |_: &str| Limits { warn_bytes: 8, block_bytes: 16, array_items: 2, depth: 1, ..Limits::default() };
        let text = json!({ "field": value }).to_string();
        for one in sizes(&text, &limits, None) {
            let wider = |path: &str| {
                let mut limits = limits(path);
                match one.key() {
                    "max_bytes" => limits.block_bytes = one.value,
                    "warn_bytes" => limits.warn_bytes = one.value,
                    "array_items" => limits.array_items = one.value,
                    _ => limits.depth = one.value,
                }
                limits
            };
            let after = sizes(&text, &wider, None);
            prop_assert!(!after.iter().any(|other| (other.rule, &other.path) == (one.rule, &one.path)));
        }
    }
}
