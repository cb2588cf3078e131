//! What a session was told of its tools, and what of that is not what it was told first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::diff::{Change, Weight, diff};
use super::fingerprint::Fingerprint;

/// Tools of one session that are kept; those of more are not compared, and their calls ask.
pub const TOOLS_MAX: usize = 4096;
/// Longest definition that is kept, in bytes; the longest of published servers have some 20 kB.
const DEFINITION_BYTES_MAX: usize = 256 * 1024;
/// All definitions of a session together.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Definition {
    /// As it was sent.
    text: String,
    fingerprint: Fingerprint,
}

/// A tool: what was first seen of it, and what is told now where that is something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tool {
    first: Definition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    now: Option<(Definition, Vec<Change>)>,
}

/// What a list said of a tool that it had not said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It was not there before; what it is from now on has to be this.
    New,
    /// It is not what was first seen.
    Drifted,
    /// It is what was first seen, again.
    Back,
    /// It cannot be kept: it is too long, or there are too many tools.
    Untold,
}

/// News of one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Its name.
    pub tool: String,
    /// What is new.
    pub news: News,
    /// The fingerprint of what it is now, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What changed since it was first seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// A tool that is not what it was.
#[derive(Debug, Clone, Copy)]
pub struct Drift<'a> {
    /// What it is now.
    pub fingerprint: &'a Fingerprint,
    /// What changed.
    pub changes: &'a [Change],
    /// Whether anything but its looks did.
    pub matters: bool,
}

/// All tools of a session, by server and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    servers: BTreeMap<String, BTreeMap<String, Tool>>,
    /// Bytes of all that is kept.
    #[serde(default)]
    kept: usize,
    /// Servers whose pins could not be read, or whose tools cannot be kept: what these are to be is not known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unknown: BTreeSet<String>,
}

impl Catalog {
    /// Takes in what a tool is to be, as an earlier session left it. What this one saw already stays.
    pub fn pin(&mut self, server: &str, name: &str, text: &str) {
        if self.definition(server, name).is_some() {
            return;
        }
        if !self.has_room(text) {
            self.unknown(server);
            return;
        }
        self.kept += text.len();
        let tools = self.servers.entry(server.to_owned()).or_default();
        tools.insert(name.to_owned(), Tool { first: Definition::new(text), now: None });
    }

    /// Whether one more definition may be kept.
    fn has_room(&self, text: &str) -> bool {
        let tools: usize = self.servers.values().map(BTreeMap::len).sum();
        tools < TOOLS_MAX
            && text.len() <= DEFINITION_BYTES_MAX
            && self.kept + text.len() <= KEPT_BYTES_MAX
    }

    /// What the tools of this server are to be is not known.
    pub fn unknown(&mut self, server: &str) {
        self.unknown.insert(server.to_owned());
    }

    /// Whether what the tools of this server are to be is not known.
    #[must_use]
    pub fn is_unknown(&self, server: &str) -> bool {
        self.unknown.contains(server)
    }

    /// What a tool is to be, as it was sent.
    #[must_use]
    pub fn definition(&self, server: &str, name: &str) -> Option<&str> {
        Some(self.servers.get(server)?.get(name)?.first.text.as_str())
    }

    /// Takes a definition in that a server sent, and says what is new of it.
    pub fn observe(&mut self, server: &str, name: &str, text: &str) -> Option<Observed> {
        let room = self.has_room(text);
        let observed = |news, fingerprint: Option<&Fingerprint>, changes: &[Change]| Observed {
            tool: name.to_owned(),
            news,
            fingerprint: fingerprint.cloned(),
            changes: changes.to_vec(),
        };
        let Some(tool) = self.servers.get_mut(server).and_then(|tools| tools.get_mut(name)) else {
            if !room {
                self.unknown(server);
                return Some(observed(News::Untold, None, &[]));
            }
            let first = Definition::new(text);
            let news = observed(News::New, Some(&first.fingerprint), &[]);
            self.kept += text.len();
            let tools = self.servers.entry(server.to_owned()).or_default();
            tools.insert(name.to_owned(), Tool { first, now: None });
            return Some(news);
        };
        // The same bytes need no second look.
        let now = tool.now.as_ref().map_or(&tool.first, |(now, _)| now);
        if now.text == text {
            return None;
        }
        let new = Definition::new(text);
        if new.fingerprint == tool.first.fingerprint {
            let was = tool.now.take();
            return was.map(|(now, _)| {
                self.kept = self.kept.saturating_sub(now.text.len());
                observed(News::Back, Some(&new.fingerprint), &[])
            });
        }
        if now.fingerprint == new.fingerprint {
            return None;
        }
        if !room {
            // Not what it was, whatever it is.
            let what = "a definition that is too long, or one too many, to be kept".to_owned();
            let (path, weight) = (String::new(), Weight::Meaning);
            let change = Change { path, what, weight, before: None, after: None };
            let now = Definition { text: String::new(), fingerprint: new.fingerprint.clone() };
            tool.now = Some((now, vec![change.clone()]));
            self.unknown(server);
            return Some(observed(News::Untold, Some(&new.fingerprint), &[change]));
        }
        let changes = changed(&tool.first.text, text);
        let news = observed(News::Drifted, Some(&new.fingerprint), &changes);
        let before = tool.now.replace((new, changes)).map_or(0, |(now, _)| now.text.len());
        self.kept = (self.kept + text.len()).saturating_sub(before);
        Some(news)
    }

