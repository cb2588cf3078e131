//! What holds for any document and any question: over names, roles, methods, conditions and phases.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const VERDICTS: [&str; 4] = ["allow", "mark", "ask", "deny"];
const RISKS: [&str; 3] = ["low", "medium", "high"];
const PHASES: [&str; 3] = ["observe", "warn", "enforce"];

/// A rule without its id.
#[derive(Debug, Clone)]
struct Sketch {
    about: String,
    verdict: &'static str,
    risk: &'static str,
    show: &'static str,
}

/// A document; its rules are `r0`, `r1`, … by number.
#[derive(Debug, Clone)]
struct Sheet {
    phases: [&'static str; 4],
    default: &'static str,
    /// Of the roles `a` and `b`.
    lists: Vec<&'static str>,
    approvals: Vec<(&'static str, &'static str)>,
    rules: Vec<(usize, Sketch)>,
}

impl Sheet {
    fn policy(&self) -> Policy {
        let [phase, rules, allowlist, approvals] = self.phases;
        let mut text = format!(
            "version: 1\nname: law\nphase: {phase}\n\
             phases: {{ rules: {rules}, allowlist: {allowlist}, approvals: {approvals} }}\n\
             default: {{ verdict: {}, why: \"D.\" }}\n",
            self.default
        );
        text.push_str(if self.lists.is_empty() { "" } else { "agent_roles:\n" });
        for (role, list) in ["a", "b"].iter().zip(&self.lists) {
            writeln!(text, "  {role}: {{ reason: R, {list} }}").unwrap();
        }
        text.push_str(if self.approvals.is_empty() { "" } else { "human_approval_required:\n" });
        for (tool, condition) in &self.approvals {
            writeln!(text, "  - {{ tool: {tool}, condition: {condition}, reason: R }}").unwrap();
        }
        text.push_str(if self.rules.is_empty() { "rules: []\n" } else { "rules:\n" });
        for (id, Sketch { about, verdict, risk, show }) in &self.rules {
            writeln!(
                text,
                "  - {{ id: r{id}, why: W, match: {{ {about} }}, verdict: {verdict}, risk: {risk}, show: [{show}] }}"
            )
            .unwrap();
        }
        Policy::parse("law.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn with(&self, change: impl FnOnce(&mut Vec<(usize, Sketch)>)) -> Policy {
        let mut other = self.clone();
        change(&mut other.rules);
        other.policy()
    }
}

fn one(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(of)
}

/// What a rule is about: some of the names, and a condition that holds, does not, or cannot be told.
fn about() -> impl Strategy<Value = String> {
    let some = |of| prop::option::of(one(of));
    let names = one(&[
        "tool: read",
        "tool: [\"write*\", Write_File]",
        "method: \"resources/*\"",
        "tool: \"*\"",
        "",
    ]);
    let server = some(&["server: fs", "server: \"*\""]);
    let role = some(&["role: a", "role: \"*\""]);
    let when = some(&[
        "when: 'args.n > 3'",
        "when: 'has(args.path)'",
        "when: 'args.path.matches(\"^/etc\")'",
    ]);
    (names, server, role, when).prop_map(|(names, server, role, when)| {
        let parts: Vec<&str> = [Some(names), server, role, when].into_iter().flatten().collect();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "tool: read".to_owned() } else { parts.join(", ") }
    })
}

fn sketch() -> impl Strategy<Value = Sketch> {
    (about(), one(&VERDICTS), one(&RISKS), one(&["", "path", "n", "n, path"]))
        .prop_map(|(about, verdict, risk, show)| Sketch { about, verdict, risk, show })
}

fn sheet() -> impl Strategy<Value = Sheet> {
    let lists = one(&[
        "allowed_tools: [read]",
        "allowed_tools: []",
        "allowed_tools: [\"*\"], denied_tools: \"write*\"",
    ]);
    let approval = (one(&["read", "\"write*\""]), one(&["always", "'args.n > 3'"]));
    (
        [one(&PHASES), one(&PHASES), one(&PHASES), one(&PHASES)],
        one(&VERDICTS),
        prop::collection::vec(lists, 0..3),
        prop::collection::vec(approval, 0..3),
        prop::collection::vec(sketch(), 0..6),
    )
        .prop_map(|(phases, default, lists, approvals, rules)| {
            let rules = rules.into_iter().enumerate().collect();
            Sheet { phases, default, lists, approvals, rules }
        })
}

fn question() -> impl Strategy<Value = Question<'static>> {
    let arguments = one(&[
        "{}",
        r#"{"n":5}"#,
        r#"{"n":"5"}"#,
        r#"{"n":1,"path":"/etc/x"}"#,
        r#"{"path":"/home"}"#,
    ]);
    let tools = one(&["read", "Read", "write_file", "writeFile", "Write_File", "other"]);
    let methods =
        one(&[method::TOOLS_CALL, method::TOOLS_CALL, "resources/read", method::SAMPLING]);
    (
        one(&["fs", "FS", "mail"]),
        tools,
        one(&["", "a", "b", "c"]),
        methods,
        prop::option::of(arguments),
    )
        .prop_map(|(server, tool, role, method, arguments)| Question {
            server,
            tool: if method == method::TOOLS_CALL { tool } else { "" },
            method,
            role,
            arguments: arguments.map(str::as_bytes),
            definition: None,
            findings: &[],
        })
}

