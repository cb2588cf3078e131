//! Requests of the command line, and the check that every answer passes.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::engine::{Answer, Digest, Lifetime, Operator, TicketId};
use crate::gate::authority::{Peer, Standing};
use crate::gate::client::build;
use crate::gate::controls;
use crate::gate::hub::{Hub, Waker};
use crate::gate::sessions::Sessions;
use crate::policy::Risk;
use crate::proxy::link::send;
use crate::proxy::session::{AnswerTo, Inbox, Posted, RevealTo};
use crate::wire::{
    AnswerLine, AnswerWord, Command, ControlLine, ControlWord, Reply, RevealLine, RunHello,
    RunNews, StatusLine,
};

/// A session's loop takes an answer within this time unless it hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// A session's beginning is on file within this time unless the disk hangs.
const BEGINNING_LIMIT: Duration = Duration::from_millis(900);

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A console that may.
    Console(u32),
    /// The command line.
    Command(Peer),
}

/// Passes an answer on, if it may be given at all.
///
/// 1. Denying is free.
/// 2. A console's yes to a high-risk ticket needs the code that its card shows.
/// 3. A command's yes needs the code from medium risk on, and only a console shows codes.
/// 4. The engine takes the answer only for the digest that was shown.
pub(super) fn answer(hub: &Hub, line: &AnswerLine, by: By) -> Result<(), String> {
    let (inbox, risk, code) = waiting(hub, &line.session, line.ticket)?;
    let allows =
        matches!(line.answer, AnswerWord::Allow {} | AnswerWord::Remember { allow: true, .. });
    if allows {
        let from = match by {
            By::Console(_) => Risk::High,
            By::Command(_) => Risk::Medium,
        };
        if risk >= from && (code.is_empty() || line.code.as_deref() != Some(code.as_str())) {
            return Err(format!(
                "a {} risk call is allowed with the code that its card in the console shows",
                risk.word()
            ));
        }
    }
    let (taken, result) = sync_channel(1);
    let posted = inbox.post(Posted::Answer(AnswerTo {
        ticket: TicketId(line.ticket),
        digest: Digest(line.digest.clone()),
        answer: meant(&line.answer)?,
        by: Operator(match by {
            By::Console(number) => format!("console {number}"),
            By::Command(peer) => peer.describe(),
        }),
        unread: line.unread && allows,
        taken,
    }));
    if !posted {
        return Err("the session is over or too busy to take the answer".to_owned());
    }
    result
        .recv_timeout(ANSWER_LIMIT)
        .unwrap_or_else(|_| Err("the session did not take the answer in time".to_owned()))
}

/// The way to the session of a call that waits, its risk, and the code that its card shows.
fn waiting(hub: &Hub, session: &str, ticket: u64) -> Result<(Inbox, Risk, String), String> {
    let state = hub.state();
    let gone = || format!("#{ticket} of {session} does not wait (any more)");
    let (waiting, code) = state.find(session, ticket).ok_or_else(gone)?;
    let known = state.sessions.get(session).ok_or_else(gone)?;
    Ok((known.inbox.clone(), waiting.held.risk, code.clone()))
}

/// The arguments of a waiting call with their secrets, for a console that may answer it.
pub(super) fn reveal(hub: &Hub, line: &RevealLine, console: u32) -> Result<String, String> {
    let (inbox, ..) = waiting(hub, &line.session, line.ticket)?;
    let (shown, result) = sync_channel(1);
    let posted = inbox.post(Posted::Reveal(RevealTo {
        ticket: TicketId(line.ticket),
        digest: Digest(line.digest.clone()),
        by: Operator(format!("console {console}")),
        shown,
    }));
    if !posted {
        return Err("the session is over or too busy to show it".to_owned());
    }
    result
        .recv_timeout(ANSWER_LIMIT)
        .unwrap_or_else(|_| Err("the session did not show it in time".to_owned()))
}

/// What a console says, as the engine takes it.
fn meant(word: &AnswerWord) -> Result<Answer, String> {
    Ok(match word {
        AnswerWord::Allow {} => Answer::Allow,
        AnswerWord::Deny { reason } => Answer::Deny { reason: reason.clone() },
        AnswerWord::Edit { arguments } => Answer::Edit { arguments: arguments.clone() },
        AnswerWord::Remember { allow, scope, lifetime, reason } => Answer::Remember {
            allow: *allow,
            scope: scope
                .as_ref()
                .map(|scope| serde_json::from_str(scope))
                .transpose()
                .map_err(|error| format!("read the scope: {error}"))?,
            lifetime: Lifetime::parse(lifetime).ok_or("say minutes, session or unchanged")?,
            why: reason.clone(),
        },
    })
}

