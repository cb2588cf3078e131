//! The state of one session: its connections, the requests in flight, the calls that wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Kind, Subject};
use crate::engine::budgets::{Charge, Spent};
use crate::engine::effect::Held;
use crate::engine::event::{
    At, Beside, CallId, ConnId, Facts, Operator, Started, TicketId, Unattended,
};
use crate::engine::limits;
use crate::engine::memory::Remembered;
use crate::engine::permit::Permit;
use crate::engine::shapes::Histories;
use crate::inspect::places::Roots;
use crate::protocol::Side;
use crate::protocol::jsonrpc::{Id, Span};
use crate::protocol::method::Revision;

/// Answers to calls that the agent took back may still come; this many such calls are remembered per
/// connection so that their answers pass as they would without us.
const CANCELLED_MAX: usize = 256;

/// Everything that a session remembers. Serialised into snapshots.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct State {
    pub(in crate::engine) started: Option<Started>,
    /// Steps made, which is the number of the next record.
    pub(in crate::engine) steps: u64,
    pub(in crate::engine) calls: u64,
    pub(in crate::engine) conns: BTreeMap<ConnId, Conn>,
    pub(in crate::engine) tickets: BTreeMap<TicketId, Ticket>,
    pub(in crate::engine) held_bytes: usize,
    pub(in crate::engine) answering: u32,
    pub(in crate::engine) ever_attended: bool,
    pub(in crate::engine) ended: bool,
    /// What the policy's file says now, as long as no operator confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) proposed: Option<String>,
    /// Whether the policy's file is broken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::engine) policy_broken: bool,
    /// What operators put over the policy, by name.
    #[serde(default)]
    pub(in crate::engine) layers: BTreeMap<String, String>,
    /// What its servers said of their tools.
    #[serde(default)]
    pub(in crate::engine) catalog: Catalog,
    /// Answers that hold for later calls, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::engine) remembered: BTreeMap<String, Remembered>,
    /// What was spent of the policy's budgets, by their ids.
    #[serde(default)]
    pub(in crate::engine) spent: BTreeMap<String, Spent>,
    /// How large the arguments of each tool were.
    #[serde(default)]
    pub(in crate::engine) histories: Histories,
}

/// One shim's connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct Conn {
    pub(in crate::engine) server: String,
    /// Its name and command line: two servers of one name are two.
    #[serde(default)]
    pub(in crate::engine) identity: String,
    /// Whether its tools were listed to the end: what comes later is new.
    #[serde(default)]
    pub(in crate::engine) listed: bool,
    /// What the pages of a list that is not complete have named, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::engine) listing: BTreeMap<Kind, BTreeSet<String>>,
    /// The session's last call when the server said that its tools are others now, until it says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) stale: Option<CallId>,
    /// Whether it did not say which when it was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::engine) silent: bool,
    /// Whether it said so once more while it was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::engine) again: bool,
    /// Lists that we asked for ourselves, and the pages of the one that is asked for.
    #[serde(default)]
    pub(in crate::engine) own_lists: u64,
    #[serde(default)]
    pub(in crate::engine) own_pages: u64,
    /// The `_meta` of the agent's last list in the stateless era, where each request says who asks. Lists may differ by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) list_meta: Option<String>,
    /// What those pages have named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::engine) own_listing: BTreeSet<String>,
    /// Policies beside the session's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::engine) beside: Vec<Beside>,
    pub(in crate::engine) unattended: Option<Unattended>,
    pub(in crate::engine) patience_ms: Option<u64>,
    pub(in crate::engine) revision: Option<Revision>,
    pub(in crate::engine) agent: End,
    pub(in crate::engine) server_end: End,
    #[serde(default)]
    pub(in crate::engine) resumptions: u64,
    /// Where its paths may lead.
    #[serde(default, skip_serializing_if = "Roots::is_empty")]
    pub(in crate::engine) roots: Roots,
}

