//! Proof that the engine decided to send exactly these bytes.

use bytes::Bytes;

use crate::engine::event::ConnId;
use crate::protocol::Side;

/// One line that may be written, to whom, and nothing else. Only `engine` makes one, in the step
/// whose record names it; the proxy's write functions take one. It owns the bytes, so what was
/// decided on and what is sent cannot differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    conn: ConnId,
    to: Side,
    line: Bytes,
}

impl Permit {
    /// `line` has no newline; the writer adds it.
    pub(in crate::engine) const fn new(conn: ConnId, to: Side, line: Bytes) -> Self {
        Self { conn, to, line }
    }

    /// The connection to write to.
    #[must_use]
    pub const fn conn(&self) -> ConnId {
        self.conn
    }

    /// The end of the connection to write to.
    #[must_use]
    pub const fn to(&self) -> Side {
        self.to
    }

    /// The line, without its newline.
    #[must_use]
    pub const fn line(&self) -> &Bytes {
        &self.line
    }

    /// Bytes on the wire: the line and its newline.
    #[must_use]
    pub fn wire_len(&self) -> u64 {
        self.line.len() as u64 + 1
    }
}
