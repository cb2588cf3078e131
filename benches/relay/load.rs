//! Latency, throughput, and memory under load.

use crate::home::{Home, rss_bytes};
use crate::peer::Peer;
use crate::report::{Report, Row};
use crate::stats::{Samples, megabytes, micros, millis, ratio};
use crate::{Failure, Ways};

/// Bytes of the argument, calls of a round, and how many times the relay's cost is within budget.
const SIZES: &[(&str, usize, usize, f64, &str)] = &[
    ("1 kB", 1_000, 100, 1.5, "<= 1.5x the relay's"),
    ("10 kB", 10_000, 60, 3.0, "<= 3x the relay's"),
    ("100 kB", 100_000, 20, 2.0, "<= 2x the relay's"),
];

/// As many requests as a busy agent has under way.
const IN_FLIGHT: u64 = 64;

/// The three peers and their samples, in the order direct, relay, tollgate.
fn peers(ways: &Ways) -> Result<[(Peer, Samples); 3], Failure> {
    let start = |way| -> Result<_, Failure> { Ok((Peer::start(way)?, Samples::default())) };
    Ok([start(&ways.direct)?, start(&ways.relay)?, start(&ways.tollgate)?])
}

/// What a call takes longer than directly, through the relay and through the gate.
pub(crate) fn latency(ways: &Ways, rounds: usize, report: &mut Report) -> Result<(), Failure> {
    for (name, size, calls, limit, budget) in SIZES {
        let payload = "x".repeat(*size);
        let mut peers = peers(ways)?;
        // The first round warms caches and is not counted.
        for round in 0..=rounds {
            for (peer, samples) in &mut peers {
                for _ in 0..*calls {
                    let took = peer.call(&payload)?;
                    if round > 0 {
                        samples.push(took);
                    }
                }
            }
        }
        let [direct, relay, tollgate] = peers.map(|(_, samples)| samples);
        for (rank, label) in [(500, "p50"), (990, "p99")] {
            let base = direct.per_mille(rank);
            let by_relay = relay.per_mille(rank).saturating_sub(base);
            let by_gate = tollgate.per_mille(rank).saturating_sub(base);
            let figures = format!(
                "direct {}, relay +{}, gate +{}",
                micros(base),
                micros(by_relay),
                micros(by_gate)
            );
            // The tail is printed beside the median; the budget is on the median.
            let (limit, budget) = if rank == 500 { (*limit, *budget) } else { (f64::MAX, "-") };
            let what = format!("added latency, {name}, {label}");
            report.at_most(&what, figures, (ratio(by_gate, by_relay), limit), budget);
        }
    }
    Ok(())
}

/// Calls in a second with many under way.
pub(crate) fn throughput(ways: &Ways, rounds: usize, report: &mut Report) -> Result<(), Failure> {
    const COUNT: u64 = 1000;
    let payload = "x".repeat(1000);
    let mut peers = peers(ways)?;
    for round in 0..=rounds {
        for (peer, samples) in &mut peers {
            let took = peer.pipelined(&payload, COUNT, IN_FLIGHT)?;
            if round > 0 {
                samples.push(took);
            }
        }
    }
    let [direct, relay, tollgate] = peers.map(|(_, samples)| samples.median());
    let figures = format!(
        "1000 calls: direct {}, relay {}, gate {}",
        millis(direct),
        millis(relay),
        millis(tollgate)
    );
    let share = ratio(relay, tollgate);
    report.add(Row {
        what: "throughput, 64 in flight, 1 kB".to_owned(),
        figures,
        result: format!("{share:.2}x"),
        budget: ">= 0.5x the relay's",
        within: share >= 0.5,
    });
    Ok(())
}

/// The gate's memory early and late in a long session.
pub(crate) fn memory(
    ways: &Ways,
    home: &Home,
    calls: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    // Allocators keep what a burst needed; growth beyond this is a leak.
    const GROWTH_BYTES_MAX: u64 = 2_000_000;
    let mut peer = Peer::start(&ways.tollgate)?;
    let early = calls / 10;
    peer.pipelined("x", u64::try_from(early)?, IN_FLIGHT)?;
    let gate = home.gate_pid()?;
    let before = rss_bytes(gate)?;
    peer.pipelined("x", u64::try_from(calls - early)?, IN_FLIGHT)?;
    let after = rss_bytes(gate)?;
    peer.stop()?;
    let growth = after.saturating_sub(before);
    report.add(Row {
        what: format!("gate's memory over {calls} calls"),
        figures: format!("{} after {early}, {} at the end", megabytes(before), megabytes(after)),
        result: format!("+{}", megabytes(growth)),
        budget: "no growth (2 MB)",
        within: growth <= GROWTH_BYTES_MAX,
    });
    Ok(())
}
