//! What tools are to be: the definitions that were seen first, or that an operator took, one file for each server.
//!
//! A server is known by its name and its command line: another command is another server. The files stand among the
//! state, mode 0600; calls that name them ask (`policy::own_files`).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::catalog::{self, Approval, Kind, Pin, Staged};
use crate::store::home::{Held, write_whole};
use crate::text::hex;

/// Version of the files.
const VERSION: u32 = 2;
/// Largest file that is read: some thousands of tools.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Who approved what nobody looked at.
const FIRST_USE: &str = "first use";
/// Letters of a server's name in its file's; the digest tells servers apart.
const NAME_CHARS_MAX: usize = 40;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    v: u32,
    /// The server's name.
    pub server: String,
    /// Its command line.
    pub command: Vec<String>,
    /// What its definitions are to be.
    pub pins: catalog::Pins,
}

/// What a pin is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// It was seen first: a pin that is there stays.
    FirstUse,
    /// An operator had it read out of this agent's configuration: a pin that is there stays.
    Import(String),
    /// This operator said so.
    Operator(String),
    /// The policy lets a change pass for a while, from now on.
    Grace,
    /// It is forgotten: the next session takes what it sees first.
    Nobody,
}

impl Pins {
    /// Of a server that nothing is known of.
    #[must_use]
    pub fn new(server: &str, command: &[String]) -> Self {
        let (server, command) = (server.to_owned(), command.to_vec());
        Self { v: VERSION, server, command, pins: BTreeMap::new() }
    }

    /// Reads what is pinned of a server; nothing where there is no file.
    ///
    /// # Errors
    /// In words, when a file is there and cannot be used: then nothing is known of what the tools are to be.
    pub fn read(dir: &Path, server: &str, command: &[String]) -> Result<Self, String> {
        let path = file(dir, server, command);
        let pins = match read(&path) {
            Ok(pins) => pins,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::new(server, command));
            }
            Err(error) => return Err(format!("read the pins {}: {error}", path.display())),
        };
        if pins.server != server || pins.command != command {
            return Err(format!("the pins {} are another server's", path.display()));
        }
        Ok(pins)
    }

    /// Adds to what is on disk, or takes away; writers wait for each other.
    ///
    /// # Errors
    /// When a file is there and cannot be used, or this one cannot be written.
    pub fn add(
        dir: &Path,
        (server, command): (&str, &[String]),
        new: catalog::Pins,
        by: &By,
        at_us: u64,
    ) -> Result<(), String> {
        let path = file(dir, server, command);
        let io = |error| format!("write the pins {}: {error}", path.display());
        let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        let _held = folder.and_then(|()| Held::dir(dir)).map_err(io)?;
        let mut pins = Self::read(dir, server, command)?;
        let before = pins.clone();
        for (kind, named) in new {
            for (name, pin) in named {
                let known = pins.pins.entry(kind).or_default();
                let approval = |by: &str| Some(Approval { by: by.to_owned(), at_us });
                match by {
                    By::FirstUse | By::Import(_) => {
                        let word = if let By::Import(from) = by { from } else { FIRST_USE };
                        let approval = approval(word).filter(|_| pin.text.is_some());
                        known.entry(name).or_insert(Pin { approval, ..pin });
                    }
                    By::Operator(by) => {
                        known.insert(name, Pin { approval: approval(by), ..pin });
                    }
                    By::Grace => {
                        let known = known.entry(name).or_default();
                        known.staged = known.staged.take().map_or(pin.staged.clone(), |old| {
                            pin.staged.map(|new| Staged { since_us: old.since_us, ..new })
                        });
                    }
                    By::Nobody => {
                        known.remove(&name);
                    }
                }
            }
        }
        if pins == before { Ok(()) } else { pins.write(&path).map_err(io) }
    }

    /// Forgets a server, or one of its tools; whether there was anything to forget.
    ///
    /// # Errors
    /// When a file cannot be removed or written.
    pub fn revoke(dir: &Path, server: &str, tool: Option<&str>) -> io::Result<bool> {
        let _held = match Held::dir(dir) {
            Ok(held) => held,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut found = false;
        for (path, pins) in Self::all(dir)? {
            let Ok(mut pins) = pins else {
                // One that cannot be read is known by its file's name alone.
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let named = stem.rsplit_once('-').is_some_and(|(name, _)| name == plain(server));
                if named && tool.is_none() {
                    fs::remove_file(&path)?;
                    found = true;
                }
                continue;
            };
            if pins.server != server {
                continue;
            }
            match tool {
                None => fs::remove_file(&path)?,
                Some(tool) if pins.remove(Kind::Tool, tool) => pins.write(&path)?,
                Some(_) => continue,
            }
            found = true;
        }
        Ok(found)
    }

    fn remove(&mut self, kind: Kind, name: &str) -> bool {
        self.pins.get_mut(&kind).is_some_and(|named| named.remove(name).is_some())
    }

    /// Writes the file anew, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            // It could not be read again.
            return Err(io::Error::other(format!("more than {FILE_BYTES_MAX} bytes")));
        }
        write_whole(path, &bytes)
    }

    /// All files of a folder that can be read, by server.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn all(dir: &Path) -> io::Result<Vec<(PathBuf, io::Result<Self>)>> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("json")) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths.into_iter().map(|path| (path.clone(), read(&path))).collect())
    }
}

