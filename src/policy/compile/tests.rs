use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::policy::{Decision, SHIPPED, shipped};

/// Verdict, risk, server pattern, tool pattern.
type Sketch<'a> = (&'a str, &'a str, &'a str, &'a str);

/// A policy of these rules, with the ids `r0`, `r1`, … by number.
fn policy(default: &str, rules: &[(usize, Sketch<'_>)]) -> Policy {
    let mut text = format!(
        "version: 1\nname: test\nphase: enforce\ndefault: {{ verdict: {default}, why: \"D.\" }}\nrules:\n"
    );
    for (id, (verdict, risk, server, tool)) in rules {
        writeln!(
            text,
            "  - {{ id: r{id}, why: \"W.\", match: {{ server: {server:?}, tool: {tool:?} }}, verdict: {verdict}, risk: {risk} }}"
        )
        .unwrap();
    }
    if rules.is_empty() {
        text = text.replace("rules:\n", "rules: []\n");
    }
    Policy::parse("test.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn numbered<'a>(rules: &[Sketch<'a>]) -> Vec<(usize, Sketch<'a>)> {
    rules.iter().copied().enumerate().collect()
}

fn decide(policy: &Policy, server: &str, tool: &str) -> Decision {
    policy.decide(&Question::call(server, tool))
}

fn ids(decision: &Decision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.rule.as_str()).collect()
}

#[test]
fn shipped_policies_load_under_their_own_names() {
    for (name, text) in SHIPPED {
        let policy = Policy::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(policy.name(), *name);
        assert_eq!(policy.text(), *text);
    }
    assert_eq!(shipped("observe").map(str::is_empty), Some(false));
    assert_eq!(shipped("balance"), None);
    let phase = |name| Policy::parse(name, shipped(name).unwrap()).unwrap().phase();
    assert_eq!((phase("observe"), phase("balanced")), (Phase::Observe, Phase::Enforce));
}

#[test]
fn the_digest_is_the_sha256_of_the_text() {
    let policy = policy("deny", &[]);
    let expected: [u8; 32] = Sha256::digest(policy.text()).into();
    let hex: Vec<String> = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(policy.digest(), hex.concat());
    assert_eq!(policy.digest().len(), 64);
}

#[test]
fn the_strictest_rule_wins_with_all_reasons_and_the_risk_of_its_equals() {
    let policy = policy(
        "deny",
        &numbered(&[
            ("allow", "high", "*", "*"),
            ("ask", "low", "*", "w*"),
            ("mark", "high", "*", "*"),
            ("ask", "medium", "fs", "*"),
            ("deny", "low", "*", "wipe"),
        ]),
    );
    let decision = decide(&policy, "fs", "write");
    assert_eq!((decision.verdict, decision.risk), (Verdict::Ask, Risk::Medium));
    assert_eq!(ids(&decision), ["r1", "r3", "r2", "r0"]);
    assert_eq!(decide(&policy, "db", "write").risk, Risk::Low);
    assert_eq!(decide(&policy, "fs", "wipe").verdict, Verdict::Deny);
    assert_eq!(decide(&policy, "db", "read").verdict, Verdict::Mark);
}

#[test]
fn the_default_speaks_where_no_rule_does() {
    let policy = policy("ask", &numbered(&[("allow", "low", "*", "read_*")]));
    assert_eq!(decide(&policy, "fs", "read_file").verdict, Verdict::Allow);
    let decision = decide(&policy, "fs", "other");
    assert_eq!(
        (decision.verdict, decision.risk, ids(&decision)),
        (Verdict::Ask, Risk::Medium, vec!["default"])
    );
    assert_eq!(decision.reasons[0].why, "D.");
}

#[test]
fn strict_rules_see_through_spellings_and_mild_ones_do_not() {
    let strict = policy("allow", &numbered(&[("deny", "high", "FS", "write_*")]));
    let mild = policy("ask", &numbered(&[("allow", "low", "FS", "write_*")]));
    for tool in [
        "Write_file",
        "WRITE_FILE",
        "wri\u{200b}te_file",
        "writeFile",
        " write_file",
        "write-file",
        "write.file\n",
    ] {
        assert_eq!(decide(&strict, "fs", tool).verdict, Verdict::Deny, "{tool:?}");
        assert_eq!(decide(&mild, "FS", tool).verdict, Verdict::Ask, "{tool:?}");
    }
    assert_eq!(decide(&mild, "FS", "write_file").verdict, Verdict::Allow);
    assert_eq!(decide(&mild, "fs", "write_file").verdict, Verdict::Ask);
    assert_eq!(decide(&strict, "fs", "rewrite").verdict, Verdict::Allow);
}

#[test]
fn names_of_any_length_and_content_are_matched() {
    let policy = policy("allow", &numbered(&[("deny", "high", "*", "write*")]));
    for tail in [
        "x".repeat(100_000),
        "\0\u{1b}[2J\n".repeat(100),
        "/../..".repeat(99),
        "é\u{10ffff}".to_owned(),
    ] {
        assert_eq!(decide(&policy, "", &format!("write{tail}")).verdict, Verdict::Deny);
        assert_eq!(decide(&policy, &tail, &tail).verdict, Verdict::Allow);
    }
    assert_eq!(decide(&policy, "", "").verdict, Verdict::Allow);
}

#[test]
fn servers_that_speak_for_the_operator_are_asked_about() {
    let policy = policy("allow", &[]);
    let rule = |method, mode| {
        let decision: Decision =
            policy.decide_method(&Question { method, ..Question::call("s", "") }, mode)?;
        assert_eq!((decision.verdict, decision.risk), (Verdict::Ask, Risk::Medium));
        Some(decision.reasons[0].rule.clone())
    };
    assert_eq!(rule("sampling/createMessage", None).as_deref(), Some("builtin.sampling"));
    let url = rule("elicitation/create", Some("url"));
    assert_eq!(url.as_deref(), Some("builtin.elicitation-url"));
    assert_eq!(rule("elicitation/create", Some("form")), None);
    assert_eq!(rule("elicitation/create", None), None);
    assert_eq!(rule("roots/list", None), None);
}

#[test]
fn too_much_is_refused() {
    let text = format!("# {}\n{}", "x".repeat(TEXT_BYTES_MAX), shipped("observe").unwrap());
    let error = Policy::parse("big.yaml", &text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "big.yaml: longer than 1048576 bytes; split it or shorten its lists"
    );
    let rule = "  - { id: rN, why: W, match: { tool: a }, verdict: ask }\n";
    let rules: String = (0..=RULES_MAX).map(|n| rule.replace("rN", &format!("r{n}"))).collect();
    let head = "version: 1\nname: many\nphase: warn\ndefault: { verdict: ask, why: W }\nrules:\n";
    let error = Policy::parse("many.yaml", &format!("{head}{rules}")).unwrap_err();
    assert_eq!(*error.cause(), Cause::TooManyRules { limit: RULES_MAX });
    let deep = format!("version: {}", "[".repeat(100_000));
    assert!(Policy::parse("deep.yaml", &deep).is_err());
}

const NAMES: &str = "[abA_./ \u{200b}]{0,6}";

fn rule() -> impl Strategy<Value = (&'static str, &'static str, String, String)> {
    (
        prop::sample::select(vec!["allow", "mark", "ask", "deny"]),
        prop::sample::select(vec!["low", "medium", "high"]),
        prop::sample::select(vec!["*", "a", "b*"]).prop_map(str::to_owned),
        prop_oneof![Just("*".to_owned()), "([abA_./?]|\\*[ab./]){1,4}"],
    )
}

type Rules = Vec<(usize, (&'static str, &'static str, String, String))>;

fn rules() -> impl Strategy<Value = Rules> {
    prop::collection::vec(rule(), 0..6).prop_map(|rules| rules.into_iter().enumerate().collect())
}

fn build(default: &str, rules: &Rules) -> Policy {
    let borrowed: Vec<_> =
        rules.iter().map(|(id, (v, r, s, t))| (*id, (*v, *r, s.as_str(), t.as_str()))).collect();
    policy(default, &borrowed)
}

#[test]
fn names_are_no_paths() {
    let check = |pattern: &str, tool: &str| {
        let policy = policy("allow", &[(0, ("deny", "low", "*", pattern))]);
        assert_eq!(decide(&policy, "s", tool).verdict, Verdict::Deny, "{pattern} {tool}");
    };
    check("*.", "..");
    check("a*.", "a/..");
    check("*/..", "a/..");
    check("*.b", "a/.b");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rules_never_matters(
        (rules, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        server in "[ab]{0,2}", tool in NAMES,
    ) {
        let left = decide(&build("mark", &rules), &server, &tool);
        prop_assert_eq!(left, decide(&build("mark", &shuffled), &server, &tool));
    }

    #[test]
    fn adding_a_denial_never_widens(
        rules in rules(), more in rule(), default in prop::sample::select(vec!["allow", "mark", "ask", "deny"]),
        server in "[ab]{0,2}", tool in NAMES,
    ) {
        let before = decide(&build(default, &rules), &server, &tool);
        let mut with = rules.clone();
        with.push((99, ("deny", more.1, more.2, more.3)));
        let after = decide(&build(default, &with), &server, &tool);
        prop_assert!(after.verdict >= before.verdict);
        prop_assert!(after == before || after.reasons.iter().any(|reason| reason.rule == "r99"));
    }

    #[test]
    fn removing_a_rule_opens_only_what_it_alone_denied(
        rules in rules(), at in any::<prop::sample::Index>(), server in "[ab]{0,2}", tool in NAMES,
    ) {
        prop_assume!(!rules.is_empty());
        let before = decide(&build("deny", &rules), &server, &tool);
        let mut without = rules.clone();
        let removed = format!("r{}", without.remove(at.index(rules.len())).0);
        let after = decide(&build("deny", &without), &server, &tool);
        let denials: Vec<&str> = before.reasons.iter()
            .filter(|reason| reason.verdict == Verdict::Deny).map(|reason| reason.rule.as_str()).collect();
        if before.verdict == Verdict::Deny && after.verdict != Verdict::Deny {
            prop_assert_eq!(denials, [removed.as_str()]);
        }
    }

    #[test]
    fn patterns_match_as_plain_globs_do(pattern in "([abA_./?]|\\*[ab./]){1,5}\\*?", tool in "[abA_./]{0,6}") {
        fn fits(pattern: &[u8], name: &[u8]) -> bool {
            match pattern {
                [] => name.is_empty(),
                [b'*', rest @ ..] => (0..=name.len()).any(|at| fits(rest, &name[at..])),
                [b'?', rest @ ..] => !name.is_empty() && fits(rest, &name[1..]),
                [byte, rest @ ..] => name.first() == Some(byte) && fits(rest, &name[1..]),
            }
        }
        let policy = policy("deny", &[(0, ("allow", "low", "*", &pattern))]);
        let expected = if fits(pattern.as_bytes(), tool.as_bytes()) { Verdict::Allow } else { Verdict::Deny };
        prop_assert_eq!(decide(&policy, "s", &tool).verdict, expected);
    }

    #[test]
    fn no_broken_text_allows(at in any::<prop::sample::Index>(), size in 1_usize..40) {
        let text = shipped("ask-writes").unwrap();
        let at = at.index(text.len());
        let cut: String = text.char_indices().filter(|(n, _)| !(at..at + size).contains(n)).map(|(_, c)| c).collect();
        if let Ok(policy) = Policy::parse("cut.yaml", &cut) {
            prop_assert!(decide(&policy, "s", "no rule knows this").verdict >= Verdict::Mark);
        }
    }

    #[test]
    fn any_text_gives_a_policy_or_an_error(text in "(version|name|phase|default|rules|[-:{}\\[\\]\"&*|> \n#1])*") {
        if let Err(error) = Policy::parse("any.yaml", &text) {
            prop_assert!(error.to_string().starts_with("any.yaml:"));
        }
    }
}
