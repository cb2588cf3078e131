//! `tollgate console`: watch what happens and answer the calls that wait.

mod look;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::console::outgoing::{Method, Place, clipboard};
use crate::console::{self, ConsoleError, Options, Theme};
use crate::gate::client::{self, Start};
use crate::store::home::Home;
use crate::wire::{ConsoleHello, Role};
use look::Look;

/// Arguments of `tollgate console`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show this session alone.
    #[arg(long)]
    session: Option<String>,
    #[command(flatten)]
    look: Look,
    /// How to tell that calls wait while the window is not in front; auto goes by the terminal.
    #[arg(long, value_enum, value_name = "METHOD", default_value_t)]
    notify: Notify,
    /// The program for `--notify command` with its arguments, parted by white space and started without a
    /// shell; it finds ids in `TOLLGATE_NOTIFY_*`.
    #[arg(long, value_name = "PROGRAM", required_if_eq("notify", "command"))]
    notify_command: Option<String>,
}

/// `--notify`.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Notify {
    /// As suits the terminal.
    #[default]
    Auto,
    /// OSC 9, as Ghostty takes it.
    Osc9,
    /// OSC 777, as foot takes it.
    Osc777,
    /// OSC 99, as kitty takes it.
    Osc99,
    /// The bell alone.
    Bell,
    /// A program.
    Command,
    /// Not at all; the bell still rings once for each call.
    None,
}

impl Notify {
    const fn method(self) -> Option<Method> {
        Some(match self {
            Self::Auto => return None,
            Self::Osc9 => Method::Osc9,
            Self::Osc777 => Method::Osc777,
            Self::Osc99 => Method::Osc99,
            Self::Bell => Method::Bell,
            Self::Command => Method::Command,
            Self::None => Method::None,
        })
    }
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    exit::finish(run(args))
}

fn run(args: Args) -> Result<Exit, Failure> {
    let usage = |error: String| Failure::new(Exit::Usage, format!("failed to {error}"));
    let home = Home::of_operator().map_err(|error| usage(error.to_string()))?;
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let words = "a console needs a terminal; `tollgate watch` prints to a pipe";
        return Err(Failure::new(Exit::Usage, words));
    }
    let themes = args.look.themes();
    let theme = themes(Theme::pick(&args.look.theme, None)).map_err(usage)?;
    let again = home.clone();
    let reconnect = Box::new(move || {
        hello(&again, Start::Never).map_err(|error| io::Error::other(error.to_string()))
    });
    let notify_command = args.notify_command.unwrap_or_default();
    let notify_command: Vec<String> =
        notify_command.split_whitespace().map(str::to_owned).collect();
    if matches!(args.notify, Notify::Command) && notify_command.is_empty() {
        return Err(Failure::new(Exit::Usage, "--notify-command names no program"));
    }
    let variable = |name: &str| std::env::var(name).ok();
    let options = Options {
        theme,
        theme_name: args.look.theme,
        themes,
        ascii: args.look.ascii,
        notify: args.notify.method(),
        notify_command,
        clipboard: clipboard::tools(&variable),
        place: Place::of(&variable),
        session: args.session,
        reconnect,
    };
    attach(&home, options)
}

/// Attaches a console to the home's gate, starting one if there is none.
fn attach(home: &Home, options: Options) -> Result<Exit, Failure> {
    let no_gate = |error| Failure::new(Exit::NoGate, format!("failed to {error}"));
    client::renew(home).map_err(no_gate)?;
    let stream = hello(home, Start::IfNeeded).map_err(no_gate)?;
    match console::run(stream, options) {
        Ok(()) => Ok(Exit::Fine),
        Err(ConsoleError::Refused(why)) => Err(Failure::new(Exit::Refused, why)),
        Err(error @ (ConsoleError::Terminal(_) | ConsoleError::Setup(_))) => {
            Err(Failure::new(Exit::Broken, format!("failed to {error}")))
        }
    }
}

fn hello(home: &Home, start: Start) -> Result<std::os::unix::net::UnixStream, client::ClientError> {
    let role = Role::Console(ConsoleHello { answer: true, tty: terminal() });
    client::hello(home, start, role)
}

/// The terminal's name, for other consoles.
fn terminal() -> String {
    let name = rustix::termios::ttyname(io::stdin(), Vec::new());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_prefix("/dev/").unwrap_or(&name).to_owned()
}
