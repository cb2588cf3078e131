//! The demo in a terminal: the console takes it, the user answers.

use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::demo::stage::{Stage, no_gate};
use crate::cli::demo::watcher::Watcher;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{journals, lines::Follow};
use crate::gate::client::{self, Start};
use crate::wire::{self, Reply};

/// What the user should know before the console takes the screen.
const BEFORE: &str = "\
An agent is about to prepare a release, with two tool servers: files and mail.
Everything that it calls passes the gate. Reading goes on by itself, deleting
is forbidden; writing a file and sending a mail wait for you, and so does a tool
that turns bad once a mail was sent:

  A  opens the oldest call that waits
  a  allows it, with a y or a code        d  denies it

The story takes a minute, and longer if you take your time: a call that nobody
answers is denied after 65 seconds. When the top line says `0 sessions`, the
agent is done: leave with q.

Press Enter to begin.";
/// A console that does not attach in this time does not come.
const ATTACH_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at console and agent.
const LOOK: Duration = Duration::from_millis(100);

/// Plays the story before the user, and sums up.
pub(super) fn play(stage: &mut Stage) -> Result<Exit, Failure> {
    let mut out = io::stdout();
    writeln!(out, "{BEFORE}")?;
    out.flush()?;
    if !enter(stage)? {
        return Ok(Exit::Fine);
    }
    let mut console = open_console(stage)?;
    let played = beside(stage, &mut console);
    close(&mut console);
    played?;
    sum_up(stage)?;
    // The agent may still be at work: it and the gate get a moment to end in order.
    writeln!(io::stdout(), "\nClearing up …")?;
    Ok(Exit::Fine)
}

/// Waits for Enter; `false` at the end of input. Polled, because a read would go on over Ctrl-C.
fn enter(stage: &Stage) -> Result<bool, Failure> {
    let broken = |error| Failure::new(Exit::Broken, format_args!("read the terminal: {error}"));
    let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    let stdin = io::stdin();
    while !stage.interrupted() {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&wait)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => {
                let mut line = String::new();
                return stdin.read_line(&mut line).map(|read| read > 0).map_err(broken);
            }
            Err(error) => return Err(broken(error.into())),
        }
    }
    Err(Failure::new(Exit::Findings, "interrupted"))
}

fn open_console(stage: &Stage) -> Result<Child, Failure> {
    let broken = |error| Failure::new(Exit::Broken, format_args!("open the console: {error}"));
    Command::new(std::env::current_exe().map_err(broken)?)
        .arg("console")
        .env("TOLLGATE_HOME", stage.path())
        .spawn()
        .map_err(broken)
}

/// Starts the agent once the console may answer, and waits for the user to leave.
fn beside(stage: &mut Stage, console: &mut Child) -> Result<(), Failure> {
    let until = Instant::now() + ATTACH_LIMIT;
    while !attended(stage)? {
        let gone = !matches!(console.try_wait(), Ok(None));
        if gone || Instant::now() > until || stage.interrupted() {
            return Err(Failure::new(Exit::Broken, "the console did not open"));
        }
        std::thread::sleep(LOOK);
    }
    stage.start_agent(false, Stdio::null())?;
    while matches!(console.try_wait(), Ok(None)) && !stage.interrupted() {
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn attended(stage: &Stage) -> Result<bool, Failure> {
    let reply = client::command(stage.home(), Start::Never, wire::Command::Status {});
    Ok(match reply.map_err(no_gate)? {
        Reply::Status(status) => status.consoles.iter().any(|console| console.may_answer),
        Reply::Done {} | Reply::Refused { .. } | Reply::Tickets { .. } | Reply::Run { .. } => false,
    })
}

/// A console that is still there restores the terminal on this signal.
fn close(console: &mut Child) {
    let pid = i32::try_from(console.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let (Some(pid), Ok(None)) = (pid, console.try_wait()) {
        // It may have gone by itself just now.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
    console.wait().ok();
}

/// One line per call, from the recording.
fn sum_up(stage: &Stage) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let Some(path) = journals::all_of(stage.home())?.into_iter().next() else {
        return Ok(());
    };
    let (mut follow, mut watcher) = (Follow::default(), Watcher::new());
    journals::scan(&path, |record, _| {
        watcher.line(&follow.line(&record));
        Ok::<_, Failure>(())
    })?;
    writeln!(out, "What happened:")?;
    for played in watcher.calls.iter().filter(|played| played.number.is_some()) {
        writeln!(out, "  {}", played.say())?;
    }
    Ok(())
}
