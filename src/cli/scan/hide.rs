//! Secrets taken out of what a scan tells: the sentence or the command that was found may have one in it.

use crate::inspect::redact::untagged;
use crate::inspect::rule::SECRET;
use crate::inspect::secrets::{Pack, secrets_of};
use crate::inspect::{Report, walk};

/// The beginning of a secret tells it from so many bytes on: evidence may end in the middle of one.
const BEGINNING_BYTES_MIN: usize = 8;

/// Takes the secrets of an input, a JSON value or else a text, out of what was found in it.
pub(super) fn hide(report: &mut Report, input: &str, is_json: bool) {
    if report.found.is_empty() {
        return;
    }
    let mut known = Vec::new();
    if is_json {
        for text in walk::members(input) {
            learn(text.member.as_deref(), &text.text, &mut known);
        }
    } else {
        learn(None, input, &mut known);
    }
    for placed in report.found.iter_mut().filter(|placed| placed.found.rule != &SECRET) {
        let found = &mut placed.found;
        for told in std::iter::once(&mut found.evidence).chain(&mut found.because) {
            // What was encoded is a secret only as it is read.
            let mut all = known.clone();
            learn(None, told, &mut all);
            hide_in(told, all);
        }
    }
}

/// The secrets of a text, each with its marker.
fn learn(member: Option<&str>, text: &str, known: &mut Vec<(String, String)>) {
    for secret in secrets_of(member, text, &Pack::builtin()) {
        if let Some(value) = text.get(secret.span).filter(|value| !value.is_empty()) {
            known.push((value.to_owned(), untagged(&secret.kind, value.len())));
        }
    }
}

fn hide_in(told: &mut String, mut known: Vec<(String, String)>) {
    // One may be a part of another.
    known.sort_unstable_by_key(|(value, _)| usize::MAX - value.len());
    for (value, marker) in known {
        if told.contains(&value) {
            *told = told.replace(&value, &marker);
        }
        let whole = told.trim_end_matches('…');
        let mut beginnings = (BEGINNING_BYTES_MIN..value.len()).rev();
        let cut =
            beginnings.find(|len| value.get(..*len).is_some_and(|part| whole.ends_with(part)));
        if let Some(cut) = cut {
            told.truncate(whole.len() - cut);
            told.push_str(&marker);
        }
    }
}
