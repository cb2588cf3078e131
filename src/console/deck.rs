//! Where a replay's tape lies: a recording, and marks of what its records make of the model.
//!
//! A thread reads the recording once from its beginning, checks its chain, and makes a [`Mark`] every few
//! thousand records; going to any place is the nearest mark before it and the records from there. Names have
//! the same numbers in every model that took the same records in, so marks of one serve the other.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::console::chosen::Chosen;
use crate::console::model::breaks::Stops;
use crate::console::model::compare::{Compare, Whole};
use crate::console::model::marks::Marks;
use crate::console::model::replay::{Flipped, Found, Soundness, WhatIf};
use crate::console::model::timeline::moments;
use crate::console::model::{Mark, Model, Place, names};
use crate::console::update::{Break, Msg};
use crate::engine::CallId;
use crate::journal::read::Reader;
use crate::journal::redecide::{Again, Instead};
use crate::journal::{Flip, Record};
use crate::text::Safe;

/// Records between two marks: reading that many again takes some 10 ms where nothing else runs, of the 50 that a seek
/// may take (console.md section 5); with a million calls the marks have 50 MB.
const MARK_RECORDS: u64 = 8192;
/// Bytes between two marks, for the same reason where records are long.
const MARK_BYTES: u64 = 4 * 1024 * 1024;
/// The first part is told early, so that there is something to see.
const FIRST_RECORDS: u64 = 64;
/// Parts of the index that wait to be taken in. The reader waits when there are more.
const PARTS_WAITING: usize = 4;
/// Longest line that is read: a frame at its limit as base64, what was sent in its place, and facts.
const RECORD_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A mark and where it stands.
#[derive(Debug)]
pub(super) struct Marked {
    records: u64,
    offset: u64,
    mark: Mark,
}

/// What the reading threads tell.
#[derive(Debug)]
pub(super) enum Part {
    /// More of the recording was looked through.
    Found(Found, Box<Marked>),
    /// Another policy decided more of it.
    Decided(WhatIf),
    /// Looked through further for calls to stop at.
    Stops(Stops),
    /// Another recording was read beside it.
    Compared(Box<Compare>),
}

/// A recording that is being played.
#[derive(Debug)]
pub(super) struct Deck {
    session: String,
    path: PathBuf,
    file: BufReader<File>,
    journal: Arc<File>,
    marks: Vec<Marked>,
    at: u64,
    offset: u64,
    parts: mpsc::Receiver<Part>,
    sender: mpsc::Sender<Part>,
    /// What is looked for now; who looks for something else gives up.
    looked_for: Arc<AtomicU32>,
}

impl Deck {
    /// Opens a recording and begins to look through it.
    ///
    /// # Errors
    /// When it cannot be read, or no thread is to be had.
    pub(super) fn open(path: &Path, session: &str) -> io::Result<Self> {
        let (file, journal) = (BufReader::new(File::open(path)?), Arc::new(File::open(path)?));
        let (sender, parts) = mpsc::channel(PARTS_WAITING);
        let mut index = Index::new(path, session)?;
        let to = sender.clone();
        // Nobody waits for it: it ends with the recording, or when nobody listens any more.
        std::thread::Builder::new().name("index".to_owned()).spawn(move || {
            while index.part().is_some_and(|part| to.blocking_send(part).is_ok()) {}
        })?;
        let (session, marks) = (session.to_owned(), Vec::new());
        let path = path.to_owned();
        let looked_for = Arc::default();
        Ok(Self {
            session,
            path,
            file,
            journal,
            marks,
            at: 0,
            offset: 0,
            parts,
            sender,
            looked_for,
        })
    }

    /// Begins to decide the recording by another policy.
    ///
    /// # Errors
    /// When it cannot be read, or no thread is to be had.
    pub(super) fn decide(&self, instead: Instead) -> io::Result<()> {
        let mut decider = Decider::new(&self.path, instead)?;
        let to = self.sender.clone();
        std::thread::Builder::new().name("what if".to_owned()).spawn(move || {
            while decider.part().is_some_and(|part| to.blocking_send(part).is_ok()) {}
        })?;
        Ok(())
    }

