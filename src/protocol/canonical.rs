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
mod tests;
