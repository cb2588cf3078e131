//! Policy files as users meet them: every shipped one over real tools, every broken one with its message.

use std::fmt::Write as _;
use std::path::Path;

use tollgate::policy::{Policy, Question, shipped};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn here(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped_policy(name: &str) -> Policy {
    Policy::parse(name, shipped(name).unwrap()).unwrap()
}

#[test]
fn every_broken_policy_says_where_and_what_and_what_to_do() {
    let mut files: Vec<_> = std::fs::read_dir(here("tests/invalid_policies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut messages = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let message = match Policy::parse(name, &read(&file)) {
            Ok(_) => panic!("{name} loads"),
            Err(error) => error.to_string(),
        };
        writeln!(messages, "{message}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn the_policy_in_the_manual_loads() {
    let manual = read(&here("docs/policy.md"));
    let (_, rest) = manual.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let policy = Policy::parse("docs/policy.md", text).unwrap_or_else(|error| panic!("{error}"));
    let decision = policy.decide(&Question { server: "fs", tool: "write_file" });
    assert_eq!(decision.reasons[0].rule, "writes");
}

#[test]
fn verdicts_over_real_tools_are_the_reviewed_ones() {
    let (asking, watching) = (shipped_policy("ask-writes"), shipped_policy("observe"));
    let mut table = String::new();
    let tools = read(&here("tests/policies/real_tools.txt"));
    for line in tools.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (server, tool) = line.split_once('.').unwrap();
        let question = Question { server, tool };
        let decision = asking.decide(&question);
        let rule = &decision.reasons[0].rule;
        let risk = if rule == "default" || rule == "reads" { "" } else { decision.risk.word() };
        writeln!(table, "{:5} {risk:6} {rule:9} {line}", decision.verdict.word()).unwrap();

        let watched = watching.decide(&question);
        let asks = |decision: &tollgate::policy::Decision| {
            decision.verdict >= tollgate::policy::Verdict::Ask
        };
        assert_eq!(asks(&watched), asks(&decision), "{line}: observe shows what ask-writes asks");
        if asks(&decision) {
            assert_eq!(watched, decision, "{line}");
        }
    }
    insta::assert_snapshot!(table);
}
