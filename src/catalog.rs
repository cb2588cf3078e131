//! What servers say of themselves and of their tools, prompts and resource templates: fingerprints, and what changed
//! since a definition was first seen.
//!
//! Pure. The engine keeps a [`Catalog`] for each session and brings it every list.

mod alike;
pub mod diff;
mod fingerprint;
mod introduction;
mod kind;
pub mod lock;
mod seen;
pub mod sign;

pub use alike::{Alike, alike};
pub use diff::{Change, Weight};
pub use fingerprint::Fingerprint;
pub use introduction::Introduction;
pub use kind::{Approval, Kind, Pin, Pins, Ruling, Staged};
pub use seen::{Catalog, Drift, News, Observed, Standing, Subject, TOOLS_MAX, Trust};
