//! `tollgate run -- AGENT …`: starts an agent with its servers behind shims, for this run only.
//!
//! 1. A binary in a build folder is copied to a stable place; everything points to the copy.
//! 2. The agent's configuration is read and the run registered with the gate, which names the session.
//! 3. What is covered and what is not is said; a console is opened or waited for.
//! 4. The agent gets the terminal. This process is a subreaper, so that whatever the agent starts stays
//!    below it; it owns the terminal's bell and rings when a call begins to wait.
//!
//! **No file of the user's is written**, and the run's private folder is gone at the end.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::agents::{Context, Disk, Plan, PlanError, ShimLaunch, plan};
use crate::cli::exit::{Exit, Failure, finish};
use crate::cli::shim;
use crate::gate;
use crate::store::home::Home;
use crate::text::Safe;
use crate::wire::RunHello;

mod binary;
mod child;
mod link;
mod pane;
mod tty;

use link::Link;
use pane::Ready;
use tty::{Signals, Terminal};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy: a shipped one's name (balanced, if left out) or a file.
    #[arg(long)]
    policy: Option<String>,
    /// The agent's role, one of the policy's `agent_roles`.
    #[arg(long)]
    role: Option<String>,
    /// Where the console opens: in a split of tmux or zellij, or nowhere.
    #[arg(long, value_enum, default_value_t)]
    console: pane::Console,
    /// The agent's command line.
    #[arg(last = true, required = true, value_name = "AGENT")]
    agent: Vec<OsString>,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    match run(args) {
        Ok(code) => code,
        Err(failure) => finish(Err(failure)),
    }
}

fn run(args: &Args) -> Result<ExitCode, Failure> {
    let home = home()?;
    let folder = private_folder(&home)?;
    let mut launch = ShimLaunch {
        binary: binary::stable(&home)?,
        session: String::new(),
        home: home.custom().map(Path::to_owned),
        policy: args.policy.as_deref().map(shim::absolute),
    };
    // The gate would refuse it, too, but a broken policy has its own exit code.
    if let Some(policy) = &launch.policy {
        gate::load_policy(policy).map_err(|error| Failure::new(Exit::Usage, error))?;
    }
    // The gate names the session, and is told the agent's limits, which only a plan knows.
    let first = planned(&args.agent, &folder, &launch)?;
    let notice = gate::first_recording(&home.sessions_dir());
    let mut link = Link::register(&home, hello_of(&first, args, launch.policy.clone()))?;
    link.session().clone_into(&mut launch.session);
    let plan = planned(&args.agent, &folder, &launch)?;
    write_down(&plan)?;

    let signals =
        Signals::catch().map_err(|e| Failure::new(Exit::Broken, said("catch signals", &e)))?;
    let mut terminal = Terminal::open();
    announce(&plan, link.session());
    if let Some(notice) = notice {
        tell(Safe::escape(&notice));
    }
    match pane::ready(args.console, &home, &launch, &mut link, &signals, &mut terminal) {
        Ready::Start => {}
        Ready::Ended(code) => return Ok(code),
    }
    let code = child::work(&plan, &home, &mut link, &signals, &mut terminal)?;
    let session = Safe::escape(link.session()).to_string();
    tell(format_args!("recorded: tollgate sessions show {session}"));
    Ok(code)
}

/// The operator's home; a folder of its own must be registered, or every shim would refuse it.
fn home() -> Result<Home, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let home = Home::of_operator().map_err(usage)?;
    if let Some(dir) = home.custom() {
        Home::of_shim(Some(dir)).map_err(usage)?;
    }
    home.prepare().map_err(usage)?;
    Ok(home)
}

fn private_folder(home: &Home) -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("agent-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(home.run_dir())
        .map_err(|error| Failure::new(Exit::Broken, said("make a folder for this run", &error)))
}

fn planned(
    agent: &[OsString],
    folder: &tempfile::TempDir,
    launch: &ShimLaunch,
) -> Result<Plan, Failure> {
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::new(Exit::Usage, said("find the current folder", &error)))?;
    let context = Context {
        env: &|name| std::env::var_os(name),
        home: std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
        cwd,
        files: &Disk,
        folder: folder.path().to_owned(),
        shim: launch.clone(),
    };
    plan(agent, &context).map_err(|error| match error {
        PlanError::Empty | PlanError::Unknown { .. } | PlanError::NotText => {
            Failure::new(Exit::Usage, error)
        }
        PlanError::Broken { .. } => Failure::new(Exit::Broken, error),
        PlanError::Managed { .. } => Failure::new(Exit::Refused, error),
    })
}

fn hello_of(plan: &Plan, args: &Args, policy: Option<String>) -> RunHello {
    let patience = |one: &crate::agents::Covered| Some((one.server.clone(), one.patience_ms?));
    RunHello {
        agent: plan.agent.to_owned(),
        policy,
        role: args.role.clone(),
        patience_ms: plan.covered.iter().filter_map(patience).collect(),
        session: None,
    }
}

/// Writes the plan's files and links, all of them inside the private folder.
fn write_down(plan: &Plan) -> Result<(), Failure> {
    let parent = |path: &Path| match path.parent() {
        None => Ok(()),
        Some(dir) => fs::DirBuilder::new().recursive(true).mode(0o700).create(dir),
    };
    let write = || -> io::Result<()> {
        for (path, bytes) in &plan.files {
            parent(path)?;
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)?;
        }
        for (link, target) in &plan.links {
            parent(link)?;
            std::os::unix::fs::symlink(target, link)?;
        }
        Ok(())
    };
    write().map_err(|e| Failure::new(Exit::Broken, said("write this run's configuration", &e)))
}

/// What is covered and what is not, before the agent starts.
fn announce(plan: &Plan, session: &str) {
    let covered = plan.covered.len();
    let all = covered + plan.uncovered.len();
    tell(format_args!(
        "{} in session {}: {covered} of {all} servers; built-in tools not yet",
        plan.agent,
        Safe::escape(session)
    ));
    for one in &plan.uncovered {
        tell(format_args!("  not {}: {}", Safe::escape(&one.server), Safe::escape(&one.why)));
    }
    for note in &plan.notes {
        tell(format_args!("  {}", Safe::escape(note)));
    }
}

/// One line for the operator. Without a stderr nobody is there to be told.
fn tell(what: impl Display) {
    writeln!(io::stderr(), "tollgate: {what}").ok();
}

fn said(doing: &str, error: &io::Error) -> String {
    format!("{doing}: {error}")
}
