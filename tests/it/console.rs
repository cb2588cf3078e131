//! The console without a terminal: its model fed with records, keys typed under a clock of our own, and
//! its frames as text.

mod away;
mod copies;
mod frames;
mod keys;
mod stage;
