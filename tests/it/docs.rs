//! What the pages tell a reader to type, typed: every command parses, those that need no terminal run,
//! and every link leads somewhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Parser as _;
use tollgate::cli::Cli;

use crate::bed::Bed;
use crate::pins::Project;
use crate::program;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and the pages in `docs/`, by name.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    paths.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The lines behind `$ ` in blocks of a terminal.
fn typed(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_block = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(language) => in_block = !in_block && matches!(language, "console" | "sh"),
            None if in_block => lines.extend(line.strip_prefix("$ ").map(str::to_owned)),
            None => {}
        }
    }
    lines
}

/// The words of a command line; quotes keep a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// The arguments of `tollgate` in a line, also behind `cargo run`.
fn tollgate_arguments(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let built: Vec<String> = "cargo run --release --".split(' ').map(str::to_owned).collect();
    match words.strip_prefix(built.as_slice()) {
        Some(arguments) => Some(arguments.to_vec()),
        None if words.first().is_some_and(|word| word == "tollgate") => Some(words[1..].to_vec()),
        None => None,
    }
}

#[test]
fn every_command_on_a_page_parses() {
    let mut count = 0;
    for (page, text) in pages() {
        for line in typed(&text) {
            if let Some(arguments) = tollgate_arguments(&line) {
                let program = std::iter::once("tollgate".to_owned());
                let parsed = Cli::try_parse_from(program.chain(arguments));
                assert!(parsed.is_ok(), "{page}: {line}\n{}", parsed.unwrap_err());
                count += 1;
            } else {
                let known = ["cargo ", "just ", "rm -r ~/.local/state/tollgate/sessions"];
                assert!(known.iter().any(|start| line.starts_with(start)), "{page}: {line}");
            }
        }
    }
    assert!(count >= 10, "the pages have {count} commands");
}

/// Commands that need neither a terminal nor a gate nor an agent are run as they stand, over the
/// recording of the demo under the name that the pages use.
#[test]
fn commands_that_can_run_do() {
    let home = tempfile::tempdir().unwrap();
    let sessions = tollgate::store::home::Home::below(home.path()).sessions_dir();
    fs::create_dir_all(&sessions).unwrap();
    fs::copy(root().join("tests/recordings/demo.jsonl"), sessions.join("claude-code-1.jsonl"))
        .unwrap();
    let mut ran = Vec::new();
    // That one's are about each other: below.
    for (page, text) in pages().into_iter().filter(|(page, _)| !page.ends_with("pins.md")) {
        for line in typed(&text) {
            let Some(arguments) = tollgate_arguments(&line) else { continue };
            let name = arguments.first().unwrap().as_str();
            if matches!(name, "sessions" | "replay" | "policy" | "pins") {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let done = program::tollgate(home.path(), &arguments);
                if name == "replay" && !arguments.contains(&"--headless") {
                    // Playback is for a terminal: tests/it/pty_replay.rs.
                    assert_eq!(done.code, 2, "{page}: {line}: {done:?}");
                    continue;
                }
                // The demo's own policy decides some calls otherwise.
                let expected = i32::from(line.starts_with("tollgate policy test"));
                assert_eq!(done.code, expected, "{page}: {line}: {done:?}");
                ran.push(line);
            }
        }
    }
    assert!(ran.iter().any(|line| line.contains("replay")), "{ran:?}");
    assert!(ran.iter().any(|line| line.contains("sessions show")), "{ran:?}");
}

