//! Scripts in `tests/scenarios`: what happens, under a clock that only the script moves, and below each line
//! what the engine made of it. `INSTA_UPDATE=always` (`just bless`) writes the second part anew.
//!
//! Head: `agent NAME PATIENCE|none [progress]`, `phase PHASE`, `unattended soon|deny|ask`, `attended`, `role NAME`,
//! `policy FILE`,
//! `slow-disk` (the journal is on disk only where the script says `synced`). Then one event a line:
//! `TIME [#CONN] WHAT`. Ticks come by themselves whenever the engine wants one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tollgate::catalog::{Kind, Ruling};
use tollgate::engine::{
    Agent, Answer, At, Beside, ConnId, Digest, Effect, Engine, Event, Facts, Happening, Layered,
    Lifetime, Opened, Operator, Problem, Reloaded, Ruled, Settled, Started, Step, TicketId,
    Unattended,
};
use tollgate::journal::read::read_all;
use tollgate::journal::redecide::redecide;
use tollgate::journal::write::Writer;
use tollgate::policy::Scope;
use tollgate::protocol::Side;

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every scenario by its name.
fn scenarios() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// The journal that each scenario makes, by its name.
pub(crate) fn journals() -> Vec<(String, Vec<u8>)> {
    scenarios().into_iter().map(|(name, text)| (name, journal(&text))).collect()
}

/// The journal that a script makes.
pub(crate) fn journal(script: &str) -> Vec<u8> {
    let mut play = Play::new();
    play.script(script);
    play.journal
}

/// One play: an engine, a twin that goes through a snapshot before every step, and the recording.
struct Play {
    engine: Engine,
    twin: Engine,
    started: Option<Started>,
    now: u64,
    writer: Writer,
    journal: Vec<u8>,
    /// What a list said last of each tool.
    fingerprints: std::collections::BTreeMap<String, String>,
    slow_disk: bool,
    /// What the policy's file says.
    file: String,
    /// Digests by ticket and version.
    digests: Vec<(TicketId, Digest)>,
    says: String,
}

impl Play {
    fn new() -> Self {
        let policy = fs::read_to_string(dir().join("policy.yaml")).unwrap();
        Self {
            engine: Engine::new(),
            twin: Engine::new(),
            started: Some(Started {
                session: "scenario-1".to_owned(),
                build: "0".to_owned(),
                agent: Agent {
                    name: "agent".to_owned(),
                    pid: 1,
                    patience_ms: None,
                    progress_extends: false,
                },
                redaction: "none".to_owned(),
                policy_name: "scenarios".to_owned(),
                policy,
                amended_by: Vec::new(),
                unattended: Unattended::Soon,
                attended: false,
                secret_rules: None,
                remembered: Vec::new(),
                role: None,
            }),
            now: 0,
            writer: Writer::default(),
            journal: Vec::new(),
            fingerprints: std::collections::BTreeMap::new(),
            slow_disk: false,
            file: String::new(),
            digests: Vec::new(),
            says: String::new(),
        }
    }

    /// Plays the script and writes it with what came of each line.
    fn script(&mut self, text: &str) -> String {
        let mut played = String::new();
        for line in text.lines().filter(|line| !line.starts_with("    ")) {
            writeln!(played, "{line}").unwrap();
            if !line.is_empty() && !line.starts_with('#') {
                self.line(line);
            }
            played.push_str(&std::mem::take(&mut self.says));
        }
        played
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        if let Some(started) = self.started.as_mut() {
            match word {
                "agent" => {
                    let words: Vec<&str> = rest.split_whitespace().collect();
                    words[0].clone_into(&mut started.agent.name);
                    started.agent.patience_ms = (words[1] != "none").then(|| millis(words[1]));
                    started.agent.progress_extends = words.get(2) == Some(&"progress");
                    return;
                }
                "phase" => {
                    started.policy =
                        started.policy.replace("phase: enforce", &format!("phase: {rest}"));
                    return;
                }
                "unattended" => return started.unattended = unattended(rest),
                "attended" => return started.attended = true,
                "definitions" => {
                    let definitions = format!("definitions:\n  - {rest}\nrules:");
                    return started.policy = started.policy.replacen("rules:", &definitions, 1);
                }
                "role" => return started.role = Some(rest.to_owned()),
                "policy" => {
                    let path = dir().join(rest);
                    return started.policy = fs::read_to_string(path).unwrap();
                }
                "slow-disk" => return self.slow_disk = true,
                _ => {}
            }
        }
        if let Some(started) = self.started.take() {
            self.step(Happening::Started(started));
        }
        self.pass_time(micros(word));
        let numbered = rest.strip_prefix('#').and_then(|rest| rest.split_once(' '));
        let (conn, rest) = numbered.map_or((1, rest), |(conn, rest)| (conn.parse().unwrap(), rest));
        let what = self.happening(ConnId(conn), rest);
        if let Some(what) = what {
            self.step(what);
        }
    }

