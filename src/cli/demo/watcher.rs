//! What the session's journal says of each call of the story.

use crate::cli::lines::Line;
use crate::demo::story::{Call, STORY};
use crate::policy::Verdict;

/// A call of the story and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) call: Call,
    /// Its number, once the agent made it.
    pub(super) number: Option<u64>,
    pub(super) verdict: Option<Verdict>,
    /// The digest that an answer has to name, while it waits.
    pub(super) waits: Option<String>,
    /// How its ticket ended: `allowed`, `denied`, `timed_out`, …
    pub(super) settled: Option<&'static str>,
    pub(super) end: Option<Ended>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The server's answer reached the agent.
    Answered,
    /// Tollgate answered in the server's place.
    Refused,
}

/// All calls of the story, in its order.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) calls: Vec<Played>,
    /// Set by the session's last record.
    pub(super) over: bool,
}

impl Watcher {
    pub(super) fn new() -> Self {
        let calls = STORY
            .iter()
            .flat_map(|scene| scene.calls)
            .map(|call| Played {
                call: *call,
                number: None,
                verdict: None,
                waits: None,
                settled: None,
                end: None,
            })
            .collect();
        Self { calls, over: false }
    }

    /// Takes a line of the journal in and gives back the calls that ended by it, by their places.
    pub(super) fn line(&mut self, line: &Line) -> Vec<usize> {
        self.over |= line.event == "ended";
        let mut ended = Vec::new();
        if line.event == "call" && line.method.as_deref() == Some("tools/call") {
            self.begin(line);
        }
        for ticket in &line.tickets {
            let Some(place) = self.place(ticket.ticket) else { continue };
            let Some(played) = self.calls.get_mut(place) else { continue };
            match ticket.state {
                "held" | "revised" => played.waits.clone_from(&ticket.digest),
                "rejected" => {}
                state => {
                    played.waits = None;
                    played.settled = Some(state);
                    if state != "allowed" {
                        played.end = Some(Ended::Refused);
                        ended.push(place);
                    }
                }
            }
        }
        let end = match (line.event, line.outcome) {
            ("call", Some("refuse")) => Some(Ended::Refused),
            ("result", Some("forward" | "replace")) => Some(Ended::Answered),
            _ => None,
        };
        if let (Some(end), Some(place)) = (end, line.call.and_then(|call| self.place(call)))
            && let Some(played) = self.calls.get_mut(place)
            && played.end.is_none()
        {
            played.end = Some(end);
            ended.push(place);
        }
        ended
    }

    /// A call of the agent is the next one of the story with this server and tool.
    fn begin(&mut self, line: &Line) {
        let found = self.calls.iter_mut().find(|played| {
            played.number.is_none()
                && Some(played.call.server) == line.server.as_deref()
                && Some(played.call.tool) == line.tool.as_deref()
        });
        if let Some(played) = found {
            played.number = line.call;
            played.verdict = line.verdict;
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.calls.iter().position(|played| played.number == Some(number))
    }

    /// Whether another call came and went after this one began to wait.
    pub(super) fn flowed_past(&self, waiting: &Played) -> bool {
        self.calls
            .iter()
            .any(|other| other.number > waiting.number && other.end == Some(Ended::Answered))
    }
}

impl Played {
    /// One line for people.
    pub(super) fn say(&self) -> String {
        let verdict = self.verdict.map_or("-", Verdict::word);
        let end = match (self.end, self.settled) {
            (Some(Ended::Answered), Some(_)) => "allowed by the operator, answered",
            (Some(Ended::Answered), None) => "answered",
            (Some(Ended::Refused), Some("denied")) => "denied by the operator",
            (Some(Ended::Refused), Some("timed_out")) => "nobody answered: denied at its deadline",
            (Some(Ended::Refused), Some("unattended")) => "nobody was there: denied",
            (Some(Ended::Refused), Some(_)) => "taken back before it was answered",
            (Some(Ended::Refused), None) => "refused by the policy",
            (None, _) => "did not end",
        };
        let name = format!("{}.{}", self.call.server, self.call.tool);
        format!("{verdict:<6}{name:<20}{end}")
    }

    /// What is not as the story says, when the demo answered itself.
    pub(super) fn wrong(&self) -> Option<String> {
        let name = format!("{}.{}", self.call.server, self.call.tool);
        if self.verdict != Some(self.call.verdict) {
            let verdict = self.verdict.map_or("none", Verdict::word);
            let expected = self.call.verdict.word();
            return Some(format!("{name}: the verdict is {verdict}, not {expected}"));
        }
        let expected = if self.call.passes() { Ended::Answered } else { Ended::Refused };
        (self.end != Some(expected)).then(|| format!("{name}: {}", self.say()))
    }
}
