//! `tollgate key`: the operator's own signing key, and whose signatures count.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::catalog::sign::{PublicKey, is_signer_name};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::store::keys::{self, Existing, KeysError};
use crate::store::lock::{now_us, stamp};
use crate::text::Safe;

/// Arguments of `tollgate key`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a key of your own, which you trust from then on, and print its public half.
    New {
        /// Your name beside it: letters, digits and . _ @ -; else user@host.
        #[arg(long)]
        name: Option<String>,
        /// Take the place of the key that is there.
        #[arg(long)]
        replace: bool,
    },
    /// Print the public half of your key and its name: what others trust.
    Show,
    /// Say whose signatures count.
    Trust(Trust),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["key", "list", "remove"])))]
struct Trust {
    /// A key as `tollgate key show` prints it, with or without its name.
    key: Option<String>,
    /// What it is called here; else the name behind the key.
    #[arg(long, requires = "key")]
    name: Option<String>,
    /// Print the keys that count.
    #[arg(long)]
    list: bool,
    /// Let a key count no more, by its name or its text.
    #[arg(long, value_name = "KEY")]
    remove: Option<String>,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(match &args.what {
        What::New { name, replace } => new(name.as_deref(), *replace),
        What::Show => show(),
        What::Trust(trust) => run_trust(trust),
    })
}

fn new(name: Option<&str>, replace: bool) -> Result<Exit, Failure> {
    let home = operator::home()?;
    operator::only(&home, "key new")?;
    let name = name.map_or_else(own_name, str::to_owned);
    let existing = if replace { Existing::Replace } else { Existing::Keep };
    let own = keys::new(&home, &name, existing, &stamp(now_us()))?;
    writeln!(io::stdout().lock(), "{} {}", own.key.public(), own.name)?;
    Ok(Exit::Fine)
}

fn show() -> Result<Exit, Failure> {
    let own = keys::own(&operator::home()?)?;
    writeln!(io::stdout().lock(), "{} {}", own.key.public(), own.name)?;
    Ok(Exit::Fine)
}

fn run_trust(trust: &Trust) -> Result<Exit, Failure> {
    let home = operator::home()?;
    if let Some(text) = &trust.key {
        let (key, said) = parse(text)?;
        let name = trust.name.clone().or(said).ok_or_else(|| {
            Failure::new(Exit::Usage, "trust a key: it comes without a name, give --name")
        })?;
        operator::only(&home, "key trust")?;
        keys::trust(&home, &key, &name, &stamp(now_us()))?;
    } else if let Some(which) = &trust.remove {
        operator::only(&home, "key trust --remove")?;
        keys::distrust(&home, which)?;
    } else {
        let mut out = io::stdout().lock();
        for line in keys::lines(&home)? {
            writeln!(out, "{} {}  since {}", line.key, line.name, Safe::escape(&line.since))?;
        }
    }
    Ok(Exit::Fine)
}

/// A key's text, with or without the name behind it.
pub(in crate::cli) fn parse(text: &str) -> Result<(PublicKey, Option<String>), Failure> {
    let (key, name) = match text.trim().split_once(' ') {
        Some((key, name)) => (key, Some(name.trim().to_owned())),
        None => (text.trim(), None),
    };
    let usage = |why: String| Failure::new(Exit::Usage, format!("read the key {key:?}: {why}"));
    if let Some(name) = name.as_ref().filter(|name| !is_signer_name(name)) {
        return Err(usage(format!("{name:?} behind it is no name")));
    }
    Ok((PublicKey::parse(key).map_err(usage)?, name))
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let exit = match &error {
            KeysError::None
            | KeysError::There(_)
            | KeysError::Name(_)
            | KeysError::Taken(_)
            | KeysError::Unknown(_) => Exit::Usage,
            KeysError::Broken { .. } | KeysError::Io { .. } => Exit::Broken,
        };
        Self::new(exit, format!("failed to {error}"))
    }
}

/// `user@host`, as far as that is a name.
fn own_name() -> String {
    let user = std::env::var("USER").unwrap_or_default();
    let user = if user.is_empty() { "operator" } else { &user };
    let system = rustix::system::uname();
    let name = format!("{user}@{}", system.nodename().to_string_lossy());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._@-".contains(c) { c } else { '-' };
    name.chars().map(plain).take(64).collect()
}
