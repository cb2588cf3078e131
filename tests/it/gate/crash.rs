//! The gate dies, again and again: every call is accounted for, none runs twice, nothing recorded is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::gate::stage::{Agent, Client, Shim, Stage, done, kill, refusal, until};

/// How often the gate is killed.
const KILLS: u64 = 32;
/// Calls of each client between two kills.
const BURST: u64 = 120;

/// What became of each call of one client.
struct Ledger {
    client: Client,
    log: std::path::PathBuf,
    next: u64,
    sent: BTreeSet<u64>,
    answers: BTreeMap<u64, Vec<Value>>,
}

impl Ledger {
    fn send(&mut self, tool: &str) -> u64 {
        self.next += 1;
        self.client.call(self.next, tool);
        self.sent.insert(self.next);
        self.next
    }

    fn burst(&mut self) {
        for n in 0..BURST {
            self.send(if n % 40 == 39 { "large" } else { "x" });
        }
    }

    fn take(&mut self, line: &[u8]) {
        // One that is none was ended where the old gate left it; the whole one follows.
        if let Ok(message) = serde_json::from_slice::<Value>(line) {
            let id = message["id"].as_u64().unwrap();
            self.answers.entry(id).or_default().push(message);
        }
    }

    /// Calls until a call is answered: then everything before it has its answer or never will. The first may
    /// be among what the old gate had read and not recorded.
    fn settle(&mut self) {
        let mut probe = self.send("x");
        let mut since = Instant::now();
        until("an answer after the gate's death", || {
            while let Ok(line) = self.client.from.try_recv() {
                self.take(&line);
            }
            if self.answers.contains_key(&probe) {
                return Some(());
            }
            if since.elapsed() > Duration::from_millis(700) {
                probe = self.send("x");
                since = Instant::now();
            }
            None
        });
    }

    /// How often each call reached the server.
    fn executed(&self) -> BTreeMap<u64, usize> {
        let mut executed = BTreeMap::new();
        for line in fs::read(&self.log).unwrap().split(|&byte| byte == b'\n') {
            if let Ok(message) = serde_json::from_slice::<Value>(line) {
                *executed.entry(message["id"].as_u64().unwrap()).or_default() += 1;
            }
        }
        executed
    }

    #[track_caller]
    fn check(&self, recorded: &Recorded) {
        let executed = self.executed();
        let twice: Vec<_> = executed.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "ran more than once: {twice:?}");
        for id in &self.sent {
            let answers = self.answers.get(id).map_or(&[][..], Vec::as_slice);
            if answers.is_empty() {
                // Lost is only what the gate had read and not recorded: the call itself, or its answer.
                let ran = executed.contains_key(id);
                assert!(!ran || recorded.calls.contains(id), "#{id} ran unrecorded");
                assert!(!recorded.answers.contains(id), "#{id} lost its recorded answer");
                assert!(
                    ran || !recorded.calls.contains(id),
                    "#{id} was recorded, and neither ran nor refused"
                );
            }
            for answer in answers {
                assert_eq!(answer, &answers[0], "#{id} was answered in two ways");
                assert!(
                    !done(answer) || executed.contains_key(id),
                    "#{id} was answered and never ran"
                );
                if !done(answer) {
                    assert!(refusal(answer).contains("interrupted"), "{answer}");
                }
            }
        }
    }
}

/// What the journal knows of one client's calls.
#[derive(Default)]
struct Recorded {
    calls: BTreeSet<u64>,
    answers: BTreeSet<u64>,
}

