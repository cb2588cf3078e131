//! What waits must be small. `cargo bench` prints the figures; these guards hold at three times the budget, so
//! that they speak of mistakes and not of a busy machine. Latencies are the bench's alone: an unoptimised
//! build beside other tests has none worth guarding.

use std::fs;

use rustix::process::Pid;
use serde_json::json;

use crate::bed::{Bed, until};

/// Three times 4 MB.
const SHIM_BYTES_MAX: u64 = 12_000_000;
/// Three times 25 MB.
const GATE_BYTES_MAX: u64 = 75_000_000;

fn resident_bytes(pid: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn an_idle_shim_and_an_idle_gate_are_small() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    for id in 1..20 {
        agent.call(id, "read_file", &json!({ "path": "a" }));
        agent.result(id);
    }
    // It executes itself anew once it has nothing to do.
    until("a small shim", || {
        let shim = resident_bytes(bed.shim_pid());
        (shim > 0 && shim <= SHIM_BYTES_MAX).then_some(())
    });
    let gate = resident_bytes(bed.gate().unwrap());
    assert!(gate > 0 && gate <= GATE_BYTES_MAX, "{gate} bytes");
}
