//! What a session was told of its servers' definitions, and what of that is not what it is to be.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alike::{Alike, alike, is_renamed};
use super::diff::{Change, Weight};
use super::fingerprint::Fingerprint;
use super::kind::{Kind, Pin, Ruling};

mod entry;

use entry::{Definition, Entry, Now, changed};

/// Definitions of one session that are kept; those of more are not compared, and calls of their servers ask.
pub const TOOLS_MAX: usize = 4096;
/// Longest definition that is kept, in bytes; the longest of published servers have some 20 kB.
const DEFINITION_BYTES_MAX: usize = 256 * 1024;
/// All definitions of a session together.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// New names of a list that are looked for under an old one; a server that renames more is as good as another.
const RENAMED_MAX: usize = 64;
/// Names that are told of as read for another; those of more say no more.
const ALIKE_MAX: usize = 8;

/// Which definition: whose, of what, by which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// What the server is known by in this session: its name and command line.
    pub server: &'a str,
    /// Of what.
    pub kind: Kind,
    /// Its name; empty for the kinds of which a server has one.
    pub name: &'a str,
}

impl<'a> Subject<'a> {
    /// A tool's.
    #[must_use]
    pub const fn tool(server: &'a str, name: &'a str) -> Self {
        Self { server, kind: Kind::Tool, name }
    }
}

/// What becomes of a definition that nothing is known of, from easy to strict.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "trust")]
pub enum Trust {
    /// It is what it is to be.
    #[default]
    FirstUse,
    /// Its calls ask until an operator approves it.
    Ask,
    /// Its calls are denied until an operator approves it.
    Locked,
}

/// What a list said that it had not said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It was not there before.
    New,
    /// It is not what it is to be.
    Drifted,
    /// It is what it is to be, again.
    Back,
    /// It is not there any more.
    Gone,
    /// It is new under this name, and was there before under another.
    Renamed,
    /// It cannot be kept: it is too long, or there are too many.
    Untold,
}

/// News of one definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Of what.
    #[serde(default, skip_serializing_if = "Kind::is_tool")]
    pub kind: Kind,
    /// Its name.
    #[serde(rename = "tool")]
    pub name: String,
    /// What is new.
    pub news: News,
    /// The fingerprint of what it is now, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What changed since it was pinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Its name before, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Where it stands from now on.
    #[serde(default, skip_serializing_if = "Standing::is_pinned")]
    pub standing: Standing,
}

/// Where a definition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is what it is to be.
    #[default]
    Pinned,
    /// Nobody said what it is to be.
    New,
    /// It is not what it is to be.
    Drifted,
    /// The same, and let pass for a while.
    Staged,
    /// An operator refused what it is.
    Refused,
}

impl Standing {
    /// Whether it is the one that a stored word leaves out.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        *self == Self::Pinned
    }

    /// The word for panes and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::New => "new",
            Self::Drifted => "drifted",
            Self::Staged => "staged",
            Self::Refused => "refused",
        }
    }
}

/// A definition that is not what it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Drift<'a> {
    /// Where it stands; never pinned.
    pub standing: Standing,
    /// What it is now.
    pub fingerprint: &'a Fingerprint,
    /// What changed; nothing where there is nothing to compare it with.
    pub changes: &'a [Change],
    /// Whether anything but its looks did.
    pub matters: bool,
    /// Since when it is let pass, in microseconds since the Unix epoch.
    pub since_us: Option<u64>,
}

/// All definitions of a session, by server, kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    servers: BTreeMap<String, BTreeMap<Kind, BTreeMap<String, Entry>>>,
    /// Bytes of all that is kept.
    #[serde(default)]
    kept: usize,
    /// Definitions that are kept.
    #[serde(default)]
    count: usize,
    /// Servers whose pins could not be read, or whose definitions cannot be kept: what these are to be is not known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unknown: BTreeSet<String>,
}

impl Catalog {
    fn entry(&self, of: Subject<'_>) -> Option<&Entry> {
        self.servers.get(of.server)?.get(&of.kind)?.get(of.name)
    }

