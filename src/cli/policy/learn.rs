//! `tollgate policy learn`: the smallest policy that lets go on what went on in recordings.

mod shape;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use self::shape::{Detail, Members};
use crate::cli::exit::{Exit, Failure};
use crate::cli::journals;
use crate::engine::{CallId, ConnId, Facts, Settled};
use crate::journal::record::Effected;
use crate::journal::{Record, What};
use crate::policy::{Policy, Question, Verdict};
use crate::protocol::Side;
use crate::protocol::jsonrpc::{self, Parsed};
use crate::text::Safe;

/// Longer conditions are not written: those of more than 4096 bytes do not load.
const CONDITION_BYTES_MAX: usize = 4096;

/// How much of a call is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Its server and tool.
    Names,
    /// Its arguments as well.
    Arguments,
}

/// What was seen of one tool.
#[derive(Debug, Default)]
struct Seen {
    calls: u64,
    /// The session and number of the first one.
    first: String,
    arguments: Members,
    /// Calls whose arguments no condition can look at.
    unread: u64,
}

/// What was seen, by server and tool.
#[derive(Debug, Default)]
struct Learned {
    tools: BTreeMap<String, BTreeMap<String, Seen>>,
    calls: u64,
}

/// One recording's connections and calls that wait.
#[derive(Debug, Default)]
struct Recording {
    name: String,
    servers: BTreeMap<ConnId, String>,
    held: BTreeMap<u64, Call>,
}

/// A call, and the arguments that it goes on with.
#[derive(Debug)]
struct Call {
    conn: ConnId,
    tool: String,
    /// JSON; `None` where there are none.
    arguments: Option<Vec<u8>>,
}

