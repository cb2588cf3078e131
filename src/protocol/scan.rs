//! The guard: one strict pass over a line, before anything trusts it, which also finds the envelope.
//!
//! What passes is JSON by RFC 8259 that every reader reads alike:
//!
//! 1. valid UTF-8, no escape that is half a surrogate pair;
//! 2. at most [`DEPTH_MAX`] arrays and objects within each other;
//! 3. no object at any depth names a member twice, names compared after their escapes are resolved:
//!    of two members one reader takes the first and another the last;
//! 4. no number that overflows a double, because readers refuse it or turn it into infinity.
//!    Integers beyond 2^53 pass, as they were written.
//!
//! It accepts what `serde_json` accepts into a `Value`, without duplicates and within the depth
//! (`serde_json` itself stops at 127 levels, one earlier; members of a message lie deeper than it).

use std::cmp::Ordering;
use std::ops::Range;

use super::string::{same_or_order, unescape};

/// Where something stands in a line, in bytes.
pub type Span = Range<usize>;

/// Deepest nesting that passes; no message of any MCP revision comes near it.
pub const DEPTH_MAX: usize = 128;

/// Objects with up to so many members are compared pairwise, at most 66 comparisons of lengths; larger
/// ones are sorted, so that the time stays n log n.
const PAIRWISE_MAX: usize = 12;

/// Numbers with at least so many characters may overflow a double without an exponent.
const LONG_NUMBER: usize = 300;

/// Why a line may not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Arrays and objects within each other beyond the limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// [`DEPTH_MAX`].
        limit: usize,
    },
    /// An object names a member twice.
    #[error("an object has the key {key:?} twice")]
    DuplicateKey {
        /// The name, escapes resolved.
        key: String,
    },
    /// Not UTF-8.
    #[error("invalid UTF-8 at byte {at}")]
    InvalidUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Half a surrogate pair in an escape.
    #[error("a lone surrogate escape at byte {at}")]
    LoneSurrogate {
        /// Offset of its backslash.
        at: usize,
    },
    /// Not JSON.
    #[error("not JSON at byte {at}: expected {expected}")]
    Syntax {
        /// Offset of the first byte that does not fit.
        at: usize,
        /// What would have fitted.
        expected: &'static str,
    },
    /// JSON, but no JSON-RPC message.
    #[error("not a JSON-RPC message: {why}")]
    NotAMessage {
        /// What is missing or too much.
        why: &'static str,
    },
}

impl Fault {
    /// The name of the rule for records and panes.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TooDeep { .. } => "guard.too-deep",
            Self::DuplicateKey { .. } => "guard.duplicate-key",
            Self::InvalidUtf8 { .. } => "guard.invalid-utf8",
            Self::LoneSurrogate { .. } => "guard.lone-surrogate",
            Self::Syntax { .. } => "guard.syntax",
            Self::NotAMessage { .. } => "guard.not-a-message",
        }
    }
}