    /// Ticks whenever the engine wants one, up to this time.
    fn pass_time(&mut self, until: u64) {
        assert!(until >= self.now, "time only goes on");
        while let Some(wake) = self.engine.next_wake().filter(|wake| wake.0 <= until) {
            self.now = self.now.max(wake.0);
            writeln!(self.says, "    {}", clock(self.now)).unwrap();
            self.step(Happening::Tick);
            assert!(self.engine.next_wake().is_none_or(|next| next > wake), "a tick goes on");
        }
        self.now = until;
    }

    fn happening(&mut self, conn: ConnId, text: &str) -> Option<Happening> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (first, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        let from = if word == "server" { Side::Server } else { Side::Agent };
        Some(match word {
            "open" => {
                let option = |name| option(behind, name);
                Happening::Opened(Opened {
                    conn,
                    server: first.to_owned(),
                    command: vec![first.to_owned()],
                    pid: 2,
                    unattended: option("unattended").map(unattended),
                    patience_ms: option("patience").map(millis),
                    pins: std::collections::BTreeMap::new(),
                    pins_broken: None,
                    notes: Vec::new(),
                    beside: option("beside").map(beside).into_iter().collect(),
                    folder: option("folder").map(str::to_owned),
                    identity: option("program")
                        .map(|program| format!(r#"{{"program":{{"sha256":"{program}"}}}}"#)),
                })
            }
            "agent" | "server" => Happening::Frame { conn, from, raw: frame(rest).into() },
            "broken" | "torn" => Happening::Broken {
                conn,
                from: if first == "server" { Side::Server } else { Side::Agent },
                head: behind.to_owned().into(),
                problem: match word {
                    "torn" => Problem::Torn,
                    _ => Problem::TooLong { size_bytes: 70_000_000, limit_bytes: 67_108_864 },
                },
            },
            "allow" => self.answer(first, behind == "old", Answer::Allow),
            "deny" => {
                let reason = (!behind.is_empty()).then(|| behind.to_owned());
                self.answer(first, false, Answer::Deny { reason })
            }
            "edit" => {
                let arguments = behind.replace("\\n", "\n");
                self.answer(first, false, Answer::Edit { arguments })
            }
            "remember" => self.remember(first, behind),
            "reload" | "confirm" => self.policy_file(word, first, behind),
            "forget" => {
                let by = Operator("operator".to_owned());
                Happening::Forgotten { id: first.to_owned(), by }
            }
            "close" => Happening::Closed {
                conn,
                side: if first == "server" { Side::Server } else { Side::Agent },
                why: behind.to_owned(),
            },
            "attended" => Happening::Attended { answering: rest.parse().unwrap() },
            "synced" => Happening::Synced { seq: self.engine.steps() - 1 },
            "attempt" => Happening::Attempt { what: first.to_owned(), by: behind.to_owned() },
            "resumed" => {
                let sent = |side, text: &str| match text {
                    "all" => self.engine.handed_out(conn, side),
                    count => count.parse().unwrap(),
                };
                Happening::Resumed {
                    conn,
                    sent_to_agent: sent(Side::Agent, first),
                    sent_to_server: sent(Side::Server, behind),
                    again_to_agent: 0,
                    again_to_server: 0,
                }
            }
            "layer" | "approve" | "refuse" | "stage" | "unpin" => {
                self.operator(word, first, behind)
            }
            "ended" => Happening::Ended { why: rest.to_owned() },
            // Time passes, nothing else.
            "" => return None,
            _ => panic!("what is {text:?}?"),
        })
    }

    /// What an operator says of the whole session or of a tool.
    fn operator(&self, word: &str, first: &str, behind: &str) -> Happening {
        let by = Operator("operator".to_owned());
        if word == "layer" {
            let policy = (behind != "off").then(|| layer(first, behind));
            return Happening::Layered(Layered { layer: first.to_owned(), policy, by });
        }
        let (tool, fingerprint) = behind.split_once(' ').unwrap();
        let (kind, name) = tool.split_once(':').unwrap_or(("tool", tool));
        let now = self.fingerprints.get(name).cloned().unwrap_or_default();
        let fingerprint = if fingerprint == "now" { now } else { fingerprint.to_owned() };
        Happening::Ruled(Ruled {
            server: first.to_owned(),
            kind: Kind::parse(kind).unwrap(),
            name: name.to_owned(),
            fingerprint,
            ruling: Ruling::parse(word).unwrap(),
            by,
        })
    }

    /// The policy's file changed, or an operator confirms what it says.
    fn policy_file(&mut self, word: &str, first: &str, behind: &str) -> Happening {
        if word == "reload" {
            return Happening::Reloaded(self.reload(first, behind));
        }
        let digest = if first == "now" { digest(&self.file) } else { first.to_owned() };
        Happening::Confirmed { digest, by: Operator("operator".to_owned()) }
    }

    /// `reload add RULE`, `reload replace FROM => TO`, `reload back`, `reload broken WHY`: the session's policy, changed.
    fn reload(&mut self, word: &str, rest: &str) -> Reloaded {
        let policy = &self.engine.started().unwrap().policy;
        self.file = match word {
            "add" => format!("{policy}  - {rest}\n"),
            "replace" => {
                let (from, to) = rest.split_once(" => ").unwrap();
                assert!(policy.contains(from), "{from}");
                policy.replacen(from, to, 1)
            }
            "back" => policy.clone(),
            _ => return Reloaded::Broken(rest.to_owned()),
        };
        Reloaded::Text(self.file.clone())
    }

    /// `remember 3 allow session tool`, or in the place of `tool` `same`, or a scope's JSON text.
    fn remember(&self, ticket: &str, behind: &str) -> Happening {
        let words: Vec<&str> = behind.splitn(3, ' ').collect();
        let scope = match words[2] {
            "same" => None,
            "tool" => Some(Scope::Tool),
            json => Some(serde_json::from_str(json).unwrap()),
        };
        let lifetime = Lifetime::parse(words[1]).unwrap();
        let answer = Answer::Remember { allow: words[0] == "allow", scope, lifetime, why: None };
        self.answer(ticket, false, answer)
    }

    fn answer(&self, ticket: &str, old: bool, answer: Answer) -> Happening {
        let ticket = TicketId(ticket.parse().unwrap());
        let mut shown = self.digests.iter().filter(|(known, _)| *known == ticket);
        let digest = if old { shown.next() } else { shown.next_back() };
        let digest = digest.map_or(Digest("0".repeat(64)), |(_, digest)| digest.clone());
        Happening::Answered {
            ticket,
            digest,
            answer,
            by: Operator("operator".to_owned()),
            unread: false,
        }
    }

    fn step(&mut self, what: Happening) {
        let event = Event { at: At(self.now), what };
        let snapshot = self.twin.snapshot().unwrap();
        self.twin = Engine::restore(&snapshot, self.twin.steps()).unwrap();
        let step = self.engine.step(event.clone());
        assert_eq!(step, self.twin.step(event.clone()), "a snapshot changes nothing");
        let seq = self.writer.append(&event, &step, &mut self.journal);
        self.say(&step);
        if step.effects.contains(&Effect::Sync) && !self.slow_disk {
            self.step(Happening::Synced { seq });
        }
    }

    fn say(&mut self, step: &Step) {
        if let Some(facts) = &step.facts {
            for seen in &facts.catalog {
                let hex = seen.fingerprint.as_ref().map_or("", |print| print.hex());
                self.fingerprints.insert(seen.name.clone(), hex.to_owned());
            }
            say_facts(&mut self.says, "", facts);
        }
        for effect in &step.effects {
            if let Effect::Hold(held) | Effect::Revise { held, .. } = effect {
                self.digests.push((held.ticket, held.digest.clone()));
            }
            writeln!(self.says, "    => {}", effect_text(effect)).unwrap();
        }
    }
}

/// `call ID TOOL [ARGUMENTS] [token T]`, `result ID TEXT`, `cancel ID`, or the line itself.
fn frame(text: &str) -> String {
    let words: Vec<&str> = text.splitn(3, ' ').collect();
    match words[..] {
        ["call", id, call] => {
            let (call, token) = call.split_once(" token ").unwrap_or((call, ""));
            let (tool, arguments) = call.split_once(' ').unwrap_or((call, "{}"));
            let meta = if token.is_empty() {
                String::new()
            } else {
                format!(r#","_meta":{{"progressToken":{token}}}"#)
            };
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}{meta}}}}}"#
            )
        }
        ["result", id, text] => format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        ),
        ["cancel", id] => format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ),
        _ => text.to_owned(),
    }
}

