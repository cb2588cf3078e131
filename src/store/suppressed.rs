//! The user's suppressions: `suppressions.yaml`, a document that is put over every policy and has nothing else.
//!
//! Each that is written here stands in a line of its own, so that what people wrote around it stays. What was changed by
//! somebody else is no more trusted and is not written to: it would count afterwards.

use std::io;

use crate::policy::{DEFAULT, Policy, Suppression, shipped};
use crate::store::home::{Held, Home, read_if_there, write_whole};
use crate::store::policies::suppressions as path;
use crate::store::trusted;

/// What a new file begins with.
const HEAD: &str = "# Findings that were taken for false alarms: `tollgate findings suppress`. They hold over every policy.\n\
                    version: 1\nname: suppressions\nrules: []\n";
/// The list, which is the last of the file.
const LIST: &str = "suppressions:";

/// A file's text with one more suppression, in place of one of the same id. `None`: there is no file yet.
#[must_use]
pub fn with(text: Option<&str>, one: &Suppression) -> String {
    let mut text = without(text.unwrap_or(HEAD), &one.id);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if !text.lines().any(|line| line.trim_end() == LIST) {
        text.push_str(LIST);
        text.push('\n');
    }
    // JSON is YAML as well.
    text.push_str("- ");
    text.push_str(&serde_json::to_string(one).unwrap_or_default());
    text.push('\n');
    text
}

/// The same without a suppression that was written here.
#[must_use]
pub fn without(text: &str, id: &str) -> String {
    let begins = format!("- {{\"id\":\"{id}\",");
    let mut kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(&begins)).collect();
    // A list of nothing is none.
    if kept.last().is_some_and(|line| line.trim_end() == LIST) {
        kept.pop();
    }
    kept.iter().flat_map(|line| [line, "\n"]).collect()
}

/// The suppressions of a text.
///
/// # Errors
/// In words: it is no such document.
pub fn read(name: &str, text: &str) -> Result<Vec<Suppression>, String> {
    let below = Policy::parse(DEFAULT, shipped(DEFAULT).unwrap_or_default());
    let below = below.map_err(|error| error.to_string())?;
    let policy = below.amended(name, text).map_err(|error| error.to_string())?;
    Ok(policy.suppressions().to_vec())
}

/// Writes the file anew and lets it count as it is then. `change` makes its text of what it was.
///
/// # Errors
/// In words: it is another one than the user confirmed, broken before or after the change, or cannot be written.
pub fn change(
    home: &Home,
    since: &str,
    change: impl FnOnce(Option<&str>) -> Result<String, String>,
) -> Result<(), String> {
    let path = path(home);
    let name = path.to_string_lossy().into_owned();
    let said = |error: io::Error| format!("write {name}: {error}");
    home.prepare_config().map_err(|error| format!("write {name}: {error}"))?;
    let now = {
        let _held = Held::dir(home.config_dir()).map_err(said)?;
        let was = read_if_there(&path).map_err(said)?;
        if let Some(was) = &was
            && !trusted::counts(&trusted::read(home)?, &path, was)
        {
            return Err(format!(
                "write {name}: it is not what you confirmed; look at it, then `tollgate policy trust {name}`"
            ));
        }
        let now = change(was.as_deref())?;
        read(&name, &now).map_err(|why| format!("write {why}"))?;
        write_whole(&path, now.as_bytes()).map_err(said)?;
        now
    };
    trusted::trust(home, &path, &now, since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Spot, Wider};

    fn one(text: &str) -> Suppression {
        let of = |word: &str| word.to_owned();
        let spot = Spot {
            server: of("mail"),
            tool: of("send"),
            field: of("arguments/body"),
            text: Spot::digest(text),
        };
        let said = ("It is \"ours\": # yes\nand so on", "me", "now");
        Suppression::of("hidden.tags", &spot, Wider::Not, said).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_what_people_wrote_stays() {
        let first = with(None, &one("a"));
        assert_eq!(read("s", &first).unwrap(), [one("a")]);
        let commented = format!("{first}# A word.\n");
        let second = with(Some(&commented), &one("b"));
        assert_eq!(read("s", &second).unwrap(), [one("a"), one("b")]);
        assert_eq!(with(Some(&first), &one("a")), first);
        assert!(second.contains("# A word.\n"));
        assert_eq!(without(&first, &one("a").id), HEAD);
        assert_eq!(read("s", HEAD).unwrap(), []);
    }

    #[test]
    fn a_file_that_changed_by_itself_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::below(dir.path());
        let add = |text: &'static str| change(&home, "now", |was| Ok(with(was, &one(text))));
        add("a").unwrap();
        add("b").unwrap();
        let text = std::fs::read_to_string(path(&home)).unwrap();
        assert!(trusted::counts(&trusted::read(&home).unwrap(), &path(&home), &text));
        let other = with(Some(&text), &one("c"));
        std::fs::write(path(&home), &other).unwrap();
        assert!(add("d").unwrap_err().contains("not what you confirmed"));
        assert_eq!(std::fs::read_to_string(path(&home)).unwrap(), other);
    }
}