    /// How a tool is not what it was, where it is not.
    #[must_use]
    pub fn drift(&self, server: &str, name: &str) -> Option<Drift<'_>> {
        let (now, changes) = self.servers.get(server)?.get(name)?.now.as_ref()?;
        let matters = changes.iter().any(|change| change.weight == Weight::Meaning);
        Some(Drift { fingerprint: &now.fingerprint, changes, matters })
    }

    /// Takes what a tool is now for what it is to be, if it has this fingerprint; `false` if it has not.
    pub fn accept(&mut self, server: &str, name: &str, fingerprint: &str) -> bool {
        let tool = self.servers.get_mut(server).and_then(|tools| tools.get_mut(name));
        let Some(tool) = tool else { return false };
        match tool.now.take() {
            Some((now, _)) if now.fingerprint.hex() == fingerprint => {
                self.kept = self.kept.saturating_sub(tool.first.text.len());
                tool.first = now;
                true
            }
            other => {
                tool.now = other;
                false
            }
        }
    }

    /// What was first seen of a tool that is something else now, as it was sent.
    #[must_use]
    pub fn first(&self, server: &str, name: &str) -> Option<&str> {
        let tool = self.servers.get(server)?.get(name)?;
        tool.now.as_ref().map(|_| tool.first.text.as_str())
    }
}

impl Definition {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), fingerprint: Fingerprint::of(text) }
    }
}

fn changed(before: &str, after: &str) -> Vec<Change> {
    let value = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    diff(&value(before), &value(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_new_then_itself_then_drifted_then_back() {
        let mut catalog = Catalog::default();
        let plain = r#"{"name":"a","description":"x"}"#;
        let news = |seen: Option<Observed>| seen.map(|seen| seen.news);
        assert_eq!(news(catalog.observe("s", "a", plain)), Some(News::New));
        assert_eq!(news(catalog.observe("s", "a", plain)), None);
        assert_eq!(news(catalog.observe("s", "a", r#"{"description":"x", "name":"a"}"#)), None);
        assert!(catalog.drift("s", "a").is_none() && catalog.first("s", "a").is_none());
        let other = r#"{"name":"a","description":"y"}"#;
        assert_eq!(news(catalog.observe("s", "a", other)), Some(News::Drifted));
        assert_eq!(news(catalog.observe("s", "a", other)), None, "it was told");
        assert!(catalog.drift("s", "a").is_some_and(|drift| drift.matters));
        assert_eq!(catalog.first("s", "a"), Some(plain));
        let title = r#"{"name":"a","description":"x","title":"T"}"#;
        assert_eq!(news(catalog.observe("s", "a", title)), Some(News::Drifted));
        assert!(catalog.drift("s", "a").is_some_and(|drift| !drift.matters));
        assert_eq!(news(catalog.observe("s", "a", plain)), Some(News::Back));
        assert!(catalog.drift("s", "a").is_none());
        // Another server's is another tool.
        assert_eq!(news(catalog.observe("t", "a", other)), Some(News::New));
    }

    #[test]
    fn what_cannot_be_kept_makes_its_server_unknown() {
        let long = format!(r#"{{"name":"a","x":"{}"}}"#, "y".repeat(DEFINITION_BYTES_MAX));
        let mut catalog = Catalog::default();
        assert_eq!(catalog.observe("s", "a", &long).unwrap().news, News::Untold);
        assert!(catalog.is_unknown("s") && !catalog.is_unknown("t"));
        // Known first, then too long: it is neither taken for the same nor kept, and shown as it was.
        catalog.observe("t", "a", r#"{"name":"a"}"#);
        assert_eq!(catalog.observe("t", "a", &long).unwrap().news, News::Untold);
        assert!(catalog.is_unknown("t") && catalog.first("t", "a").is_some());
        assert_eq!(catalog.definition("t", "a"), Some(r#"{"name":"a"}"#));
        let half = format!(r#""{}""#, "y".repeat(DEFINITION_BYTES_MAX / 2));
        let mut catalog = Catalog::default();
        let most = KEPT_BYTES_MAX / half.len();
        for n in 0..most {
            assert_eq!(catalog.observe("s", &n.to_string(), &half).unwrap().news, News::New);
        }
        assert_eq!(catalog.observe("s", "more", &half).unwrap().news, News::Untold);
        assert!(catalog.kept <= KEPT_BYTES_MAX);
        // Many short ones as well.
        let mut catalog = Catalog::default();
        for n in 0..=TOOLS_MAX {
            catalog.observe("s", &n.to_string(), "{}");
        }
        assert!(catalog.is_unknown("s"));
    }
}