fn say_facts(says: &mut String, indent: &str, facts: &Facts) {
    if let Some(verdict) = facts.verdict {
        let rules: Vec<&str> = facts.reasons.iter().map(|reason| reason.rule.as_str()).collect();
        writeln!(says, "    {indent}{} ({})", verdict.word(), rules.join(", ")).unwrap();
    }
    for seen in &facts.catalog {
        let news = format!("{:?}", seen.news).to_lowercase();
        let what = format!("{} {}", seen.kind.word(), seen.name);
        let standing = match seen.standing.word() {
            "pinned" => String::new(),
            word if word == news => String::new(),
            word => format!(", {word}"),
        };
        writeln!(says, "    {indent}{} {news}{standing}", what.trim_end()).unwrap();
        for change in &seen.changes {
            writeln!(says, "    {indent}  {}: {}", change.path, change.what).unwrap();
        }
    }
    let findings = if facts.members.is_empty() { &facts.findings[..] } else { &[] };
    for finding in findings {
        writeln!(says, "    {indent}finding {}: {}", finding.rule, finding.told()).unwrap();
    }
    for (at, member) in facts.members.iter().enumerate() {
        say_facts(says, &format!("[{at}] "), member);
    }
}

fn effect_text(effect: &Effect) -> String {
    let line = |permit: &tollgate::engine::Permit| {
        format!("{} {}", permit.to(), String::from_utf8_lossy(permit.line()))
    };
    match effect {
        Effect::Forward(permit) => format!("forward to {}", permit.to()),
        Effect::Replace { permit, how } => format!("{how} to {}", line(permit)),
        Effect::Refuse { permit, rule, .. } => format!("refuse ({rule}) to {}", line(permit)),
        Effect::Hold(held) => format!(
            "hold {} ({} risk) until {}",
            held.ticket.0,
            held.risk.word(),
            clock(held.deadline_at.0)
        ),
        Effect::Revise { held, arguments } => {
            format!("revise {} to version {}: {arguments}", held.ticket.0, held.version)
        }
        Effect::Rejected { ticket, why, .. } => format!("answer to {} rejected: {why}", ticket.0),
        Effect::Settle { ticket, how } => {
            let how = match how {
                Settled::Allowed { .. } => "allowed".to_owned(),
                Settled::Denied { reason, .. } => {
                    format!("denied, {}", reason.as_deref().unwrap_or("without a reason"))
                }
                Settled::TimedOut => "timed out".to_owned(),
                Settled::Unattended => "unattended".to_owned(),
                Settled::Cancelled => "cancelled".to_owned(),
                Settled::Closed => "closed".to_owned(),
                Settled::Interrupted => "interrupted".to_owned(),
            };
            format!("settle {}: {how}", ticket.0)
        }
        Effect::Drop(why) => format!("drop ({})", format!("{why:?}").to_lowercase()),
        Effect::Originate { permit, what } => format!("{what} to {}", line(permit)),
        Effect::Sync => "sync".to_owned(),
        Effect::EndLine { to, .. } => format!("end the line to {to}"),
        Effect::Close { to, .. } => format!("close {to}"),
    }
}

