//! Secrets stay in the gate's memory: planted wherever a payload can carry one, they are looked for in everything that is
//! written or shown. What is sent is what came.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bed::{Bed, until};
use crate::terminal::Terminal;

/// Answers each call with its own arguments, tells a secret on stderr and another in a notification.
const ECHO: &str = r#"
s/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"initialize".*/{"jsonrpc":"2.0","id":\1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sed","version":"1"}}}/p
/"method":"tools\/call","params":{"name":"never/d
/"method":"tools\/call"/{
w /dev/stderr
s/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"tools\/call","params":{"name":"[a-z_]*","arguments":\(.*\)}}$/{"jsonrpc":"2.0","method":"notifications\/message","params":{"level":"info","data":\2}}\n{"jsonrpc":"2.0","id":\1,"result":{"content":[{"type":"text","text":"done"}],"structuredContent":\2}}/p
}
"#;

fn part(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap()
}

/// One of each way to tell a secret, put together here so that no scanner takes this file for a leak.
fn planted() -> Vec<(&'static str, String)> {
    let letters = "Q7ZX3M5KP2WVN8RTJ4HY6BLDFCGS9A";
    let mixed = "q7Zx3M5kP2wVn8RtJ4hY6bLdFcGs9aE1uT0oXiKy";
    vec![
        ("key", format!("AKI{}{}", 'A', part(letters, 0, 16))),
        ("text", format!("gh{}_{}", 'p', part(mixed, 0, 36))),
        (
            "note",
            format!("xo{}b-{}-{}-{}", 'x', "283746501928", "374650192837", part(mixed, 0, 24)),
        ),
        ("text2", format!("s{}-ant-api03-{mixed}{mixed}{}AA", 'k', part(mixed, 0, 13))),
        ("password", "Tr0ub4dor&3-\"q\u{e9}".to_owned()),
        ("client_secret", part(mixed, 0, 18).to_owned()),
        ("url", format!("postgres://admin:{}@db.corp.internal/x", part(mixed, 4, 18))),
        (
            "pem",
            format!(
                "-----BEGIN {0} KEY-----\n{mixed}{mixed}\n{mixed}\n-----END {0} KEY-----",
                "PRIVATE"
            ),
        ),
    ]
}

/// What must be nowhere: of an address the password alone, of a block its inside.
fn hidden() -> Vec<String> {
    let mixed = "q7Zx3M5kP2wVn8RtJ4hY6bLdFcGs9aE1uT0oXiKy";
    let mut all: Vec<String> = planted()
        .into_iter()
        .filter(|(name, _)| !["url", "pem"].contains(name))
        .map(|(_, value)| value)
        .collect();
    all.extend([part(mixed, 4, 18).to_owned(), mixed.to_owned()]);
    all
}

fn arguments() -> Value {
    let mut arguments = json!({ "path": "/tmp/a", "more": ["x", { "deep": "in" }] });
    for (name, value) in planted() {
        arguments[name] = Value::from(value);
    }
    // As a program prints it into a text.
    arguments["log"] = Value::from(json!({ "password": planted()[4].1 }).to_string());
    arguments
}

#[track_caller]
fn has_none(what: &str, text: &str) {
    for secret in hidden() {
        for form in
            [secret.clone(), Value::from(secret.as_str()).to_string().trim_matches('"').to_owned()]
        {
            let at = text.find(&form);
            let around = at.and_then(|at| text.get(at.saturating_sub(80)..at + 40));
            assert!(at.is_none(), "{what} has {form:?}: {}", around.unwrap_or_default());
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path, all: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files(&path, all);
        } else if path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            all.push((path.display().to_string(), text));
        }
    }
}

fn echoing(bed: &Bed) -> [String; 5] {
    let script = bed.home().parent().unwrap().join("echo.sed");
    let received = bed.home().parent().unwrap().join("received");
    fs::write(&script, format!("w {}\n{ECHO}", received.display())).unwrap();
    ["sed", "-u", "-n", "-f", script.to_str().unwrap()].map(str::to_owned)
}

