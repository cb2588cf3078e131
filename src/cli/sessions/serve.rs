//! `tollgate sessions serve`: answers a client on stdin and stdout as a recorded server did. Stdout belongs to the
//! protocol; what does not fit the recording, and a summary at the end, go to stderr.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::cli::exit::{self, Exit, Failure};
use crate::cli::journals::{self, Scan, State};
use crate::engine::{At, limits};
use crate::journal::mock::{Due, Mock, Order, Script, Scripts, Summary, Turn};
use crate::protocol::framing::{Framer, Piece};

/// Read from stdin at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Lines that were read and not taken yet; a client that sends faster waits.
const LINES_MAX: usize = 64;

/// Arguments of `tollgate sessions serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A session's name, or a file.
    recording: String,
    /// The server to play, as the recording names it.
    #[arg(long, value_name = "NAME")]
    server: String,
    /// The connection to play, by its number in the recording; without it, of several connections of that server
    /// the one that the client's requests fit.
    #[arg(long, value_name = "N")]
    connection: Option<u32>,
    /// Take requests only in the recorded order, with the recorded parameters.
    #[arg(long, conflicts_with = "tolerant")]
    strict: bool,
    /// Take recorded requests in any order, as often as they come (the default).
    #[arg(long)]
    tolerant: bool,
    /// Answer at once, or after the time that the server took.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    delay: Delay,
    /// Serve the sound part of a recording whose chain is broken.
    #[arg(long)]
    force: bool,
}

/// When answers go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Delay {
    /// At once.
    #[default]
    None,
    /// As long after the request as recorded.
    Recorded,
}

/// Runs the subcommand.
#[must_use]
pub(super) fn main(args: &Args) -> ExitCode {
    exit::finish(run(args))
}

fn run(args: &Args) -> Result<Exit, Failure> {
    let scripts = choose(read(args)?, args)?;
    let several = scripts.len() > 1;
    let order = if args.strict { Order::Strict } else { Order::Tolerant };
    let begun = Instant::now();
    let mock = Mock::new(scripts, order, At::default())
        .ok_or_else(|| Failure::new(Exit::Usage, "nothing to serve"))?;
    let mut service = Service { mock, delay: args.delay, begun, queue: Vec::new() };
    service.converse()?;
    let Some(summary) = service.mock.summary() else { return Ok(Exit::Fine) };
    let exit = if summary.is_fine() { Exit::Fine } else { Exit::Findings };
    exit::say(exit, told(&summary, several));
    Ok(exit)
}

/// The connections of a recording, which must be sound, or its sound part with the operator's consent.
fn read(args: &Args) -> Result<Vec<Script>, Failure> {
    let path = journals::find(&args.recording)?;
    let mut scripts = Scripts::default();
    let Scan { state, problem, .. } = journals::scan(&path, |record, _| {
        scripts.record(&record);
        Ok::<_, Failure>(())
    })?;
    match (state, problem) {
        (State::Broken, Some(problem)) if !args.force => {
            let why = format!("{problem}; --force serves what is sound before it");
            return Err(Failure::new(Exit::Broken, why));
        }
        (_, Some(problem)) => {
            exit::say(Exit::Fine, problem);
        }
        (_, None) => {}
    }
    Ok(scripts.finish())
}

/// The connections of the wanted server.
fn choose(scripts: Vec<Script>, args: &Args) -> Result<Vec<Script>, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let mut names: Vec<String> = scripts.iter().map(|script| script.server.clone()).collect();
    names.sort();
    names.dedup();
    let (mine, others): (Vec<Script>, Vec<Script>) =
        scripts.into_iter().partition(|script| script.server == args.server);
    if mine.is_empty() {
        let names = names.join(", ");
        let names = if names.is_empty() { "no server at all".to_owned() } else { names };
        return Err(usage(format!(
            "the recording has no server `{}`; it has {names}",
            args.server
        )));
    }
    let Some(wanted) = args.connection else { return Ok(mine) };
    let numbers: Vec<String> = mine.iter().map(|script| script.conn.0.to_string()).collect();
    let chosen: Vec<Script> = mine.into_iter().filter(|script| script.conn.0 == wanted).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let of = others.iter().find(|script| script.conn.0 == wanted).map_or_else(
        || "is not in the recording".to_owned(),
        |script| format!("is of the server `{}`", script.server),
    );
    let numbers = numbers.join(", ");
    Err(usage(format!("connection {wanted} {of}; `{}` has {numbers}", args.server)))
}

