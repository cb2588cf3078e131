//! Answers for all calls like one: what the card offers, and what is remembered.

use std::collections::BTreeMap;

use crate::console::model::rules::{Hits, Listed, Rule};
use crate::console::model::{Model, Now};
use crate::engine::{At, Lifetime, Remembered};
use crate::policy::{Scope, Verdict};
use crate::text::Safe;

/// For so long one key takes the last remembered answer back (console.md 2.6, 8).
pub const UNDO_MS: u64 = 10_000;

/// What becomes of the calls that a scope holds for, as far as the recordings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Calls that it would have matched,
    pub matched: usize,
    /// of so many.
    pub of: usize,
    /// Matched ones that were refused then.
    pub denied: usize,
    /// Other calls of the session that wait and would have the same answer.
    pub waiting: usize,
    /// Calls that wait in other sessions and would have it where it holds there: until the definition changes.
    pub elsewhere: usize,
}

impl Counted {
    /// Counts one call more, of those that were looked at.
    pub fn add(&mut self, one: Self) {
        self.matched += one.matched;
        self.denied += one.denied;
        self.waiting += one.waiting;
        self.elsewhere += one.elsewhere;
    }
}

/// One way to be like the call on the card.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// Which calls of the tool.
    pub scope: Scope,
    /// The same in words.
    pub words: Safe,
    /// What is known of such calls; `None`: it cannot be told.
    pub counted: Option<Counted>,
}

/// What is being chosen on the card.
#[derive(Debug, Clone)]
pub struct Remembering {
    /// From narrow to wide.
    pub likes: Vec<Likeness>,
    /// Which.
    pub at: usize,
    /// How long.
    pub lifetime: Lifetime,
}

impl Remembering {
    /// The chosen one.
    #[must_use]
    pub fn chosen(&self) -> Option<&Likeness> {
        self.likes.get(self.at)
    }

    /// The next longer lifetime; behind the longest the shortest.
    pub fn longer(&mut self) {
        let all = Lifetime::ALL;
        let at = all.iter().position(|one| *one == self.lifetime).unwrap_or_default();
        self.lifetime = all.get(at + 1).copied().unwrap_or(Lifetime::Minutes);
    }
}

/// A lifetime in words.
#[must_use]
pub const fn lifetime_words(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Minutes => "for 5 minutes, in this session",
        Lifetime::Session => "for this session",
        Lifetime::Unchanged => "until its definition changes, in all sessions of this role",
    }
}

/// What is remembered, as the Policy pane lists it.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The answer.
    pub one: Remembered,
    policy: Safe,
    rule: Rule,
}

/// All that is remembered, by its names.
#[derive(Debug, Clone, Default)]
pub struct Memories {
    all: BTreeMap<String, Memory>,
    /// The last one, and until when one key takes it back.
    last: Option<(String, At)>,
}

impl Memories {
    /// Another answer holds.
    pub(super) fn take(&mut self, one: &Remembered) {
        let verdict = if one.allow { Verdict::Allow } else { Verdict::Deny };
        let long = match (one.until, one.kept) {
            (Some(_), _) => "for minutes",
            (None, true) => "until it changes",
            (None, false) => "this session",
        };
        let what = format!("{}.{}", one.server, one.tool);
        let why = Safe::escape(&format!("{what} {}; {long}, by {}", one.scope.words(), one.by.0));
        let rule = Rule { id: one.id.clone(), why, verdict, risk: None };
        let policy = Safe::word("remembered");
        self.all.insert(one.id.clone(), Memory { one: one.clone(), policy, rule });
    }

    /// It can be taken back by one key.
    pub(super) fn offer(&mut self, one: &Remembered) {
        self.last = Some((one.id.clone(), one.at.plus_ms(UNDO_MS)));
    }

    /// It holds no more.
    pub(super) fn forget(&mut self, id: &str) {
        self.all.remove(id);
        if self.last.as_ref().is_some_and(|(last, _)| last == id) {
            self.last = None;
        }
    }

    /// What one key takes back now.
    #[must_use]
    pub fn last(&self, now: Now) -> Option<&str> {
        let (id, until) = self.last.as_ref()?;
        (now.at < *until).then_some(id.as_str())
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.all.contains_key(id)
    }

    /// Puts them above the rules, with the hits that sessions know of those that decided.
    pub(super) fn list<'a>(&'a self, listed: &mut Vec<Listed<'a>>, now: At) {
        let holds = |memory: &Memory| memory.one.until.is_none_or(|until| now < until);
        for (id, memory) in self.all.iter().rev().filter(|(_, memory)| holds(memory)) {
            let mut hits = Hits::default();
            listed.retain(|one| {
                let same = one.rule.id == *id;
                if same {
                    hits.take(one.hits);
                }
                !same
            });
            listed.insert(0, Listed { policy: &memory.policy, rule: &memory.rule, hits });
        }
    }
}

impl Model {
    /// Time that is left of a remembered answer; nothing where it has no end of its own.
    #[must_use]
    pub fn memory_left(&self, id: &str) -> Option<Safe> {
        let until = self.memories.all.get(id)?.one.until?;
        let left = until.ms_since(self.now.at).div_ceil(1000);
        Some(Safe::escape(&format!("{}:{:02} left", left / 60, left % 60)))
    }
}
