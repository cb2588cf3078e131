//! Everything that is tested from outside, in one binary so that linking happens once.
#![cfg(test)]

mod agents;
mod bed;
mod console;
mod crashes;
mod demo;
mod docs;
mod engine_model;
mod findings;
mod gate;
mod incidents;
mod layout;
mod mock;
mod pins;
mod policies;
mod policy_schema;
mod program;
mod pty_answers;
mod pty_controls;
mod pty_keystrokes;
mod pty_lines;
mod pty_outgoing;
mod pty_policy;
mod pty_replay;
mod pty_terminal;
mod recordings;
mod redaction;
mod run;
mod scan;
mod scenarios;
mod sessions;
mod sizes;
mod terminal;
mod watch;
