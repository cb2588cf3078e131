//! Policy files that count as the operator's own: what a project's or the user's file says takes the place of what the
//! policy says, and may so allow more.
//!
//! One file is trusted as it is, by its path and its digest; a change of it needs another word. Whoever may write here
//! widens what is allowed, so `tollgate policy trust` asks the gate first whether its caller is the operator.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::home::{Held, Home, read_if_there, write_whole};
use crate::text::hex;

/// The list.
const FILE: &str = "trusted-policies.toml";
/// Version of the list.
const VERSION: u32 = 1;
/// What stands above it.
const HEAD: &str = "# Policy files that may allow more than the policy, as they were read: `tollgate policy trust`.\n";

/// A file that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its text, as 64 hex digits.
    pub sha256: String,
    /// Since when it counts, as RFC 3339 writes it.
    pub since: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: u32,
    #[serde(default, rename = "policy")]
    policies: Vec<Trusted>,
}

/// The list's path.
#[must_use]
pub fn path(home: &Home) -> PathBuf {
    home.config_dir().join(FILE)
}

/// The digest by which a text is trusted.
#[must_use]
pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The files that count.
///
/// # Errors
/// In words, when the list is there and cannot be used: it is no empty one.
pub fn read(home: &Home) -> Result<Vec<Trusted>, String> {
    let path = path(home);
    let said = |why: String| {
        format!(
            "read the trusted policies {}: {why}; mend the file, or take it away",
            path.display()
        )
    };
    let text = read_if_there(&path).map_err(|error| said(error.to_string()))?;
    let Some(text) = text else { return Ok(Vec::new()) };
    let list: List = toml::from_str(&text).map_err(|error| said(error.message().to_owned()))?;
    if list.version != VERSION {
        return Err(said(format!("version {} is not known", list.version)));
    }
    Ok(list.policies)
}

/// Whether a file counts with this text.
#[must_use]
pub fn counts(list: &[Trusted], path: &Path, text: &str) -> bool {
    let of = |one: &&Trusted| one.path == path;
    list.iter().find(of).is_some_and(|one| one.sha256 == digest(text))
}

/// Lets a file count as it is, in place of what it was.
///
/// # Errors
/// In words: the list cannot be used, or not be written.
pub fn trust(home: &Home, path: &Path, text: &str, since: &str) -> Result<(), String> {
    change(home, |list| {
        list.retain(|one| one.path != path);
        let (path, since) = (path.to_owned(), since.to_owned());
        list.push(Trusted { path, sha256: digest(text), since });
    })
}

/// Lets a file count no more; `false`: it did not.
///
/// # Errors
/// As [`trust`].
pub fn distrust(home: &Home, path: &Path) -> Result<bool, String> {
    let mut was = false;
    change(home, |list| {
        was = list.iter().any(|one| one.path == path);
        list.retain(|one| one.path != path);
    })?;
    Ok(was)
}

/// Two writers at once come one after the other.
fn change(home: &Home, what: impl FnOnce(&mut Vec<Trusted>)) -> Result<(), String> {
    let path = path(home);
    let io = |error: io::Error| format!("write {}: {error}", path.display());
    // One that is there may be open to others, who read no secret here.
    if !home.config_dir().exists() {
        home.prepare_config().map_err(|error| io(io::Error::other(error)))?;
    }
    let _held = Held::dir(home.config_dir()).map_err(io)?;
    let mut policies = read(home)?;
    what(&mut policies);
    policies.sort_by(|a, b| a.path.cmp(&b.path));
    let list = List { version: VERSION, policies };
    let text = toml::to_string_pretty(&list).map_err(|error| io(io::Error::other(error)))?;
    write_whole(&path, format!("{HEAD}{text}").as_bytes()).map_err(io)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_counts_as_it_was_and_a_broken_list_is_no_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::below(dir.path());
        let (one, other) = (Path::new("/a b/\"x\".yaml"), Path::new("/other.yaml"));
        assert_eq!(read(&home).unwrap(), []);
        trust(&home, one, "first", "2026-01-02T03:04:05Z").unwrap();
        trust(&home, other, "other", "2026-01-02T03:04:05Z").unwrap();
        trust(&home, one, "second", "2026-01-03T03:04:05Z").unwrap();
        let list = read(&home).unwrap();
        for (path, text, expected) in
            [(one, "second", true), (one, "first", false), (other, "second", false)]
        {
            assert_eq!(counts(&list, path, text), expected, "{path:?} {text}");
        }
        assert_eq!(list.len(), 2);
        assert!(distrust(&home, one).unwrap() && !distrust(&home, one).unwrap());
        assert!(!counts(&read(&home).unwrap(), one, "second"));
        for broken in ["", "version = 2", "version = 1\n[[policy]]\npath = \"/x\""] {
            fs::write(path(&home), broken).unwrap();
            assert!(read(&home).is_err() && trust(&home, one, "x", "").is_err(), "{broken}");
        }
    }
}
