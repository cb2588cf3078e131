//! The approval card: what it shows, how much of that was seen, and how far the answer is.
//!
//! A card shows one call, or a batch of equal ones. A batch has one answer, which is sent as one answer
//! a ticket, each with the digest of its own bytes.

use std::sync::Arc;

use ratatui_textarea::TextArea;

use crate::catalog::Kind;
use crate::console::model::catalogue::Key;
use crate::console::model::difference::Difference;
use crate::console::model::doc::{Doc, Slot, Want};
use crate::console::model::remembering::Remembering;
use crate::console::model::ui::Page;
use crate::console::model::{Model, Ticket, TicketKey, names};
use crate::engine::{Facts, Finding, Held, Severity};
use crate::journal::Record;
use crate::text::Safe;

/// The rule of definitions that are not what they are to be.
const DRIFT: &str = "builtin.drift";

/// What the approval card shows of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// The arguments that would be forwarded.
    #[default]
    Arguments,
    /// What the operator changed in them.
    Diff,
    /// The exact bytes.
    Raw,
}

/// How far an answer is.
#[derive(Debug, Default)]
pub enum Step {
    /// Nothing was pressed yet.
    #[default]
    Open,
    /// The word is being typed that lets a call pass unread.
    Unread(String),
    /// A medium risk is about to be allowed: `y` is due.
    Confirm {
        /// Not everything was seen, and the operator said so.
        unread: bool,
    },
    /// A high risk is about to be allowed: the code is being typed.
    Code {
        /// So far.
        typed: String,
        /// Not everything was seen, and the operator said so.
        unread: bool,
        /// What else such calls are to have, where it is more than this one.
        remember: Option<Box<Remembering>>,
    },
    /// Which calls are to have the same answer, and for how long.
    Remember(Box<Remembering>),
    /// The reason of a denial is being typed.
    Reason(String),
    /// The arguments are being edited.
    Edit(Box<TextArea<'static>>),
    /// The arguments are in the operator's own editor.
    Outside,
    /// The answer went to the gate; its record is awaited.
    Sent(&'static str),
}

/// One call on the card.
#[derive(Debug)]
pub struct Shown {
    /// Its ticket.
    pub key: TicketKey,
    /// The ticket's version that is shown.
    pub version: u32,
    /// The arguments.
    pub arguments: Slot,
    /// Whether these stand there with their secrets, which go with the card.
    pub revealed: bool,
    /// The agent's own arguments, where they were edited.
    pub original: Slot,
    /// In a batch: it changed or ended meanwhile, so that no answer goes to it any more.
    pub left_out: bool,
}

/// The approval card.
#[derive(Debug)]
pub struct Card {
    /// The call, or the first of a batch.
    pub one: Shown,
    /// The others of a batch.
    pub more: Vec<Shown>,
    /// What it uses that is not what it is to be.
    pub differences: Vec<Difference>,
    /// Whether all of these were on the screen.
    pub differences_seen: bool,
    /// What is shown of them.
    pub face: Face,
    /// The same at the card's width.
    pub page: Page,
    /// The lowest row that was on the screen, of what is shown now.
    pub seen_to: usize,
    /// Whether everything was on the screen.
    pub seen_all: bool,
    /// Whether it takes the whole screen, for reading.
    pub full: bool,
    /// When it was first drawn complete.
    pub drawn_ms: Option<u64>,
    /// How far the answer is.
    pub step: Step,
    /// The last thing to say, by us or the gate.
    pub said: Option<Safe>,
}

impl Card {
    /// A card that was not drawn yet.
    #[must_use]
    pub fn new(one: Shown, more: Vec<Shown>, face: Face, full: bool) -> Self {
        Self {
            one,
            more,
            differences: Vec::new(),
            differences_seen: false,
            face,
            page: Page::default(),
            seen_to: 0,
            seen_all: false,
            full,
            drawn_ms: None,
            step: Step::Open,
            said: None,
        }
    }

    /// The ticket, or the first of a batch.
    #[must_use]
    pub const fn key(&self) -> TicketKey {
        self.one.key
    }

    /// Whether it shows more than one call.
    #[must_use]
    pub const fn is_batch(&self) -> bool {
        !self.more.is_empty()
    }

    /// All its calls.
    pub fn members(&self) -> impl Iterator<Item = &Shown> {
        std::iter::once(&self.one).chain(&self.more)
    }

    /// All its calls.
    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut Shown> {
        std::iter::once(&mut self.one).chain(&mut self.more)
    }

    /// Whether this ticket is on it.
    #[must_use]
    pub fn holds(&self, key: TicketKey) -> bool {
        self.members().any(|shown| shown.key == key)
    }

    /// Takes a body that was read, if one of its calls waits for it.
    pub fn fill(&mut self, want: &Want, read: &Result<Arc<Doc>, String>) -> bool {
        let differences = self.differences.iter_mut();
        let defined = differences.fold(false, |filled, shown| filled | shown.fill(want, read));
        self.members_mut().fold(defined, |filled, shown| {
            filled | shown.arguments.fill(want, read) | shown.original.fill(want, read)
        })
    }

    /// Throws the rows away and begins at the top; what was seen is counted anew, unless it was all.
    pub fn lay_anew(&mut self) {
        self.seen_to = 0;
        self.page.stale();
    }
}

/// Findings that a card tells beside the rules that ask.
const FINDINGS_MAX: usize = 3;

/// The rules that ask, and the worst of what detectors saw in the call, each with its sentence.
pub(super) fn why(held: &Held, record: &Record) -> Vec<(Safe, Safe)> {
    let rules = held.reasons.iter();
    let mut all: Vec<(Safe, Safe)> =
        rules.map(|reason| (names::identifier(&reason.rule), Safe::escape(&reason.why))).collect();
    let facts = record.facts.iter();
    let mut seen: Vec<&Finding> = facts
        .flat_map(Facts::counted)
        .filter(|one| one.severity >= Severity::Medium && one.seen.is_some())
        .collect();
    seen.sort_by_key(|one| std::cmp::Reverse(one.severity));
    let told = seen.iter().take(FINDINGS_MAX);
    all.extend(told.map(|one| (names::identifier(&one.rule), Safe::escape(&one.what))));
    if let Some(more @ 1..) = seen.len().checked_sub(FINDINGS_MAX) {
        let text = format!("and {more} more, in the log");
        all.push((Safe::word("detection"), Safe::escape(&text)));
    }
    all
}

impl Ticket {
    /// The rules that ask, each with its sentence.
    #[must_use]
    pub fn why_sentence(&self) -> Safe {
        let mut all = Safe::default();
        for (n, (rule, sentence)) in self.why.iter().enumerate() {
            let rule_word = Safe::word(if n > 0 { "; rule " } else { "rule " });
            all = all.then(&rule_word).then(rule).then(&Safe::word(": ")).then(sentence);
        }
        all
    }
}

impl Model {
    /// `server.tool` of a ticket's call.
    #[must_use]
    pub fn name_of(&self, ticket: &Ticket) -> Safe {
        let call = ticket.row.and_then(|at| self.call(at));
        call.map_or_else(
            || Safe::word("?"),
            |call| {
                let server = self.names.get(call.server).clone();
                server.then(&Safe::word(".")).then(self.names.get(call.name))
            },
        )
    }

    /// Whether no earlier call of the session was made to the same tool.
    #[must_use]
    pub fn is_first_use(&self, ticket: &Ticket) -> bool {
        let Some(call) = ticket.row.and_then(|at| self.call(at)) else { return false };
        let session = self.session(call.session);
        let first = session.and_then(|session| session.uses.get(&(call.server, call.name)));
        first.is_some_and(|uses| uses.first == call.call)
    }

    /// The definitions that a waiting call uses and that are not what they are to be, where it is asked because of
    /// them: its tool or prompt, and what was started.
    #[must_use]
    pub fn drifted(&self, ticket: &Ticket) -> Vec<Key> {
        let asked = ticket.held.reasons.iter().any(|reason| reason.rule == DRIFT);
        let call = ticket.row.filter(|_| asked).and_then(|at| self.call(at));
        let Some(call) = call else { return Vec::new() };
        let name = |id| self.names.raw(id).to_owned();
        let used = [Kind::Tool, Kind::Prompt].map(|kind| (kind, name(call.name)));
        let used = used.into_iter().chain([(Kind::Identity, String::new())]);
        let key = |(kind, name)| {
            let server = self.names.raw(call.server).to_owned();
            Key { session: call.session, server, kind, name }
        };
        let drifted = |key: &Key| {
            self.definition(key).is_some_and(|definition| !definition.standing.is_pinned())
        };
        used.map(key).filter(drifted).collect()
    }

    /// The marked requests that still wait, oldest first.
    pub fn marked(&self) -> impl Iterator<Item = TicketKey> {
        self.waiting().map(|ticket| ticket.key).filter(|key| self.ui.marked.contains(key))
    }
}
