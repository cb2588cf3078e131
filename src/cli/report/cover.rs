//! What protects beside the rules of detection, and what nothing protects from, as data.

use crate::inspect::rule_of;

/// What protects, whatever a text says.
pub(super) struct Protection {
    pub(super) what: &'static str,
    /// Against which entries of OWASP's lists.
    pub(super) owasp: &'static [&'static str],
    /// What findings of it are called.
    pub(super) findings: &'static [&'static str],
}

pub(super) const PROTECTIONS: &[Protection] = &[
    Protection {
        what: "roles: a session's tools are those of its role",
        owasp: &["ASI02", "ASI03", "MCP02", "MCP07"],
        findings: &[],
    },
    Protection {
        what: "pins: definitions are approved once, and a change is shown before it is called",
        owasp: &["ASI04", "MCP03", "MCP04", "MCP09"],
        findings: &["builtin.drift", "builtin.new-tool", "builtin.lock", "builtin.list-too-long"],
    },
    Protection {
        what: "a tool that is called nearly as another server's is told of",
        owasp: &["ASI04", "MCP03", "MCP09"],
        findings: &["builtin.look-alike"],
    },
    Protection {
        what: "rules, argument policies and budgets",
        owasp: &["ASI02", "MCP02", "MCP05", "MCP10"],
        findings: &[],
    },
    Protection {
        what: "answers are stripped, masked or withheld",
        owasp: &["ASI01", "ASI06", "MCP06", "MCP10"],
        findings: &[],
    },
    Protection {
        what: "approval of the exact bytes, shown with what nobody sees",
        owasp: &["ASI02", "ASI09", "MCP02", "MCP06"],
        findings: &[],
    },
    Protection {
        what: "only the operator answers, and calls that name Tollgate's own files ask",
        owasp: &["ASI03", "ASI10", "MCP07"],
        findings: &["operator.attempt"],
    },
    Protection {
        what: "recordings without secrets, chained by hashes, replayed",
        owasp: &["ASI10", "MCP01", "MCP08"],
        findings: &[],
    },
    Protection {
        what: "hold, pause and stop of sessions",
        owasp: &["ASI08", "ASI10"],
        findings: &[],
    },
    Protection {
        what: "run and scan --agent name the servers of an agent's configuration, and which of them have no gate",
        owasp: &["MCP09"],
        findings: &[],
    },
];

/// What a firewall of tool calls does not see, or does not do.
pub(super) const NOT_COVERED: &[(&str, &str)] = &[
    ("ASI01", "what its user or a page tells the agent without a tool behind the gate"),
    ("ASI01", "orders in ordinary words, and in pictures and sounds"),
    ("ASI02", "calls that are harmless one by one and harm together"),
    ("ASI03", "how agents and users prove who they are, and what a token is good for elsewhere"),
    ("ASI04", "what the code of a server or of what it depends on does"),
    (
        "ASI05",
        "the agent's own shell and editor, and what a server's process may do: there is no sandbox",
    ),
    ("ASI06", "what a model or an agent keeps in its own memory"),
    ("ASI07", "what agents say to each other beside tools"),
    ("ASI08", "failures that go on in other agents and services"),
    ("ASI09", "what the agent tells its user in its own window"),
    ("ASI10", "what goes wrong within a model without a call of a tool"),
    ("MCP01", "tokens in configurations and environments, and how they are issued and renewed"),
    ("MCP02", "what a server's token may do at the service behind it"),
    ("MCP03", "a definition that describes its misuse in ordinary words"),
    ("MCP04", "a package's dependencies and known weaknesses"),
    ("MCP05", "commands that a server makes of arguments by itself"),
    ("MCP06", "orders in ordinary words"),
    (
        "MCP07",
        "how a remote server knows its users: servers over HTTP have no gate in front of them",
    ),
    ("MCP08", "telemetry in other systems' formats"),
    ("MCP09", "servers that no known agent's configuration names"),
    ("MCP10", "what leaves in small pieces or in words of its own"),
];

/// The entries that a finding belongs to, by what it is called.
pub(super) fn owasp_of(finding: &str) -> &'static [&'static str] {
    let rule = rule_of(finding).map(|rule| rule.owasp);
    let mut protections = PROTECTIONS.iter();
    let protection = protections.find(|one| one.findings.contains(&finding));
    rule.or(protection.map(|one| one.owasp)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::owasp;

    #[test]
    fn every_entry_says_what_is_not_covered_and_names_no_other() {
        let ids = NOT_COVERED.iter().map(|(id, _)| id);
        for id in ids.clone().chain(PROTECTIONS.iter().flat_map(|one| one.owasp)) {
            assert!(owasp::place(id).is_some(), "{id}");
        }
        for (id, _) in owasp::LISTS.iter().flat_map(|list| list.entries) {
            assert!(ids.clone().any(|of| of == id), "{id}");
        }
    }

    #[test]
    fn findings_belong_to_the_entries_of_their_rules() {
        for (finding, expected) in [
            ("sql.rights", Some("MCP02")),
            ("secret.github-token", Some("MCP01")),
            ("builtin.drift", Some("MCP03")),
            ("secretive", None),
            ("sql.rights.more", None),
            ("guard.noise", None),
        ] {
            let owasp = owasp_of(finding);
            assert_eq!(expected.is_some(), !owasp.is_empty(), "{finding}");
            assert!(expected.is_none_or(|id| owasp.contains(&id)), "{finding}");
        }
    }
}
