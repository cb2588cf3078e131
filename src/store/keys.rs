//! The operator's own key, and the keys that the operator trusts, in the home's configuration.
//!
//! Whoever may write here widens what is approved, so `tollgate key` asks the gate first whether its caller is the
//! operator, and calls that name these files ask (`policy::own_files`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::catalog::sign::{PublicKey, SecretKey, Trusted, is_signer_name};
use crate::store::home::{Held, Home, read_if_there, write_whole};

/// The private key and its name, in one line; mode 0600.
const OWN: &str = "signing.key";
/// The keys that count.
const TRUSTED: &str = "trusted-keys.toml";
/// Version of the list.
const VERSION: u32 = 1;

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is no key of one's own.
    #[error("sign: there is no key yet; `tollgate key new` makes one")]
    None,
    /// There is one already.
    #[error(
        "make a key: {0} is there already; `--replace` takes its place, and what it signs from then on is another key's"
    )]
    There(PathBuf),
    /// A file that is not what it should be.
    #[error("read {path}: {why}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name that is no signer's.
    #[error("name a key {0:?}: up to 64 letters, digits and . _ @ -")]
    Name(String),
    /// A name that is another key's.
    #[error("name a key {0}: another key has this name; remove that one first, or give --name")]
    Taken(String),
    /// Not on the list.
    #[error(
        "remove {0}: no key of this name or text is trusted; `tollgate key trust --list` shows them"
    )]
    Unknown(String),
    /// The disk, or the system's randomness.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// A key of one's own.
pub struct Own {
    /// Its name.
    pub name: String,
    /// The key.
    pub key: SecretKey,
}

/// One trusted key, as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The key's text.
    pub key: String,
    /// Whose it is.
    pub name: String,
    /// Since when it counts, as RFC 3339 writes it.
    pub since: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: u32,
    #[serde(default)]
    key: Vec<Line>,
}

/// What [`new`] does where a key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and that is an error.
    Keep,
    /// It is gone.
    Replace,
}

/// Makes a key of one's own, and trusts it.
///
/// # Errors
/// When one is there that is to be kept, the name is none, there is no randomness, or a file cannot be written.
pub fn new(home: &Home, name: &str, existing: Existing, since: &str) -> Result<Own, KeysError> {
    named(name)?;
    let (_held, path) = held(home, OWN)?;
    let io =
        |what| move |source, path: &Path| KeysError::Io { what, path: path.to_owned(), source };
    match fs::symlink_metadata(&path) {
        Ok(_) if existing == Existing::Keep => return Err(KeysError::There(path)),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io("look at")(error, &path)),
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| io("make a key for")(io::Error::other(error), &path))?;
    let key = SecretKey::from_seed(&seed);
    // A broken one is replaced as well; what it was cannot be told.
    let old = read_own(&path).ok().flatten().map(|old| old.key.public().to_string());
    let mut lines = lines(home)?;
    lines.retain(|line| Some(&line.key) != old.as_ref());
    add(&mut lines, &key.public(), name, since)?;
    // Written whole by a file of its own, which nobody else can open.
    let text = format!("{} {name}\n", key.reveal());
    write_whole(&path, text.as_bytes()).map_err(|error| io("write")(error, &path))?;
    write(home, &lines)?;
    Ok(Own { name: name.to_owned(), key })
}

/// The key of one's own.
///
/// # Errors
/// When there is none, or its file is broken.
pub fn own(home: &Home) -> Result<Own, KeysError> {
    read_own(&home.config_dir().join(OWN))?.ok_or(KeysError::None)
}

fn read_own(path: &Path) -> Result<Option<Own>, KeysError> {
    let io = |source| KeysError::Io { what: "read", path: path.to_owned(), source };
    let Some(text) = read_if_there(path).map_err(io)? else { return Ok(None) };
    let parsed = text.trim_end().split_once(' ').and_then(|(key, name)| {
        let name = Some(name).filter(|name| is_signer_name(name))?;
        Some(Own { name: name.to_owned(), key: SecretKey::parse(key)? })
    });
    let why = "it is no key and a name; `tollgate key new --replace` makes another one".to_owned();
    parsed.map(Some).ok_or_else(|| KeysError::Broken { path: path.to_owned(), why })
}

