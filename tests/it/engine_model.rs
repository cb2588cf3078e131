//! The engine under random histories, against `reference`: every step's effects are the ones that the
//! reference names, and what may be sent is held to the bytes besides.

mod history;
mod reference;

use std::collections::BTreeMap;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tollgate::engine::{
    Agent, Answer, At, ConnId, Digest, Effect, Engine, Event, Happening, Held, Opened, Operator,
    Permit, Problem, Settled, Started, Step, TicketId, Unattended, limits,
};
use tollgate::journal::read::read_all;
use tollgate::journal::redecide::redecide;
use tollgate::journal::write::Writer;
use tollgate::protocol::Side;
use tollgate::protocol::jsonrpc::{Parsed, parse};

use history::{INJECTIONS, Op, op, policy, setting, text};
use reference::{Fate, Reference, Setting};

const CONNS: usize = 2;

/// The run: the engine, a twin that lives across snapshots, the reference, and what was seen to be sent.
struct Run {
    engine: Engine,
    twin: Engine,
    reference: Reference,
    now: u64,
    writer: Writer,
    journal: Vec<u8>,
    /// Bytes handed out by connection and end.
    handed: BTreeMap<(ConnId, Side), u64>,
    /// Every ticket's versions: the digest and, for the first one, the line as it came.
    versions: BTreeMap<u64, (Vec<Digest>, String)>,
    /// The digest that was allowed.
    allowed: BTreeMap<u64, Digest>,
    last_progress: BTreeMap<u64, i64>,
}

impl Run {
    fn new(setting: Setting) -> Self {
        let started = Happening::Started(Started {
            session: "model-1".to_owned(),
            build: "0".to_owned(),
            agent: Agent {
                name: "agent".to_owned(),
                pid: 1,
                patience_ms: setting.patience_ms,
                progress_extends: setting.extends,
            },
            redaction: "none".to_owned(),
            policy_name: "model".to_owned(),
            policy: policy(setting.enforce),
            amended_by: Vec::new(),
            unattended: if setting.deny_unattended { Unattended::Deny } else { Unattended::Soon },
            attended: false,
            secret_rules: None,
            remembered: Vec::new(),
            role: None,
        });
        let mut run = Self {
            engine: Engine::new(),
            twin: Engine::new(),
            reference: Reference::new(setting, CONNS),
            now: 1_000_000,
            writer: Writer::default(),
            journal: Vec::new(),
            handed: BTreeMap::new(),
            versions: BTreeMap::new(),
            allowed: BTreeMap::new(),
            last_progress: BTreeMap::new(),
        };
        assert_eq!(run.step(started).effects, []);
        for conn in 0..CONNS {
            let opened = Opened {
                conn: id(conn),
                server: "server".to_owned(),
                command: Vec::new(),
                pid: 2,
                unattended: None,
                patience_ms: None,
                pins: std::collections::BTreeMap::new(),
                pins_broken: None,
                notes: Vec::new(),
                identity: None,
                beside: Vec::new(),
                folder: None,
            };
            assert_eq!(run.step(Happening::Opened(opened)).effects, []);
        }
        run
    }

    /// Steps both engines and the journal.
    fn step(&mut self, what: Happening) -> Step {
        let event = Event { at: At(self.now), what };
        let step = self.engine.step(event.clone());
        assert_eq!(step, self.twin.step(event.clone()), "the twin does the same");
        self.writer.append(&event, &step, &mut self.journal);
        step
    }

