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
