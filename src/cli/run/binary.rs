//! A place for the binary that outlives the next build.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::cli::exit::{Exit, Failure};
use crate::store::home::Home;
use crate::wire::Build;

/// The running binary, or its copy in the home where it lies in a build folder.
///
/// # Errors
/// When the binary cannot be found or copied.
pub(super) fn stable(home: &Home) -> Result<PathBuf, Failure> {
    let running = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Broken, format_args!("find this binary: {error}")))?;
    if !in_build_folder(&running) {
        return Ok(running);
    }
    copied(&running, &home.bin_dir()).map_err(|error| {
        let to = home.bin_dir();
        Failure::new(Exit::Broken, format_args!("copy this binary to {}: {error}", to.display()))
    })
}

/// Whether a folder above the file is a cargo `target`.
fn in_build_folder(path: &Path) -> bool {
    path.ancestors().skip(1).any(|dir| dir.file_name().is_some_and(|name| name == "target"))
}

/// Copies whole or not at all; a copy of the same build and size is taken as it is.
fn copied(from: &Path, dir: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let meta = fs::metadata(from)?;
    let since_epoch = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let build =
        Build { version: env!("CARGO_PKG_VERSION").to_owned(), built_at: since_epoch.as_secs() };
    let to = dir.join(format!("tollgate-{build}"));
    let same = |there: &fs::Metadata| {
        there.len() == meta.len() && there.modified().ok() == meta.modified().ok()
    };
    if fs::metadata(&to).is_ok_and(|there| same(&there)) {
        return Ok(to);
    }
    let mut copy = tempfile::NamedTempFile::new_in(dir)?;
    io::copy(&mut fs::File::open(from)?, copy.as_file_mut())?;
    copy.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
    // The build's id is the file's time, so the copy is the same build.
    copy.as_file().set_modified(meta.modified()?)?;
    copy.as_file().sync_all()?;
    copy.persist(&to).map_err(|error| error.error)?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_folders_are_known_by_their_name() {
        for (path, expected) in [
            ("/p/target/debug/tollgate", true),
            ("/p/target/x86_64/release/deps/tollgate", true),
            ("/usr/bin/tollgate", false),
            ("/opt/target", false),
            ("/opt/targets/tollgate", false),
        ] {
            assert_eq!(in_build_folder(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_copy_is_made_once_per_build_and_replaced_when_it_differs() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("tollgate");
        fs::write(&from, b"one").unwrap();
        let to = copied(&from, &dir.path().join("bin")).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"one");
        let meta = fs::metadata(&to).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o755);
        assert_eq!(meta.modified().unwrap(), fs::metadata(&from).unwrap().modified().unwrap());

        fs::write(&to, b"two").unwrap();
        assert_eq!(copied(&from, &dir.path().join("bin")).unwrap(), to);
        assert_eq!(fs::read(&to).unwrap(), b"one");
    }
}
