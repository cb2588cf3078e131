//! Secrets in any text: keys, tokens and passwords, told where they stand so that they can be hidden or held back.
//!
//! 1. Most of a text cannot be a secret and is passed over (`scan`): what remains are long runs of the characters that
//!    tokens are made of, and places behind a few words.
//! 2. Tokens with a form of their own are told by it, by their checksum where they have one, and by their entropy
//!    (`tokens.txt`). Others are told by the name that stands before them (`names.txt`), blocks of keys by their armour.
//! 3. What vendors print in their documentation, what stands for something else and what was obviously made up is none.
//! 4. What is encoded is decoded where its first characters say that it is text.
//!
//! **Linear** in the text: a token begins at an edge, so that no rule reads a byte more than a few times; all windows are
//! bounded. **Nothing is dropped**: spans do not overlap and are not empty, so there are never more than bytes, and a
//! secret that was not told would be shown.

mod block;
mod checksum;
mod disguise;
mod judge;
mod named;
mod pack;
mod scan;
mod tokens;
mod url;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::normal::Step;
use super::redact::{Find, Spot};
use super::rule::Severity;

pub use judge::entropy;
pub use pack::{Pack, PackError};

/// The ranks of what is found, smaller ones more specific: blocks have tokens in them, tokens count by their line.
const RANK_BLOCK: usize = 0;
const RANK_TOKEN: usize = 1;
const RANK_OWN: usize = 10_000;
const RANK_URL: usize = 20_000;
const RANK_NAME: usize = 30_000;

/// How sure it is that it is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// It stands where a secret stands: behind a password's name.
    Name,
    /// It has the form of one.
    Form,
    /// Its checksum holds.
    Checksum,
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is: `aws-access-key`, lower-case words joined by hyphens; for a rule of a user's pack its id.
    pub kind: Cow<'static, str>,
    /// Where in the text as it came, in bytes; of what is encoded all of the code.
    pub span: Range<usize>,
    /// What was undone to see it; nothing where it stands there as it is.
    pub steps: Vec<Step>,
    /// How bad it is where it may not stand.
    pub severity: Severity,
    /// How sure it is.
    pub proof: Proof,
}

/// One that a rule of this program saw.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// Of two that overlap the smaller counts.
    rank: usize,
    kind: &'static str,
    severity: Severity,
    span: Range<usize>,
    proof: Proof,
}

/// The secrets of a text that stands alone, in its order and without overlaps: the most specific counts.
#[must_use]
pub fn secrets(text: &str, pack: &Pack) -> Vec<Secret> {
    secrets_of(None, text, pack)
}

/// The secrets of a text that is the value of a member with this name: `"password": "…"`.
#[must_use]
pub fn secrets_of(name: Option<&str>, text: &str, pack: &Pack) -> Vec<Secret> {
    let mut all = Vec::new();
    if pack.has_builtin() {
        let mut found = Vec::new();
        let runs = scan::runs(text);
        scan::scan(text, &runs, &mut found);
        found.extend(name.and_then(|name| named::member(name, text)));
        let mut disguised = Vec::new();
        disguise::disguised(text, &runs, &mut disguised);
        let plain = found.into_iter().map(|seen| (Vec::new(), seen));
        let wanted = plain.chain(disguised).filter(|(_, seen)| pack.wants(seen.kind));
        all.extend(wanted.map(|(steps, seen)| (seen.rank, seen.told(steps))));
    }
    let own = pack.own(text).into_iter().map(|(at, secret)| (RANK_OWN + at, secret));
    all.extend(own);
    all.retain(|(_, secret)| !pack.allows(text, secret));
    without_overlaps(all)
}

impl Find for Pack {
    fn may(&self, line: &str) -> bool {
        self.may(line)
    }

    fn of(&self, name: Option<&str>, text: &str) -> Vec<Spot> {
        let all = secrets_of(name, text, self).into_iter();
        all.map(|secret| (secret.span, secret.kind.into_owned())).collect()
    }
}

impl Pack {
    /// Whether JSON may have a secret in one of its texts, told at nearly the speed of memory and without reading it.
    #[must_use]
    pub fn may(&self, json: &str) -> bool {
        // What a user's rules begin with is not known.
        self.has_own() || scan::may(json)
    }
}

impl Seen {
    fn told(self, steps: Vec<Step>) -> Secret {
        let kind = Cow::Borrowed(self.kind);
        Secret { kind, span: self.span, steps, severity: self.severity, proof: self.proof }
    }
}

/// Of those that overlap the most specific one, in clear rather than encoded, the longer of two such.
fn without_overlaps(mut all: Vec<(usize, Secret)>) -> Vec<Secret> {
    all.sort_by_key(|(rank, secret)| {
        let Range { start, end } = secret.span;
        (*rank, secret.steps.len(), usize::MAX - (end - start), start)
    });
    let mut kept: BTreeMap<usize, Secret> = BTreeMap::new();
    for (_, secret) in all {
        let Range { start, end } = secret.span;
        // What is kept does not overlap, so the last one that begins before this one's end is the one to look at.
        let last = kept.range(..end).next_back();
        if start < end && last.is_none_or(|(_, last)| last.span.end <= start) {
            kept.insert(start, secret);
        }
    }
    kept.into_values().collect()
}

#[cfg(test)]
mod tests;