/// Answers one command.
pub(super) fn serve(sessions: &Arc<Sessions>, stream: &UnixStream, peer: Peer, command: Command) {
    let hub = &sessions.hub;
    let reply = match command {
        Command::Status {} => {
            let state = hub.state();
            Reply::Status(Box::new(StatusLine {
                pid: std::process::id(),
                build: build(),
                sessions: state.session_lines(),
                consoles: state.consoles.values().cloned().collect(),
            }))
        }
        Command::Tickets {} => Reply::Tickets { tickets: hub.state().ticket_lines() },
        Command::Answer(line) => done(answer_command(hub, peer, &line)),
        Command::Ask { what } => done(outside(hub, peer, &what)),
        Command::Operator { what } => done(operator(hub, peer, &what)),
        Command::Revoke { server, tool } => {
            let may = operator(hub, peer, "pins revoke");
            done(may.and_then(|()| sessions.revoke(&server, tool.as_deref())))
        }
        Command::Control(line) => done(control_command(hub, peer, &line)),
        Command::Stop {} => {
            done(operator(hub, peer, "stop").map(|()| sessions.stop("stopped by the operator")))
        }
        Command::Leave {} => done(operator(hub, peer, "leave").map(|()| sessions.leave())),
        Command::Run(hello) => {
            // A run that comes back is a wrapped agent's root itself: the session tells it by its process.
            let may = match &hello.session {
                Some(_) => Ok(()),
                None => outside(hub, peer, "run"),
            };
            match may {
                Ok(()) => run(sessions, stream, peer, hello),
                Err(why) => {
                    // A run that does not listen has ended.
                    let _gone = send(stream, &Reply::Refused { why }, &[]);
                }
            }
            return;
        }
    };
    // A command that does not wait for its answer needs none.
    let _gone = send(stream, &reply, &[]);
    if sessions.is_stopping() {
        sessions.look();
    }
}

fn done(result: Result<(), String>) -> Reply {
    match result {
        Ok(()) => Reply::Done {},
        Err(why) => Reply::Refused { why },
    }
}

fn answer_command(hub: &Hub, peer: Peer, line: &AnswerLine) -> Result<(), String> {
    match line.answer {
        AnswerWord::Deny { .. } => {}
        AnswerWord::Allow {} => outside(hub, peer, "approve")?,
        AnswerWord::Remember { .. } => operator(hub, peer, "remember")?,
        AnswerWord::Edit { .. } => return Err("edit the call in a console".to_owned()),
    }
    answer(hub, line, By::Command(peer))
}

/// Pausing is free to anyone who is no agent. A hold takes another's place, so that it may loosen, too: that and the
/// rest is the operator's.
fn control_command(hub: &Hub, peer: Peer, line: &ControlLine) -> Result<(), String> {
    match line.control {
        ControlWord::Pause {} => outside(hub, peer, "sessions pause")?,
        ControlWord::Hold { .. } | ControlWord::Unhold {} => operator(hub, peer, "hold")?,
        ControlWord::Resume {} => operator(hub, peer, "sessions resume")?,
        ControlWord::Confirm { .. } => operator(hub, peer, "policy confirm")?,
        ControlWord::Forget { .. } => operator(hub, peer, "forget")?,
        ControlWord::Rule { .. } => operator(hub, peer, "pins approve")?,
        ControlWord::Stop {} | ControlWord::StopServer { .. } => {
            operator(hub, peer, "sessions kill")?;
        }
    }
    controls::control(hub, line, &Operator(peer.describe()))
}

/// Outside every wrapped agent, with or without a terminal.
fn outside(hub: &Hub, peer: Peer, what: &str) -> Result<(), String> {
    match hub.standing(peer, what) {
        Standing::NoTerminal => Ok(()),
        other @ (Standing::Operator | Standing::Wrapped(_) | Standing::Unknown) => {
            hub.is_operator(&other)
        }
    }
}

/// Outside every wrapped agent, at a terminal.
fn operator(hub: &Hub, peer: Peer, what: &str) -> Result<(), String> {
    hub.is_operator(&hub.standing(peer, what))
}

/// Waits until the session's first record is on file: a run whose gate dies can come back only to a session that
/// has a beginning. A disk that takes longer than the limit is waited for no more.
fn wait_for_beginning(hub: &Hub, name: &str, waker: &Waker) {
    let until = Instant::now() + BEGINNING_LIMIT;
    loop {
        waker.clear();
        let begun = hub.state().sessions.get(name).is_none_or(|session| {
            session.ended || session.trouble.is_some() || session.bytes.load(Ordering::Relaxed) > 0
        });
        let left = until.saturating_duration_since(Instant::now());
        if begun || left.is_zero() {
            return;
        }
        let left = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        // Interrupted or not, the next turn looks again.
        let _ready = poll(&mut [PollFd::new(waker, PollFlags::IN)], Some(&left));
    }
}

/// Holds a `tollgate run` session open as long as its connection lives, and tells it what waits.
fn run(sessions: &Arc<Sessions>, stream: &UnixStream, peer: Peer, hello: RunHello) {
    let hub = &sessions.hub;
    let name = match sessions.begin_run(peer, hello) {
        Ok(name) => name,
        Err(why) => {
            let _gone = send(stream, &Reply::Refused { why }, &[]);
            return;
        }
    };
    let Ok(waker) = Waker::new() else { return };
    hub.listen(&waker);
    wait_for_beginning(hub, &name, &waker);
    let mut listens = send(stream, &Reply::Run { session: name.clone() }, &[]).is_ok();
    let mut told = None;
    while listens {
        waker.clear();
        let now = {
            let state = hub.state();
            let waiting = state.sessions.get(&name).map_or(0, |session| session.waiting.len());
            (u32::try_from(waiting).unwrap_or(u32::MAX), state.answering())
        };
        if told != Some(now) {
            told = Some(now);
            listens = send(stream, &RunNews { waiting: now.0, answering: now.1 }, &[]).is_ok();
        }
        let mut fds = [PollFd::new(stream, PollFlags::IN), PollFd::new(&waker, PollFlags::IN)];
        if poll(&mut fds, None).is_ok() {
            let [from_run, _] = &fds;
            // `run` says nothing more: whatever comes is its end.
            listens &= from_run.revents().is_empty();
        }
    }
    hub.unlisten(&waker);
    sessions.release(&name);
}
