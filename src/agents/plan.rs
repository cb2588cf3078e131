//! What a plan is, and who makes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::launch::Launch;
use super::{claude, codex, gemini, known, opencode};

/// The files that an agent would read.
pub trait Files {
    /// The content of a regular file, `None` if there is none that can be read.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;
    /// The names in a folder, sorted; empty if there is none.
    fn list(&self, path: &Path) -> Vec<OsString>;
    /// Whether only root can change the file that would be put there: it and all folders above it
    /// belong to root and are not writable by others.
    fn only_root_writes(&self, path: &Path) -> bool;
}

/// Everything that a plan depends on.
pub struct Context<'a> {
    /// The variables that the agent will have.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The user's home directory as the agent sees it.
    pub home: PathBuf,
    /// The directory that the agent starts in.
    pub cwd: PathBuf,
    /// What is on disk.
    pub files: &'a dyn Files,
    /// The private folder of this run, where a plan's files and links go.
    pub folder: PathBuf,
    /// How a shim is started.
    pub shim: ShimLaunch,
}

/// How a shim of this run is started.
#[derive(Debug, Clone)]
pub struct ShimLaunch {
    /// The stable copy of this binary.
    pub binary: PathBuf,
    /// The session that `run` registered.
    pub session: String,
    /// `--home`, where it is not the user's own.
    pub home: Option<PathBuf>,
    /// `--policy`.
    pub policy: Option<String>,
}

/// How one run of an agent is started so that it is wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The agent's name.
    pub agent: &'static str,
    /// Its command line.
    pub argv: Vec<OsString>,
    /// Variables that are set for it.
    pub env: Vec<(OsString, OsString)>,
    /// Files for the private folder, with their content.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Links in the private folder, with what they point to.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Servers that start behind a shim.
    pub covered: Vec<Covered>,
    /// Servers that do not.
    pub uncovered: Vec<Uncovered>,
    /// What else is different in this run, one sentence each.
    pub notes: Vec<String>,
}

/// A server behind a shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Its name.
    pub server: String,
    /// How long the agent waits for its answers, where its configuration says so, in milliseconds.
    pub patience_ms: Option<u64>,
    /// How the agent starts it; in words, why that cannot be told.
    pub launch: Result<Launch, String>,
}

/// A server that is not behind a shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Its name.
    pub server: String,
    /// Why not, and whether it runs all the same.
    pub why: String,
}

/// Why an agent cannot be wrapped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No command.
    #[error("start an agent: give its command behind `--`, as in `tollgate run -- claude`")]
    Empty,
    /// Not one of those whose configuration is known.
    #[error(
        "wrap {program}: only {known} are known; in its own configuration put \
         `tollgate shim --server NAME -- CMD …` in the place of each server's command"
    )]
    Unknown {
        /// What was to be started.
        program: String,
        /// Those that are known.
        known: String,
    },
    /// A configuration file or flag that does not parse.
    #[error("read {place}: {why}")]
    Broken {
        /// The file or flag.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// An administrator's configuration that leaves no room.
    #[error("wrap {agent}: {path} is in force and lets no other configuration of servers in")]
    Managed {
        /// The agent.
        agent: &'static str,
        /// The administrator's file.
        path: PathBuf,
    },
    /// An argument that is not UTF-8.
    #[error("wrap the agent: an argument is not UTF-8")]
    NotText,
}

/// Plans one run.
///
/// # Errors
/// An agent that is not known, or whose configuration does not parse or must not be changed.
pub fn plan(argv: &[OsString], context: &Context<'_>) -> Result<Plan, PlanError> {
    let texts: Vec<String> = argv
        .iter()
        .map(|arg| arg.to_str().map(str::to_owned).ok_or(PlanError::NotText))
        .collect::<Result<_, _>>()?;
    let program = texts.first().ok_or(PlanError::Empty)?;
    let (agent, taken) =
        known::find(&texts).filter(|(agent, _)| agent.planned).ok_or_else(|| unknown(program))?;
    let (head, rest) = texts.split_at(taken);
    let mut plan = match agent.name {
        "claude-code" => claude::plan(head, rest, context),
        "codex" => codex::plan(head, rest, context),
        "gemini" => gemini::plan(head, rest, context),
        "opencode" => opencode::plan(head, rest, context),
        _ => Err(unknown(program)),
    }?;
    plan.agent = agent.name;
    Ok(plan)
}

fn unknown(program: &str) -> PlanError {
    let known: Vec<&str> =
        known::KNOWN.iter().filter(|agent| agent.planned).map(|agent| agent.name).collect();
    PlanError::Unknown { program: program.to_owned(), known: known.join(", ") }
}
