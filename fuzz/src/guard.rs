//! The guard against a second reader of JSON.

use serde_json::Value;
use tollgate::protocol::jsonrpc::{Parsed, parse};
use tollgate::protocol::scan::{self, Fault};

/// `serde_json` stops one level below our limit, so both agree only on what is less deep.
const SHARED_DEPTH: usize = 126;

/// The guard passes what `serde_json` reads, except for duplicate keys and depth, and passes nothing
/// that it does not; a message's parts, cut out by their places, are what `serde_json` finds in them.
///
/// # Panics
/// Where one of these is broken.
pub fn guard(data: &[u8]) {
    let parsed = parse(data);
    let other: Result<Value, _> = serde_json::from_slice(data);
    match (scan::check(data), &other) {
        (Ok(()), Err(error)) => {
            assert!(
                depth(data) > SHARED_DEPTH,
                "the guard passed what serde_json refuses: {error}"
            );
        }
        (Err(Fault::DuplicateKey { .. } | Fault::TooDeep { .. }), _)
        | (Err(_), Err(_))
        | (Ok(()), Ok(_)) => {}
        (Err(fault), Ok(_)) => panic!("the guard refused what serde_json reads: {fault}"),
    }
    let (Parsed::One(message), Ok(Value::Object(object))) = (parsed, &other) else { return };
    for (name, span) in
        [("params", &message.params), ("result", &message.result), ("error", &message.error)]
    {
        let cut = span.clone().map(|span| {
            serde_json::from_slice::<Value>(&data[span]).expect("a part of JSON is JSON")
        });
        assert_eq!(cut.as_ref(), object.get(name), "`{name}`");
    }
    assert_eq!(message.method.as_deref(), object.get("method").and_then(Value::as_str));
    if let Some(id) = &message.id {
        let cut: Value = serde_json::from_str(id.raw()).expect("an id is JSON");
        assert_eq!(Some(&cut), object.get("id"));
    }
    let arguments = message
        .arguments
        .map(|span| serde_json::from_slice::<Value>(&data[span]).expect("a part of JSON is JSON"));
    let expected = object.get("params").and_then(|params| params.get("arguments"));
    assert_eq!(arguments.as_ref(), expected);
}

/// An upper bound of the nesting: brackets in strings count too.
fn depth(data: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for byte in data {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
