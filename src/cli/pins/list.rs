//! `tollgate pins list`.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::catalog::lock::each;
use crate::catalog::{Fingerprint, Kind, Pin, Standing};
use crate::cli::Format;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::operator;
use crate::store::lock::stamp;
use crate::store::pins::Pins;
use crate::text::Safe;

use super::LINES_VERSION;

/// One definition.
#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    event: &'static str,
    server: &'a str,
    command: &'a [String],
    kind: Kind,
    name: &'a str,
    /// `pinned`, `staged`, `refused`.
    standing: Standing,
    /// Of what it is to be, where anything was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Fingerprint>,
    /// Of what is let pass for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<&'a Fingerprint>,
    /// Of what it must not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a Fingerprint>,
    /// Who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    /// When, in microseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
}

pub(super) fn run(format: Format) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Fine;
    for (path, pins) in Pins::all(&operator::home()?.pins_dir())? {
        match pins {
            Ok(pins) => print(&mut out, &pins, format)?,
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
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn print(out: &mut impl Write, pins: &Pins, format: Format) -> io::Result<()> {
    for (kind, name, pin) in each(&pins.pins) {
        let line = line(pins, (kind, name), pin);
        match format {
            Format::Jsonl => super::put(out, &line)?,
            Format::Text => text(out, &line)?,
        }
    }
    Ok(())
}

fn line<'a>(pins: &'a Pins, (kind, name): (Kind, &'a str), pin: &'a Pin) -> Line<'a> {
    let standing = match (&pin.refused, &pin.staged) {
        (Some(_), _) => Standing::Refused,
        (None, Some(_)) => Standing::Staged,
        (None, None) => Standing::Pinned,
    };
    let approval = pin.approval.as_ref();
    Line {
        v: LINES_VERSION,
        event: "pin",
        server: &pins.server,
        command: &pins.command,
        kind,
        name,
        standing,
        fingerprint: pin.text.as_deref().map(Fingerprint::of),
        staged: pin.staged.as_ref().map(|staged| &staged.fingerprint),
        refused: pin.refused.as_ref(),
        by: approval.map(|approval| approval.by.as_str()),
        at: approval.map(|approval| approval.at_us),
    }
}

/// Fingerprint, what, where it stands, who said so and when, of which server.
fn text(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    let shown = line.refused.or(line.staged).or(line.fingerprint.as_ref());
    let short = shown.map_or("-", Fingerprint::short);
    let dot = if line.name.is_empty() { "" } else { "." };
    let name = Safe::escape(&format!("{}{dot}{}", line.server, line.name)).into_string();
    let by = Safe::escape(line.by.unwrap_or("-"));
    let at = line.at.map_or_else(|| "-".to_owned(), stamp);
    let (kind, standing) = (line.kind.word(), line.standing.word());
    let command = Safe::escape(&line.command.join(" "));
    writeln!(out, "{short:12}  {kind:8}  {standing:7}  {name}  {by}  {at}  {command}")
}
