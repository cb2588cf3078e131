//! What reaches the terminal, and the operator, beside the frames.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use crate::bed::{Agent, Bed, until};
use crate::terminal::Terminal;

/// A console with these arguments and variables, once it shows its panes.
fn console(bed: &Bed, args: &[&str], variables: &[(&str, &str)]) -> Terminal {
    let words = [&[env!("CARGO_BIN_EXE_tollgate"), "console"], args].concat();
    let console = Terminal::start(&bed.home(), &words, variables);
    console.shows("q quit");
    console
}

/// An agent whose first call waits.
fn asks(bed: &Bed) -> Agent {
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "write_file", &json!({ "path": "/tmp/a", "content": "some text" }));
    agent
}

/// A program of the operator's, which writes down what it is told.
fn program(bed: &Bed, name: &str, script: &str) -> PathBuf {
    let path = bed.home().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[test]
fn a_notification_goes_out_while_the_window_is_not_in_front() {
    let table = [
        ("osc9", "", "\x1b]9;tollgate: 1 call waits"),
        ("osc777", "", "\x1b]777;notify;tollgate;1 call waits"),
        ("auto", "/nowhere,1,0", "\x1bPtmux;\x1b\x1b]9;tollgate: 1 call waits"),
    ];
    for (method, tmux, expected) in table {
        let bed = Bed::new();
        let mut console = console(&bed, &["--notify", method], &[("TMUX", tmux)]);
        console.press("\x1b[O");
        let _agent = asks(&bed);
        console.sends(expected);
        console.sends("\x07");
    }
}

#[test]
fn the_way_to_notify_follows_what_the_terminal_says_of_itself() {
    let bed = Bed::new();
    let mut console = console(&bed, &[], &[]);
    console.sends("\x1b[>q");
    console.press("\x1bP>|kitty(0.35.2)\x1b\\\x1b[O");
    let _agent = asks(&bed);
    console.sends("\x1b]99;i=tollgate:d=1:p=body:u=1;1 call waits");
}

#[test]
fn a_program_of_the_operators_is_told_ids_alone() {
    let bed = Bed::new();
    let told = bed.home().join("told");
    let script = format!("env >{0}.tmp; echo \"$*\" >>{0}.tmp; mv {0}.tmp {0}", told.display());
    let path = program(&bed, "notify", &script);
    let command = format!("{} --title $HOME", path.display());
    let args = ["--notify", "command", "--notify-command", &command];
    let mut console = console(&bed, &args, &[]);
    console.press("\x1b[O");
    let _agent = asks(&bed);
    let text = until("the program's note", || fs::read_to_string(&told).ok());
    assert!(text.contains("TOLLGATE_NOTIFY_WAITING=1\n"), "{text}");
    assert!(text.contains("TOLLGATE_NOTIFY_URGENT=0\n"), "{text}");
    assert!(text.contains("--title $HOME\n"), "a shell took part: {text}");
    assert!(!text.contains("write_file") && !text.contains("some text"), "{text}");
}

#[test]
fn a_program_that_cannot_be_started_is_said() {
    let bed = Bed::new();
    let args = ["--notify", "command", "--notify-command", "/no/such/program"];
    let mut console = console(&bed, &args, &[]);
    console.press("\x1b[O");
    let _agent = asks(&bed);
    console.shows("did not start");
}

#[test]
fn the_windows_title_says_how_many_wait_and_is_given_back() {
    let bed = Bed::new();
    let mut console = console(&bed, &[], &[]);
    console.sends("\x1b[22;2t");
    console.sends("\x1b]2;tollgate\x1b\\");
    let _agent = asks(&bed);
    console.sends("\x1b]2;(1) tollgate\x1b\\");
    console.press_until("q", "Leave?");
    console.press("y");
    assert_eq!(console.exit(), 0);
    console.sends("\x1b[23;2t");
    console.is_restored();
}

/// Puts a program of this name first on the path, which keeps what it is given.
fn on_path(bed: &Bed, name: &str, exit: u8) -> String {
    let given = bed.home().join(format!("{name}.given"));
    let script = format!(
        "cat >{0}.tmp; echo \"$*\" >>{0}.tmp; mv {0}.tmp {0}; exit {exit}",
        given.display()
    );
    let path = program(bed, name, &script);
    format!("{}:{}", path.parent().unwrap().display(), std::env::var("PATH").unwrap())
}

/// A console whose newest call can be copied.
fn with_a_call(bed: &Bed, variables: &[(&str, &str)]) -> (Agent, Terminal) {
    let console = console(bed, &[], variables);
    let mut agent = bed.agent(&["--policy", "ask-writes"]);
    agent.call(1, "read_file", &json!({ "path": "/tmp/a" }));
    assert_eq!(agent.result(1), ("done".to_owned(), false));
    console.shows("read_file");
    (agent, console)
}

#[test]
fn a_copy_goes_to_the_first_that_takes_it_and_is_said_as_it_is() {
    let table = [
        (("DISPLAY", ":9"), ("xclip", 0), "copied by xclip", "-selection clipboard\n"),
        (("TMUX", "/nowhere,1,0"), ("tmux", 0), "in tmux's buffer", "load-buffer -w -\n"),
    ];
    for (variable, (name, exit), said, arguments) in table {
        let bed = Bed::new();
        let path = on_path(&bed, name, exit);
        let (_agent, mut console) = with_a_call(&bed, &[variable, ("PATH", &path)]);
        console.press_until("y", said);
        let given = fs::read_to_string(bed.home().join(format!("{name}.given"))).unwrap();
        assert!(given.contains("files.read_file") && given.ends_with(arguments), "{given}");
    }
}

#[test]
fn a_copy_that_no_program_takes_is_sent_to_the_terminal() {
    let bed = Bed::new();
    let path = on_path(&bed, "xclip", 1);
    let (_agent, mut console) = with_a_call(&bed, &[("DISPLAY", ":9"), ("PATH", &path)]);
    console.press_until("y", "sent to the terminal (OSC 52)");
    console.sends("\x1b]52;c;");
}
