//! Which session a shim belongs to, and how one begins.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::catalog;
use crate::engine::{Agent, Beside, Started, Unattended, limits};
use crate::gate::authority::Peer;
use crate::gate::client::build;
use crate::gate::controls;
use crate::gate::hub::{Hub, Session, SessionWatch, Waker};
use crate::gate::policy::{amended_by, in_force, policy_text};
use crate::gate::reload;
use crate::inspect::redact::Redactor;
use crate::inspect::secrets::Pack as SecretRules;
use crate::policy;
use crate::proxy::identity::identity;
use crate::proxy::peer::{self, Process};
use crate::proxy::recorder::Recorder;
use crate::proxy::session::{self, Beginning, Disk, Join, Posted, Spec};
use crate::store::home::{Home, passwd_home, read_if_there};
use crate::store::pins::Pins;
use crate::store::{keys, lock, policies, redaction, remembered, trusted};
use crate::wire::{Resume, RunHello, ShimHello};

/// The file of a user's own rules for secrets, among the configuration.
const SECRET_RULES: &str = "secrets.toml";
/// Programs that start others for a person: a shim right below one has no agent to be wrapped.
const SHELLS: &[&str] = &["bash", "dash", "fish", "ksh", "nu", "sh", "tmux: server", "zsh"];

/// Tells an agent by its command line.
pub(crate) type Recognise = fn(&[String]) -> Option<Agent>;

/// All sessions of the gate.
pub(super) struct Sessions {
    pub(super) hub: Arc<Hub>,
    home: Home,
    disk: Disk,
    recognise: Recognise,
    /// One shim at a time finds or begins its session, so that two shims of one agent find the same.
    door: Mutex<()>,
    policies: reload::Files,
    stopping: AtomicBool,
    leaving: AtomicBool,
    /// Wakes the accept loop, which sleeps for seconds, when the gate is to end.
    ending: Arc<Waker>,
}

/// Where a new session comes from.
struct Origin {
    agent: Agent,
    root: Option<Process>,
    policy: Option<String>,
    role: Option<String>,
    /// The project's policy, where there is one.
    project: Option<PathBuf>,
    patience_ms: Vec<(String, u64)>,
    run: bool,
}

