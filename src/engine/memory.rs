//! Answers that operators gave once for all: kept, applied to later calls, taken back.

use serde::{Deserialize, Serialize};

use crate::catalog::{Kind, Subject};
use crate::engine::effect::Settled;
use crate::engine::event::{Answer, At, ConnId, Operator, TicketId};
use crate::engine::refusal::Cause;
use crate::engine::session::Ticket;
use crate::engine::step::{Engine, Out};
use crate::policy::remember::is_rememberable;
use crate::policy::{Decision, Phase, Question, Reason, Risk, Scope, Verdict};
use crate::protocol::Side;

/// Answers that a session remembers; more are not taken, because each call is held against all of its tool.
const REMEMBERED_MAX: usize = 1000;
/// The shortest lifetime (console.md 2.6, 8), in milliseconds.
const MINUTES_MS: u64 = 300_000;
/// Rules whose names are their places in the document.
const NUMBERED: &str = "approval.";
/// Longest sentence that an operator may give, in bytes.
const WHY_BYTES_MAX: usize = 1000;

/// How long an answer holds, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// Five minutes, in this session.
    Minutes,
    /// As long as this session.
    Session,
    /// Until the tool's definition changes, in every session of the role.
    Unchanged,
}

impl Lifetime {
    /// All of them, from short to long.
    pub const ALL: [Self; 3] = [Self::Minutes, Self::Session, Self::Unchanged];

    /// The word for the wire and panes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Session => "session",
            Self::Unchanged => "unchanged",
        }
    }

    /// By its word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lifetime| lifetime.word() == word)
    }
}

/// An answer that holds for later calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// Its name: `remembered.SESSION.TICKET`.
    pub id: String,
    /// Whether such calls go on, or are refused.
    pub allow: bool,
    /// The rules whose ask it answers.
    pub answers: Vec<String>,
    /// The server's name.
    pub server: String,
    /// What the server is known by: its name and command line.
    pub identity: String,
    /// The tool's name.
    pub tool: String,
    /// Of the tool's definition; an answer to another definition's call is none to this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The session's role; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Until when; `None`: as long as the session, or as it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// Whether it is kept for later sessions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// Who.
    pub by: Operator,
    /// When.
    pub at: At,
    /// The operator's own words, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Which calls of the tool.
    pub scope: Scope,
}

impl Remembered {
    /// The reason of a call that it decides.
    fn reason(&self) -> Reason {
        let (verdict, done) =
            if self.allow { (Verdict::Allow, "allowed") } else { (Verdict::Deny, "refused") };
        let rules = self.answers.join(", ");
        let why = match &self.why {
            Some(why) => {
                format!("Calls like this were {done} once for all, by {}: {why}", self.by.0)
            }
            None => format!(
                "Calls like this, which {rules} asks about, were {done} once for all, by {}.",
                self.by.0
            ),
        };
        Reason { rule: self.id.clone(), why, verdict }
    }
}

impl Engine {
    /// What is remembered, in the order of its names.
    pub fn remembered(&self) -> impl Iterator<Item = &Remembered> {
        self.state.remembered.values()
    }

    /// What an operator's answers to earlier calls say of this one.
    pub(in crate::engine) fn recall(
        &self,
        conn: ConnId,
        question: &Question<'_>,
        decision: &mut Decision,
    ) {
        if self.state.remembered.is_empty() {
            return;
        }
        let Some(known) = self.state.conns.get(&conn) else { return };
        let mut rules = Vec::new();
        let mut last = None;
        for one in self.state.remembered.values() {
            let about = one.tool == question.tool
                && one.identity == known.identity
                && one.role == question.role
                && one.until.is_none_or(|until| self.at < until);
            if !about
                || one.fingerprint != self.fingerprint(&known.identity, question.tool)
                || !one.scope.holds(question.arguments)
            {
                continue;
            }
            if one.allow {
                rules.extend_from_slice(&one.answers);
                last = Some(one);
            } else {
                let (phase, verdict) = (Phase::Enforce, Verdict::Deny);
                let reasons = vec![one.reason()];
                let (risk, show) = (Risk::Medium, Vec::new());
                decision.add(Decision { verdict, risk, reasons, phase, acts: verdict, show });
            }
        }
        if let Some(last) = last {
            decision.answered(&rules, last.reason());
        }
    }

    /// Of what a tool is now, where that is known.
    fn fingerprint(&self, identity: &str, tool: &str) -> Option<String> {
        self.state.catalog.fingerprint(Subject { server: identity, kind: Kind::Tool, name: tool })
    }

