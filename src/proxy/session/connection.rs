//! One shim's connection: its descriptors, the control socket, and what is half read.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::engine::limits;
use crate::protocol::Side;
use crate::protocol::framing::Framer;
use crate::proxy::descriptor::{Descriptor, Way};
use crate::proxy::link::{self, Lines};
use crate::proxy::notes::{Notes, Sent};
use crate::proxy::peer;
use crate::proxy::session::outbox::Outbox;
use crate::wire::{ShimHello, ToShim};

/// A server gets this long to end after its input closed, and again after SIGTERM (MCP, stdio shutdown).
const GRACE: Duration = Duration::from_secs(2);
/// Stderr kept for an agent that does not read it; older bytes give way, the journal has them.
const STDERR_WAITING_MAX: usize = 64 * 1024;
/// Longest stderr line in a record; longer ones are cut into several.
pub(super) const STDERR_LINE_MAX: usize = 8 * 1024;

/// A shim that joins a session.
#[derive(Debug)]
pub struct Join {
    /// The shim's socket.
    pub control: UnixStream,
    /// What was received on it behind the hello.
    pub lines: Lines,
    /// What the shim said.
    pub hello: ShimHello,
    /// The descriptors, in the hello's order.
    pub descriptors: Vec<OwnedFd>,
    /// The agent's patience with this server, where known.
    pub patience_ms: Option<u64>,
    /// Told to the user once, by the first shim of a home.
    pub notice: Option<String>,
    /// What its tools are to be, or why that cannot be read.
    pub pins: Result<crate::catalog::Pins, String>,
    /// What is to be said of the project's lock, one sentence each.
    pub notes: Vec<String>,
    /// What was started.
    pub identity: Option<String>,
    /// Policies beside the session's.
    pub beside: Vec<crate::engine::Beside>,
    /// The folder that the shim was started in.
    pub folder: Option<String>,
}

/// How far a connection's end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Not yet.
    Open,
    /// The server's input is closed; SIGTERM follows.
    Closed(Instant),
    /// SIGTERM is sent; SIGKILL follows.
    Terminated(Instant),
    /// SIGKILL is sent.
    Killed,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) control: Option<UnixStream>,
    pub(super) lines: Lines,
    pub(super) from_agent: Option<Descriptor>,
    pub(super) from_server: Option<Descriptor>,
    pub(super) from_stderr: Option<Descriptor>,
    pub(super) to_agent: Outbox,
    pub(super) to_server: Outbox,
    stderr: Option<Descriptor>,
    stderr_waiting: Vec<u8>,
    pub(super) stderr_line: Vec<u8>,
    pub(super) agent_lines: Framer,
    pub(super) server_lines: Framer,
    /// After a take-over the first line of a side may be the tail of a lost one.
    pub(super) may_be_torn: [bool; 2],
    server: OwnedFd,
    pub(super) server_gone: bool,
    pub(super) ending: Ending,
    pub(super) finished: bool,
    pub(super) notes: Notes,
    pub(super) noted: Sent,
}

impl Connection {
    /// Takes the descriptors over.
    ///
    /// # Errors
    /// When the hello came without them, or one cannot be used.
    pub(super) fn new(join: Join) -> io::Result<(Self, ShimHello, Option<String>)> {
        let Join { control, lines, hello, descriptors, notice, .. } = join;
        let all: [OwnedFd; link::DESCRIPTORS] = descriptors
            .try_into()
            .map_err(|_| io::Error::other("the shim's hello came without its descriptors"))?;
        let [agent_in, agent_out, agent_err, server_in, server_out, server_err, server, notes] =
            all;
        let connection = Self {
            control: Some(control),
            lines,
            from_agent: Some(Descriptor::adopt(agent_in, Way::In)?),
            from_server: Some(Descriptor::adopt(server_out, Way::In)?),
            from_stderr: Some(Descriptor::adopt(server_err, Way::In)?),
            to_agent: Outbox::new(Some(Descriptor::adopt(agent_out, Way::Out)?)),
            to_server: Outbox::new(Some(Descriptor::adopt(server_in, Way::Out)?)),
            stderr: Descriptor::adopt(agent_err, Way::Out).ok(),
            stderr_waiting: Vec::new(),
            stderr_line: Vec::new(),
            agent_lines: Framer::new(limits::LINE_BYTES_MAX),
            server_lines: Framer::new(limits::LINE_BYTES_MAX),
            may_be_torn: [hello.resume.is_some(); 2],
            server,
            server_gone: false,
            ending: Ending::Open,
            finished: false,
            notes: Notes::new(notes),
            noted: Sent::default(),
        };
        Ok((connection, hello, notice))
    }

