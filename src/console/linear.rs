//! The console as lines: for screen readers, small terminals, and whoever likes to scroll. No other screen, no
//! boxes, nothing drawn twice: what was printed stays, and each line begins with a word to search for.
//!
//! It is the same model and the same protocol as the panes'. [`Linear::look`] tells what changed in the model since
//! it looked last, [`Linear::typed`] takes a line of the operator's. Both are functions of what they are given; the
//! loop in `run::linear` does what they say.

mod answer;
mod card;
mod control;
mod page;
mod tools;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::console::model::catalogue::Key;
use crate::console::model::difference::Difference;
use crate::console::model::doc::{Doc, Part, Payload, Want};
use crate::console::model::{
    Call, CallAt, Entry, Link, Model, Passed, SessionId, State, Ticket, TicketKey,
};
use crate::console::view::status;
use crate::engine::{At, Severity};
use crate::policy::Verdict;
use crate::protocol::Side;
use crate::text::{Safe, bytes};
use crate::wire::{FromConsole, ToConsole};
use card::Card;
use page::{Page, Says};

pub use page::{COLUMNS_DEFAULT, COLUMNS_MIN};

/// A ticket's last reminder comes this long before its deadline.
const REMIND_MS: u64 = 10_000;

/// Something to do.
#[derive(Debug)]
pub enum Act {
    /// Print these lines, each ended by a newline.
    Print(String),
    /// Everything of this card that is to be printed was: tell [`Linear::printed`] once it left.
    Printed(TicketKey, u32),
    /// Read a body and give it to [`Linear::loaded`].
    Load(Want),
    /// Tell the gate.
    Send(FromConsole),
    /// Ring, once.
    Bell,
    /// Leave.
    Quit,
}

/// A line that the operator typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// Without its newline.
    pub text: String,
    /// Whether it came by itself: not within a pasted text of several lines.
    pub alone: bool,
}

/// A body that somebody wants to see.
#[derive(Debug)]
struct Show {
    raw: bool,
    wants: Vec<Want>,
    docs: Vec<Option<Result<Doc, Safe>>>,
}

/// What was printed so far, and what is on its way.
#[derive(Debug)]
pub struct Linear {
    /// What happened before is history: known, and not printed.
    since: At,
    /// Whether there is a terminal to answer from.
    can_answer: bool,
    log_seen: u64,
    calls_seen: usize,
    /// Calls that were printed and have not ended.
    open: BTreeSet<CallAt>,
    cards: BTreeMap<TicketKey, Card>,
    shows: Vec<Show>,
    /// Definitions that are to be printed once their texts are read.
    definitions: Vec<Difference>,
    /// Definitions that were printed whole: which fingerprint, and when.
    shown: BTreeMap<Key, (String, u64)>,
    sessions: BTreeSet<SessionId>,
    link: Option<Link>,
    rights: Option<(bool, Option<u32>, Option<u32>)>,
    troubles: BTreeMap<SessionId, Safe>,
    last_line_ms: Option<u64>,
}

impl Linear {
    /// Prints what happens from `since` on. Without a terminal to answer from, `can_answer` is false and it
    /// only watches.
    #[must_use]
    pub const fn new(since: At, can_answer: bool) -> Self {
        Self {
            since,
            can_answer,
            log_seen: 0,
            calls_seen: 0,
            open: BTreeSet::new(),
            cards: BTreeMap::new(),
            shows: Vec::new(),
            definitions: Vec::new(),
            shown: BTreeMap::new(),
            sessions: BTreeSet::new(),
            link: None,
            rights: None,
            troubles: BTreeMap::new(),
            last_line_ms: None,
        }
    }

