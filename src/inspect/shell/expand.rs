//! Words with what is put into them: variables, outputs, lists in braces, spaces that part them.

use std::ops::Range;

use super::run::{KEPT_MAX, Run};
use super::syntax::{Change, Part, Script, Word};
use super::value::{Flow, Form, Value};
use crate::inspect::rule::Severity;

/// Words that come out of one.
const FIELDS_MAX: usize = 64;
/// What variables are that every shell has.
const GIVEN: [(&str, &str); 4] =
    [("IFS", " "), ("SHELL", "/bin/bash"), ("TMPDIR", "/tmp"), ("OLDPWD", ".")];

/// A piece of a word with everything put in.
#[derive(Debug, Clone, Default)]
struct Piece {
    text: String,
    source: Source,
    open: bool,
    flow: Flow,
}

/// Where a piece comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Source {
    /// It stands there.
    #[default]
    Plain,
    /// It stands there in quotes.
    Quoted,
    /// It was put in, and spaces in it part words.
    Parting,
    /// It was put in as a whole.
    Whole,
}

impl Source {
    const fn put(quoted: bool) -> Self {
        if quoted { Self::Whole } else { Self::Parting }
    }
}

impl Run<'_> {
    /// The words that words become.
    pub(super) fn words(&mut self, words: &[Word]) -> Vec<Value> {
        let mut all = Vec::new();
        for word in words {
            let pieces = self.pieces(word);
            for pieces in braced(pieces) {
                all.extend(fields(&pieces, &word.span));
            }
            if all.len() > FIELDS_MAX * words.len() {
                break;
            }
        }
        all
    }

    /// One word that stays one, as in an assignment.
    pub(super) fn joined(&mut self, word: &Word) -> Value {
        let mut pieces = self.pieces(word);
        for piece in pieces.iter_mut().filter(|piece| piece.source == Source::Parting) {
            piece.source = Source::Whole;
        }
        let first = fields(&pieces, &word.span).into_iter().next();
        first.unwrap_or_else(|| Value::plain("", word.span.clone()))
    }

    fn pieces(&mut self, word: &Word) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in &word.parts {
            let piece = match part {
                Part::Text { text, quoted } => {
                    let source = if *quoted { Source::Quoted } else { Source::Plain };
                    Piece { text: text.clone(), source, ..Piece::default() }
                }
                Part::Variable { name, change, quoted } => {
                    let value = self.variable(name, change, &word.span);
                    let source = Source::put(*quoted);
                    let text = self.spaced(value.text, source);
                    Piece { text, source, open: value.open, flow: value.flow }
                }
                Part::Output { script, quoted } => {
                    let mut flow = self.script(script);
                    flow.said = true;
                    let text = flow.text.take();
                    let open = text.is_none();
                    let text = text.unwrap_or_default();
                    let text = text.trim_end_matches('\n').to_owned();
                    Piece { text, source: Source::put(*quoted), open, flow }
                }
                Part::Process { script, reads } => {
                    let text = self.process(script, *reads);
                    Piece { text, source: Source::Whole, ..Piece::default() }
                }
                Part::Unknown => Piece { open: true, source: Source::Whole, ..Piece::default() },
            };
            // Neighbours that are alike are one, so that lists in braces stand in one piece.
            match pieces.last_mut() {
                Some(last) if last.source == Source::Plain && piece.source == Source::Plain => {
                    last.text.push_str(&piece.text);
                }
                _ => pieces.push(piece),
            }
        }
        pieces
    }

    /// What parts words, as spaces.
    fn spaced(&self, text: String, source: Source) -> String {
        let signs = self.variables.get("IFS").map(|value| value.text.as_str());
        match signs.filter(|signs| source == Source::Parting && !signs.is_empty()) {
            Some(signs) => text.replace(|c| signs.contains(c), " "),
            None => text,
        }
    }

    /// The file that stands for the output or the input of a script.
    fn process(&mut self, script: &Script, reads: bool) -> String {
        let path = format!("/dev/fd/{}", 63 + self.files.len() + self.sinks.len());
        if reads {
            let flow = self.script(script);
            self.files.insert(path.clone(), flow);
        } else {
            self.sinks.insert(path.clone(), script.clone());
        }
        path
    }

    fn variable(&mut self, name: &str, change: &Change, span: &Range<usize>) -> Value {
        let known = self.known(name, span);
        let is_set = known.is_some();
        let mut value = known.unwrap_or_else(|| Value::unknown(secret_name(name), span.clone()));
        match change {
            Change::Default(word) if !is_set => value = self.joined(word),
            Change::Instead(word) => value = self.joined(word),
            // Nothing is missing where it runs at all.
            Change::Required if !is_set => value = Value::plain("required", span.clone()),
            Change::None | Change::Default(_) | Change::Required => {}
            Change::Part { from, len } => {
                let whole = match name {
                    "HOME" | "PWD" => "/home/?",
                    "PATH" => "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    _ => &value.text,
                };
                let cut = cut(whole, *from, *len);
                value.open &= !matches!(name, "HOME" | "PWD" | "PATH");
                value.text = cut;
            }
            Change::Replace { what, with, all } if is_set && !what.is_empty() => {
                let times = if *all { usize::MAX } else { 1 };
                value.text = value.text.replacen(what.as_str(), with, times);
            }
            Change::Replace { .. } | Change::Other => {
                value = Value::unknown(value.flow, span.clone());
            }
        }
        if value.text.len() > KEPT_MAX {
            value = Value::unknown(value.flow, span.clone());
        }
        value
    }

    fn known(&self, name: &str, span: &Range<usize>) -> Option<Value> {
        let plain = |text: &str| Some(Value::plain(text, span.clone()));
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        if name == "0" {
            return plain("bash");
        }
        if let Ok(place) = name.parse::<usize>() {
            return place.checked_sub(1).and_then(|at| self.arguments.get(at)).cloned();
        }
        match name {
            "HOME" => plain("~"),
            "PWD" => plain(self.folder.as_deref().unwrap_or(".")),
            "@" | "*" | "@]" => {
                let texts: Vec<&str> =
                    self.arguments.iter().map(|value| value.text.as_str()).collect();
                let mut all = Value::plain(&texts.join(" "), span.clone());
                for value in &self.arguments {
                    all.open |= value.open;
                    all.flow.add(&value.flow);
                }
                Some(all)
            }
            _ => GIVEN.iter().find(|(given, _)| *given == name).and_then(|(_, text)| plain(text)),
        }
    }
}

