//! Reads journals as far as the gate says that they are complete.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use crate::console::model::Place;
use crate::journal::Record;
use crate::journal::read::Reader;

/// Read at a time; keys are looked at in between.
const CHUNK_BYTES: usize = 256 * 1024;

/// One session's journal.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) session: String,
    path: PathBuf,
    file: Option<Arc<File>>,
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
            None => self.file.insert(Arc::new(File::open(&self.path)?)),
        };
        let read = (&**file).take(wanted).read_to_end(&mut self.partial)?;
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
                    turn.records.push((
                        record,
                        Place { offset: self.line_at, len: u32::try_from(end).unwrap_or(u32::MAX) },
                    ));
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

    /// The journal, for bodies; none before it was read from.
    pub(super) fn journal(&self) -> Option<Arc<File>> {
        self.file.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::console::bodies;
    use crate::console::model::SessionId;
    use crate::console::model::doc::Part;
    use crate::console::model::doc::Want;
    use crate::engine::{At, CallId, ConnId};
    use crate::journal::{Chain, Raw, What};
    use crate::protocol::Side;

    /// A journal of frames with these texts, and where its lines end.
    fn journal(texts: &[&str]) -> (Vec<u8>, Vec<u64>) {
        let (mut bytes, mut chain, mut ends) = (Vec::new(), Chain::default(), Vec::new());
        for (seq, text) in (0..).zip(texts) {
            let raw = Raw::of(text.as_bytes());
            let event = What::Frame { conn: ConnId(1), from: Side::Agent, raw };
            let record = Record::new(seq, At(seq), event, None, Vec::new());
            let start = bytes.len();
            let body = serde_json::to_vec(&record).unwrap();
            bytes.extend_from_slice(body.strip_suffix(b"}").unwrap());
            chain.seal(&mut bytes, start);
            ends.push(bytes.len() as u64);
        }
        (bytes, ends)
    }

    fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn feed(file: &tempfile::NamedTempFile) -> Feed {
        Feed::new("s", file.path().to_str().unwrap())
    }

    /// The numbers of the records that come until nothing more is complete.
    fn drain(feed: &mut Feed) -> Vec<(u64, Place)> {
        let mut all = Vec::new();
        while feed.has_more() {
            let turn = feed.turn();
            assert_eq!(turn.broken, None);
            all.extend(turn.records.iter().map(|(record, place)| (record.seq, *place)));
        }
        all
    }

    #[test]
    fn only_what_is_complete_is_read_and_its_place_leads_back_to_it() {
        let huge = format!("{{\"x\":\"{}\"}}", "y".repeat(3 * CHUNK_BYTES));
        let texts = ["{\"params\":{\"arguments\":{\"a\":1}}}", &huge, "{\"b\":2}"];
        let (bytes, ends) = journal(&texts);
        let file = written(&bytes);
        let mut feed = feed(&file);
        assert!(!feed.has_more());
        feed.grown(ends[0]);
        let first = drain(&mut feed);
        assert_eq!(first.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [0]);
        feed.grown(ends[2]);
        assert_eq!(drain(&mut feed).iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
        let want = Want {
            session: SessionId(0),
            place: first[0].1,
            call: CallId(1),
            part: Part::Arguments,
        };
        let payload = bodies::read(&feed.journal().unwrap(), &want).unwrap();
        assert_eq!(
            (payload.text.as_str(), payload.raw.as_slice()),
            ("{\"a\":1}", texts[0].as_bytes())
        );
    }

    #[test]
    fn a_changed_journal_stops_and_says_so() {
        let (mut bytes, ends) = journal(&["{\"a\":1}", "{\"b\":2}"]);
        let at = usize::try_from(ends[0]).unwrap() + 40;
        bytes[at] ^= 1;
        let file = written(&bytes);
        let mut feed = feed(&file);
        feed.grown(ends[1]);
        let turn = feed.turn();
        assert_eq!(turn.records.len(), 1);
        assert!(turn.broken.unwrap().contains("the chain is broken"));
        assert!(!feed.has_more());
    }

    #[test]
    fn a_missing_or_shorter_journal_stops_and_says_so() {
        let mut feed = Feed::new("s", "/nowhere/at/all");
        feed.grown(5);
        assert!(feed.turn().broken.is_some());
        let (bytes, ends) = journal(&["{}"]);
        let file = written(&bytes);
        let mut feed = Feed::new("s", file.path().to_str().unwrap());
        feed.grown(ends[0] + 10);
        assert_eq!(feed.turn().broken, None);
        assert!(feed.turn().broken.unwrap().contains("shorter"));
    }
}
