//! The envelope of a line: what it is and where its parts stand, as places in the original bytes.
//!
//! [`parse`] is total. A missing or foreign `jsonrpc` member is tolerated: peers vary, and nothing is
//! decided by it.

use bytes::{BufMut, Bytes, BytesMut};

pub use super::id::{Id, find_id, has_method};
use super::scan::{Envelope, Scanned, scan};
pub use super::scan::{Fault, Span};
use super::string::unescape;

/// What kind of message this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A method and an id: wants an answer.
    Request,
    /// A result or an error.
    Response,
    /// A method without an id.
    Notification,
}

/// A well-formed message. Spans index into the line that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Request, response or notification.
    pub kind: Shape,
    /// `id`; of a response `None` only for an error to a message whose id could not be read.
    pub id: Option<Id>,
    /// `method`, escapes resolved; present exactly for requests and notifications.
    pub method: Option<String>,
    /// `params`, of any type.
    pub params: Option<Span>,
    /// Just behind the `{` of `params`, where it is an object: where a member can be put in.
    pub params_open: Option<usize>,
    /// `result`, of any type.
    pub result: Option<Span>,
    /// `error`, of any type.
    pub error: Option<Span>,
    /// `params.name`, where it is a string; escapes resolved.
    pub name: Option<String>,
    /// `params.arguments`, of any type.
    pub arguments: Option<Span>,
    /// `params._meta`, of any type.
    pub meta: Option<Span>,
    /// `params._meta.progressToken`, or `params.progressToken` of `notifications/progress`.
    pub progress_token: Option<Id>,
    /// `params.requestId`.
    pub request_id: Option<Id>,
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`, else `params.protocolVersion`, else
    /// `result.protocolVersion`.
    pub protocol_version: Option<String>,
    /// `params.mode`, where it is a string.
    pub mode: Option<String>,
    /// `result.isError` is `true`.
    pub is_error: bool,
    /// `result.content`, where it is an array.
    pub content: Option<Span>,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one per line, and nearly every line is a message")]
pub enum Parsed {
    /// Empty or white space: keep-alives of some peers.
    Blank,
    /// A message.
    One(Message),
    /// A batch of at least one member; whether batches are legal is the revision's business.
    Batch(Vec<(Span, Result<Message, Fault>)>),
    /// Nothing that may pass.
    Faulty {
        /// Why.
        fault: Fault,
        /// The message's id where it could be found, so that a request gets its answer.
        id: Option<Id>,
    },
}

/// Guards and reads one line. Never panics, whatever the bytes are.
#[must_use]
pub fn parse(line: &[u8]) -> Parsed {
    let faulty = |fault| Parsed::Faulty { fault, id: find_id(line) };
    match scan(line) {
        Err(fault) => faulty(fault),
        Ok(Scanned::Blank) => Parsed::Blank,
        Ok(Scanned::Object(envelope)) => match message(line, *envelope) {
            Ok(message) => Parsed::One(message),
            Err(fault) => faulty(fault),
        },
        Ok(Scanned::Array(elements)) if elements.is_empty() => {
            faulty(Fault::NotAMessage { why: "a batch without members" })
        }
        Ok(Scanned::Array(elements)) => Parsed::Batch(
            elements.into_iter().map(|(span, envelope)| (span, member(line, envelope))).collect(),
        ),
        Ok(Scanned::Scalar) => faulty(Fault::NotAMessage { why: "no object" }),
    }
}

/// Puts `with` where `span` is; everything else stays byte for byte. A span beyond the line counts as
/// its end.
#[must_use]
pub fn splice(line: &[u8], span: &Span, with: &str) -> Bytes {
    let start = span.start.min(line.len());
    let end = span.end.clamp(start, line.len());
    let before = line.get(..start).unwrap_or_default();
    let after = line.get(end..).unwrap_or_default();
    let mut spliced = BytesMut::with_capacity(before.len() + with.len() + after.len());
    spliced.put_slice(before);
    spliced.put_slice(with.as_bytes());
    spliced.put_slice(after);
    spliced.freeze()
}

fn member(line: &[u8], envelope: Option<Envelope>) -> Result<Message, Fault> {
    envelope
        .ok_or(Fault::NotAMessage { why: "no object" })
        .and_then(|envelope| message(line, envelope))
}

fn message(line: &[u8], envelope: Envelope) -> Result<Message, Fault> {
    let refuse = |why| Err(Fault::NotAMessage { why });
    let id = envelope.id.as_ref().map(|span| scalar(line, span));
    let Ok(id) = id.map_or(Ok(None), |id| id.map(Some).ok_or(())) else {
        return refuse("an id that is an object or an array");
    };
    let has_outcome = envelope.result.is_some() || envelope.error.is_some();
    let method = envelope.method.as_ref().map(|span| string(line, span));
    let kind = match (&method, has_outcome) {
        (Some(None), _) => return refuse("a method that is no string"),
        (Some(Some(_)), true) => return refuse("a method and a result or error"),
        (Some(Some(_)), false) if id.is_some() => Shape::Request,
        (Some(Some(_)), false) => Shape::Notification,
        (None, false) => return refuse("no method, result or error"),
        (None, true) => Shape::Response,
    };
    if envelope.result.is_some() && envelope.error.is_some() {
        return refuse("a result and an error");
    }
    if envelope.result.is_some() && id.is_none() {
        return refuse("a result without an id");
    }
    let method = method.flatten();
    let is_progress = method.as_deref() == Some(super::method::PROGRESS);
    let token = if is_progress { envelope.params_token } else { envelope.meta_token };
    let version = envelope.meta_version.or(envelope.params_version).or(envelope.result_version);
    let params_open = envelope.params.as_ref().filter(|span| starts(line, span, b'{'));
    Ok(Message {
        kind,
        id,
        params_open: params_open.map(|span| span.start.saturating_add(1)),
        name: envelope.name.and_then(|span| string(line, &span)),
        progress_token: token.and_then(|span| scalar(line, &span)),
        request_id: envelope.request_id.and_then(|span| scalar(line, &span)),
        protocol_version: version.and_then(|span| string(line, &span)),
        mode: envelope.mode.and_then(|span| string(line, &span)),
        is_error: envelope.is_error.is_some_and(|span| starts(line, &span, b't')),
        content: envelope.content.filter(|span| starts(line, span, b'[')),
        method,
        params: envelope.params,
        result: envelope.result,
        error: envelope.error,
        arguments: envelope.arguments,
        meta: envelope.meta,
    })
}

fn text<'a>(line: &'a [u8], span: &Span) -> Option<&'a str> {
    std::str::from_utf8(line.get(span.clone())?).ok()
}

fn starts(line: &[u8], span: &Span, byte: u8) -> bool {
    line.get(span.start) == Some(&byte)
}

fn scalar(line: &[u8], span: &Span) -> Option<Id> {
    Id::from_scanned(text(line, span)?)
}

fn string(line: &[u8], span: &Span) -> Option<String> {
    let inside = text(line, span)?.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescape(inside).into_owned())
}

#[cfg(test)]
mod tests;