/// What the journals know, by the server's name.
fn recorded(stage: &Stage) -> BTreeMap<String, Recorded> {
    let mut names = BTreeMap::new();
    let mut all: BTreeMap<String, Recorded> = BTreeMap::new();
    for record in stage.records() {
        let event = &record["event"];
        if let Some(opened) = event.get("opened") {
            let name = opened["server"].as_str().unwrap().to_owned();
            names.insert(opened["conn"].as_u64().unwrap(), name);
        }
        let of = |conn: &Value| names.get(&conn.as_u64().unwrap()).cloned().unwrap();
        if let Some(frame) = event.get("frame")
            && let Some(id) = frame["raw"]["json"]["id"].as_u64()
        {
            let known = all.entry(of(&frame["conn"])).or_default();
            let asked = frame["from"] == "agent";
            if asked {
                known.calls.insert(id)
            } else {
                known.answers.insert(id)
            };
        }
        for effect in record["effects"].as_array().into_iter().flatten() {
            if let Some(id) = effect["refuse"]["sent"]["json"]["id"].as_u64() {
                let known = all.entry(of(&effect["refuse"]["conn"])).or_default();
                known.answers.insert(id);
            }
        }
    }
    all
}

#[test]
fn killed_again_and_again_it_loses_and_repeats_nothing() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let names = ["one", "two", "three"];
    let mut ledgers: Vec<Ledger> = names
        .iter()
        .map(|name| {
            let log = stage.file(name);
            let client = agent.shim(&stage, &Shim { name, ..Shim::echo(&log) });
            let (sent, answers) = (BTreeSet::new(), BTreeMap::new());
            Ledger { client, log, next: 0, sent, answers }
        })
        .collect();
    for ledger in &mut ledgers {
        ledger.settle();
    }
    for n in 0..KILLS {
        let gate = stage.gate();
        ledgers.iter_mut().for_each(Ledger::burst);
        // At another point each time.
        let at = Instant::now() + Duration::from_micros(n * n * 20);
        while Instant::now() < at {
            std::hint::spin_loop();
        }
        kill(gate, Signal::KILL);
        ledgers.iter_mut().for_each(Ledger::settle);
    }
    let recorded = recorded(&stage);
    for (ledger, name) in ledgers.iter().zip(names) {
        ledger.check(&recorded[name]);
    }
    // More than 2048 records were made, so the last gates began from a snapshot.
    let snapshot = stage.journals()[0].with_extension("state");
    assert!(snapshot.exists(), "no snapshot in {}", snapshot.display());
    assert_eq!(stage.journals().len(), 1);
    stage.assert_verified();
    for ledger in ledgers {
        drop(ledger.client.to);
        assert_eq!(agent.code(ledger.client.pid), 0);
    }
    stage.assert_verified();
}

/// A last record cut in half, as a crash of the machine leaves it, is cut off and said so; its effects never
/// acted.
#[test]
fn a_torn_record_is_cut_off_and_the_session_goes_on() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    let gate = stage.gate();
    kill(gate, Signal::STOP);
    let journal = stage.journals().remove(0);
    let whole = fs::read(&journal).unwrap();
    let torn = [whole.as_slice(), br#"{"v":1,"seq":99,"at":17,"event":{"fra"#].concat();
    fs::write(&journal, torn).unwrap();
    kill(gate, Signal::KILL);
    client.call(2, "x");
    assert!(done(&client.message()));
    assert!(fs::read(&journal).unwrap().starts_with(&whole));
    let log = fs::read_to_string(stage.home().log_file()).unwrap();
    assert!(log.contains("a torn last record was cut off"), "{log}");
    stage.assert_verified();
}

/// What waited when the gate died is refused, never forwarded.
#[test]
fn a_call_that_waited_is_refused_by_the_next_gate() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "low");
    let ticket = stage.ticket();
    kill(stage.gate(), Signal::KILL);
    assert!(refusal(&client.message()).contains("interrupted"));
    assert_eq!(stage.tollgate(&["approve", &ticket]).code, 2);
    client.call(2, "x");
    assert!(done(&client.message()));
    assert!(!fs::read_to_string(stage.file("log")).unwrap().contains("low"));
    stage.found("gate.resumed");
    stage.assert_verified();
}

/// An agent that closed while its gate died is still seen to have closed, and its server ends.
#[test]
fn an_agent_that_left_with_the_gate_leaves_no_server() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let mut client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    client.message();
    kill(stage.gate(), Signal::KILL);
    client.to = None;
    assert_eq!(agent.code(client.pid), 0);
    client.assert_end();
    stage.assert_verified();
}
