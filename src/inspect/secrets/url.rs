//! Passwords in addresses (RFC 3986, section 3.2.1) and in headers of the basic scheme (RFC 7617).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::judge::{is_documented, is_stand_in};
use super::{Proof, RANK_URL, Seen};
use crate::inspect::rule::Severity;

/// Longest user name and password together.
const USERINFO_MAX: usize = 256;
/// Names of users and passwords that stand for others.
const STAND_INS: &str = "user username usr pass password passwd pwd pw secret token login name foo bar abc xyz me \
    root admin guest test postgres mysql redis p user1 mypassword key apikey xxx";

static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| STAND_INS.split_whitespace().collect());

/// The password before this `@`: `scheme://user:password@host`.
pub(super) fn password(text: &str, at: usize) -> Option<Seen> {
    if !is_host(text.get(at + 1..)?) {
        return None;
    }
    let begin = at.saturating_sub(USERINFO_MAX);
    let slash = memchr::memrchr(b'/', text.as_bytes().get(begin..at)?)?;
    let start = begin + slash + 1;
    let (scheme, userinfo) = (text.get(..start)?, text.get(start..at)?);
    // What is a template or goes on behind a space is none.
    let inside = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>`|\\^{},;".contains(&byte);
    if !userinfo.bytes().all(inside) {
        return None;
    }
    let (user, secret) = userinfo.split_once(':')?;
    let letter = |byte: u8| byte.is_ascii_alphabetic();
    if !scheme.strip_suffix("://")?.bytes().next_back().is_some_and(letter) {
        return None;
    }
    if secret.len() < 4 || is_known(user, secret) {
        return None;
    }
    let span = start + user.len() + 1..at;
    Some(Seen {
        rank: RANK_URL,
        kind: "url-password",
        severity: Severity::High,
        span,
        proof: Proof::Form,
    })
}

/// Whether a host's name may begin so.
fn is_host(behind: &str) -> bool {
    behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
}

fn is_known(user: &str, secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    // Capitals stand for something: `USER:PASSWORD`.
    let shouted = secret.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    user.eq_ignore_ascii_case(secret)
        || shouted
        || is_stand_in(secret)
        || stands_in(bare)
        || lower.contains("passw")
        || lower.contains("anon")
        || bare.strip_prefix("my").is_some_and(stands_in)
}

fn stands_in(word: &str) -> bool {
    KNOWN.contains(word)
}

/// The user and password of a header, behind its `Basic `.
pub(super) fn basic(text: &str, start: usize) -> Option<Seen> {
    let behind = text.get(start..)?;
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let len = behind.bytes().take(USERINFO_MAX * 2).take_while(is_code).count();
    let code = behind.get(..len).filter(|code| code.len() >= 8 && !is_documented(code))?;
    let plain = String::from_utf8(STANDARD.decode(code).ok()?).ok()?;
    let (user, secret) = plain.split_once(':')?;
    // A token may be the user, without a password.
    let (user, secret) = if secret.is_empty() { ("", user) } else { (user, secret) };
    let long = !user.is_empty() || secret.len() >= 16;
    if plain.contains(char::is_control) || !long || is_known(user, secret) {
        return None;
    }
    let span = start..start + len;
    Some(Seen {
        rank: RANK_URL,
        kind: "basic-auth",
        severity: Severity::High,
        span,
        proof: Proof::Form,
    })
}
