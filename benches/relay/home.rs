//! A home of its own for each run, so that no recording of the user's is touched.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Failure;

/// A registered folder; given back when dropped.
pub(crate) struct Home {
    tollgate: PathBuf,
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new(tollgate: &Path) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("tollgate-bench-").tempdir()?;
        fs::set_permissions(dir.path(), Permissions::from_mode(0o700))?;
        let home = Self { tollgate: tollgate.to_owned(), dir };
        home.command(&[OsStr::new("home"), OsStr::new("add"), home.dir.path().as_os_str()])?;
        Ok(home)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The command line that reaches a server through the gate.
    pub(crate) fn shim(&self, server: &[OsString]) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![self.tollgate.clone().into(), "shim".into()];
        command.extend(["--home".into(), self.path().into(), "--server".into(), "echo".into()]);
        command.push("--".into());
        command.extend_from_slice(server);
        command
    }

    pub(crate) fn stop_gate(&self) -> Result<(), Failure> {
        self.command(&[OsStr::new("stop")]).map(|_| ())
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

    fn command(&self, arguments: &[&OsStr]) -> Result<Output, Failure> {
        let output = Command::new(&self.tollgate)
            .args(arguments)
            .env("TOLLGATE_HOME", self.path())
            .stdin(std::process::Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("tollgate {arguments:?}: {} {said}", output.status).into())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Best effort: the figures are out, and the folder goes in any case.
        let _stopped = self.stop_gate();
        let path = self.dir.path().as_os_str();
        let _removed = self.command(&[OsStr::new("home"), OsStr::new("remove"), path]);
    }
}

/// Resident memory of a process.
pub(crate) fn rss_bytes(pid: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
