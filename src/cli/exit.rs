//! Exit codes, one table for every subcommand, and how a subcommand ends.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::text::Safe;

/// The table as `--help` shows it.
pub const TABLE: &str = "Exit codes: 0 fine, 1 findings or differing verdicts, 2 usage or broken policy, \
     3 refused by policy, 4 no gate, 5 broken input.";

/// What a subcommand's end means to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as it should be.
    Fine,
    /// Something was found, or verdicts differ.
    Findings,
    /// The command line or a policy is wrong.
    Usage,
    /// Refused, by policy or because only the operator may.
    Refused,
    /// There is no gate to talk to.
    NoGate,
    /// A file or stream could not be read as what it should be.
    Broken,
}

impl Exit {
    /// The number in the table.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NoGate => 4,
            Self::Broken => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a subcommand could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// To be said on stderr, with this exit code.
    Said(Exit, String),
    /// Its output could not be written.
    Output(io::Error),
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, what: impl Display) -> Self {
        Self::Said(exit, what.to_string())
    }
}

/// For `?` on writes to stdout, the only I/O whose errors may travel bare.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Ends a subcommand: says what failed. **A reader that went away is success**: `tollgate … | head`
/// got all it wanted.
#[must_use]
pub fn finish(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Fine.into()
        }
        Err(Failure::Output(error)) => say(Exit::Broken, format_args!("write to stdout: {error}")),
        Err(Failure::Said(exit, what)) => say(exit, what),
    }
}

/// One line on stderr, and the code. Names of files and words of peers may be in it, so it is escaped.
pub fn say(exit: Exit, what: impl Display) -> ExitCode {
    let what = Safe::escape(&what.to_string());
    // Without a stderr there is still the code.
    writeln!(io::stderr(), "tollgate: {what}").ok();
    exit.into()
}
