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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    /// A journal of two lines, known to a model and open.
    fn opened(dir: &Path) -> (Model, Arc<File>, Export) {
        let journal = dir.join("one.jsonl");
        std::fs::write(&journal, "{\"a\": 1.50}\n{\"b\":\"\\u0061\"}\n").unwrap();
        let mut model = Model::new(TimeZone::UTC, None);
        let session = model.session_id("one");
        let open = Arc::new(File::open(&journal).unwrap());
        let places = [Place { offset: 0, len: 11 }, Place { offset: 12, len: 14 }];
        let records = places.map(|place| (session, place)).to_vec();
        let file = dir.join("out.jsonl").to_str().unwrap().to_owned();
        (model, open, Export { file, calls: 1, records })
    }

    #[test]
    fn records_are_copied_as_they_stand_and_nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let (model, open, export) = opened(dir.path());
        let journal = |session: &str| (session == "one").then(|| Arc::clone(&open));
        let mut job = Job::new(export.clone(), &model).unwrap();
        let mut late = Job::new(export.clone(), &model).unwrap();
        while !job.turn(&journal).unwrap() {}
        assert!(!Path::new(&export.file).exists(), "not before it is whole");
        let done = job.finish().unwrap();
        assert_eq!((done.calls, done.records), (1, 2));
        let written = std::fs::read_to_string(&export.file).unwrap();
        assert_eq!(written, "{\"a\": 1.50}\n{\"b\":\"\\u0061\"}\n");

        assert!(Job::new(export.clone(), &model).unwrap_err().contains("is there already"));
        while !late.turn(&journal).unwrap() {}
        assert!(late.finish().unwrap_err().contains("is there already"));
        assert_eq!(std::fs::read_to_string(&export.file).unwrap(), written);
    }

    #[test]
    fn a_journal_that_cannot_be_read_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (model, _, export) = opened(dir.path());
        let mut job = Job::new(export.clone(), &model).unwrap();
        assert!(job.turn(&|_| None).unwrap_err().contains("is not open"));
        drop(job);
        assert!(!Path::new(&export.file).exists());
        let nowhere = Export { file: "/nowhere/at/all".to_owned(), ..export };
        assert!(Job::new(nowhere, &model).is_err());
    }
}
