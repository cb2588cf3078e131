//! Calls that wait: answered from the command line, timed out, taken back.

use std::fs;

use rustix::process::Signal;

use crate::gate::stage::{Agent, Client, Shim, Stage, call, done, kill, refusal, until};

/// A stage with one shim in front of the echo server.
fn set() -> (Stage, Agent, Client) {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    (stage, agent, client)
}

/// What the server received.
fn received(stage: &Stage) -> String {
    fs::read_to_string(stage.file("log")).unwrap_or_default()
}

#[test]
fn a_low_risk_call_is_approved_from_the_command_line_while_others_flow() {
    let (stage, _agent, client) = set();
    client.call(1, "low");
    let ticket = stage.ticket();
    client.call(2, "x");
    assert_eq!(client.message()["id"], 2);
    assert!(!received(&stage).contains("low"));
    let ran = stage.tollgate(&["approve", &ticket]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let message = client.message();
    assert!(message["id"] == 1 && done(&message), "{message}");
    assert_eq!(received(&stage).matches("low").count(), 1);
    // It is over: neither answer is taken again.
    for again in [["approve", &ticket], ["deny", &ticket]] {
        assert_eq!(stage.tollgate(&again).code, 2);
    }
    stage.assert_verified();
}

#[test]
fn what_is_riskier_needs_the_code_that_only_a_console_shows() {
    let (stage, _agent, client) = set();
    for (id, tool) in [(1, "medium"), (2, "high")] {
        client.call(id, tool);
        let ticket = stage.ticket();
        for code in [None, Some("abc"), Some("")] {
            let mut args = vec!["approve", ticket.as_str()];
            args.extend(code.into_iter().flat_map(|code| ["--code", code]));
            let ran = stage.tollgate(&args);
            assert_eq!(ran.code, 3, "{}", ran.stderr);
            assert!(ran.stderr.contains("code"), "{}", ran.stderr);
        }
        assert_eq!(stage.tickets(), [ticket.as_str()]);
        let ran = stage.tollgate(&["deny", &ticket, "--reason", "use the staging one"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let message = client.message();
        assert!(refusal(&message).contains("use the staging one"), "{message}");
    }
    assert_eq!(received(&stage), "");
}

#[test]
fn what_is_forbidden_is_refused_with_its_rule() {
    let (stage, _agent, client) = set();
    client.call(1, "never_ever");
    let message = client.message();
    let sentence = refusal(&message);
    assert!(sentence.contains("It is forbidden (rule never)"), "{sentence}");
    assert_eq!(received(&stage), "");
}

#[test]
fn nobody_there_means_no() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let shim = Shim { options: &["--unattended", "deny"], ..Shim::echo(&stage.file("log")) };
    let client = agent.shim(&stage, &shim);
    client.call(1, "low");
    assert!(refusal(&client.message()).contains("nobody is watching"));
    assert_eq!(received(&stage), "");
}

#[test]
fn a_cancelled_call_is_never_forwarded() {
    let (stage, _agent, client) = set();
    client.call(1, "low");
    let ticket = stage.ticket();
    let cancel =
        br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    client.send(cancel);
    until("no ticket", || stage.tickets().is_empty().then_some(()));
    assert_eq!(stage.tollgate(&["approve", &ticket]).code, 2);
    // Taking it back twice changes nothing, and the next call is the next answer.
    client.send(cancel);
    client.call(2, "x");
    assert_eq!(client.message()["id"], 2);
    assert!(!received(&stage).contains("low"), "{}", received(&stage));
}

#[test]
fn a_closed_agent_takes_its_tickets_along() {
    let (stage, mut agent, mut client) = set();
    client.call(1, "low");
    let ticket = stage.ticket();
    client.to = None;
    client.assert_end();
    assert_eq!(agent.code(client.pid), 0);
    assert_eq!(stage.tollgate(&["approve", &ticket]).code, 2);
    assert_eq!(received(&stage), "");
}

#[test]
fn a_killed_shim_takes_its_tickets_along() {
    let (stage, mut agent, client) = set();
    client.call(1, "low");
    stage.ticket();
    kill(client.pid, Signal::KILL);
    assert_eq!(agent.code(client.pid), 137);
    until("no ticket", || stage.tickets().is_empty().then_some(()));
    client.assert_end();
    assert_eq!(received(&stage), "");
}

/// The answers of a killed server's calls are ours, and its tickets are over.
#[test]
fn a_killed_server_is_said_to_be_gone() {
    let (stage, mut agent, client) = set();
    client.call(1, "mute");
    client.call(2, "low");
    stage.ticket();
    let opened = stage.recorded("opened", |record| record["event"]["opened"].is_object());
    let server = opened["event"]["opened"]["pid"].as_u64().unwrap();
    kill(u32::try_from(server).unwrap(), Signal::KILL);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let message = client.message();
        assert!(refusal(&message).contains("gone"), "{message}");
        ids.push(message["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    client.assert_end();
    assert_eq!(agent.code(client.pid), 137);
    assert!(stage.tickets().is_empty());
    assert_eq!(received(&stage).as_bytes(), [call(1, "mute"), b"\n".to_vec()].concat());
}
