//! A recording played on a real terminal.

use std::path::Path;

use crate::bed::Bed;
use crate::terminal::Terminal;

fn demo() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/demo.jsonl").display().to_string()
}

#[test]
fn a_recording_is_played_stepped_and_left_and_no_gate_is_started() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["replay", &demo(), "--policy", "observe"]);
    console.shows("REPLAY demo");
    console.shows("chain sound");
    // It plays from the start, and its few seconds are soon over.
    console.shows("record 43/43");
    console.shows("what-if observe");
    console.press("{");
    console.shows("ASK 0:04");
    console.press("A");
    console.shows("Tomorrow");
    console.press("a");
    console.shows("this is a replay: nothing can be answered");
    console.press("\x1b");
    console.shows("[3 Ask(1)]");
    // Nothing waits in truth, so leaving asks nothing.
    console.press("q");
    assert_eq!(console.exit(), 0);
    console.is_restored();
    assert!(bed.gate().is_none(), "a replay needs no gate");
}

#[test]
fn a_recording_that_is_none_is_refused_before_the_terminal_is_taken() {
    let bed = Bed::new();
    let mut console = Terminal::open(&bed.home(), &["replay", "/nowhere/at/all.jsonl"]);
    console.shows("failed to open the recording /nowhere/at/all.jsonl");
    assert_eq!(console.exit(), 5);
    let mut console = Terminal::open(&bed.home(), &["replay", &demo(), "--policy", "no-such-one"]);
    console.shows("failed to read the policy no-such-one");
    assert_eq!(console.exit(), 2);
}

#[test]
fn two_recordings_stand_side_by_side() {
    let bed = Bed::new();
    let other = demo().replace("demo.jsonl", "answers.jsonl");
    let mut console = Terminal::open(&bed.home(), &["replay", &demo(), "--compare", &other]);
    console.shows("C Compare  demo | answers");
    console.shows("differ: ~ ended otherwise");
    console.press("n");
    console.press("1");
    console.shows("[1 Calls]");
    console.press("C");
    console.shows("[C Comp]");
}

#[test]
fn differences_are_printed_for_programs() {
    let bed = Bed::new();
    let same = bed.tollgate(&["replay", &demo(), "--compare", &demo(), "--headless"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, ""));
    let other = demo().replace("demo.jsonl", "answers.jsonl");
    let differ = bed.tollgate(&["replay", &demo(), "--compare", &other, "--headless"]);
    assert_eq!(differ.code, 1);
    let first: serde_json::Value =
        serde_json::from_str(differ.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"], "difference");
    assert!(first["kind"].as_str().unwrap().starts_with("only_in_"), "{first}");
    let flips = bed.tollgate(&["replay", &demo(), "--policy", "ask-writes", "--headless"]);
    assert_eq!(flips.code, 1);
    let first: serde_json::Value =
        serde_json::from_str(flips.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["flip"]["was"], &first["flip"]["is"]), (&"mark".into(), &"allow".into()));
    assert_eq!(first["flip"]["assumes"], false);
}
