//! The operator's short commands: `status`, `stop`, `tickets`, `approve`, `deny`, `home`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::cli::exit::{self, Exit, Failure};
use crate::engine::Lifetime;
use crate::gate::client::{self, ClientError, Start};
use crate::store::home::{Home, Registration};
use crate::text::Safe;
use crate::wire::{AnswerLine, AnswerWord, Command, Reply, TicketLine};

/// A stopped gate is gone within this time.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Arguments of `tollgate approve`.
#[derive(Debug, clap::Args)]
pub struct ApproveArgs {
    /// `SESSION.NUMBER`, as `tollgate tickets` lists it.
    ticket: String,
    /// The code that the card shows; needed from medium risk on.
    #[arg(long)]
    code: Option<String>,
    /// For how many calls it holds.
    #[arg(long, value_enum, default_value_t)]
    scope: Scope,
}

/// For how many calls an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Scope {
    /// This one.
    #[default]
    Once,
    /// And the later ones of this session with the same arguments.
    Session,
    /// And all later ones with the same arguments, until the tool's definition changes.
    Unchanged,
}

impl Scope {
    /// The lifetime of what is remembered, in the gate's words.
    fn lifetime(self) -> Option<Lifetime> {
        match self {
            Self::Once => None,
            Self::Session => Some(Lifetime::Session),
            Self::Unchanged => Some(Lifetime::Unchanged),
        }
    }

    fn word(self, allow: bool, reason: Option<String>) -> AnswerWord {
        match self.lifetime() {
            None if allow => AnswerWord::Allow {},
            None => AnswerWord::Deny { reason },
            Some(lifetime) => {
                let lifetime = lifetime.word().to_owned();
                AnswerWord::Remember { allow, scope: None, lifetime, reason }
            }
        }
    }
}

/// Arguments of `tollgate deny`.
#[derive(Debug, clap::Args)]
pub struct DenyArgs {
    /// `SESSION.NUMBER`, as `tollgate tickets` lists it.
    ticket: String,
    /// Your words to the agent.
    #[arg(long)]
    reason: Option<String>,
    /// For how many calls it holds.
    #[arg(long, value_enum, default_value_t)]
    scope: Scope,
}

/// Arguments of `tollgate home`.
#[derive(Debug, clap::Args)]
pub struct HomeArgs {
    #[command(subcommand)]
    what: HomeCommand,
}

#[derive(Debug, clap::Subcommand)]
enum HomeCommand {
    /// Let shims use this folder as a home.
    Add {
        /// An absolute path; made if it is not there.
        dir: PathBuf,
    },
    /// Let them not any more.
    Remove {
        /// The folder.
        dir: PathBuf,
    },
    /// Print the registered folders.
    List,
}

/// `tollgate status`.
#[must_use]
pub fn status() -> ExitCode {
    exit::finish(print_status())
}

fn print_status() -> Result<Exit, Failure> {
    let home = home()?;
    let status = match ask(&home, Command::Status {})? {
        Reply::Status(status) => status,
        other @ (Reply::Done {}
        | Reply::Refused { .. }
        | Reply::Tickets { .. }
        | Reply::Run { .. }) => {
            return Err(unexpected(&other));
        }
    };
    let mut out = io::stdout().lock();
    writeln!(out, "gate      tollgate {}, process {}", status.build, status.pid)?;
    writeln!(out, "home      {}", Safe::escape(&home.state_dir().to_string_lossy()))?;
    for session in status.sessions {
        let state = if session.ended { "ended" } else { "live" };
        let name = Safe::escape(&session.session);
        writeln!(
            out,
            "session   {name}  {state}  {} waiting  {} bytes",
            session.waiting, session.bytes
        )?;
        if let Some(trouble) = session.trouble {
            writeln!(out, "          {}", Safe::escape(&trouble))?;
        }
    }
    for console in status.consoles {
        let may = if console.may_answer { "may answer" } else { "watches" };
        writeln!(out, "console   {}  {}  {may}", console.console, Safe::escape(&console.tty))?;
    }
    Ok(Exit::Fine)
}

/// `tollgate stop`.
#[must_use]
pub fn stop() -> ExitCode {
    exit::finish(run_stop())
}

