//! JSON as it was written, cut into lines to look at. Nothing is evaluated: numbers keep their digits,
//! duplicate keys stay, and what is no JSON is shown as text.

use std::borrow::Cow;

use crate::text::Safe;
use crate::text::class::{self, Class};

/// Longer strings are cut, and say so (console.md section 3, item 11).
pub const STRING_BYTES_MAX: usize = 64 * 1024;
/// Further lines are left out, and say so. A person reads no more; memory and time stay bounded.
pub const ITEMS_MAX: usize = 20_000;
/// All strings together; beyond, the rest is left out and says so.
pub const TOTAL_BYTES_MAX: usize = 1024 * 1024;

/// A piece of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Open(char),
    Close(char),
    Colon,
    Comma,
    /// With its quotes.
    Text(&'a str),
    /// A number, a word, or anything else up to the next token.
    Atom(&'a str),
}

/// One line of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Nesting.
    pub depth: usize,
    /// The member's name, where it is one.
    pub key: Option<Safe>,
    /// The value, or the bracket that opens or closes one.
    pub value: Safe,
    /// Of a bracket that opens: the line of the one that closes it.
    pub end: Option<usize>,
}

/// The lines of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// In order.
    pub items: Vec<Item>,
    /// Bytes of the text that are in none of them.
    pub left_out_bytes: u64,
    /// Characters that a reader would not have seen.
    pub hidden: usize,
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let first = self.rest.chars().next()?;
        let len = match first {
            '{' | '}' | '[' | ']' | ':' | ',' => 1,
            '"' => text_len(self.rest),
            _ => self
                .rest
                .find(['{', '}', '[', ']', ':', ',', '"', ' ', '\t', '\r', '\n'])
                .unwrap_or(self.rest.len()),
        };
        let (piece, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(match first {
            '{' | '[' => Token::Open(first),
            '}' | ']' => Token::Close(first),
            ':' => Token::Colon,
            ',' => Token::Comma,
            '"' => Token::Text(piece),
            _ => Token::Atom(piece),
        })
    }
}

/// The length of the string literal that `text` begins with, its quotes included.
fn text_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        match bytes.get(at + found) {
            Some(b'"') => return at + found + 1,
            _ => at += found + 2,
        }
    }
    text.len()
}

/// Cuts a document into lines, up to the limits of this file.
#[must_use]
pub fn lines(text: &str) -> Lines {
    let mut out = Lines::default();
    let mut lexer = Lexer { rest: text };
    let mut depth = 0_usize;
    let mut key: Option<Safe> = None;
    let mut kept_bytes = 0;
    let mut ahead = None;
    let mut opened: Vec<usize> = Vec::new();
    while let Some(token) = ahead.take().or_else(|| lexer.next()) {
        if out.items.len() >= ITEMS_MAX || kept_bytes >= TOTAL_BYTES_MAX {
            out.left_out_bytes += lexer.rest.len() as u64 + 1;
            break;
        }
        let value = match token {
            Token::Comma | Token::Colon => continue,
            Token::Open(open) => {
                ahead = lexer.next();
                let close = if open == '{' { '}' } else { ']' };
                let empty = ahead == Some(Token::Close(close));
                if empty {
                    ahead = None;
                }
                let value = Safe::word(match (open, empty) {
                    ('{', true) => "{}",
                    ('{', false) => "{",
                    (_, true) => "[]",
                    (_, false) => "[",
                });
                if !empty {
                    opened.push(out.items.len());
                }
                out.items.push(Item { depth, key: key.take(), value, end: None });
                depth += usize::from(!empty);
                continue;
            }
            Token::Close(close) => {
                depth = depth.saturating_sub(1);
                let end = out.items.len();
                if let Some(item) = opened.pop().and_then(|at| out.items.get_mut(at)) {
                    item.end = Some(end);
                }
                Safe::word(if close == '}' { "}" } else { "]" })
            }
            Token::Text(literal) => {
                let shown = string(literal, &mut out);
                ahead = lexer.next();
                if ahead == Some(Token::Colon) {
                    ahead = None;
                    kept_bytes += shown.as_str().len();
                    key = Some(shown);
                    continue;
                }
                shown
            }
            Token::Atom(atom) => cut(atom, &mut out, Safe::escape),
        };
        kept_bytes += value.as_str().len();
        out.hidden += value.hidden() + key.as_ref().map_or(0, Safe::hidden);
        out.items.push(Item { depth, key: key.take(), value, end: None });
    }
    out
}

/// A member's name as [`lines`] shows it.
#[must_use]
pub fn name(name: &str) -> Safe {
    string(&serde_json::Value::from(name).to_string(), &mut Lines::default())
}

/// A string literal, decoded, escaped and in quotes. Backslashes and quotes stay doubled, so that a
/// quote inside cannot pass for the end.
fn string(literal: &str, out: &mut Lines) -> Safe {
    let inside = literal.strip_prefix('"').unwrap_or(literal);
    let inside = inside.strip_suffix('"').unwrap_or(inside);
    let quote = Safe::word("\"");
    let shown = cut(inside, out, |part| Safe::escape(&decoded(part)));
    quote.clone().then(&shown).then(&quote)
}

