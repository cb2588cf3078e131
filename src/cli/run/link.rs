//! The run's connection to the gate: its registration, and the news that come over it.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::store::home::Home;
use crate::wire::{Build, Command, Hello, Reply, Role, RunHello, RunNews, WIRE};

/// A gate that takes longer to name a session is taken for dead.
const REPLY_LIMIT: Duration = Duration::from_secs(10);
/// A reply or news is a short line, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The registration. **It lasts as long as this value**: the gate sees the connection close.
pub(super) struct Link {
    stream: UnixStream,
    pending: Vec<u8>,
    session: String,
    news: RunNews,
    gone: bool,
}

/// What the last news changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that the operator must hear.
    Quiet,
    /// More calls wait than before.
    MoreWait,
}

impl Link {
    /// Registers this process as the root of a wrapped agent.
    ///
    /// # Errors
    /// No gate, or one that refuses.
    pub(super) fn register(home: &Home, run: RunHello) -> Result<Self, Failure> {
        let no_gate = |error: io::Error| {
            Failure::new(Exit::NoGate, format_args!("register this run with the gate: {error}"))
        };
        let stream = UnixStream::connect(home.socket()).map_err(no_gate)?;
        let build = Build { version: env!("CARGO_PKG_VERSION").to_owned(), built_at: 0 };
        let hello = Hello { wire: WIRE, build, role: Role::Command(Command::Run(run)) };
        let mut line = serde_json::to_vec(&hello).map_err(io::Error::from).map_err(no_gate)?;
        line.push(b'\n');
        (&stream).write_all(&line).map_err(no_gate)?;
        Self::named(stream).map_err(no_gate)?
    }

    /// Waits for the gate's reply.
    fn named(stream: UnixStream) -> io::Result<Result<Self, Failure>> {
        stream.set_read_timeout(Some(REPLY_LIMIT))?;
        let mut link = Self {
            stream,
            pending: Vec::new(),
            session: String::new(),
            news: RunNews { waiting: 0, answering: 0 },
            gone: false,
        };
        let reply = loop {
            if let Some(reply) = link.line() {
                break reply;
            }
            if link.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        link.stream.set_nonblocking(true)?;
        match serde_json::from_slice(&reply)? {
            Reply::Run { session } => {
                link.session = session;
                Ok(Ok(link))
            }
            Reply::Refused { why } => Ok(Err(Failure::new(Exit::Refused, why))),
            Reply::Done {} | Reply::Status(_) | Reply::Tickets { .. } => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "it answered something else"))
            }
        }
    }

    /// The session's name.
    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// The newest news.
    pub(super) const fn news(&self) -> &RunNews {
        &self.news
    }

    /// Whether the gate went away. Shims find or start the next one by themselves.
    pub(super) const fn gone(&self) -> bool {
        self.gone
    }

    /// To poll for news; `None` once the gate went away.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (!self.gone).then(|| self.stream.as_fd())
    }

    /// Reads what is there.
    pub(super) fn take_news(&mut self) -> Change {
        let before = self.news.waiting;
        loop {
            match self.fill() {
                Ok(0) => self.gone = true,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.gone = error.kind() != io::ErrorKind::WouldBlock,
            }
            break;
        }
        while let Some(line) = self.line() {
            // A line that this build does not know says nothing about waiting calls.
            if let Ok(news) = serde_json::from_slice(&line) {
                self.news = news;
            }
        }
        if self.gone {
            self.news = RunNews { waiting: 0, answering: 0 };
        }
        if self.news.waiting > before { Change::MoreWait } else { Change::Quiet }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let read = (&self.stream).read(&mut chunk)?;
        self.pending.extend_from_slice(chunk.get(..read).unwrap_or_default());
        if self.pending.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its line is too long"));
        }
        Ok(read)
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = memchr::memchr(b'\n', &self.pending)?;
        let rest = self.pending.split_off(end + 1);
        let line = std::mem::replace(&mut self.pending, rest);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: &str) -> (UnixStream, io::Result<Result<Link, Failure>>) {
        let (mut gate, run) = UnixStream::pair().unwrap();
        gate.write_all(first.as_bytes()).unwrap();
        (gate, Link::named(run))
    }

    #[test]
    fn news_ring_only_when_more_calls_wait() {
        let (mut gate, link) = pair("{\"run\":{\"session\":\"s1\"}}\n{\"waiting\":1,\"answ");
        let mut link = link.unwrap().unwrap();
        assert_eq!(link.session(), "s1");
        assert_eq!(link.take_news(), Change::Quiet);
        for (text, change, waiting) in [
            ("ering\":0}\n", Change::MoreWait, 1),
            ("{\"waiting\":1,\"answering\":2}\n", Change::Quiet, 1),
            (
                "{\"waiting\":0,\"answering\":2}\n{\"waiting\":2,\"answering\":2}\n",
                Change::MoreWait,
                2,
            ),
            ("{\"waiting\":0,\"answering\":1}\n", Change::Quiet, 0),
        ] {
            gate.write_all(text.as_bytes()).unwrap();
            assert_eq!(link.take_news(), change, "{text}");
            assert_eq!(link.news().waiting, waiting, "{text}");
        }
        drop(gate);
        assert_eq!(link.take_news(), Change::Quiet);
        assert!(link.gone() && link.descriptor().is_none() && link.news().answering == 0);
    }

    #[test]
    fn a_refusal_and_a_silent_end_are_told_apart() {
        let (_gate, refused) = pair("{\"refused\":{\"why\":\"below an agent\"}}\n");
        assert!(
            matches!(refused.unwrap(), Err(Failure::Said(Exit::Refused, why)) if why == "below an agent")
        );
        let (gate, run) = UnixStream::pair().unwrap();
        drop(gate);
        assert!(Link::named(run).is_err());
    }
}
