//! The files of one session: the journal and the snapshot of its state.
//!
//! A record is appended in one write before its effects act, so a kill at any point leaves at most one
//! torn line at the end, whose effects never acted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::{ConnId, Effect, Engine, Event, Permit, Started, Step};
use crate::inspect::redact::Redactor;
use crate::journal::read::{Reader, Torn, read_from};
use crate::journal::write::Writer;
use crate::journal::{Chain, Record};
use crate::protocol::Side;

/// Records between two snapshots: replaying that many takes some 20 ms.
const SNAPSHOT_RECORDS: u64 = 2048;
/// Room that is reserved ahead of the journal's end: appending into it costs about a third less on ext4
/// (1.5 instead of 2.1 us for 1.4 kB, 28 instead of 49 us for 100 kB), because no block has to be found.
const RESERVE_BYTES: u64 = 4 * 1024 * 1024;
/// Cap of one journal. A day of heavy use stays below; a runaway agent must not fill the disk.
const JOURNAL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Why nothing can be recorded, and so nothing may pass.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The file system says no.
    #[error("record to {path}: {source}; free some space, then start the agent again")]
    Write {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal is as large as one may grow.
    #[error(
        "record to {path}: it reached its cap of {cap} bytes; start the agent again for a new recording"
    )]
    Cap {
        /// The journal.
        path: PathBuf,
        /// The cap.
        cap: u64,
    },
}

/// Why a session cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The files cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal is damaged before its end.
    #[error("take up {path}: {flaw}")]
    Flaw {
        /// The journal.
        path: PathBuf,
        /// What is wrong.
        flaw: String,
    },
}

/// A state to start from instead of the journal's beginning.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    records: u64,
    journal_bytes: u64,
    chain: String,
    engine: Box<serde_json::value::RawValue>,
}

/// The open files of one session.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    writer: Writer,
    buffer: Vec<u8>,
    bytes: u64,
    reserved: u64,
    cap: u64,
    snapshot_due: u64,
}

/// A session rebuilt from its files.
#[derive(Debug)]
pub struct Resumed {
    /// The files, positioned behind the last sound record.
    pub recorder: Recorder,
    /// The engine as it was.
    pub engine: Engine,
    /// Lines that were decided on and may not have been written, oldest first, each with the place in its
    /// stream at which it ends.
    pub unsent: Unsent,
    /// A half-written last line that was cut off.
    pub torn: Option<Torn>,
}

/// Lines with the places in their streams at which they end.
pub type Unsent = Vec<(Permit, u64)>;

/// What a new gate writes to one end before anything else.
#[derive(Debug, Default)]
pub struct Again {
    /// A newline first, because the last line may be half written. One too many is a blank line, which readers
    /// skip.
    pub end_line: bool,
    /// The lines that did not arrive, but for requests: the engine refuses them rather than risk that one runs
    /// twice.
    pub lines: Vec<Permit>,
}

impl Again {
    /// What is left to write when so many bytes reached this end of the connection.
    #[must_use]
    pub fn of(unsent: &Unsent, conn: ConnId, to: Side, sent: u64) -> Self {
        let mut late = unsent
            .iter()
            .filter(|(permit, ends)| permit.conn() == conn && permit.to() == to && *ends > sent)
            .map(|(permit, _)| permit)
            .peekable();
        let end_line = late.peek().is_some();
        let lines = late.filter(|permit| !asks(permit)).cloned().collect();
        Self { end_line, lines }
    }

    /// Its bytes on the wire.
    #[must_use]
    pub fn wire_len(&self) -> u64 {
        u64::from(self.end_line) + self.lines.iter().map(Permit::wire_len).sum::<u64>()
    }
}

/// Whether a line is a request or holds one.
fn asks(permit: &Permit) -> bool {
    use crate::protocol::jsonrpc::{Parsed, Shape, parse};
    match parse(permit.line()) {
        Parsed::One(message) => message.kind == Shape::Request,
        Parsed::Batch(members) => members
            .iter()
            .any(|(_, member)| member.as_ref().is_ok_and(|one| one.kind == Shape::Request)),
        Parsed::Blank | Parsed::Faulty { .. } => false,
    }
}

