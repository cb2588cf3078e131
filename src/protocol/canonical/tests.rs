use proptest::prelude::*;

use super::*;

/// RFC 8785, sections 3.2.2 and 3.2.3.
#[test]
fn the_rfcs_own_examples_come_out_as_it_says() {
    let given = "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n\
                 \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n\
                 \"literals\": [null, true, false]}";
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                    \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(canonical(given).unwrap(), expected);
    let keys = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
        "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
                    \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
                    \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
    assert_eq!(canonical(keys).unwrap(), expected);
}

/// RFC 8785, appendix B: the bits of a double, and its text.
const DOUBLES: &[(u64, &str)] = &[
    (0x0000_0000_0000_0000, "0"),
    (0x8000_0000_0000_0000, "0"),
    (0x0000_0000_0000_0001, "5e-324"),
    (0x8000_0000_0000_0001, "-5e-324"),
    (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
    (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
    (0x4340_0000_0000_0000, "9007199254740992"),
    (0xc340_0000_0000_0000, "-9007199254740992"),
    (0x4430_0000_0000_0000, "295147905179352830000"),
    (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
    (0x44b5_2d02_c7e1_4af6, "1e+23"),
    (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
    (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
    (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
    (0x444b_1ae4_d6e2_ef50, "1e+21"),
    (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
    (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
    (0x41b3_de43_5555_5553, "333333333.3333332"),
    (0x41b3_de43_5555_5554, "333333333.33333325"),
    (0x41b3_de43_5555_5555, "333333333.3333333"),
    (0x41b3_de43_5555_5556, "333333333.3333334"),
    (0x41b3_de43_5555_5557, "333333333.33333343"),
    (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
    (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
];

#[test]
fn doubles_have_the_text_of_the_rfcs_appendix() {
    for (bits, expected) in DOUBLES {
        let double = f64::from_bits(*bits);
        assert_eq!(serde_json_canonicalizer::to_string(&double).unwrap(), *expected);
        // What is whole and beyond 2^53 is refused, however it is written.
        let written = format!("{double:e}");
        let inexact = expected.bytes().all(|byte| byte.is_ascii_digit()) && double > 2_f64.powi(53);
        match canonical(&written) {
            Ok(text) => assert!(!inexact && text == *expected, "{written}: {text}"),
            Err(error) => {
                assert!(inexact && matches!(error, NotCanonical::Inexact(_)), "{written}: {error}");
            }
        }
    }
    for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(serde_json_canonicalizer::to_string(&none).is_err(), "{none}");
    }
}

/// RFC 8785, section 3.2.2.2: only what has to be is escaped, and as short as it can be.
#[test]
fn texts_are_escaped_where_they_must_be_and_nowhere_else() {
    for (given, expected) in [
        (r#""\u0008\u0009\u000a\u000c\u000d""#, r#""\b\t\n\f\r""#),
        (r#""\u0000\u001F\u000B""#, r#""\u0000\u001f\u000b""#),
        (r#""\/<\/script>\u007f\u0080""#, "\"/</script>\u{7f}\u{80}\""),
        (r#""\ud83d\ude00\u2028""#, "\"\u{1f600}\u{2028}\""),
        // Nothing is normalized: these are two texts.
        (r#""A\u030a""#, "\"A\u{30a}\""),
        (r#""\u00c5""#, "\"\u{c5}\""),
    ] {
        assert_eq!(canonical(given).unwrap(), expected, "{given}");
    }
    assert!(canonical(r#""\ud83d""#).is_err(), "half a character is none");
}

/// RFC 8785, section 3.2.3: keys are told apart by their UTF-16 units, at every depth, and lists keep their order.
#[test]
fn keys_are_sorted_by_utf_16_at_every_depth() {
    for (given, expected) in [
        (r#"[9,{"d":true,"10":null,"1":[]}]"#, r#"[9,{"1":[],"10":null,"d":true}]"#),
        (r#"{"b":{"f":1,"F":2,"":3,"\n":4},"a":{}}"#, r#"{"a":{},"b":{"":3,"\n":4,"F":2,"f":1}}"#),
        (r#"{"aa":1,"a":2,"B":3}"#, r#"{"B":3,"a":2,"aa":1}"#),
        // By code points, or by bytes, the first two would stand the other way round.
        (
            r#"{"\uff5e":1,"\ud834\udd1e":2,"\ud7ff":3}"#,
            "{\"\u{d7ff}\":3,\"\u{1d11e}\":2,\"\u{ff5e}\":1}",
        ),
    ] {
        assert_eq!(canonical(given).unwrap(), expected, "{given}");
    }
}

#[test]
fn numbers_that_readers_do_not_agree_on_are_refused() {
    for (text, fine) in [
        ("9007199254740992", true),
        ("-9007199254740992", true),
        ("9007199254740993", false),
        ("[18446744073709551616]", false),
        ("{\"a\":1e20}", false),
        ("1e30", true),
        ("0.1", true),
        ("1.0", true),
        ("{", false),
    ] {
        assert_eq!(canonical(text).is_ok(), fine, "{text}");
    }
    assert_eq!(canonical("1.0"), canonical("1"), "the same value");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f32>().prop_filter("JSON has no other", |n| n.fract() != 0.0).prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// The same value, written otherwise: keys the other way round, each character of a text by its number.
fn otherwise(value: &Value, out: &mut String) {
    let text = |text: &str, out: &mut String| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        out.push('"');
        out.push_str(&units.collect::<String>());
        out.push('"');
    };
    match value {
        Value::String(said) => text(said, out),
        Value::Array(list) => {
            out.push_str("[ ");
            for (at, one) in list.iter().enumerate() {
                out.push_str(if at > 0 { "\n, " } else { "" });
                otherwise(one, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (at, (key, one)) in object.iter().rev().enumerate() {
                out.push_str(if at > 0 { ",\t" } else { "" });
                text(key, out);
                out.push_str(" : ");
                otherwise(one, out);
            }
            out.push_str(" }");
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => out.push_str(&value.to_string()),
    }
}

proptest! {
    #[test]
    fn it_is_the_same_again_and_however_the_value_was_written(value in value()) {
        let once = canonical(&value.to_string()).unwrap();
        prop_assert_eq!(&canonical(&once).unwrap(), &once);
        let mut written = String::new();
        otherwise(&value, &mut written);
        prop_assert_eq!(&canonical(&written).unwrap(), &once);
        // And it is that value.
        let read: Value = serde_json::from_str(&once).unwrap();
        prop_assert_eq!(canonical(&read.to_string()).unwrap(), once);
    }

    #[test]
    fn other_values_have_other_texts(left in value(), right in value()) {
        let same = canonical(&left.to_string()).unwrap() == canonical(&right.to_string()).unwrap();
        // Keys are sorted on both sides, as they are made of sorted maps.
        prop_assert_eq!(same, left == right);
    }
}
