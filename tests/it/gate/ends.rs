//! How a session ends: the agent's signals, exit codes, stderr, and no orphan.

use rustix::process::Signal;

use crate::gate::stage::{Agent, Client, Shim, Stage, kill, lives, refusal, until};

fn server_of(stage: &Stage) -> u32 {
    let opened = stage.recorded("opened", |record| record["event"]["opened"].is_object());
    u32::try_from(opened["event"]["opened"]["pid"].as_u64().unwrap()).unwrap()
}

#[track_caller]
fn assert_gone(pid: u32) {
    until("the server's end", || (!lives(pid)).then_some(()));
}

#[test]
fn the_server_s_exit_code_and_stderr_are_passed_on() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "complain");
    client.message();
    client.call(2, "exit");
    assert!(refusal(&client.message()).contains("is gone"));
    client.assert_end();
    assert_eq!(agent.code(client.pid), 7);
    let said = client.stderr();
    assert!(said.contains("something is odd\n"), "{said}");
    assert!(said.contains("redaction: secrets"), "the first recording says so: {said}");
    stage.recorded("stderr", |r| r["event"]["stderr"]["text"] == "something is odd");
}

#[test]
fn a_server_that_cannot_be_started_is_said_so() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let shim =
        Shim { server: vec!["/nonexistent/server".to_owned()], ..Shim::echo(&stage.file("log")) };
    let client = agent.shim(&stage, &shim);
    assert_eq!(agent.code(client.pid), 127);
    assert!(client.stderr().contains("/nonexistent/server"));
}

fn stubborn(stage: &Stage, agent: &mut Agent) -> Client {
    let mut shim = Shim::echo(&stage.file("log"));
    shim.server.push("stubborn".to_owned());
    let client = agent.shim(stage, &shim);
    client.call(1, "x");
    client.message();
    client
}

#[track_caller]
fn check_signal(signal: Signal, code: i32) {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    client.message();
    let server = server_of(&stage);
    kill(client.pid, signal);
    assert_eq!(agent.code(client.pid), code);
    assert_gone(server);
    client.assert_end();
    stage.recorded("why", |r| {
        r["event"]["closed"]["why"].as_str().is_some_and(|why| why.contains("the agent sent SIG"))
    });
    stage.assert_verified();
}

#[test]
fn the_agent_s_signals_end_the_server_and_are_said() {
    check_signal(Signal::INT, 130);
    check_signal(Signal::TERM, 143);
    check_signal(Signal::HUP, 129);
}

/// A server that ignores its end of file and SIGTERM is killed.
#[test]
fn a_stubborn_server_does_not_outlive_the_agent_s_signal() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = stubborn(&stage, &mut agent);
    let server = server_of(&stage);
    kill(client.pid, Signal::TERM);
    assert_eq!(agent.code(client.pid), 143);
    assert_gone(server);
}

/// The same when the shim has no time to see to it.
#[test]
fn a_stubborn_server_does_not_outlive_a_killed_shim() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = stubborn(&stage, &mut agent);
    let server = server_of(&stage);
    kill(client.pid, Signal::KILL);
    assert_gone(server);
    client.assert_end();
}

#[test]
fn a_killed_agent_ends_its_session() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let mut client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "low");
    stage.ticket();
    let server = server_of(&stage);
    agent.kill();
    // The kernel closes what the agent held; here that is the test.
    client.to = None;
    until("no ticket", || stage.tickets().is_empty().then_some(()));
    assert_gone(server);
    stage.recorded("end", |record| record["event"]["ended"].is_object());
    stage.assert_verified();
}

#[test]
fn stop_ends_everything_in_order() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "mute");
    client.call(2, "low");
    stage.ticket();
    let (server, gate) = (server_of(&stage), stage.gate());
    let ran = stage.tollgate(&["stop"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_gone(gate);
    assert_gone(server);
    assert!(agent.code(client.pid) < 128);
    let ended = stage.recorded("end", |record| record["event"]["ended"].is_object());
    assert_eq!(ended["event"]["ended"]["why"], "stopped by the operator");
    stage.assert_verified();
}