    /// What the gate said and the model does not keep.
    pub fn heard(&mut self, model: &Model, line: &ToConsole) -> Vec<Act> {
        let mut page = Page::new(model);
        match line {
            ToConsole::NotTaken { session, ticket, why } => {
                for (key, card) in &mut self.cards {
                    let name = model.session(key.session).map(|session| session.name.as_str());
                    if key.ticket.0 == *ticket && name == Some(session.as_str()) {
                        card.sent = false;
                    }
                }
                let why = Says::own("#").number(*ticket).and(" was not answered: ").foreign(why);
                page.line("you:", &why);
            }
            ToConsole::NotDone { why } => {
                page.line("gate:", &Says::own("not done: ").foreign(why));
            }
            ToConsole::Leaving {} => {
                page.line("gate:", &Says::own("it leaves for a newer build; connecting again"));
            }
            ToConsole::Welcome { .. }
            | ToConsole::Refused { .. }
            | ToConsole::Consoles { .. }
            | ToConsole::Session(_)
            | ToConsole::Revealed { .. }
            | ToConsole::Codes { .. } => {}
        }
        page.acts()
    }

    /// Prints what changed in the model. Called behind every message, so that lines come in the order of events.
    pub fn look(&mut self, model: &Model) -> Vec<Act> {
        let mut page = Page::new(model);
        self.gate(model, &mut page);
        self.calls(model, &mut page);
        self.log(model, &mut page);
        page.acts()
    }

    fn gate(&mut self, model: &Model, page: &mut Page) {
        if self.link.as_ref() != Some(&model.link) {
            match &model.link {
                Link::Connecting => {}
                Link::Up { console, build, pid } => {
                    let says = Says::own("connected, build ").safe(build).and(", process ");
                    let says = says.number(*pid).and("; this is console ").number(*console);
                    page.line("gate:", &says);
                }
                Link::Down { why } => {
                    for card in self.cards.values_mut() {
                        card.sent = false;
                    }
                    let says =
                        Says::own("LOST, trying again; what was sent may not have arrived: ");
                    page.line("gate:", &says.safe(why));
                }
            }
            self.link = Some(model.link.clone());
            self.rights = None;
        }
        let (Link::Up { .. }, false) = (&model.link, model.consoles.is_empty()) else { return };
        let holder = model.holder().map(|line| line.console);
        let asking = model.asking().map(|line| line.console);
        let rights = (model.may_answer(), holder, asking);
        if self.rights == Some(rights) {
            return;
        }
        let (may_before, _, asked_before) = self.rights.unwrap_or((!rights.0, None, None));
        if rights.0 != may_before {
            page.line("gate:", &self.may_answer(model));
        }
        if let (Some(console), true) = (asking, asking != asked_before) {
            let says = Says::own("console ").number(console);
            let says = says.and(" asks to answer, too; to let it: grant ").number(console);
            page.line("gate:", &says);
        }
        self.rights = Some(rights);
    }

    /// Whether this console may answer, and what to do about it.
    fn may_answer(&self, model: &Model) -> Says {
        if model.may_answer() {
            return Says::own("this console may answer; help lists the commands");
        }
        let says = Says::own("this console only watches");
        match model.holder() {
            _ if !self.can_answer => says.and(": it has no terminal to answer from"),
            Some(line) => says
                .and(": console ")
                .number(line.console)
                .and(" (")
                .foreign(&line.tty)
                .and(") may answer; to ask it: right"),
            None => says.and("; to ask for the right to answer: right"),
        }
    }

    fn calls(&mut self, model: &Model, page: &mut Page) {
        for at in self.calls_seen..model.calls.len() {
            let at = CallAt(at);
            if let Some(call) = model.call(at).filter(|call| call.at >= self.since) {
                page.line("call:", &told(model, call));
                self.open.insert(at);
            }
        }
        self.calls_seen = model.calls.len();
        let ended = |at: &CallAt| model.call(*at).is_none_or(|call| !is_open(call));
        let over: Vec<CallAt> = self.open.iter().copied().filter(ended).collect();
        for at in over {
            self.open.remove(&at);
            if let Some(call) = model.call(at) {
                page.line("answer:", &ended_so(model, call));
            }
        }
    }