/// The conversation.
struct Service {
    mock: Mock,
    delay: Delay,
    begun: Instant,
    /// Lines on their way, in the order in which they go out.
    queue: Vec<Due>,
}

impl Service {
    /// Until the client closes its end and all that is due is out.
    fn converse(&mut self) -> Result<(), Failure> {
        let opening = self.mock.begin(At::default());
        self.enqueue(opening);
        let lines = client();
        let mut open = true;
        loop {
            if !self.write()? {
                return Ok(());
            }
            let wait = self.queue.first().map(|due| self.left(due.at));
            let line = match (open, wait) {
                (true, Some(wait)) => lines.recv_timeout(wait),
                (true, None) => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
                (false, Some(wait)) => {
                    std::thread::sleep(wait);
                    continue;
                }
                (false, None) => return Ok(()),
            };
            match line {
                Ok(line) => {
                    let Turn { lines, deviations } = self.mock.receive(&line, self.now());
                    for deviation in deviations {
                        exit::say(Exit::Findings, deviation);
                    }
                    self.enqueue(lines);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => open = false,
            }
        }
    }

    fn enqueue(&mut self, lines: Vec<Due>) {
        for due in lines {
            let at = match self.delay {
                Delay::None => At::default(),
                Delay::Recorded => due.at,
            };
            let behind = self.queue.partition_point(|other| other.at <= at);
            self.queue.insert(behind, Due { at, ..due });
        }
    }

    /// Writes what is due; `false` when the client has closed its end.
    fn write(&mut self) -> Result<bool, Failure> {
        let now = self.now();
        let due = self.queue.partition_point(|due| due.at <= now);
        let mut out = Vec::new();
        for due in self.queue.drain(..due) {
            out.extend_from_slice(&due.line);
            out.push(b'\n');
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(&out).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Microseconds since the start.
    fn now(&self) -> At {
        At(u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn left(&self, at: At) -> Duration {
        Duration::from_micros(at.0.saturating_sub(self.now().0))
    }
}

/// The client's lines, until it closes its end.
fn client() -> Receiver<Bytes> {
    let (send, lines) = sync_channel(LINES_MAX);
    std::thread::spawn(move || {
        let mut framer = Framer::new(limits::LINE_BYTES_MAX);
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut stdin = io::stdin().lock();
        // The head of a line that is too long is no message, and is answered as such.
        let line = |piece| match piece {
            Piece::Line(line) | Piece::TooLong { head: line, .. } => line,
        };
        loop {
            let read = match stdin.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            framer.push(chunk.get(..read).unwrap_or_default());
            while let Some(piece) = framer.next() {
                if send.send(line(piece)).is_err() {
                    return;
                }
            }
        }
        while let Some(piece) = framer.finish() {
            if send.send(line(piece)).is_err() {
                return;
            }
        }
    });
    lines
}

fn told(summary: &Summary, several: bool) -> String {
    let Summary { conn, requests, came, deviations, missing } = summary;
    let connection = if several { format!("connection {}: ", conn.0) } else { String::new() };
    let missing = missing.as_ref().map_or_else(String::new, |(record, what)| {
        format!("; the first that did not come is record {record}: {what}")
    });
    let misfits = match deviations {
        0 => "every line fitted".to_owned(),
        1 => "1 line did not fit".to_owned(),
        many => format!("{many} lines did not fit"),
    };
    format!("{connection}{came} of {requests} recorded requests came, {misfits}{missing}")
}
