//! Which key does what where: the table, changed by the operator's `keys.toml`.
//!
//! ```toml
//! [calls]
//! "x" = "export"
//! "f" = "filter srv:mail verdict:!ok"
//! "F" = "none"
//! ```
//!
//! **No file gives an answer a wider reach**: verdicts have keys on the card alone, only letters allow,
//! and the second step of a yes keeps its key.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::console::action::{Action, BINDINGS, Binding, Context, named};
use crate::console::command;
use crate::console::input::Key;
use crate::text::place::line_and_column;

/// The file's name in the home's folder of configuration.
pub const FILE: &str = "keys.toml";
/// Longest file that is read; every key of every place takes a tenth of it.
pub const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The places that a file may change, by the names of their tables.
const TABLES: [(&str, Context); 14] = [
    ("calls", Context::Calls),
    ("detail", Context::Detail),
    ("ask", Context::Ask),
    ("tools", Context::Tools),
    ("servers", Context::Servers),
    ("sessions", Context::Sessions),
    ("findings", Context::Findings),
    ("policy", Context::Policy),
    ("log", Context::Log),
    ("timeline", Context::Timeline),
    ("compare", Context::Compare),
    ("replay", Context::Replay),
    ("card", Context::Card),
    ("help", Context::Help),
];
/// What a key is bound to that is to do nothing.
const NOTHING: &str = "none";

/// Where `keys.toml` is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {FILE}: line {line}, column {column}: {what}")]
pub struct KeysError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

/// One key in one place.
#[derive(Debug, Clone)]
pub struct Bound {
    context: Context,
    key: Key,
    /// What it does.
    pub binding: &'static Binding,
    /// What stands behind the name, where the file says so.
    pub argument: Option<String>,
}

/// One row of the help or the hint line.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What is done.
    pub binding: &'static Binding,
    /// By any of these.
    pub keys: Vec<Key>,
    /// With this.
    pub argument: Option<String>,
}

/// All keys.
#[derive(Debug, Clone)]
pub struct Keymap {
    bound: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        let rows = BINDINGS.iter();
        let bound = rows.flat_map(|binding| {
            binding.contexts.iter().flat_map(move |context| {
                let keys = binding.keys.iter();
                keys.map(|key| Bound { context: *context, key: *key, binding, argument: None })
            })
        });
        Self { bound: bound.collect() }
    }
}

impl Keymap {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Names the line and column of anything that may not be said.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let file = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fault(text, at, error.message())
        })?;
        let mut keymap = Self::default();
        let mut seen: Vec<(Context, Key)> = Vec::new();
        for (name, table) in file.get_ref() {
            let known = TABLES.iter().find(|(known, _)| name.get_ref() == known);
            let Some((_, context)) = known else {
                let all = TABLES.map(|(name, _)| name).join(", ");
                let what = format!("no place `{}`; there are: {all}", name.get_ref());
                return Err(fault(text, name.span().start, what));
            };
            let Some(keys) = table.get_ref().as_table() else {
                return Err(fault(text, table.span().start, "a table of keys is due here"));
            };
            let mut keys: Vec<_> = keys.iter().collect();
            keys.sort_by_key(|(key, _)| key.span().start);
            for (key, value) in keys {
                let at = key.span().start;
                let Some(found) = Key::named(key.get_ref()) else {
                    let what = format!(
                        "no key `{}`; keys are written as in the help: x, Ctrl-x, Space, PageDown",
                        key.get_ref()
                    );
                    return Err(fault(text, at, what));
                };
                if seen.contains(&(*context, found)) {
                    return Err(fault(text, at, format!("`{found}` is bound twice here")));
                }
                seen.push((*context, found));
                keymap
                    .bind(*context, found, value)
                    .map_err(|(own, what)| fault(text, own.unwrap_or(at), what))?;
            }
        }
        Ok(keymap)
    }

    /// Gives a key another meaning; else why not, and where if that is in the value.
    fn bind(
        &mut self,
        context: Context,
        key: Key,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), (Option<usize>, String)> {
        let here = value.span().start;
        let wrong = |what: String| (Some(here), what);
        if matches!(key, Key::Esc | Key::Ctrl('c')) {
            return Err((None, format!("`{key}` keeps its meaning everywhere")));
        }
        let Some(line) = value.get_ref().as_str() else {
            return Err(wrong("a command in quotes is due here".to_owned()));
        };
        self.bound.retain(|bound| (bound.context, bound.key) != (context, key));
        if line.trim() == NOTHING {
            return Ok(());
        }
        let name = line.split_whitespace().next().unwrap_or_default();
        let answer = named(name).filter(|binding| binding.action.answers());
        let (binding, argument) = match answer {
            Some(binding) => {
                answer_key(binding, context, key).map_err(|what| (None, what))?;
                (binding, None)
            }
            None => match named(name) {
                // Keys may be moved about where the action has keys, also where it has no name to type.
                Some(binding) if binding.contexts.contains(&context) && line.trim() == name => {
                    (binding, None)
                }
                _ => {
                    let said = command::parse(line, context).map_err(|e| wrong(e.what))?;
                    (said.binding, said.argument)
                }
            },
        };
        self.bound.push(Bound { context, key, binding, argument });
        Ok(())
    }

    /// What a key does in a place.
    #[must_use]
    pub fn find(&self, context: Context, key: Key) -> Option<&Bound> {
        self.bound.iter().find(|bound| (bound.context, bound.key) == (context, key))
    }

    /// The keys of a place, in the order of the table.
    #[must_use]
    pub fn of(&self, context: Context) -> Vec<Listed> {
        let here: Vec<&Bound> = self.bound.iter().filter(|one| one.context == context).collect();
        let mut listed: Vec<Listed> = Vec::new();
        for binding in BINDINGS {
            for bound in here.iter().filter(|one| one.binding.name == binding.name) {
                let row = listed
                    .iter_mut()
                    .find(|row| row.binding.name == binding.name && row.argument == bound.argument);
                match row {
                    Some(row) => row.keys.push(bound.key),
                    None => listed.push(Listed {
                        binding,
                        keys: vec![bound.key],
                        argument: bound.argument.clone(),
                    }),
                }
            }
        }
        listed
    }
}

