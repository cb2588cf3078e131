//! The published lists that rules of detection refer to, as data.

/// A list of OWASP.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Where it is published.
    pub url: &'static str,
    /// Its entries: id and title.
    pub entries: &'static [(&'static str, &'static str)],
}

/// Both lists, as they were published.
pub const LISTS: [List; 2] = [
    List {
        name: "OWASP Top 10 for Agentic Applications",
        version: "2026",
        url: "https://genai.owasp.org/",
        entries: &[
            ("ASI01", "Agent Goal Hijack"),
            ("ASI02", "Tool Misuse and Exploitation"),
            ("ASI03", "Identity and Privilege Abuse"),
            ("ASI04", "Agentic Supply Chain Vulnerabilities"),
            ("ASI05", "Unexpected Code Execution (RCE)"),
            ("ASI06", "Memory & Context Poisoning"),
            ("ASI07", "Insecure Inter-Agent Communication"),
            ("ASI08", "Cascading Failures"),
            ("ASI09", "Human-Agent Trust Exploitation"),
            ("ASI10", "Rogue Agents"),
        ],
    },
    List {
        name: "OWASP MCP Top 10",
        version: "0.1",
        url: "https://owasp.org/www-project-mcp-top-10/",
        entries: &[
            ("MCP01", "Token Mismanagement & Secret Exposure"),
            ("MCP02", "Privilege Escalation via Scope Creep"),
            ("MCP03", "Tool Poisoning"),
            ("MCP04", "Software Supply Chain Attacks & Dependency Tampering"),
            ("MCP05", "Command Injection & Execution"),
            ("MCP06", "Intent Flow Subversion"),
            ("MCP07", "Insufficient Authentication & Authorization"),
            ("MCP08", "Lack of Audit and Telemetry"),
            ("MCP09", "Shadow MCP Servers"),
            ("MCP10", "Context Injection & Over-Sharing"),
        ],
    },
];

/// Where an entry stands: its list in [`LISTS`], and its place there.
#[must_use]
pub fn place(id: &str) -> Option<(usize, usize)> {
    LISTS.iter().enumerate().find_map(|(list, List { entries, .. })| {
        entries.iter().position(|(known, _)| *known == id).map(|at| (list, at))
    })
}

/// The title of an entry.
#[must_use]
pub fn title(id: &str) -> Option<&'static str> {
    let mut entries = LISTS.iter().flat_map(|list| list.entries);
    entries.find(|(known, _)| *known == id).map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_refers_to_entries_that_there_are() {
        let rules = crate::inspect::rules();
        for rule in &rules {
            let known = rule.owasp.iter().all(|id| title(id).is_some());
            assert!(known && !rule.owasp.is_empty(), "{}", rule.id);
        }
        let ids: std::collections::BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), rules.len());
    }
}