    /// The box of lines for one end.
    pub(super) const fn outbox(&mut self, to: Side) -> &mut Outbox {
        match to {
            Side::Agent => &mut self.to_agent,
            Side::Server => &mut self.to_server,
        }
    }

    /// The descriptor to read one side from, unless what it feeds is full.
    pub(super) fn readable(&self, side: Side) -> Option<&Descriptor> {
        match side {
            Side::Agent => self.from_agent.as_ref().filter(|_| !self.to_server.is_full()),
            Side::Server => self.from_server.as_ref().filter(|_| !self.to_agent.is_full()),
        }
    }

    /// Says something to the shim; one that does not listen any more will be seen as closed.
    pub(super) fn tell(&self, message: &ToShim) {
        if let Some(control) = &self.control {
            let _gone = link::send(control, message, &[]);
        }
    }

    /// Passes the server's stderr on as far as the agent takes it.
    pub(super) fn pass_stderr(&mut self, bytes: &[u8]) {
        self.stderr_waiting.extend_from_slice(bytes);
        let Some(stderr) = &self.stderr else {
            self.stderr_waiting.clear();
            return;
        };
        match stderr.write(&[IoSlice::new(&self.stderr_waiting)]) {
            Ok(n) => {
                self.stderr_waiting.drain(..n);
            }
            Err(_) => self.stderr = None,
        }
        let excess = self.stderr_waiting.len().saturating_sub(STDERR_WAITING_MAX);
        self.stderr_waiting.drain(..excess);
    }

    /// The agent's stderr, while something waits for it.
    pub(super) fn stderr_waits(&self) -> Option<&Descriptor> {
        self.stderr.as_ref().filter(|_| !self.stderr_waiting.is_empty())
    }

    /// Begins to end the server, or goes one step further when its time is up.
    pub(super) fn end_server(&mut self, now: Instant) {
        if self.server_gone {
            return;
        }
        match self.ending {
            Ending::Open => self.ending = Ending::Closed(now + GRACE),
            Ending::Closed(at) if now >= at => self.terminate(now),
            Ending::Terminated(at) if now >= at => {
                peer::signal(&self.server, Signal::KILL);
                self.ending = Ending::Killed;
            }
            Ending::Closed(_) | Ending::Terminated(_) | Ending::Killed => {}
        }
    }

    /// Gives a server whose input is closed, and that still owes answers, another while.
    pub(super) fn put_end_off(&mut self, now: Instant) {
        match self.ending {
            Ending::Closed(_) => self.ending = Ending::Closed(now + GRACE),
            Ending::Open | Ending::Terminated(_) | Ending::Killed => self.end_server(now),
        }
    }

    /// The server's process, where nobody else can say that it ended.
    pub(super) fn orphan(&self) -> Option<&OwnedFd> {
        (self.control.is_none() && !self.server_gone).then_some(&self.server)
    }

    /// Nothing is left to do: everything is written, the shim is gone, and so is the server.
    pub(super) const fn is_over(&self) -> bool {
        self.finished && self.control.is_none() && self.server_gone
    }

    /// Asks the server to end now.
    pub(super) fn terminate(&mut self, now: Instant) {
        if !self.server_gone && !matches!(self.ending, Ending::Terminated(_) | Ending::Killed) {
            peer::signal(&self.server, Signal::TERM);
            self.ending = Ending::Terminated(now + GRACE);
        }
    }

    /// When [`Connection::end_server`] wants to be called.
    pub(super) const fn wake_at(&self) -> Option<Instant> {
        match self.ending {
            Ending::Closed(at) | Ending::Terminated(at) if !self.server_gone => Some(at),
            Ending::Open | Ending::Closed(_) | Ending::Terminated(_) | Ending::Killed => None,
        }
    }
}
