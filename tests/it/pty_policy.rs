//! What an operator says of more than one call, in the real console: answers that are remembered, and a policy's file
//! that changes.

use std::fs;

use serde_json::json;

use crate::bed::{Agent, Bed, until};
use crate::pty_controls::TURNS_BAD;
use crate::terminal::Terminal;

/// `r`: one answer for calls like this one. It drains what waits, holds for what comes, is kept for later sessions, and
/// is taken back.
#[test]
fn one_answer_for_all_calls_like_one_drains_holds_is_kept_and_is_taken_back() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["console"]);
    let server = TURNS_BAD.replace("read_note", "write_file");
    let server = ["sh", "-c", &server];
    let mut agent = bed.agent_with(&["--policy", "ask-writes"], &server);
    agent.request(1, "tools/list", &json!({}));
    agent.answer(1);
    for (id, path) in [(2, "/w/a"), (3, "/w/b"), (4, "/v/c")] {
        agent.call(id, "write_file", &json!({ "path": path, "content": "x" }));
    }
    console.shows("ASK 3");
    // One more, in another session.
    let mut other = bed.agent_with(&["--policy", "ask-writes"], &server);
    other.request(1, "tools/list", &json!({}));
    other.answer(1);
    other.call(2, "write_file", &json!({ "path": "/w/o", "content": "x" }));
    console.shows("ASK 4");
    console.press_until("A", "DENY   armed");
    console.press_until("r", "one answer for calls of");
    console.shows("exactly these arguments");
    console.press_until("3", "> 3  | where path is below");
    console.shows("1 other waiting call has it too");
    console.press("\t");
    console.shows("until its definition changes");
    console.shows("1 waiting call of another session has it too");
    console.shows("DENY   armed");
    console.press("y");
    for id in [2, 3] {
        assert_eq!(agent.result(id), ("done".to_owned(), false), "it drains what waits");
    }
    assert_eq!(other.result(2), ("done".to_owned(), false), "in the other session as well");
    // What is not like it waits on; what is goes on at once.
    console.shows("ASK 1");
    agent.call(5, "write_file", &json!({ "path": "/w/d/e", "content": "y" }));
    assert!(!agent.result(5).1);
    agent.exit();
    // In a later session as well, as long as nobody takes it back.
    let kept = bed.home().join("config/remembered.toml");
    let text = until("the answer on disk", || fs::read_to_string(&kept).ok());
    assert!(text.contains("path = \"/w/\"") && text.contains("answers = [\"writes\"]"), "{text}");
    let mut later = bed.agent_with(&["--policy", "ask-writes"], &server);
    later.request(1, "tools/list", &json!({}));
    later.answer(1);
    later.call(2, "write_file", &json!({ "path": "/w/f", "content": "z" }));
    assert!(!later.result(2).1);
    console.press_until_so("\x1b", |screen| !screen.contains("Ask, over"));
    console.press_until("9", "remembered");
    console.press_until("g", "> remembered");
    console.press("u");
    until("nothing to be kept", || {
        let text = fs::read_to_string(&kept).unwrap();
        (!text.contains("/w/")).then_some(())
    });
    later.call(3, "write_file", &json!({ "path": "/w/g", "content": "z" }));
    console.shows("ASK 1");
    bed.sound_recordings();
}

/// The policy's file changes while a session runs by it.
#[test]
fn a_policys_file_is_followed_and_what_allows_more_waits_for_the_operator() {
    let bed = Bed::new();
    let file = bed.home().join("mine.yaml");
    let policy = |verdict: &str, more: &str| {
        let rule =
            format!("{{ id: w, why: \"W.\", match: {{ tool: write_file }}, verdict: {verdict} }}");
        let text = format!(
            "version: 1\nname: mine\nphase: enforce\ndefault: {{ verdict: allow, why: \"D.\" }}\nrules:\n  - {rule}\n{more}"
        );
        fs::write(&file, text).unwrap();
    };
    policy("ask", "");
    let mut console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent(&["--policy", file.to_str().unwrap()]);
    agent.call(1, "list_files", &json!({}));
    assert!(!agent.result(1).1);
    // Stricter: at once.
    policy("ask", "  - { id: l, why: \"L.\", match: { tool: list_files }, verdict: deny }\n");
    console.shows("builtin.policy-changed");
    agent.call(2, "list_files", &json!({}));
    let (text, failed) = agent.result(2);
    assert!(failed && text.contains("(rule l)"), "{text}");
    // Broken: what held before holds, and it is said.
    fs::write(&file, "version: 1\nname: [").unwrap();
    console.shows("POLICY BROKEN");
    agent.call(3, "list_files", &json!({}));
    assert!(agent.result(3).1);
    // It may allow more: it waits, and the stricter part of it holds already.
    policy("allow", "");
    console.shows("POLICY CHANGED");
    agent.call(4, "write_file", &json!({ "path": "a", "content": "x" }));
    console.shows("ASK 1");
    console.press_until("9", "9 Policy");
    console.press_until("P", "It may allow more");
    console.press("y");
    // What only the old text asked about goes on.
    assert!(!agent.result(4).1);
    agent.call(5, "list_files", &json!({}));
    assert!(!agent.result(5).1);
    console.press_until_so("\x1b", |screen| !screen.contains("POLICY CHANGED"));
    // A call that names the policy's file asks, whatever the file says.
    agent.call(6, "list_files", &json!({ "path": file.to_str().unwrap() }));
    console.shows("ASK 1");
    bed.sound_recordings();
}

