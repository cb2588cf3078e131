//! The console without a terminal: its model fed with records, keys typed under a clock of our own, and
//! its frames as text.

mod answers;
mod away;
mod batch;
mod card;
mod copies;
mod findings;
mod frames;
mod keys;
mod linear;
mod linear_control;
mod lines;
mod listed;
mod meters;
mod mouse;
mod replay;
mod stage;
mod tools;
