//! The loop itself: wait, read, step, record, write.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::TrySendError;
use std::time::{Duration, Instant};

use rustix::event::Timespec;

use crate::catalog::{Kind, News, Observed, Pin, Pins, Ruling, Standing};
use crate::engine::{At, ConnId, Engine, Event, Facts, Happening, Opened, Ruled};
use crate::protocol::Side;
use crate::proxy::recorder::{Recorder, Trouble, Unsent};
use crate::proxy::session::connection::Connection;
use crate::proxy::session::inbox::{Inbox, Posted, Posts};
use crate::proxy::session::waiter::{Waiter, Wish};
use crate::proxy::session::{Clock, Disk, DiskWork, Spec, Watcher};
use crate::store::pins::By;

/// Bytes read from one descriptor in one turn: the size of a Linux pipe.
const CHUNK_BYTES: usize = 64 * 1024;
/// A session without connections waits this long for another one where its agent's end cannot be seen.
const LINGER: Duration = Duration::from_secs(2);
/// After a take-over, connections that do not come back in this time are closed.
const RETURN: Duration = Duration::from_secs(10);

/// What became ready in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Posts,
    AgentProcess,
    Control(ConnId),
    From(ConnId, Side),
    Stderr(ConnId),
    Orphan(ConnId),
    Writable,
}

/// How the loop goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Turn,
    Leave,
}

pub(super) struct Loop {
    pub(super) name: String,
    pub(super) engine: Engine,
    pub(super) recorder: Recorder,
    pub(super) connections: BTreeMap<ConnId, Connection>,
    /// Name and command line of each connection's server.
    pub(super) servers: BTreeMap<ConnId, (String, Vec<String>)>,
    /// What the disk's thread had no room for yet.
    unkept: VecDeque<DiskWork>,
    pub(super) unsent: Unsent,
    pub(super) clock: Clock,
    pub(super) watcher: Arc<dyn Watcher>,
    pub(super) disk: Disk,
    pub(super) inbox: Inbox,
    posts: Posts,
    pub(super) waiter: Waiter<Ready>,
    agent: Option<OwnedFd>,
    /// Whether its end was seen.
    agent_gone: bool,
    held_open: bool,
    pub(super) next_conn: u32,
    idle_since: Option<Instant>,
    missing_until: Option<Instant>,
    stopping: Option<String>,
    pub(super) trouble: Option<String>,
    pub(super) chunk: Vec<u8>,
    pub(super) tickets_changed: bool,
}

impl Loop {
    pub(super) fn new(spec: Spec, inbox: Inbox, posts: Posts) -> Self {
        let Spec { name, beginning, agent, held_open, watcher, disk } = spec;
        let (engine, recorder, started, mut unsent) = beginning.into_parts();
        let open = engine.open_connections();
        unsent.retain(|(permit, _)| open.contains(&permit.conn()));
        let next_conn = engine.next_connection();
        let again = started.is_none();
        let mut this = Self {
            name,
            engine,
            recorder,
            connections: BTreeMap::new(),
            servers: BTreeMap::new(),
            unkept: VecDeque::new(),
            unsent,
            clock: Clock::default(),
            watcher,
            disk,
            inbox,
            posts,
            waiter: Waiter::new(),
            agent,
            agent_gone: false,
            held_open,
            next_conn,
            idle_since: None,
            missing_until: again.then(|| Instant::now() + RETURN),
            stopping: None,
            trouble: None,
            chunk: vec![0; CHUNK_BYTES],
            tickets_changed: false,
        };
        if let Some(started) = started {
            this.step(Happening::Started(*started));
        }
        this
    }

    pub(super) fn run(mut self) {
        // A session whose gate dies before the first call is taken up by its beginning.
        self.record_and_send();
        while !self.over() {
            let ready = self.wait();
            let mut next = Next::Turn;
            for one in ready {
                if self.act(one) == Next::Leave {
                    next = Next::Leave;
                }
            }
            self.timers();
            self.record_and_send();
            if next == Next::Leave {
                return;
            }
        }
        let why = self.stopping.take().unwrap_or_else(|| "the agent is gone".to_owned());
        if self.trouble.is_none() {
            self.step(Happening::Ended { why });
            self.record_and_send();
        }
        if self.trouble.is_none() {
            self.recorder.finish();
        }
        self.watcher.over(self.trouble.take());
    }

    /// The session is over when nothing can come any more.
    fn over(&mut self) -> bool {
        if !self.connections.is_empty() {
            self.idle_since = None;
            return false;
        }
        if self.trouble.is_some() || self.stopping.is_some() {
            return true;
        }
        if self.held_open || self.agent.is_some() || self.missing_until.is_some() {
            return false;
        }
        let since = *self.idle_since.get_or_insert_with(Instant::now);
        since.elapsed() >= LINGER
    }

