//! Everything that a frame shows: what the records and the gate said, and where the operator looks.
//!
//! [`Model::apply`] is the one fold of records, for live sessions and for playback alike. Bodies are not
//! kept: a row knows the [`Place`] of its record in the journal, and [`doc`] holds what is being read.

pub mod breaks;
mod call;
pub mod card;
pub mod catalogue;
mod chunks;
pub mod column;
pub mod compare;
pub mod difference;
pub mod doc;
pub mod fatigue;
pub mod findings;
mod fold;
pub mod json;
pub mod ledger;
mod mark;
pub mod marks;
pub mod names;
pub mod order;
pub mod peers;
pub mod policy_file;
pub mod remembering;
pub mod replay;
pub mod row;
pub mod rules;
pub mod sorting;
pub mod timeline;
pub mod typing;
pub mod ui;
pub mod visible;
pub mod window;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::engine::{At, Held, Settled, Severity, TicketId};
use crate::policy::Risk;
use crate::text::Safe;
use crate::wire::ConsoleLine;

pub use call::{Call, Passed, State};
pub use chunks::Chunks;
pub use fatigue::Fatigue;
pub use mark::Mark;
pub use names::{NameId, Names};
pub use peers::{Server, Session};
pub use replay::Replay;
pub use timeline::Timeline;
pub use ui::Ui;

/// Lines kept in the log pane; older ones are in the journals.
pub const LOG_MAX: usize = 10_000;
/// Answered tickets that stay readable in the Ask pane.
pub const OVER_MAX: usize = 32;
/// Rows in a piece of [`Model::calls`]: some 24 kB, which a changed row of a marked state costs.
pub const CALLS_PER_PIECE: usize = 256;
/// The same for the log, whose lines are larger and fewer.
pub const LOG_PER_PIECE: usize = 64;

/// When a message came: for countdowns the wall clock, for guards one that never jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Wall clock.
    pub at: At,
    /// Milliseconds of a clock that only goes forward.
    pub mono_ms: u64,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "said by the names")]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// A session's place in [`Model::sessions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u32);

impl SessionId {
    /// Where it stands in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A row's place in [`Model::calls`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallAt(pub usize);

/// A record's line in its session's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Its bytes, without the newline: no record is longer than 256 MiB.
    pub len: u32,
}

/// A ticket of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TicketKey {
    /// Whose.
    pub session: SessionId,
    /// Which.
    pub ticket: TicketId,
}

/// A call that waits, or just did.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Which.
    pub key: TicketKey,
    /// Its row.
    pub row: Option<CallAt>,
    /// What the gate said of it last.
    pub held: Held,
    /// The rules and sentences, to look at.
    pub why: Vec<(Safe, Safe)>,
    /// When it began to wait.
    pub at: At,
    /// The request's record.
    pub request: Place,
    /// The record with the edited arguments.
    pub edited: Option<Place>,
    /// When somebody allowed or denied it, as far as that was recorded.
    pub answered_at: Option<At>,
    /// How it ended.
    pub over: Option<Over>,
    /// Whether the bell rang for it.
    pub rung: bool,
}

/// How a ticket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// When.
    pub at: At,
    /// Who, where somebody answered.
    pub by: Option<Safe>,
    /// In one word.
    pub how: Ending,
}

/// [`Settled`] without its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases are those of engine::Settled")]
pub enum Ending {
    Allowed,
    Denied,
    TimedOut,
    Unattended,
    Cancelled,
    Closed,
    Interrupted,
}

impl Ending {
    /// The case of a settlement.
    #[must_use]
    pub const fn of(how: &Settled) -> Self {
        match how {
            Settled::Allowed { .. } => Self::Allowed,
            Settled::Denied { .. } => Self::Denied,
            Settled::TimedOut => Self::TimedOut,
            Settled::Unattended => Self::Unattended,
            Settled::Cancelled => Self::Cancelled,
            Settled::Closed => Self::Closed,
            Settled::Interrupted => Self::Interrupted,
        }
    }