/// Prints the policy.
pub(super) fn learn(recordings: &[String], name: &str, about: About) -> Result<Exit, Failure> {
    let mut learned = Learned::default();
    for recording in recordings {
        let path = journals::find(recording)?;
        let mut one = Recording { name: journals::name_of(&path), ..Recording::default() };
        let scan = journals::scan(&path, |record, _| {
            one.record(&record, &mut learned);
            Ok::<_, Failure>(())
        })?;
        journals::end(&mut io::sink(), scan)?;
    }
    if learned.calls == 0 {
        return Err(Failure::new(
            Exit::Usage,
            "no call went on in these recordings: there is nothing to learn",
        ));
    }
    let text = learned.policy(name, recordings.len(), about);
    // What is printed loads: a name may hold anything.
    let checked = Policy::parse(name, &text);
    checked
        .map_err(|error| Failure::new(Exit::Broken, format!("write a policy of this: {error}")))?;
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

impl Recording {
    fn record(&mut self, record: &Record, learned: &mut Learned) {
        if let What::Opened(opened) = &record.event {
            self.servers.insert(opened.conn, opened.server.clone());
        }
        if let (What::Frame { conn, from: Side::Agent, raw }, Some(facts)) =
            (&record.event, &record.facts)
        {
            let sent = record.effects.iter().any(is_sent);
            let mut arguments = arguments(&raw.bytes().unwrap_or_default()).into_iter();
            let single = facts.members.is_empty().then_some(facts);
            for call in single.into_iter().chain(&facts.members) {
                self.call(*conn, call, arguments.next().flatten(), sent, learned);
            }
        }
        for effect in &record.effects {
            if let Effected::Revise { held, arguments } = effect
                && let Some(call) = self.held.get_mut(&held.ticket.0)
            {
                // What goes on is what the operator made of it.
                call.arguments = Some(arguments.clone().into_bytes());
            }
            let Effected::Settle { ticket, how } = effect else { continue };
            if let (Some(call), Settled::Allowed { .. }) = (self.held.remove(&ticket.0), how) {
                self.seen(&call, ticket.0, learned);
            }
        }
    }

    fn call(
        &mut self,
        conn: ConnId,
        facts: &Facts,
        arguments: Option<Vec<u8>>,
        sent: bool,
        learned: &mut Learned,
    ) {
        let (Some(tool), Some(CallId(number))) = (&facts.tool, facts.call) else { return };
        let call = Call { conn, tool: tool.clone(), arguments };
        if facts.acting() == Verdict::Ask {
            self.held.insert(number, call);
        } else if sent && facts.acting() < Verdict::Ask {
            self.seen(&call, number, learned);
        }
    }

    fn seen(&self, call: &Call, number: u64, learned: &mut Learned) {
        let server = self.servers.get(&call.conn).cloned().unwrap_or_default();
        let first = format!("{} #{number}", Safe::escape(&self.name));
        learned.add(&server, &call.tool, call.arguments.as_deref(), &first);
    }
}

/// The arguments of each member of a line, in order; of a line without a batch, of the one.
fn arguments(line: &[u8]) -> Vec<Option<Vec<u8>>> {
    let of = |message: &jsonrpc::Message| {
        message.arguments.clone().and_then(|span| line.get(span)).map(<[u8]>::to_vec)
    };
    match jsonrpc::parse(line) {
        Parsed::One(message) => vec![of(&message)],
        Parsed::Batch(members) => {
            members.iter().map(|(_, member)| member.as_ref().ok().and_then(of)).collect()
        }
        Parsed::Blank | Parsed::Faulty { .. } => Vec::new(),
    }
}

fn is_sent(effect: &Effected) -> bool {
    matches!(
        effect,
        Effected::Forward { to: Side::Server, .. } | Effected::Replace { to: Side::Server, .. }
    )
}

/// Allows whatever a condition can look at.
const READS: &str = "version: 1\nname: reads\nphase: enforce\ndefault: { verdict: deny, why: d }\n\
                     rules: [{ id: r, why: w, match: { when: 'args == args' }, verdict: allow }]\n";

static READER: LazyLock<Option<Policy>> = LazyLock::new(|| Policy::parse("reads", READS).ok());

/// The arguments, where they are an object that a condition can look at.
fn object(arguments: Option<&[u8]>) -> Option<Map<String, Value>> {
    let reads = READER.as_ref()?;
    let decided = reads.decide(&Question { arguments, ..Question::call("", "") });
    (decided.verdict == Verdict::Allow).then_some(())?;
    serde_json::from_slice(arguments.unwrap_or(b"{}")).ok()
}

impl Learned {
    fn add(&mut self, server: &str, tool: &str, arguments: Option<&[u8]>, first: &str) {
        let tools = self.tools.entry(server.to_owned()).or_default();
        let seen = tools.entry(tool.to_owned()).or_default();
        if seen.calls == 0 {
            first.clone_into(&mut seen.first);
        }
        seen.calls += 1;
        self.calls += 1;
        match object(arguments) {
            Some(object) => seen.arguments.add(&object),
            None => seen.unread += 1,
        }
    }

    fn policy(&self, name: &str, recordings: usize, about: About) -> String {
        let mut text = format!(
            "# What went on in recordings: {recordings}; calls: {}. Everything else is denied.\n",
            self.calls
        );
        if about == About::Arguments {
            text.push_str(
                "# Over each rule stands what was seen: read it, and widen what is too tight.\n",
            );
        }
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "version: 1\nname: {name}\nphase: enforce\n\
             default: {{ verdict: deny, why: \"It was not seen when this policy was learned.\" }}\nrules:\n"
        );
        match about {
            About::Names => self.put_servers(&mut text),
            About::Arguments => self.put_tools(&mut text),
        }
        text
    }

    /// A rule for each server.
    fn put_servers(&self, text: &mut String) {
        for (number, (server, tools)) in (1..).zip(&self.tools) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "  - id: seen-{number}\n    why: \"It was seen when this policy was learned.\"\n    \
                 match:\n      server: {}\n      tool:\n",
                pattern(server)
            );
            for (tool, seen) in tools {
                let _ = writeln!(text, "        - {} # {}", pattern(tool), seen.calls());
            }
            text.push_str("    verdict: allow\n");
        }
    }

    /// A rule for each tool, below what was seen of it.
    fn put_tools(&self, text: &mut String) {
        let tools = self
            .tools
            .iter()
            .flat_map(|(server, tools)| tools.iter().map(move |(tool, seen)| (server, tool, seen)));
        for (number, (server, tool, seen)) in (1..).zip(tools) {
            let _ = writeln!(text, "\n  # {}", seen.calls());
            for line in seen.evidence() {
                let _ = writeln!(text, "  #   {line}");
            }
            let _ = write!(
                text,
                "  - id: seen-{number}\n    why: \"Such a call was seen when this policy was learned.\"\n    \
                 match:\n      server: {}\n      tool: {}\n",
                pattern(server),
                pattern(tool)
            );
            if let Some(condition) = seen.condition() {
                let _ = writeln!(text, "      when: |-\n        {condition}");
            }
            text.push_str("    verdict: allow\n");
        }
    }
}

impl Seen {
    /// `3 calls, first claude-code-1 #7`.
    fn calls(&self) -> String {
        let calls = if self.calls == 1 { "call" } else { "calls" };
        format!("{} {calls}, first {}", self.calls, self.first)
    }

    /// What was seen of the arguments.
    fn evidence(&self) -> Vec<String> {
        match self.unread {
            0 => self.arguments.evidence(),
            unread => vec![format!(
                "any arguments: those of {unread} are no object, or more than a condition reads"
            )],
        }
    }

    /// What held of the arguments of every call, as far as a condition can say it; `None`: nothing.
    fn condition(&self) -> Option<String> {
        let details = [Detail::Full, Detail::Bounds, Detail::Types].into_iter();
        let said =
            details.map(|detail| self.arguments.conditions("args", detail).join("\n        && "));
        let mut said = said.filter(|said| said.len() <= CONDITION_BYTES_MAX);
        (self.unread == 0).then(|| said.next()).flatten()
    }
}

/// A name as a pattern that fits it alone. Strings of JSON are strings of YAML; what is not ASCII is written by its
/// number, because a terminal may obey it.
fn pattern(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!' | ',') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    let quoted = serde_json::Value::from(escaped).to_string();
    let written = quoted
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\U{:08X}", u32::from(c)) });
    written.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests;
