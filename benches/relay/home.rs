//! A home of its own for each run, so that no recording of the user's is touched.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use tollgate::store::home::{self as registry, Registration};

use crate::Failure;
use crate::rules::hundred_rules;

const POLICY: &str = "bench.yaml";

/// A registered folder; given back when dropped.
pub(crate) struct Home {
    tollgate: PathBuf,
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new(tollgate: &Path) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("tollgate-bench-").tempdir()?;
        fs::set_permissions(dir.path(), Permissions::from_mode(0o700))?;
        registry::Home::own()?.register(dir.path(), Registration::Add)?;
        registry::Home::below(dir.path()).prepare()?;
        fs::write(dir.path().join(POLICY), hundred_rules())?;
        Ok(Self { tollgate: tollgate.to_owned(), dir })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The command line that reaches a server through the gate.
    pub(crate) fn shim(&self, server: &[OsString]) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![self.tollgate.clone().into(), "shim".into()];
        command.extend(["--home".into(), self.path().into(), "--server".into(), "echo".into()]);
        command.extend(["--policy".into(), self.path().join(POLICY).into(), "--".into()]);
        command.extend_from_slice(server);
        command
    }

    /// Ends the gate, if one runs. By signal: `tollgate stop` is the operator's, who has a terminal.
    pub(crate) fn stop_gate(&self) -> Result<(), Failure> {
        let began = Instant::now();
        while let Ok(gate) = self.gate_pid() {
            let patient = began.elapsed() < Duration::from_secs(3);
            let signal = if patient { Signal::TERM } else { Signal::KILL };
            let pid = Pid::from_raw(i32::try_from(gate)?).ok_or("no gate")?;
            // It may have gone in the meantime.
            let _gone = kill_process(pid, signal);
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The gate's process: the one that serves this home's socket.
    pub(crate) fn gate_pid(&self) -> Result<u32, Failure> {
        let needle = self.path().to_str().ok_or("odd path")?.as_bytes();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while we look.
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0);
            let gate = words.nth(1).is_some_and(|word| word == b"gate");
            if gate && line.windows(needle.len()).any(|window| window == needle) {
                return Ok(pid);
            }
        }
        Err("no gate runs for this home".into())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Best effort: the figures are out, and the folder goes in any case.
        let _stopped = self.stop_gate();
        if let Ok(own) = registry::Home::own() {
            let _removed = own.register(self.dir.path(), Registration::Remove);
        }
    }
}

/// Resident memory of a process.
pub(crate) fn rss_bytes(pid: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
