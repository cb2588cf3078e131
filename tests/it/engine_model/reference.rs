//! What the engine must do, on a page or two: which requests are open, which calls wait and until when, which
//! ends are closed. It never reads JSON, knows no policy but three tool names, and says in words what has to
//! come out.

use std::collections::BTreeMap;

use tollgate::protocol::Side;

/// Ids by meaning, each in the spellings that peers may use for it. Only the first is canonical.
pub(crate) const IDS: [&[&str]; 7] = [
    &["1", "1.0", "10e-1"],
    &["\"1\"", "\"\\u0031\""],
    &["null"],
    &["true"],
    &["-7"],
    &["0.5", "5e-1"],
    &["\"a b\""],
];
/// The canonical texts where they are not the first spelling.
pub(crate) fn canonical(id: usize) -> String {
    tollgate::protocol::jsonrpc::Id::parse(IDS[id][0]).unwrap().canonical().to_owned()
}

/// A message as a test means it.
#[derive(Debug, Clone)]
pub(crate) struct Msg {
    pub(crate) kind: Kind,
    /// Which id, in which spelling.
    pub(crate) id: (usize, usize),
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// `tools/call`: the tool's name tells its verdict.
    Call { tool: &'static str, token: bool, arguments: bool },
    /// A request that says its revision as the stateless era does, or none.
    Other { method: &'static str, version: Option<&'static str> },
    /// An answer; the text behind the id.
    Answer { body: &'static str, version: Option<&'static str> },
    /// The sender takes a request back.
    Cancel,
    /// A notification of this method.
    Note(&'static str),
    /// Malformed, with a method and an id.
    BadRequest,
    /// Malformed, with a result and an id.
    BadAnswer,
    /// No message at all.
    Noise,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Noticed,
    Stopped,
}

#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) ticket: Option<u64>,
    pub(crate) edited: bool,
    pub(crate) initialize: bool,
    /// Where the forwarded line ends; set by the test, which counts bytes.
    pub(crate) until: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) conn: usize,
    pub(crate) from: Side,
    pub(crate) id: String,
    pub(crate) since: u64,
    pub(crate) deadline: u64,
    pub(crate) approved: Option<u64>,
    pub(crate) edited: bool,
    pub(crate) editable: bool,
    pub(crate) progress_at: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Conn {
    pub(crate) open: BTreeMap<(Side, String), Open>,
    pub(crate) cancelled: Vec<(Side, String, bool, bool)>,
    pub(crate) closed: Vec<Side>,
    pub(crate) revision: Option<&'static str>,
}

/// How this run treats asks.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) enforce: bool,
    pub(crate) deny_unattended: bool,
    pub(crate) patience_ms: Option<u64>,
    pub(crate) extends: bool,
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) setting: Setting,
    pub(crate) conns: Vec<Conn>,
    pub(crate) tickets: BTreeMap<u64, Ticket>,
    pub(crate) calls: u64,
    pub(crate) ever_attended: bool,
    pub(crate) words: Vec<String>,
}

fn asks(kind: &Kind) -> bool {
    match kind {
        Kind::Call { tool, .. } => tool.starts_with("write"),
        Kind::Other { method, .. } | Kind::Note(method) => {
            matches!(*method, "sampling/createMessage" | "elicitation/create")
        }
        Kind::Answer { .. } | Kind::Cancel | Kind::BadRequest | Kind::BadAnswer | Kind::Noise => {
            false
        }
    }
}

fn denies(kind: &Kind) -> bool {
    matches!(kind, Kind::Call { tool, .. } if tool.starts_with("kill"))
}

impl Reference {
    pub(crate) fn new(setting: Setting, conns: usize) -> Self {
        Self {
            setting,
            conns: vec![Conn::default(); conns],
            tickets: BTreeMap::new(),
            calls: 0,
            ever_attended: false,
            words: Vec::new(),
        }
    }

    fn say(&mut self, word: String) {
        self.words.push(word);
    }

    fn refuse(&mut self, to: Side, id: &str) {
        self.say(format!("refuse {to} {id}"));
    }

