//! Personal data in any text: addresses, numbers and names that lead to one person, told where they stand.
//!
//! 1. One pass looks for bytes that such data begins with: digits, `@`, capital letters behind a title or a label.
//! 2. Numbers are told by their form and their checksum (`shapes.txt`). Where both together are weak, a word beside the
//!    number or the name of its member has to say what it is (`kinds.txt`). A row of digits alone is never enough, but for
//!    payment cards, which have an issuer, a length and a checksum.
//! 3. What documentation is full of is nobody's: reserved domains, networks and telephone numbers, cards for tests,
//!    mailboxes of offices, rows of digits.
//! 4. Digits and letters in other forms and characters that nobody sees are undone, where a text has any.
//!
//! **Linear** in the text: every candidate reads a bounded part around itself. **Bounded**: [`FOUND_MAX`].

mod card;
mod check;
mod context;
mod date;
mod email;
mod ends;
mod iban;
mod kinds;
mod label;
mod may;
mod name;
mod net;
mod number;
mod phone;
mod scan;
mod shape;

use std::collections::BTreeMap;
use std::ops::Range;

use super::normal::{self, Step};
use super::rule::Severity;
use kinds::Kind;

/// Findings of one text: a list of customers has so many, and more of them change nothing of what it is.
pub const FOUND_MAX: usize = 4096;

/// Personal data in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// What it is: `payment-card`, lower-case words joined by hyphens.
    pub kind: &'static str,
    /// Where in the text as it came, in bytes.
    pub span: Range<usize>,
    /// What was undone to see it, beside forms of characters and those that are not seen.
    pub steps: Vec<Step>,
    /// How bad it is where it may not stand.
    pub severity: Severity,
}

/// One that was seen.
#[derive(Debug, Clone)]
struct Seen {
    kind: &'static Kind,
    span: Range<usize>,
    /// A word says what it is, or it needs none.
    near: bool,
}

/// The personal data of a text, which is the value of a member with this name (`"ssn": "…"`) or stands alone; in its order
/// and without overlaps: the most specific counts.
#[must_use]
pub fn personal(name: Option<&str>, text: &str) -> Vec<Personal> {
    let mut all: Vec<(Vec<Step>, Seen)> = Vec::new();
    let mut found = Vec::new();
    scan::scan(name, text, &mut found);
    all.extend(found.into_iter().map(|seen| (Vec::new(), seen)));
    if let Some(part) = scan::disguised(text) {
        let inside = text.get(part.clone()).unwrap_or_default();
        for view in normal::decoded(inside) {
            if view.steps.iter().any(|step| *step != Step::Tags) {
                continue;
            }
            let mut found = Vec::new();
            scan::scan(name, &view.text, &mut found);
            for mut seen in found {
                let there = view.source(seen.span);
                seen.span = part.start + there.start..part.start + there.end;
                all.push((view.steps.clone(), seen));
            }
        }
    }
    without_overlaps(all)
}

/// Whether a text can have personal data, or any text or member of it where it is JSON as it was sent. It is said quickly,
/// so that prose is read once and never taken apart: yes may be wrong, no is not.
#[must_use]
pub fn may(text: &str) -> bool {
    may::may(text)
}

/// All kinds that are told.
pub fn kinds() -> impl Iterator<Item = (&'static str, Severity)> {
    kinds::all().iter().filter(|kind| kind.id != "not").map(|kind| (kind.id, kind.severity))
}

/// Of those that overlap the most specific one: by its kind, by what is said beside it, in clear, the longer.
fn without_overlaps(mut all: Vec<(Vec<Step>, Seen)>) -> Vec<Personal> {
    if all.is_empty() {
        return Vec::new();
    }
    all.sort_by_key(|(steps, seen)| {
        let Range { start, end } = seen.span;
        let rank = seen.kind.rank * 2 + u8::from(!seen.near);
        (rank, steps.len(), usize::MAX - (end - start), start)
    });
    let mut kept: BTreeMap<usize, Personal> = BTreeMap::new();
    for (steps, Seen { kind, span, .. }) in all {
        // What is kept does not overlap, so the last one that begins before this one's end is the one to look at.
        let last = kept.range(..span.end).next_back();
        if span.start < span.end && last.is_none_or(|(_, last)| last.span.end <= span.start) {
            let one =
                Personal { kind: kind.id, span: span.clone(), steps, severity: kind.severity };
            kept.insert(span.start, one);
        }
    }
    kept.into_values().take(FOUND_MAX).collect()
}

#[cfg(test)]
mod tests;
