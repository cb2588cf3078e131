//! What the servers of each session defined, and where each definition stands: the fold of what the engine recorded
//! of them, so that live view and replay tell the same at the same record.
//!
//! Texts are not kept. A definition knows the fingerprint of what it is to be and of what it is now, and the record
//! that has each text; what is shown of it is read from there and compared by fingerprint.

mod listed;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::{Change, Fingerprint, Kind, News, Observed, Pins, Ruling, Standing, Weight};
use crate::console::model::{Place, SessionId, names};
use crate::engine::{At, Facts, Finding, Ruled};
use crate::journal::Raw;
use crate::protocol::method;
use crate::text::Safe;
use crate::wire::ControlWord;

pub use listed::{Attention, Group, Line, Listed};

/// Definitions of a session that are listed: as many as the engine keeps of one.
pub const DEFINITIONS_MAX: usize = crate::catalog::TOOLS_MAX;
/// The rule of names that are read for each other.
const LOOK_ALIKE: &str = "builtin.look-alike";

/// Which definition, of all sessions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Whose.
    pub session: SessionId,
    /// What the agent calls the server.
    pub server: String,
    /// Of what.
    pub kind: Kind,
    /// Its name, as it came; empty for the kinds of which a server has one.
    pub name: String,
}

impl Key {
    /// What the gate is told of it, as it is under this fingerprint.
    #[must_use]
    pub fn ruled(&self, fingerprint: &str, ruling: Ruling) -> ControlWord {
        ControlWord::Rule {
            server: self.server.clone(),
            kind: self.kind.word().to_owned(),
            name: self.name.clone(),
            fingerprint: fingerprint.to_owned(),
            ruling: ruling.word().to_owned(),
        }
    }
}

/// A definition's text: its fingerprint, and the record that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// 64 hex digits.
    pub fingerprint: String,
    /// Where it was recorded.
    pub place: Place,
}

impl Text {
    /// Enough of the fingerprint to tell two apart at a glance.
    #[must_use]
    pub fn short(&self) -> Safe {
        Safe::escape(self.fingerprint.get(..12).unwrap_or_default())
    }
}

/// Who said last what a definition is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What was said; `None`: it was taken for what it is to be in an earlier session.
    pub ruling: Option<Ruling>,
    /// By whom.
    pub by: Safe,
    /// When.
    pub at: At,
}

/// Where a definition stands, the one that needs an operator first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is not what it is to be.
    Changed,
    /// Nobody said what it is to be.
    New,
    /// It changed, and is let pass for a while.
    Staged,
    /// An operator refused what it is.
    Refused,
    /// It is what it is to be, and has a name that is read for another.
    Shadows,
    /// It is what it is to be.
    Pinned,
    /// The last list did not have it.
    Gone,
}

impl State {
    /// The word for panes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "CHANGED",
            Self::New => "new",
            Self::Staged => "staged",
            Self::Refused => "refused",
            Self::Shadows => "shadows",
            Self::Pinned => "pinned",
            Self::Gone => "gone",
        }
    }

    /// Its place in a list: what needs an operator, in its order, before everything else.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Changed => 0,
            Self::New => 1,
            Self::Staged => 2,
            Self::Refused => 3,
            Self::Shadows | Self::Pinned | Self::Gone => 4,
        }
    }
}

/// One definition.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name, to look at.
    pub shown: Safe,
    /// Where the engine says it stands.
    pub standing: Standing,
    /// Whether the last list did not have it.
    pub gone: bool,
    /// Whether the agent is not shown it.
    pub hidden: bool,
    /// Whose name it is read for, in the finding's words.
    pub shadows: Option<Safe>,
    /// Its name before.
    pub was: Option<Safe>,
    /// What it is to be; of a renamed one that nobody approved yet, what it was under its name before.
    pub to_be: Option<Text>,
    /// What it is now; `None` where it could not be kept.
    pub now: Option<Text>,
    /// What changed, as the record tells: values are cut there.
    pub changes: Vec<Change>,
    /// When it was seen first, by records of this session or its pin.
    pub first_seen: Option<At>,
    /// When a list had it last, in this session.
    pub last_seen: Option<At>,
    /// Who said last what it is to be.
    pub said: Option<Said>,
}

impl Definition {
    /// Where it stands, in one word.
    #[must_use]
    pub fn state(&self) -> State {
        match self.standing {
            _ if self.gone => State::Gone,
            Standing::Drifted => State::Changed,
            Standing::New => State::New,
            Standing::Staged => State::Staged,
            Standing::Refused => State::Refused,
            Standing::Pinned if self.shadows.is_some() => State::Shadows,
            Standing::Pinned => State::Pinned,
        }
    }

