//! The terminal and the signals of a run.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// What rings: a bell, and a notification (OSC 9) for terminals that know it. **The text is constant**:
/// nothing that an agent or a server says is written between the agent's own escape sequences.
const BELL: &[u8] = b"\x07\x1b]9;tollgate: a call waits\x07";

/// The controlling terminal, if there is one.
pub(super) struct Terminal {
    tty: Option<File>,
    before: Option<Termios>,
}

impl Terminal {
    /// Opens it and remembers its modes.
    pub(super) fn open() -> Self {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok();
        let before = tty.as_ref().and_then(|tty| termios::tcgetattr(tty).ok());
        Self { tty, before }
    }

    /// Whether somebody can press a key: stdin is this terminal and it is ours.
    pub(super) fn has_keys(&self) -> bool {
        termios::isatty(io::stdin()) && self.is_ours()
    }

    /// Whether our process group is the terminal's foreground, which gets its Ctrl-C.
    pub(super) fn is_ours(&self) -> bool {
        self.tty.as_ref().is_some_and(|tty| {
            termios::tcgetpgrp(tty).is_ok_and(|group| group == rustix::process::getpgrp())
        })
    }

    /// A call waits.
    pub(super) fn ring(&mut self) {
        if let Some(tty) = &mut self.tty {
            // A terminal that is gone is heard of by SIGHUP.
            tty.write_all(BELL).ok();
        }
    }

    /// Single keys, not shown, until [`Terminal::restore`].
    pub(super) fn take_keys(&self) {
        if let (Some(tty), Some(before)) = (&self.tty, &self.before) {
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Without single keys Enter still works.
            termios::tcsetattr(tty, OptionalActions::Flush, &modes).ok();
        }
    }

    /// The descriptor that keys come from.
    pub(super) fn keys(&self) -> Option<BorrowedFd<'_>> {
        self.tty.as_ref().map(AsFd::as_fd)
    }

    /// Takes what was pressed, so that the agent does not.
    pub(super) fn take_key(&self) {
        if let Some(tty) = &self.tty {
            termios::tcflush(tty, termios::QueueSelector::IFlush).ok();
        }
    }

    /// The modes that the terminal had; an agent that was killed may have left others.
    pub(super) fn restore(&self) {
        if let (Some(tty), Some(before), true) = (&self.tty, &self.before, self.is_ours()) {
            termios::tcsetattr(tty, OptionalActions::Drain, before).ok();
        }
    }
}

/// Signals as descriptors.
pub(super) struct Signals {
    pipes: Vec<(i32, UnixStream)>,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woke {
    /// This signal came.
    Signal(i32),
    /// The gate wrote, or went away.
    Gate,
    /// A key was pressed.
    Key,
    /// The time is over.
    Time,
}

impl Signals {
    /// From now on the signals that end or concern a run come as [`Woke::Signal`].
    ///
    /// # Errors
    /// When a pipe cannot be made.
    pub(super) fn catch() -> io::Result<Self> {
        let mut pipes = Vec::new();
        for signal in [SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            signal_hook::low_level::pipe::register(signal, write)?;
            pipes.push((signal, read));
        }
        Ok(Self { pipes })
    }

    /// Waits for a signal, the gate, a key or the limit, whichever is first.
    pub(super) fn wait(
        &self,
        gate: Option<BorrowedFd<'_>>,
        keys: Option<BorrowedFd<'_>>,
        limit: Option<Duration>,
    ) -> Woke {
        let limit = limit.map(|limit| Timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        });
        let mut whose: Vec<Woke> = self.pipes.iter().map(|(n, _)| Woke::Signal(*n)).collect();
        let mut fds: Vec<PollFd<'_>> =
            self.pipes.iter().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)).collect();
        for (fd, woke) in [(gate, Woke::Gate), (keys, Woke::Key)] {
            if let Some(fd) = fd {
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                whose.push(woke);
            }
        }
        loop {
            match poll(&mut fds, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) | Err(_) => return Woke::Time,
                Ok(_) => break,
            }
        }
        let ready = fds.iter().position(|fd| !fd.revents().is_empty());
        let woke = ready.and_then(|at| whose.get(at).copied()).unwrap_or(Woke::Time);
        if let Woke::Signal(signal) = woke {
            self.empty(signal);
        }
        woke
    }

    fn empty(&self, signal: i32) {
        let mut bytes = [0; 64];
        for (_, pipe) in self.pipes.iter().filter(|(number, _)| *number == signal) {
            let mut pipe = pipe;
            while pipe.read(&mut bytes).is_ok_and(|read| read > 0) {}
        }
    }
}
