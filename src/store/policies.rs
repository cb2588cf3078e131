//! Policies by name: a shipped one, or a file, and what its user put over it.

use std::path::{Path, PathBuf};

use crate::policy::{self, Policy};
use crate::store::home::{Home, read_regular};
use crate::store::trusted::{self, Trusted};

/// Largest file that is read; a policy says itself that it is too long before that.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// A project's policy: beside what the user chose, and only ever stricter until the user trusts it as it is.
pub const PROJECT_FILE: &str = ".tollgate.yaml";
/// What the user puts over every policy.
const OVERRIDES: &str = "overrides.yaml";
/// Findings that its user took for false alarms, of every policy: a document that has nothing else.
const SUPPRESSIONS: &str = "suppressions.yaml";

/// A shipped policy by its name, or a file's; checked.
///
/// # Errors
/// In words, when there is none, or it is broken.
pub fn load(name: &str) -> Result<Policy, String> {
    policy::load(name, read)
}

/// The text of a policy's file.
///
/// # Errors
/// The system's, in words.
pub fn read(path: &str) -> Result<String, String> {
    read_regular(Path::new(path), FILE_BYTES_MAX).map_err(|error| error.to_string())
}

/// Where the user's overrides are.
#[must_use]
pub fn overrides(home: &Home) -> PathBuf {
    home.config_dir().join(OVERRIDES)
}

/// Where the user's suppressions are.
#[must_use]
pub fn suppressions(home: &Home) -> PathBuf {
    home.config_dir().join(SUPPRESSIONS)
}

/// The user's own files that are put over every policy, the last one on top.
#[must_use]
pub fn own(home: &Home) -> [PathBuf; 2] {
    [overrides(home), suppressions(home)]
}

/// A file that is put over a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// Whether the user said that it counts as it is.
    pub trusted: bool,
}

impl Amendment {
    fn read(path: &Path, list: &[Trusted]) -> Result<Option<Self>, String> {
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let name = path.to_string_lossy();
        let text = read(&name).map_err(|why| format!("read the policy {name}: {why}"))?;
        let trusted = trusted::counts(list, path, &text);
        Ok(Some(Self { path: path.to_owned(), text, trusted }))
    }

    fn over(&self, policy: &Policy) -> Result<Policy, String> {
        let name = self.path.to_string_lossy();
        policy.amended(&name, &self.text).map_err(|error| format!("read the policy {error}"))
    }
}

/// What a session is decided by.
#[derive(Debug)]
pub struct InForce {
    /// The policy with what its user trusted; `None` where nothing is put over a shipped one, which is sound.
    pub policy: Option<Policy>,
    /// The same with overrides that nobody confirmed yet.
    pub proposed: Option<Policy>,
    /// The files that are put over the policy, the last one on top.
    pub amendments: Vec<Amendment>,
}

impl InForce {
    /// A shipped policy or a file's, and over it the project's file where it is trusted, and the user's overrides.
    ///
    /// # Errors
    /// In words: one of the files is broken or cannot be read, or the list of those that are trusted.
    pub fn read(home: &Home, name: &str, project: Option<&Path>) -> Result<Self, String> {
        let own = own(home);
        let files = project.into_iter().chain(own.iter().map(PathBuf::as_path));
        let there: Vec<&Path> = files.filter(|path| path.symlink_metadata().is_ok()).collect();
        let mut amendments = Vec::new();
        if !there.is_empty() {
            let list = trusted::read(home)?;
            for path in there {
                amendments.extend(Amendment::read(path, &list)?);
            }
        }
        // A project's stands beside the policy until it is trusted.
        amendments.retain(|one| one.trusted || own.contains(&one.path));
        if amendments.is_empty() {
            let shipped = policy::shipped(name).is_some();
            let policy = if shipped { None } else { Some(load(name)?) };
            return Ok(Self { policy, proposed: None, amendments });
        }
        let mut policy = load(name)?;
        let mut proposed = None;
        for amendment in &amendments {
            // What waits to be confirmed is all files together.
            let over = proposed.as_ref().map(|below| amendment.over(below)).transpose()?;
            if amendment.trusted {
                policy = amendment.over(&policy)?;
                proposed = over;
            } else {
                proposed = Some(over.map_or_else(|| amendment.over(&policy), Ok)?);
            }
        }
        Ok(Self { policy: Some(policy), proposed, amendments })
    }

    /// Whether the operator wants recordings with their secrets.
    #[must_use]
    pub fn records_raw(&self) -> bool {
        self.policy.as_ref().is_some_and(Policy::records_raw)
    }

    /// The text that decides, of the policy of this name.
    #[must_use]
    pub fn text<'a>(&'a self, name: &str) -> &'a str {
        match &self.policy {
            Some(policy) => policy.text(),
            None => policy::shipped(name).unwrap_or_default(),
        }
    }
}
