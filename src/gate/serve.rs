//! The gate's main thread: one gate per home, accepts connections, leaves when it is not needed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{DumpableBehavior, Resource, getrlimit, set_dumpable_behavior, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::gate::authority::Peer;
use crate::gate::client::through_folder;
use crate::gate::hub::{Hub, Waker};
use crate::gate::sessions::{Recognise, Sessions};
use crate::gate::{commands, consoles};
use crate::proxy::link::{Lines, send};
use crate::proxy::session::{DiskWork, Join, Posted};
use crate::store::home::{Home, write_whole_in_memory};
use crate::store::pins::Pins;
use crate::store::remembered;
use crate::wire::{Command, Hello, Role, ToShim, WIRE};

/// A gate that nobody used for so long ends itself.
const IDLE: Duration = Duration::from_mins(1);
/// How often the gate looks whether it is idle or done.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often it looks at policies' files while sessions run by one.
const FILES_EVERY: Duration = Duration::from_secs(1);
/// A peer says hello within this time.
const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// Sessions get this long to end when the gate is stopped.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// Approvals that may wait for the disk.
const DISK_WAITING_MAX: usize = 256;

/// Why a gate could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] crate::store::home::HomeError),
    /// The socket or lock cannot be made.
    #[error("listen on {path}: {source}")]
    Listen {
        /// The socket.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Serves until it is stopped, left or idle. `ready` is told once: `ready`, or `another` when one serves
/// already.
///
/// # Errors
/// When the home's folders or the socket cannot be used.
pub fn serve(
    home: &Home,
    recognise: Recognise,
    ready: impl FnOnce(&str),
) -> Result<(), ServeError> {
    home.prepare()?;
    let listen = |source| ServeError::Listen { path: home.socket(), source };
    let Some(_lock) = lock(home).map_err(listen)? else {
        ready("another\n");
        return Ok(());
    };
    become_own(home);
    let listener = bind(home).map_err(listen)?;
    let signals = signals().map_err(listen)?;
    let (disk, work) = sync_channel(DISK_WAITING_MAX);
    let hub = Hub::new(home.clone(), disk.clone());
    let kept = home.clone();
    std::thread::Builder::new()
        .name("disk".to_owned())
        .spawn(move || wait_for_disk(&work, &kept))
        .map_err(listen)?;
    let ending = Waker::new().map_err(listen)?;
    let sessions = Sessions::new(hub, home.clone(), disk, recognise, Arc::clone(&ending));
    tracing::info!(pid = std::process::id(), "the gate is open");
    ready("ready\n");
    accept(&listener, &signals, &ending, &sessions);
    // The next gate binds anew; ours must not be found any more.
    let _gone = fs::remove_file(home.socket());
    tracing::info!("the gate is closed");
    Ok(())
}

/// The lock of the one gate; `None` when another one has it.
fn lock(home: &Home) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(home.lock())?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Away from whoever started us: own session, no dumps for others to read, room for descriptors.
fn become_own(home: &Home) {
    // Fails only for a process that leads a group already.
    let _leader = rustix::process::setsid();
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        tracing::warn!(home = %home.state_dir().display(), "the gate can be traced by other processes");
    }
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Seven descriptors a shim: the default of 1024 is enough for a hundred.
    let _kept = setrlimit(Resource::Nofile, limit);
}

