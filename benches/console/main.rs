//! What the console costs with a million calls: a frame, memory, and a recording on a real terminal.
//! `cargo bench --bench console`; `TOLLGATE_BENCH_CALLS` is the number of calls.
#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::error::Error;
use std::time::Duration;

mod frames;
mod recording;
mod terminal;

type Failure = Box<dyn Error>;

/// The measured program.
const TOLLGATE: &str = env!("CARGO_BIN_EXE_tollgate");

fn main() -> Result<(), Failure> {
    let calls = match std::env::var("TOLLGATE_BENCH_CALLS") {
        Ok(text) => text.parse()?,
        Err(_) => 1_000_000,
    };
    println!("{:40} {:>24}  budget", format!("console with {calls} calls"), "measured");
    frames::measure(calls)?;
    terminal::measure(calls)
}

/// One line of the report.
fn row(what: &str, measured: &str, budget: &str, within: bool) {
    let sign = if within { "" } else { "  OVER" };
    println!("{what:40} {measured:>24}  {budget}{sign}");
}

/// The value that so many of a thousand samples do not exceed.
fn per_mille(samples: &mut [Duration], rank: usize) -> Duration {
    samples.sort_unstable();
    let at = samples.len().saturating_mul(rank) / 1000;
    samples.get(at).or(samples.last()).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

/// Resident memory of a process, in bytes.
fn resident(pid: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
