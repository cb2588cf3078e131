//! `tollgate pins diff`: what a home has pinned beside what a lock says.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use crate::catalog::diff::diff;
use crate::catalog::lock::{Block, each};
use crate::catalog::{Change, Fingerprint, Kind};
use crate::cli::exit::{Exit, Failure};
use crate::cli::operator;
use crate::store::lock::knowledge;
use crate::store::pins::Pins;
use crate::text::Safe;

use super::counted;

pub(super) fn run(given: Option<&Path>) -> Result<Exit, Failure> {
    let read = super::read(given)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut pinned = Vec::new();
    for (path, pins) in Pins::all(&operator::home()?.pins_dir())? {
        let pins = pins.map_err(|error| {
            let what = format!("failed to read the pins {}: {error}", path.display());
            Failure::new(Exit::Broken, what)
        })?;
        pinned.push(pins);
    }
    let mut differences = 0;
    for (server, block) in &read.lock.blocks {
        let homes: Vec<&Pins> = pinned.iter().filter(|pins| pins.server == *server).collect();
        if homes.is_empty() {
            let name = Safe::escape(server);
            writeln!(out, "{name}: this home has pinned nothing of it")?;
            differences += 1;
        }
        for pins in homes {
            differences += print(&mut out, server, block, pins)?;
        }
    }
    let path = Safe::escape(&read.path.to_string_lossy()).into_string();
    writeln!(out, "{} from {path}", counted(differences, "difference"))?;
    out.flush()?;
    Ok(if differences == 0 { Exit::Fine } else { Exit::Findings })
}

/// Prints what differs; how many definitions do.
fn print(out: &mut impl Write, server: &str, block: &Block, pins: &Pins) -> io::Result<usize> {
    let home = knowledge(&pins.pins);
    let mut differences = 0;
    let mut say = |out: &mut dyn Write, kind: Kind, name: &str, what: &str| {
        differences += 1;
        writeln!(out, "{}: {what}", title(server, kind, name))
    };
    for (kind, name, entry) in each(&block.definitions) {
        match home.get(&kind).and_then(|named| named.get(name)) {
            None => say(out, kind, name, "only in the lock")?,
            Some(known) if Fingerprint::of(&known.text) == Fingerprint::of(&entry.text) => {}
            Some(known) => {
                say(out, kind, name, "pinned here as something else than the lock says")?;
                changes(out, &entry.text, &known.text)?;
            }
        }
    }
    for (kind, name, _) in each(&home) {
        if !block.definitions.get(&kind).is_some_and(|named| named.contains_key(name)) {
            say(out, kind, name, "only pinned here")?;
        }
    }
    Ok(differences)
}

/// `files.read_file (tool)`.
pub(super) fn title(server: &str, kind: Kind, name: &str) -> String {
    let dot = if name.is_empty() { "" } else { "." };
    Safe::escape(&format!("{server}{dot}{name} ({})", kind.word())).into_string()
}

/// What differs between two definitions, indented.
pub(super) fn changes(out: &mut dyn Write, before: &str, after: &str) -> io::Result<()> {
    let value = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    for Change { path, what, before, after, .. } in diff(&value(before), &value(after)) {
        writeln!(out, "  {}: {}", Safe::escape(&path), Safe::escape(&what))?;
        for (sign, text) in [('-', before), ('+', after)] {
            if let Some(text) = text {
                writeln!(out, "    {sign} {}", Safe::escape(&text))?;
            }
        }
    }
    Ok(())
}
