//! Foreign text made safe to look at: what cannot be seen is shown by name, never dropped.
//!
//! **[`Safe`] is the only text that a widget or a command prints.** It is escaped once, where foreign
//! text enters a view, and its escape is injective: two different payloads never look the same.
//!
//! This room is pure: strings in, strings out.

pub mod bytes;
pub mod class;
pub mod hexdump;
pub mod place;
mod safe;

pub use safe::{Clipped, Safe};
