//! Histories at random: what peers and operators may send, and the bytes it is sent as.

use proptest::prelude::*;
use tollgate::protocol::Side;

use super::reference::{IDS, Kind, Msg, Setting};

pub(super) fn policy(enforce: bool) -> String {
    let phase = if enforce { "enforce" } else { "observe" };
    format!(
        r#"
version: 1
name: model
phase: {phase}
default: {{ verdict: mark, why: "No rule." }}
rules:
  - {{ id: reads, why: "Reads.", match: {{ tool: "read*" }}, verdict: allow }}
  - {{ id: writes, why: "Writes.", match: {{ tool: "write*" }}, verdict: ask }}
  - {{ id: kills, why: "Kills.", match: {{ tool: "kill*" }}, verdict: deny }}
"#
    )
}

/// One step of a history.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Frame {
        conn: usize,
        from: Side,
        msgs: Vec<Msg>,
        batch: bool,
    },
    /// Bytes that are no line, with the head of a request in front.
    Broken {
        conn: usize,
        from: Side,
        torn: bool,
    },
    /// The nth ticket ever made, or one that is not; the digest of its nth version.
    Answer {
        ticket: usize,
        version: Option<usize>,
        answer: &'static str,
    },
    /// Time passes, then a tick.
    Tick {
        ms: u64,
    },
    /// A tick when the engine wants one.
    Wake,
    /// The journal is on disk, all or all but so many records.
    Synced {
        behind: u64,
    },
    Attended(u32),
    Close {
        conn: usize,
        side: Side,
    },
    /// How much was written of what was handed out, in quarters.
    Resume {
        conn: usize,
        quarters: [u64; 2],
    },
    /// The twin engine goes on from its own snapshot.
    Restore,
    /// What the engine only records.
    Aside(bool),
}

fn msg() -> impl Strategy<Value = Msg> {
    let call = (
        prop::sample::select(vec!["read_a", "write_a", "write_a", "write_b", "kill_a", "other"]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(tool, token, arguments)| Kind::Call { tool, token, arguments });
    let version = || prop::sample::select(vec![None, None, Some("2025-03-26"), Some("2026-07-28")]);
    let methods = vec![
        "initialize",
        "initialize",
        "server/discover",
        "tools/list",
        "sampling/createMessage",
        "elicitation/create",
        "roots/list",
    ];
    let other = (prop::sample::select(methods), version())
        .prop_map(|(method, version)| Kind::Other { method, version });
    let answer = (prop::sample::select(BODIES.to_vec()), version()).prop_map(|(body, version)| {
        // A version comes in a result of its own.
        let body = if version.is_some() { "" } else { body };
        Kind::Answer { body, version }
    });
    let note = prop::sample::select(vec![
        "notifications/progress",
        "tools/call",
        "sampling/createMessage",
    ])
    .prop_map(Kind::Note);
    let kind = prop_oneof![
        8 => call,
        4 => other,
        8 => answer,
        3 => Just(Kind::Cancel),
        1 => note,
        1 => Just(Kind::BadRequest),
        1 => Just(Kind::BadAnswer),
        1 => Just(Kind::Noise),
    ];
    // Few ids, so that they meet: most of what can go wrong takes the same one twice.
    let id = prop_oneof![3 => 0..2_usize, 2 => 0..IDS.len()];
    (kind, id, any::<usize>())
        .prop_map(|(kind, id, spelling)| Msg { kind, id: (id, spelling % IDS[id].len()) })
}

const BODIES: [&str; 7] = [
    r#""result":{"content":[]}"#,
    r#""result":{"content":[ {"type":"text","text":"x"} ],"isError":true}"#,
    r#""result":{}"#,
    r#""result":{"structuredContent":{"content":1}}"#,
    r#""result":{"content":7}"#,
    r#""result":[1]"#,
    r#""error":{"code":-32601,"message":"no"}"#,
];

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![2 => Just(Side::Agent), 1 => Just(Side::Server)]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let conn = || prop_oneof![4 => Just(0_usize), 1 => Just(1_usize)];
    let one = (conn(), side(), msg()).prop_map(|(conn, from, msg)| Op::Frame {
        conn,
        from,
        msgs: vec![msg],
        batch: false,
    });
    let batch = (conn(), side(), prop::collection::vec(msg(), 1..5))
        .prop_map(|(conn, from, msgs)| Op::Frame { conn, from, msgs, batch: true });
    let answer = (0..6_usize, prop::option::weighted(0.9, 0..3_usize), 0..6_usize).prop_map(
        |(ticket, version, answer)| Op::Answer {
            ticket,
            version,
            answer: ["allow", "allow", "deny", "edit", "edit", "inject"][answer],
        },
    );
    prop_oneof![
        24 => one,
        5 => batch,
        1 => (conn(), side(), any::<bool>()).prop_map(|(conn, from, torn)| Op::Broken { conn, from, torn }),
        10 => answer,
        2 => (0..40_000_u64).prop_map(|ms| Op::Tick { ms }),
        2 => Just(Op::Wake),
        6 => (0..3_u64).prop_map(|behind| Op::Synced { behind }),
        1 => (0..3_u32).prop_map(Op::Attended),
        1 => (conn(), side()).prop_map(|(conn, side)| Op::Close { conn, side }),
        1 => (conn(), [0..5_u64, 0..5_u64]).prop_map(|(conn, quarters)| Op::Resume { conn, quarters }),
        2 => Just(Op::Restore),
        1 => any::<bool>().prop_map(Op::Aside),
    ]
}

