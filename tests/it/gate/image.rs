//! A shim that waits executes itself anew; nobody notices.

use std::fs;

use rustix::process::Signal;

use crate::gate::stage::{Agent, Client, Shim, Stage, done, kill, lives, until};

/// Waits until the shim goes on as a new image.
fn renewed(stage: &Stage, agent: &mut Agent) -> Client {
    let client = agent.shim(stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    until("a new image", || {
        let words = fs::read(format!("/proc/{}/cmdline", client.pid)).unwrap();
        words.split(|&byte| byte == 0).any(|word| word == b"--kept").then_some(())
    });
    client
}

#[test]
fn the_new_image_passes_the_server_s_exit_code_on_and_keeps_its_name() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = renewed(&stage, &mut agent);
    client.call(2, "x");
    assert!(done(&client.message()));
    until("its name", || {
        let name = fs::read_to_string(format!("/proc/{}/comm", client.pid)).unwrap();
        (name.trim_end() == "tollgate").then_some(())
    });
    client.call(3, "exit");
    client.message();
    client.assert_end();
    assert_eq!(agent.code(client.pid), 7);
    stage.assert_verified();
}

#[test]
fn the_new_image_hears_the_agent_s_signals() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = renewed(&stage, &mut agent);
    until("its handlers", || {
        // `SigCgt` has a bit for each signal that is caught.
        let status = fs::read_to_string(format!("/proc/{}/status", client.pid)).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        (caught & 1 << (Signal::TERM.as_raw() - 1) != 0).then_some(())
    });
    kill(client.pid, Signal::TERM);
    assert_eq!(agent.code(client.pid), 143);
    client.assert_end();
    stage.recorded("why", |record| {
        record["event"]["closed"]["why"].as_str() == Some("the agent sent SIGTERM")
    });
}

#[test]
fn the_new_image_finds_another_gate_again_and_again() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = renewed(&stage, &mut agent);
    for id in 2..5 {
        let gate = stage.gate();
        kill(gate, Signal::KILL);
        until("the gate's end", || (!lives(gate)).then_some(()));
        client.call(id, "x");
        until("an answer", || client.from.try_recv().ok().filter(|line| !line.is_empty()));
    }
    assert!(lives(client.pid));
    stage.assert_verified();
}
