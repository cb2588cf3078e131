//! A pattern of a schema, which is written in the language of ECMAScript, for an engine in linear time.
//!
//! JSON Schema Validation 2020-12, section 6.3.3, names ECMA-262. What that language has and a linear engine has not
//! (looking around, references back) cannot be read, and so cannot what would mean something else here.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// Longer patterns are not read: those of public servers have 200 bytes at most.
const PATTERN_BYTES_MAX: usize = 1024;
/// What one pattern may take when compiled, and what its search may, in bytes.
const COMPILED_BYTES_MAX: usize = 128 * 1024;
/// Groups within groups.
const NEST_MAX: u32 = 32;

/// White space of ECMA-262 (`WhiteSpace` and `LineTerminator`), within a class.
const SPACE: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// Compiles a pattern. `None`: it cannot be read, or is too large.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return None;
    }
    RegexBuilder::new(&translate(pattern)?)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NEST_MAX)
        .build()
        .ok()
}

/// The pattern in the language of the engine.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut read = pattern.chars().peekable();
    while let Some(c) = read.next() {
        match c {
            '\\' => out.push_str(&escape(&mut read, false)?),
            '[' => class(&mut read, &mut out)?,
            '.' => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '(' => group(&mut read, &mut out)?,
            // A brace that counts nothing is itself.
            '{' if !counts(&read) => out.push_str(r"\{"),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// Whether a count of repetitions begins behind a brace.
fn counts(read: &Peekable<Chars<'_>>) -> bool {
    let inside: String = read.clone().take_while(|c| *c != '}').take(16).collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// What a parenthesis opens: a group, named or not, or a change of the case alone.
fn group(read: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('(');
    let mut ahead = read.clone();
    if ahead.next() != Some('?') {
        return Some(());
    }
    let begins: String = ahead.take(2).collect();
    let named = begins.strip_prefix('<').is_some_and(|name| !name.starts_with(['=', '!']));
    (begins.starts_with(':') || named || matches!(begins.as_str(), "i)" | "i:")).then_some(())
}

/// An escape, within a class or not; the backslash is read.
fn escape(read: &mut Peekable<Chars<'_>>, within: bool) -> Option<String> {
    let c = read.next()?;
    let class = |inside: &str| if within { inside.to_owned() } else { format!("[{inside}]") };
    Some(match c {
        'd' => class("0-9"),
        'w' => class("0-9A-Za-z_"),
        's' => class(SPACE),
        // A class within a class is one for this engine.
        'D' => "[^0-9]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        'S' => format!("[^{SPACE}]"),
        'b' if within => r"\x08".to_owned(),
        'b' => r"(?-u:\b)".to_owned(),
        't' | 'n' | 'r' | 'f' | 'v' => format!("\\{c}"),
        '0' if !read.peek().is_some_and(char::is_ascii_digit) => r"\x00".to_owned(),
        'c' => {
            let letter = read.next().filter(char::is_ascii_alphabetic)?;
            format!(r"\x{:02X}", u32::from(letter) % 32)
        }
        'x' => code(&take(read, 2)?)?,
        'u' if read.next_if_eq(&'{').is_some() => {
            let digits: String = std::iter::from_fn(|| read.next_if(|c| *c != '}')).collect();
            read.next()?;
            code(&digits)?
        }
        'u' => code(&take(read, 4)?)?,
        '<' | '>' => c.to_string(),
        _ if c.is_ascii_punctuation() => format!("\\{c}"),
        _ => return None,
    })
}

fn take(read: &mut Peekable<Chars<'_>>, count: usize) -> Option<String> {
    let digits: String = read.by_ref().take(count).collect();
    (digits.len() == count).then_some(digits)
}

/// A character by its hexadecimal code; half of a pair is none.
fn code(digits: &str) -> Option<String> {
    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    Some(format!(r"\x{{{:X}}}", u32::from(c)))
}

/// A class, whose bracket is read.
fn class(read: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    let negated = read.next_if_eq(&'^').is_some();
    if read.next_if_eq(&']').is_some() {
        // Nothing, or anything.
        out.push_str(if negated { r"(?s:.)" } else { r"[^\x{0}-\x{10FFFF}]" });
        return Some(());
    }
    out.push_str(if negated { "[^" } else { "[" });
    loop {
        match read.next()? {
            ']' => break,
            '\\' => out.push_str(&escape(read, true)?),
            // These begin something for this engine and nothing for that one.
            c @ ('[' | '&' | '~' | '^') => out.extend(['\\', c]),
            // A range, or itself at an end; behind a class it is itself, which is not told apart here.
            '-' if read.peek() == Some(&'-') => return None,
            c => out.push(c),
        }
    }
    out.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_ecmascript() {
        for (pattern, fit, unfit) in [
            ("^[a-z]+$", "abc", "ab1"),
            ("b", "abc", "ac"),
            (r"^\d{4}-\d{2}$", "2024-01", "2024-1"),
            (r"^\d$", "5", "٥"),
            (r"^\D$", "٥", "5"),
            (r"^\w$", "a", "é"),
            (r"^[\w.-]+@[\w-]+\.\w+$", "a.b-c@d-e.f", "a b@c.d"),
            (r"^[^\s/]+/[^\s/]+$", "a/b", "a b/c"),
            (r"^\S+$", "\u{85}", "\u{feff}"),
            ("^.$", "\u{85}", "\u{2028}"),
            ("^a$", "a", "a\n"),
            (r"^\/x\-y\#$", "/x-y#", "x"),
            (r"^\u0041\x42\u{43}$", "ABC", "abc"),
            (r"^[\u0400-\u04FF]+$", "да", "da"),
            (r"^[[&~^a]+$", "[&~^a", "]"),
            ("^[^]$", "\n", ""),
            ("^{x}$", "{x}", "x"),
            ("^a{2}{$", "aa{", "aa"),
            (r"^(?:a|b)(?<n>c)$", "bc", "c"),
            (r"\bfoo\b", "a foo b", "afoob"),
            (r"^\cJ$", "\n", "J"),
            (r"^[\b]$", "\u{8}", "b"),
            ("(?i)^abc$", "aBC", "abd"),
            ("^0x[a-fA-F0-9]{40}$", "0x00112233445566778899aabbccddeeff00112233", "0x"),
        ] {
            let regex = compile(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert!(regex.is_match(fit), "{pattern} {fit}");
            assert!(!regex.is_match(unfit), "{pattern} {unfit}");
        }
    }

    #[test]
    fn what_is_not_linear_or_not_the_same_is_not_read() {
        for pattern in [
            "^(?!a)b",
            "(?<=a)b",
            "(?<!a)b",
            "(?=a)",
            r"(a)\1",
            r"\k<a>",
            r"\p{L}",
            r"\Aa\z",
            r"\ud83d\ude00",
            "(?x)a b",
            "a(",
            "[a",
            "[a--z]",
            r"\",
            "((a{100}){100}){100}",
            &"a".repeat(2000),
            &"(".repeat(100),
        ] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
