//! A body that is being looked at: loaded from its record, cut into lines, wrapped to a width.

mod defined;
mod row;
mod spots;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::catalog::{Fingerprint, Kind};
use crate::console::model::json::{self, Lines};
use crate::console::model::{Place, SessionId, order};
use crate::engine::{CallId, Facts, Seen};
use crate::journal::{Effected, Raw, Record};
use crate::text::{Safe, bytes, hexdump};

pub use row::{Beside, Gutter, Row, Word};
pub use spots::{Hit, Hits, marked};

/// Indents stop here, so that deep nesting leaves room for values.
const INDENT_MAX: usize = 16;

/// After this long a difference is shown more coarsely: larger pieces, the same two texts.
pub(super) const DIFF_LIMIT: Duration = Duration::from_millis(200);
/// Columns of a hex dump of 16 bytes a row; with fewer, rows have 8.
const HEX_COLUMNS: usize = 74;

/// Which part of a record is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A request's arguments, or its parameters.
    Arguments,
    /// A response's result or error; or the refusal that stood in for one.
    Answer,
    /// The arguments that an operator put in.
    Edited,
    /// What a server defined, by its kind and fingerprint.
    Definition(Kind, Print),
}

/// The 256 bits of a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print([u128; 2]);

impl Print {
    /// Of 64 hex digits.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        let half = |range| u128::from_str_radix(hex.get(range)?, 16).ok();
        Some(Self([half(0..32)?, half(32..64)?]))
    }

    /// Whether it is that of this text.
    #[must_use]
    pub fn is_of(self, text: &str) -> bool {
        Self::parse(Fingerprint::of(text).hex()) == Some(self)
    }
}

/// What to read, from which journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Whose journal.
    pub session: SessionId,
    /// Which line.
    pub place: Place,
    /// Which member of a batch.
    pub call: CallId,
    /// Which part of it.
    pub part: Part,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload {
    /// The part that was wanted: JSON, or whatever came in its place.
    pub text: String,
    /// The exact bytes of the whole message.
    pub raw: Vec<u8>,
    /// Arguments that the rules want to be seen first.
    pub show: Vec<String>,
    /// Where detectors saw something in it.
    pub seen: Vec<Seen>,
}

/// Takes the wanted part out of a record; `None` when it has none.
#[must_use]
pub fn payload(record: &Record, want: &Want) -> Option<Payload> {
    if let Part::Definition(kind, print) = want.part {
        let text = defined::text(record, kind, print)?;
        let raw = text.as_bytes().to_vec();
        return Some(Payload { text, raw, ..Payload::default() });
    }
    if want.part == Part::Edited {
        let edited = record.effects.iter().find_map(edited)?;
        let (text, raw) = (edited.to_owned(), edited.as_bytes().to_vec());
        return Some(Payload { text, raw, show: shown(record, want.call), seen: Vec::new() });
    }
    let refusal = record.effects.iter().find_map(|effect| refusal(effect, want.call));
    let frame = record.event.received();
    let raw = match want.part {
        Part::Arguments => frame,
        Part::Answer => refusal.or(frame),
        Part::Edited | Part::Definition(..) => None,
    }?;
    let line = raw.bytes()?.to_vec();
    let whole =
        raw.json().map_or_else(|| String::from_utf8_lossy(&line).into_owned(), str::to_owned);
    let message = match (raw, &record.facts) {
        (Raw::Json(_) | Raw::JsonCr(_), Some(facts)) => member(&whole, facts, want.call),
        _ => &whole,
    };
    let paths: [&[&str]; 3] = match want.part {
        Part::Arguments => [&["params", "arguments"], &["params"], &[]],
        Part::Answer | Part::Edited | Part::Definition(..) => [&["result"], &["error"], &[]],
    };
    let text = paths.iter().find_map(|path| at(message, path)).unwrap_or(message);
    let show = if want.part == Part::Answer { Vec::new() } else { shown(record, want.call) };
    // What was refused was not looked at; the gate's own words stand there.
    let ours = want.part == Part::Answer && refusal.is_some();
    let facts = record.facts.as_ref().filter(|_| !ours);
    let seen =
        facts.map(|facts| of_call(facts, want.call)).map(|facts| spots::seen_of(&facts.findings));
    Some(Payload { text: text.to_owned(), raw: line, show, seen: seen.unwrap_or_default() })
}

/// What the rules want to be seen first of a call, alone or in a batch.
fn shown(record: &Record, call: CallId) -> Vec<String> {
    record.facts.as_ref().map(|facts| of_call(facts, call).show.clone()).unwrap_or_default()
}

