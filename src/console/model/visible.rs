//! Which rows a filter leaves, kept up to date in pieces of bounded work.
//!
//! First every row is tested by its facts; rows that need their arguments or result for it are put off
//! and read later, newest first, a batch at a time. Rows that change are tested again. Nothing here reads
//! anything: [`Visible::step`] says what is to be read, [`Visible::read`] takes what came of it.

use crate::console::filter::{Match, Tester};
use crate::console::model::row::Row;
use crate::console::model::{Call, CallAt, Model};

/// Rows tested in one step: half a millisecond (benches/filter.rs).
const STEP_ROWS: usize = 20_000;
/// Rows of which one batch reads arguments and results.
const BATCH_ROWS: usize = 128;
/// Bytes of one batch, unless one row alone has more.
const BATCH_BYTES: u64 = 1 << 20;

/// The rows that a filter leaves.
#[derive(Debug, Default)]
pub struct Visible {
    tester: Option<Tester>,
    /// Told apart from what was asked for by a filter before.
    generation: u32,
    /// Ascending.
    rows: Vec<u32>,
    /// Rows of which the facts were looked at.
    tested: usize,
    /// Rows that may still change, ascending, as they were when they were tested.
    unsettled: Vec<(u32, u64)>,
    /// How many of these were looked at since anything changed.
    rechecked: usize,
    /// To be tested again whatever their stamp says: their marks changed.
    again: Vec<u32>,
    /// To be read, ascending; taken from the end.
    unread: Vec<u32>,
    /// Whether a batch is being read.
    reading: bool,
    /// Rows that are shown because they could not be read.
    unreadable: usize,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// For [`Visible::read`].
    pub generation: u32,
    /// Which rows.
    pub rows: Vec<u32>,
}

/// What was read of a row: its arguments and, where there is one, its result.
pub type Bodies = Result<(String, Option<String>), String>;

impl Visible {
    /// Begins anew; without a tester every row is visible.
    pub fn set(&mut self, tester: Option<Tester>) {
        let generation = self.generation.wrapping_add(1);
        *self = Self { tester, generation, ..Self::default() };
    }

    /// Whether a filter hides anything.
    #[must_use]
    pub const fn is_filtered(&self) -> bool {
        self.tester.is_some()
    }

    /// The rows found so far, ascending.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Rows that are shown because they could not be read.
    #[must_use]
    pub const fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Whether [`Visible::step`] has work.
    #[must_use]
    pub fn is_due(&self, len: usize) -> bool {
        let tests = self.tested < len
            || self.rechecked < self.unsettled.len()
            || !self.again.is_empty()
            || !self.unread.is_empty() && !self.reading;
        self.tester.is_some() && tests
    }

    /// How many of `len` rows are decided, while some are not.
    #[must_use]
    pub fn decided(&self, len: usize) -> Option<usize> {
        let open = self.unread.len() + len.saturating_sub(self.tested);
        (self.is_filtered() && (open > 0 || self.reading)).then(|| len.saturating_sub(open))
    }

    /// Rows changed: those that may have are looked at again.
    pub const fn touch(&mut self) {
        self.rechecked = 0;
    }

    /// This row's mark changed.
    pub fn touch_row(&mut self, row: CallAt) {
        if let Some(row) = number(row.0).filter(|_| self.is_filtered()) {
            self.again.push(row);
        }
    }

    /// Does a piece of the work; says what is to be read for the next one.
    pub fn step(&mut self, model: &Model) -> Option<Batch> {
        let mut budget = STEP_ROWS;
        while budget > 0
            && let Some(row) = self.again.pop()
        {
            budget -= 1;
            if usize::try_from(row).is_ok_and(|row| row < self.tested) {
                self.test(model, row);
            }
        }
        let unlooked = self.unsettled.len().min(self.rechecked + budget / 2);
        for place in self.rechecked..unlooked {
            let Some(&(row, stamp)) = self.unsettled.get(place) else { break };
            if known(model, row).is_some_and(|known| known.stamp() != stamp) {
                self.test(model, row);
            }
        }
        if self.rechecked < unlooked && unlooked == self.unsettled.len() {
            self.unsettled
                .retain(|(row, _)| known(model, *row).is_some_and(|row| !row.is_settled()));
            self.rechecked = self.unsettled.len();
        } else {
            self.rechecked = self.rechecked.max(unlooked);
        }
        let end = model.calls.len().min(self.tested.saturating_add(budget));
        while self.tested < end {
            if let Some(row) = number(self.tested) {
                self.test(model, row);
            }
            self.tested += 1;
        }
        self.batch(model)
    }

    /// Tests one row by its facts.
    fn test(&mut self, model: &Model, row: u32) {
        let (Some(tester), Some(known)) = (&mut self.tester, known(model, row)) else { return };
        let found = tester.matches(&known);
        self.put(row, found);
        let place = self.unsettled.binary_search_by_key(&row, |(row, _)| *row);
        match place {
            Ok(at) => {
                if let Some(entry) = self.unsettled.get_mut(at) {
                    entry.1 = known.stamp();
                }
            }
            Err(at) if !known.is_settled() => {
                // Behind what was looked at, or the next change looks at it.
                self.unsettled.insert(at, (row, known.stamp()));
                self.rechecked += usize::from(at <= self.rechecked);
            }
            Err(_) => {}
        }
    }