    /// For the row and the card.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Allowed => "ALLOWED once",
            Self::Denied => "DENIED",
            Self::TimedOut => "TIMEOUT: denied at the deadline, once, never a rule",
            Self::Unattended => "DENIED: nobody could answer",
            Self::Cancelled => "CANCELLED: the agent took the call back",
            Self::Closed => "CLOSED: an end of the connection is gone",
            Self::Interrupted => "INTERRUPTED: the gate that held it died",
        }
    }
}

/// One line of the log pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: At,
    /// Whose.
    pub session: SessionId,
    /// How bad.
    pub severity: Severity,
    /// Who says it: a rule, `stderr`, `gate`.
    pub source: Safe,
    /// What.
    pub text: Safe,
}

/// The line to the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Before the first word.
    Connecting,
    /// This is our number, and this the gate.
    Up {
        /// Our number.
        console: u32,
        /// The gate's build, to look at.
        build: Safe,
        /// The gate's process.
        pid: u32,
    },
    /// Lost; it is tried again.
    Down {
        /// In words.
        why: Safe,
    },
}

/// All that is known.
#[derive(Debug)]
pub struct Model {
    /// In the order in which the gate named them.
    pub sessions: Vec<Session>,
    /// Answers that hold for later calls.
    pub memories: remembering::Memories,
    /// In the order in which they were read.
    pub calls: Chunks<Call, CALLS_PER_PIECE>,
    /// Waiting and lately answered ones, oldest first.
    pub tickets: Vec<Ticket>,
    /// How much is asked, and how fast it is answered.
    pub fatigue: Fatigue,
    /// Newest last.
    pub log: Chunks<Entry, LOG_PER_PIECE>,
    /// Lines that the log pane no longer has.
    pub log_dropped: u64,
    /// Findings since the start.
    pub findings: u64,
    /// Each of them once, as far as they are kept.
    pub found: findings::Findings,
    /// When calls, asks, denials and findings came.
    pub timeline: Timeline,
    /// Shared names.
    pub names: Names,
    /// The gate.
    pub link: Link,
    /// Who is attached.
    pub consoles: Vec<ConsoleLine>,
    /// The codes of waiting tickets.
    pub codes: BTreeMap<TicketKey, Safe>,
    /// For clocks in panes.
    pub zone: TimeZone,
    /// When the last message came.
    pub now: Now,
    /// The terminal.
    pub size: Size,
    /// Only this session is shown, if set.
    pub only: Option<String>,
    /// When this program was built, in seconds since 1970.
    pub built_at: Option<u64>,
    /// Whether the gate is of a newer build than this console.
    pub outdated: bool,
    /// Set while a recording is played instead of live sessions watched.
    pub replay: Option<Box<Replay>>,
    /// Two recordings beside each other, once both were read.
    pub compare: Option<Box<compare::Compare>>,
    /// Where the operator looks.
    pub ui: Ui,
}

impl Model {
    /// Nothing known yet.
    #[must_use]
    pub fn new(zone: TimeZone, only: Option<String>) -> Self {
        Self {
            sessions: Vec::new(),
            memories: remembering::Memories::default(),
            calls: Chunks::default(),
            tickets: Vec::new(),
            fatigue: Fatigue::default(),
            log: Chunks::default(),
            log_dropped: 0,
            findings: 0,
            found: findings::Findings::default(),
            timeline: Timeline::default(),
            names: Names::default(),
            link: Link::Connecting,
            consoles: Vec::new(),
            codes: BTreeMap::new(),
            zone,
            now: Now::default(),
            size: Size::default(),
            only,
            built_at: None,
            outdated: false,
            replay: None,
            compare: None,
            ui: Ui::default(),
        }
    }

    /// The session of this name, known from now on.
    pub fn session_id(&mut self, name: &str) -> SessionId {
        let known = self.sessions.iter().position(|session| session.name == name);
        let id = |at| SessionId(u32::try_from(at).unwrap_or(u32::MAX));
        if let Some(at) = known {
            return id(at);
        }
        self.sessions.push(Session::new(name));
        id(self.sessions.len() - 1)
    }

