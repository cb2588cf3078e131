//! A line that a server said, and the places in it that name a request of the client's.

use bytes::Bytes;

use serde_json::value::RawValue;

use crate::engine::At;
use crate::journal::mock::ERROR_CODE;
use crate::journal::mock::script::Slot;
use crate::protocol::jsonrpc::{self, Id, Parsed, Shape, Span};
use crate::protocol::method;
use crate::protocol::scan::{self, Envelope, Scanned};

/// The member of `_meta` that names the request that opened a stream (2026-07-28, subscriptions).
const SUBSCRIPTION_KEY: &str = "io.modelcontextprotocol/subscriptionId";

/// Which of a request's names stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// Its id, as the id of its answer.
    Answer,
    /// Its id, elsewhere.
    Id,
    /// Its progress token.
    Token,
}

/// A place that names a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) of: Slot,
    pub(super) name: Name,
    /// Where in the line; nowhere in a line that cannot be read, which goes as it is.
    span: Option<Span>,
}

/// One message of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) span: Span,
    pub(super) places: Vec<Place>,
}

impl Member {
    /// Whether it names this request.
    pub(super) fn is_about(&self, slot: Slot) -> bool {
        self.places.iter().any(|place| place.of == slot)
    }

    /// Whether it answers this request.
    pub(super) fn answers(&self, slot: Slot) -> bool {
        self.places.iter().any(|place| place.of == slot && place.name == Name::Answer)
    }
}

/// A line that the server said.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// When.
    pub(super) at: At,
    /// How many lines the server had heard.
    pub(super) heard: usize,
    pub(super) line: Bytes,
    pub(super) members: Vec<Member>,
    pub(super) is_batch: bool,
    /// The id of a request of the server's own.
    pub(super) asks: Option<Id>,
    /// The revision that the line settles, if it does: the answer to `initialize`.
    pub(super) version: Option<String>,
}

impl Said {
    /// Reads a line; what is no message is a line without members, and goes as it is.
    pub(super) fn new(
        line: Bytes,
        asked: impl Fn(&Id) -> Option<Slot>,
        tokens: impl Fn(&Id) -> Option<Slot>,
    ) -> Self {
        let mut said = Self { line: line.clone(), ..Self::default() };
        let Ok(text) = std::str::from_utf8(&line) else { return Self::unreadable(line, asked) };
        let elements = match scan::scan(&line) {
            Ok(Scanned::Object(envelope)) => vec![(0..line.len(), Some(*envelope))],
            Ok(Scanned::Array(elements)) => elements,
            Ok(Scanned::Blank | Scanned::Scalar) => return said,
            Err(_) => return Self::unreadable(line, asked),
        };
        match jsonrpc::parse(&line) {
            Parsed::One(message) => {
                said.asks = message.id.filter(|_| message.kind == Shape::Request);
                said.version = message.protocol_version.filter(|_| message.kind == Shape::Response);
            }
            Parsed::Batch(_) => said.is_batch = true,
            Parsed::Blank => return said,
            Parsed::Faulty { .. } => return Self::unreadable(line, asked),
        }
        for (span, envelope) in elements {
            let mut places = Vec::new();
            if let Some(envelope) = envelope {
                places.extend(answer(text, &envelope, &asked));
                places.extend(progress(text, &envelope, &tokens));
                places.extend(subscription(text, &envelope, &asked));
            }
            said.members.push(Member { span, places });
        }
        said
    }

    /// A line that cannot be read, with the request that it seems to answer.
    fn unreadable(line: Bytes, asked: impl Fn(&Id) -> Option<Slot>) -> Self {
        let of = jsonrpc::find_id(&line)
            .filter(|_| !jsonrpc::has_method(&line))
            .and_then(|id| asked(&id));
        let places: Vec<Place> =
            of.into_iter().map(|of| Place { of, name: Name::Answer, span: None }).collect();
        let span = 0..line.len();
        let members = if places.is_empty() { Vec::new() } else { vec![Member { span, places }] };
        Self { line, members, ..Self::default() }
    }

