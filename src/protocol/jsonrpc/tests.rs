use proptest::prelude::*;

use super::*;

fn one(line: &str) -> Message {
    match parse(line.as_bytes()) {
        Parsed::One(message) => message,
        other @ (Parsed::Blank | Parsed::Batch(_) | Parsed::Faulty { .. }) => {
            panic!("{line}: {other:?}")
        }
    }
}

fn at<'a>(line: &'a str, span: Option<&Span>) -> Option<&'a str> {
    span.map(|span| line.get(span.clone()).unwrap())
}

/// The reason and the id of a line that is no message.
fn refused(line: &str) -> (String, Option<String>) {
    match parse(line.as_bytes()) {
        Parsed::Faulty { fault, id } => (fault.to_string(), id.map(|id| id.raw().to_owned())),
        other @ (Parsed::Blank | Parsed::One(_) | Parsed::Batch(_)) => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_tool_call_is_read_as_slices() {
    let line = r#" {"jsonrpc":"2.0","id":"a-1","method":"tools/call","params": {"name":"wr\u0069te","arguments":{"p":"x"} ,"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}} "#;
    let message = one(line);
    assert_eq!(message.kind, Shape::Request);
    assert_eq!(message.id.as_ref().map(Id::raw), Some("\"a-1\""));
    assert_eq!(message.method.as_deref(), Some("tools/call"));
    assert_eq!(message.name.as_deref(), Some("write"));
    assert_eq!(at(line, message.arguments.as_ref()), Some(r#"{"p":"x"}"#));
    assert_eq!(message.progress_token, Id::parse("7"));
    assert_eq!(message.protocol_version.as_deref(), Some("2026-07-28"));
    let open = message.params_open.unwrap();
    assert!(line.get(..open).unwrap().ends_with("\"params\": {"));
}

#[test]
fn a_result_is_read_as_slices() {
    let line = r#"{"id":1,"result":{"content":[{"type":"text"}],"isError":true}}"#;
    let message = one(line);
    assert_eq!(message.kind, Shape::Response);
    assert_eq!(at(line, message.content.as_ref()), Some(r#"[{"type":"text"}]"#));
    assert!(message.is_error);
    let line =
        r#"{"id":1,"result":{"content":"x","isError":"true","protocolVersion":"2025-06-18"}}"#;
    let message = one(line);
    assert_eq!((message.content, message.is_error), (None, false));
    assert_eq!(message.protocol_version.as_deref(), Some("2025-06-18"));
}

#[test]
fn members_count_only_at_their_own_place() {
    let message = one(
        r#"{"method":"x","params":{"arguments":{"name":"a","_meta":{"progressToken":1},"mode":"url"},"x":[{"requestId":1}],"y":{"method":"z","id":1}}}"#,
    );
    assert_eq!(message.kind, Shape::Notification);
    assert_eq!(message.method.as_deref(), Some("x"));
    assert_eq!((message.name, message.mode), (None, None));
    assert_eq!((message.progress_token, message.request_id), (None, None));
}

#[test]
fn a_member_of_the_same_name_further_in_changes_nothing() {
    let message = one(
        r#"{"id":1,"method":"tools/call","params":{"name":"a","params":{"name":"b"},"result":{"isError":true},"_meta":{"name":"c","_meta":{"progressToken":1}}}}"#,
    );
    assert_eq!((message.name.as_deref(), message.is_error), (Some("a"), false));
    assert_eq!((message.progress_token, message.result), (None, None));
}

#[test]
fn the_version_of_a_request_stands_before_the_one_it_offers() {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let params = r#""protocolVersion":"2025-06-18""#;
    for (members, expected) in [
        (format!("{meta},{params}"), "2026-07-28"),
        (format!("{params},{meta}"), "2026-07-28"),
        (params.to_owned(), "2025-06-18"),
    ] {
        let line = format!(r#"{{"id":1,"method":"initialize","params":{{{members}}}}}"#);
        assert_eq!(one(&line).protocol_version.as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn notifications_name_what_they_are_about() {
    let message = one(r#"{"method":"notifications/cancelled","params":{"requestId":1.0}}"#);
    assert_eq!((message.kind, message.request_id), (Shape::Notification, Id::parse("1")));
    let message = one(r#"{"method":"notifications/progress","params":{"progressToken":"t"}}"#);
    assert_eq!(message.progress_token, Id::parse("\"t\""));
    let message = one(r#"{"id":1,"method":"tools/call","params":{"progressToken":"t"}}"#);
    assert_eq!(message.progress_token, None);
    let message = one(r#"{"id":1,"method":"elicitation/create","params":{"mode":"url"}}"#);
    assert_eq!(message.mode.as_deref(), Some("url"));
}

#[test]
fn ids_of_every_scalar_type_are_taken() {
    for raw in ["1", "-1.5e3", "\"\"", "null", "true", "false", "123456789012345678901"] {
        let message = one(&format!(r#"{{"method":"x","id":{raw}}}"#));
        assert_eq!(message.kind, Shape::Request);
        assert_eq!(message.id.unwrap().raw(), raw);
    }
}

#[test]
fn an_escaped_name_is_the_name() {
    let message = one(r#"{"m\u0065thod":"tools/call","\u0069d":1,"params":{"n\u0061me":"x"}}"#);
    assert_eq!((message.kind, message.name.as_deref()), (Shape::Request, Some("x")));
}

#[test]
fn the_jsonrpc_member_decides_nothing() {
    for member in ["", r#""jsonrpc":"1.0","#, r#""jsonrpc":2,"#] {
        assert_eq!(one(&format!(r#"{{{member}"id":1,"method":"x"}}"#)).kind, Shape::Request);
    }
}

#[test]
fn blank_lines_are_blank() {
    for line in ["", " ", "\r", "\t \r"] {
        assert_eq!(parse(line.as_bytes()), Parsed::Blank);
    }
}

#[test]
fn json_that_is_no_message_says_why_and_keeps_its_id() {
    for (line, why, id) in [
        ("1", "no object", None),
        ("\"x\"", "no object", None),
        ("[]", "a batch without members", None),
        ("{}", "no method, result or error", None),
        (r#"{"id":3}"#, "no method, result or error", Some("3")),
        (r#"{"id":3,"method":5}"#, "a method that is no string", Some("3")),
        (r#"{"id":3,"method":null,"result":1}"#, "a method that is no string", Some("3")),
        (r#"{"id":3,"result":1,"error":{}}"#, "a result and an error", Some("3")),
        (r#"{"id":3,"method":"x","result":1}"#, "a method and a result or error", Some("3")),
        (r#"{"result":{}}"#, "a result without an id", None),
        (r#"{"id":{},"method":"x"}"#, "an id that is an object or an array", None),
        (r#"{"id":[1],"result":1}"#, "an id that is an object or an array", None),
    ] {
        let expected = (format!("not a JSON-RPC message: {why}"), id.map(str::to_owned));
        assert_eq!(refused(line), expected, "{line}");
    }
    assert_eq!(one(r#"{"error":{"code":1}}"#).id, None);
}

#[test]
fn faulty_lines_keep_their_id_on_either_side_of_the_fault() {
    for line in [
        r#"{"id":9,"method":"x","params":{"a":1,"a":2}}"#,
        r#"{"method":"x","params":{"a":1,"a":2},"id":9}"#,
        r#"{"method":"x","params":{"a":"\ud800"},"id":9}"#,
        r#"{"method":"x","params":{"a":tru},"id":9}"#,
    ] {
        assert_eq!(refused(line).1.as_deref(), Some("9"), "{line}");
    }
}

#[test]
fn members_of_a_batch_are_judged_alone() {
    let line = r#"[{"id":1,"method":"x"}, 5,{"id":2,"result":{}},{"id":3},[],{"method":"n"}]"#;
    let Parsed::Batch(members) = parse(line.as_bytes()) else { panic!("a batch") };
    let seen: Vec<_> = members
        .iter()
        .map(|(span, member)| {
            let kind = member.as_ref().map(|message| message.kind);
            (line.get(span.clone()).unwrap(), kind.map_err(Fault::rule))
        })
        .collect();
    let not = Err("guard.not-a-message");
    assert_eq!(
        seen,
        [
            (r#"{"id":1,"method":"x"}"#, Ok(Shape::Request)),
            ("5", not),
            (r#"{"id":2,"result":{}}"#, Ok(Shape::Response)),
            (r#"{"id":3}"#, not),
            ("[]", not),
            (r#"{"method":"n"}"#, Ok(Shape::Notification)),
        ]
    );
    let Ok(first) = &members[0].1 else { panic!("a message") };
    assert_eq!(first.id, Id::parse("1"));
}

#[test]
fn splicing_changes_the_span_alone() {
    assert_eq!(splice(b"abcdef", &(2..4), "XYZ"), "abXYZef");
    assert_eq!(splice(b"abc", &(1..1), "X"), "aXbc");
    assert_eq!(splice(b"abc", &(2..99), "X"), "abX");
    assert_eq!(splice(b"abc", &(50..99), "X"), "abcX");
}

proptest! {
    #[test]
    fn parsing_is_total_and_spans_stay_inside(bytes in prop::collection::vec(
        prop_oneof![prop::sample::select(&b"{}[]\",:\\1id"[..]), any::<u8>()], 0..80)
    ) {
        match parse(&bytes) {
            Parsed::One(message) => prop_assert!(
                message.params.into_iter().chain(message.result).all(|span| span.end <= bytes.len())
            ),
            Parsed::Batch(members) => prop_assert!(!members.is_empty()),
            Parsed::Blank => prop_assert!(bytes.trim_ascii().is_empty()),
            Parsed::Faulty { fault, .. } => prop_assert!(!fault.to_string().is_empty()),
        }
    }

    #[test]
    fn splicing_arguments_leaves_a_message_with_those_arguments(
        text in any::<String>(), with in any::<String>(), gap in "[ \t]{0,3}",
    ) {
        let json = |text: &str| serde_json::json!({ "text": text }).to_string();
        let line = format!(r#"{{"id":1,{gap}"method":"tools/call","params":{{"arguments":{gap}{}{gap},"name":"n"}}}}"#, json(&text));
        let span = one(&line).arguments.unwrap();
        let spliced = splice(line.as_bytes(), &span, &json(&with));
        let spliced = std::str::from_utf8(&spliced).unwrap();
        let message = one(spliced);
        let new = json(&with);
        prop_assert_eq!(at(spliced, message.arguments.as_ref()), Some(new.as_str()));
        prop_assert_eq!(message.name.as_deref(), Some("n"));
    }
}
