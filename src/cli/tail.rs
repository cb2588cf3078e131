//! One journal that grows, read as far as the gate says that it is complete.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use crate::cli::lines::{Follow, Line};
use crate::journal::Record;
use crate::journal::read::Reader;
use crate::wire::SessionLine;

/// How much of a journal is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// One record that was read.
#[derive(Debug)]
pub(in crate::cli) struct Seen {
    /// For print.
    pub(in crate::cli) line: Line,
    /// The record itself.
    pub(in crate::cli) record: Record,
    /// Bytes of the journal before it.
    pub(in crate::cli) offset: u64,
    /// Its bytes, without the newline.
    pub(in crate::cli) len: u64,
}

/// A journal and how far it was read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Tail {
    offset: u64,
    /// Bytes of the records that were given out.
    given: u64,
    rest: Vec<u8>,
    reader: Reader,
    follow: Follow,
}

impl Tail {
    /// The records that follow, some of them if there are many; `None` when all that the
    /// gate knows of was read.
    pub(in crate::cli) fn read(
        &mut self,
        session: &SessionLine,
    ) -> Result<Option<Vec<Seen>>, String> {
        if self.offset >= session.bytes {
            return Ok(None);
        }
        let io = |error: io::Error| format!("read {}: {error}", session.journal);
        let mut file = File::open(&session.journal).map_err(io)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(io)?;
        let wanted = (session.bytes - self.offset).min(CHUNK_BYTES);
        let read = file.take(wanted).read_to_end(&mut self.rest).map_err(io)?;
        if read == 0 {
            return Err(format!("{} is shorter than the gate says", session.journal));
        }
        self.offset += read as u64;
        let Some(end) = memchr::memrchr(b'\n', &self.rest) else { return Ok(Some(Vec::new())) };
        let behind = self.rest.split_off(end + 1);
        let complete = std::mem::replace(&mut self.rest, behind);
        let mut seen = Vec::new();
        for whole in complete.split_inclusive(|&byte| byte == b'\n') {
            let line = whole.strip_suffix(b"\n").unwrap_or(whole);
            let record = self.reader.line(line).map_err(|flaw| flaw.to_string())?;
            let offset = self.given;
            self.given += whole.len() as u64;
            let len = line.len() as u64;
            seen.push(Seen { line: self.follow.line(&record), record, offset, len });
        }
        Ok(Some(seen))
    }
}
