//! Words, names, texts, numbers, signs and comments of SQL.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a plain name.
    Word,
    /// A name in `"…"`, `` `…` `` or `[…]`.
    Name,
    /// A text in `'…'` or between dollars.
    Text,
    /// A number.
    Number,
    /// A sign.
    Symbol,
    /// A comment.
    Comment,
    /// A comment that is run by some: `/*! … */`.
    Run,
}

/// How a quote stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Twice, as the standard says.
    Doubled,
    /// Behind a backslash, too.
    Backslash,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) span: Range<usize>,
}

impl Token<'_> {
    /// In lower case, if it is a word.
    pub(super) fn word(&self) -> String {
        if self.kind == Kind::Word { self.text.to_ascii_lowercase() } else { String::new() }
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment | Kind::Run)
    }

    /// What stands in the quotes of a text.
    pub(super) fn inner(&self) -> Range<usize> {
        let dollars = self.text.starts_with('$');
        let head = if dollars {
            self.text.get(1..).and_then(|rest| rest.find('$')).map_or(1, |at| at + 2)
        } else {
            1
        };
        let end = self.span.end.saturating_sub(head).max(self.span.start + head);
        self.span.start + head
            ..end.min(self.span.end).max((self.span.start + head).min(self.span.end))
    }
}

/// The tokens of a query; what is not closed goes to the end.
pub(super) fn tokens(query: &str, escapes: Escapes) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(rest) = query.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        let (kind, len) = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '\'' => (Kind::Text, quoted(rest, '\'', escapes)),
            '"' => (Kind::Name, quoted(rest, '"', escapes)),
            '`' => (Kind::Name, quoted(rest, '`', Escapes::Doubled)),
            '[' if is_bracketed(rest) => {
                (Kind::Name, rest.find(']').map_or(rest.len(), |end| end + 1))
            }
            '$' if dollars(rest).is_some() => (Kind::Text, dollars(rest).unwrap_or(1)),
            '-' if rest.starts_with("--") => (Kind::Comment, line(rest)),
            '#' => (Kind::Comment, line(rest)),
            '/' if rest.starts_with("/*!") => (Kind::Run, block(rest)),
            '/' if rest.starts_with("/*") => (Kind::Comment, block(rest)),
            c if c.is_ascii_digit() => {
                (Kind::Number, run(rest, |c| c.is_ascii_alphanumeric() || c == '.'))
            }
            c if c.is_alphabetic() || matches!(c, '_' | '@') => (
                Kind::Word,
                run(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '@' | '$' | '#')),
            ),
            c => (Kind::Symbol, c.len_utf8()),
        };
        let end = (at + len.max(1)).min(query.len());
        let Some(text) = query.get(at..end) else { break };
        all.push(Token { kind, text, span: at..end });
        at = end;
    }
    all
}

fn run(text: &str, inside: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !inside(c)).unwrap_or(text.len())
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// A comment in stars. Where comments may hold comments, it ends later: what stands between is read then, too.
fn block(text: &str) -> usize {
    text.get(2..).and_then(|rest| rest.find("*/")).map_or(text.len(), |end| end + 4)
}

fn quoted(text: &str, quote: char, escapes: Escapes) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes == Escapes::Backslash {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

/// `$$…$$`, `$tag$…$tag$`.
fn dollars(text: &str) -> Option<usize> {
    let name = text.get(1..)?.find('$').map(|end| end + 2)?;
    let tag = text.get(..name)?;
    if !tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '$' | '_')) || tag.len() > 64 {
        return None;
    }
    let end = text.get(name..)?.find(tag);
    Some(end.map_or(text.len(), |end| name + end + name))
}

/// A name of SQL Server, and no index of an array.
fn is_bracketed(text: &str) -> bool {
    text.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        && text.find(']').is_some_and(|end| end < 130)
}
