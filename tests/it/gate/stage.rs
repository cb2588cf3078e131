//! A home that is thrown away, agents that start shims in it, and what can be asked of them.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate::proxy::link::{Lines, send};
use tollgate::store::home::{Home, Registration};

use crate::program::{self, Ran};

/// Far longer than anything takes that a test waits for.
pub(super) const LIMIT: Duration = Duration::from_secs(25);

/// A policy whose tools are named after what it says of them.
pub(super) const POLICY: &str = r#"
version: 1
name: gate-tests
phase: enforce
default: { verdict: allow, why: "The tests call it." }
rules:
  - { id: low, why: "It is low.", match: { tool: "low*" }, verdict: ask, risk: low }
  - { id: medium, why: "It is medium.", match: { tool: "medium*" }, verdict: ask, risk: medium }
  - { id: high, why: "It is high.", match: { tool: "high*" }, verdict: ask, risk: high }
  - { id: never, why: "It is forbidden.", match: { tool: "never*" }, verdict: deny }
"#;

/// Waits until the condition gives something.
#[track_caller]
pub(super) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(since.elapsed() < LIMIT, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(3));
    }
}

/// The throw-away home.
pub(super) struct Stage {
    _dir: tempfile::TempDir,
    pub(super) dir: PathBuf,
}

impl Stage {
    pub(super) fn set() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(tmp.path()).unwrap();
        let stage = Self { _dir: tmp, dir };
        stage.own().register(&stage.dir, Registration::Add).unwrap();
        fs::write(stage.policy(), POLICY).unwrap();
        stage
    }

    fn own(&self) -> Home {
        assert!(self.dir.is_absolute());
        Home::own().unwrap()
    }

    pub(super) fn home(&self) -> Home {
        Home::below(&self.dir)
    }

    pub(super) fn policy(&self) -> PathBuf {
        self.dir.join("policy.yaml")
    }

    /// A path in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Runs an operator's command from here, which no agent started.
    pub(super) fn tollgate(&self, args: &[&str]) -> Ran {
        program::tollgate(&self.dir, args)
    }

    /// The gate's process, once there is one.
    pub(super) fn gate(&self) -> u32 {
        until("a gate", || self.gate_now())
    }

    pub(super) fn gate_now(&self) -> Option<u32> {
        let ran = self.tollgate(&["status"]);
        let (_, pid) = ran.stdout.lines().next()?.rsplit_once("process ")?;
        pid.parse().ok()
    }

    /// The one waiting ticket, `SESSION.NUMBER`.
    #[track_caller]
    pub(super) fn ticket(&self) -> String {
        until("a ticket", || self.tickets().into_iter().next())
    }

    pub(super) fn tickets(&self) -> Vec<String> {
        let listed = self.tollgate(&["tickets"]).stdout;
        listed.lines().filter_map(|line| Some(line.split_once("  ")?.0.to_owned())).collect()
    }

    /// Paths of all journals, oldest name first.
    pub(super) fn journals(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.home().sessions_dir()) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        paths.sort();
        paths
    }

    /// The records of all journals, in order. Calls must have been tight JSON to be read here.
    pub(super) fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for path in self.journals() {
            let bytes = fs::read(path).unwrap();
            let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            for line in bytes[..whole].split(|&byte| byte == b'\n').filter(|l| !l.is_empty()) {
                // Numbers beyond a double are JSON and no `Value`.
                records.extend(serde_json::from_slice::<Value>(line));
            }
        }
        records
    }

    /// Waits until some record satisfies the condition.
    #[track_caller]
    pub(super) fn recorded(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        until(what, || self.records().into_iter().find(|record| condition(record)))
    }

    /// Waits for a finding of this rule.
    #[track_caller]
    pub(super) fn found(&self, rule: &str) -> Value {
        self.recorded(rule, |record| findings(record).any(|finding| finding["rule"] == rule))
    }

    /// Every journal is sound to its end.
    #[track_caller]
    pub(super) fn assert_verified(&self) {
        for path in self.journals() {
            let ran = self.tollgate(&["sessions", "verify", path.to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for record in self.records().iter().rev().take(12) {
                let text = record.to_string();
                eprintln!("{}", text.chars().take(600).collect::<String>());
            }
            let log = fs::read_to_string(self.home().log_file()).unwrap_or_default();
            eprintln!("the gate's log:\n{log}");
        }
        self.tollgate(&["stop"]);
        if let Some(gate) = self.gate_now() {
            kill(gate, Signal::KILL);
        }
        self.own().register(&self.dir, Registration::Remove).unwrap();
    }
}

pub(super) fn findings(record: &Value) -> impl Iterator<Item = &Value> {
    record["facts"]["findings"].as_array().into_iter().flatten()
}

/// Signals a process; one that is gone already is fine.
pub(super) fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).ok();
}

