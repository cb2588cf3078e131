//! A shim's second image: the same process, without what its start brought into memory.
//!
//! To read its arguments, find the gate, start the server and say hello, a shim touches code all over the
//! binary: more than 1 MB of pages that would stay mapped as long as it lives, once for each server of each agent.
//! So, once it has nothing to do, it executes itself anew, and the new image only guards. Its descriptors cross in
//! a socket that takes the place of standard input for that moment.
//!
//! A gate that dies meanwhile has closed its socket: the new image finds that as the old one would have. A signal
//! that meets neither image's handlers, for about a millisecond, ends the shim at once, and its gate ends the server.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::net::RecvFlags;

use crate::proxy::link::{DESCRIPTORS, Lines, send};
use crate::wire::{Build, Resume};

/// The running binary, whatever became of its file.
const ITSELF: &str = "/proc/self/exe";

/// What the new image cannot find out by itself: the value of its option `--kept`. A word of the command line,
/// because the code that reads messages would be a third of what the new image has in memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The binary's build: its file may be a newer one by now.
    pub(super) build: Build,
    /// Where the gate put this shim.
    pub(super) place: Resume,
    /// The server's process.
    pub(super) server_pid: u32,
}

impl Kept {
    /// As one word.
    pub(super) fn word(&self) -> String {
        let Self { build: Build { version, built_at }, place, server_pid } = self;
        let Resume { session, conn } = place;
        format!("{conn}:{server_pid}:{built_at}:{version}:{session}")
    }

    /// What [`Kept::word`] wrote.
    pub(super) fn read(word: &str) -> Option<Self> {
        let mut parts = word.splitn(5, ':');
        let conn = parts.next()?.parse().ok()?;
        let server_pid = parts.next()?.parse().ok()?;
        let built_at = parts.next()?.parse().ok()?;
        let build = Build { built_at, version: parts.next()?.to_owned() };
        let place = Resume { session: parts.next()?.to_owned(), conn };
        Some(Self { build, place, server_pid })
    }
}

/// Executes this binary with these arguments. Comes back only with an error, and then nothing has changed.
pub(super) fn execute(
    arguments: &[OsString],
    descriptors: &[BorrowedFd<'_>; DESCRIPTORS],
) -> io::Error {
    let crossing = || -> io::Result<(OwnedFd, UnixStream)> {
        let agent = io::stdin().as_fd().try_clone_to_owned()?;
        let (here, there) = UnixStream::pair()?;
        send(&here, &(), descriptors)?;
        rustix::stdio::dup2_stdin(&there)?;
        // What was sent waits in `there`, also when this end is closed.
        Ok((agent, here))
    };
    let (agent, _here) = match crossing() {
        Ok(crossing) => crossing,
        Err(error) => return error,
    };
    let mut command = Command::new(ITSELF);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    let error = command.args(arguments).exec();
    match rustix::stdio::dup2_stdin(&agent) {
        Ok(()) => error,
        Err(lost) => lost.into(),
    }
}

/// Takes the descriptors over that the first image sent.
///
/// # Errors
/// When standard input is not the socket of a first image.
pub(super) fn adopt() -> io::Result<[OwnedFd; DESCRIPTORS]> {
    // The kernel names a process after the file that it executes.
    rustix::thread::set_name(c"tollgate")?;
    let mut lines = Lines::new();
    lines.receive(rustix::stdio::stdin(), RecvFlags::DONTWAIT)?;
    let descriptors = lines.take_descriptors().try_into();
    descriptors.map_err(|_| io::Error::other("descriptors are missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_fits_into_a_word() {
        let kept = Kept {
            build: Build { version: "0.1.0".to_owned(), built_at: 1_790_000_000 },
            place: Resume { session: "odd:name-1".to_owned(), conn: 7 },
            server_pid: 4321,
        };
        assert_eq!(Kept::read(&kept.word()), Some(kept));
        assert_eq!(Kept::read("7:4321"), None);
    }
}