    /// Waits for the next thing and names all that is ready.
    fn wait(&mut self) -> Vec<Ready> {
        let timeout = self.timeout();
        let mut wanted = Vec::with_capacity(8);
        wanted.push((Ready::Posts, self.posts.wake(), Wish::Read));
        if let Some(agent) = &self.agent {
            wanted.push((Ready::AgentProcess, agent.as_fd(), Wish::Read));
        }
        for (id, connection) in &self.connections {
            if let Some(control) = &connection.control {
                wanted.push((Ready::Control(*id), control.as_fd(), Wish::Read));
            }
            for side in [Side::Agent, Side::Server] {
                if let Some(descriptor) = connection.readable(side) {
                    wanted.push((Ready::From(*id, side), descriptor.as_fd(), Wish::Read));
                }
            }
            if let Some(stderr) = &connection.from_stderr {
                wanted.push((Ready::Stderr(*id), stderr.as_fd(), Wish::Read));
            }
            if let Some(server) = connection.orphan() {
                wanted.push((Ready::Orphan(*id), server.as_fd(), Wish::Read));
            }
            let waiting = [
                connection.to_agent.wants_write(),
                connection.to_server.wants_write(),
                connection.stderr_waits(),
            ];
            for descriptor in waiting.into_iter().flatten() {
                wanted.push((Ready::Writable, descriptor.as_fd(), Wish::Write));
            }
        }
        self.waiter.wait(&wanted, timeout.as_ref())
    }

    /// Time until something must be done although nothing comes.
    fn timeout(&mut self) -> Option<Timespec> {
        let engine = self.engine.next_wake().map(|at: At| {
            let now = self.clock.now();
            Duration::from_micros(at.0.saturating_sub(now.0))
        });
        let now = Instant::now();
        let servers = self.connections.values().filter_map(Connection::wake_at);
        let idle = self.idle_since.map(|since| since + LINGER);
        let instants = servers.chain(idle).chain(self.missing_until);
        let others = instants.map(|at| at.saturating_duration_since(now)).min();
        let wait = match (engine, others) {
            (Some(a), Some(b)) => a.min(b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return None,
        };
        // Rounded up, so that a timer is due when the wait is over.
        let wait = wait + Duration::from_micros(1);
        Some(Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(wait.subsec_nanos()),
        })
    }

    fn act(&mut self, ready: Ready) -> Next {
        match ready {
            Ready::Posts => return self.take_posts(),
            Ready::AgentProcess => {
                self.agent = None;
                self.agent_gone = true;
                self.idle_since = None;
            }
            Ready::Control(conn) => self.read_control(conn),
            Ready::From(conn, side) => self.read_side(conn, side),
            Ready::Stderr(conn) => self.read_stderr(conn),
            Ready::Orphan(conn) => self.orphan_ended(conn),
            Ready::Writable => {}
        }
        Next::Turn
    }

    fn take_posts(&mut self) -> Next {
        self.posts.clear();
        while let Some(post) = self.posts.next() {
            match post {
                Posted::Join(join) => self.join(*join),
                Posted::Answer(answer) => self.answer(answer),
                Posted::Reveal(reveal) => self.reveal(reveal),
                Posted::Attended(answering) => self.step(Happening::Attended { answering }),
                Posted::Attempt { what, by } => self.step(Happening::Attempt { what, by }),
                Posted::Happens(what) => self.step(*what),
                Posted::Ruled(ruled) => self.rule(ruled),
                Posted::Synced(seq) => self.step(Happening::Synced { seq }),
                Posted::Released => self.held_open = false,
                Posted::StopServer { server, why } => self.stop_server(&server, &why),
                Posted::Stop(why) => self.stop(&why),
                Posted::Leave => return Next::Leave,
            }
        }
        Next::Turn
    }

    fn stop(&mut self, why: &str) {
        self.stopping = Some(why.to_owned());
        let conns: Vec<ConnId> = self.connections.keys().copied().collect();
        self.end(&conns, why);
    }

    /// Ends the servers of one name; the session and its others go on.
    fn stop_server(&mut self, server: &str, why: &str) {
        let conns = self.named(server);
        self.end(&conns, why);
    }

    /// The connections of a server, by its name.
    fn named(&self, server: &str) -> Vec<ConnId> {
        let named = self.servers.iter().filter(|(_, (name, _))| name == server);
        named.map(|(conn, _)| *conn).collect()
    }

    fn end(&mut self, conns: &[ConnId], why: &str) {
        for &conn in conns {
            // First the server's end: what the agent still waits for is refused, and not only cut off.
            self.closed(conn, Side::Server, why);
            self.closed(conn, Side::Agent, why);
        }
    }

    fn timers(&mut self) {
        let now = Instant::now();
        let at = self.clock.now();
        if self.engine.next_wake().is_some_and(|due| due <= at) {
            self.step(Happening::Tick);
        }
        for (id, connection) in &mut self.connections {
            if connection.wake_at().is_some_and(|due| due <= now) {
                // Requests from a file end at once; the server may still be at work on the last of them.
                if self.agent_gone || self.engine.unanswered(*id) == 0 {
                    connection.end_server(now);
                } else {
                    connection.put_end_off(now);
                }
            }
        }
        if self.missing_until.is_some_and(|until| until <= now) {
            self.missing_until = None;
            self.unsent.clear();
            for conn in self.engine.open_connections() {
                if !self.connections.contains_key(&conn) {
                    for side in [Side::Agent, Side::Server] {
                        let why = "its shim did not come back".to_owned();
                        self.step(Happening::Closed { conn, side, why });
                    }
                }
            }
        }
    }

