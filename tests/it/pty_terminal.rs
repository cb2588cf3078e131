//! What only a real terminal shows: its own words among the keys, the mouse, and losing and taking it again.

use serde_json::json;

use crate::bed::{Agent, Bed};
use crate::terminal::Terminal;

/// What terminals say of themselves, with every letter that answers in it.
const ANSWERS: [&str; 12] = [
    "\x1b[?64;1;2c",
    "\x1b[>0;276;0c",
    "\x1b[5;7R",
    "\x1b[0;0R",
    "\x1b[0n",
    "\x1b[?2026;2$y",
    "\x1b[?1u",
    "\x1b]11;rgb:aaaa/dddd/eeee\x1b\\",
    "\x1b]10;rgb:aaaa/dddd/eeee\x07",
    "\x1bP>|yad 1.0 DaD\x1b\\",
    "\x1bP1$r0;aydD\x1b\\",
    "\x1b_Gi=1;aydD\x1b\\",
];

/// A session whose first call waits, and its open card.
fn card(bed: &Bed) -> (Agent, Terminal, String) {
    let mut console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
    console.shows("write_file");
    console.press_until("A", "some text");
    console.shows("keys armed");
    (agent, console, sent)
}

#[test]
fn what_a_terminal_says_of_itself_is_no_key() {
    let bed = Bed::new();
    let (_agent, mut console, sent) = card(&bed);
    for answer in ANSWERS {
        console.shows("keys armed");
        console.press(answer);
    }
    // The key behind them has its effect, so what was before it has had its own.
    console.press_until("n", "no other call waits");
    let screen = console.text();
    assert!(!screen.contains("yes, allow") && !screen.contains("reason:"), "{screen}");
    assert!(bed.tollgate(&["tickets"]).stdout.contains("write_file"));
    console.press_until("D", "reason:");
    for answer in ANSWERS {
        console.press(answer);
    }
    console.press("Zq");
    console.shows("reason: Zq_");
    assert!(!bed.received().contains(&sent));
}
