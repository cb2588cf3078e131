//! Which arguments of a tool are commands: by the names of the tool and of its fields.

use std::collections::BTreeMap;

use super::line;
use crate::inspect::places::{field, is_named};
use crate::inspect::walk;

/// Fields of one call that are told.
const FIELDS_MAX: usize = 32;
/// Fields that are a command wherever they stand.
const COMMANDS: [&str; 10] = [
    "command",
    "cmd",
    "commands",
    "cmds",
    "bash",
    "shell",
    "shellcommand",
    "commandline",
    "cmdline",
    "argv",
];
/// Fields that are one in a tool that runs commands.
const SCRIPTS: [&str; 12] = [
    "script",
    "code",
    "exec",
    "input",
    "source",
    "text",
    "run",
    "line",
    "program",
    "executable",
    "binary",
    "snippet",
];
/// Words of tools that run commands.
const RUNNERS: [&str; 18] = [
    "bash",
    "shell",
    "sh",
    "zsh",
    "terminal",
    "console",
    "exec",
    "execute",
    "command",
    "commands",
    "cmd",
    "run",
    "spawn",
    "subprocess",
    "ssh",
    "process",
    "tmux",
    "powershell",
];
/// Words of tools that only speak of commands.
const WRITERS: [&str; 20] = [
    "create", "update", "add", "write", "edit", "comment", "issue", "search", "get", "list",
    "read", "find", "query", "post", "send", "explain", "suggest", "describe", "document", "note",
];
/// Languages whose code is no command.
const LANGUAGES: [&str; 12] = [
    "python",
    "javascript",
    "typescript",
    "sql",
    "ruby",
    "node",
    "java",
    "rust",
    "lua",
    "r",
    "browser",
    "js",
];
const ARGUMENTS: [&str; 6] = ["args", "arguments", "argv", "params", "parameters", "argslist"];

/// A command among arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The JSON pointer of the text, or of the command's name where it comes in words.
    pub path: String,
    /// The command as one line.
    pub text: String,
    /// It came as words, so that no shell reads it; the line quotes them.
    pub is_argv: bool,
}

/// Whether a tool runs commands, by its name and the names of its fields.
#[must_use]
pub fn executes(tool: &str, fields: &[&str]) -> bool {
    let runs = is_named(tool, &RUNNERS) && !is_named(tool, &LANGUAGES);
    let is_command = |name: &str| is_named(name, &COMMANDS) || joined(name, &COMMANDS);
    let only_speaks = is_named(tool, &WRITERS) && !runs;
    !only_speaks
        && (runs && (fields.is_empty() || fields.iter().any(|name| of_runner(name)))
            || fields.iter().any(|name| is_command(name)))
}

/// The commands among the arguments of a tool.
#[must_use]
pub fn command_fields(tool: &str, arguments: &str) -> Vec<Field> {
    let texts = walk::texts(arguments);
    let names: Vec<&str> =
        texts.iter().filter(|text| !text.name).map(|text| field(&text.path)).collect();
    if !executes(tool, &names) {
        return Vec::new();
    }
    let runs = is_named(tool, &RUNNERS);
    let mut found = Vec::new();
    // Lists, by the pointer of the list.
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for text in texts.iter().filter(|text| !text.name) {
        if let Some((list, _)) = text.path.rsplit_once('/').filter(|(_, at)| is_number(at)) {
            lists.entry(list).or_default().push(&text.text);
        }
    }
    for text in texts.iter().filter(|text| !text.name) {
        let name = field(&text.path);
        let is_command = is_named(name, &COMMANDS) || joined(name, &COMMANDS);
        if !(is_command || runs && of_runner(name))
            || is_named(name, &ARGUMENTS) && !is_named(name, &["argv"])
        {
            continue;
        }
        let (parent, last) = text.path.rsplit_once('/').unwrap_or(("", text.path.as_str()));
        if is_number(last) {
            // A list of commands, or one command in words.
            if last == "0" {
                let words = lists.get(parent).cloned().unwrap_or_default();
                found.extend(of_list(parent, name, &words));
            }
            continue;
        }
        let arguments = ARGUMENTS.iter().find_map(|name| {
            lists
                .iter()
                .find(|(list, _)| **list == format!("{parent}/{name}"))
                .map(|(_, words)| words)
        });
        found.push(match arguments {
            Some(arguments) if !text.text.trim().contains(char::is_whitespace) => {
                let words: Vec<&str> =
                    std::iter::once(&*text.text).chain(arguments.iter().copied()).collect();
                Field { path: text.path.clone(), text: line(&words), is_argv: true }
            }
            Some(arguments) => {
                let whole = format!("{} {}", text.text, line(arguments));
                Field { path: text.path.clone(), text: whole, is_argv: true }
            }
            None => Field {
                path: text.path.clone(),
                text: text.text.clone().into_owned(),
                is_argv: false,
            },
        });
    }
    found.truncate(FIELDS_MAX);
    found
}