fn run_stop() -> Result<Exit, Failure> {
    let home = home()?;
    done(ask(&home, Command::Stop {})?)?;
    let since = Instant::now();
    while since.elapsed() < STOP_LIMIT {
        if matches!(client::connect(&home, Start::Never), Err(ClientError::None(_))) {
            return Ok(Exit::Fine);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(Failure::new(Exit::NoGate, "the gate was told to stop and has not ended yet"))
}

/// `tollgate tickets`.
#[must_use]
pub fn tickets() -> ExitCode {
    exit::finish(print_tickets())
}

fn print_tickets() -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    for ticket in waiting(&home()?)? {
        let left = u128::from(ticket.deadline_at).saturating_sub(now) / 1_000_000;
        writeln!(
            out,
            "{}.{}  {}  {}.{}  {left} s left  rule {}: {}",
            Safe::escape(&ticket.session),
            ticket.ticket,
            Safe::escape(&ticket.risk),
            Safe::escape(&ticket.server),
            Safe::escape(&ticket.tool),
            Safe::escape(&ticket.rule),
            Safe::escape(&ticket.why),
        )?;
    }
    Ok(Exit::Fine)
}

/// `tollgate approve`.
#[must_use]
pub fn approve(args: &ApproveArgs) -> ExitCode {
    exit::finish(answer(&args.ticket, args.scope.word(true, None), args.code.clone()))
}

/// `tollgate deny`.
#[must_use]
pub fn deny(args: &DenyArgs) -> ExitCode {
    let word = args.scope.word(false, args.reason.clone());
    exit::finish(answer(&args.ticket, word, None))
}

fn answer(name: &str, answer: AnswerWord, code: Option<String>) -> Result<Exit, Failure> {
    let home = home()?;
    let ticket = waiting(&home)?
        .into_iter()
        .find(|ticket| format!("{}.{}", ticket.session, ticket.ticket) == name)
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("{name} does not wait; `tollgate tickets` lists what does"),
            )
        })?;
    let TicketLine { session, ticket, digest, .. } = ticket;
    done(ask(
        &home,
        Command::Answer(AnswerLine { session, ticket, digest, answer, code, unread: false }),
    )?)
}

fn waiting(home: &Home) -> Result<Vec<TicketLine>, Failure> {
    match ask(home, Command::Tickets {})? {
        Reply::Tickets { tickets } => Ok(tickets),
        other @ (Reply::Done {} | Reply::Refused { .. } | Reply::Status(_) | Reply::Run { .. }) => {
            Err(unexpected(&other))
        }
    }
}

/// `tollgate home`.
#[must_use]
pub fn home_command(args: HomeArgs) -> ExitCode {
    exit::finish(run_home(args.what))
}

fn run_home(what: HomeCommand) -> Result<Exit, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let own = Home::own().map_err(usage)?;
    match what {
        HomeCommand::List => {
            let mut out = io::stdout().lock();
            for dir in own.registered().map_err(usage)? {
                writeln!(out, "{}", Safe::escape(&dir.to_string_lossy()))?;
            }
        }
        HomeCommand::Add { dir } => {
            outside_agents(&own, "home add")?;
            // Made first, so that nobody else can make it for us later.
            own.register(&dir, Registration::Add).map_err(usage)?;
            Home::below(&dir).prepare().map_err(usage)?;
        }
        HomeCommand::Remove { dir } => {
            outside_agents(&own, "home remove")?;
            own.register(&dir, Registration::Remove).map_err(usage)?;
        }
    }
    Ok(Exit::Fine)
}

/// Asks every gate that runs whether this process is below one of its agents.
///
/// # Errors
/// When one says so, or cannot be asked although it runs.
pub fn outside_agents(own: &Home, what: &str) -> Result<(), Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let others = own.registered().map_err(usage)?;
    let homes = std::iter::once(own.clone()).chain(others.iter().map(|dir| Home::below(dir)));
    for home in homes {
        let ask = || client::command(&home, Start::Never, Command::Ask { what: what.to_owned() });
        // A gate may end in the middle of the question; then there is none any more to ask.
        match ask().or_else(|_| ask()) {
            Ok(reply) => {
                done(reply)?;
            }
            Err(ClientError::None(_)) => {}
            Err(error) => return Err(Failure::new(Exit::NoGate, format!("failed to {error}"))),
        }
    }
    Ok(())
}

pub(in crate::cli) fn home() -> Result<Home, Failure> {
    Home::of_operator().map_err(|error| Failure::new(Exit::Usage, format!("failed to {error}")))
}

pub(in crate::cli) fn ask(home: &Home, command: Command) -> Result<Reply, Failure> {
    client::command(home, Start::Never, command)
        .map_err(|error| Failure::new(Exit::NoGate, format!("failed to {error}")))
}

/// Goes on only for the operator: who may is the gate's to say, which is started for that.
///
/// # Errors
/// When the gate says no, or there is none.
pub(in crate::cli) fn only(home: &Home, what: &str) -> Result<(), Failure> {
    let reply = client::command(home, Start::IfNeeded, Command::Operator { what: what.to_owned() });
    let reply = reply.map_err(|error| Failure::new(Exit::NoGate, format!("failed to {error}")))?;
    done(reply).map(|_| ())
}

pub(in crate::cli) fn done(reply: Reply) -> Result<Exit, Failure> {
    match reply {
        Reply::Done {} => Ok(Exit::Fine),
        Reply::Refused { why } => Err(Failure::new(Exit::Refused, why)),
        other @ (Reply::Status(_) | Reply::Tickets { .. } | Reply::Run { .. }) => {
            Err(unexpected(&other))
        }
    }
}

fn unexpected(reply: &Reply) -> Failure {
    match reply {
        Reply::Refused { why } => Failure::new(Exit::Refused, why),
        Reply::Done {} | Reply::Status(_) | Reply::Tickets { .. } | Reply::Run { .. } => {
            Failure::new(Exit::NoGate, "the gate answers something else than it was asked")
        }
    }
}
