//! `tollgate replay`: a recording again, as lines.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals;

/// Arguments of `tollgate replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session's name, or a file.
    recording: String,
    /// Print instead of opening a console.
    #[arg(long)]
    headless: bool,
    /// How to print; the records are JSON lines.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    let Args { recording, headless, format } = args;
    exit::finish(run(&recording, headless, format))
}

fn run(recording: &str, headless: bool, format: Format) -> Result<Exit, Failure> {
    if !headless {
        return Err(Failure::new(
            Exit::Usage,
            "playback in the console does not exist yet: add --headless to print the records",
        ));
    }
    match format {
        Format::Jsonl => print(&mut BufWriter::new(io::stdout().lock()), recording),
        Format::Text => Err(Failure::new(
            Exit::Usage,
            "replay prints JSON lines; `tollgate sessions show` prints a recording as text",
        )),
    }
}

/// The records as they were written, verified on the way.
pub(in crate::cli) fn print(out: &mut impl io::Write, recording: &str) -> Result<Exit, Failure> {
    let path = journals::find(recording)?;
    let scan = journals::scan(&path, |_, line| {
        out.write_all(line)?;
        out.write_all(b"\n")?;
        Ok::<_, Failure>(())
    })?;
    journals::end(out, scan)
}