/// What is other in these tests: writing asks.
const ASKS: &str = "version: 1\nname: mine\nphase: enforce\ndefault: { verdict: allow, why: D. }\nrules:\n  \
                    - { id: w, why: W., match: { tool: write_file }, verdict: ask }\n";

/// The user's own overrides: what is stricter in them holds at once, the rest once they are confirmed, and then in every
/// session.
#[test]
fn overrides_hold_once_they_are_confirmed_and_ask_again_when_they_change() {
    let bed = Bed::new();
    let file = bed.home().join("mine.yaml");
    fs::write(&file, ASKS).unwrap();
    let overrides = bed.home().join("config/overrides.yaml");
    fs::create_dir_all(overrides.parent().unwrap()).unwrap();
    let text = "version: 1\nname: own\nwithout: [w]\nrules:\n  \
                - { id: l, why: L., match: { tool: list_files }, verdict: deny }\n";
    fs::write(&overrides, text).unwrap();
    let mut console = Terminal::open(&bed.home(), &["console"]);
    let options = ["--policy", file.to_str().unwrap()];
    let mut agent = bed.agent(&options);
    agent.call(1, "list_files", &json!({}));
    assert!(agent.result(1).1, "what is stricter holds at once");
    agent.call(2, "write_file", &json!({ "path": "a" }));
    console.shows("ASK 1");
    console.shows("POLICY CHANGED");
    console.press_until("9", "9 Policy");
    console.press_until("P", "It may allow more");
    console.press("y");
    assert!(!agent.result(2).1, "what only the policy asked about goes on");
    agent.exit();
    // The next session begins with them.
    let listed = bed.tollgate(&["policy", "trust", "--list"]);
    assert!(listed.stdout.contains("overrides.yaml  since "), "{}", listed.stdout);
    let mut agent = bed.agent(&options);
    agent.call(1, "write_file", &json!({ "path": "a" }));
    assert!(!agent.result(1).1);
    agent.call(2, "list_files", &json!({}));
    assert!(agent.result(2).1);
    // One that changed is another one: a broken one changes nothing and says so.
    fs::write(&overrides, "version: 1\nname: [").unwrap();
    console.shows("POLICY BROKEN");
    fs::write(&overrides, text.replace("deny", "allow")).unwrap();
    console.shows("POLICY CHANGED");
    agent.call(3, "list_files", &json!({}));
    assert!(agent.result(3).1);
    // A call that names them asks.
    agent.call(4, "read_file", &json!({ "path": overrides.to_str().unwrap() }));
    console.shows("ASK 1");
    bed.sound_recordings();
}

/// A project's file only tightens until the user trusts it as it is.
#[test]
fn a_projects_file_allows_only_what_the_user_trusted() {
    let bed = Bed::new();
    let file = bed.home().join("mine.yaml");
    fs::write(&file, ASKS).unwrap();
    let project = tempfile::tempdir().unwrap();
    let path = project.path().join(".tollgate.yaml");
    let text = "version: 1\nname: project\nphase: enforce\nrules:\n  \
                - { id: w, why: It is a scratch folder., match: { tool: write_file }, verdict: allow }\n  \
                - { id: l, why: L., match: { tool: list_files }, verdict: deny }\n";
    fs::write(&path, text).unwrap();
    let begin = || {
        let mut shim = bed.shim(&["--policy", file.to_str().unwrap(), "--unattended", "deny"]);
        Bed::shake_hands(Agent::start(shim.current_dir(project.path())))
    };
    let refused = |agent: &mut Agent, id: u64, tool: &str| {
        agent.call(id, tool, &json!({ "path": "a" }));
        agent.result(id).1
    };
    let mut agent = begin();
    assert!(refused(&mut agent, 1, "write_file") && refused(&mut agent, 2, "list_files"));
    agent.exit();
    let trusted = bed.tollgate(&["policy", "trust", path.to_str().unwrap()]);
    let words = "over balanced: new rules: l, w";
    assert!(trusted.stdout.contains(words), "{}{}", trusted.stdout, trusted.stderr);
    let mut agent = begin();
    assert!(!refused(&mut agent, 1, "write_file") && refused(&mut agent, 2, "list_files"));
    agent.exit();
    // Another text is not what was trusted.
    fs::write(&path, text.replace("scratch", "new")).unwrap();
    let mut agent = begin();
    assert!(refused(&mut agent, 1, "write_file") && refused(&mut agent, 2, "list_files"));
    agent.exit();
    let removed = ["policy", "trust", "--remove", path.to_str().unwrap()];
    assert_eq!((bed.tollgate(&removed).code, bed.tollgate(&removed).code), (0, 2));
    bed.sound_recordings();
}
