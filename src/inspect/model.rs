//! How much of an order a text is: what the concepts of its sentences weigh together, learned and in whole numbers.
//!
//! A score alone blocks nothing: it is evidence, and a policy decides. What weighed most is told with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::normal::{Step, View, views};
use super::order::{Place, Seen, seen};
use super::walk::Text;

const WEIGHTS_TEXT: &str = include_str!("order/weights.txt");
const PAIRS_TEXT: &str = include_str!("order/pairs.txt");
/// Features that are told.
const TOP_MAX: usize = 4;
/// The weight of nothing.
const BIAS: Feature = ("bias", "");
/// Something of an order that is disguised.
const DISGUISED: Feature = ("disguised", "");

/// A concept of a text, or two of one sentence in the order of their names.
pub type Feature = (&'static str, &'static str);

/// What a text is judged by.
pub type Features = BTreeSet<Feature>;

/// Concepts that mean more together, each pair in the order of its names.
static PAIRS: LazyLock<BTreeSet<Feature>> = LazyLock::new(|| {
    let lines = PAIRS_TEXT.lines().filter_map(|line| line.split_once(": "));
    let pairs =
        lines.flat_map(|(one, others)| others.split_whitespace().map(move |other| (one, other)));
    pairs.map(|(one, other)| (one.min(other), one.max(other))).collect()
});

static WEIGHTS: LazyLock<BTreeMap<Feature, i32>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, weight) = line.split_once(' ')?;
        let name = name.split_once('&').unwrap_or((name, ""));
        Some((name, weight.trim().parse().ok()?))
    };
    WEIGHTS_TEXT.lines().filter_map(line).collect()
});

/// Two sentences that follow each other.
#[derive(Debug, Clone)]
pub struct Window {
    /// What they are judged by.
    pub features: Features,
    /// The text that they are in, by its number.
    pub text: usize,
    /// From the first word that counts to the last, in the bytes of that text as it came.
    pub span: Range<usize>,
    /// What was undone to read them.
    pub steps: Vec<Step>,
}

impl Window {
    /// What its features weigh together.
    #[must_use]
    pub fn score(&self) -> i32 {
        let sum = |sum: i32, feature| sum.saturating_add(weight(feature));
        self.features.iter().fold(weight(&BIAS), sum)
    }

    /// The features that weigh most, in words.
    #[must_use]
    pub fn top(&self) -> Vec<String> {
        let mut all: Vec<&Feature> = self.features.iter().filter(|one| weight(one) > 0).collect();
        all.sort_by_key(|one| std::cmp::Reverse(weight(one)));
        let word = |(one, other): &&Feature| {
            if other.is_empty() { (*one).to_owned() } else { format!("{one}+{other}") }
        };
        all.iter().take(TOP_MAX).map(word).collect()
    }
}

fn weight(feature: &Feature) -> i32 {
    WEIGHTS.get(feature).copied().unwrap_or_default()
}

/// The windows of a definition's texts: of its description, and of every other one.
#[must_use]
pub fn windows(texts: &[Text<'_>]) -> Vec<Window> {
    let mut windows = Vec::new();
    let own: BTreeSet<String> = texts
        .iter()
        .filter(|one| one.name || one.path == "/name")
        .map(|one| one.text.to_lowercase())
        .collect();
    for (text, one) in texts.iter().enumerate() {
        if one.name || one.path == "/name" {
            continue;
        }
        let place = Place { inner: one.path != "/description", own: Some(&own) };
        for view in views(&one.text) {
            of_view(&view, (text, &one.text), place, &mut windows);
        }
    }
    windows
}

fn of_view(view: &View, (text, raw): (usize, &str), place: Place<'_>, windows: &mut Vec<Window>) {
    let all = seen(view, raw, place);
    let sentences: Vec<&[Seen]> = all.chunk_by(|one, next| one.sentence == next.sentence).collect();
    for (at, sentence) in sentences.iter().enumerate() {
        let number = |all: &[Seen]| all.first().map_or(0, |seen| seen.sentence);
        let next = sentences.get(at + 1).filter(|next| number(next) == number(sentence) + 1);
        let both = || sentence.iter().chain(next.copied().unwrap_or_default());
        let mut features = of_names(&both().map(|seen| seen.name).collect());
        if !view.steps.is_empty() {
            features.insert(DISGUISED);
        }
        let start = both().map(|seen| seen.range.start).min().unwrap_or_default();
        let end = both().map(|seen| seen.range.end).max().unwrap_or_default();
        let (span, steps) = (view.source(start..end), view.steps.clone());
        windows.push(Window { features, text, span, steps });
    }
}

fn of_names(names: &BTreeSet<&'static str>) -> Features {
    let mut features: Features = names.iter().map(|name| (*name, "")).collect();
    for (at, one) in names.iter().enumerate() {
        let pairs = names.iter().skip(at + 1).map(|other| (*one, *other));
        features.extend(pairs.filter(|pair| PAIRS.contains(pair)));
    }
    features
}
