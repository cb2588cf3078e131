//! What looking at texts costs: a definition, a page, a result, each beside SHA-256 over the same bytes in the same run.
//! `cargo bench --bench inspect`; with `-- WORDS` the rows whose names have these.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::env;
use std::hint::black_box;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tollgate::inspect::normal::views;
use tollgate::inspect::secrets::{Pack, secrets};
use tollgate::inspect::{Call, Kind, Report};

/// Rounds of which the median is printed.
const ROUNDS: usize = 501;

fn main() {
    println!(
        "{:<40} {:>9} {:>10} {:>12} {:>9}",
        "input", "bytes", "median us", "x sha256 of it", "budget us"
    );
    let definition = definition();
    let words =
        "Returns the list of files that match the given pattern, newest first, with their sizes. ";
    let page = words.repeat(20_000 / words.len());
    let accents = words.replace('e', "é").repeat(10_000 / words.len());
    let result = |text: &str| {
        serde_json::json!({ "content": [{ "type": "text", "text": text }] }).to_string()
    };
    let (plain, accented) = (result(page.get(..10_000).unwrap_or_default()), result(&accents));
    row("definition", &definition, 20.0, || Report::of_value(&definition, Kind::Definition));
    row("definition, normal forms", &definition, 20.0, || views(&definition));
    row("text of 20 kB, normal forms", &page, 1000.0, || views(&page));
    row("text of 10 kB, not ASCII, normal forms", &accents, 1000.0, || views(&accents));
    let arguments = arguments();
    row("call with 1 kB of arguments", &arguments, 20.0, || {
        Call::new("write_note", &arguments).inspected().found.len()
    });
    let command = r#"{"command":"cargo test 2>&1 | tee out.txt | grep -c 'test result' && git status --short"}"#;
    row("command of 80 B", command, 100.0, || Call::new("bash", command).inspected().found.len());
    let pack = Pack::builtin();
    row("secrets, text of 20 kB", &page, 1000.0, || secrets(&page, &pack));
    let dense = "password = read_password(), token: ${TOKEN}, secret=<yours> ".repeat(330);
    row("secrets, their words alone, 20 kB", &dense, 1000.0, || secrets(&dense, &pack));
    let numbers = result(&"2026-11-27 17:30:43 row 1234567 of 9876543, 12.5 %, ok; ".repeat(180));
    row("result of 10 kB, full of numbers", &numbers, 500.0, || {
        Report::of_value(&numbers, Kind::Result)
    });
    row("result of 10 kB", &plain, 500.0, || Report::of_value(&plain, Kind::Result));
    row("result of 10 kB, not ASCII", &accented, 500.0, || {
        Report::of_value(&accented, Kind::Result)
    });
}

/// What an agent sends to a tool: a path, some words, a list.
fn arguments() -> String {
    let words =
        "The meeting was moved to Thursday, and the notes of the last one are in the folder. ";
    serde_json::json!({
        "path": "notes/2026/team.md", "title": "Notes", "content": words.repeat(9), "tags": ["team", "notes"],
        "append": true, "mode": 420,
    })
    .to_string()
}

/// A tool as servers define them.
fn definition() -> String {
    let properties: serde_json::Map<String, serde_json::Value> =
        ["path", "pattern", "limit", "sort"]
            .into_iter()
            .map(|name| {
                let text = format!(
                    "The {name} that is used; it must be a string of at most 200 characters."
                );
                (name.to_owned(), serde_json::json!({ "type": "string", "description": text }))
            })
            .collect();
    let description = "Searches files by a pattern and returns the paths that match. Use list_directory first to see \
                       what is there. The search is recursive and ignores case.";
    serde_json::json!({
        "name": "search_files", "description": description,
        "inputSchema": { "type": "object", "properties": properties, "required": ["path"] },
    })
    .to_string()
}

fn row<T>(name: &str, input: &str, budget_us: f64, what: impl Fn() -> T) {
    let mut words = env::args().skip(1).filter(|word| !word.starts_with("--"));
    if !words.all(|word| name.contains(&word)) {
        return;
    }
    let us = median(|| {
        black_box(what());
    });
    let sha = median(|| {
        black_box(Sha256::digest(black_box(input.as_bytes())));
    });
    let times = us / sha.max(0.001);
    let over = if us > budget_us { "  OVER" } else { "" };
    println!("{name:<40} {:>9} {us:>10.1} {times:>12.1}x {budget_us:>9}{over}", input.len());
}

/// In microseconds.
fn median(mut what: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            what();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}
