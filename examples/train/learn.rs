//! Weights by logistic regression, from what is rare in honest texts.

use std::collections::{BTreeMap, BTreeSet};

use tollgate::inspect::model::Feature;

/// Weights are written as this many times what they are.
const SCALE: f64 = 64.0;
/// Rounds of descent, and how far each goes.
const ROUNDS: usize = 200;
const STEP: f64 = 2.0;
/// How rare is common: the logarithm of one in twelve.
const COMMON: f64 = 2.5;

/// A text that is learned from or measured: each of its windows with what it is judged by.
pub(crate) struct Row {
    pub(crate) attack: bool,
    /// Where it is from: every source of a label weighs the same.
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) windows: BTreeSet<Vec<Feature>>,
}

/// How much is taken from the lessons, and what is known before them.
pub(crate) struct How {
    /// How much weights are pulled to what they were before.
    pub(crate) pull: f64,
    /// A guard never weighs more: whoever writes an order can write what speaks for honest texts as well.
    pub(crate) guard: f64,
    /// Guards that weigh something before a text was seen.
    pub(crate) guards: &'static [(&'static str, f64)],
    /// Sources that weigh another share than one.
    pub(crate) shares: &'static [(&'static str, f64)],
}

/// What speaks for an honest text.
fn is_guard(feature: &Feature) -> bool {
    feature.0.starts_with("g.")
}

/// Whole weights by feature, and the bias.
pub(crate) struct Weights {
    pub(crate) bias: i32,
    pub(crate) of: BTreeMap<Feature, i32>,
}

impl Weights {
    pub(crate) fn score(&self, window: &[Feature]) -> i32 {
        let of = |feature: &Feature| self.of.get(feature).copied().unwrap_or_default();
        window.iter().map(of).sum::<i32>() + self.bias
    }

    /// As the crate reads them.
    pub(crate) fn lines(&self) -> String {
        let name = |(one, other): &Feature| {
            if other.is_empty() { (*one).to_owned() } else { format!("{one}&{other}") }
        };
        let weighing = self.of.iter().filter(|(_, weight)| **weight != 0);
        let lines = weighing.map(|(feature, weight)| format!("{} {weight}\n", name(feature)));
        [format!("bias {}\n", self.bias)].into_iter().chain(lines).collect()
    }
}

/// The lessons, by the numbers of features.
struct Lessons {
    features: Vec<Feature>,
    rows: Vec<Lesson>,
}

struct Lesson {
    attack: bool,
    share: f64,
    windows: Vec<Vec<usize>>,
}

impl Lessons {
    fn of(rows: &[&Row], how: &How) -> Self {
        let all: BTreeSet<Feature> =
            rows.iter().flat_map(|row| row.windows.iter().flatten().copied()).collect();
        let features: Vec<Feature> = all.into_iter().collect();
        let number = |feature: &Feature| features.binary_search(feature).unwrap_or_default();
        let mut counts: BTreeMap<(bool, &str), f64> = BTreeMap::new();
        for row in rows {
            *counts.entry((row.attack, &row.source)).or_default() += 1.0;
        }
        let weight = |source: &str| {
            let known = how.shares.iter().find(|(known, _)| *known == source);
            known.map_or(1.0, |(_, share)| *share)
        };
        let whole = |attack: bool| -> f64 {
            let of = counts.keys().filter(|(label, _)| *label == attack);
            of.map(|(_, source)| weight(source)).sum()
        };
        let wholes = [whole(false), whole(true)];
        let lesson = |row: &&Row| Lesson {
            attack: row.attack,
            share: 0.5 * weight(&row.source)
                / counts[&(row.attack, row.source.as_str())]
                / wholes[usize::from(row.attack)],
            windows: row.windows.iter().map(|all| all.iter().map(number).collect()).collect(),
        };
        Self { rows: rows.iter().map(lesson).collect(), features }
    }

    /// What features weigh before an order was seen: the rarer one is in honest texts, the more.
    fn prior(&self, how: &How) -> Vec<f64> {
        let mut counts = vec![0.0; self.features.len()];
        let honest = self.rows.iter().filter(|row| !row.attack);
        for row in honest.clone() {
            let all: BTreeSet<usize> = row.windows.iter().flatten().copied().collect();
            for feature in all {
                counts[feature] += 1.0;
            }
        }
        let honest = honest.count() as f64;
        let weight = |(feature, count): (&Feature, f64)| {
            let known = how.guards.iter().find(|(known, _)| *known == feature.0);
            if is_guard(feature) {
                return known.map_or(0.0, |(_, weight)| *weight);
            }
            let rare = (honest / (count + 1.0)).ln() - COMMON;
            let share = if feature.1.is_empty() { 0.5 } else { 0.25 };
            share * rare.max(0.0)
        };
        self.features.iter().zip(counts).map(weight).collect()
    }
}

/// Plain descent over the window of each row that is most of an order, both labels weighing the same, pulled to the prior.
/// What speaks for an order never weighs less than nothing, and a guard never more.
pub(crate) fn learn(rows: &[&Row], how: &How) -> Weights {
    let lessons = Lessons::of(rows, how);
    let prior = lessons.prior(how);
    let (mut weights, mut bias) = (prior.clone(), -1.0);
    for _ in 0..ROUNDS {
        let (mut slope, mut bias_slope) = (vec![0.0; weights.len()], 0.0);
        for row in &lessons.rows {
            let margin = |window: &[usize]| window.iter().map(|at| weights[*at]).sum::<f64>();
            let most =
                |one: &&Vec<usize>, other: &&Vec<usize>| margin(one).total_cmp(&margin(other));
            let worst = row.windows.iter().max_by(most).map_or(&[][..], Vec::as_slice);
            let said = 1.0 / (1.0 + (-(margin(worst) + bias)).exp());
            let off = (said - f64::from(u8::from(row.attack))) * row.share;
            bias_slope += off;
            for feature in worst {
                slope[*feature] += off;
            }
        }
        bias -= STEP * bias_slope;
        for (at, weight) in weights.iter_mut().enumerate() {
            *weight -= STEP * (slope[at] + how.pull * (*weight - prior[at]));
            let guard = is_guard(&lessons.features[at]);
            *weight = if guard { weight.clamp(-how.guard, 0.0) } else { weight.max(0.0) };
        }
    }
    let whole = |weight: f64| (weight * SCALE).round() as i32;
    let of = lessons.features.into_iter().zip(weights.into_iter().map(whole)).collect();
    Weights { bias: whole(bias), of }
}
