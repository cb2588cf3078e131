//! What a server is, beside its command line: the program that runs, the script that it runs, the package that this
//! comes from. A server of the same name that is another program tomorrow is noticed by it (features.md, F11).
//!
//! An interpreter's own digest says nothing of a server and changes with every update of the system, so that only the
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
/// How often, and how long apart, a command line is looked for that is not there yet.
const BEGINNING_LOOKS: u32 = 20;
const BEGINNING_WAIT: Duration = Duration::from_millis(1);
/// Bytes that are hashed at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// Programs that run a script.
const INTERPRETERS: &[&str] = &[
    "bash", "bun", "dash", "deno", "java", "lua", "node", "nodejs", "perl", "php", "python",
    "ruby", "sh", "zsh",
];
/// Programs that fetch a package and run it, and where from.
const RUNNERS: &[(&str, &str)] = &[
    ("bunx", "npm"),
    ("npm", "npm"),
    ("npx", "npm"),
    ("pipx", "pypi"),
    ("pnpm", "npm"),
    ("uv", "pypi"),
    ("uvx", "pypi"),
    ("yarn", "npm"),
];
/// Words of runners that are no package.
const VERBS: &[&str] = &["dlx", "exec", "run", "tool", "x"];

/// A file as the disk knows it: what is the same here was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

static KNOWN: LazyLock<Mutex<BTreeMap<Stamp, String>>> = LazyLock::new(Mutex::default);

/// What runs as this process, started by this command, as a JSON object without local paths. What cannot be told is
/// left out.
#[must_use]
pub fn identity(command: &[String], pid: u32) -> String {
    let mut told = Map::new();
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let program = fs::read_link(proc.join("exe")).unwrap_or_default();
    let name = name_of(&program);
    if let Some(package) = fetched(command) {
        told.insert("package".to_owned(), package);
        return Value::Object(told).to_string();
    }
    if is_interpreter(&name) {
        told.insert("program".to_owned(), json!({ "name": plain(&name) }));
        let folder = fs::read_link(proc.join("cwd")).unwrap_or_default();
        // A script that was found by its name stands only in what the kernel made of the command.
        let words = command.iter().cloned().chain(command_line(pid).into_iter().skip(1));
        let mut files = words.filter_map(|word| fs::canonicalize(folder.join(word)).ok());
        let script = files.find(|path| path.is_file() && *path != program);
        if let Some(script) = script {
            told.insert("script".to_owned(), file(&script));
            told.extend(package(&script).map(|package| ("package".to_owned(), package)));
        }
    } else if !name.is_empty() {
        // By what the process runs: the file may be another one by now.
        let digest = digest(&proc.join("exe"));
        told.insert("program".to_owned(), json!({ "name": name, "sha256": digest.ok() }));
    }
    Value::Object(told).to_string()
}

/// A process's command line. The kernel may still be about to set it when the program has begun.
fn command_line(pid: u32) -> Vec<String> {
    for _ in 0..BEGINNING_LOOKS {
        let words = peer::command_line(pid);
        if !words.is_empty() {
            return words;
        }
        std::thread::sleep(BEGINNING_WAIT);
    }
    Vec::new()
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

fn file(path: &Path) -> Value {
    json!({ "name": name_of(path), "sha256": digest(path).ok() })
}

/// The package that a command has fetched and run: `npx -y @scope/name@1.2.3`, `uvx name==1.2`.
fn fetched(command: &[String]) -> Option<Value> {
    let (runner, words) = command.split_first()?;
    let runner = name_of(Path::new(runner));
    let (_, registry) = RUNNERS.iter().find(|(name, _)| *name == runner)?;
    let mut words = words.iter().filter(|word| !word.starts_with('-'));
    let spec = words.find(|word| !VERBS.contains(&word.as_str()))?;
    let (name, version) = match spec.split_once("==") {
        Some(parts) => parts,
        // The first letter may be the scope's.
        None => match spec.char_indices().skip(1).find(|(_, c)| *c == '@') {
            Some((at, _)) => (spec.get(..at)?, spec.get(at + 1..)?),
            None => (spec.as_str(), ""),
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
        known().insert(stamp, digest.clone());
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &[&str], pid: u32) -> Value {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        serde_json::from_str(&identity(&command, pid)).unwrap()
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
        assert_eq!(told(&["npx", "-y"], 0), json!({}));
    }

    #[test]
    fn a_program_is_its_digest_and_a_script_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("node_modules/pkg/dist/index.sh");
        fs::create_dir_all(script.parent().unwrap()).unwrap();
        fs::write(
            dir.path().join("node_modules/pkg/package.json"),
            r#"{"name":"pkg","version":"7"}"#,
        )
        .unwrap();
        let run = |text: &str| {
            fs::write(&script, text).unwrap();
            let mut child = std::process::Command::new("/bin/sh");
            let mut child =
                child.arg("dist/index.sh").current_dir(dir.path().join("node_modules/pkg"));
            child = child.stdin(std::process::Stdio::piped());
            let mut child = child.spawn().unwrap();
            let told = told(&["/bin/sh", "dist/index.sh"], child.id());
            drop(child.stdin.take());
            child.wait().unwrap();
            told
        };
        let first = run("read x\n");
        let again = run("read x\n");
        let other = run("read y\n");
        assert_eq!(first.pointer("/script/name"), Some(&json!("index.sh")));
        assert_eq!(first.pointer("/package/version"), Some(&json!("7")));
        assert!(first.pointer("/program/sha256").is_none(), "{first}");
        assert_eq!(first, again);
        assert_ne!(first.pointer("/script/sha256"), other.pointer("/script/sha256"));
        let own = told(&["x"], std::process::id());
        assert_eq!(own.pointer("/program/sha256").unwrap().as_str().unwrap().len(), 64);
    }
}