/// What is known of a call, alone or in a batch.
fn of_call(facts: &Facts, call: CallId) -> &Facts {
    facts.members.iter().find(|member| member.call == Some(call)).unwrap_or(facts)
}

fn edited(effect: &Effected) -> Option<&str> {
    if let Effected::Revise { arguments, .. } = effect { Some(arguments) } else { None }
}

fn refusal(effect: &Effected, of: CallId) -> Option<&Raw> {
    match effect {
        Effected::Refuse { call: Some(call), sent, .. } if *call == of => Some(sent),
        Effected::Refuse { .. }
        | Effected::Forward { .. }
        | Effected::Replace { .. }
        | Effected::Hold(_)
        | Effected::Revise { .. }
        | Effected::Rejected { .. }
        | Effected::Settle { .. }
        | Effected::Drop { .. }
        | Effected::Originate { .. }
        | Effected::Sync {}
        | Effected::EndLine { .. }
        | Effected::Close { .. } => None,
    }
}

/// The message of `call` in a batch, else the whole.
fn member<'a>(whole: &'a str, facts: &Facts, call: CallId) -> &'a str {
    let Some(n) = facts.members.iter().position(|member| member.call == Some(call)) else {
        return whole;
    };
    let members: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(whole).unwrap_or_default();
    members.get(n).map_or(whole, |member| member.get())
}

/// The text of a member of an object of objects.
fn at<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    let Some((first, rest)) = path.split_first() else { return Some(text) };
    let object: Members<'a> = serde_json::from_str(text).ok()?;
    let (_, value) = object.0.into_iter().find(|(name, _)| name == first)?;
    at(value, rest)
}

