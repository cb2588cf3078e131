//! `tollgate run` in a terminal of its own, with shell scripts in the place of agents.

use std::fs;
use std::io::{Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::Signal;
use tollgate::store::home::Home;

use crate::bed::{Bed, PATIENCE, kill, until};
use crate::program;
use crate::terminal::Terminal;

/// Says that it runs and each Ctrl-C that it gets; ends when the file is there.
const WAITS: &str = r#"#!/bin/sh
trap 'echo got-int' INT
echo "started: $*"
while [ ! -e "$TEST_GO" ]; do sleep 0.05; done
exit 7
"#;

/// Starts the one server of the file that it was given, as it was told to, and calls a tool.
const CALLS: &str = r#"#!/bin/sh
line=$(sed -E 's/.*"command":"([^"]*)","args":\[([^]]*)\].*/"\1" \2/; s/","/" "/g' "$2")
{
    echo '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write","arguments":{}}}'
    while [ ! -e "$TEST_GO" ]; do sleep 0.05; done
} | eval "$line"
exit 7
"#;

/// Stands in for a zellij before 0.45, which cannot run here: writes down what it is told.
const OLD_ZELLIJ: &str = r#"#!/bin/sh
echo "$*" >>"${TEST_GO%/go}/told"
case "$*" in *--no-focus*) exit 2 ;; esac
"#;

/// Tries to end the gate once the file is there.
const ESCAPES: &str = r#"#!/bin/sh
echo started
while [ ! -e "$TEST_GO" ]; do sleep 0.05; done
"$TEST_TOLLGATE" stop
echo "stop said $?"
"#;

const CONFIG: &str = r#"{"mcpServers": {
  "web": {"type": "http", "url": "https://example.org"},
  "files": {"command": "sed", "args": ["-n", "d"]}
}}"#;

const ASKS: &str =
    "version: 1\nname: asks\nphase: enforce\ndefault: { verdict: ask, why: \"test\" }\nrules: []\n";

/// A user whose `claude` is a script, and the terminal in which they run it.
struct Run {
    bed: Bed,
    user: tempfile::TempDir,
    seen: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Run {
    fn start(script: &str, options: &[&str]) -> Self {
        Self::start_in(Bed::new(), script, options, None, None)
    }

    /// The same in a terminal of zellij.
    fn start_in_zellij(zellij: &str) -> Self {
        Self::start_in(Bed::new(), WAITS, &[], None, Some(zellij))
    }

    /// The same in this home, with the time that the agent gives a call, in milliseconds.
    fn start_in(
        bed: Bed,
        script: &str,
        options: &[&str],
        patience_ms: Option<u32>,
        zellij: Option<&str>,
    ) -> Self {
        let user = tempfile::tempdir().unwrap();
        let path = |name: &str| user.path().join(name);
        fs::write(path(".claude.json"), CONFIG).unwrap();
        fs::write(path("asks.yaml"), ASKS).unwrap();
        fs::create_dir(path("bin")).unwrap();
        for (name, script) in [("bin/claude", Some(script)), ("bin/zellij", zellij)] {
            let Some(script) = script else { continue };
            fs::write(path(name), script).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }

        let size = PtySize { rows: 24, cols: 200, ..PtySize::default() };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("run");
        command.args(options);
        command.args(["--", "claude", "hello"]);
        command.cwd(user.path());
        let mut search = path("bin").into_os_string();
        search.push(":");
        search.push(std::env::var_os("PATH").unwrap_or_default());
        command.env("PATH", search);
        command.env("HOME", user.path());
        command.env("TOLLGATE_HOME", bed.home());
        command.env("TEST_GO", path("go"));
        command.env("TEST_TOLLGATE", env!("CARGO_BIN_EXE_tollgate"));
        for name in ["TMUX", "ZELLIJ", "CLAUDE_CONFIG_DIR", "MCP_TOOL_TIMEOUT"] {
            command.env_remove(name);
        }
        if zellij.is_some() {
            command.env("ZELLIJ", "0");
        }
        if let Some(ms) = patience_ms {
            command.env("MCP_TOOL_TIMEOUT", ms.to_string());
        }
        let child = pty.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keep = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                keep.lock().unwrap().extend_from_slice(&chunk[..read]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { bed, user, seen, keys, child, _terminal: pty.master }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        let began = Instant::now();
        while !self.screen().contains(text) {
            assert!(began.elapsed() < PATIENCE, "no {text:?} in {}", self.screen());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
    }

    fn let_it_end(&self) {
        fs::write(self.user.path().join("go"), "").unwrap();
    }

    #[track_caller]
    fn exit_code(&mut self) -> u32 {
        until("the end of the run", || self.child.try_wait().unwrap()).exit_code()
    }

    /// Private folders of runs.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(Home::below(&self.bed.home()).run_dir()).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.let_it_end();
        // It may have ended by itself.
        self.child.kill().ok();
    }
}

#[test]
fn run_waits_for_a_key_and_hands_the_terminal_over() {
    let mut run = Run::start(WAITS, &[]);
    run.shows("press any key");
    assert!(!run.screen().contains("started"), "{}", run.screen());
    run.press(b" ");
    run.shows("started: --mcp-config");
    assert_eq!(run.folders().len(), 1);
    run.press(b"\x03");
    run.shows("got-int");
    run.let_it_end();
    assert_eq!(run.exit_code(), 7);
    run.shows("recorded: tollgate sessions show claude-code-1");

    let screen = run.screen();
    assert_eq!(screen.matches("got-int").count(), 1, "Ctrl-C came twice: {screen}");
    for part in [
        "tollgate: claude-code in session claude-code-1: 1 of 2 servers; built-in tools not yet",
        "not web: http: not yet",
        "redaction: secrets",
        "tollgate console",
    ] {
        assert!(screen.contains(part), "no {part:?} in {screen}");
    }
    assert_eq!(run.folders(), [] as [PathBuf; 0], "the private folder is gone");
    let config = fs::read_to_string(run.user.path().join(".claude.json")).unwrap();
    assert_eq!(config, CONFIG, "the user's file is as it was");
}

#[test]
fn in_zellij_the_console_opens_beside_the_agent_and_the_focus_stays_or_comes_back() {
    let run = Run::start_in_zellij(OLD_ZELLIJ);
    let told = until("three actions", || {
        let told = fs::read_to_string(run.user.path().join("told")).ok()?;
        let told: Vec<String> = told.lines().map(str::to_owned).collect();
        (told.len() == 3).then_some(told)
    });
    let new_pane = "action new-pane --direction right --name tollgate";
    assert!(told[0].starts_with(&format!("{new_pane} --no-focus --near-current-pane -- ")));
    assert!(told[1].starts_with(&format!("{new_pane} -- ")), "{told:?}");
    assert!(told[0].ends_with(" console") && told[1].ends_with(" console"), "{told:?}");
    assert_eq!(told[2], "action move-focus left");
}

#[test]
fn ctrl_c_before_the_agent_starts_starts_nothing() {
    let mut run = Run::start(WAITS, &[]);
    run.shows("press any key");
    run.press(b"\x03");
    assert_eq!(run.exit_code(), 130);
    assert!(!run.screen().contains("started"), "{}", run.screen());
}

#[test]
fn run_rings_when_a_call_waits_and_never_with_foreign_text() {
    let mut run = Run::start(CALLS, &["--policy", "./asks.yaml", "--console", "none"]);
    run.shows("\x07\x1b]9;tollgate: a call waits\x07");
    let ticket = run.bed.ticket();
    let denied = run.bed.tollgate(&["deny", &ticket, "--reason", "later please"]);
    assert_eq!(denied.code, 0, "{denied:?}");
    run.shows("later please");
    run.let_it_end();
    assert_eq!(run.exit_code(), 7);
    assert!(run.bed.sound_recordings().contains("later please"));
}

/// In a console that prints lines: what nobody answers is denied, and the lines say so.
#[test]
fn at_its_deadline_a_call_is_denied_in_the_lines_too() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["console", "--linear"]);
    console.shows("this console may answer");
    let options = ["--policy", "./asks.yaml", "--console", "none"];
    let mut run = Run::start_in(bed, CALLS, &options, Some(4000), None);
    console.shows("files.write waits, risk MEDIUM");
    console.shows("denied in 0:02");
    run.shows("Nobody approved files.write in time");
    console.shows("DENIED at the deadline");
    console.press("allow 1 yes\n");
    console.shows("you: #1 is over: TIMEOUT");
    run.let_it_end();
    assert_eq!(run.exit_code(), 7);
}