impl Sessions {
    pub(super) fn new(
        hub: Arc<Hub>,
        home: Home,
        disk: Disk,
        recognise: Recognise,
        ending: Arc<Waker>,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub,
            home,
            disk,
            recognise,
            door: Mutex::new(()),
            policies: reload::Files::default(),
            stopping: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            ending,
        })
    }

    /// Hands a shim to its session. On failure the shim is given back to be told why.
    pub(super) fn join(&self, mut join: Box<Join>, peer: Peer) -> Result<(), (Box<Join>, String)> {
        join.folder = peer::folder(peer.pid).and_then(|folder| Some(folder.to_str()?.to_owned()));
        // Before the door: a project's lock may be long, and stand on a slow disk.
        join.identity = identity(&join.hello.command, join.hello.server_pid);
        (join.pins, join.notes) = self.pins(&join, peer);
        // Before the door, because files take a while to read.
        let project = reload::of_project(peer);
        let listed = match &project {
            Some(_) => trusted::read(&self.home),
            None => Ok(Vec::new()),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(why) => return Err((join, why)),
        };
        join.beside.extend(project.clone());
        if let Some(name) = join.hello.policy.clone() {
            match policy_text(&name) {
                Ok(policy) => join.beside.push(Beside { name, policy }),
                Err(why) => return Err((join, why)),
            }
        }
        let _one_at_a_time = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopping.load(Ordering::Acquire) {
            return Err((join, "the gate is stopping".to_owned()));
        }
        let project = project.as_ref().and_then(reload::path);
        let name = match self.session_of(&join.hello, peer, project, &mut join.notice) {
            Ok(name) => name,
            Err(why) => return Err((join, why)),
        };
        let inbox = {
            let state = self.hub.state();
            let Some(session) = state.sessions.get(&name).filter(|session| !session.ended) else {
                return Err((join, format!("session {name} is over")));
            };
            if let Some(role) = &join.hello.role
                && session.role.as_ref() != Some(role)
            {
                let why = format!("session {name} does not have the role {role}");
                return Err((join, why));
            }
            // The shim's own was read already; where it is the session's, it stands there.
            join.beside.retain(|beside| {
                let path = Path::new(&beside.name);
                let merged = session.project.as_deref() == Some(path)
                    && trusted::counts(&listed, path, &beside.policy);
                beside.name != session.policy && !merged
            });
            join.patience_ms = session
                .patience_ms
                .iter()
                .find(|(server, _)| *server == join.hello.server)
                .map(|(_, limit)| *limit);
            session.inbox.clone()
        };
        // The shim hears from the session, or from its closed socket.
        let _over = inbox.post(Posted::Join(join));
        Ok(())
    }

    /// What a server's definitions are to be, as this home has pinned them; what it has no pin of, as the lock of the
    /// project has it that the shim works in. What is to be said of that lock.
    fn pins(&self, join: &Join, peer: Peer) -> (Result<catalog::Pins, String>, Vec<String>) {
        let hello = &join.hello;
        let own = Pins::read(&self.home.pins_dir(), &hello.server, &hello.command);
        let mut own = match own {
            Ok(own) => own.pins,
            Err(why) => return (Err(why), Vec::new()),
        };
        // One that comes back has its definitions in its session.
        if hello.resume.is_some() {
            return (Ok(own), Vec::new());
        }
        let found = peer::folder(peer.pid)
            .zip(passwd_home().ok())
            .and_then(|(folder, top)| lock::find(&folder, &top));
        let Some(path) = found else { return (Ok(own), Vec::new()) };
        let (trusted, mut notes) = match keys::trusted(&self.home) {
            Ok(trusted) => (trusted, Vec::new()),
            Err(error) => (Vec::new(), vec![format!("no signature counts: failed to {error}")]),
        };
        let server = (hello.server.as_str(), join.identity.as_deref());
        let added = lock::added(&lock::read(&path), &trusted, server, &own);
        for (kind, named) in added.pins {
            own.entry(kind).or_default().extend(named);
        }
        notes.extend(added.notes);
        (Ok(own), notes)
    }

    fn session_of(
        &self,
        hello: &ShimHello,
        peer: Peer,
        project: Option<PathBuf>,
        notice: &mut Option<String>,
    ) -> Result<String, String> {
        if let Some(resume) = &hello.resume {
            return self.take_up(resume, peer);
        }
        // An agent can write what starts this shim; what a role may not do must not depend on it.
        if hello.role.is_some() && !self.hub.is_custom_home() {
            return Err(
                "--role of a shim counts only in a folder of its own: give it to `tollgate run`"
                    .to_owned(),
            );
        }
        let chain = peer::ancestry(peer.pid).ok_or("who started this shim cannot be seen")?;
        let above: Vec<Process> = chain.iter().skip(1).map(|stat| stat.process).collect();
        if let Some(name) = self.live_session_above(&above, hello.session.as_deref()) {
            return Ok(name);
        }
        if let Some(name) = &hello.session {
            return Err(format!("no `tollgate run` above this shim holds session {name}"));
        }
        let known = chain.iter().skip(1).find_map(|stat| {
            let agent = (self.recognise)(&peer::command_line(stat.process.pid))?;
            Some((stat.process, agent))
        });
        let (root, agent) = if let Some((process, agent)) = known {
            (Some(process), Agent { pid: process.pid, ..agent })
        } else {
            let parent = chain.get(1).ok_or("this shim has no parent")?;
            let agent = Agent {
                name: parent.name.clone(),
                pid: parent.process.pid,
                patience_ms: Some(limits::UNKNOWN_PATIENCE_MS),
                progress_extends: false,
            };
            let shell = SHELLS.contains(&parent.name.as_str());
            ((!shell).then_some(parent.process), agent)
        };
        // A session of the same agent that began a moment ago.
        if let Some(name) = root.and_then(|root| self.live_session_above(&[root], None)) {
            return Ok(name);
        }
        let origin = Origin {
            agent,
            root,
            policy: hello.policy.clone(),
            role: hello.role.clone(),
            project,
            patience_ms: Vec::new(),
            run: false,
        };
        self.begin(origin, hello.unattended.as_deref(), notice)
    }

    /// The live session whose agent or `tollgate run` is the nearest above.
    fn live_session_above(&self, above: &[Process], named: Option<&str>) -> Option<String> {
        let state = self.hub.state();
        above.iter().find_map(|process| {
            let found = state.sessions.iter().find(|(name, session)| {
                !session.ended
                    && session.root == Some(*process)
                    && named.is_none_or(|named| named == name.as_str())
            });
            found.map(|(name, _)| name.clone())
        })
    }

    /// Registers a `tollgate run`.
    pub(super) fn begin_run(&self, peer: Peer, hello: RunHello) -> Result<String, String> {
        let _one_at_a_time = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let root = peer::stat(peer.pid).ok_or("the run is gone")?.process;
        if let Some(name) = &hello.session {
            return self.take_up_run(name, root, hello.patience_ms);
        }
        let agent = (self.recognise)(std::slice::from_ref(&hello.agent)).unwrap_or(Agent {
            name: hello.agent.clone(),
            pid: 0,
            patience_ms: Some(limits::UNKNOWN_PATIENCE_MS),
            progress_extends: false,
        });
        let origin = Origin {
            agent: Agent { pid: root.pid, ..agent },
            root: Some(root),
            policy: hello.policy,
            role: hello.role,
            project: reload::project_file(peer),
            patience_ms: hello.patience_ms,
            run: true,
        };
        self.begin(origin, None, &mut None)
    }

    /// What replaces secrets in recordings. Without its key nothing is recorded.
    fn redactor(&self, pack: SecretRules) -> Result<Redactor, String> {
        let key = redaction::key(&self.home).map_err(|error| error.to_string())?;
        Ok(Redactor::new(key, Arc::new(pack)))
    }

    fn begin(
        &self,
        mut origin: Origin,
        unattended: Option<&str>,
        notice: &mut Option<String>,
    ) -> Result<String, String> {
        let policy_name = origin.policy.clone().unwrap_or_else(|| policy::DEFAULT.to_owned());
        let in_force =
            in_force(&self.home, &policy_name, origin.role.as_deref(), origin.project.as_deref())?;
        let trusted = in_force.amendments.iter().filter(|one| one.trusted);
        let amended_by: Vec<PathBuf> = trusted.map(|one| one.path.clone()).collect();
        origin.project = self.project_of(&amended_by);
        let dir = self.home.sessions_dir();
        *notice = first_recording(&dir);
        let raw = in_force.records_raw();
        let secret_rules = secret_rules(&self.home)?;
        let pack = secret_rules.as_ref().map(|(_, pack)| pack.clone()).unwrap_or_default();
        let redactor = if raw { None } else { Some(self.redactor(pack)?) };
        let (recorder, name) = Recorder::create(&dir, &origin.agent.name, redactor)
            .map_err(|error| format!("record to {}: {error}", dir.display()))?;
        let started = Started {
            session: name.clone(),
            build: build().to_string(),
            agent: origin.agent.clone(),
            redaction: if raw { Started::RAW } else { Started::REDACTED }.to_owned(),
            policy: in_force.text(&policy_name).to_owned(),
            policy_name: policy_name.clone(),
            amended_by: amended_by.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            role: origin.role.clone(),
            unattended: match unattended {
                Some("deny") => Unattended::Deny,
                Some("ask") => Unattended::Ask,
                _ => Unattended::Soon,
            },
            attended: self.hub.state().answering() > 0,
            secret_rules: secret_rules.map(|(text, _)| text),
            remembered: remembered::read(self.home.config_dir())?,
        };
        tracing::info!(session = name, agent = origin.agent.name, policy = policy_name, "begun");
        self.spawn(&name, Beginning::New(Box::new(started), Box::new(recorder)), origin)?;
        if let Some(proposed) = &in_force.proposed
            && let Some(session) = self.hub.state().sessions.get(&name)
        {
            // The session's first words: nothing was decided without them.
            let _begins = session.inbox.post(reload::says(proposed.text().to_owned()));
        }
        Ok(name)
    }

    /// Which of the files that are put over a policy is the project's.
    fn project_of(&self, amended_by: &[PathBuf]) -> Option<PathBuf> {
        let own = policies::own(&self.home);
        amended_by.iter().find(|path| !own.contains(path)).cloned()
    }

    /// Rebuilds a session whose gate died, when the first of its shims comes back.
    fn take_up(&self, resume: &Resume, peer: Peer) -> Result<String, String> {
        let name = resume.session.clone();
        if !is_plain(&name) {
            return Err("the session's name is not one of ours".to_owned());
        }
        if let Some(session) = self.hub.state().sessions.get(&name) {
            return if session.ended { Err(format!("session {name} is over")) } else { Ok(name) };
        }
        let resumed = Recorder::resume(
            &self.home.sessions_dir(),
            &name,
            self.redactor(SecretRules::default())?,
        )
        .map_err(|error| format!("failed to {error}"))?;
        if let Some(torn) = &resumed.torn {
            tracing::warn!(
                session = name,
                offset = torn.offset,
                bytes = torn.size_bytes,
                "a torn last record was cut off; its effects never acted"
            );
        }
        if let Some(hold) = resumed.engine.layer_text(controls::HOLD) {
            // The gate that died held calls of sessions to come, too.
            self.hub.state().hold.get_or_insert_with(|| hold.to_owned());
        }
        let started = resumed.engine.started().ok_or("its recording has no beginning")?;
        let agent = started.agent.clone();
        let root = root_of(&agent, peer);
        let (role, policy) = (started.role.clone(), Some(started.policy_name.clone()));
        let project = self.project_of(&amended_by(started));
        let origin =
            Origin { agent, root, policy, role, project, patience_ms: Vec::new(), run: false };
        tracing::info!(session = name, "taken up from its journal");
        self.spawn(&name, Beginning::Again(Box::new(resumed)), origin)?;
        let answering = self.hub.state().answering();
        if let Some(session) = self.hub.state().sessions.get(&name)
            && answering > 0
        {
            // A session that is over needs no operator.
            let _over = session.inbox.post(Posted::Attended(answering));
        }
        Ok(name)
    }

    /// Lets the run whose gate died have its session again; its shims may have come back before it.
    fn take_up_run(
        &self,
        name: &str,
        run: Process,
        patience_ms: Vec<(String, u64)>,
    ) -> Result<String, String> {
        let other = || format!("session {name} is another run's");
        if !is_plain(name) {
            return Err("the session's name is not one of ours".to_owned());
        }
        if let Some(session) = self.hub.state().sessions.get_mut(name) {
            return if session.ended {
                Err(format!("session {name} is over"))
            } else if session.root == Some(run) {
                session.patience_ms = patience_ms;
                Ok(name.to_owned())
            } else {
                Err(other())
            };
        }
        let resumed = Recorder::resume(
            &self.home.sessions_dir(),
            name,
            self.redactor(SecretRules::default())?,
        )
        .map_err(|error| format!("failed to {error}"))?;
        if resumed.engine.ended() {
            return Err(format!("session {name} is over"));
        }
        let started = resumed.engine.started().ok_or("its recording has no beginning")?;
        let (agent, policy) = (started.agent.clone(), Some(started.policy_name.clone()));
        if agent.pid != run.pid {
            return Err(other());
        }
        tracing::info!(session = name, "taken up by its run");
        let role = resumed.engine.started().and_then(|started| started.role.clone());
        let project = resumed.engine.started().and_then(|it| self.project_of(&amended_by(it)));
        let root = Some(run);
        let origin = Origin { agent, root, policy, role, project, patience_ms, run: true };
        self.spawn(name, Beginning::Again(Box::new(resumed)), origin)?;
        Ok(name.to_owned())
    }

    fn spawn(&self, name: &str, beginning: Beginning, origin: Origin) -> Result<(), String> {
        let bytes = Arc::new(AtomicU64::new(0));
        let watch = SessionWatch {
            hub: Arc::clone(&self.hub),
            name: name.to_owned(),
            bytes: Arc::clone(&bytes),
        };
        // The agent's end closes the session; without a known agent its last connection does.
        let agent = origin.root.and_then(|root| peer::open(root.pid).ok());
        let spec = Spec {
            name: name.to_owned(),
            beginning,
            agent,
            held_open: origin.run,
            watcher: Arc::new(watch),
            disk: self.disk.clone(),
        };
        let journal = self.home.sessions_dir().join(format!("{name}.jsonl"));
        // Under the lock, so that the session's first words find its entry.
        let mut state = self.hub.state();
        let new = matches!(spec.beginning, Beginning::New(..));
        let inbox = session::spawn(spec).map_err(|error| format!("begin a session: {error}"))?;
        if let Some(hold) = state.hold.as_ref().filter(|_| new) {
            // First of all, before a shim joins.
            let _begins = inbox.post(controls::begun(hold));
        }
        state.sessions_begun += 1;
        let begun = state.sessions_begun;
        state.sessions.insert(
            name.to_owned(),
            Session {
                inbox,
                agent: origin.agent.name,
                journal: journal.to_string_lossy().into_owned(),
                bytes,
                root: origin.root,
                role: origin.role,
                policy: origin.policy.unwrap_or_else(|| policy::DEFAULT.to_owned()),
                project: origin.project,
                patience_ms: origin.patience_ms,
                waiting: Vec::new(),
                ended: false,
                trouble: None,
                begun,
            },
        );
        drop(state);
        self.hub.changed();
        Ok(())
    }

    /// Whether a session runs by a policy that is a file.
    pub(super) fn has_policy_files(&self) -> bool {
        let state = self.hub.state();
        let mut live = state.sessions.values().filter(|session| !session.ended).peekable();
        let overridden =
            live.peek().is_some() && policies::own(&self.home).iter().any(|path| path.exists());
        overridden || live.any(|it| Path::new(&it.policy).is_absolute() || it.project.is_some())
    }

    /// Tells sessions whose policy's file changed.
    pub(super) fn look_at_policies(&self) {
        self.policies.look(&self.hub);
    }

    /// Forgets what a server's tools are to be, for sessions to come.
    ///
    /// # Errors
    /// Nothing is pinned of it, or a file cannot be written.
    pub(super) fn revoke(&self, server: &str, tool: Option<&str>) -> Result<(), String> {
        match Pins::revoke(&self.home.pins_dir(), server, tool) {
            Ok(true) => {
                tracing::info!(server, tool, "the operator forgot what it is to be");
                Ok(())
            }
            Ok(false) => {
                Err(format!("nothing is pinned of {server}; `tollgate pins list` shows what is"))
            }
            Err(error) => Err(format!("forget the pins of {server}: {error}")),
        }
    }

    /// `tollgate run` ended.
    pub(super) fn release(&self, name: &str) {
        if let Some(session) = self.hub.state().sessions.get(name) {
            let _over = session.inbox.post(Posted::Released);
        }
    }

    /// Ends all sessions in order.
    pub(super) fn stop(&self, why: &str) {
        self.stopping.store(true, Ordering::Release);
        for session in self.hub.state().sessions.values().filter(|session| !session.ended) {
            let _over = session.inbox.post(Posted::Stop(why.to_owned()));
        }
    }

    /// Lets go of everything at once; shims hand over to the next gate.
    pub(super) fn leave(&self) {
        self.stopping.store(true, Ordering::Release);
        for session in self.hub.state().sessions.values().filter(|session| !session.ended) {
            let _over = session.inbox.post(Posted::Leave);
        }
        self.leaving.store(true, Ordering::Release);
    }

    /// Has the accept loop look at once. Apart from [`Self::stop`] and [`Self::leave`], because the process may
    /// be gone right after, and who asked for it should have its answer.
    pub(super) fn look(&self) {
        self.ending.raise();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    pub(super) fn live(&self) -> usize {
        self.hub.state().sessions.values().filter(|session| !session.ended).count()
    }
}

