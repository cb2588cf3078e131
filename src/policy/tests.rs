//! What a document says besides plain rules over names: roles, approvals, conditions, methods, phases, layers.

use super::*;
use crate::inspect::Severity;
use crate::protocol::method;

mod laws;

const ROLES: &str = r#"
version: 1
name: roles
phase: enforce
default: { verdict: allow, why: "D." }
agent_roles:
  summarizer:
    reason: "It reads and sums up."
    allowed_tools: [read_document, "search_*"]
    denied_tools: [search_mail]
  idle: { reason: "It does nothing.", allowed_tools: [] }
human_approval_required:
  - { tool: [delete_file, send_email], condition: always, reason: "Cannot be undone.", risk: high }
  - { tool: write_file, condition: 'args.path.matches("^/(etc|prod)/")', reason: "Shared." }
rules:
  - id: resources
    why: "W."
    match: { method: "resources/*" }
    verdict: mark
  - id: large
    why: "W."
    match: { server: fs, when: "size > 100" }
    verdict: mark
    show: [path]
"#;

fn asked<'a>(role: &'a str, tool: &'a str, arguments: &'a str) -> Question<'a> {
    Question { role, arguments: Some(arguments.as_bytes()), ..Question::call("fs", tool) }
}

fn roles() -> Policy {
    Policy::parse("roles.yaml", ROLES).unwrap_or_else(|error| panic!("{error}"))
}

fn first(decision: &Decision) -> (Verdict, &str) {
    (decision.verdict, decision.reasons[0].rule.as_str())
}

#[test]
fn a_role_may_call_what_its_list_names_and_nothing_else() {
    let policy = roles();
    for (role, tool, verdict, rule) in [
        ("summarizer", "read_document", Verdict::Allow, "role.summarizer.allowed"),
        ("summarizer", "search_index", Verdict::Allow, "role.summarizer.allowed"),
        ("summarizer", "search_mail", Verdict::Deny, "role.summarizer.denied"),
        ("summarizer", "foo", Verdict::Deny, "role.summarizer.others"),
        // Only the exact spelling is on the list.
        ("summarizer", "Read_Document", Verdict::Deny, "role.summarizer.others"),
        ("summarizer", "read_document\u{200b}", Verdict::Deny, "role.summarizer.others"),
        ("summarizer", "read_d\u{43e}cument", Verdict::Deny, "role.summarizer.others"),
        ("idle", "read_document", Verdict::Deny, "role.idle.others"),
        ("", "read_document", Verdict::Allow, "default"),
        ("other", "foo", Verdict::Allow, "default"),
    ] {
        let decision = policy.decide(&asked(role, tool, "{}"));
        assert_eq!(first(&decision), (verdict, rule), "{role} {tool}");
    }
    assert!(policy.knows_role("idle") && !policy.knows_role("other"));
    assert!(
        !Policy::parse("x", SHIPPED[0].1).unwrap().knows_role("any"),
        "it says nothing of roles"
    );
    let ruled = "version: 1\nname: x\nphase: enforce\ndefault: { verdict: allow, why: d }\nrules:\n\
                 - { id: a, why: w, match: { role: \"read*\" }, verdict: deny }\n";
    let ruled = Policy::parse("x", ruled).unwrap();
    assert!(ruled.knows_role("reader") && !ruled.knows_role("raeder"));
}

