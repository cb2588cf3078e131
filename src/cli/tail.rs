//! One journal that grows, read as far as the gate says that it is complete.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use crate::cli::lines::{Follow, Line};
use crate::journal::read::Reader;
use crate::wire::SessionLine;

/// How much of a journal is read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// A journal and how far it was read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Tail {
    offset: u64,
    rest: Vec<u8>,
    reader: Reader,
    follow: Follow,
}

impl Tail {
    /// The lines of the records that follow, some of them if there are many; `None` when all that the
    /// gate knows of was read.
    pub(in crate::cli) fn read(
        &mut self,
        session: &SessionLine,
    ) -> Result<Option<Vec<Line>>, String> {
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
        let mut lines = Vec::new();
        for line in complete.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let record = self.reader.line(line).map_err(|flaw| flaw.to_string())?;
            lines.push(self.follow.line(&record));
        }
        Ok(Some(lines))
    }
}
