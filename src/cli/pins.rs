//! `tollgate pins`: what the definitions of servers are to be, in this home and in a project's lock.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::catalog::lock::NotSigned;
use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::gate::client::{self, Start};
use crate::store::home::passwd_home;
use crate::store::lock::{self, LockError};
use crate::wire::Command;

mod approve;
mod diff;
mod import;
mod list;
mod verify;

/// Version of the JSON lines that are printed here: the first one knew tools only.
const LINES_VERSION: u32 = 2;

/// Arguments of `tollgate pins`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print every definition that is pinned, with its fingerprint, where it stands, and who said so.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print what this home has pinned otherwise than the project's lock.
    Diff {
        /// The lock; else the `tollgate.lock` here or above.
        #[arg(long)]
        lock: Option<PathBuf>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write what this home has pinned of a server into the project's lock, and sign it.
    Approve(approve::Args),
    /// Forget what a server's tools are to be: the next session takes what it sees first.
    Revoke {
        /// The server's name.
        server: String,
        /// One of its tools; else all.
        tool: Option<String>,
        /// Take it out of this lock, and leave this home as it is.
        #[arg(long)]
        lock: Option<PathBuf>,
    },
    /// Check a lock: its form, its fingerprints and its signatures.
    Verify {
        /// The lock; else the `tollgate.lock` here or above.
        #[arg(long)]
        lock: Option<PathBuf>,
        /// A key whose signatures count, as `tollgate key show` prints it; may be given again. Then the
        /// keys of this home do not count.
        #[arg(long = "signer", value_name = "KEY")]
        signers: Vec<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Start the servers of agents' configurations, each after a question, and pin what they say.
    Import(import::Args),
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(match &args.what {
        What::List { format } => list::run(*format),
        What::Diff { lock, format } => diff::run(lock.as_deref(), *format),
        What::Approve(args) => approve::run(args),
        What::Revoke { server, tool, lock: None } => revoke(server, tool.as_deref()),
        What::Revoke { server, tool, lock: Some(lock) } => {
            approve::revoke(server, tool.as_deref(), lock)
        }
        What::Verify { lock, signers, format } => verify::run(lock.as_deref(), signers, *format),
        What::Import(args) => import::run(args),
    })
}

fn revoke(server: &str, tool: Option<&str>) -> Result<Exit, Failure> {
    let command = Command::Revoke { server: server.to_owned(), tool: tool.map(str::to_owned) };
    // Started if there is none: who may is the gate's to say.
    let reply = client::command(&operator::home()?, Start::IfNeeded, command);
    let reply = reply.map_err(|error| Failure::new(Exit::NoGate, format!("failed to {error}")))?;
    operator::done(reply)
}

/// The lock that is meant, if it is there.
fn found(given: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = given {
        return Ok(path.symlink_metadata().is_ok().then(|| path.to_owned()));
    }
    let cwd = std::env::current_dir().map_err(|error| {
        Failure::new(Exit::Usage, format!("failed to find the current folder: {error}"))
    })?;
    // Without a home there is nothing to stop at.
    let top = passwd_home().unwrap_or_default();
    Ok(lock::find(&cwd, &top))
}

/// Reads the lock that is meant.
fn read(given: Option<&Path>) -> Result<lock::Read, Failure> {
    let path = found(given)?.ok_or_else(|| {
        let what = match given {
            Some(path) => format!("failed to read {}: there is no such file", path.display()),
            None => format!("there is no {} here or above; give --lock FILE", lock::NAME),
        };
        Failure::new(Exit::Usage, what)
    })?;
    lock::read(&path).map_err(|error| Error::from(error).into())
}

/// Prints one line of JSON.
fn put(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

/// `no differences`, `1 difference`, `2 differences`.
fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Why a lock could not be signed or written.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::NotSigned(NotSigned::Unknown { .. }) => Exit::Usage,
            Error::NotSigned(NotSigned::Unvouched { .. }) => Exit::Refused,
            Error::Lock(LockError::Changed(_)) => Exit::Findings,
            Error::Lock(
                LockError::Read { .. } | LockError::Broken { .. } | LockError::Write { .. },
            ) => Exit::Broken,
        };
        Self::new(exit, format!("failed to {error}"))
    }
}
