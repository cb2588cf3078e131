//! The policies that come with the binary.

/// Name and text of each; every one compiles, a test says so.
pub const SHIPPED: &[(&str, &str)] = &[
    ("observe", include_str!("../../policies/observe.yaml")),
    ("ask-writes", include_str!("../../policies/ask-writes.yaml")),
];

/// The text of a shipped policy.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}