#[test]
fn an_agent_stays_below_its_run_when_the_gate_dies() {
    let mut run = Run::start(ESCAPES, &["--console", "none"]);
    run.shows("started");
    kill(run.bed.gate().unwrap(), Signal::KILL);
    until("the gate's end", || run.bed.gate().is_none().then_some(()));
    let _next = run.bed.agent(&[]);
    until("the run in the next gate", || {
        let status = run.bed.tollgate(&["status"]).stdout;
        let line = status.lines().find(|line| line.contains("claude-code-1"))?.to_owned();
        line.contains("live").then_some(())
    });
    run.let_it_end();
    run.shows("stop said 3");
    assert_eq!(run.exit_code(), 0);
    assert!(run.bed.gate().is_some(), "the gate was stopped");
    let shown = run.bed.tollgate(&["sessions", "verify", "claude-code-1"]);
    assert_eq!(shown.code, 0, "{shown:?}");
}

/// A tool that no list named is called: the default asks about it, and it is on no role's list.
#[test]
fn a_run_has_the_quiet_default_or_a_shipped_policy_with_its_role() {
    for (options, recorded) in [
        (&[][..], [r#""policy_name":"balanced""#, r#""rule":"unlisted""#]),
        (
            &["--policy", "role-coding", "--role", "coding"],
            [r#""role":"coding""#, r#""rule":"role.coding.others""#],
        ),
    ] {
        let mut run = Run::start(CALLS, &[options, &["--console", "none"]].concat());
        let journal = Home::below(&run.bed.home()).sessions_dir().join("claude-code-1.jsonl");
        until(recorded[1], || {
            let text = std::fs::read_to_string(&journal).unwrap_or_default();
            recorded.iter().all(|words| text.contains(words)).then_some(())
        });
        run.let_it_end();
        assert_eq!(run.exit_code(), 7);
    }
}

#[test]
fn what_cannot_be_wrapped_is_a_usage_error_that_names_the_shim() {
    let bed = Bed::new();
    let ran = program::tollgate(&bed.home(), &["run", "--", "goose"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("tollgate shim --server NAME -- CMD"), "{ran:?}");
    let ran = program::tollgate(&bed.home(), &["run", "--policy", "none-such", "--", "claude"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!Path::new(&Home::below(&bed.home()).socket()).exists(), "a gate was started for it");
}
