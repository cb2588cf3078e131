//! What a policy's file changed: whether it can only have become stricter, and which rules are others.
//!
//! Only what is stricter holds before an operator confirmed it (design.md section 7). It is told from the documents, rule
//! by rule, and never guessed: whatever is not known to be stricter counts as one that may allow more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::document;

/// Keys whose change is judged here; all others have to be the same.
const JUDGED: [&str; 4] = ["rules", "default", "phase", "name"];
/// Rules that are named; of more the count says so.
const NAMED_MAX: usize = 8;

/// From one text of a policy to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Rules that are new.
    pub added: Vec<String>,
    /// Rules that are not there any more.
    pub removed: Vec<String>,
    /// Rules that are others under the same id.
    pub changed: Vec<String>,
    /// Other parts that differ: `default`, `budgets`, …
    pub parts: Vec<String>,
    /// Whether nothing that was stopped before can go on now.
    pub only_stricter: bool,
}

impl Change {
    /// Between two texts that load. One that cannot be read here counts as one that may allow more.
    #[must_use]
    pub fn between(before: &str, now: &str) -> Self {
        let (Some(before), Some(now)) = (document::value(before), document::value(now)) else {
            return Self::default();
        };
        let mut change = Self { only_stricter: true, ..Self::default() };
        let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for key in keys {
            if before.get(key) != now.get(key) && key != "rules" {
                change.parts.push(key.clone());
                change.only_stricter &= JUDGED.contains(&key.as_str());
            }
        }
        let default = |of: &Map<String, Value>| strictness(of.get("default")?.get("verdict")?);
        let phase = |of: &Map<String, Value>| match of.get("phase").and_then(Value::as_str) {
            Some("enforce") => 2,
            Some("warn") => 1,
            Some(_) | None => 0,
        };
        change.only_stricter &= default(&before) <= default(&now) && phase(&before) <= phase(&now);
        let floor = default(&before).max(default(&now));
        let (old, new) = (rules(&before), rules(&now));
        for (id, rule) in &old {
            match new.get(id) {
                None => {
                    change.removed.push((*id).to_owned());
                    change.only_stricter = false;
                }
                Some(now) if now != rule => {
                    change.changed.push((*id).to_owned());
                    change.only_stricter &= is_stricter(rule, now, floor);
                }
                Some(_) => {}
            }
        }
        for (id, rule) in new.iter().filter(|(id, _)| !old.contains_key(*id)) {
            change.added.push((*id).to_owned());
            // Where it fits, the default does not speak any more.
            let verdict = rule.get("verdict").and_then(strictness);
            // The default asks at medium risk.
            let mild = verdict == floor && risk(rule) < 1;
            change.only_stricter &= verdict.is_some() && verdict >= floor && !mild;
        }
        change
    }

    /// Whether they say the same.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.only_stricter
            && self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.parts.is_empty()
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let list = |what: &str, ids: &[String]| {
            let few: Vec<&str> = ids.iter().take(NAMED_MAX).map(String::as_str).collect();
            let more = ids.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!ids.is_empty()).then(|| format!("{what} {}{more}", few.join(", ")))
        };
        let parts = [
            list("new rules:", &self.added),
            list("gone:", &self.removed),
            list("changed:", &self.changed),
            list("and its", &self.parts),
        ];
        let words = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        if words.is_empty() { "nothing that can be named".to_owned() } else { words }
    }
}

fn rules(of: &Map<String, Value>) -> BTreeMap<&str, &Value> {
    let rules = of.get("rules").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| Some((rule.get("id")?.as_str()?, rule))).collect()
}

fn strictness(verdict: &Value) -> Option<u8> {
    match verdict.as_str()? {
        "allow" => Some(0),
        "mark" => Some(1),
        "ask" => Some(2),
        "deny" => Some(3),
        _ => None,
    }
}