    /// An error in place of an answer that the recording does not hold.
    pub(super) fn lost(slot: Slot, id: &Id, record: u64, size_bytes: u64) -> Self {
        let head = "{\"jsonrpc\":\"2.0\",\"id\":";
        let line = format!(
            "{head}{id},\"error\":{{\"code\":{ERROR_CODE},\"message\":\"this answer is not in the \
             recording: record {record} was a line of {size_bytes} bytes\"}}}}"
        );
        let span = Some(head.len()..head.len() + id.raw().len());
        let places = vec![Place { of: slot, name: Name::Answer, span }];
        let members = vec![Member { span: 0..line.len(), places }];
        Self { line: Bytes::from(line), members, ..Self::default() }
    }

    /// Every place in the line.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.members.iter().flat_map(|member| &member.places)
    }

    /// The line, with each place as `name` gives it; one that it gives nothing for stays as it was.
    pub(super) fn line<'a>(&self, name: impl Fn(&Place) -> Option<&'a str>) -> Bytes {
        self.spliced(0..self.line.len(), self.places(), name)
    }

    /// One member's text, in the same way.
    pub(super) fn member<'a>(
        &self,
        member: &Member,
        name: impl Fn(&Place) -> Option<&'a str>,
    ) -> Bytes {
        self.spliced(member.span.clone(), member.places.iter(), name)
    }

    fn spliced<'a, 'p>(
        &self,
        span: Span,
        places: impl Iterator<Item = &'p Place>,
        name: impl Fn(&Place) -> Option<&'a str>,
    ) -> Bytes {
        let mut names: Vec<(Span, &str)> =
            places.filter_map(|place| Some((place.span.clone()?, name(place)?))).collect();
        if names.is_empty() {
            return self.line.slice(span.start.min(self.line.len())..span.end.min(self.line.len()));
        }
        names.sort_unstable_by_key(|(span, _)| span.start);
        let mut out = Vec::with_capacity(span.len() + 16);
        let mut at = span.start;
        for (place, text) in names {
            out.extend_from_slice(self.line.get(at..place.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            at = place.end;
        }
        out.extend_from_slice(self.line.get(at..span.end).unwrap_or_default());
        Bytes::from(out)
    }
}

fn answer(text: &str, envelope: &Envelope, asked: impl Fn(&Id) -> Option<Slot>) -> Option<Place> {
    let span = envelope.id.clone().filter(|_| envelope.method.is_none())?;
    let of = asked(&Id::parse(text.get(span.clone())?)?)?;
    Some(Place { of, name: Name::Answer, span: Some(span) })
}

fn progress(
    text: &str,
    envelope: &Envelope,
    tokens: impl Fn(&Id) -> Option<Slot>,
) -> Option<Place> {
    let method = text.get(envelope.method.clone()?)?;
    let name = Id::parse(method)?;
    let span = envelope.params_token.clone()?;
    if name.canonical().trim_matches('"') != method::PROGRESS {
        return None;
    }
    let of = tokens(&Id::parse(text.get(span.clone())?)?)?;
    Some(Place { of, name: Name::Token, span: Some(span) })
}

fn subscription(
    text: &str,
    envelope: &Envelope,
    asked: impl Fn(&Id) -> Option<Slot>,
) -> Option<Place> {
    let body = envelope.params.clone().or_else(|| envelope.result.clone())?;
    let inside = text.get(body.clone())?;
    memchr::memmem::find(inside.as_bytes(), SUBSCRIPTION_KEY.as_bytes())?;
    let meta = member(inside, "_meta")?;
    let found = member(inside.get(meta.clone())?, SUBSCRIPTION_KEY)?;
    let start = body.start + meta.start;
    let span = start + found.start..start + found.end;
    let of = asked(&Id::parse(text.get(span.clone())?)?)?;
    Some(Place { of, name: Name::Id, span: Some(span) })
}

/// Where the value of an object's member stands in the object's text.
fn member(object: &str, name: &str) -> Option<Span> {
    struct Find<'n>(&'n str);

    impl<'de> serde::de::Visitor<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                let value = map.next_value::<&'de RawValue>()?;
                if key == self.0 {
                    found = Some(value);
                }
            }
            Ok(found)
        }
    }

    let mut parser = serde_json::Deserializer::from_str(object);
    let value = serde::Deserializer::deserialize_map(&mut parser, Find(name)).ok()??.get();
    let start = value.as_ptr().addr().checked_sub(object.as_ptr().addr())?;
    Some(start..start + value.len())
}
