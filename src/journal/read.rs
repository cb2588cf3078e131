//! Journal lines to records: checks the chain, keeps what is sound, says what is not.

use crate::journal::chain::Chain;
use crate::journal::record::{Record, VERSION};

/// Why a journal cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The line's digest does not fit the chain.
    #[error(
        "line {line}: the chain is broken: this line or one before it was changed, added or removed"
    )]
    Chain {
        /// From 1.
        line: u64,
    },
    /// The line is sealed but is no record.
    #[error("line {line}: no record of this format: {why}")]
    Form {
        /// From 1.
        line: u64,
        /// What the parser said.
        why: String,
    },
    /// A newer format.
    #[error(
        "line {line}: written by a newer tollgate (format {found}; this one reads up to {VERSION}): use that version"
    )]
    Newer {
        /// From 1.
        line: u64,
        /// The version found.
        found: u32,
    },
    /// The numbers have a gap.
    #[error("line {line}: record {found} where {expected} was due")]
    Order {
        /// From 1.
        line: u64,
        /// The number found.
        found: u64,
        /// The number due.
        expected: u64,
    },
}

/// A last line without its end: the writer died in the middle of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Where the torn line begins, in bytes from the start.
    pub offset: u64,
    /// Its length.
    pub size_bytes: u64,
}

/// Takes lines in order and yields records.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    chain: Chain,
    lines: u64,
}

impl Reader {
    /// A reader that goes on behind `lines` lines whose digest is `chain`.
    #[must_use]
    pub const fn resume(lines: u64, chain: Chain) -> Self {
        Self { chain, lines }
    }

    /// Checks and decodes the next line, without its newline.
    ///
    /// # Errors
    /// Returns the [`Flaw`] of the line; the reader then stays where it was.
    pub fn line(&mut self, line: &[u8]) -> Result<Record, Flaw> {
        let number = self.lines + 1;
        let mut chain = self.chain;
        if !chain.verify(line) {
            return Err(Flaw::Chain { line: number });
        }
        let record: Record = serde_json::from_slice(line).map_err(|error| {
            newer(line, number)
                .unwrap_or_else(|| Flaw::Form { line: number, why: error.to_string() })
        })?;
        if record.v > VERSION {
            return Err(Flaw::Newer { line: number, found: record.v });
        }
        if record.seq != self.lines {
            return Err(Flaw::Order { line: number, found: record.seq, expected: self.lines });
        }
        self.chain = chain;
        self.lines = number;
        Ok(record)
    }

    /// The digest of the last sound line.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// How many lines were sound.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }
}

/// A line of a newer format may have words that this one cannot parse.
fn newer(line: &[u8], number: u64) -> Option<Flaw> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let found = serde_json::from_slice::<Version>(line).ok()?.v;
    (found > VERSION).then_some(Flaw::Newer { line: number, found })
}

/// A whole journal's bytes, read as far as they are sound.
#[derive(Debug)]
pub struct Reading {
    /// The sound records.
    pub records: Vec<Record>,
    /// Bytes up to the end of the last sound line.
    pub sound_bytes: u64,
    /// The first unsound line.
    pub flaw: Option<Flaw>,
    /// A last line without end; not a flaw of what stands before it.
    pub torn: Option<Torn>,
    /// The reader behind the last sound line.
    pub reader: Reader,
}

/// Reads a whole journal.
#[must_use]
pub fn read_all(bytes: &[u8]) -> Reading {
    read_from(Reader::default(), bytes)
}

/// Reads the rest of a journal, behind the lines that `reader` has seen.
#[must_use]
pub fn read_from(reader: Reader, bytes: &[u8]) -> Reading {
    let mut reading =
        Reading { records: Vec::new(), sound_bytes: 0, flaw: None, torn: None, reader };
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, behind) = rest.split_at(end);
        match reading.reader.line(line) {
            Ok(record) => reading.records.push(record),
            Err(flaw) => {
                reading.flaw = Some(flaw);
                return reading;
            }
        }
        reading.sound_bytes += end as u64 + 1;
        rest = behind.get(1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        reading.torn = Some(Torn { offset: reading.sound_bytes, size_bytes: rest.len() as u64 });
    }
    reading
}
