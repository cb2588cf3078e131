//! What travels between an agent and a server: lines of JSON-RPC, kept as the bytes they were.
//!
//! [`framing`] cuts a byte stream into lines under a limit, [`scan`] guards a line before anything
//! trusts it, [`jsonrpc`] gives the envelope as slices of the original, [`method`] knows what a method
//! means to a gate, [`canonical`] gives a value its one text for digests. Nothing here re-encodes a message: **what is allowed arrives byte for byte.**

use serde::{Deserialize, Serialize};

pub mod canonical;
pub mod framing;
mod id;
pub mod jsonrpc;
pub mod method;
pub mod scan;
mod string;

pub use string::unescape;

/// Who sent a frame, or whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The MCP client: the agent's end of the connection.
    Agent,
    /// The tool server's end.
    Server,
}

impl Side {
    /// The other end of the connection.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Agent => Self::Server,
            Self::Server => Self::Agent,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Server => "server",
        })
    }
}