/// A layer that asks about calls of tools that a condition means.
fn layer(name: &str, condition: &str) -> String {
    let when = serde_json::Value::from(condition);
    format!(
        "version: 1\nname: {name}\nphase: enforce\nrules:\n\
         - {{ id: {name}, why: \"The operator said so.\", match: {{ when: {when} }}, verdict: ask, risk: low }}\n"
    )
}

/// What stands behind a name.
fn option<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_whitespace().skip_while(|word| *word != name).nth(1)
}

fn unattended(word: &str) -> Unattended {
    match word {
        "soon" => Unattended::Soon,
        "deny" => Unattended::Deny,
        "ask" => Unattended::Ask,
        _ => panic!("unattended {word:?}?"),
    }
}

/// `250ms`, `1s`, `1.5s`, as microseconds.
fn micros(text: &str) -> u64 {
    let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("no time: {text:?}"));
    if let Some(count) = text.strip_suffix("ms") {
        return number(count) * 1000;
    }
    let seconds = text.strip_suffix('s').unwrap_or_else(|| panic!("no time: {text:?}"));
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
    number(whole) * 1_000_000 + number(&format!("{part:0<6}"))
}

fn millis(text: &str) -> u64 {
    micros(text) / 1000
}

fn clock(micros: u64) -> String {
    format!("{:?}", Duration::from_micros(micros))
}

