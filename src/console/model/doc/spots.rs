//! Where in a body something was found: the lines and the pieces of them that are marked.

use std::collections::BTreeMap;

use crate::console::model::doc::row::{Gutter, Row};
use crate::console::model::json::{self, Item};
use crate::engine::{Finding, Seen};
use crate::inspect::walk;
use crate::text::Safe;

/// Places of a body that are marked; the Findings pane lists the others.
const SPOTS_MAX: usize = 64;

/// What is marked of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hit {
    /// The place of its value, a JSON pointer.
    pub path: String,
    /// From where to where in the value as it is shown, in bytes; none where only the line is known.
    pub spans: Vec<(usize, usize)>,
    /// What was read behind an encoding: the encodings, and the text.
    pub decoded: Vec<(Safe, Safe)>,
}

/// The marked lines by their number.
pub type Hits = BTreeMap<usize, Hit>;

/// What these findings saw in a text that is cut into these lines.
#[must_use]
pub(super) fn hits(text: &str, items: &[Item], seen: &[Seen]) -> Hits {
    let mut hits = Hits::new();
    if seen.is_empty() {
        return hits;
    }
    let texts = walk::texts(text);
    for seen in seen.iter().take(SPOTS_MAX) {
        let Some(at) = item_at(items, &seen.path) else { continue };
        let Some(item) = items.get(at) else { continue };
        let hit = hits.entry(at).or_default();
        hit.path.clone_from(&seen.path);
        let whole = texts.iter().find(|text| !text.name && text.path == seen.path);
        let span = whole.and_then(|whole| shown_span(&item.value, &whole.text, seen));
        hit.spans.extend(span);
        if !seen.behind.is_empty() {
            let steps = Safe::escape(&seen.behind.join(", "));
            hit.decoded.push((steps, json::name(&seen.evidence)));
        }
    }
    hits
}

/// The seen parts of these findings.
pub(super) fn seen_of(findings: &[Finding]) -> Vec<Seen> {
    let seen = findings.iter().filter_map(|finding| finding.seen.as_deref());
    seen.take(SPOTS_MAX).cloned().collect()
}

/// The line of a JSON pointer.
fn item_at(items: &[Item], path: &str) -> Option<usize> {
    let mut at = 0;
    for step in path.split('/').skip(1) {
        let open = items.get(at)?;
        let end = open.end?;
        let name = json::name(&step.replace("~1", "/").replace("~0", "~"));
        let nth = if open.value.as_str() == "[" { Some(step.parse::<usize>().ok()?) } else { None };
        let mut inside = at + 1;
        let mut passed = 0;
        loop {
            let item = items.get(inside).filter(|_| inside < end)?;
            let fits = match nth {
                Some(nth) => passed == nth,
                None => item.key.as_ref() == Some(&name),
            };
            if fits {
                at = inside;
                break;
            }
            inside = item.end.unwrap_or(inside) + 1;
            passed += 1;
        }
    }
    items.get(at).map(|_| at)
}

/// Where a span of a text is in the value that shows it; none where that is not sure.
fn shown_span(value: &Safe, text: &str, seen: &Seen) -> Option<(usize, usize)> {
    let (from, to) = span_in(text, seen)?;
    let begins = shown_len(value, text.get(..from)?)?;
    let ends = shown_len(value, text.get(..to)?)?;
    (begins < ends).then_some((begins, ends))
}

/// The span, as it is in the recorded text: a secret has a marker of another length in its place.
fn span_in(text: &str, seen: &Seen) -> Option<(usize, usize)> {
    let (from, to) = seen.span;
    let whole = text.get(from..to).filter(|part| !part.is_empty());
    if seen.behind.is_empty() && whole != Some(&seen.evidence) {
        let found = text.match_indices(&seen.evidence).filter(|_| !seen.evidence.is_empty());
        if let Some((at, _)) = found.min_by_key(|(at, _)| at.abs_diff(from)) {
            return Some((at, at + seen.evidence.len()));
        }
    }
    whole.map(|_| (from, to))
}

/// How long the beginning of a text is in the value that shows it, behind its quote.
fn shown_len(value: &Safe, begin: &str) -> Option<usize> {
    let shown = Safe::escape(&begin.replace('\\', "\\\\").replace('"', "\\\""));
    let rest = value.as_str().get(1..)?;
    rest.starts_with(shown.as_str()).then(|| 1 + shown.as_str().len())
}

/// The same rows, with what was found marked in the gutter and in the text, and what was decoded below.
#[must_use]
pub fn marked(rows: Vec<Row>, hits: &Hits, width: usize) -> Vec<Row> {
    if hits.is_empty() {
        return rows;
    }
    let mut out = Vec::with_capacity(rows.len() + hits.len());
    let mut rows = rows.into_iter().peekable();
    let mut offset = 0;
    while let Some(mut row) = rows.next() {
        let Some(hit) = hits.get(&row.item).filter(|_| is_body(row.gutter)) else {
            offset = 0;
            out.push(row);
            continue;
        };
        let len = row.text.as_str().len();
        mark(&mut row, hit, offset);
        offset += len;
        let item = row.item;
        out.push(row);
        if rows.peek().is_none_or(|next| next.item != item) {
            offset = 0;
            out.extend(decoded_rows(hit, item, width));
        }
    }
    out
}

const fn is_body(gutter: Gutter) -> bool {
    matches!(gutter, Gutter::Line | Gutter::More)
}