/// Why a key may not be an answer, if so.
fn answer_key(binding: &Binding, context: Context, key: Key) -> Result<(), String> {
    if !binding.contexts.contains(&context) {
        return Err(format!("`{}` answers: it has keys on the card alone", binding.name));
    }
    let letter = matches!(key, Key::Char(c) if c.is_alphanumeric());
    if !letter {
        return Err(format!("`{key}` never answers: choose a letter or digit"));
    }
    let confirms = BINDINGS.iter().filter(|b| b.action == Action::AllowYes);
    if binding.action.allows() && confirms.clone().any(|b| b.keys.contains(&key)) {
        return Err(format!("`{key}` confirms: a yes takes two different keys"));
    }
    Ok(())
}

fn fault(text: &str, at: usize, what: impl Into<String>) -> KeysError {
    let (line, column) = line_and_column(text, at);
    KeysError { line, column, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(keymap: &Keymap, context: Context, key: char) -> Option<String> {
        keymap.find(context, Key::Char(key)).map(|bound| {
            let argument = bound.argument.as_deref().unwrap_or_default();
            format!("{} {argument}", bound.binding.name).trim().to_owned()
        })
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let text = "[calls]\n\"x\" = \"pane.log\"\n\"f\" = \"filter srv:mail verdict:!ok\"\n\"F\" = \"none\"\n\
                    [card]\n\"z\" = \"deny\"\n";
        let keymap = Keymap::parse(text).unwrap();
        let table = [
            (Context::Calls, 'x', Some("pane.log")),
            (Context::Calls, 'f', Some("filter srv:mail verdict:!ok")),
            (Context::Calls, 'F', None),
            (Context::Calls, 'm', Some("mark")),
            (Context::Ask, 'x', None),
            (Context::Card, 'z', Some("deny")),
            (Context::Card, 'd', Some("deny")),
        ];
        for (context, key, expected) in table {
            assert_eq!(name(&keymap, context, key).as_deref(), expected, "{context:?} {key}");
        }
        assert_eq!(Keymap::parse("").unwrap().bound.len(), Keymap::default().bound.len());
    }

    #[test]
    fn what_may_not_be_said_is_named_with_its_place() {
        let table = [
            ("[calls]\n\"a\" = \"allow\"", 2, 1, "answers: it has keys on the card alone"),
            ("[ask]\n\"a\" = \"deny\"", 2, 1, "on the card alone"),
            ("[card]\n\"Enter\" = \"allow\"", 2, 1, "`Enter` never answers"),
            ("[card]\n\"Space\" = \"allow\"", 2, 1, "`Space` never answers"),
            ("[card]\n\"Tab\" = \"allow\"", 2, 1, "`Tab` never answers"),
            ("[card]\n\"Enter\" = \"deny\"", 2, 1, "`Enter` never answers"),
            ("[card]\n\"Ctrl-a\" = \"allow\"", 2, 1, "`Ctrl-a` never answers"),
            ("[card]\n\"y\" = \"allow\"", 2, 1, "two different keys"),
            ("[card]\n\"x\" = \"allow.yes\"", 2, 1, "on the card alone"),
            ("[confirm]\n\"x\" = \"allow.yes\"", 1, 2, "no place `confirm`"),
            ("[calls]\n\"Esc\" = \"quit\"", 2, 1, "keeps its meaning"),
            ("[calls]\n\"Space\" = \"mark\"\n\" \" = \"mark\"", 3, 1, "bound twice"),
            ("[calls]\n\"xy\" = \"mark\"", 2, 1, "no key `xy`"),
            ("[calls]\n  \"x\" = \"explode\"", 3 - 1, 9, "no command `explode`"),
            ("[calls]\n\"x\" = \"filter servr:x\"", 2, 7, "no field `servr`"),
            ("[calls]\n\"x\" = 5", 2, 7, "a command in quotes"),
            ("[calls]\n\"x\" = \"tab.next\"", 2, 7, "`tab.next` is for: Detail"),
            ("calls = 1", 1, 9, "a table of keys"),
            ("[calls]\n\"x\" = ", 2, 7, ""),
        ];
        for (text, line, column, what) in table {
            let error = Keymap::parse(text).expect_err(text);
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
            assert!(error.what.contains(what), "{text}: {error}");
        }
    }
}
