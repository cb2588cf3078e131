//! How much of an order a text is: what the concepts of its sentences weigh together, learned and in whole numbers.
//!
//! A score alone blocks nothing: it is evidence, and a policy decides. What weighed most is told with it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::disguised::disguised;
use super::finding::Found;
use super::normal::{Step, View, views};
use super::order::{self, DENSE, DISGUISED, Grammar, Place, QUOTED, Seen, lines, seen};
use super::split::{Joint, joints};
use super::walk::Text;

/// Features that are told.
const TOP_MAX: usize = 4;
/// The weight of nothing.
const BIAS: &str = "bias";
/// A text of fewer sentences is not said to be about attacks.
const DENSE_MIN: usize = 6;
/// One sentence of so many speaks of attacks where a text is about them.
const DENSE_SHARE: usize = 8;
/// What speaks of attacks.
const OF_ATTACKS: [&str; 2] = ["g.attacker", "g.finding"];
/// A shorter text of a result is no order.
const RESULT_BYTES_MIN: usize = 16;

/// A concept, by its name, or two that mean more together, in the order of their numbers.
pub type Feature = (&'static str, &'static str);

/// What weighs how much in definitions.
pub static DEFINITIONS: LazyLock<Model> = LazyLock::new(|| {
    let weights = include_str!("order/definition_weights.txt");
    Model::read(&order::DEFINITIONS, include_str!("order/pairs.txt"), weights)
});
/// What weighs how much in results.
pub static RESULTS: LazyLock<Model> = LazyLock::new(|| {
    let weights = include_str!("order/result_weights.txt");
    Model::read(&order::RESULTS, "", weights)
});

/// What weighs how much, by the numbers of concepts.
#[derive(Debug)]
pub struct Model {
    grammar: &'static Grammar,
    bias: i32,
    single: Vec<i32>,
    /// Of each concept, which later ones mean more beside it, one bit each.
    partners: Vec<u128>,
    /// Row by row.
    pairs: Vec<i32>,
    /// The numbers of concepts that no sentence has by itself, where it is a kind of text that has them.
    beside: Beside,
}

#[derive(Debug, Clone, Copy)]
struct Beside {
    disguised: Option<usize>,
    quoted: Option<usize>,
    dense: Option<usize>,
    of_attacks: [Option<usize>; 2],
}

impl Model {
    fn read(grammar: &'static Grammar, pairs: &'static str, weights: &'static str) -> Self {
        let count = grammar.concepts.len();
        let number = |name: &str| grammar.number(name);
        let mut model = Self {
            grammar,
            bias: 0,
            single: vec![0; count],
            partners: vec![0; count],
            pairs: vec![0; count * count],
            beside: Beside {
                disguised: number(DISGUISED),
                quoted: number(QUOTED),
                dense: number(DENSE),
                of_attacks: OF_ATTACKS.map(number),
            },
        };
        let both = |one: &str, other: &str| {
            let (one, other) = (number(one)?, number(other)?);
            Some((one.min(other), one.max(other)))
        };
        for (one, others) in lines(pairs) {
            for (one, other) in others.split_whitespace().filter_map(|other| both(one, other)) {
                if let Some(partners) = model.partners.get_mut(one) {
                    *partners |= 1 << other;
                }
            }
        }
        for (name, weight) in weights.lines().filter_map(|line| line.split_once(' ')) {
            let weight = weight.parse().unwrap_or_default();
            let place = match name.split_once('&') {
                _ if name == BIAS => Some(&mut model.bias),
                None => number(name).and_then(|at| model.single.get_mut(at)),
                Some((one, other)) => both(one, other)
                    .and_then(|(one, other)| model.pairs.get_mut(one * count + other)),
            };
            if let Some(place) = place {
                *place = weight;
            }
        }
        model
    }

    fn single(&self, one: usize) -> i32 {
        self.single.get(one).copied().unwrap_or_default()
    }

    fn pair(&self, one: usize, other: usize) -> i32 {
        self.pairs.get(one * self.single.len() + other).copied().unwrap_or_default()
    }

