//! The terminal's window as far as it tells, and what was told outside of it.

use std::collections::BTreeMap;

use crate::console::input::Focus;
use crate::console::model::TicketKey;

/// Where the operator is, and what a notification said already.
#[derive(Debug, Default)]
pub struct Window {
    /// What the terminal said last; many never say it.
    pub focus: Option<Focus>,
    /// When the window came to the front, until the mouse was pressed: that press was meant for the window.
    pub swallow_ms: Option<u64>,
    /// Where the button went down last, and when.
    pub pressed: Option<((u16, u16), u64)>,
    /// Whether that was on the border between two panes, which moves with it.
    pub drags: bool,
    /// The calls that wait and were told.
    pub told: BTreeMap<TicketKey, Told>,
    /// When a notification went out last.
    pub told_ms: Option<u64>,
}

/// What was told of a call, or seen without being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// That it waits.
    Waits,
    /// That half of its time is over.
    Half,
}
