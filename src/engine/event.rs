//! What an engine is told, and the facts that it finds. These are also the journal's stored words:
//! a change here is a change of the format (`journal::record::VERSION`).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::catalog::{self, Observed, Pins, Ruling};
use crate::engine::memory::{Lifetime, Remembered};
pub use crate::inspect::Severity;
use crate::inspect::secrets::Pack;
use crate::policy::{Decision, Evidence, Phase, Reason, Risk, Scope, Spot, Verdict};
use crate::protocol::Side;

/// Microseconds since the Unix epoch. Comes in with each event; never read inside.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct At(pub u64);

impl At {
    /// This much later.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to this, 0 when it is not later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1000
    }
}

/// One shim's connection within a session: an agent's end and a server's end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct ConnId(pub u32);

/// A request of the session, counted from 1 over both directions; shown as `#12`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct CallId(pub u64);

/// A held call's ticket: the number of its call.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct TicketId(pub u64);

/// SHA-256 of the exact bytes that would be forwarded, as 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub String);

/// Who answered: which console or command, as the gate knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator(pub String);

/// The agent at the other end, as its launch shows it; its own `clientInfo` is never used here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// `claude-code`, `codex`, `gemini`, `opencode`, or the program's name.
    pub name: String,
    /// Its process, 0 where it is not known.
    pub pid: u32,
    /// How long it waits for an answer to a call, `None` where no limit was ever met.
    pub patience_ms: Option<u64>,
    /// Whether a progress notification starts that limit anew.
    pub progress_extends: bool,
}

/// What becomes of asks while nobody could answer (`--unattended`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unattended {
    /// An ask is denied after 20 s if nobody was ever there; otherwise at its deadline.
    #[default]
    Soon,
    /// Every ask is denied at once.
    Deny,
    /// Every ask waits to its deadline.
    Ask,
}

/// The session's first event: everything that a decision may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// `claude-1`: short, unique among the recordings of a home.
    pub session: String,
    /// The build that records: `0.1.0+1a2b3c`.
    pub build: String,
    /// The agent.
    pub agent: Agent,
    /// [`Started::RAW`] or [`Started::REDACTED`].
    pub redaction: String,
    /// The policy's name: a shipped one or a file's path.
    pub policy_name: String,
    /// The policy's full text; deciding again needs nothing else.
    pub policy: String,
    /// The files that were put over it and whose words stand in it, the last one on top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amended_by: Vec<String>,
    /// `--unattended`.
    pub unattended: Unattended,
    /// Whether an operator's console was already there.
    pub attended: bool,
    /// The role whose rights the agent has, as the operator's configuration or the launch says it; never the
    /// agent's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The user's own rules for secrets, in the form of gitleaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_rules: Option<String>,
    /// Answers of earlier sessions that hold in this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
}

impl Started {
    /// The word of recordings that have everything as it was sent.
    pub const RAW: &str = "none";
    /// The word of those that have no secrets.
    pub const REDACTED: &str = "secrets";

    /// What finds secrets in it. Rules that cannot be read were refused before it began.
    #[must_use]
    pub fn pack(&self) -> Pack {
        self.secret_rules.as_ref().and_then(|rules| Pack::parse(rules).ok()).unwrap_or_default()
    }

    /// The policy in a word, with what was put over it: `balanced+overrides.yaml`.
    #[must_use]
    pub fn policy_word(&self) -> String {
        let files = std::iter::once(&self.policy_name).chain(&self.amended_by);
        let names = files.map(|path| path.rsplit('/').next().unwrap_or_default());
        names.collect::<Vec<_>>().join("+")
    }
}

/// A layer of policy over the session's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layered {
    /// Its name: `hold`, `pause`. There is one of each.
    pub layer: String,
    /// Its text; `None`: it is taken away.
    pub policy: Option<String>,
    /// Who.
    pub by: Operator,
}

/// What an operator says of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruled {
    /// Whose.
    pub server: String,
    /// Of what.
    #[serde(default, skip_serializing_if = "catalog::Kind::is_tool")]
    pub kind: catalog::Kind,
    /// Its name.
    pub name: String,
    /// The fingerprint that the operator was shown.
    pub fingerprint: String,
    /// What is said.
    pub ruling: Ruling,
    /// Who.
    pub by: Operator,
}

/// What the policy's file is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reloaded {
    /// It says this.
    Text(String),
    /// It cannot be read.
    Broken(String),
}

/// A policy that is asked beside the session's for one server; it only ever makes it stricter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Where it comes from.
    pub name: String,
    /// Its text; one without a default says nothing where no rule of it fits.
    pub policy: String,
}