    fn name(&self, concept: usize) -> &'static str {
        self.grammar.concepts.get(concept).copied().unwrap_or_default()
    }

    /// Those of a window's concepts that mean more together.
    fn pairs(&self, features: Features) -> impl Iterator<Item = (usize, usize)> {
        let partners = |one| self.partners.get(one).copied().unwrap_or_default();
        features
            .single()
            .flat_map(move |one| bits(features.0 & partners(one)).map(move |other| (one, other)))
    }

    /// What a window is judged by, by names.
    #[must_use]
    pub fn names(&self, features: Features) -> Vec<Feature> {
        let single = features.single().map(|one| (self.name(one), ""));
        let pairs = self.pairs(features).map(|(one, other)| (self.name(one), self.name(other)));
        single.chain(pairs).collect()
    }

    fn score(&self, features: Features) -> i32 {
        let single: i32 = features.single().map(|one| self.single(one)).sum();
        let pairs: i32 = self.pairs(features).map(|(one, other)| self.pair(one, other)).sum();
        self.bias + single + pairs
    }

    /// The features that weigh most, in words.
    #[must_use]
    pub fn top(&self, features: Features) -> Vec<String> {
        let single = features.single().map(|one| (self.single(one), self.name(one).to_owned()));
        let pair = |(one, other)| {
            (self.pair(one, other), format!("{}+{}", self.name(one), self.name(other)))
        };
        let mut all: Vec<(i32, String)> = single.chain(self.pairs(features).map(pair)).collect();
        all.retain(|(weight, _)| *weight > 0);
        all.sort_by(|one, other| other.cmp(one));
        all.into_iter().take(TOP_MAX).map(|(_, name)| name).collect()
    }

    fn of_view(
        &self,
        view: &View,
        (text, raw): (usize, &str),
        place: Place<'_>,
        windows: &mut Vec<Window>,
    ) {
        let (all, count) = seen(self.grammar, view, raw, place);
        let number = |all: &[Seen]| all.first().map_or(0, |seen| seen.sentence);
        let sentences: Vec<&[Seen]> =
            all.chunk_by(|one, next| one.sentence == next.sentence).collect();
        let mut always = Features::default();
        if !view.steps.is_empty() {
            always.add(self.beside.disguised);
        }
        let is_of_attacks = |seen: &Seen| self.beside.of_attacks.contains(&Some(seen.concept));
        let attacks = sentences.iter().filter(|all| all.iter().any(is_of_attacks)).count();
        if count >= DENSE_MIN && attacks * DENSE_SHARE >= count {
            always.add(self.beside.dense);
        }
        for (at, sentence) in sentences.iter().enumerate() {
            let next = sentences.get(at + 1).filter(|next| number(next) == number(sentence) + 1);
            let both = || sentence.iter().chain(next.copied().unwrap_or_default());
            let mut features = always;
            for seen in both() {
                features.add(Some(seen.concept));
                if seen.quoted {
                    features.add(self.beside.quoted);
                }
            }
            let start = both().map(|seen| seen.range.start).min().unwrap_or_default();
            let end = both().map(|seen| seen.range.end).max().unwrap_or_default();
            let (span, steps) = (view.source(start..end), view.steps.clone());
            let score = self.score(features);
            windows.push(Window { features, score, text, span, steps, joined: None });
        }
    }

    /// What is an order only where one text goes on in the next.
    fn of_joint(&self, joint: &Joint, place: Place<'_>, windows: &mut Vec<Window>) {
        let plain = View::folded(&joint.joined);
        let mut over = Vec::new();
        self.of_view(&plain, (joint.text, &joint.joined), place, &mut over);
        for mut window in over.into_iter().filter(|window| joint.is_crossed(&window.span)) {
            window.joined = joint.joined.get(window.span.clone()).map(str::to_owned);
            window.span = joint.tail.start + window.span.start..joint.tail.end;
            windows.push(window);
        }
    }
}

/// What a window is judged by: its concepts, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features(u128);

