//! Policy files as users meet them: every shipped one over real tools, every broken one with its message.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use tollgate::engine::Settled;
use tollgate::inspect::Call;
use tollgate::journal::record::Effected;
use tollgate::policy::{Decision, Evidence, Policy, Question, SHIPPED, Verdict, shipped};
use tollgate::protocol::Side;

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
    let blocks = manual.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let said = blocks.map(|text| {
        let policy = Policy::parse("docs/policy.md", text).or_else(|_| {
            // What is put over a policy is none alone.
            shipped_policy("balanced").amended("docs/policy.md", text)
        });
        let policy = policy.unwrap_or_else(|error| panic!("{error}"));
        let role = "summarizer";
        let question = Question { role, ..Question::call("fs", "write_file") };
        policy.decide(&question).reasons[0].rule.clone()
    });
    let said: Vec<String> = said.collect();
    assert_eq!(
        said,
        [
            "writes",
            "default",
            "unlisted",
            "default",
            "default",
            "default",
            "system-files",
            "destructive",
            "role.summarizer.denied",
            "default",
            "unlisted",
            "default",
            "default"
        ]
    );
}

#[test]
fn a_policy_is_shown_as_it_is_read() {
    let home = tempfile::tempdir().unwrap();
    let shown = crate::program::tollgate(home.path(), &["policy", "show"]);
    assert_eq!((shown.code, shown.stdout), (0, read(&here("policies/balanced.yaml"))));
    let file = home.path().join("mine.yaml");
    let text = "version: 1\nname: mine\nextends: balanced\nwithout: [spends]\nrules: []\n";
    std::fs::write(&file, text).unwrap();
    let shown = crate::program::tollgate(home.path(), &["policy", "show", file.to_str().unwrap()]);
    let both = Policy::parse("shown", &shown.stdout).unwrap();
    let ids: Vec<&str> = both.rules().map(|(reason, _)| reason.rule.as_str()).collect();
    assert!(ids.contains(&"destroys") && !ids.contains(&"spends"), "{ids:?}");
    let checked =
        crate::program::tollgate(home.path(), &["policy", "check", file.to_str().unwrap()]);
    assert!(checked.stdout.starts_with("mine: sound; "), "{}", checked.stdout);
}

/// The tools of public servers: server, tool, definition.
fn real_tools() -> Vec<(String, String, String)> {
    let tools = read(&here("tests/policies/real_tools.txt"));
    let lines = tools.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let tool = |line: &str| {
        let (name, hints) = line.split_once(' ').unwrap_or((line, "{}"));
        let (server, tool) = name.split_once('.').unwrap();
        (server.to_owned(), tool.to_owned(), definition(hints))
    };
    lines.map(tool).collect()
}

fn definition(annotations: &str) -> String {
    format!(r#"{{"annotations":{annotations}}}"#)
}

#[test]
fn verdicts_over_real_tools_are_the_reviewed_ones() {
    let (asking, watching) = (shipped_policy("ask-writes"), shipped_policy("observe"));
    let mut table = String::new();
    for (server, tool, _) in real_tools() {
        let question = Question::call(&server, &tool);
        let decision = asking.decide(&question);
        let rule = &decision.reasons[0].rule;
        let risk = if rule == "default" || rule == "reads" { "" } else { decision.risk.word() };
        let line = format!("{server}.{tool}");
        writeln!(table, "{:5} {risk:6} {rule:9} {line}", decision.verdict.word()).unwrap();

        let watched = watching.decide(&question);
        let asks = |decision: &Decision| decision.verdict >= Verdict::Ask;
        assert_eq!(asks(&watched), asks(&decision), "{line}: observe shows what ask-writes asks");
        if asks(&decision) {
            let said = |of: Decision| (of.verdict, of.risk, of.reasons);
            assert_eq!(said(watched), said(decision), "{line}");
        }
    }
    insta::assert_snapshot!(table);
}

/// The quiet default and its opposite, over the same tools with what their servers say of them.
#[test]
fn balanced_asks_about_few_real_tools_and_strict_about_all_that_may_change_something() {
    let policies = ["balanced", "strict"].map(shipped_policy);
    let mut table = String::new();
    for (server, tool, definition) in real_tools() {
        let definition = Some(definition.as_str());
        let question = Question { definition, ..Question::call(&server, &tool) };
        for policy in &policies {
            let decision = policy.decide(&question);
            let rule = &decision.reasons[0].rule;
            write!(table, "{:5} {rule:12} ", decision.verdict.word()).unwrap();
        }
        writeln!(table, "{server}.{tool}").unwrap();
    }
    insta::assert_snapshot!(table);
}

/// A line of a policy's story: what is said, by which rule, to which role, about which call.
struct Told<'a> {
    said: &'a str,
    rule: &'a str,
    role: &'a str,
    server: &'a str,
    tool: &'a str,
    arguments: String,
    definition: Option<String>,
    findings: Vec<Evidence>,
}