/// Where the members that a gate reads stand in the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `id`.
    pub id: Option<Span>,
    /// `method`.
    pub method: Option<Span>,
    /// `params`.
    pub params: Option<Span>,
    /// `result`.
    pub result: Option<Span>,
    /// `error`.
    pub error: Option<Span>,
    /// `params.name`.
    pub name: Option<Span>,
    /// `params.arguments`.
    pub arguments: Option<Span>,
    /// `params.requestId`.
    pub request_id: Option<Span>,
    /// `params.progressToken`.
    pub params_token: Option<Span>,
    /// `params.protocolVersion`.
    pub params_version: Option<Span>,
    /// `params.mode`.
    pub mode: Option<Span>,
    /// `params._meta`.
    pub meta: Option<Span>,
    /// `params._meta.progressToken`.
    pub meta_token: Option<Span>,
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`.
    pub meta_version: Option<Span>,
    /// `result.protocolVersion`.
    pub result_version: Option<Span>,
    /// `result.isError`.
    pub is_error: Option<Span>,
    /// `result.content`.
    pub content: Option<Span>,
}

/// What a line holds, by its outermost value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// White space only.
    Blank,
    /// An object.
    Object(Box<Envelope>),
    /// An array: each element's place, with its envelope where it is an object.
    Array(Vec<(Span, Option<Envelope>)>),
    /// Any other value.
    Scalar,
}

/// Guards a line and finds its envelope.
///
/// # Errors
/// The first thing that is wrong with it, in the order of the line; invalid UTF-8 anywhere comes first.
pub fn scan(line: &[u8]) -> Result<Scanned, Fault> {
    let text = std::str::from_utf8(line)
        .map_err(|error| Fault::InvalidUtf8 { at: error.valid_up_to() })?;
    if u32::try_from(text.len()).is_err() {
        return Err(Fault::Syntax { at: 0, expected: "less than 4 GiB" });
    }
    let mut pass = Scanner::new(text);
    pass.space();
    let scanned = match pass.peek() {
        None => Scanned::Blank,
        Some(b'{') => {
            pass.object(Place::Top, 1)?;
            Scanned::Object(Box::new(std::mem::take(&mut pass.found)))
        }
        Some(b'[') => Scanned::Array(pass.batch()?),
        Some(_) => {
            pass.value(Place::Inner, 0)?;
            Scanned::Scalar
        }
    };
    pass.space();
    match pass.peek() {
        None => Ok(scanned),
        Some(_) => Err(pass.expected("the end of the line")),
    }
}

/// Guards one JSON value that is no message, such as edited arguments.
///
/// # Errors
/// As [`scan`]; an empty text is a syntax fault.
pub fn check(text: &[u8]) -> Result<(), Fault> {
    match scan(text)? {
        Scanned::Blank => Err(Fault::Syntax { at: text.len(), expected: "a value" }),
        Scanned::Object(_) | Scanned::Array(_) | Scanned::Scalar => Ok(()),
    }
}

/// Which object is being read, as far as its members mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inner,
    Top,
    Params,
    Meta,
    Outcome,
}

/// A member's name, quotes excluded. 32 bits halve the memory of objects with millions of members;
/// [`scan`] refuses longer lines.
#[derive(Debug, Clone, Copy)]
struct Key {
    start: u32,
    end: u32,
}

impl Key {
    fn range(self) -> Span {
        let widen = |at: u32| usize::try_from(at).unwrap_or_default();
        widen(self.start)..widen(self.end)
    }

    fn bytes(self, text: &str) -> &[u8] {
        text.as_bytes().get(self.range()).unwrap_or_default()
    }

    fn name(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Names of all objects that are open, innermost last.
    keys: Vec<Key>,
    found: Envelope,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, keys: Vec::with_capacity(32), found: Envelope::default() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> Fault {
        Fault::Syntax { at: self.at, expected }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The elements of a top-level array, each with an envelope of its own.
    fn batch(&mut self) -> Result<Vec<(Span, Option<Envelope>)>, Fault> {
        let mut elements = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(elements);
        }
        loop {
            let start = self.at;
            let is_object = self.peek() == Some(b'{');
            self.value(Place::Top, 1)?;
            let found = std::mem::take(&mut self.found);
            elements.push((start..self.at, is_object.then_some(found)));
            if !self.goes_on(b']', "a comma or a closing bracket")? {
                return Ok(elements);
            }
        }
    }

    /// Reads a value that stands within `depth` arrays and objects.
    fn value(&mut self, place: Place, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{' | b'[') if depth >= DEPTH_MAX => Err(Fault::TooDeep { limit: DEPTH_MAX }),
            Some(b'{') => self.object(place, depth.saturating_add(1)),
            Some(b'[') => self.array(depth.saturating_add(1)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) | None => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.expected(word));
        }
        self.at += word.len();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(Place::Inner, depth)?;
            if !self.goes_on(b']', "a comma or a closing bracket")? {
                return Ok(());
            }
        }
    }

    /// After a member: steps over the comma (true) or the closing character (false).
    fn goes_on(&mut self, close: u8, expected: &'static str) -> Result<bool, Fault> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) | None => Err(self.expected(expected)),
        }
    }

    fn object(&mut self, place: Place, depth: usize) -> Result<(), Fault> {
        let base = self.keys.len();
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a member's name"));
            }
            let key = self.string()?;
            self.keys.push(key);
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.expected("a colon"));
            }
            self.at += 1;
            self.space();
            let start = self.at;
            let within = if place == Place::Inner { place } else { self.place_of(place, key) };
            self.value(within, depth)?;
            if place != Place::Inner {
                self.note(place, key, start..self.at);
            }
            if !self.goes_on(b'}', "a comma or a closing brace")? {
                break;
            }
        }
        self.unique(base)?;
        self.keys.truncate(base);
        Ok(())
    }

    fn place_of(&self, place: Place, key: Key) -> Place {
        match (place, &*unescape(key.name(self.text))) {
            (Place::Top, "params") => Place::Params,
            (Place::Top, "result") => Place::Outcome,
            (Place::Params, "_meta") => Place::Meta,
            _ => Place::Inner,
        }
    }

    fn note(&mut self, place: Place, key: Key, span: Span) {
        let name = unescape(key.name(self.text));
        let found = &mut self.found;
        let slot = match (place, &*name) {
            (Place::Top, "id") => &mut found.id,
            (Place::Top, "method") => &mut found.method,
            (Place::Top, "params") => &mut found.params,
            (Place::Top, "result") => &mut found.result,
            (Place::Top, "error") => &mut found.error,
            (Place::Params, "name") => &mut found.name,
            (Place::Params, "arguments") => &mut found.arguments,
            (Place::Params, "requestId") => &mut found.request_id,
            (Place::Params, "progressToken") => &mut found.params_token,
            (Place::Params, "protocolVersion") => &mut found.params_version,
            (Place::Params, "mode") => &mut found.mode,
            (Place::Params, "_meta") => &mut found.meta,
            (Place::Meta, "progressToken") => &mut found.meta_token,
            (Place::Meta, super::method::VERSION_KEY) => &mut found.meta_version,
            (Place::Outcome, "protocolVersion") => &mut found.result_version,
            (Place::Outcome, "isError") => &mut found.is_error,
            (Place::Outcome, "content") => &mut found.content,
            _ => return,
        };
        *slot = Some(span);
    }

    /// Refuses a name that the object whose names begin at `base` has twice.
    fn unique(&mut self, base: usize) -> Result<(), Fault> {
        let text = self.text;
        let keys = self.keys.get_mut(base..).unwrap_or_default();
        // Spelled without escapes, names are the same exactly if their bytes are.
        let plain = |key: &Key| memchr::memchr(b'\\', key.bytes(text)).is_none();
        let twice = if keys.iter().all(plain) {
            let order = |left: &[u8], right: &[u8]| {
                left.len().cmp(&right.len()).then_with(|| left.cmp(right))
            };
            twice(keys, |left, right| order(left.bytes(text), right.bytes(text)))
        } else {
            twice(keys, |left, right| same_or_order(left.name(text), right.name(text)))
        };
        twice.map_or(Ok(()), |key| {
            Err(Fault::DuplicateKey { key: unescape(key.name(text)).into_owned() })
        })
    }

    fn string(&mut self) -> Result<Key, Fault> {
        let start = self.at.saturating_add(1);
        self.at = start;
        loop {
            self.at = skip_plain(self.text.as_bytes(), self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("an escape, not a bare control character")),
                None => return Err(self.expected("the end of a string")),
            }
        }
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let key = Key { start: narrow(start), end: narrow(self.at) };
        self.at += 1;
        Ok(key)
    }

    /// Steps over an escape, over both for a surrogate pair.
    fn escape(&mut self) -> Result<(), Fault> {
        let at = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                return Ok(());
            }
            Some(b'u') => self.at += 1,
            Some(_) | None => return Err(self.expected("an escape")),
        }
        match self.hex4()? {
            0xd800..=0xdbff => {}
            0xdc00..=0xdfff => return Err(Fault::LoneSurrogate { at }),
            _ => return Ok(()),
        }
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(b"\\u") {
            return Err(Fault::LoneSurrogate { at });
        }
        self.at += 2;
        match self.hex4()? {
            0xdc00..=0xdfff => Ok(()),
            _ => Err(Fault::LoneSurrogate { at }),
        }
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if has_exponent || self.at.saturating_sub(start) >= LONG_NUMBER {
            let number = self.text.get(start..self.at).unwrap_or_default();
            if !number.parse::<f64>().is_ok_and(f64::is_finite) {
                return Err(Fault::Syntax { at: start, expected: "a number that a double holds" });
            }
        }
        Ok(())
    }
}

/// A key that is there twice by this order. Few are compared pairwise, many are sorted first.
fn twice(keys: &mut [Key], order: impl Fn(&Key, &Key) -> Ordering) -> Option<Key> {
    if keys.len() <= PAIRWISE_MAX {
        let mut rest = &*keys;
        while let Some((first, others)) = rest.split_first() {
            if others.iter().any(|other| order(first, other).is_eq()) {
                return Some(*first);
            }
            rest = others;
        }
        return None;
    }
    keys.sort_unstable_by(&order);
    let pairs = keys.iter().zip(keys.iter().skip(1));
    pairs.into_iter().find(|(left, right)| order(left, right).is_eq()).map(|(left, _)| *left)
}

/// The first quote, backslash or control character at or after `at`, or the end.
///
/// Blocks without any are stepped over whole, which the compiler does in vector registers. Then eight bytes at a time:
/// a byte below a bound, or equal to one after an exclusive or, borrows from its
/// top bit. Only the lowest hit is exact, and only that one is used.
fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = ONES << 7;
    let mut rest = bytes.get(at..).unwrap_or_default();
    let stops = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    while let Some((block, tail)) = rest.split_first_chunk::<64>()
        && !block.iter().fold(false, |any, byte| any | stops(*byte))
    {
        at += block.len();
        rest = tail;
    }
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        let hits = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let hits = hits & TOPS;
        if hits != 0 {
            return at.saturating_add((hits.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = tail;
    }
    at.saturating_add(rest.iter().position(|byte| stops(*byte)).unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests;
