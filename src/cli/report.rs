//! `tollgate report`: what of the published lists is covered, by what, what is not, and what was found of it.

mod cover;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use self::cover::{NOT_COVERED, PROTECTIONS, owasp_of};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals::{self, State};
use crate::engine::Facts;
use crate::inspect::owasp::{LISTS, List};
use crate::inspect::rules;

/// Version of the JSON lines.
const LINES_VERSION: u32 = 1;

/// Arguments of `tollgate report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// By the entries of OWASP's lists, with how often recordings have a finding of each.
    #[arg(long, required = true)]
    owasp: bool,
    /// Count findings of this recording, a session's name or a file; may be given again. Else those of all recordings.
    #[arg(long = "recording", value_name = "NAME")]
    recordings: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object for each entry.
    Jsonl,
    /// Tables for a page.
    Markdown,
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(report(args))
}

/// One entry of a list.
#[derive(Serialize)]
struct Row<'a> {
    v: u32,
    list: &'a str,
    version: &'a str,
    id: &'a str,
    title: &'a str,
    protections: Vec<&'a str>,
    rules: Vec<&'a str>,
    not_covered: Vec<&'a str>,
    findings: u64,
}

impl<'a> Row<'a> {
    fn new(list: &'a List, (id, title): (&'a str, &'a str), findings: u64) -> Self {
        let protections = PROTECTIONS.iter().filter(|one| one.owasp.contains(&id));
        let found = rules().into_iter().filter(|rule| rule.owasp.contains(&id));
        let gaps = NOT_COVERED.iter().filter(|(of, _)| *of == id);
        Self {
            v: LINES_VERSION,
            list: list.name,
            version: list.version,
            id,
            title,
            protections: protections.map(|one| one.what).collect(),
            rules: found.map(|rule| rule.id).collect(),
            not_covered: gaps.map(|(_, what)| *what).collect(),
            findings,
        }
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { id, title, protections, rules, not_covered, findings, .. } = self;
        writeln!(out, "  {id} {title}")?;
        for what in protections {
            writeln!(out, "    {what}")?;
        }
        if !rules.is_empty() {
            writeln!(out, "    detection: {}", rules.join(", "))?;
        }
        for what in not_covered {
            writeln!(out, "    not covered: {what}")?;
        }
        if *findings > 0 {
            writeln!(out, "    findings: {findings}")?;
        }
        Ok(())
    }

    fn markdown(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { id, title, protections, rules, not_covered, findings, .. } = self;
        let rules = rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
        let (protections, gaps) = (protections.join("; "), not_covered.join("; "));
        writeln!(out, "| {id} {title} | {protections} | {rules} | {gaps} | {findings} |")
    }
}

fn report(args: &Args) -> Result<Exit, Failure> {
    let (counts, problem) = counted(&args.recordings)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for list in &LISTS {
        let List { name, version, url, entries } = list;
        match args.format {
            Format::Text => writeln!(out, "{name} {version} ({url})")?,
            Format::Jsonl => {}
            Format::Markdown => {
                writeln!(out, "## [{name} {version}]({url})\n")?;
                writeln!(out, "| entry | protection | detection | not covered | findings |")?;
                writeln!(out, "|---|---|---|---|---|")?;
            }
        }
        for (id, title) in *entries {
            let row = Row::new(list, (id, title), counts.get(id).copied().unwrap_or_default());
            match args.format {
                Format::Text => row.text(&mut out)?,
                Format::Markdown => row.markdown(&mut out)?,
                Format::Jsonl => {
                    serde_json::to_writer(&mut out, &row).map_err(io::Error::from)?;
                    writeln!(out)?;
                }
            }
        }
        if args.format == Format::Markdown {
            writeln!(out)?;
        }
    }
    out.flush()?;
    problem.map_or(Ok(Exit::Fine), |what| Err(Failure::new(Exit::Broken, what)))
}

/// How many findings recordings have of each entry, and what is wrong with the first that is broken: what stands before
/// that counts.
fn counted(names: &[String]) -> Result<(BTreeMap<&'static str, u64>, Option<String>), Failure> {
    let paths: Vec<PathBuf> = if names.is_empty() {
        journals::all()?
    } else {
        names.iter().map(|name| journals::find(name)).collect::<Result<_, _>>()?
    };
    let (mut counts, mut problem) = (BTreeMap::new(), None);
    for path in paths {
        let scan = journals::scan(&path, |record, _| {
            if let Some(facts) = &record.facts {
                count(facts, &mut counts);
            }
            Ok::<(), Failure>(())
        })?;
        if scan.state == State::Broken && problem.is_none() {
            let what = scan.problem.unwrap_or_default();
            problem = Some(format!("{}: {what}", journals::name_of(&path)));
        }
    }
    Ok((counts, problem))
}

fn count(facts: &Facts, counts: &mut BTreeMap<&'static str, u64>) {
    for finding in facts.counted() {
        for id in owasp_of(&finding.rule) {
            *counts.entry(id).or_default() += 1;
        }
    }
    for member in &facts.members {
        count(member, counts);
    }
}