#[test]
fn approvals_ask_always_or_where_their_condition_holds_or_cannot_be_told() {
    let policy = roles();
    for (tool, arguments, verdict, rule, risk) in [
        ("delete_file", "{}", Verdict::Ask, "approval.1", Risk::High),
        ("send_email", "{}", Verdict::Ask, "approval.1", Risk::High),
        ("sendEmail", "{}", Verdict::Ask, "approval.1", Risk::High),
        ("write_file", r#"{"path":"/etc/passwd"}"#, Verdict::Ask, "approval.2", Risk::Medium),
        ("write_file", r#"{"path":"/home/x"}"#, Verdict::Allow, "default", Risk::Medium),
        ("write_file", "{}", Verdict::Ask, "approval.2", Risk::Medium),
        ("write_file", r#"{"path":["/etc"]}"#, Verdict::Ask, "approval.2", Risk::Medium),
    ] {
        let decision = policy.decide(&asked("", tool, arguments));
        assert_eq!(first(&decision), (verdict, rule), "{tool} {arguments}");
        assert_eq!(decision.risk, risk, "{tool} {arguments}");
    }
}

#[test]
fn that_a_call_wants_approval_does_not_allow_it() {
    let policy = |default: &str, phase: &str, rules: &str| {
        let text = format!(
            "version: 1\nname: p\nphase: enforce\nphases: {{ approvals: {phase} }}\n\
             default: {{ verdict: {default}, why: d }}\nhuman_approval_required:\n  \
             - {{ tool: send_email, condition: always, reason: r }}\nrules: {rules}\n"
        );
        let policy = Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}"));
        let decision = policy.decide(&Question::call("mail", "send_email"));
        (decision.verdict, decision.acts)
    };
    let (ask, deny, mark) = (Verdict::Ask, Verdict::Deny, Verdict::Mark);
    let allowed = "[{ id: a, why: w, match: { tool: send_email }, verdict: allow }]";
    for (default, phase, rules, expected) in [
        ("deny", "enforce", "[]", (deny, deny)),
        ("deny", "warn", "[]", (deny, deny)),
        ("mark", "enforce", "[]", (ask, ask)),
        ("mark", "warn", "[]", (ask, mark)),
        ("deny", "enforce", allowed, (ask, ask)),
        ("deny", "warn", allowed, (ask, mark)),
        ("allow", "observe", "[]", (ask, mark)),
    ] {
        assert_eq!(policy(default, phase, rules), expected, "{default} {phase} {rules}");
    }
}

#[test]
fn what_is_remembered_of_a_tool_still_looks_at_its_arguments() {
    let policy = roles();
    let mut known = Known::new(policy.clone());
    for arguments in ["{}", r#"{"path":"/etc/x"}"#, r#"{"path":"/home/x"}"#, "{}"] {
        for tool in ["write_file", "delete_file", "other"] {
            let question = asked("", tool, arguments);
            assert_eq!(known.decide(&question), policy.decide(&question), "{tool} {arguments}");
        }
    }
}

#[test]
fn a_rule_with_a_method_is_about_its_requests_and_others_are_not() {
    let policy = roles();
    let request = |method| Question { method, ..Question::call("fs", "") };
    let read = policy.decide_method(&request("resources/read"), None).unwrap();
    assert_eq!(first(&read), (Verdict::Mark, "resources"));
    assert!(policy.decide_method(&request("prompts/get"), None).is_none());
    assert_eq!(policy.decide(&asked("", "resources/read", "{}")).reasons[0].rule, "default");
    let text = ROLES.replace("resources/*", "sampling/*").replace("verdict: mark", "verdict: deny");
    let policy = Policy::parse("x", &text).unwrap();
    let sampling = policy.decide_method(&request("sampling/createMessage"), None).unwrap();
    assert_eq!(first(&sampling), (Verdict::Deny, "resources"));
    assert_eq!(sampling.reasons[1].rule, "builtin.sampling");
}

#[test]
fn rules_name_what_the_card_shows_first() {
    let long = format!(r#"{{"path":"{}"}}"#, "x".repeat(100));
    assert_eq!(roles().decide(&asked("", "x", &long)).show, ["path"]);
    assert!(roles().decide(&asked("", "x", "{}")).show.is_empty());
}

#[test]
fn phases_act_by_feature_and_change_no_verdict() {
    let lists = ROLES.replace("phase: enforce", "phase: enforce\nphases: { allowlist: observe }");
    let policy = Policy::parse("x", &lists).unwrap();
    let watched = policy.decide(&asked("idle", "read_document", "{}"));
    assert_eq!((watched.verdict, watched.phase), (Verdict::Deny, Phase::Observe));
    assert_eq!(watched.acts, Verdict::Mark);
    // The strictest rule watches; what is in force below it acts.
    let both = policy.decide(&asked("idle", "delete_file", "{}"));
    assert_eq!((both.verdict, both.acts), (Verdict::Deny, Verdict::Ask));
    // What only watches does not switch off a default that is in force.
    let strict = lists.replace("verdict: allow, why: \"D.\"", "verdict: deny, why: \"D.\"");
    let strict = Policy::parse("x", &strict).unwrap();
    let denied = strict.decide(&asked("summarizer", "read_document", "{}"));
    assert_eq!((denied.verdict, denied.acts), (Verdict::Allow, Verdict::Deny));
    let all = ["observe", "warn", "enforce"].map(|phase| {
        let text = ROLES.replace("phase: enforce", &format!("phase: {phase}"));
        Policy::parse("x", &text).unwrap().decide(&asked("idle", "x", "{}"))
    });
    assert!(all.iter().all(|decision| decision.verdict == Verdict::Deny));
    assert_eq!(all.map(|decision| decision.acts), [Verdict::Mark, Verdict::Mark, Verdict::Deny]);
}

const LAYER: &str = r#"
version: 1
name: hold
phase: enforce
rules:
  - { id: hold, why: "Held.", match: { when: 'server == "fs" && tool.startsWith("read")' }, verdict: ask }
  - { id: wide, why: "Wide.", match: { tool: "*" }, verdict: allow }
"#;

#[test]
fn a_layer_makes_stricter_and_never_milder() {
    let layer = Policy::parse_layer("hold", LAYER).unwrap();
    let policy = roles();
    for (role, tool, verdict) in [
        ("", "read_file", Verdict::Ask),
        ("", "list_files", Verdict::Allow),
        ("idle", "read_file", Verdict::Deny),
        ("", "delete_file", Verdict::Ask),
    ] {
        let mut decision = policy.decide(&asked(role, tool, "{}"));
        decision.add(layer.decide_layer(&asked(role, tool, "{}")).unwrap());
        assert_eq!(decision.verdict, verdict, "{role} {tool}");
        assert!(decision.reasons.is_sorted_by(|a, b| a.verdict >= b.verdict));
    }
    let narrow =
        LAYER.replace("  - { id: wide", "  - { id: wide2").replace("tool: \"*\"", "tool: z");
    let layer = Policy::parse_layer("hold", &narrow).unwrap();
    assert!(layer.decide_layer(&asked("", "list_files", "{}")).is_none(), "it abstains");
}

#[test]
fn documents_that_mean_nothing_do_not_load() {
    let with = |from: &str, to: &str| ROLES.replace(from, to);
    for (text, cause) in [
        (with("argument_policies", ""), ""),
        (format!("{ROLES}trust_domains: [a]\n"), "trust_domains is not supported yet"),
        (with("condition: always", "condition: allways"), "the name \"allways\" is not known"),
        (with("reason: \"It does nothing.\"", "reason: \"\""), "why is empty"),
        (
            with("phase: enforce", "phases: { allowlists: warn }\nphase: enforce"),
            "did you mean \"allowlist\"",
        ),
        (with("method: \"resources/*\"", "method: x, tool: y"), "tools are called by tools/call"),
        (with("id: large", "id: role.x"), "are reserved"),
        (with("size > 100", "sise > 100"), "did you mean \"size\"?"),
        (with("default: { verdict: allow, why: \"D.\" }\n", ""), "\"default\" is missing"),
        (with("server: fs, when: \"size > 100\"", "server: fs, when: "), "p.yaml:"),
        (with("denied_tools: [search_mail]", "denied_tools:"), "p.yaml:"),
        (with("phase: enforce", "phases: { allowlist: }\nphase: enforce"), "p.yaml:"),
    ] {
        let said = Policy::parse("p.yaml", &text).err().map(|error| error.to_string());
        match said {
            None => assert!(cause.is_empty(), "{cause}"),
            Some(said) => {
                assert!(!cause.is_empty() && said.contains(cause), "{cause}: {said}");
                assert!(said.starts_with("p.yaml:"), "{said}");
            }
        }
    }
    let layer = LAYER.replace("rules:", "default: { verdict: allow, why: D. }\nrules:");
    let said = Policy::parse_layer("l", &layer).unwrap_err().to_string();
    assert!(said.contains("has no default"), "{said}");
}

#[test]
fn an_example_has_arguments_where_its_rule_looks_at_them() {
    let with = |examples: &str| {
        let show = format!("show: [path]\n    examples: {examples}");
        Policy::parse("x", &ROLES.replace("show: [path]", &show)).map_err(|error| error.to_string())
    };
    let long = format!(r#"fs.x {{\"path\":\"{}\"}}"#, "y".repeat(100));
    assert!(with(&format!(r#"{{ match: ["{long}"], miss: ["fs.x {{}}", "gh.x"] }}"#)).is_ok());
    let said = with(r#"{ match: ["fs.x {}"] }"#).unwrap_err();
    assert!(said.contains("should match this rule and does not"), "{said}");
    let said = with(r#"{ match: ["fs.x {"] }"#).unwrap_err();
    assert!(said.contains("is no call"), "{said}");
}

const BUDGETS: &str = r#"
version: 1
name: budgets
phase: enforce
default: { verdict: allow, why: "D." }
budgets:
  - { id: mails, why: "Enough.", match: { tool: "send_*" }, calls: 2, per: session }
  - { id: calls, why: "Slow down.", match: { server: fs }, calls: 5, per: 10m, verdict: ask, risk: low }
rules: []
"#;

#[test]
fn budgets_count_calls_by_their_names_and_decide_none() {
    let policy = Policy::parse("b", BUDGETS).unwrap();
    let counted = |server, tool| -> Vec<(String, u64, Option<u64>)> {
        let budgets = policy.budgets(&Question::call(server, tool));
        budgets.into_iter().map(|one| (one.beyond.rule, one.calls, one.window_ms)).collect()
    };
    let mails = ("mails".to_owned(), 2, None);
    let calls = ("calls".to_owned(), 5, Some(600_000));
    assert_eq!(counted("fs", "send_mail"), [mails.clone(), calls.clone()]);
    assert_eq!(counted("mail", "sendMail"), [mails], "strict names see through spellings");
    assert_eq!(counted("fs", "read"), [calls]);
    assert_eq!(counted("mail", "read"), []);
    let decision = policy.decide(&Question::call("fs", "send_mail"));
    assert_eq!(first(&decision), (Verdict::Allow, "default"));
    assert!(!policy.explain(&Question::call("fs", "send_mail")).considered[0].fits());
    for (from, to, cause) in [
        ("calls: 2", "calls: 0", "a budget of 0 calls is none"),
        ("per: session", "per: week", "is no time of a budget"),
        ("per: session", "per: 25h", "is no time of a budget"),
        ("per: session", "per: 0s", "is no time of a budget"),
        ("verdict: ask", "verdict: mark", "limits nothing"),
        ("id: mails", "id: calls", "has the same id"),
        ("match: { server: fs }", "match: {}", "match is empty"),
        ("match: { server: fs }", "match: { when: \"true\" }", "is not known here"),
    ] {
        let said = Policy::parse("b", &BUDGETS.replace(from, to)).unwrap_err().to_string();
        assert!(said.contains(cause), "{to}: {said}");
    }
}

#[test]
fn a_rule_about_findings_fits_where_they_are() {
    let text = r#"
version: 1
name: findings
phase: enforce
default: { verdict: allow, why: "D." }
rules:
  - { id: secrets, why: "W.", match: { finding: "secret.*", server: "mail*" }, verdict: deny }
  - { id: bad, why: "W.", match: { severity: high, tool: "*" }, verdict: ask }
  - { id: odd, why: "W.", match: { finding: [hidden.tags, "size.*"], severity: medium }, verdict: mark }
"#;
    let mut known = Known::new(Policy::parse("findings.yaml", text).unwrap());
    let mut said = |server, seen: &[(&str, Severity)]| {
        let seen = seen.iter();
        let findings: Vec<Evidence> = seen
            .map(|(rule, severity)| Evidence {
                rule: (*rule).to_owned(),
                severity: *severity,
                path: String::new(),
            })
            .collect();
        let question = Question { findings: &findings, ..Question::call(server, "send") };
        let decision = known.decide(&question);
        assert_eq!(decision, known.policy().decide(&question));
        first(&decision).1.to_owned()
    };
    for (server, seen, rule) in [
        ("mail", &[][..], "default"),
        ("mail", &[("secret.github-token", Severity::Low)], "secrets"),
        // What was said of a call without findings is not said of one with some.
        ("mail", &[], "default"),
        ("files", &[("secret.github-token", Severity::Low)], "default"),
        ("files", &[("hidden.tags", Severity::Low), ("shell.root", Severity::High)], "bad"),
        ("files", &[("hidden.tags", Severity::Medium)], "odd"),
        ("files", &[("size.field", Severity::Low), ("other", Severity::Medium)], "default"),
    ] {
        assert_eq!(said(server, seen), rule, "{server} {seen:?}");
    }
    let considered = known.policy().explain(&Question::call("mail", "send")).considered;
    assert!(considered.iter().all(|rule| rule.standing == Standing::Unseen && !rule.fits()));
}
