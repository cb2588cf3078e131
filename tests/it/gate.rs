//! The gate, its shims and its sessions, attacked from outside: real processes, killed in the middle.

mod authority;
mod controls;
mod crash;

mod ends;
mod faults;

mod image;
mod races;
mod stage;
mod takeover;
mod tickets;
mod transparency;
