//! Where the demo plays: a home that is thrown away, its gate, and the wrapped agent. **Nothing of it
//! is left behind**, whether the story ended, failed or was interrupted.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use crate::cli::exit::{Exit, Failure};
use crate::demo::story;
use crate::gate::client::{self, ClientError, Start};
use crate::store::home::{Home, Registration};
use crate::wire::{self, Reply};

/// How long processes get to end by themselves before they are killed.
const FAREWELL: Duration = Duration::from_secs(5);
/// A gate gives its sessions up to 8 s to end.
const GATE_FAREWELL: Duration = Duration::from_secs(12);
/// Between two looks at a child.
const LOOK: Duration = Duration::from_millis(20);

/// The demo's home and processes.
pub(super) struct Stage {
    own: Home,
    home: Home,
    dir: Option<tempfile::TempDir>,
    path: PathBuf,
    agent: Option<Child>,
    gate: Option<Pid>,
    interrupted: Arc<AtomicBool>,
}

impl Stage {
    /// Makes and registers the folder, writes the policy and starts the gate.
    pub(super) fn set() -> Result<Self, Failure> {
        let broken = |what: &str, error: io::Error| {
            Failure::new(Exit::Broken, format_args!("{what}: {error}"))
        };
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in
            [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(|error| broken("listen to signals", error))?;
        }
        let own = Home::own().map_err(|error| Failure::new(Exit::Usage, error))?;
        let dir = tempfile::Builder::new()
            .prefix("tollgate-demo-")
            .tempdir()
            .map_err(|error| broken("make a folder to throw away", error))?;
        let path =
            fs::canonicalize(dir.path()).map_err(|error| broken("find the folder", error))?;
        let home = Home::below(&path);
        let mut stage =
            Self { own, home, dir: Some(dir), path, agent: None, gate: None, interrupted };
        let usage = |error| Failure::new(Exit::Usage, error);
        stage.home.prepare().map_err(usage)?;
        stage.own.register(&stage.path, Registration::Add).map_err(usage)?;
        fs::write(stage.policy(), story::POLICY)
            .map_err(|error| broken("write the demo's policy", error))?;
        stage.start_gate()?;
        Ok(stage)
    }

    fn start_gate(&mut self) -> Result<(), Failure> {
        let reply = client::command(&self.home, Start::IfNeeded, wire::Command::Status {})
            .map_err(no_gate)?;
        match reply {
            Reply::Status(status) => {
                self.gate = i32::try_from(status.pid).ok().and_then(Pid::from_raw);
                Ok(())
            }
            Reply::Done {} | Reply::Refused { .. } | Reply::Tickets { .. } | Reply::Run { .. } => {
                Err(Failure::new(Exit::NoGate, "the gate does not say how it is"))
            }
        }
    }

    /// The home that the demo's commands use.
    pub(super) const fn home(&self) -> &Home {
        &self.home
    }

    /// The folder of that home.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The policy's file.
    pub(super) fn policy(&self) -> PathBuf {
        policy_file(&self.path)
    }

    /// What agent, shims and servers wrote to stderr.
    pub(super) fn stderr_text(&self) -> String {
        fs::read_to_string(self.path.join("stderr.log")).unwrap_or_default()
    }

    /// Whether the operator wants to stop.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Starts the agent below a process of its own that registers it, in a process group of its own,
    /// so that Ctrl-C reaches this process alone and the rest ends in order.
    pub(super) fn start_agent(&mut self, quick: bool, stdout: Stdio) -> Result<(), Failure> {
        let broken =
            |error: io::Error| Failure::new(Exit::Broken, format_args!("start the agent: {error}"));
        let stderr = fs::File::create(self.path.join("stderr.log")).map_err(broken)?;
        let mut command = Command::new(std::env::current_exe().map_err(broken)?);
        command.args(["demo", "wrapped", "--home"]).arg(&self.path);
        if quick {
            command.arg("--quick");
        }
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
        self.agent = Some(command.spawn().map_err(broken)?);
        Ok(())
    }

    /// The agent's process.
    pub(super) const fn agent(&mut self) -> Option<&mut Child> {
        self.agent.as_mut()
    }

    /// How the agent ended, if it did.
    pub(super) fn agent_status(&mut self) -> Option<ExitStatus> {
        self.agent.as_mut().and_then(|agent| agent.try_wait().ok().flatten())
    }

    /// Ends everything and removes every trace; the first thing that went wrong is told.
    pub(super) fn clear(mut self) -> Result<(), Failure> {
        self.end().map_err(|why| Failure::new(Exit::Broken, why))
    }

    fn end(&mut self) -> Result<(), String> {
        let agent = self.end_agent();
        let gate = self.end_gate();
        let unregistered = self
            .own
            .register(&self.path, Registration::Remove)
            .map(|_| ())
            .map_err(|error| error.to_string());
        let removed = self.dir.take().map_or(Ok(()), |dir| {
            dir.close().map_err(|error| format!("remove {}: {error}", self.path.display()))
        });
        agent.and(gate).and(unregistered).and(removed)
    }

    fn end_agent(&mut self) -> Result<(), String> {
        let Some(mut agent) = self.agent.take() else { return Ok(()) };
        let group = i32::try_from(agent.id()).ok().and_then(Pid::from_raw);
        for signal in [Signal::TERM, Signal::KILL] {
            if agent.try_wait().ok().flatten().is_some() {
                return Ok(());
            }
            if let Some(group) = group {
                // A group that is gone needs no signal.
                kill_process_group(group, signal).ok();
            }
            wait(&mut agent);
        }
        match agent.try_wait() {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("end the agent, process {}", agent.id())),
            Err(error) => Err(format!("wait for the agent: {error}")),
        }
    }

    /// Asks the gate to stop and sees it end.
    fn end_gate(&mut self) -> Result<(), String> {
        let Some(pid) = self.gate.take() else { return Ok(()) };
        let Ok(gate) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
        let number = pid.as_raw_nonzero();
        let why = match client::command(&self.home, Start::Never, wire::Command::Stop {}) {
            Ok(Reply::Refused { why }) => why,
            Ok(Reply::Done {} | Reply::Status(_) | Reply::Tickets { .. } | Reply::Run { .. }) => {
                if ended(&gate, GATE_FAREWELL) {
                    return Ok(());
                }
                format!("it did not end in {GATE_FAREWELL:?}")
            }
            Err(error) => error.to_string(),
        };
        // It holds nothing that outlives this folder.
        pidfd_send_signal(&gate, Signal::KILL).ok();
        if ended(&gate, FAREWELL) {
            return Err(format!("stop the gate, process {number}: {why}; it was killed"));
        }
        Err(format!("end the gate, process {number}: {why}"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // After `clear` there is nothing left to do; else this is the way out of an error, which is
        // told already.
        self.end().ok();
    }
}

/// The policy's file in the demo's folder.
pub(super) fn policy_file(dir: &Path) -> PathBuf {
    dir.join("demo.yaml")
}

/// A failure to reach the gate.
pub(super) fn no_gate(error: ClientError) -> Failure {
    Failure::new(Exit::NoGate, error)
}

fn wait(child: &mut Child) {
    let until = Instant::now() + FAREWELL;
    while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(LOOK);
    }
}

/// Waits until the process is gone.
fn ended(process: &impl std::os::fd::AsFd, limit: Duration) -> bool {
    let limit = Timespec { tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    let mut fds = [PollFd::new(process, PollFlags::IN)];
    poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready > 0)
}
