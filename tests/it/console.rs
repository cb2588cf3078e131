//! The console without a terminal: its model fed with records, keys typed under a clock of our own, and
//! its frames as text.

mod frames;
mod keys;
mod linear;
mod stage;
