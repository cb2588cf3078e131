//! What is on disk: where things are, and writes that are there whole or not at all.

pub mod home;
pub mod keys;
pub mod lock;
pub mod pins;
pub mod policies;
pub mod redaction;
pub mod remembered;
pub mod suppressed;
pub mod trusted;
