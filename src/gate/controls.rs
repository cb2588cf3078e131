//! What an operator does to whole sessions: hold calls that would go on, pause a session, stop it.
//!
//! Holding and pausing put a layer over the session's policy, recorded there; they only ever make it stricter.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use crate::catalog::{Kind, Ruling};
use crate::engine::{Happening, Layered, Operator, Ruled};
use crate::gate::hub::{Hub, State};
use crate::gate::reload;
use crate::policy::Policy;
use crate::proxy::session::{DiskWork, Posted};
use crate::wire::{ControlLine, ControlWord};

/// A file is changed within this time unless the disk hangs.
const DISK_LIMIT: Duration = Duration::from_secs(5);
/// The layer of `i` in the console, and of every session that begins while it is on.
pub(super) const HOLD: &str = "hold";
/// The layer of a paused session.
const PAUSE: &str = "pause";
/// What a layer is about: everything that makes a server do something. Start-up and lists never wait, because
/// agents give up on a server that does not answer them in ten seconds.
const METHODS: &str = r#"["tools/call", "resources/read", "resources/subscribe", "prompts/get", "completion/complete"]"#;

/// Does what an operator says.
///
/// # Errors
/// In words: there is no such session, or the condition cannot be used.
pub(super) fn control(hub: &Hub, line: &ControlLine, by: &Operator) -> Result<(), String> {
    let post = match &line.control {
        ControlWord::Hold { filter, when } => {
            let why = format!("The operator holds calls that match: {filter}");
            Layer::new(HOLD, Some(layer(HOLD, &why, Some(when))?))
        }
        ControlWord::Unhold {} => Layer::new(HOLD, None),
        ControlWord::Pause {} => {
            Layer::new(PAUSE, Some(layer(PAUSE, "The operator paused this session.", None)?))
        }
        ControlWord::Resume {} => Layer::new(PAUSE, None),
        ControlWord::Rule { server, kind, name, fingerprint, ruling } => {
            let session = line.session.as_deref().ok_or("say which session")?;
            let kind = Kind::parse(kind).ok_or("say of what: tool, prompt, template, server")?;
            let ruling = Ruling::parse(ruling).ok_or("say approve, refuse, stage or unpin")?;
            return each(&hub.state(), Some(session), || {
                Posted::Ruled(Ruled {
                    server: server.clone(),
                    kind,
                    name: name.clone(),
                    fingerprint: fingerprint.clone(),
                    ruling,
                    by: by.clone(),
                })
            });
        }
        ControlWord::Confirm { digest } => {
            let session = line.session.as_deref().ok_or("say which session")?;
            // First for later sessions: what this one says of it is no news to the gate then.
            reload::confirmed(hub, session, digest)?;
            return each(&hub.state(), Some(session), || {
                happens(Happening::Confirmed { digest: digest.clone(), by: by.clone() })
            });
        }
        ControlWord::Forget { id } => {
            // By the disk's thread: after the answer itself was written, and before a session that begins reads it.
            let (done, told) = sync_channel(1);
            let work = DiskWork::Forget { id: id.clone(), done };
            hub.disk.send(work).map_err(|_| "the gate is closing")?;
            told.recv_timeout(DISK_LIMIT).map_err(|_| "the disk is too slow: try again")??;
            let (id, by) = (id.clone(), by.clone());
            return each(&hub.state(), None, || {
                happens(Happening::Forgotten { id: id.clone(), by: by.clone() })
            });
        }
        ControlWord::StopServer { server } => {
            let session = line.session.as_deref().ok_or("say which session")?;
            return each(&hub.state(), Some(session), || Posted::StopServer {
                server: server.clone(),
                why: format!("{server} was stopped by {}", by.0),
            });
        }
        ControlWord::Stop {} => return stop(hub, line.session.as_deref(), by),
    };
    // One lock for both: no session begins in between.
    let mut state = hub.state();
    if line.session.is_none() && post.name == HOLD {
        state.hold.clone_from(&post.policy);
    }
    each(&state, line.session.as_deref(), || post.posted(by))
}

/// A layer that is put on, or taken away.
struct Layer {
    name: &'static str,
    policy: Option<String>,
}

impl Layer {
    const fn new(name: &'static str, policy: Option<String>) -> Self {
        Self { name, policy }
    }

    fn posted(&self, by: &Operator) -> Posted {
        let layer = self.name.to_owned();
        let layered = Layered { layer, policy: self.policy.clone(), by: by.clone() };
        happens(Happening::Layered(layered))
    }
}

/// For the engine alone.
fn happens(what: Happening) -> Posted {
    Posted::Happens(Box::new(what))
}

/// What a session that begins while a hold is on is told first.
pub(super) fn begun(hold: &str) -> Posted {
    let by = Operator("the hold that was on".to_owned());
    Layer::new(HOLD, Some(hold.to_owned())).posted(&by)
}

fn stop(hub: &Hub, session: Option<&str>, by: &Operator) -> Result<(), String> {
    if session.is_none() {
        return Err("say which session; `tollgate stop` ends them all".to_owned());
    }
    each(&hub.state(), session, || Posted::Stop(format!("stopped by {}", by.0)))
}

/// Posts to one live session, or to all.
fn each(state: &State, named: Option<&str>, what: impl Fn() -> Posted) -> Result<(), String> {
    let live = state.sessions.iter().filter(|(_, session)| !session.ended);
    let meant = live.filter(|(name, _)| named.is_none_or(|named| named == name.as_str()));
    let taken: Vec<bool> = meant.map(|(_, session)| session.inbox.post(what())).collect();
    match named {
        Some(named) if taken.is_empty() => Err(format!("session {named} does not run")),
        _ if taken.contains(&false) => Err("a session is over or too busy to take it".to_owned()),
        _ => Ok(()),
    }
}

/// The text of a layer with one rule. Strings of JSON are strings of YAML.
fn layer(name: &str, why: &str, when: Option<&str>) -> Result<String, String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let when = when.map(|when| format!(", when: {}", quoted(when))).unwrap_or_default();
    let text = format!(
        "version: 1\nname: {name}\nphase: enforce\nrules:\n  - {{ id: {name}, why: {}, \
         match: {{ method: {METHODS}{when} }}, verdict: ask, risk: low }}\n",
        quoted(why)
    );
    Policy::parse_layer(name, &text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Question, Verdict};

    #[test]
    fn layers_hold_what_acts_and_never_what_starts() {
        let policy = |when| {
            let text = layer(HOLD, "a: \"b\" # {c}\n\u{202e}", when).unwrap();
            Policy::parse_layer(HOLD, &text).unwrap()
        };
        let asked = |policy: &Policy, method, tool| {
            let question = Question { method, ..Question::call("files", tool) };
            policy.decide_layer(&question).map(|decision| decision.verdict)
        };
        let (all, some) = (policy(None), policy(Some("tool.startsWith(\"write\")")));
        for (method, tool, pauses, holds) in [
            ("tools/call", "write_file", true, true),
            ("tools/call", "read_file", true, false),
            ("resources/read", "", true, false),
            ("initialize", "", false, false),
            ("tools/list", "", false, false),
            ("ping", "", false, false),
        ] {
            let expected = |held: bool| held.then_some(Verdict::Ask);
            assert_eq!(asked(&all, method, tool), expected(pauses), "{method} {tool}");
            assert_eq!(asked(&some, method, tool), expected(holds), "{method} {tool}");
        }
        assert!(layer(HOLD, "w", Some("tol == 1")).unwrap_err().contains("did you mean"));
    }
}
