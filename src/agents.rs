//! The agents: how each finds its tool servers, and how one run of it is wrapped.
//!
//! [`plan`] reads an agent's own configuration and flags through [`Files`] and says with which
//! arguments, variables and private files the agent must start so that each of its stdio servers
//! stands behind a shim. **No user's file is ever written**: a plan's files and links go into the
//! private folder of the run. **A server that the agent itself would not have started is not started
//! by a plan**, and each one that starts without a shim is named, with the reason.
//!
//! [`recognise`] tells agents by their command lines, for the gate.

mod claude;
mod codex;
mod common;
mod gemini;
mod known;
mod launch;
mod opencode;
mod plan;

pub use common::Disk;
pub use known::{KNOWN, Known, recognise};
pub use launch::Launch;
pub use plan::{Context, Covered, Files, Plan, PlanError, ShimLaunch, Uncovered, plan};
