//! The servers of agents' configurations: found, shown, asked about before one starts, and asked what they have.

pub(in crate::cli) mod ask;

use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use rustix::termios::QueueSelector;

use crate::agents::{Context, Disk, Launch, PlanError, ShimLaunch, plan};
use crate::cli::exit::{Exit, Failure};
use crate::text::Safe;

/// The agents whose configuration is read.
pub(in crate::cli) const AGENTS: [&str; 4] = ["claude-code", "codex", "gemini", "opencode"];

/// The program that starts an agent.
fn program(agent: &str) -> &str {
    if agent == "claude-code" { "claude" } else { agent }
}

/// Whose servers are meant.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Of<'a> {
    /// Those of all agents.
    Agents,
    /// One agent's.
    Agent(&'a str),
    /// Those of a file, as Claude Code reads it.
    File(&'a Path),
}

/// A server of a configuration.
pub(in crate::cli) struct Found {
    /// Where it was found.
    pub(in crate::cli) from: String,
    pub(in crate::cli) name: String,
    pub(in crate::cli) launch: Result<Launch, String>,
}

/// The servers of the configurations that are meant; one that several agents start the same way once. Those that cannot
/// be started are told.
pub(in crate::cli) fn found(
    of: Of<'_>,
    cwd: &Path,
    out: &mut impl Write,
) -> Result<Vec<Found>, Failure> {
    let of_agent = |agent: &str| (agent.to_owned(), vec![OsString::from(program(agent))]);
    let sources = match of {
        Of::Agents => AGENTS.into_iter().map(of_agent).collect(),
        Of::Agent(agent) => vec![of_agent(agent)],
        Of::File(path) => {
            let words = ["claude", "--strict-mcp-config", "--mcp-config"].map(OsString::from);
            let words = words.into_iter().chain([path.into()]).collect();
            vec![(path.to_string_lossy().into_owned(), words)]
        }
    };
    let mut found: Vec<Found> = Vec::new();
    for (from, words) in sources {
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
            writeln!(out, "{}", Safe::escape(&what))?;
        }
    }
    Ok(found)
}

/// A server behind a shim of ours is what is behind it, under the name that the shim gives it.
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
pub(in crate::cli) fn asked(
    one: &Found,
    launch: &Launch,
    question: &str,
    out: &mut impl Write,
) -> io::Result<bool> {
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
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let yes = matches!(line.trim(), "y" | "Y" | "yes");
    if !yes {
        writeln!(out, "{name}: left out")?;
    }
    Ok(yes)
}
