//! Which rules a name calls for.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use crate::inspect::rule::Severity;
use crate::inspect::secrets::tokens::severity;

const NAMES_TEXT: &str = include_str!("../names.txt");
/// Letters and digits of a name that are read, its last ones.
const NAME_MAX: usize = 64;
/// The kinds of lines that say what is none.
const NOT: &str = "not";
const NOT_BEHIND: &str = "not-behind";

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// How a value is judged.
pub(super) enum How<'a> {
    /// All of it has this form.
    Form(&'a Regex),
    /// Long and random.
    Random,
    /// As people choose passwords.
    Chosen,
}

/// A line of the data.
pub(super) struct Rule {
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    words: &'static str,
    pattern: &'static str,
    regex: OnceLock<Option<Regex>>,
}

impl Rule {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split_whitespace();
        let (kind, severity) = (parts.next()?, severity(parts.next()?)?);
        let (words, pattern) = (parts.next()?, parts.next()?);
        Some(Self { kind, severity, words, pattern, regex: OnceLock::new() })
    }

    pub(super) fn how(&self) -> Option<How<'_>> {
        Some(match self.pattern {
            "random" => How::Random,
            "chosen" => How::Chosen,
            pattern => {
                let whole = || Regex::new(&format!("^(?-u:{pattern})$")).ok();
                How::Form(self.regex.get_or_init(whole).as_ref()?)
            }
        })
    }
}

struct Table {
    rules: Vec<Rule>,
    /// The words that each alternative needs, beside each other, because a name is held against all of them.
    needed: Vec<Words>,
    /// The rule of each.
    of_rule: Vec<usize>,
    words: Vec<&'static str>,
    /// How many words there are behind those that make a name one of something else; then come those of its end.
    not: usize,
    automaton: Option<AhoCorasick>,
}

impl Table {
    fn read() -> Self {
        let (mut rules, mut words) = (Vec::new(), Vec::new());
        let (mut all_needed, mut of_rule) = (Vec::new(), Vec::new());
        let (mut not, mut not_behind): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for line in NAMES_TEXT.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(" - ") {
                Some((NOT, listed)) => not.extend(listed.split(',')),
                Some((NOT_BEHIND, listed)) => not_behind.extend(listed.split(',')),
                _ => rules.extend(Rule::read(line)),
            }
        }
        for (rule, line) in rules.iter().enumerate() {
            for alternative in line.words.split(',') {
                let number = |word| {
                    let known = words.iter().position(|known| *known == word);
                    known.unwrap_or_else(|| {
                        words.push(word);
                        words.len() - 1
                    })
                };
                let mut needed = Words::default();
                alternative.split('+').map(number).for_each(|word| needed.add(word));
                all_needed.push(needed);
                of_rule.push(rule);
            }
        }
        let all = words.iter().chain(&not).chain(&not_behind);
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder().kind(kind).build(all).ok();
        Self { rules, needed: all_needed, of_rule, words, not: not.len(), automaton }
    }

    /// Which words a name has, one bit each; nothing where others say that it is of something else.
    fn words_of(&self, name: &str) -> Option<Words> {
        let mut bare = [0; NAME_MAX];
        let letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
        let mut start = NAME_MAX;
        for (place, byte) in bare.iter_mut().rev().zip(letters) {
            *place = byte.to_ascii_lowercase();
            start -= 1;
        }
        let bare = bare.get(start..)?;
        let mut seen = Words::default();
        let (mut last, mut behind) = (0, None);
        for hit in self.automaton.as_ref()?.find_overlapping_iter(bare) {
            let word = hit.pattern().as_usize();
            if word < self.words.len() {
                seen.add(word);
                last = last.max(hit.end());
            } else if word < self.words.len() + self.not {
                return None;
            } else {
                behind = behind.max(Some(hit.start()));
            }
        }
        let goes_on = behind.is_some_and(|behind| behind >= last && last > 0);
        (!goes_on && last > 0).then_some(seen)
    }
}

/// A set of words.
#[derive(Debug, Clone, Copy, Default)]
struct Words(u128);

impl Words {
    fn add(&mut self, word: usize) {
        self.0 |= u32::try_from(word).ok().and_then(|word| 1_u128.checked_shl(word)).unwrap_or(0);
    }

    const fn has_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

/// The first rule that a name calls for and whose judgement of the value holds.
pub(super) fn matching(
    name: &str,
    holds: impl Fn(&How<'_>) -> bool,
) -> Option<(usize, &'static Rule)> {
    let words = TABLE.words_of(name)?;
    let mut last = None;
    let alternatives = TABLE.needed.iter().zip(&TABLE.of_rule);
    for (_, number) in alternatives.filter(|(needed, _)| words.has_all(**needed)) {
        if last == Some(*number) {
            continue;
        }
        last = Some(*number);
        let Some(rule) = TABLE.rules.get(*number) else { continue };
        if rule.how().is_some_and(|how| holds(&how)) {
            return Some((*number, rule));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_rule_that_compiles() {
        let lines = NAMES_TEXT.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), TABLE.rules.len() + 2);
        assert!(TABLE.rules.iter().all(|rule| rule.how().is_some()));
        assert!(TABLE.words.len() <= 128, "one bit each");
        assert!(TABLE.automaton.is_some() && TABLE.not > 0);
    }

    #[test]
    fn names_call_for_rules() {
        for (name, expected) in [
            ("password", Some("password")),
            ("DB_PASSWORD", Some("password")),
            ("aws.secretAccessKey", Some("aws-secret-key")),
            ("DD_API_KEY", Some("datadog-key")),
            ("client_secret", Some("client-secret")),
            ("x-api-key", Some("api-key")),
            ("api token for this", Some("api-key")),
            ("token", Some("secret")),
            ("secret_id", None),
            ("token_url", None),
            ("next_token", None),
            ("nextPageToken", None),
            ("public_key", None),
            ("path", None),
            ("", None),
        ] {
            let rule = matching(name, |_| true).map(|(_, rule)| rule.kind);
            assert_eq!(rule, expected, "{name}");
        }
    }
}
