//! A text in another form, and where each part of it stands in the text as it came.

use std::ops::Range;

use super::Step;
use super::fold::fold;

/// A text in another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What was undone to come here, the outermost first; nothing for the plain text.
    pub steps: Vec<Step>,
    /// The text.
    pub text: String,
    pieces: Vec<Piece>,
}

/// A part of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the view.
    view: usize,
    /// Where it begins in the text as it came, and how long it is there.
    raw: usize,
    len: usize,
    /// Byte for byte the same length; else all of it stands for all of that.
    linear: bool,
}

impl View {
    /// The text as it came.
    pub(super) fn raw(text: &str) -> Self {
        let piece = Piece { view: 0, raw: 0, len: text.len(), linear: true };
        Self { steps: Vec::new(), text: text.to_owned(), pieces: vec![piece] }
    }

    /// A text as it came, folded, and nothing that may be encoded in it.
    pub(in crate::inspect) fn folded(text: &str) -> Self {
        fold(&Self::raw(text))
    }

    /// An empty view that comes out of another by a step; `None`: it is the same one, folded.
    pub(super) fn after(other: &Self, step: Option<Step>) -> Self {
        let steps = other.steps.iter().copied().chain(step).collect();
        Self { steps, text: String::with_capacity(other.text.len()), pieces: Vec::new() }
    }

    /// Adds what stands for a part of the other view. What is as long as that part stands for it byte for byte, as far
    /// as the part does for the text as it came.
    pub(super) fn push(&mut self, text: &str, other: &Self, range: Range<usize>) {
        if !other.text.get(range.clone()).is_some_and(|source| is_aligned(text, source)) {
            let raw = other.source(range);
            return self
                .piece(text, Piece { view: 0, raw: raw.start, len: raw.len(), linear: false });
        }
        let first = other.at(range.start);
        for (at, piece) in other.pieces.iter().enumerate().skip(first) {
            let end = other.pieces.get(at + 1).map_or(other.text.len(), |next| next.view);
            let part = range.start.max(piece.view)..range.end.min(end);
            let from = part.start.saturating_sub(range.start);
            let Some(text) = text.get(from..from + part.len()) else { return };
            let raw = piece.source(part);
            self.piece(text, Piece { view: 0, raw: raw.start, len: raw.len(), ..*piece });
            if end >= range.end {
                return;
            }
        }
    }

    fn piece(&mut self, text: &str, piece: Piece) {
        if text.is_empty() {
            return;
        }
        let view = self.text.len();
        self.text.push_str(text);
        if let Some(last) = self.pieces.last_mut() {
            if piece.linear && last.linear && last.raw + last.len == piece.raw {
                last.len += piece.len;
                return;
            }
            if !piece.linear && !last.linear && (last.raw, last.len) == (piece.raw, piece.len) {
                return;
            }
        }
        self.pieces.push(Piece { view, ..piece });
    }

    /// Which piece has this byte.
    fn at(&self, offset: usize) -> usize {
        self.pieces.partition_point(|piece| piece.view <= offset).saturating_sub(1)
    }

    /// Where a range of the view stands in the text as it came.
    #[must_use]
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        let last = range.end.saturating_sub(1).max(range.start);
        let ends = [self.at(range.start), self.at(last)].map(|at| self.pieces.get(at));
        let [Some(first), Some(last)] = ends else { return 0..0 };
        let (first, last) = (first.source(range.clone()), last.source(range));
        // Reversed text goes the other way.
        first.start.min(last.start)..first.end.max(last.end)
    }
}

/// Whether the characters of both stand at the same bytes.
fn is_aligned(text: &str, source: &str) -> bool {
    let starts = |text| str::char_indices(text).map(|(at, _)| at);
    text.len() == source.len()
        && (text.is_ascii() && source.is_ascii() || starts(text).eq(starts(source)))
}

impl Piece {
    /// Where its part in this range stands.
    fn source(&self, range: Range<usize>) -> Range<usize> {
        if !self.linear {
            return self.raw..self.raw + self.len;
        }
        let part = |offset: usize| self.raw + offset.saturating_sub(self.view).min(self.len);
        part(range.start)..part(range.end)
    }
}
