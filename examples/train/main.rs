//! Learns what the concepts of sentences weigh, and says how well that tells orders from honest texts:
//! `cargo run --release --example train -- DATA`.
//!
//! `DATA` has the folders `train` and `dev` with files `{tool_description,tool_result,user_text}.{attack,benign}.jsonl`. Of
//! definitions it learns from the honest ones of `train` and from orders that it writes into them itself (`written`); of
//! results from the honest ones and the descriptions of `train`, from what users write to make a model disobey, and from
//! written orders as well. `dev` is only measured. `--without-one` leaves out each source of attacks in turn, and measures
//! what is learned on that source.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a developer's tool, over files of a known form"
)]

mod learn;
mod letters;
mod written;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tollgate::inspect::model::{self, Feature};
use tollgate::inspect::report::{REVIEW, REVIEW_RESULT};
use tollgate::inspect::walk::{self, Text};

use learn::{How, Row, Weights, learn};
use written::Writer;

const DEFINITIONS: How = How { pull: 0.1, guard: 0.5, guards: &[], shares: &[] };
/// What is told about instead of told weighs some two ordinary concepts less.
const RESULTS: How = How {
    pull: 0.01,
    guard: 2.5,
    guards: &[("g.quoted", -2.0), ("g.dense", -2.0)],
    shares: &[("ASB", 0.1)],
};
/// Bare goals in other texts: nothing in their wording tells them.
const BARE: &str = "microsoft/BIPIA";
/// In `dev`, rows that are labelled for the personal data and the secrets in them.
const NO_INJECTION: [&str; 16] = [
    "generic-api-key",
    "ssn",
    "email",
    "phone-number",
    "credit-card",
    "aws-key",
    "database-connection",
    "address",
    "github-token",
    "stripe-key",
    "bearer-token",
    "ssh-key",
    "date-of-birth",
    "passport-number",
    "medical-record",
    "jwt-token",
];

