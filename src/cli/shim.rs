//! `tollgate shim`: in front of one stdio server, in an agent's configuration.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::exit::{self, Exit};
use crate::gate::client::{self, Start};
use crate::proxy::shim::{self, Options};
use crate::store::home::Home;

/// Arguments of `tollgate shim`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server's name, as the agent's configuration has it.
    #[arg(long)]
    server: String,
    /// A home registered with `tollgate home add`, instead of your own.
    #[arg(long)]
    home: Option<PathBuf>,
    /// The session of a `tollgate run` above this shim.
    #[arg(long)]
    session: Option<String>,
    /// A shipped policy's name or a file; counts where this shim begins the session.
    #[arg(long)]
    policy: Option<String>,
    /// What becomes of asks while nobody can answer: `deny` at once, or `ask` to the deadline.
    #[arg(long, value_parser = ["deny", "ask"])]
    unattended: Option<String>,
    /// The server's command line.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    let home = match Home::of_shim(args.home.as_deref()) {
        Ok(home) => home,
        Err(error) => return exit::say(Exit::Usage, error),
    };
    let options = Options {
        server: args.server,
        session: args.session,
        policy: args.policy.map(|policy| absolute(&policy)),
        unattended: args.unattended,
        command: args.command,
        build: client::build(),
    };
    let connect = || client::connect(&home, Start::IfNeeded).map_err(|error| error.to_string());
    shim::run(&options, &connect).into()
}

/// The gate works in `/`, so a policy's file is given by its whole path; names stay names.
#[must_use]
pub fn absolute(policy: &str) -> String {
    let is_file = crate::policy::shipped(policy).is_none() && policy.contains(['/', '.']);
    match std::path::absolute(policy) {
        Ok(path) if is_file => path.to_string_lossy().into_owned(),
        _ => policy.to_owned(),
    }
}
