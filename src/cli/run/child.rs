//! The agent at work: signals go to it, its orphans are ours, its exit code becomes ours.

use std::ffi::OsStr;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::link::{Change, Link};
use super::tell;
use super::tty::{Signals, Terminal, Woke};
use crate::agents::Plan;
use crate::cli::exit::{Exit, Failure};
use crate::store::home::Home;

/// How long shims may take to flush and end once their agent has ended.
const GRACE: Duration = Duration::from_secs(2);

/// How often a run without a gate looks for the next one: in between, what the agent starts is not known
/// to be below it.
const RENEWAL: Duration = Duration::from_millis(100);

/// Starts the agent and stays until it ends.
///
/// # Errors
/// When it cannot be started.
pub(super) fn work(
    plan: &Plan,
    home: &Home,
    link: &mut Link,
    signals: &Signals,
    terminal: &mut Terminal,
) -> Result<ExitCode, Failure> {
    // Only now: a gate or a multiplexer's client that was started before is none of the agent's.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(|error| {
        Failure::new(Exit::Broken, format_args!("become the agent's subreaper: {error}"))
    })?;
    let before = children();
    let left_behind =
        || -> Vec<i32> { children().into_iter().filter(|child| !before.contains(child)).collect() };
    let agent = start(plan)?;
    let mut forward_to = Some(agent);
    let mut until = None;
    let mut code = ExitCode::SUCCESS;
    loop {
        if let Some(status) = reap(agent) {
            forward_to = None;
            code = exit_code(status);
            until = Some(Instant::now() + GRACE);
            terminal.restore();
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if forward_to.is_none() && (left == Some(Duration::ZERO) || left_behind().is_empty()) {
            break;
        }
        link.renew(home);
        let left = if link.is_gone() { left.or(Some(RENEWAL)) } else { left };
        match signals.wait(link.descriptor(), None, left) {
            Woke::Gate => match link.take_news() {
                Change::MoreWait => terminal.ring(),
                Change::Quiet => {}
            },
            Woke::Signal(SIGCHLD) | Woke::Key | Woke::Time => {}
            Woke::Signal(signal) => forward(signal, forward_to, terminal),
        }
    }
    let left_behind: Vec<String> = left_behind().iter().map(i32::to_string).collect();
    if !left_behind.is_empty() {
        tell(format_args!("the agent left processes running: {}", left_behind.join(" ")));
    }
    if link.is_gone() {
        tell("the gate went away during this run; see `tollgate sessions verify`");
    }
    Ok(code)
}

fn start(plan: &Plan) -> Result<Pid, Failure> {
    let program = plan.argv.first().map_or(OsStr::new(""), |program| program.as_os_str());
    let mut command = Command::new(program);
    command.args(plan.argv.iter().skip(1)).envs(plan.env.iter().map(|(k, v)| (k, v)));
    // `reap` waits for it, with all that it leaves behind.
    let child = command.spawn().map_err(|error| {
        let program = program.to_string_lossy();
        Failure::new(Exit::Usage, format_args!("start {program}: {error}"))
    })?;
    Ok(Pid::from_child(&child))
}

/// Takes every child that ended, and says how the agent did if it is among them. An agent that stopped
/// itself stops us, so that the shell notices; when we go on, it does.
fn reap(agent: Pid) -> Option<WaitStatus> {
    let mut ended = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            Ok(Some((pid, status))) if status.stopped() => {
                if pid == agent {
                    rustix::process::kill_process(rustix::process::getpid(), Signal::STOP).ok();
                    rustix::process::kill_process(agent, Signal::CONT).ok();
                }
            }
            Ok(Some((pid, status))) => {
                if pid == agent {
                    ended = Some(status);
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => return ended,
        }
    }
}

/// Passes a signal on, unless the terminal has sent it to the agent already.
fn forward(signal: i32, agent: Option<Pid>, terminal: &Terminal) {
    let Some(agent) = agent else { return };
    let signal = match signal {
        SIGINT if !terminal.is_ours() => Signal::INT,
        SIGQUIT if !terminal.is_ours() => Signal::QUIT,
        SIGTERM => Signal::TERM,
        SIGHUP => Signal::HUP,
        _ => return,
    };
    // It may have ended just now.
    rustix::process::kill_process(agent, signal).ok();
}

fn exit_code(status: WaitStatus) -> ExitCode {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|n| 128 + n));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}

/// Our children's process numbers: the agent and what its descendants orphaned. A gate that a shim started
/// is nobody's child but by accident ours.
fn children() -> Vec<i32> {
    let path = format!("/proc/self/task/{}/children", rustix::process::getpid());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid| !is_gate(*pid))
        .collect()
}

fn is_gate(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0);
    let program = words.next().unwrap_or_default();
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.starts_with(b"tollgate") && words.next() == Some(b"gate")
}
