//! A session's whole life, as a script that a fuzzer can write.

use std::collections::BTreeSet;

use serde_json::Value;
use tollgate::engine::{
    Agent, Answer, At, ConnId, Digest, Effect, Engine, Event, Happening, Opened, Operator, Permit,
    Problem, Started, TicketId, Unattended,
};
use tollgate::journal::read_all;
use tollgate::journal::write::Writer;
use tollgate::protocol::Side;

const POLICY: &str = r#"
version: 1
name: fuzz
phase: enforce
default: { verdict: mark, why: "No rule." }
rules:
  - { id: reads, why: "Reads.", match: { tool: "read*" }, verdict: allow }
  - { id: writes, why: "Writes.", match: { tool: "write*" }, verdict: ask, risk: low }
  - { id: kills, why: "Never.", match: { tool: "kill*" }, verdict: deny }
"#;

/// Each line is one event: `a`, `s` a frame of the agent's or server's on the first connection, `A`, `S`
/// on the second; `t` time passes; `+`, `!`, `-` the oldest ticket is allowed, allowed by a wrong digest,
/// denied; `e` edited; `c`, `C` the agent's or server's end closes; `k` the journal is on disk; `b` bytes
/// that are no line; `p` a console comes; `r` the engine is taken up from its snapshot.
///
/// Held to: two engines agree, also across a snapshot; the journal gives back every event; what is
/// forwarded is what came; what was asked or denied is not forwarded by its own frame; an answer goes only
/// to a request that waits for one.
///
/// # Panics
/// Where one of these is broken.
pub fn engine_ops(data: &[u8]) {
    let mut run = Run::new();
    for line in data.split(|byte| *byte == b'\n').take(200) {
        let Some((op, rest)) = line.split_first() else { continue };
        match run.happening(*op, rest) {
            Some(what) => run.step(what),
            None if *op == b'r' => run.restore(),
            None => {}
        }
    }
    run.step(Happening::Ended { why: "the script is over".to_owned() });
    run.check_journal();
}

struct Run {
    engine: Engine,
    twin: Engine,
    now: At,
    writer: Writer,
    journal: Vec<u8>,
    events: Vec<Event>,
    /// Requests of the agent's that wait for their answer, by connection.
    waiting: BTreeSet<(ConnId, String)>,
}

impl Run {
    fn new() -> Self {
        let mut run = Self {
            engine: Engine::new(),
            twin: Engine::new(),
            now: At(1_000_000),
            writer: Writer::default(),
            journal: Vec::new(),
            events: Vec::new(),
            waiting: BTreeSet::new(),
        };
        run.step(Happening::Started(Started {
            session: "fuzz-1".to_owned(),
            build: "0.0.0+0".to_owned(),
            agent: Agent {
                name: "fuzz".to_owned(),
                pid: 0,
                patience_ms: Some(60_000),
                progress_extends: true,
            },
            redaction: "none".to_owned(),
            policy_name: "fuzz".to_owned(),
            policy: POLICY.to_owned(),
            amended_by: Vec::new(),
            unattended: Unattended::Ask,
            attended: true,
            secret_rules: None,
            remembered: Vec::new(),
            role: None,
        }));
        for conn in [ConnId(0), ConnId(1)] {
            run.step(Happening::Opened(Opened {
                conn,
                server: format!("server-{}", conn.0),
                command: Vec::new(),
                pid: 0,
                unattended: None,
                patience_ms: None,
                pins: std::collections::BTreeMap::new(),
                pins_broken: None,
                notes: Vec::new(),
                identity: None,
                beside: Vec::new(),
                folder: None,
            }));
        }
        run
    }

    fn happening(&mut self, op: u8, rest: &[u8]) -> Option<Happening> {
        let text = || String::from_utf8_lossy(rest).into_owned();
        let conn = ConnId(u32::from(op.is_ascii_uppercase()));
        Some(match op {
            b'a' | b'A' => Happening::Frame { conn, from: Side::Agent, raw: rest.to_vec().into() },
            b's' | b'S' => Happening::Frame { conn, from: Side::Server, raw: rest.to_vec().into() },
            b't' => {
                self.now = self.now.plus_ms(text().trim().parse().unwrap_or(1_000).min(1 << 32));
                Happening::Tick
            }
            b'+' => self.answer(Answer::Allow, Shown::Right)?,
            b'!' => self.answer(Answer::Allow, Shown::Wrong)?,
            b'-' => self.answer(Answer::Deny { reason: Some(text()) }, Shown::Right)?,
            b'e' => self.answer(Answer::Edit { arguments: text() }, Shown::Right)?,
            b'c' | b'C' => {
                let side = if op == b'c' { Side::Agent } else { Side::Server };
                Happening::Closed { conn: ConnId(0), side, why: "closed".to_owned() }
            }
            b'k' => Happening::Synced { seq: self.engine.steps().saturating_sub(1) },
            b'b' => Happening::Broken {
                conn,
                from: Side::Agent,
                head: rest.to_vec().into(),
                problem: Problem::TooLong { size_bytes: 100, limit_bytes: 10 },
            },
            b'p' => Happening::Attended { answering: u32::from(!rest.is_empty()) },
            _ => return None,
        })
    }