/// A server was put behind a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The connection that begins.
    pub conn: ConnId,
    /// The name that the agent's configuration gives the server.
    pub server: String,
    /// The command line that was started.
    pub command: Vec<String>,
    /// The server's process.
    pub pid: u32,
    /// `--unattended` of this shim, where it is stricter or other than the session's.
    #[serde(default)]
    pub unattended: Option<Unattended>,
    /// The agent's patience with this server, where its configuration sets one.
    #[serde(default)]
    pub patience_ms: Option<u64>,
    /// What its definitions are to be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: Pins,
    /// Why that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pins_broken: Option<String>,
    /// What is to be said of the project's lock, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was started, as far as it could be told: a JSON object with `command`, `program`, `script`, `package`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The shim's own policy, where the session has another, and the project's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
    /// The folder that the shim was started in, which is the agent's project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// An operator's answer to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Forward these exact bytes, once.
    Allow,
    /// Refuse; the reason, if any, reaches the agent.
    Deny {
        /// The operator's own words.
        reason: Option<String>,
    },
    /// The same answer for this call and for all that are like it.
    Remember {
        /// Whether they go on, or are refused.
        allow: bool,
        /// Which calls of the tool are like it; `None`: those with the same arguments.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scope>,
        /// How long it holds.
        lifetime: Lifetime,
        /// The operator's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Put these arguments (a JSON object's text) in place of the agent's, judge them, and keep
    /// waiting: the edited call needs its own `Allow`, bound to its new digest.
    Edit {
        /// The new arguments.
        arguments: String,
    },
}

/// Why a run of bytes is no message that could be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The line went on beyond the limit; only its head was kept.
    TooLong {
        /// Bytes until the newline, or until the line was given up.
        size_bytes: u64,
        /// The limit in force.
        limit_bytes: u64,
    },
    /// The tail of a line whose head was lost when a gate died.
    Torn,
}

/// What a recording tells of a line that it has with its secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Was {
    /// The digest of the line, where it was held.
    pub digest: Option<Digest>,
    /// What detectors saw in it.
    pub findings: Vec<Finding>,
}

/// Something that happened to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: At,
    /// What.
    pub what: Happening,
}

/// What happened. One event makes exactly one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The session began. Always first, and only first.
    Started(Started),
    /// A server joined.
    Opened(Opened),
    /// A line arrived, without its newline.
    Frame {
        /// Where.
        conn: ConnId,
        /// Who sent it.
        from: Side,
        /// The exact bytes.
        raw: Bytes,
    },
    /// A line as a recording has it: its secrets are replaced, and what was seen of them is told beside it.
    Redacted {
        /// Where.
        conn: ConnId,
        /// Who sent it.
        from: Side,
        /// The line with markers.
        raw: Bytes,
        /// What was seen of the line as it came.
        was: Was,
    },
    /// Bytes arrived that are no line to judge.
    Broken {
        /// Where.
        conn: ConnId,
        /// Who sent them.
        from: Side,
        /// Their first bytes, up to `limits::HEAD_BYTES`.
        head: Bytes,
        /// What is wrong with them.
        problem: Problem,
    },
    /// The server wrote to its stderr.
    Stderr {
        /// Where.
        conn: ConnId,
        /// One line, lossily decoded.
        text: String,
    },
    /// One end closed: end of file, a signal, a broken pipe, a dead process.
    Closed {
        /// Where.
        conn: ConnId,
        /// Which end.
        side: Side,
        /// In words.
        why: String,
    },
    /// An operator answered.
    Answered {
        /// Which ticket.
        ticket: TicketId,
        /// The digest that the operator was shown.
        digest: Digest,
        /// The answer.
        answer: Answer,
        /// Who.
        by: Operator,
        /// Whether the operator let it pass without having seen all of it, and said so. It changes no
        /// decision: it is there to be found later.
        unread: bool,
    },
    /// An operator who may answer came (or the last one left).
    Attended {
        /// How many consoles may answer now.
        answering: u32,
    },
    /// Time passed: deadlines and progress.
    Tick,
    /// The journal is on disk up to this record.
    Synced {
        /// The record's number.
        seq: u64,
    },
    /// Something below the wrapped agent tried what only the operator may do, and was refused.
    Attempt {
        /// `approve`, `console`, `stop`, …
        what: String,
        /// The process: its id and command name.
        by: String,
    },
    /// A layer of policy was put over the session's policy, or taken away again: an operator holds calls that
    /// would go on.
    Layered(Layered),
    /// An operator says something of a definition.
    Ruled(Ruled),
    /// The policy's file changed.
    Reloaded(Reloaded),
    /// An operator takes what the policy's file says now.
    Confirmed {
        /// The digest of what was shown.
        digest: String,
        /// Who.
        by: Operator,
    },
    /// An answer that was remembered in another session holds here as well.
    Remembered(Box<Remembered>),
    /// A remembered answer was taken back.
    Forgotten {
        /// Its name.
        id: String,
        /// Who.
        by: Operator,
    },
    /// An operator asked to see a waiting call with its secrets. It changes nothing: it is there to be found later.
    Revealed {
        /// Which ticket.
        ticket: TicketId,
        /// Who.
        by: Operator,
    },
    /// A new gate took this connection over from one that died.
    Resumed {
        /// Which.
        conn: ConnId,
        /// Bytes known to have reached the agent since the connection opened or was taken over last.
        sent_to_agent: u64,
        /// Bytes known to have reached the server since then.
        sent_to_server: u64,
        /// Bytes of lines for the agent that did not arrive and are written again, ahead of all others.
        again_to_agent: u64,
        /// The same for the server.
        again_to_server: u64,
    },
    /// The session is over.
    Ended {
        /// In words.
        why: String,
    },
}

