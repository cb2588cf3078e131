//! `tollgate policy learn`: the smallest policy that lets go on what went on in recordings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::cli::exit::{Exit, Failure};
use crate::cli::journals;
use crate::engine::{CallId, ConnId, Facts, Settled};
use crate::journal::record::Effected;
use crate::journal::{Record, What};
use crate::policy::{Policy, Verdict};
use crate::protocol::Side;
use crate::text::Safe;

/// What was seen of one tool.
#[derive(Debug, Default)]
struct Seen {
    calls: u64,
    /// The session and number of the first one.
    first: String,
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
    held: BTreeMap<u64, (ConnId, String)>,
}

/// Prints the policy.
pub(super) fn learn(recordings: &[String], name: &str) -> Result<Exit, Failure> {
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
    let text = learned.policy(name, recordings.len());
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
        if let (What::Frame { conn, from: Side::Agent, .. }, Some(facts)) =
            (&record.event, &record.facts)
        {
            let sent = record.effects.iter().any(is_sent);
            for call in std::iter::once(facts).chain(&facts.members) {
                self.call(*conn, call, sent, learned);
            }
        }
        for effect in &record.effects {
            let Effected::Settle { ticket, how } = effect else { continue };
            if let (Some((conn, tool)), Settled::Allowed { .. }) =
                (self.held.remove(&ticket.0), how)
            {
                self.seen(conn, &tool, ticket.0, learned);
            }
        }
    }

    fn call(&mut self, conn: ConnId, facts: &Facts, sent: bool, learned: &mut Learned) {
        let (Some(tool), Some(CallId(call))) = (&facts.tool, facts.call) else { return };
        if facts.acting() == Verdict::Ask {
            self.held.insert(call, (conn, tool.clone()));
        } else if sent && facts.acting() < Verdict::Ask {
            self.seen(conn, tool, call, learned);
        }
    }

    fn seen(&self, conn: ConnId, tool: &str, call: u64, learned: &mut Learned) {
        let server = self.servers.get(&conn).cloned().unwrap_or_default();
        let seen = learned.tools.entry(server).or_default().entry(tool.to_owned()).or_default();
        if seen.calls == 0 {
            seen.first = format!("{} #{call}", Safe::escape(&self.name));
        }
        seen.calls += 1;
        learned.calls += 1;
    }
}

fn is_sent(effect: &Effected) -> bool {
    matches!(
        effect,
        Effected::Forward { to: Side::Server, .. } | Effected::Replace { to: Side::Server, .. }
    )
}

impl Learned {
    fn policy(&self, name: &str, recordings: usize) -> String {
        let mut text = format!(
            "# What went on in recordings: {recordings}; calls: {}. Everything else is denied.\n\
             version: 1\nname: {name}\nphase: enforce\n\
             default: {{ verdict: deny, why: \"It was not seen when this policy was learned.\" }}\nrules:\n",
            self.calls
        );
        for (number, (server, tools)) in (1..).zip(&self.tools) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "  - id: seen-{number}\n    why: \"It was seen when this policy was learned.\"\n    \
                 match:\n      server: {}\n      tool:\n",
                pattern(server)
            );
            for (tool, seen) in tools {
                let calls = if seen.calls == 1 { "call" } else { "calls" };
                let Seen { calls: count, first } = seen;
                let _ =
                    writeln!(text, "        - {} # {count} {calls}, first {first}", pattern(tool));
            }
            text.push_str("    verdict: allow\n");
        }
        text
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
mod tests {
    use super::*;
    use crate::policy::Question;

    #[test]
    fn any_name_is_a_pattern_that_fits_it_alone() {
        let names = [
            "read_file",
            "a*b",
            "[x]",
            "{a,b}",
            "\u{202e}gpj",
            "a\"b\\c",
            "x\u{1}\n",
            "!a",
            "\u{1f600}",
        ];
        for name in names {
            let mut learned = Learned { calls: 1, ..Learned::default() };
            let tools = learned.tools.entry("s".to_owned()).or_default();
            tools.insert(name.to_owned(), Seen { calls: 1, first: "s #1".to_owned() });
            let text = learned.policy("p", 1);
            assert!(text.is_ascii(), "{text}");
            let policy =
                Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            for other in names {
                let verdict = policy.decide(&Question::call("s", other)).verdict;
                assert_eq!(verdict == Verdict::Allow, name == other, "{name:?} {other:?}");
            }
        }
    }
}
