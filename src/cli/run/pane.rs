//! A console for the run: opened in a split, or hinted at and waited for.

use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGCHLD;

use super::link::{Change, Link};
use super::tty::{Signals, Terminal, Woke};
use super::{ShimLaunch, tell};
use crate::store::home::Home;

/// `--console`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Console {
    /// In a split of tmux or zellij; elsewhere a hint, and a wait for it or for a key.
    #[default]
    Split,
    /// None, and no wait.
    None,
}

/// Whether the agent starts.
pub(super) enum Ready {
    /// Now.
    Start,
    /// Not at all: the operator pressed Ctrl-C, or we were told to end.
    Ended(ExitCode),
}

/// The gate says at once who is there.
const FIRST_NEWS: Duration = Duration::from_millis(300);
/// A console in a split attaches within this time, or does not work there.
const SPLIT_LIMIT: Duration = Duration::from_secs(5);

/// Sees to it that somebody can answer, as far as the operator wants it.
pub(super) fn ready(
    console: Console,
    home: &Home,
    launch: &ShimLaunch,
    link: &mut Link,
    signals: &Signals,
    terminal: &mut Terminal,
) -> Ready {
    match console {
        Console::None => return Ready::Start,
        Console::Split => {}
    }
    if let Some(early) = wait(link, signals, terminal, Keys::Ignored, Some(FIRST_NEWS)) {
        return early;
    }
    let opened = split(home, launch);
    if opened {
        if let Some(early) = wait(link, signals, terminal, Keys::Ignored, Some(SPLIT_LIMIT)) {
            return early;
        }
        tell("the console in the split has not attached");
    }
    let home = home.custom().map(|dir| format!("TOLLGATE_HOME={} ", dir.display()));
    let home = home.unwrap_or_default();
    tell(format_args!("calls that need you wait for a console; open one in another terminal:"));
    tell(format_args!("    {home}tollgate console"));
    if !terminal.has_keys() {
        return Ready::Start;
    }
    tell("waiting for it; press any key to start the agent without one");
    terminal.take_keys();
    let ready = wait(link, signals, terminal, Keys::Start, None);
    terminal.restore();
    ready.unwrap_or(Ready::Start)
}

/// What a key does during a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// It belongs to the agent.
    Ignored,
    /// It starts the agent.
    Start,
}

/// Waits until somebody can answer; `None` when the time is over before.
fn wait(
    link: &mut Link,
    signals: &Signals,
    terminal: &mut Terminal,
    keys: Keys,
    limit: Option<Duration>,
) -> Option<Ready> {
    let until = limit.map(|limit| Instant::now() + limit);
    loop {
        if link.news().answering > 0 {
            return Some(Ready::Start);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let keys = if keys == Keys::Start { terminal.keys() } else { None };
        match signals.wait(link.descriptor(), keys, left) {
            Woke::Gate => {
                // The bell is rung only while an agent works.
                let (Change::Quiet | Change::MoreWait) = link.take_news();
            }
            Woke::Key => {
                terminal.take_key();
                return Some(Ready::Start);
            }
            Woke::Time => return None,
            Woke::Signal(SIGCHLD) => {}
            Woke::Signal(signal) => {
                terminal.restore();
                let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
                return Some(Ready::Ended(ExitCode::from(code)));
            }
        }
    }
}

/// Lets the multiplexer's own server start the console, so that it is no child of ours; the agent
/// keeps the focus where the multiplexer can leave it.
fn split(home: &Home, launch: &ShimLaunch) -> bool {
    let mut console: Vec<OsString> = Vec::new();
    if let Some(dir) = home.custom() {
        let mut home = OsString::from("TOLLGATE_HOME=");
        home.push(dir);
        console.extend(["env".into(), home]);
    }
    console.push(launch.binary.clone().into_os_string());
    console.push("console".into());
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("TMUX").is_some() {
        let mut command = Command::new("tmux");
        command.args(["split-window", "-d", "-h"]);
        if let Some(pane) = set("TMUX_PANE") {
            command.arg("-t").arg(pane);
        }
        return done(command.arg("--").args(console));
    }
    set("ZELLIJ").is_some() && zellij(&console)
}

/// A split of zellij. Versions before 0.45 cannot leave the focus where it is: they are told to bring it back.
fn zellij(console: &[OsString]) -> bool {
    let action = |words: &[&str]| {
        let mut command = Command::new("zellij");
        command.arg("action").args(words);
        command
    };
    let new_pane = ["new-pane", "--direction", "right", "--name", "tollgate"];
    let kept = [&new_pane[..], &["--no-focus", "--near-current-pane", "--"]].concat();
    if done(action(&kept).args(console)) {
        return true;
    }
    let taken = [&new_pane[..], &["--"]].concat();
    let opened = done(action(&taken).args(console));
    if opened {
        let _left_there = done(&mut action(&["move-focus", "left"]));
    }
    opened
}

/// Runs a command to its end, without a word of its own.
fn done(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
