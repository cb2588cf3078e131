//! What is looked for: the rules that come with the program, and a user's own in the format of gitleaks.
//!
//! Read of a file: `[[rules]]` with `id`, `description`, `regex`, `secretGroup`, `entropy`, `keywords` and `[rules.allowlist]`
//! or `[[rules.allowlists]]`; `[allowlist]` or `[[allowlists]]`; `[extend]` with `useDefault` and `disabledRules`. The format
//! is described in the README of github.com/gitleaks/gitleaks. What is about files and commits says nothing of a tool call:
//! it is left out, and said in [`Pack::notes`].
//!
//! Rules of one's own are added to those of the program. They alone count with `useDefault = false`.

mod file;
mod go;
mod own;

use std::collections::BTreeSet;

use super::Secret;
use own::Own;

/// Longest file of rules; that of gitleaks itself has 100 kB.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Rules that are looked for.
#[derive(Debug, Clone)]
pub struct Pack {
    builtin: bool,
    /// Kinds of the program's own rules that are not wanted.
    off: BTreeSet<String>,
    own: Option<Own>,
    notes: Vec<String>,
}

/// Why a file of rules is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Longer than 4 MiB.
    #[error(
        "read rules: the file has more than {FILE_BYTES_MAX} bytes; split off what is not used"
    )]
    Long,
    /// No TOML, or values of other types.
    #[error("read rules: {0}")]
    Toml(String),
    /// A rule without an id.
    #[error("read rule {number}: it has no id; add `id = \"…\"`")]
    NoId {
        /// Which rule, from 1 on.
        number: usize,
    },
    /// Two rules of one id.
    #[error("read rule {id}: another rule has this id; change one of them")]
    Twice {
        /// The id.
        id: String,
    },
    /// A rule that looks for nothing.
    #[error("read rule {id}: it has neither a regex nor a path; add `regex = '''…'''`")]
    NoRegex {
        /// The id.
        id: String,
    },
    /// A regular expression that cannot be read.
    #[error("read the regular expression of {place}: {reason}; {next}")]
    Regex {
        /// Of which rule or list.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        next: &'static str,
    },
    /// A group that is not there.
    #[error(
        "read rule {id}: secretGroup is {group}, but its regex has {groups} groups; count its brackets"
    )]
    Group {
        /// The id.
        id: String,
        /// The group.
        group: usize,
        /// How many there are.
        groups: usize,
    },
    /// A number that is none.
    #[error("read rule {id}: entropy is a number from 0 to 8, such as 3.5")]
    Entropy {
        /// The id.
        id: String,
    },
    /// Rules in another file.
    #[error("read [extend]: rules of {place} are not read from here; copy them into this file")]
    Extends {
        /// Which.
        place: String,
    },
    /// Nothing is left to look for.
    #[error(
        "read rules: there are none, and useDefault is false; add a rule or take useDefault away"
    )]
    Empty,
}

impl Pack {
    /// The rules of the program.
    #[must_use]
    pub const fn builtin() -> Self {
        Self { builtin: true, off: BTreeSet::new(), own: None, notes: Vec::new() }
    }

    /// A user's rules, and those of the program unless the file says otherwise.
    ///
    /// # Errors
    /// Where something cannot be read as it is meant: a rule that was left out would be missed.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(PackError::Long);
        }
        file::read(text)
    }

    /// What was left out of the file, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(super) const fn has_builtin(&self) -> bool {
        self.builtin
    }

    pub(super) const fn has_own(&self) -> bool {
        self.own.is_some()
    }

    pub(super) fn wants(&self, kind: &str) -> bool {
        !self.off.contains(kind)
    }

    /// What the user's rules find, each with the number of its rule.
    pub(super) fn own(&self, text: &str) -> Vec<(usize, Secret)> {
        self.own.as_ref().map(|own| own.find(text)).unwrap_or_default()
    }

    /// Whether the user said of something like this that it is none.
    pub(super) fn allows(&self, text: &str, secret: &Secret) -> bool {
        self.own.as_ref().is_some_and(|own| own.allows(text, secret))
    }
}

impl Default for Pack {
    fn default() -> Self {
        Self::builtin()
    }
}

#[cfg(test)]
mod tests;