/// Shows a piece up to the limit and counts the rest.
fn cut(text: &str, out: &mut Lines, show: impl Fn(&str) -> Safe) -> Safe {
    if text.len() <= STRING_BYTES_MAX {
        return show(text);
    }
    let end = text.floor_char_boundary(STRING_BYTES_MAX);
    let (kept, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    out.left_out_bytes += rest.len() as u64;
    show(kept).then(&Safe::word("~"))
}

/// Resolves `\u` and control escapes; `\"`, `\\` and what cannot be resolved stay as written.
fn decoded(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let (c, len) = resolved(escape);
        match c {
            Some(c) => out.push(c),
            None => out.push_str(escape.get(..len).unwrap_or(escape)),
        }
        rest = escape.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of an escape and how long the escape is.
fn resolved(escape: &str) -> (Option<char>, usize) {
    match escape.chars().nth(1) {
        Some('n') => (Some('\n'), 2),
        Some('r') => (Some('\r'), 2),
        Some('t') => (Some('\t'), 2),
        Some('b') => (Some('\u{8}'), 2),
        Some('f') => (Some('\u{c}'), 2),
        Some('/') => (Some('/'), 2),
        Some('u') => resolved_unicode(escape),
        Some(other) => (None, 1 + other.len_utf8()),
        None => (None, 1),
    }
}

fn resolved_unicode(escape: &str) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(high) = unit(2) else { return (None, 2) };
    let low = escape.get(6..8).filter(|next| *next == "\\u").and_then(|_| unit(8));
    match (high, low) {
        (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
            (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 12)
        }
        // A quote or backslash written as an escape stays one, for the same reason as above.
        (0x22 | 0x5C, _) => (None, 6),
        _ => (char::from_u32(high), 6),
    }
}

/// The same JSON with white space for an editor. Strings keep their bytes but for characters that
/// cannot be seen: these become `\u` escapes, which mean the same and can be seen.
#[must_use]
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut lexer = Lexer { rest: text }.peekable();
    while let Some(token) = lexer.next() {
        match token {
            Token::Open(open) => {
                out.push(open);
                if let Some(Token::Close(close)) = lexer.peek().copied() {
                    out.push(close);
                    lexer.next();
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            Token::Close(close) => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(close);
            }
            Token::Colon => out.push_str(": "),
            Token::Comma => {
                out.push(',');
                break_line(&mut out, depth);
            }
            Token::Text(piece) | Token::Atom(piece) => out.push_str(&seen(piece)),
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The same JSON without white space between its tokens.
#[must_use]
pub fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for token in (Lexer { rest: text }) {
        match token {
            Token::Open(c) | Token::Close(c) => out.push(c),
            Token::Colon => out.push(':'),
            Token::Comma => out.push(','),
            Token::Text(piece) | Token::Atom(piece) => out.push_str(piece),
        }
    }
    out
}

/// Text with `\u` escapes for what cannot be seen.
#[must_use]
pub fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if class::class(c) == Class::Plain {
            out.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            let digits = format!("\\u{unit:04x}");
            out.push_str(&digits);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        lines(text)
            .items
            .iter()
            .map(|item| {
                let key = item.key.as_ref().map_or(String::new(), |key| format!("{key}: "));
                format!("{}{key}{}", " ".repeat(item.depth), item.value)
            })
            .collect()
    }

    #[test]
    fn a_document_is_one_line_a_value() {
        let text = r#"{"to":"a","n":1e400, "big":12345678901234567890123,"list":[1,{"x":null}],"e":{},"f":[]}"#;
        assert_eq!(
            shown(text),
            [
                "{",
                " \"to\": \"a\"",
                " \"n\": 1e400",
                " \"big\": 12345678901234567890123",
                " \"list\": [",
                "  1",
                "  {",
                "   \"x\": null",
                "  }",
                " ]",
                " \"e\": {}",
                " \"f\": []",
                "}",
            ]
        );
    }

    #[test]
    fn strings_show_what_they_mean_and_where_they_end() {
        let table = [
            (r#""a\nb""#, r#""a<\n>b""#),
            (r#""\u202egpj""#, r#""<U+202E>gpj""#),
            (r#""say \"x\", \\n""#, r#""say \"x\", \\n""#),
            (r#""\u0022 \u005c""#, r#""\u0022 \u005c""#),
            (r#""\ud83d\ude00 \ud800!""#, "\"\u{1F600} \\ud800!\""),
            (r#""\u001b[31m""#, r#""<ESC>[31m""#),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_shown_too() {
        assert_eq!(shown("oops {\"a\" 1"), ["oops", "{", " \"a\"", " 1"]);
        assert_eq!(shown("\"open"), ["\"open\""]);
        assert_eq!(shown("]]}"), ["]", "]", "}"]);
        assert_eq!(shown(r#"{"a":1,"a":2}"#), ["{", " \"a\": 1", " \"a\": 2", "}"]);
    }

    #[test]
    fn what_is_cut_is_counted() {
        let long = format!("[\"{}\"]", "x".repeat(STRING_BYTES_MAX + 7));
        assert_eq!(lines(&long).left_out_bytes, 7);
        let many = format!("[{}1]", "1,".repeat(ITEMS_MAX * 2));
        let cut = lines(&many);
        assert_eq!(cut.items.len(), ITEMS_MAX);
        assert!(cut.left_out_bytes > 0);
    }

    #[test]
    fn pretty_and_back_is_the_same_but_for_white_space() {
        let text = r#"{"a":[1,2,{"b":"x \" y"}],"c":{},"d":1.50}"#;
        assert_eq!(compact(&pretty(text)), text);
        assert_eq!(
            pretty("{\"a\":\"x\u{202E}\u{1F1E9}\"}"),
            "{\n  \"a\": \"x\\u202e\\ud83c\\udde9\"\n}"
        );
    }
}