/// The commands of the page on pins in their order, in a project whose server Claude Code starts. Those that forget
/// come last, and importing asks nothing here.
#[test]
fn the_page_on_pins_can_be_followed() {
    let bed = Bed::new();
    let project = Project::new();
    fs::copy(project.file("mcp.json"), project.file(".claude.json")).unwrap();
    let (_, page) = pages().into_iter().find(|(page, _)| page.ends_with("pins.md")).unwrap();
    let (last, first): (Vec<String>, Vec<String>) =
        typed(&page).into_iter().partition(|line| line.contains("pins revoke"));
    assert_eq!((first.len(), last.len()), (14, 2));
    for line in first.into_iter().chain(last) {
        let mut arguments = tollgate_arguments(&line).unwrap();
        if line.contains("import") {
            arguments.push("--yes".to_owned());
        }
        let done = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(arguments)
            .current_dir(project.file(""))
            .env("TOLLGATE_HOME", bed.home())
            .env("HOME", project.file(""))
            .output()
            .unwrap();
        let expected = match line.as_str() {
            // Bob did not sign it.
            line if line.contains("--signer") => 1,
            // The server has no such tool.
            "tollgate pins revoke files read_file" => 3,
            _ => 0,
        };
        assert_eq!(done.status.code(), Some(expected), "{line}: {done:?}");
    }
}

/// The commands of the page on detection, over files of its names and the server of a project.
#[test]
fn the_page_on_detection_can_be_followed() {
    let project = Project::new();
    fs::copy(project.file("mcp.json"), project.file(".claude.json")).unwrap();
    let list = r#"{"tools":[{"name":"read_note","description":"Reads a note."}]}"#;
    let call = r#"{"call":{"name":"bash","arguments":{"command":"cat ~/.ssh/id_rsa"}}}"#;
    let sessions = tollgate::store::home::Home::below(&project.file("home")).sessions_dir();
    fs::create_dir_all(&sessions).unwrap();
    fs::copy(root().join("tests/recordings/demo.jsonl"), sessions.join("claude-code-1.jsonl"))
        .unwrap();
    for (name, text) in [
        ("tools.json", list),
        ("results.jsonl", r#"{"id":"7","text":"a\u202eb"}"#),
        ("calls.jsonl", call),
    ] {
        fs::write(project.file(name), text).unwrap();
    }
    let (_, page) = pages().into_iter().find(|(page, _)| page.ends_with("detection.md")).unwrap();
    let lines = typed(&page);
    let expected = [0, 1, 1, 0, 0, 0, 0];
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(expected) {
        let mut arguments = tollgate_arguments(line).unwrap();
        if line.contains("--agent") {
            arguments.push("--yes".to_owned());
        }
        let done = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(arguments)
            .current_dir(project.file(""))
            .env("TOLLGATE_HOME", project.file("home"))
            .env("HOME", project.file(""))
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(expected), "{line}: {done:?}");
    }
}

/// The server entry in the README is a configuration whose command line parses.
#[test]
fn the_configuration_in_the_readme_is_one() {
    let (_, text) = pages().into_iter().find(|(page, _)| page.ends_with("README.md")).unwrap();
    let (_, rest) = text.split_once("```json\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let config: tollgate::demo::agent::Config = serde_json::from_str(block).unwrap();
    let server = config.servers.values().next().unwrap();
    let words = std::iter::once(&server.command).chain(&server.args);
    assert!(Cli::try_parse_from(words).is_ok());
}

#[test]
fn every_link_leads_somewhere() {
    for (page, text) in pages() {
        let folder = Path::new(&page).parent().unwrap();
        for rest in text.split("](").skip(1) {
            let (link, _) = rest.split_once(')').unwrap();
            let path = link.split('#').next().unwrap();
            if !path.contains("://") && !path.is_empty() {
                assert!(folder.join(path).exists(), "{page}: {link}");
            }
        }
    }
}

/// `--help` works for every subcommand and says the table of exit codes at the top.
#[test]
fn help_is_there_for_every_subcommand() {
    let help = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "{arguments:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let top = help(&["--help"]);
    assert!(top.contains("0 fine"), "{top}");
    let (_, commands) = top.split_once("Commands:\n").unwrap();
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.contains(&"demo") && !names.contains(&"gate"), "{names:?}");
    for name in names {
        assert!(help(&[name, "--help"]).contains("Usage: tollgate"), "{name}");
    }
}
