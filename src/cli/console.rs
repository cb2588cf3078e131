//! `tollgate console`: watch what happens and answer the calls that wait.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::exit::{self, Exit, Failure};
use crate::console::keymap::{self, Keymap};
use crate::console::{self, Beside, ColorWhen, ConsoleError, Depth, Options, Theme};
use crate::gate::client::{self, Start};
use crate::store::home::Home;
use crate::wire::{ConsoleHello, Role};

/// How long tmux may take to say which colours it passes on; it takes some 5 ms.
const TMUX_LIMIT: Duration = Duration::from_millis(100);

/// Arguments of `tollgate console`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show this session alone.
    #[arg(long)]
    session: Option<String>,
    #[command(flatten)]
    look: Look,
}

/// How a console is to look.
#[derive(Debug, clap::Args)]
pub struct Look {
    /// A shipped theme (base16, mono, dark, light, okabe-dark, okabe-light, high-contrast) or a theme file.
    #[arg(long, default_value = "base16")]
    theme: String,
    /// Draw borders without box characters.
    #[arg(long)]
    ascii: bool,
    /// How many colours to use; auto goes by the terminal and `NO_COLOR`.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Color {
    /// As the terminal and `NO_COLOR` say.
    #[default]
    Auto,
    /// None: weight and words remain.
    #[value(alias = "never")]
    None,
    /// The terminal's own sixteen.
    #[value(name = "16")]
    Sixteen,
    /// The palette of 256.
    #[value(name = "256")]
    Indexed,
    /// All.
    True,
    /// As the terminal says, also where `NO_COLOR` is set.
    #[value(hide = true)]
    Always,
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
    let theme = theme(&args.look.theme, args.look.color).map_err(usage)?;
    attach(&home, theme, args.look.ascii, args.session)
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
    let theme = theme(&look.theme, look.color).map_err(usage)?;
    let home = Home::of_operator().map_err(|error| usage(error.to_string()))?;
    let keymap = keymap(&home).map_err(usage)?;
    let reconnect = Box::new(|| Err(io::ErrorKind::Unsupported.into()));
    let (ascii, built_at) = (look.ascii, 0);
    let options = Options { theme, ascii, session: None, keymap, built_at, reconnect };
    ended(console::replay(recording, name, beside, options))
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
    let keymap =
        keymap(home).map_err(|error| Failure::new(Exit::Usage, format!("failed to {error}")))?;
    let no_gate = |error| Failure::new(Exit::NoGate, format!("failed to {error}"));
    let hello = move |home: &Home, start| {
        let role = Role::Console(ConsoleHello { answer: true, tty: terminal() });
        client::hello(home, start, role)
    };
    client::renew(home).map_err(no_gate)?;
    let stream = hello(home, Start::IfNeeded).map_err(no_gate)?;
    let again = home.clone();
    let reconnect = Box::new(move || {
        hello(&again, Start::Never).map_err(|error| io::Error::other(error.to_string()))
    });
    let built_at = client::build().built_at;
    ended(console::run(stream, Options { theme, ascii, session, built_at, keymap, reconnect }))
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

/// A shipped theme by its name, or else a file.
fn theme(name: &str, color: Color) -> Result<Theme, String> {
    let when = match color {
        Color::Auto => ColorWhen::Auto,
        Color::Always => ColorWhen::Always,
        Color::None => ColorWhen::Exactly(Depth::None),
        Color::Sixteen => ColorWhen::Exactly(Depth::Sixteen),
        Color::Indexed => ColorWhen::Exactly(Depth::Indexed),
        Color::True => ColorWhen::Exactly(Depth::True),
    };
    let depth = Depth::of(when, &|variable| std::env::var(variable).ok(), &tmux_is_true);
    if let Some(theme) = Theme::named(name, depth) {
        return theme.map_err(|error| error.to_string());
    }
    let text = std::fs::read_to_string(Path::new(name)).map_err(|error| {
        let shipped: Vec<&str> = Theme::shipped().collect();
        format!("read the theme {name}: {error} (shipped themes: {})", shipped.join(", "))
    })?;
    Theme::parse(name, &text, depth).map_err(|error| error.to_string())
}

/// Whether tmux says that the terminal around it takes all colours. A tmux that does not answer at once is
/// one that passes on 256.
fn tmux_is_true() -> bool {
    let question = ["tmux", "display-message", "-p", "#{client_termfeatures}"];
    let features = console::outgoing::program::ask(&question, TMUX_LIMIT);
    features.is_ok_and(|features| features.trim().split(',').any(|feature| feature == "RGB"))
}

/// The terminal's name, for other consoles.
fn terminal() -> String {
    let name = rustix::termios::ttyname(io::stdin(), Vec::new());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_prefix("/dev/").unwrap_or(&name).to_owned()
}
