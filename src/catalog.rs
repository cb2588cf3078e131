//! What servers say of their tools: fingerprints, and what changed since a definition was first seen.
//!
//! Pure. The engine keeps a [`Catalog`] for each session and brings it every list.

pub mod diff;
mod fingerprint;
mod seen;

pub use diff::{Change, Weight};
pub use fingerprint::Fingerprint;
pub use seen::{Catalog, Drift, News, Observed, TOOLS_MAX};