    /// Begins to look through the recording for calls to stop at, instead of those before.
    ///
    /// # Errors
    /// When it cannot be read, or no thread is to be had.
    pub(super) fn stop_at(&self, what: Break) -> io::Result<()> {
        let generation = what.generation;
        self.looked_for.store(generation, Ordering::Relaxed);
        let mut looker = Looker::new(&self.path, &self.session, what)?;
        let (to, looked_for) = (self.sender.clone(), Arc::clone(&self.looked_for));
        std::thread::Builder::new().name("breakpoints".to_owned()).spawn(move || {
            while looked_for.load(Ordering::Relaxed) == generation
                && looker.part().is_some_and(|part| to.blocking_send(part).is_ok())
            {}
        })?;
        Ok(())
    }

    /// Looks for nothing any more.
    pub(super) fn stop_nowhere(&self) {
        self.looked_for.store(0, Ordering::Relaxed);
    }

    /// Begins to read this recording and another one whole, and to align them.
    ///
    /// # Errors
    /// When one cannot be read, or no thread is to be had.
    pub(super) fn compare(&self, other: &Path) -> io::Result<()> {
        let (first, second) = (whole(&self.path)?, whole(other)?);
        let to = self.sender.clone();
        std::thread::Builder::new().name("compare".to_owned()).spawn(move || {
            // What is wrong with a file is said where it is played; here its sound part counts.
            let compare = align(first(), second());
            to.blocking_send(Part::Compared(Box::new(compare))).ok();
        })?;
        Ok(())
    }

    /// The next part of the index; never, once all was told. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Part {
        match self.parts.recv().await {
            Some(part) => part,
            None => std::future::pending().await,
        }
    }

    /// Takes a part in.
    pub(super) fn take(&mut self, part: Part) -> Msg {
        match part {
            Part::Found(found, marked) => {
                self.marks.push(*marked);
                Msg::Found(Box::new(found))
            }
            Part::Decided(decided) => Msg::Decided(Box::new(decided)),
            Part::Stops(stops) => Msg::Stops(stops),
            Part::Compared(compare) => Msg::Compared(compare),
        }
    }

    /// Brings the model to where `to` records are taken in, as far as they can be read.
    pub(super) fn go(&mut self, model: &mut Model, to: u64) -> io::Result<u64> {
        let before = self.marks.partition_point(|marked| marked.records <= to);
        let mark = before.checked_sub(1).and_then(|at| self.marks.get(at));
        // Crossing a mark takes it over, because its rows are shared with the others.
        let from = match mark {
            Some(marked) if to < self.at || marked.records > self.at => {
                model.go_to(&marked.mark);
                Some((marked.records, marked.offset))
            }
            None if to < self.at => {
                model.go_to(&Model::new(TimeZone::UTC, None).mark());
                Some((0, 0))
            }
            Some(_) | None => None,
        };
        if let Some((records, offset)) = from {
            (self.at, self.offset) = (records, offset);
        }
        if self.at < to {
            self.file.seek(SeekFrom::Start(self.offset))?;
        }
        let mut line = Vec::new();
        while self.at < to {
            let Some((record, place)) = next_record(&mut self.file, self.offset, &mut line)? else {
                break;
            };
            model.apply(&self.session, &record, place);
            self.offset = place.offset + u64::from(place.len) + 1;
            self.at += 1;
        }
        Ok(self.at)
    }

    /// The recording, for bodies.
    pub(super) fn journal(&self) -> Arc<File> {
        Arc::clone(&self.journal)
    }
}

/// Two recordings beside each other, read whole.
///
/// # Errors
/// When one cannot be opened.
pub fn compare(first: &Path, second: &Path) -> io::Result<Compare> {
    let (first, second) = (whole(first)?, whole(second)?);
    Ok(align(first(), second()))
}

fn align(first: Whole, second: Whole) -> Compare {
    Compare::new(first, second, std::time::Instant::now())
}

