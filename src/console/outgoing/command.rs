//! The operator's own program for notifications.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use crate::console::outgoing::Notice;

/// Starts the program and goes on; one at a time.
#[derive(Debug, Default)]
pub struct Runner {
    words: Vec<String>,
    running: Option<Child>,
}

impl Runner {
    /// For this program with these arguments; it is started without a shell.
    #[must_use]
    pub const fn new(words: Vec<String>) -> Self {
        Self { words, running: None }
    }

    /// Starts it. While the one before still runs nothing is started: it was told that calls wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, notice: &Notice) -> io::Result<()> {
        self.reap();
        let Some((program, arguments)) = self.words.split_first() else { return Ok(()) };
        if self.running.is_some() {
            return Ok(());
        }
        let mut command = Command::new(program);
        // In a group of its own: what stops or ends the console does not reach it.
        command.args(arguments).envs(notice.variables()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.spawn()?);
        Ok(())
    }

    /// Takes note of its end.
    pub fn reap(&mut self) {
        if let Some(child) = &mut self.running
            && !matches!(child.try_wait(), Ok(None))
        {
            self.running = None;
        }
    }
}
