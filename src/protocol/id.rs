//! Request ids: kept as they were sent, compared by what they mean.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::string::unescape;

/// Integers up to this many digits are written out in a canonical id, larger ones with an exponent.
const WRITTEN_OUT_DIGITS: usize = 40;

/// A request id or progress token: any JSON string, number, boolean or null.
///
/// Peers decode and encode ids again, so `1`, `1.0` and `1e0` are one id, and so are `"\u0041"` and
/// `"A"`; `1` and `"1"` are two. Equality, order and hash go by that.
#[derive(Debug, Clone)]
pub struct Id {
    raw: Box<str>,
    /// The canonical text, where it is not `raw` itself.
    canonical: Option<Box<str>>,
}

impl Id {
    /// Takes the JSON text of an id; `None` unless it is one string, number, boolean or null.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim_matches([' ', '\t', '\r', '\n']);
        super::scan::check(raw.as_bytes()).ok()?;
        Self::from_scanned(raw)
    }

    /// As [`Id::parse`] for text that the guard has passed as one JSON value.
    pub(super) fn from_scanned(raw: &str) -> Option<Self> {
        let canonical = match raw.bytes().next()? {
            b'"' => canonical_string(raw),
            b'-' | b'0'..=b'9' => canonical_number(raw),
            b't' | b'f' | b'n' => Cow::Borrowed(raw),
            _ => return None,
        };
        let canonical = (canonical != raw).then(|| canonical.into_owned().into_boxed_str());
        Some(Self { raw: raw.into(), canonical })
    }

    /// The text as it was sent, a JSON value.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The text that equal ids share, a JSON value.
    #[must_use]
    pub fn canonical(&self) -> &str {
        self.canonical.as_deref().unwrap_or(&self.raw)
    }

    /// Whether this is `null`, which answers a message whose id could not be read.
    #[must_use]
    pub fn is_null(&self) -> bool {
        &*self.raw == "null"
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for Id {}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical().cmp(other.canonical())
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.raw)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.raw)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(deserializer)?;
        Self::parse(&raw).ok_or_else(|| serde::de::Error::custom("not the JSON text of an id"))
    }
}

fn canonical_string(raw: &str) -> Cow<'_, str> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
    match unescape(inside) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(text) => Cow::Owned(serde_json::Value::String(text).to_string()),
    }
}

/// Sign, digits without zeros at either end, and a power of ten, from any spelling of a number. An
/// exponent beyond 32 bits leaves the text as it is: no peer can have meant it.
fn canonical_number(raw: &str) -> Cow<'_, str> {
    let unsigned = raw.strip_prefix('-').unwrap_or(raw);
    let is_plain = unsigned.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain && unsigned.len() <= WRITTEN_OUT_DIGITS && raw != "-0" {
        return Cow::Borrowed(raw);
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let stripped = digits.trim_start_matches('0').trim_end_matches('0');
    if stripped.is_empty() {
        return Cow::Borrowed("0");
    }
    let Ok(exponent) = exponent.parse::<i32>() else { return Cow::Borrowed(raw) };
    let zeros = digits.len().saturating_sub(digits.trim_end_matches('0').len());
    let offset = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let exponent =
        i64::from(exponent).saturating_sub(offset(fraction.len())).saturating_add(offset(zeros));
    let sign = if raw.starts_with('-') { "-" } else { "" };
    match usize::try_from(exponent) {
        Ok(zeros) if zeros.saturating_add(stripped.len()) <= WRITTEN_OUT_DIGITS => {
            Cow::Owned(format!("{sign}{stripped}{}", "0".repeat(zeros)))
        }
        Ok(_) | Err(_) => Cow::Owned(format!("{sign}{stripped}e{exponent}")),
    }
}

/// Finds the id of a message in bytes that need not be JSON: a faulty line, or the head of one that was
/// too long. It is the value of the member `id` of the outermost object; `None` also where two such
/// members disagree, or where the value is cut off.
#[must_use]
pub fn find_id(head: &[u8]) -> Option<Id> {
    let mut found: Option<Id> = None;
    let mut unsure = false;
    outer_members(head, |name, value| {
        if is_named(name, "id") {
            let id = loose_value(value);
            unsure =
                id.is_none() || found.as_ref().is_some_and(|earlier| Some(earlier) != id.as_ref());
            found = id;
        }
        !unsure
    });
    found.filter(|_| !unsure)
}

/// Whether such bytes name a method, and so were meant as a request or a notification.
#[must_use]
pub fn has_method(head: &[u8]) -> bool {
    let mut found = false;
    outer_members(head, |name, _| {
        found = is_named(name, "method");
        !found
    });
    found
}

/// Shows the members of the outermost object, each as the inside of its name and what follows the colon,
/// until `seen` returns `false` or the bytes end.
fn outer_members<'a>(head: &'a [u8], mut seen: impl FnMut(&'a [u8], &'a [u8]) -> bool) {
    let Some(mut rest) = head.trim_ascii_start().strip_prefix(b"{") else { return };
    let mut depth = 1_usize;
    while let Some((byte, tail)) = rest.split_first() {
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some((inside, tail)) = loose_string(tail) else { break };
                rest = tail;
                let value = tail.trim_ascii_start().strip_prefix(b":");
                if let Some(value) = value.filter(|_| depth == 1)
                    && !seen(inside, value.trim_ascii_start())
                {
                    break;
                }
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        rest = tail;
    }
}

