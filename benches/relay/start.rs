//! What a start costs, and what waits in memory.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::home::{Home, rss_bytes};
use crate::report::{Report, Row};
use crate::stats::{Samples, megabytes, millis};
use crate::{Failure, Peer, Ways};

/// From nothing to the answer to `initialize`.
fn start(way: &[OsString]) -> Result<Duration, Failure> {
    let began = Instant::now();
    let peer = Peer::start(way)?;
    let took = began.elapsed();
    peer.stop()?;
    Ok(took)
}

fn added(what: &str, [direct, shim]: [Samples; 2], limit_ms: u64, budget: &'static str) -> Row {
    let (direct, shim) = (direct.median(), shim.median());
    let added = shim.saturating_sub(direct);
    Row {
        what: what.to_owned(),
        figures: format!("direct {}, shim {}", millis(direct), millis(shim)),
        result: format!("+{}", millis(added)),
        budget,
        within: added <= Duration::from_millis(limit_ms),
    }
}

/// With the gate running already.
pub(crate) fn warm(ways: &Ways, report: &mut Report) -> Result<(), Failure> {
    let mut samples = [Samples::default(), Samples::default()];
    // The gate stays because this connection does.
    let keeper = Peer::start(&ways.tollgate)?;
    for _ in 0..40 {
        for (samples, way) in samples.iter_mut().zip([&ways.direct, &ways.tollgate]) {
            samples.push(start(way)?);
        }
    }
    keeper.stop()?;
    report.add(added("start of a shim, gate running", samples, 4, "<= 4 ms"));
    Ok(())
}

/// With no gate running.
pub(crate) fn cold(ways: &Ways, home: &Home, report: &mut Report) -> Result<(), Failure> {
    let mut samples = [Samples::default(), Samples::default()];
    for _ in 0..10 {
        home.stop_gate()?;
        for (samples, way) in samples.iter_mut().zip([&ways.direct, &ways.tollgate]) {
            samples.push(start(way)?);
        }
    }
    report.add(added("start of a shim, no gate", samples, 25, "<= 25 ms"));
    Ok(())
}

/// After this time a shim that has nothing to do has made itself small.
const SETTLED: Duration = Duration::from_millis(2500);

/// A shim and a gate that wait, after a few calls; the gate new.
pub(crate) fn idle_sizes(ways: &Ways, home: &Home, report: &mut Report) -> Result<(), Failure> {
    home.stop_gate()?;
    let mut peer = Peer::start_and_list(&ways.tollgate)?;
    for _ in 0..10 {
        peer.call("x")?;
    }
    std::thread::sleep(SETTLED);
    let sizes = [
        ("an idle shim", rss_bytes(peer.pid())?, 4_000_000, "<= 4 MB"),
        ("an idle gate", rss_bytes(home.gate_pid()?)?, 25_000_000, "<= 25 MB"),
    ];
    peer.stop()?;
    for (what, bytes, limit, budget) in sizes {
        report.add(Row {
            what: what.to_owned(),
            figures: "resident".to_owned(),
            result: megabytes(bytes),
            budget,
            within: bytes <= limit,
        });
    }
    Ok(())
}
