//! Secrets that are told by what they are called, by the rules of `names.txt`: `password = "…"`, `"api_key": "…"`,
//! `Authorization: Bearer …`, `--token …`, `<secret>…</secret>`.

mod place;
mod rules;
mod value;

use std::ops::Range;

use super::scan::RUN_MIN;
use super::{Proof, RANK_NAME, Seen};
use crate::inspect::rule::Severity;
use rules::{How, matching};
use value::{is_chosen, is_given};

/// Longest value that somebody chose.
const CHOSEN_MAX: usize = 160;
/// Longest value that is one secret.
const VALUE_MAX: usize = 2048;

/// The value that is the end of a long run, or all of it, where a name stands before it.
pub(super) fn in_run(text: &str, run: Range<usize>, found: &mut Vec<Seen>) {
    let Some(inside) = text.get(run.clone()) else { return };
    // `NAME=value` is one run; what is behind the last sign of equality may be padding.
    let bare = inside.trim_end_matches('=');
    let split = bare.find('=').map_or(0, |at| at + 1);
    let start = run.start + split;
    // What is random has digits; most long runs are paths and names.
    let digits = inside.get(split..).is_some_and(|value| value.bytes().any(|b| b.is_ascii_digit()));
    if run.end - start < RUN_MIN || !digits || inside.starts_with("//") {
        return;
    }
    let Some(place) = place::before(text, start) else { return };
    let Some(value) = place::value(text, start, place.quote, VALUE_MAX) else { return };
    found.extend(judged(text, place.name, value, place.quote.is_some()));
}

/// The value behind a word that ends here or goes on: `password_2: …`.
pub(super) fn behind(text: &str, word_end: usize) -> Option<Seen> {
    let start = place::behind(text, word_end)?;
    let place = place::before(text, start)?;
    let value = place::value(text, start, place.quote, CHOSEN_MAX)?;
    judged(text, place.name, value, place.quote.is_some())
}

fn judged(text: &str, name: &str, value: Range<usize>, quoted: bool) -> Option<Seen> {
    let inside = text.get(value.clone())?;
    let (number, rule) = matching(name, |how| match how {
        How::Form(regex) => regex.is_match(inside) && is_given(inside),
        How::Random => value::is_random(inside) && (quoted || !value::is_code(inside)),
        How::Chosen => is_chosen(inside, quoted),
    })?;
    Some(seen(number, rule.kind, rule.severity, value))
}

/// A text that is the value of a member of this name.
pub(super) fn member(name: &str, text: &str) -> Option<Seen> {
    let value = text.trim();
    if value.is_empty() || value.len() > VALUE_MAX {
        return None;
    }
    let start = text.len() - text.trim_start().len();
    let bare = value.strip_prefix("Bearer ").unwrap_or(value);
    let (number, rule) = matching(name, |how| match how {
        How::Form(regex) => regex.is_match(value) && is_given(value),
        How::Random => value::is_random(bare),
        How::Chosen => value::is_password(name, value),
    })?;
    let skipped =
        if matches!(rule.how(), Some(How::Random)) { value.len() - bare.len() } else { 0 };
    Some(seen(number, rule.kind, rule.severity, start + skipped..start + value.len()))
}

fn seen(number: usize, kind: &'static str, severity: Severity, span: Range<usize>) -> Seen {
    Seen { rank: RANK_NAME + number, kind, severity, span, proof: Proof::Name }
}
