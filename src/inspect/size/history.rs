//! How large the arguments of a tool's last calls were.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{HISTORY_CALLS_MIN, Limits};

/// Calls that are remembered of each tool.
pub const CALLS_MAX: usize = 100;

/// The sizes of a tool's last calls, in bytes: [`CALLS_MAX`] at most, the oldest first.
///
/// What is refused is not to be pushed: else a few large attempts would make room for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "VecDeque<u64>", into = "VecDeque<u64>")]
pub struct History {
    sizes: VecDeque<u64>,
}

impl History {
    /// Remembers one more call.
    pub fn push(&mut self, size: u64) {
        if self.sizes.len() >= CALLS_MAX {
            self.sizes.pop_front();
        }
        self.sizes.push_back(size);
    }

    /// How many calls it knows.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.sizes.len()
    }

    /// The median, rounded down where it lies between two sizes. `None`: there was no call.
    #[must_use]
    pub fn median(&self) -> Option<u64> {
        u64::try_from(self.middle()? / 2).ok()
    }

    /// Twice the median, which is exact.
    fn middle(&self) -> Option<u128> {
        let mut sorted = [0; CALLS_MAX];
        let mut count = 0;
        for (place, size) in sorted.iter_mut().zip(&self.sizes) {
            *place = *size;
            count += 1;
        }
        let sorted = sorted.get_mut(..count)?;
        sorted.sort_unstable();
        let (low, high) = (sorted.get((count.checked_sub(1)?) / 2)?, sorted.get(count / 2)?);
        Some(u128::from(*low) + u128::from(*high))
    }

    /// How many bytes the next call may have. `None`: of so few calls nothing follows.
    ///
    /// Of [`CALLS_MAX`] calls it is the median times the factor. Of fewer, from [`HISTORY_CALLS_MIN`] on, it is not less than
    /// what a field may have unnoticed, because half a history is no measure of what is unusual.
    #[must_use]
    pub fn limit(&self, limits: &Limits) -> Option<u64> {
        if self.calls() < HISTORY_CALLS_MIN {
            return None;
        }
        let limit = self.middle()?.saturating_mul(limits.history_factor.into()) / 2;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let least = if self.calls() < CALLS_MAX { limits.warn_bytes } else { 0 };
        Some(limit.max(least).max(limits.history_floor_bytes))
    }

    /// With which factor a call of so many bytes would pass.
    pub(super) fn factor_for(&self, size: u64) -> u64 {
        let middle = self.middle().unwrap_or_default().max(1);
        u64::try_from((u128::from(size) * 2).div_ceil(middle)).unwrap_or(u64::MAX)
    }
}

impl From<VecDeque<u64>> for History {
    /// Of more than it holds, the last.
    fn from(mut sizes: VecDeque<u64>) -> Self {
        sizes.drain(..sizes.len().saturating_sub(CALLS_MAX));
        sizes.shrink_to_fit();
        Self { sizes }
    }
}

impl From<History> for VecDeque<u64> {
    fn from(history: History) -> Self {
        history.sizes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(sizes: &[u64]) -> History {
        let mut history = History::default();
        for size in sizes {
            history.push(*size);
        }
        history
    }

    #[test]
    fn the_median_is_exact() {
        for (sizes, median) in [
            (&[][..], None),
            (&[7], Some(7)),
            (&[1, 9], Some(5)),
            (&[1, 2], Some(1)),
            (&[9, 1, 5], Some(5)),
            (&[u64::MAX, u64::MAX], Some(u64::MAX)),
        ] {
            assert_eq!(of(sizes).median(), median, "{sizes:?}");
        }
    }

    #[test]
    fn what_follows_depends_on_how_many_calls_there_were() {
        let limits = Limits::default();
        for (calls, size, limit) in [
            (0, 400, None),
            (19, 400, None),
            (20, 400, Some(5120)),
            (20, 1000, Some(10_000)),
            (99, 400, Some(5120)),
            (100, 400, Some(4000)),
            (100, 0, Some(1024)),
            (100, u64::MAX, Some(u64::MAX)),
        ] {
            assert_eq!(of(&vec![size; calls]).limit(&limits), limit, "{calls} {size}");
        }
        // A half counts: the median of these is 400.5.
        let halves: Vec<u64> = (0..100).map(|at| 400 + at % 2).collect();
        assert_eq!(of(&halves).limit(&limits), Some(4005));
    }

    #[test]
    fn it_is_stored_as_a_list_and_read_back_within_its_bound() {
        let history = of(&[3, 1, 2]);
        let stored = serde_json::to_string(&history).unwrap();
        assert_eq!(stored, "[3,1,2]");
        assert_eq!(serde_json::from_str::<History>(&stored).unwrap(), history);
        let long: Vec<u64> = (0..500).collect();
        let read: History = serde_json::from_str(&serde_json::to_string(&long).unwrap()).unwrap();
        assert_eq!((read.calls(), read.median()), (CALLS_MAX, Some(449)));
        assert_eq!(read, of(&long));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_median_lies_in_the_middle(sizes in prop::collection::vec(0..1000_u64, 1..150)) {
            let median = of(&sizes).median().unwrap();
            let last = sizes.get(sizes.len().saturating_sub(CALLS_MAX)..).unwrap();
            let below = last.iter().filter(|size| **size < median).count();
            let above = last.iter().filter(|size| **size > median + 1).count();
            prop_assert!(below * 2 <= last.len() && above * 2 <= last.len());
        }
    }
}