    /// Records first, sends after: the order that everything else relies on.
    fn record_and_send(&mut self) {
        if let Err(trouble) = self.recorder.flush() {
            self.give_up(&trouble);
            return;
        }
        self.send();
        self.tell();
        self.keep_rest();
        let quiet = self.unsent.is_empty()
            && self.connections.values().all(|connection| {
                connection.to_agent.is_empty() && connection.to_server.is_empty()
            });
        if quiet && let Some((path, bytes)) = self.recorder.snapshot(&self.engine) {
            // A snapshot that is skipped only makes a take-over slower.
            let _later = self.disk.try_send(DiskWork::Write { path, bytes });
        }
    }

    /// What cannot be recorded must not pass. The connections are cut, which every agent reports at once.
    pub(super) fn give_up(&mut self, trouble: &Trouble) {
        let why = trouble.to_string();
        for connection in self.connections.values_mut() {
            connection.pass_stderr(format!("tollgate: cannot {why}\n").as_bytes());
            // First the word, then the server's end, which the shim would report as the cause.
            connection.tell(&crate::wire::ToShim::Refused { why: why.clone() });
            connection.terminate(Instant::now());
        }
        self.connections.clear();
        self.trouble = Some(why);
    }

    /// Steps the engine, encodes the record, and puts what may be sent into its box.
    pub(super) fn step(&mut self, what: Happening) {
        if self.trouble.is_some() {
            return;
        }
        let event = Event { at: self.clock.now(), what };
        let copy = event.clone();
        let step = self.engine.step(event);
        if let (Happening::Frame { conn, .. } | Happening::Opened(Opened { conn, .. }), Some(facts)) =
            (&copy.what, &step.facts)
            && !facts.catalog.is_empty()
        {
            self.keep_new(*conn, facts);
        }
        let seq = self.recorder.push(&copy, &step);
        self.apply(seq, step);
    }

    /// Has an answer kept that is to hold for later sessions, and told to the others.
    pub(super) fn keep_answer(&mut self, facts: Option<&Facts>) {
        if let Some(one) = facts.and_then(|facts| facts.remembered.as_ref()).filter(|one| one.kept)
        {
            self.unkept.push_back(DiskWork::Remember(one.clone()));
            self.watcher.remembered(one);
        }
    }

    /// Has the definitions kept that a list said first.
    fn keep_new(&mut self, conn: ConnId, facts: &Facts) {
        let of = |is: fn(&Observed) -> bool| {
            let seen = facts.catalog.iter().filter(|seen| is(seen));
            seen.map(|seen| (seen.kind, seen.name.clone())).collect::<Vec<_>>()
        };
        self.keep(conn, &of(|seen| seen.news == News::New), &By::FirstUse);
        self.keep(conn, &of(|seen| seen.standing == Standing::Staged), &By::Grace);
        // An earlier page of the list may have been kept before it was known for an old one's other name.
        let renamed = of(|seen| seen.news == News::Renamed && seen.standing == Standing::New);
        self.keep(conn, &renamed, &By::Nobody);
    }

    /// An operator says something of a definition: for this session, and for later ones.
    fn rule(&mut self, ruled: Ruled) {
        let conns = self.named(&ruled.server);
        let Ruled { kind, ruling, .. } = ruled;
        let (name, by) = (ruled.name.clone(), ruled.by.0.clone());
        let pin = |engine: &Engine, conn| engine.pin(conn, kind, &name);
        let before: Vec<_> = conns.iter().map(|conn| pin(&self.engine, *conn)).collect();
        self.step(Happening::Ruled(ruled));
        for (conn, before) in conns.into_iter().zip(before) {
            if pin(&self.engine, conn) != before {
                let by =
                    if ruling == Ruling::Unpin { By::Nobody } else { By::Operator(by.clone()) };
                self.keep(conn, &[(kind, name.clone())], &by);
            }
        }
    }

    /// Has what these definitions are to be kept for later sessions.
    fn keep(&mut self, conn: ConnId, which: &[(Kind, String)], by: &By) {
        let Some((server, command)) = self.servers.get(&conn).cloned() else { return };
        let at_us = self.clock.now().0;
        let mut pins = Pins::new();
        for (kind, name) in which {
            // Where nobody approved anything there is nothing to keep.
            let kept = |pin: &Pin| *by == By::Nobody || *pin != Pin::default();
            let pin = self.engine.pin(conn, *kind, name).filter(|pin| kept(pin));
            if let Some(pin) = pin {
                pins.entry(*kind).or_default().insert(name.clone(), pin);
            }
        }
        if !pins.is_empty() {
            self.unkept.push_back(DiskWork::Pin { server, command, pins, by: by.clone(), at_us });
        }
    }

    /// Gives the disk's thread what it has room for.
    fn keep_rest(&mut self) {
        while let Some(work) = self.unkept.pop_front() {
            if let Err(TrySendError::Full(work)) = self.disk.try_send(work) {
                self.unkept.push_front(work);
                return;
            }
        }
    }
}
