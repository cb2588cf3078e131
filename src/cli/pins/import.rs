//! `tollgate pins import`: pins what the servers of agents' configurations say now, for whoever begins with Tollgate.
//!
//! Each server is a program that is started, so each is shown first and asked about. What is pinned already stays.

use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use rustix::termios::QueueSelector;

use crate::agents::{Context, Disk, Launch, PlanError, ShimLaunch, plan};
use crate::catalog::lock::each;
use crate::catalog::{Fingerprint, Pins};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::store::home::Home;
use crate::store::lock::now_us;
use crate::store::pins::{self, By};
use crate::text::Safe;

use super::diff::{changes, put_changes, title};
use super::{counted, server};

/// The agents whose configuration is read, by the programs that start them.
const AGENTS: &[(&str, &str)] = &[
    ("claude-code", "claude"),
    ("codex", "codex"),
    ("gemini", "gemini"),
    ("opencode", "opencode"),
];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this agent's configuration: claude-code, codex, gemini or opencode.
    #[arg(long, conflicts_with = "config", value_parser = ["claude-code", "codex", "gemini", "opencode"])]
    agent: Option<String>,
    /// A file with `mcpServers`, as Claude Code reads it, instead of agents' own configurations.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Start them all without asking; only in a home that `tollgate home add` registered.
    #[arg(long)]
    yes: bool,
}

/// A server of a configuration.
struct Found {
    /// Where it was found.
    from: String,
    name: String,
    launch: Result<Launch, String>,
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
    let found = found(args, &cwd)?;
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

/// The servers of the configurations that are meant; one that several agents start the same way once.
fn found(args: &Args, cwd: &Path) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    let file = args.config.as_ref().map(|path| {
        let words = ["claude", "--strict-mcp-config", "--mcp-config"].map(OsString::from);
        let words: Vec<OsString> = words.into_iter().chain([path.clone().into()]).collect();
        (path.to_string_lossy().into_owned(), words)
    });
    let agents = AGENTS.iter().filter(|(name, _)| {
        file.is_none() && args.agent.as_ref().is_none_or(|agent| agent == name)
    });
    let agents = agents.map(|(name, program)| ((*name).to_owned(), vec![OsString::from(program)]));
    for (from, words) in agents.chain(file.clone()) {
        let context = Context {
            env: &|name| std::env::var_os(name),
            home: std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
            cwd: cwd.to_owned(),
            files: &Disk,
            // Nothing of the plan is written down.
            folder: PathBuf::new(),
            shim: ShimLaunch {
                binary: PathBuf::from("tollgate"),
                session: String::new(),
                home: None,
                policy: None,
            },
        };
        let plan = plan(&words, &context).map_err(|error| {
            let exit = match &error {
                PlanError::Empty | PlanError::Unknown { .. } | PlanError::NotText => Exit::Usage,
                PlanError::Broken { .. } => Exit::Broken,
                PlanError::Managed { .. } => Exit::Refused,
            };
            Failure::new(exit, format!("failed to {error}"))
        })?;
        for covered in plan.covered {
            let (name, launch) = unwrapped(covered.server, covered.launch);
            let one = Found { from: from.clone(), name, launch };
            if !found.iter().any(|other| (&other.name, &other.launch) == (&one.name, &one.launch)) {
                found.push(one);
            }
        }
        for left in plan.uncovered {
            let what = format!("{} ({from}) is left out: {}", left.server, left.why);
            writeln!(io::stdout().lock(), "{}", Safe::escape(&what))?;
        }
    }
    Ok(found)
}

/// A server behind a shim of ours is pinned as what is behind it, under the name that the shim gives it.
fn unwrapped(name: String, launch: Result<Launch, String>) -> (String, Result<Launch, String>) {
    let Ok(mut launch) = launch else { return (name, launch) };
    let words: Vec<OsString> = launch.command.iter().map(OsString::from).collect();
    let [program, word, rest @ ..] = words.as_slice() else { return (name, Ok(launch)) };
    let program = Path::new(program).file_name().and_then(|program| program.to_str());
    if program.is_some_and(|program| program.starts_with("tollgate"))
        && word == "shim"
        && let Some((server, command)) = crate::cli::shim::behind(rest)
    {
        launch.command = command;
        return (server, Ok(launch));
    }
    (name, Ok(launch))
}

/// Parts of variables' names that say which code a program loads.
const LOADS_CODE: &[&str] = &[
    "NODE_OPTIONS",
    "PRELOAD",
    "LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYOPT",
    "PERL5",
    "JAVA_TOOL",
    "BASH_ENV",
];

/// Whether a letter of a command line needs no quotes.
const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | ',' | '+' | '~' | '%')
}

/// Shows what would be started, and waits for a yes.
fn asked(one: &Found, launch: &Launch) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    let name = Safe::escape(&one.name).into_string();
    writeln!(out, "{name}, of {}:", Safe::escape(&one.from))?;
    // Each word by itself: where one ends is part of what is started.
    let words = launch.command.iter().map(|word| {
        let plain = word.chars().all(is_plain);
        if plain { word.clone() } else { serde_json::Value::from(word.as_str()).to_string() }
    });
    writeln!(out, "  {}", Safe::escape(&words.collect::<Vec<_>>().join(" ")))?;
    if let Some(folder) = &launch.folder {
        writeln!(out, "  in {}", Safe::escape(folder))?;
    }
    for (name, value) in &launch.env {
        // Values may be secrets; those that change which code runs are none.
        let loads = LOADS_CODE.iter().any(|part| name.contains(part));
        let value = if loads { format!("={value}") } else { String::new() };
        writeln!(out, "  with {}", Safe::escape(&format!("{name}{value}")))?;
    }
    // What was typed before this was shown answers nothing.
    if io::stdin().is_terminal() {
        let _not_flushed = rustix::termios::tcflush(io::stdin(), QueueSelector::IFlush);
    }
    write!(out, "Start it and pin what it has? [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let yes = matches!(line.trim(), "y" | "Y" | "yes");
    if !yes {
        writeln!(out, "{name}: left out")?;
    }
    Ok(yes)
}

/// Asks a server what it has, and pins what is not pinned yet.
fn take(home: &Home, one: &Found, launch: &Launch, cwd: &Path) -> Result<Outcome, Failure> {
    let folder = launch.folder.as_ref().map_or_else(|| cwd.to_owned(), |dir| cwd.join(dir));
    let now = match server::definitions(launch, &folder) {
        Ok(now) => now,
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
