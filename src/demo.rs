//! The parts of `tollgate demo`: a scripted agent and two tool servers, which know nothing of Tollgate,
//! and the story that they play. `cli::demo` puts shims, a gate and a console between them.

pub mod agent;
mod files;
mod mail;
pub mod server;
pub mod story;