/// What is secret by the name of its variable.
fn secret_name(name: &str) -> Flow {
    const WORDS: [&str; 7] =
        ["SECRET", "PASSWORD", "PASSWD", "PRIVATE_KEY", "API_KEY", "TOKEN", "CREDENTIAL"];
    let name = name.to_ascii_uppercase();
    let secret = WORDS.iter().any(|word| name.contains(word));
    let secret = secret.then(|| (Severity::Medium, format!("the variable {name}")));
    Flow { secret, ..Flow::default() }
}

fn cut(text: &str, from: i32, len: Option<i32>) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let from = i64::from(from);
    let start = if from < 0 { (count + from).max(0) } else { from };
    let end = match len.map(i64::from) {
        None => count,
        Some(len) if len < 0 => count + len,
        Some(len) => start + len,
    };
    let take = usize::try_from(end - start).unwrap_or_default();
    text.chars().skip(usize::try_from(start).unwrap_or_default()).take(take).collect()
}

/// `a{b,c}d` as `abd` and `acd`.
fn braced(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut open = vec![pieces];
    let mut done = Vec::new();
    while let Some(pieces) = open.pop() {
        let found = pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.source == Source::Plain)
            .find_map(|(at, piece)| list(&piece.text).map(|list| (at, list)));
        let Some((at, (before, choices, after))) = found else {
            done.push(pieces);
            continue;
        };
        if done.len() + open.len() + choices.len() > FIELDS_MAX {
            done.push(pieces);
            continue;
        }
        for choice in choices.into_iter().rev() {
            let mut changed = pieces.clone();
            if let Some(piece) = changed.get_mut(at) {
                piece.text = format!("{before}{choice}{after}");
            }
            open.push(changed);
        }
    }
    done
}

/// The first list in braces: what stands before it, its choices, what stands behind.
fn list(text: &str) -> Option<(String, Vec<String>, String)> {
    let start = text.find('{')?;
    let mut depth = 0;
    let mut from = start + 1;
    let mut choices = Vec::new();
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => {
                choices.push(text.get(from..at)?.to_owned());
                from = at + 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 && choices.is_empty() {
                    return None;
                }
                if depth == 0 {
                    choices.push(text.get(from..at)?.to_owned());
                    let after = text.get(at + 1..)?.to_owned();
                    return Some((text.get(..start)?.to_owned(), choices, after));
                }
            }
            _ => {}
        }
    }
    None
}

/// The words that pieces make, parted where spaces are put in without quotes.
fn fields(pieces: &[Piece], span: &Range<usize>) -> Vec<Value> {
    let mut done = Vec::new();
    let mut current: Option<Value> = None;
    for piece in pieces {
        if piece.text.is_empty() && !piece.open {
            if matches!(piece.source, Source::Quoted | Source::Whole) && current.is_none() {
                current = Some(Value::plain("", span.clone()));
            }
            // Nothing put in without quotes makes no word.
            if let Some(value) = current.as_mut() {
                value.flow.add(&piece.flow);
            }
            continue;
        }
        if piece.source != Source::Parting {
            extend(&mut current, piece, &piece.text, span);
            continue;
        }
        let mut words = piece.text.split_whitespace().peekable();
        if piece.text.starts_with(char::is_whitespace) {
            done.extend(current.take());
        }
        if words.peek().is_none() && piece.open {
            extend(&mut current, piece, "", span);
        }
        while let Some(word) = words.next() {
            extend(&mut current, piece, word, span);
            if words.peek().is_some() || piece.text.ends_with(char::is_whitespace) {
                done.extend(current.take());
            }
        }
    }
    done.extend(current);
    done.truncate(FIELDS_MAX);
    done
}

fn extend(current: &mut Option<Value>, piece: &Piece, text: &str, span: &Range<usize>) {
    let is_first = current.is_none();
    let value = current.get_or_insert_with(|| Value::plain("", span.clone()));
    value.open_first |= piece.open && value.text.is_empty();
    value.open |= piece.open;
    match piece.source {
        Source::Plain | Source::Parting if text.contains(['*', '?', '[']) => {
            value.form = Form::Pattern;
        }
        Source::Quoted if is_first && text.starts_with('~') => value.form = Form::Quoted,
        Source::Plain | Source::Parting | Source::Quoted | Source::Whole => {}
    }
    value.text.push_str(text);
    value.flow.add(&piece.flow.origin());
}
