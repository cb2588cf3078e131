//! Lines with descriptors beside them, over a Unix socket.

use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::LINE_BYTES_MAX;

/// Descriptors that travel with a shim's hello.
pub const DESCRIPTORS: usize = 8;

/// Sends one message as a line, with descriptors beside its first byte.
///
/// # Errors
/// Of the socket.
pub fn send<T: Serialize>(
    to: &UnixStream,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let mut sent = 0;
    if !descriptors.is_empty() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        sent = sendmsg(to, &[IoSlice::new(&line)], &mut control, SendFlags::NOSIGNAL)?;
    }
    (&*to).write_all(line.get(sent..).unwrap_or_default())
}

/// The receiving half: lines and the descriptors that came with them.
#[derive(Debug)]
pub struct Lines {
    buffer: Vec<u8>,
    searched: usize,
    descriptors: Vec<OwnedFd>,
}

/// What a receive gave.
#[derive(Debug)]
pub enum Received {
    /// Bytes; ask for lines.
    Some,
    /// Nothing now (only without waiting).
    Nothing,
    /// The other side closed.
    End,
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

impl Lines {
    /// Nothing received yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), searched: 0, descriptors: Vec::new() }
    }

    /// Receives once.
    ///
    /// # Errors
    /// Of the socket, or when a line grows beyond [`LINE_BYTES_MAX`].
    pub fn receive(&mut self, from: impl AsFd, flags: RecvFlags) -> io::Result<Received> {
        let mut chunk = [0; 16 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = flags | RecvFlags::CMSG_CLOEXEC;
        let got = match recvmsg(from, &mut [IoSliceMut::new(&mut chunk)], &mut control, flags) {
            Ok(got) => got,
            Err(Errno::AGAIN) => return Ok(Received::Nothing),
            // A signal is no silence: the caller looks again.
            Err(Errno::INTR) => return Ok(Received::Some),
            Err(Errno::CONNRESET) => return Ok(Received::End),
            Err(error) => return Err(error.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        if got.bytes == 0 {
            return Ok(Received::End);
        }
        self.buffer.extend_from_slice(chunk.get(..got.bytes).unwrap_or_default());
        if self.buffer.len() > LINE_BYTES_MAX {
            return Err(io::Error::other("a line beyond the limit of the gate's socket"));
        }
        Ok(Received::Some)
    }

    /// The next whole line as a message.
    ///
    /// # Errors
    /// When the line is no such message.
    pub fn take<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let unseen = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'\n', unseen) else {
            self.searched = self.buffer.len();
            return Ok(None);
        };
        let line: Vec<u8> = self.buffer.drain(..=self.searched + at).collect();
        self.searched = 0;
        Ok(Some(serde_json::from_slice(&line)?))
    }

    /// Takes the next whole line, unread, if it begins so.
    pub fn skip(&mut self, head: &[u8]) -> bool {
        let end = memchr::memchr(b'\n', &self.buffer).filter(|_| self.buffer.starts_with(head));
        if let Some(end) = end {
            self.buffer.drain(..=end);
            self.searched = 0;
        }
        end.is_some()
    }

    /// Whether nothing is received that was not taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.descriptors.is_empty()
    }

    /// Descriptors received so far, in order.
    pub fn take_descriptors(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.descriptors)
    }

    /// Waits for the next message; `None` when the other side closed. Honours the socket's read time-out.
    ///
    /// # Errors
    /// As [`Lines::receive`] and [`Lines::take`]; `TimedOut` when nothing came in time.
    pub fn wait<T: DeserializeOwned>(&mut self, from: &UnixStream) -> io::Result<Option<T>> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.receive(from, RecvFlags::empty())? {
                Received::Some => {}
                Received::Nothing => return Err(io::ErrorKind::TimedOut.into()),
                Received::End => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_line_is_skipped_by_its_beginning_once_it_is_whole() {
        let (here, there) = UnixStream::pair().unwrap();
        let mut lines = Lines::new();
        (&here).write_all(b"\"one\"\n\"two\"\n\"on").unwrap();
        lines.receive(&there, RecvFlags::empty()).unwrap();
        assert!(lines.skip(b"\"on") && !lines.skip(b"\"on"));
        assert_eq!(lines.take::<String>().unwrap().as_deref(), Some("two"));
        assert!(!lines.skip(b"\"on") && !lines.is_empty());
        (&here).write_all(b"e\"\n").unwrap();
        lines.receive(&there, RecvFlags::empty()).unwrap();
        assert!(lines.skip(b"\"on") && lines.is_empty());
    }

    #[test]
    fn descriptors_arrive_with_their_line_and_work() {
        let (here, there) = UnixStream::pair().unwrap();
        let (read, write) = rustix::pipe::pipe().unwrap();
        send(&here, &"first", &[read.as_fd()]).unwrap();
        send(&here, &"second", &[]).unwrap();
        drop((here, read));
        let mut lines = Lines::new();
        assert_eq!(lines.wait::<String>(&there).unwrap().as_deref(), Some("first"));
        let got = lines.take_descriptors();
        assert_eq!(lines.wait::<String>(&there).unwrap().as_deref(), Some("second"));
        assert!(lines.wait::<String>(&there).unwrap().is_none());
        rustix::io::write(&write, b"through").unwrap();
        drop(write);
        let mut text = String::new();
        let file = got.into_iter().next().unwrap();
        std::fs::File::from(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }
}
