//! Answers that hold for later sessions: `remembered.toml` among the user's configuration, made to be read.
//!
//! A file that cannot be read is an error and never an empty one: what was refused once for all would ask again.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Remembered;
use crate::store::home::write_whole;

/// Version of the file.
const VERSION: u32 = 1;
/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What stands above the answers.
const HEAD: &str = "# Answers that were remembered from the approval card. Each is bound to a server's command line, a tool's\n\
                    # definition and a role. Taking one out makes such calls ask again, from the next session on.\n";

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "answer")]
    answers: Vec<Remembered>,
}

fn path(config: &Path) -> PathBuf {
    config.join("remembered.toml")
}

/// The remembered answers; none where there is no file.
///
/// # Errors
/// In words, when there is a file that cannot be used.
pub fn read(config: &Path) -> Result<Vec<Remembered>, String> {
    let path = path(config);
    let said = |why: String| {
        format!(
            "read the remembered answers {}: {why}; mend the file, or take it away",
            path.display()
        )
    };
    let size = match fs::metadata(&path) {
        Ok(meta) => meta.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(said(error.to_string())),
    };
    if size > FILE_BYTES_MAX {
        return Err(said(format!("{size} bytes, more than {FILE_BYTES_MAX}")));
    }
    let text = fs::read_to_string(&path).map_err(|error| said(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| said(error.to_string()))?;
    if file.version != VERSION {
        return Err(said(format!("version {} is not known", file.version)));
    }
    if let Some(odd) =
        file.answers.iter().find(|one| !one.scope.is_sound() || one.answers.is_empty())
    {
        return Err(said(format!("{} says of no call whether it is meant", odd.id)));
    }
    Ok(file.answers)
}

/// Adds an answer, in place of one of the same name.
///
/// # Errors
/// In words: the file cannot be used, or not be written.
pub fn add(config: &Path, one: &Remembered) -> Result<(), String> {
    change(config, |answers| {
        answers.retain(|other| other.id != one.id);
        answers.push(one.clone());
    })
}

/// Takes an answer out; nothing happens where it is not there.
///
/// # Errors
/// As [`add`].
pub fn remove(config: &Path, id: &str) -> Result<(), String> {
    change(config, |answers| answers.retain(|other| other.id != id))
}

/// Two writers at once come one after the other.
fn change(config: &Path, what: impl FnOnce(&mut Vec<Remembered>)) -> Result<(), String> {
    let io = |error: io::Error| format!("write {}: {error}", path(config).display());
    fs::create_dir_all(config).map_err(io)?;
    let lock = config.join("remembered.lock");
    let lock = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(lock);
    let lock = lock.map_err(io)?;
    lock.lock().map_err(io)?;
    let mut answers = read(config)?;
    let before = answers.clone();
    what(&mut answers);
    if answers == before {
        return Ok(());
    }
    let file = File { version: VERSION, answers };
    let text = toml::to_string_pretty(&file).map_err(|error| io(io::Error::other(error)))?;
    write_whole(&path(config), format!("{HEAD}{text}").as_bytes()).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{At, Operator};
    use crate::policy::Scope;

    fn one(n: usize) -> Remembered {
        Remembered {
            id: format!("remembered.s.{n}"),
            allow: true,
            answers: vec!["writes".to_owned()],
            server: "fs".to_owned(),
            identity: "[\"fs\",[\"npx\"]]".to_owned(),
            tool: "write_file".to_owned(),
            fingerprint: Some("0".repeat(64)),
            role: String::new(),
            until: None,
            kept: true,
            by: Operator("console 1".to_owned()),
            at: At(7),
            why: Some("mine".to_owned()),
            scope: Scope::Under { fields: [("path".to_owned(), "/w/".to_owned())].into() },
        }
    }

    #[test]
    fn answers_are_kept_and_taken_back_by_many_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        assert_eq!(read(&config).unwrap(), []);
        std::thread::scope(|scope| {
            for n in 0..16 {
                let config = &config;
                scope.spawn(move || add(config, &one(n)).unwrap());
            }
        });
        let mut all = read(&config).unwrap();
        all.sort_by_key(|one| one.id.len() * 100 + one.id.bytes().last().map_or(0, usize::from));
        assert_eq!(all.len(), 16);
        assert_eq!(all[0], one(0));
        add(&config, &one(3)).unwrap();
        remove(&config, "remembered.s.3").unwrap();
        remove(&config, "remembered.s.3").unwrap();
        assert!(read(&config).unwrap().iter().all(|one| one.id != "remembered.s.3"));
    }

    #[test]
    fn a_broken_file_is_an_error_and_not_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), &one(1)).unwrap();
        let good = fs::read_to_string(path(dir.path())).unwrap();
        for broken in [
            "version = 2".to_owned(),
            "version".to_owned(),
            String::new(),
            good.replace("allow", "alow"),
            good.replace("/w/", "/"),
            good.replace("\"writes\"", ""),
        ] {
            fs::write(path(dir.path()), &broken).unwrap();
            assert!(read(dir.path()).unwrap_err().contains("remembered.toml"), "{broken}");
            assert!(add(dir.path(), &one(2)).is_err());
            assert_eq!(
                fs::read_to_string(path(dir.path())).unwrap(),
                broken,
                "and it is left as it is"
            );
        }
    }
}