/// The trusted keys, by name.
///
/// # Errors
/// When the list is there and cannot be used: then no signature counts.
pub fn lines(home: &Home) -> Result<Vec<Line>, KeysError> {
    let path = home.config_dir().join(TRUSTED);
    let io = |source| KeysError::Io { what: "read", path: path.clone(), source };
    let Some(text) = read_if_there(&path).map_err(io)? else { return Ok(Vec::new()) };
    let broken = |why: String| KeysError::Broken { path: path.clone(), why };
    let list: List = toml::from_str(&text).map_err(|error| broken(error.message().to_owned()))?;
    if list.version != VERSION {
        return Err(broken(format!("version {} is not known", list.version)));
    }
    for line in &list.key {
        PublicKey::parse(&line.key).map_err(|why| broken(format!("{}: {why}", line.key)))?;
        named(&line.name)?;
    }
    Ok(list.key)
}

/// The same, to check signatures with.
///
/// # Errors
/// As [`lines`].
pub fn trusted(home: &Home) -> Result<Vec<Trusted>, KeysError> {
    let of = |line: Line| Some(Trusted { key: PublicKey::parse(&line.key).ok()?, name: line.name });
    Ok(lines(home)?.into_iter().filter_map(of).collect())
}

/// Lets a key's signatures count. One that counts already only gets another name.
///
/// # Errors
/// A name that is none or another key's; a list that cannot be read or written.
pub fn trust(home: &Home, key: &PublicKey, name: &str, since: &str) -> Result<(), KeysError> {
    named(name)?;
    let (_held, _) = held(home, TRUSTED)?;
    let mut lines = lines(home)?;
    add(&mut lines, key, name, since)?;
    write(home, &lines)
}

fn add(lines: &mut Vec<Line>, key: &PublicKey, name: &str, since: &str) -> Result<(), KeysError> {
    let key = key.to_string();
    if lines.iter().any(|line| line.name == name && line.key != key) {
        return Err(KeysError::Taken(name.to_owned()));
    }
    match lines.iter_mut().find(|line| line.key == key) {
        Some(line) => name.clone_into(&mut line.name),
        None => lines.push(Line { key, name: name.to_owned(), since: since.to_owned() }),
    }
    Ok(())
}

/// Lets a key's signatures count no more, by its name or its text.
///
/// # Errors
/// When it is not on the list, or the list cannot be read or written.
pub fn distrust(home: &Home, which: &str) -> Result<(), KeysError> {
    let (_held, _) = held(home, TRUSTED)?;
    let mut lines = lines(home)?;
    let before = lines.len();
    lines.retain(|line| line.name != which && line.key != which);
    if lines.len() == before {
        return Err(KeysError::Unknown(which.to_owned()));
    }
    write(home, &lines)
}

fn write(home: &Home, lines: &[Line]) -> Result<(), KeysError> {
    let path = home.config_dir().join(TRUSTED);
    let mut lines = lines.to_vec();
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = format!(
        "# Whose signatures in a tollgate.lock count: `tollgate key trust`.\nversion = {VERSION}\n"
    );
    for Line { key, name, since } in &lines {
        // Keys, names and times have only plain letters.
        let line = format!("\n[[key]]\nname = \"{name}\"\nkey = \"{key}\"\nsince = \"{since}\"\n");
        text.push_str(&line);
    }
    write_whole(&path, text.as_bytes()).map_err(|source| KeysError::Io {
        what: "write",
        path,
        source,
    })
}

