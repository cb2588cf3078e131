//! What the gate costs, against a direct server and a minimal relay, in one run: `cargo bench`.
//!
//! Everything is measured side by side in interleaved rounds, so that a busy machine disturbs all of it
//! alike, and printed as figures, ratios and the budgets they are held against. A ratio is the middle one of those of
//! the rounds: what it compares was measured within the same milliseconds. The gate has a policy of a hundred rules,
//! and the server a hundred tools, all of them pinned. Started with `echo` or
//! `relay` as its first argument, the same binary is the server or the relay.
//!
//! `TOLLGATE_BENCH_CALLS` is the number of calls of the memory measurement (a million takes minutes and
//! a few hundred megabytes of recordings), `TOLLGATE_BENCH_ROUNDS` the number of rounds of the others.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::{env, io};

mod console;
mod echo;
mod home;
mod load;
mod peer;
mod place;
mod relay;
mod report;
#[path = "../shared/rules.rs"]
mod rules;
mod start;
mod stats;

use home::Home;
use peer::Peer;
use place::Place;
use report::Report;

/// The measured program: `TOLLGATE_BENCH_BINARY`, else what cargo built with this bench. That one is larger than what
/// `cargo build --release` gives, because the tests' dependencies ask for more of the shared ones.
fn tollgate() -> PathBuf {
    env::var_os("TOLLGATE_BENCH_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_tollgate").into(), PathBuf::from)
}

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = env::args_os().skip(1);
    match arguments.next().as_ref().and_then(|first| first.to_str()) {
        Some("echo") => Ok(echo::serve(io::stdin().lock(), io::stdout().lock())?),
        Some("relay") => relay::run(&arguments.collect::<Vec<_>>()),
        _ => measure(),
    }
}

/// The three ways to the same server.
struct Ways {
    direct: Vec<OsString>,
    relay: Vec<OsString>,
    tollgate: Vec<OsString>,
}

impl Ways {
    fn new(home: &Home) -> io::Result<Self> {
        let this = env::current_exe()?.into_os_string();
        let direct = vec![this.clone(), "echo".into()];
        let relay = [vec![this, "relay".into()], direct.clone()].concat();
        Ok(Self { relay, tollgate: home.shim(&direct), direct })
    }
}

fn measure() -> Result<(), Failure> {
    let rounds = number("TOLLGATE_BENCH_ROUNDS", 30)?;
    let calls = number("TOLLGATE_BENCH_CALLS", 100_000)?;
    let home = Home::new(&tollgate())?;
    let ways = Ways::new(&home)?;
    let mut report = Report::default();
    // What was measured before something failed is worth seeing.
    let done = measure_all(&ways, &home, (rounds, calls), &mut report);
    println!("{report}");
    done
}

fn measure_all(
    ways: &Ways,
    home: &Home,
    (rounds, calls): (usize, usize),
    report: &mut Report,
) -> Result<(), Failure> {
    for place in [Place::Scheduled, Place::OneCore] {
        place.measure(home, || load::latency(ways, (rounds, place), report))?;
        place.measure(home, || load::throughput(ways, (rounds, place), report))?;
    }
    start::warm(ways, report)?;
    start::cold(ways, home, report)?;
    start::idle_sizes(ways, home, report)?;
    load::memory(ways, home, calls, report)?;
    // A new home: to the old one's gate this process is an agent, whose consoles may not answer.
    let home = Home::new(&tollgate())?;
    let ways = Ways::new(&home)?;
    for place in [Place::Scheduled, Place::OneCore] {
        place.measure(&home, || console::stopped(&ways, &home, (rounds, place), report))?;
    }
    console::ask_on_screen(&ways, &home, report)?;
    console::keys(&ways, &home, report)
}

fn number(variable: &str, default: usize) -> Result<usize, Failure> {
    match env::var(variable) {
        Ok(text) => text.parse().map_err(|error| format!("{variable}={text}: {error}").into()),
        Err(_) => Ok(default),
    }
}
