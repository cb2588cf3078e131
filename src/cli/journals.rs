//! Recordings as files: where a name leads, and one pass over the lines that keeps none of them.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure};
use crate::journal::read::{Flaw, Reader, Torn};
use crate::journal::{Record, What};
use crate::store::home::{Home, HomeError};

/// Longest line that is read: a frame at its limit as base64, what was sent in its place, and facts.
const RECORD_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a recording turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum State {
    /// No end is recorded: a gate still writes it, or died.
    Open,
    /// The session's end is its last record.
    Ended,
    /// The last line is half written: its gate died in the middle of it, or is writing it just now.
    Torn,
    /// A line is not what was written.
    Broken,
}

impl State {
    /// The word in tables and JSON.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Torn => "torn",
            Self::Broken => "broken",
        }
    }
}

/// One pass over a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Scan {
    /// How many records are sound.
    pub(in crate::cli) records: u64,
    /// The file's length.
    pub(in crate::cli) size_bytes: u64,
    /// The verdict on the file.
    pub(in crate::cli) state: State,
    /// The digest of the last sound record.
    pub(in crate::cli) chain: String,
    /// What is wrong, as a sentence.
    pub(in crate::cli) problem: Option<String>,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum JournalError {
    /// No such file, or not to be read.
    #[error("read {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No such name.
    #[error("no recording `{name}` in {}; `tollgate sessions list` names them all", dir.display())]
    Unknown {
        /// As typed.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The home itself.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let exit = match &error {
            JournalError::Io { .. } => Exit::Broken,
            JournalError::Unknown { .. } | JournalError::Home(_) => Exit::Usage,
        };
        Self::new(exit, error)
    }
}

/// All recordings of the operator's home, by name.
pub(in crate::cli) fn all() -> Result<Vec<PathBuf>, JournalError> {
    all_of(&Home::of_operator()?)
}

/// All recordings of a home, by name.
pub(in crate::cli) fn all_of(home: &Home) -> Result<Vec<PathBuf>, JournalError> {
    let dir = home.sessions_dir();
    let io = |source| JournalError::Io { path: dir.clone(), source };
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|ext| ext == "jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A session's name, or a file's path if it has a slash or ends in `.jsonl`.
pub(in crate::cli) fn find(name: &str) -> Result<PathBuf, JournalError> {
    if name.contains('/') || Path::new(name).extension().is_some_and(|ext| ext == "jsonl") {
        return Ok(PathBuf::from(name));
    }
    let dir = Home::of_operator()?.sessions_dir();
    let path = dir.join(format!("{name}.jsonl"));
    if path.is_file() {
        Ok(path)
    } else {
        Err(JournalError::Unknown { name: name.to_owned(), dir })
    }
}

/// The name that a recording's file gives it.
pub(in crate::cli) fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads a recording from its start, hands each sound record with its line on, and says what the
/// file is. An unsound line ends the pass: nothing behind it can be trusted.
pub(in crate::cli) fn scan<E>(
    path: &Path,
    mut each: impl FnMut(Record, &[u8]) -> Result<(), E>,
) -> Result<Scan, E>
where
    E: From<JournalError>,
{
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut reader = Reader::default();
    let mut line = Vec::new();
    let (mut sound_bytes, mut state, mut problem) = (0, State::Open, None);
    loop {
        line.clear();
        let read = (&mut file).take(RECORD_BYTES_MAX).read_until(b'\n', &mut line).map_err(io)?;
        let Some((b'\n', body)) = line.split_last() else {
            if read > 0 || reader.lines() == 0 {
                state = State::Torn;
                problem = Some(torn(&Torn { offset: sound_bytes, size_bytes: read as u64 }));
            }
            break;
        };
        match sound(&mut reader, body) {
            Ok(record) => {
                let ended = matches!(record.event, What::Ended { .. });
                state = if ended { State::Ended } else { State::Open };
                sound_bytes += read as u64;
                each(record, body)?;
            }
            Err(flaw) => {
                state = State::Broken;
                problem = Some(flaw);
                break;
            }
        }
    }
    let size_bytes = file.get_ref().metadata().map_err(io)?.len();
    let chain = reader.chain().hex();
    Ok(Scan { records: reader.lines(), size_bytes, state, chain, problem })
}

/// Ends a command that printed a recording: what was printed stands, what is wrong is said.
pub(in crate::cli) fn end(out: &mut impl io::Write, scan: Scan) -> Result<Exit, Failure> {
    out.flush()?;
    let Some(problem) = scan.problem else { return Ok(Exit::Fine) };
    let exit = match scan.state {
        State::Broken => Exit::Broken,
        State::Torn | State::Open | State::Ended => Exit::Findings,
    };
    Err(Failure::new(exit, problem))
}

/// The next record, if it is sound and where it belongs.
fn sound(reader: &mut Reader, line: &[u8]) -> Result<Record, String> {
    let record = reader.line(line).map_err(|flaw: Flaw| flaw.to_string())?;
    if record.seq == 0 && !matches!(record.event, What::Started(_)) {
        return Err("line 1: a recording begins with its session's start".to_owned());
    }
    Ok(record)
}

fn torn(torn: &Torn) -> String {
    if torn.offset == 0 && torn.size_bytes == 0 {
        return "the file is empty: its gate died before the first record".to_owned();
    }
    format!(
        "the last line is half written ({} bytes from byte {} on): its gate died in the middle of \
         it, or is writing it just now; everything before it is sound",
        torn.size_bytes, torn.offset
    )
}
