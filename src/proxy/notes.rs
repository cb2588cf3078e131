//! How much of a connection's lines reached its ends: what a new gate needs to know of which recorded messages were
//! really forwarded.
//!
//! The notes are written behind every line that is sent, so they stand in memory that has no disk behind it: there a
//! note costs a third of one in a file. The shim holds that memory with the descriptors whose bytes it counts, and
//! it is gone with them.

use std::os::fd::OwnedFd;

use rustix::fs::MemfdFlags;
use rustix::io::Errno;

/// The notes' length: bytes to the agent, bytes to the server, which take-over.
const BYTES: usize = 24;

/// How many bytes reached either end since a take-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// To the agent.
    pub agent: u64,
    /// To the server.
    pub server: u64,
}

/// The notes of one connection.
#[derive(Debug)]
pub struct Notes(OwnedFd);

impl Notes {
    /// Memory for the notes of a new connection, for the shim to hold.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn memory() -> rustix::io::Result<OwnedFd> {
        let create = |flags| rustix::fs::memfd_create("tollgate-notes", flags);
        // Some systems allow no memory that could be executed, older ones do not know the word.
        create(MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL).or_else(|error| match error {
            Errno::INVAL => create(MemfdFlags::CLOEXEC),
            error => Err(error),
        })
    }

    /// In this memory.
    #[must_use]
    pub const fn new(memory: OwnedFd) -> Self {
        Self(memory)
    }

    /// Notes how much reached the ends since this take-over.
    pub fn write(&self, sent: Sent, resumptions: u64) {
        let note = [sent.agent, sent.server, resumptions].map(u64::to_le_bytes);
        // Without the note a resumed call is refused instead of answered: safe, so no memory is no trouble here.
        let _full = rustix::io::pwrite(&self.0, note.as_flattened(), 0);
    }

    /// What was noted last, where that was about this take-over: a note of an earlier one counts bytes of another
    /// stream.
    #[must_use]
    pub fn read(&self, resumptions: u64) -> Sent {
        let mut note = [0; BYTES];
        let whole = rustix::io::pread(&self.0, &mut note, 0).is_ok_and(|read| read == BYTES);
        match note.as_chunks().0 {
            [agent, server, noted] if whole && u64::from_le_bytes(*noted) == resumptions => {
                Sent { agent: u64::from_le_bytes(*agent), server: u64::from_le_bytes(*server) }
            }
            _ => Sent::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_an_earlier_take_over_do_not_count() {
        let memory = Notes::memory().unwrap();
        let notes = Notes::new(memory.try_clone().unwrap());
        assert_eq!(notes.read(0), Sent::default(), "nothing was noted");
        let sent = Sent { agent: 12, server: 34 };
        notes.write(sent, 0);
        // The gate that wrote it is gone; the shim hands the memory to the next one.
        drop(notes);
        let notes = Notes::new(memory);
        assert_eq!(notes.read(0), sent);
        assert_eq!(notes.read(1), Sent::default());
    }
}
