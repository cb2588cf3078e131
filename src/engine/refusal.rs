//! What an agent reads when Tollgate answers instead of a server.
//!
//! A refused tool call is a tool *result* with `isError: true`, because all measured agents hand that
//! text to the model as it is (clients.md section 0, 5); everything else gets a JSON-RPC error whose code
//! lies outside the reserved range, with the rule in `data`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::engine::definitions::{DRIFT, RUG_PULL};
use crate::engine::event::Facts;
use crate::policy::{Treatment, Verdict};
use crate::protocol::Side;
use crate::protocol::jsonrpc::Id;

/// Code of our JSON-RPC errors; the specification keeps -32768..-32000 for itself and SDKs.
const ERROR_CODE: i64 = -31_001;
/// Longest piece of foreign text inside one of our sentences, in characters.
const QUOTE_MAX: usize = 80;

/// Why a request is answered by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Cause {
    /// The policy says deny.
    Policy,
    /// The operator said no.
    Operator(Option<String>),
    /// Nobody answered in time.
    TimedOut,
    /// Nobody who could answer was ever there.
    Unattended,
    /// The gate that held the request died before it was forwarded.
    Interrupted,
    /// The server is gone.
    ServerGone(String),
    /// The agent is gone, which a server asked something.
    AgentGone(String),
    /// A limit is reached.
    Limit(&'static str),
    /// The message did not pass the guard.
    Guard(String),
    /// The server's own answer did not pass the guard.
    Answer(String),
    /// What was seen in the server's answer keeps it back: the rule, and why.
    Withheld(String, String),
    /// There is no gate.
    NoGate(String),
}

/// What is refused, in words that an agent knows.
pub(in crate::engine) struct Refused<'a> {
    pub(in crate::engine) id: &'a Id,
    pub(in crate::engine) asker: Side,
    pub(in crate::engine) server: &'a str,
    pub(in crate::engine) facts: &'a Facts,
    pub(in crate::engine) modern: bool,
}

impl Cause {
    /// The end that would have to answer is gone.
    pub(in crate::engine) fn gone(side: Side, why: &str) -> Self {
        match side {
            Side::Agent => Self::AgentGone(why.to_owned()),
            Side::Server => Self::ServerGone(why.to_owned()),
        }
    }

    /// The rule that refuses, for records and `data.rule`.
    pub(in crate::engine) fn rule(&self, facts: &Facts) -> String {
        match self {
            Self::Policy | Self::Operator(_) | Self::TimedOut | Self::Unattended => {
                facts.reasons.first().map_or_else(|| "default".to_owned(), |r| r.rule.clone())
            }
            Self::Interrupted => "builtin.interrupted".to_owned(),
            Self::ServerGone(_) => "builtin.server-gone".to_owned(),
            Self::AgentGone(_) => "builtin.agent-gone".to_owned(),
            Self::Limit(_) => "builtin.limit".to_owned(),
            Self::NoGate(_) => "builtin.no-gate".to_owned(),
            Self::Withheld(rule, _) => rule.clone(),
            Self::Guard(_) | Self::Answer(_) => {
                facts.findings.first().map_or_else(|| "guard".to_owned(), |f| f.rule.clone())
            }
        }
    }

    /// What happened, why, and what to do instead.
    fn sentence(&self, refused: &Refused<'_>) -> String {
        let what = subject(refused);
        let why = why_for_agent(refused.facts);
        let rule = self.rule(refused.facts);
        let never = match refused.asker {
            Side::Agent => "The server never received it.",
            Side::Server => "The agent never received it.",
        };
        match self {
            Self::Policy => format!(
                "Tollgate refused {what}: {why} (rule {rule}). {never} Do not repeat \
                 this call; reach the goal another way or ask the user to change the policy."
            ),
            Self::Operator(reason) => format!(
                "The operator refused {what}{}. {never} Do not retry the same call; \
                 follow the operator's words or ask the user how to go on.",
                reason.as_ref().map_or_else(
                    || format!(" (asked because of rule {rule})"),
                    |words| format!(" and says: {words}")
                )
            ),
            Self::TimedOut => format!(
                "Nobody approved {what} in time, so Tollgate refused it: {why} (rule {rule}). {never} Do \
                 not repeat it at once; ask the user to watch `tollgate console` and approve it there."
            ),
            Self::Unattended => format!(
                "A person has to approve {what} and nobody is watching: {why} (rule {rule}). {never} Ask the \
                 user to open `tollgate console` in another terminal, then try again."
            ),
            Self::Interrupted => format!(
                "Tollgate was interrupted before {what} was forwarded; it was refused and most likely did not \
                 run. Check before you repeat it."
            ),
            Self::ServerGone(why) => {
                format!("The server of {what} is gone ({why}); the call has no answer.")
            }
            Self::AgentGone(why) => format!("The agent is gone ({why}); {what} has no answer."),
            Self::Limit(limit) => {
                format!("Tollgate refused {what}: {limit}. {never} Wait for other calls to end.")
            }
            Self::Guard(fault) => {
                format!("Tollgate refused {what}: {fault}. {never} Send it again well-formed.")
            }
            Self::Answer(fault) => format!(
                "The server's answer to {what} was withheld: {fault}. The call may have run."
            ),
            Self::Withheld(_, why) => format!(
                "Tollgate withheld the answer to {what}: {} (rule {rule}). The call ran. Do not repeat it; \
                 ask the user to look at it among the findings of `tollgate console` (8), and if it is harmless to \
                 let it pass the next time (F).",
                why.trim_end_matches(['.', ' '])
            ),
            Self::NoGate(why) => format!(
                "Tollgate refused {what}: its gate is not there ({why}), so nothing is decided and nothing is \
                 forwarded. Ask the user to run `tollgate status` and to start the agent again."
            ),
        }
    }

