//! Where a tape stops by itself: at the records with which a filter began to mean a call.

/// What a reader found behind what it told before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stops {
    /// For which filter.
    pub generation: u32,
    /// How many records lie before each stop, ascending.
    pub places: Vec<u32>,
    /// Records that were looked at.
    pub looked: u64,
    /// Whether these are all.
    pub whole: bool,
}

/// A filter's stops, as far as they are known.
#[derive(Debug, Clone)]
pub struct Breaks {
    /// The filter, as it was typed.
    pub typed: String,
    stops: Stops,
}

impl Breaks {
    /// None is known yet.
    #[must_use]
    pub fn new(typed: &str, generation: u32) -> Self {
        let stops = Stops { generation, ..Stops::default() };
        Self { typed: typed.to_owned(), stops }
    }

    /// Takes in what was found; what was asked for by a filter before is nothing.
    pub fn found(&mut self, more: Stops) {
        if more.generation != self.stops.generation {
            return;
        }
        let Stops { places, looked, whole, .. } = more;
        self.stops.places.extend(places);
        (self.stops.looked, self.stops.whole) = (looked, whole);
    }

    /// How many there are, and whether these are all.
    #[must_use]
    pub const fn count(&self) -> (usize, bool) {
        (self.stops.places.len(), self.stops.whole)
    }

    /// The first stop behind a place.
    #[must_use]
    pub fn next(&self, at: u64) -> Option<u64> {
        let places = &self.stops.places;
        places.get(places.partition_point(|place| u64::from(*place) <= at)).copied().map(u64::from)
    }

    /// The last stop before a place.
    #[must_use]
    pub fn previous(&self, at: u64) -> Option<u64> {
        let places = &self.stops.places;
        let before = places.partition_point(|place| u64::from(*place) < at);
        places.get(before.checked_sub(1)?).copied().map(u64::from)
    }

    /// How far a tape that plays from one place to another gets, and whether it stops there. What was not looked
    /// at yet is waited for: no stop is run over.
    #[must_use]
    pub fn limit(&self, from: u64, to: u64) -> (u64, bool) {
        match self.next(from).filter(|stop| *stop <= to) {
            Some(stop) => (stop, true),
            None if self.stops.whole => (to, false),
            None => (to.min(self.stops.looked.max(from)), false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_stops_at_each_place_once_and_waits_for_what_was_not_looked_at() {
        let mut breaks = Breaks::new("tool:x", 2);
        breaks.found(Stops { generation: 1, places: vec![1], looked: 100, whole: true });
        assert_eq!(breaks.limit(0, 50), (0, false), "the answer to another question");
        breaks.found(Stops { generation: 2, places: vec![3, 7], looked: 10, whole: false });
        let table = [(0, 2, 2, false), (0, 50, 3, true), (3, 50, 7, true), (7, 50, 10, false)];
        for (from, to, place, stops) in table {
            assert_eq!(breaks.limit(from, to), (place, stops), "{from} to {to}");
        }
        breaks.found(Stops { generation: 2, places: vec![20], looked: 40, whole: true });
        assert_eq!(breaks.limit(7, 50), (20, true));
        assert_eq!(breaks.limit(20, 50), (50, false));
        assert_eq!((breaks.previous(20), breaks.previous(3)), (Some(7), None));
        assert_eq!(breaks.count(), (3, true));
    }
}
