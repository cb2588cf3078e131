//! Fuzz targets: each takes any bytes and panics where a promise is broken. The binaries under
//! `targets/` hand them to libFuzzer; `tests/replay.rs` replays what is committed under `corpus/`.
#![forbid(unsafe_code)]

mod called;
mod engine_ops;
mod filter;
mod framing;
mod guard;
mod inspected;
mod journal_read;
mod lock_file;
mod policy_file;
mod redacted;
mod terminal_input;
mod theme_file;

pub use called::called;
pub use engine_ops::engine_ops;
pub use filter::filter;
pub use framing::framing;
pub use guard::guard;
pub use inspected::inspected;
pub use journal_read::journal_read;
pub use lock_file::lock_file;
pub use policy_file::policy_file;
pub use redacted::redacted;
pub use terminal_input::terminal_input;
pub use theme_file::theme_file;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by the name of its binary and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("called", called),
    ("engine_ops", engine_ops),
    ("filter", filter),
    ("framing", framing),
    ("guard", guard),
    ("inspected", inspected),
    ("journal_read", journal_read),
    ("lock_file", lock_file),
    ("policy_file", policy_file),
    ("redacted", redacted),
    ("terminal_input", terminal_input),
    ("theme_file", theme_file),
];
