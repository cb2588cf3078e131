//! What only a real terminal shows: its own words among the keys, the mouse, and losing and taking it again.

use std::fs;

use rustix::process::{Pid, Signal};
use serde_json::json;

use crate::bed::{Agent, Bed, kill, until};
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
    // The answer waits in the terminal before the question comes; a machine may stall all the same, and often.
    let mut light = until("a light theme", || {
        let words =
            [env!("CARGO_BIN_EXE_tollgate"), "console", "--theme", "auto", "--color", "true"];
        let mut light = Terminal::start(&bed.home(), &words, &[]);
        light.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
        light.sends("\x1b]11;?");
        light.press_until("?", "Keys: Calls");
        light.press_until("\x1b", "q quit");
        (light.background() == paper).then_some(light)
    });
    // Later, or without a question, the same words are nothing.
    light.press("\x1b]11;rgb:0000/0000/0000\x1b\\");
    light.press_until("?", "Keys: Calls");
    assert_eq!(light.background(), paper);
    let mut unasked = console(&bed, &["--color", "true"], &[]);
    unasked.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    unasked.press_until("?", "Keys: Calls");
    assert_eq!(unasked.background(), vt100::Color::Default);
}

/// A console below a shell with job control, and its process.
fn in_a_shell(bed: &Bed, variables: &[(&str, &str)]) -> (Terminal, Pid) {
    let ready = [("PS1", "ready> "), ("PROGRAM", env!("CARGO_BIN_EXE_tollgate"))];
    let variables = [&ready, variables].concat();
    let mut shell = Terminal::start(&bed.home(), &["sh", "-i"], &variables);
    shell.shows("ready> ");
    shell.press("$PROGRAM console\r");
    shell.shows("q quit");
    let children = format!("/proc/{0}/task/{0}/children", shell.pid());
    let console =
        until("the console's process", || fs::read_to_string(&children).ok()?.trim().parse().ok());
    (shell, Pid::from_raw(console).unwrap())
}

/// The shell has the terminal, as a shell wants it.
#[track_caller]
fn shell_has_it(shell: &mut Terminal) {
    shell.is_given_back();
    // A key that was pressed once more while the console went is no part of the command.
    shell.press("\x15echo in-$((1+1))-shell\r");
    shell.shows("in-2-shell");
}

/// The console has it again, draws and takes keys.
#[track_caller]
fn comes_back(shell: &mut Terminal) {
    shell.press("fg\r");
    shell.shows("q quit");
    shell.press_until("?", "Keys: Calls");
    shell.press_until("\x1b", "q quit");
}

#[test]
fn the_console_stops_as_a_shells_job_and_comes_back() {
    let bed = Bed::new();
    let (mut shell, console) = in_a_shell(&bed, &[]);
    shell.press("\x1a");
    shell_has_it(&mut shell);
    // What happens meanwhile is there afterwards.
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    assert!(bed.ticket().contains('.'));
    comes_back(&mut shell);
    shell.shows("write_file");
    // The same from outside, by a stop that can be caught and one that cannot.
    for stop in [Signal::TSTP, Signal::STOP] {
        kill(console, stop);
        if stop == Signal::TSTP {
            shell_has_it(&mut shell);
        } else {
            shell.press("\r");
        }
        comes_back(&mut shell);
    }
    assert!(bed.tollgate(&["tickets"]).stdout.contains("write_file"), "it waits on");
}

#[test]
fn an_editor_that_stops_takes_the_console_with_it_and_back() {
    let bed = Bed::new();
    let editor = bed.home().join("editor");
    fs::write(&editor, "kill -TSTP 0; sed -i -e s,/tmp/a,/tmp/ab, \"$1\"\n").unwrap();
    let editor = format!("sh {}", editor.display());
    let (mut shell, _) = in_a_shell(&bed, &[("VISUAL", &editor)]);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
    shell.shows("write_file");
    shell.press_until("A", "some text");
    shell.press_until_so("E", |screen| screen.lines().last().is_some_and(|l| l.contains("ready>")));
    shell_has_it(&mut shell);
    shell.press("fg\r");
    shell.shows("\"/tmp/ab\"");
}

#[test]
fn a_terminal_that_is_lost_takes_the_console_alone_with_it() {
    let bed = Bed::new();
    let (shell, console) = in_a_shell(&bed, &[]);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    let sent = agent.call(1, "write_file", &json!({ "path": "/tmp/a" }));
    shell.shows("write_file");
    // As sshd does it: the terminal's session ends.
    shell.signal(Signal::KILL);
    until("the console's end", || (!fs::exists(format!("/proc/{console}")).unwrap()).then_some(()));
    let ticket = bed.ticket();
    assert_eq!(bed.tollgate(&["deny", &ticket]).code, 0);
    assert!(agent.result(1).1 && !bed.received().contains(&sent));
}

#[test]
fn after_a_storm_of_sizes_the_screen_is_a_fresh_one() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    for call in 1..20 {
        agent.call(call, "read_file", &json!({ "path": "/tmp/a" }));
        agent.result(call);
    }
    let mut console = console(&bed, &[], &[]);
    console.shows("20  FOLLOW");
    console.press_until("?", "Keys: Calls");
    // The lowest row that changes: what is above it was drawn before.
    console.press_until_so("\x1b", |screen| {
        !screen.contains("Keys: Calls") && screen.contains("F follow  Tab pane")
    });
    let fresh = console.text();
    // 20 x 5 to 300 x 90, in an order that repeats no size and comes from every side.
    for step in 0..200_u16 {
        console.resize(5 + step * 37 % 86, 20 + step * 101 % 281);
    }
    console.resize(40, 120);
    console.shows_just(&fresh);
}
