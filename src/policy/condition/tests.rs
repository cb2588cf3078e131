use super::*;

fn truth(source: &str, arguments: &str) -> Truth {
    let mut patterns = Vec::new();
    let condition = Condition::compile(source, &mut patterns);
    let condition = condition.unwrap_or_else(|why| panic!("{source}: {why}"));
    let question = Question {
        role: "reader",
        arguments: Some(arguments.as_bytes()),
        ..Question::call("files", "write_file")
    };
    condition.holds(&Given::new(&question, &Arc::new(patterns)))
}

fn refused(source: &str) -> String {
    match Condition::compile(source, &mut Vec::new()) {
        Ok(_) => panic!("{source} should be refused"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn conditions_say_yes_or_no_of_what_is_there() {
    let call = r#"{"path":"/etc/passwd","n":5,"minus":-5,"big":18446744073709551615,"part":1.5,
        "list":["a","b"],"deep":{"to":"x@y"},"odd-key":true,"none":null}"#;
    for (source, holds) in [
        ("true", true),
        (r#"args.path.startsWith("/etc/")"#, true),
        (r#"args.path.startsWith("/home/") || args.path.endsWith(".key")"#, false),
        (r#"args.path.matches("^/(etc|prod)/")"#, true),
        (r#"matches(args.path, "^/prod/")"#, false),
        (r#"args.path.matches("^/etc") && !args.path.matches("shadow$")"#, true),
        (r#"args.path in ["/etc/passwd", "/etc/shadow"]"#, true),
        ("args.n == 5", true),
        ("args.n > 4 && args.n < 6", true),
        ("args.minus < 0", true),
        ("args.big > 0", true),
        ("args.part > 1", true),
        ("args.part < 2", true),
        (r#"args.deep.to.contains("@")"#, true),
        (r#"args["odd-key"]"#, true),
        ("args.none == null", true),
        ("has(args.path)", true),
        ("has(args.missing)", false),
        ("!has(args.missing) || args.missing > 3", true),
        ("size(args.list) == 2", true),
        (r#"args.list.exists(x, x == "b")"#, true),
        (r#"args.list.all(x, x.matches("^[ab]$"))"#, true),
        (r#"args.list.exists_one(x, x == "a")"#, true),
        (r#"args.exists(key, key == "path")"#, true),
        (r#"server == "files" && tool == "write_file" && role == "reader""#, true),
        (r#"method == "tools/call""#, true),
        ("size > 10", true),
        (r#"text.contains("passwd")"#, true),
        (r#"args.n == 5 ? args.path == "x" : true"#, false),
        ("type(args.path) == string && type(args.n) == int", true),
        ("type(args.big) in [int, uint, double]", true),
        ("type(args.part) == double && type(args.none) == null_type", true),
        ("type(args.list) == list && type(args.deep) == map", true),
        ("type(args.list) == map || type(args.n) == string", false),
        (r#"args["odd-key"] in [true, false] && type(args["odd-key"]) == bool"#, true),
        (r#"!("missing" in args) && "odd-key" in args"#, true),
        (r#"args.all(key, key in ["path", "n"])"#, false),
        (r#"args.path.matches(r"^/etc\b") && !args.path.contains("..")"#, true),
        ("size(args) == 9", true),
    ] {
        let expected = if holds { Truth::Yes } else { Truth::No };
        assert_eq!(truth(source, call), expected, "{source}");
    }
}

#[test]
fn what_cannot_be_told_is_neither() {
    let members = "1,".repeat(MEMBERS_MAX) + "1";
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(ARGUMENTS_BYTES_MAX));
    for (source, arguments) in [
        ("args.missing == 1", "{}"),
        ("args.path.startsWith(\"/\")", r#"{"path":5}"#),
        ("args.path == \"/\"", "[1,2]"),
        ("args.n", r#"{"n":1}"#),
        ("args.n / 0 == 1", r#"{"n":1}"#),
        ("args.n + 1 > 0", r#"{"n":9223372036854775807}"#),
        ("size > 1", &long),
        ("size(args.list) > 1", &format!(r#"{{"list":[{members}]}}"#)),
        ("true", "{\"broken"),
    ] {
        let what = truth(source, arguments);
        assert!(matches!(what, Truth::Unknown(_)), "{source}: {what:?}");
    }
}

/// The order in which an object's keys are visited is another in each evaluation; the answer must not be.
#[test]
fn an_error_in_one_member_says_the_same_in_any_order() {
    let keys: Vec<String> = (0..50).map(|n| format!("\"k{n}\":{n}")).collect();
    let object = format!("{{{},\"text\":\"x\"}}", keys.join(","));
    for _ in 0..50 {
        assert_eq!(truth("args.exists(key, args[key] == 7)", &object), Truth::Yes);
        assert_eq!(truth("args.exists(key, int(args[key]) == 7)", &object), Truth::Yes);
        assert_eq!(truth("args.all(key, args[key] < 7)", &object), Truth::No);
        let unknown = truth("args.exists(key, args[key] > 70)", &object);
        assert!(matches!(unknown, Truth::Unknown(_)), "{unknown:?}");
    }
}

#[test]
fn what_could_not_be_evaluated_safely_is_refused_with_its_cause() {
    for (source, cause) in [
        ("", "column"),
        ("args.path ==", "column"),
        ("args.list.map(x, x) == []", "map and filter"),
        ("size(args.list.filter(x, x > 1)) > 0", "map and filter"),
        ("args.a.all(x, args.b.exists(y, x == y))", "a loop inside a loop"),
        ("args.part > 0.5", "fraction"),
        ("arg.path == 1", "did you mean \"args\"?"),
        ("args.path.startWith(\"x\")", "did you mean \"startsWith\"?"),
        ("args.path.matches(args.other)", "written out"),
        ("args.path.matches(\"(\")", "unclosed group"),
        ("shell(args.path)", "use one of contains"),
        ("Message{a: 1} == args", "builds a message"),
    ] {
        let why = refused(source);
        assert!(why.contains(cause), "{source}: {why}");
    }
    let why = refused(&format!("args.x == \"{}\"", "y".repeat(SOURCE_BYTES_MAX)));
    assert!(why.contains("make two rules of it"), "{why}");
}