#[test]
fn every_scenario_goes_as_it_says() {
    let mut wrong = Vec::new();
    for (name, text) in scenarios() {
        let played = Play::new().script(&text);
        let quoted =
            |line: &&str| line.contains("=> refuse (builtin.drift)") && line.contains("is now");
        assert!(
            !played.lines().any(|line| quoted(&line)),
            "{name}: what changed is for the operator alone"
        );
        if played != text {
            if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
                fs::write(dir().join(format!("{name}.txt")), played).unwrap();
            } else {
                let first = text.lines().zip(played.lines()).find(|(was, is)| was != is);
                wrong.push(format!("{name}: {first:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scenario_decided_again_is_the_same() {
    for (name, text) in scenarios() {
        let mut play = Play::new();
        play.script(&text);
        let reading = read_all(&play.journal);
        assert_eq!((reading.flaw, reading.torn), (None, None), "{name}");
        assert_eq!(reading.records.len() as u64, play.engine.steps(), "{name}");
        assert_eq!(redecide(&reading.records), [], "{name}");
    }
}

/// A phase changes what becomes of a verdict, never the verdict.
#[test]
fn every_phase_gives_the_same_verdicts() {
    let (_, enforce) = scenarios().into_iter().find(|(name, _)| name == "phase-enforce").unwrap();
    let verdicts = |text: &str| -> Vec<String> {
        let verdict =
            |line: &&str| line.starts_with("    ") && line.ends_with(')') && !line.contains("=>");
        text.lines().filter(verdict).map(str::to_owned).collect()
    };
    let script = |text: &str| -> Vec<String> {
        let line = |line: &&str| !line.starts_with([' ', '#']) && !line.starts_with("phase");
        text.lines().filter(line).map(str::to_owned).collect()
    };
    assert!(verdicts(&enforce).len() >= 5);
    for (name, text) in scenarios() {
        if name.starts_with("phase-") {
            assert_eq!(
                (script(&text), verdicts(&text)),
                (script(&enforce), verdicts(&enforce)),
                "{name}"
            );
        }
    }
}

/// A policy beside the session's, from a file of the scenarios.
fn beside(file: &str) -> Beside {
    Beside { name: file.to_owned(), policy: fs::read_to_string(dir().join(file)).unwrap() }
}

fn digest(text: &str) -> String {
    tollgate::text::hex(&Sha256::digest(text))
}
