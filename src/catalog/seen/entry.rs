//! All that is known of one definition: what it is to be, what it is, and what an operator said of that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{News, Observed, Standing, Subject, Trust};
use crate::catalog::diff::{Change, Weight, diff};
use crate::catalog::fingerprint::Fingerprint;
use crate::catalog::kind::{Ruling, Staged};

/// One definition's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Definition {
    /// As it was sent.
    pub(super) text: String,
    pub(super) fingerprint: Fingerprint,
}

/// What is told now, and how that is not what it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Now {
    pub(super) definition: Definition,
    pub(super) changes: Vec<Change>,
}

/// All that is known of one definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What it is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pinned: Option<Definition>,
    /// What it is, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<Now>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) staged: Option<Staged>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Fingerprint>,
    /// Whether the last list of this session had it.
    #[serde(default)]
    pub(super) seen: bool,
    /// Whether it came with a list that is not complete yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) fresh: bool,
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        let pinned = self.pinned.as_ref().map_or(0, |pinned| pinned.text.len());
        pinned + self.now.as_ref().map_or(0, |now| now.definition.text.len())
    }

    pub(super) fn current(&self) -> Option<&Definition> {
        self.now.as_ref().map(|now| &now.definition).or(self.pinned.as_ref())
    }

    pub(super) fn standing(&self) -> Standing {
        let Some(now) = &self.now else { return Standing::Pinned };
        let now = &now.definition.fingerprint;
        if self.refused.as_ref() == Some(now) {
            Standing::Refused
        } else if self.staged.as_ref().is_some_and(|staged| staged.fingerprint == *now) {
            Standing::Staged
        } else if self.pinned.is_none() {
            Standing::New
        } else {
            Standing::Drifted
        }
    }

    /// Takes in what was seen of it first.
    pub(super) fn first(&mut self, definition: Definition, trust: Trust) {
        // Of one that an operator had something to say of, another text is no first one.
        let judged = self.refused.is_some() || self.staged.is_some();
        if trust == Trust::FirstUse && !judged {
            self.pinned = Some(definition);
        } else {
            self.now = Some(Now { definition, changes: Vec::new() });
        }
    }

    /// Takes in what is not the same text as before.
    pub(super) fn changed(&mut self, of: Subject<'_>, text: &str, room: bool) -> Option<Observed> {
        let new = Definition::new(text);
        let same = |known: Option<&Definition>| {
            known.is_some_and(|known| known.fingerprint == new.fingerprint)
        };
        if same(self.pinned.as_ref()) {
            return self.now.take().map(|_| self.news(of, News::Back));
        }
        if same(self.current()) {
            return None;
        }
        if !room {
            // Not what it was, whatever it is.
            let what = "a definition that is too long, or one too many, to be kept".to_owned();
            let (path, weight) = (String::new(), Weight::Meaning);
            let change = Change { path, what, weight, before: None, after: None };
            let definition = Definition { text: String::new(), fingerprint: new.fingerprint };
            let news =
                Observed::untold(of, Some(&definition.fingerprint), std::slice::from_ref(&change));
            self.now = Some(Now { definition, changes: vec![change] });
            return Some(news);
        }
        let pinned = self.pinned.as_ref();
        let changes = pinned.map(|pinned| changed(&pinned.text, text)).unwrap_or_default();
        self.now = Some(Now { definition: new, changes });
        Some(self.news(of, News::Drifted))
    }

    /// It was there before under another name: these are the changes since then.
    pub(super) fn renamed(&mut self, mut changes: Vec<Change>) {
        changes.retain(|change| change.path != "name");
        if changes.iter().all(|change| change.weight == Weight::Cosmetic) {
            return;
        }
        if let Some(definition) = self.pinned.take() {
            self.now = Some(Now { definition, changes });
        } else if let Some(now) = &mut self.now {
            now.changes = changes;
        }
    }

    pub(super) fn rule(&mut self, ruling: Ruling, at_us: u64) {
        let fingerprint = self.current().map(|now| now.fingerprint.clone());
        match ruling {
            // In this session both are the same: what it is now is what it is to be.
            Ruling::Approve | Ruling::Unpin => {
                if let Some(now) = self.now.take() {
                    self.pinned = Some(now.definition);
                }
                (self.staged, self.refused) = (None, None);
            }
            Ruling::Refuse => {
                (self.staged, self.refused) = (None, fingerprint);
                // What was pinned is not any more.
                if self.now.is_none() {
                    let pinned = self.pinned.take();
                    self.now = pinned.map(|definition| Now { definition, changes: Vec::new() });
                }
            }
            Ruling::Stage => {
                self.refused = None;
                self.staged =
                    fingerprint.map(|fingerprint| Staged { fingerprint, since_us: at_us });
            }
        }
    }

    pub(super) fn news(&self, of: Subject<'_>, news: News) -> Observed {
        let now = self.now.as_ref();
        Observed {
            kind: of.kind,
            name: of.name.to_owned(),
            news,
            fingerprint: self.current().map(|current| current.fingerprint.clone()),
            changes: now.map(|now| now.changes.clone()).unwrap_or_default(),
            was: None,
            standing: self.standing(),
        }
    }
}

impl Definition {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), fingerprint: Fingerprint::of(text) }
    }
}

pub(super) fn changed(before: &str, after: &str) -> Vec<Change> {
    let value = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    diff(&value(before), &value(after))
}
