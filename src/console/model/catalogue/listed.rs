//! The definitions of all sessions, in the order in which they are listed.

use std::cmp::Reverse;

use super::{Definition, Key, State};
use crate::console::model::{Model, NameId, Session, SessionId};
use crate::text::Safe;

/// One line of the Tools pane.
#[derive(Debug, Clone)]
pub enum Line<'a> {
    /// A server of a session, above its definitions.
    Server(Group<'a>),
    /// A definition.
    Definition(Listed<'a>),
}

/// A server and how many definitions it has.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// Whose it is.
    pub session: &'a Session,
    /// Its name, to look at.
    pub server: Safe,
    /// So many are listed below.
    pub count: usize,
    /// So many of the session are not, because there are too many.
    pub left_out: usize,
}

/// A definition and what stands around it.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// Which.
    pub key: Key,
    /// The definition.
    pub definition: &'a Definition,
    /// Calls of it so far, in its session.
    pub calls: u64,
}

/// How many definitions of sessions that run wait for an operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attention {
    /// They are not what they are to be.
    pub changed: u64,
    /// Nobody said what they are to be.
    pub new: u64,
}

impl Attention {
    /// Both together.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.changed + self.new
    }
}

impl Model {
    /// The lines of the Tools pane: sessions that run first, the newest of them first; in each its servers by name;
    /// of each server what needs an operator first, then by name.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Line<'_>> {
        let mut sessions: Vec<(SessionId, &Session)> =
            self.session_ids().zip(&self.sessions).collect();
        sessions.sort_by_key(|(id, session)| (session.ended, Reverse(*id)));
        let mut lines = Vec::new();
        for (id, session) in sessions {
            for (server, definitions) in &*session.catalogue.servers {
                let server_id = self.names.find(server);
                let mut listed: Vec<Listed<'_>> = definitions
                    .iter()
                    .map(|((kind, name), definition)| Listed {
                        key: Key {
                            session: id,
                            server: server.clone(),
                            kind: *kind,
                            name: name.clone(),
                        },
                        definition,
                        calls: self.uses(session, server_id, name),
                    })
                    .collect();
                listed.sort_by(|a, b| a.order().cmp(&b.order()));
                lines.push(Line::Server(Group {
                    session,
                    server: crate::console::model::names::identifier(server),
                    count: listed.len(),
                    left_out: session.catalogue.left_out,
                }));
                lines.extend(listed.into_iter().map(Line::Definition));
            }
        }
        lines
    }

    /// Calls of a tool so far.
    fn uses(&self, session: &Session, server: Option<NameId>, name: &str) -> u64 {
        let uses = server.zip(self.names.find(name)).and_then(|tool| session.uses.get(&tool));
        uses.map_or(0, |uses| uses.count)
    }

    /// A definition, if it is still known.
    #[must_use]
    pub fn definition(&self, key: &Key) -> Option<&Definition> {
        let session = self.session(key.session)?;
        session.catalogue.get(&key.server, key.kind, &key.name)
    }

    /// How many definitions wait for an operator's word; of sessions that ended none does.
    #[must_use]
    pub fn attention(&self) -> Attention {
        let running = |session: &&Session| self.replay.is_some() || !session.ended;
        let mut attention = Attention::default();
        for session in self.sessions.iter().filter(running) {
            let all = session.catalogue.servers.values().flat_map(|known| known.values());
            for definition in all {
                attention.changed += u64::from(definition.state() == State::Changed);
                attention.new += u64::from(definition.state() == State::New);
            }
        }
        attention
    }

    /// The selected definition among these lines; the first where none is, or where it is not known any more.
    #[must_use]
    pub fn selected_definition(&self, lines: &[Line<'_>]) -> Option<usize> {
        let place = |wanted: &Key| lines.iter().position(|line| line.key() == Some(wanted));
        let first = || lines.iter().position(|line| line.key().is_some());
        self.ui.tool.as_ref().and_then(place).or_else(first)
    }
}

impl Line<'_> {
    /// Which definition it is about.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match self {
            Self::Server(_) => None,
            Self::Definition(listed) => Some(&listed.key),
        }
    }
}

impl Listed<'_> {
    fn order(&self) -> (u8, &str, crate::catalog::Kind) {
        (self.definition.state().rank(), &self.key.name, self.key.kind)
    }

    /// What is to be known of it besides where it stands: `hidden`, `shadows`, `looks only`, what it is besides being
    /// gone.
    #[must_use]
    pub fn remarks(&self) -> Safe {
        let Definition { hidden, shadows, gone, standing, .. } = self.definition;
        let shadows = shadows.is_some() && self.definition.state() != State::Shadows;
        let words = [
            (*gone && !standing.is_pinned()).then(|| standing.word()),
            hidden.then_some("hidden"),
            shadows.then_some("shadows"),
            self.definition.looks_only().then_some("looks only"),
        ];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        Safe::escape(&words.join(" "))
    }
}
