//! What is no message: answered where it can be, kept from the other side, and the connection lives on.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::gate::stage::{Agent, Client, Relay, Shim, Stage, call, done, refusal, until};

/// Sends a bad line with this id; the agent hears `cause`, the server nothing, and the next call works.
#[track_caller]
fn check(stage: &Stage, client: &Client, line: &[u8], rule: &str, cause: &str) {
    client.send(line);
    let message = client.message();
    assert_eq!(message["id"], 77, "{message}");
    let error = &message["error"];
    assert!(error["message"].as_str().unwrap().contains(cause), "{message}");
    assert_eq!(error["data"]["rule"], rule, "{message}");
    client.call(78, "x");
    assert!(done(&client.message()));
    stage.found(rule);
}

#[test]
fn malformed_lines_are_answered_and_the_connection_lives_on() {
    let stage = Stage::set();
    let log = stage.file("log");
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&log));
    let head =
        r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"x","arguments":"#;
    let with = |arguments: &[u8]| [head.as_bytes(), arguments, b"}}"].concat();
    let deep = ["[".repeat(200), "]".repeat(200)].concat();
    let cases: [(&[u8], &str, &str); 5] = [
        (br#"{"a":1,"a":2}"#, "guard.duplicate-key", "a"),
        (br#"{"a":1,"\u0061":2}"#, "guard.duplicate-key", "a"),
        (deep.as_bytes(), "guard.too-deep", "128"),
        (b"\"\xff\xfe\"", "guard.invalid-utf8", "UTF-8"),
        (br#""\ud800""#, "guard.lone-surrogate", "surrogate"),
    ];
    for (arguments, rule, cause) in cases {
        check(&stage, &client, &with(arguments), rule, cause);
    }
    // Without an id nobody can be answered.
    client.send(b"no json at all");
    client.call(79, "x");
    assert_eq!(client.message()["id"], 79);
    let calls = fs::read_to_string(&log).unwrap();
    assert!(!calls.contains("\"id\":77"), "{calls}");
    stage.assert_verified();
}

/// Peak resident memory in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A line beyond 64 MiB streams by without being kept.
#[test]
fn a_line_without_end_is_dropped_and_answered() {
    const MIB: usize = 1024 * 1024;
    const SIZE: usize = 200 * MIB;
    let stage = Stage::set();
    let log = stage.file("log");
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&log));
    let head =
        br#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"x","arguments":""#;
    let mut to = fs::File::from(client.to.as_ref().unwrap().try_clone().unwrap());
    to.write_all(head).unwrap();
    let piece = vec![b'x'; MIB];
    for _ in 0..SIZE / MIB {
        to.write_all(&piece).unwrap();
    }
    to.write_all(b"\"}}\n").unwrap();
    let message = client.message();
    assert_eq!(message["id"], 77);
    let sentence = message["error"]["message"].as_str().unwrap();
    assert!(sentence.contains(&(head.len() + SIZE + 3).to_string()), "{sentence}");
    assert!(sentence.contains(&(64 * MIB).to_string()), "{sentence}");
    client.call(78, "x");
    assert!(done(&client.message()));
    assert_eq!(fs::read(&log).unwrap(), [call(78, "x"), b"\n".to_vec()].concat());
    let peak = peak_kib(stage.gate());
    assert!(peak < 180 * 1024, "the gate took {peak} KiB");
    stage.assert_verified();
}

#[test]
fn noise_of_a_server_never_reaches_the_agent() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "noise");
    assert!(done(&client.message()));
    client.call(2, "x");
    assert_eq!(client.message()["id"], 2);
    stage.found("guard.noise");
}

/// Answers that cannot be judged are withheld, and the agent that waits is told.
#[test]
fn a_malformed_answer_is_withheld() {
    let stage = Stage::set();
    let relay = Relay::new(&stage);
    let mut agent = Agent::new();
    let shim = Shim { server: relay.command(), ..Shim::echo(&stage.file("log")) };
    let client = agent.shim(&stage, &shim);
    let mut server = relay.accept();
    client.call(5, "x");
    assert_eq!(server.line(), call(5, "x"));
    server.send(br#"{"jsonrpc":"2.0","id":5,"result":{"a":1,"a":2}}"#);
    let message: Value = client.message();
    assert!(refusal(&message).contains("withheld"), "{message}");
    // A second answer, one to nothing, and one to a call that waits are dropped.
    server.send(br#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
    server.send(br#"{"jsonrpc":"2.0","id":6,"result":{}}"#);
    client.call(7, "high");
    stage.ticket();
    server.send(br#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    stage.found("server.answered-unseen");
    client.call(8, "x");
    assert_eq!(server.line(), call(8, "x"));
    server.send(br#"{"jsonrpc":"2.0","id":8,"result":{}}"#);
    assert_eq!(client.message()["id"], 8);
    until("no answer is left over", || client.from.try_recv().is_err().then_some(()));
}
