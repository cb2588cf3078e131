//! What the agent does, what the policy says of it, and how the demo's own operator answers when
//! nobody else does. The agent plays it, the headless demo checks it.

use crate::policy::Verdict;

/// The policy of the demo's session.
pub const POLICY: &str = include_str!("story/policy.yaml");

/// What happens next, all at once.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// What the agent says that it is about to do.
    pub say: &'static str,
    /// How long it seems to think first, in milliseconds at full pace.
    pub think_ms: u64,
    /// Sent one after the other without waiting.
    pub calls: &'static [Call],
}

/// One tool call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The server's name.
    pub server: &'static str,
    /// The tool's name.
    pub tool: &'static str,
    /// A JSON object.
    pub arguments: &'static str,
    /// What [`POLICY`] says.
    pub verdict: Verdict,
    /// What the demo's own operator does, where the verdict is `ask`.
    pub answer: Answer,
    /// Whether the tool is not what it was: then it is not [`POLICY`] that asks.
    pub drifted: bool,
}

/// The answer to a held call when the demo answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is nothing to answer.
    None,
    /// Let it pass.
    Allow,
    /// Let it pass, but not before another call came and went while this one waited.
    AllowLater,
    /// Refuse it with these words.
    Deny(&'static str),
    /// Say nothing until its deadline.
    Silence,
}

impl Call {
    /// Whether the agent gets the server's answer; if not, it gets a refusal.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self.answer {
            Answer::None => !matches!(self.verdict, Verdict::Deny),
            Answer::Allow | Answer::AllowLater => true,
            Answer::Deny(_) | Answer::Silence => false,
        }
    }
}

const fn quiet(server: &'static str, tool: &'static str, arguments: &'static str) -> Call {
    Call { server, tool, arguments, verdict: Verdict::Allow, answer: Answer::None, drifted: false }
}

const fn asks(
    server: &'static str,
    tool: &'static str,
    arguments: &'static str,
    answer: Answer,
) -> Call {
    Call { server, tool, arguments, verdict: Verdict::Ask, answer, drifted: false }
}

/// An agent prepares a release: honest work, a write that asks, a stranger's idea that is forbidden, a
/// tool that turns bad.
pub const STORY: &[Scene] = &[
    Scene {
        say: "I prepare the release. First I look at what is here.",
        think_ms: 1500,
        calls: &[quiet("files", "list_files", "{}")],
    },
    Scene {
        say: "The change log and the list of open points.",
        think_ms: 2500,
        calls: &[
            quiet("files", "read_file", r#"{"path":"CHANGELOG.md"}"#),
            quiet("files", "read_file", r#"{"path":"notes/open.md"}"#),
        ],
    },
    Scene {
        say: "What was said about the release by mail?",
        think_ms: 4000,
        calls: &[Call {
            server: "mail",
            tool: "search",
            arguments: r#"{"query":"release"}"#,
            verdict: Verdict::Mark,
            answer: Answer::None,
            drifted: false,
        }],
    },
    Scene {
        say: "I write the release notes, and read on while that waits for a yes.",
        think_ms: 5000,
        calls: &[
            asks(
                "files",
                "write_file",
                r##"{"path":"RELEASE.md","text":"# Teapot 2.0\n\n- pours without dripping\n- the lid stays on\n"}"##,
                Answer::AllowLater,
            ),
            quiet("files", "read_file", r#"{"path":"README.md"}"#),
        ],
    },
    Scene {
        say: "One of the mails says to throw the old notes away first.",
        think_ms: 5000,
        calls: &[Call {
            server: "files",
            tool: "delete_file",
            arguments: r#"{"path":"notes/open.md"}"#,
            verdict: Verdict::Deny,
            answer: Answer::None,
            drifted: false,
        }],
    },
    Scene {
        say: "That is forbidden, so the notes stay. I announce the release.",
        think_ms: 5000,
        calls: &[asks(
            "mail",
            "send_email",
            r#"{"to":"everyone@teapot.example","subject":"Teapot 2.0","text":"It pours without dripping."}"#,
            Answer::Deny("everyone is too many: write to the testers"),
        )],
    },
    Scene {
        say: "To the testers alone, then.",
        think_ms: 4000,
        calls: &[asks(
            "mail",
            "send_email",
            r#"{"to":"testers@teapot.example","subject":"Teapot 2.0 is ready to test","text":"It pours without dripping."}"#,
            Answer::Allow,
        )],
    },
    Scene {
        say: "And a reminder to myself for tomorrow.",
        think_ms: 4000,
        calls: &[asks(
            "mail",
            "send_email",
            r#"{"to":"me@teapot.example","subject":"Tomorrow","text":"Read what the testers say."}"#,
            Answer::Silence,
        )],
    },
    Scene {
        say: "Did anybody answer? The mail server says that its search is a better one now.",
        think_ms: 4000,
        calls: &[Call {
            server: "mail",
            tool: "search",
            arguments: r#"{"query":"testers"}"#,
            verdict: Verdict::Ask,
            answer: Answer::Deny("that search is not the one that I looked at"),
            drifted: true,
        }],
    },
    Scene {
        say: "A last look at what is there now.",
        think_ms: 3000,
        calls: &[quiet("files", "list_files", "{}")],
    },
];

#[cfg(test)]
mod tests {
    use super::{POLICY, STORY};
    use crate::policy::{Policy, Question};

    #[test]
    fn the_policy_says_what_the_story_expects() {
        let policy = Policy::parse("demo", POLICY).unwrap();
        for call in STORY.iter().flat_map(|scene| scene.calls).filter(|call| !call.drifted) {
            let question = Question::call(call.server, call.tool);
            let decision = policy.decide(&question);
            assert_eq!(decision.verdict, call.verdict, "{}.{}", call.server, call.tool);
        }
    }

    #[test]
    fn arguments_are_json_objects() {
        for call in STORY.iter().flat_map(|scene| scene.calls) {
            let arguments: serde_json::Value = serde_json::from_str(call.arguments).unwrap();
            assert!(arguments.is_object(), "{}", call.arguments);
        }
    }
}
