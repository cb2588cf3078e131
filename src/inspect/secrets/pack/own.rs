//! A user's rules at work.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use regex::Regex;

use crate::inspect::rule::Severity;
use crate::inspect::secrets::{Proof, Secret, entropy};

/// Around a keyword so much is read, in bytes: names before, keys of some kilobytes behind.
const BEFORE: usize = 256;
const BEHIND: usize = 4 * 1024;
/// One search reads so much at most; the next begins so far before its end.
const WINDOW: usize = 16 * 1024;
const OVERLAP: usize = 4 * 1024;

/// What an exception is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Secret,
    Match,
    Line,
}

/// An exception.
#[derive(Debug, Clone)]
pub(super) struct Allow {
    /// All of its conditions have to hold.
    pub(super) all: bool,
    pub(super) target: Target,
    pub(super) regexes: Vec<Regex>,
    /// In small letters.
    pub(super) stopwords: Vec<String>,
    /// For these rules; for all where there are none.
    pub(super) rules: BTreeSet<String>,
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct OwnRule {
    pub(super) id: String,
    pub(super) regex: Regex,
    /// Which group is the secret; else the first that matched, else all.
    pub(super) group: Option<usize>,
    /// In 1/100 bits.
    pub(super) entropy: u64,
    pub(super) keywords: Vec<String>,
    pub(super) allow: Vec<Allow>,
}

/// Rules and exceptions.
#[derive(Debug, Clone)]
pub(super) struct Own {
    rules: Vec<OwnRule>,
    allow: Vec<Allow>,
    keywords: Option<AhoCorasick>,
    /// Which rule each keyword is of.
    owners: Vec<usize>,
}

impl Own {
    pub(super) fn new(rules: Vec<OwnRule>, allow: Vec<Allow>) -> Self {
        let of = |(at, rule): (usize, &OwnRule)| {
            rule.keywords.iter().map(move |word| (at, word.clone())).collect::<Vec<_>>()
        };
        let (owners, words): (Vec<usize>, Vec<String>) =
            rules.iter().enumerate().flat_map(of).unzip();
        let keywords = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok();
        Self { rules, allow, keywords, owners }
    }

    /// What they find, each with the number of its rule.
    pub(super) fn find(&self, text: &str) -> Vec<(usize, Secret)> {
        let mut found = Vec::new();
        for (at, (rule, regions)) in self.rules.iter().zip(self.regions(text)).enumerate() {
            for region in regions {
                rule.find(text, &region, &mut |secret| found.push((at, secret)));
            }
        }
        found
    }

    /// Where each rule is to look: around its keywords, or everywhere where it has none.
    fn regions(&self, text: &str) -> Vec<Vec<Range<usize>>> {
        let whole = |rule: &OwnRule| {
            let everywhere = self.keywords.is_none() || rule.keywords.is_empty();
            everywhere.then_some(0..text.len()).into_iter().collect()
        };
        let mut regions: Vec<Vec<Range<usize>>> = self.rules.iter().map(whole).collect();
        for hit in self.keywords.iter().flat_map(|all| all.find_overlapping_iter(text)) {
            let owner = self.owners.get(hit.pattern().as_usize());
            let Some(regions) = owner.and_then(|owner| regions.get_mut(*owner)) else { continue };
            let begin = text.floor_char_boundary(hit.start().saturating_sub(BEFORE));
            let end = text.ceil_char_boundary(hit.end().saturating_add(BEHIND));
            match regions.last_mut() {
                Some(last) if begin <= last.end => last.end = last.end.max(end),
                _ => regions.push(begin..end),
            }
        }
        regions
    }

    /// Whether an exception for all rules fits.
    pub(super) fn allows(&self, text: &str, secret: &Secret) -> bool {
        let inside = text.get(secret.span.clone()).unwrap_or_default();
        self.allow.iter().any(|allow| {
            (allow.rules.is_empty() || allow.rules.contains(secret.kind.as_ref()))
                && allow.fits(inside, inside, || line(text, &secret.span))
        })
    }
}

impl OwnRule {
    fn find(&self, text: &str, region: &Range<usize>, tell: &mut dyn FnMut(Secret)) {
        let mut at = region.start;
        while at < region.end {
            let end = text.floor_char_boundary(region.end.min(at.saturating_add(WINDOW)));
            let Some(window) = text.get(..end) else { return };
            let Some(read) = self.regex.captures_at(window, at) else {
                if end >= region.end {
                    return;
                }
                // A match may have begun in this window and end in the next.
                at = text.ceil_char_boundary(end.saturating_sub(OVERLAP).max(at + 1));
                continue;
            };
            let Some(whole) = read.get(0) else { return };
            let secret = match self.group {
                Some(group) => read.get(group),
                None => {
                    read.iter().skip(1).flatten().find(|group| !group.is_empty()).or(Some(whole))
                }
            };
            if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
                let line = || line(text, &whole.range());
                let allowed = self
                    .allow
                    .iter()
                    .any(|allow| allow.fits(secret.as_str(), whole.as_str(), line));
                if entropy(secret.as_str()) >= self.entropy && !allowed {
                    tell(self.told(secret.range()));
                }
            }
            at = text.ceil_char_boundary(whole.end().max(at + 1));
        }
    }

    fn told(&self, span: Range<usize>) -> Secret {
        let kind = Cow::Owned(self.id.clone());
        Secret { kind, span, steps: Vec::new(), severity: Severity::High, proof: Proof::Form }
    }
}

impl Allow {
    fn fits<'t>(&self, secret: &'t str, whole: &'t str, line: impl Fn() -> &'t str) -> bool {
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => whole,
            Target::Line => line(),
        };
        let regex = self.regexes.iter().any(|regex| regex.is_match(target));
        let lower = secret.to_lowercase();
        let stop = self.stopwords.iter().any(|word| lower.contains(word));
        if self.all {
            (self.regexes.is_empty() || regex) && (self.stopwords.is_empty() || stop)
        } else {
            regex || stop
        }
    }
}

/// The line around a part, at most [`BEHIND`] bytes to each side.
fn line<'t>(text: &'t str, part: &Range<usize>) -> &'t str {
    let begin = text.ceil_char_boundary(part.start.saturating_sub(BEHIND));
    let end = text.floor_char_boundary(part.end.saturating_add(BEHIND));
    let before = text.get(begin..part.start).unwrap_or_default();
    let behind = text.get(part.end..end).unwrap_or_default();
    let begin = before.rfind('\n').map_or(begin, |at| begin + at + 1);
    let end = behind.find('\n').map_or(end, |at| part.end + at);
    text.get(begin..end).unwrap_or_default()
}
