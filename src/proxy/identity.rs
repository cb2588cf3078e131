//! What a server is, beside its command line: the program that runs, the script that it runs, the package that this
//! comes from. A server of the same name that is another program tomorrow is noticed by it (features.md, F11).
//!
//! It is told by the command alone, so that it is the same however far the process is. An interpreter's own digest says nothing of a server and changes with every update of the system, so that only the
//! script counts there; of what `npx` or `uvx` starts, the package that the command names.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::proxy::peer;
use crate::text::hex;

/// Larger files are not read: hashing 256 MiB takes some 150 ms, and a session waits for it once.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest package.json that is read.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
/// Folders above a script in which its package is looked for.
const ABOVE_MAX: usize = 8;
/// A file that was changed longer ago than this is told from its next change by its stamp.
const SETTLED: Duration = Duration::from_secs(3);
/// Files whose digest is kept.
const KNOWN_MAX: usize = 1024;
/// Bytes that are hashed at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// Programs that run a script.
const INTERPRETERS: &[&str] = &[
    "bash", "bun", "dash", "deno", "java", "lua", "node", "nodejs", "perl", "php", "python",
    "ruby", "sh", "zsh",
];
/// What fetches a package and runs it, and where from: the words before the package.
const RUNNERS: &[(&[&str], &str)] = &[
    (&["bunx"], "npm"),
    (&["npm", "exec"], "npm"),
    (&["npx"], "npm"),
    (&["pipx", "run"], "pypi"),
    (&["pnpm", "dlx"], "npm"),
    (&["uv", "tool", "run"], "pypi"),
    (&["uvx"], "pypi"),
    (&["yarn", "dlx"], "npm"),
];
/// Programs that do many things, of which none is told: their own digest says nothing of a server.
const MANAGERS: &[&str] =
    &["bun", "bunx", "docker", "npm", "npx", "pipx", "pnpm", "podman", "uv", "uvx", "yarn"];
/// Options behind which an interpreter runs something else than a file.
const NO_SCRIPT: &[&str] = &["-c", "-e", "-m", "-p", "--eval", "--print"];

/// A file as the disk knows it: what is the same here was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

static KNOWN: LazyLock<Mutex<BTreeMap<Stamp, String>>> = LazyLock::new(Mutex::default);

/// What this command starts, as a JSON object without local paths; `None`: nothing can be told of it, and nothing is
/// better than what may be told otherwise tomorrow. `pid`: the process, for its folder and its search path.
#[must_use]
pub fn identity(command: &[String], pid: u32) -> Option<String> {
    let mut told = Map::new();
    if let Some(package) = fetched(command) {
        told.insert("package".to_owned(), package);
        return Some(Value::Object(told).to_string());
    }
    let (first, words) = command.split_first()?;
    let program = found(first, pid)?;
    let name = name_of(Path::new(first));
    if MANAGERS.contains(&name.as_str()) {
        return None;
    }
    // By its name first: what stands in an interpreter's place may be a script that looks for it.
    let script = if is_interpreter(&name) {
        told.insert("program".to_owned(), json!({ "name": plain(&name) }));
        let folder = peer::folder(pid)?;
        let first = words
            .iter()
            .find(|word| !word.starts_with('-') || NO_SCRIPT.contains(&word.as_str()))?;
        fs::canonicalize(folder.join(first)).ok().filter(|path| path.is_file())?
    } else if is_script(&program) {
        program
    } else {
        told.insert(
            "program".to_owned(),
            json!({ "name": name, "sha256": digest(&program).ok()? }),
        );
        return Some(Value::Object(told).to_string());
    };
    told.insert(
        "script".to_owned(),
        json!({ "name": name_of(&script), "sha256": digest(&script).ok()? }),
    );
    told.extend(package(&script).map(|package| ("package".to_owned(), package)));
    Some(Value::Object(told).to_string())
}

/// The file that a command's first word means, as the process would look for it.
fn found(word: &str, pid: u32) -> Option<PathBuf> {
    let is = |path: PathBuf| fs::canonicalize(path).ok().filter(|path| path.is_file());
    if word.contains('/') {
        return is(peer::folder(pid)?.join(word));
    }
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|&byte| byte == 0);
    let path = variables.find_map(|variable| variable.strip_prefix(b"PATH="))?;
    let path = String::from_utf8_lossy(path).into_owned();
    path.split(':').find_map(|folder| is(Path::new(folder).join(word)))
}

/// Whether a file names its interpreter itself.
fn is_script(path: &Path) -> bool {
    let mut head = [0; 2];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"#!"
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `python3.12` is `python`.
fn plain(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
}

fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.contains(&plain(name))
}

