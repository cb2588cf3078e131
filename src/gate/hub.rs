//! What the gate knows: sessions, calls that wait, consoles, wrapped agents. One lock, held briefly, never
//! while anything waits.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

use crate::engine::{Happening, Remembered, TicketId};
use crate::gate::authority::{Peer, Standing};
use crate::proxy::peer::Process;
use crate::proxy::session::{Disk, Inbox, Posted, Waiting, Watcher};
use crate::store::home::Home;
use crate::wire::{ConsoleLine, SessionLine, TicketLine};

/// Ended sessions that consoles are still told about.
const ENDED_MAX: usize = 64;
/// Letters and digits that are not mistaken for one another.
const CODE_LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// One session.
pub(super) struct Session {
    pub(super) inbox: Inbox,
    pub(super) agent: String,
    pub(super) journal: String,
    pub(super) bytes: Arc<AtomicU64>,
    /// The process that the agent and all it starts descend from.
    pub(super) root: Option<Process>,
    pub(super) role: Option<String>,
    /// The policy's name: a shipped one, or a file's absolute path.
    pub(super) policy: String,
    /// The project's file, where the user trusts it: it is put over the policy.
    pub(super) project: Option<PathBuf>,
    pub(super) patience_ms: Vec<(String, u64)>,
    pub(super) waiting: Vec<(Waiting, String)>,
    pub(super) ended: bool,
    pub(super) trouble: Option<String>,
    pub(super) begun: u64,
}

/// Wakes a thread that waits on a descriptor, at most once until it looked.
#[derive(Debug)]
pub(super) struct Waker {
    fd: OwnedFd,
    raised: AtomicBool,
}

impl Waker {
    pub(super) fn new() -> std::io::Result<Arc<Self>> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Self { fd, raised: AtomicBool::new(false) }))
    }

    pub(super) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            // A full counter wakes as well.
            let _full = rustix::io::write(&self.fd, &1_u64.to_ne_bytes());
        }
    }

    /// To be called before looking at the state.
    pub(super) fn clear(&self) {
        let _empty = rustix::io::read(&self.fd, &mut [0; 8]);
        self.raised.store(false, Ordering::Release);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What is behind the lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) consoles: BTreeMap<u32, ConsoleLine>,
    pub(super) next_console: u32,
    pub(super) sessions_begun: u64,
    /// The layer that sessions begin with while an operator holds calls.
    pub(super) hold: Option<String>,
}

/// Shared by all threads of the gate.
pub(super) struct Hub {
    state: Mutex<State>,
    wakers: Mutex<Vec<Arc<Waker>>>,
    listening: AtomicUsize,
    pub(super) home: Home,
    /// The way to the disk's thread.
    pub(super) disk: Disk,
}

impl Hub {
    pub(super) fn new(home: Home, disk: Disk) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            wakers: Mutex::default(),
            listening: AtomicUsize::new(0),
            home,
            disk,
        })
    }

    /// Whether the home is a folder that the operator registered: there answering needs no terminal.
    pub(super) fn is_custom_home(&self) -> bool {
        self.home.custom().is_some()
    }

    /// The state. A thread that panicked while it held the lock left whole values behind: they are only ever
    /// replaced, never half changed.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn listen(&self, waker: &Arc<Waker>) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        wakers.push(Arc::clone(waker));
        self.listening.store(wakers.len(), Ordering::Release);
    }

    pub(super) fn unlisten(&self, waker: &Arc<Waker>) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        wakers.retain(|known| !Arc::ptr_eq(known, waker));
        self.listening.store(wakers.len(), Ordering::Release);
    }

    /// Wakes whoever shows state. Costs one load while nobody does.
    pub(super) fn changed(&self) {
        if self.listening.load(Ordering::Acquire) > 0 {
            for waker in &*self.wakers.lock().unwrap_or_else(PoisonError::into_inner) {
                waker.raise();
            }
        }
    }

    /// Where a peer stands; an attempt from below a wrapped agent is told to its session.
    pub(super) fn standing(&self, peer: Peer, what: &str) -> Standing {
        let standing = self.looks(peer);
        match &standing {
            Standing::Wrapped(root) => {
                let by = peer.describe();
                tracing::warn!(what, by, "refused: below a wrapped agent");
                let state = self.state();
                for session in state.sessions.values().filter(|s| s.root == Some(*root)) {
                    let attempt = Posted::Attempt { what: what.to_owned(), by: by.clone() };
                    if !session.inbox.post(attempt) {
                        tracing::warn!(what, by, "the session could not record the attempt");
                    }
                }
            }
            Standing::Unknown => {
                tracing::warn!(what, pid = peer.pid, "refused: its ancestors cannot be read");
            }
            Standing::Operator | Standing::NoTerminal => {}
        }
        standing
    }

    /// Where a peer stands, told to nobody. A session that is over (full disk, say) does not set its agent free.
    pub(super) fn looks(&self, peer: Peer) -> Standing {
        let roots: Vec<Process> = self.state().sessions.values().filter_map(|s| s.root).collect();
        peer.standing(&roots)
    }

    /// Whether a standing is enough for what only the operator may do.
    pub(super) fn is_operator(&self, standing: &Standing) -> Result<(), String> {
        match standing {
            Standing::Operator => Ok(()),
            Standing::NoTerminal if self.is_custom_home() => Ok(()),
            Standing::NoTerminal => Err("only from a terminal: this process has none".to_owned()),
            Standing::Wrapped(_) => {
                Err("not from below a wrapped agent: use a terminal that the agent \
                                         did not start; the attempt is recorded"
                    .to_owned())
            }
            Standing::Unknown => {
                Err("who started this process cannot be seen, so it may not".to_owned())
            }
        }
    }

    /// Tells every session how many consoles may answer.
    pub(super) fn tell_attended(&self) {
        let state = self.state();
        let answering = state.answering();
        for session in state.sessions.values().filter(|session| !session.ended) {
            // A session that is over needs no answer.
            let _over = session.inbox.post(Posted::Attended(answering));
        }
    }
}

