//! `sessions` and `replay` over recordings that are sound, torn, changed or none at all.

use std::fs;
use std::path::{Path, PathBuf};

use tollgate::engine::{
    Agent, At, CallId, ConnId, Event, Facts, Finding, Happening, Kind, Opened, Severity, Started,
    Step, Unattended,
};
use tollgate::journal::write::Writer;
use tollgate::policy::Verdict;
use tollgate::protocol::Side;

use crate::program::tollgate;

/// A session with a hostile server, as lines.
fn recording(ended: bool) -> Vec<u8> {
    let mut events = vec![
        (
            Happening::Started(Started {
                session: "demo-1".to_owned(),
                build: "0.1.0+0".to_owned(),
                agent: Agent {
                    name: "age\u{202e}nt".to_owned(),
                    pid: 7,
                    patience_ms: None,
                    progress_extends: false,
                },
                redaction: "none".to_owned(),
                policy_name: "observe".to_owned(),
                policy: String::new(),
                amended_by: Vec::new(),
                unattended: Unattended::Soon,
                attended: false,
                secret_rules: None,
                remembered: Vec::new(),
                role: None,
            }),
            Step::default(),
        ),
        (
            Happening::Opened(Opened {
                conn: ConnId(1),
                server: "files".to_owned(),
                command: vec!["server".to_owned()],
                pid: 8,
                ..opened()
            }),
            Step::default(),
        ),
        (
            Happening::Frame {
                conn: ConnId(1),
                from: Side::Agent,
                raw: r#"{"id":1,"method":"tools/call","params":{"name":"read_file"}}"#.into(),
            },
            Step {
                facts: Some(Facts {
                    kind: Some(Kind::Request),
                    method: Some("tools/call".to_owned()),
                    call: Some(CallId(1)),
                    tool: Some("read_\u{1b}[2Jfile".to_owned()),
                    verdict: Some(Verdict::Allow),
                    findings: vec![Finding::new("test.rule", Severity::Low, "seen")],
                    ..Facts::default()
                }),
                effects: Vec::new(),
            },
        ),
    ];
    if ended {
        events.push((Happening::Ended { why: "the agent left".to_owned() }, Step::default()));
    }
    let mut writer = Writer::default();
    let mut bytes = Vec::new();
    for (n, (what, step)) in events.into_iter().enumerate() {
        let at = At(1_700_000_000_000_000 + n as u64);
        writer.append(&Event { at, what }, &step, &mut bytes);
    }
    bytes
}

