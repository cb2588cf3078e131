//! Cutting a stream into lines.

use tollgate::protocol::framing::{Framer, HEAD_BYTES, Piece};

/// Small, so that few bytes reach it.
const LIMIT_BYTES: usize = 64;

/// Any split of the same bytes gives the same pieces, the pieces are what splitting at newlines gives,
/// and what is held stays below limit, head and one chunk. The first byte chooses the split.
///
/// # Panics
/// Where one of these is broken.
pub fn framing(data: &[u8]) {
    let Some((&seed, stream)) = data.split_first() else { return };
    let size = usize::from(seed % 31) + 1;
    let whole = cut(stream, stream.len().max(1));
    assert_eq!(cut(stream, size), whole, "split by {size}");

    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    // The rest behind the last newline counts only if there is something in it.
    if lines.last().is_some_and(|rest| rest.is_empty()) {
        lines.pop();
    }
    assert_eq!(whole.len(), lines.len());
    for (piece, line) in whole.iter().zip(lines) {
        match piece {
            Piece::Line(got) => {
                assert_eq!(got, line);
                assert!(line.len() <= LIMIT_BYTES);
            }
            Piece::TooLong { head, size_bytes } => {
                assert!(line.len() > LIMIT_BYTES);
                assert_eq!(*size_bytes, line.len() as u64);
                assert!(line.starts_with(head) && head.len() == line.len().min(HEAD_BYTES));
            }
        }
    }
}

fn cut(stream: &[u8], size: usize) -> Vec<Piece> {
    let mut framer = Framer::new(LIMIT_BYTES);
    let mut pieces = Vec::new();
    for chunk in stream.chunks(size) {
        framer.push(chunk);
        pieces.extend(std::iter::from_fn(|| framer.next()));
        assert!(framer.buffered() <= LIMIT_BYTES + HEAD_BYTES + size);
    }
    pieces.extend(std::iter::from_fn(|| framer.finish()));
    pieces
}
