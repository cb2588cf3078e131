//! One text for each JSON value: RFC 8785, so that equal values have equal digests whatever the order of their keys.

use serde_json::{Number, Value};

/// Integers beyond this are not told apart by RFC 8785, which knows doubles only.
const EXACT_MAX: u64 = 1 << 53;

/// Why a value has no canonical text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Form(String),
    /// Another number would have the same text.
    #[error("the integer {0} is beyond 2^53, where JSON readers do not agree")]
    Inexact(String),
}

/// The canonical text of a JSON text. Keys that are there twice never get here: the guard refuses them.
///
/// # Errors
/// What is no JSON, and integers beyond 2^53.
pub fn canonical(text: &str) -> Result<String, NotCanonical> {
    let form = |error: serde_json::Error| NotCanonical::Form(error.to_string());
    let value: Value = serde_json::from_str(text).map_err(form)?;
    exact(&value)?;
    serde_json_canonicalizer::to_string(&value).map_err(form)
}

fn exact(value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) => exact_number(number),
        Value::Array(list) => list.iter().try_for_each(exact),
        Value::Object(object) => object.values().try_for_each(exact),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn exact_number(number: &Number) -> Result<(), NotCanonical> {
    let inexact = || Err(NotCanonical::Inexact(number.to_string()));
    let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if let Some(size) = size {
        return if size <= EXACT_MAX { Ok(()) } else { inexact() };
    }
    // One that was read as a double: it may have been written as an integer.
    let text = serde_json_canonicalizer::to_string(number)
        .map_err(|error| NotCanonical::Form(error.to_string()))?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    let exact = digits.parse::<u64>().is_ok_and(|size| size <= EXACT_MAX);
    if whole && !exact { inexact() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        let sorted = canonical(keys).unwrap();
        let order = ["Carriage Return", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let places: Vec<usize> = order.iter().map(|word| sorted.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{sorted}");
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

    proptest! {
        #[test]
        fn it_is_the_same_again_and_for_any_order_of_keys(pairs in proptest::collection::btree_map(".{0,6}", any::<i32>(), 0..8)) {
            let object = |pairs: Vec<(&String, &i32)>| {
                let members: Vec<String> = pairs
                    .into_iter()
                    .map(|(key, value)| format!("{} : {value}", Value::from(key.as_str())))
                    .collect();
                format!("{{ {} }}", members.join(" ,"))
            };
            let once = canonical(&object(pairs.iter().collect())).unwrap();
            prop_assert_eq!(&canonical(&once).unwrap(), &once);
            prop_assert_eq!(canonical(&object(pairs.iter().rev().collect())).unwrap(), once);
        }
    }
}