/// Marks a row whose text begins so many bytes behind the value's beginning.
fn mark(row: &mut Row, hit: &Hit, offset: usize) {
    let end = offset + row.text.as_str().len();
    let mut cuts = vec![offset, end];
    cuts.extend(hit.spans.iter().flat_map(|(from, to)| [*from, *to]));
    cuts.retain(|cut| (offset..=end).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let inside = |at: usize| hit.spans.iter().any(|(from, to)| *from <= at && at < *to);
    let pairs = cuts.iter().zip(cuts.iter().skip(1));
    let words: Vec<(Safe, bool)> = pairs
        .map(|(from, to)| (row.text.between(from - offset, to - offset), inside(*from)))
        .filter(|(word, _)| !word.is_empty())
        .collect();
    let touched = words.iter().any(|(_, found)| *found);
    let whole = hit.spans.is_empty() && row.gutter == Gutter::Line;
    if !(touched || whole) {
        return;
    }
    row.gutter = if row.gutter == Gutter::Line { Gutter::Found } else { Gutter::FoundMore };
    if touched {
        row.words = words;
    }
}

/// What was decoded, below the line that has it encoded.
fn decoded_rows(hit: &Hit, item: usize, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (steps, text) in &hit.decoded {
        let key = steps.clip(width / 2).shown.then(&Safe::word(": "));
        let room = width.saturating_sub(key.width()).max(1);
        let mut key = Some(key);
        for part in text.wrap(room) {
            let indent = if key.is_some() { 0 } else { width.saturating_sub(room) };
            let gutter = Gutter::Decoded;
            rows.push(Row { gutter, indent, key: key.take(), text: part, item, ..Row::default() });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::model::doc::plain_rows;

    fn seen(path: &str, span: (usize, usize), evidence: &str, behind: &[&str]) -> Seen {
        let behind = behind.iter().map(|step| (*step).to_owned()).collect();
        Seen { path: path.to_owned(), span, evidence: evidence.to_owned(), behind, spot: None }
    }

    /// Rows with `[` and `]` around what is marked.
    fn shown(text: &str, seen: &[Seen], width: usize) -> Vec<String> {
        let lines = json::lines(text);
        let hits = hits(text, &lines.items, seen);
        let rows = marked(plain_rows(&lines, width), &hits, width);
        let text = |row: &Row| {
            let words = row
                .words
                .iter()
                .map(|(word, found)| if *found { format!("[{word}]") } else { word.to_string() });
            let text = if row.words.is_empty() { row.text.to_string() } else { words.collect() };
            let key = row.key.as_ref().map_or("", Safe::as_str);
            format!("{}{}{key}{text}", row.gutter.text(), " ".repeat(row.indent))
        };
        rows.iter().map(text).collect()
    }

    #[test]
    fn a_span_is_marked_in_the_value_that_has_it() {
        let text = r#"{"a":[1,{"b/c":"x\u202Egpj\nend \"q\" zz"}],"d":"zz"}"#;
        let span = (1, 7);
        let rows = shown(text, &[seen("/a/1/b~1c", span, "\u{202E}gpj", &[])], 60);
        assert_eq!(
            rows,
            [
                "  | {",
                "  |   \"a\" [",
                "  |     1",
                "  |     {",
                "! |       \"b/c\" \"x[<U+202E>gpj]<\\n>",
                "  :             end \\\"q\\\" zz\"",
                "  |     }",
                "  |   ]",
                "  |   \"d\" \"zz\"",
                "  | }",
            ]
        );
        let behind = seen("/a/1/b~1c", (16, 18), "zz", &[]);
        let rows = shown(text, &[behind], 60);
        assert_eq!(rows[5], "! :             end \\\"q\\\" [zz]\"");
    }

    #[test]
    fn a_span_that_goes_over_rows_is_marked_in_each() {
        let text = r#"{"a":"0123456789abcdefghij"}"#;
        let rows = shown(text, &[seen("/a", (5, 15), "56789abcde", &[])], 16);
        assert_eq!(
            rows[1..4],
            ["! |   \"a\" \"01234[5678]", "! :       [9abcde]fghi", "  :       j\""]
        );
    }

    #[test]
    fn what_was_decoded_stands_below() {
        let text = r#"{"a":"say aGk= now"}"#;
        let rows = shown(text, &[seen("/a", (4, 8), "hi\u{200B}", &["base64"])], 40);
        assert_eq!(rows[1..3], ["! |   \"a\" \"say [aGk=] now\"", "= | base64: \"hi<U+200B>\""]);
    }

    #[test]
    fn a_redacted_text_is_marked_where_its_marker_is() {
        let text = r#"{"a":"one [secret x] two"}"#;
        let rows = shown(text, &[seen("/a", (90, 140), "[secret x]", &[])], 40);
        assert_eq!(rows[1], "! |   \"a\" \"one [[secret x]] two\"");
    }

    #[test]
    fn a_place_that_is_not_there_marks_nothing_and_a_span_that_is_not_the_line_alone() {
        let text = r#"{"a":"b","c":["d"]}"#;
        let plain = shown(text, &[], 40);
        for path in ["/x", "/c/1", "/c/d", "/a/b", "/c/0/1"] {
            assert_eq!(shown(text, &[seen(path, (0, 1), "b", &[])], 40), plain, "{path}");
        }
        let rows = shown(text, &[seen("/a", (7, 9), "other", &[])], 40);
        assert_eq!(rows[1], "! |   \"a\" \"b\"");
    }
}
