//! Learns what the concepts of sentences weigh, and says how well that tells orders from honest texts:
//! `cargo run --release --example train -- DATA`.
//!
//! `DATA` has the folders `train` and `dev` with files `tool_description.{attack,benign}.jsonl`. It learns from the honest
//! definitions of `train` and from orders that it writes into them itself (`written`); `dev` is only measured.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a developer's tool, over files of a known form"
)]

mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tollgate::inspect::model::{self, Feature};
use tollgate::inspect::report::REVIEW;
use tollgate::inspect::walk;

use written::Writer;

/// Weights are written as this many times what they are.
const SCALE: f64 = 64.0;
/// Rounds of descent, and how far each goes.
const ROUNDS: usize = 200;
const STEP: f64 = 2.0;
/// How much weights are pulled to what they were before.
const PULL: f64 = 0.1;
/// How rare is common: the logarithm of one in twelve.
const COMMON: f64 = 2.5;
/// A guard never weighs more: whoever writes an order can write what speaks for honest texts as well.
const GUARD: f64 = 0.5;

/// What a window is judged by.
type Features = BTreeSet<Feature>;

struct Row {
    attack: bool,
    kind: String,
    windows: Vec<Features>,
}

fn read(folder: &Path, file: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn windows(row: &Value) -> Vec<Features> {
    let tool = row["tool"].to_string();
    let windows = model::windows(&walk::texts(&tool));
    windows.into_iter().map(|window| window.features.names().into_iter().collect()).collect()
}

fn rows(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (label, attack) in [("attack", true), ("benign", false)] {
        for row in read(folder, &format!("tool_description.{label}.jsonl"))? {
            let kind = row["attack_type"].as_str().or(row["section"].as_str()).unwrap_or("plain");
            rows.push(Row { attack, kind: kind.to_owned(), windows: windows(&row) });
        }
    }
    Ok(rows)
}

/// Honest texts, and the same with an order written into them.
fn lessons(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let mut writer = Writer::new();
    for row in read(folder, "tool_description.benign.jsonl")? {
        let kind = "written".to_owned();
        let altered = writer.write_into(&row);
        rows.push(Row { attack: true, kind, windows: windows(&altered) });
        let kind = row["section"].as_str().unwrap_or("plain").to_owned();
        rows.push(Row { attack: false, kind, windows: windows(&row) });
    }
    Ok(rows)
}

type Weights = BTreeMap<Feature, f64>;

fn margin(weights: &Weights, bias: f64, features: &Features) -> f64 {
    let weight = |feature: &Feature| weights.get(feature).copied().unwrap_or_default();
    features.iter().fold(bias, |sum, feature| sum + weight(feature))
}

/// What features weigh before an order was seen: the rarer one is in honest texts, the more. Guards weigh nothing.
fn prior(rows: &[Row]) -> Weights {
    let honest: Vec<&Row> = rows.iter().filter(|row| !row.attack).collect();
    let mut counts: BTreeMap<Feature, f64> = BTreeMap::new();
    for row in rows {
        let all: Features = row.windows.iter().flatten().copied().collect();
        for feature in all {
            *counts.entry(feature).or_default() += f64::from(u8::from(!row.attack));
        }
    }
    let weight = |(feature, count): (Feature, f64)| {
        let rare = (honest.len() as f64 / (count + 1.0)).ln() - COMMON;
        let share = if feature.1.is_empty() { 0.5 } else { 0.25 };
        (feature, if is_guard(&feature) { 0.0 } else { share * rare.max(0.0) })
    };
    counts.into_iter().map(weight).collect()
}

/// What speaks for an honest text.
fn is_guard(feature: &Feature) -> bool {
    feature.0.starts_with("g.")
}

/// Logistic regression by plain descent over the window of each row that is most of an order, both labels weighing the
/// same, pulled to the prior. What speaks for an order never weighs less than nothing, and a guard never more.
fn learn(rows: &[Row], prior: &Weights) -> (Weights, f64) {
    let (mut weights, mut bias) = (prior.clone(), -1.0);
    let attacks = rows.iter().filter(|row| row.attack).count() as f64;
    let honest = rows.len() as f64 - attacks;
    let none = Features::new();
    for _ in 0..ROUNDS {
        let (mut slope, mut bias_slope) = (Weights::new(), 0.0);
        for row in rows {
            let most = |features: &&Features| margin(&weights, 0.0, features);
            let worst = row.windows.iter().max_by(|one, other| most(one).total_cmp(&most(other)));
            let worst = worst.unwrap_or(&none);
            let said = 1.0 / (1.0 + (-margin(&weights, bias, worst)).exp());
            let share = if row.attack { 0.5 / attacks } else { 0.5 / honest };
            let off = (said - f64::from(u8::from(row.attack))) * share;
            bias_slope += off;
            for feature in worst {
                *slope.entry(*feature).or_default() += off;
            }
        }
        bias -= STEP * bias_slope;
        for (feature, weight) in &mut weights {
            let slope = slope.get(feature).copied().unwrap_or_default();
            let known = prior.get(feature).copied().unwrap_or_default();
            *weight -= STEP * (slope + PULL * (*weight - known));
            *weight = if is_guard(feature) { weight.clamp(-GUARD, 0.0) } else { weight.max(0.0) };
        }
    }
    (weights, bias)
}

/// Honest, and not chosen because it looks otherwise.
fn is_plain(row: &Row) -> bool {
    !row.attack && row.kind != "hard_negative" && row.kind != "robustness"
}

/// Recall where so many of the honest rows are taken for orders.
fn curve(title: &str, rows: &[Row], score: impl Fn(&Features) -> i32) {
    let most = |row: &Row| row.windows.iter().map(&score).max().unwrap_or(i32::MIN);
    let scored: Vec<(i32, &Row)> = rows.iter().map(|row| (most(row), row)).collect();
    let mut honest: Vec<i32> =
        scored.iter().filter(|(_, row)| is_plain(row)).map(|(score, _)| *score).collect();
    honest.sort_unstable_by(|a, b| b.cmp(a));
    let marked = |is: fn(&Row) -> bool| {
        let all = scored.iter().filter(|(_, row)| is(row));
        let marked = all.clone().filter(|(score, _)| *score >= REVIEW).count();
        format!("{marked}/{}", all.count())
    };
    println!(
        "{title}, marked: attacks {}, honest {}, honest and hard {}",
        marked(|row| row.attack),
        marked(is_plain),
        marked(|row| !row.attack && !is_plain(row)),
    );
    for share in [1, 5, 10, 50] {
        let allowed = honest.len() * share / 1000;
        let limit = honest.get(allowed).copied().unwrap_or(i32::MIN);
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (score, row) in scored.iter().filter(|(_, row)| row.attack) {
            let kind = kinds.entry(&row.kind).or_default();
            kind.0 += usize::from(*score > limit);
            kind.1 += 1;
        }
        let hard: Vec<i32> = scored
            .iter()
            .filter(|(_, row)| !row.attack && !is_plain(row))
            .map(|(score, _)| *score)
            .collect();
        let taken = hard.iter().filter(|score| **score > limit).count();
        let (found, all) = kinds.values().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        print!(
            "{title} at {share} in 1000 (score > {limit}): recall {found}/{all}, hard {taken}/{}",
            hard.len()
        );
        if share == 5 {
            for (kind, (found, all)) in &kinds {
                print!("\n    {kind} {found}/{all}");
            }
        }
        println!();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = PathBuf::from(std::env::args().nth(1).ok_or("train DATA")?);
    let train = lessons(&data.join("train"))?;
    let (weights, bias) = learn(&train, &prior(&train));
    let quantised = |weight: f64| (weight * SCALE).round() as i32;
    let mut text = format!("bias {}\n", quantised(bias));
    for ((one, other), weight) in &weights {
        let name = if other.is_empty() { (*one).to_owned() } else { format!("{one}&{other}") };
        if quantised(*weight) != 0 {
            writeln!(text, "{name} {}", quantised(*weight))?;
        }
    }
    fs::write("src/inspect/order/weights.txt", text)?;
    let score = |features: &Features| {
        let of = |feature: &Feature| weights.get(feature).map_or(0, |weight| quantised(*weight));
        features.iter().map(of).sum::<i32>() + quantised(bias)
    };
    curve("train", &train, score);
    curve("dev", &rows(&data.join("dev"))?, score);
    Ok(())
}
