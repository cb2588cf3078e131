//! Private keys between armour lines: PEM (RFC 7468), OpenSSH, PGP (RFC 9580, section 6.2).

use super::judge::is_stand_in;
use super::{Proof, RANK_BLOCK, Seen};
use crate::inspect::rule::Severity;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// The longest label is `ENCRYPTED PRIVATE KEY` or `PGP PRIVATE KEY BLOCK`.
const LABEL_MAX: usize = 40;
/// A private key of RSA with 16384 bits is 13 kB of base64.
const BODY_MAX: usize = 32 * 1024;
/// The shortest key, Ed25519 in PKCS #8, is 64 characters; one that is cut off still tells much.
const BODY_MIN: usize = 40;

/// Before the first line of the key stand headers of at most about so many bytes, with that line.
const HEAD_MAX: usize = 512;

/// The private key whose armour begins here: the whole block where it is complete, else as far as it goes.
pub(super) fn block(text: &str, start: usize) -> Option<Seen> {
    let behind = text.get(start + BEGIN.len()..)?;
    let label_end = behind.bytes().take(LABEL_MAX).position(|byte| byte == b'-')?;
    let label = behind.get(..label_end)?;
    let kind = match label {
        "OPENSSH PRIVATE KEY" => "openssh-private-key",
        "PGP PRIVATE KEY BLOCK" => "pgp-private-key",
        _ if label.ends_with("PRIVATE KEY") => "private-key",
        _ => return None,
    };
    let body = behind.get(label_end..)?.strip_prefix(DASHES)?;
    let head = body.get(..body.floor_char_boundary(HEAD_MAX))?;
    let head_end = memchr::memmem::find(head.as_bytes(), DASHES.as_bytes()).unwrap_or(head.len());
    if !is_key(head.get(..head_end)?) {
        return None;
    }
    let limit = body.floor_char_boundary(BODY_MAX);
    let within = body.get(..limit)?;
    let dashes = memchr::memmem::find(within.as_bytes(), DASHES.as_bytes());
    let other = || within.bytes().position(|byte| !is_body(byte)).unwrap_or(limit);
    let len = dashes.unwrap_or_else(other);
    let mut end = start + BEGIN.len() + label_end + DASHES.len() + len;
    let foot = format!("{DASHES}END {label}{DASHES}");
    if text.get(end..).is_some_and(|rest| rest.starts_with(&foot)) {
        end += foot.len();
    }
    let severity = Severity::High;
    Some(Seen { rank: RANK_BLOCK, kind, severity, span: start..end, proof: Proof::Form })
}

/// What stands between armour lines: base64 and headers, in a text, in a string with escapes or in code.
const fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(
            byte,
            b'+' | b'/' | b'=' | b'\\' | b'"' | b'\'' | b',' | b':' | b'-' | b'.' | b'(' | b')'
        )
}

/// Whether it has at least one long line of base64 that is no example.
fn is_key(inside: &str) -> bool {
    let lines = inside.split(['\n', '\r', '\\', '"', '\'', ' ']);
    let bare = lines.map(|line| line.trim_start_matches('n'));
    let mut long = bare.filter(|line| line.len() >= BODY_MIN && line.bytes().all(is_base64));
    long.any(|line| {
        !is_stand_in(line.get(..BODY_MIN).unwrap_or_default())
            || line.starts_with("b3BlbnNzaC1rZXktdjE")
    })
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
