//! Reads journals as far as the gate says that they are complete.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::console::model::Place;
use crate::console::model::doc::{self, Payload, Want};
use crate::journal::Record;
use crate::journal::read::Reader;

/// Read at a time; keys are looked at in between.
const CHUNK_BYTES: usize = 256 * 1024;

/// One session's journal.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) session: String,
    path: PathBuf,
    file: Option<File>,
    reader: Reader,
    /// Bytes taken from the file.
    taken: u64,
    /// Bytes that are complete lines, as the gate says.
    complete: u64,
    /// Where `partial` begins.
    line_at: u64,
    partial: Vec<u8>,
    stopped: bool,
}

/// What a turn of reading gave.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) records: Vec<(Record, Place)>,
    pub(super) read: u64,
    pub(super) total: u64,
    pub(super) broken: Option<String>,
}

impl Feed {
    pub(super) fn new(session: &str, path: &str) -> Self {
        Self {
            session: session.to_owned(),
            path: PathBuf::from(path),
            file: None,
            reader: Reader::default(),
            taken: 0,
            complete: 0,
            line_at: 0,
            partial: Vec::new(),
            stopped: false,
        }
    }

    /// The gate says that this many bytes are complete.
    pub(super) fn grown(&mut self, complete: u64) {
        self.complete = self.complete.max(complete);
    }

    pub(super) const fn has_more(&self) -> bool {
        !self.stopped && self.taken < self.complete
    }

    /// Reads one chunk.
    pub(super) fn turn(&mut self) -> Turn {
        let mut turn = Turn { records: Vec::new(), read: 0, total: self.complete, broken: None };
        if let Err(error) = self.chunk() {
            self.stopped = true;
            turn.broken = Some(format!("its journal cannot be read: {error}"));
        } else {
            self.lines(&mut turn);
        }
        turn.read = if self.stopped { self.complete } else { self.taken };
        turn
    }

    fn chunk(&mut self) -> io::Result<()> {
        let wanted = self.complete.saturating_sub(self.taken).min(CHUNK_BYTES as u64);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        let read = file.by_ref().take(wanted).read_to_end(&mut self.partial)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than it was"));
        }
        self.taken += read as u64;
        Ok(())
    }

    fn lines(&mut self, turn: &mut Turn) {
        let partial = std::mem::take(&mut self.partial);
        let mut rest = partial.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end);
            match self.reader.line(line) {
                Ok(record) => {
                    turn.records.push((record, Place { offset: self.line_at, len: end as u64 }));
                }
                Err(flaw) => {
                    self.stopped = true;
                    turn.broken = Some(flaw.to_string());
                    return;
                }
            }
            self.line_at += end as u64 + 1;
            rest = behind.get(1..).unwrap_or_default();
        }
        self.partial = rest.to_vec();
    }

    /// Reads one record again, for its body.
    pub(super) fn load(&self, want: &Want) -> Result<Payload, String> {
        let file = self.file.as_ref().ok_or("its journal is not open")?;
        let len = usize::try_from(want.place.len).map_err(|error| error.to_string())?;
        let mut line = vec![0; len];
        file.read_exact_at(&mut line, want.place.offset).map_err(|error| error.to_string())?;
        let record: Record = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
        doc::payload(&record, want).ok_or_else(|| "the record has no such part".to_owned())
    }
}
