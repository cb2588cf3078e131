//! The attachment to a gate: the line to it, made again when it is lost, and the journals that it tells of.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::console::feed::Feed;
use crate::console::model::Link;
use crate::console::run::ConsoleError;
use crate::console::run::gate::Gate;
use crate::console::update::Msg;
use crate::text::Safe;
use crate::wire::{FromConsole, SessionLine, ToConsole};

/// Between attempts to reach the gate again.
const RETRY: Duration = Duration::from_secs(2);

/// Connects to the gate again: a stream on which `Hello` was said.
pub type Reconnect = Box<dyn Fn() -> io::Result<StdUnixStream>>;

/// How a console reaches its gate.
pub struct Attachment {
    /// `Hello` was said on it and its `Welcome` was not read.
    pub stream: StdUnixStream,
    /// Called, off and on, while the connection is lost.
    pub reconnect: Reconnect,
    /// This session alone.
    pub session: Option<String>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Which journal is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turns {
    /// Each to its end, and then the next: rows stand together.
    Whole,
    /// Each a chunk: news of one session does not wait for another's past.
    Chunks,
}

/// What is read from the gate, over however many lines to it.
pub(super) struct Attached {
    gate: Option<Gate>,
    reconnect: Reconnect,
    session: Option<String>,
    turns: Turns,
    feeds: Vec<Feed>,
    /// When the gate is tried again, while there is none.
    retry_at: Instant,
    welcomed: bool,
}

impl Attached {
    pub(super) fn new(attachment: Attachment, turns: Turns) -> Result<Self, ConsoleError> {
        Ok(Self {
            gate: Some(Gate::new(attachment.stream).map_err(ConsoleError::Setup)?),
            reconnect: attachment.reconnect,
            session: attachment.session,
            turns,
            feeds: Vec::new(),
            retry_at: Instant::now(),
            welcomed: false,
        })
    }

    /// Which session is shown, where it is one alone.
    pub(super) const fn session(&self) -> Option<&String> {
        self.session.as_ref()
    }

    /// The next line; pending while the connection is lost. May be dropped and called again.
    pub(super) async fn next(&mut self) -> io::Result<ToConsole> {
        match &mut self.gate {
            Some(gate) => gate.next().await,
            None => std::future::pending().await,
        }
    }

    /// When to try the gate again, while the connection is lost.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.gate.is_none().then_some(self.retry_at)
    }

    /// What a line means; nothing where it tells of a session that is not shown.
    pub(super) fn heard(
        &mut self,
        line: io::Result<ToConsole>,
    ) -> Result<Option<Msg>, ConsoleError> {
        let line = match line {
            Ok(ToConsole::Refused { why }) if !self.welcomed => {
                return Err(ConsoleError::Refused(why));
            }
            Ok(line) => line,
            Err(error) => return Ok(Some(self.lose(&error))),
        };
        if let ToConsole::Session(told) = &line {
            if self.session.as_ref().is_some_and(|only| *only != told.session) {
                return Ok(None);
            }
            self.grown(told);
        }
        self.welcomed |= matches!(line, ToConsole::Welcome { .. });
        Ok(Some(Msg::Gate(Box::new(line))))
    }

    fn grown(&mut self, told: &SessionLine) {
        let known = self.feeds.iter().position(|feed| feed.session == told.session);
        let at = known.unwrap_or_else(|| {
            self.feeds.push(Feed::new(&told.session, &told.journal));
            self.feeds.len() - 1
        });
        if let Some(feed) = self.feeds.get_mut(at) {
            feed.grown(told.bytes);
        }
    }

    /// The connection is lost; it is tried again soon.
    fn lose(&mut self, error: &io::Error) -> Msg {
        self.gate = None;
        self.retry_at = Instant::now() + RETRY;
        down(error)
    }

    /// Tries to reach the gate again.
    pub(super) fn retry(&mut self) -> Msg {
        match (self.reconnect)().and_then(Gate::new) {
            Ok(gate) => {
                self.gate = Some(gate);
                Msg::Link(Link::Connecting)
            }
            Err(error) => self.lose(&error),
        }
    }

    /// Sends a line; what it means if that failed.
    pub(super) async fn send(&mut self, message: &FromConsole) -> Option<Msg> {
        let sent = match &mut self.gate {
            Some(gate) => gate.send(message).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        sent.err().map(|error| self.lose(&error))
    }

    /// Whether a journal has more to read.
    pub(super) fn has_more(&self) -> bool {
        self.feeds.iter().any(Feed::has_more)
    }

    /// One chunk of one journal.
    pub(super) fn read(&mut self) -> Vec<Msg> {
        let Some(at) = self.feeds.iter().position(Feed::has_more) else { return Vec::new() };
        let Some(feed) = self.feeds.get_mut(at) else { return Vec::new() };
        let session = feed.session.clone();
        let turn = feed.turn();
        if self.turns == Turns::Chunks || !feed.has_more() {
            // The next one has its turn, also if this one grows again before it is looked at.
            self.feeds.rotate_left(at + 1);
        }
        let record = |(record, place)| Msg::Record(session.clone(), Box::new(record), place);
        let mut msgs: Vec<Msg> = turn.records.into_iter().map(record).collect();
        msgs.extend(turn.broken.map(|why| Msg::Broken(session.clone(), why)));
        msgs.push(Msg::Read(session, turn.read, turn.total));
        msgs
    }

    /// A session's journal, if it is open.
    pub(super) fn journal(&self, session: &str) -> Option<Arc<File>> {
        self.feeds.iter().find(|feed| feed.session == session).and_then(Feed::journal)
    }
}

/// There is no connection, for this reason.
pub(super) fn down(error: &io::Error) -> Msg {
    Msg::Link(Link::Down { why: Safe::escape(&error.to_string()) })
}
