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
    console.shows("DENY   armed");
    (agent, console, sent)
}

#[test]
fn what_a_terminal_says_of_itself_is_no_key() {
    let bed = Bed::new();
    let (_agent, mut console, sent) = card(&bed);
    for answer in ANSWERS {
        console.shows("DENY   armed");
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

/// A console with these arguments and variables, once it shows its panes.
fn console(bed: &Bed, args: &[&str], variables: &[(&str, &str)]) -> Terminal {
    let words = [&[env!("CARGO_BIN_EXE_tollgate"), "console"], args].concat();
    let console = Terminal::start(&bed.home(), &words, variables);
    // The last but one row: what is above it was drawn before.
    console.shows("q quit");
    console
}

#[test]
fn color_overrules_the_environment_and_the_environment_the_theme() {
    type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], vt100::Color);
    const NO_COLOR: (&str, &str) = ("NO_COLOR", "1");
    let bed = Bed::new();
    let table: [Case; 5] = [
        (&[], &[], vt100::Color::Idx(234)),
        (&["--color", "true"], &[NO_COLOR], vt100::Color::Rgb(0x14, 0x17, 0x1c)),
        (&["--color", "16"], &[], vt100::Color::Default),
        (&[], &[NO_COLOR], vt100::Color::Default),
        (&["--color", "never"], &[("COLORTERM", "truecolor")], vt100::Color::Default),
    ];
    for (args, variables, expected) in table {
        let args = [&["--theme", "dark"], args].concat();
        let console = console(&bed, &args, variables);
        assert_eq!(console.background(), expected, "{args:?} {variables:?}");
    }
}

#[test]
fn a_pair_of_themes_follows_the_background_that_the_terminal_tells_in_time() {
    let bed = Bed::new();
    let paper = vt100::Color::Rgb(0xfb, 0xfa, 0xf7);
    // The answer waits in the terminal before the question comes; a machine may stall all the same.
    let light = (0..10).find_map(|_| {
        let words =
            [env!("CARGO_BIN_EXE_tollgate"), "console", "--theme", "auto", "--color", "true"];
        let mut light = Terminal::start(&bed.home(), &words, &[]);
        light.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
        light.sends("\x1b]11;?");
        light.press_until("?", "Keys: Calls");
        light.press_until("\x1b", "q quit");
        (light.background() == paper).then_some(light)
    });
    let mut light = light.expect("a light theme");
    // Later, or without a question, the same words are nothing.
    light.press("\x1b]11;rgb:0000/0000/0000\x1b\\");
    light.press_until("?", "Keys: Calls");
    assert_eq!(light.background(), paper);
    let mut unasked = console(&bed, &["--color", "true"], &[]);
    unasked.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    unasked.press_until("?", "Keys: Calls");
    assert_eq!(unasked.background(), vt100::Color::Default);
}
