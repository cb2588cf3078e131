//! `tollgate watch`: everything that happens, as lines. It attaches as a console that only watches,
//! is told by the gate how far each journal is complete, and reads the journals themselves.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::lines::Line;
use crate::cli::sessions::show;
use crate::cli::tail::Tail;
use crate::gate::client::{self, Start};
use crate::proxy::link::Lines;
use crate::store::home::Home;
use crate::text::Safe;
use crate::wire::{ConsoleHello, Role, SessionLine, ToConsole};

/// Arguments of `tollgate watch`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print the running sessions from their start, not from now on.
    #[arg(long)]
    from_start: bool,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    let Args { format, from_start } = args;
    exit::finish(run(format, from_start))
}

fn run(format: Format, from_start: bool) -> Result<Exit, Failure> {
    let home = Home::of_operator().map_err(|error| Failure::new(Exit::Usage, error))?;
    let role = Role::Console(ConsoleHello { answer: false, tty: "watch".to_owned() });
    let gate = client::hello(&home, Start::Never, role)
        .map_err(|error| Failure::new(Exit::NoGate, format_args!("failed to {error}")))?;
    let lost = |error: io::Error| {
        Failure::new(Exit::NoGate, format_args!("failed to listen to the gate: {error}"))
    };
    let since = if from_start { 0 } else { now() };
    let mut watched = BTreeMap::new();
    let mut lines = Lines::new();
    while let Some(said) = lines.wait::<ToConsole>(&gate).map_err(lost)? {
        match said {
            ToConsole::Refused { why } => return Err(Failure::new(Exit::Refused, why)),
            ToConsole::Session(session) => {
                let state: &mut Watched = watched.entry(session.session.clone()).or_default();
                state.follow(&session, since, format)?;
            }
            ToConsole::Leaving {} => {
                return Err(Failure::new(Exit::NoGate, "the gate leaves for a newer build"));
            }
            ToConsole::Welcome { .. }
            | ToConsole::Consoles { .. }
            | ToConsole::Codes { .. }
            | ToConsole::NotTaken { .. } => {}
        }
    }
    Ok(Exit::Fine)
}

/// One journal, as far as it was printed.
#[derive(Debug, Default)]
struct Watched {
    tail: Tail,
    broken: bool,
}

impl Watched {
    /// Prints what became complete. A journal that cannot be read is said once and left alone.
    fn follow(&mut self, session: &SessionLine, since: u64, format: Format) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        while !self.broken {
            match self.tail.read(session) {
                Ok(None) => break,
                Ok(Some(lines)) => {
                    for line in lines.iter().filter(|line| line.at >= since) {
                        put(&mut out, line, format)?;
                    }
                }
                Err(why) => {
                    self.broken = true;
                    exit::say(Exit::Broken, format_args!("{}: {why}", session.session));
                }
            }
        }
        out.flush()?;
        Ok(())
    }
}

fn put(out: &mut impl io::Write, line: &Line, format: Format) -> io::Result<()> {
    match format {
        Format::Text => writeln!(out, "{}  {}", Safe::escape(&line.session), show::head(line)),
        Format::Jsonl => {
            serde_json::to_writer(&mut *out, line)?;
            writeln!(out)
        }
    }
}

/// Microseconds since the Unix epoch.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_micros()).ok())
        .unwrap_or(0)
}
