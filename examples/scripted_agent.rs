//! An agent for tests: starts what its stdin, a Unix socket, tells it to, with the descriptors that come
//! along, and says which process that is and how it ended.
//!
//! `scripted_agent [--subreaper]`: with the flag, orphans below it stay below it, as under `tollgate run`.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use tollgate::proxy::link::{Lines, send};

/// What to start.
#[derive(Debug, Deserialize)]
struct Start {
    argv: Vec<String>,
    env: Vec<(String, String)>,
}

/// What became of it.
#[derive(Debug, Serialize)]
enum Said {
    Started(u32),
    Ended(u32, i32),
}

fn main() -> io::Result<()> {
    if std::env::args().any(|arg| arg == "--subreaper") {
        rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))?;
    }
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut lines = Lines::new();
    while let Some(start) = lines.wait::<Start>(&control)? {
        let mut ends = lines.take_descriptors().into_iter();
        let mut next = || ends.next().map_or_else(Stdio::null, |fd: OwnedFd| Stdio::from(fd));
        let (program, arguments) = start.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).envs(start.env).stdin(next()).stdout(next()).stderr(next());
        let mut child = command.spawn()?;
        // The command keeps copies of the descriptors, which would hold pipes open.
        drop(command);
        let pid = child.id();
        send(&control, &Said::Started(pid), &[])?;
        let told = control.try_clone()?;
        std::thread::spawn(move || {
            let code = child.wait().map_or(-1, |status| {
                status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
            });
            if send(&told, &Said::Ended(pid, code), &[]).is_err() {
                writeln!(io::stderr(), "nobody listens").ok();
            }
        });
    }
    Ok(())
}