    fn answer(&self, answer: Answer, shown: Shown) -> Option<Happening> {
        let (ticket, digest): (TicketId, Digest) = {
            let waiting = self.engine.held().next()?;
            (waiting.held.ticket, waiting.held.digest.clone())
        };
        let digest = match shown {
            Shown::Right => digest,
            Shown::Wrong => Digest("0".repeat(64)),
        };
        Some(Happening::Answered {
            ticket,
            digest,
            answer,
            by: Operator("fuzz".to_owned()),
            unread: false,
        })
    }

    fn step(&mut self, what: Happening) {
        let event = Event { at: self.now, what };
        let step = self.engine.step(event.clone());
        assert_eq!(step, self.twin.step(event.clone()), "two engines differ");
        self.writer.append(&event, &step, &mut self.journal);
        self.check_effects(&event, &step.effects);
        self.events.push(event);
    }

    fn restore(&mut self) {
        let snapshot = self.engine.snapshot().expect("a state is stored");
        self.twin = Engine::restore(&snapshot, self.engine.steps()).expect("its own snapshot");
    }

    fn check_effects(&mut self, event: &Event, effects: &[Effect]) {
        if let Happening::Frame { conn, from: Side::Agent, raw } = &event.what {
            for id in requests(raw) {
                self.waiting.insert((*conn, id));
            }
        }
        for effect in effects {
            if let Effect::Forward(permit) = effect {
                self.check_forward(event, permit);
            } else if let Some(permit) = effect.permit() {
                self.check_sent(event, permit);
            }
        }
        if let Happening::Frame { .. } = &event.what {
            let terminal = effects.iter().filter(|effect| {
                matches!(
                    effect,
                    Effect::Forward(_)
                        | Effect::Replace { .. }
                        | Effect::Refuse { .. }
                        | Effect::Hold(_)
                        | Effect::Drop(_)
                )
            });
            assert!(terminal.count() >= 1, "nothing became of a frame: {event:?}");
        }
    }

    fn check_forward(&mut self, event: &Event, permit: &Permit) {
        if let Happening::Frame { conn, from, raw } = &event.what {
            assert_eq!((permit.conn(), permit.to()), (*conn, from.other()));
            assert_eq!(permit.line(), raw, "what is forwarded is what came");
            if permit.to() == Side::Server {
                for tool in tools(permit.line()) {
                    let asked = tool.starts_with("write") || tool.starts_with("kill");
                    assert!(!asked, "went on by itself: {}", raw.escape_ascii());
                }
            }
        }
        self.check_sent(event, permit);
    }

    /// Whoever answers, only a request that waits is answered, and only once. What the agent has just sent
    /// may be refused under any id that was found in it.
    fn check_sent(&mut self, event: &Event, permit: &Permit) {
        let at_once = matches!(
            event.what,
            Happening::Frame { from: Side::Agent, .. }
                | Happening::Broken { from: Side::Agent, .. }
        );
        if permit.to() != Side::Agent {
            for tool in tools(permit.line()) {
                assert!(!tool.starts_with("kill"), "`{tool}` was denied");
            }
            return;
        }
        let Ok(answers) = serde_json::from_slice::<Value>(permit.line()) else { return };
        for answer in members(&answers) {
            // Ids that can be written in one way only, so that this set compares as the engine does.
            let id = answer.get("id").filter(|id| id.is_string() || id.is_u64());
            if let (None, Some(id)) = (answer.get("method"), id) {
                let waited = self.waiting.remove(&(permit.conn(), id.to_string()));
                assert!(waited || at_once, "{answer} answers nothing");
            }
        }
    }

    fn check_journal(&self) {
        let reading = read_all(&self.journal);
        assert!(reading.flaw.is_none() && reading.torn.is_none(), "{:?}", reading.flaw);
        assert_eq!(reading.records.len(), self.events.len());
        for (record, event) in reading.records.iter().zip(&self.events) {
            assert_eq!(record.event().as_ref(), Some(event));
        }
    }
}

#[derive(Clone, Copy)]
enum Shown {
    Right,
    Wrong,
}

fn members(message: &Value) -> impl Iterator<Item = &Value> {
    let (batch, one) = match message {
        Value::Array(batch) => (batch.as_slice(), None),
        one => ([].as_slice(), Some(one)),
    };
    batch.iter().chain(one)
}

/// The ids of the requests in a line, as JSON.
fn requests(raw: &[u8]) -> Vec<String> {
    let Ok(message) = serde_json::from_slice::<Value>(raw) else { return Vec::new() };
    members(&message)
        .filter(|member| member.get("method").is_some())
        .filter_map(|member| member.get("id").map(Value::to_string))
        .collect()
}

/// The tools that a line calls.
fn tools(raw: &[u8]) -> Vec<String> {
    let Ok(message) = serde_json::from_slice::<Value>(raw) else { return Vec::new() };
    members(&message)
        .filter(|member| member.get("method").is_some_and(|method| method == "tools/call"))
        .filter_map(|member| Some(member.get("params")?.get("name")?.as_str()?.to_owned()))
        .collect()
}
