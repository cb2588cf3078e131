//! A long list that can be copied in no time: pieces of it are shared between copies until one changes.
//!
//! A recording's states are kept every few thousand records, so that going to any place is quick. Copies of
//! a plain list would need a million rows each; a copy of this one needs a pointer for each `N` rows, and a
//! row that is changed or added costs its copy one piece.

use std::ops::Range;
use std::sync::Arc;

/// A list in pieces of `N`.
#[derive(Debug, Clone)]
pub struct Chunks<T, const N: usize> {
    pieces: Vec<Arc<Vec<T>>>,
    /// Items of the first piece that were dropped.
    dropped: usize,
    len: usize,
}

impl<T, const N: usize> Default for Chunks<T, N> {
    fn default() -> Self {
        Self { pieces: Vec::new(), dropped: 0, len: 0 }
    }
}

impl<T: Clone, const N: usize> Chunks<T, N> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds one behind the last.
    pub fn push(&mut self, item: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < N => Arc::make_mut(last).push(item),
            Some(_) | None => {
                let mut piece = Vec::with_capacity(N);
                piece.push(item);
                self.pieces.push(Arc::new(piece));
            }
        }
        self.len += 1;
    }

    /// Drops the first.
    pub fn drop_first(&mut self) {
        if self.len == 0 {
            return;
        }
        self.dropped += 1;
        self.len -= 1;
        if self.dropped == N {
            self.pieces.remove(0);
            self.dropped = 0;
        }
    }

    /// The one at this place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        let at = at.checked_add(self.dropped)?;
        self.pieces.get(at / N)?.get(at % N)
    }

    /// The same, to be changed: what copies see stays as it is.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let at = at.checked_add(self.dropped)?;
        let piece = self.pieces.get_mut(at / N)?;
        // Looked at first: a place that is not there must not cost a copy.
        piece.get(at % N)?;
        Arc::make_mut(piece).get_mut(at % N)
    }

    /// Those at these places, as far as there are any.
    pub fn range(&self, places: Range<usize>) -> impl Iterator<Item = &T> {
        let from = places.start + self.dropped;
        self.pieces
            .iter()
            .skip(from / N)
            .flat_map(|piece| piece.iter())
            .skip(from % N)
            .take(places.len())
    }

    /// All, from the last to the first.
    pub fn iter_back(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().rev().flat_map(|piece| piece.iter().rev()).take(self.len)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.range(0..self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is done to it, it holds what a plain list would, and a copy keeps what it was.
        #[test]
        fn it_is_a_list_and_copies_stay(ops in prop::collection::vec((0u8..4, 0usize..40), 0..200)) {
            let (mut list, mut plain) = (Chunks::<usize, 4>::default(), Vec::new());
            let mut copies = Vec::new();
            for (op, at) in ops {
                match op {
                    0 => {
                        list.push(at);
                        plain.push(at);
                    }
                    1 => {
                        let same = list.get_mut(at).map(|item| *item += 1).is_some();
                        prop_assert_eq!(same, plain.get_mut(at).map(|item| *item += 1).is_some());
                    }
                    2 => {
                        list.drop_first();
                        if !plain.is_empty() {
                            plain.remove(0);
                        }
                    }
                    _ => copies.push((list.clone(), plain.clone())),
                }
                prop_assert_eq!(list.iter().copied().collect::<Vec<_>>(), plain.clone());
                let back: Vec<_> = list.iter_back().copied().collect();
                prop_assert_eq!(back, plain.iter().rev().copied().collect::<Vec<_>>());
                prop_assert_eq!(list.len(), plain.len());
                prop_assert_eq!(list.get(at), plain.get(at));
                let end = plain.len().min(at + 3);
                let part: Vec<_> = list.range(at.min(end)..end).copied().collect();
                prop_assert_eq!(part, plain[at.min(end)..end].to_vec());
            }
            for (copy, plain) in copies {
                prop_assert_eq!(copy.iter().copied().collect::<Vec<_>>(), plain);
            }
        }
    }
}