pub(super) fn setting() -> impl Strategy<Value = Setting> {
    let patience = prop::sample::select(vec![None, Some(60_000), Some(4_000), Some(600_000)]);
    (prop::bool::weighted(0.85), prop::bool::weighted(0.1), patience, any::<bool>()).prop_map(
        |(enforce, deny_unattended, patience_ms, extends)| Setting {
            enforce,
            deny_unattended,
            patience_ms,
            extends,
        },
    )
}

/// The message as a line.
pub(super) fn text(msg: &Msg) -> String {
    let id = IDS[msg.id.0][msg.id.1];
    match &msg.kind {
        Kind::Call { tool, token, arguments } => {
            let arguments = if *arguments { r#","arguments": {"p" : 1}"# } else { "" };
            let meta = if *token { r#","_meta":{"progressToken":"t"}"# } else { "" };
            format!(
                r#"{{"jsonrpc":"2.0","id": {id},"method":"tools/call","params":{{"name":"{tool}"{arguments}{meta}}}}}"#
            )
        }
        Kind::Other { method, version } => {
            let version = version.map_or(String::new(), |version| match *method {
                "initialize" => format!(r#","protocolVersion":"{version}""#),
                _ => {
                    format!(r#","_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}"}}"#)
                }
            });
            format!(r#"{{"method":"{method}","id":{id},"params":{{"mode":"url"{version}}}}}"#)
        }
        Kind::Answer { version: Some(version), .. } => {
            format!(r#"{{"id":{id},"result":{{"protocolVersion":"{version}"}}}}"#)
        }
        Kind::Answer { body, .. } => format!(r#"{{"jsonrpc":"2.0",{body},"id":{id} }}"#),
        Kind::Cancel => {
            format!(r#"{{"method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
        }
        Kind::Note(method) => format!(r#"{{"method":"{method}","params":{{"mode":"url"}}}}"#),
        Kind::BadRequest => format!(r#"{{"id":{id},"method":"tools/call","result":1}}"#),
        Kind::BadAnswer => format!(r#"{{"id":{id},"result":{{}},"error":{{}}}}"#),
        Kind::Noise => "7".to_owned(),
    }
}

/// Texts that are no JSON object by themselves, or reach out of their place.
pub(super) const INJECTIONS: [&str; 6] =
    [r#"{"a":1},"_meta":{}"#, r#"{}},"more":{"a":1"#, "[]", r#"{"a":1,"a":2}"#, "", "{} {}"];