    /// Milliseconds that a call may wait.
    fn patience(&self, token: bool) -> u64 {
        match self.setting.patience_ms {
            Some(limit) if !(token && self.setting.extends) => {
                300_000.min(limit - 5_000.min(limit / 10) - 30_000.min(limit / 2))
            }
            _ => 300_000,
        }
    }

    /// A whole frame: one message, or several in an array.
    pub(crate) fn frame(
        &mut self,
        conn: usize,
        from: Side,
        msgs: &[Msg],
        batch: bool,
        at: u64,
    ) -> Vec<Fate> {
        if self.conns[conn].closed.contains(&from) {
            self.say("drop Gone".to_owned());
            return Vec::new();
        }
        if !batch {
            return msgs.iter().map(|msg| self.message(conn, from, msg, at)).collect();
        }
        if self.conns[conn].revision == Some("2025-03-26") {
            return msgs.iter().map(|msg| self.message(conn, from, msg, at)).collect();
        }
        let before = self.words.len();
        for msg in msgs {
            match &msg.kind {
                Kind::Call { .. } | Kind::Other { .. } => self.bad(conn, from, msg, true),
                Kind::Answer { .. } => self.bad(conn, from, msg, false),
                Kind::Cancel | Kind::Note(_) | Kind::BadRequest | Kind::BadAnswer | Kind::Noise => {
                }
            }
        }
        if self.words.len() == before {
            self.say("drop Unanswerable".to_owned());
        }
        vec![Fate::Stopped; msgs.len()]
    }

    fn message(&mut self, conn: usize, from: Side, msg: &Msg, at: u64) -> Fate {
        let id = canonical(msg.id.0);
        match &msg.kind {
            Kind::Call { .. } | Kind::Other { .. } => return self.request(conn, from, msg, at),
            Kind::Answer { body, version } => return self.answer(conn, from, &id, body, *version),
            Kind::Cancel => {
                let known = &mut self.conns[conn];
                match known.open.get(&(from, id.clone())).cloned() {
                    Some(Open { ticket: Some(ticket), .. }) => {
                        known.open.remove(&(from, id));
                        self.tickets.remove(&ticket);
                        self.say(format!("settle {ticket} Cancelled"));
                        self.say("drop Absorbed".to_owned());
                        return Fate::Stopped;
                    }
                    Some(open) => {
                        known.open.remove(&(from, id.clone()));
                        known.cancelled.push((from, id, open.edited, open.initialize));
                    }
                    None => {}
                }
            }
            Kind::Note(method) => {
                let agents_call = *method == "tools/call" && from == Side::Agent;
                if agents_call || self.setting.enforce && asks(&msg.kind) {
                    self.say("drop Unanswerable".to_owned());
                    return Fate::Stopped;
                }
            }
            Kind::BadRequest => {
                self.bad(conn, from, msg, true);
                return Fate::Stopped;
            }
            Kind::BadAnswer => {
                if !self.answerable(conn, from.other(), &id)
                    && from == Side::Agent
                    && !self.conns[conn].open.contains_key(&(from, id.clone()))
                {
                    self.refuse(from, &id);
                } else {
                    self.bad(conn, from, msg, false);
                }
                return Fate::Stopped;
            }
            Kind::Noise => {
                let why = if from == Side::Server { "Noise" } else { "Unanswerable" };
                self.say(format!("drop {why}"));
                return Fate::Stopped;
            }
        }
        Fate::Pass
    }

    fn answerable(&self, conn: usize, asker: Side, id: &str) -> bool {
        let known = &self.conns[conn];
        known.cancelled.iter().any(|(side, other, ..)| *side == asker && other == id)
            || known.open.get(&(asker, id.to_owned())).is_some_and(|open| open.ticket.is_none())
    }

    /// What may not pass is answered to whoever waits because of it.
    fn bad(&mut self, conn: usize, from: Side, msg: &Msg, request: bool) {
        let id = canonical(msg.id.0);
        if request {
            if from == Side::Agent && !self.conns[conn].open.contains_key(&(from, id.clone())) {
                return self.refuse(from, &id);
            }
        } else if self.answerable(conn, from.other(), &id) {
            self.take(conn, from.other(), &id);
            return self.refuse(from.other(), &id);
        }
        self.say("drop Unanswerable".to_owned());
    }

