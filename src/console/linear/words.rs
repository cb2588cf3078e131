//! What the operator types: one command a line.

use crate::console::linear::control::Control;
use crate::engine::Lifetime;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// Nothing: Enter alone answers nothing.
    Nothing,
    /// `allow 2317`, `allow 2317 yes`, `allow 2317 k7m`; with `session` or `unchanged` behind it for calls with the same
    /// arguments as well.
    Allow { ticket: Name<'a>, how: Option<&'a str>, remember: Option<Lifetime> },
    /// `deny 2317`, `deny 2317 a reason`.
    Deny { ticket: Name<'a>, reason: Option<&'a str> },
    /// `show 2317`, `show 2317 raw`.
    Show { call: Name<'a>, raw: bool },
    /// The calls that wait.
    Asks,
    /// The last calls.
    Calls(usize),
    /// Every definition, or the ones of this name in full.
    Tools(Option<&'a str>),
    /// What sessions run by.
    Policies,
    /// Something that is done to sessions, definitions or policies.
    Control(Control<'a>),
    /// Ask for the right to answer.
    Right,
    /// Let another console answer.
    Grant(u32),
    /// These commands.
    Help,
    /// Leave.
    Quit,
    /// Something else; what would have been right.
    Wrong(&'static str),
}

/// A call's name: `2317`, `#2317` or, where several sessions have that number, `claude-1.2317`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) session: Option<&'a str>,
    pub(super) number: u64,
}

/// What `allow` takes.
const ALLOW: &str = "allow NUMBER, with yes or the code of its card, and session or unchanged";
/// Calls that `calls` lists by itself.
const CALLS: usize = 10;

impl<'a> Name<'a> {
    fn parse(word: &'a str) -> Option<Self> {
        let (session, number) = match word.rsplit_once('.') {
            Some((session, number)) => (Some(session), number),
            None => (None, word.strip_prefix('#').unwrap_or(word)),
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits)?;
        Some(Self { session, number })
    }
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Command<'_> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let (first, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let behind = Some(behind.trim()).filter(|text| !text.is_empty());
    match word {
        "" => Command::Nothing,
        "allow" => allow(first, behind).unwrap_or(Command::Wrong(ALLOW)),
        "deny" => Name::parse(first).map_or(
            Command::Wrong("deny NUMBER, or deny NUMBER and a reason for the agent"),
            |ticket| Command::Deny { ticket, reason: behind },
        ),
        "show" => match (Name::parse(first), behind) {
            (Some(call), None) => Command::Show { call, raw: false },
            (Some(call), Some("raw")) => Command::Show { call, raw: true },
            (Some(_) | None, _) => Command::Wrong("show NUMBER, or show NUMBER raw"),
        },
        "calls" if rest.is_empty() => Command::Calls(CALLS),
        "calls" => rest.parse().map_or(Command::Wrong("calls, or calls NUMBER"), Command::Calls),
        "grant" => rest.parse().map_or(Command::Wrong("grant CONSOLE"), Command::Grant),
        "tools" if behind.is_some() => Command::Wrong("tools, or tools NAME"),
        "tools" => Command::Tools(Some(first).filter(|name| !name.is_empty())),
        "asks" if rest.is_empty() => Command::Asks,
        "right" if rest.is_empty() => Command::Right,
        "help" | "?" if rest.is_empty() => Command::Help,
        "quit" | "q" if rest.is_empty() => Command::Quit,
        "policies" if rest.is_empty() => Command::Policies,
        _ => match Control::parse(word, rest) {
            Some(Ok(control)) => Command::Control(control),
            Some(Err(right)) => Command::Wrong(right),
            None => Command::Wrong("a command that help lists"),
        },
    }
}

/// What stands behind `allow`.
fn allow<'a>(name: &'a str, behind: Option<&'a str>) -> Option<Command<'a>> {
    let ticket = Name::parse(name)?;
    let mut words: Vec<&str> = behind.unwrap_or_default().split_whitespace().collect();
    // Minutes are for the panes, where the time that is left is to be seen.
    let remember = match words.last().and_then(|word| Lifetime::parse(word)) {
        None | Some(Lifetime::Minutes) => None,
        Some(lifetime) => words.pop().map(|_| lifetime),
    };
    let how = match words.as_slice() {
        [] => None,
        [how] => Some(*how),
        _ => return None,
    };
    Some(Command::Allow { ticket, how, remember })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Ruling;

    #[test]
    fn lines_are_commands_or_say_what_would_be_one() {
        let name = |session, number| Name { session, number };
        let allow =
            |session, how, remember| Command::Allow { ticket: name(session, 7), how, remember };
        let table = [
            ("", Command::Nothing),
            ("   ", Command::Nothing),
            ("allow 7", allow(None, None, None)),
            (" allow  #7  yes ", allow(None, Some("yes"), None)),
            ("allow a.b-1.7 k7m", allow(Some("a.b-1"), Some("k7m"), None)),
            ("allow 7 session", allow(None, None, Some(Lifetime::Session))),
            ("allow 7 k7m unchanged", allow(None, Some("k7m"), Some(Lifetime::Unchanged))),
            // No lifetime of this mode: a code, and a wrong one.
            ("allow 7 minutes", allow(None, Some("minutes"), None)),
            ("allow", Command::Wrong(ALLOW)),
            ("allow all", Command::Wrong(ALLOW)),
            ("allow +7", Command::Wrong(ALLOW)),
            ("allow 7 8 9", Command::Wrong(ALLOW)),
            ("allow 7 session yes", Command::Wrong(ALLOW)),
            ("Allow 7", Command::Wrong("a command that help lists")),
            ("yes", Command::Wrong("a command that help lists")),
            ("deny 7", Command::Deny { ticket: name(None, 7), reason: None }),
            ("deny 7 not  now", Command::Deny { ticket: name(None, 7), reason: Some("not  now") }),
            ("show 7 raw", Command::Show { call: name(None, 7), raw: true }),
            ("show 7 hex", Command::Wrong("show NUMBER, or show NUMBER raw")),
            ("calls", Command::Calls(CALLS)),
            ("calls 3", Command::Calls(3)),
            ("calls x", Command::Wrong("calls, or calls NUMBER")),
            ("tools", Command::Tools(None)),
            ("tools files.read_file", Command::Tools(Some("files.read_file"))),
            ("tools a b", Command::Wrong("tools, or tools NAME")),
            ("grant 2", Command::Grant(2)),
            ("policies", Command::Policies),
            ("hold  tool:a or b ", Command::Control(Control::Hold("tool:a or b"))),
            ("pause", Command::Control(Control::Pause(None))),
            ("pause a b", Command::Wrong("pause, or pause SESSION")),
            ("stop a", Command::Control(Control::Stop { session: "a", yes: false })),
            (
                "unpin f.x yes",
                Command::Control(Control::Rule { ruling: Ruling::Unpin, name: "f.x", yes: true }),
            ),
            ("quit now", Command::Wrong("a command that help lists")),
            ("q", Command::Quit),
        ];
        for (line, command) in table {
            assert_eq!(parse(line), command, "{line:?}");
        }
    }
}
