//! A shim without a gate: every request is refused, and the agent hears why.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};

use crate::engine::{limits, refuse_without_gate};
use crate::protocol::framing::{Framer, Piece};
use crate::proxy::descriptor::{Descriptor, Got, Way};

/// What `tollgate` exits with when there is no gate.
pub(super) const NO_GATE: u8 = 4;

/// Answers until the agent closes or ends us.
#[must_use]
pub fn run(why: &str, signals: &UnixStream) -> u8 {
    // Nowhere is left to say that stderr is closed.
    let _closed = writeln!(
        io::stderr(),
        "tollgate shim: no gate ({why}); every request is refused until `tollgate status` shows one"
    );
    let Ok(from) = io::stdin().as_fd().try_clone_to_owned() else { return NO_GATE };
    let Ok(from) = Descriptor::adopt(from, Way::In) else { return NO_GATE };
    let mut lines = Framer::new(limits::LINE_BYTES_MAX);
    let mut chunk = [0; 16 * 1024];
    loop {
        let mut fds = [PollFd::new(&from, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        if poll(&mut fds, None).is_err() {
            continue;
        }
        let [_, signalled] = &fds;
        if !signalled.revents().is_empty() {
            return NO_GATE;
        }
        match from.read(&mut chunk) {
            Ok(Got::Bytes(n)) => lines.push(chunk.get(..n).unwrap_or_default()),
            Ok(Got::Nothing) => continue,
            Ok(Got::End) | Err(_) => return NO_GATE,
        }
        while let Some(piece) = lines.next() {
            let line = match &piece {
                Piece::Line(line) => line,
                Piece::TooLong { head, .. } => head,
            };
            if let Some(answer) = refuse_without_gate(line, why) {
                let mut out = io::stdout().lock();
                let written = out.write_all(&answer).and_then(|()| out.write_all(b"\n"));
                if written.and_then(|()| out.flush()).is_err() {
                    return NO_GATE;
                }
            }
        }
    }
}
