//! A recorded server played again. What a server heard is taken from the engine, which decides the recorded events
//! again and gives the exact lines that it let go: that is another way than the mock's own.

mod program;
mod rules;

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::engine::{At, ConnId, Effect, Engine, Happening};
use tollgate::journal::Record;
use tollgate::journal::mock::{Mock, Order, Script, Scripts, Turn};
use tollgate::journal::read::read_all;
use tollgate::protocol::Side;

/// What one connection's server heard and said.
#[derive(Debug, Default)]
struct Conversation {
    server: String,
    heard: Vec<Vec<u8>>,
    said: Vec<Vec<u8>>,
}

fn conversations(records: &[Record]) -> BTreeMap<ConnId, Conversation> {
    let mut found: BTreeMap<ConnId, Conversation> = BTreeMap::new();
    let mut engine = Engine::new();
    for record in records {
        let event = record.event().unwrap();
        if let Happening::Opened(opened) = &event.what {
            found.entry(opened.conn).or_default().server.clone_from(&opened.server);
        }
        if let Happening::Frame { conn, from: Side::Server, raw } = &event.what {
            found.entry(*conn).or_default().said.push(raw.to_vec());
        }
        for effect in engine.step(event).effects {
            if let Effect::Forward(permit) | Effect::Replace { permit, .. } = &effect
                && permit.to() == Side::Server
            {
                found.entry(permit.conn()).or_default().heard.push(permit.line().to_vec());
            }
        }
    }
    found
}

fn scripts(records: &[Record]) -> Vec<Script> {
    let mut scripts = Scripts::default();
    for record in records {
        scripts.record(record);
    }
    scripts.finish()
}

fn one(records: &[Record], conn: ConnId, order: Order) -> Mock {
    let scripts = scripts(records).into_iter().filter(|script| script.conn == conn).collect();
    Mock::new(scripts, order, At(0)).unwrap()
}

/// Everything that comes out of the mock.
struct Played {
    lines: Vec<Vec<u8>>,
    deviations: Vec<String>,
}

fn play(mock: &mut Mock, lines: &[Vec<u8>]) -> Played {
    let mut said = mock.begin(At(0));
    let mut deviations = Vec::new();
    for line in lines {
        let Turn { lines, deviations: more } = mock.receive(line, At(0));
        said.extend(lines);
        deviations.extend(more);
    }
    Played { lines: said.into_iter().map(|due| due.line.to_vec()).collect(), deviations }
}

fn texts(lines: &[Vec<u8>]) -> Vec<String> {
    lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// The answer that stands for a line that was too long to be recorded.
fn is_ours(line: &str) -> bool {
    line.contains("this answer is not in the recording")
}

/// Each recording, and the journal of each scenario.
fn all() -> Vec<(String, Vec<Record>)> {
    let recordings = crate::recordings::recordings().into_iter();
    let recordings = recordings.map(|(path, bytes)| (path.display().to_string(), bytes));
    let scenarios = crate::scenarios::journals().into_iter();
    recordings.chain(scenarios).map(|(name, bytes)| (name, read_all(&bytes).records)).collect()
}

#[test]
fn the_recorded_requests_get_exactly_the_recorded_lines() {
    let mut count = 0;
    for (name, records) in all() {
        for (conn, Conversation { server, heard, said }) in conversations(&records) {
            let place = format!("{name}, {server} ({})", conn.0);
            for order in [Order::Strict, Order::Tolerant] {
                let mut mock = one(&records, conn, order);
                let played = play(&mut mock, &heard);
                if order == Order::Strict {
                    let recorded: Vec<String> =
                        texts(&played.lines).into_iter().filter(|line| !is_ours(line)).collect();
                    assert_eq!(recorded, texts(&said), "{place}");
                    let summary = mock.summary().unwrap();
                    assert!(summary.is_fine(), "{place}: {summary:?} {:?}", played.deviations);
                    count += summary.came;
                } else if !said.iter().any(|line| line.starts_with(b"[")) {
                    // Other orders are free to differ in when a line comes, not in what comes.
                    let (mut lines, mut said) = (texts(&played.lines), texts(&said));
                    lines.retain(|line| !is_ours(line));
                    lines.sort();
                    said.sort();
                    assert_eq!(lines, said, "{place}, tolerant");
                }
                assert_eq!(played.deviations, [""; 0], "{place}");
            }
        }
    }
    assert!(count > 60, "only {count} requests were played");
}

/// Other ids of another type, and other progress tokens.
fn renamed(id: &Value) -> Value {
    if let Value::String(text) = id {
        return Value::from(text.len() + 1_000_000);
    }
    let spelled = id.as_f64().map_or_else(|| id.to_string(), |number| number.to_string());
    Value::from(format!("id \" {spelled}"))
}

fn rename(message: &mut Value, in_answers: bool) {
    if let Value::Array(members) = message {
        for member in members {
            rename(member, in_answers);
        }
        return;
    }
    let is_answer = message.get("method").is_none();
    let method = message.get("method").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut paths = Vec::new();
    if is_answer == in_answers {
        paths.push("/id");
    }
    match (method.as_str(), in_answers) {
        ("notifications/progress", true) => paths.push("/params/progressToken"),
        ("notifications/cancelled", false) => paths.push("/params/requestId"),
        (_, false) => paths.push("/params/_meta/progressToken"),
        (_, true) => {}
    }
    for path in paths {
        if let Some(place) = message.pointer_mut(path) {
            *place = renamed(place);
        }
    }
}

#[test]
fn a_client_with_other_ids_gets_the_same_lines_under_its_own() {
    for (name, records) in all() {
        for (conn, Conversation { heard, said, .. }) in conversations(&records) {
            let asked: Vec<Vec<u8>> = heard
                .iter()
                .map(|line| {
                    let mut value: Value = serde_json::from_slice(line).unwrap();
                    rename(&mut value, false);
                    value.to_string().into_bytes()
                })
                .collect();
            let played = play(&mut one(&records, conn, Order::Strict), &asked);
            assert_eq!(played.deviations, [""; 0], "{name}");
            let lines: Vec<Vec<u8>> = played
                .lines
                .into_iter()
                .filter(|line| !is_ours(&String::from_utf8_lossy(line)))
                .collect();
            assert_eq!(lines.len(), said.len(), "{name}");
            for (is, was) in lines.iter().zip(&said) {
                let Ok(mut expected) = serde_json::from_slice::<Value>(was) else {
                    assert_eq!(is, was);
                    continue;
                };
                let untouched = members(&expected);
                rename(&mut expected, true);
                let is = members(&serde_json::from_slice(is).unwrap());
                assert_eq!(is.len(), untouched.len(), "{name}");
                for ((is, expected), untouched) in is.iter().zip(members(&expected)).zip(untouched)
                {
                    // What names no request of the client's stays what it was.
                    assert!(*is == expected || *is == untouched, "{name}: {is} for {untouched}");
                }
            }
        }
    }
}

fn members(message: &Value) -> Vec<Value> {
    message.as_array().map_or_else(|| vec![message.clone()], Clone::clone)
}
