//! Answers at the console, end to end: a terminal, a gate, a shim, an agent and a server.

use rustix::process::Signal;
use serde_json::json;

use crate::bed::{Agent, Bed};
use crate::terminal::Terminal;

/// A session whose first call waits, and a console that shows it.
fn asked(bed: &Bed) -> (Agent, Terminal, String) {
    asked_with(bed, &[])
}

fn asked_with(bed: &Bed, variables: &[(&str, &str)]) -> (Agent, Terminal, String) {
    let console = Terminal::open_with(&bed.home(), &["console"], variables);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
    console.shows("write_file");
    (agent, console, sent)
}

#[test]
fn an_allowed_call_arrives_byte_for_byte() {
    let bed = Bed::new();
    let (mut agent, mut console, sent) = asked(&bed);
    console.press_until("A", "some text");
    assert!(!bed.received().contains(&sent));
    console.press_until("a", "yes, allow");
    console.press_until_so("y", |_| bed.received().contains(&sent));
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    assert!(bed.received().lines().any(|line| line == sent));
    // Until the gate has said that nothing waits any more, leaving has to be confirmed.
    console.press_until("\x1b", "q quit");
    console.press_until_so("q", |screen| screen.contains("Leave?") || !screen.contains("Ask ("));
    console.press("y");
    assert_eq!(console.exit(), 0);
    console.is_restored();
    bed.sound_recordings();
}

#[test]
fn a_denied_call_never_arrives() {
    let bed = Bed::new();
    let (mut agent, mut console, sent) = asked(&bed);
    console.press_until("A", "some text");
    console.press_until("d", "DENIED");
    let (text, failed) = agent.result(1);
    assert!(failed, "{text}");
    assert!(!bed.received().contains(&sent));
    bed.sound_recordings();
}

#[test]
fn enter_and_pastes_answer_nothing() {
    let bed = Bed::new();
    let (mut agent, mut console, sent) = asked(&bed);
    console.press_until("A", "some text");
    console.press("\r\r\x1b[200~aayy\x1b[201~\r");
    // Whatever these did is done when a later call has gone all the way.
    agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert!(!bed.received().contains(&sent));
    assert!(bed.tollgate(&["tickets"]).stdout.contains("write_file"));
}

#[test]
fn a_killed_console_changes_nothing_and_another_one_answers() {
    let bed = Bed::new();
    let (mut agent, mut console, sent) = asked(&bed);
    console.press_until("A", "some text");
    console.signal(Signal::KILL);
    console.exit();
    agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert!(!bed.received().contains(&sent));
    let mut second = Terminal::open(&bed.home(), &["console"]);
    second.shows("write_file");
    second.press_until("A", "some text");
    second.press_until("a", "yes, allow");
    second.press_until_so("y", |_| bed.received().contains(&sent));
    assert_eq!(agent.result(1), ("done".to_owned(), false));
}

#[test]
fn a_killed_gate_comes_back_and_the_console_finds_it() {
    let bed = Bed::new();
    let (mut agent, console, sent) = asked(&bed);
    bed.kill_gate();
    agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    let (text, failed) = agent.result(1);
    assert!(failed, "{text}");
    console.shows("INTERRUPTED");
    assert!(!bed.received().contains(&sent));
}

#[test]
fn the_terminal_is_restored_however_the_console_ends() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let bed = Bed::new();
        let (_agent, mut console, _) = asked(&bed);
        console.signal(signal);
        console.exit();
        console.is_restored();
    }
}

#[test]
fn a_small_terminal_is_no_obstacle() {
    let bed = Bed::new();
    let (_agent, console, _) = asked(&bed);
    console.resize(24, 80);
    console.shows("write_file");
    console.resize(5, 20);
    console.resize(40, 120);
    console.shows("write_file");
}

#[test]
fn approving_on_the_command_line_needs_a_terminal_and_denying_does_not() {
    let bed = Bed::new();
    let mut agent = bed.agent(&["--policy", "ask-writes", "--unattended", "ask"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "a" }));
    let ticket = bed.ticket();
    let ran = bed.tollgate(&["approve", &ticket]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(!bed.received().contains(&sent));
    let ran = bed.tollgate(&["deny", &ticket, "--reason", "not today"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (text, failed) = agent.result(1);
    assert!(failed && text.contains("not today"), "{text}");
    assert!(!bed.received().contains(&sent));
}

#[test]
fn a_risky_call_is_allowed_with_the_code_on_the_card() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "delete_file", &json!({ "path": "/tmp/a" }));
    console.shows("delete_file");
    console.press_until("A", "RISK HIGH");
    console.shows("typed after a:");
    let card = console.text();
    let code = card.split_once("typed after a:").unwrap().1.split(['[', ']']).nth(1).unwrap();
    console.press_until("a", "type the code");
    assert!(!bed.received().contains(&sent));
    console.press(code);
    assert_eq!(agent.result(1), ("done".to_owned(), false));
}

