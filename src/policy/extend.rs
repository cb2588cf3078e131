//! One document from two: a policy that extends a shipped one, and what its user put over it.
//!
//! What the upper document says takes the place of what the lower one says, by the id of a rule or budget, by the name
//! of a role, by the servers of a line about definitions; what it does not name stays (design.md section 7). The result
//! is a document of its own, so that a recording says all that held.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document;

/// Whose name the result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// The lower document's: the upper one only amends it.
    Lower,
    /// The upper document's: it is a policy, which extends another.
    Upper,
}

/// Lists whose entries have an id.
const BY_ID: [&str; 4] = ["rules", "budgets", "results", "suppressions"];
/// Mappings whose entries are replaced one by one.
const BY_KEY: [&str; 3] = ["agent_roles", "argument_policies", "phases"];

/// The two as one text: JSON, which is YAML as well. `None` where one is no document.
pub(super) fn merge(lower: &str, upper: &str, name: Name) -> Option<String> {
    let (mut merged, upper) = (document::value(lower)?, document::value(upper)?);
    let mut gone: BTreeSet<&str> =
        entries(&upper, "without").iter().filter_map(Value::as_str).collect();
    gone.extend(BY_ID.iter().flat_map(|key| entries(&upper, key)).filter_map(id));
    for key in BY_ID {
        let Some(Value::Array(kept)) = merged.get_mut(key) else { continue };
        kept.retain(|entry| !id(entry).is_some_and(|id| gone.contains(id)));
    }
    for (key, value) in &upper {
        match key.as_str() {
            "extends" | "without" | "version" => {}
            "name" if name == Name::Lower => {}
            "definitions" => {
                let named = |entry: &Value| {
                    let mut said = entries(&upper, key).iter();
                    said.any(|other| servers(other) == servers(entry))
                };
                if let Some(Value::Array(kept)) = merged.get_mut(key) {
                    kept.retain(|entry| !named(entry));
                }
                add(&mut merged, key, value);
            }
            key if BY_ID.contains(&key) || key == "human_approval_required" => {
                add(&mut merged, key, value);
            }
            key if BY_KEY.contains(&key) => {
                let lower = merged.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if let (Some(lower), Some(upper)) = (lower.as_object_mut(), value.as_object()) {
                    lower.extend(upper.clone());
                }
            }
            key => {
                merged.insert(key.to_owned(), value.clone());
            }
        }
    }
    serde_json::to_string_pretty(&merged).ok()
}

/// The ids of a document's rules and budgets.
pub(super) fn ids(text: &str) -> BTreeSet<String> {
    let document = document::value(text).unwrap_or_default();
    let entries = BY_ID.iter().flat_map(|key| entries(&document, key));
    entries.filter_map(|entry| id(entry).map(str::to_owned)).collect()
}

fn entries<'a>(document: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    document.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn id(entry: &Value) -> Option<&str> {
    entry.get("id")?.as_str()
}

/// One pattern, or a list of it, is the same.
fn servers(entry: &Value) -> BTreeSet<&str> {
    match entry.get("server") {
        Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn add(document: &mut Map<String, Value>, key: &str, more: &Value) {
    let list = document.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let (Some(list), Some(more)) = (list.as_array_mut(), more.as_array()) {
        list.extend(more.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, Question, SHIPPED, Verdict};
    use super::*;

    const LOWER: &str = r#"{"version":1,"name":"low","phase":"observe","default":{"verdict":"mark","why":"w"},
        "agent_roles":{"a":{"reason":"r","allowed_tools":["x"]},"b":{"reason":"r","allowed_tools":["y"]}},
        "definitions":[{"server":"s","drift":"block"},{"server":["t","u"],"trust":"ask"}],
        "budgets":[{"id":"few","why":"w","match":{"tool":"x"},"calls":1,"per":"session"}],
        "rules":[{"id":"one","why":"w","match":{"tool":"x"},"verdict":"deny"},
                 {"id":"two","why":"w","match":{"tool":"y"},"verdict":"ask"}]}"#;

    fn document(head: &str, rest: &str) -> String {
        format!("{{version: 1, name: up, {head} rules: [], {rest}}}")
    }

    #[test]
    fn what_is_said_above_takes_the_place_of_what_it_names() {
        for (upper, at, expected) in [
            ("", "/name", r#""low""#),
            ("", "/rules/1/id", r#""two""#),
            ("without: [one, few],", "/rules/0/id", r#""two""#),
            ("without: [one, few],", "/budgets", "[]"),
            ("phase: enforce,", "/phase", r#""enforce""#),
            ("phases: { rules: warn },", "/phases", r#"{"rules":"warn"}"#),
            ("default: { verdict: deny, why: v },", "/default/verdict", r#""deny""#),
            (
                "agent_roles: { b: { reason: q, allowed_tools: [] } },",
                "/agent_roles/b/reason",
                r#""q""#,
            ),
            (
                "agent_roles: { b: { reason: q, allowed_tools: [] } },",
                "/agent_roles/a/reason",
                r#""r""#,
            ),
            (
                "definitions: [{ server: [u, t], drift: block }],",
                "/definitions",
                r#"[{"drift":"block","server":"s"},{"drift":"block","server":["u","t"]}]"#,
            ),
            (
                "budgets: [{ id: one, why: w, match: { tool: z }, calls: 2, per: session }],",
                "/rules",
                r#"[{"id":"two","match":{"tool":"y"},"verdict":"ask","why":"w"}]"#,
            ),
        ] {
            let merged = merge(LOWER, &document(upper, ""), Name::Lower).unwrap();
            let merged: Value = serde_json::from_str(&merged).unwrap();
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(merged.pointer(at), Some(&expected), "{upper} {at}");
        }
    }

    #[test]
    fn a_policy_that_only_extends_another_is_it_under_another_name() {
        for (name, text) in SHIPPED {
            let upper = document(&format!("extends: {name},"), "");
            let (upper, lower) =
                (Policy::parse("up", &upper).unwrap(), Policy::parse(name, text).unwrap());
            assert_eq!((upper.name(), upper.phase()), ("up", lower.phase()));
            assert!(upper.rules().eq(lower.rules()), "{name}");
            assert_eq!(upper.default_reason(), lower.default_reason());
            // What it has become is a document on its own, which a recording holds.
            let again = Policy::parse("again", upper.text()).unwrap();
            assert_eq!((again.text(), again.len()), (upper.text(), lower.len()));
        }
    }

    #[test]
    fn what_amends_a_policy_may_leave_out_what_it_does_not_say() {
        let lower = Policy::parse("low", LOWER).unwrap();
        let verdict = |policy: &Policy, tool| {
            let decision = policy.decide(&Question { role: "b", ..Question::call("s", tool) });
            decision.verdict
        };
        assert_eq!(verdict(&lower, "y"), Verdict::Ask);
        let upper = document("without: [two],", "");
        let amended = lower.amended("mine", &upper).unwrap();
        assert_eq!((amended.name(), verdict(&amended, "y")), ("low", Verdict::Allow));
        // Alone it is nothing that could hold.
        assert!(Policy::parse("mine", &upper).is_err());
        let wrong = document("without: [two],", "default: { verdict: allow, why: '' }");
        let error = lower.amended("mine", &wrong).unwrap_err().to_string();
        assert!(error.starts_with("mine:1:"), "{error}");
    }
}
