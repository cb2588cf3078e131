//! Policies' files that change while sessions run by them, and a project's own policy.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::engine::{Beside, Happening, Reloaded};
use crate::gate::authority::Peer;
use crate::gate::hub::Hub;
use crate::proxy::peer;
use crate::proxy::session::Posted;
use crate::store::policies;

/// A project's policy: beside what the user chose, and only ever stricter.
const PROJECT_FILE: &str = ".tollgate.yaml";
/// Folders above the one where a server was started in which it is looked for.
const ABOVE_MAX: usize = 64;

/// A file as it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// `None`: there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let changed = (meta.ctime(), meta.ctime_nsec());
        Some(Self { inode: meta.ino(), size: meta.len(), changed })
    }
}

/// What is known of the files in use.
#[derive(Debug, Default)]
pub(super) struct Files {
    stamps: Mutex<BTreeMap<PathBuf, Option<Stamp>>>,
}

impl Files {
    /// Looks at the file of every live session's policy, and tells the sessions of those that changed. Costs a look at
    /// each file; a shipped policy has none.
    pub(super) fn look(&self, hub: &Hub) {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used: BTreeMap<PathBuf, Vec<crate::proxy::session::Inbox>> = BTreeMap::new();
        for session in hub.state().sessions.values().filter(|session| !session.ended) {
            let path = Path::new(&session.policy);
            if path.is_absolute() {
                used.entry(path.to_owned()).or_default().push(session.inbox.clone());
            }
        }
        stamps.retain(|path, _| used.contains_key(path));
        for (path, inboxes) in used {
            let now = Stamp::of(&path);
            // One that is seen first may have changed since its session began: the session tells.
            if stamps.insert(path.clone(), now) == Some(now) {
                continue;
            }
            let name = path.to_string_lossy();
            let reloaded = match policies::read(&name) {
                Ok(text) => Reloaded::Text(text),
                Err(why) => Reloaded::Broken(format!("read {name}: {why}")),
            };
            for inbox in inboxes {
                let what = Happening::Reloaded(reloaded.clone());
                if !inbox.post(Posted::Happens(Box::new(what))) {
                    tracing::warn!(policy = %name, "a session was not told that its policy changed");
                }
            }
        }
    }
}

/// The project's policy, of the folder in which a shim was started or the nearest above it. It cannot be trusted to
/// allow anything: who works on a project may be the agent.
pub(super) fn of_project(shim: Peer) -> Option<Beside> {
    // The shim's: a server goes where it wants.
    let Some(folder) = peer::folder(shim.pid) else {
        // What cannot be seen may be there.
        return Some(Beside { name: PROJECT_FILE.to_owned(), policy: String::new() });
    };
    let path = folder.ancestors().take(ABOVE_MAX).map(|dir| dir.join(PROJECT_FILE));
    let path = path.into_iter().find(|path| path.symlink_metadata().is_ok())?;
    let name = path.to_string_lossy().into_owned();
    // What cannot be read is no policy, so that calls ask and the cause is said.
    let policy = policies::read(&name).unwrap_or_default();
    Some(Beside { name, policy })
}
