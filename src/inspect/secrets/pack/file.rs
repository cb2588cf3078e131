//! A file of rules as it is written.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::own::{Allow, Own, OwnRule, Target};
use super::{Pack, PackError, go};

/// A compiled expression takes at most so much; gitleaks' own need less than 1 MB each.
const REGEX_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    allowlist: Option<Listed>,
    #[serde(default)]
    allowlists: Vec<Listed>,
    #[serde(default)]
    extend: Extend,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Extend {
    use_default: Option<bool>,
    #[serde(default)]
    disabled_rules: Vec<String>,
    path: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: Option<String>,
    regex: Option<String>,
    secret_group: Option<usize>,
    entropy: Option<toml::Value>,
    #[serde(default)]
    keywords: Vec<String>,
    path: Option<String>,
    #[serde(default)]
    allowlist: Option<Listed>,
    #[serde(default)]
    allowlists: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    condition: Option<String>,
    regex_target: Option<String>,
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    stopwords: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    commits: Vec<String>,
    #[serde(default)]
    target_rules: Vec<String>,
}

/// The rules of a file.
pub(super) fn read(text: &str) -> Result<Pack, PackError> {
    let file: File = toml::from_str(text).map_err(|error| PackError::Toml(said(&error)))?;
    if let Some(place) = file.extend.path.or(file.extend.url) {
        return Err(PackError::Extends { place });
    }
    let mut notes = Vec::new();
    let (mut rules, mut ids) = (Vec::new(), BTreeSet::new());
    for (at, rule) in file.rules.into_iter().enumerate() {
        let id = rule.id.clone().filter(|id| !id.trim().is_empty());
        let id = id.ok_or(PackError::NoId { number: at + 1 })?;
        if !ids.insert(id.clone()) {
            return Err(PackError::Twice { id });
        }
        rules.extend(self::rule(id, rule, &mut notes)?);
    }
    let mut allow = Vec::new();
    for listed in file.allowlist.into_iter().chain(file.allowlists) {
        allow.extend(allow_of("the allowlist", listed, &mut notes)?);
    }
    let builtin = file.extend.use_default != Some(false);
    if !builtin && rules.is_empty() {
        return Err(PackError::Empty);
    }
    let off = file.extend.disabled_rules.into_iter().collect();
    Ok(Pack { builtin, off, own: Some(Own::new(rules, allow)), notes })
}

/// What the reader of TOML says, in a line.
fn said(error: &toml::de::Error) -> String {
    let place = error.span().map(|span| format!(" (at byte {})", span.start)).unwrap_or_default();
    format!("{}{place}", error.message().replace('\n', " "))
}

fn rule(id: String, rule: Rule, notes: &mut Vec<String>) -> Result<Option<OwnRule>, PackError> {
    let Some(written) = rule.regex.filter(|regex| !regex.is_empty()) else {
        if rule.path.is_none() {
            return Err(PackError::NoRegex { id });
        }
        notes.push(format!("Rule {id} looks at names of files alone and was left out."));
        return Ok(None);
    };
    if rule.path.is_some() {
        notes.push(format!("Rule {id} is for some files; here it is for every text."));
    }
    let place = format!("rule {id}");
    let regex = regex(&place, &written)?;
    let groups = regex.captures_len() - 1;
    let group = rule.secret_group.filter(|group| *group > 0);
    if let Some(group) = group.filter(|group| *group > groups) {
        return Err(PackError::Group { id, group, groups });
    }
    let entropy = match rule.entropy {
        None => 0,
        Some(value) => hundredths(&value).ok_or_else(|| PackError::Entropy { id: id.clone() })?,
    };
    let mut allow = Vec::new();
    for listed in rule.allowlist.into_iter().chain(rule.allowlists) {
        allow.extend(allow_of(&place, listed, notes)?);
    }
    let keywords = rule.keywords.into_iter().filter(|word| !word.is_empty()).collect();
    Ok(Some(OwnRule { id, regex, group, entropy, keywords, allow }))
}

fn allow_of(
    place: &str,
    listed: Listed,
    notes: &mut Vec<String>,
) -> Result<Option<Allow>, PackError> {
    let all = listed.condition.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("and"));
    let files = !listed.paths.is_empty() || !listed.commits.is_empty();
    if files {
        notes.push(format!("An exception of {place} names files or commits, which no text has."));
    }
    let mut regexes = Vec::new();
    for written in &listed.regexes {
        regexes.push(regex(&format!("an exception of {place}"), written)?);
    }
    let target = match listed.regex_target.as_deref() {
        Some("match") => Target::Match,
        Some("line") => Target::Line,
        _ => Target::Secret,
    };
    let stopwords: Vec<String> = listed
        .stopwords
        .iter()
        .map(|word| word.to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    // With all of its conditions, one that can never hold makes it empty.
    let empty = regexes.is_empty() && stopwords.is_empty() || all && files;
    let rules = listed.target_rules.into_iter().collect();
    Ok((!empty).then_some(Allow { all, target, regexes, stopwords, rules }))
}

fn regex(place: &str, written: &str) -> Result<Regex, PackError> {
    let failed = |reason: String, next| PackError::Regex { place: place.to_owned(), reason, next };
    let translated = go::translate(written).map_err(|fault| failed(fault.reason, fault.next))?;
    let built = RegexBuilder::new(&translated).size_limit(REGEX_BYTES_MAX).build();
    built.map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            let next = "make its repetitions shorter or take Unicode classes out";
            return failed("it is too large".to_owned(), next);
        }
        failed(last_line(&error.to_string()), go::next(written))
    })
}

/// An error of the crate draws the expression; its last line says what is wrong.
fn last_line(text: &str) -> String {
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(text);
    last.trim_start_matches("error: ").to_owned()
}

/// A number of bits in hundredths: 3.5 is 350.
fn hundredths(value: &toml::Value) -> Option<u64> {
    let written = match value {
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::String(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => return None,
    };
    let (whole, part) = written.split_once('.').unwrap_or((&written, ""));
    let two: String = part.chars().chain(['0', '0']).take(2).collect();
    let all = whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(two.parse().ok()?)?;
    (all <= 800).then_some(all)
}