#[test]
fn planted_secrets_are_nowhere_but_where_they_were_sent() {
    let bed = Bed::new();
    let server = echoing(&bed);
    let server: Vec<&str> = server.iter().map(String::as_str).collect();
    let mut console = Terminal::open(&bed.home(), &["console"]);
    console.shows("q quit");
    let mut lines = Terminal::open(&bed.home(), &["console", "--linear"]);
    lines.shows("may answer");
    let mut agent = bed.agent_with(&["--policy", "ask-writes"], &server);
    agent.call(1, "read_file", &arguments());
    let answer = agent.answer(1);
    assert_eq!(answer["result"]["structuredContent"], arguments(), "what is sent is what came");
    console.shows("read_file");
    // The card, and the pane with everything.
    let sent = agent.call(2, "write_file", &arguments());
    console.shows("write_file");
    console.press_until("A", "[secret ");
    // Why it matters stands on the card, not in the log alone.
    console.shows("; rule secret.");
    console.press_until("v", "[secret ");
    lines.press_until_sent("show 4\n", "[secret ");
    // An edit leaves the markers alone, and what goes on has the secrets again.
    assert!(!bed.received().contains(&sent));
    let ticket = bed.ticket();
    let ran = bed.tollgate(&["deny", &ticket, "--reason", &format!("not with {}", planted()[0].1)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(agent.result(2).1);
    // A gate that dies takes nothing along, and leaves nothing twice.
    agent.call(3, "never", &arguments());
    until("the call that is never answered", || bed.received().contains("\"never\"").then_some(()));
    bed.kill_gate();
    agent.call(4, "read_file", &arguments());
    assert_eq!(agent.answer(4)["result"]["structuredContent"], arguments());
    let heard: Vec<&String> =
        agent.heard().iter().filter(|line| line.contains("\"id\":1,")).collect();
    assert_eq!(heard.len(), 1, "{heard:?}");

    let recordings = bed.sound_recordings();
    for kind in ["aws-access-key", "github-token", "password", "private-key"] {
        assert!(recordings.contains(&format!("[secret {kind} ")), "{kind}: {recordings}");
    }
    let mut all = Vec::new();
    files(&bed.home(), &mut all);
    assert!(all.iter().any(|(name, _)| name.contains(".jsonl")));
    for (name, text) in &all {
        has_none(name, text);
    }
    for (what, console) in [("the console", &console), ("its lines", &lines)] {
        has_none(what, &String::from_utf8_lossy(&console.output()));
        has_none(what, &console.text());
    }
    let name = all.iter().find_map(|(name, _)| name.strip_suffix(".jsonl")).unwrap();
    let name = name.rsplit('/').next().unwrap();
    for command in [
        &["sessions", "show", name][..],
        &["replay", name, "--headless", "--format", "jsonl"],
        &["replay", name, "--headless"],
        &["replay", name, "--policy", "strict", "--headless"],
    ] {
        let ran = bed.tollgate(command);
        has_none(&command.join(" "), &(ran.stdout + &ran.stderr));
    }
    // The recording decides again as it was decided.
    let again = bed.tollgate(&["replay", name, "--policy", "recorded", "--headless"]);
    assert_eq!(again.code, 0, "{again:?}");
}

#[test]
fn an_edit_leaves_markers_alone_and_what_goes_on_has_the_secrets() {
    let bed = Bed::new();
    let server = echoing(&bed);
    let server: Vec<&str> = server.iter().map(String::as_str).collect();
    let editor = [("VISUAL", "sed -i -e s,/tmp/a,/tmp/ab,"), ("EDITOR", "no")];
    let mut console = Terminal::open_with(&bed.home(), &["console"], &editor);
    console.shows("q quit");
    let mut agent = bed.agent_with(&["--policy", "ask-writes"], &server);
    let forged =
        json!({ "path": "/tmp/a", "password": planted()[4].1, "b": "[secret password 15B #0000]" });
    agent.call(1, "write_file", &forged);
    console.shows("write_file");
    console.press_until("A", "[secret password");
    console.press_until("E", "editing: Ctrl-s");
    console.shows("\"/tmp/ab\"");
    console.press("\x13");
    console.shows("EDITED");
    console.press_until("a", "yes, allow");
    console.press_until_so("y", |_| bed.received().contains("/tmp/ab"));
    let answer = agent.answer(1);
    let got = &answer["result"]["structuredContent"];
    assert_eq!(got["password"], forged["password"], "{got}");
    // What only looks like a marker brings nothing in.
    assert_eq!(got["b"], forged["b"]);
    let mut all = Vec::new();
    files(&bed.home(), &mut all);
    for (name, text) in all {
        has_none(&name, &text);
    }
    has_none("the console", &console.text());
}

#[test]
fn a_waiting_call_is_shown_with_its_secrets_and_that_is_on_record() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["console"]);
    console.shows("q quit");
    let mut watcher = Terminal::open(&bed.home(), &["console"]);
    watcher.shows("q quit");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let secret = &planted()[0].1;
    agent.call(1, "write_file", &json!({ "path": "/tmp/a", "note": secret }));
    for terminal in [&mut console, &mut watcher] {
        terminal.shows("write_file");
        terminal.press_until("A", "[secret ");
    }
    watcher.press_until("V", "only watches");
    console.press("V");
    console.shows(secret);
    console.shows("with its secrets");
    // No editor gets them, and no file.
    console.press_until("E", "V hides the secrets first");
    console.press("V");
    console.shows("[secret ");
    assert!(!console.text().contains(secret.as_str()), "{}", console.text());
    // They go with the card.
    console.press("V");
    console.shows(secret);
    console.press_until_so("\x1b", |screen| !screen.contains(secret.as_str()));
    console.press_until("A", "[secret ");
    let ran = bed.tollgate(&["deny", &bed.ticket()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(agent.result(1).1);
    let recordings = bed.sound_recordings();
    assert_eq!(recordings.matches("\"revealed\":{\"ticket\":").count(), 2, "{recordings}");
    let mut all = Vec::new();
    files(&bed.home(), &mut all);
    for (name, text) in &all {
        has_none(name, text);
    }
    has_none("who only watches", &String::from_utf8_lossy(&watcher.output()));
}

#[test]
fn a_policy_may_want_recordings_as_it_was_sent() {
    let bed = Bed::new();
    let policy = bed.home().join("raw.yaml");
    fs::write(&policy, "version: 1\nname: raw\nextends: observe\nrecording: raw\nrules: []\n")
        .unwrap();
    let mut agent = bed.agent(&["--policy", policy.to_str().unwrap()]);
    agent.call(1, "read_file", &arguments());
    agent.result(1);
    let recordings = bed.sound_recordings();
    assert!(recordings.contains(&planted()[0].1) && recordings.contains("\"redaction\":\"none\""));
}

#[test]
fn a_users_own_rules_find_secrets_and_broken_ones_begin_nothing() {
    let bed = Bed::new();
    let rules = bed.home().join("config/secrets.toml");
    fs::create_dir_all(rules.parent().unwrap()).unwrap();
    let text =
        "[[rules]]\nid = \"corp-badge\"\nregex = '''badge-([0-9]{8})'''\nkeywords = [\"badge\"]\n";
    fs::write(&rules, text).unwrap();
    let mut agent = bed.agent(&[]);
    agent.call(1, "read_file", &json!({ "text": "it is badge-12345678, as always" }));
    agent.result(1);
    let recordings = bed.sound_recordings();
    assert!(recordings.contains("[secret corp-badge "), "{recordings}");
    // The rule itself is in the first record; what it found is nowhere.
    assert!(!recordings.contains("12345678") && bed.received().contains("badge-12345678"));
    fs::write(&rules, "[[rules]]\nid = \"x\"\nregex = '''(?=a)'''\n").unwrap();
    let mut refused = bed.shim(&[]);
    let ran = refused.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains("secrets.toml") && !ran.status.success(), "{said}");
}
