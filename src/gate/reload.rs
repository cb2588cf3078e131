//! Policies' files that change while sessions run by them, and a project's own policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::engine::{Beside, Happening, Reloaded};
use crate::gate::authority::Peer;
use crate::gate::hub::Hub;
use crate::policy::Policy;
use crate::proxy::peer;
use crate::proxy::session::{Inbox, Posted};
use crate::store::lock::{now_us, stamp};
use crate::store::policies::{self, InForce, PROJECT_FILE};
use crate::store::trusted;

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

/// What decides a session: its policy's name, and the project's file that is put over it.
type Decided = (String, Option<PathBuf>);

impl Files {
    /// Looks at the files of every live session's policy, and tells the sessions of those that changed. Costs a look at
    /// each file; a shipped policy has none but the user's overrides.
    pub(super) fn look(&self, hub: &Hub) {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut live: BTreeMap<Decided, Vec<Inbox>> = BTreeMap::new();
        for session in hub.state().sessions.values().filter(|session| !session.ended) {
            let decided = (session.policy.clone(), session.project.clone());
            live.entry(decided).or_default().push(session.inbox.clone());
        }
        let users = policies::own(&hub.home);
        let files = |(policy, project): &Decided| {
            let own = Some(PathBuf::from(policy)).filter(|path| path.is_absolute());
            let trusted = project.is_some() || users.iter().any(|path| path.exists());
            let list = trusted.then(|| trusted::path(&hub.home));
            own.into_iter().chain(project.clone()).chain(list).chain(users.clone())
        };
        let used: BTreeSet<PathBuf> = live.keys().flat_map(files).collect();
        stamps.retain(|path, _| used.contains(path));
        let mut changed = BTreeSet::new();
        for path in used {
            let now = Stamp::of(&path);
            let before = stamps.insert(path.clone(), now);
            // One that is seen first may have changed since its session began: the session tells.
            if before != Some(now) && (before.is_some() || now.is_some() || !users.contains(&path))
            {
                changed.insert(path);
            }
        }
        for (decided, inboxes) in live {
            if files(&decided).any(|path| changed.contains(&path)) {
                tell(hub, &decided, &inboxes);
            }
        }
    }
}

/// Tells sessions what their policy's files say now.
fn tell(hub: &Hub, (name, project): &Decided, inboxes: &[Inbox]) {
    let reloaded = match InForce::read(&hub.home, name, project.as_deref()) {
        Ok(now) => {
            let proposed = now.proposed.as_ref().map(Policy::text);
            Reloaded::Text(proposed.unwrap_or_else(|| now.text(name)).to_owned())
        }
        Err(why) => Reloaded::Broken(why),
    };
    for inbox in inboxes {
        if !inbox.post(Posted::Happens(Box::new(Happening::Reloaded(reloaded.clone())))) {
            tracing::warn!(policy = %name, "a session was not told that its policy changed");
        }
    }
}

/// An operator takes what a session's files say, if it is what was shown: the user's overrides count from then on, in
/// later sessions as well.
///
/// # Errors
/// In words: the files cannot be read any more, or the list of those that count cannot be written.
pub(super) fn confirmed(hub: &Hub, session: &str, digest: &str) -> Result<(), String> {
    let decided =
        hub.state().sessions.get(session).map(|it| (it.policy.clone(), it.project.clone()));
    let Some((name, project)) = decided else { return Ok(()) };
    let now = InForce::read(&hub.home, &name, project.as_deref())?;
    if now.proposed.is_none_or(|proposed| proposed.digest() != digest) {
        return Ok(());
    }
    for one in now.amendments.iter().filter(|one| !one.trusted) {
        tracing::info!(path = %one.path.display(), "the operator trusts what is put over policies");
        trusted::trust(&hub.home, &one.path, &one.text, &stamp(now_us()))?;
    }
    Ok(())
}

/// What a session is told when its policy's files say this.
pub(super) fn says(text: String) -> Posted {
    Posted::Happens(Box::new(Happening::Reloaded(Reloaded::Text(text))))
}

/// Where a project's policy is: in this folder or the nearest above it.
fn above(folder: &Path) -> Option<PathBuf> {
    let mut paths = folder.ancestors().take(ABOVE_MAX).map(|dir| dir.join(PROJECT_FILE));
    paths.find(|path| path.symlink_metadata().is_ok())
}

/// The same of the folder in which a run or a shim was started; `None` as well where that cannot be seen.
pub(super) fn project_file(peer: Peer) -> Option<PathBuf> {
    above(&peer::folder(peer.pid)?)
}

/// Where a project's policy is that was read.
pub(super) fn path(beside: &Beside) -> Option<PathBuf> {
    Some(PathBuf::from(&beside.name)).filter(|path| path.is_absolute())
}

/// The project's policy, of the folder in which a shim was started or the nearest above it. It allows nothing
/// unless the user trusts it as it is: who works on a project may be the agent.
pub(super) fn of_project(shim: Peer) -> Option<Beside> {
    // The shim's: a server goes where it wants.
    let Some(folder) = peer::folder(shim.pid) else {
        // What cannot be seen may be there.
        return Some(Beside { name: PROJECT_FILE.to_owned(), policy: String::new() });
    };
    let name = above(&folder)?.to_string_lossy().into_owned();
    // What cannot be read is no policy, so that calls ask and the cause is said.
    let policy = policies::read(&name).unwrap_or_default();
    Some(Beside { name, policy })
}
