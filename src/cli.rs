//! The command line: one file per subcommand, each with its `Args` and a `main` that returns an exit
//! code out of the one table in [`exit`]. This room wires the shells; it decides nothing.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

pub mod console;
pub mod demo;
pub mod exit;
pub mod findings;
pub mod gate;
mod journals;
pub mod key;
mod lines;
pub mod operator;
pub mod pins;
pub mod policy;
pub mod replay;
pub mod report;
pub mod run;
pub mod scan;
mod servers;
pub mod sessions;
pub mod shim;
mod tail;
pub mod watch;

use exit::Exit;

/// A live console and firewall for the tool calls of AI agents.
#[derive(Debug, clap::Parser)]
#[command(name = "tollgate", version, after_help = exit::TABLE, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The subcommands, in the order of `--help`.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// See it work: a scripted agent and two tool servers, in a home that is thrown away.
    Demo(demo::Args),
    /// Start an agent with its tool servers behind the gate.
    Run(run::Args),
    /// Watch what happens, and answer the calls that wait.
    Console(console::Args),
    /// List, show or verify the recordings of this home.
    Sessions(sessions::Args),
    /// Print a recording, or decide it again.
    Replay(replay::Args),
    /// Check a policy, ask it why, or try it on recordings.
    Policy(policy::Args),
    /// Show what tools are to be, approve it for a project, or forget it.
    Pins(pins::Args),
    /// Make a key that signs what you approve, and say whose signatures count.
    Key(key::Args),
    /// Tell what of OWASP's lists is covered, by what, what is not, and what was found.
    Report(report::Args),
    /// List what detectors saw in recordings, and take false alarms for what they are.
    Findings(findings::Args),
    /// Look at definitions, results and calls in files, or at what an agent's servers say, without a gate.
    Scan(scan::Args),
    /// Print what happens in all sessions, as it happens.
    Watch(watch::Args),
    /// Stand in front of one stdio server: for an agent's configuration.
    Shim(shim::Args),
    /// Say how the gate is.
    Status,
    /// End the gate: sessions end in order.
    Stop,
    /// List the calls that wait.
    Tickets,
    /// Let a waiting call pass, once.
    Approve(operator::ApproveArgs),
    /// Refuse a waiting call.
    Deny(operator::DenyArgs),
    /// Register folders that shims may use as a home.
    Home(operator::HomeArgs),
    /// What runs in the background.
    #[command(hide = true)]
    Gate(gate::Args),
}

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Jsonl,
}

/// Parses the arguments, the program's own name first, and runs the subcommand.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some((_, [subcommand, rest @ ..])) = args.split_first()
        && subcommand == "shim"
    {
        if let [option, kept, rest @ ..] = rest
            && option == "--kept"
            && let Some(kept) = kept.to_str()
        {
            return shim::go_on(kept, rest);
        }
        if let Some(args) = shim::plain(rest) {
            return shim::main(args);
        }
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is all that can go wrong here, and nobody is left to be told.
            error.print().ok();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    match cli.command {
        Command::Demo(args) => demo::main(args),
        Command::Run(args) => run::main(&args),
        Command::Console(args) => console::main(args),
        Command::Sessions(args) => sessions::main(args),
        Command::Replay(args) => replay::main(&args),
        Command::Policy(args) => policy::main(&args),
        Command::Pins(args) => pins::main(&args),
        Command::Key(args) => key::main(&args),
        Command::Report(args) => report::main(&args),
        Command::Findings(args) => findings::main(&args),
        Command::Scan(args) => scan::main(&args),
        Command::Watch(args) => watch::main(args),
        Command::Shim(args) => shim::main(args),
        Command::Status => operator::status(),
        Command::Stop => operator::stop(),
        Command::Tickets => operator::tickets(),
        Command::Approve(args) => operator::approve(&args),
        Command::Deny(args) => operator::deny(&args),
        Command::Home(args) => operator::home_command(args),
        Command::Gate(args) => gate::main(&args),
    }
}
