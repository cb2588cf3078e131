//! What can die: the gate, the agent, the server, the shim. Whatever it is, a call gets one answer,
//! nothing passes undecided, and no process stays behind.

use rustix::process::Signal;
use serde_json::json;

use crate::bed::{Bed, kill, until};

const ASKS: &[&str] = &["--policy", "ask-writes", "--unattended", "ask"];

#[test]
fn a_killed_gate_is_replaced_and_calls_go_on() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    agent.call(1, "read_file", &json!({ "path": "a" }));
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    let first = bed.kill_gate();
    let sent = agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert_eq!(bed.received().matches(&sent).count(), 1, "forwarded once");
    let second = until("another gate", || bed.gate().filter(|gate| *gate != first));
    assert_ne!(first, second);
    assert_eq!(agent.exit(), 0);
    assert!(bed.sound_recordings().contains("resumed"));
}

#[test]
fn a_call_that_waits_is_not_forwarded_by_a_gates_death() {
    let bed = Bed::new();
    let mut agent = bed.agent(ASKS);
    let sent = agent.call(1, "write_file", &json!({ "path": "a" }));
    bed.ticket();
    bed.kill_gate();
    agent.call(2, "read_file", &json!({ "path": "b" }));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    // Still waiting, or refused; in any case not sent.
    assert!(!bed.received().contains(&sent));
    agent.exit();
    bed.sound_recordings();
}

#[test]
fn a_hung_gate_is_killed_and_replaced() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    agent.call(1, "read_file", &json!({}));
    agent.answer(1);
    let hung = bed.hang_gate();
    agent.call(2, "read_file", &json!({}));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert_ne!(bed.gate(), Some(hung));
    assert_eq!(agent.exit(), 0);
    bed.sound_recordings();
}

#[test]
fn with_an_agents_death_its_waiting_call_is_gone() {
    let bed = Bed::new();
    let mut agent = bed.agent(ASKS);
    let sent = agent.call(1, "write_file", &json!({ "path": "a" }));
    bed.ticket();
    agent.die();
    until("no ticket", || {
        let ran = bed.tollgate(&["tickets"]);
        (!ran.stdout.contains("write_file")).then_some(())
    });
    until("no server", || (bed.servers() == 0).then_some(()));
    assert!(!bed.received().contains(&sent));
    bed.sound_recordings();
}

#[test]
fn a_killed_shim_leaves_no_server_behind() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    agent.call(1, "read_file", &json!({}));
    agent.answer(1);
    assert_eq!(bed.servers(), 1);
    kill(bed.shim_pid(), Signal::KILL);
    until("no server", || (bed.servers() == 0).then_some(()));
    bed.sound_recordings();
}

#[test]
fn signals_end_a_shim_in_order() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let bed = Bed::new();
        let mut agent = bed.agent(&[]);
        agent.call(1, "read_file", &json!({}));
        agent.answer(1);
        kill(bed.shim_pid(), signal);
        let ended = until("the shim's end", || agent.try_exit());
        assert_eq!(ended, code);
        until("no server", || (bed.servers() == 0).then_some(()));
        bed.sound_recordings();
    }
}

#[test]
fn a_cancelled_call_that_waits_is_never_forwarded() {
    let bed = Bed::new();
    let mut agent = bed.agent(ASKS);
    let sent = agent.call(1, "write_file", &json!({ "path": "a" }));
    bed.ticket();
    agent.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    until("no ticket", || {
        let ran = bed.tollgate(&["tickets"]);
        (!ran.stdout.contains("write_file")).then_some(())
    });
    agent.call(2, "read_file", &json!({}));
    assert_eq!(agent.result(2), ("done".to_owned(), false));
    assert!(!bed.received().contains(&sent));
    assert_eq!(agent.rest(), Vec::<serde_json::Value>::new());
}

#[test]
fn without_anybody_to_answer_an_ask_is_denied_at_once_if_so_told() {
    let bed = Bed::new();
    let mut agent = bed.agent(&["--policy", "ask-writes", "--unattended", "deny"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "a" }));
    let (text, failed) = agent.result(1);
    assert!(failed, "{text}");
    assert!(text.contains("writes"), "the rule is named: {text}");
    assert!(!bed.received().contains(&sent));
}