fn is_named(inside: &[u8], wanted: &str) -> bool {
    std::str::from_utf8(inside).is_ok_and(|name| &*unescape(name) == wanted)
}

/// Splits after the closing quote; `None` where there is none.
fn loose_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        let step = memchr::memchr2(b'"', b'\\', rest)?;
        at = at.saturating_add(step);
        if rest.get(step) == Some(&b'"') {
            return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?));
        }
        at = at.saturating_add(2);
    }
}

/// The scalar that the bytes begin with, if it is whole: a number at the very end may be cut off.
fn loose_value(text: &[u8]) -> Option<Id> {
    let end = if let Some(inside) = text.strip_prefix(b"\"") {
        loose_string(inside)?.0.len().saturating_add(2)
    } else {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
        text.iter().position(ends)?
    };
    Id::parse(std::str::from_utf8(text.get(..end)?).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(raw: &str) -> Id {
        Id::parse(raw).unwrap_or_else(|| panic!("{raw} is an id"))
    }

    #[test]
    fn spellings_of_one_value_are_one_id() {
        for class in [
            &["1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000"][..],
            &["0", "-0", "0.0", "0e5", "-0.00e-7"],
            &["100", "1e2", "100.0"],
            &["-7", "-7.0", "-70e-1"],
            &["9007199254740993", "9007199254740993.0"],
            &["1e300", "10e299"],
            &["0.5", "5e-1", "0.50"],
            &[r#""A""#, r#""\u0041""#],
            &[r#""é""#, r#""\u00e9""#, r#""\u00E9""#],
            &[r#""a\/b""#, r#""a/b""#],
            &[r#""\n""#, r#""\u000a""#],
            &["null"],
            &["true"],
            &["false"],
        ] {
            for (left, right) in class.iter().flat_map(|l| class.iter().map(move |r| (l, r))) {
                assert_eq!(id(left), id(right), "{left} {right}");
                assert_eq!(id(left).raw(), *left);
            }
        }
    }

    #[test]
    fn different_values_are_different_ids() {
        let values = [
            "1",
            r#""1""#,
            "10",
            "-1",
            "9007199254740992",
            "9007199254740993",
            "1.5",
            "0",
            "null",
            r#""null""#,
            r#""a""#,
            r#""A""#,
            "true",
            "1e300",
            "1e-300",
        ];
        for (at, left) in values.iter().enumerate() {
            for right in &values[at + 1..] {
                assert_ne!(id(left), id(right), "{left} {right}");
            }
        }
    }

    #[test]
    fn what_is_no_scalar_is_no_id() {
        for raw in ["", "{}", "[]", "1 2", "nul", "\"", "01", "1e999", r#""\ud800""#] {
            assert!(Id::parse(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn ids_are_stored_as_they_were_sent() {
        let stored = serde_json::to_string(&id("1.0")).unwrap();
        assert_eq!(stored, r#""1.0""#);
        let read: Id = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.raw(), "1.0");
        assert!(serde_json::from_str::<Id>(r#""{}""#).is_err());
    }

    #[test]
    fn ids_are_found_in_what_is_no_json() {
        for (head, expected) in [
            (r#"{"id":7,"method":"x","params":{"a":"#, Some("7")),
            (r#"{"method":"x","params":{"id":1,"a":[{"id":2}]},"id":"r-1","x":"#, Some(r#""r-1""#)),
            (r#" {"params":{"a":1,"a":2}, "\u0069d" : null }"#, Some("null")),
            (r#"{"a":"\"id\":3","id":4}"#, Some("4")),
            (r#"{"id":"a\"b","#, Some(r#""a\"b""#)),
            (r#"{"id":12"#, None),
            (r#"{"id":"cut"#, None),
            (r#"{"id":{"id":1}}"#, None),
            (r#"{"id":1,"id":2}"#, None),
            (r#"{"id":1,"id":1.0}"#, Some("1")),
            (r#"{}"id":1,"#, None),
            (r#"[{"id":1}]"#, None),
            ("", None),
            ("\"id\":1", None),
        ] {
            let found = find_id(head.as_bytes());
            assert_eq!(found, expected.map(id), "{head}");
        }
        assert_eq!(find_id(b"{\"a\":\"\xff\",\"id\":5,"), Some(id("5")));
        assert_eq!(find_id(b"{\"id\":\"\xff\",\"a\":5}"), None);
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!(r#"{{"a":{},"id":3,"#, "[".repeat(1_000_000) + &"]".repeat(1_000_000));
        assert_eq!(find_id(deep.as_bytes()), Some(id("3")));
    }

    proptest! {
        #[test]
        fn whatever_is_found_is_an_id(head in prop::collection::vec(prop_oneof![
            Just(b'{'), Just(b'"'), Just(b'\\'), Just(b'i'), Just(b'd'), Just(b':'), Just(b'1'), Just(b','), any::<u8>()
        ], 0..60)) {
            if let Some(found) = find_id(&head) {
                prop_assert_eq!(Id::parse(found.raw()), Some(found));
            }
        }

        #[test]
        fn numbers_are_canonical_by_value(mantissa in -999_i64..1000, exponent in 0_u32..4, zeros in 0_usize..4) {
            let spelled = format!("{mantissa}.{}e{exponent}", "0".repeat(zeros + 1));
            let plain = (mantissa * 10_i64.pow(exponent)).to_string();
            prop_assert_eq!(id(&spelled), id(&plain));
        }
    }
}
