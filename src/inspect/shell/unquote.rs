//! Quotes and escapes of shells, undone.

use super::syntax::Part;

/// A text without quotes: what a backslash protects is quoted.
pub(super) fn unquoted(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') | None => {}
            Some(c) => {
                if !plain.is_empty() {
                    parts.push(Part::plain(&plain));
                    plain.clear();
                }
                parts.push(Part::quoted(c.encode_utf8(&mut [0; 4])));
            }
        }
    }
    if !plain.is_empty() {
        parts.push(Part::plain(&plain));
    }
    parts
}

/// A text within double quotes.
pub(super) fn in_double(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('\n')) => drop(chars.next()),
            ('\\', Some('\\' | '$' | '"' | '`')) => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Escapes as in `$'…'`, `echo -e` and `printf`.
pub(super) fn ansi(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let simple = match c {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'a' => 7,
            'b' => 8,
            'e' | 'E' => 27,
            'f' => 12,
            'v' => 11,
            '\\' | '\'' | '"' | '?' => u8::try_from(c).unwrap_or_default(),
            'x' => {
                byte(&mut out, digits(&mut rest, 2, 16));
                continue;
            }
            'u' | 'U' => {
                let value = digits(&mut rest, if c == 'u' { 4 } else { 8 }, 16);
                let c = value.and_then(char::from_u32).unwrap_or('\u{fffd}');
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            '0'..='7' => {
                let mut from = c.to_string();
                let more = if c == '0' { 3 } else { 2 };
                let len = rest.bytes().take(more).take_while(|b| (b'0'..b'8').contains(b)).count();
                from.push_str(rest.get(..len).unwrap_or_default());
                rest = rest.get(len..).unwrap_or_default();
                byte(&mut out, u32::from_str_radix(&from, 8).ok());
                continue;
            }
            _ => {
                out.push(b'\\');
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        out.push(simple);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn byte(out: &mut Vec<u8>, value: Option<u32>) {
    // Shells keep the lowest eight bits.
    out.extend(value.and_then(|value| u8::try_from(value & 0xff).ok()));
}

fn digits(rest: &mut &str, most: usize, radix: u32) -> Option<u32> {
    let len = rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    let value = rest.get(..len).and_then(|text| u32::from_str_radix(text, radix).ok());
    *rest = rest.get(len..).unwrap_or_default();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (text, expected) in [
            (r"\x72\x6d", "rm"),
            (r"\162\155 \0162", "rm r"),
            (r"\u0072m\n", "rm\n"),
            (r"a\qb\", "a\\qb"),
            (r"\x", ""),
        ] {
            assert_eq!(ansi(text), expected, "{text}");
        }
        assert_eq!(in_double(r#"a\"b\$c\d"#), r#"a"b$c\d"#);
    }
}
