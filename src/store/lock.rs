//! `tollgate.lock` on disk: where it is found, and how several writers share it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::catalog::lock::{Broken, Knowledge, Known, Lock, Package, each};
use crate::catalog::sign::Trusted;
use crate::catalog::{Approval, Fingerprint, Kind, Pin, Pins};
use crate::protocol::canonical::canonical;
use crate::store::home::{Held, read_regular};

/// The file's name.
pub const NAME: &str = "tollgate.lock";
/// Largest file that is read: some thousands of tools.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What a new file may be: a project's files are read by others, less the user's umask.
const MODE: u32 = 0o644;

/// Why a lock cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no lock.
    #[error("read {path}: {why}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong.
        why: Broken,
    },
    /// Somebody else changed it in between.
    #[error("write {0}: it was changed while it was being worked on; do it again")]
    Changed(PathBuf),
    /// It cannot be written.
    #[error("write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A lock that was read, and as which text.
#[derive(Debug, Clone)]
pub struct Read {
    /// Where.
    pub path: PathBuf,
    /// `None`: there was no file.
    pub text: Option<String>,
    /// What it says.
    pub lock: Lock,
}

/// The nearest lock at or above a folder. **Neither `top` nor the root of the file system is looked into**, nor
/// anything above them: what stands there belongs to no project.
#[must_use]
pub fn find(from: &Path, top: &Path) -> Option<PathBuf> {
    from.ancestors()
        .take_while(|dir| *dir != top && dir.parent().is_some())
        .map(|dir| dir.join(NAME))
        .find(|path| fs::symlink_metadata(path).is_ok())
}

/// Reads a lock; an empty one where there is no file.
///
/// # Errors
/// When there is one and it cannot be read, or is no lock.
pub fn read(path: &Path) -> Result<Read, LockError> {
    let text = match read_regular(path, FILE_BYTES_MAX) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(LockError::Read { path: path.to_owned(), source }),
    };
    let lock = text.as_deref().map(Lock::parse).transpose();
    let lock = lock.map_err(|why| LockError::Broken { path: path.to_owned(), why })?;
    Ok(Read { path: path.to_owned(), text, lock: lock.unwrap_or_default() })
}

/// Changes a lock: reads it, has it changed, and writes it unless it is another one by then. Writers of this
/// program wait for each other; an editor or git does not, and its change is kept, not ours.
///
/// # Errors
/// What reading, changing and writing say; then the file is as it was.
pub fn change<E: From<LockError>>(
    path: &Path,
    act: impl FnOnce(&mut Lock) -> Result<(), E>,
) -> Result<(), E> {
    let write = |source| LockError::Write { path: path.to_owned(), source };
    let dir = match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => Path::new("."),
        Some(dir) => dir,
        None => return Err(write(io::ErrorKind::IsADirectory.into()).into()),
    };
    let _held = Held::dir(dir).map_err(write)?;
    let mut read = read(path)?;
    act(&mut read.lock)?;
    replace(&read, dir)?;
    Ok(())
}

fn replace(read: &Read, dir: &Path) -> Result<(), LockError> {
    let path = &read.path;
    let io = |source| LockError::Write { path: path.clone(), source };
    let new = read.lock.to_string();
    if read.text.as_deref() == Some(new.as_str()) {
        return Ok(());
    }
    if new.len() as u64 > FILE_BYTES_MAX {
        return Err(io(io::Error::other(format!("more than {FILE_BYTES_MAX} bytes"))));
    }
    let mode = fs::metadata(path).map_or(MODE, |meta| meta.permissions().mode() & 0o777);
    let mut file = tempfile::Builder::new()
        .prefix(".tollgate.lock.")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(dir)
        .map_err(io)?;
    file.write_all(new.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    let now = match read_regular(path, FILE_BYTES_MAX) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(LockError::Read { path: path.clone(), source }),
    };
    if now != read.text {
        return Err(LockError::Changed(path.clone()));
    }
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

/// What a home has pinned of a server, for a lock.
#[must_use]
pub fn knowledge(pins: &Pins) -> Knowledge {
    let mut knowledge = Knowledge::new();
    for (kind, name, pin) in each(pins).filter(|(kind, _, _)| *kind != Kind::Identity) {
        let Some(text) = pin.text.clone() else { continue };
        let evidence = pin.approval.as_ref().map_or_else(
            || "pinned".to_owned(),
            |approval| format!("{}, {}", approval.by, stamp(approval.at_us)),
        );
        knowledge.entry(kind).or_default().insert(name.to_owned(), Known { text, evidence });
    }
    knowledge
}

/// What a project's lock adds to what a home has pinned of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    /// Definitions that the home has no pin of.
    pub pins: Pins,
    /// What is to be said about the lock, one sentence each.
    pub notes: Vec<String>,
}