    fn apply(&mut self, op: &Op) {
        self.now += 1;
        let (what, fates) = match op {
            Op::Restore => {
                let snapshot = self.twin.snapshot().unwrap();
                self.twin = Engine::restore(&snapshot, self.twin.steps()).unwrap();
                return;
            }
            Op::Frame { conn, from, msgs, batch } => {
                let fates = self.reference.frame(*conn, *from, msgs, *batch, self.now);
                let texts: Vec<String> = msgs.iter().map(text).collect();
                let line =
                    if *batch { format!("[{}]", texts.join(" ,")) } else { texts[0].clone() };
                (Happening::Frame { conn: id(*conn), from: *from, raw: line.into() }, fates)
            }
            Op::Broken { .. }
            | Op::Answer { .. }
            | Op::Tick { .. }
            | Op::Wake
            | Op::Synced { .. }
            | Op::Attended(_)
            | Op::Close { .. }
            | Op::Resume { .. }
            | Op::Aside(_) => (self.other(op), Vec::new()),
        };
        let wakes = matches!(what, Happening::Tick);
        let step = self.step(what.clone());
        self.check(&step, &what, &fates, op);
        if wakes {
            assert!(self.engine.next_wake().is_none_or(|wake| wake.0 > self.now), "a tick goes on");
        }
        assert_eq!(self.engine.waiting(), self.reference.tickets.len());
        assert_eq!(self.engine.next_wake().is_some(), !self.reference.tickets.is_empty());
    }

    /// Everything but frames: the event, and what the reference says of it.
    fn other(&mut self, op: &Op) -> Happening {
        match op {
            Op::Broken { conn, from, torn } => {
                let gone = self.reference.conns[*conn].closed.contains(from);
                self.reference
                    .words
                    .push(if gone { "drop Gone" } else { "drop Unanswerable" }.to_owned());
                let problem = if *torn {
                    Problem::Torn
                } else {
                    Problem::TooLong { size_bytes: 9, limit_bytes: 8 }
                };
                Happening::Broken { conn: id(*conn), from: *from, head: "\"id\":1".into(), problem }
            }
            Op::Answer { ticket, version, answer } => self.answer(*ticket, *version, answer),
            Op::Tick { ms } => {
                self.now += ms * 1000;
                self.reference.tick(self.now);
                Happening::Tick
            }
            Op::Wake => {
                self.now = self.now.max(self.engine.next_wake().map_or(0, |wake| wake.0));
                self.reference.tick(self.now);
                Happening::Tick
            }
            Op::Synced { behind } => {
                let seq = self.engine.steps().saturating_sub(1 + behind);
                self.reference.synced(seq, self.now);
                Happening::Synced { seq }
            }
            Op::Attended(answering) => {
                self.reference.ever_attended |= *answering > 0;
                Happening::Attended { answering: *answering }
            }
            Op::Close { conn, side } => {
                self.reference.close(*conn, *side);
                Happening::Closed { conn: id(*conn), side: *side, why: "test".to_owned() }
            }
            Op::Resume { conn, quarters } => {
                let sent = |side, quarters| {
                    self.handed.get(&(id(*conn), side)).copied().unwrap_or(0) * quarters / 4
                };
                let sent = [sent(Side::Agent, quarters[0]), sent(Side::Server, quarters[1])];
                self.reference.resume(*conn, sent);
                // What the new gate writes again stands in front of all that the engine lets go.
                let again = quarters.map(|quarter| quarter * 60);
                self.handed.insert((id(*conn), Side::Agent), again[0]);
                self.handed.insert((id(*conn), Side::Server), again[1]);
                Happening::Resumed {
                    conn: id(*conn),
                    sent_to_agent: sent[0],
                    sent_to_server: sent[1],
                    again_to_agent: again[0],
                    again_to_server: again[1],
                }
            }
            Op::Aside(true) => Happening::Stderr { conn: id(0), text: "log".to_owned() },
            Op::Aside(false) => {
                Happening::Attempt { what: "approve".to_owned(), by: "7 (sh)".to_owned() }
            }
            Op::Frame { .. } | Op::Restore => unreachable!("handled by the caller"),
        }
    }

