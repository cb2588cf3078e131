//! Where a gate, its socket, its journals and its configuration are.
//!
//! One gate serves one user and one home. The user's own home comes from the passwd entry, never from
//! a variable, because agents pass few variables on and a wrapped agent could set any. Operators'
//! commands honour `TOLLGATE_HOME`; shims and hooks only `--home`, and only for a registered folder.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use std::time::{Duration, Instant};

/// Writers keep a folder for some milliseconds; one that keeps it longer hangs.
const HELD_LIMIT: Duration = Duration::from_secs(5);

/// The folders of one home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    config: PathBuf,
    state: PathBuf,
    custom: Option<PathBuf>,
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// No passwd entry.
    #[error("find your home directory: no entry for uid {0} in /etc/passwd")]
    NoPasswd(u32),
    /// A relative or missing folder.
    #[error("use {path} as a home: {why}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Not registered.
    #[error(
        "use {0} as a home: it is not registered; run `tollgate home add {0}` in your own terminal"
    )]
    NotRegistered(PathBuf),
    /// The list of homes or a folder cannot be read or written.
    #[error("read or write {path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Home {
    /// The user's own home, by the passwd entry.
    ///
    /// # Errors
    /// When the user has no passwd entry.
    pub fn own() -> Result<Self, HomeError> {
        let user = passwd_home()?;
        Ok(Self {
            config: user.join(".config/tollgate"),
            state: user.join(".local/state/tollgate"),
            custom: None,
        })
    }

    /// Everything below one folder, registered or not.
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self { config: dir.join("config"), state: dir.join("state"), custom: Some(dir.to_owned()) }
    }

    /// For the operator's commands: `TOLLGATE_HOME`, else the user's own.
    ///
    /// # Errors
    /// As [`Home::own`]; a relative `TOLLGATE_HOME`.
    pub fn of_operator() -> Result<Self, HomeError> {
        match std::env::var_os("TOLLGATE_HOME").filter(|value| !value.is_empty()) {
            None => Self::own(),
            Some(dir) => Ok(Self::below(&absolute(Path::new(&dir))?)),
        }
    }

    /// For shims, hooks and the gate that they start: `--home` if it is registered, else the user's own.
    ///
    /// # Errors
    /// As [`Home::own`]; a folder that is not registered.
    pub fn of_shim(dir: Option<&Path>) -> Result<Self, HomeError> {
        let own = Self::own()?;
        let Some(dir) = dir else { return Ok(own) };
        let dir = absolute(dir)?;
        if own.registered()?.contains(&dir) {
            Ok(Self::below(&dir))
        } else {
            Err(HomeError::NotRegistered(dir))
        }
    }

    /// The folder given by `--home` or `TOLLGATE_HOME`; `None` for the user's own home.
    #[must_use]
    pub fn custom(&self) -> Option<&Path> {
        self.custom.as_deref()
    }

    /// `gate.sock`.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.run_dir().join("gate.sock")
    }

    /// Held by the living gate.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.run_dir().join("gate.lock")
    }

    /// Sockets and locks; mode 0700.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.state.join("run")
    }

    /// One journal per session; mode 0700, files 0600.
    #[must_use]
    pub fn sessions_dir(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// The gate's own log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.state.join("gate.log")
    }

    /// What tools are to be.
    #[must_use]
    pub fn pins_dir(&self) -> PathBuf {
        self.state.join("pins")
    }

    /// Copies of the binary that configurations may point to.
    #[must_use]
    pub fn bin_dir(&self) -> PathBuf {
        self.state.join("bin")
    }

    /// The user's own policies, themes and settings.
    #[must_use]
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// Everything that changes.
    #[must_use]
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// Makes the folders, each for the owner alone.
    ///
    /// # Errors
    /// When one cannot be made, or belongs to somebody else or is open to others.
    pub fn prepare(&self) -> Result<(), HomeError> {
        for dir in [self.run_dir(), self.sessions_dir()] {
            make_private(&dir)?;
        }
        Ok(())
    }

    /// Makes the folder of the configuration, for the owner alone.
    ///
    /// # Errors
    /// As [`Home::prepare`].
    pub fn prepare_config(&self) -> Result<(), HomeError> {
        make_private(&self.config)
    }

    /// The registered folders.
    ///
    /// # Errors
    /// When the list exists and cannot be read.
    pub fn registered(&self) -> Result<Vec<PathBuf>, HomeError> {
        let path = self.registry();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter(|l| !l.is_empty()).map(PathBuf::from).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(HomeError::Io { path, source }),
        }
    }

    /// Adds a folder to the list, or takes it off; `true` if that changed anything.
    ///
    /// # Errors
    /// A relative folder, one with a newline in its name, or a list that cannot be written.
    pub fn register(&self, dir: &Path, change: Registration) -> Result<bool, HomeError> {
        let dir = absolute(dir)?;
        make_private(&self.config)?;
        let io = |source| HomeError::Io { path: self.registry(), source };
        let lock = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.config.join("homes.lock"))
            .map_err(io)?;
        lock.lock().map_err(io)?;
        let mut homes = self.registered()?;
        let known = homes.contains(&dir);
        match change {
            Registration::Add if !known => homes.push(dir),
            Registration::Remove if known => homes.retain(|home| *home != dir),
            Registration::Add | Registration::Remove => return Ok(false),
        }
        let mut text = String::new();
        for home in &homes {
            text.push_str(&home.to_string_lossy());
            text.push('\n');
        }
        write_whole(&self.registry(), text.as_bytes()).map_err(io)?;
        Ok(true)
    }

    fn registry(&self) -> PathBuf {
        self.config.join("homes")
    }
}