/// Whether the same calls get the same or a stricter verdict: words for people may be others.
fn is_stricter(before: &Value, now: &Value, floor: Option<u8>) -> bool {
    let bare = |rule: &Value| {
        let mut rule = rule.as_object().cloned().unwrap_or_default();
        for key in ["why", "show", "examples", "verdict", "risk"] {
            rule.remove(key);
        }
        rule
    };
    let verdict = |rule: &Value| rule.get("verdict").and_then(strictness);
    // A rule that asks sees through spellings, and fits where its condition cannot be told: it fits calls that one which
    // allows left to the default.
    let crosses = verdict(before) < Some(2) && verdict(now) >= Some(2);
    if crosses && verdict(now) < floor {
        return false;
    }
    bare(before) == bare(now)
        && verdict(now).is_some()
        && verdict(before) <= verdict(now)
        && (risk(before) <= risk(now) || verdict(before) < verdict(now))
}

fn risk(rule: &Value) -> u8 {
    match rule.get("risk").and_then(Value::as_str) {
        Some("low") => 0,
        Some("high") => 2,
        Some(_) | None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "version: 1\nname: p\nphase: warn\ndefault: { verdict: mark, why: w }\nrules:\n  \
                          - { id: a, why: w, match: { tool: a }, verdict: ask }\n  \
                          - { id: b, why: w, match: { tool: b }, verdict: allow }\n";

    #[test]
    fn only_what_cannot_allow_more_is_stricter() {
        let c = |verdict: &str| {
            format!("  - {{ id: c, why: w, match: {{ tool: c }}, verdict: {verdict} }}\n")
        };
        let b = "  - { id: b, why: w, match: { tool: b }, verdict: allow }\n";
        for (from, to, stricter, words) in [
            ("", "", true, "nothing that can be named"),
            ("version", "# a word\nversion", true, "nothing that can be named"),
            ("phase: warn", "phase: enforce", true, "and its phase"),
            ("phase: warn", "phase: observe", false, "and its phase"),
            ("verdict: mark", "verdict: deny", true, "and its default"),
            ("verdict: mark", "verdict: allow", false, "and its default"),
            ("verdict: ask", "verdict: deny", true, "changed: a"),
            ("verdict: ask", "verdict: allow", false, "changed: a"),
            ("verdict: ask", "verdict: ask, risk: low", false, "changed: a"),
            ("verdict: ask", "verdict: ask, risk: high", true, "changed: a"),
            ("id: a, why: w", "id: a, why: other", true, "changed: a"),
            ("tool: a", "tool: [a, x]", false, "changed: a"),
            (b, "", false, "gone: b"),
            ("rules:", "budgets: []\nrules:", false, "and its budgets"),
        ] {
            let change = Change::between(POLICY, &POLICY.replacen(from, to, 1));
            assert_eq!((change.only_stricter, change.words().as_str()), (stricter, words), "{to}");
        }
        for (verdict, stricter) in [("deny", true), ("ask", true), ("mark", true), ("allow", false)]
        {
            let change = Change::between(POLICY, &format!("{POLICY}{}", c(verdict)));
            assert_eq!((change.only_stricter, change.words().as_str()), (stricter, "new rules: c"));
        }
        // An ask that fits more calls than the allow did, where the default denies.
        let denies = POLICY.replacen("verdict: mark", "verdict: deny", 1);
        let asks = denies.replacen("verdict: allow", "verdict: ask", 1);
        assert!(!Change::between(&denies, &asks).only_stricter);
        let asking = POLICY.replacen("verdict: mark", "verdict: ask", 1);
        let easy =
            "  - { id: c, why: w, match: { tool: '*' }, verdict: ask, risk: low }\n".to_owned();
        assert!(!Change::between(&asking, &(asking.clone() + &easy)).only_stricter);
        assert!(
            !Change::between("", POLICY).only_stricter
                && !Change::between(POLICY, "{").only_stricter
        );
        assert!(Change::between(POLICY, POLICY).is_nothing());
    }
}
