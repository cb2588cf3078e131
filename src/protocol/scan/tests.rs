use std::collections::BTreeSet;
use std::fmt;

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::*;

/// The reference: `serde_json` into a value that refuses duplicate keys.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Unique, A::Error> {
        while elements.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((key, _)) = members.next_entry::<String, Unique>()? {
            if !seen.insert(key) {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(Unique)
    }
}

fn agrees(line: &[u8]) -> Result<(), TestCaseError> {
    let ours = check(line);
    let theirs = serde_json::from_slice::<Unique>(line);
    prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs.err());
    Ok(())
}

fn fault(line: &str) -> String {
    match check(line.as_bytes()) {
        Ok(()) => "passes".to_owned(),
        Err(fault) => format!("{}: {fault}", fault.rule()),
    }
}

#[test]
fn what_every_reader_reads_alike_passes() {
    for line in [
        "{}",
        "[]",
        " \t\r\n{ } ",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.5e-7",
        "1E+2",
        "1e308",
        "123456789012345678901234567890",
        r#""""#,
        r#""\"\\\/\b\f\n\r\té😀\ud83d\ude00""#,
        r#""\u0000""#,
        "\"\u{7f}\u{2028}\u{feff}\"",
        r#"{"a":{"a":[{"a":1},{"a":1}]},"b":[1,2,[]]}"#,
        r#"{"":0,"a":1,"A":2,"é":3,"e\u0301":4}"#,
        "1e-999",
        "0e999",
    ] {
        assert_eq!(fault(line), "passes", "{line}");
    }
}

