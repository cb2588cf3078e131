//! The text of a lock, written: the same lock is the same text, sorted, with everything in it to be seen.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::{Block, Entry, Lock, VERSION, each};
use crate::catalog::fingerprint::Fingerprint;
use crate::catalog::kind::Kind;
use crate::protocol::canonical::canonical;
use crate::text::class::{Class, class};

const HEAD: &str = "\
# What the definitions of this project's tool servers are to be. Written by `tollgate pins approve`, to be read in
# review. A block counts for whoever trusts one of its signers; one that was edited by hand counts for nobody.
";

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}version = {VERSION}")?;
        for (name, block) in &self.blocks {
            server(f, name, block)?;
        }
        Ok(())
    }
}

fn server(f: &mut fmt::Formatter<'_>, name: &str, block: &Block) -> fmt::Result {
    writeln!(f, "\n[[server]]\nname = {}", quoted(name))?;
    if let Some(package) = &block.package {
        writeln!(f, "package = {}", quoted(&package.name))?;
        if let Some(version) = &package.version {
            writeln!(f, "package_version = {}", quoted(version))?;
        }
    }
    for (kind, name, entry) in each(&block.definitions) {
        definition(f, kind, name, entry)?;
    }
    for (key, value) in &block.signatures {
        writeln!(f, "\n[[server.signature]]\nkey = {}\nvalue = {}", quoted(key), quoted(value))?;
    }
    Ok(())
}

fn definition(f: &mut fmt::Formatter<'_>, kind: Kind, name: &str, entry: &Entry) -> fmt::Result {
    writeln!(f, "\n[[server.definition]]\nkind = \"{}\"\nname = {}", kind.word(), quoted(name))?;
    writeln!(f, "fingerprint = {}", quoted(&entry.fingerprint))?;
    writeln!(f, "by = {}\nat = {}", quoted(&entry.by), entry.at)?;
    writeln!(f, "evidence = {}", quoted(&entry.evidence))?;
    if is_literal(&entry.text) {
        writeln!(f, "text = '''\n{}'''", entry.text)
    } else {
        writeln!(f, "text = {}", quoted(&entry.text))
    }
}

/// A definition's text for people: one member a line, keys in order, and what cannot be seen as JSON's own escapes. It has
/// the same fingerprint; a text for which there is no such form stays as it is.
pub(super) fn readable(text: &str) -> String {
    let value = canonical(text).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let Some(pretty) = pretty else { return text.to_owned() };
    let quotes = pretty.contains("'''");
    let mut out = String::with_capacity(pretty.len());
    for c in pretty.chars() {
        // A line feed is between members: those in strings are escaped already.
        if c == '\n' || is_shown(c) && !(quotes && c == '\'') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _written = write!(out, "\\u{unit:04x}");
            }
        }
    }
    if Fingerprint::of(&out) == Fingerprint::of(text) { out } else { text.to_owned() }
}

/// Whether a text may stand between three quotes as it is.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with('\n')
        && !text.contains("''")
        && !text.ends_with('\'')
        && text.chars().all(|c| c == '\n' || is_shown(c))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_shown(c) => out.push(c),
            c => {
                // Writing to a String cannot fail.
                let _written = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

fn is_shown(c: char) -> bool {
    match class(c) {
        Class::Plain | Class::Mark => true,
        Class::Layout | Class::Hidden => false,
    }
}

impl Lock {
    /// Lines of a lock's text with something in them that its reader does not see, and what that is.
    #[must_use]
    pub fn unseen(text: &str) -> Vec<(usize, char)> {
        let lines = text.lines().enumerate();
        lines
            .filter_map(|(nth, line)| {
                let line = line.strip_suffix('\r').unwrap_or(line);
                Some((nth + 1, line.chars().find(|c| *c != '\t' && !is_shown(*c))?))
            })
            .collect()
    }
}
