//! The hidden `tollgate gate`: what a shim, `run` or a console starts when no gate runs.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::exit::{self, Exit};
use crate::gate::serve;
use crate::store::home::Home;

/// Arguments of `tollgate gate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The registered home to serve, instead of the user's own.
    #[arg(long)]
    home: Option<PathBuf>,
}

/// Serves until stopped or idle.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    // Stdout goes to whoever started us: the first word says how it went.
    let tell = |word: &str| {
        if let Err(error) = serve::say(word) {
            tracing::warn!(%error, "whoever started the gate does not listen");
        }
    };
    let served =
        Home::of_shim(args.home.as_deref()).map_err(|error| error.to_string()).and_then(|home| {
            home.prepare().map_err(|error| error.to_string())?;
            log_to(&home);
            serve::serve(&home, crate::agents::recognise, tell).map_err(|error| error.to_string())
        });
    match served {
        Ok(()) => Exit::Fine.into(),
        Err(why) => {
            tell(&format!("failed to {why}\n"));
            exit::say(Exit::NoGate, why)
        }
    }
}

/// The gate's own log: a file, because nobody holds its stderr.
fn log_to(home: &Home) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file =
        std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(home.log_file());
    if let Ok(file) = file {
        // Set once per process; a second try would mean that a log is there already.
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(std::sync::Mutex::new(file))
            .try_init()
            .ok();
    }
}