    /// Takes an answer for a call and for all like it. Calls that wait and are like it have their answer as well.
    ///
    /// # Errors
    /// In words: such a call is answered each time.
    pub(in crate::engine) fn remember(
        &mut self,
        id: TicketId,
        answer: &Answer,
        by: &Operator,
        out: &mut Out,
    ) -> Result<(), String> {
        let Answer::Remember { allow, scope, lifetime, why } = answer else {
            return Err("no answer to remember".to_owned());
        };
        let ticket = self.state.tickets.get(&id).ok_or("the call does not wait any more")?;
        let scope = scope.clone().or_else(|| Scope::exact(arguments_of(ticket)));
        let scope = scope.ok_or("its arguments cannot be compared with those of another call")?;
        let mut one = self.like(ticket, *allow, scope.clone(), by)?;
        if !scope.is_sound() || !scope.holds(arguments_of(ticket)) {
            return Err("what is to be remembered does not hold for this very call".to_owned());
        }
        let now = self.at;
        self.state.remembered.retain(|_, one| one.until.is_none_or(|until| now < until));
        if self.state.remembered.len() >= REMEMBERED_MAX {
            return Err(format!("{REMEMBERED_MAX} answers are remembered already: take some back"));
        }
        let numbered = one.answers.iter().any(|rule| rule.starts_with(NUMBERED));
        match lifetime {
            Lifetime::Unchanged if numbered => {
                return Err(
                    "rules of human_approval_required have no names that last: say session"
                        .to_owned(),
                );
            }
            Lifetime::Minutes => one.until = Some(self.at.plus_ms(MINUTES_MS)),
            Lifetime::Session => {}
            Lifetime::Unchanged if one.fingerprint.is_none() => {
                return Err("its definition is not known, so nothing can hold until it changes: say session".to_owned());
            }
            Lifetime::Unchanged => {
                one.kept = true;
                // Sessions' names come again once their recordings are gone.
                one.id = format!("{}.{:x}", one.id, self.at.0);
            }
        }
        one.why = why.clone().map(|mut why| {
            why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
            why
        });
        self.state.remembered.insert(one.id.clone(), one.clone());
        out.facts.get_or_insert_default().remembered = Some(Box::new(one));
        if *allow {
            self.release(by, out);
        } else {
            self.refuse_like(by, why.as_deref(), out);
        }
        Ok(())
    }

    /// What would be remembered of a call that waits.
    fn like(
        &self,
        ticket: &Ticket,
        allow: bool,
        scope: Scope,
        by: &Operator,
    ) -> Result<Remembered, String> {
        let conn = self.state.conns.get(&ticket.conn).ok_or("its server is gone")?;
        let pending = conn.end(ticket.from).asked.get(&ticket.id);
        let tool = pending.and_then(|pending| pending.facts.tool.clone());
        let tool = tool.filter(|_| ticket.from == Side::Agent);
        let tool = tool.ok_or("only answers to calls of tools are remembered")?;
        if ticket.edited.is_some() {
            return Err("an edited call is answered for itself alone".to_owned());
        }
        let asking = ticket.held.reasons.iter().filter(|reason| reason.verdict == Verdict::Ask);
        let answers: Vec<String> = asking.map(|reason| reason.rule.clone()).collect();
        if let Some(each) = answers.iter().find(|rule| !is_rememberable(rule)) {
            return Err(format!("what the rule {each} asks is answered each time"));
        }
        if answers.is_empty() || ticket.charge.beyond {
            return Err("what is beyond a budget is answered each time".to_owned());
        }
        let session = self.state.started.as_ref().map_or("", |started| started.session.as_str());
        Ok(Remembered {
            id: format!("remembered.{session}.{}", ticket.held.ticket.0),
            allow,
            answers,
            server: conn.server.clone(),
            identity: conn.identity.clone(),
            fingerprint: self.fingerprint(&conn.identity, &tool),
            tool,
            role: self.state.role().to_owned(),
            until: None,
            kept: false,
            by: by.clone(),
            at: self.at,
            why: None,
            scope,
        })
    }

    /// Refuses the calls that wait and are like one that was refused once for all.
    fn refuse_like(&mut self, by: &Operator, why: Option<&str>, out: &mut Out) {
        for id in self.judged_anew(|facts| facts.acting() == Verdict::Deny) {
            let how = Settled::Denied { by: by.clone(), reason: why.map(str::to_owned) };
            self.settle(id, how, &Cause::Operator(why.map(str::to_owned)), out);
        }
    }

    /// Takes in what is remembered elsewhere.
    pub(in crate::engine) fn reminded(&mut self, one: Remembered, out: &mut Out) {
        if self.state.remembered.len() >= REMEMBERED_MAX || !one.scope.is_sound() {
            let what = format!("{} is not remembered here: too many answers are", one.id);
            out.find("builtin.remembered", crate::engine::event::Severity::Low, what);
            return;
        }
        let (allow, by, why) = (one.allow, one.by.clone(), one.why.clone());
        self.state.remembered.insert(one.id.clone(), one);
        if allow {
            self.release(&by, out);
        } else {
            self.refuse_like(&by, why.as_deref(), out);
        }
    }

    /// Takes a remembered answer back: later calls ask again.
    pub(in crate::engine) fn forget(&mut self, id: &str) {
        self.state.remembered.remove(id);
    }

    /// What the answers that came with the session's beginning say holds from its first call on.
    pub(in crate::engine) fn begin_with(&mut self, all: &[Remembered]) {
        let sound = all.iter().filter(|one| one.scope.is_sound()).take(REMEMBERED_MAX);
        self.state.remembered.extend(sound.map(|one| (one.id.clone(), one.clone())));
    }
}

/// The arguments of a call that waits.
fn arguments_of(ticket: &Ticket) -> Option<&[u8]> {
    ticket.arguments.clone().and_then(|span| ticket.line.get(span))
}