/// Keeps other writers out of the home's keys; the path of one of their files.
fn held(home: &Home, file: &str) -> Result<(Held, PathBuf), KeysError> {
    let dir = home.config_dir();
    let path = dir.join(file);
    let io = |source| KeysError::Io { what: "write", path: path.clone(), source };
    home.prepare_config().map_err(|error| io(io::Error::other(error)))?;
    let held = Held::dir(dir).map_err(io)?;
    Ok((held, path))
}

fn named(name: &str) -> Result<(), KeysError> {
    if is_signer_name(name) { Ok(()) } else { Err(KeysError::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: &str = "2026-01-02T03:04:05Z";

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::below(dir.path());
        (dir, home)
    }

    #[test]
    fn a_new_key_is_trusted_private_and_kept() {
        let (_dir, home) = home();
        assert!(matches!(own(&home), Err(KeysError::None)));
        let first = new(&home, "ann@desk", Existing::Keep, NOW).unwrap();
        let path = home.config_dir().join(OWN);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(new(&home, "ann", Existing::Keep, NOW), Err(KeysError::There(_))));
        let read = own(&home).unwrap();
        assert_eq!((read.name.as_str(), read.key.public()), ("ann@desk", first.key.public()));
        let names = || {
            let lines = lines(&home).unwrap();
            lines.into_iter().map(|line| (line.name, line.key)).collect::<Vec<_>>()
        };
        assert_eq!(names(), [("ann@desk".to_owned(), first.key.public().to_string())]);
        let second = new(&home, "ann@desk", Existing::Replace, NOW).unwrap();
        assert_eq!(names(), [("ann@desk".to_owned(), second.key.public().to_string())]);
        fs::write(&path, "").unwrap();
        assert!(matches!(own(&home), Err(KeysError::Broken { .. })));
        new(&home, "ann", Existing::Replace, NOW).unwrap();
        assert_eq!(own(&home).unwrap().name, "ann");
    }

    #[test]
    fn names_and_keys_on_the_list_are_unique_and_a_broken_list_is_no_empty_one() {
        let (_dir, home) = home();
        let key = |n| SecretKey::from_seed(&[n; 32]).public();
        trust(&home, &key(1), "ann", NOW).unwrap();
        trust(&home, &key(2), "bob", NOW).unwrap();
        assert!(matches!(trust(&home, &key(3), "ann", NOW), Err(KeysError::Taken(_))));
        assert!(matches!(trust(&home, &key(3), "a b", NOW), Err(KeysError::Name(_))));
        trust(&home, &key(1), "anna", "2027-01-02T03:04:05Z").unwrap();
        let read = trusted(&home).unwrap();
        let names: Vec<_> = read.iter().map(|one| (one.name.as_str(), &one.key)).collect();
        assert_eq!(names, [("anna", &key(1)), ("bob", &key(2))]);
        assert_eq!(lines(&home).unwrap()[0].since, NOW);
        distrust(&home, "anna").unwrap();
        distrust(&home, &key(2).to_string()).unwrap();
        assert!(matches!(distrust(&home, "bob"), Err(KeysError::Unknown(_))));
        assert_eq!(trusted(&home).unwrap(), []);
        let path = home.config_dir().join(TRUSTED);
        for broken in
            ["", "version = 2", "version = 1\n[[key]]\nkey = \"x\"\nname = \"a\"\nsince = \"\""]
        {
            fs::write(&path, broken).unwrap();
            assert!(trusted(&home).is_err() && distrust(&home, "a").is_err(), "{broken}");
        }
    }

    #[test]
    fn many_writers_lose_nothing() {
        let (_dir, home) = home();
        std::thread::scope(|scope| {
            for n in 0..16 {
                let home = &home;
                scope.spawn(move || {
                    let key = SecretKey::from_seed(&[n; 32]).public();
                    trust(home, &key, &format!("k{n}"), NOW).unwrap();
                });
            }
        });
        assert_eq!(lines(&home).unwrap().len(), 16);
    }
}
