//! Tollgate: a live console and firewall for the tool calls of AI agents.
//!
//! Rooms, top to bottom; a room imports only rooms above it (`tests/it/layout.rs` reads `src/` and
//! fails on an import against the direction or on a forbidden name in a pure room):
//!
//! * words: [`text`], [`protocol`], [`wire`];
//! * evidence, pure: [`catalog`], [`inspect`], which do not import each other;
//! * decision, pure: [`policy`], [`engine`], [`journal`];
//! * shells: [`store`], then [`gate`], [`proxy`], [`agents`], [`demo`], [`console`], wired by [`cli`].
//!
//! **Nothing reaches a server or an agent without a recorded decision**: what is written is taken out
//! of an [`engine::Permit`], which only the engine makes, after the record that names it was appended.
//!
//! The library has no stability promise; the command line, the journal format and the policy format do.
#![forbid(unsafe_code)]

pub mod agents;
pub mod catalog;
pub mod cli;
pub mod console;
pub mod demo;
pub mod engine;
pub mod gate;
pub mod inspect;
pub mod journal;
pub mod policy;
pub mod protocol;
pub mod proxy;
pub mod store;
pub mod text;
pub mod wire;