/// The user's own rules for secrets, where there are any.
fn secret_rules(home: &Home) -> Result<Option<(String, SecretRules)>, String> {
    let path = home.config_dir().join(SECRET_RULES);
    let said = |why: String| format!("read the rules for secrets in {}: {why}", path.display());
    let Some(text) = read_if_there(&path).map_err(|error| said(error.to_string()))? else {
        return Ok(None);
    };
    let pack = SecretRules::parse(&text).map_err(|error| said(error.to_string()))?;
    for note in pack.notes() {
        tracing::warn!(note, "rules for secrets");
    }
    Ok(Some((text, pack)))
}

/// Said once per home, before anything is recorded into this folder.
#[must_use]
pub fn first_recording(dir: &Path) -> Option<String> {
    let mut entries = std::fs::read_dir(dir).ok()?;
    entries.next().is_none().then(|| {
        format!(
            "every tool call is recorded from now on, its secrets replaced (redaction: secrets), in {0}, readable by you alone; \
             delete with `rm -r {0}`",
            dir.display()
        )
    })
}

/// The agent's process, if it is really above the shim that came back.
fn root_of(agent: &Agent, peer: Peer) -> Option<Process> {
    let chain = peer::ancestry(peer.pid)?;
    chain.iter().skip(1).map(|stat| stat.process).find(|process| process.pid == agent.pid)
}

/// Names that [`Recorder::create`] makes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
