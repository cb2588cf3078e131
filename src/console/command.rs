//! Commands as text: a name out of the action table, and behind it the rest of the line as it stands, so
//! that no quoting can go wrong.

mod fuzzy;

use crate::console::action::{Action, BINDINGS, Binding, Context, Reach, Takes, named};
use crate::console::filter::{self, Completion, Filter, Known, LineError};
use crate::console::model::column::Column;
use crate::console::near::nearest;

pub use fuzzy::score;

/// Longest command line.
pub const LINE_BYTES_MAX: usize = filter::TEXT_BYTES_MAX;

/// A command that was understood.
#[derive(Debug, Clone)]
pub struct Command {
    /// What is to be done.
    pub binding: &'static Binding,
    /// With this; `None` where it takes nothing.
    pub argument: Option<String>,
}

/// Bytes before the name, and the name.
fn name_of(line: &str) -> (usize, &str) {
    let start = line.len() - line.trim_start().len();
    let name = line.get(start..).unwrap_or_default().split(char::is_whitespace).next();
    (start, name.unwrap_or_default())
}

/// Bytes before the argument, and the argument.
fn argument_of(line: &str) -> (usize, &str) {
    let (start, name) = name_of(line);
    let behind = line.get(start + name.len()..).unwrap_or_default();
    let argument = behind.trim();
    (line.len() - behind.trim_start().len(), argument)
}

/// Reads a line that is typed in this place.
///
/// # Errors
/// Names the place and the cause of anything that is no command there.
pub fn parse(line: &str, context: Context) -> Result<Command, LineError> {
    let (start, name) = name_of(line);
    if name.is_empty() {
        return Err(LineError::new(line, start, "a command is due here: Tab lists them"));
    }
    let known = named(name).filter(|binding| !binding.action.answers());
    let Some(binding) = known else {
        if named(name).is_some() {
            let what = format!("`{name}` answers a call: that has keys on its card alone");
            return Err(LineError::new(line, start, what));
        }
        let near = nearest(name, offered(context).map(|binding| binding.name));
        let what = match near {
            Some(near) => format!("no command `{name}`; did you mean `{near}`?"),
            None => format!("no command `{name}`: Tab lists them"),
        };
        return Err(LineError::new(line, start, what));
    };
    if !binding.is_named_in(context) {
        return Err(LineError::new(line, start, elsewhere(binding)));
    }
    let (at, argument) = argument_of(line);
    match binding.takes {
        Takes::Nothing if !argument.is_empty() => {
            Err(LineError::new(line, at, format!("`{name}` takes nothing")))
        }
        Takes::Must(what) if argument.is_empty() => {
            Err(LineError::new(line, line.len(), format!("`{name}` takes a {what}")))
        }
        Takes::Nothing => Ok(Command { binding, argument: None }),
        Takes::May(_) | Takes::Must(_) => {
            check(line, at, binding.action, argument)?;
            Ok(Command { binding, argument: Some(argument.to_owned()) })
        }
    }
}

/// Where a command is to be given instead.
fn elsewhere(binding: &Binding) -> String {
    let name = binding.name;
    match binding.reach {
        Reach::Keys => format!("`{name}` has a key and no name to type"),
        Reach::Panes => format!("`{name}` is for the panes: Esc leaves this place"),
        Reach::Here => {
            let places: Vec<&str> = binding.contexts.iter().map(|place| place.title()).collect();
            format!("`{name}` is for: {}", places.join(", "))
        }
    }
}

/// Whether what stands behind a command's name is a filter.
const fn takes_filter(action: Action) -> bool {
    matches!(action, Action::Filter | Action::Break | Action::Hold)
}

/// Arguments that are more than text.
fn check(line: &str, at: usize, action: Action, argument: &str) -> Result<(), LineError> {
    let column = if action == Action::Sort && !argument.is_empty() {
        Column::to_sort_by(argument).err()
    } else if action == Action::Columns {
        Column::list(argument).err()
    } else {
        None
    };
    if let Some(what) = column {
        return Err(LineError::new(line, at, what));
    }
    if takes_filter(action) && !argument.is_empty() {
        let filter = Filter::parse(argument)
            .map_err(|wrong| LineError::new(line, at + wrong.at, wrong.what))?;
        if action == Action::Hold {
            filter.condition().map_err(|what| LineError::new(line, at, what))?;
        }
    }
    if action == Action::GoTo && number(argument).is_none() {
        return Err(LineError::new(line, at, "a call's number is due here, as in `call 12`"));
    }
    Ok(())
}

