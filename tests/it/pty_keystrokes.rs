//! How many keys a decision takes on a real terminal (console.md section 0, targets): each is pressed once, when the
//! screen says that keys count.

use serde_json::json;

use crate::bed::{Agent, Bed, until};
use crate::pty_controls::TURNS_BAD;
use crate::terminal::Terminal;

/// A policy whose one rule asks, at this risk.
fn policy(bed: &Bed, risk: &str) -> String {
    let path = bed.home().join(format!("{risk}.yaml"));
    let text = format!(
        "version: 1\nname: keys\nphase: enforce\ndefault:\n  verdict: allow\n  why: Nothing else is asked.\n\
         rules:\n  - id: writes\n    match: {{ tool: \"write_*\" }}\n    verdict: ask\n    risk: {risk}\n    \
         why: It writes.\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A hand that counts.
struct Hand {
    console: Terminal,
    pressed: usize,
}

impl Hand {
    /// At a console on which one call of this risk waits.
    fn asked(bed: &Bed, risk: &str) -> (Agent, Self) {
        let console = Terminal::open(&bed.home(), &["console"]);
        let mut agent = bed.agent(&["--policy", &policy(bed, risk)]);
        agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
        console.shows("write_file");
        console.shows("ASK 1");
        (agent, Self { console, pressed: 0 })
    }

    /// One key, however many bytes it sends.
    fn press(&mut self, key: &str) {
        self.console.press(key);
        self.pressed += 1;
    }

    /// Text that is typed: one key a letter.
    fn types(&mut self, text: &str) {
        self.console.press(text);
        self.pressed += text.chars().count();
    }

    /// Opens the card of the oldest waiting call, and waits until its keys count.
    fn opens_the_card(&mut self) {
        self.press("A");
        self.console.shows("some text");
        self.console.shows("DENY   armed");
    }
}

#[test]
fn a_low_risk_is_allowed_by_two_keys() {
    let bed = Bed::new();
    let (mut agent, mut hand) = Hand::asked(&bed, "low");
    hand.opens_the_card();
    hand.press("a");
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    assert_eq!(hand.pressed, 2);
}

#[test]
fn a_denial_takes_two_keys() {
    let bed = Bed::new();
    let (mut agent, mut hand) = Hand::asked(&bed, "high");
    hand.opens_the_card();
    hand.press("d");
    assert!(agent.result(1).1);
    assert_eq!(hand.pressed, 2);
}

#[test]
fn a_denial_with_a_reason_takes_two_keys_the_text_and_one() {
    let bed = Bed::new();
    let (mut agent, mut hand) = Hand::asked(&bed, "medium");
    hand.opens_the_card();
    hand.press("D");
    hand.console.shows("reason:");
    hand.types("use staging");
    hand.press("\r");
    let (text, failed) = agent.result(1);
    assert!(failed && text.contains("use staging"), "{text}");
    assert_eq!(hand.pressed, 2 + "use staging".len() + 1);
}

#[test]
fn an_edit_takes_four_keys_besides_itself() {
    let bed = Bed::new();
    let (mut agent, mut hand) = Hand::asked(&bed, "low");
    hand.opens_the_card();
    hand.press("e");
    hand.console.shows("editing");
    // The edit itself: to the end of the path, and a letter into it.
    hand.console.press("\x1b[B\x1b[F\x1b[D\x1b[Db");
    hand.console.shows("/tmp/ab");
    hand.press("\x13");
    hand.console.shows("EDITED");
    hand.console.shows("DENY   armed");
    hand.press("a");
    let (text, failed) = agent.result(1);
    assert!(!failed && bed.received().contains("/tmp/ab"), "{text}");
    assert_eq!(hand.pressed, 4);
}

#[test]
fn a_changed_definition_is_seen_and_taken_from_its_call_by_three_keys() {
    let bed = Bed::new();
    let console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent_with(&["--policy", "ask-writes"], &["sh", "-c", TURNS_BAD]);
    for id in 1..=2 {
        agent.request(id, "tools/list", &json!({}));
        agent.answer(id);
    }
    agent.call(3, "read_note", &json!({}));
    console.shows("ASK 1");
    let mut hand = Hand { console, pressed: 0 };
    hand.press("A");
    // All of the difference fits on the card of this terminal.
    hand.console.shows("seen 100 %");
    hand.console.shows("DENY   armed");
    hand.press("P");
    hand.console.shows("Take this tool's new definition");
    hand.press("y");
    assert_eq!(hand.pressed, 3);
    // The gate took it: the next call of the same definition asks nobody.
    until("its word", || (!hand.console.text().contains("CHANGED")).then_some(()));
    agent.call(4, "read_note", &json!({}));
    assert_eq!(agent.result(4), ("done".to_owned(), false));
}

#[test]
fn a_definition_is_compared_by_two_keys() {
    let bed = Bed::new();
    let console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent_with(&["--policy", "ask-writes"], &["sh", "-c", TURNS_BAD]);
    for id in 1..=2 {
        agent.request(id, "tools/list", &json!({}));
        agent.answer(id);
    }
    console.shows("TOOLS 1 changed");
    let mut hand = Hand { console, pressed: 0 };
    hand.press("4");
    hand.console.shows("CHANGED");
    hand.press("\r");
    hand.console.shows("Put all you know into it.");
    assert_eq!(hand.pressed, 2);
}

#[test]
fn a_text_is_found_by_one_key_the_text_and_one() {
    let bed = Bed::new();
    let console = Terminal::open(&bed.home(), &["console"]);
    let mut agent = bed.agent(&[]);
    for (call, tool) in [(1, "read_file"), (2, "look_up"), (3, "read_file")] {
        agent.call(call, tool, &json!({ "path": "b" }));
        agent.result(call);
    }
    console.shows("look_up");
    let mut hand = Hand { console, pressed: 0 };
    hand.press("/");
    hand.console.shows("filter /");
    hand.types("look");
    hand.press("\r");
    hand.console.shows("1 of 4");
    assert_eq!(hand.pressed, 1 + "look".len() + 1);
}

#[test]
fn the_next_finding_of_a_replay_is_one_key_away() {
    let bed = Bed::new();
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/odd-server.jsonl");
    let console = Terminal::open(&bed.home(), &["replay", recording]);
    console.shows("chain sound");
    console.shows("record 24/24");
    let mut hand = Hand { console, pressed: 0 };
    // To the beginning first: it has been played to its end.
    hand.console.press("t0%\r");
    hand.console.shows("record 1/24");
    hand.press(")");
    hand.console.shows("guard.");
    let place = hand.console.text();
    assert!(!place.contains("record 1/24") && !place.contains("record 24/24"), "{place}");
    assert_eq!(hand.pressed, 1);
}
