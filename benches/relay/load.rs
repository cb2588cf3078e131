//! Latency, throughput, and memory under load.

use std::time::Duration;

use crate::home::{Home, rss_bytes};
use crate::peer::Peer;
use crate::place::Place;
use crate::report::{Report, Row};
use crate::stats::{Samples, megabytes, micros, middle, millis, ratio};
use crate::{Failure, Ways};

/// Bytes of the argument, calls of a round, and how many times the relay's cost is within budget.
const SIZES: &[(&str, usize, usize, f64, &str)] = &[
    ("1 kB", 1_000, 100, 1.5, "<= 1.5x the relay's"),
    ("10 kB", 10_000, 60, 3.0, "<= 3x the relay's"),
    ("100 kB", 100_000, 20, 2.0, "<= 2x the relay's"),
];

/// Rounds with the same processes. Where the scheduler puts them once they often stay, so a few are started anew: one
/// placing must not decide what a whole run says.
pub(crate) const ROUNDS_OF_A_START: usize = 3;

/// As many requests as a busy agent has under way.
const IN_FLIGHT: u64 = 64;

/// What is sent and comes back: words, a path and numbers, as notes and logs have them.
fn text(bytes: usize) -> String {
    const LINE: &str = "Moved 12 files to src/inspect on Thursday (see notes/2026/team.md, line 42), and ran its tests again. ";
    LINE.chars().cycle().take(bytes).collect()
}

/// The three peers, in the order direct, relay, tollgate.
fn peers(ways: &Ways) -> Result<[Peer; 3], Failure> {
    let start = Peer::start_and_list;
    Ok([start(&ways.direct)?, start(&ways.relay)?, start(&ways.tollgate)?])
}

/// What a call takes longer than directly, through the relay and through the gate.
pub(crate) fn latency(
    ways: &Ways,
    (rounds, place): (usize, Place),
    report: &mut Report,
) -> Result<(), Failure> {
    for (name, size, calls, limit, budget) in SIZES {
        let payload = text(*size);
        let mut samples: [Samples; 3] = Default::default();
        let mut ratios = Vec::new();
        for _ in 0..rounds.div_ceil(ROUNDS_OF_A_START) {
            let mut peers = peers(ways)?;
            // The first round warms caches and is not counted.
            for round in 0..=ROUNDS_OF_A_START {
                let mut middles = [Duration::ZERO; 3];
                for ((peer, samples), middle) in
                    peers.iter_mut().zip(&mut samples).zip(&mut middles)
                {
                    let mut these = Samples::default();
                    for _ in 0..*calls {
                        these.push(peer.call(&payload)?);
                    }
                    *middle = these.median();
                    if round > 0 {
                        samples.append(these);
                    }
                }
                if round > 0 {
                    let [direct, relay, gate] = middles;
                    ratios.push(added(direct, relay, gate));
                }
            }
        }
        let what = |rank| format!("added latency, {name}, {rank}{}", place.suffix());
        let [direct, relay, gate] = samples;
        let figures = |rank| {
            let base = direct.per_mille(rank);
            let by_relay = relay.per_mille(rank).saturating_sub(base);
            let by_gate = gate.per_mille(rank).saturating_sub(base);
            format!(
                "direct {}, relay +{}, gate +{}",
                micros(base),
                micros(by_relay),
                micros(by_gate)
            )
        };
        report.at_most(&what("p50"), figures(500), (middle(ratios), *limit), budget);
        // The tail is printed beside the median; the budget is on the median.
        let [direct, relay, gate] = [&direct, &relay, &gate].map(|samples| samples.per_mille(990));
        let tail = added(direct, relay, gate);
        report.at_most(&what("p99"), figures(990), (tail, f64::INFINITY), "-");
    }
    Ok(())
}

/// How many times the relay's added time the gate's is. A relay that adds nothing measurable counts against the gate.
fn added(direct: Duration, relay: Duration, gate: Duration) -> f64 {
    match (relay.saturating_sub(direct), gate.saturating_sub(direct)) {
        (_, Duration::ZERO) => 0.0,
        (Duration::ZERO, _) => f64::INFINITY,
        (relay, gate) => ratio(gate, relay),
    }
}

/// Calls in a second with many under way.
pub(crate) fn throughput(
    ways: &Ways,
    (rounds, place): (usize, Place),
    report: &mut Report,
) -> Result<(), Failure> {
    const COUNT: u64 = 1000;
    let payload = text(1000);
    let mut samples: [Samples; 3] = Default::default();
    let mut ratios = Vec::new();
    for _ in 0..rounds.div_ceil(ROUNDS_OF_A_START) {
        let mut peers = peers(ways)?;
        for round in 0..=ROUNDS_OF_A_START {
            let mut times = [Duration::ZERO; 3];
            for ((peer, samples), time) in peers.iter_mut().zip(&mut samples).zip(&mut times) {
                *time = peer.pipelined(&payload, COUNT, IN_FLIGHT)?;
                if round > 0 {
                    samples.push(*time);
                }
            }
            if round > 0 {
                let [_, relay, gate] = times;
                ratios.push(ratio(relay, gate));
            }
        }
    }
    let [direct, relay, tollgate] = samples.map(|samples| samples.median());
    let figures = format!(
        "1000 calls: direct {}, relay {}, gate {}",
        millis(direct),
        millis(relay),
        millis(tollgate)
    );
    let share = middle(ratios);
    report.add(Row {
        what: format!("throughput, 64 in flight, 1 kB{}", place.suffix()),
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
    let mut peer = Peer::start_and_list(&ways.tollgate)?;
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
