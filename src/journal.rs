//! A session's journal: one JSON line per event, hash-chained, enough to see and to decide it again.
//!
//! This room encodes and decodes bytes; the session loop owns the file. The format is told in
//! `docs/journal-format.md`.

pub mod chain;
pub mod mock;
pub mod read;
pub mod record;
pub mod redecide;
pub mod write;

pub use chain::Chain;
pub use read::{Reading, Torn, read_all};
pub use record::{Effected, Raw, Record, What};
pub use redecide::{Flip, redecide};
