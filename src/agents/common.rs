//! What the agents' files share.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::plan::{Context, Files, Plan, PlanError, ShimLaunch, Uncovered};

/// Configuration files larger than this are not read, in bytes: claude-code stops at the same size.
const CONFIG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The real file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let meta = fs::metadata(path).ok()?;
        if !meta.is_file() || meta.len() > CONFIG_BYTES_MAX {
            return None;
        }
        fs::read(path).ok()
    }

    fn list(&self, path: &Path) -> Vec<OsString> {
        let mut names: Vec<OsString> = fs::read_dir(path)
            .map(|dir| dir.filter_map(Result::ok).map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    fn only_root_writes(&self, path: &Path) -> bool {
        rustix::process::geteuid().is_root()
            && path.ancestors().skip(1).all(|dir| {
                fs::metadata(dir).is_ok_and(|meta| meta.uid() == 0 && meta.mode() & 0o022 == 0)
                    || !dir.exists()
            })
    }
}

impl ShimLaunch {
    /// The command line that puts a shim in front of a server. A server whose command already is a
    /// shim of ours keeps it.
    pub(super) fn wrap(&self, server: &str, command: &[String]) -> Vec<String> {
        let ours = command.first().is_some_and(|program| {
            Path::new(program).file_name().is_some_and(|name| {
                name.to_str().is_some_and(|n| n == "tollgate" || n.starts_with("tollgate-"))
            })
        });
        if ours && command.get(1).is_some_and(|word| word == "shim") {
            return command.to_vec();
        }
        let mut argv = vec![
            self.binary.display().to_string(),
            "shim".to_owned(),
            "--server".to_owned(),
            server.to_owned(),
            "--session".to_owned(),
            self.session.clone(),
        ];
        if let Some(home) = &self.home {
            argv.extend(["--home".to_owned(), home.display().to_string()]);
        }
        if let Some(policy) = &self.policy {
            argv.extend(["--policy".to_owned(), policy.clone()]);
        }
        argv.push("--".to_owned());
        argv.extend_from_slice(command);
        argv
    }
}

impl Plan {
    /// Says that a server runs without a shim, or does not run.
    pub(super) fn leave(&mut self, server: &str, why: &str) {
        self.uncovered.push(Uncovered { server: server.to_owned(), why: why.to_owned() });
    }
}

impl Context<'_> {
    /// A variable's text; an empty one counts as not set.
    pub(super) fn var(&self, name: &str) -> Option<String> {
        (self.env)(name).and_then(|value| value.into_string().ok()).filter(|v| !v.is_empty())
    }

    /// A folder named by a variable.
    pub(super) fn var_path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(|text| self.at(&text))
    }

    /// A path as the agent resolves it.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        join(&self.cwd, path)
    }

    /// A file's JSON object, comments allowed; `None` where there is no file.
    pub(super) fn object(&self, path: &Path) -> Result<Option<Object>, PlanError> {
        match self.text(path)? {
            None => Ok(None),
            Some(text) => object(&text, &path.display().to_string()).map(Some),
        }
    }

    /// A file's text; `None` where there is no file.
    pub(super) fn text(&self, path: &Path) -> Result<Option<String>, PlanError> {
        self.files
            .read(path)
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| PlanError::Broken {
                    place: path.display().to_string(),
                    why: "it is not UTF-8".to_owned(),
                })
            })
            .transpose()
    }

    /// The nearest folder at or above `dir` that is a git work tree's root.
    pub(super) fn git_root(&self, dir: &Path) -> Option<PathBuf> {
        dir.ancestors()
            .find(|folder| self.files.list(folder).iter().any(|name| name == ".git"))
            .map(Path::to_owned)
    }
}

/// `dir` and all folders above it up to `top`, outermost first.
pub(super) fn outermost_first(dir: &Path, top: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        dir.ancestors().take_while(|folder| folder.starts_with(top)).map(Path::to_owned).collect();
    folders.reverse();
    folders
}

/// `path` seen from `dir`, without `.` and `..`.
pub(super) fn join(dir: &Path, path: &str) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in dir.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(part),
        }
    }
    clean
}

/// A JSON object, comments and trailing commas allowed; empty text is an empty object.
pub(super) fn object(text: &str, place: &str) -> Result<Object, PlanError> {
    let broken = |why: String| PlanError::Broken { place: place.to_owned(), why };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default())
        .map_err(|error| broken(error.to_string()))?;
    match value {
        None => Ok(Object::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(broken("it is not a JSON object".to_owned())),
    }
}

/// The object under a key.
pub(super) fn child<'a>(object: &'a Object, key: &str) -> Option<&'a Object> {
    object.get(key).and_then(Value::as_object)
}

/// A list's strings; `None` where something else is in it.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Merges `over` into `base`, objects by key, anything else replaced.
pub(super) fn merge(base: &mut Object, over: Object) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(object)) => merge(under, object),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// `command` and `args` of an entry as most agents write it.
pub(super) fn command_line(entry: &Object) -> Option<Vec<String>> {
    let mut line = vec![entry.get("command")?.as_str()?.to_owned()];
    if let Some(args) = entry.get("args") {
        line.extend(strings(args)?);
    }
    Some(line)
}

/// Puts a wrapped command line into such an entry.
pub(super) fn set_command_line(entry: &mut Object, argv: Vec<String>) {
    let mut argv = argv.into_iter();
    entry.insert("command".to_owned(), Value::String(argv.next().unwrap_or_default()));
    entry.insert("args".to_owned(), argv.map(Value::String).collect());
}
