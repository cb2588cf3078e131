//! Names that many rows share, kept once.

use std::collections::BTreeMap;

use crate::text::Safe;

/// Beyond this many different names, further ones are shown as [`TOO_MANY`]: a peer that invents a name
/// a call must not fill the console's memory.
pub(in crate::console) const NAMES_MAX: usize = 65_536;
/// Shown for a name that was not kept.
const TOO_MANY: &str = "(too many names)";
/// What is kept of a name, in bytes: enough for [`COLUMNS_MAX`] columns of any script.
const NAME_BYTES_MAX: usize = 256;
/// Longer names are cut: the gate itself records them whole.
const COLUMNS_MAX: usize = 64;

/// One kept name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameId(u32);

impl NameId {
    /// The same as a number; those of kept names are dense from 0, and what was not kept has
    /// one number in common.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// All of them.
#[derive(Debug)]
pub struct Names {
    known: BTreeMap<String, u32>,
    shown: Vec<Safe>,
    none: Safe,
}

impl Default for Names {
    fn default() -> Self {
        Self { known: BTreeMap::new(), shown: Vec::new(), none: Safe::word(TOO_MANY) }
    }
}

impl Names {
    /// Keeps a foreign name.
    pub fn keep(&mut self, name: &str) -> NameId {
        // Names that differ only behind what is shown of them are one row's text anyway.
        let name = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
        if let Some(id) = self.known.get(name) {
            return NameId(*id);
        }
        let id = u32::try_from(self.shown.len()).unwrap_or(u32::MAX);
        if self.shown.len() < NAMES_MAX {
            self.known.insert(name.to_owned(), id);
            self.shown.push(identifier(name));
        }
        NameId(id)
    }

    /// How a kept name is shown.
    #[must_use]
    pub fn get(&self, id: NameId) -> &Safe {
        usize::try_from(id.0).ok().and_then(|at| self.shown.get(at)).unwrap_or(&self.none)
    }
}

/// A name of a server, tool, session or agent: as it is where it is one by the usual rules, else
/// escaped and in quotes, so that a name cannot read as words of ours.
#[must_use]
pub fn identifier(name: &str) -> Safe {
    let usual = |c: char| c.is_ascii_alphanumeric() || "_.-/:".contains(c);
    if !name.is_empty() && name.len() <= COLUMNS_MAX && name.chars().all(usual) {
        return Safe::escape(name);
    }
    let quote = Safe::word("\"");
    quote.clone().then(&Safe::escape(name).clip(COLUMNS_MAX).shown).then(&quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_read_as_words_is_quoted() {
        let table = [
            ("read_file", "read_file"),
            ("tools/call", "tools/call"),
            ("mail ok  allow", "\"mail ok  allow\""),
            ("", "\"\""),
            ("x\u{202E}y", "\"x<U+202E>y\""),
        ];
        for (name, shown) in table {
            assert_eq!(identifier(name).as_str(), shown);
        }
        assert!(identifier(&"x".repeat(500)).width() <= COLUMNS_MAX + 2);
    }

    #[test]
    fn a_name_is_kept_once() {
        let mut names = Names::default();
        let first = names.keep("read_file");
        assert_eq!(names.keep("read_file"), first);
        assert_ne!(names.keep("write_file"), first);
        assert_eq!(names.get(first).as_str(), "read_file");
    }
}
