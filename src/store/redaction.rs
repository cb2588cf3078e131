//! The key of the tags in markers: one for each home, so that the same secret has the same tag in all its recordings,
//! and none of them tells anything without it.

use std::io;

use super::home::{Held, Home, read_if_there, write_whole};
use crate::text::hex;

/// Its file, in the folder of what changes.
const FILE: &str = "redaction.key";

/// The home's key; made where there is none.
///
/// # Errors
/// When it cannot be read or made, with its file and what to do.
pub fn key(home: &Home) -> io::Result<[u8; 32]> {
    let path = home.state_dir().join(FILE);
    let said = |error: io::Error| {
        let place = path.display();
        io::Error::new(error.kind(), format!("the key of redaction in {place}: {error}"))
    };
    let _held = Held::dir(home.state_dir()).map_err(said)?;
    if let Some(text) = read_if_there(&path).map_err(said)? {
        return parsed(text.trim()).ok_or_else(|| {
            said(io::Error::other("it is no 64 hex digits; remove the file, and a new one is made"))
        });
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| said(io::Error::other(error)))?;
    write_whole(&path, format!("{}\n", hex(&key)).as_bytes()).map_err(said)?;
    Ok(key)
}

fn parsed(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 2 * key.len() || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_home_keeps_its_key_for_itself() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::below(dir.path());
        home.prepare().unwrap();
        let first = key(&home).unwrap();
        assert_eq!(key(&home).unwrap(), first);
        let path = home.state_dir().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for broken in ["", "abc", &"g".repeat(64), &"\u{e9}".repeat(32)] {
            std::fs::write(&path, broken).unwrap();
            let error = key(&home).unwrap_err().to_string();
            assert!(error.contains("remove the file"), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_ne!(key(&home).unwrap(), first);
    }
}
