//! `tollgate watch`: everything that happens, as lines. It attaches as a console that only watches,
//! is told by the gate how far each journal is complete, and reads the journals themselves.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::lines::Line;
use crate::cli::sessions::show;
use crate::cli::tail::{Seen, Tail};
use crate::console::chosen::Chosen;
use crate::console::filter::{Filter, LineError};
use crate::console::model::Place;
use crate::engine::At;
use crate::gate::client::{self, Start};
use crate::proxy::link::Lines;
use crate::store::home::Home;
use crate::text::Safe;
use crate::wire::{ConsoleHello, Role, SessionLine, ToConsole};

/// Arguments of `tollgate watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print only records of calls that this filter means (docs/filters.md): a record is printed when its
    /// call passes as far as it is known then; records that belong to no call are left out.
    #[arg(long)]
    filter: Option<String>,
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
    let Args { filter, format, from_start } = args;
    let chosen = match filter.as_deref().map(|text| (text, Filter::parse(text))) {
        None => None,
        Some((_, Ok(filter))) => Some(Chosen::new(&filter, At(now()), TimeZone::system())),
        Some((text, Err(error))) => return broken(text, &error),
    };
    let since = if from_start { 0 } else { now() };
    exit::finish(run(&mut Printer { chosen, format, since }))
}

/// Says where a filter is broken: in a sentence, and with a sign below the place.
fn broken(text: &str, error: &LineError) -> ExitCode {
    let code = exit::say(Exit::Usage, format_args!("failed to read the filter: {error}"));
    let before = Safe::escape(text.get(..error.at).unwrap_or_default());
    let behind = Safe::escape(text.get(error.at..).unwrap_or_default());
    let indent = before.width();
    // Without a stderr there is still the code.
    writeln!(io::stderr(), "  {before}{behind}\n  {:indent$}^", "").ok();
    code
}

fn run(printer: &mut Printer) -> Result<Exit, Failure> {
    let home = Home::of_operator().map_err(|error| Failure::new(Exit::Usage, error))?;
    let role = Role::Console(ConsoleHello { answer: false, tty: "watch".to_owned() });
    let gate = client::hello(&home, Start::Never, role)
        .map_err(|error| Failure::new(Exit::NoGate, format_args!("failed to {error}")))?;
    let lost = |error: io::Error| {
        Failure::new(Exit::NoGate, format_args!("failed to listen to the gate: {error}"))
    };
    let mut watched = BTreeMap::new();
    let mut lines = Lines::new();
    while let Some(said) = lines.wait::<ToConsole>(&gate).map_err(lost)? {
        match said {
            ToConsole::Refused { why } => return Err(Failure::new(Exit::Refused, why)),
            ToConsole::Session(session) => {
                let state: &mut Watched = watched.entry(session.session.clone()).or_default();
                state.follow(&session, printer)?;
            }
            ToConsole::Leaving {} => {
                return Err(Failure::new(Exit::NoGate, "the gate leaves for a newer build"));
            }
            ToConsole::Welcome { .. }
            | ToConsole::Consoles { .. }
            | ToConsole::Codes { .. }
            | ToConsole::NotTaken { .. }
            | ToConsole::Revealed { .. }
            | ToConsole::NotDone { .. } => {}
        }
    }
    Ok(Exit::Fine)
}

/// What is printed, and how.
struct Printer {
    chosen: Option<Chosen>,
    format: Format,
    /// Microseconds since the Unix epoch; what happened before is not printed.
    since: u64,
}

impl Printer {
    /// Whether this record is to be printed. One that cannot be judged is.
    fn wants(&mut self, session: &SessionLine, seen: &Seen) -> bool {
        let is_due = seen.line.at >= self.since;
        let Some(chosen) = &mut self.chosen else { return is_due };
        let place = Place { offset: seen.offset, len: u32::try_from(seen.len).unwrap_or(u32::MAX) };
        chosen.take(&session.session, &seen.record, place);
        if !is_due {
            return false;
        }
        let journal = || File::open(&session.journal);
        let meant = chosen.meant(&session.session, &seen.record, journal);
        meant.map_or_else(
            |why| {
                let journal = &session.journal;
                let why = format_args!("{}: read {journal}: {why}", session.session);
                exit::say(Exit::Broken, why);
                true
            },
            |calls| !calls.is_empty(),
        )
    }
}

/// One journal, as far as it was printed.
#[derive(Debug, Default)]
struct Watched {
    tail: Tail,
    broken: bool,
}

impl Watched {
    /// Prints what became complete. A journal that cannot be read is said once and left alone.
    fn follow(&mut self, session: &SessionLine, printer: &mut Printer) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        while !self.broken {
            match self.tail.read(session) {
                Ok(None) => break,
                Ok(Some(seen)) => {
                    for seen in seen {
                        if printer.wants(session, &seen) {
                            put(&mut out, &seen.line, printer.format)?;
                        }
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
