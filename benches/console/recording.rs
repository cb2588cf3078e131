//! Records of an agent that calls all day: one tool of five, an ask in a thousand, a denial in a thousand.

use tollgate::engine::{
    At, CallId, ConnId, Digest, Facts, Held, Kind, Opened, Operator, Settled, TicketId,
};
use tollgate::journal::{Effected, Raw, Record, What};
use tollgate::policy::{Phase, Reason, Risk, Verdict};
use tollgate::protocol::Side;

/// The session's name.
pub(crate) const SESSION: &str = "bench-1";
/// Microseconds between two records.
const STEP_US: u64 = 10_000;
const BEGIN: u64 = 1_795_176_000_000_000;

/// So many calls and their answers; record `n` is always the same.
pub(crate) fn records(calls: u64) -> impl Iterator<Item = Record> {
    let opened = std::iter::once(record(0, What::Opened(opened()), None, Vec::new()));
    let rest = (0..calls).flat_map(|call| {
        let seq = call * 2 + 1;
        [request(seq, call + 1), answer(seq + 1, call + 1)]
    });
    opened.chain(rest)
}

fn record(seq: u64, event: What, facts: Option<Facts>, effects: Vec<Effected>) -> Record {
    Record::new(seq, At(BEGIN + seq * STEP_US), event, facts, effects)
}

fn opened() -> Opened {
    Opened {
        conn: ConnId(1),
        server: "files".to_owned(),
        command: vec!["server".to_owned()],
        pid: 6,
        unattended: None,
        patience_ms: None,
        pins: std::collections::BTreeMap::new(),
        pins_broken: None,
        notes: Vec::new(),
        identity: None,
        beside: Vec::new(),
        folder: None,
    }
}

fn request(seq: u64, call: u64) -> Record {
    let tools = ["read_file", "write_file", "search", "list_files", "send_email"];
    let tool = tools.get(usize::try_from(call % 5).unwrap_or(0)).copied().unwrap_or_default();
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":{call},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"path":"src/{call}.rs"}}}}}}"#
    );
    let (verdict, effect) = match call % 1000 {
        500 => (Verdict::Ask, Effected::Hold(held(call, At(BEGIN + seq * STEP_US)))),
        700 => (Verdict::Deny, refuse(call)),
        _ => (
            Verdict::Allow,
            Effected::Forward { conn: ConnId(1), to: Side::Server, size_bytes: 100 },
        ),
    };
    let facts = Facts {
        kind: Some(Kind::Request),
        method: Some("tools/call".to_owned()),
        call: Some(CallId(call)),
        tool: Some(tool.to_owned()),
        verdict: Some(verdict),
        phase: Some(Phase::Enforce),
        reasons: vec![reason(verdict)],
        ..Facts::default()
    };
    let event = What::Frame { conn: ConnId(1), from: Side::Agent, raw: Raw::of(line.as_bytes()) };
    record(seq, event, Some(facts), vec![effect])
}

fn answer(seq: u64, call: u64) -> Record {
    let line = format!(r#"{{"jsonrpc":"2.0","id":{call},"result":{{"content":[]}}}}"#);
    let facts = Facts { kind: Some(Kind::Response), call: Some(CallId(call)), ..Facts::default() };
    let event = What::Frame { conn: ConnId(1), from: Side::Server, raw: Raw::of(line.as_bytes()) };
    let by = Operator("console 1".to_owned());
    let settle = Effected::Settle { ticket: TicketId(call), how: Settled::Allowed { by } };
    let effects = if call % 1000 == 500 { vec![settle] } else { Vec::new() };
    record(seq, event, Some(facts), effects)
}

fn reason(verdict: Verdict) -> Reason {
    Reason { rule: "r7".to_owned(), why: "The rule r7 says so.".to_owned(), verdict }
}

fn held(call: u64, at: At) -> Held {
    Held {
        ticket: TicketId(call),
        digest: Digest(format!("digest-{call}")),
        version: 1,
        risk: Risk::Low,
        reasons: vec![reason(Verdict::Ask)],
        deadline_at: at.plus_ms(60_000),
    }
}

fn refuse(call: u64) -> Effected {
    Effected::Refuse {
        conn: ConnId(1),
        to: Side::Agent,
        call: Some(CallId(call)),
        rule: "r7".to_owned(),
        sent: Raw::of(br#"{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[]}}"#),
    }
}
