//! The operator's own editor, in the console's place.

use std::io::Write as _;
use std::process::Command;

/// What is read back at most, in bytes; the card takes less.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Lets the operator edit the text in `$VISUAL`, else `$EDITOR`, else `vi`, and waits for it. The file is in a
/// folder that nobody else can enter, and gone afterwards.
///
/// # Errors
/// In words, when the editor cannot be started, fails, or leaves no text.
pub(super) fn edit(text: &str) -> Result<String, String> {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = ["VISUAL", "EDITOR"].iter().find_map(set).unwrap_or_else(|| "vi".to_owned());
    let folder = tempfile::Builder::new().prefix("tollgate-").tempdir();
    let folder = folder.map_err(|error| format!("no folder for the editor: {error}"))?;
    let path = folder.path().join("arguments.json");
    std::fs::File::create_new(&path)
        .and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()))
        .map_err(|error| format!("no file for the editor: {error}"))?;
    // The variable is a command line with options, as git and others take it.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(&path)
        .status()
        .map_err(|error| format!("the editor did not start: {error}"))?;
    if !status.success() {
        return Err(format!("the editor failed ({status})"));
    }
    let size = std::fs::metadata(&path).map(|file| file.len());
    match size.and_then(|size| (size <= TEXT_BYTES_MAX).then(|| std::fs::read(&path)).transpose()) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "the text is no UTF-8".to_owned()),
        Ok(None) => Err("the edited text is too large".to_owned()),
        Err(error) => Err(format!("the editor left no text: {error}")),
    }
}