/// What it says; of a request that it is not about: nothing.
fn said(policy: &Policy, question: &Question<'_>) -> Option<Decision> {
    if question.method == method::TOOLS_CALL {
        Some(policy.decide(question))
    } else {
        policy.decide_method(question, None)
    }
}

fn acts(decision: Option<&Decision>) -> Verdict {
    decision.map_or(Verdict::Allow, |decision| decision.acts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_rules_changes_anything_that_is_said(
        (sheet, shuffled) in sheet().prop_flat_map(|sheet| {
            let rules = Just(sheet.rules.clone()).prop_shuffle();
            (Just(sheet), rules)
        }),
        question in question(),
    ) {
        let other = sheet.with(|rules| *rules = shuffled);
        prop_assert_eq!(said(&sheet.policy(), &question), said(&other, &question));
    }

    #[test]
    fn one_more_denial_makes_nothing_milder(
        sheet in sheet(), more in sketch(), at in any::<prop::sample::Index>(), question in question(),
    ) {
        let before = said(&sheet.policy(), &question);
        let with = sheet.with(|rules| {
            let at = at.index(rules.len() + 1);
            rules.insert(at, (99, Sketch { verdict: "deny", ..more }));
        });
        let after = said(&with, &question);
        prop_assert!(acts(after.as_ref()) >= acts(before.as_ref()), "{before:?} {after:?}");
        let verdict = |decision: &Option<Decision>| decision.as_ref().map(|decision| decision.verdict);
        prop_assert!(verdict(&after) >= verdict(&before));
        let by_it = after.iter().flat_map(|decision| &decision.reasons).any(|reason| reason.rule == "r99");
        prop_assert!(by_it || after == before);
    }

    #[test]
    fn a_rule_less_opens_only_what_it_alone_closed(
        sheet in sheet(), at in any::<prop::sample::Index>(), question in question(),
    ) {
        prop_assume!(!sheet.rules.is_empty());
        let at = at.index(sheet.rules.len());
        let removed = format!("r{}", sheet.rules[at].0);
        let before = said(&sheet.policy(), &question);
        let after = said(&sheet.with(|rules| drop(rules.remove(at))), &question);
        let reasons: Vec<&Reason> = before.iter().flat_map(|decision| &decision.reasons).collect();
        if acts(after.as_ref()) < acts(before.as_ref()) {
            // It alone said so: nothing else that is in force did.
            let strictest = acts(before.as_ref());
            prop_assert!(reasons.iter().any(|reason| reason.rule == removed), "{removed}: {reasons:?}");
            if strictest == Verdict::Deny {
                let phase = |rule: &str| {
                    let [whole, rules, allowlist, approvals] = sheet.phases;
                    match rule.split_once('.') {
                        Some(("role", _)) => allowlist,
                        Some(("approval", _)) => approvals,
                        Some(_) => whole,
                        None => rules,
                    }
                };
                let closed = reasons.iter().filter(|reason| {
                    reason.verdict == Verdict::Deny && phase(&reason.rule) == "enforce"
                });
                prop_assert_eq!(closed.map(|reason| &reason.rule).collect::<Vec<_>>(), [&removed]);
            }
        }
        if !reasons.iter().any(|reason| reason.rule == removed) {
            prop_assert_eq!(before, after, "it had no say");
        }
    }

    /// What acts, worked out once more from the rules that [`Policy::explain`] says take part.
    #[test]
    fn what_acts_is_the_strictest_of_what_is_in_force(sheet in sheet(), question in question()) {
        prop_assume!(question.method == method::TOOLS_CALL);
        let policy = sheet.policy();
        let explained = policy.explain(&question);
        let [_, rules, allowlist, approvals] = sheet.phases;
        let fitting: Vec<(Verdict, &str)> = explained.considered.iter().filter(|rule| rule.fits()).map(|rule| {
            let id = &rule.reason.rule;
            let phase = if id.starts_with("role.") { allowlist } else if id.starts_with("approval.") { approvals } else { rules };
            (rule.reason.verdict, phase)
        }).collect();
        let default = (explained.default.verdict, rules);
        let enforced = |(_, phase): &&(Verdict, &str)| *phase == "enforce";
        // The default is asked where no rule in force speaks.
        let expected = match fitting.iter().filter(enforced).map(|(verdict, _)| *verdict).max() {
            Some(verdict) => verdict,
            None if rules == "enforce" => default.0,
            None => Verdict::Allow,
        };
        let watched = fitting.iter().chain(fitting.is_empty().then_some(&default)).any(|(verdict, phase)| {
            *phase != "enforce" && *verdict > Verdict::Allow
        });
        let expected = if watched { expected.max(Verdict::Mark) } else { expected };
        // Where only approvals speak, a default that denies does so as well.
        let approvals_alone = !explained.considered.iter().any(|rule| {
            rule.fits() && !rule.reason.rule.starts_with("approval.")
        });
        let denied = approvals_alone && default == (Verdict::Deny, "enforce");
        let expected = if denied { Verdict::Deny } else { expected };
        prop_assert_eq!(explained.decision.acts, expected, "{:?}", fitting);
    }
}
