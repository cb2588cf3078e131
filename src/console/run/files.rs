//! The shell's files: journals and their bodies, the recording that is played, exports.

use std::fs::File;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::console::bodies;
use crate::console::deck::Part;
use crate::console::export;
use crate::console::model::breaks::Stops;
use crate::console::model::doc::{self, Payload, Want};
use crate::console::model::remembering::Counted;
use crate::console::model::visible::Bodies;
use crate::console::run::Shell;
use crate::console::update::{Break, Counting, Dry, Export, Inspect, Msg};
use crate::journal::Record;
use crate::journal::redecide::Instead;
use crate::policy::{Policy, Question};
use crate::store::policies;

/// Bytes of records that are read to count what a scope would have matched: some 20 ms.
const COUNTED_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// A server's tools, as it told of them.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
}

/// A tool's name.
#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Shell {
    /// More of the recording was looked through.
    pub(super) fn index(&mut self, part: Part) {
        if let Some(deck) = &mut self.deck {
            let msg = deck.take(part);
            self.take(msg);
        }
    }

    /// Has the recording decided by another policy from a record on.
    pub(super) fn fork(&self, policy: &str, from_seq: u64) -> Result<(), String> {
        let deck = self.deck.as_ref().ok_or("there is no recording")?;
        let instead = Instead::read(policy, from_seq, policies::read)?;
        deck.decide(instead).map_err(|error| error.to_string())
    }

    /// Has the recording looked through for calls to stop at.
    pub(super) fn stop_at(&mut self, what: Option<Break>) {
        let Some(deck) = &mut self.deck else { return };
        let Some(what) = what else {
            deck.stop_nowhere();
            return;
        };
        let generation = what.generation;
        if let Err(error) = deck.stop_at(what) {
            // Else the tape would wait for ever for what nobody looks at.
            self.take(Msg::Stops(Stops { generation, whole: true, ..Stops::default() }));
            self.take(Msg::Cannot(error.to_string()));
        }
    }

    /// Brings the model to a place of the recording.
    pub(super) fn go(&mut self, to: u64) {
        let Some(deck) = &mut self.deck else { return };
        match deck.go(&mut self.model, to) {
            Ok(at) => self.take(Msg::Arrived(at)),
            Err(error) => {
                let name = self.model.replay.as_ref().map(|replay| replay.name.to_string());
                self.take(Msg::Broken(name.unwrap_or_default(), error.to_string()));
            }
        }
    }

    /// The journal that a body is in, if it is open.
    pub(super) fn journal(&self, want: &Want) -> Option<Arc<File>> {
        self.model.session(want.session).and_then(|session| self.journal_of(&session.name))
    }

    fn journal_of(&self, session: &str) -> Option<Arc<File>> {
        if let Some(deck) = &self.deck {
            return Some(deck.journal());
        }
        self.attached.as_ref().and_then(|gate| gate.journal(session))
    }

    /// Work that is cut into pieces: a piece of each.
    pub(super) fn idle(&mut self) {
        self.take(Msg::Sift);
        let Some(mut job) = self.export.take() else { return };
        match job.turn(&|session| self.journal_of(session)) {
            Ok(false) => self.export = Some(job),
            Ok(true) => self.take(Msg::Exported(job.finish())),
            Err(why) => self.take(Msg::Exported(Err(why))),
        }
    }

    pub(super) fn begin_export(&mut self, export: Export) {
        let begun = match &self.export {
            Some(_) => Err("another file is still being written".to_owned()),
            None => export::Job::new(export, &self.model),
        };
        match begun {
            Ok(job) => self.export = Some(job),
            Err(why) => self.take(Msg::Exported(Err(why))),
        }
    }

    /// Reads a part of a record.
    fn load(&self, want: &Want) -> Result<Payload, String> {
        let journal = self.journal(want).ok_or("its journal is not open")?;
        bodies::read(&journal, want)
    }

    /// Asks a policy what it makes of a recorded call.
    pub(super) fn dry(&self, dry: &Dry) -> Result<String, String> {
        let journal = self.journal(&dry.request).ok_or("its journal is not open")?;
        let line = bodies::line(&journal, dry.request.place).map_err(|error| error.to_string())?;
        let record: Record = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
        let payload = doc::payload(&record, &dry.request).ok_or("the record has no request")?;
        let name = &dry.policy_name;
        let policy = match &dry.policy {
            Some(text) => Policy::parse(name, text).map_err(|error| error.to_string())?,
            None => policies::load(name)?,
        };
        let facts = record.facts.unwrap_or_default();
        let member = facts.members.iter().find(|member| member.call == Some(dry.request.call));
        let facts = member.unwrap_or(&facts);
        let definition = facts.tool.as_deref().and_then(|tool| self.definition(dry, tool));
        let evidence = facts.evidence();
        let question = Question {
            server: &dry.server,
            tool: facts.tool.as_deref().unwrap_or_default(),
            method: facts.method.as_deref().unwrap_or_default(),
            role: &dry.role,
            arguments: Some(payload.text.as_bytes()),
            definition: definition.as_deref(),
            findings: &evidence,
        };
        let decision = match facts.tool {
            Some(_) => Some(policy.decide(&question)),
            None => policy.decide_method(&question, None),
        };
        Ok(match decision {
            Some(decision) => {
                let rules: Vec<&str> =
                    decision.reasons.iter().map(|reason| reason.rule.as_str()).collect();
                let (verdict, risk) = (decision.verdict.word(), decision.risk.word());
                format!("{name} says {verdict}, risk {risk}, by {}", rules.join(", "))
            }
            None => format!("{name} has no rule about it: it goes on"),
        })
    }

    /// What each scope would have matched of the calls that were made, and which of those that wait.
    pub(super) fn count(&self, counting: &Counting) -> Vec<Counted> {
        let mut all =
            vec![Counted { of: counting.of, ..Counted::default() }; counting.scopes.len()];
        let mut left = COUNTED_BYTES_MAX;
        let made = counting.made.iter().map(|(want, denied)| {
            let one = Counted { matched: 1, denied: usize::from(*denied), ..Counted::default() };
            (want, one)
        });
        let waiting = counting.waiting.iter().map(|(want, elsewhere)| {
            let (here, elsewhere) = (usize::from(!elsewhere), usize::from(*elsewhere));
            (want, Counted { waiting: here, elsewhere, ..Counted::default() })
        });
        // The newest first, should it be too much to read.
        for (want, one) in waiting.chain(made.rev()) {
            let Some(rest) = left.checked_sub(want.place.len) else { break };
            left = rest;
            let Ok(payload) = self.load(want) else { continue };
            for (counted, scope) in all.iter_mut().zip(&counting.scopes) {
                if scope.holds(Some(payload.text.as_bytes())) {
                    counted.add(one);
                }
            }
        }
        all
    }

    /// What the server first said of a tool.
    fn definition(&self, dry: &Dry, tool: &str) -> Option<String> {
        dry.lists.iter().find_map(|want| {
            let list = self.load(want).ok()?.text;
            let list: List<'_> = serde_json::from_str(&list).ok()?;
            let named = |text: &&&RawValue| {
                serde_json::from_str(text.get()).is_ok_and(|of: Named| of.name == tool)
            };
            list.tools.iter().find(named).map(|text| text.get().to_owned())
        })
    }

    /// Reads what a filter asks for.
    pub(super) fn inspect(&self, row: &Inspect) -> Bodies {
        let answer = row.answer.as_ref().map(|want| self.load(want)).transpose()?;
        Ok((self.load(&row.request)?.text, answer.map(|answer| answer.text)))
    }
}
