//! `tollgate pins approve`, and `revoke --lock`: what an operator signs into a project's lock.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::catalog::lock::{Approver, Package};
use crate::cli::exit::{Exit, Failure};
use crate::cli::operator;
use crate::store::home::Home;
use crate::store::keys;
use crate::store::lock::{self, knowledge, now_us, stamp};
use crate::store::pins::Pins;
use crate::text::Safe;

use super::{Error, counted};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The server's name.
    server: String,
    /// One of its tools; else all that is pinned of it.
    tool: Option<String>,
    /// The lock, made if it is not there; else the `tollgate.lock` here or above, or a new one here.
    #[arg(long)]
    lock: Option<PathBuf>,
    /// The server's command line as `pins list` prints it, where two servers have this name.
    #[arg(long)]
    command: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let home = operator::home()?;
    operator::only(&home, "pins approve")?;
    let pins = pinned(&home, args)?;
    let path = match &args.lock {
        Some(path) => path.clone(),
        None => super::found(None)?.unwrap_or_else(|| PathBuf::from(lock::NAME)),
    };
    let own = keys::own(&home)?;
    let trusted = keys::trusted(&home)?;
    let at = stamp(now_us());
    let by = Approver { by: &own.name, key: &own.key, at: &at, trusted: &trusted };
    let which = (args.server.as_str(), args.tool.as_deref());
    let mut signed = 0;
    lock::change(&path, |lock| {
        lock.approve(which, &knowledge(&pins.pins), Package::of(&pins.pins), &by)?;
        signed = lock.blocks.get(&args.server).map_or(0, crate::catalog::lock::Block::len);
        Ok::<_, Error>(())
    })?;
    let place = path.to_string_lossy();
    let place = Safe::escape(&place);
    let server = Safe::escape(&args.server);
    let signed = counted(signed, "definition");
    writeln!(io::stdout().lock(), "{server}: {signed} signed by {} in {place}", own.name)?;
    Ok(Exit::Fine)
}

/// What this home has pinned of the server.
fn pinned(home: &Home, args: &Args) -> Result<Pins, Failure> {
    let server = &args.server;
    let mut found = Vec::new();
    for (path, pins) in Pins::all(&home.pins_dir())? {
        match pins {
            Ok(pins) if pins.server == *server => found.push(pins),
            Ok(_) => {}
            Err(error) => {
                let what = format!("failed to read the pins {}: {error}", path.display());
                return Err(Failure::new(Exit::Broken, what));
            }
        }
    }
    if let Some(command) = &args.command {
        found.retain(|pins| pins.command.join(" ") == *command);
    }
    let names: Vec<String> = found.iter().map(|pins| pins.command.join(" ")).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(pins), None) => Ok(pins),
        (None, _) => Err(Failure::new(
            Exit::Usage,
            format!("nothing is pinned of {server}; `tollgate pins list` shows what is"),
        )),
        (Some(_), Some(_)) => Err(Failure::new(
            Exit::Usage,
            format!(
                "servers with different commands are called {server}, say which with --command: {}",
                names.join("; ")
            ),
        )),
    }
}

/// Takes a server, or one of its tools, out of a lock.
pub(super) fn revoke(server: &str, tool: Option<&str>, path: &Path) -> Result<Exit, Failure> {
    let home = operator::home()?;
    operator::only(&home, "pins revoke")?;
    super::read(Some(path))?;
    let trusted = keys::trusted(&home)?;
    // A whole block needs no new signature, so no key.
    let own = tool.map(|_| keys::own(&home)).transpose()?;
    let at = stamp(now_us());
    let by = own.as_ref().map(|own| Approver {
        by: &own.name,
        key: &own.key,
        at: &at,
        trusted: &trusted,
    });
    let mut there = false;
    lock::change(path, |lock| {
        there = lock.revoke(server, tool, by.as_ref())?;
        Ok::<_, Error>(())
    })?;
    if there {
        return Ok(Exit::Fine);
    }
    let tool = tool.map(|tool| format!(".{tool}")).unwrap_or_default();
    let what = format!("{server}{tool} is not in {}", path.display());
    Err(Failure::new(Exit::Usage, what))
}
