//! Gates that die or hang while an agent does not read.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::gate::stage::{Agent, LIMIT, Shim, Stage, call, done, kill, lines_of, until};

/// How many records satisfy the condition.
fn count(stage: &Stage, condition: impl Fn(&Value) -> bool) -> usize {
    stage.records().iter().filter(|record| condition(record)).count()
}

/// Answers that wait for a slow agent survive any number of gates: each arrives, and once.
#[test]
fn answers_that_wait_for_a_slow_agent_outlive_two_gates() {
    const CALLS: u64 = 4;
    let stage = Stage::set();
    let mut agent = Agent::new();
    let (theirs_in, mine_in) = rustix::pipe::pipe().unwrap();
    let (mine_out, theirs_out) = rustix::pipe::pipe().unwrap();
    let (_err, theirs_err) = rustix::pipe::pipe().unwrap();
    let shim = Shim::echo(&stage.file("log"));
    let home = stage.dir.to_str().unwrap().to_owned();
    let mut argv = vec![env!("CARGO_BIN_EXE_tollgate"), "shim", "--server", "fs", "--home", &home];
    argv.extend(["--policy", "observe", "--"]);
    argv.extend(shim.server.iter().map(String::as_str));
    let pid = agent.start(&stage.dir, &argv, &[theirs_in, theirs_out, theirs_err]);
    for id in 1..=CALLS {
        let line = [call(id, "large"), b"\n".to_vec()].concat();
        std::io::Write::write_all(&mut File::from(OwnedFd::try_clone(&mine_in).unwrap()), &line)
            .unwrap();
    }
    until("the answers on record", || {
        let answered = count(&stage, |record| record["event"]["frame"]["from"] == "server");
        (answered == usize::try_from(CALLS).unwrap()).then_some(())
    });
    for taken_over in 1..=2 {
        kill(stage.gate(), Signal::KILL);
        until("the next gate", || {
            let resumed = count(&stage, |record| record["event"]["resumed"].is_object());
            (resumed == taken_over).then_some(())
        });
    }
    let lines = lines_of(mine_out);
    let mut ids = Vec::new();
    while ids.len() < usize::try_from(CALLS).unwrap() {
        let line = lines.recv_timeout(LIMIT).unwrap();
        // The line that a dead gate left half written is no message.
        if let Ok(message) = serde_json::from_slice::<Value>(&line) {
            assert!(done(&message));
            ids.push(message["id"].as_u64().unwrap());
        }
    }
    assert_eq!(ids, (1..=CALLS).collect::<Vec<_>>());
    drop(mine_in);
    assert_eq!(agent.code(pid), 0);
    assert_eq!(lines.iter().count(), 0, "nothing comes twice");
    assert_eq!(fs::read_to_string(stage.file("log")).unwrap().lines().count(), ids.len());
    stage.assert_verified();
}

/// A gate that hangs before a shim said hello is killed too: it has the descriptors in its socket.
#[test]
fn a_gate_that_hangs_at_hello_is_replaced() {
    let stage = Stage::set();
    let mut hung = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["gate", "--home"])
        .arg(&stage.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(stage.gate(), hung.id());
    kill(hung.id(), Signal::STOP);
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    assert!(!hung.wait().unwrap().success());
    assert_ne!(stage.gate(), hung.id());
    stage.assert_verified();
}
