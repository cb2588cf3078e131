//! The terminal's other direction: what it sends, decoded.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::QueueSelector;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::console::input::{Decoder, Input};

/// What one read takes; a person types less.
const READ_BYTES: usize = 4096;

/// Reads the terminal. `O_NONBLOCK` stays as it is, because the shell shares the open file: it is read
/// only when there is something.
pub(in crate::console) struct Keyboard {
    tty: AsyncFd<OwnedFd>,
    decoder: Decoder,
    ready: VecDeque<Input>,
    heard: Instant,
}

impl Keyboard {
    /// On the terminal that is standard input.
    #[expect(
        deprecated,
        reason = "the new name is unsafe; an OwnedFd keeps its descriptor, as that asks for"
    )]
    pub(in crate::console) fn new() -> io::Result<Self> {
        let tty = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let tty = AsyncFd::with_interest(tty, Interest::READABLE)?;
        Ok(Self { tty, decoder: Decoder::default(), ready: VecDeque::new(), heard: Instant::now() })
    }

    /// Forgets what was typed and not read: it was meant for somebody else.
    pub(in crate::console) fn forget(&mut self) {
        let _gone = rustix::termios::tcflush(self.tty.get_ref(), QueueSelector::IFlush);
        self.decoder = Decoder::default();
        self.ready.clear();
    }

    /// Whether more is there already, so that a frame before it would be one too many.
    pub(in crate::console) fn has_more(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next input; `None` when the terminal is gone. Safe to drop and call again: everything that was
    /// read is kept here.
    pub(in crate::console) async fn next(&mut self) -> Option<io::Result<Input>> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Some(Ok(input));
            }
            let patience = self.decoder.patience_ms().map(Duration::from_millis);
            let until = tokio::time::Instant::from_std(self.heard + patience.unwrap_or_default());
            tokio::select! {
                biased;
                guard = self.tty.readable() => {
                    let mut guard = match guard {
                        Ok(guard) => guard,
                        Err(error) => return Some(Err(error)),
                    };
                    match read(guard.get_inner()) {
                        Ok(None) => guard.clear_ready(),
                        Ok(Some(bytes)) if bytes.is_empty() => return None,
                        Ok(Some(bytes)) => {
                            self.heard = Instant::now();
                            self.ready.extend(self.decoder.feed(&bytes));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                () = tokio::time::sleep_until(until), if patience.is_some() => {
                    self.ready.extend(self.decoder.give_up());
                }
            }
        }
    }
}

/// What is there; `None` if nothing is, empty when the terminal is gone.
fn read(tty: &OwnedFd) -> io::Result<Option<Vec<u8>>> {
    let mut fds = [PollFd::new(tty, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut fds, Some(&now)) {
        Ok(0) | Err(Errno::INTR) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    let mut bytes = vec![0; READ_BYTES];
    match rustix::io::read(tty, &mut bytes) {
        Ok(count) => {
            bytes.truncate(count);
            Ok(Some(bytes))
        }
        Err(Errno::INTR | Errno::AGAIN) => Ok(None),
        // A terminal that was hung up.
        Err(Errno::IO) => Ok(Some(Vec::new())),
        Err(error) => Err(error.into()),
    }
}