    /// The numbers of all sessions, in order.
    pub fn session_ids(&self) -> impl DoubleEndedIterator<Item = SessionId> + use<> {
        (0..u32::try_from(self.sessions.len()).unwrap_or(u32::MAX)).map(SessionId)
    }

    /// A session by its number.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(id.index())
    }

    /// A row by its number.
    #[must_use]
    pub fn call(&self, at: CallAt) -> Option<&Call> {
        self.calls.get(at.0)
    }

    /// The servers of all sessions, with their sessions.
    pub fn servers(&self) -> impl Iterator<Item = (&Session, &Server)> {
        self.sessions
            .iter()
            .flat_map(|session| session.servers.values().map(move |server| (session, server)))
    }

    /// A ticket, waiting or lately answered.
    #[must_use]
    pub fn ticket(&self, key: TicketKey) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.key == key)
    }

    /// The ticket of a call, where it ever waited.
    #[must_use]
    pub fn ticket_of(&self, call: &Call) -> Option<&Ticket> {
        self.ticket(TicketKey { session: call.session, ticket: TicketId(call.call.0) })
    }

    /// The tickets that wait, oldest first; no filter hides one.
    pub fn waiting(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter().filter(|ticket| self.is_waiting(ticket))
    }

    /// Whether a ticket can still be answered: it is not over, and neither is its session.
    #[must_use]
    pub fn is_waiting(&self, ticket: &Ticket) -> bool {
        ticket.over.is_none() && self.session(ticket.key.session).is_some_and(|s| !s.ended)
    }

    /// Whether the ticket of this key can still be answered.
    #[must_use]
    pub fn waits(&self, key: TicketKey) -> bool {
        self.ticket(key).is_some_and(|ticket| self.is_waiting(ticket))
    }

    /// What the Ask pane lists: those that wait, then the lately answered, newest first.
    pub fn asks(&self) -> impl Iterator<Item = &Ticket> {
        self.waiting().chain(self.tickets.iter().rev().filter(|ticket| ticket.over.is_some()))
    }

    /// Whether this console may answer, as the gate says.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        match &self.link {
            Link::Up { console, .. } => {
                self.consoles.iter().any(|line| line.console == *console && line.may_answer)
            }
            Link::Connecting | Link::Down { .. } => false,
        }
    }

    /// Another console that asks for the right to answer.
    #[must_use]
    pub fn asking(&self) -> Option<&ConsoleLine> {
        self.consoles.iter().find(|line| line.asks && !line.may_answer && !self.is_us(line))
    }

    /// The console that may answer, where it is not this one.
    #[must_use]
    pub fn holder(&self) -> Option<&ConsoleLine> {
        self.consoles.iter().find(|line| line.may_answer && !self.is_us(line))
    }

    /// Whether this line of the gate's list is about this console.
    #[must_use]
    pub fn is_us(&self, line: &ConsoleLine) -> bool {
        matches!(&self.link, Link::Up { console, .. } if *console == line.console)
    }

    /// The risk of a ticket, the strictest where it is gone.
    #[must_use]
    pub fn risk(&self, key: TicketKey) -> Risk {
        self.ticket(key).map_or(Risk::High, |ticket| ticket.held.risk)
    }

    /// How many lines the log lists.
    #[must_use]
    pub fn logged_len(&self) -> usize {
        match self.ui.log_level {
            None => self.log.len(),
            Some(level) => self.log.iter().filter(|entry| entry.severity >= level).count(),
        }
    }

    /// Some of the lines that the log lists, each with its place among all.
    #[must_use]
    pub fn logged(&self, range: std::ops::Range<usize>) -> Vec<(usize, &Entry)> {
        match self.ui.log_level {
            None => (range.start..).zip(self.log.range(range)).collect(),
            Some(level) => {
                let listed = self.log.iter().enumerate();
                let listed = listed.filter(|(_, entry)| entry.severity >= level);
                listed.skip(range.start).take(range.len()).collect()
            }
        }
    }

    /// Adds a line to the log pane.
    pub(crate) fn note(&mut self, entry: Entry) {
        self.log.push(entry);
        while self.log.len() > LOG_MAX {
            self.log.drop_first();
            self.log_dropped += 1;
        }
    }
}
