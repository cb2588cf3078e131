//! `tollgate pins`: what tools are to be, and how to forget it.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use crate::catalog::{Fingerprint, Kind};
use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::gate::client::{self, Start};
use crate::store::pins::Pins;
use crate::text::Safe;
use crate::wire::Command;

/// Version of the lines that `list` prints.
const LINES_VERSION: u32 = 1;

/// Arguments of `tollgate pins`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print every tool that is pinned, with the fingerprint of its definition.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Forget what a server's tools are to be: the next session takes what it sees first.
    Revoke {
        /// The server's name.
        server: String,
        /// One of its tools; else all.
        tool: Option<String>,
    },
}

/// Runs the subcommand.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    exit::finish(match &args.what {
        What::List { format } => list(*format),
        What::Revoke { server, tool } => revoke(server, tool.as_deref()),
    })
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    event: &'static str,
    server: &'a str,
    command: &'a [String],
    tool: &'a str,
    fingerprint: &'a str,
}

fn list(format: Format) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Fine;
    for (path, pins) in Pins::all(&operator::home()?.pins_dir())? {
        let pins = match pins {
            Ok(pins) => pins,
            Err(error) => {
                out.flush()?;
                let path = path.display();
                exit::say(
                    Exit::Broken,
                    format_args!(
                        "read the pins {path}: {error}; calls of that server ask until `tollgate pins revoke` or the file is mended"
                    ),
                );
                exit = Exit::Broken;
                continue;
            }
        };
        let tools = pins.pins.get(&Kind::Tool).into_iter().flatten();
        for (tool, text) in tools.filter_map(|(tool, pin)| Some((tool, pin.text.as_ref()?))) {
            let fingerprint = Fingerprint::of(text);
            match format {
                Format::Jsonl => {
                    let line = Line {
                        v: LINES_VERSION,
                        event: "pin",
                        server: &pins.server,
                        command: &pins.command,
                        tool,
                        fingerprint: fingerprint.hex(),
                    };
                    serde_json::to_writer(&mut out, &line).map_err(io::Error::from)?;
                    writeln!(out)?;
                }
                Format::Text => {
                    let short = fingerprint.short();
                    let name = Safe::escape(&format!("{}.{tool}", pins.server));
                    writeln!(out, "{short}  {name}  {}", Safe::escape(&pins.command.join(" ")))?;
                }
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn revoke(server: &str, tool: Option<&str>) -> Result<Exit, Failure> {
    let command = Command::Revoke { server: server.to_owned(), tool: tool.map(str::to_owned) };
    // Started if there is none: who may is the gate's to say.
    let reply = client::command(&operator::home()?, Start::IfNeeded, command);
    let reply = reply.map_err(|error| Failure::new(Exit::NoGate, format!("failed to {error}")))?;
    operator::done(reply)
}
