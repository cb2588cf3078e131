//! The agents that are known by their command lines, and how long each waits for an answer.

use crate::engine::event::Agent;

/// One agent.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name in sessions and recordings.
    pub name: &'static str,
    /// File names of its program.
    programs: &'static [&'static str],
    /// Its packages, where an interpreter runs it: parts of the script's path.
    packages: &'static [&'static str],
    /// How long it waits for an answer to a call by default, in milliseconds; `None`: no limit met.
    pub patience_ms: Option<u64>,
    /// Whether a progress notification starts that limit anew.
    pub progress_extends: bool,
    /// Whether [`super::plan`] can wrap it.
    pub(super) planned: bool,
}

/// What is assumed of an agent whose limit was never measured, in milliseconds: the default of the
/// TypeScript SDK's requests, which most are built on.
const ASSUMED_MS: u64 = 60_000;

/// All of them. The limits of the first four were measured with calls held until the agent gave up
/// (claude-code 2.1.197: a call held for 640 s was still answered; codex 0.169.0; gemini-cli 0.61.0;
/// opencode 1.18.33, the only one that progress extends).
pub const KNOWN: &[Known] = &[
    Known {
        name: "claude-code",
        programs: &["claude"],
        packages: &["@anthropic-ai/claude-code"],
        patience_ms: None,
        progress_extends: false,
        planned: true,
    },
    Known {
        name: "codex",
        programs: &["codex"],
        packages: &["@openai/codex"],
        patience_ms: Some(300_000),
        progress_extends: false,
        planned: true,
    },
    Known {
        name: "gemini",
        programs: &["gemini"],
        packages: &["@google/gemini-cli"],
        patience_ms: Some(600_000),
        progress_extends: false,
        planned: true,
    },
    Known {
        name: "opencode",
        programs: &["opencode"],
        packages: &["opencode-ai"],
        patience_ms: Some(60_000),
        progress_extends: true,
        planned: true,
    },
    unmeasured("qwen", &["qwen"], &["@qwen-code/qwen-code"]),
    unmeasured("cursor", &["cursor-agent", "cursor"], &[]),
    unmeasured("copilot", &["copilot"], &["@github/copilot"]),
    unmeasured("goose", &["goose"], &[]),
    unmeasured("crush", &["crush"], &["@charmland/crush"]),
    unmeasured("amp", &["amp"], &["@sourcegraph/amp"]),
];

const fn unmeasured(
    name: &'static str,
    programs: &'static [&'static str],
    packages: &'static [&'static str],
) -> Known {
    Known {
        name,
        programs,
        packages,
        patience_ms: Some(ASSUMED_MS),
        progress_extends: false,
        planned: false,
    }
}

/// Programs that run another file: the agent is in their first plain argument.
const INTERPRETERS: &[&str] = &["node", "nodejs", "bun", "bunx", "npx", "deno", "MainThread"];

/// The agent whose command line this is, its process left 0.
#[must_use]
pub fn recognise(argv: &[String]) -> Option<Agent> {
    let (known, _) = find(argv)?;
    Some(Agent {
        name: known.name.to_owned(),
        pid: 0,
        patience_ms: known.patience_ms,
        progress_extends: known.progress_extends,
    })
}

/// The agent, and how many of the arguments make up its program: 1, or more behind an interpreter.
pub(super) fn find(argv: &[String]) -> Option<(&'static Known, usize)> {
    let program = argv.first()?;
    if let Some(known) = by_path(program) {
        return Some((known, 1));
    }
    if !INTERPRETERS.contains(&file_name(program)) {
        return None;
    }
    let (at, script) = argv.iter().enumerate().skip(1).find(|(_, arg)| !arg.starts_with('-'))?;
    by_path(script).map(|known| (known, at + 1))
}

fn by_path(path: &str) -> Option<&'static Known> {
    let name = file_name(path);
    let name = name.strip_suffix(".js").unwrap_or(name);
    KNOWN.iter().find(|known| {
        known.name == name
            || known.programs.contains(&name)
            || known.packages.iter().any(|package| holds_package(path, package))
    })
}

/// Whether the path is the package itself (`npx @openai/codex@1`) or a file of it.
fn holds_package(path: &str, package: &str) -> bool {
    path.match_indices(package).any(|(at, _)| {
        let before = path.get(..at).unwrap_or_default();
        let after = path.get(at + package.len()..).unwrap_or_default();
        (before.is_empty() || before.ends_with("node_modules/"))
            && (after.is_empty() || after.starts_with(['/', '@']))
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], name: Option<&str>, taken: usize) {
        let argv: Vec<String> = argv.iter().map(|&a| a.to_owned()).collect();
        let found = find(&argv);
        assert_eq!(found.map(|(known, _)| known.name), name, "{argv:?}");
        assert_eq!(found.map_or(0, |(_, taken)| taken), taken, "{argv:?}");
        assert_eq!(recognise(&argv).map(|agent| agent.name).as_deref(), name);
    }

    #[test]
    fn agents_are_known_by_program_script_and_package() {
        check(&["claude"], Some("claude-code"), 1);
        check(&["/opt/x/claude", "-p", "hi"], Some("claude-code"), 1);
        check(&["codex", "exec"], Some("codex"), 1);
        check(&["node", "--max-old-space-size=9", "/n/.bin/gemini", "-p"], Some("gemini"), 3);
        check(
            &["/usr/bin/node", "/n/node_modules/@google/gemini-cli/bundle/gemini.js"],
            Some("gemini"),
            2,
        );
        check(
            &["node", "/n/node_modules/@anthropic-ai/claude-code/cli.js"],
            Some("claude-code"),
            2,
        );
        check(&["npx", "-y", "@openai/codex@0.169.0", "exec"], Some("codex"), 3);
        check(&["opencode"], Some("opencode"), 1);
        check(&["qwen"], Some("qwen"), 1);
        for known in KNOWN {
            check(&[known.name], Some(known.name), 1);
        }
    }

    #[test]
    fn other_programs_are_not_agents() {
        check(&[], None, 0);
        check(&["bash", "claude"], None, 0);
        check(&["node", "/n/node_modules/@openai/codex-tools/x.js"], None, 0);
        check(&["vim", "/n/node_modules/@openai/codex/x.js"], None, 0);
        check(&["python3", "gemini"], None, 0);
        check(&["node", "-e"], None, 0);
    }

    #[test]
    fn patience_is_as_measured() {
        let table: Vec<_> = KNOWN
            .iter()
            .filter(|known| known.planned)
            .map(|known| (known.name, known.patience_ms, known.progress_extends))
            .collect();
        assert_eq!(
            table,
            [
                ("claude-code", None, false),
                ("codex", Some(300_000), false),
                ("gemini", Some(600_000), false),
                ("opencode", Some(60_000), true),
            ]
        );
    }
}
