//! `tollgate replay`: a recording again, in the console's panes or as lines, also by another policy.

use std::io::{self, BufWriter};
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::Format;
use crate::cli::console::{self, Look};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals;
use crate::console::Beside;
use crate::console::model::compare::Sign;
use crate::console::model::{Call, Model};
use crate::journal::Flip;
use crate::journal::redecide::{Again, Instead};
use crate::policy::Verdict;
use crate::store::policies;

/// What `--policy` says for the policy that the recording holds.
const RECORDED: &str = "recorded";

/// Arguments of `tollgate replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session's name, or a file.
    recording: String,
    /// Print instead of opening a console.
    #[arg(long)]
    headless: bool,
    /// Decide the recording again: by a shipped policy, a policy file, or the one that it was `recorded`
    /// with. The console shows where the verdicts differ; `--headless` prints that instead of the records.
    #[arg(long, value_name = "POLICY|recorded")]
    policy: Option<String>,
    /// Show another recording beside it, a call beside the same call; `--headless` prints the calls that
    /// differ.
    #[arg(long, value_name = "RECORDING", conflicts_with = "policy")]
    compare: Option<String>,
    /// How to print; the records are JSON lines.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    #[command(flatten)]
    look: Look,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(run(args))
}

fn run(args: &Args) -> Result<Exit, Failure> {
    let instead = args.policy.as_deref().map(instead).transpose()?;
    let other = args.compare.as_deref().map(journals::find).transpose()?;
    if !args.headless {
        let path = journals::find(&args.recording)?;
        let beside = Beside { policy: instead.flatten(), recording: other };
        return console::play(&path, &journals::name_of(&path), beside, &args.look);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if let Some(other) = other {
        return compare(&mut out, &journals::find(&args.recording)?, &other);
    }
    match (args.format, instead) {
        (Format::Jsonl, None) => print(&mut out, &args.recording),
        (Format::Jsonl, Some(instead)) => redecide(&mut out, &args.recording, instead),
        (Format::Text, _) => Err(Failure::new(
            Exit::Usage,
            "replay prints JSON lines; `tollgate sessions show` prints a recording as text",
        )),
    }
}

/// The policy to decide by; `None` for the recorded one.
fn instead(policy: &str) -> Result<Option<Instead>, Failure> {
    if policy == RECORDED {
        return Ok(None);
    }
    let instead = Instead::read(policy, 0, policies::read);
    instead.map(Some).map_err(|why| Failure::new(Exit::Usage, format!("failed to {why}")))
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

/// The records that come out differently now. By another policy only verdicts count: with them go the
/// effects, and the answers to tickets that are none any more.
fn redecide(
    out: &mut impl io::Write,
    recording: &str,
    instead: Option<Instead>,
) -> Result<Exit, Failure> {
    let path = journals::find(recording)?;
    let verdicts_alone = instead.is_some();
    let mut again = instead.map_or_else(Again::default, Again::by);
    let mut flips: u64 = 0;
    let scan = journals::scan(&path, |record, _| {
        let flip = again.record(&record).filter(|flip| !verdicts_alone || flip.is_verdict());
        if let Some(flip) = flip {
            flips += 1;
            put_flip(out, None, &flip)?;
        }
        Ok::<_, Failure>(())
    })?;
    let exit = journals::end(out, scan)?;
    Ok(if flips > 0 { Exit::Findings } else { exit })
}

/// The calls that two recordings do not have in common, or that ended otherwise.
fn compare(out: &mut impl io::Write, first: &Path, second: &Path) -> Result<Exit, Failure> {
    let broken = |error| Failure::new(Exit::Broken, format!("failed to compare: {error}"));
    let compare = crate::console::compare(first, second).map_err(broken)?;
    for at in 0..compare.pairs.len() {
        let Some(sign) = compare.sign(at).filter(|sign| *sign != Sign::Same) else { continue };
        let (first, second) = compare.calls(at).unwrap_or_default();
        let line = DifferenceLine {
            v: FLIPS_VERSION,
            event: "difference",
            kind: sign.word(),
            first: first.map(|call| CallLine::new(&compare.first, call)),
            second: second.map(|call| CallLine::new(&compare.second, call)),
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(if compare.differences > 0 { Exit::Findings } else { Exit::Fine })
}

#[derive(Serialize)]
struct DifferenceLine<'a> {
    v: u32,
    event: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<CallLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<CallLine<'a>>,
}

/// A call as both sides of a difference tell it. Names are escaped, as in panes.
#[derive(Serialize)]
struct CallLine<'a> {
    call: u64,
    server: &'a str,
    name: &'a str,
    outcome: &'static str,
    verdict: Option<Verdict>,
    rule: Option<&'a str>,
}

impl<'a> CallLine<'a> {
    fn new(model: &'a Model, call: &Call) -> Self {
        let name = |id| model.names.get(id).as_str();
        Self {
            call: call.call.0,
            server: name(call.server),
            name: name(call.name),
            outcome: call.state.word(),
            verdict: call.verdict,
            rule: call.rule.map(name),
        }
    }
}

/// Version of the lines that `--policy` and `--compare` print.
const FLIPS_VERSION: u32 = 1;

#[derive(Serialize)]
struct FlipLine<'a> {
    v: u32,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<&'a str>,
    flip: &'a Flip,
}

/// One call that is decided otherwise, as a line for programs; of which recording, where that is not plain.
pub(in crate::cli) fn put_flip(
    out: &mut impl io::Write,
    recording: Option<&str>,
    flip: &Flip,
) -> io::Result<()> {
    let line = FlipLine { v: FLIPS_VERSION, event: "flip", recording, flip };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}
