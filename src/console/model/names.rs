//! Names that many rows share, kept once.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use crate::console::model::Chunks;
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

/// One kept name, from 1: so that none takes no room of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameId(NonZeroU32);

impl NameId {
    /// From 0, in the order in which names came; those of kept names are less than `NAMES_MAX`, and what
    /// was not kept has one number in common.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get() - 1
    }

    /// The same, as a place.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A kept name, as it came and to look at.
type Kept = (Box<str>, Safe);
/// The kept names in the order in which they came: the same for the same records.
pub(super) type Shown = Chunks<Kept, 64>;

/// All of them.
#[derive(Debug)]
pub struct Names {
    known: BTreeMap<Box<str>, NameId>,
    shown: Shown,
    none: Safe,
}

impl Default for Names {
    fn default() -> Self {
        let (known, shown) = (BTreeMap::new(), Shown::default());
        Self { known, shown, none: Safe::word(TOO_MANY) }
    }
}

impl Names {
    /// Keeps a foreign name.
    pub fn keep(&mut self, name: &str) -> NameId {
        // Names that differ only behind what is shown of them are one row's text anyway.
        let name = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
        if let Some(id) = self.known.get(name) {
            return *id;
        }
        let number = u32::try_from(self.shown.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = NameId(NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX));
        if self.shown.len() < NAMES_MAX {
            self.known.insert(name.into(), id);
            self.shown.push((name.into(), identifier(name)));
        }
        id
    }

    /// The number of a foreign name, if it was kept.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NameId> {
        let name = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
        self.known.get(name).copied()
    }

    /// How a kept name is shown.
    #[must_use]
    pub fn get(&self, id: NameId) -> &Safe {
        self.shown.get(id.index()).map_or(&self.none, |(_, shown)| shown)
    }

    /// The same as it came, as far as it was kept.
    #[must_use]
    pub fn raw(&self, id: NameId) -> &str {
        self.shown.get(id.index()).map_or("", |(name, _)| name)
    }

    /// All of them, as they came.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(|(name, _)| &**name)
    }

    /// All of them by the alphabet of what came.
    pub(super) fn sorted(&self) -> impl Iterator<Item = NameId> {
        self.known.values().copied()
    }

    /// For a mark.
    pub(super) const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Knows what was known at a mark of the same recording, where names have the same numbers.
    pub(super) fn go_to(&mut self, shown: &Shown) {
        let known = self.shown.len();
        self.known.retain(|_, id| id.index() < shown.len());
        for (at, (name, _)) in (known..).zip(shown.range(known..shown.len().max(known))) {
            let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
            let id = NameId(NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX));
            self.known.insert(name.clone(), id);
        }
        self.shown.clone_from(shown);
    }
}

/// A session's name in so many columns. What is cut is the agent: the number behind it tells two sessions apart.
#[must_use]
pub fn session(name: &str, columns: usize) -> Safe {
    let whole = identifier(name);
    if whole.width() <= columns {
        return whole;
    }
    match name.rfind('-').and_then(|at| name.split_at_checked(at)) {
        Some((agent, number)) if number.len() + 2 <= columns && whole.as_str() == name => {
            identifier(agent).clip(columns - number.len()).shown.then(&Safe::escape(number))
        }
        Some(_) | None => whole.clip(columns).shown,
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
    fn a_sessions_number_is_never_cut() {
        let table = [
            ("gemini-2", 9, "gemini-2"),
            ("claude-code-3", 9, "claude~-3"),
            ("claude-code-1234", 9, "cla~-1234"),
            ("claude-code-3", 13, "claude-code-3"),
            ("no number at all", 9, "\"no numb~"),
            ("a-123456789", 9, "a-123456~"),
        ];
        for (name, columns, shown) in table {
            assert_eq!(session(name, columns).as_str(), shown, "{name}");
        }
    }

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
