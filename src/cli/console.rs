//! `tollgate console`: watch what happens and answer the calls that wait.

mod linear;
mod look;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::console::keymap::{self, Keymap};
use crate::console::outgoing::{Method, Place, clipboard};
use crate::console::{self, Attachment, Beside, ConsoleError, Options, Theme};
use crate::gate::client::{self, Start};
use crate::store::home::Home;
use crate::wire::{ConsoleHello, Role};
pub use look::Look;

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
    /// Print lines and read commands instead of drawing panes; so does `ACCESSIBLE=1` in the environment.
    #[arg(long, conflicts_with = "full_screen")]
    linear: bool,
    /// Draw panes although `ACCESSIBLE` is set.
    #[arg(long)]
    full_screen: bool,
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
    if let Some(chosen) = linear::chosen(args.linear, args.full_screen) {
        return linear::attach(&home, args.session, chosen);
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let words = "panes need a terminal; `tollgate console --linear` prints lines anywhere";
        return Err(Failure::new(Exit::Usage, words));
    }
    let panes = panes(&home, &args.look)?;
    let notify_command = args.notify_command.unwrap_or_default();
    let notify_command: Vec<String> =
        notify_command.split_whitespace().map(str::to_owned).collect();
    if matches!(args.notify, Notify::Command) && notify_command.is_empty() {
        return Err(Failure::new(Exit::Usage, "--notify-command names no program"));
    }
    let gate = connect(&home, true, args.session)?;
    let options = Options {
        notify: args.notify.method(),
        notify_command,
        built_at: client::build().built_at,
        ..panes
    };
    ended(console::run(gate, options))
}

/// Plays a recording in a console's panes.
///
/// # Errors
/// When there is no terminal, the theme is none, or the recording cannot be opened.
pub fn play(recording: &Path, name: &str, beside: Beside, look: &Look) -> Result<Exit, Failure> {
    let usage = |error: String| Failure::new(Exit::Usage, format!("failed to {error}"));
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let words = "playback needs a terminal; --headless prints the records";
        return Err(Failure::new(Exit::Usage, words));
    }
    let home = Home::of_operator().map_err(|error| usage(error.to_string()))?;
    ended(console::replay(recording, name, beside, panes(&home, look)?))
}

/// Panes in this terminal that notify nobody.
fn panes(home: &Home, look: &Look) -> Result<Options, Failure> {
    let usage = |error: String| Failure::new(Exit::Usage, format!("failed to {error}"));
    let keymap = keymap(home).map_err(usage)?;
    let themes = look.themes();
    let variable = |name: &str| std::env::var(name).ok();
    Ok(Options {
        theme: themes(Theme::pick(&look.theme, None)).map_err(usage)?,
        theme_name: look.theme.clone(),
        themes,
        ascii: look.ascii,
        mouse: !look.no_mouse,
        reduced_motion: look.reduced_motion,
        notify: Some(Method::None),
        notify_command: Vec::new(),
        clipboard: clipboard::tools(&variable),
        place: Place::of(&variable),
        built_at: 0,
        keymap,
    })
}

/// Reaches the gate, and knows how to reach it again.
fn connect(home: &Home, answer: bool, session: Option<String>) -> Result<Attachment, Failure> {
    let no_gate = |error| Failure::new(Exit::NoGate, format!("failed to {error}"));
    client::renew(home).map_err(no_gate)?;
    let stream = hello(home, Start::IfNeeded, answer).map_err(no_gate)?;
    let again = home.clone();
    let reconnect = Box::new(move || {
        hello(&again, Start::Never, answer).map_err(|error| io::Error::other(error.to_string()))
    });
    Ok(Attachment { stream, reconnect, session })
}

fn ended(how: Result<(), ConsoleError>) -> Result<Exit, Failure> {
    match how {
        Ok(()) => Ok(Exit::Fine),
        Err(ConsoleError::Refused(why)) => Err(Failure::new(Exit::Refused, why)),
        Err(
            error @ (ConsoleError::Terminal(_)
            | ConsoleError::Setup(_)
            | ConsoleError::Recording { .. }),
        ) => Err(Failure::new(Exit::Broken, format!("failed to {error}"))),
    }
}

/// The operator's keys: the console's own where there is no file.
fn keymap(home: &Home) -> Result<Keymap, String> {
    let path = home.config_dir().join(keymap::FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Keymap::default()),
        Err(error) => return Err(format!("read {}: {error}", path.display())),
    };
    let mut text = String::new();
    let read = file.take(keymap::FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let read = read.map_err(|error| format!("read {}: {error}", path.display()))?;
    if read as u64 > keymap::FILE_BYTES_MAX {
        return Err(format!("read {}: it is larger than any table of keys", path.display()));
    }
    Keymap::parse(&text).map_err(|error| error.to_string())
}
fn hello(home: &Home, start: Start, answer: bool) -> Result<UnixStream, client::ClientError> {
    let role = Role::Console(ConsoleHello { answer, tty: terminal() });
    client::hello(home, start, role)
}

/// The terminal's name, for other consoles.
fn terminal() -> String {
    let name = rustix::termios::ttyname(io::stdin(), Vec::new());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_prefix("/dev/").unwrap_or(&name).to_owned()
}
