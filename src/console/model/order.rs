//! Which arguments a reader meets first.
//!
//! **The card shows an object's members in our order, the most decisive first** (console.md 2.6, rule 6):
//! a person who reads the first lines of a dump approves by habit, and in the order of the bytes it is the
//! agent who chooses those lines. The alternative, a summary above the arguments in their own order, was not
//! taken: it costs rows that small terminals do not have, and shows the same text twice, of which only
//! one copy counts as seen. Nothing is lost by it: the members of a JSON object have no order that means
//! anything (duplicate keys never get here: the guard refuses them), every line is still there once, the card's
//! head says that the order is ours, and `v` shows the bytes as they stand.
//!
//! What decides is guessed from names and shapes alone, never from values: a value cannot promote itself.

use crate::console::model::json::{self, Item};
use crate::text::Safe;

/// Members longer than this come behind the short ones: about two rows of a card.
const SHORT_COLUMNS: usize = 160;
/// Nor is a member short that has more lines.
const SHORT_LINES: usize = 8;

/// Words of names that say where something goes, what is run, or what is changed.
const DECISIVE: &[&str] = &[
    "account",
    "action",
    "address",
    "amount",
    "arg",
    "argv",
    "bcc",
    "branch",
    "bucket",
    "cc",
    "channel",
    "cmd",
    "code",
    "command",
    "database",
    "db",
    "dest",
    "destination",
    "dir",
    "directory",
    "domain",
    "email",
    "endpoint",
    "file",
    "filename",
    "folder",
    "host",
    "hostname",
    "id",
    "key",
    "method",
    "name",
    "owner",
    "path",
    "port",
    "query",
    "recipient",
    "ref",
    "remote",
    "repo",
    "repository",
    "script",
    "server",
    "source",
    "sql",
    "src",
    "statement",
    "table",
    "target",
    "to",
    "uri",
    "url",
    "user",
];

/// The members of the document that the lines show, each as a run of lines; `None` where it is no object, or
/// not one that is understood.
#[must_use]
pub fn members(items: &[Item]) -> Option<Vec<std::ops::Range<usize>>> {
    let (first, rest) = items.split_first()?;
    let opens = first.depth == 0 && first.key.is_none();
    if opens && first.value.as_str() == "{}" && rest.is_empty() {
        return Some(Vec::new());
    }
    if !opens || first.value.as_str() != "{" {
        return None;
    }
    // The closing bracket is missing where the document was cut.
    let closed = rest.last().is_some_and(|last| last.depth == 0 && last.value.as_str() == "}");
    let end = items.len() - usize::from(closed);
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, item) in items.iter().enumerate().take(end).skip(1) {
        match runs.last_mut() {
            _ if item.depth == 0 => return None,
            _ if item.depth == 1 && item.key.is_some() => runs.push(at..at + 1),
            Some(run) => run.end = at + 1,
            None => return None,
        }
    }
    Some(runs)
}

/// The numbers of the lines in our order; `None` where that is the document's own. First those that `show` names,
/// in its order: somebody who knows the tool wrote them into a rule.
#[must_use]
pub fn decisive_first(items: &[Item], show: &[String]) -> Option<Vec<usize>> {
    let mut runs = members(items)?;
    let before = runs.clone();
    let show: Vec<Safe> = show.iter().map(|name| json::name(name)).collect();
    runs.sort_by_cached_key(|run| {
        let lines = items.get(run.clone()).unwrap_or_default();
        let key = lines.first().and_then(|line| line.key.as_ref());
        let place = key.and_then(|key| show.iter().position(|name| name == key));
        let first = place.unwrap_or(show.len());
        (first, place.is_none() && is_long(lines), !key.is_some_and(is_decisive))
    });
    if runs == before {
        return None;
    }
    let behind = before.last().map_or(1, |run| run.end);
    Some(std::iter::once(0).chain(runs.into_iter().flatten()).chain(behind..items.len()).collect())
}

fn is_long(lines: &[Item]) -> bool {
    // What is long in bytes is not measured: it is long.
    let columns = |text: &Safe| {
        if text.as_str().len() > 4 * SHORT_COLUMNS { usize::MAX } else { text.width() }
    };
    let texts = lines.iter().flat_map(|line| line.key.iter().chain([&line.value]));
    lines.len() > SHORT_LINES
        || texts.map(columns).fold(0, usize::saturating_add) > SHORT_COLUMNS
        || lines.iter().any(|line| line.value.as_str().contains("<\\n>"))
}