/// What a frame is, as far as its envelope says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has a method and an id.
    Request,
    /// Has an id and a result or an error.
    Response,
    /// Has a method and no id.
    Notification,
    /// An array of the above, in a revision that has them.
    Batch,
    /// Did not pass the guard.
    Malformed,
    /// A server's line that is no JSON at all: kept for the log, never forwarded.
    Noise,
}

/// Something that was seen and is not a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which rule saw it: `guard.duplicate-key`, `operator.attempt`, …
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// One sentence, with the evidence.
    pub what: String,
    /// Where, where it is a place in a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
    /// The suppression by which it is a false alarm: it is told, and counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

/// Where a detector saw something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// A JSON pointer (RFC 6901) into what was inspected: the arguments, the result, the definition.
    pub path: String,
    /// From where to where in that text, in bytes.
    pub span: (usize, usize),
    /// What decided, as it is read; never a secret.
    pub evidence: String,
    /// What was undone to read it: `base64`, `percent`; nothing where it stands there as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<String>,
    /// What a suppression of it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Box<Spot>>,
}

impl Finding {
    /// Its sentence, and the suppression by which it counts for nothing.
    #[must_use]
    pub fn told(&self) -> String {
        let by = self.suppressed.as_ref().map(|id| format!("; suppressed by {id}"));
        format!("{}{}", self.what, by.unwrap_or_default())
    }

    /// One that has no place in a text.
    #[must_use]
    pub fn new(rule: impl Into<String>, severity: Severity, what: impl Into<String>) -> Self {
        Self { rule: rule.into(), severity, what: what.into(), seen: None, suppressed: None }
    }
}

/// What the engine knows about the event it was given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// What the frame is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Its method, or for a response the method of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The request that it is or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The tool of a `tools/call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The verdict, where policy was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The rules behind the verdict, strictest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// The risk of a mistaken yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// The phase that turned the verdict into the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// What acts, where it is not what the verdict comes to in that phase: rules of another phase act as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts: Option<Verdict>,
    /// Arguments that the card shows first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<String>,
    /// The answer that holds for later calls from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Box<Remembered>>,
    /// A response that reports a failure: a JSON-RPC error or `isError: true`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// What a list of tools said that it had not said before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub catalog: Vec<Observed>,
    /// Tools that a list had and the agent is not shown: its role may not call them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The judged members of a batch, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Facts>,
}

impl Facts {
    /// What was seen and counts: what is no false alarm.
    pub fn counted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|one| one.suppressed.is_none())
    }

    /// What was seen, for a policy.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence> {
        let evidence = |one: &Finding| Evidence {
            rule: one.rule.clone(),
            severity: one.severity,
            path: one.seen.as_ref().map(|seen| seen.path.clone()).unwrap_or_default(),
        };
        self.counted().map(evidence).collect()
    }

    /// Takes over what the policy said.
    pub(in crate::engine) fn decided(&mut self, decision: Decision) {
        let Decision { verdict, risk, reasons, phase, acts, show } = decision;
        self.acts = (acts != phase.acting(verdict)).then_some(acts);
        self.verdict = Some(verdict);
        self.risk = Some(risk);
        self.reasons = reasons;
        self.phase = Some(phase);
        self.show = show;
    }

    /// Takes over what something else says of the same call: the strictest of both holds.
    pub(in crate::engine) fn also(&mut self, other: Decision) {
        let acts = self.acting();
        let (Some(verdict), Some(risk), Some(phase)) = (self.verdict, self.risk, self.phase) else {
            return self.decided(other);
        };
        let (reasons, show) = (std::mem::take(&mut self.reasons), std::mem::take(&mut self.show));
        let mut decision = Decision { verdict, risk, reasons, phase, acts, show };
        decision.add(other);
        self.decided(decision);
    }

    /// What the verdict comes to: only rules in force hold or stop anything.
    #[must_use]
    pub fn acting(&self) -> Verdict {
        match (self.acts, self.phase, self.verdict) {
            (Some(acts), _, _) => acts,
            (None, Some(phase), Some(verdict)) => phase.acting(verdict),
            (None, None, _) | (None, _, None) => Verdict::Allow,
        }
    }
}
