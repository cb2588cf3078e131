//! `tollgate pins verify`: whether a lock is what its signers signed. For CI: no gate, and with `--signer` no home.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::catalog::lock::{Block, Lock};
use crate::catalog::sign::Trusted;
use crate::cli::Format;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{key, operator};
use crate::store::keys;
use crate::store::lock::Read;
use crate::text::Safe;

use super::{LINES_VERSION, counted};

/// One thing that was found.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Found<'a> {
    /// A server whose definitions are approved.
    Server {
        v: u32,
        server: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        package: Option<String>,
        definitions: usize,
        signers: Vec<String>,
    },
    /// What is wrong, with a server or with the text.
    Problem {
        v: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
        what: String,
    },
}

pub(super) fn run(
    given: Option<&Path>,
    signers: &[String],
    format: Format,
) -> Result<Exit, Failure> {
    let trusted = if signers.is_empty() {
        keys::trusted(&operator::home()?)?
    } else {
        signers.iter().map(|text| signer(text)).collect::<Result<_, _>>()?
    };
    let read = super::read(given)?;
    let found = check(&read, &trusted);
    let problems = found.iter().filter(|found| matches!(found, Found::Problem { .. })).count();
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => text(&mut out, &read, &found, problems)?,
        Format::Jsonl => {
            for found in &found {
                super::put(&mut out, found)?;
            }
        }
    }
    out.flush()?;
    Ok(if problems == 0 { Exit::Fine } else { Exit::Findings })
}

/// The servers that count, then everything that is wrong.
fn check<'a>(read: &'a Read, trusted: &[Trusted]) -> Vec<Found<'a>> {
    let v = LINES_VERSION;
    let (mut servers, mut problems) = (Vec::new(), Vec::new());
    for (line, c) in Lock::unseen(read.text.as_deref().unwrap_or_default()) {
        let what = format!("a character that nobody sees: U+{:04X}", u32::from(c));
        problems.push(Found::Problem { v, server: None, line: Some(line), what });
    }
    // Nothing that is empty is fine.
    if read.lock.blocks.is_empty() {
        let what = "no server is in it".to_owned();
        problems.push(Found::Problem { v, server: None, line: None, what });
    }
    for (server, block) in &read.lock.blocks {
        let checked = block.check(server, trusted);
        let mut wrong = checked.problems();
        if block.is_empty() {
            wrong.push("no definition is in it".to_owned());
        } else if checked.counts() {
            servers.push(Found::Server {
                v,
                server,
                package: block.package.as_ref().map(ToString::to_string),
                definitions: block.len(),
                signers: checked.signers,
            });
        }
        let problem = |what| Found::Problem { v, server: Some(server), line: None, what };
        problems.extend(wrong.into_iter().map(problem));
    }
    servers.extend(problems);
    servers
}

fn text(out: &mut impl Write, read: &Read, found: &[Found<'_>], problems: usize) -> io::Result<()> {
    for found in found {
        let line = match found {
            Found::Server { server, package, definitions, signers, .. } => {
                let package = package.as_ref().map(|package| format!(" ({package})"));
                let definitions = counted(*definitions, "definition");
                let (package, signers) = (package.unwrap_or_default(), signers.join(", "));
                format!("{server}{package}: {definitions}, signed by {signers}")
            }
            Found::Problem { server: Some(server), what, .. } => format!("{server}: {what}"),
            Found::Problem { line: Some(line), what, .. } => format!("line {line} has {what}"),
            Found::Problem { what, .. } => what.clone(),
        };
        writeln!(out, "{}", Safe::escape(&line))?;
    }
    let definitions: usize = read.lock.blocks.values().map(Block::len).sum();
    let path = read.path.to_string_lossy();
    let path = Safe::escape(&path);
    let servers = counted(read.lock.blocks.len(), "server");
    let definitions = counted(definitions, "definition");
    let found = counted(problems, "problem");
    writeln!(out, "{path}: {servers}, {definitions}, {found}")
}

/// A key of the command line; without a name it is called by its text.
fn signer(text: &str) -> Result<Trusted, Failure> {
    let (key, name) = key::parse(text)?;
    let name = name.unwrap_or_else(|| key.to_string());
    Ok(Trusted { key, name })
}
