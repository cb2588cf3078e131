//! The data path: descriptors that were handed over, one thread that reads, decides, records and writes,
//! and the shim that guards them.
//!
//! **One hop, one thread**: a session's loop polls both directions of all its connections, steps the
//! engine, appends to the journal and only then writes. Nothing else touches these descriptors while it
//! lives; the shim holds copies of them and takes them back only from a gate that is confirmed dead.

pub mod alone;
pub mod descriptor;
pub mod identity;
pub mod link;
pub mod notes;
pub mod peer;
pub mod recorder;
pub mod session;
pub mod shim;