    /// The fingerprint of what it is now.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.now.as_ref().map(|now| now.fingerprint.as_str())
    }

    /// Whether nothing but its looks changed: the engine asks nobody about it.
    #[must_use]
    pub fn looks_only(&self) -> bool {
        !self.changes.is_empty()
            && self.changes.iter().all(|change| change.weight == Weight::Cosmetic)
    }

    fn new(kind: Kind, name: &str) -> Self {
        let shown = match kind {
            Kind::Tool | Kind::Prompt | Kind::Template => names::identifier(name),
            Kind::Server => Safe::word("(what it says of itself)"),
            Kind::Identity => Safe::word("(what is started)"),
        };
        Self {
            shown,
            standing: Standing::Pinned,
            gone: false,
            hidden: false,
            shadows: None,
            was: None,
            to_be: None,
            now: None,
            changes: Vec::new(),
            first_seen: None,
            last_seen: None,
            said: None,
        }
    }
}

/// By kind and name.
type Definitions = BTreeMap<(Kind, String), Arc<Definition>>;

/// The definitions of one session. Marks of a replay share them until they change.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    servers: Arc<BTreeMap<String, Definitions>>,
    count: usize,
    /// Those that are not kept, because there are too many.
    left_out: usize,
}

impl Catalogue {
    /// One of them.
    #[must_use]
    pub fn get(&self, server: &str, kind: Kind, name: &str) -> Option<&Definition> {
        let definitions = self.servers.get(server)?;
        definitions.get(&(kind, name.to_owned())).map(|definition| &**definition)
    }

    fn entry(&mut self, server: &str, kind: Kind, name: &str) -> Option<&mut Definition> {
        let key = (kind, name.to_owned());
        let known = self.servers.get(server).is_some_and(|known| known.contains_key(&key));
        if !known && self.count >= DEFINITIONS_MAX {
            self.left_out += 1;
            return None;
        }
        self.count += usize::from(!known);
        let servers = Arc::make_mut(&mut self.servers);
        let definitions = servers.entry(server.to_owned()).or_default();
        let new = || Arc::new(Definition::new(kind, name));
        Some(Arc::make_mut(definitions.entry(key).or_insert_with(new)))
    }

    fn known(&mut self, server: &str, kind: Kind, name: &str) -> Option<&mut Definition> {
        self.get(server, kind, name)?;
        self.entry(server, kind, name)
    }

    /// A server was started; these are the pins that earlier sessions left.
    pub(super) fn opened(&mut self, server: &str, pins: &Pins, place: Place) {
        for (kind, pins) in pins {
            for (name, pin) in pins {
                let Some(text) = &pin.text else { continue };
                if self.get(server, *kind, name).is_some() {
                    continue;
                }
                let Some(definition) = self.entry(server, *kind, name) else { continue };
                let fingerprint = Fingerprint::of(text).hex().to_owned();
                let text = Text { fingerprint, place };
                (definition.to_be, definition.now) = (Some(text.clone()), Some(text));
                if let Some(approval) = &pin.approval {
                    let at = At(approval.at_us);
                    definition.first_seen = Some(at);
                    let by = Safe::escape(&approval.by);
                    definition.said = Some(Said { ruling: None, by, at });
                }
            }
        }
    }

    /// What a message told of this server's definitions.
    pub(super) fn told(&mut self, server: &str, facts: &Facts, raw: Option<&Raw>, at: (At, Place)) {
        for seen in &facts.catalog {
            self.observed(server, seen, at);
        }
        let findings = facts.findings.iter().filter(|finding| finding.rule == LOOK_ALIKE);
        for finding in findings {
            self.read_for_another(server, facts, finding);
        }
        // A definition that stays as it is makes no news; its lists say when it was seen last.
        let method = facts.method.as_deref().unwrap_or_default();
        let is_list = matches!(
            method,
            method::TOOLS_LIST
                | method::PROMPTS_LIST
                | method::TEMPLATES_LIST
                | method::INITIALIZE
                | method::DISCOVER
        );
        let answer = raw.filter(|_| is_list).and_then(Raw::json);
        if let Some(list) = answer.and_then(|text| serde_json::from_str::<Listing>(text).ok()) {
            self.listed(server, method, list, (&facts.hidden, at.0));
        }
    }