impl State {
    pub(super) fn answering(&self) -> u32 {
        let count = self.consoles.values().filter(|console| console.may_answer).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    pub(super) fn session_lines(&self) -> Vec<SessionLine> {
        self.sessions.iter().map(|(name, session)| session.line(name)).collect()
    }

    /// Waiting calls of all sessions, the next deadline first.
    pub(super) fn ticket_lines(&self) -> Vec<TicketLine> {
        let mut lines: Vec<TicketLine> = self
            .sessions
            .iter()
            .flat_map(|(name, session)| {
                session.waiting.iter().map(move |(waiting, _)| ticket_line(name, waiting))
            })
            .collect();
        lines.sort_by_key(|line| line.deadline_at);
        lines
    }

    /// The waiting call and its code.
    pub(super) fn find(&self, session: &str, ticket: u64) -> Option<&(Waiting, String)> {
        let waiting = &self.sessions.get(session)?.waiting;
        waiting.iter().find(|(waiting, _)| waiting.held.ticket == TicketId(ticket))
    }

    /// Forgets the oldest ended sessions.
    pub(super) fn prune(&mut self) {
        let mut ended: Vec<(u64, String)> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.ended)
            .map(|(name, session)| (session.begun, name.clone()))
            .collect();
        ended.sort();
        let excess = ended.len().saturating_sub(ENDED_MAX);
        for (_, name) in ended.into_iter().take(excess) {
            self.sessions.remove(&name);
        }
    }
}

impl Session {
    pub(super) fn line(&self, name: &str) -> SessionLine {
        SessionLine {
            session: name.to_owned(),
            agent: self.agent.clone(),
            journal: self.journal.clone(),
            bytes: self.bytes.load(Ordering::Acquire),
            waiting: u32::try_from(self.waiting.len()).unwrap_or(u32::MAX),
            ended: self.ended,
            trouble: self.trouble.clone(),
        }
    }
}

fn ticket_line(session: &str, waiting: &Waiting) -> TicketLine {
    let reason = waiting.held.reasons.first();
    TicketLine {
        session: session.to_owned(),
        ticket: waiting.held.ticket.0,
        digest: waiting.held.digest.0.clone(),
        risk: waiting.held.risk.word().to_owned(),
        server: waiting.server.clone(),
        tool: waiting.what.clone(),
        rule: reason.map_or_else(String::new, |reason| reason.rule.clone()),
        why: reason.map_or_else(String::new, |reason| reason.why.clone()),
        deadline_at: waiting.held.deadline_at.0,
    }
}

/// A session's way to tell the hub.
pub(super) struct SessionWatch {
    pub(super) hub: Arc<Hub>,
    pub(super) name: String,
    pub(super) bytes: Arc<AtomicU64>,
}

impl Watcher for SessionWatch {
    fn grew(&self, bytes: u64) {
        if self.bytes.swap(bytes, Ordering::AcqRel) != bytes {
            self.hub.changed();
        }
    }

    fn waiting(&self, waiting: Vec<Waiting>) {
        if let Some(session) = self.hub.state().sessions.get_mut(&self.name) {
            let known = std::mem::take(&mut session.waiting);
            let code_of = |now: &Waiting| {
                // The same bytes keep their code; new bytes get a new one.
                known
                    .iter()
                    .find(|(then, _)| {
                        (&then.held.ticket, &then.held.digest)
                            == (&now.held.ticket, &now.held.digest)
                    })
                    .map_or_else(new_code, |(_, code)| code.clone())
            };
            session.waiting = waiting
                .into_iter()
                .map(|now| {
                    let code = code_of(&now);
                    (now, code)
                })
                .collect();
        }
    }

    fn remembered(&self, one: &Remembered) {
        let state = self.hub.state();
        let others = state.sessions.iter().filter(|(name, _)| **name != self.name);
        for (name, session) in others.filter(|(_, session)| !session.ended) {
            let remembered = Happening::Remembered(Box::new(one.clone()));
            if !session.inbox.post(Posted::Happens(Box::new(remembered))) {
                tracing::warn!(session = name, id = one.id, "a remembered answer did not reach it");
            }
        }
    }

    fn over(&self, trouble: Option<String>) {
        if let Some(why) = &trouble {
            tracing::error!(session = self.name, why, "the session cannot go on");
        }
        {
            let mut state = self.hub.state();
            if let Some(session) = state.sessions.get_mut(&self.name) {
                session.ended = true;
                session.waiting.clear();
                session.trouble = trouble;
            }
            state.prune();
        }
        self.hub.changed();
    }
}

/// Three letters that change with every ticket and every edit. Without randomness there is no code, and what
/// needs one cannot be allowed.
fn new_code() -> String {
    let mut bytes = [0; 3];
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes
        .iter()
        .filter_map(|byte| CODE_LETTERS.get(usize::from(*byte) % CODE_LETTERS.len()))
        .map(|&letter| char::from(letter))
        .collect()
}
