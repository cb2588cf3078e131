//! `tollgate findings`: what detectors saw in recordings, and which of it is a false alarm.

mod check;
mod collect;

use std::io::{self, BufRead as _, BufWriter, Write};
use std::process::ExitCode;

use self::collect::{Proof, Row, collect, prove};
use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::engine::Severity;
use crate::policy::{Suppression, Wider};
use crate::store::lock::{now_us, stamp};
use crate::store::policies;
use crate::store::suppressed;
use crate::text::Safe;

/// Version of the JSON lines.
const LINES_VERSION: u32 = 1;
/// Places and verdicts that a proof prints; of more it says how many.
const PRINTED_MAX: usize = 20;

/// Arguments of `tollgate findings`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only those of this rule of detection.
    #[arg(long)]
    rule: Option<String>,
    /// Only those of this server.
    #[arg(long)]
    server: Option<String>,
    /// Only those of this tool.
    #[arg(long)]
    tool: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Take a finding for a false alarm: it is told from then on and counts for nothing.
    Suppress {
        /// The finding's id, as `tollgate findings` prints it.
        id: String,
        /// Why it is a false alarm, in a sentence.
        #[arg(long)]
        reason: String,
        /// Suppress more than exactly this text: any text in the field, any field, any tool, any server.
        #[arg(long, value_enum)]
        wider: Option<WiderArg>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Check that each suppression still silences what it was written for.
    Check,
    /// Take a suppression back.
    Unsuppress {
        /// The suppression's id, as `tollgate findings` prints it.
        id: String,
    },
}

/// [`Wider`] on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum WiderArg {
    /// Any text in that field.
    Text,
    /// Any field of that tool.
    Field,
    /// Any tool of that server.
    Tool,
    /// Any server.
    Server,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(match &args.command {
        None => list(args),
        Some(Command::Suppress { id, reason, wider, yes }) => {
            let wider = match wider {
                None => Wider::Not,
                Some(WiderArg::Text) => Wider::Text,
                Some(WiderArg::Field) => Wider::Field,
                Some(WiderArg::Tool) => Wider::Tool,
                Some(WiderArg::Server) => Wider::Server,
            };
            suppress(id, reason, wider, *yes)
        }
        Some(Command::Check) => check::check(),
        Some(Command::Unsuppress { id }) => unsuppress(id),
    })
}

