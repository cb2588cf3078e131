//! Where something stands in a text, as an editor counts.

/// The line and the column of a byte offset, in characters, from 1.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).map_or(0, |tail| tail.chars().count()) + 1;
    (before.matches('\n').count() + 1, column)
}
