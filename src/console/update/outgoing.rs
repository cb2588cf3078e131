//! What came of the things that are done outside the console.

use crate::console::model::Model;
use crate::text::Safe;

/// A theme was put on, or not: the operator sees the first, and reads the second with its place.
pub(super) fn themed(model: &mut Model, put_on: &Result<String, String>) {
    let text = match put_on {
        Ok(name) => Safe::word("theme ").then(&Safe::escape(name)),
        Err(why) => Safe::word("the theme stays as it is: failed to ").then(&Safe::escape(why)),
    };
    model.ui.said = Some(text);
}

/// A notification's program did not start: the operator relies on it, so this is said at once.
pub(super) fn not_notified(model: &mut Model, why: &str) {
    let text =
        Safe::word("the program of --notify-command did not start: ").then(&Safe::escape(why));
    model.ui.said = Some(text);
}