impl Recorder {
    /// Begins the journal of a new session named after its agent, `claude-code-3`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(
        dir: &Path,
        agent: &str,
        redactor: Option<Redactor>,
    ) -> io::Result<(Self, String)> {
        let stem: String = agent
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(24)
            .collect();
        let mut number = next_number(dir, &stem)?;
        loop {
            let name = format!("{stem}-{number}");
            let path = dir.join(format!("{name}.jsonl"));
            match private().create_new(true).append(true).open(&path) {
                Ok(file) => {
                    let recorder = Self {
                        path,
                        file,
                        writer: Writer::default().redacting(redactor),
                        buffer: Vec::new(),
                        bytes: 0,
                        reserved: 0,
                        cap: JOURNAL_BYTES_MAX,
                        snapshot_due: SNAPSHOT_RECORDS,
                    };
                    return Ok((recorder, name));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Rebuilds a session from its snapshot and the journal behind it; a torn last line is cut off.
    ///
    /// # Errors
    /// When the files cannot be read or the journal is damaged.
    pub fn resume(dir: &Path, name: &str, redactor: Redactor) -> Result<Resumed, ResumeError> {
        let path = dir.join(format!("{name}.jsonl"));
        let read = |source| ResumeError::Read { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(read)?;
        let (mut engine, reader, from) = from_snapshot(&dir.join(format!("{name}.state")))
            .unwrap_or_else(|| (Engine::new(), Reader::default(), 0));
        // Gates that die early must not make the way back longer and longer.
        let snapshot_due = reader.lines() + SNAPSHOT_RECORDS;
        let mut rest = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(read)?;
        file.read_to_end(&mut rest).map_err(read)?;
        let reading = read_from(reader, &rest);
        if let Some(flaw) = reading.flaw {
            return Err(ResumeError::Flaw { path, flaw: flaw.to_string() });
        }
        let bytes = from + reading.sound_bytes;
        if reading.torn.is_some() {
            file.set_len(bytes).map_err(read)?;
        }
        let unsent = replay(&mut engine, &reading.records);
        let raw = engine.started().is_none_or(|started| started.redaction == Started::RAW);
        let writer = Writer::resume(reading.reader.lines(), *reading.reader.chain());
        let redactor = match engine.started() {
            Some(started) => redactor.with(Arc::new(started.pack())),
            None => redactor,
        };
        let writer = writer.redacting(Some(redactor).filter(|_| !raw));
        let recorder = Self {
            path: path.clone(),
            file,
            snapshot_due,
            writer,
            buffer: Vec::new(),
            bytes,
            reserved: bytes,
            cap: JOURNAL_BYTES_MAX,
        };
        let torn = reading.torn.map(|torn| Torn { offset: from + torn.offset, ..torn });
        Ok(Resumed { recorder, engine, unsent, torn })
    }

    /// Encodes a record; it is on file after the next [`Recorder::flush`].
    pub fn push(&mut self, event: &Event, step: &Step) -> u64 {
        self.writer.append(event, step, &mut self.buffer)
    }

    /// Edited arguments with the secrets in the place of their markers, as the call's line has them: the operator saw
    /// markers, and left them alone.
    #[must_use]
    pub fn restored(&mut self, arguments: String, line: Option<&[u8]>) -> String {
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        match (self.writer.redactor(), line) {
            (Some(redactor), Some(line)) => redactor.restored(&arguments, line),
            _ => arguments,
        }
    }

    /// Writes what was pushed.
    ///
    /// # Errors
    /// When nothing more can be recorded; the journal then ends with its last whole record.
    pub fn flush(&mut self) -> Result<(), Trouble> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let size = self.buffer.len() as u64;
        let written = if self.bytes + size > self.cap {
            Err(Trouble::Cap { path: self.path.clone(), cap: self.cap })
        } else {
            self.reserve(size);
            self.file
                .write_all(&self.buffer)
                .map_err(|source| Trouble::Write { path: self.path.clone(), source })
        };
        self.buffer.clear();
        // One record of 64 MiB must not keep its memory for the rest of the session.
        self.buffer.shrink_to(1024 * 1024);
        match written {
            Ok(()) => {
                self.bytes += size;
                Ok(())
            }
            Err(trouble) => {
                // Best effort: a torn line is repaired by the next reader as well.
                let _torn = self.file.set_len(self.bytes);
                Err(trouble)
            }
        }
    }

    /// Reserves room without changing the file's length. A file system that cannot, or has none left, says so
    /// when the record is written.
    fn reserve(&mut self, size: u64) {
        let end = self.bytes + size;
        if end > self.reserved {
            let room = RESERVE_BYTES.max(size);
            let flags = rustix::fs::FallocateFlags::KEEP_SIZE;
            let _unsupported = rustix::fs::fallocate(&self.file, flags, self.bytes, room);
            self.reserved = self.bytes + room;
        }
    }

    /// The snapshot's file and content, when one is due. Only to be called while nothing waits to be sent.
    #[must_use]
    pub fn snapshot(&mut self, engine: &Engine) -> Option<(PathBuf, Vec<u8>)> {
        let records = self.writer.next_seq();
        if records < self.snapshot_due || !self.buffer.is_empty() {
            return None;
        }
        self.snapshot_due = records + SNAPSHOT_RECORDS;
        let text = String::from_utf8(engine.snapshot().ok()?).ok()?;
        let redacted = self.writer.redactor().and_then(|redactor| redactor.redact(&text));
        let text = redacted.map_or(text, |(text, _)| text);
        let engine = serde_json::value::RawValue::from_string(text);
        let snapshot = Snapshot {
            records,
            journal_bytes: self.bytes,
            chain: self.writer.chain().hex(),
            engine: engine.ok()?,
        };
        Some((self.path.with_extension("state"), serde_json::to_vec(&snapshot).ok()?))
    }

    /// Removes what only a session that goes on needs.
    pub fn finish(&self) {
        // Gives the reserved room back; the length stays.
        let _kept = self.file.set_len(self.bytes);
        // A left-over file is only clutter.
        let _missing = fs::remove_file(self.path.with_extension("state"));
    }

    /// The journal's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of whole records on file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A second handle on the journal, to sync it elsewhere.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// Steps the engine through the records and collects what they let go, with its place in its stream.
fn replay(engine: &mut Engine, records: &[Record]) -> Unsent {
    let mut unsent = Unsent::new();
    let mut places: std::collections::BTreeMap<(ConnId, Side), u64> =
        std::collections::BTreeMap::new();
    for conn in engine.open_connections() {
        for side in [Side::Agent, Side::Server] {
            places.insert((conn, side), engine.handed_out(conn, side));
        }
    }
    for (record, event) in records.iter().filter_map(|one| Some((one, one.recalled()?))) {
        if let crate::engine::Happening::Resumed { conn, sent_to_agent, sent_to_server, .. } =
            event.what
        {
            let mut again = Vec::new();
            for (side, sent) in [(Side::Agent, sent_to_agent), (Side::Server, sent_to_server)] {
                let left = Again::of(&unsent, conn, side, sent);
                let mut place = u64::from(left.end_line);
                for permit in left.lines {
                    place += permit.wire_len();
                    again.push((permit, place));
                }
                places.insert((conn, side), place);
            }
            unsent.retain(|(permit, _)| permit.conn() != conn);
            unsent.append(&mut again);
        }
        let step = engine.step(event);
        let mut wire = record.wire_lens().into_iter();
        for permit in step.effects.iter().filter_map(Effect::permit) {
            let (conn, to) = (permit.conn(), permit.to());
            let place = places.entry((conn, to)).or_default();
            let (before, wire_len) = (*place, wire.next().unwrap_or_else(|| permit.wire_len()));
            *place += wire_len;
            unsent.push((permit.clone(), *place));
            if wire_len != permit.wire_len() {
                engine.stretch(
                    conn,
                    to,
                    before,
                    wire_len.cast_signed() - permit.wire_len().cast_signed(),
                );
            }
        }
    }
    unsent
}

fn from_snapshot(path: &Path) -> Option<(Engine, Reader, u64)> {
    let snapshot: Snapshot = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let engine = Engine::restore(snapshot.engine.get().as_bytes(), snapshot.records).ok()?;
    let reader = Reader::resume(snapshot.records, Chain::from_hex(&snapshot.chain)?);
    Some((engine, reader, snapshot.journal_bytes))
}

fn next_number(dir: &Path, stem: &str) -> io::Result<u64> {
    let mut last = 0;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".jsonl")?.strip_prefix(stem)?.strip_prefix('-'))
            .and_then(|number| number.parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    Ok(last + 1)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{At, Happening};
    use crate::journal::read::read_all;

    fn stderr(text: &str) -> Event {
        let what = Happening::Stderr { conn: ConnId(0), text: text.to_owned() };
        Event { at: At(0), what }
    }

    #[test]
    fn at_its_cap_a_journal_ends_with_a_whole_record() {
        let dir = tempfile::tempdir().unwrap();
        let (mut recorder, name) = Recorder::create(dir.path(), "Agent 7", None).unwrap();
        assert_eq!(name, "agent-7-1");
        recorder.cap = 1000;
        let full = (0..)
            .find_map(|n| {
                recorder.push(&stderr(&format!("line {n}")), &Step::default());
                recorder.flush().err()
            })
            .unwrap();
        assert!(matches!(full, Trouble::Cap { cap: 1000, .. }), "{full}");
        let bytes = fs::read(recorder.path()).unwrap();
        assert!(bytes.len() as u64 == recorder.bytes() && bytes.len() > 800, "{}", bytes.len());
        let reading = read_all(&bytes);
        assert_eq!((reading.flaw, reading.torn), (None, None));
        // What did not fit stays out for good, whatever follows.
        assert!(recorder.flush().is_ok());
        assert_eq!(fs::read(recorder.path()).unwrap(), bytes);
    }
}