    fn put(&mut self, row: u32, found: Match) {
        let place = self.rows.binary_search(&row);
        match (found, place) {
            (Match::Yes, Err(at)) => self.rows.insert(at, row),
            (Match::No, Ok(at)) => {
                self.rows.remove(at);
            }
            (Match::NeedsBody, _) => {
                if let Err(at) = self.unread.binary_search(&row) {
                    self.unread.insert(at, row);
                }
            }
            (Match::Yes, Ok(_)) | (Match::No, Err(_)) => {}
        }
    }

    fn batch(&mut self, model: &Model) -> Option<Batch> {
        if self.reading || self.unread.is_empty() {
            return None;
        }
        let mut rows = Vec::new();
        let mut size_bytes = 0;
        while let Some(row) = self.unread.last().copied().filter(|_| rows.len() < BATCH_ROWS) {
            let call = known(model, row).and_then(|_| model.call(at(row)));
            let answer = call.and_then(Call::answer).map_or(0, |place| u64::from(place.len));
            size_bytes += call.map_or(0, |call| u64::from(call.request().len)) + answer;
            if size_bytes > BATCH_BYTES && !rows.is_empty() {
                break;
            }
            self.unread.pop();
            rows.push(row);
        }
        self.reading = true;
        Some(Batch { generation: self.generation, rows })
    }

    /// Takes what was read. A row that could not be read is shown: nothing is hidden by a fault.
    pub fn read(&mut self, model: &Model, generation: u32, read: &[(u32, Bodies)]) {
        if generation != self.generation {
            return;
        }
        self.reading = false;
        let Some(tester) = &mut self.tester else { return };
        let mut found = Vec::new();
        let mut lost = Vec::new();
        for (row, bodies) in read {
            let Some(known) = known(model, *row) else { continue };
            let is = if let Ok((arguments, result)) = bodies {
                tester.matches(&known.read(arguments, result.as_deref()))
            } else {
                self.unreadable += 1;
                Match::Yes
            };
            if is == Match::No { lost.push(*row) } else { found.push(*row) }
        }
        for row in lost {
            self.put(row, Match::No);
        }
        found.sort_unstable();
        self.merge(&found);
    }

    /// Puts rows among those found, in one pass.
    fn merge(&mut self, found: &[u32]) {
        let Some(first) = found.first() else { return };
        let behind = self.rows.split_off(self.rows.partition_point(|row| row < first));
        let (mut left, mut right) = (behind.iter().peekable(), found.iter().peekable());
        while let Some(next) = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a <= b => left.next(),
            (Some(_), None) => left.next(),
            (_, Some(_)) => right.next(),
            (None, None) => None,
        } {
            if self.rows.last() != Some(next) {
                self.rows.push(*next);
            }
        }
    }
}

fn known(model: &Model, row: u32) -> Option<Row<'_>> {
    Row::new(model, at(row))
}

fn at(row: u32) -> CallAt {
    CallAt(usize::try_from(row).unwrap_or(usize::MAX))
}

fn number(row: usize) -> Option<u32> {
    u32::try_from(row).ok()
}

/// What the Calls pane lists: every row, or those that the filter leaves, as they came or sorted.
impl Model {
    /// The rows that are listed, as they came.
    pub fn listed(&self) -> impl Iterator<Item = CallAt> {
        let visible = &self.ui.visible;
        let filtered = visible.rows.iter().copied().map(at);
        let all = if visible.is_filtered() { 0 } else { self.calls.len() };
        filtered.chain((0..all).map(CallAt))
    }

    /// How many there are.
    #[must_use]
    pub fn shown_len(&self) -> usize {
        let visible = &self.ui.visible;
        if self.ui.sorting.by().is_some() {
            return self.ui.sorting.len();
        }
        if visible.is_filtered() { visible.rows.len() } else { self.calls.len() }
    }

    /// The one at this place.
    #[must_use]
    pub fn shown(&self, place: usize) -> Option<CallAt> {
        let visible = &self.ui.visible;
        if self.ui.sorting.by().is_some() {
            return self.ui.sorting.at(place);
        }
        if visible.is_filtered() {
            return visible.rows.get(place).copied().map(at);
        }
        (place < self.calls.len()).then_some(CallAt(place))
    }

    /// The place of a row, or of the next one that is listed, or of the last.
    #[must_use]
    pub fn shown_place(&self, row: CallAt) -> usize {
        let visible = &self.ui.visible;
        if self.ui.sorting.by().is_some() {
            return self.ui.sorting.place(self, row);
        }
        let place = if visible.is_filtered() {
            visible.rows.partition_point(|other| at(*other) < row)
        } else {
            row.0
        };
        place.min(self.shown_len().saturating_sub(1))
    }
}