/// An object's members, with their values as written.
struct Members<'a>(Vec<(String, &'a str)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) =
                    map.next_entry::<String, &'de serde_json::value::RawValue>()?
                {
                    members.push((name, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A body, ready to be wrapped.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// Its lines.
    pub lines: Lines,
    /// The members of its object, as far as they are among the lines.
    pub fields: Option<usize>,
    /// The numbers of its lines, the most decisive ones first, where that is not their own order.
    pub order: Option<Vec<usize>>,
    /// The part's JSON text.
    pub text: String,
    /// The exact bytes of the message.
    pub raw: Vec<u8>,
    /// Arguments that the rules want to be seen first.
    pub show: Vec<String>,
    /// What is marked in its lines.
    pub hits: Hits,
}

impl Doc {
    /// Cuts a payload into lines.
    #[must_use]
    pub fn new(payload: Payload) -> Self {
        let lines = json::lines(&payload.text);
        let fields = order::members(&lines.items).map(|members| members.len());
        let order = order::decisive_first(&lines.items, &payload.show);
        let hits = spots::hits(&payload.text, &lines.items, &payload.seen);
        let Payload { text, raw, show, .. } = payload;
        Self { lines, fields, order, text, raw, show, hits }
    }
}

/// A body on its way.
#[derive(Debug, Clone, Default)]
pub enum Slot {
    /// Nobody asked for it.
    #[default]
    Empty,
    /// It is being read.
    Loading(Want),
    /// Here it is.
    Ready(Arc<Doc>),
    /// It could not be read.
    Failed(Safe),
}

impl Slot {
    /// The body, if it is there.
    #[must_use]
    pub fn doc(&self) -> Option<&Doc> {
        match self {
            Self::Ready(doc) => Some(doc),
            Self::Empty | Self::Loading(_) | Self::Failed(_) => None,
        }
    }

    /// Takes what was read, if this slot waits for it.
    pub fn fill(&mut self, want: &Want, read: &Result<Arc<Doc>, String>) -> bool {
        if !matches!(self, Self::Loading(waited) if waited == want) {
            return false;
        }
        *self = match read {
            Ok(doc) => Self::Ready(Arc::clone(doc)),
            Err(why) => Self::Failed(Safe::escape(why)),
        };
        true
    }
}

/// A body at a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Laid {
    /// Rows of text.
    Rows(Vec<Row>),
    /// Rows of a hex dump, made when they are drawn.
    Hex {
        /// Bytes a row.
        columns: usize,
        /// How many rows.
        rows: usize,
    },
}

impl Laid {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Hex { rows, .. } => *rows,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The document's line that a row shows.
    #[must_use]
    pub fn item(&self, row: usize) -> Option<usize> {
        match self {
            Self::Rows(rows) => rows.get(row).map(|row| row.item),
            Self::Hex { .. } => None,
        }
    }

    /// The first row of a document's line, or of the folded one that has it inside.
    #[must_use]
    pub fn row_of(&self, item: usize) -> usize {
        match self {
            Self::Rows(rows) => rows
                .partition_point(|row| row.item < item)
                .min(rows.partition_point(|row| row.item <= item).saturating_sub(1)),
            Self::Hex { .. } => 0,
        }
    }
}

/// Wraps a document to `width` columns behind the gutter. What is folded is one row, which says how much of
/// the document it stands for. With `cuts` every line is one row, and what has no room ends in `~`.
#[must_use]
pub fn lay(lines: &Lines, width: usize, folded: &BTreeSet<usize>, cuts: bool) -> Laid {
    let mut rows = Vec::with_capacity(lines.items.len());
    let mut lay = |at: usize, item: &json::Item| {
        if cuts {
            rows.push(cut_item((at, item), width));
        } else {
            lay_item(&mut rows, (at, item), width, Gutter::Line, Gutter::More);
        }
    };
    let mut at = 0;
    while let Some(item) = lines.items.get(at) {
        if let Some(end) = item.end.filter(|_| folded.contains(&at)) {
            let inside = format!(" .. {} lines folded", end - at - 1);
            let value = item.value.clone().then(&Safe::escape(&inside));
            let one = json::Item { value, ..item.clone() };
            lay(at, &one);
            at = end + 1;
        } else {
            lay(at, item);
            at += 1;
        }
    }
    if lines.left_out_bytes > 0 {
        rows.push(left_out(lines.left_out_bytes));
    }
    Laid::Rows(rows)
}

/// The same rows, with nothing folded.
#[must_use]
pub fn plain_rows(lines: &Lines, width: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(lines.items.len());
    lay_items(&mut rows, lines.items.iter().enumerate(), lines.left_out_bytes, width);
    rows
}

/// The same with the most decisive members first.
#[must_use]
pub fn decisive_rows(doc: &Doc, width: usize) -> Vec<Row> {
    let Lines { items, left_out_bytes, .. } = &doc.lines;
    let mut rows = Vec::with_capacity(items.len());
    match &doc.order {
        Some(order) => {
            let items = order.iter().filter_map(|at| Some((*at, items.get(*at)?)));
            lay_items(&mut rows, items, *left_out_bytes, width);
        }
        None => lay_items(&mut rows, items.iter().enumerate(), *left_out_bytes, width),
    }
    rows
}

fn lay_items<'a>(
    rows: &mut Vec<Row>,
    items: impl Iterator<Item = (usize, &'a json::Item)>,
    left_out_bytes: u64,
    width: usize,
) {
    for item in items {
        lay_item(rows, item, width, Gutter::Line, Gutter::More);
    }
    if left_out_bytes > 0 {
        rows.push(left_out(left_out_bytes));
    }
}

fn left_out(bytes_out: u64) -> Row {
    let text =
        format!("[ {} more are not shown here: v shows every byte ]", bytes::exact(bytes_out));
    Row { indent: 0, ..Row::ours(&Safe::escape(&text)) }
}

fn lay_item(
    rows: &mut Vec<Row>,
    (at, item): (usize, &json::Item),
    width: usize,
    first: Gutter,
    more: Gutter,
) {
    let indent = (item.depth * 2).min(INDENT_MAX).min(width / 2);
    let room = width.saturating_sub(indent).max(1);
    let mut gutter = first;
    let mut key = item.key.clone().map(|key| key.then(&Safe::word(" ")));
    let taken = key.as_ref().map_or(0, Safe::width);
    if taken > room / 2 {
        for part in key.take().iter().flat_map(|key| key.wrap(room)) {
            rows.push(Row { gutter, indent, key: Some(part), item: at, ..Row::default() });
            gutter = more;
        }
    }
    let taken = key.as_ref().map_or(0, Safe::width);
    for (n, text) in item.value.wrap(room.saturating_sub(taken)).into_iter().enumerate() {
        let (key, indent) =
            if n == 0 { (key.take(), indent) } else { (None, (indent + taken).min(width / 2)) };
        rows.push(Row { gutter, indent, key, text, item: at, ..Row::default() });
        gutter = more;
    }
}

/// A line in one row.
fn cut_item((at, item): (usize, &json::Item), width: usize) -> Row {
    let indent = (item.depth * 2).min(INDENT_MAX).min(width / 2);
    let room = width.saturating_sub(indent).max(1);
    let key = item.key.as_ref().map(|key| key.clip(room / 2).shown.then(&Safe::word(" ")));
    let taken = key.as_ref().map_or(0, Safe::width);
    let text = item.value.clip(room.saturating_sub(taken)).shown;
    Row { gutter: Gutter::Line, indent, key, text, item: at, ..Row::default() }
}

/// What an edit changed, line by line; lines that stay are shown too. In the order of the bytes, in which the
/// edit was made.
#[must_use]
pub fn diff_rows(before: &Lines, after: &Lines, width: usize) -> Vec<Row> {
    let key_of = |item: &json::Item| {
        let key = item.key.as_ref().map_or("", Safe::as_str);
        format!("{}\u{0}{key}\u{0}{}", item.depth, item.value)
    };
    let old: Vec<String> = before.items.iter().map(key_of).collect();
    let new: Vec<String> = after.items.iter().map(key_of).collect();
    let old_lines: Vec<&str> = old.iter().map(String::as_str).collect();
    let new_lines: Vec<&str> = new.iter().map(String::as_str).collect();
    let diff = TextDiff::configure().timeout(DIFF_LIMIT).diff_slices(&old_lines, &new_lines);
    let mut rows = Vec::new();
    for change in diff.iter_all_changes() {
        let (items, at, gutter) = match change.tag() {
            ChangeTag::Equal => (&after.items, change.new_index(), Gutter::Line),
            ChangeTag::Insert => (&after.items, change.new_index(), Gutter::Added),
            ChangeTag::Delete => (&before.items, change.old_index(), Gutter::Removed),
        };
        let more = if gutter == Gutter::Line { Gutter::More } else { gutter };
        if let Some((at, item)) = at.and_then(|at| Some((at, items.get(at)?))) {
            lay_item(&mut rows, (at, item), width, gutter, more);
        }
    }
    if after.left_out_bytes + before.left_out_bytes > 0 {
        rows.push(left_out(after.left_out_bytes.max(before.left_out_bytes)));
    }
    rows
}

/// A hex dump at a width.
#[must_use]
pub fn lay_raw(raw: &[u8], width: usize) -> Laid {
    let columns = if width >= HEX_COLUMNS { 16 } else { 8 };
    Laid::Hex { columns, rows: hexdump::rows(raw.len(), columns) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &[Row]) -> Vec<String> {
        rows.iter()
            .map(|row| {
                let gutter = match row.gutter {
                    Gutter::Line => '|',
                    Gutter::More => ':',
                    Gutter::Added => '+',
                    Gutter::Removed => '-',
                    Gutter::Ours => '=',
                    Gutter::Nothing => ' ',
                    Gutter::Found | Gutter::FoundMore | Gutter::Decoded => '!',
                };
                let key = row.key.as_ref().map_or("", Safe::as_str);
                format!("{gutter} {}{key}{}", " ".repeat(row.indent), row.text)
            })
            .collect()
    }

    #[test]
    fn long_values_go_on_below_with_another_gutter() {
        let lines = json::lines(r#"{"to":"ops","body":"line one\nline two is long"}"#);
        let Laid::Rows(rows) = lay(&lines, 24, &BTreeSet::new(), false) else {
            panic!("rows are due")
        };
        assert_eq!(
            shown(&rows),
            [
                "| {",
                "|   \"to\" \"ops\"",
                "|   \"body\" \"line one<\\n>",
                ":          line two is lon",
                ":          g\"",
                "| }",
            ]
        );
    }

    #[test]
    fn what_is_folded_is_one_row_that_says_how_much_it_stands_for() {
        let lines = json::lines(r#"{"a":{"b":[1,2],"c":{}},"d":3}"#);
        let folded = |at| match lay(&lines, 60, &BTreeSet::from([at]), false) {
            Laid::Rows(rows) => shown(&rows),
            Laid::Hex { .. } => panic!("rows are due"),
        };
        assert_eq!(folded(1), ["| {", "|   \"a\" { .. 5 lines folded", "|   \"d\" 3", "| }"]);
        let laid = lay(&lines, 60, &BTreeSet::from([1]), false);
        assert_eq!((laid.item(1), laid.row_of(4), laid.row_of(8)), (Some(1), 1, 2));
        assert_eq!(folded(0), ["| { .. 8 lines folded"]);
    }

    #[test]
    fn a_diff_shows_both_sides_and_what_stays() {
        let before = json::lines(r#"{"to":"a","n":1}"#);
        let after = json::lines(r#"{"to":"b","n":1}"#);
        assert_eq!(
            shown(&diff_rows(&before, &after, 40)),
            ["| {", "-   \"to\" \"a\"", "+   \"to\" \"b\"", "|   \"n\" 1", "| }"]
        );
    }

    #[test]
    fn parts_are_taken_as_written() {
        let text = r#"{"jsonrpc":"2.0","params":{"name":"x","arguments":{"n":1.50}}}"#;
        assert_eq!(at(text, &["params", "arguments"]), Some(r#"{"n":1.50}"#));
        assert_eq!(at(text, &["result"]), None);
    }
}
