//! What one call costs in the engine and the journal, without any descriptor: nanoseconds for a request and its
//! answer, by policy and size. `cargo bench --bench step`; a size behind `--` measures that one alone, for a profiler.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::time::Instant;

use bytes::Bytes;
use tollgate::engine::{Agent, At, ConnId, Engine, Event, Happening, Opened, Started, Unattended};
use tollgate::journal::write::Writer;
use tollgate::policy::{DEFAULT, shipped};
use tollgate::protocol::Side;

#[path = "shared/rules.rs"]
mod rules;

/// Calls that are timed at each size; the median of them is printed.
const ROUNDS: u64 = 2_000;
/// Length of the tool's description.
const DEFINITION_BYTES: usize = 1_500;

fn main() {
    println!(
        "{:<10} {:<10} {:>12} {:>12} {:>12}",
        "policy", "size", "step ns", "record ns", "together ns"
    );
    let sizes: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    let rules = rules::hundred_rules();
    for (name, policy) in [
        ("observe", shipped("observe").unwrap_or_default()),
        (DEFAULT, shipped(DEFAULT).unwrap_or_default()),
        ("100 rules", &rules),
    ] {
        for size in &sizes {
            let (step, record) = measure(policy, *size);
            println!("{name:<10} {size:<10} {step:>12} {record:>12} {:>12}", step + record);
        }
    }
}

/// Median nanoseconds of both steps, and of encoding both records.
fn measure(policy: &str, size: usize) -> (u128, u128) {
    let mut engine = Engine::new();
    let mut writer = Writer::default();
    let mut out = Vec::new();
    let mut take = |engine: &mut Engine, what: Happening| {
        let event = Event { at: At(0), what };
        let copy = event.clone();
        let begun = Instant::now();
        let step = engine.step(event);
        let stepped = Instant::now();
        out.clear();
        writer.append(&copy, &step, &mut out);
        (stepped - begun, stepped.elapsed())
    };
    let _started = take(&mut engine, Happening::Started(started(policy)));
    let _opened = take(&mut engine, Happening::Opened(opened()));
    // A definition of a usual length, which the default looks at.
    let list = r#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}"#;
    let _asked = take(&mut engine, frame(Side::Agent, list.to_owned()));
    let tools = format!(
        r#"{{"jsonrpc":"2.0","id":"list","result":{{"tools":[{{"name":"echo","description":"{}","annotations":{{"readOnlyHint":true}}}}]}}}}"#,
        "d".repeat(DEFINITION_BYTES)
    );
    let _listed = take(&mut engine, frame(Side::Server, tools));
    let text = "x".repeat(size);
    let mut times: Vec<(u128, u128)> = (0..ROUNDS)
        .map(|n| {
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":{n},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{text}"}}}}}}"#
            );
            let answer = format!(
                r#"{{"jsonrpc":"2.0","id":{n},"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
            );
            let (step_a, record_a) = take(&mut engine, frame(Side::Agent, call));
            let (step_b, record_b) = take(&mut engine, frame(Side::Server, answer));
            ((step_a + step_b).as_nanos(), (record_a + record_b).as_nanos())
        })
        .collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn frame(from: Side, line: String) -> Happening {
    Happening::Frame { conn: ConnId(0), from, raw: Bytes::from(line) }
}

fn started(policy: &str) -> Started {
    Started {
        session: "bench-1".to_owned(),
        build: "bench".to_owned(),
        agent: Agent {
            name: "bench".to_owned(),
            pid: 0,
            patience_ms: None,
            progress_extends: false,
        },
        redaction: "none".to_owned(),
        policy_name: "bench".to_owned(),
        policy: policy.to_owned(),
        amended_by: Vec::new(),
        unattended: Unattended::Ask,
        attended: false,
        secret_rules: None,
        remembered: Vec::new(),
        role: None,
    }
}

fn opened() -> Opened {
    Opened {
        conn: ConnId(0),
        server: "echo".to_owned(),
        command: vec!["echo".to_owned()],
        pid: 0,
        unattended: None,
        patience_ms: None,
        pins: std::collections::BTreeMap::new(),
        pins_broken: None,
        notes: Vec::new(),
        identity: None,
        beside: Vec::new(),
        folder: None,
    }
}
