//! Loading a policy that anybody may have written.

use tollgate::policy::{Policy, Question, Verdict};

/// Names that rules are likely to be about, and some that they are not.
const TOOLS: &[&str] = &[
    "read_file",
    "write_file",
    "delete",
    "runCommand",
    "",
    "no rule",
    "a\u{200b}b",
    "*",
    "{a,b}",
    "send-email",
];

/// What loads, decides: the same text the same way, with at least one reason, and as strictly as the
/// strictest reason. What does not load says where, within the text.
///
/// # Panics
/// Where one of these is broken.
pub fn policy_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let policy = match Policy::parse("fuzz.yaml", text) {
        Ok(policy) => policy,
        Err(error) => {
            let lines = text.lines().count() as u64;
            assert!(error.place().line <= lines + 1, "{error}: beyond the text");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let again = Policy::parse("fuzz.yaml", text).expect("it loaded before");
    assert_eq!(policy.digest(), again.digest());
    assert_eq!(policy.phase(), again.phase());
    let from_text = text.split(|c: char| !c.is_alphanumeric() && c != '_').take(20);
    for tool in TOOLS.iter().copied().chain(from_text) {
        for server in ["files", "", "ünïcödé"] {
            let question = Question::call(server, tool);
            let decision = policy.decide(&question);
            assert_eq!(decision, again.decide(&question));
            let strictest: Option<Verdict> =
                decision.reasons.iter().map(|reason| reason.verdict).max();
            assert_eq!(strictest, Some(decision.verdict), "{tool}");
        }
    }
}
