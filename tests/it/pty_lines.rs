//! The console that prints lines, end to end: a terminal, a gate, a shim, an agent and a server.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::bed::{Bed, PATIENCE, kill, until};
use crate::terminal::Terminal;

const LINEAR: [&str; 2] = ["console", "--linear"];

/// Types a line until it has its effect: a card takes no answer before it is armed.
#[track_caller]
fn types(console: &mut Terminal, line: &str, text: &str) {
    console.press_until(&format!("{line}\n"), text);
}

/// No byte but letters, new lines (the terminal adds the carriage returns) and the bell.
#[track_caller]
fn is_append_only(console: &Terminal) {
    let text = String::from_utf8(console.output()).unwrap();
    for c in text.chars() {
        assert!(matches!(c, '\n' | '\r' | '\x07') || !c.is_control(), "{c:?} in {text:?}");
    }
    assert!(!text.replace("\r\n", "").contains('\r'), "{text:?}");
}

#[test]
fn a_call_is_allowed_by_its_line_and_arrives_byte_for_byte() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("tollgate console in linear mode, chosen by --linear");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
    console.shows("files.write_file waits, risk MEDIUM");
    console.shows("\"content\" \"some text\"");
    // Enter and a word alone are no answers.
    console.press("\n\nyes\nallow\n");
    console.shows("nothing was done; expected allow NUMBER");
    assert!(!bed.received().contains(&sent));
    types(&mut console, "allow 2 yes", "you: sent: allow #2");
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    assert!(bed.received().lines().any(|line| line == sent));
    console.shows("answer: #2");
    types(&mut console, "show 2", "\"text\" \"done\"");
    console.press("quit\n");
    assert_eq!(console.exit(), 0);
    is_append_only(&console);
    bed.sound_recordings();
}

#[test]
fn an_answer_holds_for_calls_with_the_same_arguments() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("this console may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    console.shows("files.write_file waits");
    types(&mut console, "allow 2 yes session", "you: sent: allow, and remember #2");
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    agent.call(2, "write_file", &json!({ "path": "/tmp/a" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    agent.call(3, "write_file", &json!({ "path": "/tmp/b" }));
    console.shows("#4 sh-1 (sh) files.write_file waits");
}

#[test]
fn a_denial_takes_its_reason_to_the_agent() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("this console may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    console.shows("files.write_file waits");
    types(&mut console, "deny 2 Use the staging one.", "you: sent: deny #2");
    let (text, failed) = agent.result(1);
    assert!(failed && text.contains("Use the staging one."), "{text}");
    assert!(!bed.received().contains(&sent));
    console.shows("#2 DENIED by console 1");
}

#[test]
fn a_risky_call_takes_its_code_and_no_other() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("this console may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "delete_file", &json!({ "path": "/tmp/a" }));
    console.shows("files.delete_file waits, risk HIGH");
    console.shows(": allow 2 ");
    let screen = console.text();
    let (_, behind) = screen.split_once(": allow 2 ").unwrap();
    let code: String = behind.chars().take_while(|c| c.is_alphanumeric()).collect();
    types(&mut console, "allow 2 yes", "that was not the code");
    types(&mut console, "allow 2", "it takes the code that its card tells");
    assert!(!bed.received().contains(&sent));
    types(&mut console, &format!("allow 2 {code}"), "you: sent: allow #2");
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    assert!(bed.received().lines().any(|line| line == sent));
}

#[test]
fn pasted_lines_answer_nothing() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("this console may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    console.shows("files.write_file waits");
    types(&mut console, "allow 2 yes\nallow 2 yes", "pasted text answers nothing");
    // Whatever these did is done when a later call has gone all the way.
    agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert!(!bed.received().contains(&sent));
}

#[test]
fn the_environment_chooses_lines_and_a_flag_is_stronger() {
    let bed = Bed::new();
    let accessible = [("ACCESSIBLE", "1")];
    let lines = Terminal::open_with(&bed.home(), &["console"], &accessible);
    lines.shows("chosen by ACCESSIBLE in the environment");
    let panes = Terminal::open_with(&bed.home(), &["console", "--full-screen"], &accessible);
    panes.shows("1 Calls");
}

#[test]
fn a_terminal_of_any_size_will_do() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &LINEAR);
    console.resize(5, 24);
    console.sends("may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    console.press_until_sent("deny 2\n", "sent: deny #2");
    assert!(agent.result(1).1);
    is_append_only(&console);
}

#[test]
fn a_killed_gate_comes_back_and_the_lines_go_on() {
    let bed = Bed::new();
    let console = Terminal::open(&bed.home(), &LINEAR);
    console.shows("this console may answer");
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    console.shows("files.write_file waits");
    bed.kill_gate();
    console.shows("gate: LOST");
    let (text, failed) = agent.result(1);
    assert!(failed, "{text}");
    console.shows("INTERRUPTED");
    is_append_only(&console);
}

/// Into a pipe it only watches, though it was started from wherever.
#[test]
fn into_a_pipe_it_watches_and_answers_nothing() {
    let bed = Bed::new();
    let mut console = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(LINEAR)
        .env("TOLLGATE_HOME", bed.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(console.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("it has no terminal to answer from")));
    let mut agent = bed.agent(&[]);
    agent.call(1, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    assert!(lines.any(|line| line.starts_with("answer: #2") && line.contains("read_file ok")));
    let pid = rustix::process::Pid::from_child(&console);
    kill(pid, rustix::process::Signal::TERM);
    let status = until("its end", || console.try_wait().unwrap());
    assert!(status.success(), "{status:?} within {PATIENCE:?}");
}
