//! One session's thread: the only reader and writer of its descriptors, the only owner of its engine.
//!
//! A turn of the loop: wait until something is ready; read; cut lines; step the engine for each; append all
//! records in one write; only then write what the engine let go. A slow peer stops only the reading of the
//! connection that feeds it.

mod acts;
mod connection;
mod inbox;
mod outbox;
mod turn;
mod waiter;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

pub use connection::Join;
pub use inbox::{AnswerTo, Inbox, Posted, RevealTo};

use crate::engine::{Engine, Started};
use crate::proxy::recorder::{Recorder, Resumed, Unsent};

/// What a session needs to begin.
pub struct Spec {
    /// Its name.
    pub name: String,
    /// How it begins: a first event, or files of a gate that died.
    pub beginning: Beginning,
    /// The agent's process, to know when the session is over.
    pub agent: Option<OwnedFd>,
    /// Whether `tollgate run` holds it open.
    pub held_open: bool,
    /// Who wants to know.
    pub watcher: Arc<dyn Watcher>,
    /// Where fsync and snapshots happen.
    pub disk: Disk,
}

/// How a session begins.
pub enum Beginning {
    /// New.
    New(Box<Started>, Box<Recorder>),
    /// Taken over.
    Again(Box<Resumed>),
}

/// One waiting call as others see it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The ticket and its reasons.
    pub held: crate::engine::Held,
    /// The server's name.
    pub server: String,
    /// The tool or method.
    pub what: String,
}

/// Told what happens in a session; must not block.
pub trait Watcher: Send + Sync {
    /// The journal has this many bytes of whole records now. Always follows a [`Watcher::waiting`].
    fn grew(&self, bytes: u64);
    /// These calls wait now, oldest first.
    fn waiting(&self, waiting: Vec<Waiting>);
    /// This answer holds in every session from now on.
    fn remembered(&self, one: &crate::engine::Remembered);
    /// The session is over; `trouble` says why, if it could not go on.
    fn over(&self, trouble: Option<String>);
}

/// Work for the thread that waits for the disk.
pub enum DiskWork {
    /// Bring this journal to disk, then say so.
    Sync {
        /// The journal.
        file: std::fs::File,
        /// The record that must be on disk.
        seq: u64,
        /// Whom to tell.
        to: Inbox,
    },
    /// Keep what tools are to be.
    Pin {
        /// Their server's name.
        server: String,
        /// Its command line.
        command: Vec<String>,
        /// What is to be kept.
        pins: crate::catalog::Pins,
        /// Who says so.
        by: crate::store::pins::By,
        /// When, in microseconds since the Unix epoch.
        at_us: u64,
    },
    /// Keep an answer for later sessions.
    Remember(Box<crate::engine::Remembered>),
    /// Keep it no more.
    Forget {
        /// Its name.
        id: String,
        /// Told whether it was done.
        done: std::sync::mpsc::SyncSender<Result<(), String>>,
    },
    /// Write a whole file.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        bytes: Vec<u8>,
    },
}

/// The way to that thread. Bounded: when it is full the session waits with its approval, nothing else.
pub type Disk = std::sync::mpsc::SyncSender<DiskWork>;

/// Starts the session's thread.
///
/// # Errors
/// When the system gives no thread or descriptor.
pub fn spawn(spec: Spec) -> std::io::Result<Inbox> {
    let (inbox, receiver) = inbox::channel()?;
    let mine = inbox.clone();
    std::thread::Builder::new().name(format!("session {}", spec.name)).spawn(move || {
        turn::Loop::new(spec, mine, receiver).run();
    })?;
    Ok(inbox)
}

/// The clock of the loop: never goes back, so that recorded times are in order.
#[derive(Debug, Default)]
struct Clock(u64);

impl Clock {
    fn now(&mut self) -> crate::engine::At {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        self.0 = self.0.max(now);
        crate::engine::At(self.0)
    }
}

/// Engine, files, a new session's first event, and what an earlier gate left unsent.
type Parts = (Engine, Recorder, Option<Box<Started>>, Unsent);

impl Beginning {
    fn into_parts(self) -> Parts {
        match self {
            Self::New(started, recorder) => {
                (Engine::new(), *recorder, Some(started), Unsent::new())
            }
            Self::Again(resumed) => {
                let Resumed { recorder, engine, unsent, torn: _ } = *resumed;
                (engine, recorder, None, unsent)
            }
        }
    }
}