/// What [`Home::register`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Shims may use the folder from now on.
    Add,
    /// They may not any more.
    Remove,
}

/// A folder that other writers of this program keep out of until this is dropped. It keeps nobody else out.
#[derive(Debug)]
pub struct Held {
    _dir: fs::File,
}

impl Held {
    /// Waits for a folder, for some seconds at most.
    ///
    /// # Errors
    /// When there is no such folder, its file system knows no locks, or another process keeps it.
    pub fn dir(dir: &Path) -> io::Result<Self> {
        let file = fs::File::open(dir)?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _dir: file }),
                Err(fs::TryLockError::Error(error)) => return Err(error),
                Err(fs::TryLockError::WouldBlock) if since.elapsed() < HELD_LIMIT => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let why = format!("another process keeps {}", dir.display());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
            }
        }
    }
}

/// Writes a file so that readers see the old or the new content, never a part, also after a power failure.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = beside(path, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file's text; `None`: there is none.
///
/// # Errors
/// The system's.
pub fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A regular file's text, of at most so many bytes. A pipe or a device in its place holds nobody up: anybody may have
/// put one there.
///
/// # Errors
/// The system's; it is no regular file, too long, or no UTF-8.
pub fn read_regular(path: &Path, most: u64) -> io::Result<String> {
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    file.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("more than {most} bytes")));
    }
    Ok(text)
}

/// As [`write_whole`], for what is of no use after a power failure anyway; it does not wait for the disk and so
/// slows no other file's writer.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_whole_in_memory(path: &Path, bytes: &[u8]) -> io::Result<()> {
    beside(path, bytes)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn beside(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    use std::io::Write as _;
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn absolute(dir: &Path) -> Result<PathBuf, HomeError> {
    let folder = |why: &str| HomeError::Folder { path: dir.to_owned(), why: why.to_owned() };
    if !dir.is_absolute() {
        return Err(folder("give an absolute path"));
    }
    if dir.to_str().is_none_or(|text| text.contains('\n')) {
        return Err(folder("the name has characters that a list of homes cannot hold"));
    }
    Ok(dir.components().collect())
}

fn make_private(dir: &Path) -> Result<(), HomeError> {
    let io = |source| HomeError::Io { path: dir.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
    let meta = fs::metadata(dir).map_err(io)?;
    let folder = |why: String| HomeError::Folder { path: dir.to_owned(), why };
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(folder("it belongs to another user".to_owned()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(folder(format!(
            "others may enter it (mode {:o}); run `chmod 700 {}`",
            meta.mode() & 0o777,
            dir.display()
        )));
    }
    Ok(())
}

/// The home directory of the real user, from /etc/passwd.
///
/// # Errors
/// When the user has no entry there.
pub fn passwd_home() -> Result<PathBuf, HomeError> {
    let uid = rustix::process::getuid().as_raw();
    let path = PathBuf::from("/etc/passwd");
    let text = fs::read_to_string(&path).map_err(|source| HomeError::Io { path, source })?;
    text.lines()
        .find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [_, _, id, _, _, home, ..] if id.parse() == Ok(uid) => Some(PathBuf::from(home)),
                _ => None,
            }
        })
        .ok_or(HomeError::NoPasswd(uid))
}