    const fn verdict(&self) -> &'static str {
        match self {
            Self::TimedOut | Self::Unattended => Verdict::Ask.word(),
            Self::Policy
            | Self::Operator(_)
            | Self::Interrupted
            | Self::ServerGone(_)
            | Self::AgentGone(_)
            | Self::Limit(_)
            | Self::Guard(_)
            | Self::Answer(_)
            | Self::Withheld(..)
            | Self::NoGate(_) => Verdict::Deny.word(),
        }
    }
}

/// The line that answers the request.
pub(in crate::engine) fn line(refused: &Refused<'_>, cause: &Cause) -> Bytes {
    let sentence = cause.sentence(refused);
    let body = if refused.facts.tool.is_some() {
        let mut result = json!({
            "content": [{ "type": "text", "text": sentence }],
            "isError": true,
        });
        if let (true, Some(result)) = (refused.modern, result.as_object_mut()) {
            // 2026-07-28 wants every result to say what kind it is.
            result.insert("resultType".to_owned(), Value::from("complete"));
        }
        format!("\"result\":{result}")
    } else {
        let error = json!({
            "code": ERROR_CODE,
            "message": sentence,
            "data": { "rule": cause.rule(refused.facts), "verdict": cause.verdict() },
        });
        format!("\"error\":{error}")
    };
    Bytes::from(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},{body}}}", refused.id.raw()))
}

/// A content item that tells the agent that something was taken out of what the server answered.
pub(in crate::engine) fn cleaned_notice(how: Treatment, count: usize, why: &str) -> String {
    let what = match how {
        Treatment::Strip => "took out characters that nobody sees",
        Treatment::Mark | Treatment::Mask | Treatment::Withhold => "replaced",
    };
    let places = if count == 1 { "one place".to_owned() } else { format!("{count} places") };
    json!({
        "type": "text",
        "text": format!("[tollgate] Tollgate {what} in {places} of this answer: {why}"),
    })
    .to_string()
}

/// A content item that tells the agent that its arguments were changed.
pub(in crate::engine) fn edited_notice(arguments: &str) -> String {
    json!({
        "type": "text",
        "text": format!(
            "[tollgate] The operator changed this call's arguments before it was sent. Sent: {arguments}"
        ),
    })
    .to_string()
}

/// `fs.write_file`, or the method where it is no tool call.
fn subject(refused: &Refused<'_>) -> String {
    match (&refused.facts.tool, &refused.facts.method) {
        (Some(tool), _) => format!("{}.{}", quoted(refused.server), quoted(tool)),
        (None, Some(method)) => format!("{} ({})", quoted(method), quoted(refused.server)),
        (None, None) => format!("a message to {}", quoted(refused.server)),
    }
}

/// Foreign names in our sentences: short, and without anything that could pass for our own words.
fn quoted(text: &str) -> String {
    text.chars()
        .take(QUOTE_MAX)
        .map(|c| if c.is_ascii_graphic() || c.is_alphanumeric() { c } else { '_' })
        .collect()
}

/// Why, as the agent may read it. What a changed definition says now is for the operator alone: quoted in a refusal, it
/// would reach the model that it was written for.
fn why_for_agent(facts: &Facts) -> String {
    let Some(reason) = facts.reasons.first() else { return String::new() };
    if reason.rule != DRIFT {
        return reason.why.trim_end_matches(['.', ' ']).to_owned();
    }
    let tool = facts.tool.as_deref().unwrap_or("its");
    if reason.why.starts_with(RUG_PULL) {
        return format!("{RUG_PULL} {tool} definition changed");
    }
    "what its server says of it is not what was approved; the console shows what changed".to_owned()
}

/// The answer of a shim that has no gate to a line of its agent; `None` where none is due.
#[must_use]
pub fn refuse_without_gate(line: &[u8], why: &str) -> Option<Bytes> {
    use crate::protocol::jsonrpc::{Parsed, Shape, find_id, parse};
    let (id, facts) = match parse(line) {
        Parsed::One(message) if message.kind == Shape::Request => {
            let tool = message
                .name
                .filter(|_| message.method.as_deref() == Some(crate::protocol::method::TOOLS_CALL));
            (message.id?, Facts { method: message.method, tool, ..Facts::default() })
        }
        Parsed::Faulty { .. } => (find_id(line)?, Facts::default()),
        Parsed::Blank | Parsed::One(_) | Parsed::Batch(_) => return None,
    };
    let refused =
        Refused { id: &id, asker: Side::Agent, server: "server", facts: &facts, modern: false };
    Some(self::line(&refused, &Cause::NoGate(why.to_owned())))
}
