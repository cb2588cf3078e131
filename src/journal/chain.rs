//! The hash chain: each line ends in the SHA-256 of the line before it and its own body.
//!
//! A line is `BODY,"chain":"HEX"}` where `BODY` is the record's JSON without its closing brace and
//! `HEX = SHA-256("tollgate-journal/v1\n" | previous digest | BODY)`; the first previous digest is 32
//! zero bytes. The body is hashed as written, so nothing is ever canonicalised to verify it.

use sha2::{Digest as _, Sha256};

/// What separates body and digest.
const MEMBER: &[u8] = b",\"chain\":\"";
/// What follows the digest.
const TAIL: &[u8] = b"\"}";
/// Length of a line's end: member, 64 digits, tail.
const SUFFIX_LEN: usize = MEMBER.len() + 64 + TAIL.len();
/// Keeps these digests apart from any other use of SHA-256.
const DOMAIN: &[u8] = b"tollgate-journal/v1\n";

/// The digest of everything written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain([u8; 32]);

impl Chain {
    /// Appends the end of a line to `line`, whose part from `start` is the body.
    pub fn seal(&mut self, line: &mut Vec<u8>, start: usize) {
        let body = line.get(start..).unwrap_or_default();
        self.advance(body);
        line.extend_from_slice(MEMBER);
        line.extend(digits(&self.0));
        line.extend_from_slice(TAIL);
        line.push(b'\n');
    }

    /// Checks a line without its newline and moves on; `false` leaves the chain where it was.
    #[must_use]
    pub fn verify(&mut self, line: &[u8]) -> bool {
        let Some((body, digest)) = split(line) else { return false };
        let mut next = *self;
        next.advance(body);
        let fits = digits(&next.0).eq(digest.iter().copied());
        if fits {
            *self = next;
        }
        fits
    }

    /// The digest as 64 hex digits.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Takes up a chain at a known digest.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    fn advance(&mut self, body: &[u8]) {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.0);
        hash.update(body);
        self.0 = hash.finalize().into();
    }
}

/// Body and digest of a line, where it has the form of one.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX_LEN)?)?;
    let digest = suffix.strip_prefix(MEMBER)?.strip_suffix(TAIL)?;
    Some((body, digest))
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits(bytes).map(char::from));
    text
}

fn digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| DIGITS.get(usize::from(four)).copied().unwrap_or(b'0');
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
}
