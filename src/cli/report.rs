//! `tollgate report`: what of the published lists is covered, by what, and what is not.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::exit::{self, Exit, Failure};
use crate::inspect::owasp::LISTS;
use crate::inspect::rules;

/// Arguments of `tollgate report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// By the entries of OWASP's lists.
    #[arg(long, required = true)]
    owasp: bool,
}

/// Runs the subcommand.
#[must_use]
pub fn main(_: &Args) -> ExitCode {
    exit::finish(report())
}

/// What protects beside the rules of detection, and against what.
const PROTECTIONS: &[(&str, &[&str])] = &[
    ("roles: a session's tools are those of its role", &["ASI02", "ASI03", "MCP02", "MCP07"]),
    (
        "pins: definitions are approved once, and a change is shown before it is called",
        &["ASI04", "MCP03", "MCP04", "MCP09"],
    ),
    ("rules, argument policies and budgets", &["ASI02", "MCP02", "MCP05", "MCP10"]),
    ("answers are stripped, masked or withheld", &["ASI01", "ASI06", "MCP06", "MCP10"]),
    (
        "approval of the exact bytes, shown with what nobody sees",
        &["ASI02", "ASI09", "MCP02", "MCP06"],
    ),
    ("recordings without secrets, chained by hashes, replayed", &["ASI10", "MCP01", "MCP08"]),
    ("hold, pause and stop of sessions", &["ASI08", "ASI10"]),
];
/// What a firewall of tool calls does not see.
const NOT_COVERED: &[(&str, &str)] = &[
    ("ASI06", "what a model or an agent keeps in its own memory"),
    ("ASI07", "what agents say to each other beside tools"),
    ("ASI10", "what goes wrong within a model without a call of a tool"),
    ("MCP07", "how a remote server knows its users"),
];

fn report() -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let rules = rules();
    for list in &LISTS {
        writeln!(out, "{} {} ({})", list.name, list.version, list.url)?;
        for (id, title) in list.entries {
            writeln!(out, "  {id} {title}")?;
            for (what, of) in PROTECTIONS {
                if of.contains(id) {
                    writeln!(out, "    {what}")?;
                }
            }
            let found = rules.iter().filter(|rule| rule.owasp.contains(id));
            let found: Vec<&str> = found.map(|rule| rule.id).collect();
            if !found.is_empty() {
                writeln!(out, "    detection: {}", found.join(", "))?;
            }
            for (_, what) in NOT_COVERED.iter().filter(|(of, _)| of == id) {
                writeln!(out, "    not covered: {what}")?;
            }
        }
    }
    Ok(Exit::Fine)
}
