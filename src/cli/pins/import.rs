//! `tollgate pins import`: pins what the servers of agents' configurations say now, for whoever begins with Tollgate.
//!
//! Each server is a program that is started, so each is shown first and asked about. What is pinned already stays.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::agents::Launch;
use crate::catalog::lock::each;
use crate::catalog::{Fingerprint, Pins};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::cli::servers::{self, AGENTS, Found, Of, ask};
use crate::store::home::Home;
use crate::store::lock::now_us;
use crate::store::pins::{self, By};
use crate::text::Safe;

use super::counted;
use super::diff::{changes, put_changes, title};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this agent's configuration: claude-code, codex, gemini or opencode.
    #[arg(long, conflicts_with = "config", value_parser = AGENTS)]
    agent: Option<String>,
    /// A file with `mcpServers`, as Claude Code reads it, instead of agents' own configurations.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Start them all without asking; only in a home that `tollgate home add` registered.
    #[arg(long)]
    yes: bool,
}

/// What became of one server.
enum Outcome {
    /// Nothing, or it was left out.
    Same,
    /// It says something else than what is pinned.
    Differs,
    /// It could not be asked.
    Failed,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let home = operator::home()?;
    if args.yes {
        let registered = home.custom().is_some_and(|dir| Home::of_shim(Some(dir)).is_ok());
        if !registered {
            let what = "--yes is for a home that `tollgate home add` registered; here each server is asked about";
            return Err(Failure::new(Exit::Usage, what));
        }
    } else if !io::stdin().is_terminal() {
        let what = "it asks before it starts a server: use a terminal";
        return Err(Failure::new(Exit::Usage, what));
    }
    operator::only(&home, "pins import")?;
    let cwd = std::env::current_dir().map_err(|error| {
        Failure::new(Exit::Usage, format!("failed to find the current folder: {error}"))
    })?;
    let of = match (&args.config, &args.agent) {
        (Some(file), _) => Of::File(file),
        (None, Some(agent)) => Of::Agent(agent),
        (None, None) => Of::Agents,
    };
    let found = servers::found(of, &cwd, &mut io::stdout().lock())?;
    if found.is_empty() {
        writeln!(io::stdout().lock(), "no configuration names a server that can be started")?;
    }
    let mut exit = Exit::Fine;
    for one in found {
        let now = match &one.launch {
            Ok(launch) if args.yes || asked(&one, launch)? => take(&home, &one, launch, &cwd)?,
            Ok(_) => Outcome::Same,
            Err(why) => failed(&one.name, why),
        };
        match now {
            Outcome::Differs if exit == Exit::Fine => exit = Exit::Findings,
            Outcome::Same | Outcome::Differs => {}
            Outcome::Failed => exit = Exit::Broken,
        }
    }
    Ok(exit)
}

fn failed(name: &str, why: &str) -> Outcome {
    exit::say(Exit::Broken, format_args!("failed to ask {name} what it has: {why}"));
    Outcome::Failed
}

/// Shows what would be started, and waits for a yes.
fn asked(one: &Found, launch: &Launch) -> Result<bool, Failure> {
    let question = "Start it and pin what it has?";
    Ok(servers::asked(one, launch, question, &mut io::stdout().lock())?)
}

/// Asks a server what it has, and pins what is not pinned yet.
fn take(home: &Home, one: &Found, launch: &Launch, cwd: &Path) -> Result<Outcome, Failure> {
    let now = match ask::said(launch, cwd, &ask::PINNED) {
        Ok(said) => ask::pins(said),
        Err(why) => return Ok(failed(&one.name, &why)),
    };
    let (dir, by) = (home.pins_dir(), By::Import(format!("import from {}", one.from)));
    let known = pins::Pins::read(&dir, &one.name, &launch.command)
        .map_err(|why| Failure::new(Exit::Broken, format!("failed to {why}")))?;
    let mut out = io::stdout().lock();
    let mut differs = false;
    let (mut new, mut all) = (0, 0);
    for (kind, name, pin) in each(&now) {
        let text = pin.text.as_deref().unwrap_or_default();
        all += 1;
        let Some(known) = known.pins.get(&kind).and_then(|named| named.get(name)) else {
            new += 1;
            continue;
        };
        let before = known.text.as_deref().unwrap_or_default();
        if known.text.is_none() || Fingerprint::of(before) != Fingerprint::of(text) {
            differs = true;
            let title = title(&one.name, kind, name);
            writeln!(out, "{title}: it is something else than what is pinned, which stays")?;
            put_changes(&mut out, &changes(before, text))?;
        }
    }
    for (kind, name, _) in each(&known.pins).filter(|(kind, name, _)| is_gone(&now, *kind, name)) {
        differs = true;
        writeln!(out, "{}: it is not there any more; its pin stays", title(&one.name, kind, name))?;
    }
    pins::Pins::add(&dir, (&one.name, &launch.command), now, &by, now_us())
        .map_err(|why| Failure::new(Exit::Broken, format!("failed to {why}")))?;
    let name = Safe::escape(&one.name);
    let all = counted(all, "definition");
    match (new, differs) {
        (0, false) => writeln!(out, "{name}: {all}, no differences")?,
        (0, true) => writeln!(out, "{name}: {all}, none new")?,
        (new, _) => writeln!(out, "{name}: {all}, {new} pinned")?,
    }
    Ok(if differs { Outcome::Differs } else { Outcome::Same })
}

/// Whether a server does not list any more what is pinned of it.
fn is_gone(now: &Pins, kind: crate::catalog::Kind, name: &str) -> bool {
    kind != crate::catalog::Kind::Identity
        && !now.get(&kind).is_some_and(|named| named.contains_key(name))
}