#[test]
fn a_denial_takes_its_reason_to_the_agent() {
    let bed = Bed::new();
    let (mut agent, mut console, _) = asked(&bed);
    console.press_until("A", "some text");
    console.press_until("D", "reason:");
    console.press("Use the staging one.\r");
    let (text, failed) = agent.result(1);
    assert!(failed && text.contains("Use the staging one."), "{text}");
}

#[test]
fn an_edited_call_is_shown_as_a_difference_and_sent_as_edited() {
    let bed = Bed::new();
    let (mut agent, mut console, sent) = asked(&bed);
    console.press_until("A", "some text");
    console.press_until("e", "editing");
    // Down to the path, to its end, and back over the quote and the comma.
    console.press("\x1b[B\x1b[F\x1b[D\x1b[Db\x13");
    console.shows("EDITED");
    console.shows("\"/tmp/ab\"");
    console.press_until("a", "yes, allow");
    console.press_until_so("y", |_| bed.received().contains("/tmp/ab"));
    let (text, failed) = agent.result(1);
    assert!(!failed && !bed.received().contains(&sent), "{text}");
}

#[test]
fn an_editor_of_the_operators_own_gets_the_terminal_and_gives_it_back() {
    let bed = Bed::new();
    let editor = "sed -i -e s,/tmp/a,/tmp/ab,";
    let (mut agent, mut console, sent) = asked_with(&bed, &[("VISUAL", editor), ("EDITOR", "no")]);
    console.press_until("A", "some text");
    console.press_until("E", "editing: Ctrl-s");
    console.shows("\"/tmp/ab\"");
    assert!(bed.tollgate(&["tickets"]).stdout.contains("write_file"), "it waits on");
    console.press("\x13");
    console.shows("EDITED");
    console.press_until("a", "yes, allow");
    console.press_until_so("y", |_| bed.received().contains("/tmp/ab"));
    let (text, failed) = agent.result(1);
    assert!(!failed && !bed.received().contains(&sent), "{text}");
    console.press_until("\x1b", "q quit");
    console.press_until_so("q", |screen| screen.contains("Leave?") || !screen.contains("Ask ("));
    console.press("y");
    assert_eq!(console.exit(), 0);
    console.is_restored();
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let bed = Bed::new();
    let (_agent, mut console, _) = asked_with(&bed, &[("VISUAL", "/nowhere/editor")]);
    console.press_until("A", "some text");
    console.press_until("E", "nothing was changed: the editor failed");
    console.press_until("a", "yes, allow");
}

#[test]
fn an_answer_on_the_command_line_holds_for_calls_with_the_same_arguments() {
    let bed = Bed::new();
    let policy = bed.home().join("low.yaml");
    let text = "version: 1\nname: low\nphase: enforce\ndefault: { verdict: allow, why: Else. }\nrules:\n\
                \x20 - { id: w, why: It writes., match: { tool: \"write_*\" }, verdict: ask, risk: low }\n";
    std::fs::write(&policy, text).unwrap();
    let mut agent = bed.agent(&["--policy", &policy.display().to_string(), "--unattended", "ask"]);
    let (one, other) = (json!({ "path": "a" }), json!({ "path": "b" }));
    agent.call(1, "write_file", &one);
    let ticket = bed.ticket();
    let ran = bed.tollgate(&["approve", &ticket, "--scope", "session"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    agent.call(2, "write_file", &one);
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    agent.call(3, "write_file", &other);
    let ticket = bed.ticket();
    let ran = bed.tollgate(&["deny", &ticket, "--scope", "session", "--reason", "not there"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (text, failed) = agent.result(3);
    assert!(failed && text.contains("not there"), "{text}");
    agent.call(4, "write_file", &other);
    let (text, failed) = agent.result(4);
    assert!(failed && text.contains("refused once for all"), "{text}");
}
