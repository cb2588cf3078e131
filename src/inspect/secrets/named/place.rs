//! Where the name of a value stands, and how far a value goes: in code, configuration, JSON, YAML, XML, headers, options of
//! commands and sentences.

use std::ops::Range;

/// Bytes of a name, with words around it.
const NAME_MAX: usize = 48;
/// White space between a name, its sign and its value.
const SPACES_MAX: usize = 16;
/// Letters behind a word that still belong to its name.
const WORD_MAX: usize = 48;
const QUOTES: &[u8] = b"\"'`";

/// What stands before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before<'a> {
    pub(super) name: &'a str,
    pub(super) quote: Option<u8>,
}

/// The name that a value has which begins here.
pub(super) fn before(text: &str, start: usize) -> Option<Before<'_>> {
    let bytes = text.as_bytes();
    let last = |at: usize| bytes.get(at.checked_sub(1)?).copied();
    let mut at = start;
    let quote = last(at).filter(|byte| QUOTES.contains(byte));
    if quote.is_some() {
        at -= 1;
        // Within a string: `\"`; before a string, its kind: `b"`.
        let kind = last(at).is_some_and(|byte| b"bfrun@".contains(&byte));
        if last(at) == Some(b'\\') || kind && !is_word(last(at - 1)) {
            at -= 1;
        }
    } else if let Some(name) = scheme(text, at) {
        return Some(Before { name, quote: None });
    }
    let value = at;
    at = back_over(bytes, at, |byte| matches!(byte, b' ' | b'\t'));
    let spaced = at < value;
    let signs = back_over(bytes, at, |byte| matches!(byte, b'=' | b':' | b'>'));
    let sign = bytes.get(signs..at)?;
    let called = sign.is_empty() && quote.is_some() && last(at) == Some(b'(');
    let name_end = match sign {
        b"=" | b":" | b":=" | b"=>" | b"::" | b">" => signs,
        [] if called => at - 1,
        [] if spaced => {
            let word = at - back_word(bytes, at)..at;
            let is = bytes.get(word.clone()) == Some(b"is".as_slice());
            let option = bytes.get(word.clone()).is_some_and(|word| word.starts_with(b"--"));
            if is {
                word.start
            } else if option || quote.is_some() {
                at
            } else {
                return None;
            }
        }
        // A comparison or an arrow is no assignment, and a word alone is none.
        _ => return None,
    };
    if sign.first() == Some(&b'!')
        || last(signs) == Some(b'!')
        || last(signs) == Some(b'-') && sign == b">"
    {
        return None;
    }
    let mut name = name(text, name_end);
    if called {
        // What is called, not what it is called of: `password.encode("…")`.
        name = name.rsplit(['.', ' ']).next().unwrap_or_default();
    }
    (!name.is_empty()).then_some(Before { name, quote })
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Where what fits begins that ends here.
fn back_over(bytes: &[u8], end: usize, fits: impl Fn(u8) -> bool) -> usize {
    let before = bytes.get(end.saturating_sub(SPACES_MAX)..end).unwrap_or_default();
    end - before.iter().rev().take_while(|byte| fits(**byte)).count()
}

/// How long the word is that ends here.
fn back_word(bytes: &[u8], end: usize) -> usize {
    let before = bytes.get(end.saturating_sub(WORD_MAX)..end).unwrap_or_default();
    before.iter().rev().take_while(|byte| !byte.is_ascii_whitespace()).count()
}

/// The scheme of a header that stands right before.
fn scheme(text: &str, at: usize) -> Option<&str> {
    let before = text.get(at.checked_sub(7)?..at)?;
    before.eq_ignore_ascii_case("bearer ").then_some(before)
}

/// What a name does not go over; the ranges are `!"#$`, `'()`, `;<=>?@` and `{|}`.
const fn divides(c: char) -> bool {
    matches!(c, '\n' | '\r' | '!'..='$' | '\''..=')' | ',' | '/' | ';'..='@' | '[' | ']' | '`' | '{'..='}')
}

/// The words on the same line that end here, up to what divides them from others.
fn name(text: &str, end: usize) -> &str {
    let start = text.ceil_char_boundary(end.saturating_sub(NAME_MAX));
    let before = text.get(start..end).unwrap_or_default();
    let closed = |c: char| matches!(c, ' ' | '\t' | '"' | '\'' | '`' | ']' | '\\' | '*');
    let before = before.trim_end_matches(closed);
    before.rsplit(divides).next().unwrap_or_default()
}

