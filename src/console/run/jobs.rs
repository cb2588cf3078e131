//! Job control: the console stops and goes on as other programs of a shell do.

use std::time::Duration;

use rustix::process::{Signal as Number, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::run::ConsoleError;

/// `SIGTSTP`, which tokio's table does not name.
const STOP: SignalKind = SignalKind::from_raw(Number::TSTP.as_raw());
/// `SIGCONT`, likewise.
const GO_ON: SignalKind = SignalKind::from_raw(Number::CONT.as_raw());
/// A stop takes effect at once, and the time until the shell lets us go on passes too.
const STOPPED_BY: Duration = Duration::from_millis(100);

/// What a shell wants of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// It is to stop.
    Stop,
    /// It goes on, after a stop that nobody told us of.
    GoOn,
}

/// The signals of job control.
pub(super) struct Jobs {
    stop: Signal,
    go_on: Signal,
}

impl Jobs {
    pub(super) fn new() -> Result<Self, ConsoleError> {
        let kind = |kind| signal(kind).map_err(ConsoleError::Setup);
        Ok(Self { stop: kind(STOP)?, go_on: kind(GO_ON)? })
    }

    /// The next one. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Job {
        tokio::select! {
            biased;
            _ = self.stop.recv() => Job::Stop,
            _ = self.go_on.recv() => Job::GoOn,
        }
    }

    /// Stops this process and whatever was started with it (`cargo run` waits for us, and the shell for it), until
    /// the shell lets them go on. `SIGTTOU` does what `SIGTSTP` does where that is caught: the kernel itself
    /// leaves a process alone that no shell could wake.
    pub(super) async fn stop_here(&mut self) {
        if kill_current_process_group(Number::TTOU).is_err() {
            return;
        }
        tokio::select! {
            _ = self.go_on.recv() => {}
            () = tokio::time::sleep(STOPPED_BY) => {}
        }
    }
}
