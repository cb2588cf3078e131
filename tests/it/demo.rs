//! The parts of the demo, and the whole of it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tollgate::demo::agent::End;
use tollgate::demo::story::STORY;

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

/// A busy machine included; alone it takes half of the 20 s that it may.
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
    std::io::Read::read_exact(demo.stdout.as_mut().unwrap(), &mut first).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(demo.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = demo.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert_cleared(tmp.path());
}
