//! What the operator put on rows: marks and notes. They live as long as the console.

use std::collections::BTreeMap;

use crate::console::model::CallAt;

/// Notes kept at once; beyond it the oldest row's goes.
const NOTES_MAX: usize = 1000;
/// Longer notes are cut.
pub const NOTE_CHARS_MAX: usize = 400;

/// Marked rows, and notes.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// A bit a row.
    bits: Vec<u64>,
    len: usize,
    notes: BTreeMap<CallAt, String>,
}

impl Marks {
    /// How many rows are marked.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a row is marked.
    #[must_use]
    pub fn has(&self, row: CallAt) -> bool {
        self.bits.get(row.0 / 64).is_some_and(|word| word >> (row.0 % 64) & 1 == 1)
    }

    /// Marks a row, or takes its mark away; whether that changed anything.
    pub fn set(&mut self, row: CallAt, marked: bool) -> bool {
        if self.has(row) == marked {
            return false;
        }
        let at = row.0 / 64;
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(at) {
            *word ^= 1 << (row.0 % 64);
        }
        self.len = if marked { self.len + 1 } else { self.len - 1 };
        true
    }

    /// The marked rows, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = CallAt> {
        let rows = self.bits.iter().enumerate().filter(|(_, word)| **word != 0);
        rows.flat_map(|(at, _)| (at * 64..at * 64 + 64).map(CallAt)).filter(|row| self.has(*row))
    }

    /// A row's note.
    #[must_use]
    pub fn note(&self, row: CallAt) -> Option<&str> {
        self.notes.get(&row).map(String::as_str)
    }

    /// Writes a row's note; an empty one takes it away.
    pub fn write(&mut self, row: CallAt, note: &str) {
        let note: String = note.trim().chars().take(NOTE_CHARS_MAX).collect();
        if note.is_empty() {
            self.notes.remove(&row);
        } else {
            self.notes.insert(row, note);
        }
        while self.notes.len() > NOTES_MAX {
            self.notes.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_counted_and_listed_in_order() {
        let mut marks = Marks::default();
        for row in [700, 3, 64, 3, 63] {
            marks.set(CallAt(row), true);
        }
        marks.set(CallAt(64), false);
        marks.set(CallAt(9999), false);
        let rows: Vec<usize> = marks.rows().map(|row| row.0).collect();
        assert_eq!((rows, marks.len()), (vec![3, 63, 700], 3));
        assert!(marks.has(CallAt(63)) && !marks.has(CallAt(64)));
    }

    #[test]
    fn an_empty_note_is_none() {
        let mut marks = Marks::default();
        marks.write(CallAt(1), " why? ");
        assert_eq!(marks.note(CallAt(1)), Some("why?"));
        marks.write(CallAt(1), " ");
        assert_eq!(marks.note(CallAt(1)), None);
    }
}