    fn observed(&mut self, server: &str, seen: &Observed, (at, place): (At, Place)) {
        let before = seen.was.as_ref().and_then(|was| self.get(server, seen.kind, was));
        let before = before.and_then(|before| before.to_be.clone());
        let Some(definition) = self.entry(server, seen.kind, &seen.name) else { return };
        definition.gone = seen.news == News::Gone;
        definition.standing = seen.standing;
        if definition.gone {
            return;
        }
        match seen.news {
            News::Back => definition.now.clone_from(&definition.to_be),
            News::New | News::Drifted | News::Untold => {
                let fingerprint = seen.fingerprint.as_ref().map(|now| now.hex().to_owned());
                definition.now = fingerprint.map(|fingerprint| Text { fingerprint, place });
                if seen.standing.is_pinned() {
                    definition.to_be.clone_from(&definition.now);
                }
            }
            News::Renamed => {
                definition.was = seen.was.as_deref().map(names::identifier);
                if !seen.standing.is_pinned() {
                    definition.to_be = before;
                }
            }
            News::Gone => {}
        }
        definition.changes.clone_from(&seen.changes);
        definition.first_seen = definition.first_seen.or(Some(at));
        definition.last_seen = Some(at);
    }

    /// A name that is read for another one. What cannot be told apart from another tool the engine takes for one that
    /// nobody approved.
    fn read_for_another(&mut self, server: &str, facts: &Facts, finding: &Finding) {
        let Some(tools) = finding.what.strip_prefix("the tool ") else { return };
        for seen in facts.catalog.iter().filter(|seen| seen.kind == Kind::Tool) {
            let Some(how) = tools.strip_prefix(seen.name.as_str()) else { continue };
            let unlike = how.strip_prefix(" cannot be told apart from one of ").is_some();
            let alike = [" has the name of one of ", " is spelled nearly as one of "];
            if !unlike && !alike.iter().any(|alike| how.starts_with(alike)) {
                continue;
            }
            let Some(definition) = self.known(server, Kind::Tool, &seen.name) else { continue };
            definition.shadows = Some(Safe::escape(how.trim_start()));
            if unlike && definition.standing.is_pinned() {
                definition.standing = Standing::New;
                definition.to_be = None;
            }
        }
    }

    fn listed(&mut self, server: &str, method: &str, list: Listing, told: (&[String], At)) {
        let Some(result) = list.result else { return };
        let (kind, named) = match method {
            method::TOOLS_LIST => (Kind::Tool, result.tools),
            method::PROMPTS_LIST => (Kind::Prompt, result.prompts),
            method::TEMPLATES_LIST => (Kind::Template, result.templates),
            _ => (Kind::Server, vec![Named { name: Some(String::new()), uri: None }]),
        };
        let (hidden, at) = told;
        for named in named {
            let name = if kind == Kind::Template { named.uri } else { named.name };
            let Some(name) = name else { continue };
            let Some(definition) = self.known(server, kind, &name) else { continue };
            definition.gone = false;
            definition.hidden = hidden.contains(&name);
            definition.first_seen = definition.first_seen.or(Some(at));
            definition.last_seen = Some(at);
        }
    }

    /// An operator said something of a definition. What is not what was shown stays as it is, in the engine too.
    pub(super) fn ruled(&mut self, ruled: &Ruled, at: At) {
        let Ruled { server, kind, name, fingerprint, ruling, by } = ruled;
        let Some(definition) = self.known(server, *kind, name) else { return };
        if definition.fingerprint() != Some(fingerprint) {
            return;
        }
        match ruling {
            Ruling::Approve | Ruling::Unpin => {
                definition.standing = Standing::Pinned;
                definition.to_be.clone_from(&definition.now);
                definition.changes.clear();
            }
            Ruling::Refuse => {
                if definition.standing.is_pinned() {
                    definition.to_be = None;
                }
                definition.standing = Standing::Refused;
            }
            // What is what it is to be needs no time to be looked at.
            Ruling::Stage if definition.standing.is_pinned() => {}
            Ruling::Stage => definition.standing = Standing::Staged,
        }
        definition.said = Some(Said { ruling: Some(*ruling), by: Safe::escape(&by.0), at });
    }
}

/// An answer with a list, as far as it is looked at.
#[derive(Deserialize)]
struct Listing {
    result: Option<Lists>,
}

#[derive(Deserialize)]
struct Lists {
    #[serde(default)]
    tools: Vec<Named>,
    #[serde(default)]
    prompts: Vec<Named>,
    #[serde(default, rename = "resourceTemplates")]
    templates: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
    #[serde(rename = "uriTemplate")]
    uri: Option<String>,
}

#[cfg(test)]
mod tests;
