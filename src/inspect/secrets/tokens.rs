//! Tokens with a form of their own, by the rules of `tokens.txt`.
//!
//! A token begins at an edge: behind no letter or digit, so that each part of a text is read by a rule once.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use super::checksum::Check;
use super::judge::{Mix, entropy, is_documented, is_stand_in};
use super::scan::before;
use super::{Proof, RANK_TOKEN, Seen};
use crate::inspect::rule::Severity;

const TOKENS_TEXT: &str = include_str!("tokens.txt");
/// What a rule sees behind its keyword. The longest tokens of a fixed form are about 4 kB, JSON Web Tokens with many groups.
const REACH_BYTES: usize = 8 * 1024;
/// The same where the beginning is searched, which takes the time of all of it for each keyword.
const REACH_WITHIN_BYTES: usize = 256;
/// Entropy where a rule does not say: random hexadecimal digits have 350 and more, words repeated have less.
const ENTROPY_MIN: u64 = 280;

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// A line of the data.
pub(super) struct Rule {
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    keywords: &'static str,
    regex: &'static str,
    /// How far before the keyword the token begins.
    back: usize,
    /// The same at most, where that is not fixed.
    within: usize,
    check: Check,
    entropy_min: u64,
    word_edge: bool,
    compiled: OnceLock<Option<Regex>>,
}

/// All rules, and what their tokens begin with or have.
struct Table {
    rules: Vec<Rule>,
    /// Which rule each keyword is of.
    owners: Vec<usize>,
    keywords: Option<AhoCorasick>,
}

impl Table {
    fn read() -> Self {
        let lines = TOKENS_TEXT.lines().filter(|line| !line.starts_with('#'));
        let rules: Vec<Rule> = lines.filter_map(Rule::read).collect();
        let of = |(at, rule): (usize, &Rule)| rule.keywords.split(',').map(move |word| (at, word));
        let (owners, words): (Vec<_>, Vec<_>) = rules.iter().enumerate().flat_map(of).unzip();
        // An automaton of this kind reads a byte in the time of one load; it takes 200 kB, once a text needs it.
        let kind = Some(AhoCorasickKind::DFA);
        let keywords = AhoCorasick::builder().kind(kind).build(words).ok();
        Self { rules, owners, keywords }
    }
}

impl Rule {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split_whitespace();
        let (kind, severity) = (parts.next()?, severity(parts.next()?)?);
        let (keywords, regex) = (parts.next()?, parts.next()?);
        let mut rule = Self {
            kind,
            severity,
            keywords,
            regex,
            back: 0,
            within: 0,
            check: Check::None,
            entropy_min: ENTROPY_MIN,
            word_edge: false,
            compiled: OnceLock::new(),
        };
        for option in parts {
            match option.split_once('=')? {
                ("within", number) => rule.within = number.parse().ok()?,
                ("back", number) => rule.back = number.parse().ok()?,
                ("min", number) => rule.entropy_min = number.parse().ok()?,
                ("check", name) => rule.check = Check::read(name)?,
                ("edge", "word") => rule.word_edge = true,
                _ => return None,
            }
        }
        Some(rule)
    }

    fn regex(&self) -> Option<&Regex> {
        let begins = if self.within == 0 { "^" } else { "" };
        let whole = || Regex::new(&format!("{begins}(?-u:{})", self.regex)).ok();
        self.compiled.get_or_init(whole).as_ref()
    }

    /// The token that has its keyword here.
    fn at(&self, text: &str, keyword: Range<usize>) -> Option<(Range<usize>, Option<bool>)> {
        let before = self.back + self.within;
        if before == 0 && !self.is_edge(text, keyword.start) {
            return None;
        }
        let begin = text.ceil_char_boundary(keyword.start.saturating_sub(before));
        let reach = if self.within == 0 { REACH_BYTES } else { REACH_WITHIN_BYTES };
        let end = text.floor_char_boundary(keyword.end.saturating_add(reach));
        let window = text.get(begin..end)?;
        let read = self.regex()?.captures(window)?;
        let whole = read.get(0)?;
        let secret = read.get(1).unwrap_or(whole);
        let span = begin + secret.start()..begin + secret.end();
        let has_keyword =
            begin + whole.start() <= keyword.start && keyword.end <= begin + whole.end();
        if !has_keyword || !self.is_edge(text, begin + whole.start()) {
            return None;
        }
        // A form of a fixed length that goes on is another one.
        if text.as_bytes().get(begin + whole.end()).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let token = secret.as_str();
        let proven = self.check.holds(token);
        let good = match (self.check.must_hold(), proven) {
            (true, proven) => proven == Some(true) && !is_documented(token),
            (false, Some(true)) => true,
            (false, None | Some(false)) => !is_stand_in(token) && self.is_random(token),
        };
        good.then_some((span, proven))
    }

    fn is_random(&self, token: &str) -> bool {
        let mix = Mix::of(token);
        let mixed = mix.digits > 0 || mix.lower > 0 && mix.upper > 0;
        mixed && entropy(token) >= self.entropy_min
    }

    /// Whether no longer word goes on here.
    fn is_edge(&self, text: &str, at: usize) -> bool {
        let Some(last) = before(text, at) else { return true };
        let joins = last.is_ascii_alphanumeric() || self.word_edge && matches!(last, b'_' | b'-');
        !joins || is_escape(text, at)
    }
}

/// Whether an escape ends here: `\n`, `\u0022`, `%3D`.
fn is_escape(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes().get(at.saturating_sub(6)..at).unwrap_or_default();
    match bytes {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [b'\\', b'u', rest @ ..] => rest.iter().all(u8::is_ascii_hexdigit),
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The word for a severity in the data.
pub(super) fn severity(word: &str) -> Option<Severity> {
    Some(match word {
        "info" => Severity::Info,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        _ => return None,
    })
}

/// The tokens that have their keywords in this part of a text.
pub(super) fn tokens(text: &str, part: Range<usize>, found: &mut Vec<Seen>) {
    let (Some(keywords), Some(within)) = (&TABLE.keywords, text.as_bytes().get(part.clone()))
    else {
        return;
    };
    for hit in keywords.find_overlapping_iter(within) {
        let Some(number) = TABLE.owners.get(hit.pattern().as_usize()) else { continue };
        let Some(rule) = TABLE.rules.get(*number) else { continue };
        let keyword = part.start + hit.start()..part.start + hit.end();
        let Some((span, proven)) = rule.at(text, keyword) else { continue };
        let (severity, proof) = match (proven, rule.check.must_hold()) {
            (Some(true), false) => (rule.severity, Proof::Checksum),
            // Mistyped, made up, or of a form that is newer than the rule.
            (Some(false), false) => (rule.severity.min(Severity::Medium), Proof::Form),
            (_, true) | (None, false) => (rule.severity, Proof::Form),
        };
        found.push(Seen { rank: RANK_TOKEN + *number, kind: rule.kind, severity, span, proof });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_rule_that_compiles() {
        let lines = TOKENS_TEXT.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), TABLE.rules.len());
        assert!(TABLE.keywords.is_some());
        for rule in &TABLE.rules {
            assert!(rule.regex().is_some(), "{}", rule.regex);
            let kebab =
                |byte: u8| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
            assert!(rule.kind.bytes().all(kebab), "{}", rule.kind);
        }
    }
}
