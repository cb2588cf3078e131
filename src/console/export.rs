//! Records out of journals into a file of the operator's, a piece at a time.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::console::bodies;
use crate::console::model::{Model, Place};
use crate::console::update::{Export, Exported};

/// Copied in one turn; keys are looked at in between.
const TURN_BYTES: u64 = 1 << 20;

/// The open journal of a session, by its name.
pub(super) type Journals<'a> = &'a dyn Fn(&str) -> Option<Arc<File>>;

/// A file that is being written. Until it is whole it has another name, and nothing else is ever
/// written over.
#[derive(Debug)]
pub(super) struct Job {
    name: String,
    path: PathBuf,
    file: tempfile::NamedTempFile,
    calls: usize,
    records: usize,
    /// By the session's name.
    left: std::vec::IntoIter<(String, Place)>,
}

impl Job {
    pub(super) fn new(export: Export, model: &Model) -> Result<Self, String> {
        let Export { file: name, calls, records } = export;
        let path = PathBuf::from(&name);
        if std::fs::symlink_metadata(&path).is_ok() {
            return Err(taken(&name));
        }
        let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| format!("{name}: {error}"))?;
        let named =
            |(session, place)| model.session(session).map(|session| (session.name.clone(), place));
        let left: Vec<(String, Place)> = records.into_iter().filter_map(named).collect();
        Ok(Self { path, file, calls, records: left.len(), left: left.into_iter(), name })
    }

    /// Copies a piece; `true` when all is written.
    pub(super) fn turn(&mut self, journal: Journals<'_>) -> Result<bool, String> {
        let mut copied = 0;
        while copied < TURN_BYTES {
            let Some((session, place)) = self.left.next() else { return Ok(true) };
            let journal =
                journal(&session).ok_or_else(|| format!("the journal of {session} is not open"))?;
            let line = bodies::line(&journal, place)
                .map_err(|error| format!("read {session}: {error}"))?;
            let write = |file: &mut tempfile::NamedTempFile| -> io::Result<()> {
                file.write_all(&line)?;
                file.write_all(b"\n")
            };
            write(&mut self.file).map_err(|error| format!("{}: {error}", self.name))?;
            copied += u64::from(place.len);
        }
        Ok(false)
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<Exported, String> {
        let Self { name, path, file, calls, records, .. } = self;
        file.persist_noclobber(&path).map_err(|error| {
            if error.error.kind() == io::ErrorKind::AlreadyExists {
                taken(&name)
            } else {
                format!("{name}: {}", error.error)
            }
        })?;
        Ok(Exported { file: name, calls, records })
    }
}

fn taken(name: &str) -> String {
    format!("{name} is there already: choose another name")
}
