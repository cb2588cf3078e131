//! A home of its own with a gate that starts by itself, a scripted agent behind a shim, and a tool
//! server that writes down what reaches it. Everything waits for conditions, with a limit.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tollgate::store::home::{Home, Registration};

use crate::program::{self, Ran};

/// Nothing that is waited for takes longer on a busy machine with two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Answers what an agent asks at the start, and every call with `done`; `RECEIVED` gets all lines.
const SERVER: &str = r#"
s/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"initialize".*/{"jsonrpc":"2.0","id":\1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sed","version":"1"}}}/p
s/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"tools\/call","params":{"name":"never.*//p
s/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"tools\/call".*/{"jsonrpc":"2.0","id":\1,"result":{"content":[{"type":"text","text":"done"}],"isError":false}}/p
"#;

/// A registered home; its gate dies with it.
pub(crate) struct Bed {
    dir: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn new() -> Self {
        // Short: the socket's whole path has to fit into 108 bytes.
        let dir = tempfile::Builder::new().prefix("tg-").tempdir_in("/tmp").unwrap();
        let bed = Self { dir };
        // Not by `home add`, which asks every registered home's gate: other tests hang and kill theirs.
        Home::own().unwrap().register(&bed.home(), Registration::Add).unwrap();
        Home::below(&bed.home()).prepare().unwrap();
        bed
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Runs a command of the operator's to its end, without a terminal.
    pub(crate) fn tollgate(&self, args: &[&str]) -> Ran {
        program::tollgate(&self.home(), args)
    }

    /// Everything that reached the tool server so far.
    pub(crate) fn received(&self) -> String {
        fs::read_to_string(self.dir.path().join("received")).unwrap_or_default()
    }

    /// The shim's command line in front of the tool server.
    pub(crate) fn shim(&self, options: &[&str]) -> Command {
        let script = self.dir.path().join("server.sed");
        let received = self.dir.path().join("received");
        fs::write(&script, format!("w {}\n{SERVER}", received.display())).unwrap();
        let mut command = self.shim_of(options);
        command.args(["--", "sed", "-u", "-n", "-f"]).arg(script);
        command
    }

    /// The same up to the server's own command line.
    fn shim_of(&self, options: &[&str]) -> Command {
        // Below a shell, as on a command line: else this whole process would be taken for the agent, and
        // no console that it starts could answer.
        let mut command = Command::new("sh");
        command.args(["-c", "\"$0\" \"$@\"; exit $?", env!("CARGO_BIN_EXE_tollgate")]);
        command.args(["shim", "--home"]).arg(self.home()).args(["--server", "files"]);
        // The scripted agent calls tools that its server never listed, about which the default asks.
        if !options.contains(&"--policy") {
            command.args(["--policy", "observe"]);
        }
        command.args(options);
        command
    }

    /// An agent that has shaken hands.
    pub(crate) fn agent(&self, options: &[&str]) -> Agent {
        Self::shake_hands(Agent::start(&mut self.shim(options)))
    }

    /// One whose server is started by this command.
    pub(crate) fn agent_of(&self, server: &[&str]) -> Agent {
        self.agent_with(&[], server)
    }

    /// The same, with options of the shim.
    pub(crate) fn agent_with(&self, options: &[&str], server: &[&str]) -> Agent {
        Self::shake_hands(Agent::start(self.shim_of(options).arg("--").args(server)))
    }

    /// The same, in this folder.
    pub(crate) fn agent_in(&self, folder: &Path, options: &[&str], server: &[&str]) -> Agent {
        let mut shim = self.shim_of(options);
        Self::shake_hands(Agent::start(shim.current_dir(folder).arg("--").args(server)))
    }

    pub(crate) fn shake_hands(mut agent: Agent) -> Agent {
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {
            "name": "script", "version": "1"
        } });
        agent.request(0, "initialize", &hello);
        assert!(agent.answer(0)["result"]["serverInfo"]["name"].is_string());
        agent.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        agent
    }

    /// The gate of this home.
    pub(crate) fn gate(&self) -> Option<Pid> {
        let home = self.home();
        processes().find_map(|(pid, words)| {
            let gate = words.get(1).is_some_and(|word| word == "gate");
            (gate && words.iter().any(|word| Path::new(word) == home)).then_some(pid)
        })
    }

    /// Kills the gate, and waits until it is gone: what a dying gate has read and not recorded is lost, and
    /// a test that goes on at once would meet that sometimes.
    pub(crate) fn kill_gate(&self) -> Pid {
        let gate = until("a gate", || self.gate());
        kill(gate, Signal::KILL);
        until("its end", || (self.gate() != Some(gate)).then_some(gate))
    }

    /// Stops the gate as a debugger does, and waits until it stands still.
    pub(crate) fn hang_gate(&self) -> Pid {
        let gate = until("a gate", || self.gate());
        kill(gate, Signal::STOP);
        until("its standstill", || {
            let tasks = fs::read_dir(format!("/proc/{gate}/task")).unwrap();
            let mut stats = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("stat")));
            stats.all(|stat| stat.is_ok_and(|stat| stat.contains(") T "))).then_some(gate)
        })
    }

    /// The shim of this home. It has no words for an instant while it executes itself anew.
    pub(crate) fn shim_pid(&self) -> Pid {
        let home = self.home();
        until("a shim", || {
            processes().find_map(|(pid, words)| {
                let shim = words.get(1).is_some_and(|word| word == "shim");
                (shim && words.iter().any(|word| Path::new(word) == home)).then_some(pid)
            })
        })
    }

    /// The tool servers that run for this home.
    pub(crate) fn servers(&self) -> usize {
        let script = self.dir.path().join("server.sed");
        processes()
            .filter(|(_, words)| words.first().is_some_and(|word| word == "sed"))
            .filter(|(_, words)| words.iter().any(|word| Path::new(word) == script))
            .count()
    }

    /// Waits for the one call that is held, and names it as the command line does.
    pub(crate) fn ticket(&self) -> String {
        until("a ticket", || {
            let ran = self.tollgate(&["tickets"]);
            let row = ran.stdout.lines().find(|line| line.contains("files"))?.to_owned();
            row.split_whitespace().find(|word| word.contains('.')).map(str::to_owned)
        })
    }

    /// Every recording of this home verifies; gives their text.
    pub(crate) fn sound_recordings(&self) -> String {
        let ran = self.tollgate(&["sessions", "verify"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let mut folders = vec![self.home()];
        let mut text = String::new();
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                    text.push_str(&fs::read_to_string(path).unwrap());
                }
            }
        }
        text
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // Killed, not asked: a hung gate is one of the cases. No assertion, another may be under way.
        while let Some(gate) = self.gate() {
            kill(gate, Signal::KILL);
            std::thread::yield_now();
        }
        if let Ok(own) = Home::own() {
            own.register(&self.home(), Registration::Remove).ok();
        }
    }
}

