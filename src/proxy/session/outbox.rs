//! Lines on their way to one end.

use crate::engine::Permit;
use crate::proxy::descriptor::Descriptor;

/// Above this many waiting bytes, the side that fills the box is not read.
const HIGH_WATER_BYTES: usize = 1024 * 1024;

/// What waits to be written to one end of a connection.
#[derive(Debug)]
pub(super) struct Outbox {
    to: Option<Descriptor>,
    waiting: Vec<u8>,
    written: usize,
    /// Bytes at the front that belong to a gate before this one and are not counted.
    uncounted: u64,
    sent: u64,
    closing: bool,
}

/// What a flush came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is written.
    All,
    /// The peer takes no more now.
    Some,
    /// Everything is written and the end is closed, just now.
    Closed,
    /// The peer is gone.
    Broken,
}

impl Outbox {
    pub(super) const fn new(to: Option<Descriptor>) -> Self {
        Self { to, waiting: Vec::new(), written: 0, uncounted: 0, sent: 0, closing: false }
    }

    /// Adds a line that the engine let go.
    pub(super) fn push(&mut self, permit: &Permit) {
        if self.to.is_some() {
            self.waiting.extend_from_slice(permit.line());
            self.waiting.push(b'\n');
        }
    }

    /// Adds a line that an earlier gate's engine let go and that did not arrive.
    pub(super) fn push_again(&mut self, permit: &Permit) {
        self.push(permit);
        self.uncounted += permit.wire_len();
    }

    /// Ends a line that an earlier gate left half written.
    pub(super) fn end_line(&mut self) {
        self.waiting.push(b'\n');
        self.uncounted += 1;
    }

    /// Closes the end once everything is written.
    pub(super) const fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn flush(&mut self) -> Flushed {
        let Some(to) = &self.to else { return Flushed::All };
        while let Some(rest) = self.waiting.get(self.written..).filter(|rest| !rest.is_empty()) {
            match to.write(rest) {
                Ok(0) => return Flushed::Some,
                Ok(n) => {
                    self.written += n;
                    let earlier = self.uncounted.min(n as u64);
                    self.uncounted -= earlier;
                    self.sent += n as u64 - earlier;
                }
                Err(_) => {
                    self.abandon();
                    return Flushed::Broken;
                }
            }
        }
        self.waiting.clear();
        // A 64 MiB line must not keep its memory.
        self.waiting.shrink_to(HIGH_WATER_BYTES);
        self.written = 0;
        if self.closing {
            self.to = None;
            return Flushed::Closed;
        }
        Flushed::All
    }

    /// Drops the descriptor and what waits for it.
    pub(super) fn abandon(&mut self) {
        self.to = None;
        self.waiting = Vec::new();
        self.written = 0;
    }

    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.len() == self.written
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() - self.written > HIGH_WATER_BYTES
    }

    /// The descriptor, while something waits to be written to it.
    pub(super) fn wants_write(&self) -> Option<&Descriptor> {
        self.to.as_ref().filter(|_| !self.is_empty())
    }
}