/// One end of a connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct End {
    /// Requests that this end made and that have no answer yet.
    pub(in crate::engine) asked: BTreeMap<Id, Pending>,
    /// Requests that this end took back after they were forwarded.
    pub(in crate::engine) cancelled: VecDeque<(Id, Pending)>,
    /// Bytes handed out for this end since the connection opened or was resumed.
    pub(in crate::engine) handed_out: u64,
    /// It sends nothing more; an agent may still read.
    pub(in crate::engine) closed: bool,
}

/// A request without an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Pending {
    pub(in crate::engine) call: CallId,
    pub(in crate::engine) facts: Facts,
    /// Where the forwarded line ends in the bytes handed out; `None` while it is held.
    pub(in crate::engine) forwarded_until: Option<u64>,
    /// The operator's arguments, once an edited call went on.
    pub(in crate::engine) edited: Option<String>,
    /// It is ours: the agent knows nothing of it.
    #[serde(default)]
    pub(in crate::engine) own: bool,
}

/// A call that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Ticket {
    pub(in crate::engine) held: Held,
    pub(in crate::engine) conn: ConnId,
    pub(in crate::engine) from: Side,
    pub(in crate::engine) id: Id,
    #[serde(with = "line_bytes")]
    pub(in crate::engine) line: Bytes,
    pub(in crate::engine) arguments: Option<Span>,
    pub(in crate::engine) params_open: Option<usize>,
    pub(in crate::engine) edited: Option<String>,
    pub(in crate::engine) since: At,
    pub(in crate::engine) progress: Option<Progress>,
    /// The yes that waits for the disk: who, and the record that must be synced.
    pub(in crate::engine) approved: Option<(Operator, u64)>,
    /// What it was charged to.
    #[serde(default)]
    pub(in crate::engine) charge: Charge,
}

/// Progress that keeps a patient agent patient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Progress {
    pub(in crate::engine) token: Id,
    pub(in crate::engine) next_at: At,
    pub(in crate::engine) left: u64,
}

/// Held lines are JSON that passed the guard, so text keeps them exactly.
mod line_bytes {
    use bytes::Bytes;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(line: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        std::str::from_utf8(line).map_err(serde::ser::Error::custom)?.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        String::deserialize(from).map(Bytes::from)
    }
}

impl Conn {
    pub(in crate::engine) const fn end(&self, side: Side) -> &End {
        match side {
            Side::Agent => &self.agent,
            Side::Server => &self.server_end,
        }
    }

    pub(in crate::engine) const fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Agent => &mut self.agent,
            Side::Server => &mut self.server_end,
        }
    }

    pub(in crate::engine) fn modern(&self) -> bool {
        self.revision.as_ref().is_some_and(Revision::is_modern)
    }
}

impl End {
    /// Takes the request back that this end made; its answer may still come.
    pub(in crate::engine) fn cancel(&mut self, id: &Id) {
        if let Some(pending) = self.asked.remove(id) {
            if self.cancelled.len() == CANCELLED_MAX {
                self.cancelled.pop_front();
            }
            self.cancelled.push_back((id.clone(), pending));
        }
    }

    /// The id is used anew: an answer to a request that was taken back under it could no longer be told
    /// from an answer to the new one, which must not lose its own.
    pub(in crate::engine) fn reuse(&mut self, id: &Id) {
        self.cancelled.retain(|(known, _)| known != id);
    }

    /// The request that an answer with this id belongs to, which is over with it. A request that was
    /// never forwarded has no answer.
    pub(in crate::engine) fn answered(&mut self, id: &Id) -> Option<Pending> {
        if let Some(at) = self.cancelled.iter().position(|(known, _)| known == id) {
            return self.cancelled.remove(at).map(|(_, pending)| pending);
        }
        self.asked.get(id)?.forwarded_until?;
        self.asked.remove(id)
    }
}

impl State {
    /// The one place where permits are made.
    pub(in crate::engine) fn permit(&mut self, conn: ConnId, to: Side, line: Bytes) -> Permit {
        let permit = Permit::new(conn, to, line);
        if let Some(known) = self.conns.get_mut(&conn) {
            known.end_mut(to).handed_out += permit.wire_len();
        }
        permit
    }

