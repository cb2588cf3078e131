//! `tollgate sessions`: the recordings of this home.

mod serve;
pub(in crate::cli) mod show;

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals::{self, JournalError, Scan, State};
use crate::cli::{Format, operator, replay};
use crate::engine::At;
use crate::journal::What;
use crate::text::{Safe, bytes};
use crate::wire::{Command, ControlLine, ControlWord};

/// Version of the JSON lines that `list` and `verify` print.
const LINES_VERSION: u32 = 1;

/// Arguments of `tollgate sessions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Ask,
}

#[derive(Debug, clap::Subcommand)]
enum Ask {
    /// Name, agent, start, records, size and state of every recording.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print one recording, record by record.
    Show {
        /// A session's name, or a file.
        name: String,
        /// Print payloads whole instead of their first 160 characters.
        #[arg(long)]
        full: bool,
        /// How to print; as JSON lines the records are printed as they were written.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check the hash chain of one recording, or of all.
    Verify {
        /// A session's name, or a file.
        name: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Let every call of a session wait for the operator; of all sessions where none is named.
    Pause {
        /// The session's name.
        name: Option<String>,
    },
    /// Let the calls of a paused session go on: those that only waited for it, and those to come.
    Resume {
        /// The session's name.
        name: Option<String>,
    },
    /// End a running session: its servers end, what waits is refused.
    Kill {
        /// The session's name.
        name: String,
    },
    /// Answer a client on stdin and stdout as a recorded server did.
    Serve(serve::Args),
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match args.what {
        Ask::List { format } => list(&mut out, format),
        Ask::Show { name, full, format: Format::Text } => show::text(&mut out, &name, full),
        Ask::Show { name, full: _, format: Format::Jsonl } => replay::print(&mut out, &name),
        Ask::Verify { name, format } => verify(&mut out, name.as_deref(), format),
        Ask::Pause { name } => control(name, ControlWord::Pause {}),
        Ask::Resume { name } => control(name, ControlWord::Resume {}),
        Ask::Kill { name } => control(Some(name), ControlWord::Stop {}),
        Ask::Serve(args) => return serve::main(&args),
    };
    exit::finish(done.and_then(|exit| {
        out.flush()?;
        Ok(exit)
    }))
}

/// Asks the gate to do something to sessions.
fn control(session: Option<String>, control: ControlWord) -> Result<Exit, Failure> {
    let line = ControlLine { session, control };
    operator::done(operator::ask(&operator::home()?, Command::Control(line))?)
}

/// One line of `list` or `verify`.
#[derive(Debug, Serialize)]
struct Line {
    v: u32,
    session: String,
    file: String,
    agent: Option<String>,
    started_at: Option<u64>,
    records: u64,
    size_bytes: u64,
    state: &'static str,
    chain: String,
    problem: Option<String>,
}

fn inspect(path: &std::path::Path) -> Result<(Line, State), JournalError> {
    let (mut agent, mut started_at) = (None, None);
    let Scan { records, size_bytes, state, chain, problem } = journals::scan(path, |record, _| {
        if let What::Started(started) = record.event {
            agent = Some(started.agent.name);
            started_at = Some(record.at.0);
        }
        Ok::<_, JournalError>(())
    })?;
    let line = Line {
        v: LINES_VERSION,
        session: journals::name_of(path),
        file: path.display().to_string(),
        agent,
        started_at,
        records,
        size_bytes,
        state: state.word(),
        chain,
        problem,
    };
    Ok((line, state))
}

fn list(out: &mut impl io::Write, format: Format) -> Result<Exit, Failure> {
    let paths = journals::all()?;
    match format {
        Format::Text if paths.is_empty() => writeln!(out, "no recordings yet")?,
        Format::Text => writeln!(
            out,
            "{:<20} {:<14} {:<19} {:>8} {:>6} state",
            "session", "agent", "started", "records", "size"
        )?,
        Format::Jsonl => {}
    }
    let mut exit = Exit::Fine;
    for path in paths {
        let Some((line, _)) = readable(inspect(&path), &mut exit)? else { continue };
        match format {
            Format::Text => writeln!(
                out,
                "{:<20} {:<14} {:<19} {:>8} {:>6} {}",
                Safe::escape(&line.session),
                line.agent.as_deref().map_or(Safe::word("-"), Safe::escape),
                line.started_at.map_or_else(|| "-".to_owned(), |at| local_time(At(at))),
                line.records,
                bytes::size(line.size_bytes),
                line.state
            )?,
            Format::Jsonl => put(out, &line)?,
        }
    }
    Ok(exit)
}

/// A file that cannot be read is said, and hides no other.
fn readable<T>(
    inspected: Result<T, JournalError>,
    exit: &mut Exit,
) -> Result<Option<T>, JournalError> {
    match inspected {
        Ok(read) => Ok(Some(read)),
        Err(error @ JournalError::Io { .. }) => {
            exit::say(Exit::Broken, format_args!("failed to {error}"));
            *exit = Exit::Broken;
            Ok(None)
        }
        Err(error @ (JournalError::Unknown { .. } | JournalError::Home(_))) => Err(error),
    }
}

fn verify(out: &mut impl io::Write, name: Option<&str>, format: Format) -> Result<Exit, Failure> {
    let paths = match name {
        Some(name) => vec![journals::find(name)?],
        None => journals::all()?,
    };
    let mut exit = Exit::Fine;
    for path in paths {
        let Some((line, state)) = readable(inspect(&path), &mut exit)? else { continue };
        match format {
            Format::Text => {
                let problem =
                    line.problem.as_deref().map(|text| format!("; {}", Safe::escape(text)));
                writeln!(
                    out,
                    "{}: {}, {} records, chain {}{}",
                    Safe::escape(&line.session),
                    line.state,
                    line.records,
                    line.chain,
                    problem.unwrap_or_default()
                )?;
            }
            Format::Jsonl => put(out, &line)?,
        }
        exit = match state {
            State::Broken => Exit::Broken,
            State::Torn if exit == Exit::Fine => Exit::Findings,
            State::Torn | State::Open | State::Ended => exit,
        };
    }
    Ok(exit)
}

fn put(out: &mut impl io::Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

fn local_time(at: At) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
        .map_or_else(
            || at.0.to_string(),
            |time| {
                let zoned = time.to_zoned(jiff::tz::TimeZone::system());
                zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
            },
        )
}
