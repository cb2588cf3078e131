//! Whether a value is what its name says, or a word for it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub(super) use crate::inspect::secrets::judge::is_random;
use crate::inspect::secrets::judge::{Mix, entropy, is_stand_in, is_uuid};

/// Passwords are at least so long, in bytes.
const LEN_MIN: usize = 6;
const LEN_MAX: usize = 128;
/// What stands where a password would, without signs and digits at the end: types, labels, words of documentation.
const WORDS: &str = "password passwd pass pwd passphrase secret token key apikey string str text bool boolean true false \
    null none nil undefined required optional input hidden admin user username root guest test default value empty any \
    unknown object number int integer bytes redacted masked enabled disabled yes no always never auto prompt plain \
    plaintext hash hashed bcrypt sha md base utf ascii hunter abc qwerty letmein foo bar baz field label type id";

static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

/// Whether a value of a known form is no example.
pub(super) fn is_given(value: &str) -> bool {
    !is_stand_in(value) && entropy(value) >= 280
}

/// Whether a value in a text is a password that somebody chose.
pub(super) fn is_chosen(value: &str, quoted: bool) -> bool {
    if !(LEN_MIN..=LEN_MAX).contains(&value.len()) {
        return false;
    }
    // Most values are words and names, and known by this.
    let mix = Mix::of(value);
    let mixed =
        mix.digits > 0 && mix.letters() + mix.signs > 1 || quoted && mix.signs > 0 && mix.upper > 0;
    if mix.letters() == 0 || !mixed {
        return false;
    }
    let snake = value.contains('_') && value.bytes().all(is_word_byte);
    let code = !quoted && (snake || is_code(value));
    value.is_ascii()
        && !value.contains(char::is_whitespace)
        && !code
        && !is_word(value)
        && !is_stand_in(value)
        && !is_other(value)
        && !value.to_ascii_lowercase().contains("passw")
}

/// Whether a value without quotes is rather code: `cfg.password2`, `get_it(1)`, `args[0]`.
pub(super) fn is_code(value: &str) -> bool {
    let begins = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let name = |part: &str| begins(part) && part.bytes().all(is_word_byte);
    value.contains(['(', '[', '{', '\\', '"', '\''])
        || value.contains('.') && value.split('.').all(name)
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the value of a member that is a password's is one: there people write nothing else.
pub(super) fn is_password(name: &str, value: &str) -> bool {
    let whole = |known: &str| name.eq_ignore_ascii_case(known);
    let named = ["password", "passwd", "passphrase", "pwd"].into_iter().any(whole);
    if !named {
        return is_chosen(value, true);
    }
    let mix = Mix::of(value);
    // A label in a table of translations: `Passwort`.
    let label =
        mix.upper == 1 && mix.lower + 1 == value.len() || !value.is_ascii() && mix.digits == 0;
    (4..=LEN_MAX).contains(&value.len())
        && !value.contains(char::is_whitespace)
        && !label
        && !is_word(value)
        && !is_stand_in(value)
        && !is_other(value)
}

/// A word of [`WORDS`], perhaps with a number behind it.
fn is_word(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    KNOWN.contains(bare)
}

/// What has a form of something else.
fn is_other(value: &str) -> bool {
    let path = value.starts_with(['/', '.', '~', '-', ':', '=', ',', '\\', '^', '|', '!'])
        || value.contains("://");
    let pattern = value.contains('\\')
        || value.contains("%s")
        || value.contains("{}")
        || value.contains("()")
        || value.contains('<');
    let mail = value.split_once('@').is_some_and(|(_, host)| host.contains('.'));
    path || pattern || mail || is_uuid(value)
}