    /// Templates that are not what they are to be and that may have this address: from the beginning to the first
    /// variable it is the same, whatever the case of its letters. Where variables come first every address may be
    /// one, and an address that cannot be read may be of any.
    pub fn drifted_templates<'a>(
        &'a self,
        server: &str,
        uri: Option<&'a str>,
    ) -> impl Iterator<Item = &'a str> {
        let may_be_of = move |template: &str| {
            let literal = template.split('{').next().unwrap_or_default().as_bytes();
            let begins = |uri: &str| {
                let head = uri.as_bytes().get(..literal.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(literal))
            };
            uri.is_none_or(begins)
        };
        let all = self.servers.get(server).and_then(|kinds| kinds.get(&Kind::Template));
        let drifted = all.into_iter().flatten().filter(|(_, entry)| entry.now.is_some());
        drifted.map(|(template, _)| template.as_str()).filter(move |template| may_be_of(template))
    }

    fn entry_mut(&mut self, of: Subject<'_>) -> Option<&mut Entry> {
        self.servers.get_mut(of.server)?.get_mut(&of.kind)?.get_mut(of.name)
    }

    /// Takes in what a definition is to be, as an earlier session left it. What this one saw already stays.
    pub fn pin(&mut self, of: Subject<'_>, pin: &Pin) {
        if self.entry(of).is_some() {
            return;
        }
        // It may come from a file that people read; what is served of it is put into one line.
        let text = pin.text.as_ref().map(|text| text.replace(['\n', '\r'], " "));
        if !self.has_room(text.as_deref().unwrap_or_default()) {
            self.unknown(of.server);
            return;
        }
        let entry = Entry {
            pinned: text.as_deref().map(Definition::new),
            staged: pin.staged.clone(),
            refused: pin.refused.clone(),
            ..Entry::default()
        };
        self.insert(of, entry);
    }

    fn insert(&mut self, of: Subject<'_>, entry: Entry) {
        self.kept += entry.bytes();
        self.count += 1;
        let kinds = self.servers.entry(of.server.to_owned()).or_default();
        kinds.entry(of.kind).or_default().insert(of.name.to_owned(), entry);
    }

    /// What is to be kept of a definition for later sessions; `None`: nothing is known of it.
    #[must_use]
    pub fn kept(&self, of: Subject<'_>) -> Option<Pin> {
        let entry = self.entry(of)?;
        Some(Pin {
            text: entry.pinned.as_ref().map(|pinned| pinned.text.clone()),
            approval: None,
            staged: entry.staged.clone(),
            refused: entry.refused.clone(),
        })
    }

    /// Whether one more definition may be kept.
    fn has_room(&self, text: &str) -> bool {
        self.count < TOOLS_MAX
            && text.len() <= DEFINITION_BYTES_MAX
            && self.kept + text.len() <= KEPT_BYTES_MAX
    }

    /// What the definitions of this server are to be is not known.
    pub fn unknown(&mut self, server: &str) {
        self.unknown.insert(server.to_owned());
    }

    /// Whether what the definitions of this server are to be is not known.
    #[must_use]
    pub fn is_unknown(&self, server: &str) -> bool {
        self.unknown.contains(server)
    }

    /// What a definition is to be, as it was sent.
    #[must_use]
    pub fn definition(&self, of: Subject<'_>) -> Option<&str> {
        Some(self.entry(of)?.pinned.as_ref()?.text.as_str())
    }

    /// The fingerprint of the same, as hex digits.
    #[must_use]
    pub fn fingerprint(&self, of: Subject<'_>) -> Option<String> {
        Some(self.entry(of)?.current()?.fingerprint.hex().to_owned())
    }

    /// What the last list said, as it was sent; what it is to be where no list said anything.
    #[must_use]
    pub fn current(&self, of: Subject<'_>) -> Option<&str> {
        Some(self.entry(of)?.current()?.text.as_str())
    }

    /// Takes a definition in that a server sent, and says what is new of it.
    pub fn observe(&mut self, of: Subject<'_>, text: &str, trust: Trust) -> Option<Observed> {
        let room = self.has_room(text);
        let Some(entry) = self.entry_mut(of) else {
            if !room {
                self.unknown(of.server);
                return Some(Observed::untold(of, None, &[]));
            }
            let mut entry = Entry { seen: true, fresh: true, ..Entry::default() };
            entry.first(Definition::new(text), trust);
            let news = entry.news(of, News::New);
            self.insert(of, entry);
            return Some(news);
        };
        let first = !entry.seen;
        entry.seen = true;
        let before = entry.bytes();
        let news = match entry.current().map(|current| current.text == text) {
            // The same bytes need no second look.
            Some(true) => None,
            Some(false) => entry.changed(of, text, room),
            // Only what an operator refused or staged is known of it.
            None => {
                entry.first(Definition::new(text), trust);
                Some(entry.news(of, News::New))
            }
        };
        let drifted = entry.now.is_some() && first && news.is_none();
        let news = if drifted { Some(entry.news(of, News::Drifted)) } else { news };
        let after = entry.bytes();
        self.kept = (self.kept + after).saturating_sub(before);
        if news.as_ref().is_some_and(|news| news.news == News::Untold) {
            self.unknown(of.server);
        }
        news
    }

    /// A list is complete with these names: what is not among them is gone, and what is new may be one of those
    /// under another name. A new name does not make another definition a first one: where more than the name
    /// changed, nobody approved it.
    pub fn complete(
        &mut self,
        server: &str,
        kind: Kind,
        names: &BTreeSet<String>,
    ) -> Vec<Observed> {
        let entries = self.servers.get_mut(server).and_then(|kinds| kinds.get_mut(&kind));
        let Some(entries) = entries else { return Vec::new() };
        let absent = entries.iter().filter(|(name, _)| !names.contains(*name));
        let mut before: Vec<(String, String)> = absent
            .filter_map(|(name, entry)| Some((name.clone(), entry.pinned.as_ref()?.text.clone())))
            .collect();
        let mut all = Vec::new();
        let mut left = RENAMED_MAX;
        before.truncate(RENAMED_MAX);
        for (name, entry) in entries.iter_mut() {
            let of = Subject { server, kind, name };
            if entry.seen && !names.contains(name) {
                entry.seen = false;
                all.push(entry.news(of, News::Gone));
            }
            let fresh = std::mem::take(&mut entry.fresh) && left > 0 && !before.is_empty();
            left -= usize::from(fresh);
            if fresh
                && let Some(text) = entry.current().map(|current| current.text.clone())
                && let Some(at) = before.iter().position(|(_, old)| is_renamed(old, &text))
            {
                let (was, old) = before.swap_remove(at);
                entry.renamed(changed(&old, &text));
                all.push(Observed { was: Some(was), ..entry.news(of, News::Renamed) });
            }
        }
        all
    }

    /// How a definition is not what it is to be, where it is not.
    #[must_use]
    pub fn drift(&self, of: Subject<'_>) -> Option<Drift<'_>> {
        let entry = self.entry(of)?;
        let Now { definition, changes } = entry.now.as_ref()?;
        let since_us = entry.staged.as_ref().map(|staged| staged.since_us);
        Some(Drift {
            standing: entry.standing(),
            fingerprint: &definition.fingerprint,
            changes,
            matters: changes.is_empty()
                || changes.iter().any(|change| change.weight == Weight::Meaning),
            since_us: since_us.filter(|_| entry.standing() == Standing::Staged),
        })
    }

    /// What an operator says of a definition, if it is what was shown; `false` if it is not.
    pub fn rule(&mut self, of: Subject<'_>, fingerprint: &str, ruling: Ruling, at_us: u64) -> bool {
        let Some(entry) = self.entry_mut(of) else { return false };
        let shown = entry.current().is_some_and(|now| now.fingerprint.hex() == fingerprint);
        if !shown {
            return false;
        }
        let before = entry.bytes();
        entry.rule(ruling, at_us);
        let after = entry.bytes();
        self.kept = (self.kept + after).saturating_sub(before);
        true
    }

    /// Lets what a definition is now pass for a while, unless it is already known to be that.
    pub fn stage(&mut self, of: Subject<'_>, at_us: u64) {
        if let Some(entry) = self.entry_mut(of)
            && entry.standing() == Standing::Drifted
        {
            // Another change is no new grace.
            let since_us = entry.staged.as_ref().map_or(at_us, |staged| staged.since_us);
            entry.rule(Ruling::Stage, since_us);
        }
    }

    /// Names of other tools of the session that are read for this one, with their servers.
    #[must_use]
    pub fn look_alikes(&self, of: Subject<'_>) -> Vec<(String, String, Alike)> {
        let mut found = Vec::new();
        for (server, kinds) in &self.servers {
            let Some(entries) = kinds.get(&of.kind) else { continue };
            let own = server == of.server;
            for name in entries.keys() {
                // Plain names of one server are meant to be told apart.
                if own && name.is_ascii() && of.name.is_ascii() {
                    continue;
                }
                let alike = if own && name == of.name { None } else { alike(of.name, name) };
                // Names of one server that differ by a letter are meant to be told apart.
                let alike = alike.filter(|alike| !own || *alike == Alike::Confusable);
                found.extend(alike.map(|alike| (server.clone(), name.clone(), alike)));
                if found.len() == ALIKE_MAX {
                    return found;
                }
            }
        }
        found
    }

    /// The tools of all other servers than this one, by their names, each with a server that has it; no name that this one
    /// has as well.
    #[must_use]
    pub fn tools_of_others(&self, server: &str) -> BTreeMap<&str, &str> {
        let own = self.servers.get(server).and_then(|kinds| kinds.get(&Kind::Tool));
        let others = self.servers.iter().filter(|(other, _)| *other != server);
        let named = others.flat_map(|(other, kinds)| {
            let names = kinds.get(&Kind::Tool).into_iter().flat_map(BTreeMap::keys);
            names.map(move |name| (name.as_str(), other.as_str()))
        });
        named.filter(|(name, _)| !own.is_some_and(|own| own.contains_key(*name))).collect()
    }

    /// What all other servers than this one say now, and what of.
    pub fn of_others<'a>(
        &'a self,
        server: &'a str,
    ) -> impl Iterator<Item = (Subject<'a>, &'a str)> {
        let others = self.servers.iter().filter(move |(other, _)| *other != server);
        let named = others.flat_map(|(server, kinds)| {
            kinds.iter().flat_map(move |(kind, entries)| {
                entries
                    .iter()
                    .map(move |(name, entry)| (Subject { server, kind: *kind, name }, entry))
            })
        });
        let read = named.filter(|(of, _)| of.kind != Kind::Identity);
        read.filter_map(|(of, entry)| Some((of, entry.current()?.text.as_str())))
    }

    /// Takes back that a definition was approved by being seen first.
    pub fn doubt(&mut self, of: Subject<'_>) {
        if let Some(entry) = self.entry_mut(of)
            && entry.now.is_none()
        {
            let pinned = entry.pinned.take();
            entry.now = pinned.map(|definition| Now { definition, changes: Vec::new() });
        }
    }

    /// What a definition is to be that is something else now, as it was sent.
    #[must_use]
    pub fn first(&self, of: Subject<'_>) -> Option<&str> {
        let entry = self.entry(of)?;
        entry.now.as_ref()?;
        Some(entry.pinned.as_ref()?.text.as_str())
    }
}

impl Observed {
    fn untold(of: Subject<'_>, fingerprint: Option<&Fingerprint>, changes: &[Change]) -> Self {
        Self {
            kind: of.kind,
            name: of.name.to_owned(),
            news: News::Untold,
            fingerprint: fingerprint.cloned(),
            changes: changes.to_vec(),
            was: None,
            standing: Standing::Drifted,
        }
    }
}

#[cfg(test)]
mod tests;
