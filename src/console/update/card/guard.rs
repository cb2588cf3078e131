//! Whether a key was pressed by somebody who saw the card.

use crate::console::input::{Key, Press};
use crate::console::model::Model;
use crate::console::update::card::answerable;

/// A card that was just drawn cannot be answered for this long.
pub const ARM_MS: u64 = 800;
/// Nor within this long after anything was typed.
pub const QUIET_MS: u64 = 400;
/// The same key again within this long counts as held: the usual delay before a repeat is 660 ms.
pub const SAME_KEY_MS: u64 = 1000;

/// Whether a key may be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console::update) enum Guard {
    /// It may.
    Clear,
    /// It may not: too early, too fast or held.
    Dead,
}

/// How long until a key can be an answer, 0 when it can; `None` without an open card of a waiting call.
#[must_use]
pub fn armed_in_ms(model: &Model) -> Option<u64> {
    let card = model.ui.card.as_ref()?;
    let drawn_ms = card.drawn_ms.filter(|_| answerable(model, card).next().is_some())?;
    let armed_at = drawn_ms + ARM_MS;
    let quiet_at = model.ui.last_input_ms.map_or(0, |at| at + QUIET_MS);
    Some(armed_at.max(quiet_at).saturating_sub(model.now.mono_ms))
}

/// Judges a key before it is taken in.
#[must_use]
pub(in crate::console::update) fn guard(model: &Model, key: Key, press: Press) -> Guard {
    let held = press == Press::Held
        || model
            .ui
            .last_key
            .is_some_and(|(last, at)| last == key && model.now.mono_ms < at + SAME_KEY_MS);
    if !held && armed_in_ms(model) == Some(0) { Guard::Clear } else { Guard::Dead }
}
