//! Sessions and their servers, as the journal and the gate tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Kind;
use crate::console::model::policy_file::PolicyFile;
use crate::console::model::rules::Rules;
use crate::console::model::{CALLS_PER_PIECE, Chunks, NameId, names};
use crate::engine::{At, CallId};
use crate::policy::Phase;
use crate::text::Safe;

/// So many answers of a server are remembered for its line of latencies.
pub const LATENCIES: usize = 16;

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name, as the gate calls it.
    pub name: String,
    /// The same, to look at.
    pub shown: Safe,
    /// The agent.
    pub agent: Safe,
    /// The policy's name.
    pub policy: Safe,
    /// What becomes of verdicts, as far as a verdict was seen.
    pub phase: Option<Phase>,
    /// Whether it is over: it said so, or a gate came that does not know it.
    pub ended: bool,
    /// Set while nothing can be recorded.
    pub trouble: Option<Safe>,
    /// Bytes of its journal that were read, and that there are.
    pub read: (u64, u64),
    /// When its first and its last record were made.
    pub times: Option<(At, At)>,
    /// How many calls it made.
    pub calls: u64,
    /// Its servers, by the number of their connection.
    pub servers: BTreeMap<u32, Server>,
    /// Tools that are not what was first seen of them, by server and name: the fingerprint of what they are.
    pub drifted: BTreeMap<(String, Kind, String), String>,
    /// Its policy's text.
    pub policy_text: Arc<str>,
    /// What became of its policy's file.
    pub policy_file: PolicyFile,
    /// Its role; empty where it has none.
    pub role: String,
    /// What operators put over its policy: `hold`, `pause`.
    pub layers: Vec<Safe>,
    /// Its policy's rules, and how often they decided.
    pub(super) rules: Rules,
    /// By server and tool, the call that was the first to it.
    pub(super) first_uses: Arc<BTreeMap<(NameId, NameId), CallId>>,
    /// The row of each call of the session, by its number; 0 where there is none, else one more than the row.
    pub(super) rows: Chunks<u32, CALLS_PER_PIECE>,
}

/// One server behind one connection.
#[derive(Debug, Clone)]
pub struct Server {
    /// What the agent calls it.
    pub name: NameId,
    /// Its command line, to look at.
    pub command: Safe,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub opened_at: At,
    /// Whether its end closed.
    pub closed: bool,
    /// How many requests it got.
    pub calls: u64,
    /// How many it answered by a failure.
    pub failed: u64,
    /// Milliseconds of its last answers, the newest last.
    pub latencies_ms: Vec<u32>,
}

impl Session {
    /// Whether an operator put this over its policy: `hold`, `pause`.
    #[must_use]
    pub fn has_layer(&self, layer: &str) -> bool {
        self.layers.iter().any(|known| known.as_str() == layer)
    }

    /// Its name in a column.
    #[must_use]
    pub fn label(&self, columns: usize) -> Safe {
        names::session(&self.name, columns)
    }

    /// Nothing known but its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shown: names::identifier(name),
            agent: Safe::default(),
            policy: Safe::default(),
            phase: None,
            ended: false,
            trouble: None,
            read: (0, 0),
            times: None,
            calls: 0,
            servers: BTreeMap::new(),
            drifted: BTreeMap::new(),
            policy_text: Arc::from(""),
            policy_file: PolicyFile::Same,
            role: String::new(),
            layers: Vec::new(),
            rules: Rules::default(),
            first_uses: Arc::default(),
            rows: Chunks::default(),
        }
    }

    /// Another record came.
    pub(super) fn touch(&mut self, at: At) {
        let first = self.times.map_or(at, |(first, _)| first);
        self.times = Some((first, at));
    }
}

impl Server {
    /// Its answer took so long.
    pub(super) fn answered(&mut self, took_ms: u32) {
        if self.latencies_ms.len() >= LATENCIES {
            self.latencies_ms.remove(0);
        }
        self.latencies_ms.push(took_ms);
    }
}
