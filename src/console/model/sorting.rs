//! The Calls pane's rows in another order than that in which they came.
//!
//! An order is made of all rows at once and holds until it is made anew: what changes meanwhile stays where it
//! was. The more rows, the longer it holds, so that sorting takes a small share of the time however many there are.

use crate::console::model::column::Column;
use crate::console::model::{Call, CallAt, Model, NameId};
use crate::policy::{Risk, Verdict};

/// An order holds at least this long, in milliseconds.
const HOLDS_MS: u64 = 250;
/// And a millisecond more for so many rows: of a million it takes some 60 ms, twice in three seconds.
const ROWS_A_MS: u64 = 1000;

/// Rows sorted by a column, the smallest first.
#[derive(Debug, Default)]
pub struct Sorting {
    by: Option<Column>,
    /// A row's number behind what it is sorted by: 32 bits each.
    rows: Vec<u64>,
    /// What texts were worth when it was made.
    ranks: Option<Ranks>,
    made_ms: u64,
    changed: bool,
}

impl Sorting {
    /// Sorts by this column from now on; by time is the order in which calls came.
    pub fn set(&mut self, by: Column) {
        let by = (!matches!(by, Column::Time | Column::Id)).then_some(by);
        *self = Self { by, changed: by.is_some(), ..Self::default() };
    }

    /// What rows are sorted by, where that is not the time.
    #[must_use]
    pub const fn by(&self) -> Option<Column> {
        self.by
    }

    /// Rows came or changed.
    pub const fn touch(&mut self) {
        self.changed = self.by.is_some();
    }

    /// Rows from this one on are gone.
    pub fn rewound(&mut self, calls: usize) {
        self.rows.retain(|packed| row(*packed).0 < calls);
        self.touch();
    }

    /// Lets the next order be made at once, if anything changed.
    pub const fn hold_no_longer(&mut self) {
        self.made_ms = 0;
    }

    /// In how many milliseconds the order is to be made anew.
    #[must_use]
    pub fn due_in_ms(&self, now_ms: u64) -> Option<u64> {
        let holds_ms = HOLDS_MS + self.rows.len() as u64 / ROWS_A_MS;
        let held = !self.rows.is_empty() && self.made_ms > 0;
        let due_ms = if held { self.made_ms + holds_ms } else { 0 };
        self.changed.then(|| due_ms.saturating_sub(now_ms))
    }

    /// Makes the order of these rows.
    pub fn make(&mut self, model: &Model, rows: impl Iterator<Item = CallAt>) {
        let Some(by) = self.by else { return };
        let ranks = Ranks::new(model, by);
        self.rows.clear();
        self.rows.extend(rows.filter_map(|at| {
            let row = u32::try_from(at.0).ok()?;
            Some(u64::from(ranks.key(model.call(at)?)) << 32 | u64::from(row))
        }));
        self.rows.sort_unstable();
        self.ranks = Some(ranks);
        (self.made_ms, self.changed) = (model.now.mono_ms, false);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn at(&self, place: usize) -> Option<CallAt> {
        self.rows.get(place).map(|packed| row(*packed))
    }

    /// The place of a row; where it is not among these, of the one that stands where it would.
    pub(super) fn place(&self, model: &Model, at: CallAt) -> usize {
        if let Some(place) = self.rows.iter().position(|packed| row(*packed) == at) {
            return place;
        }
        let key = self.ranks.as_ref().zip(model.call(at)).map_or(u32::MAX, |(r, call)| r.key(call));
        let would = u64::from(key) << 32 | u64::try_from(at.0).unwrap_or(u64::MAX);
        let place = self.rows.partition_point(|packed| *packed < would);
        place.min(self.rows.len().saturating_sub(1))
    }
}

fn row(packed: u64) -> CallAt {
    CallAt(usize::try_from(packed & u64::from(u32::MAX)).unwrap_or(usize::MAX))
}

/// What a column's texts are worth.
#[derive(Debug)]
struct Ranks {
    by: Column,
    /// Of each name or session, by its number.
    ranks: Vec<u32>,
}

impl Ranks {
    fn new(model: &Model, by: Column) -> Self {
        let sorted: Vec<usize> = if matches!(by, Column::Server | Column::Name) {
            model.names.sorted().map(NameId::index).collect()
        } else if by == Column::Session {
            let mut sessions: Vec<_> = model.sessions.iter().enumerate().collect();
            sessions.sort_by_key(|(_, session)| session.shown.as_str());
            sessions.into_iter().map(|(id, _)| id).collect()
        } else {
            Vec::new()
        };
        let mut ranks = vec![u32::MAX; sorted.len()];
        for (id, rank) in sorted.into_iter().zip(0..) {
            if let Some(slot) = ranks.get_mut(id) {
                *slot = rank;
            }
        }
        Self { by, ranks }
    }

    fn key(&self, call: &Call) -> u32 {
        let rank = |id: usize| self.ranks.get(id).copied().unwrap_or(u32::MAX);
        match self.by {
            Column::Time | Column::Id | Column::WhatIf => 0,
            Column::Session => rank(call.session.index()),
            Column::Server => rank(call.server.index()),
            Column::Name => rank(call.name.index()),
            Column::Verdict => match call.verdict {
                None => 0,
                Some(Verdict::Allow) => 1,
                Some(Verdict::Mark) => 2,
                Some(Verdict::Ask) => 3,
                Some(Verdict::Deny) => 4,
            },
            Column::Risk => match call.risk {
                None => 0,
                Some(Risk::Low) => 1,
                Some(Risk::Medium) => 2,
                Some(Risk::High) => 3,
            },
            Column::Size => call.size,
            Column::AnswerSize => call.answer_size,
            Column::Wait => call.held_ms,
            // What has no answer yet may take longest.
            Column::Took => {
                call.took_ms().map_or(u32::MAX, |ms| u32::try_from(ms).unwrap_or(u32::MAX - 1))
            }
        }
    }
}
