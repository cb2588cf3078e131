//! What a method and a revision of the protocol mean to a gate.
//!
//! Source: the specification's revisions 2024-11-05 to 2026-07-28.

use serde::{Deserialize, Serialize};

/// Runs a tool.
pub const TOOLS_CALL: &str = "tools/call";
/// Lists the tools.
pub const TOOLS_LIST: &str = "tools/list";
/// Begins a connection of the revisions up to 2025-11-25.
pub const INITIALIZE: &str = "initialize";
/// Ends that beginning.
pub const INITIALIZED: &str = "notifications/initialized";
/// Asks a server what it is, from 2026-07-28 on; also the probe for that era on stdio.
pub const DISCOVER: &str = "server/discover";
/// Is the other side alive? Up to 2025-11-25.
pub const PING: &str = "ping";
/// The requester no longer waits.
pub const CANCELLED: &str = "notifications/cancelled";
/// How far a request is.
pub const PROGRESS: &str = "notifications/progress";
/// The server's tools are others now.
pub const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
/// A server asks the agent's model.
pub const SAMPLING: &str = "sampling/createMessage";
/// A server asks the person at the agent.
pub const ELICITATION: &str = "elicitation/create";
/// A server asks for the workspace's roots.
pub const ROOTS_LIST: &str = "roots/list";
/// Reads a resource.
pub const RESOURCES_READ: &str = "resources/read";
/// Asks to be told when a resource changes.
pub const RESOURCES_SUBSCRIBE: &str = "resources/subscribe";
/// Lists the resources.
pub const RESOURCES_LIST: &str = "resources/list";
/// Gets a prompt.
pub const PROMPTS_GET: &str = "prompts/get";
/// Lists the prompts.
pub const PROMPTS_LIST: &str = "prompts/list";
/// Lists the templates of resources.
pub const TEMPLATES_LIST: &str = "resources/templates/list";
/// The server's prompts are others now.
pub const PROMPTS_CHANGED: &str = "notifications/prompts/list_changed";
/// A long-lived stream of notifications, from 2026-07-28 on: never a hung call.
pub const LISTEN: &str = "subscriptions/listen";

/// The member of `params._meta` that names the revision of each request from 2026-07-28 on.
pub const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// The `mode` of an elicitation that sends the person to an address.
pub const MODE_URL: &str = "url";

/// The only revision with batches.
const BATCHES: &str = "2025-03-26";
/// The first stateless revision.
const MODERN: &str = "2026-07-28";

/// A revision of the protocol, as its peers spell it. Unknown ones compare by their text, which is the
/// order of dates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(String);

impl Revision {
    /// Takes any text: what a peer names is recorded, known or not.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text as it was sent.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a line may be an array of messages: in 2025-03-26 only, 2025-06-18 took it back.
    #[must_use]
    pub fn has_batches(&self) -> bool {
        self.0 == BATCHES
    }

    /// Whether it is stateless: no `initialize`, and no requests from servers to agents. A text that is
    /// no date is not.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        is_date(&self.0) && self.0.as_str() >= MODERN
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_say_what_they_have() {
        for (text, has_batches, is_modern) in [
            ("2024-11-05", false, false),
            ("2025-03-26", true, false),
            ("2025-06-18", false, false),
            ("2025-11-25", false, false),
            ("2026-07-28", false, true),
            ("2027-01-01", false, true),
            ("DRAFT-2026-v1", false, false),
            ("9", false, false),
            ("", false, false),
            ("2026-07-28\u{e9}", false, false),
        ] {
            let revision = Revision::parse(text);
            assert_eq!(
                (revision.has_batches(), revision.is_modern()),
                (has_batches, is_modern),
                "{text}"
            );
        }
        assert!(Revision::parse("2025-06-18") < Revision::parse("2025-11-25"));
    }
}