fn list(args: &Args) -> Result<Exit, Failure> {
    let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|it| it == is);
    let (rows, problem) = collect()?;
    let mut out = BufWriter::new(io::stdout().lock());
    for row in rows.values() {
        let spot = &row.spot;
        if !fits(&args.rule, &row.rule)
            || !fits(&args.server, &spot.server)
            || !fits(&args.tool, &spot.tool)
        {
            continue;
        }
        match args.format {
            Format::Text => {
                writeln!(out, "{}", summary(row))?;
                writeln!(out, "    {}", Safe::escape(&row.what))?;
            }
            Format::Jsonl => {
                serde_json::to_writer(&mut out, &row.line(LINES_VERSION))
                    .map_err(io::Error::from)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    problem.map_or(Ok(Exit::Fine), |what| Err(Failure::new(Exit::Broken, what)))
}

/// A finding in a line.
fn summary(row: &Row) -> String {
    let Row { id, rule, severity, spot, count, suppressed, .. } = row;
    let by = suppressed.as_ref().map(|id| format!("  suppressed by {}", Safe::escape(id)));
    format!(
        "{id}  {:<6} {}  {}  {}  {count}x in {}{}",
        word(*severity),
        Safe::escape(rule),
        Safe::escape(&place(&spot.server, &spot.tool)),
        Safe::escape(&spot.field),
        Safe::escape(&row.recordings.iter().cloned().collect::<Vec<_>>().join(", ")),
        by.unwrap_or_default()
    )
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

fn place(server: &str, tool: &str) -> String {
    if tool.is_empty() { server.to_owned() } else { format!("{server}.{tool}") }
}

fn suppress(id: &str, reason: &str, wider: Wider, yes: bool) -> Result<Exit, Failure> {
    let usage = |why: String| Failure::new(Exit::Usage, why);
    let home = operator::home()?;
    let (rows, problem) = collect()?;
    let Some(row) = rows.get(id) else {
        let broken = problem.map(|what| format!(" ({what})")).unwrap_or_default();
        return Err(usage(format!(
            "suppress {id}: no recording has such a finding{broken}; `tollgate findings` names them all"
        )));
    };
    let (by, at) = (format!("user {}", rustix::process::getuid().as_raw()), stamp(now_us()));
    let one = Suppression::of(&row.rule, &row.spot, wider, (reason, &by, &at));
    let Some(one) = one.map(|one| Suppression { seen: Some(row.seen.clone()), ..one }) else {
        return Err(usage(format!(
            "suppress {id}: recordings do not tell its text, because a secret or a person's data is in it, or because it is \
             about none; give --wider text for any text in this field"
        )));
    };
    operator::only(&home, "findings suppress")?;
    let proof = prove(&rows, &one)?;
    let mut out = io::stdout().lock();
    explain(&mut out, row, &one, &proof)?;
    if let Some(what) = problem {
        writeln!(out, "Not all could be looked at: {}", Safe::escape(&what))?;
    }
    if !yes {
        write!(out, "Suppress it? [y/N] ")?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "yes") {
            writeln!(out, "Nothing was written.")?;
            return Ok(Exit::Refused);
        }
    }
    let written = suppressed::change(&home, &at, |was| Ok(suppressed::with(was, &one)));
    written.map_err(|why| Failure::new(Exit::Broken, format!("failed to {why}")))?;
    writeln!(
        out,
        "{}: written to {}; it holds in sessions that begin now, and in those that run once you confirm their changed policy \
         in `tollgate console`",
        one.id,
        Safe::escape(&policies::suppressions(&home).to_string_lossy())
    )?;
    Ok(Exit::Fine)
}

/// What was seen, what would be written, and what follows.
fn explain(out: &mut impl Write, row: &Row, one: &Suppression, proof: &Proof) -> io::Result<()> {
    writeln!(out, "{}", summary(row))?;
    writeln!(out, "    {}", Safe::escape(&row.what))?;
    writeln!(out, "The suppression:")?;
    for (key, value) in [
        ("id", &one.id),
        ("finding", &one.finding),
        ("server", &one.server),
        ("tool", &one.tool),
        ("field", &one.field),
        ("text", &one.text),
        ("reason", &one.reason),
        ("by", &one.by),
        ("at", &one.at),
        ("seen", &row.seen),
    ] {
        writeln!(out, "    {key:<8} {}", Safe::escape(value))?;
    }
    let places = proof.silenced.len();
    let s = if places == 1 { "" } else { "s" };
    writeln!(
        out,
        "It silences {} of all recordings' findings, at {places} place{s}:",
        proof.findings
    )?;
    for row in proof.silenced.iter().take(PRINTED_MAX) {
        writeln!(out, "    {}", summary(row))?;
    }
    if let Some(more @ 1..) = places.checked_sub(PRINTED_MAX) {
        writeln!(out, "    and {more} more")?;
    }
    if proof.flips.is_empty() {
        return writeln!(out, "No recorded verdict or answer becomes another one.");
    }
    writeln!(out, "What becomes another in recordings: {}", proof.flips.len())?;
    for flip in proof.flips.iter().take(PRINTED_MAX) {
        writeln!(out, "    {}", Safe::escape(flip))?;
    }
    if let Some(more @ 1..) = proof.flips.len().checked_sub(PRINTED_MAX) {
        writeln!(out, "    and {more} more")?;
    }
    Ok(())
}

fn unsuppress(id: &str) -> Result<Exit, Failure> {
    let home = operator::home()?;
    operator::only(&home, "findings unsuppress")?;
    let change = suppressed::change(&home, &stamp(now_us()), |was| {
        let was = was.unwrap_or_default();
        let now = suppressed::without(was, id);
        if now == was || was.is_empty() {
            return Err(format!(
                "take {id} back: it is not in {} as `tollgate findings suppress` writes it",
                policies::suppressions(&home).display()
            ));
        }
        Ok(now)
    });
    change.map_err(|why| Failure::new(Exit::Usage, format!("failed to {why}")))?;
    writeln!(io::stdout().lock(), "{}: taken back", Safe::escape(id))?;
    Ok(Exit::Fine)
}
