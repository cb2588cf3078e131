//! What the mock says of its own: errors in place of answers that it does not have.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::journal::mock::ERROR_CODE;
use crate::journal::mock::line::{Line, Request};
use crate::journal::mock::script::Heard;
use crate::protocol::jsonrpc::Id;

/// Parameters beyond so many bytes are left out of an error; their length is told.
const PARAMS_BYTES_MAX: usize = 2000;

/// `tools/call read_file`, or the method.
pub(super) fn request(request: &Request) -> String {
    match &request.tool {
        Some(tool) => format!("{} {tool}", request.method),
        None => request.method.clone(),
    }
}

/// What a line asks for.
pub(super) fn line(line: &Line) -> String {
    let all: Vec<String> = line.requests().map(request).collect();
    if line.is_batch { format!("a batch of {}", all.join(", ")) } else { all.join(", ") }
}

/// An error for a request, with what was due where something was.
pub(super) fn answer(received: &Request, due: Option<&Heard>, message: &str) -> String {
    let mut data = json!({ "received": asked(received) });
    if let (Some(heard), Some(data)) = (due, data.as_object_mut()) {
        let expected: Vec<Value> = heard.line.requests().map(asked).collect();
        let expected = match <[Value; 1]>::try_from(expected) {
            Ok([one]) if !heard.line.is_batch => one,
            Ok([one]) => Value::from(vec![one]),
            Err(several) => Value::from(several),
        };
        data.insert("expected".to_owned(), expected);
        data.insert("record".to_owned(), Value::from(heard.record));
    }
    error(received.id.raw(), message, Some(&data))
}

/// An error for a line that is no message.
pub(super) fn faulty(id: Option<&Id>, message: &str) -> Bytes {
    Bytes::from(error(id.map_or("null", Id::raw), message, None))
}

/// One line of them.
pub(super) fn join(answers: &[String], is_batch: bool) -> Bytes {
    Bytes::from(if is_batch { format!("[{}]", answers.join(",")) } else { answers.concat() })
}

fn error(id: &str, message: &str, data: Option<&Value>) -> String {
    let message = Value::from(message);
    let data = data.map(|data| format!(",\"data\":{data}")).unwrap_or_default();
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{ERROR_CODE},\"message\":{message}{data}}}}}"
    )
}

fn asked(request: &Request) -> Value {
    let mut asked = json!({ "method": request.method });
    let Some(members) = asked.as_object_mut() else { return asked };
    let value = (request.params.len() <= PARAMS_BYTES_MAX)
        .then(|| serde_json::from_str::<Value>(&request.params).ok())
        .flatten();
    match value {
        Some(value) => members.insert("params".to_owned(), value),
        None => members.insert("params_bytes".to_owned(), Value::from(request.params.len())),
    };
    asked
}
