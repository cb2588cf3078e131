use proptest::prelude::*;
use serde_json::json;

use super::*;

fn learned(calls: &[Value]) -> Learned {
    let mut learned = Learned::default();
    for call in calls {
        learned.add("s", "t", Some(call.to_string().as_bytes()), "s #1");
    }
    learned
}

fn policy(learned: &Learned, about: About) -> Policy {
    let text = learned.policy("p", 1, about);
    assert!(text.is_ascii(), "{text}");
    Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn allows(policy: &Policy, arguments: &str) -> bool {
    let arguments = Some(arguments.as_bytes());
    policy.decide(&Question { arguments, ..Question::call("s", "t") }).verdict == Verdict::Allow
}

#[test]
fn any_name_is_a_pattern_that_fits_it_alone() {
    let names = [
        "read_file",
        "a*b",
        "[x]",
        "{a,b}",
        "\u{202e}gpj",
        "a\"b\\c",
        "x\u{1}\n",
        "!a",
        "\u{1f600}",
    ];
    for name in names {
        for about in [About::Names, About::Arguments] {
            let mut learned = Learned::default();
            learned.add("s", name, None, "s #1");
            let policy = policy(&learned, about);
            for other in names {
                let verdict = policy.decide(&Question::call("s", other)).verdict;
                assert_eq!(verdict == Verdict::Allow, name == other, "{name:?} {other:?}");
            }
        }
    }
}

/// Calls, the conditions made of them, what else is allowed then, and what is not.
fn check(calls: &[Value], when: &str, more: &[Value], not: &[Value]) {
    let learned = learned(calls);
    let text = learned.policy("p", 1, About::Arguments);
    let said = text.split_once("when: |-\n").map_or("", |(_, rest)| rest);
    let said = said.split_once("\n    verdict").map_or("", |(said, _)| said);
    let said: Vec<&str> = said.lines().map(str::trim).collect();
    assert_eq!(said.join(" "), when, "{text}");
    let policy = policy(&learned, About::Arguments);
    for arguments in calls.iter().chain(more) {
        assert!(allows(&policy, &arguments.to_string()), "{arguments}\n{text}");
    }
    for arguments in not {
        assert!(!allows(&policy, &arguments.to_string()), "{arguments}\n{text}");
    }
}

#[test]
fn arguments_that_were_never_there_are_not_allowed() {
    check(&[json!({})], "args == {}", &[], &[json!({ "x": 1 }), json!(null), json!([])]);
    check(
        &[json!({}), json!({ "n": 1 })],
        r#"args.all(key, key in ["n"]) && (!has(args.n) || type(args.n) == int)"#,
        &[],
        &[json!(["n"]), json!("n"), json!(null), json!({ "n": null })],
    );
    // Nothing can be said of what a condition does not read.
    check(&[json!([1]), json!({ "x": 1 })], "", &[json!({ "y": 2 })], &[]);
    check(&[json!({ "x": vec![0; 1001] })], "", &[], &[]);
}

#[test]
fn paths_stay_below_their_directory() {
    check(
        &[json!({ "path": "/p/src/a.rs" }), json!({ "path": "/p/b.md", "head": 5 })],
        "args.all(key, key in [\"head\", \"path\"]) && (!has(args.head) || type(args.head) == int) \
         && args.path.startsWith(\"/p/\") && !args.path.contains(\"..\")",
        &[json!({ "path": "/p/x/y" })],
        &[
            json!({}),
            json!({ "path": "/p/../etc" }),
            json!({ "path": "/p" }),
            json!({ "path": "/pq/x" }),
            json!({ "path": 5 }),
            json!({ "path": ["/p/a"] }),
            json!({ "path": "/p/a", "head": "5" }),
            json!({ "path": "/p/a", "tail": 5 }),
        ],
    );
    check(
        &[json!({ "dir": "/p/src" }), json!({ "dir": "/p/src/cli" })],
        "args.all(key, key in [\"dir\"]) && (args.dir == \"/p/src\" || args.dir.startsWith(\"/p/src/\") \
         && !args.dir.contains(\"..\"))",
        &[json!({ "dir": "/p/src/x" })],
        &[json!({ "dir": "/p/srcs" }), json!({ "dir": "/p/src/../x" }), json!({ "dir": "/p" })],
    );
    check(
        &[json!({ "path": "a.md" }), json!({ "path": "notes/b.md" })],
        r#"args.all(key, key in ["path"]) && !args.path.matches(r"^[/~]|[:\\]|\.\.")"#,
        &[json!({ "path": "x/y/z" })],
        &[
            json!({ "path": "/etc/passwd" }),
            json!({ "path": "~/.ssh" }),
            json!({ "path": "notes/../../x" }),
            json!({ "path": "file:///etc/passwd" }),
            json!({ "path": "c:x" }),
            json!({ "path": "\\\\host\\x" }),
        ],
    );
    // Without a directory in common, or leading up: these and no others.
    check(
        &[json!({ "path": "/a/x.md" }), json!({ "path": "../b.md" })],
        r#"args.all(key, key in ["path"]) && args.path in ["../b.md", "/a/x.md"]"#,
        &[],
        &[json!({ "path": "/a/y.md" }), json!({ "path": "../c.md" })],
    );
}

#[test]
fn addresses_stay_at_their_hosts() {
    check(
        &[json!({ "url": "https://a.example/x" }), json!({ "url": "https://b.example:8080" })],
        r#"args.all(key, key in ["url"]) && args.url.matches(r"^(https://a\.example|https://b\.example:8080)([/?#]|$)")"#,
        &[json!({ "url": "https://a.example?q=1" })],
        &[
            json!({ "url": "http://a.example/x" }),
            json!({ "url": "https://a.example.evil/x" }),
            json!({ "url": "https://a.example:80@evil/x" }),
            json!({ "url": "https://a.example\\@evil" }),
            json!({ "url": "https://axexample/" }),
            json!({ "url": "https://b.example/" }),
        ],
    );
}

#[test]
fn texts_are_those_that_come_again_or_of_a_length() {
    let mode = |mode| json!({ "mode": mode });
    check(
        &[mode("r"), mode("w"), mode("r"), mode("w")],
        r#"args.all(key, key in ["mode"]) && args.mode in ["r", "w"]"#,
        &[],
        &[mode("x"), mode("")],
    );
    check(
        &[mode("r"), mode("r")],
        r#"args.all(key, key in ["mode"]) && args.mode == "r""#,
        &[],
        &[mode("x")],
    );
    check(
        &[mode("r"), mode("hello \u{20ac}")],
        r#"args.all(key, key in ["mode"]) && type(args.mode) == string && size(args.mode) <= 16"#,
        &[mode("0123456789abcdef")],
        &[mode("0123456789abcdefg")],
    );
    let token = json!({ "api_token": "t0ps3cret" });
    check(
        &[token.clone(), token],
        r#"args.all(key, key in ["api_token"]) && type(args.api_token) == string && size(args.api_token) <= 32"#,
        &[],
        &[],
    );
}

#[test]
fn types_lists_and_objects_are_told_apart() {
    check(
        &[
            json!({ "odd-key": true, "in": null, "n": 1.5, "o": { "deep": { "x": 1 } } }),
            json!({ "odd-key": true, "in": 3, "n": 2, "o": {} }),
        ],
        "args.all(key, key in [\"in\", \"n\", \"o\", \"odd-key\"]) && (args[\"in\"] == null || type(args[\"in\"]) == int) \
         && type(args.n) in [int, uint, double] \
         && (args.o.all(key, key in [\"deep\"]) && (!has(args.o.deep) || (args.o.deep.all(key, key in [\"x\"]) && type(args.o.deep.x) == int))) \
         && args[\"odd-key\"] == true",
        &[json!({ "odd-key": true, "in": null, "n": u64::MAX, "o": { "deep": { "x": -1 } } })],
        &[
            json!({ "odd-key": false, "in": 3, "n": 2, "o": {} }),
            json!({ "odd-key": true, "in": 3, "n": "2", "o": {} }),
            json!({ "odd-key": true, "in": 3, "n": 2, "o": { "y": 1 } }),
            json!({ "odd-key": true, "in": 3, "n": 2, "o": { "deep": {} } }),
        ],
    );
    check(
        &[json!({ "paths": ["/p/a.rs", "/p/b.rs"], "edits": [{ "old": "x" }] })],
        "args.all(key, key in [\"edits\", \"paths\"]) \
         && type(args.edits) == list && args.edits.all(item, type(item) == map) \
         && type(args.paths) == list && args.paths.all(item, item.startsWith(\"/p/\") && !item.contains(\"..\"))",
        &[json!({ "paths": ["/p/c"], "edits": [] })],
        &[
            json!({ "paths": ["/p/c", "/etc/passwd"], "edits": [] }),
            json!({ "paths": { "/p/c": 1 }, "edits": [] }),
            json!({ "paths": ["/p/../x"], "edits": [] }),
        ],
    );
}

#[test]
fn what_is_too_much_for_a_condition_says_less() {
    let names: Vec<String> = (0..30).map(|n| format!("a_long_name_of_an_argument_{n}")).collect();
    let call =
        |value: &str| Value::Object(names.iter().map(|n| (n.clone(), json!(value))).collect());
    let value = "v".repeat(60);
    let calls = [call(&value), call(&value)];
    let policy = policy(&learned(&calls), About::Arguments);
    assert!(allows(&policy, &calls[0].to_string()));
    assert!(!allows(&policy, &json!({ "other": 1 }).to_string()));
    let many: Map<String, Value> = (0..40).map(|n| (format!("k{n}"), json!(n))).collect();
    let many = Value::Object(many);
    let policy = self::policy(&learned(std::slice::from_ref(&many)), About::Arguments);
    assert!(allows(&policy, &many.to_string()));
}

#[test]
fn each_member_of_a_batch_has_its_own_arguments() {
    let call = |arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t"{arguments}}}}}"#
        )
    };
    let (first, second) = (call(r#","arguments":{"a":1}"#), call(r#","arguments":{"b":2}"#));
    let line = format!("[{first},5,{},{second}]", call(""));
    let members = arguments(line.as_bytes());
    let text =
        |bytes: &Option<Vec<u8>>| bytes.clone().map(|bytes| String::from_utf8(bytes).unwrap());
    let members: Vec<Option<String>> = members.iter().map(text).collect();
    assert_eq!(members, [Some(r#"{"a":1}"#.to_owned()), None, None, Some(r#"{"b":2}"#.to_owned())]);
    assert_eq!(arguments(first.as_bytes()), [Some(br#"{"a":1}"#.to_vec())]);
    assert_eq!(arguments(b"{"), []);
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-c/.~]{0,8}",
        "(/[a-c.]{1,3}){0,4}/?",
        "https?://[ab.]{1,3}(:1)?/?[ab?#@]{0,3}",
        "(file:///|\\.\\./|\\./|c:\\\\)[ab%./]{0,4}",
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner)]
    })
}

fn object(of: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec!["path", "url", "n", "text", "in", "odd key", "filePath"])
            .prop_map(str::to_owned),
        ".{0,3}",
    ];
    prop::collection::btree_map(key, of, 0..4)
        .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

/// Where a path leads, without asking a file system: `None` if it leads out of where it begins.
fn lexically(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_seen_is_allowed_again(calls in prop::collection::vec(object(value()), 1..6)) {
        let learned = learned(&calls);
        let policy = policy(&learned, About::Arguments);
        for call in &calls {
            let text = learned.policy("p", 1, About::Arguments);
            prop_assert!(allows(&policy, &call.to_string()), "{call}\n{text}");
        }
        let unknown = json!({ "a key that was never seen": 1 });
        prop_assert!(!allows(&policy, &unknown.to_string()));
    }

    /// Whatever is allowed below a directory stays there, and so does what is relative.
    #[test]
    fn no_path_leads_out_of_its_directory(
        (dir, seen) in prop_oneof![
            (Just("/p/q/"), prop::collection::vec("/p/q/[ab]{1,2}(/[ab]){0,2}\\.x", 2..4)),
            (Just(""), prop::collection::vec("[ab]{1,2}(/[ab]){0,2}\\.x", 1..4)),
        ],
        tried in prop_oneof![
            "(/p/q)?(/|\\\\)?(\\.\\.|\\.|a|b|/|\\\\|p|q|~|c:){0,8}",
            "(/p/q/)?(\\.\\./|\\.\\.\\\\|\\./|a/|b){1,4}",
        ],
    ) {
        let calls: Vec<Value> = seen.iter().map(|path| json!({ "path": path })).collect();
        let policy = policy(&learned(&calls), About::Arguments);
        if allows(&policy, &json!({ "path": tried }).to_string()) {
            let led = lexically(&tried);
            prop_assert!(led.is_some(), "{tried}");
            prop_assert!(tried.starts_with(dir), "{tried}");
            prop_assert!(!dir.is_empty() || !tried.starts_with(['/', '~', '\\']), "{tried}");
            let inside = format!("{}/", led.unwrap_or_default()).starts_with(dir.trim_start_matches('/'));
            prop_assert!(inside, "{tried}");
        }
    }
}