/// Opens a recording; the rest is done when called.
fn whole(path: &Path) -> io::Result<impl FnOnce() -> Whole + Send + use<>> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(move || {
        let mut whole = Whole::new(Model::new(TimeZone::UTC, None), name);
        let (mut offset, mut line) = (0, Vec::new());
        while let Ok(Some((record, place))) = next_record(&mut file, offset, &mut line) {
            whole.take(&record, place);
            offset = place.offset + u64::from(place.len) + 1;
        }
        whole
    })
}

/// The record that begins at `offset`, where the file stands; `None` at the end of the whole lines.
fn next_record(
    file: &mut BufReader<File>,
    offset: u64,
    line: &mut Vec<u8>,
) -> io::Result<Option<(Record, Place)>> {
    line.clear();
    file.take(RECORD_BYTES_MAX).read_until(b'\n', line)?;
    let Some((b'\n', body)) = line.split_last() else { return Ok(None) };
    let record = serde_json::from_slice(body)?;
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    Ok(Some((record, Place { offset, len })))
}

/// The reading thread's own place.
struct Index {
    path: PathBuf,
    session: String,
    file: BufReader<File>,
    size: u64,
    reader: Reader,
    model: Model,
    offset: u64,
    told: u64,
    over: bool,
}

impl Index {
    fn new(path: &Path, session: &str) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            session: session.to_owned(),
            file: BufReader::with_capacity(1 << 18, file),
            size,
            reader: Reader::default(),
            model: Model::new(TimeZone::UTC, None),
            offset: 0,
            told: 0,
            over: false,
        })
    }

    /// Reads on to the next mark; `None` after the end.
    fn part(&mut self) -> Option<Part> {
        if self.over {
            return None;
        }
        let mut found = Found::default();
        let limit = if self.told == 0 { FIRST_RECORDS } else { MARK_RECORDS };
        let until = self.offset + MARK_BYTES;
        let mut line = Vec::new();
        while (found.times.len() as u64) < limit && self.offset < until && !self.over {
            found.soundness = self.record(&mut line, &mut found);
        }
        found.read = (self.offset, self.size.max(self.offset));
        self.told += found.times.len() as u64;
        let marked = Marked { records: self.told, offset: self.offset, mark: self.model.mark() };
        Some(Part::Found(found, Box::new(marked)))
    }

    /// One more record, or what the file ends with.
    fn record(&mut self, line: &mut Vec<u8>, found: &mut Found) -> Soundness {
        line.clear();
        let read = (&mut self.file).take(RECORD_BYTES_MAX).read_until(b'\n', line);
        let body = match (read, line.split_last()) {
            (Err(error), _) => return self.flawed(&format!("{}: {error}", self.path.display())),
            (Ok(0), _) => {
                self.over = true;
                return Soundness::Sound;
            }
            (Ok(_), Some((b'\n', body))) => body,
            (Ok(_), _) => return self.flawed("its last line is half written"),
        };
        let record = match self.reader.line(body) {
            Ok(record) => record,
            Err(flaw) => return self.flawed(&flaw.to_string()),
        };
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        self.model.apply(&self.session, &record, Place { offset: self.offset, len });
        let seq = u32::try_from(record.seq).unwrap_or(u32::MAX);
        found.times.push(record.at);
        found.moments.extend(moments(&record).into_iter().map(|moment| (seq, moment)));
        self.offset += u64::from(len) + 1;
        Soundness::Reading
    }

    fn flawed(&mut self, why: &str) -> Soundness {
        self.over = true;
        Soundness::Flawed(Safe::escape(why))
    }
}

/// Decides the recording again, beside the reading of it.
struct Decider {
    file: BufReader<File>,
    offset: u64,
    again: Again,
    policy: Safe,
    from_seq: u64,
    over: bool,
}

impl Decider {
    fn new(path: &Path, instead: Instead) -> io::Result<Self> {
        let file = BufReader::with_capacity(1 << 18, File::open(path)?);
        let policy = instead.policy_name.rsplit('/').next().unwrap_or_default();
        let (policy, from_seq) = (names::identifier(policy), instead.from_seq);
        Ok(Self { file, offset: 0, again: Again::by(instead), policy, from_seq, over: false })
    }

