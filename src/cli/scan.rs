//! `tollgate scan`: what detectors say of definitions and results in files, without a gate.

mod sarif;

use std::borrow::Cow;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::sarif::Log;
use crate::cli::exit::{self, Exit, Failure};
use crate::inspect::{Call, Kind, Placed, Report, Severity, Worth};
use crate::text::Safe;

/// Longest file that is read as one value: a list of some ten thousand tools.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Arguments of `tollgate scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files: an answer to tools/list, or lines `{"id", "server", "tool": {…}}`, `{"id", "text"}` or
    /// `{"id", "call": {"name", "arguments"}}`; `-`: stdin.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the inputs are; else a `tool` is a definition and a `text` a result.
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

/// A line of input.
#[derive(Deserialize)]
struct Input<'a> {
    id: Option<String>,
    server: Option<String>,
    #[serde(borrow)]
    tool: Option<&'a RawValue>,
    text: Option<String>,
    #[serde(borrow)]
    call: Option<Called<'a>>,
}

/// A call of a tool, as an agent sends it.
#[derive(Deserialize)]
struct Called<'a> {
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// A list of tools, as a server answers it, bare or in its envelope.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    result: Option<Box<List<'a>>>,
    server: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

/// What is counted.
#[derive(Default)]
struct Counts {
    inputs: u64,
    reviewed: u64,
    blocked: u64,
}

/// How inputs are read and findings printed.
struct How<'a> {
    kind: Option<Kind>,
    format: Format,
    /// What is being read, and which line of it.
    file: &'a str,
    line: usize,
}

fn scan(args: &Args) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut counts = Counts::default();
    let kind = args.kind.map(|what| match what {
        What::Definition => Kind::Definition,
        What::Result => Kind::Result,
        What::Argument => Kind::Argument,
    });
    let mut log = Log::default();
    for file in &args.files {
        let name = file.to_string_lossy();
        let mut how = How { kind, format: args.format, file: &name, line: 1 };
        of_file(file, &mut how, &mut counts, (&mut out, &mut log))?;
    }
    if args.format == Format::Sarif {
        log.write(&mut out)?;
    }
    if args.format == Format::Text {
        let Counts { inputs, reviewed, blocked } = counts;
        let clean = inputs - reviewed - blocked;
        writeln!(out, "inputs {inputs}: clean {clean}, to review {reviewed}, to block {blocked}")?;
    }
    out.flush()?;
    let found = counts.reviewed + counts.blocked > 0;
    Ok(if found { Exit::Findings } else { Exit::Fine })
}

fn of_file(
    file: &Path,
    how: &mut How<'_>,
    counts: &mut Counts,
    (out, log): (&mut impl Write, &mut Log),
) -> Result<(), Failure> {
    let broken =
        |why: String| Failure::new(Exit::Broken, format!("scan {}: {why}", file.display()));
    let io = |error: io::Error| broken(error.to_string());
    let mut text = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(io)?)
    };
    let mut source = BufReader::new(source.take(FILE_BYTES_MAX + 1));
    source.read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(broken(format!("more than {FILE_BYTES_MAX} bytes; split it")));
    }
    if let Ok(list) = serde_json::from_str::<List<'_>>(&text)
        && let Some(tools) = list.tools.or_else(|| list.result.and_then(|result| result.tools))
    {
        for tool in tools {
            let input = Input {
                id: None,
                server: list.server.clone(),
                tool: Some(tool),
                text: None,
                call: None,
            };
            of_input(&input, how, counts, (&mut *out, &mut *log))?;
        }
        return Ok(());
    }
    for (number, line) in text.as_bytes().lines().enumerate() {
        let line = line.map_err(io)?;
        if line.trim().is_empty() {
            continue;
        }
        let input: Input<'_> = serde_json::from_str(&line).map_err(|error| {
            broken(format!("line {}: it is no input of a scan: {error}", number + 1))
        })?;
        if input.tool.is_none() && input.text.is_none() && input.call.is_none() {
            let why = format!("line {}: it has neither tool nor text nor call", number + 1);
            return Err(broken(why));
        }
        how.line = number + 1;
        of_input(&input, how, counts, (&mut *out, &mut *log))?;
    }
    Ok(())
}

fn of_input(
    input: &Input<'_>,
    how: &How<'_>,
    counts: &mut Counts,
    (out, log): (&mut impl Write, &mut Log),
) -> Result<(), Failure> {
    let report = match (input.tool, &input.text, &input.call) {
        (Some(tool), ..) => Report::of_value(tool.get(), how.kind.unwrap_or(Kind::Definition)),
        (None, Some(text), _) => Report::of_text(text, how.kind.unwrap_or(Kind::Result)),
        (None, None, Some(call)) => {
            let arguments = call.arguments.map_or("{}", RawValue::get);
            Call::new(&call.name, arguments).inspected()
        }
        (None, None, None) => Report::default(),
    };
    let named = input.tool.and_then(|tool| serde_json::from_str::<Named>(tool.get()).ok());
    let tool = named.and_then(|named| named.name);
    let tool = tool.or_else(|| input.call.as_ref().map(|call| call.name.clone()));
    counts.inputs += 1;
    match report.worth() {
        Worth::Clean => {}
        Worth::Review => counts.reviewed += 1,
        Worth::Block => counts.blocked += 1,
    }
    match how.format {
        Format::Jsonl => {
            let line = Line {
                id: input.id.as_deref(),
                server: input.server.as_deref(),
                tool: tool.as_deref(),
                verdict: report.worth().word(),
                score: score(&report),
                findings: report.found.iter().map(finding).collect(),
            };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Format::Text => put(input, tool.as_deref(), &report, out)?,
        Format::Sarif => {
            let name = called(input, tool.as_deref());
            for placed in &report.found {
                log.add(how.file, how.line, &name, placed);
            }
        }
    }
    Ok(())
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
fn called(input: &Input<'_>, tool: Option<&str>) -> String {
    let name = [input.server.as_deref(), tool.or(input.id.as_deref())];
    name.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// What was found alone; what is clean is counted.
fn put(
    input: &Input<'_>,
    tool: Option<&str>,
    report: &Report,
    out: &mut impl Write,
) -> io::Result<()> {
    if report.found.is_empty() {
        return Ok(());
    }
    let name = called(input, tool);
    writeln!(out, "{}: {}", Safe::escape(&name), report.worth().word())?;
    for Placed { path, found, .. } in &report.found {
        let (start, end) = (found.span.start, found.span.end);
        let place = Safe::escape(path);
        writeln!(out, "  {} at {place} bytes {start} to {end}: {}", found.id(), found.rule.why)?;
        if !found.because.is_empty() {
            writeln!(out, "    because of {}", found.because.join(", "))?;
        }
        for step in &found.steps {
            writeln!(out, "    behind {}", step.word())?;
        }
        writeln!(out, "    | {}", Safe::escape(&found.evidence))?;
    }
    Ok(())
}
