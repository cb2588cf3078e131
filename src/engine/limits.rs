//! Every limit of the decision, each with its reason.

/// Default limit of a line, in bytes (issue: 64 MiB). Also the limit of what is held for one ticket.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much of a line that is given up is kept to find its id and to show.
pub const HEAD_BYTES: usize = 4096;
/// Deepest nesting of a frame: `serde_json`'s own limit, so both agree on what can be read.
pub const DEPTH_MAX: usize = 128;
/// The policy's deadline of a ticket (features.md H3).
pub const DEADLINE_MS: u64 = 300_000;
/// An ask is denied after this when nobody who could answer was ever there (design.md section 7).
pub const UNATTENDED_MS: u64 = 20_000;
/// What is assumed of an unknown agent's patience: the shortest measured one (opencode).
pub const UNKNOWN_PATIENCE_MS: u64 = 60_000;
/// A call waits so long for a list that we asked a server for: what agents wait for a list at the start.
pub const LIST_MS: u64 = 10_000;
/// Pages of a list that we ask a server for; one that goes on says nothing.
pub const PAGES_MAX: u64 = 64;
/// Our answer leaves this much before the agent's own limit.
pub const MARGIN_MS: u64 = 5_000;
/// Kept for the execution after a late yes.
pub const RESERVE_MS: u64 = 30_000;
/// Between progress notifications; opencode gives up after 60 s without one.
pub const PROGRESS_MS: u64 = 10_000;
/// Calls held at once in a session; beyond, an ask is denied. An operator reads no more.
pub const HELD_MAX: usize = 256;
/// Bytes kept by held calls of a session; beyond, an ask is denied.
pub const HELD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Requests in flight in a session; beyond, a request is refused.
pub const PENDING_MAX: usize = 65_536;