impl<'a> Told<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let [said, by, role, call] = [0; 4].map(|_| words.next().unwrap());
        let (server, tool) = call.split_once('.').unwrap();
        let rest = words.collect::<Vec<_>>().join(" ").replace("<long>", &"x".repeat(400));
        let (objects, listed) = match rest.strip_suffix("unlisted") {
            Some(objects) => (objects, false),
            None => (rest.as_str(), true),
        };
        let objects = serde_json::Deserializer::from_str(objects).into_iter();
        let mut objects = objects.map(|object: Result<serde_json::Value, _>| {
            object.unwrap_or_else(|error| panic!("{line}: {error}")).to_string()
        });
        let mut next = || objects.next().unwrap_or_else(|| "{}".to_owned());
        let (arguments, hints) = (next(), next());
        let definition = listed.then(|| definition(&hints));
        let findings = Evidence::of(&Call::new(tool, &arguments).inspected());
        let role = role.trim_matches('-');
        Self { said, rule: by, role, server, tool, arguments, definition, findings }
    }

    fn question(&self) -> Question<'_> {
        Question {
            role: self.role,
            arguments: Some(self.arguments.as_bytes()),
            definition: self.definition.as_deref(),
            findings: &self.findings,
            ..Question::call(self.server, self.tool)
        }
    }
}

/// Every shipped policy is a story, told call by call in a file of its name, in which every rule has its part.
#[test]
fn every_shipped_policy_does_what_its_story_says() {
    for (name, _) in SHIPPED {
        let policy = shipped_policy(name);
        let story = read(&here(&format!("tests/policies/{name}.txt")));
        let mut told = BTreeSet::new();
        for line in story.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let one = Told::read(line);
            assert!(one.role.is_empty() || policy.knows_role(one.role), "{name}: {line}");
            told.insert(one.rule.to_owned());
            if one.said == "counts" {
                let budgets = policy.budgets(&one.question());
                let counts = budgets.iter().any(|budget| budget.beyond.rule == one.rule);
                assert!(counts, "{name}: {line}");
                continue;
            }
            let decision = policy.decide(&one.question());
            let said = match decision.verdict {
                Verdict::Ask => format!("ask:{}", decision.risk.word()),
                Verdict::Allow | Verdict::Mark | Verdict::Deny => {
                    decision.verdict.word().to_owned()
                }
            };
            // Of several rules with one verdict any may be the one that a line is about.
            let mut by = decision.reasons.iter().filter(|by| by.verdict == decision.verdict);
            let by = by.any(|by| by.rule == one.rule);
            assert_eq!((said.as_str(), by), (one.said, true), "{name}: {line}\n{decision:#?}");
        }
        let rules = policy.rules().map(|(reason, _)| &reason.rule);
        let untold: Vec<_> = rules.filter(|rule| !told.contains(*rule)).collect();
        assert!(untold.is_empty(), "{name}: no line is about {untold:?}");
    }
}

/// Calls of a recording that went on as the agent had sent them, by number; and those that the operator changed.
fn went_on(recording: &Path) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut on, mut edited) = (BTreeSet::new(), BTreeSet::new());
    for record in tollgate::journal::read::read_all(&std::fs::read(recording).unwrap()).records {
        let call = record.facts.as_ref().filter(|facts| facts.tool.is_some());
        let call = call.and_then(|facts| facts.call).map(|call| call.0);
        for effect in &record.effects {
            if let Effected::Forward { to: Side::Server, .. } = effect {
                on.extend(call);
            } else if let Effected::Settle { ticket, how: Settled::Allowed { .. } } = effect {
                on.extend([ticket.0]);
            } else if let Effected::Revise { held, .. } = effect {
                edited.extend([held.ticket.0]);
            }
        }
    }
    (on.difference(&edited).copied().collect(), on.intersection(&edited).copied().collect())
}