/// Where the value begins of a name that has a word which ends here.
pub(super) fn behind(text: &str, word_end: usize) -> Option<usize> {
    let rest = text.as_bytes().get(word_end..)?;
    let over = |at: usize, max: usize, fits: fn(u8) -> bool| {
        let part = rest.get(at..).unwrap_or_default().iter();
        at + part.take(max).take_while(|byte| fits(**byte)).count()
    };
    let space = |byte| matches!(byte, b' ' | b'\t');
    let word = over(0, WORD_MAX, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let closed = over(word, 3, |byte| b"\"'`]\\*".contains(&byte));
    let spaced = over(closed, SPACES_MAX, space);
    let sign = over(spaced, 3, |byte| b"=:>(".contains(&byte));
    // `is` between a name and its value.
    let sign = match rest.get(sign..) {
        Some([b'i', b's', b' ' | b':', ..]) if sign == spaced && sign > closed => {
            over(sign + 2, 1, |byte| byte == b':')
        }
        _ => sign,
    };
    let spaced = over(sign, SPACES_MAX, space);
    let kind = match rest.get(spaced..) {
        Some([b'b' | b'f' | b'r' | b'u' | b'\\', b'"' | b'\'', ..]) => spaced + 1,
        _ => spaced,
    };
    let opened = over(kind, 1, |byte| QUOTES.contains(&byte));
    (opened > closed && opened < rest.len()).then_some(word_end + opened)
}

/// How far the value goes that begins here, in so many bytes at most.
pub(super) fn value(
    text: &str,
    start: usize,
    quote: Option<u8>,
    max: usize,
) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(start..)?;
    let within = rest.get(..rest.len().min(max))?;
    let len = if let Some(quote) = quote {
        within.iter().position(|byte| *byte == quote || matches!(byte, b'\n' | b'\r'))?
    } else {
        let ends = |byte: &u8| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'&' | b'<' | b'>')
                || matches!(byte, b')' | b'}' | b']' | b'|')
        };
        let len = within.iter().position(ends).unwrap_or(within.len());
        let value = text.get(start..start + len)?;
        value.trim_end_matches(['.', ':', '\\']).len()
    };
    let value = text.get(start..start + len)?;
    // The end of a string within a string.
    let value = value.strip_suffix('\\').unwrap_or(value);
    // What begins a line in a string ends the one before.
    let mut escapes = memchr::memchr_iter(b'\\', value.as_bytes());
    let line = escapes.find(|at| value.as_bytes().get(at + 1) == Some(&b'n'));
    let len = line.unwrap_or(value.len());
    (len > 0).then_some(start..start + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `^` marks where the value begins.
    #[test]
    fn names_stand_before_values() {
        for (marked, name, value) in [
            ("password = ^abc123", "password", "abc123"),
            ("a: 1\nDB_PASS: '^abc'", "DB_PASS", "abc"),
            (r#"{"x":1,"api_key": "^abc"}"#, "api_key", "abc"),
            (r#"{\"x\":1,\"api_key\":\"^abc\"}"#, "api_key", "abc"),
            ("const API_KEY: &str = \"^abc\";", "const API_KEY: &str", "abc"),
            ("os.environ['TOKEN'] = '^abc'", "TOKEN", "abc"),
            ("key => \"^abc\",", "key", "abc"),
            ("Authorization: Bearer ^abc,", "Bearer ", "abc"),
            ("run --token ^abc --x", "run --token", "abc"),
            ("<password>^abc</password>", "password", "abc"),
            ("set_password(\"^abc\")", "set_password", "abc"),
            ("The password is ^abc.", "The password", "abc"),
            ("https://x.org/?token=^abc&b=c", "token", "abc"),
            ("password := b\"^abc\"", "password", "abc"),
            ("**Password**: `^abc`", "**Password", "abc"),
        ] {
            let (start, text) = (marked.find('^').unwrap(), marked.replace('^', ""));
            let before = before(&text, start).expect(marked);
            let value_at = super::value(&text, start, before.quote, 99).expect(marked);
            assert_eq!((before.name, text.get(value_at).unwrap()), (name, value), "{marked}");
        }
        for marked in ["a token ^abc", "x == '^abc'", "x != '^abc'", "fn a() -> ^abc", "^abc"] {
            let (start, text) = (marked.find('^').unwrap(), marked.replace('^', ""));
            assert_eq!(before(&text, start), None, "{marked}");
        }
    }

    #[test]
    fn values_stand_behind_names() {
        for (marked, expected) in [
            ("passw|ord = 'x'", Some("x'")),
            ("passw|ord_2: x", Some("x")),
            ("\"passw|ord\": \"x\"", Some("x\"")),
            ("<passw|ord>x</password>", Some("x</password>")),
            ("passw|ord is x", Some("x")),
            ("passw|ord is: x", Some("x")),
            ("passw|ord", None),
            ("passw|ords, x", None),
        ] {
            let (end, text) = (marked.find('|').unwrap(), marked.replace('|', ""));
            let found = behind(&text, end).and_then(|start| text.get(start..));
            assert_eq!(found, expected, "{marked}");
        }
    }
}