/// `commands` are lines, `command` and `argv` are words, unless there are lines among them.
fn of_list(pointer: &str, name: &str, words: &[&str]) -> Vec<Field> {
    let lines = is_named(name, &["commands", "cmds"]);
    if !lines {
        return vec![Field { path: pointer.to_owned(), text: line(words), is_argv: true }];
    }
    let each = words.iter().enumerate();
    each.map(|(at, word)| Field {
        path: format!("{pointer}/{at}"),
        text: (*word).to_owned(),
        is_argv: false,
    })
    .collect()
}

fn of_runner(name: &str) -> bool {
    is_named(name, &COMMANDS) || is_named(name, &SCRIPTS) || joined(name, &COMMANDS)
}

/// `command_line`, `commandLine`, `shell-command` as one word.
fn joined(name: &str, words: &[&str]) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    words.contains(&plain.to_ascii_lowercase().as_str())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_the_names_around_them() {
        for (tool, arguments, expected) in [
            ("bash", r#"{"command":"ls -l"}"#, "/command=ls -l"),
            ("execute_command", r#"{"command":"x; y","cwd":"/a"}"#, "/command=x; y"),
            ("run_terminal_cmd", r#"{"command":"ls","explanation":"lists"}"#, "/command=ls"),
            ("shell", r#"{"command":["bash","-lc","a b"]}"#, "/command=[bash -lc 'a b']"),
            ("run_process", r#"{"command":"rm","args":["-rf","/"]}"#, "/command=[rm -rf /]"),
            ("spawn", r#"{"cmd":"git","arguments":["a b"]}"#, "/cmd=[git 'a b']"),
            ("terminal", r#"{"commands":["a b","c"]}"#, "/commands/0=a b,/commands/1=c"),
            ("run_shell_script", r#"{"script":"a\nb"}"#, "/script=a\nb"),
            ("docker_exec", r#"{"container":"c","cmd":"id"}"#, "/cmd=id"),
            (
                "x",
                r#"{"steps":[{"shell_command":"a"},{"commandLine":"b"}]}"#,
                "/steps/0/shell_command=a,/steps/1/commandLine=b",
            ),
            ("create_issue", r#"{"title":"t","body":"rm -rf /"}"#, ""),
            ("create_issue", r#"{"command":"rm -rf /"}"#, ""),
            ("add_comment", r#"{"text":"curl x | sh"}"#, ""),
            ("run_python", r#"{"code":"print(1)"}"#, ""),
            ("search_code", r#"{"query":"command"}"#, ""),
            ("write_file", r#"{"path":"a.sh","content":"rm -rf /"}"#, ""),
            ("bash", "broken", ""),
        ] {
            let told: Vec<String> = command_fields(tool, arguments)
                .iter()
                .map(|one| {
                    let text =
                        if one.is_argv { format!("[{}]", one.text) } else { one.text.clone() };
                    format!("{}={text}", one.path)
                })
                .collect();
            assert_eq!(told.join(","), expected, "{tool} {arguments}");
        }
        assert!(executes("bash", &[]) && !executes("create_issue", &["body"]));
    }
}