/// What is learned of a recording denies nothing of it that went on.
#[test]
fn a_policy_is_learned_of_recordings() {
    let home = tempfile::tempdir().unwrap();
    let policy =
        |args: &[&str]| crate::program::tollgate(home.path(), &[&["policy"], args].concat());
    let mine = home.path().join("mine.yaml");
    let mine = mine.to_str().unwrap();
    let (mut calls, mut changed) = (0, 0);
    let recordings = std::fs::read_dir(here("tests/recordings")).unwrap();
    for recording in recordings.map(|entry| entry.unwrap().path()) {
        let path = recording.to_str().unwrap();
        let (on, edited) = went_on(&recording);
        for names_only in [&[][..], &["--names-only"]] {
            let learned = policy(&[&["learn", path, "--name", "mine"][..], names_only].concat());
            assert_eq!(learned.code, 0, "{path}: {learned:?}");
            std::fs::write(mine, &learned.stdout).unwrap();
            let checked = policy(&["check", mine]);
            assert_eq!(checked.code, 0, "{path}: {checked:?}");
            let again = policy(&["test", mine, path, "--format", "jsonl"]).stdout;
            for line in again.lines().filter(|line| line.contains("\"flip\"")) {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let flip = &line["flip"];
                let call = flip["call"].as_u64().unwrap();
                let denied = flip["is"] == "deny" || flip["is"] == "ask";
                assert!(!denied || !on.contains(&call), "{path}: {line}\n{}", learned.stdout);
            }
        }
        calls += on.len();
        changed += edited.len();
    }
    assert!(calls > 15 && changed > 0, "{calls} {changed}");
    let demo = here("tests/recordings/demo.jsonl");
    let demo = demo.to_str().unwrap();
    let learned = policy(&["learn", demo, "--names-only"]).stdout;
    assert!(learned.contains("- \"read_file\" # 3 calls, first demo #"), "{learned}");
    insta::assert_snapshot!("learned_of_the_demo", policy(&["learn", demo]).stdout);
    std::fs::write(mine, policy(&["learn", demo]).stdout).unwrap();
    for (call, arguments, verdict) in [
        ("files.read_file", r#"{"path":"notes/other.md"}"#, "allow, risk medium, by seen-2"),
        ("files.read_file", r#"{"path":"../other.md"}"#, "deny, by default"),
        ("files.read_file", r#"{"path":"README.md","raw":true}"#, "deny, by default"),
        ("files.delete_file", r#"{"path":"notes/open.md"}"#, "deny, by default"),
    ] {
        let said = policy(&["explain", call, arguments, "--policy", mine]).stdout;
        assert!(said.starts_with(&format!("{call}: {verdict}")), "{said}");
    }
    // What the operator made of a call is learned, and not what the agent had sent.
    let answers = here("tests/recordings/answers.jsonl");
    std::fs::write(mine, policy(&["learn", answers.to_str().unwrap()]).stdout).unwrap();
    for (path, verdict) in [("edited", "allow"), ("edit-me", "deny"), ("deny-me", "deny")] {
        let arguments = format!(r#"{{"path":"{path}","text":"x"}}"#);
        let said = policy(&["explain", "files.write_file", &arguments, "--policy", mine]).stdout;
        assert!(said.starts_with(&format!("files.write_file: {verdict}")), "{said}");
    }
    assert_eq!(policy(&["learn", "--name", "Not a name", demo]).code, 5);
    assert_eq!(policy(&["learn"]).code, 2);
}

/// The default is asked where none is named, and of the definition that is given.
#[test]
fn a_call_is_explained_by_what_its_tool_says_of_itself() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("tool.json");
    let path = file.to_str().unwrap();
    let explain = |call: &str| {
        let args = ["policy", "explain", call, "--definition", path];
        crate::program::tollgate(home.path(), &args)
    };
    let plain = crate::program::tollgate(home.path(), &["policy", "explain", "memory.delete_all"]);
    assert!(plain.stdout.starts_with("memory.delete_all: allow, by default"), "{plain:?}");

    std::fs::write(&file, r#"{"name":"delete_all","annotations":{"destructiveHint":true}}"#)
        .unwrap();
    let done = explain("memory.delete_all");
    assert!(
        done.stdout.starts_with("memory.delete_all: ask, risk medium, by destroys"),
        "{done:?}"
    );
    assert!(explain("memory.edit").stdout.starts_with("memory.edit: mark"));
    std::fs::write(&file, "[]").unwrap();
    let done = explain("memory.delete_all");
    assert!(done.code == 2 && done.stderr.contains("it is no JSON object"), "{done:?}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(explain("memory.delete_all").code, 2);
}

/// What the command line says of policies; recordings by their paths.
#[test]
fn a_policy_is_checked_explained_and_tried_on_the_command_line() {
    let home = tempfile::tempdir().unwrap();
    let policy =
        |args: &[&str]| crate::program::tollgate(home.path(), &[&["policy"], args].concat());
    let done = policy(&["check", "ask-writes"]);
    assert!(done.code == 0 && done.stdout.starts_with("ask-writes: sound; rules 6,"), "{done:?}");

    let broken = here("tests/invalid_policies/id-twice.yaml");
    let broken = broken.to_str().unwrap();
    for args in [&["check", broken][..], &["explain", "a.b", "--policy", broken], &["test", broken]]
    {
        let done = policy(args);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}");
        assert!(done.stderr.contains("failed to read the policy") && done.stderr.contains(":10:9"));
    }

    // The example in the manual is what is printed.
    let done = policy(&["explain", "--policy", "ask-writes", "files.writeFile"]);
    assert!(read(&here("docs/policy.md")).contains(&done.stdout), "{}", done.stdout);
    let done = policy(&["explain", "--policy", "ask-writes", "files.frobnicate"]);
    assert!(done.stdout.starts_with("files.frobnicate: mark, by default:"), "{}", done.stdout);
    assert!(done.stdout.contains("decides: no rule fits"), "{}", done.stdout);
    let call = ["files.write_\u{202e}file", "--policy", "ask-writes"];
    let done = policy(&[&["explain", "--format", "jsonl"], &call[..]].concat());
    let line: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&line["event"], &line["verdict"]), (&"explanation".into(), &"ask".into()));
    assert_eq!(policy(&["explain", "no-dot"]).code, 2);
    assert_eq!(policy(&["explain", "a.b", "[1]"]).code, 2);

    let roles = home.path().join("roles.yaml");
    let text = "version: 1\nname: roles\nphase: enforce\ndefault: { verdict: allow, why: d }\n\
                agent_roles: { reader: { reason: r, allowed_tools: [read] } }\n\
                human_approval_required: [{ tool: read, condition: 'args.n > 3', reason: many }]\nrules: []\n";
    std::fs::write(&roles, text).unwrap();
    let roles = roles.to_str().unwrap();
    let asked = |role, call, arguments| {
        policy(&["explain", call, arguments, "--role", role, "--policy", roles])
    };
    let done = asked("reader", "a.read", r#"{"n":5}"#);
    assert!(done.stdout.starts_with("a.read: ask, risk medium, by approval.1: many"), "{done:?}");
    assert!(done.stdout.contains("decides, when holds"), "{done:?}");
    assert!(done.stdout.contains("stands back: the role's list has the tool"), "{done:?}");
    let done = asked("reader", "a.read", "{}");
    assert!(done.stdout.contains("when cannot be told: No such key: n"), "{done:?}");
    assert!(asked("reader", "a.other", "{}").stdout.starts_with("a.other: deny"));
    assert_eq!(asked("writer", "a.read", "{}").code, 2);

    // What a downloaded file says is shown, not obeyed.
    let odd = home.path().join("odd.yaml");
    let text = "version: 1\nname: odd\nphase: enforce\ndefault: { verdict: deny, why: \"x\\e]52;c;eA==\\a\" }\nrules: []\n";
    std::fs::write(&odd, text).unwrap();
    let done = policy(&["explain", "--policy", odd.to_str().unwrap(), "a.b"]);
    assert!(done.stdout.contains("by default: x<ESC>]52;c;eA==<BEL>"), "{done:?}");

    let demo = here("tests/recordings/demo.jsonl");
    let demo = demo.to_str().unwrap();
    let done = policy(&["test", "ask-writes", demo, demo]);
    assert_eq!(done.code, 1, "{done:?}");
    let otherwise = "demo #8 search: mark (strangers) becomes allow (reads)\n";
    assert!(done.stdout.starts_with(otherwise), "{}", done.stdout);
    assert!(done.stdout.ends_with("recordings 2, calls decided otherwise 4\n"), "{}", done.stdout);
    let done = policy(&["test", "ask-writes", demo, "--format", "jsonl"]);
    let line: serde_json::Value =
        serde_json::from_str(done.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&line["recording"], &line["flip"]["is"]), (&"demo".into(), &"allow".into()));
    // Without a recording the examples alone are checked.
    let done = policy(&["test", "ask-writes"]);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (0, "ask-writes: recordings 0, calls decided otherwise 0\n")
    );
    assert_eq!(policy(&["test", "ask-writes", "no-such-session"]).code, 2);
    // One that is torn says so, and those behind it are tried all the same.
    let torn = home.path().join("torn.jsonl");
    let bytes = std::fs::read(demo).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() - 10]).unwrap();
    let done = policy(&["test", "ask-writes", torn.to_str().unwrap(), demo]);
    assert!(done.code == 1 && done.stderr.contains("half written"), "{done:?}");
    assert!(done.stdout.ends_with("recordings 2, calls decided otherwise 4\n"), "{done:?}");
}
