//! Bodies of calls, read out of their journal when somebody looks at them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::console::model::Place;
use crate::console::model::doc::{self, Doc, Payload, Want};
use crate::journal::Record;

/// Records up to this are read at once, so that moving through calls does not flicker: a millisecond or two.
/// Larger ones are read elsewhere, while keys go on.
const AT_ONCE_BYTES: u32 = 256 * 1024;
/// Bodies on their way. Beyond, a key waits for one: nobody looks at so many at once.
const WAITING: usize = 16;

/// A body that was read, or why not.
pub(super) type Body = (Want, Result<Arc<Doc>, String>);

/// Reads bodies.
#[derive(Debug)]
pub(super) struct Loads {
    sender: mpsc::Sender<Body>,
    receiver: mpsc::Receiver<Body>,
}

impl Loads {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { sender, receiver }
    }

    /// Reads a body now, or has it read.
    pub(super) fn load(&self, want: Want, journal: Option<Arc<File>>) -> Option<Body> {
        let Some(journal) = journal else {
            return Some((want, Err("its journal is not open".to_owned())));
        };
        if want.place.len <= AT_ONCE_BYTES {
            return Some(body(&journal, want));
        }
        let to = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            // The console may have ended.
            to.blocking_send(body(&journal, want)).ok();
        });
        None
    }

    /// The next body that was read elsewhere. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Body {
        match self.receiver.recv().await {
            Some(body) => body,
            None => std::future::pending().await,
        }
    }
}

fn body(journal: &File, want: Want) -> Body {
    (want, read(journal, &want).map(|payload| Arc::new(Doc::new(payload))))
}

/// Takes the wanted part out of its record.
pub(super) fn read(journal: &File, want: &Want) -> Result<Payload, String> {
    let line = line(journal, want.place).map_err(|error| error.to_string())?;
    let record: Record = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
    doc::payload(&record, want).ok_or_else(|| "the record has no such part".to_owned())
}

/// A record as it stands in its journal.
pub(super) fn line(journal: &File, place: Place) -> io::Result<Vec<u8>> {
    let mut line = vec![0; usize::try_from(place.len).map_err(io::Error::other)?];
    journal.read_exact_at(&mut line, place.offset)?;
    Ok(line)
}