fn read(folder: &Path, file: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn definition_windows(row: &Value) -> BTreeSet<Vec<Feature>> {
    let tool = row["tool"].to_string();
    let (windows, _) = model::of_definition(&walk::texts(&tool));
    windows.into_iter().map(|window| model::DEFINITIONS.names(window.features)).collect()
}

fn result_windows(text: &str) -> BTreeSet<Vec<Feature>> {
    let one = Text { path: String::new(), name: false, member: None, text: Cow::Borrowed(text) };
    let windows = model::of_result(&[one]);
    windows.into_iter().map(|window| model::RESULTS.names(window.features)).collect()
}

fn kind_of(row: &Value) -> String {
    row["attack_type"].as_str().or(row["section"].as_str()).unwrap_or("plain").to_owned()
}

/// The first word of a source's name.
fn source_of(row: &Value) -> String {
    let name = row["source"].as_str().unwrap_or_default();
    name.split(' ').next().unwrap_or_default().to_owned()
}

/// A definition, to learn from or to measure.
fn definition(row: &Value, attack: bool, kind: &str) -> Row {
    let windows = definition_windows(row);
    Row { attack, source: String::new(), kind: kind.to_owned(), windows }
}

fn result(row: &Value, attack: bool) -> Row {
    let text = row["text"].as_str().unwrap_or_default();
    Row { attack, source: source_of(row), kind: kind_of(row), windows: result_windows(text) }
}

/// Honest definitions, and the same with an order written into them.
fn definition_lessons(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let mut writer = Writer::new();
    for row in read(folder, "tool_description.benign.jsonl")? {
        let altered = writer.write_into(&row);
        rows.push(definition(&altered, true, "written"));
        rows.push(definition(&row, false, row["section"].as_str().unwrap_or("plain")));
    }
    Ok(rows)
}

fn definitions_to_measure(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (label, attack) in [("attack", true), ("benign", false)] {
        let all = read(folder, &format!("tool_description.{label}.jsonl"))?;
        rows.extend(all.iter().map(|row| definition(row, attack, &kind_of(row))));
    }
    Ok(rows)
}

/// Honest results and descriptions, orders that users write, and honest results with an order written into them.
fn result_lessons(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let mut writer = Writer::new();
    for row in read(folder, "tool_result.benign.jsonl")? {
        let altered = result(&writer.write_into(&row), true);
        rows.push(Row { source: "written".to_owned(), ..altered });
        rows.push(result(&row, false));
    }
    for row in read(folder, "tool_description.benign.jsonl")? {
        let text = row["tool"]["description"].as_str().unwrap_or_default();
        let (source, kind) = ("descriptions".to_owned(), kind_of(&row));
        rows.push(Row { attack: false, source, kind, windows: result_windows(text) });
    }
    for file in ["tool_result.attack.jsonl", "user_text.attack.jsonl"] {
        rows.extend(read(folder, file)?.iter().map(|row| result(row, true)));
    }
    Ok(rows)
}

fn results_to_measure(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (label, attack) in [("attack", true), ("benign", false)] {
        let all = read(folder, &format!("tool_result.{label}.jsonl"))?;
        rows.extend(all.iter().map(|row| result(row, attack)));
    }
    rows.retain(|row| !NO_INJECTION.contains(&row.kind.as_str()));
    Ok(rows)
}

/// Honest, and not chosen because it looks otherwise.
fn is_plain(row: &Row) -> bool {
    !row.attack && row.kind != "hard_negative" && row.kind != "robustness"
}

/// Which honest rows say what a limit is, and the score from which on a person should look.
struct Measure {
    limits: fn(&Row) -> bool,
    review: i32,
}

const OF_DEFINITIONS: Measure = Measure { limits: is_plain, review: REVIEW };
/// Hard ones among them.
const OF_RESULTS: Measure = Measure { limits: |row| !row.attack, review: REVIEW_RESULT };

/// Recall where so many of the honest rows are taken for orders.
fn curve(title: &str, rows: &[&Row], weights: &Weights, how: &Measure) {
    let score = |window: &Vec<Feature>| weights.score(window);
    let most = |row: &Row| row.windows.iter().map(score).max().unwrap_or(i32::MIN);
    let scored: Vec<(i32, &Row)> = rows.iter().map(|row| (most(row), *row)).collect();
    let mut honest: Vec<i32> =
        scored.iter().filter(|(_, row)| (how.limits)(row)).map(|(score, _)| *score).collect();
    honest.sort_unstable_by(|a, b| b.cmp(a));
    let share = |limit: i32, is: &dyn Fn(&Row) -> bool| {
        let all = scored.iter().filter(|(_, row)| is(row));
        let marked = all.clone().filter(|(score, _)| *score >= limit).count();
        format!("{marked}/{}", all.count())
    };
    let all = |limit: i32| {
        format!(
            "attacks {}, honest {}, honest and hard {}",
            share(limit, &|row| row.attack),
            share(limit, &is_plain),
            share(limit, &|row| !row.attack && !is_plain(row)),
        )
    };
    println!("{title}, marked: {}", all(how.review));
    let groups: BTreeSet<(&str, &str)> =
        rows.iter().map(|row| (row.source.as_str(), row.kind.as_str())).collect();
    let groups: Vec<_> = if groups.len() > 100 {
        groups.into_iter().map(|(source, _)| (source, "")).collect::<BTreeSet<_>>()
    } else {
        groups
    }
    .into_iter()
    .collect();
    for (source, kind) in groups {
        let is = |row: &Row| row.source == source && (kind.is_empty() || row.kind == kind);
        println!("    {source} {kind} {}", share(how.review, &is));
    }
    for allowed in [1, 5, 10, 50] {
        let limit = honest.get(honest.len() * allowed / 1000).copied().unwrap_or(i32::MIN);
        println!("{title} at {allowed} in 1000 (from {}): {}", limit + 1, all(limit + 1));
    }
}

/// What is learned without a source of attacks, measured on it.
fn without_one(rows: &[Row]) {
    let sources: BTreeSet<&str> =
        rows.iter().filter(|row| row.attack).map(|row| row.source.as_str()).collect();
    for source in sources.into_iter().filter(|source| *source != BARE) {
        let is_it = |row: &&Row| row.attack && row.source == source;
        let others: Vec<&Row> =
            rows.iter().filter(|row| !is_it(row) && (row.source != BARE || !row.attack)).collect();
        let measured: Vec<&Row> = rows.iter().filter(|row| is_it(row) || !row.attack).collect();
        curve(&format!("without {source}"), &measured, &learn(&others, &RESULTS), &OF_RESULTS);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let data = PathBuf::from(args.next().ok_or("train DATA [--without-one]")?);
    let results = result_lessons(&data.join("train"))?;
    if args.next().is_some_and(|arg| arg == "--without-one") {
        without_one(&results);
        return Ok(());
    }
    let honest = read(&data.join("train"), "tool_description.benign.jsonl")?;
    let described = honest.iter().filter_map(|row| row["tool"]["description"].as_str());
    fs::write("src/inspect/normal/english.txt", letters::lines(described))?;
    let definitions = definition_lessons(&data.join("train"))?;
    let (dev, lessons) = (definitions_to_measure(&data.join("dev"))?, all(&definitions));
    let weights = learn(&lessons, &DEFINITIONS);
    fs::write("src/inspect/order/definition_weights.txt", weights.lines())?;
    curve("definitions, train", &lessons, &weights, &OF_DEFINITIONS);
    curve("definitions, dev", &all(&dev), &weights, &OF_DEFINITIONS);
    let (dev, lessons) = (results_to_measure(&data.join("dev"))?, all_but_bare(&results));
    let weights = learn(&lessons, &RESULTS);
    fs::write("src/inspect/order/result_weights.txt", weights.lines())?;
    curve("results, train", &all(&results), &weights, &OF_RESULTS);
    curve("results, dev", &all(&dev), &weights, &OF_RESULTS);
    Ok(())
}

fn all(rows: &[Row]) -> Vec<&Row> {
    rows.iter().collect()
}

/// What results are learned from.
fn all_but_bare(rows: &[Row]) -> Vec<&Row> {
    rows.iter().filter(|row| row.source != BARE || !row.attack).collect()
}
