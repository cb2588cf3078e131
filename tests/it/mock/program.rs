//! `tollgate sessions serve`, the program.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::conversations;
use crate::bed::{Agent, Bed};
use crate::program::Ran;
use tollgate::journal::read::read_all;

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name)
}

/// Runs `sessions serve` with these lines on its stdin.
fn serve(path: &Path, options: &[&str], lines: &[Vec<u8>]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["sessions", "serve"])
        .arg(path)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // One that does not start to serve reads nothing.
    input.write_all(&[lines.join(&b'\n'), vec![b'\n']].concat()).ok();
    drop(input);
    let done = child.wait_with_output().unwrap();
    Ran {
        code: done.status.code().unwrap(),
        stdout: String::from_utf8(done.stdout).unwrap(),
        stderr: String::from_utf8(done.stderr).unwrap(),
    }
}

/// What the server of the demo's first connection heard and said, as lines.
fn demo() -> (Vec<Vec<u8>>, String) {
    let records = read_all(&fs::read(recording("demo.jsonl")).unwrap()).records;
    let (_, files) = conversations(&records).into_iter().next().unwrap();
    let said: Vec<String> =
        files.said.iter().map(|line| String::from_utf8(line.clone()).unwrap() + "\n").collect();
    (files.heard, said.concat())
}

#[test]
fn the_recorded_lines_come_out_and_the_summary_goes_to_stderr() {
    let (heard, said) = demo();
    for options in [&["--strict"][..], &["--tolerant"], &[], &["--strict", "--connection", "0"]] {
        let ran =
            serve(&recording("demo.jsonl"), &[&["--server", "files"], options].concat(), &heard);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, said.as_str()), "{ran:?}");
        assert_eq!(ran.stderr, "tollgate: 8 of 8 recorded requests came, every line fitted\n");
    }
}

#[test]
fn what_does_not_fit_is_told_and_makes_the_exit_code_1() {
    let (mut heard, _) = demo();
    heard.remove(2);
    let ran = serve(&recording("demo.jsonl"), &["--server", "files", "--strict"], &heard);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("-31002") && ran.stdout.contains("\"record\":6"), "{ran:?}");
    assert!(ran.stderr.contains("where record 6 was due: tools/list"), "{ran:?}");
    assert!(ran.stderr.contains("the first that did not come is record 6: tools/list"), "{ran:?}");
    // Any order will do without --strict.
    assert_eq!(serve(&recording("demo.jsonl"), &["--server", "files"], &heard).code, 0);
    let stranger = br#"{"id":1,"method":"tools/call","params":{"name":"rm"}}"#.to_vec();
    let ran = serve(&recording("demo.jsonl"), &["--server", "files"], &[stranger]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("not in the recording: tools/call rm"), "{ran:?}");
}

#[test]
fn a_server_or_connection_that_is_not_there_is_named() {
    for (options, said) in [
        (&["--server", "fs"][..], "the recording has no server `fs`; it has files, mail"),
        (
            &["--server", "files", "--connection", "1"],
            "connection 1 is of the server `mail`; `files` has 0",
        ),
        (
            &["--server", "files", "--connection", "9"],
            "connection 9 is not in the recording; `files` has 0",
        ),
    ] {
        let ran = serve(&recording("demo.jsonl"), options, &[]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
}

#[test]
fn of_a_broken_recording_the_sound_part_is_served_with_consent_alone() {
    let (heard, _) = demo();
    let mut bytes = fs::read(recording("demo.jsonl")).unwrap();
    let lines: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    bytes[lines[9] + 40] ^= 1;
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.jsonl");
    fs::write(&broken, &bytes).unwrap();
    let ran = serve(&broken, &["--server", "files"], &heard);
    assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
    assert!(ran.stderr.contains("line 11: the chain is broken"), "{ran:?}");
    assert!(ran.stderr.contains("--force"), "{ran:?}");
    let ran = serve(&broken, &["--server", "files", "--force"], &heard[..3]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{ran:?}");
    assert!(ran.stderr.contains("line 11"), "{ran:?}");
    // A torn last line is no flaw: what stands before it is sound.
    bytes = fs::read(recording("demo.jsonl")).unwrap();
    bytes.truncate(bytes.len() - 5);
    fs::write(&broken, &bytes).unwrap();
    let ran = serve(&broken, &["--server", "files", "--strict"], &heard);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("half written"), "{ran:?}");
}

#[test]
fn answers_can_take_the_time_that_they_took() {
    let (heard, said) = demo();
    let options = ["--server", "files", "--strict", "--delay", "recorded"];
    let began = std::time::Instant::now();
    let ran = serve(&recording("demo.jsonl"), &options, &heard);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, said.as_str()), "{ran:?}");
    // The slowest answer of that server.
    let slowest = std::time::Duration::from_micros(slowest_micros());
    assert!(began.elapsed() >= slowest, "{:?} < {slowest:?}", began.elapsed());
}

fn slowest_micros() -> u64 {
    use tollgate::journal::mock::{Mock, Order};
    let records = read_all(&fs::read(recording("demo.jsonl")).unwrap()).records;
    let scripts = super::scripts(&records).into_iter().filter(|script| script.conn.0 == 0);
    let at = tollgate::engine::At(0);
    let mut mock = Mock::new(scripts.collect(), Order::Strict, at).unwrap();
    let (heard, _) = demo();
    let lines = heard.iter().flat_map(|line| mock.receive(line, at).lines);
    let slowest = lines.map(|due| due.at.0).max().unwrap();
    assert!(slowest > 0);
    slowest
}

/// A session behind the gate, then the same agent behind a gate again with the mock as its server.
#[test]
fn behind_the_gate_an_agent_cannot_tell_the_mock_from_the_server() {
    let bed = Bed::new();
    let calls = [
        ("read_file", json!({ "path": "a", "n": 1.50 })),
        ("list", json!({})),
        ("read_file", json!({ "path": "ünïcödé \u{202e}" })),
    ];
    let converse = |mut agent: Agent| {
        for (id, (tool, arguments)) in (1..).zip(&calls) {
            agent.call(id, tool, arguments);
            agent.answer(id);
        }
        let heard = agent.heard().to_vec();
        assert_eq!(agent.exit(), 0);
        heard
    };
    let original = converse(bed.agent(&[]));
    let path = bed.home().join("recorded.jsonl");
    fs::write(&path, bed.sound_recordings()).unwrap();
    let tollgate = env!("CARGO_BIN_EXE_tollgate");
    let path = path.to_str().unwrap();
    let server = [tollgate, "sessions", "serve", path, "--server", "files", "--strict"];
    assert_eq!(converse(bed.agent_of(&server)), original);
}
