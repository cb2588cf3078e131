//! `tollgate policy trust`: which files may allow more than the policy they are put over.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure};
use crate::cli::operator;
use crate::policy::change::Change;
use crate::policy::{self, DEFAULT, Policy};
use crate::store::lock::{now_us, stamp};
use crate::store::policies::{self, PROJECT_FILE};
use crate::store::trusted;
use crate::text::Safe;

/// Arguments of `tollgate policy trust`.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["file", "list", "remove"])))]
pub(super) struct Args {
    /// A project's `.tollgate.yaml`, or your own `overrides.yaml`, as it is now.
    file: Option<PathBuf>,
    /// Print the files that count.
    #[arg(long)]
    list: bool,
    /// Let a file count no more.
    #[arg(long, value_name = "FILE")]
    remove: Option<PathBuf>,
}

/// Runs the subcommand.
pub(super) fn main(args: &Args) -> Result<Exit, Failure> {
    match (&args.file, &args.remove) {
        (Some(file), _) => trust(file),
        (None, Some(file)) => remove(file),
        (None, None) => list(),
    }
}

fn trust(file: &Path) -> Result<Exit, Failure> {
    let home = operator::home()?;
    let own = policies::own(&home);
    let path = named(file, &own)?;
    let usage = |why: String| Failure::new(Exit::Usage, why);
    if !own.contains(&path) && path.file_name().is_none_or(|name| name != PROJECT_FILE) {
        return Err(usage(format!(
            "trust {}: only a project's {PROJECT_FILE} and your own {} and {} are put over a policy; give others to --policy",
            path.display(),
            policies::overrides(&home).display(),
            policies::suppressions(&home).display()
        )));
    }
    let name = path.to_string_lossy();
    let text = policies::read(&name).map_err(|why| usage(format!("read {name}: {why}")))?;
    // What it changes is told of the policy that holds where none is named.
    let below = policy::shipped(DEFAULT).unwrap_or_default();
    let broken = |error: policy::PolicyError| usage(format!("trust {error}"));
    let below = Policy::parse(DEFAULT, below).map_err(broken)?;
    let over = below.amended(&name, &text).map_err(broken)?;
    operator::only(&home, "policy trust")?;
    let failed = |why: String| Failure::new(Exit::Broken, format!("failed to {why}"));
    trusted::trust(&home, &path, &text, &stamp(now_us())).map_err(failed)?;
    let change = Change::between(below.text(), over.text());
    writeln!(
        io::stdout().lock(),
        "{}: counts as it is, sha256 {}; over {DEFAULT}: {}",
        Safe::escape(&name),
        trusted::digest(&text),
        Safe::escape(&change.words())
    )?;
    Ok(Exit::Fine)
}

fn remove(file: &Path) -> Result<Exit, Failure> {
    let home = operator::home()?;
    let path = named(file, &policies::own(&home))?;
    operator::only(&home, "policy trust --remove")?;
    let failed = |why: String| Failure::new(Exit::Broken, format!("failed to {why}"));
    if trusted::distrust(&home, &path).map_err(failed)? {
        return Ok(Exit::Fine);
    }
    let words = format!(
        "remove {}: it does not count; `tollgate policy trust --list` shows what does",
        path.display()
    );
    Err(Failure::new(Exit::Usage, words))
}

fn list() -> Result<Exit, Failure> {
    let home = operator::home()?;
    let failed = |why: String| Failure::new(Exit::Broken, format!("failed to {why}"));
    let mut out = io::stdout().lock();
    for one in trusted::read(&home).map_err(failed)? {
        let name = one.path.to_string_lossy();
        let now = match policies::read(&name) {
            Ok(text) if trusted::digest(&text) == one.sha256 => "",
            Ok(_) => ", and is another one now",
            Err(_) => ", and cannot be read now",
        };
        let since = Safe::escape(&one.since);
        writeln!(out, "{}  {}  since {since}{now}", one.sha256, Safe::escape(&name))?;
    }
    Ok(Exit::Fine)
}

/// The path by which the gate finds a file, which may be gone: a home's as the home has it, a project's without links.
fn named(file: &Path, own: &[PathBuf]) -> Result<PathBuf, Failure> {
    let path = whole(file)?;
    let own = own.iter().find(|own| whole(own).is_ok_and(|own| own == path));
    Ok(own.cloned().unwrap_or(path))
}

fn whole(file: &Path) -> Result<PathBuf, Failure> {
    let said = |why: String| Failure::new(Exit::Usage, format!("find {}: {why}", file.display()));
    let name = file.file_name().ok_or_else(|| said("it names no file".to_owned()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let folder = folder.canonicalize().map_err(|error| said(error.to_string()))?;
    Ok(folder.join(name))
}
