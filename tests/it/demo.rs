//! The parts of the demo, and the whole of it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::json;
use tollgate::demo::agent::End;
use tollgate::demo::story::STORY;

use crate::bed::until;

/// Without Tollgate in between, every call of the story reaches its server and succeeds: what the
/// demo shows as refused is Tollgate's doing.
#[test]
fn without_a_gate_every_call_passes() {
    let binary = env!("CARGO_BIN_EXE_tollgate");
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mcp.json");
    let server = |name: &str| json!({ "command": binary, "args": ["demo", "server", name] });
    let servers = json!({ "mcpServers": { "files": server("files"), "mail": server("mail") } });
    fs::write(&config, servers.to_string()).unwrap();
    let ran = Command::new(binary)
        .args(["demo", "agent", "--quick", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let ends: Vec<End> = String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(ends.len(), STORY.iter().map(|scene| scene.calls.len()).sum::<usize>());
    assert_eq!(ends.iter().find(|end| end.failed), None);
    let last = ends.last().unwrap();
    assert_eq!(last.text, "CHANGELOG.md\nREADME.md\nRELEASE.md");
}

/// A busy machine included; alone it takes 6 s of the 20 s that it may.
const LIMIT: Duration = Duration::from_mins(1);

/// The story through the real shim, gate and journal: every verdict comes, and nothing is left behind.
#[test]
fn headless_it_plays_the_story_and_leaves_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let ran = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["demo", "--headless"])
        .env("TMPDIR", tmp.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8(ran.stdout).unwrap();
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{stdout}{stderr}");
    let (calls, summary) = stdout.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(summary, "11 calls, every verdict as the story says");
    let count = |word: &str| calls.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!([count("allow"), count("mark"), count("ask"), count("deny")], [5, 1, 4, 1]);
    assert!(calls.contains("denied by the operator"), "{calls}");
    assert!(calls.contains("denied at its deadline"), "{calls}");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    assert_cleared(tmp.path());
}

/// No folder, no registration, no process.
#[track_caller]
fn assert_cleared(tmp: &std::path::Path) {
    assert_eq!(fs::read_dir(tmp).unwrap().count(), 0);
    let tmp = fs::canonicalize(tmp).unwrap();
    let homes = tollgate::store::home::Home::own().unwrap().registered().unwrap();
    assert_eq!(homes.iter().find(|home| home.starts_with(&tmp)), None);
    assert_eq!(processes_about(tmp.to_str().unwrap()), Vec::<String>::new());
}

/// Command lines of living processes that name this folder.
fn processes_about(folder: &str) -> Vec<String> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

/// Ctrl-C in the middle of the story ends everything as well.
#[test]
fn interrupted_it_leaves_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["demo", "--headless"])
        .env("TMPDIR", tmp.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line says that the story runs.
    let mut first = [0];
    demo.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(demo.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = demo.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert_cleared(tmp.path());
}

/// A demo that ends with its test: it clears its stage when it is told to.
struct Ends(Box<dyn portable_pty::Child + Send + Sync>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let (Ok(None), Some(id)) = (self.0.try_wait(), self.0.process_id()) {
            let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
            self.0.wait().ok();
        }
    }
}

/// In a terminal the console takes it; leaving in the middle ends everything, restores the terminal, and
/// says what happened and what to type next.
#[test]
fn in_a_terminal_it_opens_the_console_and_leaving_ends_all() {
    let tmp = tempfile::Builder::new().prefix("tg-").tempdir_in("/tmp").unwrap();
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let agent = tmp.path().join("bin/codex");
    fs::create_dir(agent.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_tollgate"), &agent).unwrap();
    let stage = tmp.path().join("tmp");
    fs::create_dir(&stage).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tollgate"));
    command.arg("demo");
    command.env("TMPDIR", &stage);
    command.env("PATH", agent.parent().unwrap());
    command.env("TERM", "xterm-256color");
    let mut demo = Ends(pty.slave.spawn_command(command).unwrap());
    drop(pty.slave);
    let screen = Arc::new(Mutex::new(vt100::Parser::new(40, 120, 0)));
    let mut output = pty.master.try_clone_reader().unwrap();
    let drawn = Arc::clone(&screen);
    let reader = std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut chunk) {
            drawn.lock().unwrap().process(&chunk[..count]);
        }
    });
    let mut keys = pty.master.take_writer().unwrap();
    let shows = |text: &str| {
        until(text, || {
            let contents = screen.lock().unwrap().screen().contents();
            contents.contains(text).then_some(())
        });
    };
    shows("Press Enter to begin.");
    keys.write_all(b"\r").unwrap();
    // The console cuts names to the width of its columns.
    shows("list_");
    assert!(screen.lock().unwrap().screen().alternate_screen());
    keys.write_all(b"q").unwrap();
    shows("What happened:");
    shows("allow files.list_files    answered");
    shows("tollgate run -- codex");
    assert!(!screen.lock().unwrap().screen().alternate_screen());
    assert!(!screen.lock().unwrap().screen().contents().contains("-- claude"));
    assert_eq!(demo.0.wait().unwrap().exit_code(), 0);
    drop((keys, pty.master));
    reader.join().unwrap();
    assert_cleared(&stage);
}
