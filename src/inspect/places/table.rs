//! Which paths mean something, from a table.

use std::sync::LazyLock;

use super::path::Roots;
use crate::inspect::rule::Severity;

const PATHS_TEXT: &str = include_str!("paths.txt");
/// Bytes of one part of a path that are compared: file systems allow 255.
const PART_MAX: usize = 255;

static TABLE: LazyLock<Vec<Entry>> =
    LazyLock::new(|| PATHS_TEXT.lines().filter_map(entry).collect());

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// What is read there is secret.
    Secret,
    /// What is written there runs again by itself.
    Persist,
    /// It holds traces of what was done.
    Log,
}

#[derive(Debug)]
struct Entry {
    /// `None`: an exception from secrets.
    meaning: Option<Meaning>,
    severity: Severity,
    anchor: Anchor,
    parts: Vec<&'static str>,
    what: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Top,
    Home,
    Anywhere,
}

fn entry(line: &'static str) -> Option<Entry> {
    let (head, what) = line.split_once(" = ")?;
    let (kind, head) = head.split_once(' ')?;
    let (severity, pattern) = head.split_once(' ')?;
    let meaning = match kind {
        "secret" => Some(Meaning::Secret),
        "persist" => Some(Meaning::Persist),
        "log" => Some(Meaning::Log),
        "not" => None,
        _ => return None,
    };
    let severity = match severity {
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        _ => Severity::Info,
    };
    let (anchor, pattern) = match (pattern.strip_prefix('/'), pattern.strip_prefix("~/")) {
        (Some(rest), _) => (Anchor::Top, rest),
        (None, Some(rest)) => (Anchor::Home, rest),
        (None, None) => (Anchor::Anywhere, pattern),
    };
    Some(Entry { meaning, severity, anchor, parts: pattern.split('/').collect(), what })
}

/// How the parts of a path are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As they are.
    Plain,
    /// As patterns of a shell.
    Glob,
}

/// What a normal path means in one way, how bad that is and in words.
#[must_use]
pub fn meaning(
    path: &str,
    roots: &Roots,
    written: Written,
    meaning: Meaning,
) -> Option<(Severity, &'static str)> {
    let top = path.strip_prefix("/c:").unwrap_or(path);
    let top: Vec<&str> = top.split('/').filter(|part| !part.is_empty()).collect();
    let home = roots.in_home(path);
    let home: Option<Vec<&str>> =
        home.map(|rest| rest.split('/').filter(|part| !part.is_empty()).collect());
    let absolute = path.starts_with('/');
    let fits = |entry: &Entry| {
        // What a pattern stands for among others is no exception.
        let written = if entry.meaning.is_none() { Written::Plain } else { written };
        match entry.anchor {
            Anchor::Top => absolute && begins(&entry.parts, &top, written),
            Anchor::Home => home.as_ref().is_some_and(|home| begins(&entry.parts, home, written)),
            Anchor::Anywhere => ends(&entry.parts, &top),
        }
    };
    let wanted = |entry: &&Entry| entry.meaning == Some(meaning) || entry.meaning.is_none();
    let found = TABLE.iter().filter(wanted).find(|entry| fits(entry))?;
    (found.meaning.is_some()).then_some((found.severity, found.what))
}

/// From the beginning, with nothing behind unless the pattern ends in `**`.
fn begins(pattern: &[&str], path: &[&str], written: Written) -> bool {
    let (pattern, open) = match pattern.split_last() {
        Some((&"**", rest)) => (rest, true),
        _ => (pattern, false),
    };
    (path.len() == pattern.len() || open && path.len() > pattern.len())
        && pattern.iter().zip(path).all(|(pattern, part)| part_fits(pattern, part, written))
}

/// Anywhere up to the end.
fn ends(pattern: &[&str], path: &[&str]) -> bool {
    if pattern.last() == Some(&"**") {
        return (0..path.len())
            .any(|from| begins(pattern, path.get(from..).unwrap_or_default(), Written::Plain));
    }
    let from = path.len().checked_sub(pattern.len());
    from.and_then(|from| path.get(from..)).is_some_and(|path| begins(pattern, path, Written::Plain))
}

