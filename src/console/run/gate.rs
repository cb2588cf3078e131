//! The line to the gate.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::wire::{FromConsole, LINE_BYTES_MAX, ToConsole};

/// The line to the gate.
pub(super) struct Gate {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    line: Vec<u8>,
}

impl Gate {
    pub(super) fn new(stream: StdUnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (reader, writer) = tokio::net::UnixStream::from_std(stream)?.into_split();
        Ok(Self { reader: BufReader::new(reader), writer, line: Vec::new() })
    }

    /// The next line. Safe to drop and call again: what was read so far is kept.
    pub(super) async fn next(&mut self) -> io::Result<ToConsole> {
        loop {
            let buffer = self.reader.fill_buf().await?;
            if buffer.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the gate is gone"));
            }
            let end = memchr::memchr(b'\n', buffer);
            let taken = end.map_or(buffer.len(), |end| end + 1);
            self.line.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            self.reader.consume(taken);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                return serde_json::from_slice(&line).map_err(io::Error::from);
            }
            if self.line.len() > LINE_BYTES_MAX {
                return Err(io::Error::other("the gate sent a line without end"));
            }
        }
    }

    pub(super) async fn send(&mut self, message: &FromConsole) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.writer.write_all(&line).await
    }
}
