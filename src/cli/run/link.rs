//! The run's connection to the gate: its registration, and the news that come over it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::RecvFlags;

use crate::cli::exit::{Exit, Failure};
use crate::gate::client::{self, Start};
use crate::proxy::link::{Lines, Received};
use crate::store::home::Home;
use crate::wire::{Command, Reply, Role, RunHello, RunNews};

/// A gate that takes longer to name a session is taken for dead.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// The registration. **It lasts as long as this value**: the gate sees the connection close.
pub(super) struct Link {
    stream: UnixStream,
    lines: Lines,
    session: String,
    news: RunNews,
    /// What the next gate is told.
    hello: RunHello,
    standing: Standing,
}

/// Whether a gate knows of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It does.
    Held,
    /// It died, or left for a newer build; shims start the next one.
    Gone,
    /// The next one says that the session is over.
    Over,
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
        let role = Role::Command(Command::Run(run.clone()));
        client::renew(home).map_err(|error| Failure::new(Exit::NoGate, error))?;
        let stream = client::hello(home, Start::IfNeeded, role)
            .map_err(|error| Failure::new(Exit::NoGate, error))?;
        Self::named(stream, run).map_err(|error| {
            Failure::new(Exit::NoGate, format_args!("register this run with the gate: {error}"))
        })?
    }

    /// Registers again with the gate that came after the one that died, if there is one by now. None is
    /// started for it: shims do that, and an operator's `tollgate stop` stays obeyed.
    pub(super) fn renew(&mut self, home: &Home) {
        if self.standing != Standing::Gone {
            return;
        }
        let role = Role::Command(Command::Run(self.hello.clone()));
        let Ok(stream) = client::hello(home, Start::Never, role) else { return };
        match Self::named(stream, self.hello.clone()) {
            Ok(Ok(link)) => *self = link,
            Ok(Err(_)) => self.standing = Standing::Over,
            // It died as well, or is not ready.
            Err(_) => {}
        }
    }

    /// Waits for the gate's reply.
    fn named(stream: UnixStream, mut hello: RunHello) -> io::Result<Result<Self, Failure>> {
        stream.set_read_timeout(Some(REPLY_LIMIT))?;
        let mut lines = Lines::new();
        match lines.wait(&stream)? {
            Some(Reply::Run { session }) => {
                let news = RunNews { waiting: 0, answering: 0 };
                hello.session = Some(session.clone());
                Ok(Ok(Self { stream, lines, session, news, hello, standing: Standing::Held }))
            }
            Some(Reply::Refused { why }) => Ok(Err(Failure::new(Exit::Refused, why))),
            Some(Reply::Done {} | Reply::Status(_) | Reply::Tickets { .. }) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "it answered something else"))
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
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

    /// Whether no gate knows of this run, though one may again: then [`Link::renew`] is worth a try.
    pub(super) fn is_gone(&self) -> bool {
        self.standing == Standing::Gone
    }

    /// To poll for news; `None` once the gate went away.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (self.standing == Standing::Held).then(|| self.stream.as_fd())
    }

    /// Reads what is there.
    pub(super) fn take_news(&mut self) -> Change {
        let before = self.news.waiting;
        let left = loop {
            match self.lines.receive(&self.stream, RecvFlags::DONTWAIT) {
                Ok(Received::Some) => {}
                Ok(Received::Nothing) => break false,
                Ok(Received::End) | Err(_) => break true,
            }
        };
        loop {
            match self.lines.take() {
                Ok(Some(news)) => self.news = news,
                Ok(None) => break,
                // A line that this build does not know says nothing about waiting calls.
                Err(_) => {}
            }
        }
        if left {
            self.standing = Standing::Gone;
            self.news = RunNews { waiting: 0, answering: 0 };
        }
        if self.news.waiting > before { Change::MoreWait } else { Change::Quiet }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn hello() -> RunHello {
        RunHello {
            agent: "a".to_owned(),
            policy: None,
            role: None,
            patience_ms: Vec::new(),
            session: None,
        }
    }

    fn pair(first: &str) -> (UnixStream, io::Result<Result<Link, Failure>>) {
        let (mut gate, run) = UnixStream::pair().unwrap();
        gate.write_all(first.as_bytes()).unwrap();
        (gate, Link::named(run, hello()))
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
        assert!(link.is_gone() && link.descriptor().is_none() && link.news().answering == 0);
    }

    #[test]
    fn a_refusal_and_a_silent_end_are_told_apart() {
        let (_gate, refused) = pair("{\"refused\":{\"why\":\"below an agent\"}}\n");
        assert!(
            matches!(refused.unwrap(), Err(Failure::Said(Exit::Refused, why)) if why == "below an agent")
        );
        let (gate, run) = UnixStream::pair().unwrap();
        drop(gate);
        assert!(Link::named(run, hello()).is_err());
    }
}