    /// Decides some thousand records; `None` after the end.
    fn part(&mut self) -> Option<Part> {
        if self.over {
            return None;
        }
        let (policy, from_seq) = (self.policy.clone(), self.from_seq);
        let mut decided = WhatIf { policy, from_seq, ..WhatIf::default() };
        let mut line = Vec::new();
        for _ in 0..MARK_RECORDS {
            // What is wrong with the file is told by the index.
            let Ok(Some((record, place))) = next_record(&mut self.file, self.offset, &mut line)
            else {
                self.over = true;
                break;
            };
            self.offset = place.offset + u64::from(place.len) + 1;
            let Some(flip) = self.again.record(&record).filter(Flip::is_verdict) else { continue };
            let flipped = Flipped {
                seq: flip.seq,
                is: flip.is,
                rule: names::identifier(flip.rule_is.as_deref().unwrap_or_default()),
                assumes: flip.assumes,
            };
            if let Some(call) = flip.call {
                decided.flips.insert(CallId(call), flipped);
            }
        }
        decided.whole = self.over;
        Some(Part::Decided(decided))
    }
}

/// Looks through the recording for calls that a filter means.
struct Looker {
    path: PathBuf,
    session: String,
    file: BufReader<File>,
    offset: u64,
    chosen: Chosen,
    /// The calls at which the tape stops already.
    stopped: Marks,
    stops: Stops,
}

impl Looker {
    fn new(path: &Path, session: &str, what: Break) -> io::Result<Self> {
        let Break { filter, generation, now, zone } = what;
        Ok(Self {
            path: path.to_owned(),
            session: session.to_owned(),
            file: BufReader::with_capacity(1 << 18, File::open(path)?),
            offset: 0,
            chosen: Chosen::new(&filter, now, zone),
            stopped: Marks::default(),
            stops: Stops { generation, ..Stops::default() },
        })
    }