    /// What a tool of this connection's server is to be, as it was sent; what it is where nobody said what it is to
    /// be.
    pub(in crate::engine) fn definition(&self, conn: ConnId, tool: &str) -> Option<&str> {
        let of = Subject::tool(&self.conns.get(&conn)?.identity, tool);
        self.catalog.definition(of).or_else(|| self.catalog.current(of))
    }

    /// The session's role, empty where it has none.
    pub(in crate::engine) fn role(&self) -> &str {
        self.started.as_ref().and_then(|started| started.role.as_deref()).unwrap_or_default()
    }

    /// Takes a ticket out.
    pub(in crate::engine) fn take(&mut self, id: TicketId) -> Option<Ticket> {
        let ticket = self.tickets.remove(&id)?;
        self.held_bytes = self.held_bytes.saturating_sub(ticket.line.len());
        Some(ticket)
    }

    /// Takes a ticket out whose call does not go on.
    pub(in crate::engine) fn withdraw(&mut self, id: TicketId) -> Option<Ticket> {
        let ticket = self.take(id)?;
        self.refund(&ticket.charge);
        Some(ticket)
    }

    /// The ticket of a held request.
    pub(in crate::engine) fn ticket_of(
        &self,
        conn: ConnId,
        from: Side,
        id: &Id,
    ) -> Option<TicketId> {
        let call = self.conns.get(&conn)?.end(from).asked.get(id)?.call;
        self.tickets.get(&TicketId(call.0)).map(|ticket| ticket.held.ticket)
    }

    /// Requests of the session that have no answer yet.
    pub(in crate::engine) fn pending(&self) -> usize {
        let ends = self.conns.values().flat_map(|conn| [&conn.agent, &conn.server_end]);
        ends.map(|end| end.asked.len()).sum()
    }

    /// How long a call of this connection may wait (design.md section 7): the policy's limit, `most_ms`, or what the
    /// agent's own limit leaves after a margin and a reserve for the execution. Both shrink with a short limit,
    /// so that some time is always left to answer.
    pub(in crate::engine) fn patience_ms(&self, conn: &Conn, progress: bool, most_ms: u64) -> u64 {
        let agent = self.started.as_ref().map(|started| &started.agent);
        let extended = progress && agent.is_some_and(|agent| agent.progress_extends);
        let limit = conn.patience_ms.or_else(|| agent.and_then(|agent| agent.patience_ms));
        match limit {
            Some(limit) if !extended => {
                let margin = limits::MARGIN_MS.min(limit / 10);
                let reserve = limits::RESERVE_MS.min(limit / 2);
                most_ms.min(limit - margin - reserve)
            }
            _ => most_ms,
        }
    }

    /// When a held ticket needs the engine again.
    pub(in crate::engine) fn wake_at(&self, ticket: &Ticket) -> At {
        let mut at = ticket.held.deadline_at;
        if self.counts_unattended(ticket) {
            at = at.min(ticket.since.plus_ms(limits::UNATTENDED_MS));
        }
        ticket.progress.as_ref().map_or(at, |progress| at.min(progress.next_at))
    }

    /// Whether the ticket falls after 20 s because nobody was ever there; a yes from the command line proves
    /// that somebody is.
    pub(in crate::engine) fn counts_unattended(&self, ticket: &Ticket) -> bool {
        !self.ever_attended
            && ticket.approved.is_none()
            && self.unattended(ticket.conn) == Unattended::Soon
    }

    /// What becomes of this connection's asks while nobody is there; the stricter of shim and session.
    pub(in crate::engine) fn unattended(&self, conn: ConnId) -> Unattended {
        let session = self.started.as_ref().map(|started| started.unattended).unwrap_or_default();
        self.conns.get(&conn).and_then(|conn| conn.unattended).unwrap_or(session)
    }
}
