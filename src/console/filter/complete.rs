//! What may stand at the cursor.

use std::ops::Range;

use super::field::{ALIASES, FIELDS, Kind, NameField, NumberField};

/// Completions that are offered at once; more are no help.
const SHOWN_MAX: usize = 100;

/// Names that the console knows.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "said by the names")]
pub struct Known<'a> {
    pub sessions: &'a [&'a str],
    pub agents: &'a [&'a str],
    pub servers: &'a [&'a str],
    pub tools: &'a [&'a str],
    pub methods: &'a [&'a str],
    pub rules: &'a [&'a str],
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What it replaces, in bytes.
    pub range: Range<usize>,
    /// What stands there then.
    pub text: String,
    /// What it is.
    pub help: &'static str,
}

/// Everything that may stand at `cursor` (bytes), instead of what was begun there.
#[must_use]
pub fn complete(text: &str, cursor: usize, known: Known<'_>) -> Vec<Completion> {
    let cursor = text.floor_char_boundary(cursor);
    let start = begun_at(text, cursor);
    let begun = text.get(start..cursor).unwrap_or_default();
    if let Some(letter) = begun.strip_prefix('~') {
        let is = |(c, ..): &&(char, bool, &str)| letter.is_empty() || letter.chars().eq([*c]);
        return ALIASES
            .iter()
            .filter(is)
            .map(|(c, takes, help)| {
                let text = if *takes { format!("~{c} ") } else { format!("~{c}") };
                Completion { range: start..cursor, text, help }
            })
            .collect();
    }
    if let Some((name, _)) = begun.split_once([':', '=', '!']) {
        return values(name, begun, cursor, known);
    }
    if begun.contains(['~', '<', '>', '"', '.', '[']) {
        return Vec::new();
    }
    let fields = FIELDS.iter().filter(|field| field.name.starts_with(begun));
    fields
        .map(|field| {
            let sign = match field.kind {
                Kind::Number(number) if !number.says_yes() => ">",
                Kind::Body(_) => ".",
                Kind::Name(_) | Kind::Tag(_) | Kind::Number(_) | Kind::Time => ":",
            };
            let text = format!("{}{sign}", field.name);
            Completion { range: start..cursor, text, help: field.help }
        })
        .collect()
}

/// Where the test at the cursor begins: behind the last blank or sign outside of quotes.
fn begun_at(text: &str, cursor: usize) -> usize {
    let mut start = 0;
    let mut inside = false;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at < cursor) {
        inside ^= c == '"';
        let sign = c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&');
        // A `!` turns a test only where one begins.
        if !inside && (sign || c == '!' && at == start) {
            start = at + c.len_utf8();
        }
    }
    start
}

fn values(name: &str, begun: &str, cursor: usize, known: Known<'_>) -> Vec<Completion> {
    let last = begun.rsplit([':', '=', '!', ',']).next().unwrap_or_default();
    let (last, quote) = last.strip_prefix('"').map_or((last, ""), |inside| (inside, "\""));
    let range = cursor - last.len() - quote.len()..cursor;
    let Some(field) = FIELDS.iter().find(|field| field.name == name) else { return Vec::new() };
    let words: &[&str] = match field.kind {
        Kind::Name(NameField::Session) => known.sessions,
        Kind::Name(NameField::Agent) => known.agents,
        Kind::Name(NameField::Server) => known.servers,
        Kind::Name(NameField::Tool) => known.tools,
        Kind::Name(NameField::Method) => known.methods,
        Kind::Name(NameField::Rule) => known.rules,
        Kind::Tag(tag) => tag.words(),
        Kind::Number(NumberField::Finding | NumberField::Mark) => &["yes", "no"],
        Kind::Number(_) | Kind::Time | Kind::Body(_) => &[],
    };
    words
        .iter()
        .filter(|word| begins(word, last))
        .take(SHOWN_MAX)
        .map(|word| Completion {
            range: range.clone(),
            text: super::expr::bare_or_quoted(word),
            help: field.help,
        })
        .collect()
}

/// Whether a word begins so, in letters of any case.
fn begins(word: &str, start: &str) -> bool {
    word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
