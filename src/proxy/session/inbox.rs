//! What others post into a session's loop.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rustix::event::{EventfdFlags, eventfd};

use crate::engine::{Answer, Digest, Happening, Operator, Ruled, TicketId};
use crate::proxy::session::connection::Join;

/// Posts that may wait; a session that is this far behind is not answering anyway, and posting fails.
const POSTS_MAX: usize = 4096;

/// An answer on its way to the engine.
#[derive(Debug)]
pub struct AnswerTo {
    /// Which ticket.
    pub ticket: TicketId,
    /// The digest that was shown.
    pub digest: Digest,
    /// The answer.
    pub answer: Answer,
    /// Who.
    pub by: Operator,
    /// Whether it lets a call pass that was not read to its end.
    pub unread: bool,
    /// Told whether it was taken, and if not, why.
    pub taken: SyncSender<Result<(), String>>,
}

/// A waiting call that an operator wants to see with its secrets.
#[derive(Debug)]
pub struct RevealTo {
    /// Which ticket.
    pub ticket: TicketId,
    /// The digest that was shown.
    pub digest: Digest,
    /// Who.
    pub by: Operator,
    /// Told its arguments' JSON text, or why not.
    pub shown: SyncSender<Result<String, String>>,
}

/// Something for the session.
#[derive(Debug)]
pub enum Posted {
    /// A shim joins.
    Join(Box<Join>),
    /// An operator answers.
    Answer(AnswerTo),
    /// An operator wants to see a waiting call with its secrets.
    Reveal(RevealTo),
    /// So many consoles may answer now.
    Attended(u32),
    /// Something below the agent tried what only the operator may do.
    Attempt {
        /// What.
        what: String,
        /// Who.
        by: String,
    },
    /// Something that the engine alone has to do with: a layer, a policy's file, an answer that is remembered.
    Happens(Box<Happening>),
    /// An operator says something of a definition.
    Ruled(Ruled),
    /// The journal is on disk up to this record.
    Synced(u64),
    /// `tollgate run` ended.
    Released,
    /// An operator ends one server: refuse what waits for it, finish it.
    StopServer {
        /// What the agent calls it.
        server: String,
        /// Said to the agent and recorded.
        why: String,
    },
    /// The gate ends: refuse what is open, flush, finish.
    Stop(String),
    /// The gate leaves for a newer one: stop touching anything.
    Leave,
}

/// The way into a session's loop.
#[derive(Debug, Clone)]
pub struct Inbox {
    posts: SyncSender<Posted>,
    wake: Arc<OwnedFd>,
}

impl Inbox {
    /// Posts; `false` when the session is over or too far behind.
    #[must_use]
    pub fn post(&self, what: Posted) -> bool {
        let posted = self.posts.try_send(what).is_ok();
        // A full counter wakes as well as a new one.
        let _full = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
        posted
    }
}

/// The loop's end.
#[derive(Debug)]
pub(super) struct Posts {
    posts: Receiver<Posted>,
    wake: Arc<OwnedFd>,
}

impl Posts {
    pub(super) fn next(&self) -> Option<Posted> {
        self.posts.try_recv().ok()
    }

    /// Takes the wake-up; posts that come later wake again.
    pub(super) fn clear(&self) {
        let _empty = rustix::io::read(&*self.wake, &mut [0; 8]);
    }

    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

pub(super) fn channel() -> std::io::Result<(Inbox, Posts)> {
    let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let (sender, receiver) = sync_channel(POSTS_MAX);
    let inbox = Inbox { posts: sender, wake: Arc::clone(&wake) };
    Ok((inbox, Posts { posts: receiver, wake }))
}