/// A call's number as it is typed: `12` or `#12`.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    text.strip_prefix('#').unwrap_or(text).parse().ok()
}

/// The commands that may be typed in this place.
pub fn offered(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.is_named_in(context))
}

/// Everything that may stand at `cursor` (bytes).
#[must_use]
pub fn complete(line: &str, cursor: usize, context: Context, known: Known<'_>) -> Vec<Completion> {
    let (start, name) = name_of(line);
    if cursor > start + name.len() {
        let (at, _) = argument_of(line);
        let filters = named(name).is_some_and(|binding| takes_filter(binding.action));
        if !filters || cursor < at {
            return Vec::new();
        }
        let argument = line.get(at..).unwrap_or_default();
        let mut all = filter::complete(argument, cursor - at, known);
        for one in &mut all {
            one.range = one.range.start + at..one.range.end + at;
        }
        return all;
    }
    let begun = line.get(start..cursor.max(start)).unwrap_or_default();
    let fits = offered(context).filter(|binding| binding.name.starts_with(begun));
    fits.map(|binding| {
        let blank = if binding.takes == Takes::Nothing { "" } else { " " };
        Completion {
            range: start..start + name.len(),
            text: format!("{}{blank}", binding.name),
            help: binding.help,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_the_rest_as_it_stands() {
        let table = [
            ("filter srv:mail", Context::Calls, "filter", Some("srv:mail")),
            ("  filter  ", Context::Log, "filter", Some("")),
            ("note it's \"quoted\" & more ", Context::Ask, "note", Some("it's \"quoted\" & more")),
            ("export my file.jsonl", Context::Calls, "export", Some("my file.jsonl")),
            ("call #12", Context::Calls, "call", Some("#12")),
            ("quit", Context::Calls, "quit", None),
            ("tab.next", Context::Detail, "tab.next", None),
            ("full", Context::Card, "full", None),
        ];
        for (line, context, name, argument) in table {
            let command = parse(line, context).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!((command.binding.name, command.argument.as_deref()), (name, argument));
        }
    }

    #[test]
    fn what_is_no_command_is_named_with_its_place() {
        let table = [
            ("", Context::Calls, 1, "a command is due here"),
            ("  exprt f", Context::Calls, 3, "did you mean `export`?"),
            ("zzz", Context::Calls, 1, "no command `zzz`"),
            ("quit now", Context::Calls, 6, "takes nothing"),
            ("export", Context::Calls, 7, "takes a FILE"),
            ("call me", Context::Calls, 6, "a call's number"),
            ("filter srv:a tol:b", Context::Calls, 14, "did you mean `tool`?"),
            ("tab.next", Context::Calls, 1, "is for: Detail"),
            ("filter srv:a", Context::Card, 1, "is for the panes"),
            ("allow", Context::Card, 1, "has keys on its card alone"),
            ("allow.yes", Context::Confirm, 1, "has keys on its card alone"),
            ("deny", Context::Ask, 1, "has keys on its card alone"),
            ("edit", Context::Card, 1, "has keys on its card alone"),
            ("line.apply", Context::Line, 1, "has a key and no name"),
        ];
        for (line, context, column, what) in table {
            let error = parse(line, context).expect_err(line);
            assert_eq!(
                (error.column, error.what.contains(what)),
                (column, true),
                "{line}: {error}"
            );
        }
    }

    #[test]
    fn no_answer_is_offered_anywhere() {
        for context in Context::ALL {
            assert!(offered(context).all(|binding| !binding.action.answers()), "{context:?}");
            for one in complete("", 0, context, Known::default()) {
                assert!(!matches!(one.text.trim(), "allow" | "deny" | "edit"), "{context:?}");
            }
        }
    }

    #[test]
    fn names_and_filters_are_completed() {
        let known = Known { servers: &["mail"], ..Known::default() };
        let table: [(&str, &[&str]); 5] = [
            ("exp", &["export "]),
            ("pane.ca", &["pane.calls"]),
            ("filter srv:m", &["mail"]),
            ("export srv:m", &[]),
            ("zz", &[]),
        ];
        for (line, expected) in table {
            let offered = complete(line, line.len(), Context::Calls, known);
            let texts: Vec<&str> = offered.iter().map(|one| one.text.as_str()).collect();
            assert_eq!(texts, expected, "{line}");
        }
        let offered = complete("filter srv:m", 12, Context::Calls, known);
        assert_eq!(offered[0].range, 11..12);
    }
}
