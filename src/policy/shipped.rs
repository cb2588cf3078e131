//! The policies that come with the binary.

use super::Policy;

/// Name and text of each; every one compiles, a test says so.
pub const SHIPPED: &[(&str, &str)] = &[
    ("observe", include_str!("../../policies/observe.yaml")),
    ("balanced", include_str!("../../policies/balanced.yaml")),
    ("strict", include_str!("../../policies/strict.yaml")),
    ("ask-writes", include_str!("../../policies/ask-writes.yaml")),
    ("role-coding", include_str!("../../policies/role-coding.yaml")),
    ("role-research", include_str!("../../policies/role-research.yaml")),
    ("role-support", include_str!("../../policies/role-support.yaml")),
    ("role-ops", include_str!("../../policies/role-ops.yaml")),
];

/// The one that holds where none is named.
pub const DEFAULT: &str = "balanced";

/// A shipped policy by its name, or else a file's, which `read` reads.
///
/// # Errors
/// In words, when there is none, or it is broken: nothing of a broken policy is ever in force.
pub fn load(
    name: &str,
    read: impl FnOnce(&str) -> Result<String, String>,
) -> Result<Policy, String> {
    let text = match shipped(name) {
        Some(text) => text.to_owned(),
        None => read(name).map_err(|why| format!("read the policy {name}: {why}"))?,
    };
    Policy::parse(name, &text).map_err(|error| format!("read the policy {error}"))
}

/// The text of a shipped policy.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}
