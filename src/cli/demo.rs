//! `tollgate demo`: a scripted agent and two tool servers behind the real shim, gate, journal and console,
//! in a home that is thrown away.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::demo::agent::{self, Config, Pace};
use crate::demo::server::{self, Which};
use crate::demo::story::STORY;

mod headless;
mod interactive;
mod stage;
mod watcher;
mod wrapped;

/// The agents that `tollgate run` knows, by the program that starts them.
const AGENTS: [&str; 4] = ["claude", "codex", "gemini", "opencode"];

/// Arguments of `tollgate demo`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Play without a terminal, answer as the story says, and check every verdict.
    #[arg(long)]
    headless: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The processes of the demo; started by it, not by people.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Register with the gate and start the agent behind shims.
    #[command(hide = true)]
    Wrapped {
        /// The demo's folder.
        #[arg(long)]
        home: PathBuf,
        /// Do not think between the scenes.
        #[arg(long)]
        quick: bool,
    },
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
        None => whole(args.headless),
        Some(Part::Wrapped { home, quick }) => wrapped::run(&home, pace(quick)),
        Some(Part::Agent { config, quick }) => play(&config, pace(quick)),
        Some(Part::Server { name }) => serve(name),
    })
}

const fn pace(quick: bool) -> Pace {
    if quick { Pace::Quick } else { Pace::Full }
}

/// Sets the stage, plays, and clears the stage whatever happened.
fn whole(headless: bool) -> Result<Exit, Failure> {
    let headless = headless || !io::stdin().is_terminal() || !io::stdout().is_terminal();
    let mut stage = stage::Stage::set()?;
    let played = if headless { headless::play(&mut stage) } else { interactive::play(&mut stage) };
    let cleared = stage.clear();
    let exit = played?;
    cleared?;
    if !headless {
        next()?;
    }
    Ok(exit)
}

/// The last screen: what to type next, for the agents that are here.
fn next() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Nothing of this demo is left on your machine.")?;
    let found: Vec<&str> = AGENTS.into_iter().filter(|agent| on_path(agent)).collect();
    if found.is_empty() {
        writeln!(
            out,
            "Next: put `tollgate shim --server NAME -- COMMAND` in front of a server in your agent's\n\
             configuration, and open `tollgate console` in another terminal."
        )?;
    } else {
        writeln!(out, "Next, with your own agent:")?;
        for agent in found {
            writeln!(out, "  tollgate run -- {agent}")?;
        }
    }
    out.flush()
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|dir| {
            std::fs::metadata(dir.join(program))
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
    })
}

fn play(config: &Path, pace: Pace) -> Result<Exit, Failure> {
    let broken =
        |why: String| Failure::new(Exit::Broken, format_args!("{}: {why}", config.display()));
    let text = std::fs::read(config).map_err(|error| broken(error.to_string()))?;
    let config: Config =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
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