#[test]
fn what_is_no_json_is_named_with_its_place() {
    for (line, expected) in [
        ("", "guard.syntax: not JSON at byte 0: expected a value"),
        ("{", "guard.syntax: not JSON at byte 1: expected a member's name"),
        ("{\"a\"}", "guard.syntax: not JSON at byte 4: expected a colon"),
        ("{\"a\":}", "guard.syntax: not JSON at byte 5: expected a value"),
        ("{\"a\":1,}", "guard.syntax: not JSON at byte 7: expected a member's name"),
        ("{\"a\":1", "guard.syntax: not JSON at byte 6: expected a comma or a closing brace"),
        ("{a:1}", "guard.syntax: not JSON at byte 1: expected a member's name"),
        ("[1,]", "guard.syntax: not JSON at byte 3: expected a value"),
        ("[1 2]", "guard.syntax: not JSON at byte 3: expected a comma or a closing bracket"),
        ("[1}", "guard.syntax: not JSON at byte 2: expected a comma or a closing bracket"),
        ("1 2", "guard.syntax: not JSON at byte 2: expected the end of the line"),
        ("{}{}", "guard.syntax: not JSON at byte 2: expected the end of the line"),
        ("01", "guard.syntax: not JSON at byte 1: expected the end of the line"),
        ("-", "guard.syntax: not JSON at byte 1: expected a digit"),
        ("1.", "guard.syntax: not JSON at byte 2: expected a digit"),
        (".5", "guard.syntax: not JSON at byte 0: expected a value"),
        ("+1", "guard.syntax: not JSON at byte 0: expected a value"),
        ("1e", "guard.syntax: not JSON at byte 2: expected a digit"),
        ("[1e999]", "guard.syntax: not JSON at byte 1: expected a number that a double holds"),
        ("NaN", "guard.syntax: not JSON at byte 0: expected a value"),
        ("tru", "guard.syntax: not JSON at byte 0: expected true"),
        ("nulll", "guard.syntax: not JSON at byte 4: expected the end of the line"),
        ("'a'", "guard.syntax: not JSON at byte 0: expected a value"),
        ("\"a", "guard.syntax: not JSON at byte 2: expected the end of a string"),
        (r#""\x""#, "guard.syntax: not JSON at byte 2: expected an escape"),
        (r#""\u12g4""#, "guard.syntax: not JSON at byte 5: expected four hexadecimal digits"),
        (
            "\"a\tb\"",
            "guard.syntax: not JSON at byte 2: expected an escape, not a bare control character",
        ),
        ("\u{feff}{}", "guard.syntax: not JSON at byte 0: expected a value"),
        ("{} // x", "guard.syntax: not JSON at byte 3: expected the end of the line"),
    ] {
        assert_eq!(fault(line), expected, "{line}");
    }
    let long = "9".repeat(400);
    assert!(fault(&long).ends_with("expected a number that a double holds"));
}

#[test]
fn half_surrogate_pairs_are_refused() {
    for (line, at) in [
        (r#""\ud800""#, 1),
        (r#"["a\udc00"]"#, 3),
        (r#""\ud800\ud800""#, 1),
        (r#""\ud800\u0041""#, 1),
        (r#""\ud800A""#, 1),
        (r#""\udc00\ud800""#, 1),
        (r#""\uD83D\n""#, 1),
    ] {
        assert_eq!(check(line.as_bytes()), Err(Fault::LoneSurrogate { at }), "{line}");
    }
}

#[test]
fn invalid_utf8_is_named_with_its_place() {
    for (line, at) in [(&b"\"\xff\""[..], 1), (b"{\"a\":\"\xc3\"}", 6), (b"\xed\xa0\x80", 0)] {
        assert_eq!(check(line), Err(Fault::InvalidUtf8 { at }));
    }
}

#[test]
fn a_key_that_comes_twice_is_refused_however_it_is_spelled() {
    for (line, key) in [
        (r#"{"a":1,"a":1}"#, "a"),
        (r#"{"a":1,"\u0061":2}"#, "a"),
        (r#"{"\u0061":1,"b":0,"\u0061":2}"#, "a"),
        (r#"[{"x":{"y":[{"a":1,"b":2,"a":3}]}}]"#, "a"),
        (r#"{"":1,"":2}"#, ""),
        (r#"{"\ud83d\ude00":1,"😀":2}"#, "😀"),
        (r#"{"a/b":1,"a\/b":2}"#, "a/b"),
        (r#"{"inner":{"a":1},"method":1,"m\u0065thod":2}"#, "method"),
    ] {
        assert_eq!(check(line.as_bytes()), Err(Fault::DuplicateKey { key: key.to_owned() }));
    }
    assert_eq!(fault(r#"{"a":1,"a":1}"#), "guard.duplicate-key: an object has the key \"a\" twice");
}

#[test]
fn objects_with_many_members_are_checked_too() {
    let members = |count: usize| {
        let names = (0..count).map(|n| format!("\"k{}\":0", n * 7919 % count));
        names.collect::<Vec<_>>().join(",")
    };
    for count in [PAIRWISE_MAX, PAIRWISE_MAX + 1, 100, 100_003] {
        assert_eq!(fault(&format!("{{{}}}", members(count))), "passes");
        let twice = format!("{{{},\"\\u006b3\":0}}", members(count));
        assert_eq!(check(twice.as_bytes()), Err(Fault::DuplicateKey { key: "k3".to_owned() }));
    }
}

#[test]
fn nesting_ends_at_the_limit_and_needs_no_stack() {
    let arrays = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "0" + &"}".repeat(depth);
    for depth in [1, 127, 128] {
        assert_eq!(fault(&arrays(depth)), "passes");
        assert_eq!(fault(&objects(depth)), "passes");
    }
    for depth in [129, 130, 1_000_000] {
        assert_eq!(check(arrays(depth).as_bytes()), Err(Fault::TooDeep { limit: DEPTH_MAX }));
        assert_eq!(check(objects(depth).as_bytes()), Err(Fault::TooDeep { limit: DEPTH_MAX }));
    }
    assert!(serde_json::from_str::<serde_json::Value>(&arrays(127)).is_ok());
    assert!(serde_json::from_str::<serde_json::Value>(&arrays(128)).is_err());
    assert_eq!(fault(&arrays(129)), "guard.too-deep: nested deeper than 128 levels");
}

#[test]
fn the_first_stop_in_a_string_is_found_at_every_offset() {
    for stop in [b'"', b'\\', 0, 0x1f, b'\n'] {
        for fill in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff, 0xa2, 0xdc] {
            for at in 0..20 {
                let mut bytes = vec![fill; 24];
                bytes[at] = stop;
                assert_eq!(skip_plain(&bytes, 0), at, "{stop:x} in {fill:x}");
                assert_eq!(skip_plain(&bytes, at + 1), 24);
            }
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| serde_json::json!(n).to_string()),
        "-?[0-9]{1,3}(\\.[0-9]{1,2})?([eE][+-]?[0-9]{1,2})?",
        any::<String>().prop_map(|s| serde_json::json!(s).to_string()),
        r#""(\\u[0-9a-fD]{4}|\\[nrtbf/"\\]|[a-z]){0,4}""#,
    ];
    let key = prop_oneof![3 => "\"[a-f]\"", 1 => r#""\\u006[1-6]""#, 1 => "\"[a-z]{3,9}\""];
    leaf.prop_recursive(5, 40, 16, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(", "))),
            prop::collection::vec((key.clone(), inner), 0..16).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k} :{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn accepts_what_serde_json_accepts(line in json()) {
        agrees(line.as_bytes())?;
    }

    #[test]
    fn accepts_what_serde_json_accepts_after_damage(
        line in json(),
        at in any::<prop::sample::Index>(),
        with in prop_oneof![Just(b'"'), Just(b'\\'), Just(b','), Just(b'}'), Just(b'0'), Just(b'.'), any::<u8>()],
        way in 0..3,
    ) {
        let mut bytes = line.into_bytes();
        let at = at.index(bytes.len());
        match way {
            0 => bytes[at] = with,
            1 => bytes.insert(at, with),
            _ => drop(bytes.remove(at)),
        }
        agrees(&bytes)?;
    }

    #[test]
    fn accepts_what_serde_json_accepts_of_any_bytes(bytes in prop::collection::vec(
        prop_oneof![
            prop::sample::select(&b"{}[]\",:\\u0123e.-+ tn"[..]),
            any::<u8>(),
        ], 0..40)
    ) {
        agrees(&bytes)?;
    }

    #[test]
    fn every_span_holds_one_value(line in json()) {
        let message = format!(r#"{{"id": {line} ,"params":{{"arguments":{line}}},"result" : {line}}}"#);
        if let Ok(Scanned::Object(found)) = scan(message.as_bytes()) {
            for span in [found.id, found.arguments, found.result] {
                prop_assert_eq!(message.get(span.unwrap()), Some(line.as_str()));
            }
        }
    }
}