    /// Takes the request that an answer ends: whether it was edited, and whether it began the connection.
    fn take(&mut self, conn: usize, asker: Side, id: &str) -> (bool, bool) {
        let known = &mut self.conns[conn];
        let at = known.cancelled.iter().position(|(side, other, ..)| *side == asker && other == id);
        if let Some(at) = at {
            let (_, _, edited, initialize) = known.cancelled.remove(at);
            return (edited, initialize);
        }
        let open = known.open.remove(&(asker, id.to_owned())).unwrap();
        (open.edited, open.initialize)
    }

    fn answer(
        &mut self,
        conn: usize,
        from: Side,
        id: &str,
        body: &str,
        version: Option<&'static str>,
    ) -> Fate {
        let held = self.conns[conn].open.get(&(from.other(), id.to_owned()));
        if held.is_some_and(|open| open.ticket.is_some())
            || !self.answerable(conn, from.other(), id)
        {
            self.say("drop Late".to_owned());
            return Fate::Stopped;
        }
        let (edited, initialize) = self.take(conn, from.other(), id);
        if initialize && version.is_some() {
            self.conns[conn].revision = version;
        }
        let place = version.is_some()
            || body.starts_with("\"result\":{") && !body.contains("\"content\":7");
        if edited && place { Fate::Noticed } else { Fate::Pass }
    }

    fn request(&mut self, conn: usize, from: Side, msg: &Msg, at: u64) -> Fate {
        self.calls += 1;
        let ticket = self.calls;
        let id = canonical(msg.id.0);
        let (mut initialize, mut version) = (false, None);
        if let Kind::Other { method, version: said } = &msg.kind {
            (initialize, version) = (*method == "initialize", *said);
        }
        let known = &mut self.conns[conn];
        if from == Side::Agent && !initialize && version.is_some() {
            known.revision = version;
        }
        known.cancelled.retain(|(side, other, ..)| *side != from || *other != id);
        let drop = if known.open.contains_key(&(from, id.clone())) {
            Some("drop Unanswerable")
        } else if from == Side::Server && known.revision == Some("2026-07-28") {
            Some("drop NotInRevision")
        } else {
            None
        };
        if let Some(drop) = drop {
            self.say(drop.to_owned());
            return Fate::Stopped;
        }
        // A server may call its tools what it likes: the policy is about the agent's calls.
        let judged = from == Side::Agent || !matches!(msg.kind, Kind::Call { .. });
        let ask = judged && self.setting.enforce && asks(&msg.kind);
        let deny = judged && self.setting.enforce && denies(&msg.kind);
        if known.closed.contains(&from.other()) || deny || ask && self.setting.deny_unattended {
            self.refuse(from, &id);
            return Fate::Stopped;
        }
        let open = Open { ticket: ask.then_some(ticket), edited: false, initialize, until: None };
        known.open.insert((from, id.clone()), open);
        if !ask {
            return Fate::Pass;
        }
        let token = from == Side::Agent && matches!(msg.kind, Kind::Call { token: true, .. });
        let deadline = at + self.patience(token) * 1000;
        let progress_at = (token && self.setting.extends).then_some(at + 10_000_000);
        let editable = matches!(msg.kind, Kind::Call { .. });
        self.tickets.insert(
            ticket,
            Ticket {
                conn,
                from,
                id,
                since: at,
                deadline,
                approved: None,
                edited: false,
                editable,
                progress_at,
            },
        );
        self.say(format!("hold {ticket} {deadline}"));
        Fate::Stopped
    }

    fn settle(&mut self, id: u64, how: &str) {
        let Some(ticket) = self.tickets.remove(&id) else { return };
        self.conns[ticket.conn].open.remove(&(ticket.from, ticket.id.clone()));
        self.say(format!("settle {id} {how}"));
        self.refuse(ticket.from, &ticket.id);
    }

    pub(crate) fn expire(&mut self, at: u64) {
        for id in self.tickets.keys().copied().collect::<Vec<_>>() {
            if self.tickets[&id].deadline <= at {
                self.settle(id, "TimedOut");
            }
        }
    }