/// Whether one of a name's words is among those that decide: `dest_path`, `destPath`, `Recipients`.
fn is_decisive(name: &Safe) -> bool {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.as_str().chars() {
        let begins = c.is_uppercase() && small;
        small = c.is_lowercase() || c.is_numeric();
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    let known = |word: &str| DECISIVE.contains(&word);
    // `tos` and `ids` are no plurals worth a guess.
    let one = |word: &str| word.strip_suffix('s').filter(|one| one.len() > 2).is_some_and(known);
    words.iter().any(|word| known(word) || one(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::model::json;
    use proptest::prelude::*;

    /// The names of the members in our order, and whether that differs from theirs.
    fn check(text: &str, expected: &[&str], differs: bool) {
        let lines = json::lines(text);
        let order = decisive_first(&lines.items, &[]);
        assert_eq!(order.is_some(), differs, "{text}");
        let order = order.unwrap_or_else(|| (0..lines.items.len()).collect());
        let names: Vec<&str> = order
            .iter()
            .map(|at| &lines.items[*at])
            .filter(|item| item.depth == 1)
            .filter_map(|item| item.key.as_ref().map(Safe::as_str))
            .collect();
        assert_eq!(names, expected, "{text}");
    }

    #[test]
    fn targets_come_before_other_short_values_and_these_before_long_text() {
        let long = "x".repeat(SHORT_COLUMNS);
        check(
            &format!(r#"{{"body":"{long}","urgent":true,"to":["a@b.c"],"subject":"hi"}}"#),
            &["\"to\"", "\"urgent\"", "\"subject\"", "\"body\""],
            true,
        );
        check(
            r#"{"content":"one\ntwo","overwrite":true,"destPath":"/etc"}"#,
            &["\"destPath\"", "\"overwrite\"", "\"content\""],
            true,
        );
        let long = format!(r#"{{"note":"{long}","command":"{long}","timeout":5}}"#);
        check(&long, &["\"timeout\"", "\"command\"", "\"note\""], true);
    }

    #[test]
    fn what_a_rule_names_comes_before_all_that_is_guessed() {
        let text = format!(r#"{{"path":"/a","note":"n","o\"dd":1,"body":"{}"}}"#, "x".repeat(1000));
        let items = json::lines(&text).items;
        let names = |show: &[&str]| -> Vec<String> {
            let show: Vec<String> = show.iter().map(|name| (*name).to_owned()).collect();
            let order = decisive_first(&items, &show).unwrap_or_else(|| (0..items.len()).collect());
            let keys = order.iter().filter_map(|at| items[*at].key.as_ref());
            keys.map(|key| key.as_str().trim_matches('"').to_owned()).collect()
        };
        let odd = r#"o\"dd"#;
        assert_eq!(names(&[]), ["path", "note", odd, "body"]);
        assert_eq!(names(&["body", "note"]), ["body", "note", "path", odd]);
        assert_eq!(names(&["o\"dd", "missing"]), [odd, "path", "note", "body"]);
    }

    #[test]
    fn an_order_that_is_decisive_already_is_kept() {
        check(r#"{"path":"a","content":"b"}"#, &["\"path\"", "\"content\""], false);
        check(r#"{"z":1,"y":2,"x":{"path":"a"}}"#, &["\"z\"", "\"y\"", "\"x\""], false);
        check("{}", &[], false);
    }

    #[test]
    fn names_are_read_by_their_words() {
        for name in ["path", "file_path", "filePath", "Recipients", "target-url", "to", "repo.name"]
        {
            assert!(is_decisive(&Safe::escape(name)), "{name}");
        }
        for name in ["content", "pathological", "total", "body", "", "tos_accepted"] {
            assert!(!is_decisive(&Safe::escape(name)), "{name}");
        }
    }

    #[test]
    fn a_value_cannot_promote_itself() {
        check(r#"{"note":"path to url","path":"x"}"#, &["\"path\"", "\"note\""], true);
    }

    #[test]
    fn what_is_no_object_keeps_its_order() {
        for text in [
            "[1,{\"path\":2}]",
            "\"path\"",
            "",
            "{1,\"path\":2}",
            "}{\"path\":1}",
            "{\"a\":1}{\"path\":2}",
        ] {
            assert_eq!(decisive_first(&json::lines(text).items, &[]), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_line_is_there_once(
            members in prop::collection::vec(("[a-z]{1,8}|to|path", "[a-z\u{301}\n]{0,200}"), 0..12),
            nested in any::<bool>(),
        ) {
            let text: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let value = serde_json::json!(value);
                    if nested { format!("\"{name}\":[{value},{{\"x\":1}}]") } else { format!("\"{name}\":{value}") }
                })
                .collect();
            let lines = json::lines(&format!("{{{}}}", text.join(",")));
            prop_assert_eq!(super::members(&lines.items).map(|runs| runs.len()), Some(members.len()));
            if let Some(mut order) = decisive_first(&lines.items, &[]) {
                order.sort_unstable();
                prop_assert_eq!(order, (0..lines.items.len()).collect::<Vec<_>>());
            }
        }
    }
}
