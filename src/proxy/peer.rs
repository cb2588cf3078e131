//! Processes as the kernel shows them: who is below whom, and handles that a reused number cannot fool.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Deepest chain of ancestors that is followed; a real one has a dozen.
const ANCESTORS_MAX: usize = 128;

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub started: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The process.
    pub process: Process,
    /// Its command name, as the kernel cuts it.
    pub name: String,
    /// Its parent's number.
    pub parent: u32,
    /// Its controlling terminal's device number, 0 for none.
    pub tty: i32,
}

/// Reads one process; `None` when it is gone.
#[must_use]
pub fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(&String::from_utf8_lossy(&text))
}

/// The name may hold spaces and parentheses, so fields are counted from the last `)`.
fn parse(text: &str) -> Option<Stat> {
    let (head, tail) = text.rsplit_once(')')?;
    let (pid, name) = head.split_once(" (")?;
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    Some(Stat {
        process: Process { pid: pid.parse().ok()?, started: fields.get(19)?.parse().ok()? },
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        tty: fields.get(4)?.parse().ok()?,
    })
}

/// The process and its ancestors, nearest first. `None` when the chain cannot be read to its root, which
/// callers must take as "anybody".
#[must_use]
pub fn ancestry(pid: u32) -> Option<Vec<Stat>> {
    let mut chain = Vec::new();
    let mut next = pid;
    while next != 0 {
        let one = stat(next)?;
        next = one.parent;
        chain.push(one);
        if chain.len() > ANCESTORS_MAX {
            return None;
        }
    }
    Some(chain)
}

/// A process's command line; empty when it is gone.
#[must_use]
pub fn command_line(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes
        .split(|&byte| byte == 0)
        .filter(|part| !part.is_empty())
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect()
}

/// The folder that a process is in; `None` when it is gone, or its folder is.
#[must_use]
pub fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok().filter(|folder| folder.is_dir())
}

/// A handle on a process that stays true to it.
///
/// # Errors
/// When the process is gone.
pub fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pidfd_open(pid.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::empty())?)
}

/// Sends a signal through a handle; a process that is gone already is fine.
pub fn signal(pidfd: impl AsFd, signal: Signal) {
    // The only failure is that the process is gone, which is what was wanted.
    let _gone = pidfd_send_signal(pidfd, signal);
}

/// Waits until the process behind the handle ended.
#[must_use]
pub fn wait_end(pidfd: impl AsFd, limit_ms: u32) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    let limit = Timespec {
        tv_sec: i64::from(limit_ms / 1000),
        tv_nsec: i64::from(limit_ms % 1000) * 1_000_000,
    };
    matches!(poll(&mut fds, Some(&limit)), Ok(n) if n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_fields() {
        let line = "42 (a) b (c)) S 7 42 42 34816 42 0 0 0 0 0 0 0 0 0 20 0 1 0 9999 0 0";
        let expected = Stat {
            process: Process { pid: 42, started: 9999 },
            name: "a) b (c)".to_owned(),
            parent: 7,
            tty: 34816,
        };
        assert_eq!(parse(line), Some(expected));
    }

    #[test]
    fn our_own_ancestry_ends_at_the_first_process() {
        let chain = ancestry(std::process::id()).unwrap();
        assert_eq!(chain.first().unwrap().process.pid, std::process::id());
        assert_eq!(chain.last().unwrap().parent, 0);
    }
}
