//! The parts of the demo, and the whole of it.

use std::fs;
use std::io::{Read as _, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
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
    assert_eq!(summary, "12 calls, every verdict as the story says");
    let count = |word: &str| calls.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!([count("allow"), count("mark"), count("ask"), count("deny")], [5, 1, 5, 1]);
    assert!(calls.contains("denied by the operator"), "{calls}");
    assert!(calls.contains("denied at its deadline"), "{calls}");
    assert_eq!(calls.matches("mail.search").count(), 2, "{calls}");
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

/// The demo in a terminal of its own. It ends with its test: told to, it clears its stage.
struct InTerminal {
    demo: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    /// Where programs are looked for, and where the demo makes its folder.
    tmp: tempfile::TempDir,
    _terminal: Box<dyn MasterPty + Send>,
}

impl InTerminal {
    /// With one agent on the path.
    fn start() -> Self {
        let tmp = tempfile::Builder::new().prefix("tg-").tempdir_in("/tmp").unwrap();
        let bin = tmp.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::create_dir(tmp.path().join("tmp")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_tollgate"), bin.join("codex")).unwrap();
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("demo");
        command.env("TMPDIR", tmp.path().join("tmp"));
        command.env("PATH", bin);
        command.env("TERM", "xterm-256color");
        let demo = pty.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(40, 120, 0)));
        let mut output = pty.master.try_clone_reader().unwrap();
        let drawn = Arc::clone(&screen);
        // Ends when no process has the terminal any more.
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                drawn.lock().unwrap().process(&chunk[..count]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { demo, screen, keys, tmp, _terminal: pty.master }
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        until(text, || self.contents().contains(text).then_some(()));
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn is_taken(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
    }

    fn exit_code(&mut self) -> u32 {
        until("the demo to end", || self.demo.try_wait().unwrap()).exit_code()
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        if let (Ok(None), Some(id)) = (self.demo.try_wait(), self.demo.process_id()) {
            let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
            self.demo.wait().ok();
        }
    }
}

/// In a terminal the console takes it; leaving in the middle ends everything, restores the terminal, and
/// says what happened and what to type next.
#[test]
fn in_a_terminal_it_opens_the_console_and_leaving_ends_all() {
    let mut terminal = InTerminal::start();
    terminal.shows("Press Enter to begin.");
    terminal.press(b"\r");
    // The console cuts names to the width of its columns.
    terminal.shows("list_");
    assert!(terminal.is_taken());
    terminal.press(b"q");
    terminal.shows("What happened:");
    terminal.shows("allow files.list_files    answered");
    terminal.shows("tollgate run -- codex");
    assert!(!terminal.is_taken());
    assert!(!terminal.contents().contains("-- claude"));
    assert_eq!(terminal.exit_code(), 0);
    assert_cleared(&terminal.tmp.path().join("tmp"));
}

/// Ctrl-C before it begins is heard, though it waits for a line.
#[test]
fn in_a_terminal_ctrl_c_before_it_begins_leaves_nothing() {
    let mut terminal = InTerminal::start();
    terminal.shows("Press Enter to begin.");
    terminal.press(&[3]);
    assert_eq!(terminal.exit_code(), 1);
    assert_cleared(&terminal.tmp.path().join("tmp"));
}
