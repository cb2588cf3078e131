//! Gates that start, many at once or not at all, and disks that are full.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::gate::stage::{Agent, Client, Shim, Stage, call, done, refusal, until};

#[test]
fn shims_that_start_at_once_share_one_gate_and_one_session() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let logs: Vec<_> = (0..8).map(|n| stage.file(&format!("log{n}"))).collect();
    let clients: Vec<Client> =
        logs.iter().map(|log| agent.shim(&stage, &Shim::echo(log))).collect();
    for client in &clients {
        client.call(1, "x");
    }
    for client in &clients {
        assert!(done(&client.message()));
    }
    assert_eq!(stage.journals().len(), 1, "{:?}", stage.journals());
    let log = fs::read_to_string(stage.home().log_file()).unwrap();
    assert_eq!(log.matches("the gate is open").count(), 1, "{log}");
    // The first recording is announced once.
    let mut said = Vec::new();
    for mut client in clients {
        client.to = None;
        assert_eq!(agent.code(client.pid), 0);
        said.push(client.stderr());
    }
    assert_eq!(said.concat().matches("redaction: secrets").count(), 1, "{said:?}");
    stage.assert_verified();
}

/// Two agents have two sessions under the same gate.
#[test]
fn each_agent_has_its_own_session() {
    let stage = Stage::set();
    let mut agents = [Agent::new(), Agent::new()];
    let clients: Vec<Client> = agents
        .iter_mut()
        .map(|agent| agent.shim(&stage, &Shim::echo(&stage.file("log"))))
        .collect();
    for client in &clients {
        client.call(1, "x");
        assert!(done(&client.message()));
    }
    assert_eq!(stage.journals().len(), 2);
}

/// Without any gate every request is refused, and the server never starts.
#[test]
fn without_a_gate_everything_is_refused() {
    let stage = Stage::set();
    let blocked = stage.home().state_dir().to_owned();
    fs::write(&blocked, "no folder").unwrap();
    let mut agent = Agent::new();
    let log = stage.file("log");
    let mut client = agent.shim(&stage, &Shim::echo(&log));
    client.call(1, "low");
    assert!(refusal(&client.message()).contains("nothing is forwarded"));
    client.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    client.send(br#"{"jsonrpc":"2.0","id":"two","method":"tools/list"}"#);
    let message = client.message();
    assert_eq!(message["id"], "two");
    assert!(message["error"].is_object(), "{message}");
    client.to = None;
    client.assert_end();
    assert_eq!(agent.code(client.pid), 4);
    assert!(client.stderr().contains("no gate"));
    assert!(!log.exists());
    fs::remove_file(blocked).unwrap();
}

/// A gate that can write no file beyond 64 KiB: what a full disk is to its journal.
fn gate_on_a_small_disk(stage: &Stage) {
    let script = format!(
        "trap '' XFSZ; ulimit -f 128; exec '{}' gate --home '{}'",
        env!("CARGO_BIN_EXE_tollgate"),
        stage.dir.display()
    );
    let mut gate = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    gate.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "ready\n");
    // Ends with the stage; nobody waits for it any more.
    std::thread::spawn(move || gate.wait());
}

#[test]
fn on_a_full_disk_nothing_passes_unrecorded_and_everybody_hears_why() {
    let stage = Stage::set();
    gate_on_a_small_disk(&stage);
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    let mut answered = 0;
    // Far more than fits.
    for id in 0..400 {
        let to = fs::File::from(client.to.as_ref().unwrap().try_clone().unwrap());
        let line = [call(id, "x"), b"\n".to_vec()].concat();
        if std::io::Write::write_all(&mut &to, &line).is_err() {
            break;
        }
        let Ok(answer) = client.from.recv_timeout(crate::gate::stage::LIMIT) else { break };
        assert!(done(&serde_json::from_slice(&answer).unwrap()));
        answered += 1;
    }
    assert!((20..400).contains(&answered), "{answered} calls were answered");
    assert_eq!(agent.code(client.pid), 4);
    let said = client.stderr();
    assert!(said.contains("cannot record") && said.contains("free some space"), "{said}");
    let status = stage.tollgate(&["status"]).stdout;
    assert!(status.contains("free some space"), "{status}");
    let recorded: BTreeSet<u64> = stage
        .records()
        .iter()
        .filter(|record| record["event"]["frame"]["from"] == "agent")
        .map(|record| record["event"]["frame"]["raw"]["json"]["id"].as_u64().unwrap())
        .collect();
    for line in fs::read_to_string(stage.file("log")).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        assert!(recorded.contains(&message["id"].as_u64().unwrap()), "{line}");
    }
    let bytes = fs::read(&stage.journals()[0]).unwrap();
    assert!(bytes.len() <= 64 * 1024 && bytes.ends_with(b"\n"), "{} bytes", bytes.len());
    stage.assert_verified();
    // Its session is over, the agent is still one.
    let (code, refused) = agent.run(&stage, &[env!("CARGO_BIN_EXE_tollgate"), "stop"]);
    assert_eq!(code, 3, "{refused}");
    until("the gate still", || stage.gate_now());
}