    /// Looks at some thousand records; `None` after the end.
    fn part(&mut self) -> Option<Part> {
        if self.stops.whole {
            return None;
        }
        let mut line = Vec::new();
        for _ in 0..MARK_RECORDS {
            // What is wrong with the file is told by the index.
            let Ok(Some((record, place))) = next_record(&mut self.file, self.offset, &mut line)
            else {
                self.stops.whole = true;
                break;
            };
            self.offset = place.offset + u64::from(place.len) + 1;
            self.stops.looked += 1;
            self.chosen.take(&self.session, &record, place);
            let meant = self.chosen.meant(&self.session, &record, || File::open(&self.path));
            // What cannot be judged is stopped at: a fault hides nothing.
            let new = match meant {
                Ok(calls) => calls.into_iter().filter(|at| self.stopped.set(*at, true)).count(),
                Err(_) => 1,
            };
            if new > 0 {
                self.stops.places.push(u32::try_from(self.stops.looked).unwrap_or(u32::MAX));
            }
        }
        let places = std::mem::take(&mut self.stops.places);
        Some(Part::Stops(Stops { places, ..self.stops }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::console::filter::Filter;
    use crate::engine::{At, ConnId, Facts, Kind};
    use crate::journal::{Chain, Raw, What};
    use crate::protocol::Side;

    /// A recording of calls, one a second, every third of them answered.
    fn recording(calls: u64) -> tempfile::NamedTempFile {
        let (mut bytes, mut chain) = (Vec::new(), Chain::default());
        for seq in 0..calls {
            let (kind, from, call) = match seq % 3 {
                2 => (Kind::Response, Side::Server, seq - 1),
                _ => (Kind::Request, Side::Agent, seq),
            };
            let facts = Facts {
                kind: Some(kind),
                method: Some("tools/call".to_owned()),
                call: Some(CallId(call + 1)),
                tool: Some(format!("tool-{}", seq % 7)),
                ..Facts::default()
            };
            let event = What::Frame { conn: ConnId(1), from, raw: Raw::of(b"{}") };
            let facts = Some(facts);
            let at = At(1_000_000 * (seq + 1));
            let record = Record::new(seq, at, event, facts, Vec::new());
            let start = bytes.len();
            let body = serde_json::to_vec(&record).unwrap();
            bytes.extend_from_slice(body.strip_suffix(b"}").unwrap());
            chain.seal(&mut bytes, start);
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        file
    }

    fn model() -> Model {
        Model::new(TimeZone::UTC, None)
    }

    /// What records made of a model, without the tape.
    fn state(model: &Model) -> String {
        let calls: Vec<_> = model.calls.iter().map(|call| format!("{call:?}")).collect();
        let names: Vec<_> = model.names.iter().collect();
        format!("{calls:?} {names:?} {:?} {:?}", model.sessions, model.log.len())
    }

    fn index(deck: &mut Deck) -> Vec<Msg> {
        let mut told = Vec::new();
        loop {
            let part = deck.parts.blocking_recv().unwrap();
            let over =
                matches!(&part, Part::Found(found, _) if found.soundness != Soundness::Reading);
            told.push(deck.take(part));
            if over {
                return told;
            }
        }
    }

    #[test]
    fn every_place_is_what_the_records_before_it_make_from_whichever_place_one_comes() {
        let file = recording(10_000);
        let mut deck = Deck::open(file.path(), "s").unwrap();
        let told = index(&mut deck);
        assert!(told.len() >= 3, "{} parts", told.len());
        let mut seen = model();
        for place in [0, 1, 9_999, 4_096, 4_095, 64, 70, 8_200, 5, 10_000, 0, 10_000] {
            assert_eq!(deck.go(&mut seen, place).unwrap(), place);
            let mut fresh = model();
            let mut other = Deck::open(file.path(), "s").unwrap();
            other.go(&mut fresh, place).unwrap();
            assert_eq!(state(&seen), state(&fresh), "{place}");
        }
    }

    #[test]
    fn a_tape_is_to_stop_where_a_call_is_first_meant() {
        let file = recording(100);
        let deck = |filter: &str| {
            let mut deck = Deck::open(file.path(), "s").unwrap();
            index(&mut deck);
            let filter = Filter::parse(filter).unwrap();
            let what = Break { filter, generation: 1, now: At(0), zone: TimeZone::UTC };
            deck.stop_at(what).unwrap();
            loop {
                let Some(Part::Stops(stops)) = deck.parts.blocking_recv() else { continue };
                assert!(stops.whole && stops.looked == 100, "{stops:?}");
                return stops.places;
            }
        };
        // Requests are those that are no multiple of three less one; each is meant once, also when it is answered.
        let requests: Vec<u32> = (0..100).filter(|seq| seq % 3 != 2).collect();
        let of_tool: Vec<u32> =
            requests.iter().filter(|seq| **seq % 7 == 3).map(|seq| seq + 1).collect();
        assert_eq!(deck("tool:tool-3"), of_tool);
        assert!(deck("tool:no-such").is_empty());
        // Answered ones are meant with their answer, the arguments of all are read.
        let answers: Vec<u32> = (0..100).filter(|seq| seq % 3 == 2).map(|seq| seq + 1).collect();
        assert_eq!(deck("outcome:done"), answers);
        assert_eq!(deck("arg~\"[{]\"").len(), requests.len());
    }

    #[test]
    fn the_index_tells_each_record_and_what_is_wrong_behind_the_last_sound_one() {
        let file = recording(100);
        let mut deck = Deck::open(file.path(), "s").unwrap();
        let mut times = 0;
        for msg in index(&mut deck) {
            let Msg::Found(found) = msg else { panic!("only the index was asked for") };
            times += found.times.len();
        }
        assert_eq!(times, 100);
        let bytes = std::fs::read(file.path()).unwrap();
        std::fs::write(file.path(), &bytes[..bytes.len() - 10]).unwrap();
        let mut deck = Deck::open(file.path(), "s").unwrap();
        let last = index(&mut deck).pop();
        let Some(Msg::Found(found)) = last else { panic!("nothing was told") };
        assert!(matches!(found.soundness, Soundness::Flawed(why) if why.as_str().contains("half")));
    }
}
