//! Policies by name: a shipped one, or a file.

use std::path::Path;

use crate::policy::{self, Policy};
use crate::store::home::read_regular;

/// Largest file that is read; a policy says itself that it is too long before that.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

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
    read_regular(Path::new(path), FILE_BYTES_MAX).map_err(|error| error.to_string())
}