impl Features {
    fn add(&mut self, concept: Option<usize>) {
        self.0 |= concept.map_or(0, |concept| 1 << concept);
    }

    /// The concepts' numbers.
    fn single(self) -> impl Iterator<Item = usize> {
        bits(self.0)
    }
}

fn bits(mut mask: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = mask.trailing_zeros();
        mask &= mask.checked_sub(1)?;
        usize::try_from(at).ok()
    })
}

/// Two sentences that follow each other.
#[derive(Debug, Clone)]
pub struct Window {
    /// What they are judged by.
    pub features: Features,
    /// What that weighs together.
    pub score: i32,
    /// The text that they are in, by its number.
    pub text: usize,
    /// From the first word that counts to the last, in the bytes of that text as it came.
    pub span: Range<usize>,
    /// What was undone to read them.
    pub steps: Vec<Step>,
    /// Where they go on in the next text, all of it.
    pub joined: Option<String>,
}

/// The windows of a definition's texts: of its description, and of every other one; and which texts are disguised, by their
/// numbers.
#[must_use]
pub fn of_definition(texts: &[Text<'_>]) -> (Vec<Window>, Vec<(usize, Found)>) {
    let (mut windows, mut hidden) = (Vec::new(), Vec::new());
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
        let views = views(&one.text);
        for view in &views {
            DEFINITIONS.of_view(view, (text, &one.text), place, &mut windows);
        }
        hidden.extend(disguised(&one.text, &views).map(|found| (text, found)));
    }
    let read = texts.iter().enumerate().filter(|(_, one)| !one.name && one.path != "/name");
    let place = Place { inner: true, own: Some(&own) };
    for joint in joints(read.map(|(number, one)| (number, &*one.text))) {
        DEFINITIONS.of_joint(&joint, place, &mut windows);
    }
    (windows, hidden)
}

/// The windows that are over two descriptions which follow each other.
#[must_use]
pub fn of_row<'a>(descriptions: impl Iterator<Item = &'a str>) -> Vec<Window> {
    let mut windows = Vec::new();
    for joint in joints(descriptions.enumerate()) {
        DEFINITIONS.of_joint(&joint, Place::default(), &mut windows);
    }
    windows
}

/// The windows of a result's texts, which is all that is told of it: names of members as well.
#[must_use]
pub fn of_result(texts: &[Text<'_>]) -> Vec<Window> {
    let mut windows = Vec::new();
    for (text, one) in texts.iter().enumerate() {
        if one.text.len() < RESULT_BYTES_MIN {
            continue;
        }
        for view in views(&one.text) {
            RESULTS.of_view(&view, (text, &one.text), Place::default(), &mut windows);
        }
    }
    // The parts of an answer that a model reads one after another.
    let is_part = |one: &Text<'_>| one.path.starts_with("/content/") && one.path.ends_with("/text");
    let parts = texts.iter().enumerate().filter(|(_, one)| !one.name && is_part(one));
    for joint in joints(parts.map(|(number, one)| (number, &*one.text))) {
        RESULTS.of_joint(&joint, Place::default(), &mut windows);
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_pairs_are_of_concepts_that_there_are() {
        let pairs = include_str!("order/pairs.txt");
        for (model, pairs, weights) in [
            (&*DEFINITIONS, pairs, include_str!("order/definition_weights.txt")),
            (&*RESULTS, "", include_str!("order/result_weights.txt")),
        ] {
            let known = |name: &str| model.grammar.number(name).is_some();
            assert_eq!(model.grammar.concepts.last(), Some(&DISGUISED));
            for (one, others) in lines(pairs) {
                for name in others.split_whitespace().chain([one]) {
                    assert!(known(name), "{name}");
                }
            }
            for line in weights.lines() {
                let (name, weight) = line.split_once(' ').unwrap();
                assert!(weight.parse::<i32>().is_ok(), "{line}");
                assert!(name == BIAS || name.split('&').all(known), "{line}");
            }
        }
        assert!(RESULTS.beside.of_attacks.iter().all(Option::is_some));
        assert!(lines(pairs).count() > 0);
    }
}