/// The package that a command has fetched and run: `npx -y @scope/name@1.2.3`, `uvx name==1.2`.
fn fetched(command: &[String]) -> Option<Value> {
    let (first, rest) = command.split_first()?;
    let first = name_of(Path::new(first));
    let words: Vec<&str> = std::iter::once(first.as_str())
        .chain(rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')))
        .collect();
    let (spec, registry) = RUNNERS.iter().find_map(|(runner, registry)| {
        let behind = words.strip_prefix(*runner)?;
        Some((*behind.first()?, registry))
    })?;
    let (name, version) = match spec.split_once("==") {
        Some(parts) => parts,
        // The first letter may be the scope's.
        None => match spec.char_indices().skip(1).find(|(_, c)| *c == '@') {
            Some((at, _)) => (spec.get(..at)?, spec.get(at + 1..)?),
            None => (spec, ""),
        },
    };
    let version = (!version.is_empty()).then_some(version);
    Some(json!({ "registry": registry, "name": name, "version": version }))
}

/// The npm package that an installed script belongs to.
fn package(script: &Path) -> Option<Value> {
    script.components().find(|part| part.as_os_str() == "node_modules")?;
    let manifest = script.ancestors().skip(1).take(ABOVE_MAX).find_map(|folder| {
        let path = folder.join("package.json");
        let small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MANIFEST_BYTES_MAX);
        let manifest: Value =
            serde_json::from_slice(&fs::read(path).ok().filter(|_| small)?).ok()?;
        // Some have one more in a folder of their own, without a name.
        manifest.get("name").is_some().then_some(manifest)
    })?;
    let text = |key: &str| manifest.get(key).and_then(Value::as_str);
    Some(json!({ "registry": "npm", "name": text("name"), "version": text("version") }))
}

/// SHA-256 of a file, as 64 hex digits; read once while it does not change.
fn digest(path: &Path) -> io::Result<String> {
    let mut open = fs::File::open(path)?;
    let meta = open.metadata()?;
    if meta.len() > FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let stamp = Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.len(),
        changed: (meta.ctime(), meta.ctime_nsec()),
    };
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(digest) = known().get(&stamp) {
        return Ok(digest.clone());
    }
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        let read = open.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(chunk.get(..read).unwrap_or_default());
    }
    let digest = hex(&hash.finalize());
    // One that changed a moment ago may change again under the same stamp.
    let age = SystemTime::now()
        .duration_since(UNIX_EPOCH + Duration::from_secs(meta.ctime().max(0).unsigned_abs()));
    if age.is_ok_and(|age| age > SETTLED) {
        let mut known = known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(stamp, digest.clone());
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &[&str], pid: u32) -> Value {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        identity(&command, pid).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_package_is_what_its_command_names() {
        for (command, registry, name, version) in [
            (
                &["npx", "-y", "@scope/server@1.2.3", "/x"][..],
                "npm",
                "@scope/server",
                Some("1.2.3"),
            ),
            (&["/usr/bin/npx", "server"], "npm", "server", None),
            (&["pnpm", "dlx", "server@2"], "npm", "server", Some("2")),
            (&["uvx", "mcp-server-git==1.0", "-v"], "pypi", "mcp-server-git", Some("1.0")),
            (&["uv", "tool", "run", "x@1"], "pypi", "x", Some("1")),
        ] {
            let expected =
                json!({ "package": { "registry": registry, "name": name, "version": version } });
            assert_eq!(told(command, 0), expected, "{command:?}");
        }
        for command in
            [&["npx", "-y"][..], &["uv", "run", "server.py"], &["docker", "run", "x"], &["no-such"]]
        {
            assert_eq!(told(command, std::process::id()), Value::Null, "{command:?}");
        }
    }

    #[test]
    fn a_program_is_its_digest_and_a_script_its_own_whatever_it_is_given() {
        let dir = tempfile::tempdir().unwrap();
        let pkg = dir.path().join("node_modules/pkg");
        fs::create_dir_all(pkg.join("dist")).unwrap();
        fs::write(pkg.join("package.json"), r#"{"name":"pkg","version":"7"}"#).unwrap();
        fs::write(pkg.join("data.db"), "1").unwrap();
        let script = pkg.join("dist/index.sh");
        let path = script.display().to_string();
        let run = |text: &str, command: &[&str]| {
            fs::write(&script, text).unwrap();
            told(command, std::process::id())
        };
        for command in [&["sh", path.as_str(), "x"][..], &["/bin/sh", "-u", path.as_str()]] {
            let first = run("read x\n", command);
            assert_eq!(first.pointer("/script/name"), Some(&json!("index.sh")), "{first}");
            assert_eq!(first.pointer("/package/version"), Some(&json!("7")));
            assert!(first.pointer("/program/sha256").is_none(), "{first}");
            assert_eq!(first, run("read x\n", command));
            assert_ne!(first, run("read y\n", command));
        }
        // A script that names its interpreter is what counts, however that is found.
        assert!(run("#!/usr/bin/env sh\n", &[&path]).pointer("/script/sha256").is_some());
        // What is no script is none: data changes with every use.
        let data = pkg.join("data.db").display().to_string();
        assert_eq!(
            told(&["python3", "-m", "server", "--db", &data], std::process::id()),
            Value::Null
        );
        let own = told(&["/bin/cat"], std::process::id());
        assert_eq!(own.pointer("/program/sha256").unwrap().as_str().unwrap().len(), 64);
    }
}
