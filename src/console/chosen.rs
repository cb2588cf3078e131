//! Which calls of a record a filter means, as far as they are known when the record comes: for `watch --filter` and
//! for a replay's breakpoints. The calls are the console's rows, made by the console's own fold.

use std::fs::File;

use jiff::tz::TimeZone;

use crate::console::bodies;
use crate::console::filter::{Filter, Match, Tester};
use crate::console::model::doc::{Part, Want};
use crate::console::model::row::Row;
use crate::console::model::{CallAt, Model, Place, SessionId};
use crate::engine::{At, CallId};
use crate::journal::{Effected, Record, What};

/// The filter and the calls so far.
#[derive(Debug)]
pub struct Chosen {
    model: Model,
    tester: Tester,
}

impl Chosen {
    /// Ages count back from `now`, clock times are those of `zone`.
    #[must_use]
    pub fn new(filter: &Filter, now: At, zone: TimeZone) -> Self {
        let tester = Tester::new(filter, now, &zone);
        Self { model: Model::new(zone, None), tester }
    }

    /// Takes a record in. Records come in order, from the first of a session.
    pub fn take(&mut self, session: &str, record: &Record, place: Place) {
        self.model.apply(session, record, place);
    }

    /// The calls of the record that was taken in last that the filter means. The journal is opened where it needs
    /// arguments or results.
    ///
    /// # Errors
    /// In words, where these cannot be read.
    pub fn meant(
        &mut self,
        session: &str,
        record: &Record,
        journal: impl Fn() -> std::io::Result<File>,
    ) -> Result<Vec<CallAt>, String> {
        let id = self.model.session_id(session);
        let rows = calls(record).into_iter().filter_map(|call| self.model.row_of(id, call));
        let mut meant = Vec::new();
        for at in rows.collect::<Vec<_>>() {
            if self.means(id, at, &journal)? {
                meant.push(at);
            }
        }
        Ok(meant)
    }

    fn means(
        &mut self,
        session: SessionId,
        at: CallAt,
        journal: impl Fn() -> std::io::Result<File>,
    ) -> Result<bool, String> {
        let Some(row) = Row::new(&self.model, at) else { return Ok(false) };
        let found = match self.tester.matches(&row) {
            Match::NeedsBody => {
                let journal = journal().map_err(|error| error.to_string())?;
                let (arguments, result) = self.read(&journal, session, at)?;
                self.tester.matches(&row.read(&arguments, result.as_deref()))
            }
            found @ (Match::Yes | Match::No) => found,
        };
        Ok(found == Match::Yes)
    }

    /// The call's arguments and, if it has one, its result.
    fn read(
        &self,
        journal: &File,
        session: SessionId,
        at: CallAt,
    ) -> Result<(String, Option<String>), String> {
        let Some(call) = self.model.call(at) else { return Ok(Default::default()) };
        let read = |place: Place, part| {
            let want = Want { session, place, call: call.call, part };
            bodies::read(journal, &want).map(|part| part.text)
        };
        let answer = call.answer().map(|place| read(place, Part::Answer)).transpose()?;
        Ok((read(call.request(), Part::Arguments)?, answer))
    }
}

/// The calls that a record is about.
fn calls(record: &Record) -> Vec<CallId> {
    let facts = record.facts.iter();
    let members = facts.clone().flat_map(|facts| &facts.members);
    let mut calls: Vec<CallId> = facts.chain(members).filter_map(|facts| facts.call).collect();
    if let What::Answered { ticket, .. } = &record.event {
        calls.push(CallId(ticket.0));
    }
    calls.extend(record.effects.iter().filter_map(of_effect));
    calls.sort_unstable();
    calls.dedup();
    calls
}

fn of_effect(effect: &Effected) -> Option<CallId> {
    match effect {
        Effected::Refuse { call, .. } => *call,
        Effected::Hold(held) | Effected::Revise { held, .. } => Some(CallId(held.ticket.0)),
        Effected::Rejected { ticket, .. } | Effected::Settle { ticket, .. } => {
            Some(CallId(ticket.0))
        }
        Effected::Forward { .. }
        | Effected::Replace { .. }
        | Effected::Drop { .. }
        | Effected::Originate { .. }
        | Effected::Sync {}
        | Effected::EndLine { .. }
        | Effected::Close { .. } => None,
    }
}
