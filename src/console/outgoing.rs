//! What leaves the console by other ways than a frame and the gate's socket: notifications, the window's
//! title, the clipboard.
//!
//! **Foreign text never gets into a sequence**: one is made of constants, numbers, [`Plain`] names and base64,
//! and nothing else fits in. A terminal executes what it reads (OSC 9;7 of `ConEmu` starts programs, a semicolon
//! in OSC 777 begins another field), so the content is what was decided, never what an agent said.

pub mod clipboard;
mod command;
pub mod notice;
mod place;
pub mod program;
mod sequence;

pub use command::Runner;
pub use notice::{Method, Notice};
pub use place::{Mux, Place};
pub use sequence::{Plain, Sequence};

/// The window's title: how many calls wait.
#[must_use]
pub fn title(waiting: u64) -> Sequence {
    let start = Sequence::new().constant("\x1b]2;");
    let start =
        if waiting > 0 { start.constant("(").number(waiting).constant(") ") } else { start };
    start.constant("tollgate\x1b\\")
}
