//! A line that a client sent: what it asks for, in a form that two spellings of the same request share.

use sha2::{Digest as _, Sha256};

use serde_json::{Map, Value};

use crate::protocol::jsonrpc::{self, Id, Message, Parsed, Shape, Span};
use crate::protocol::method;

/// SHA-256 of a JSON value's canonical text: equal for values that are equal as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 32]);

/// What one message wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wants {
    /// An answer.
    Request(Request),
    /// Nothing.
    Notification {
        method: String,
        /// Its parameters without the request that it takes back.
        key: Key,
        /// The request that it takes back, if it is a cancellation.
        cancels: Option<Id>,
    },
    /// It answers the server.
    Response { id: Id, key: Key },
    /// An answer without an id, which answers nothing.
    Nothing,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) id: Id,
    pub(super) method: String,
    /// The tool of a call.
    pub(super) tool: Option<String>,
    /// Under which progress is reported, if it is.
    pub(super) token: Option<Id>,
    /// The revision that it says it speaks, in the stateless era.
    pub(super) version: Option<String>,
    /// All of its parameters but the progress token.
    pub(super) key: Key,
    /// Its parameters without `_meta`; none count as empty ones.
    pub(super) loose: Key,
    /// The text of its parameters, for reports.
    pub(super) params: String,
}

/// A well-formed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) members: Vec<Wants>,
    pub(super) is_batch: bool,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// White space.
    Blank,
    /// One message, or several.
    Line(Line),
    /// Nothing that a server could read.
    Faulty {
        /// In words.
        why: String,
        /// Its id, where that could be found.
        id: Option<Id>,
    },
}

impl Line {
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.members.iter().filter_map(|wants| match wants {
            Wants::Request(request) => Some(request),
            Wants::Notification { .. } | Wants::Response { .. } | Wants::Nothing => None,
        })
    }
}

/// Reads one line of a client's.
pub(super) fn read(line: &[u8]) -> Read {
    match jsonrpc::parse(line) {
        Parsed::Blank => Read::Blank,
        Parsed::Faulty { fault, id } => Read::Faulty { why: fault.to_string(), id },
        Parsed::One(message) => {
            Read::Line(Line { members: vec![wants(line, message)], is_batch: false })
        }
        Parsed::Batch(members) => {
            let mut read = Vec::with_capacity(members.len());
            for (span, message) in members {
                match message {
                    // The places of a batch's member are those within the whole line.
                    Ok(message) => read.push(wants(line, message)),
                    Err(fault) => {
                        let id = line.get(span).and_then(jsonrpc::find_id);
                        return Read::Faulty { why: fault.to_string(), id };
                    }
                }
            }
            Read::Line(Line { members: read, is_batch: true })
        }
    }
}

fn wants(line: &[u8], message: Message) -> Wants {
    let text = |span: &Option<Span>| {
        let span = span.clone()?;
        std::str::from_utf8(line.get(span)?).ok()
    };
    match (message.kind, message.id) {
        (Shape::Request, Some(id)) => {
            let params = text(&message.params);
            Wants::Request(Request {
                id,
                key: exact_key(params, message.progress_token.is_some()),
                loose: loose_key(params),
                tool: message
                    .name
                    .filter(|_| message.method.as_deref() == Some(method::TOOLS_CALL)),
                version: message
                    .protocol_version
                    .filter(|_| message.method.as_deref() != Some(method::INITIALIZE)),
                method: message.method.unwrap_or_default(),
                token: message.progress_token,
                params: params.unwrap_or("null").to_owned(),
            })
        }
        (Shape::Response, Some(id)) => {
            let outcome = text(&message.result).or_else(|| text(&message.error));
            Wants::Response { id, key: key(parsed(outcome.unwrap_or_default())) }
        }
        (Shape::Notification, _) => {
            let method = message.method.unwrap_or_default();
            let cancels = message.request_id.filter(|_| method == method::CANCELLED);
            let mut params = text(&message.params).map_or(Ok(Value::Null), parsed);
            if let (Ok(Value::Object(members)), Some(_)) = (&mut params, &cancels) {
                members.remove("requestId");
            }
            Wants::Notification { method, key: key(params), cancels }
        }
        (Shape::Request | Shape::Response, None) => Wants::Nothing,
    }
}

fn exact_key(params: Option<&str>, has_token: bool) -> Key {
    let Some(text) = params else { return key(Ok(Value::Null)) };
    let mut params = parsed(text);
    if has_token
        && let Ok(Value::Object(members)) = &mut params
        && let Some(Value::Object(meta)) = members.get_mut("_meta")
    {
        // That there is one has to be equal, which one not.
        meta.insert("progressToken".to_owned(), Value::Bool(true));
    }
    key(params)
}

fn loose_key(params: Option<&str>) -> Key {
    let mut params = params.map_or_else(|| Ok(Value::Object(Map::new())), parsed);
    if let Ok(Value::Object(members)) = &mut params {
        members.remove("_meta");
    }
    key(params)
}

/// A value, or its text where it is nested deeper than the parser goes.
fn parsed(text: &str) -> Result<Value, &str> {
    serde_json::from_str(text).map_err(|_| text)
}

fn key(value: Result<Value, &str>) -> Key {
    let mut canonical = Vec::new();
    match value {
        Ok(value) => put(&value, &mut canonical),
        Err(text) => canonical.extend_from_slice(text.as_bytes()),
    }
    Key(Sha256::digest(&canonical).into())
}

/// Writes members in the order of their names, and numbers by what they mean.
fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let text = number.to_string();
            let id = Id::parse(&text);
            let canonical = id.as_ref().map_or(text.as_str(), Id::canonical);
            out.extend_from_slice(canonical.as_bytes());
        }
        Value::String(text) => put_text(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            for element in elements {
                put(element, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, member) in members {
                put_text(name, out);
                out.push(b':');
                put(member, out);
                out.push(b',');
            }
            out.push(b'}');
        }
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    // A length in front keeps two texts apart from one that spells both.
    out.extend_from_slice(text.len().to_string().as_bytes());
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Request {
        let Read::Line(line) = read(line.as_bytes()) else { panic!("{line}") };
        line.requests().next().unwrap().clone()
    }

    #[test]
    fn equal_requests_have_equal_keys_and_others_do_not() {
        let line = |params: &str| format!(r#"{{"id":1,"method":"x","params":{params}}}"#);
        let table = [
            (r#"{"a":1,"b":[2]}"#, r#"{ "b":[2.0], "a":1e0 }"#, true, true),
            (r#"{"a":"\u0041"}"#, r#"{"a":"A"}"#, true, true),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false, false),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false, false),
            (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#, false, false),
            (r#"{"_meta":{"progressToken":1}}"#, r#"{"_meta":{"progressToken":"x"}}"#, true, true),
            (r#"{"_meta":{"progressToken":1}}"#, r#"{"_meta":{}}"#, false, true),
            (r#"{"_meta":{"a":1},"b":1}"#, r#"{"_meta":{"a":2},"b":1}"#, false, true),
            (r#"{"a":["b","c"]}"#, r#"{"a":["b\",1\"c"]}"#, false, false),
        ];
        for (left, right, exact, loose) in table {
            let (left, right) = (request(&line(left)), request(&line(right)));
            assert_eq!(left.key == right.key, exact, "{} {}", left.params, right.params);
            assert_eq!(left.loose == right.loose, loose, "{} {}", left.params, right.params);
        }
        let none = request(r#"{"id":1,"method":"x"}"#);
        let empty = request(&line("{}"));
        assert_ne!(none.key, empty.key);
        assert_eq!(none.loose, empty.loose);
    }
}