    fn log(&mut self, model: &Model, page: &mut Page) {
        let total = model.log_dropped + model.log.len() as u64;
        let new = total.saturating_sub(self.log_seen);
        self.log_seen = total;
        let kept = usize::try_from(new).unwrap_or(usize::MAX).min(model.log.len());
        for entry in model.log.range(model.log.len() - kept..model.log.len()) {
            if entry.at < self.since || is_told_by_a_card(entry) {
                continue;
            }
            self.sessions.insert(entry.session);
            let source = entry.source.as_str();
            let says = session_of(model, entry.session);
            if source == "gate" {
                page.line("gate:", &says.and(" ").safe(&entry.text));
            } else if source.ends_with(" stderr") || source.ends_with(" stdout") {
                page.line("log:", &says.and(" ").safe(&entry.source).and(" | ").safe(&entry.text));
            } else {
                let says = says.and(" ").and(severity(entry.severity)).and(" ");
                page.line("finding:", &says.safe(&entry.source).and(" | ").safe(&entry.text));
            }
        }
    }

    /// Prints the cards of calls that began to wait or changed, and what else has to be known of those that wait.
    /// Called behind every turn of the loop.
    pub fn asks(&mut self, model: &Model) -> Vec<Act> {
        let mut page = Page::new(model);
        for (id, session) in model.session_ids().zip(&model.sessions) {
            if is_read(model, id) && !session.ended && self.sessions.insert(id) {
                let calls = model.calls.iter().filter(|call| call.session == id).count();
                let says = session_of(model, id).and(" runs, agent ").safe(&session.agent);
                let says = says.and(", policy ").safe(&session.policy).and(", calls so far: ");
                page.line("gate:", &says.number(calls as u64));
            }
            match &session.trouble {
                Some(why) if self.troubles.get(&id) != Some(why) => {
                    page.line("gate:", &session_of(model, id).and(" TROUBLE: ").safe(why));
                    self.troubles.insert(id, why.clone());
                }
                Some(_) => {}
                None => {
                    self.troubles.remove(&id);
                }
            }
        }
        let waiting: Vec<&Ticket> = model.waiting().collect();
        // What waits in a journal that is still being read may be answered further on.
        for ticket in waiting.iter().filter(|ticket| is_read(model, ticket.key.session)) {
            self.ask(model, ticket, &mut page);
        }
        for (key, card) in self.cards.iter_mut().filter(|(_, card)| !card.over) {
            if !waiting.iter().any(|ticket| ticket.key == *key) {
                card.end();
                // Else the log has told how it ended.
                if model.ticket(*key).is_some_and(|ticket| ticket.over.is_none()) {
                    let says = Says::own("#").number(key.ticket.0);
                    page.line("ask:", &says.and(" is over: its session is gone"));
                }
            }
        }
        page.acts()
    }

    /// The body that [`Act::Load`] asked for.
    pub fn loaded(
        &mut self,
        model: &Model,
        want: &Want,
        payload: Result<Payload, String>,
    ) -> Vec<Act> {
        let mut page = Page::new(model);
        if matches!(want.part, Part::Definition(..)) {
            let read = payload.map(|payload| Arc::new(Doc::new(payload)));
            self.fill_definitions(want, &read);
            self.print_definitions(model, &mut page);
            self.fill_differences(model, want, &read, &mut page);
            return page.acts();
        }
        let doc = payload.map(Doc::new).map_err(|why| Safe::escape(&why));
        if let Some(key) = self.cards.iter().find(|(_, card)| card.wants(want)).map(|(key, _)| *key)
        {
            self.fill_card(model, key, want, doc, &mut page);
        } else {
            self.fill_show(want, doc, &mut page);
        }
        page.acts()
    }

    /// When the loop has to look again although nothing came: for a reminder.
    #[must_use]
    pub fn next_wake_ms(&self, model: &Model) -> Option<u64> {
        let due = model.waiting().filter(|ticket| {
            self.cards.get(&ticket.key).is_some_and(|card| card.is_printed() && !card.reminded)
        });
        due.map(|ticket| ticket.held.deadline_at.ms_since(model.now.at).saturating_sub(REMIND_MS))
            .min()
    }