/// Fields that later versions add get their defaults, as in files of this version.
fn opened() -> Opened {
    serde_json::from_str(r#"{"conn":1,"server":"","command":[],"pid":0}"#).unwrap()
}

/// A home with these recordings.
fn home(recordings: &[(&str, &[u8])]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let dir = sessions(home.path());
    fs::create_dir_all(&dir).unwrap();
    for (name, bytes) in recordings {
        fs::write(dir.join(format!("{name}.jsonl")), bytes).unwrap();
    }
    home
}

fn sessions(home: &Path) -> PathBuf {
    tollgate::store::home::Home::below(home).sessions_dir()
}

fn without_last_bytes(mut bytes: Vec<u8>, count: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - count);
    bytes
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

#[test]
fn list_tells_the_state_of_each() {
    let home = home(&[
        ("a-ended", &recording(true)),
        ("b-open", &recording(false)),
        ("c-torn", &without_last_bytes(recording(true), 5)),
        ("d-broken", &flipped(recording(true), 100)),
        ("e-empty", b""),
    ]);
    let ran = tollgate(home.path(), &["sessions", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows: Vec<Vec<&str>> =
        ran.stdout.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let states: Vec<(&str, &str)> =
        rows.iter().map(|row| (*row.first().unwrap(), *row.last().unwrap())).collect();
    assert_eq!(
        states,
        [
            ("a-ended", "ended"),
            ("b-open", "open"),
            ("c-torn", "torn"),
            ("d-broken", "broken"),
            ("e-empty", "torn"),
        ]
    );
    assert!(ran.stdout.contains("age<U+202E>nt"), "{}", ran.stdout);

    let ran = tollgate(home.path(), &["sessions", "list", "--format", "jsonl"]);
    let lines: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records: Vec<u64> = lines.iter().map(|line| line["records"].as_u64().unwrap()).collect();
    assert_eq!(records, [4, 3, 3, 0, 0]);
}

/// A folder in a recording's place cannot be read as one, whoever asks.
#[test]
fn what_cannot_be_read_hides_nothing_else() {
    let home = home(&[("b", &recording(true))]);
    fs::create_dir(sessions(home.path()).join("a.jsonl")).unwrap();
    for what in ["list", "verify"] {
        let ran = tollgate(home.path(), &["sessions", what, "--format", "jsonl"]);
        assert_eq!((ran.code, ran.stdout.lines().count()), (5, 1), "{ran:?}");
        assert!(ran.stderr.contains("a.jsonl"), "{}", ran.stderr);
    }
}

#[test]
fn verify_answers_by_its_exit_code() {
    let check = |bytes: &[u8], code: i32, says: &str| {
        let home = home(&[("one", bytes)]);
        let ran = tollgate(home.path(), &["sessions", "verify", "one"]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stdout.contains(says), "{says} is not in {}", ran.stdout);
    };
    check(&recording(true), 0, "ended, 4 records");
    check(&recording(false), 0, "open, 3 records");
    check(&without_last_bytes(recording(true), 1), 1, "torn, 3 records");
    check(&flipped(recording(true), 0), 5, "line 1: the chain is broken");
    let removed: Vec<u8> =
        recording(true).split_inclusive(|&byte| byte == b'\n').skip(1).flatten().copied().collect();
    check(&removed, 5, "line 1: the chain is broken");

    let home = home(&[("a", &flipped(recording(true), 9)), ("b", &recording(true))]);
    let ran = tollgate(home.path(), &["sessions", "verify"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (5, 2));
    assert_eq!(tollgate(home.path(), &["sessions", "verify", "nobody"]).code, 2);
    assert_eq!(tollgate(home.path(), &["sessions", "verify", "/nowhere.jsonl"]).code, 5);
}

#[test]
fn a_recording_starts_with_its_session() {
    let mut bytes = Vec::new();
    let what = Happening::Ended { why: String::new() };
    Writer::default().append(&Event { at: At(1), what }, &Step::default(), &mut bytes);
    let home = home(&[("one", &bytes)]);
    let ran = tollgate(home.path(), &["sessions", "verify", "one"]);
    assert_eq!(ran.code, 5, "{ran:?}");
}

#[test]
fn show_escapes_what_others_wrote() {
    let home = home(&[("one", &recording(true))]);
    let ran = tollgate(home.path(), &["sessions", "show", "one"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("read_<ESC>[2Jfile"), "{}", ran.stdout);
    assert!(ran.stdout.contains("#1 agent → files tools/call"), "{}", ran.stdout);
    assert!(ran.stdout.contains("finding test.rule: seen"), "{}", ran.stdout);
    let hidden = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
    assert!(!ran.stdout.contains(hidden), "{:?}", ran.stdout);
}

/// An edited call is judged again; the line is about the answer all the same.
#[test]
fn show_calls_an_edit_an_answer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/answers.jsonl");
    let home = home(&[]);
    let ran = tollgate(home.path(), &["sessions", "show", path]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let edit = ran.stdout.lines().find(|line| line.contains("ticket #3 revised")).unwrap();
    assert!(edit.contains("answered  #3 files"), "{edit}");
    assert!(edit.contains("edit by console 1"), "{edit}");
}

#[test]
fn replay_prints_the_records_as_they_were_written() {
    let bytes = recording(true);
    let torn = without_last_bytes(bytes.clone(), 1);
    let home = home(&[("one", &bytes), ("torn", &torn)]);
    let replay = |name| tollgate(home.path(), &["replay", name, "--headless", "--format", "jsonl"]);
    let ran = replay("one");
    assert_eq!((ran.code, ran.stdout.as_bytes()), (0, &bytes[..]));

    let ran = replay("torn");
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 3));
    assert!(ran.stderr.contains("half written"), "{}", ran.stderr);

    let ran = tollgate(home.path(), &["replay", "one"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("--headless"), "{}", ran.stderr);
}

#[test]
fn watching_without_a_gate_says_so() {
    let home = home(&[]);
    let ran = tollgate(home.path(), &["watch", "--format", "jsonl"]);
    assert_eq!(ran.code, 4, "{ran:?}");
}