fn part_fits(pattern: &str, part: &str, written: Written) -> bool {
    if written == Written::Plain {
        // Patterns of the table have one star at most.
        return match pattern.split_once('*') {
            None => pattern.eq_ignore_ascii_case(part),
            Some((head, tail)) => {
                let fits = |cut: Option<&str>, with: &str| {
                    cut.is_some_and(|cut| cut.eq_ignore_ascii_case(with))
                };
                let from = part.len().checked_sub(tail.len()).filter(|from| *from >= head.len());
                fits(part.get(..head.len()), head)
                    && from.is_some_and(|from| fits(part.get(from..), tail))
            }
        };
    }
    // As in a shell, a pattern does not stand for the dot in front.
    if written == Written::Glob && pattern.starts_with('.') && part.starts_with(['*', '?', '[']) {
        return false;
    }
    overlap(pattern.as_bytes(), part.as_bytes(), written)
}

/// Whether any name fits both.
fn overlap(pattern: &[u8], part: &[u8], written: Written) -> bool {
    let glob = written == Written::Glob;
    // One row of the usual table: which beginnings of the part fit the beginning of the pattern.
    let part = part.get(..PART_MAX).unwrap_or(part);
    let many = |byte: u8| glob && byte == b'*';
    let one = |byte: u8| glob && matches!(byte, b'?' | b'[' | b']');
    let mut row = vec![true];
    for &byte in part {
        row.push(row.last() == Some(&true) && many(byte));
    }
    for &wanted in pattern {
        let mut next = vec![wanted == b'*' && row.first() == Some(&true)];
        for (at, &byte) in part.iter().enumerate() {
            let cell = |row: &[bool], at: usize| row.get(at).copied().unwrap_or_default();
            let same = wanted.eq_ignore_ascii_case(&byte) || one(byte);
            let fits = (wanted == b'*' || many(byte)) && (cell(&row, at + 1) || cell(&next, at))
                || same && cell(&row, at);
            next.push(fits);
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// Whether a name fits a shell's pattern.
pub(crate) fn glob_fits(name: &str, glob: &str) -> bool {
    !name.contains('*') && overlap(name.as_bytes(), glob.as_bytes(), Written::Glob)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, as_what: Meaning) -> Option<Severity> {
        let roots = Roots::default();
        let written = if path.contains(['*', '?']) { Written::Glob } else { Written::Plain };
        let path = roots.spot(path, None).path;
        meaning(&path, &roots, written, as_what).map(|(severity, _)| severity)
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = PATHS_TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(TABLE.len(), lines);
    }

    #[test]
    fn what_is_secret_is_known_from_any_home() {
        for path in [
            "~/.ssh/id_ed25519",
            "/root/.ssh/id_rsa",
            "/Users/x/.aws/credentials",
            "/home/me/.ssh",
            "/etc/shadow",
            "/etc/sh?dow",
            "/etc/sh*",
            "~/.ssh/*",
            "app/.env",
            ".env.production",
            "../../.env.local",
            "/proc/self/environ",
            "~/Library/Application Support/Google/Chrome/Default/Cookies",
            "C:\\Users\\x\\AppData\\Roaming\\Mozilla\\Firefox\\Profiles",
            "keys/id_rsa",
            "/windows/system32/config/SAM",
        ] {
            assert!(told(path, Meaning::Secret) >= Some(Severity::Medium), "{path}");
        }
        for path in [
            "src/main.rs",
            "*",
            "*.json",
            "~/.ssh/id_rsa.pub",
            ".env.example",
            "/etc/hosts",
            "environment",
            "~/.ssh/known_hosts",
            "docs/.envelope",
            "src/env",
        ] {
            assert_eq!(told(path, Meaning::Secret), None, "{path}");
        }
        assert_eq!(told("/etc/cron.d/x", Meaning::Persist), Some(Severity::High));
        assert_eq!(told(".git/hooks/pre-commit", Meaning::Persist), Some(Severity::Medium));
        assert_eq!(told("/var/log/auth.log", Meaning::Log), Some(Severity::High));
        assert!(glob_fits("rm", "r?") && glob_fits("bash", "b*") && !glob_fits("rm", "r"));
    }
}