/// Whether the process is there and no zombie.
pub(super) fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with(['Z', 'X']))
}

/// Where an example's program is; `cargo test` builds them beside this one.
pub(super) fn example(name: &str) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let path = binary.parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --examples`", path.display());
    path
}

#[derive(Debug, Deserialize)]
enum Said {
    Started(u32),
    Ended(u32, i32),
}

/// A scripted agent: everything that it starts is below it.
pub(super) struct Agent {
    child: Child,
    control: Option<UnixStream>,
    lines: Lines,
    ended: Vec<(u32, i32)>,
}

impl Agent {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    pub(super) fn with(args: &[&str]) -> Self {
        let (control, theirs) = UnixStream::pair().unwrap();
        control.set_read_timeout(Some(LIMIT)).unwrap();
        let child = Command::new(example("scripted_agent"))
            .args(args)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, control: Some(control), lines: Lines::new(), ended: Vec::new() }
    }

    fn hear(&mut self) -> Said {
        let control = self.control.as_ref().unwrap();
        self.lines.wait::<Said>(control).unwrap().expect("the agent lives")
    }

    /// Starts something below the agent with these for stdin, stdout and stderr.
    pub(super) fn start(&mut self, home: &Path, argv: &[&str], fds: &[OwnedFd]) -> u32 {
        let env = [("TOLLGATE_HOME", home.to_str().unwrap())];
        let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
        send(self.control.as_ref().unwrap(), &json!({ "argv": argv, "env": env }), &fds).unwrap();
        loop {
            match self.hear() {
                Said::Started(pid) => return pid,
                Said::Ended(pid, code) => self.ended.push((pid, code)),
            }
        }
    }

    /// Waits for the exit code of something that the agent started.
    pub(super) fn code(&mut self, pid: u32) -> i32 {
        loop {
            if let Some((_, code)) = self.ended.iter().find(|(ended, _)| *ended == pid) {
                return *code;
            }
            match self.hear() {
                Said::Ended(pid, code) => self.ended.push((pid, code)),
                Said::Started(pid) => panic!("{pid} was not asked for"),
            }
        }
    }

    /// Runs a command below the agent to its end: exit code and stderr.
    pub(super) fn run(&mut self, stage: &Stage, argv: &[&str]) -> (i32, String) {
        let said = tempfile::NamedTempFile::new().unwrap();
        let null = File::open("/dev/null").unwrap();
        let out = said.reopen().unwrap();
        let fds = [null.into(), OwnedFd::from(out.try_clone().unwrap()), out.into()];
        let pid = self.start(&stage.dir, argv, &fds);
        let code = self.code(pid);
        (code, fs::read_to_string(said.path()).unwrap())
    }

    /// Starts a shim in front of a server.
    pub(super) fn shim(&mut self, stage: &Stage, shim: &Shim<'_>) -> Client {
        let (mine_in, theirs_in) = shim.ends.pair(true);
        let (mine_out, theirs_out) = shim.ends.pair(false);
        let (err, theirs_err) = rustix::pipe::pipe().unwrap();
        let home = stage.dir.to_str().unwrap().to_owned();
        let policy = stage.policy();
        let mut argv = vec![env!("CARGO_BIN_EXE_tollgate"), "shim", "--server", shim.name];
        argv.extend(["--home", home.as_str(), "--policy", policy.to_str().unwrap()]);
        argv.extend(shim.options);
        argv.push("--");
        argv.extend(shim.server.iter().map(String::as_str));
        let pid = self.start(&stage.dir, &argv, &[theirs_in, theirs_out, theirs_err]);
        Client { pid, to: Some(mine_in), from: lines_of(mine_out), err: lines_of(err) }
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.control = None;
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The kind of the agent's descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Pipes,
    Sockets,
}

impl Ends {
    /// Ours and the shim's; `write` when we write.
    fn pair(self, write: bool) -> (OwnedFd, OwnedFd) {
        match self {
            Self::Pipes => {
                let (read, written) = rustix::pipe::pipe().unwrap();
                if write { (written, read) } else { (read, written) }
            }
            Self::Sockets => {
                let (ours, theirs) = UnixStream::pair().unwrap();
                (ours.into(), theirs.into())
            }
        }
    }
}

/// How a shim is started.
pub(super) struct Shim<'a> {
    pub(super) name: &'a str,
    pub(super) options: &'a [&'a str],
    pub(super) ends: Ends,
    pub(super) server: Vec<String>,
}

impl Shim<'_> {
    /// In front of the echo server with this log.
    pub(super) fn echo(log: &Path) -> Self {
        let server = example("scripted_server").to_str().unwrap().to_owned();
        let log = log.to_str().unwrap().to_owned();
        let server = vec![server, "echo".to_owned(), log];
        Self { name: "fs", options: &["--unattended", "ask"], ends: Ends::Pipes, server }
    }
}

/// Whole lines with their ends as they come; a last one without end too.
pub(super) fn lines_of(from: impl Into<OwnedFd>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(100_000);
    let mut from = BufReader::new(File::from(from.into()));
    std::thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            match from.read_until(b'\n', &mut line) {
                Ok(n) if n > 0 => {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
                Ok(_) | Err(_) => return,
            }
        }
    });
    receiver
}

/// The agent's side of one shim.
pub(super) struct Client {
    pub(super) pid: u32,
    pub(super) to: Option<OwnedFd>,
    pub(super) from: Receiver<Vec<u8>>,
    pub(super) err: Receiver<Vec<u8>>,
}

impl Client {
    pub(super) fn send(&self, line: &[u8]) {
        let mut to = File::from(self.to.as_ref().unwrap().try_clone().unwrap());
        to.write_all(line).unwrap();
        to.write_all(b"\n").unwrap();
    }

    /// Calls a tool.
    pub(super) fn call(&self, id: u64, tool: &str) {
        self.send(&call(id, tool));
    }

    /// The next line from the server, without its end.
    #[track_caller]
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = self.from.recv_timeout(LIMIT).expect("a line for the agent");
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[track_caller]
    pub(super) fn message(&self) -> Value {
        serde_json::from_slice(&self.line()).unwrap()
    }

    /// The agent's descriptor ends without another line.
    #[track_caller]
    pub(super) fn assert_end(&self) {
        assert_eq!(self.from.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
    }

    /// All of stderr, once it is closed.
    pub(super) fn stderr(&self) -> String {
        let mut all = Vec::new();
        while let Ok(line) = self.err.recv_timeout(LIMIT) {
            all.extend(line);
        }
        String::from_utf8(all).unwrap()
    }
}

pub(super) fn call(id: u64, tool: &str) -> Vec<u8> {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
    )
    .into_bytes()
}

/// The text of a refusal, which must be one.
#[track_caller]
pub(super) fn refusal(message: &Value) -> &str {
    assert_eq!(message["result"]["isError"], true, "{message}");
    message["result"]["content"][0]["text"].as_str().unwrap()
}

/// Whether the echo server answered.
pub(super) fn done(message: &Value) -> bool {
    message["result"]["content"][0]["text"] == "done"
}

/// A server whose two ends the test holds.
pub(super) struct Relay {
    listener: UnixListener,
    path: PathBuf,
}

impl Relay {
    pub(super) fn new(stage: &Stage) -> Self {
        let path = stage.file("relay.sock");
        Self { listener: UnixListener::bind(&path).unwrap(), path }
    }

    pub(super) fn command(&self) -> Vec<String> {
        let program = example("scripted_server").to_str().unwrap().to_owned();
        vec![program, "relay".to_owned(), self.path.to_str().unwrap().to_owned()]
    }

    /// The server's side, once it started.
    pub(super) fn accept(&self) -> Server {
        let (stream, _) = self.listener.accept().unwrap();
        let from = lines_of(stream.try_clone().unwrap());
        Server { stream, from }
    }
}

/// The server's side of one shim.
pub(super) struct Server {
    stream: UnixStream,
    from: Receiver<Vec<u8>>,
}

impl Server {
    pub(super) fn send(&mut self, line: &[u8]) {
        self.stream.write_all(line).unwrap();
        self.stream.write_all(b"\n").unwrap();
    }

    #[track_caller]
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = self.from.recv_timeout(LIMIT).expect("a line for the server");
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    /// Nothing more comes to the server.
    #[track_caller]
    pub(super) fn assert_end(&self) {
        assert_eq!(self.from.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
    }
}
