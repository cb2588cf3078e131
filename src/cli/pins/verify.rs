//! `tollgate pins verify`: whether a lock is what its signers signed. For CI: no gate, and with `--signer` no home.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use crate::catalog::lock::{Block, Lock};
use crate::catalog::sign::Trusted;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{key, operator};
use crate::store::keys;
use crate::text::Safe;

use super::counted;

pub(super) fn run(given: Option<&Path>, signers: &[String]) -> Result<Exit, Failure> {
    let trusted = if signers.is_empty() {
        keys::trusted(&operator::home()?)?
    } else {
        signers.iter().map(|text| signer(text)).collect::<Result<_, _>>()?
    };
    let read = super::read(given)?;
    let mut problems = Vec::new();
    for (line, c) in Lock::unseen(read.text.as_deref().unwrap_or_default()) {
        let code = u32::from(c);
        problems.push(format!("line {line} has a character that nobody sees: U+{code:04X}"));
    }
    // Nothing that is empty is fine.
    if read.lock.blocks.is_empty() {
        problems.push("no server is in it".to_owned());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for (server, block) in &read.lock.blocks {
        let checked = block.check(server, &trusted);
        problems.extend(checked.problems().into_iter().map(|what| format!("{server}: {what}")));
        if block.is_empty() {
            problems.push(format!("{server}: no definition is in it"));
        } else if checked.counts() {
            let signers = checked.signers.join(", ");
            let package = block.package.as_ref().map(|package| format!(" ({package})"));
            let what = format!(
                "{server}{}: {}, signed by {signers}",
                package.unwrap_or_default(),
                counted(block.len(), "definition")
            );
            writeln!(out, "{}", Safe::escape(&what))?;
        }
    }
    for problem in &problems {
        writeln!(out, "{}", Safe::escape(problem))?;
    }
    let definitions: usize = read.lock.blocks.values().map(Block::len).sum();
    let path = read.path.to_string_lossy();
    let path = Safe::escape(&path);
    let servers = counted(read.lock.blocks.len(), "server");
    let definitions = counted(definitions, "definition");
    let found = counted(problems.len(), "problem");
    writeln!(out, "{path}: {servers}, {definitions}, {found}")?;
    out.flush()?;
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Findings })
}

/// A key of the command line; without a name it is called by its text.
fn signer(text: &str) -> Result<Trusted, Failure> {
    let (key, name) = key::parse(text)?;
    let name = name.unwrap_or_else(|| key.to_string());
    Ok(Trusted { key, name })
}
