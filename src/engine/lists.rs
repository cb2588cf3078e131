//! Lists of tools on their way to the agent: what they say is kept, what the session's role may not call is not in
//! them, and a definition that changed since it was first seen is shown as it was.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalog::{Change, Drift, News, TOOLS_MAX};
use crate::engine::effect::Effect;
use crate::engine::event::{ConnId, Facts, Finding, Severity};
use crate::engine::step::{Engine, Out};
use crate::policy::{Decision, Known, Phase, Question, Reason, Risk, Verdict};
use crate::protocol::jsonrpc::{self, Message, Parsed};
use crate::protocol::{Side, method};

/// Longest list that is looked into, in bytes: a hundred times what servers send. Looking into more would keep the
/// session from answering.
const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Changes that a reason tells; the record has them all.
const TOLD_MAX: usize = 3;

/// The result of `tools/list`, as far as it is looked at.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: &'a RawValue,
    /// There is more of it.
    #[serde(borrow, rename = "nextCursor")]
    next: Option<&'a RawValue>,
}

/// A tool's name, whatever else its definition holds.
#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl Engine {
    /// Takes a list in, and gives the answer as the agent is to see it, with the word for what was done to it;
    /// `None` where it goes on as it came. A list that cannot be read goes on: no tool of it is known.
    pub(in crate::engine) fn listed(
        &mut self,
        conn: ConnId,
        line: &Bytes,
        message: &Message,
        facts: &mut Facts,
    ) -> Option<(Bytes, &'static str)> {
        let policy = self.policy.as_ref().map(Known::policy)?;
        let enforced = policy.phase() == Phase::Enforce;
        let role = self.state.started.as_ref()?.role.as_deref().unwrap_or_default();
        let known = self.state.conns.get(&conn)?;
        let (server, identity) = (known.server.as_str(), known.identity.as_str());
        let result = message.result.clone()?;
        if result.len() > LIST_BYTES_MAX {
            return self.too_long((conn, line, message), facts);
        }
        let list: List<'_> = serde_json::from_slice(line.get(result)?).ok()?;
        let tools: Vec<&RawValue> = serde_json::from_str(list.tools.get()).ok()?;
        if tools.len() > TOOLS_MAX {
            return self.too_long((conn, line, message), facts);
        }
        let mut shown: Vec<Cow<'_, str>> = Vec::new();
        let mut replaced = false;
        for tool in tools {
            let text = tool.get();
            let name = serde_json::from_str(text).ok().and_then(|named: Named| named.name);
            let Some(name) = name else {
                shown.push(Cow::Borrowed(text));
                continue;
            };
            let seen = self.state.catalog.observe(identity, &name, text);
            let news = seen.as_ref().map(|seen| seen.news);
            facts.catalog.extend(seen);
            if news == Some(News::New) && known.listed {
                facts.findings.push(Finding {
                    rule: "builtin.new-tool".to_owned(),
                    severity: Severity::Low,
                    what: format!("{server} has a tool that it did not have before: {name}"),
                });
            }
            let question = Question { role, ..Question::call(server, &name) };
            if !role.is_empty() && policy.hides(&question) {
                facts.hidden.push(name);
                continue;
            }
            match self.state.catalog.first(identity, &name).filter(|_| enforced) {
                Some(first) => {
                    replaced = true;
                    shown.push(Cow::Owned(first.to_owned()));
                }
                // What could not be kept is not known to be what it was.
                None if enforced && news == Some(News::Untold) => facts.hidden.push(name),
                None => shown.push(Cow::Borrowed(text)),
            }
        }
        let whole = list.next.is_none();
        if let Some(known) = self.state.conns.get_mut(&conn) {
            known.listed |= whole;
        }
        let how = match (facts.hidden.is_empty(), replaced) {
            (false, _) => "filtered-list",
            (true, true) => "first-definition",
            (true, false) => return None,
        };
        // Where the array stands in the line: it borrows from it.
        let array = list.tools.get();
        let start = array.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
        let place = start..start + array.len();
        let changed = jsonrpc::splice(line, &place, &format!("[{}]", shown.join(",")));
        // What is spliced is guarded again; what then is no message shows nothing.
        let sound = matches!(jsonrpc::parse(&changed), Parsed::One(_));
        Some((if sound { changed } else { without_tools(line, message)? }, how))
    }

    /// A list that is too long to be looked into: nothing of it is known, so in enforce nothing of it is shown.
    fn too_long(
        &mut self,
        (conn, line, message): (ConnId, &Bytes, &Message),
        facts: &mut Facts,
    ) -> Option<(Bytes, &'static str)> {
        let result = message.result.clone()?;
        let identity = self.state.conns.get(&conn)?.identity.clone();
        facts.findings.push(Finding {
            rule: "builtin.list-too-long".to_owned(),
            severity: Severity::High,
            what: format!("a list of tools of {} bytes, too long to be looked into", result.len()),
        });
        self.state.catalog.unknown(&identity);
        let phase = self.policy.as_ref().map(|known| known.policy().phase());
        if phase != Some(Phase::Enforce) {
            return None;
        }
        Some((without_tools(line, message)?, "filtered-list"))
    }

    /// What is said of a call of a tool that is not what it was first said to be.
    pub(in crate::engine) fn drifted(&self, conn: ConnId, tool: &str) -> Option<Decision> {
        let server = self.state.conns.get(&conn)?.identity.as_str();
        let why = if self.state.catalog.is_unknown(server) {
            "What this server's tools are to be is not known: its pins cannot be read, or its tools are too many or too \
             long to be kept (the log says which)."
                .to_owned()
        } else {
            told(&self.state.catalog.drift(server, tool).filter(|drift| drift.matters)?)
        };
        let phase = self.policy.as_ref().map_or(Phase::Enforce, |known| known.policy().phase());
        let (rule, verdict) = ("builtin.drift".to_owned(), Verdict::Ask);
        Some(Decision {
            verdict,
            risk: Risk::High,
            reasons: vec![Reason { rule, why, verdict }],
            phase,
            acts: phase.acting(verdict),
            show: Vec::new(),
        })
    }

    /// An operator accepts what a tool is now, as it was shown. Calls that wait stay: each has an answer of its own.
    pub(in crate::engine) fn accept(
        &mut self,
        (server, tool): (&str, &str),
        fingerprint: &str,
        out: &mut Out,
    ) {
        let conns = self.state.conns.values().filter(|conn| conn.server == server);
        let identities: Vec<String> = conns.map(|conn| conn.identity.clone()).collect();
        let mut taken = false;
        for identity in identities {
            taken |= self.state.catalog.accept(&identity, tool, fingerprint);
        }
        if taken {
            self.list_again(server, out);
        } else {
            let what =
                format!("{server}.{tool} is not what was accepted any more: look at it again");
            out.find("builtin.drift", Severity::Low, what);
        }
    }
}

