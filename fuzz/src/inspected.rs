//! What detectors make of any text: views are bounded and lead back to it, and what is found stands in it.

use tollgate::inspect::foreign::foreign;
use tollgate::inspect::normal::{DEPTH_MAX, GROWTH, ROOM_BYTES, views};
use tollgate::inspect::{Kind, Report, walk};

/// Views lead back into the text and stay within their bound, and what is found stands in it.
///
/// # Panics
/// Where one of these is broken.
pub fn inspected(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let all = views(text);
    let bytes: usize = all.iter().map(|view| view.text.len()).sum();
    assert!(bytes <= text.len().saturating_mul(GROWTH + 1) + ROOM_BYTES);
    for view in &all {
        assert!(view.steps.len() <= DEPTH_MAX);
        for (at, c) in view.text.char_indices() {
            let range = view.source(at..at + c.len_utf8());
            assert!(!range.is_empty() && text.get(range).is_some());
        }
    }
    for kind in [Kind::Definition, Kind::Result] {
        for placed in &Report::of_text(text, kind).found {
            assert!(placed.path.is_empty() && text.get(placed.found.span.clone()).is_some());
        }
        let texts = walk::texts(text);
        for placed in &Report::of_value(text, kind).found {
            let stands = |one: &walk::Text<'_>| {
                one.path == placed.path && one.text.get(placed.found.span.clone()).is_some()
            };
            assert!(texts.iter().any(stands), "{placed:?}");
        }
    }
    of_tool(text);
}

/// What is found in a tool that is called so and described so stands in its description, or in its name.
fn of_tool(text: &str) {
    let tool = serde_json::json!({ "name": text, "description": text }).to_string();
    let named = |word: &str| (word.len() > 4).then_some("another server");
    let mut all = foreign(&tool, named);
    all.extend(Report::of_value(&tool, Kind::Definition).found);
    all.extend(Report::of_row(&[&tool, &tool]).into_iter().flat_map(|(_, report)| report.found));
    for placed in &all {
        assert!(text.get(placed.found.span.clone()).is_some(), "{placed:?}");
    }
}