fn bind(home: &Home) -> io::Result<UnixListener> {
    // We hold the lock, so a socket that is there belongs to a gate that died.
    match fs::remove_file(home.socket()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = through_folder(home, |path| UnixListener::bind(path))?;
    fs::set_permissions(home.socket(), fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn signals() -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
    }
    Ok(read)
}

fn accept(listener: &UnixListener, signals: &UnixStream, ending: &Waker, sessions: &Arc<Sessions>) {
    let mut busy_at = Instant::now();
    let mut stopping_since = None;
    loop {
        let mut fds = [listener.as_fd(), signals.as_fd(), ending.as_fd()]
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let look = match stopping_since {
            Some(_) => Duration::from_millis(20),
            None if sessions.has_policy_files() => FILES_EVERY,
            None => LOOK_EVERY,
        };
        let wait = Timespec {
            tv_sec: i64::try_from(look.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(look.subsec_nanos()),
        };
        if poll(&mut fds, Some(&wait)).is_err() {
            continue;
        }
        sessions.look_at_policies();
        let [incoming, signalled, ended] = &fds;
        if !ended.revents().is_empty() {
            ending.clear();
        }
        if !signalled.revents().is_empty() && stopping_since.is_none() {
            sessions.stop("the gate was ended by a signal");
        }
        if !incoming.revents().is_empty() {
            busy_at = Instant::now();
            while let Ok((stream, _)) = listener.accept() {
                greet_elsewhere(stream, sessions);
            }
        }
        if sessions.is_leaving() {
            return;
        }
        if sessions.is_stopping() {
            let since = *stopping_since.get_or_insert_with(Instant::now);
            if sessions.live() == 0 || since.elapsed() > STOP_LIMIT {
                return;
            }
        }
        let used = sessions.live() > 0 || !sessions.hub.state().consoles.is_empty();
        if used {
            busy_at = Instant::now();
        } else if busy_at.elapsed() > IDLE {
            return;
        }
    }
}

/// A peer that says nothing must not keep others waiting.
fn greet_elsewhere(stream: UnixStream, sessions: &Arc<Sessions>) {
    let sessions = Arc::clone(sessions);
    let thread = std::thread::Builder::new().name("peer".to_owned());
    if let Err(error) = thread.spawn(move || greet(stream, &sessions)) {
        tracing::error!(%error, "a connection was refused: no thread for it");
    }
}

fn greet(stream: UnixStream, sessions: &Arc<Sessions>) {
    let Some(peer) = trusted_peer(&stream) else { return };
    let mut lines = Lines::new();
    let greeted = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(HELLO_LIMIT)))
        .and_then(|()| lines.wait::<Hello>(&stream));
    let hello = match greeted {
        Ok(Some(hello)) => hello,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(%error, pid = peer.pid, "no hello");
            return;
        }
    };
    // Whatever it speaks, a newer build must be able to end us.
    let ends_us = matches!(&hello.role, Role::Command(Command::Stop {} | Command::Leave {}));
    if hello.wire != WIRE && !ends_us {
        let why = format!(
            "this gate is tollgate {}, you are {}: run `tollgate stop`, then try again",
            crate::gate::client::build(),
            hello.build
        );
        refuse(&stream, &hello.role, why);
        return;
    }
    match hello.role {
        Role::Shim(shim) => {
            let descriptors = lines.take_descriptors();
            let join = Box::new(Join {
                control: stream,
                lines,
                hello: *shim,
                descriptors,
                patience_ms: None,
                notice: None,
                // Read once it is known that it may join.
                pins: Err("they were not read".to_owned()),
                notes: Vec::new(),
                identity: None,
                beside: Vec::new(),
                folder: None,
            });
            if let Err((join, why)) = sessions.join(join, peer) {
                tracing::warn!(why, pid = peer.pid, "a shim was refused");
                // It hears it, or finds its socket closed.
                let _gone = send(&join.control, &ToShim::Refused { why }, &[]);
            }
        }
        Role::Console(console) => {
            consoles::serve(&sessions.hub, &stream, lines, peer, &console);
        }
        Role::Command(command) => commands::serve(sessions, &stream, peer, command),
    }
}

/// Says why in the words of whoever asks.
fn refuse(stream: &UnixStream, role: &Role, why: String) {
    let sent = match role {
        Role::Shim(_) => send(stream, &ToShim::Refused { why }, &[]),
        Role::Console(_) => send(stream, &crate::wire::ToConsole::Refused { why }, &[]),
        Role::Command(_) => send(stream, &crate::wire::Reply::Refused { why }, &[]),
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "a refused peer did not listen");
    }
}

/// The same user, as the kernel says.
fn trusted_peer(stream: &UnixStream) -> Option<Peer> {
    let credentials = rustix::net::sockopt::socket_peercred(stream).ok()?;
    if credentials.uid != rustix::process::geteuid() {
        tracing::warn!(uid = credentials.uid.as_raw(), "another user was refused");
        return None;
    }
    Some(Peer { pid: u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()? })
}

/// Brings journals to disk and writes snapshots, so that no session's loop waits for the disk.
fn wait_for_disk(work: &Receiver<DiskWork>, home: &Home) {
    for one in work {
        match one {
            DiskWork::Sync { file, seq, to } => match file.sync_data() {
                Ok(()) => {
                    // A session that is over needs no word.
                    let _over = to.post(Posted::Synced(seq));
                }
                Err(error) => {
                    tracing::error!(%error, "an approval cannot be brought to disk: it will time out");
                }
            },
            DiskWork::Pin { server, command, pins: kept, by, at_us } => {
                if let Err(error) =
                    Pins::add(&home.pins_dir(), (&server, &command), kept, &by, at_us)
                {
                    tracing::warn!(server, %error, "what tools are to be is not kept");
                }
            }
            DiskWork::Remember(one) => {
                if let Err(error) = remembered::add(home.config_dir(), &one) {
                    tracing::warn!(id = one.id, %error, "an answer holds for this session alone");
                }
            }
            DiskWork::Forget { id, done } => {
                // Whoever asked may have given up.
                let _gone = done.try_send(remembered::remove(home.config_dir(), &id));
            }
            DiskWork::Write { path, bytes } => {
                // A snapshot serves a gate that takes over while shims live: not after a power failure.
                if let Err(error) = write_whole_in_memory(&path, &bytes) {
                    tracing::warn!(path = %path.display(), %error, "no snapshot");
                }
            }
        }
    }
}

/// Tells whoever started us, then closes stdout, so that nobody waits for it.
///
/// # Errors
/// When stdout is closed already.
pub fn say(word: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(word.as_bytes())?;
    out.flush()?;
    let null = OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(null)?;
    Ok(())
}
