//! `tollgate scan`: what detectors say of definitions, results and calls in files, and of what an agent's servers say,
//! without a gate.

mod agent;
mod file;
mod hide;
mod place;
mod sarif;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use self::place::Place;
use self::sarif::Log;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::servers::AGENTS;
use crate::inspect::{Kind, Placed, Report, Severity, Worth};
use crate::text::Safe;

/// Arguments of `tollgate scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files: an answer to tools/list, or lines `{"id", "server", "tool": {…}}`, `{"id", "text"}` or
    /// `{"id", "call": {"name", "arguments"}}`; `-`: stdin.
    #[arg(required_unless_present = "agent")]
    files: Vec<PathBuf>,
    /// The servers of this agent's configuration instead: each is shown, started after a question, and asked what it has.
    #[arg(long, value_parser = AGENTS, conflicts_with_all = ["files", "kind"])]
    agent: Option<String>,
    /// Start all of them without asking.
    #[arg(long, requires = "agent", conflicts_with = "files")]
    yes: bool,
    /// What the inputs are; else a `tool` is a definition and a `text` a result. A `call` is always one.
    #[arg(long, value_enum)]
    kind: Option<What>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object for each input.
    Jsonl,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// What a server says of itself or of what it has.
    Definition,
    /// What it answers to be read.
    Result,
    /// What an agent sends to a tool.
    Argument,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(scan(args))
}

/// One input, as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    verdict: &'static str,
    score: f64,
    findings: Vec<FindingLine<'a>>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    rule: Cow<'static, str>,
    severity: Severity,
    path: &'a str,
    span: [usize; 2],
    evidence: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decoded: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    because: &'a [String],
    owasp: &'static [&'static str],
}

/// One input and what was found in it.
struct Input<'a> {
    id: Option<String>,
    server: Option<String>,
    tool: Option<String>,
    report: Report,
    /// Where it stands, in a file.
    place: Option<InFile<'a>>,
}

/// Where an input stands.
#[derive(Clone, Copy)]
struct InFile<'a> {
    file: &'a Path,
    /// Where what was looked at begins.
    at: Place,
    /// It, as it stands there.
    value: &'a str,
}

/// One run of a scan.
struct Scan<W> {
    format: Format,
    out: W,
    log: Log,
    inputs: u64,
    reviewed: u64,
    blocked: u64,
}

impl<W: Write> Scan<W> {
    /// Counts an input, and prints what was found in it.
    fn put(&mut self, input: &Input<'_>) -> Result<(), Failure> {
        self.inputs += 1;
        match input.report.worth() {
            Worth::Clean => {}
            Worth::Review => self.reviewed += 1,
            Worth::Block => self.blocked += 1,
        }
        match self.format {
            Format::Jsonl => {
                let line = Line {
                    id: input.id.as_deref(),
                    server: input.server.as_deref(),
                    tool: input.tool.as_deref(),
                    verdict: input.report.worth().word(),
                    score: score(&input.report),
                    findings: input.report.found.iter().map(finding).collect(),
                };
                serde_json::to_writer(&mut self.out, &line).map_err(io::Error::from)?;
                writeln!(self.out)?;
            }
            Format::Text => put(input, &mut self.out)?,
            Format::Sarif => self.log.add(input),
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<Exit> {
        let Self { inputs, reviewed, blocked, .. } = self;
        match self.format {
            Format::Jsonl => {}
            Format::Text => {
                let clean = inputs - reviewed - blocked;
                writeln!(
                    self.out,
                    "inputs {inputs}: clean {clean}, to review {reviewed}, to block {blocked}"
                )?;
            }
            Format::Sarif => self.log.write(&mut self.out)?,
        }
        self.out.flush()?;
        Ok(if reviewed + blocked > 0 { Exit::Findings } else { Exit::Fine })
    }
}

fn scan(args: &Args) -> Result<Exit, Failure> {
    let out = BufWriter::new(io::stdout().lock());
    let log = Log::default();
    let mut scan = Scan { format: args.format, out, log, inputs: 0, reviewed: 0, blocked: 0 };
    let kind = args.kind.map(|what| match what {
        What::Definition => Kind::Definition,
        What::Result => Kind::Result,
        What::Argument => Kind::Argument,
    });
    let mut all = true;
    if let Some(agent) = &args.agent {
        all = agent::scan(agent, args.yes, &mut scan)?;
    }
    for file in &args.files {
        file::scan(file, kind, &mut scan)?;
    }
    let exit = scan.end()?;
    // What could not be asked was said, and what was is printed.
    Ok(if all { exit } else { Exit::Broken })
}

/// 1 for what is blocked, else how much of an order it is; from 0.5 on a person should look.
fn score(report: &Report) -> f64 {
    match report.worth() {
        Worth::Block => 1.0,
        Worth::Clean | Worth::Review => f64::from(report.score) / 1000.0,
    }
}

fn finding(placed: &Placed) -> FindingLine<'_> {
    let Placed { path, found, severity } = placed;
    FindingLine {
        rule: found.id(),
        severity: *severity,
        path,
        span: [found.span.start, found.span.end],
        evidence: &found.evidence,
        decoded: found.steps.iter().map(|step| step.word()).collect(),
        because: &found.because,
        owasp: found.rule.owasp,
    }
}

/// What an input is called.
fn called(input: &Input<'_>) -> String {
    let name = [input.server.as_deref(), input.tool.as_deref().or(input.id.as_deref())];
    name.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// What was found alone; what is clean is counted.
fn put(input: &Input<'_>, out: &mut impl Write) -> io::Result<()> {
    let report = &input.report;
    if report.found.is_empty() {
        return Ok(());
    }
    let name = called(input);
    writeln!(out, "{}: {}", Safe::escape(&name), report.worth().word())?;
    for Placed { path, found, .. } in &report.found {
        let (start, end) = (found.span.start, found.span.end);
        let place = Safe::escape(path);
        writeln!(out, "  {} at {place} bytes {start} to {end}: {}", found.id(), found.rule.why)?;
        if !found.because.is_empty() {
            writeln!(out, "    because of {}", Safe::escape(&found.because.join(", ")))?;
        }
        for step in &found.steps {
            writeln!(out, "    behind {}", step.word())?;
        }
        writeln!(out, "    | {}", Safe::escape(&found.evidence))?;
    }
    Ok(())
}
