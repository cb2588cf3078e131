//! `tollgate shim`: in front of one stdio server, in an agent's configuration.

use std::ffi::{OsStr, OsString};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::exit::{self, Exit};
use crate::gate::client::{self, Start};
use crate::proxy::shim::{self, Options};
use crate::store::home::Home;

/// Arguments of `tollgate shim`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server's name, as the agent's configuration has it.
    #[arg(long)]
    server: String,
    /// A home registered with `tollgate home add`, instead of your own.
    #[arg(long)]
    home: Option<PathBuf>,
    /// The session of a `tollgate run` above this shim.
    #[arg(long)]
    session: Option<String>,
    /// A shipped policy's name (balanced, if left out) or a file; counts where this shim begins the session.
    #[arg(long)]
    policy: Option<String>,
    /// What becomes of asks while nobody can answer: `deny` at once, or `ask` to the deadline.
    #[arg(long, value_parser = ["deny", "ask"])]
    unattended: Option<String>,
    /// The session's role; counts in a home of its own.
    #[arg(long)]
    role: Option<String>,
    /// The server's command line.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Reads a plain shim command line without the parser of all subcommands, whose pages would be most of a
/// shim's memory (a shim stays small: there is one for each server of each agent). Anything that is not plain,
/// help and mistakes included, is `None` and left to that parser.
#[must_use]
pub fn plain(arguments: &[OsString]) -> Option<Args> {
    let mut args = Args {
        server: String::new(),
        home: None,
        session: None,
        policy: None,
        unattended: None,
        role: None,
        command: Vec::new(),
    };
    let mut rest = arguments.iter();
    loop {
        let option = rest.next()?.to_str()?;
        if option == "--" {
            break;
        }
        let value = rest.next()?;
        let text = value.to_str().map(str::to_owned);
        match option {
            "--server" => args.server = text?,
            "--home" => args.home = Some(PathBuf::from(value)),
            "--session" => args.session = Some(text?),
            "--policy" => args.policy = Some(text?),
            "--role" => args.role = Some(text?),
            "--unattended" => {
                args.unattended = Some(text.filter(|word| word == "deny" || word == "ask")?);
            }
            _ => return None,
        }
    }
    args.command = rest.cloned().collect();
    (!args.server.is_empty() && !args.command.is_empty()).then_some(args)
}

/// The server's name and its own command line, behind these arguments of a shim.
#[must_use]
pub fn behind(arguments: &[OsString]) -> Option<(String, Vec<String>)> {
    let args = plain(arguments)?;
    let command = args.command.into_iter().map(|word| word.into_string().ok());
    Some((args.server, command.collect::<Option<_>>()?))
}

impl Args {
    /// A plain command line that means the same.
    fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        let options = [
            ("--server", Some(OsStr::new(&self.server))),
            ("--home", self.home.as_deref().map(Path::as_os_str)),
            ("--session", self.session.as_deref().map(OsStr::new)),
            ("--policy", self.policy.as_deref().map(OsStr::new)),
            ("--unattended", self.unattended.as_deref().map(OsStr::new)),
            ("--role", self.role.as_deref().map(OsStr::new)),
        ];
        for (option, value) in options {
            if let Some(value) = value {
                words.extend([option.into(), value.to_owned()]);
            }
        }
        words.push("--".into());
        words.extend_from_slice(&self.command);
        words
    }

    fn into_options(self) -> Options {
        Options {
            again: self.words(),
            server: self.server,
            session: self.session,
            policy: self.policy,
            unattended: self.unattended,
            role: self.role,
            command: self.command,
        }
    }
}

/// Runs the subcommand.
#[must_use]
pub fn main(mut args: Args) -> ExitCode {
    let home = match Home::of_shim(args.home.as_deref()) {
        Ok(home) => home,
        Err(error) => return exit::say(Exit::Usage, error),
    };
    args.policy = args.policy.map(|policy| absolute(&policy));
    shim::run(&args.into_options(), client::build(), &|| connect(&home)).into()
}

/// Goes on where the shim that had these arguments executed itself again.
#[must_use]
pub fn go_on(kept: &str, arguments: &[OsString]) -> ExitCode {
    let args = || plain(arguments).ok_or_else(|| "its arguments are not its own".to_owned());
    let find = || {
        let home = Home::of_shim(args()?.home.as_deref()).map_err(|error| error.to_string())?;
        connect(&home)
    };
    shim::go_on(kept, &|| args().map(Args::into_options), &find).into()
}

fn connect(home: &Home) -> Result<UnixStream, String> {
    client::connect(home, Start::IfNeeded).map_err(|error| error.to_string())
}

/// The gate works in `/`, so a policy's file is given by its whole path; names stay names.
#[must_use]
pub fn absolute(policy: &str) -> String {
    let is_file = crate::policy::shipped(policy).is_none() && policy.contains(['/', '.']);
    match std::path::absolute(policy) {
        Ok(path) if is_file => path.to_string_lossy().into_owned(),
        _ => policy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Full {
        #[command(flatten)]
        args: Args,
    }

    fn check(line: &str, plainly: bool) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let plain = plain(&words);
        assert_eq!(plain.is_some(), plainly, "{line}");
        if let Some(plain) = plain {
            let full = Full::try_parse_from(std::iter::once(OsString::from("shim")).chain(words));
            assert_eq!(format!("{plain:?}"), format!("{:?}", full.unwrap().args), "{line}");
            let again = super::plain(&plain.words()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{plain:?}"), "{line}");
        }
    }

    #[test]
    fn a_plain_line_means_the_same_to_both_parsers_and_others_go_to_the_full_one() {
        check("--server fs -- npx server --flag -- x", true);
        check("--server fs --home /h --session s-1 --policy p --unattended deny -- cmd", true);
        check("--server=fs -- cmd", false);
        check("--server fs --unattended maybe -- cmd", false);
        check("--help", false);
        check("--server fs --", false);
        check("--server fs cmd", false);
    }
}
