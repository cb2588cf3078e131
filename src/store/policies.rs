//! Policies by name: a shipped one, or a file.

use crate::policy::{self, Policy};

/// A shipped policy by its name, or a file's; checked.
///
/// # Errors
/// In words, when there is none, or it is broken.
pub fn load(name: &str) -> Result<Policy, String> {
    policy::load(name, read)
}

/// The text of a policy's file.
///
/// # Errors
/// The system's, in words.
pub fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
