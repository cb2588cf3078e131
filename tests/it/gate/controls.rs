//! Whole sessions paused, resumed, killed and given a role from the command line.

use std::fs;

use crate::gate::stage::{Agent, Shim, Stage, done, refusal, until};
use crate::terminal::Terminal;

#[test]
fn a_paused_session_waits_and_goes_on() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    assert_eq!(stage.tollgate(&["sessions", "pause"]).code, 0);
    client.call(2, "y");
    stage.ticket();
    client.call(3, "never_ever");
    assert!(refusal(&client.message()).contains("It is forbidden"), "a pause allows nothing");
    let log = fs::read_to_string(stage.file("log")).unwrap();
    assert!(!log.contains("\"y\""), "{log}");
    assert_eq!(stage.tollgate(&["sessions", "resume"]).code, 0);
    let message = client.message();
    assert!(message["id"] == 2 && done(&message), "{message}");
    assert_eq!(stage.tollgate(&["sessions", "pause", "nobody-1"]).code, 3);
    stage.recorded("the pause", |record| record["event"]["layered"]["layer"] == "pause");
    stage.assert_verified();
}

#[test]
fn a_killed_session_ends_with_its_servers() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "low");
    let ticket = stage.ticket();
    let (session, _) = ticket.split_once('.').unwrap();
    assert_eq!(stage.tollgate(&["sessions", "kill", session]).code, 0);
    let message = client.message();
    assert!(message["id"] == 1 && !done(&message), "{message}");
    client.assert_end();
    stage.assert_verified();
}

#[test]
fn one_server_is_stopped_and_the_sessions_other_goes_on() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    let other = Shim { name: "mail", ..Shim::echo(&stage.file("other")) };
    let other = agent.shim(&stage, &other);
    other.call(1, "x");
    assert!(done(&other.message()));
    client.call(2, "low");
    stage.ticket();

    let mut console = Terminal::open(stage.home().custom().unwrap(), &["console"]);
    console.press_until("5", "5 Servers (2)");
    console.press_until("X", "Stop fs of ");
    console.press_until_so("\x1b", |screen| !screen.contains("What waits for it is refused"));
    console.press_until("X", "Stop fs of ");
    console.press("y");
    let message = client.message();
    assert!(message["id"] == 2 && refusal(&message).contains("was stopped by"), "{message}");
    client.assert_end();
    other.call(2, "x");
    assert!(done(&other.message()), "the session and its other server go on");
    // A server that ended is not stopped again, once the console knows of its end.
    console.shows("gone");
    console.press_until("X", "no server that runs is selected");
    stage.assert_verified();
}

/// An agent can widen nothing by it, and may not try.
#[test]
fn an_agent_neither_pauses_nor_resumes_itself() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "x");
    assert!(done(&client.message()));
    for what in ["pause", "resume"] {
        let (code, said) = agent.run(&stage, &[env!("CARGO_BIN_EXE_tollgate"), "sessions", what]);
        assert!(code == 3 && said.contains("below a wrapped agent"), "{what}: {code} {said}");
    }
    stage.recorded("the attempt", |record| record["event"]["attempt"]["what"] == "sessions resume");
}

#[test]
fn a_budget_is_exact_whatever_comes_at_once() {
    let stage = Stage::set();
    let policy = "version: 1\nname: b\nphase: enforce\ndefault: { verdict: allow, why: d }\nbudgets:\n\
                  - { id: ten, why: Enough., match: { tool: x }, calls: 10, per: session }\nrules: []\n";
    fs::write(stage.policy(), policy).unwrap();
    let mut agent = Agent::new();
    // Two servers of one session share it.
    let clients = ["one", "two"].map(|log| {
        let client = agent.shim(&stage, &Shim::echo(&stage.file(log)));
        for id in 1..=500 {
            client.call(id, "x");
        }
        client
    });
    let mut passed = 0;
    for client in &clients {
        for _ in 0..500 {
            let message = client.message();
            if done(&message) {
                passed += 1;
            } else {
                assert!(refusal(&message).contains("Enough (rule ten)"), "{message}");
            }
        }
    }
    assert_eq!(passed, 10);
    let received = |log| fs::read_to_string(stage.file(log)).unwrap().matches("\"x\"").count();
    assert_eq!(received("one") + received("two"), 10);
    stage.assert_verified();
}

#[test]
fn two_roles_on_one_server_have_their_own_lists() {
    let stage = Stage::set();
    let policy = "version: 1\nname: roles\nphase: enforce\ndefault: { verdict: allow, why: d }\nagent_roles:\n\
                  \x20 reader: { reason: \"It reads.\", allowed_tools: [read] }\n\
                  \x20 writer: { reason: \"It writes.\", allowed_tools: [read, write] }\nrules: []\n";
    fs::write(stage.policy(), policy).unwrap();
    let mut agents = [Agent::new(), Agent::new()];
    let [reader, writer] = &mut agents;
    let start = |agent: &mut Agent, role, log| {
        let options = &["--unattended", "ask", "--role", role];
        agent.shim(&stage, &Shim { options, ..Shim::echo(&stage.file(log)) })
    };
    let (one, two) = (start(reader, "reader", "r"), start(writer, "writer", "w"));
    for (client, tool, may) in
        [(&one, "read", true), (&one, "write", false), (&two, "write", true), (&two, "rm", false)]
    {
        client.call(1, tool);
        let message = client.message();
        assert_eq!(done(&message), may, "{tool}: {message}");
        if !may {
            assert!(refusal(&message).contains("rule role."), "{message}");
        }
    }
    // A role that the policy does not know starts nothing.
    let mut other = Agent::new();
    let nobody = start(&mut other, "nobody", "n");
    nobody.call(1, "read");
    let message = nobody.message();
    assert!(!done(&message), "{message}");
    until("the sentence", || {
        nobody.err.try_iter().find(|line| String::from_utf8_lossy(line).contains("no role nobody"))
    });
    assert!(!stage.file("n").exists() || fs::read_to_string(stage.file("n")).unwrap().is_empty());
}
