//! Bytes to lines, under a limit. Any split of the same bytes gives the same pieces.
//!
//! 1. A line ends with `\n`, which is not part of it; a `\r` before it is (JSON calls it white space).
//! 2. What is left at the end of the stream counts as a line, if it is not empty.
//! 3. A line longer than the limit is dropped as it streams: its first [`HEAD_BYTES`] are kept, and it
//!    is reported once it ends, with its whole size. The connection lives on.
//!
//! Each byte is copied once into the buffer and searched once; lines are handed out without a copy, so
//! a small line that is kept for long keeps its read's buffer alive (at most 64 KiB in practice).

use bytes::{Buf, Bytes, BytesMut};

/// How much of a line that is given up is kept: enough to find its id and to show where it came from.
pub const HEAD_BYTES: usize = 4096;

/// What the stream was cut into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A line within the limit, without its `\n`; may be empty.
    Line(Bytes),
    /// A line beyond the limit, which is gone.
    TooLong {
        /// Its first bytes, at most [`HEAD_BYTES`].
        head: Bytes,
        /// How long it was, in bytes, without its `\n`.
        size_bytes: u64,
    },
}

/// A line beyond the limit while it streams by.
#[derive(Debug)]
struct Dropping {
    head: BytesMut,
    size_bytes: u64,
}

/// Cuts one direction of one connection.
#[derive(Debug)]
pub struct Framer {
    limit_bytes: usize,
    buffer: BytesMut,
    /// The bytes of `buffer` before this are known to hold no `\n`.
    searched: usize,
    dropping: Option<Dropping>,
}

impl Framer {
    /// A framer at the start of a stream; lines longer than `limit_bytes` are dropped.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, buffer: BytesMut::new(), searched: 0, dropping: None }
    }

    /// Takes what was read. Call [`Framer::next`] until it gives nothing after each push: the memory
    /// held is then at most the limit, the head and one chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next piece that is complete, in the order of the stream.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that goes on after `None` would mislead"
    )]
    pub fn next(&mut self) -> Option<Piece> {
        let unseen = self.buffer.get(self.searched..).unwrap_or_default();
        if let Some(offset) = memchr::memchr(b'\n', unseen) {
            let line = self.buffer.split_to(self.searched.saturating_add(offset)).freeze();
            self.buffer.advance(1);
            self.searched = 0;
            return Some(self.cut(line));
        }
        self.searched = self.buffer.len();
        if self.dropping.is_some() || self.searched > self.limit_bytes {
            self.drop_buffered();
        }
        None
    }

    /// The rest at the end of the stream. Call until it gives nothing.
    pub fn finish(&mut self) -> Option<Piece> {
        if let Some(piece) = self.next() {
            return Some(piece);
        }
        self.searched = 0;
        let rest = self.buffer.split().freeze();
        (self.dropping.is_some() || !rest.is_empty()).then(|| self.cut(rest))
    }

    /// Bytes held for pieces that are not complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        let head = self.dropping.as_ref().map_or(0, |dropping| dropping.head.len());
        self.buffer.len().saturating_add(head)
    }

    /// The piece that ends with this line.
    fn cut(&mut self, line: Bytes) -> Piece {
        if self.dropping.is_none() && line.len() <= self.limit_bytes {
            return Piece::Line(line);
        }
        self.drop_part(&line);
        let dropped = self.dropping.take();
        let (head, size_bytes) =
            dropped.map_or((Bytes::new(), 0), |part| (part.head.freeze(), part.size_bytes));
        Piece::TooLong { head, size_bytes }
    }

    /// Forgets what is buffered, keeping the head. The buffer itself goes too: it may have grown large.
    fn drop_buffered(&mut self) {
        let part = std::mem::take(&mut self.buffer);
        self.searched = 0;
        self.drop_part(&part);
    }

    fn drop_part(&mut self, part: &[u8]) {
        let dropping =
            self.dropping.get_or_insert_with(|| Dropping { head: BytesMut::new(), size_bytes: 0 });
        let room = HEAD_BYTES.saturating_sub(dropping.head.len()).min(part.len());
        dropping.head.extend_from_slice(part.get(..room).unwrap_or_default());
        dropping.size_bytes =
            dropping.size_bytes.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(limit_bytes: usize, chunks: &[&[u8]]) -> Vec<Piece> {
        let mut framer = Framer::new(limit_bytes);
        let mut pieces = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(piece) = framer.next() {
                pieces.push(piece);
            }
            assert!(framer.buffered() <= limit_bytes + HEAD_BYTES);
        }
        while let Some(piece) = framer.finish() {
            pieces.push(piece);
        }
        assert_eq!(framer.buffered(), 0);
        pieces
    }

    fn line(text: &str) -> Piece {
        Piece::Line(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn long(head: &str, size_bytes: u64) -> Piece {
        Piece::TooLong { head: Bytes::copy_from_slice(head.as_bytes()), size_bytes }
    }

    /// The same by the slow road: all bytes at once, split by the standard library.
    fn expected(limit_bytes: usize, bytes: &[u8]) -> Vec<Piece> {
        let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let piece = |part: &[u8]| {
            if part.len() <= limit_bytes {
                return Piece::Line(Bytes::copy_from_slice(part));
            }
            let head = Bytes::copy_from_slice(&part[..part.len().min(HEAD_BYTES)]);
            Piece::TooLong { head, size_bytes: part.len() as u64 }
        };
        parts.into_iter().map(piece).collect()
    }

    #[test]
    fn lines_come_out_without_their_newline_and_the_rest_at_the_end() {
        assert_eq!(cut(9, &[b"a\nbc\r\n\nd"]), [line("a"), line("bc\r"), line(""), line("d")]);
        assert_eq!(cut(9, &[b"ab", b"", b"c\n"]), [line("abc")]);
        assert_eq!(cut(9, &[]), []);
    }

    #[test]
    fn a_line_beyond_the_limit_is_reported_once_and_the_next_one_lives() {
        assert_eq!(cut(3, &[b"abc\nabcd\nxy\n"]), [line("abc"), long("abcd", 4), line("xy")]);
        assert_eq!(cut(3, &[b"abcd", b"ef", b"g\nxy"]), [long("abcdefg", 7), line("xy")]);
        assert_eq!(cut(3, &[b"abcd"]), [long("abcd", 4)]);
    }

    #[test]
    fn a_dropped_line_holds_its_head_only() {
        let mut framer = Framer::new(10_000);
        for _ in 0..1000 {
            framer.push(&[b'x'; 1000]);
            assert_eq!(framer.next(), None);
            assert!(framer.buffered() <= 10_000);
        }
        framer.push(b"\n");
        let head = Bytes::from(vec![b'x'; HEAD_BYTES]);
        assert_eq!(framer.next(), Some(Piece::TooLong { head, size_bytes: 1_000_000 }));
    }

    #[test]
    fn a_line_in_one_read_is_not_copied_again() {
        let mut framer = Framer::new(100);
        framer.push(b"one\ntwo\n");
        let Some(Piece::Line(one)) = framer.next() else { panic!("a line") };
        let Some(Piece::Line(two)) = framer.next() else { panic!("a line") };
        assert_eq!(one.as_ptr() as usize + 4, two.as_ptr() as usize);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_pieces(
            bytes in prop::collection::vec(prop_oneof![3 => Just(b'x'), 1 => Just(b'\n'), 1 => any::<u8>()], 0..200),
            cuts in prop::collection::vec(0_usize..200, 0..8),
            limit_bytes in 0_usize..20,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(cut(limit_bytes, &chunks), expected(limit_bytes, &bytes));
        }
    }
}