    /// Prints the bodies of a call that is shown on request, once all of them are there.
    fn fill_show(&mut self, want: &Want, doc: Result<Doc, Safe>, page: &mut Page) {
        let mut doc = Some(doc);
        for show in &mut self.shows {
            let wanted = show.wants.iter().position(|each| each == want);
            if let Some(place) = wanted.and_then(|at| show.docs.get_mut(at))
                && place.is_none()
            {
                *place = doc.take();
            }
        }
        let ready = |show: &Show| show.docs.iter().all(Option::is_some);
        let (done, left) = std::mem::take(&mut self.shows).into_iter().partition(ready);
        self.shows = left;
        for Show { raw, wants, docs } in done {
            for (want, doc) in wants.iter().zip(docs.into_iter().flatten()) {
                card::body(want, &doc, raw, page);
            }
        }
    }
}

/// Whether this session was read as far as it goes.
fn is_read(model: &Model, id: SessionId) -> bool {
    let read = model.session(id).map_or((0, 0), |session| session.read);
    read.0 > 0 && read.0 >= read.1
}

/// That a call waits is told by its card, which stands right behind.
fn is_told_by_a_card(entry: &Entry) -> bool {
    entry.source.as_str() == "gate"
        && entry.severity == Severity::Medium
        && entry.text.as_str().ends_with(" waits for an answer")
}

fn session_of(model: &Model, id: SessionId) -> Says {
    let name = model.session(id).map(|session| session.shown.clone());
    Says::default().safe(&name.unwrap_or_default())
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "HIGH",
    }
}

/// Whether more is to come of a call.
const fn is_open(call: &Call) -> bool {
    matches!(call.state, State::Running | State::Waiting)
}

/// `#2317 claude-1 mail.send_email`.
fn name(model: &Model, call: &Call) -> Says {
    let says = Says::own("#").number(call.call.0).and(" ");
    let says = says.safe(&session_of(model, call.session).text()).and(" ");
    let says = says.safe(model.names.get(call.server)).and(".").safe(model.names.get(call.name));
    match call.from {
        Side::Agent => says,
        Side::Server => says.and(" (the server asks)"),
    }
}

/// A call as it comes: `#2317 claude-1 mail.send_email ask by rule r7, 2 143 B, 12:04:30`.
fn told(model: &Model, call: &Call) -> Says {
    let mut says = name(model, call);
    if let Some(verdict) = call.verdict {
        says = says.and(" ").and(verdict.word());
        if let (Verdict::Mark | Verdict::Ask | Verdict::Deny, Some(rule)) = (verdict, call.rule) {
            says = says.and(" by rule ").safe(model.names.get(rule));
        }
        if !call.enforced && verdict >= Verdict::Ask {
            says = says.and(", not enforced");
        }
    }
    says.and(", ")
        .safe(&Safe::escape(&bytes::exact(call.size.into())))
        .and(", ")
        .safe(&status::clock(model, call.at))
}

/// How a call ended.
fn ended_so(model: &Model, call: &Call) -> Says {
    let says = name(model, call).and(" ");
    let says = match call.state {
        State::Running | State::Waiting => says.and("goes on"),
        State::Done => says.and("ok"),
        State::Failed => says.and("FAILED"),
        State::Refused(rule) => says.and("REFUSED by rule ").safe(model.names.get(rule)),
        State::Denied => says.and("DENIED by the operator"),
        State::TimedOut => says.and("DENIED at the deadline"),
        State::Unattended => says.and("DENIED: nobody could answer"),
        State::Cancelled => says.and("cancelled by its sender"),
        State::Lost => says.and("LOST: an end of its connection is gone"),
    };
    let says = match (call.passed, call.state) {
        (Some(Passed::Edited), State::Done | State::Failed) => says.and(", with edited arguments"),
        _ => says,
    };
    let answered = matches!(call.state, State::Done | State::Failed);
    let says = if answered {
        says.and(", ").safe(&Safe::escape(&bytes::exact(call.answer_size.into())))
    } else {
        says
    };
    match call.done_at() {
        Some(done) => says
            .and(", after ")
            .number(done.ms_since(call.at))
            .and(" ms, ")
            .safe(&status::clock(model, done)),
        None => says,
    }
}
