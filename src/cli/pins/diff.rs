//! `tollgate pins diff`: what a home has pinned beside what a lock says.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::diff::diff;
use crate::catalog::lock::{Block, Package, each};
use crate::catalog::{Change, Fingerprint, Kind};
use crate::cli::Format;
use crate::cli::exit::{Exit, Failure};
use crate::cli::operator;
use crate::store::lock::knowledge;
use crate::store::pins::Pins;
use crate::text::Safe;

use super::{LINES_VERSION, counted};

/// What differs.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum How {
    /// This home has pinned nothing of the server.
    NothingPinned,
    OnlyInLock,
    OnlyPinned,
    /// Pinned as something else than the lock says.
    Changed,
    /// Installed from another package, or another version of it.
    Package,
}

/// One difference.
#[derive(Serialize)]
struct Difference<'a> {
    v: u32,
    event: &'static str,
    server: &'a str,
    how: How,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// From what the lock says to what is pinned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
    /// What the lock is about, and what runs here; `null`: that is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<[Option<String>; 2]>,
}

impl<'a> Difference<'a> {
    fn new(server: &'a str, how: How, what: Option<(Kind, &'a str)>) -> Self {
        Self {
            v: LINES_VERSION,
            event: "difference",
            server,
            how,
            kind: what.map(|(kind, _)| kind),
            name: what.map(|(_, name)| name),
            changes: Vec::new(),
            packages: None,
        }
    }
}

pub(super) fn run(given: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let read = super::read(given)?;
    let mut pinned = Vec::new();
    for (path, pins) in Pins::all(&operator::home()?.pins_dir())? {
        let pins = pins.map_err(|error| {
            let what = format!("failed to read the pins {}: {error}", path.display());
            Failure::new(Exit::Broken, what)
        })?;
        pinned.push(pins);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut count = 0;
    let mut put = |difference: Difference<'_>| {
        count += 1;
        match format {
            Format::Jsonl => super::put(&mut out, &difference),
            Format::Text => text(&mut out, &difference),
        }
    };
    for (server, block) in &read.lock.blocks {
        let homes: Vec<&Pins> = pinned.iter().filter(|pins| pins.server == *server).collect();
        if homes.is_empty() {
            put(Difference::new(server, How::NothingPinned, None))?;
        }
        for pins in homes {
            compare(server, block, pins, &mut put)?;
        }
    }
    if format == Format::Text {
        let path = Safe::escape(&read.path.to_string_lossy()).into_string();
        writeln!(out, "{} from {path}", counted(count, "difference"))?;
    }
    out.flush()?;
    Ok(if count == 0 { Exit::Fine } else { Exit::Findings })
}

/// Tells what differs between a lock's block and the pins of a server with that name.
fn compare(
    server: &str,
    block: &Block,
    pins: &Pins,
    put: &mut impl FnMut(Difference<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let packages = [block.package.clone(), Package::of(&pins.pins)];
    if packages[0].is_some() && packages[0] != packages[1] {
        let mut difference = Difference::new(server, How::Package, None);
        difference.packages = Some(packages.map(|package| package.map(|it| it.to_string())));
        put(difference)?;
    }
    let home = knowledge(&pins.pins);
    for (kind, name, entry) in each(&block.definitions) {
        let known = home.get(&kind).and_then(|named| named.get(name));
        let how = match known {
            None => How::OnlyInLock,
            Some(known) if Fingerprint::of(&known.text) == Fingerprint::of(&entry.text) => continue,
            Some(_) => How::Changed,
        };
        let mut difference = Difference::new(server, how, Some((kind, name)));
        difference.changes =
            known.map(|known| changes(&entry.text, &known.text)).unwrap_or_default();
        put(difference)?;
    }
    for (kind, name, _) in each(&home) {
        if !block.definitions.get(&kind).is_some_and(|named| named.contains_key(name)) {
            put(Difference::new(server, How::OnlyPinned, Some((kind, name))))?;
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, difference: &Difference<'_>) -> io::Result<()> {
    let said = match difference.how {
        How::NothingPinned => "this home has pinned nothing of it",
        How::OnlyInLock => "only in the lock",
        How::OnlyPinned => "only pinned here",
        How::Changed => "pinned here as something else than the lock says",
        How::Package => "another package than the lock is about",
    };
    let server = difference.server;
    let title = match (difference.kind, difference.name) {
        (Some(kind), Some(name)) => title(server, kind, name),
        _ => Safe::escape(server).into_string(),
    };
    writeln!(out, "{title}: {said}")?;
    for (sign, package) in ["-", "+"].into_iter().zip(difference.packages.iter().flatten()) {
        let package = package.as_deref().unwrap_or("that cannot be told");
        writeln!(out, "    {sign} {}", Safe::escape(package))?;
    }
    put_changes(out, &difference.changes)
}

/// `files.read_file (tool)`.
pub(super) fn title(server: &str, kind: Kind, name: &str) -> String {
    let dot = if name.is_empty() { "" } else { "." };
    Safe::escape(&format!("{server}{dot}{name} ({})", kind.word())).into_string()
}

/// What differs between two definitions.
pub(super) fn changes(before: &str, after: &str) -> Vec<Change> {
    let value = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    diff(&value(before), &value(after))
}

/// Prints changes, indented.
pub(super) fn put_changes(out: &mut impl Write, changes: &[Change]) -> io::Result<()> {
    for Change { path, what, before, after, .. } in changes {
        writeln!(out, "  {}: {}", Safe::escape(path), Safe::escape(what))?;
        for (sign, text) in [('-', before), ('+', after)] {
            if let Some(text) = text {
                writeln!(out, "    {sign} {}", Safe::escape(text))?;
            }
        }
    }
    Ok(())
}
