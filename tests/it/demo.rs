//! The parts of the demo, and the whole of it.

use std::fs;
use std::process::{Command, Stdio};

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
