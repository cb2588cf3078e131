//! How much of an order a text is: what the concepts of its sentences weigh together, learned and in whole numbers.
//!
//! A score alone blocks nothing: it is evidence, and a policy decides. What weighed most is told with it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::normal::{Step, View, views};
use super::order::{Place, Seen, concepts, lines, seen};
use super::walk::Text;

const WEIGHTS_TEXT: &str = include_str!("order/weights.txt");
const PAIRS_TEXT: &str = include_str!("order/pairs.txt");
/// Features that are told.
const TOP_MAX: usize = 4;
/// The weight of nothing.
const BIAS: &str = "bias";

/// A concept, by its name, or two that mean more together, in the order of their numbers.
pub type Feature = (&'static str, &'static str);

static MODEL: LazyLock<Model> = LazyLock::new(Model::read);

/// What weighs how much, by the numbers of concepts.
struct Model {
    bias: i32,
    single: Vec<i32>,
    /// Of each concept, which later ones mean more beside it, one bit each.
    partners: Vec<u128>,
    /// Row by row.
    pairs: Vec<i32>,
}

impl Model {
    fn read() -> Self {
        let count = concepts().len();
        let mut model = Self {
            bias: 0,
            single: vec![0; count],
            partners: vec![0; count],
            pairs: vec![0; count * count],
        };
        let number = |name: &str| concepts().iter().position(|known| *known == name);
        let both = |one: &str, other: &str| {
            let (one, other) = (number(one)?, number(other)?);
            Some((one.min(other), one.max(other)))
        };
        for (one, others) in lines(PAIRS_TEXT) {
            for (one, other) in others.split_whitespace().filter_map(|other| both(one, other)) {
                if let Some(partners) = model.partners.get_mut(one) {
                    *partners |= 1 << other;
                }
            }
        }
        for (name, weight) in WEIGHTS_TEXT.lines().filter_map(|line| line.split_once(' ')) {
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
}

/// What a window is judged by: its concepts, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features(u128);

impl Features {
    fn add(&mut self, concept: usize) {
        self.0 |= 1 << concept;
    }

    /// The concepts' numbers.
    fn single(self) -> impl Iterator<Item = usize> {
        bits(self.0)
    }

    /// Those that mean more together.
    fn pairs(self) -> impl Iterator<Item = (usize, usize)> {
        let partners = |one| MODEL.partners.get(one).copied().unwrap_or_default();
        self.single()
            .flat_map(move |one| bits(self.0 & partners(one)).map(move |other| (one, other)))
    }

    /// All of them by their names.
    #[must_use]
    pub fn names(self) -> Vec<Feature> {
        let single = self.single().map(|one| (name(one), ""));
        single.chain(self.pairs().map(|(one, other)| (name(one), name(other)))).collect()
    }

    fn score(self) -> i32 {
        let single: i32 = self.single().map(|one| MODEL.single(one)).sum();
        let pairs: i32 = self.pairs().map(|(one, other)| MODEL.pair(one, other)).sum();
        MODEL.bias + single + pairs
    }
}

fn name(concept: usize) -> &'static str {
    concepts().get(concept).copied().unwrap_or_default()
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
}

impl Window {
    /// The features that weigh most, in words.
    #[must_use]
    pub fn top(&self) -> Vec<String> {
        let single = self.features.single().map(|one| (MODEL.single(one), name(one).to_owned()));
        let pair =
            |(one, other)| (MODEL.pair(one, other), format!("{}+{}", name(one), name(other)));
        let mut all: Vec<(i32, String)> = single.chain(self.features.pairs().map(pair)).collect();
        all.retain(|(weight, _)| *weight > 0);
        all.sort_by(|one, other| other.cmp(one));
        all.into_iter().take(TOP_MAX).map(|(_, name)| name).collect()
    }
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
    let number = |all: &[Seen]| all.first().map_or(0, |seen| seen.sentence);
    let sentences: Vec<&[Seen]> = all.chunk_by(|one, next| one.sentence == next.sentence).collect();
    for (at, sentence) in sentences.iter().enumerate() {
        let next = sentences.get(at + 1).filter(|next| number(next) == number(sentence) + 1);
        let both = || sentence.iter().chain(next.copied().unwrap_or_default());
        let mut features = Features::default();
        for seen in both() {
            features.add(seen.concept);
        }
        if !view.steps.is_empty() {
            features.add(concepts().len() - 1);
        }
        let start = both().map(|seen| seen.range.start).min().unwrap_or_default();
        let end = both().map(|seen| seen.range.end).max().unwrap_or_default();
        let (span, steps) = (view.source(start..end), view.steps.clone());
        windows.push(Window { features, score: features.score(), text, span, steps });
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::DISGUISED;
    use super::*;

    #[test]
    fn weights_and_pairs_are_of_concepts_that_there_are() {
        let known = |name: &str| concepts().contains(&name);
        assert_eq!(concepts().last(), Some(&DISGUISED));
        assert!(lines(PAIRS_TEXT).count() > 0);
        for (one, others) in lines(PAIRS_TEXT) {
            for name in others.split_whitespace().chain([one]) {
                assert!(known(name), "{name}");
            }
        }
        for line in WEIGHTS_TEXT.lines() {
            let (name, weight) = line.split_once(' ').unwrap();
            assert!(weight.parse::<i32>().is_ok(), "{line}");
            assert!(name == BIAS || name.split('&').all(known), "{line}");
        }
    }
}