impl Engine {
    /// Tells the agent to ask for this server's list again: what it was shown is not what it may use now. The
    /// stateless era has no such word out of turn.
    fn list_again(&mut self, server: &str, out: &mut Out) {
        let conns = self.state.conns.iter();
        let open: Vec<ConnId> = conns
            .filter(|(_, conn)| conn.server == server && !conn.agent.closed && !conn.modern())
            .map(|(id, _)| *id)
            .collect();
        for conn in open {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, method::TOOLS_CHANGED);
            let permit = self.state.permit(conn, Side::Agent, Bytes::from(line));
            out.push(Effect::Originate { permit, what: "list-changed" });
        }
    }
}

/// The answer with an empty list.
fn without_tools(line: &Bytes, message: &Message) -> Option<Bytes> {
    Some(jsonrpc::splice(line, &message.result.clone()?, r#"{"tools":[]}"#))
}

/// In a sentence, with what was there and what is there now. It names the fingerprint: a console takes only what it
/// showed.
fn told(drift: &Drift<'_>) -> String {
    let changes = drift.changes.iter().take(TOLD_MAX).map(|change| {
        let Change { what, .. } = change;
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{what} ({before} is now {after})"),
            (None, Some(after)) => format!("{what} ({after})"),
            (Some(_) | None, None) => what.clone(),
        }
    });
    let changes = changes.collect::<Vec<_>>().join("; ");
    let more = drift.changes.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let now = drift.fingerprint.short();
    format!("Its definition is not what was first seen (it is {now} now): {changes}{more}.")
}
