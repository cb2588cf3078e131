//! Lines on their way to one end.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

use crate::engine::Permit;
use crate::proxy::descriptor::Descriptor;

/// Above this many waiting bytes, the side that fills the box is not read.
const HIGH_WATER_BYTES: usize = 1024 * 1024;

/// Pieces given to one write: a line and its newline are two.
const PIECES_MAX: usize = 64;

/// What waits to be written to one end of a connection: whole lines, never copied.
#[derive(Debug)]
pub(super) struct Outbox {
    to: Option<Descriptor>,
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// Bytes of the first piece that are written already.
    written: usize,
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

const NEWLINE: Bytes = Bytes::from_static(b"\n");

impl Outbox {
    pub(super) const fn new(to: Option<Descriptor>) -> Self {
        Self { to, waiting: VecDeque::new(), waiting_bytes: 0, written: 0, sent: 0, closing: false }
    }

    /// Adds a line that the engine let go.
    pub(super) fn push(&mut self, permit: &Permit) {
        self.add(permit.line().clone());
        self.add(NEWLINE);
    }

    /// Ends a line that an earlier gate left half written.
    pub(super) fn end_line(&mut self) {
        self.add(NEWLINE);
    }

    fn add(&mut self, piece: Bytes) {
        if self.to.is_some() && !piece.is_empty() {
            self.waiting_bytes += piece.len();
            self.waiting.push_back(piece);
        }
    }

    /// Closes the end once everything is written.
    pub(super) const fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn flush(&mut self) -> Flushed {
        while !self.waiting.is_empty() {
            let Some(to) = &self.to else { return Flushed::All };
            let mut pieces: [IoSlice<'_>; PIECES_MAX] = std::array::from_fn(|_| IoSlice::new(&[]));
            let mut count = 0;
            for (slot, piece) in pieces.iter_mut().zip(&self.waiting) {
                let from = if count == 0 { self.written } else { 0 };
                *slot = IoSlice::new(piece.get(from..).unwrap_or_default());
                count += 1;
            }
            match to.write(pieces.get(..count).unwrap_or_default()) {
                Ok(0) => return Flushed::Some,
                Ok(n) => self.advance(n),
                Err(_) => {
                    self.abandon();
                    return Flushed::Broken;
                }
            }
        }
        if self.closing && self.to.take().is_some() {
            return Flushed::Closed;
        }
        Flushed::All
    }

    fn advance(&mut self, n: usize) {
        self.sent += n as u64;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(n);
        self.written += n;
        while let Some(first) = self.waiting.front().filter(|first| first.len() <= self.written) {
            self.written -= first.len();
            self.waiting.pop_front();
        }
    }

    /// Drops the descriptor and what waits for it.
    pub(super) fn abandon(&mut self) {
        self.to = None;
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
        self.written = 0;
    }

    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.waiting_bytes > HIGH_WATER_BYTES
    }

    /// The descriptor, while something waits to be written to it.
    pub(super) fn wants_write(&self) -> Option<&Descriptor> {
        self.to.as_ref().filter(|_| !self.is_empty())
    }
}
