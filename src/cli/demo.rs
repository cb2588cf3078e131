//! `tollgate demo`: a scripted agent and two tool servers behind the real shim and gate, in a home that
//! is thrown away.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::demo::agent::{self, Config, Pace};
use crate::demo::server::{self, Which};
use crate::demo::story::STORY;

/// Arguments of `tollgate demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    part: Part,
}

/// The processes of the demo; started by it, not by people.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Play the story as an MCP client.
    #[command(hide = true)]
    Agent {
        /// A JSON file with `mcpServers`.
        #[arg(long)]
        config: PathBuf,
        /// Do not think between the scenes.
        #[arg(long)]
        quick: bool,
    },
    /// Serve the tools `files` or `mail`.
    #[command(hide = true)]
    Server {
        /// Which.
        name: ServerName,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ServerName {
    Files,
    Mail,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    exit::finish(match args.part {
        Part::Agent { config, quick } => play(&config, quick),
        Part::Server { name } => serve(name),
    })
}

fn play(config: &std::path::Path, quick: bool) -> Result<Exit, Failure> {
    let broken =
        |why: String| Failure::new(Exit::Broken, format_args!("{}: {why}", config.display()));
    let text = std::fs::read(config).map_err(|error| broken(error.to_string()))?;
    let config: Config =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    let pace = if quick { Pace::Quick } else { Pace::Full };
    agent::play(&config, STORY, pace, io::stdout().lock())
        .map_err(|error| Failure::new(Exit::Broken, error))?;
    Ok(Exit::Fine)
}

fn serve(name: ServerName) -> Result<Exit, Failure> {
    let which = match name {
        ServerName::Files => Which::Files,
        ServerName::Mail => Which::Mail,
    };
    server::serve(which, io::stdin().lock(), io::stdout().lock())?;
    Ok(Exit::Fine)
}
