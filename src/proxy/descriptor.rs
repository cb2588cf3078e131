//! Reading and writing descriptors that others hold duplicates of, without blocking and without changing
//! their mode.
//!
//! `O_NONBLOCK` belongs to the open file, which the agent and the server share with us, so it must not be
//! set on what we were given (design.md section 3):
//!
//! 1. pipes and terminals are opened anew through `/proc/self/fd`, which gives an open file of our own;
//! 2. sockets are read and written with `MSG_DONTWAIT`;
//! 3. regular files never wait;
//! 4. what can be neither is written in pieces that a ready pipe takes whole, after a poll.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, sendmsg};

/// A ready pipe takes this much without blocking (POSIX `PIPE_BUF` on Linux).
const PIPE_BUF: usize = 4096;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// We read.
    In,
    /// We write.
    Out,
}

/// One descriptor.
#[derive(Debug)]
pub struct Descriptor {
    fd: OwnedFd,
    mode: Access,
}

/// How it is used without blocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Our own open file with `O_NONBLOCK`.
    Own,
    /// A socket: flags on each call.
    Socket,
    /// A regular file.
    File,
    /// Shared and blocking: only after a poll, only in small pieces.
    Shared,
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The other end closed.
    End,
}

impl Descriptor {
    /// Takes a descriptor over.
    ///
    /// # Errors
    /// When it cannot be looked at; a pipe whose other end is gone is no error here.
    pub fn adopt(fd: OwnedFd, way: Way) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode);
        let reopen = matches!(kind, FileType::Fifo)
            || kind == FileType::CharacterDevice && rustix::termios::isatty(&fd);
        let mode = if kind == FileType::Socket {
            Access::Socket
        } else if kind == FileType::RegularFile {
            Access::File
        } else {
            Access::Shared
        };
        if reopen && let Ok(own) = reopen_own(&fd, way) {
            return Ok(Self { fd: own, mode: Access::Own });
        }
        Ok(Self { fd, mode })
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// Of the descriptor; a reset connection counts as its end.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Got> {
        let read = match self.mode {
            Access::Socket => {
                rustix::net::recv(&self.fd, &mut *buffer, RecvFlags::DONTWAIT).map(|(n, _)| n)
            }
            Access::Own | Access::File | Access::Shared => rustix::io::read(&self.fd, &mut *buffer),
        };
        match read {
            // EIO is what a terminal gives once its other side is gone.
            Ok(0) | Err(Errno::CONNRESET | Errno::IO | Errno::PIPE) => Ok(Got::End),
            Ok(n) => Ok(Got::Bytes(n)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Got::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a part of the pieces, in order; 0 when nothing fits now.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let wrote = match self.mode {
            Access::Socket => {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                sendmsg(&self.fd, pieces, &mut SendAncillaryBuffer::default(), flags)
            }
            Access::Own | Access::File => rustix::io::writev(&self.fd, pieces),
            Access::Shared => {
                let Some(first) = pieces.first().filter(|_| ready(self.fd.as_fd())) else {
                    return Ok(0);
                };
                rustix::io::write(&self.fd, first.get(..PIPE_BUF).unwrap_or(first))
            }
        };
        match wrote {
            Ok(n) => Ok(n),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether readiness can be waited for; a regular file is always ready.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        matches!(self.mode, Access::File)
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn reopen_own(fd: &OwnedFd, way: Way) -> rustix::io::Result<OwnedFd> {
    let access = match way {
        Way::In => OFlags::RDONLY,
        Way::Out => OFlags::WRONLY,
    };
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::fs::open(path, flags, Mode::empty())
}

fn ready(fd: BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut fds, Some(&now)), Ok(n) if n > 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use rustix::fs::fcntl_getfl;

    use super::*;

    fn drain(from: &Descriptor, want: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = vec![0; 65536];
        while all.len() < want {
            match from.read(&mut buffer).unwrap() {
                Got::Bytes(n) => all.extend_from_slice(&buffer[..n]),
                Got::Nothing => {}
                Got::End => break,
            }
        }
        all
    }

    #[test]
    fn a_pipe_is_read_and_filled_without_blocking_and_keeps_its_mode() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let theirs = write.try_clone().unwrap();
        let to = Descriptor::adopt(write, Way::Out).unwrap();
        let from = Descriptor::adopt(read, Way::In).unwrap();
        assert_eq!(from.read(&mut [0; 8]).unwrap(), Got::Nothing);
        let mut sent = 0;
        loop {
            let n = to.write(&[IoSlice::new(&[7; 10_000])]).unwrap();
            sent += n;
            if n == 0 {
                break;
            }
        }
        assert!(sent >= 4096);
        assert!(!fcntl_getfl(&theirs).unwrap().contains(OFlags::NONBLOCK));
        assert_eq!(drain(&from, sent).len(), sent);
        drop((to, theirs));
        assert_eq!(from.read(&mut [0; 8]).unwrap(), Got::End);
    }

    #[test]
    fn a_socket_is_read_and_filled_without_blocking_and_keeps_its_mode() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let copy = ours.try_clone().unwrap();
        let ours = Descriptor::adopt(ours.into(), Way::In).unwrap();
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), Got::Nothing);
        theirs.write_all(b"hello").unwrap();
        assert_eq!(drain(&ours, 5), b"hello");
        while ours.write(&[IoSlice::new(&vec![7; 65536])]).unwrap() > 0 {}
        assert!(!fcntl_getfl(&copy).unwrap().contains(OFlags::NONBLOCK));
        drop(theirs);
        while ours.read(&mut vec![0; 65536]).unwrap() != Got::End {}
        assert!(ours.write(&[IoSlice::new(b"x")]).is_err());
    }

    #[test]
    fn a_file_is_read_to_its_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"line\n").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let file = Descriptor::adopt(file.into(), Way::In).unwrap();
        assert!(file.is_file());
        assert_eq!(drain(&file, 99), b"line\n");
    }

    #[test]
    fn a_terminal_keeps_its_mode() {
        let master = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let tty = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let theirs = tty.try_clone().unwrap();
        let ours = Descriptor::adopt(tty, Way::In).unwrap();
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), Got::Nothing);
        rustix::io::write(&master, b"typed\n").unwrap();
        assert_eq!(drain(&ours, 6), b"typed\n");
        assert!(!fcntl_getfl(&theirs).unwrap().contains(OFlags::NONBLOCK));
    }
}
