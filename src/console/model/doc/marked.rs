//! What detectors saw in a body, told where it stands: its words apart from the others, and what stands behind an encoding
//! below the rows.

use std::ops::Range;

use super::{Gutter, Row};
use crate::engine::{Facts, Finding, Severity};
use crate::text::Safe;

/// Findings of one body that are told; a body with more is known by these.
const SEEN_MAX: usize = 32;

/// What was seen in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The rule that saw it.
    pub rule: String,
    /// As it is read.
    pub evidence: String,
    /// What was undone to read it; empty where it stands there so.
    pub behind: String,
}

/// What was seen in a message that asks or answers, as far as it is worth a look.
pub(super) fn seen(facts: &Facts) -> Vec<Seen> {
    let told = |finding: &Finding| {
        let seen = finding.seen.as_ref().filter(|_| finding.severity >= Severity::Low)?;
        let (rule, evidence) = (finding.rule.clone(), seen.evidence.clone());
        Some(Seen { rule, evidence, behind: seen.behind.join(", ") })
    };
    facts.findings.iter().filter_map(told).take(SEEN_MAX).collect()
}

/// Tells the words of rows apart in which something was seen.
pub(super) fn mark(rows: &mut [Row], all: &[Seen]) {
    let plain = all.iter().filter(|seen| seen.behind.is_empty());
    let needles: Vec<Safe> = plain.map(needle).filter(|needle| !needle.is_empty()).collect();
    if needles.is_empty() {
        return;
    }
    let mut start = 0;
    while start < rows.len() {
        let more = rows.iter().skip(start + 1).take_while(|row| row.gutter == Gutter::More);
        let end = start + 1 + more.count();
        if let Some(line) = rows.get_mut(start..end) {
            mark_line(line, &needles);
        }
        start = end;
    }
}

/// What is looked for. The marker of a secret has its tag behind the length.
fn needle(seen: &Seen) -> Safe {
    let secret = seen.evidence.strip_prefix("[secret ").and_then(|rest| rest.strip_suffix(']'));
    match secret {
        Some(kind) => Safe::escape(&format!("[secret {kind}")),
        None => Safe::escape(&seen.evidence),
    }
}

/// A line, which may take several rows.
fn mark_line(rows: &mut [Row], needles: &[Safe]) {
    let text: String = rows.iter().map(|row| row.text.as_str()).collect();
    let found = |needle: &Safe| -> Vec<Range<usize>> {
        let len = needle.as_str().len();
        text.match_indices(needle.as_str()).map(|(at, _)| at..at + len).collect()
    };
    let places: Vec<Range<usize>> = needles.iter().flat_map(found).collect();
    if places.is_empty() {
        return;
    }
    let mut at = 0;
    for row in rows {
        let mut any = false;
        let words = row.text.words().into_iter().map(|word| {
            let here = at..at + word.as_str().len();
            at = here.end;
            let seen = places.iter().any(|one| one.start < here.end && here.start < one.end);
            any |= seen;
            (word, seen)
        });
        let words = words.collect();
        if any {
            row.words = words;
        }
    }
}

/// Rows of ours on what stands behind an encoding, in the words that it is read in.
pub(super) fn decoded(all: &[Seen], width: usize) -> Vec<Row> {
    let behind = all.iter().filter(|seen| !seen.behind.is_empty());
    let text = |seen: &Seen| {
        Safe::word("! ")
            .then(&Safe::escape(&seen.rule))
            .then(&Safe::word(" behind "))
            .then(&Safe::escape(&seen.behind))
            .then(&Safe::word(": "))
            .then(&Safe::escape(&seen.evidence))
    };
    let rows = behind.flat_map(|seen| text(seen).wrap_words(width.saturating_sub(1).max(1)));
    rows.map(|text| Row::ours(&text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::model::doc::{Doc, Payload, decisive_rows};

    fn marked(text: &str, evidence: &str, width: usize) -> Vec<String> {
        let one = |evidence: &str, behind: &str| Seen {
            rule: "r".to_owned(),
            evidence: evidence.to_owned(),
            behind: behind.to_owned(),
        };
        let seen = vec![one(evidence, ""), one("decoded words", "base64")];
        let doc = Doc::new(Payload { text: text.to_owned(), seen, ..Payload::default() });
        let rows = decisive_rows(&doc, width);
        let shown = |row: &Row| {
            let words = row.words.iter();
            let told: String =
                words.filter(|(_, seen)| *seen).map(|(word, _)| word.as_str()).collect();
            if row.gutter == Gutter::Ours { format!("={}", row.text) } else { told }
        };
        rows.iter().map(shown).filter(|told| !told.is_empty()).collect()
    }

    #[test]
    fn words_in_which_something_was_seen_are_told_apart() {
        let below = "=! r behind base64: decoded words";
        assert_eq!(
            marked(r#"{"a":"now ignore all of it","b":"all"}"#, "ignore all", 60),
            ["ignore all", below]
        );
        // Over the end of a row.
        let rows = marked(r#"{"a":"now ignore all of it"}"#, "ignore all", 20);
        let told: String = rows.into_iter().filter(|row| !row.starts_with('=')).collect();
        assert_eq!(told.replace(' ', ""), "ignoreall");
        assert_eq!(marked("{\"a\":\"x\u{202e}y\"}", "x\u{202e}y", 60)[0], "x<U+202E>y");
        assert_eq!(
            marked(r#"{"p":"[secret password 8B #7f3a]"}"#, "[secret password 8B]", 60)[0],
            "[secret password 8B"
        );
        assert_eq!(marked(r#"{"a":"nothing"}"#, "", 60), [below]);
    }
}