    fn answer(&mut self, nth: usize, version: Option<usize>, answer: &'static str) -> Happening {
        let ticket = self.versions.keys().rev().nth(nth).copied().unwrap_or(1_000_000);
        let shown = self.versions.get(&ticket).map_or(&[][..], |(versions, _)| versions);
        let digest = version.and_then(|version| shown.iter().rev().nth(version)).cloned();
        let fits = digest.is_some() && digest.as_ref() == shown.last();
        let was_allowed = self.reference.tickets.get(&ticket).is_none_or(|t| t.approved.is_some());
        self.reference.answered(ticket, fits, answer, self.now, self.engine.steps());
        if let Some(digest) = digest.clone().filter(|_| fits && answer == "allow" && !was_allowed) {
            self.allowed.insert(ticket, digest);
        }
        let digest = digest.unwrap_or(Digest("0".repeat(64)));
        let answer = match answer {
            "allow" => Answer::Allow,
            "deny" => Answer::Deny { reason: Some("because".to_owned()) },
            "edit" => Answer::Edit { arguments: "\n{\"p\":\r\n\"edited\"}\n".to_owned() },
            _ => Answer::Edit { arguments: INJECTIONS[nth % INJECTIONS.len()].to_owned() },
        };
        Happening::Answered {
            ticket: TicketId(ticket),
            digest,
            answer,
            by: Operator("t".to_owned()),
            unread: false,
        }
    }

    fn check(&mut self, step: &Step, what: &Happening, fates: &[Fate], op: &Op) {
        // The one line that goes on comes last, behind what the reference says of single messages.
        let passing: Vec<&Fate> = fates.iter().filter(|fate| **fate != Fate::Stopped).collect();
        if let (Happening::Frame { from, .. }, Some(first)) = (what, passing.first()) {
            let to = from.other();
            let whole = passing.len() == fates.len() && !passing.contains(&&Fate::Noticed);
            let batch = matches!(op, Op::Frame { batch: true, .. });
            self.reference.words.push(match (whole, batch, first) {
                (true, ..) => format!("forward {to}"),
                (false, true, _) => format!("batch {to}"),
                (false, false, _) => format!("edited-notice {to}"),
            });
        }
        let words: Vec<String> = step.effects.iter().map(word).collect();
        let mut wanted = std::mem::take(&mut self.reference.words);
        for (wanted, word) in wanted.iter_mut().zip(&words) {
            // Progress is a message of our own; whose it is shows in the bytes, below.
            if wanted.starts_with("progress ") && word == "progress" {
                self.progressed(wanted, &step.effects);
                "progress".clone_into(wanted);
            }
        }
        assert_eq!(words, wanted, "{what:?}");
        let mut settled = None;
        for effect in &step.effects {
            if let Effect::Settle { ticket, how: Settled::Allowed { .. } } = effect {
                settled = Some(ticket.0);
            }
            self.check_effect(effect, what, settled, op, fates);
        }
        self.count_forwarded();
    }

    /// Requests that were just forwarded end where their stream now ends.
    fn count_forwarded(&mut self) {
        for (at, conn) in self.reference.conns.iter_mut().enumerate() {
            for ((asker, _), open) in &mut conn.open {
                let handed = self.handed.get(&(id(at), asker.other())).copied().unwrap_or(0);
                if open.ticket.is_none() && open.until.is_none() {
                    open.until = Some(handed);
                }
            }
            for side in [Side::Agent, Side::Server] {
                let handed = self.handed.get(&(id(at), side)).copied().unwrap_or(0);
                assert_eq!(self.engine.handed_out(id(at), side), handed);
            }
        }
    }

    fn progressed(&mut self, wanted: &str, effects: &[Effect]) {
        let ticket: u64 = wanted.rsplit(' ').next().unwrap().parse().unwrap();
        for effect in effects {
            let Effect::Originate { permit, .. } = effect else { continue };
            let value: serde_json::Value = serde_json::from_slice(permit.line()).unwrap();
            let value = value["params"]["progress"].as_i64().unwrap();
            assert!(value < 0, "below what a server may send");
            let last = self.last_progress.entry(ticket).or_insert(i64::MIN);
            if effects.len() == 1 {
                assert!(value > *last, "{value} after {last}");
                *last = value;
            }
        }
    }

