//! What records made of the model at one place of a recording, to come back to.

use crate::console::model::findings::Findings;
use crate::console::model::names::Shown;
use crate::console::model::{
    CALLS_PER_PIECE, Call, Chunks, Entry, Fatigue, LOG_PER_PIECE, Model, Session, Ticket, Timeline,
};

/// Everything that [`Model::apply`] changes. Rows and lines are shared with the model and other marks.
#[derive(Debug, Clone)]
pub struct Mark {
    sessions: Vec<Session>,
    calls: Chunks<Call, CALLS_PER_PIECE>,
    tickets: Vec<Ticket>,
    log: Chunks<Entry, LOG_PER_PIECE>,
    log_dropped: u64,
    findings: u64,
    found: Findings,
    timeline: Timeline,
    fatigue: Fatigue,
    names: Shown,
}

impl Model {
    /// What the records made of it so far.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            sessions: self.sessions.clone(),
            calls: self.calls.clone(),
            tickets: self.tickets.clone(),
            log: self.log.clone(),
            log_dropped: self.log_dropped,
            findings: self.findings,
            found: self.found.clone(),
            timeline: self.timeline.clone(),
            fatigue: self.fatigue.clone(),
            names: self.names.shown().clone(),
        }
    }

    /// Goes to a mark of the same recording, before or behind what was read so far. Where the operator looks
    /// stays, as far as it is still there.
    pub fn go_to(&mut self, mark: &Mark) {
        self.sessions.clone_from(&mark.sessions);
        self.calls.clone_from(&mark.calls);
        self.tickets.clone_from(&mark.tickets);
        self.log.clone_from(&mark.log);
        self.log_dropped = mark.log_dropped;
        self.findings = mark.findings;
        self.found.clone_from(&mark.found);
        self.timeline.clone_from(&mark.timeline);
        self.fatigue.clone_from(&mark.fatigue);
        self.names.go_to(&mark.names);
    }
}
