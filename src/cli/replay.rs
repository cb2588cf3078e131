//! `tollgate replay`: a recording again, as lines.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals;
use crate::journal::Flip;
use crate::journal::redecide::Again;

/// Arguments of `tollgate replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session's name, or a file.
    recording: String,
    /// Print instead of opening a console.
    #[arg(long)]
    headless: bool,
    /// Decide the recording again, by the policy that it was `recorded` with, and print what comes out
    /// differently instead of the records.
    #[arg(long, value_enum)]
    policy: Option<By>,
    /// How to print; the records are JSON lines.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
}

/// Which policy decides again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// The one that the recording holds.
    Recorded,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: Args) -> ExitCode {
    let Args { recording, headless, policy, format } = args;
    exit::finish(run(&recording, headless, policy, format))
}

fn run(
    recording: &str,
    headless: bool,
    policy: Option<By>,
    format: Format,
) -> Result<Exit, Failure> {
    if !headless {
        return Err(Failure::new(
            Exit::Usage,
            "playback in the console does not exist yet: add --headless to print the records",
        ));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match (format, policy) {
        (Format::Jsonl, None) => print(&mut out, recording),
        (Format::Jsonl, Some(By::Recorded)) => redecide(&mut out, recording),
        (Format::Text, _) => Err(Failure::new(
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

/// The records that come out differently now.
fn redecide(out: &mut impl io::Write, recording: &str) -> Result<Exit, Failure> {
    let path = journals::find(recording)?;
    let mut again = Again::default();
    let mut flips: u64 = 0;
    let scan = journals::scan(&path, |record, _| {
        if let Some(flip) = again.record(&record) {
            flips += 1;
            let line = FlipLine { v: FLIPS_VERSION, event: "flip", flip };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Ok::<_, Failure>(())
    })?;
    let exit = journals::end(out, scan)?;
    Ok(if flips > 0 { Exit::Findings } else { exit })
}

/// Version of the lines that `--policy` prints.
const FLIPS_VERSION: u32 = 1;

#[derive(Serialize)]
struct FlipLine {
    v: u32,
    event: &'static str,
    flip: Flip,
}