    /// What is sent, held to the bytes.
    fn check_effect(
        &mut self,
        effect: &Effect,
        what: &Happening,
        settled: Option<u64>,
        op: &Op,
        fates: &[Fate],
    ) {
        let permit = match effect {
            Effect::Hold(Held { ticket, digest, .. }) => {
                let Op::Frame { msgs, .. } = op else { panic!("held without a frame") };
                let line = msgs.iter().map(text).find(|line| hash(line.as_bytes()) == *digest);
                let line = line.expect("the digest of a message of this frame");
                self.versions.insert(ticket.0, (vec![digest.clone()], line));
                return;
            }
            Effect::Revise { held, .. } => {
                let (versions, _) = self.versions.get_mut(&held.ticket.0).unwrap();
                versions.push(held.digest.clone());
                return;
            }
            Effect::Forward(permit)
            | Effect::Replace { permit, .. }
            | Effect::Refuse { permit, .. }
            | Effect::Originate { permit, .. } => permit,
            Effect::Rejected { .. }
            | Effect::Settle { .. }
            | Effect::Drop(_)
            | Effect::Sync
            | Effect::EndLine { .. }
            | Effect::Close { .. } => return,
        };
        *self.handed.entry((permit.conn(), permit.to())).or_default() += permit.wire_len();
        match (effect, what) {
            (Effect::Forward(_), Happening::Frame { raw, .. }) => assert_eq!(permit.line(), raw),
            (Effect::Replace { how: "batch", .. }, _) => check_batch(permit, op, fates),
            (Effect::Replace { how: "edited-notice", .. }, Happening::Frame { raw, .. }) => {
                check_notice(permit, raw);
            }
            (Effect::Forward(_) | Effect::Replace { .. }, _) => {
                let ticket = settled.expect("only an allowed ticket goes on later");
                assert_eq!(
                    Some(&hash(permit.line())),
                    self.allowed.get(&ticket),
                    "the allowed bytes"
                );
                let (versions, line) = &self.versions[&ticket];
                assert_eq!(permit.line() == line.as_bytes(), versions.len() == 1);
                assert!(matches!(parse(permit.line()), Parsed::One(_)));
            }
            (Effect::Refuse { .. }, _) => {
                let Parsed::One(answer) = parse(permit.line()) else { panic!("{permit:?}") };
                assert!(answer.is_error || answer.error.is_some(), "{permit:?}");
            }
            _ => {}
        }
    }

    /// The recording of all that, decided again.
    fn check_recording(&self) {
        let reading = read_all(&self.journal);
        assert_eq!((reading.flaw, reading.torn), (None, None));
        assert_eq!(reading.records.len() as u64, self.engine.steps());
        assert_eq!(redecide(&reading.records), []);
    }
}

fn id(conn: usize) -> ConnId {
    ConnId(u32::try_from(conn).unwrap())
}

fn hash(line: &[u8]) -> Digest {
    Digest(tollgate::journal::chain::hex(&Sha256::digest(line)))
}

/// An effect in the reference's words.
fn word(effect: &Effect) -> String {
    match effect {
        Effect::Forward(permit) => format!("forward {}", permit.to()),
        Effect::Replace { permit, how } => format!("{how} {}", permit.to()),
        Effect::Refuse { permit, .. } => {
            let Parsed::One(answer) = parse(permit.line()) else { panic!("{permit:?}") };
            format!("refuse {} {}", permit.to(), answer.id.unwrap().canonical())
        }
        Effect::Hold(held) => format!("hold {} {}", held.ticket.0, held.deadline_at.0),
        Effect::Revise { held, .. } => format!("revise {}", held.ticket.0),
        Effect::Rejected { ticket, .. } => format!("rejected {}", ticket.0),
        Effect::Settle { ticket, how } => {
            let how = format!("{how:?}");
            format!("settle {} {}", ticket.0, how.split(' ').next().unwrap())
        }
        Effect::Drop(why) => format!("drop {why:?}"),
        Effect::Originate { what, .. } => (*what).to_owned(),
        Effect::Sync => "sync".to_owned(),
        Effect::EndLine { to, .. } => format!("endline {to}"),
        Effect::Close { to, .. } => format!("close {to}"),
    }
}

