//! What redaction makes of any line of JSON: JSON, with markers where it says.

use std::sync::Arc;

use tollgate::inspect::redact::Redactor;
use tollgate::inspect::secrets::Pack;

/// What is JSON stays JSON, every mark is a marker, and what was replaced is not found again.
///
/// # Panics
/// Where one of these is broken.
pub fn redacted(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    if serde_json::from_str::<serde_json::Value>(line).is_err() {
        return;
    }
    let mut redactor = Redactor::new([7; 32], Arc::new(Pack::builtin()));
    let Some((text, marks)) = redactor.redact(line) else { return };
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    for mark in &marks {
        let marker = text.get(mark.span.0..mark.span.1).unwrap_or_default();
        assert!(marker.starts_with("[secret ") && marker.ends_with(']'), "{marker}");
    }
}
