//! The one background process of a home: accepts shims, consoles and commands, knows the sessions, and
//! decides who may answer.
//!
//! The gate itself never touches a payload: sessions have their own threads (`proxy::session`), consoles
//! read journals. What it keeps is who is there, which calls wait, and the right to answer, in memory only.

pub mod authority;
pub mod client;
mod commands;
mod consoles;
mod controls;
mod hub;
mod policy;
mod reload;
pub mod serve;
mod sessions;

pub use policy::load_policy;
pub use sessions::first_recording;
