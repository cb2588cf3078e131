use super::json::MEMBERS_MAX;
use super::*;

fn compiled(source: &str) -> (Condition, Arc<Shared>) {
    let mut shared = Shared::default();
    let condition = Condition::compile(source, &mut shared);
    (condition.unwrap_or_else(|why| panic!("{source}: {why}")), Arc::new(shared))
}

fn truth(source: &str, arguments: &str) -> Truth {
    let (condition, shared) = compiled(source);
    let question = Question {
        role: "reader",
        arguments: Some(arguments.as_bytes()),
        ..Question::call("files", "write_file")
    };
    condition.holds(&Given::new(&question, &shared))
}

/// What a condition says of a tool with these annotations; without any, no list named it.
fn of_tool(source: &str, annotations: Option<&str>) -> Truth {
    let (condition, shared) = compiled(source);
    let definition = annotations.map(|text| format!(r#"{{"name":"wipe","annotations":{text}}}"#));
    let definition = definition.as_deref();
    let question = Question { definition, ..Question::call("disk", "wipe") };
    condition.holds(&Given::new(&question, &shared))
}

#[test]
fn what_a_tool_says_of_itself_is_as_it_says_it() {
    let destroys = "has(hints.destructiveHint) && hints.destructiveHint";
    for (source, annotations, holds) in [
        (destroys, r#"{"destructiveHint":true}"#, true),
        (destroys, r#"{"destructiveHint":false}"#, false),
        // What is not given has no default.
        (destroys, "{}", false),
        (destroys, "null", false),
        (destroys, r#"{"destructiveHint":null}"#, false),
        ("!has(hints.readOnlyHint) || !hints.readOnlyHint", "{}", true),
        ("has(hints.title)", r#"{"title":"Wipe"}"#, false),
        ("size(hints) == 2", r#"{"openWorldHint":true,"idempotentHint":false}"#, true),
        ("listed", "{}", true),
    ] {
        let expected = if holds { Truth::Yes } else { Truth::No };
        assert_eq!(of_tool(source, Some(annotations)), expected, "{source} {annotations}");
    }
    for (source, annotations) in [
        ("hints.destructiveHint", Some("{}")),
        (destroys, Some(r#"{"destructiveHint":"yes"}"#)),
        (destroys, Some("[]")),
        (destroys, None),
    ] {
        let what = of_tool(source, annotations);
        assert!(matches!(what, Truth::Unknown(_)), "{source} {annotations:?}: {what:?}");
    }
    assert_eq!(
        of_tool(destroys, None),
        Truth::Unknown("no list of the server named this tool".to_owned())
    );
    // What is the same whatever the hints are can be told without them.
    assert_eq!(of_tool("listed", None), Truth::No);
    assert_eq!(of_tool(&format!("listed && {destroys}"), None), Truth::No);
    assert_eq!(of_tool(&format!("{destroys} && listed"), None), Truth::No);
}

#[test]
fn a_condition_reads_only_what_it_names() {
    let looks = |source| compiled(source).0.looks();
    for (source, what) in [
        (r#"tool == "a" && server != "b" && role == method"#, Looks::Names),
        ("has(hints.readOnlyHint)", Looks::Definition),
        ("!listed", Looks::Definition),
        ("listed && has(args.path)", Looks::Call),
        ("size > 3", Looks::Call),
        (r#"text.contains("x")"#, Looks::Call),
        ("[1].exists(hints, hints == 1)", Looks::Names),
    ] {
        assert_eq!(looks(source), what, "{source}");
    }
    // A long or broken call is no reason to ask where nothing looks at it.
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(ARGUMENTS_BYTES_MAX));
    for arguments in [&long, "{\"broken"] {
        assert_eq!(truth(r#"tool == "write_file""#, arguments), Truth::Yes);
        assert_eq!(truth(r#"tool == "x" && args.path == "y""#, arguments), Truth::No);
    }
    assert_eq!(truth("size > 1000000", &long), Truth::Yes);
}

fn refused(source: &str) -> String {
    match Condition::compile(source, &mut Shared::default()) {
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
        ("args.x == \"\"", &long),
        ("text == \"\"", &long),
        ("size(args.list) > 1", &format!(r#"{{"list":[{members}]}}"#)),
        ("has(args.path)", "{\"broken"),
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
