//! Which records `watch --filter` prints: those of calls that the filter means, as far as they are known
//! when the record comes. The calls are the console's rows, made by the console's own fold.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use jiff::tz::TimeZone;

use crate::cli::tail::Seen;
use crate::console::filter::{Filter, Match, Tester};
use crate::console::model::doc::{Part, Want, payload};
use crate::console::model::row::Row;
use crate::console::model::{CallAt, Model, Place, SessionId};
use crate::engine::{At, CallId};
use crate::journal::{Effected, Record, What};
use crate::wire::SessionLine;

/// The filter and the calls so far.
#[derive(Debug)]
pub(super) struct Chosen {
    model: Model,
    tester: Tester,
}

impl Chosen {
    /// Ages count back from `now`.
    pub(super) fn new(filter: &Filter, now: At) -> Self {
        let zone = TimeZone::system();
        let tester = Tester::new(filter, now, &zone);
        Self { model: Model::new(zone, None), tester }
    }

    /// Takes a record in; whether it is to be printed. Records come in order, from the first of a session.
    pub(super) fn takes(&mut self, session: &SessionLine, seen: &Seen) -> Result<bool, String> {
        let place = Place { offset: seen.offset, len: u32::try_from(seen.len).unwrap_or(u32::MAX) };
        self.model.apply(&session.session, &seen.record, place);
        let id = self.model.session_id(&session.session);
        for call in calls(&seen.record) {
            if self.means(session, id, call)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn means(&mut self, of: &SessionLine, id: SessionId, call: CallId) -> Result<bool, String> {
        let Some(at) = self.model.row_of(id, call) else { return Ok(false) };
        let Some(row) = Row::new(&self.model, at) else { return Ok(false) };
        let found = match self.tester.matches(&row) {
            Match::NeedsBody => {
                let (arguments, result) = self.read(of, id, at)?;
                self.tester.matches(&row.read(&arguments, result.as_deref()))
            }
            found @ (Match::Yes | Match::No) => found,
        };
        Ok(found == Match::Yes)
    }

    /// The call's arguments and, if it has one, its result.
    fn read(
        &self,
        of: &SessionLine,
        session: SessionId,
        at: CallAt,
    ) -> Result<(String, Option<String>), String> {
        let Some(call) = self.model.call(at) else { return Ok(Default::default()) };
        let read = |place: Place, part| {
            let want = Want { session, place, call: call.call, part };
            part_of(of, &want).map_err(|why| format!("read {}: {why}", of.journal))
        };
        let answer = call.answer().map(|place| read(place, Part::Answer)).transpose()?;
        Ok((read(call.request(), Part::Arguments)?, answer))
    }
}

fn part_of(session: &SessionLine, want: &Want) -> Result<String, String> {
    let file = File::open(&session.journal).map_err(|error| error.to_string())?;
    let mut line = vec![0; usize::try_from(want.place.len).map_err(|error| error.to_string())?];
    file.read_exact_at(&mut line, want.place.offset).map_err(|error| error.to_string())?;
    let record: Record = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
    Ok(payload(&record, want).map(|part| part.text).unwrap_or_default())
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