/// The members that passed, byte for byte and in order.
fn check_batch(permit: &Permit, op: &Op, fates: &[Fate]) {
    let Op::Frame { msgs, .. } = op else { panic!("a batch without a frame") };
    if fates.contains(&Fate::Noticed) {
        return;
    }
    let passed = msgs.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Pass);
    let texts: Vec<String> = passed.map(|(msg, _)| text(msg)).collect();
    assert_eq!(permit.line(), format!("[{}]", texts.join(",")).as_bytes());
}

/// The answer of an edited call is the server's, but for one item in front that says so.
fn check_notice(permit: &Permit, raw: &[u8]) {
    let mut sent: serde_json::Value = serde_json::from_slice(permit.line()).unwrap();
    let came: serde_json::Value = serde_json::from_slice(raw).unwrap();
    let content = sent["result"]["content"].as_array_mut().unwrap();
    let notice = content.remove(0);
    assert!(notice["text"].as_str().unwrap().starts_with("[tollgate]"), "{notice}");
    if came["result"].get("content").is_none() {
        assert_eq!(content.len(), 0);
        sent["result"].as_object_mut().unwrap().remove("content");
    }
    assert_eq!(sent, came);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_goes_as_the_reference_says(
        setting in setting(),
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let mut run = Run::new(setting);
        for op in &ops {
            run.apply(op);
        }
        // At the end every request of an agent that still sends has had its one answer.
        for conn in 0..CONNS {
            run.apply(&Op::Close { conn, side: Side::Server });
            prop_assert!(run.reference.conns[conn].closed.contains(&Side::Agent)
                || run.reference.conns[conn].open.keys().all(|(asker, _)| *asker == Side::Server));
        }
        run.check_recording();
    }
}

fn attended(enforce: bool) -> Run {
    let mut run =
        Run::new(Setting { enforce, deny_unattended: false, patience_ms: None, extends: false });
    run.apply(&Op::Attended(1));
    run
}

fn line(run: &mut Run, line: String) -> Step {
    run.now += 1;
    run.step(Happening::Frame { conn: id(0), from: Side::Agent, raw: line.into() })
}

#[test]
fn no_more_calls_wait_than_a_person_reads() {
    let mut run = attended(true);
    for n in 0..=limits::HELD_MAX {
        let call = format!(r#"{{"id":{n},"method":"tools/call","params":{{"name":"write_a"}}}}"#);
        let step = line(&mut run, call);
        let full = n == limits::HELD_MAX;
        assert_eq!(matches!(step.effects[..], [Effect::Refuse { .. }]), full, "{n}: {step:?}");
    }
    assert_eq!(run.engine.waiting(), limits::HELD_MAX);
}

#[test]
fn no_more_requests_are_open_than_the_session_may_have() {
    let mut engine = attended(false).engine;
    for n in 0..=limits::PENDING_MAX {
        let raw = format!(r#"{{"id":{n},"method":"ping"}}"#).into();
        // Both connections together.
        let frame = Happening::Frame { conn: id(n % CONNS), from: Side::Agent, raw };
        let step = engine.step(Event { at: At(1), what: frame });
        let full = n == limits::PENDING_MAX;
        assert_eq!(matches!(step.effects[..], [Effect::Refuse { .. }]), full, "{n}: {step:?}");
    }
}