fn read(path: &Path) -> io::Result<Pins> {
    let size = fs::metadata(path)?.len();
    if size > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{size} bytes, more than {FILE_BYTES_MAX}")));
    }
    let pins: Pins = serde_json::from_slice(&fs::read(path)?)?;
    if pins.v != VERSION {
        return Err(io::Error::other(format!("version {} is not known", pins.v)));
    }
    Ok(pins)
}

/// `NAME-DIGEST.json`.
fn file(dir: &Path, server: &str, command: &[String]) -> PathBuf {
    let mut digest = Sha256::new();
    for part in std::iter::once(server).chain(command.iter().map(String::as_str)) {
        // Lengths, so that no two lists run together.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest = hex(&digest.finalize());
    let short = digest.get(..16).unwrap_or_default();
    dir.join(format!("{}-{short}.json", plain(server)))
}

/// A server's name in a file's.
fn plain(server: &str) -> String {
    let letters = server.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    letters.take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn one(name: &str, text: &str) -> catalog::Pins {
        let pin = Pin { text: Some(text.to_owned()), ..Pin::default() };
        BTreeMap::from([(Kind::Tool, BTreeMap::from([(name.to_owned(), pin)]))])
    }

    #[test]
    fn what_was_seen_first_stays_until_an_operator_takes_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("pins");
        let (npx, by) = (command(&["npx", "fs"]), By::Operator("o".to_owned()));
        assert_eq!(Pins::read(&dir, "fs", &npx).unwrap().pins.len(), 0);
        Pins::add(&dir, ("fs", &npx), one("a", "1"), &By::FirstUse, 1).unwrap();
        Pins::add(&dir, ("fs", &npx), one("a", "2"), &By::FirstUse, 1).unwrap();
        Pins::add(&dir, ("fs", &npx), one("b", "3"), &By::FirstUse, 1).unwrap();
        let tools = |pins: &Pins| {
            let pins = pins.pins.get(&Kind::Tool).into_iter().flatten();
            pins.filter_map(|(_, pin)| pin.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(tools(&Pins::read(&dir, "fs", &npx).unwrap()), ["1", "3"]);
        Pins::add(&dir, ("fs", &npx), one("a", "2"), &by, 2).unwrap();
        assert_eq!(tools(&Pins::read(&dir, "fs", &npx).unwrap()), ["2", "3"]);
        // Another command, another name, and words cut elsewhere are other servers.
        for (server, words) in
            [("fs", &["npx", "f", "s"][..]), ("fs2", &["npx", "fs"]), ("fs", &["npxfs"])]
        {
            assert_eq!(Pins::read(&dir, server, &command(words)).unwrap().pins.len(), 0);
        }
        assert_eq!(Pins::all(&dir).unwrap().len(), 1);
    }

    #[test]
    fn many_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let npx = command(&["npx"]);
        std::thread::scope(|scope| {
            for n in 0..16 {
                let (dir, npx) = (dir.path(), &npx);
                scope.spawn(move || {
                    let by = [By::FirstUse, By::Import("import".to_owned())];
                    for (nth, by) in by.iter().enumerate() {
                        let name = format!("t{n}-{nth}");
                        Pins::add(dir, ("fs", npx), one(&name, "1"), by, 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(Pins::read(dir.path(), "fs", &npx).unwrap().pins[&Kind::Tool].len(), 32);
    }

    #[test]
    fn a_broken_file_is_an_error_and_not_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let (npx, by) = (command(&["npx"]), By::Operator("o".to_owned()));
        Pins::add(dir.path(), ("fs", &npx), one("a", "1"), &By::FirstUse, 1).unwrap();
        let path = file(dir.path(), "fs", &npx);
        for broken in
            ["", "{", "{\"v\":2}", "{\"v\":2,\"server\":\"fs\",\"command\":[],\"tools\":{}}"]
        {
            fs::write(&path, broken).unwrap();
            assert!(Pins::read(dir.path(), "fs", &npx).is_err(), "{broken}");
            assert!(Pins::add(dir.path(), ("fs", &npx), one("b", "1"), &by, 2).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), broken, "and it is left as it is");
        }
    }
}
