//! What is allowed arrives byte for byte, both ways, through every kind of descriptor.

use std::fs;
use std::os::fd::OwnedFd;

use crate::gate::stage::{Agent, Client, Ends, Relay, Shim, Stage, lines_of};

/// Lines as no serialiser would write them.
fn odd_lines() -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = [
        r#"{"jsonrpc":"2.0","method":"notifications/x","params":{"b":1,"a":2}}"#,
        "  { \"method\" : \"notifications/x\" ,\t\"jsonrpc\":\"2.0\" }  ",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/crlf\"}\r",
        r#"{"jsonrpc":"2.0","method":"notifications/numbers","params":[1e308,-0,0.10,12345678901234567890123,1E+2]}"#,
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unicode\",\"params\":[\"\u{1F9EA}\u{202e}\u{0}\"]}",
        r#"{"jsonrpc":"2.0","method":"notifications/escapes","params":["\u00e9\ud83e\uddea\/\u2028"],"extra":null}"#,
        r#"{"method":"notifications/no-version"}"#,
    ]
    .iter()
    .map(|line| line.replace('\0', "\\u0000").into_bytes())
    .collect();
    for size in [64 * 1024, 1024 * 1024, 8 * 1024 * 1024] {
        let text = "x\u{e9}".repeat(size / 3);
        let line =
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/long","params":["{text}"]}}"#);
        lines.push(line.into_bytes());
    }
    lines
}

#[track_caller]
fn check(ends: Ends) {
    let stage = Stage::set();
    let relay = Relay::new(&stage);
    let mut agent = Agent::new();
    let shim = Shim { name: "fs", options: &[], ends, server: relay.command() };
    let mut client = agent.shim(&stage, &shim);
    let mut server = relay.accept();
    for line in odd_lines() {
        client.send(&line);
        assert!(server.line() == line, "to the server: {}", shown(&line));
        server.send(&line);
        assert!(client.line() == line, "to the agent: {}", shown(&line));
    }
    for (request, answer) in requests() {
        client.send(request.as_bytes());
        assert_eq!(String::from_utf8(server.line()).unwrap(), request);
        server.send(answer.as_bytes());
        assert_eq!(String::from_utf8(client.line()).unwrap(), answer);
        // The same way round for what servers ask of agents.
        server.send(request.as_bytes());
        assert_eq!(String::from_utf8(client.line()).unwrap(), request);
        client.send(answer.as_bytes());
        assert_eq!(String::from_utf8(server.line()).unwrap(), answer);
    }
    pipelined(&client, &mut server);
    // The last line has no end, then the agent closes.
    let last = br#"{"jsonrpc":"2.0","method":"notifications/last"}"#;
    rustix::io::write(client.to.as_ref().unwrap(), last).unwrap();
    client.to = None;
    assert_eq!(server.line(), last);
    server.assert_end();
    drop(server);
    client.assert_end();
    assert_eq!(agent.code(client.pid), 0);
    stage.assert_verified();
}

/// Ids of every type that requests may have.
fn requests() -> Vec<(String, String)> {
    ["1", "\"1\"", "-7", "\"\\u0061\"", "9007199254740993", "\"\""]
        .iter()
        .map(|id| {
            (
                format!(r#"{{"id": {id}, "method":"ping","jsonrpc":"2.0"}}"#),
                format!(r#"{{"result":{{ }},"id" :{id},"jsonrpc":"2.0"}}"#),
            )
        })
        .collect()
}

/// Many calls at once, answered in reverse.
fn pipelined(client: &Client, server: &mut crate::gate::stage::Server) {
    let calls: Vec<Vec<u8>> = (1000..1500).map(|id| crate::gate::stage::call(id, "x")).collect();
    client.send(&calls.join(&b'\n'));
    for call in &calls {
        assert_eq!(server.line(), *call);
    }
    for id in (1000..1500).rev() {
        server.send(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#).as_bytes());
    }
    for id in (1000..1500).rev() {
        assert_eq!(client.message()["id"], id);
    }
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned()
}

#[test]
fn pipes() {
    check(Ends::Pipes);
}

#[test]
fn sockets() {
    check(Ends::Sockets);
}

/// A file that ends is an agent that has no more to ask; it still wants its answers.
#[test]
fn a_file_of_requests_is_answered() {
    let stage = Stage::set();
    let log = stage.file("log");
    let requests = stage.file("requests.jsonl");
    // The last one is still at work when the file has long ended.
    let tool = |id| if id == 19 { "slow" } else { "x" };
    let lines: Vec<Vec<u8>> = (0..20).map(|id| crate::gate::stage::call(id, tool(id))).collect();
    fs::write(&requests, [lines.join(&b'\n').as_slice(), b"\n"].concat()).unwrap();
    let mut agent = Agent::new();
    let answers = stage.file("answers.jsonl");
    let input = OwnedFd::from(fs::File::open(&requests).unwrap());
    let output = OwnedFd::from(fs::File::create(&answers).unwrap());
    let (err, theirs) = rustix::pipe::pipe().unwrap();
    let home = stage.dir.to_str().unwrap();
    let shim = Shim::echo(&log);
    let mut argv = vec![env!("CARGO_BIN_EXE_tollgate"), "shim", "--server", "fs", "--home", home];
    argv.extend(["--policy", "observe", "--"]);
    argv.extend(shim.server.iter().map(String::as_str));
    let pid = agent.start(&stage.dir, &argv, &[input, output, theirs]);
    assert_eq!(agent.code(pid), 0);
    let said: Vec<u8> = lines_of(err).into_iter().flatten().collect();
    let answers = fs::read_to_string(&answers).unwrap();
    assert_eq!(answers.lines().count(), 20, "{answers} {}", String::from_utf8_lossy(&said));
    assert_eq!(fs::read(&log).unwrap(), fs::read(&requests).unwrap());
}

/// A person at a terminal in front of a server.
#[test]
fn a_terminal() {
    let stage = Stage::set();
    let log = stage.file("log");
    let master = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
    let tty = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap();
    let mut raw = rustix::termios::tcgetattr(&tty).unwrap();
    raw.make_raw();
    rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &raw).unwrap();
    let mut agent = Agent::new();
    let home = stage.dir.to_str().unwrap();
    let shim = Shim::echo(&log);
    let mut argv = vec![env!("CARGO_BIN_EXE_tollgate"), "shim", "--server", "fs", "--home", home];
    argv.extend(["--policy", "observe", "--"]);
    argv.extend(shim.server.iter().map(String::as_str));
    let copy = || tty.try_clone().unwrap();
    let (err, theirs) = rustix::pipe::pipe().unwrap();
    let pid = agent.start(&stage.dir, &argv, &[copy(), copy(), theirs]);
    drop((tty, err));
    let line = crate::gate::stage::call(1, "x");
    rustix::io::write(&master, &[line.as_slice(), b"\n"].concat()).unwrap();
    let answers = lines_of(master.try_clone().unwrap());
    let answer = answers.recv_timeout(crate::gate::stage::LIMIT).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert!(crate::gate::stage::done(&answer), "{answer}");
    crate::gate::stage::kill(pid, rustix::process::Signal::TERM);
    assert_eq!(agent.code(pid), 143);
}
