//! `tollgate console`: watch what happens and answer the calls that wait.

mod linear;

use std::io::{self, IsTerminal as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::console::{self, ColorWhen, ConsoleError, Depth, Options, Reconnect, Theme};
use crate::gate::client::{self, Start};
use crate::store::home::Home;
use crate::wire::{ConsoleHello, Role};

/// Arguments of `tollgate console`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show this session alone.
    #[arg(long)]
    session: Option<String>,
    /// A shipped theme (base16, mono) or a theme file.
    #[arg(long, default_value = "base16")]
    theme: String,
    /// Draw borders without box characters.
    #[arg(long)]
    ascii: bool,
    /// Print lines and read commands instead of drawing panes; so does `ACCESSIBLE=1` in the environment.
    #[arg(long, conflicts_with = "full_screen")]
    linear: bool,
    /// Draw panes although `ACCESSIBLE` is set.
    #[arg(long)]
    full_screen: bool,
    /// When to use colours; `NO_COLOR` is honoured.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Color {
    /// As the terminal and `NO_COLOR` say.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    exit::finish(run(args))
}

fn run(args: Args) -> Result<Exit, Failure> {
    let usage = |error: String| Failure::new(Exit::Usage, format!("failed to {error}"));
    let home = Home::of_operator().map_err(|error| usage(error.to_string()))?;
    if let Some(chosen) = linear::chosen(args.linear, args.full_screen) {
        return linear::attach(&home, args.session, chosen);
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let words = "panes need a terminal; `tollgate console --linear` prints lines anywhere";
        return Err(Failure::new(Exit::Usage, words));
    }
    let theme = theme(&args.theme, args.color).map_err(usage)?;
    attach(&home, theme, args.ascii, args.session)
}

/// Attaches a console to the home's gate, starting one if there is none.
///
/// # Errors
/// When there is no gate to be had, it refuses, or the terminal fails.
pub fn attach(
    home: &Home,
    theme: Theme,
    ascii: bool,
    session: Option<String>,
) -> Result<Exit, Failure> {
    let (stream, reconnect) = connect(home, true)?;
    ended(console::run(stream, Options { theme, ascii, session, reconnect }))
}

/// A connection on which `Hello` was said, and how to make another one.
fn connect(home: &Home, answer: bool) -> Result<(UnixStream, Reconnect), Failure> {
    let no_gate = |error| Failure::new(Exit::NoGate, format!("failed to {error}"));
    let hello = move |home: &Home, start| {
        let role = Role::Console(ConsoleHello { answer, tty: terminal() });
        client::hello(home, start, role)
    };
    client::renew(home).map_err(no_gate)?;
    let stream = hello(home, Start::IfNeeded).map_err(no_gate)?;
    let again = home.clone();
    let reconnect = Box::new(move || {
        hello(&again, Start::Never).map_err(|error| io::Error::other(error.to_string()))
    });
    Ok((stream, reconnect))
}

fn ended(done: Result<(), ConsoleError>) -> Result<Exit, Failure> {
    match done {
        Ok(()) => Ok(Exit::Fine),
        Err(ConsoleError::Refused(why)) => Err(Failure::new(Exit::Refused, why)),
        Err(error @ (ConsoleError::Terminal(_) | ConsoleError::Setup(_))) => {
            Err(Failure::new(Exit::Broken, format!("failed to {error}")))
        }
    }
}

/// A shipped theme by its name, or else a file.
fn theme(name: &str, color: Color) -> Result<Theme, String> {
    let when = match color {
        Color::Auto => ColorWhen::Auto,
        Color::Always => ColorWhen::Always,
        Color::Never => ColorWhen::Never,
    };
    let depth = Depth::of(when, &|variable| std::env::var(variable).ok());
    if let Some(theme) = Theme::named(name, depth) {
        return theme.map_err(|error| error.to_string());
    }
    let text = std::fs::read_to_string(Path::new(name)).map_err(|error| {
        let shipped: Vec<&str> = Theme::shipped().collect();
        format!("read the theme {name}: {error} (shipped themes: {})", shipped.join(", "))
    })?;
    Theme::parse(name, &text, depth).map_err(|error| error.to_string())
}

/// The terminal's name, for other consoles.
fn terminal() -> String {
    let name = rustix::termios::ttyname(io::stdin(), Vec::new());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_prefix("/dev/").unwrap_or(&name).to_owned()
}
