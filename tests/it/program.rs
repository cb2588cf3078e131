//! The real binary, run to its end.

use std::path::Path;
use std::process::{Command, Output};

/// What a run printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `tollgate` with a home of its own.
pub(crate) fn tollgate(home: &Path, args: &[&str]) -> Ran {
    tollgate_in(Path::new("."), home, args)
}

/// The same, in this folder.
pub(crate) fn tollgate_in(folder: &Path, home: &Path, args: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(args)
        .current_dir(folder)
        .env("TOLLGATE_HOME", home)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    Ran {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
