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
pub mod skeleton;

pub use safe::{Clipped, Safe};

/// Two hex digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}