/// Looks a server up in a lock. **Only a block that a trusted signer signed adds anything**, and only to a server of the
/// package that the block is about; what the home has pinned itself stays. `identity`: what runs here.
#[must_use]
pub fn added(
    read: &Result<Read, LockError>,
    trusted: &[Trusted],
    (server, identity): (&str, Option<&str>),
    own: &Pins,
) -> Added {
    let mut added = Added::default();
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            added.notes.push(format!("nothing of it counts as approved: failed to {error}"));
            return added;
        }
    };
    let Some(block) = read.lock.blocks.get(server) else { return added };
    let path = read.path.display();
    let checked = block.check(server, trusted);
    if !checked.counts() {
        let why = checked.problems().join("; ");
        added.notes.push(format!("{path}: what it says of {server} counts as not approved: {why}"));
        return added;
    }
    if let Some(approved) = &block.package {
        let runs = identity.and_then(Package::told);
        if runs.as_ref().is_none_or(|runs| runs.name != approved.name) {
            let runs =
                runs.map_or_else(|| "one that cannot be told".to_owned(), |runs| runs.to_string());
            added.notes.push(format!(
                "{path}: what it says of {server} counts as not approved: it is about {approved}, and here runs {runs}"
            ));
            return added;
        }
        if let Some(runs) = runs.filter(|runs| runs.version != approved.version) {
            added
                .notes
                .push(format!("{path} is about {approved} as {server}, and here runs {runs}"));
        }
    }
    let by = format!("{} in {NAME}", checked.signers.join(", "));
    let mut others = 0_usize;
    for (kind, name, entry) in each(&block.definitions) {
        match own.get(&kind).and_then(|named| named.get(name)) {
            None => {
                let approval = Approval { by: by.clone(), at_us: micros(&entry.at) };
                let text = Some(on_one_line(&entry.text));
                let pin = Pin { text, approval: Some(approval), ..Pin::default() };
                added.pins.entry(kind).or_default().insert(name.to_owned(), pin);
            }
            Some(own) => {
                let text = own.text.as_deref();
                let same =
                    text.is_some_and(|text| Fingerprint::of(text).hex() == entry.fingerprint);
                others += usize::from(!same);
            }
        }
    }
    if others > 0 {
        added.notes.push(format!(
            "{path} says something else of {others} definitions of {server} than this home has pinned, which \
             counts; `tollgate pins diff` shows it"
        ));
    }
    added
}

/// A definition as a server sends it: what agents are shown of it is a part of one line. One that has no canonical text
/// and more than one line is another one then, and asks.
fn on_one_line(text: &str) -> String {
    canonical(text).unwrap_or_else(|_| text.replace(['\n', '\r'], " "))
}

/// A time as RFC 3339 writes it, to the second.
#[must_use]
pub fn stamp(at_us: u64) -> String {
    let micros = i64::try_from(at_us).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The time now, in microseconds since the Unix epoch.
#[must_use]
pub fn now_us() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default()
}

/// The other way round; 0 for what is no time.
fn micros(stamp: &str) -> u64 {
    let time: Option<jiff::Timestamp> = stamp.parse().ok();
    time.and_then(|time| u64::try_from(time.as_microsecond()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