    pub(crate) fn tick(&mut self, at: u64) {
        self.expire(at);
        for id in self.tickets.keys().copied().collect::<Vec<_>>() {
            let ticket = &self.tickets[&id];
            let alone = !self.ever_attended && ticket.approved.is_none();
            if alone && ticket.since + 20_000_000 <= at {
                self.settle(id, "Unattended");
            } else if ticket.progress_at.is_some_and(|due| due <= at) {
                self.tickets.get_mut(&id).unwrap().progress_at = Some(at + 10_000_000);
                self.say(format!("progress {id}"));
            }
        }
    }

    /// An answer; `fits`: its digest is that of what would be forwarded now.
    pub(crate) fn answered(&mut self, id: u64, fits: bool, answer: &str, at: u64, record: u64) {
        self.expire(at);
        let Some(ticket) =
            self.tickets.get_mut(&id).filter(|ticket| ticket.approved.is_none() && fits)
        else {
            return self.say(format!("rejected {id}"));
        };
        match answer {
            "allow" => {
                ticket.approved = Some(record);
                self.say("sync".to_owned());
            }
            "deny" => self.settle(id, "Denied"),
            "edit" if ticket.editable => {
                ticket.edited = true;
                self.say(format!("revise {id}"));
            }
            _ => self.say(format!("rejected {id}")),
        }
    }

    pub(crate) fn synced(&mut self, seq: u64, at: u64) {
        self.expire(at);
        for id in self.tickets.keys().copied().collect::<Vec<_>>() {
            if self.tickets[&id].approved.is_none_or(|record| record > seq) {
                continue;
            }
            let ticket = self.tickets.remove(&id).unwrap();
            let open = self.conns[ticket.conn].open.get_mut(&(ticket.from, ticket.id)).unwrap();
            open.ticket = None;
            open.edited = ticket.edited;
            self.say(format!("settle {id} Allowed"));
            let to = ticket.from.other();
            self.say(if ticket.edited { format!("edited {to}") } else { format!("forward {to}") });
        }
    }

    fn settle_all(&mut self, conn: usize, how: &str) {
        let all = self.tickets.iter().filter(|(_, ticket)| ticket.conn == conn);
        for id in all.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.tickets.remove(&id);
            self.say(format!("settle {id} {how}"));
        }
    }

    fn refuse_all(&mut self, conn: usize, asker: Side, which: impl Fn(&Open) -> bool) {
        if self.conns[conn].closed.contains(&asker) {
            return;
        }
        let open = self.conns[conn].open.clone();
        for (key, _) in open.into_iter().filter(|((side, _), open)| *side == asker && which(open)) {
            self.conns[conn].open.remove(&key);
            self.refuse(asker, &key.1);
        }
    }

    pub(crate) fn close(&mut self, conn: usize, side: Side) {
        let known = &mut self.conns[conn];
        if known.closed.contains(&side) {
            return;
        }
        known.closed.push(side);
        // An agent may end its input first and read on; a server at its end is gone.
        let reads_on = side == Side::Agent;
        known.open.retain(|(asker, _), open| *asker != side || reads_on && open.ticket.is_none());
        known.cancelled.retain(|(asker, ..)| *asker != side);
        self.settle_all(conn, "Closed");
        self.refuse_all(conn, side.other(), |_| true);
        let known = &mut self.conns[conn];
        if known.closed.len() == 2 {
            known.open.clear();
            known.cancelled.clear();
        }
        self.say(format!("close {}", side.other()));
    }

    pub(crate) fn resume(&mut self, conn: usize, sent: [u64; 2]) {
        self.settle_all(conn, "Interrupted");
        self.say("endline agent".to_owned());
        self.say("endline server".to_owned());
        for (side, sent) in [(Side::Agent, sent[0]), (Side::Server, sent[1])] {
            self.refuse_all(conn, side.other(), |open| open.until.is_none_or(|until| until > sent));
        }
        for open in self.conns[conn].open.values_mut() {
            open.until = Some(0);
        }
    }
}