/// Processes that are neither gone nor zombies, with their command lines.
fn processes() -> impl Iterator<Item = (Pid, Vec<String>)> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        let pid = path.file_name()?.to_str()?.parse().ok().and_then(Pid::from_raw)?;
        // A zombie has no command line.
        let line = fs::read(path.join("cmdline")).ok().filter(|line| !line.is_empty())?;
        let words = line.split(|byte| *byte == 0);
        Some((pid, words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()))
    })
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

pub(crate) fn kill(pid: Pid, signal: Signal) {
    // It may have gone in the meantime.
    rustix::process::kill_process(pid, signal).ok();
}

/// The test itself as an agent, on the pipes of a shim.
pub(crate) struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Lines that were not asked for yet.
    kept: Vec<Value>,
    /// Every line that was read, as it came.
    heard: Vec<String>,
}

impl Agent {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        // More lines than any test makes; a full channel would only stop the reader.
        let (send, lines) = sync_channel(10_000);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A gate that takes over ends a line that may be half written: where it was whole, a blank
                // line follows, as agents skip it.
                if !line.trim().is_empty() && send.send(line).is_err() {
                    break;
                }
            }
        });
        Self { input: child.stdin.take(), child, lines, kept: Vec::new(), heard: Vec::new() }
    }

    pub(crate) fn send(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn request(&mut self, id: u64, method: &str, params: &Value) {
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ));
    }

    /// Sends a call; gives the exact line.
    pub(crate) fn call(&mut self, id: u64, tool: &str, arguments: &Value) -> String {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        );
        self.send(&line);
        line
    }

    /// Waits for the answer with this id.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: u64) -> Value {
        if let Some(at) = self.kept.iter().position(|line| line["id"] == id) {
            return self.kept.remove(at);
        }
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|error| panic!("no answer to {id}: {error}; got {:?}", self.kept));
            self.heard.push(line);
            let line = self.heard.last().unwrap();
            let line: Value = serde_json::from_str(line).unwrap();
            if line["id"] == id && line["method"].is_null() {
                return line;
            }
            self.kept.push(line);
        }
    }

    /// Every line that was read so far, byte for byte.
    pub(crate) fn heard(&self) -> &[String] {
        &self.heard
    }

    /// What a call's result says, and whether it is an error.
    #[track_caller]
    pub(crate) fn result(&mut self, id: u64) -> (String, bool) {
        let answer = self.answer(id);
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("no result: {answer}")).to_owned();
        (text, result["isError"] == true)
    }

    /// Every line of the server's and the gate's that no answer was asked for.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let new = self.lines.try_iter().map(|line| serde_json::from_str(&line).unwrap());
        self.kept.extend(new);
        std::mem::take(&mut self.kept)
    }

    /// Closes both pipes, as an agent's death does.
    pub(crate) fn die(&mut self) {
        self.input = None;
        self.lines = sync_channel(0).1;
    }

    /// The shim's exit code, once it has one.
    pub(crate) fn try_exit(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().map(|status| status.code().unwrap())
    }

    /// Closes the shim's input; gives its exit code.
    #[track_caller]
    pub(crate) fn exit(&mut self) -> i32 {
        self.input = None;
        until("the shim's end", || self.try_exit())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself just now.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
