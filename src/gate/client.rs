//! Finding the gate of a home, or starting it.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::proxy::link::{Lines, send};
use crate::store::home::{Home, HomeError};
use crate::wire::{Build, Hello, Reply, Role, WIRE};

/// A gate that starts answers within this time, or something is wrong with it.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts to start a gate: it binds its socket a moment after it took the lock.
const AGAIN: Duration = Duration::from_millis(5);
/// A command's answer comes within this time.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Whether a gate is started when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Start one.
    IfNeeded,
    /// Only use one that runs.
    Never,
}

/// Why there is no gate to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// None runs.
    #[error(
        "find a gate at {0}: none runs; one starts with the first shim, `tollgate run` or `tollgate console`"
    )]
    None(PathBuf),
    /// It could not be started.
    #[error("start a gate: {0}")]
    Start(String),
    /// The socket does not work.
    #[error("talk to the gate at {path}: {source}")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// This binary's build: its version, and when its file was written.
#[must_use]
pub fn build() -> Build {
    let built_at = std::env::current_exe()
        .and_then(std::fs::metadata)
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs());
    Build { version: env!("CARGO_PKG_VERSION").to_owned(), built_at }
}

/// Connects to the home's gate.
///
/// # Errors
/// When none is there and none may or can be started.
pub fn connect(home: &Home, start: Start) -> Result<UnixStream, ClientError> {
    match dial(home) {
        Ok(stream) => Ok(stream),
        Err(error) if !absent(&error) => {
            Err(ClientError::Socket { path: home.socket(), source: error })
        }
        Err(_) if start == Start::Never => Err(ClientError::None(home.socket())),
        Err(_) => {
            home.prepare()?;
            start_and_dial(home)
        }
    }
}

/// Starts a gate and connects to it. Another gate may hold the lock without listening: just before it has
/// bound its socket, or while it leaves. Then it is tried again.
fn start_and_dial(home: &Home) -> Result<UnixStream, ClientError> {
    let began = Instant::now();
    loop {
        start_gate(home)?;
        match dial(home) {
            Ok(stream) => return Ok(stream),
            Err(error) if absent(&error) && began.elapsed() < START_LIMIT => {
                std::thread::sleep(AGAIN);
            }
            Err(source) => return Err(ClientError::Socket { path: home.socket(), source }),
        }
    }
}

/// Connects and says hello.
///
/// # Errors
/// As [`connect`].
pub fn hello(home: &Home, start: Start, role: Role) -> Result<UnixStream, ClientError> {
    let stream = connect(home, start)?;
    let hello = Hello { wire: WIRE, build: build(), role };
    send(&stream, &hello, &[])
        .map_err(|source| ClientError::Socket { path: home.socket(), source })?;
    Ok(stream)
}

/// One command and its answer.
///
/// # Errors
/// As [`connect`]; when the gate does not answer.
pub fn command(
    home: &Home,
    start: Start,
    command: crate::wire::Command,
) -> Result<Reply, ClientError> {
    let socket = |source| ClientError::Socket { path: home.socket(), source };
    let stream = hello(home, start, Role::Command(command))?;
    stream.set_read_timeout(Some(REPLY_LIMIT)).map_err(socket)?;
    let reply = Lines::new().wait(&stream).map_err(socket)?;
    reply.ok_or_else(|| socket(io::ErrorKind::UnexpectedEof.into()))
}

/// Asks a gate of an older build to leave, so that this one's is started instead; its shims hand their
/// descriptors over. A gate that does not want to, or that says nothing, stays.
///
/// # Errors
/// When the gate was told to leave and is still there.
pub fn renew(home: &Home) -> Result<(), ClientError> {
    use crate::wire::Command;
    let Ok(Reply::Status(status)) = command(home, Start::Never, Command::Status {}) else {
        return Ok(());
    };
    if status.build.built_at >= build().built_at {
        return Ok(());
    }
    if !matches!(command(home, Start::Never, Command::Leave {}), Ok(Reply::Done {})) {
        return Ok(());
    }
    let since = std::time::Instant::now();
    while dial(home).is_ok() {
        if since.elapsed() > START_LIMIT {
            let why = "the gate of an older build was told to leave and is still there";
            return Err(ClientError::Start(why.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// No socket, or one that nobody listens on.
fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Socket paths are limited to some 100 bytes, so a long one is reached through a descriptor of its folder.
pub(super) fn through_folder<T>(
    home: &Home,
    act: impl FnOnce(&std::path::Path) -> io::Result<T>,
) -> io::Result<T> {
    use std::os::fd::AsRawFd as _;
    const PATH_MAX: usize = 100;
    let path = home.socket();
    if path.as_os_str().len() <= PATH_MAX {
        return act(&path);
    }
    let folder = std::fs::File::open(home.run_dir())?;
    act(&PathBuf::from(format!("/proc/self/fd/{}/gate.sock", folder.as_raw_fd())))
}

fn dial(home: &Home) -> io::Result<UnixStream> {
    through_folder(home, |path| UnixStream::connect(path))
}

/// Starts a gate as nobody's child: cleared environment, `/` as folder, own session. It says `ready` and closes
/// its stdout once it listens; `another` when one does already.
fn start_gate(home: &Home) -> Result<(), ClientError> {
    let failed = |error: io::Error| ClientError::Start(error.to_string());
    // The file may have been replaced by a newer build; the running one is what fits this process.
    let binary = std::env::current_exe()
        .ok()
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let mut command = Command::new(binary);
    command.arg("gate").current_dir("/").env_clear();
    if let Some(dir) = home.custom() {
        command.arg("--home").arg(dir);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        wait_readable(&stdout).map_err(failed)?;
        stdout.read_to_string(&mut said).map_err(failed)?;
    }
    if said.starts_with("ready") {
        return Ok(());
    }
    let status = child.wait().map_err(failed)?;
    if said.starts_with("another") {
        return Ok(());
    }
    let why = said.trim_end();
    Err(ClientError::Start(if why.is_empty() {
        format!("it ended at once ({status})")
    } else {
        why.to_owned()
    }))
}

fn wait_readable(stdout: &impl std::os::fd::AsFd) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(stdout, PollFlags::IN)];
    let limit =
        Timespec { tv_sec: i64::try_from(START_LIMIT.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    if poll(&mut fds, Some(&limit))? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(())
}
