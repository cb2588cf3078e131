//! Definitions that are not what they are to be: what is said of calls, and what an operator says of them.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

use crate::catalog::{Change, Drift, Kind, News, Standing, Subject, Trust};
use crate::engine::effect::Effect;
use crate::engine::event::{At, ConnId, Ruled, Severity};
use crate::engine::step::{Engine, Out};
use crate::policy::{Decision, DriftMode, Handling, Phase, Policy, Reason, Risk, Verdict};
use crate::protocol::{Side, method};

/// The rule of everything here.
pub(in crate::engine) const DRIFT: &str = "builtin.drift";
/// How a reason begins that blocks a changed tool (features.md, F3).
pub(in crate::engine) const RUG_PULL: &str = "Rug-pull detected:";
/// Changes that a reason tells; the record has them all.
const TOLD_MAX: usize = 3;

impl Engine {
    /// What holds for the definitions of this connection's server.
    pub(in crate::engine) fn handling(&self, conn: ConnId, server: &str) -> Handling {
        let all = self.policies(conn).map(|policy| policy.handling(server));
        all.reduce(Handling::stricter).unwrap_or_default()
    }

    pub(in crate::engine) fn definitions_phase(&self, conn: ConnId) -> Phase {
        self.policies(conn).map(Policy::definitions_phase).max().unwrap_or(Phase::Enforce)
    }

    /// What is said of a request that uses a definition which is not what it is to be, or a server that is not.
    pub(in crate::engine) fn drifted(
        &self,
        conn: ConnId,
        kind: Kind,
        name: &str,
    ) -> Option<Decision> {
        let known = self.state.conns.get(&conn)?;
        let (server, catalog) = (known.identity.as_str(), &self.state.catalog);
        if catalog.is_unknown(server) {
            let why = "What this server's tools are to be is not known: its pins cannot be read, or its tools are too \
                       many or too long to be kept (the log says which).";
            return Some(self.says(conn, Verdict::Ask, why.to_owned()));
        }
        let handling = self.handling(conn, &known.server);
        let of = |kind, name| {
            let drift = catalog.drift(Subject { server, kind, name })?;
            let (verdict, why) = judged(&drift, kind, name, handling, self.at)?;
            Some(self.says(conn, verdict, why))
        };
        match (of(kind, name), of(Kind::Identity, "")) {
            (Some(mut used), Some(started)) => {
                used.add(started);
                Some(used)
            }
            (used, started) => used.or(started),
        }
    }

    /// The same of a resource, whose template is found by its address.
    pub(in crate::engine) fn drifted_resource(
        &self,
        conn: ConnId,
        params: &[u8],
    ) -> Option<Decision> {
        #[derive(Deserialize)]
        struct Address<'a> {
            #[serde(borrow)]
            uri: Cow<'a, str>,
        }
        let address = serde_json::from_slice(params).ok().map(|Address { uri }| uri);
        let server = self.state.conns.get(&conn)?.identity.as_str();
        let used = self.state.catalog.drifted_templates(server, address.as_deref());
        let said = used.filter_map(|template| self.drifted(conn, Kind::Template, template));
        said.reduce(|mut all, one| {
            all.add(one);
            all
        })
    }

    /// Takes in what was started. It holds nothing: calls ask where it is not what it is to be.
    pub(in crate::engine) fn identified(
        &mut self,
        (conn, server): (ConnId, &str),
        identity: &str,
        text: &str,
        out: &mut Out,
    ) {
        let of = Subject { server: identity, kind: Kind::Identity, name: "" };
        let Some(seen) = self.observe(of, text, self.handling(conn, server)) else { return };
        if seen.news == News::Drifted {
            let changes = told(&seen.changes);
            let what = format!("{server} is another program than before{changes}");
            out.find(DRIFT, Severity::High, what);
        }
        out.facts.get_or_insert_default().catalog.push(seen);
    }

    fn says(&self, conn: ConnId, verdict: Verdict, why: String) -> Decision {
        let phase = self.definitions_phase(conn);
        Decision {
            verdict,
            risk: Risk::High,
            reasons: vec![Reason { rule: DRIFT.to_owned(), why, verdict }],
            phase,
            acts: phase.acting(verdict),
            show: Vec::new(),
        }
    }

    /// An operator says something of a definition, as it was shown. Calls that wait stay: each has an answer of its
    /// own.
    pub(in crate::engine) fn rule(&mut self, ruled: &Ruled, out: &mut Out) {
        let Ruled { server, kind, name, fingerprint, ruling, by: _ } = ruled;
        let conns = self.state.conns.values().filter(|conn| conn.server == *server);
        let identities: Vec<String> = conns.map(|conn| conn.identity.clone()).collect();
        let mut taken = false;
        for identity in identities {
            let of = Subject { server: &identity, kind: *kind, name };
            taken |= self.state.catalog.rule(of, fingerprint, *ruling, self.at.0);
        }
        if taken {
            self.list_again(server, *kind, out);
        } else {
            let what = format!("{server}.{name} is not what was shown any more: look at it again");
            out.find(DRIFT, Severity::Low, what);
        }
    }

    /// Tells the agent to ask for this server's list again: what it was shown is not what it may use now. The
    /// stateless era has no such word out of turn.
    fn list_again(&mut self, server: &str, kind: Kind, out: &mut Out) {
        let method = match kind {
            Kind::Tool => method::TOOLS_CHANGED,
            Kind::Prompt => method::PROMPTS_CHANGED,
            Kind::Template | Kind::Server | Kind::Identity => return,
        };
        let conns = self.state.conns.iter();
        let open: Vec<ConnId> = conns
            .filter(|(_, conn)| conn.server == server && !conn.agent.closed && !conn.modern())
            .map(|(id, _)| *id)
            .collect();
        for conn in open {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
            let permit = self.state.permit(conn, Side::Agent, Bytes::from(line));
            out.push(Effect::Originate { permit, what: "list-changed" });
        }
    }
}

/// What is said of a use of it, and why; `None`: nothing.
fn judged(
    drift: &Drift<'_>,
    kind: Kind,
    name: &str,
    handling: Handling,
    at: At,
) -> Option<(Verdict, String)> {
    let what = if kind == Kind::Identity { "This server" } else { "Its definition" };
    let changes = told(drift.changes);
    let now = drift.fingerprint.short();
    Some(match (drift.standing, handling.drift) {
        (Standing::Pinned, _) => return None,
        (Standing::Refused, _) => {
            (Verdict::Deny, format!("{what} was refused by an operator (it is {now}){changes}."))
        }
        (Standing::New, _) if handling.trust == Trust::Locked => {
            (Verdict::Deny, format!("Nobody approved it (it is {now}), and its server is locked."))
        }
        (Standing::New, _) => {
            (Verdict::Ask, format!("Nobody approved {name} yet (it is {now}){changes}."))
        }
        (Standing::Staged, _) => {
            let until = At(drift.since_us.unwrap_or_default()).plus_ms(handling.grace_ms);
            if at < until {
                (Verdict::Mark, format!("{what} changed and is let pass for a while{changes}."))
            } else {
                let over = "and the time to look at it is over";
                (Verdict::Deny, format!("{what} changed (it is {now} now), {over}{changes}."))
            }
        }
        (Standing::Drifted, _) if !drift.matters => return None,
        (Standing::Drifted, DriftMode::Block) if kind == Kind::Identity => (
            Verdict::Deny,
            format!("{what} is not what was first seen (it is {now} now){changes}."),
        ),
        (Standing::Drifted, DriftMode::Block) => {
            (Verdict::Deny, format!("{RUG_PULL} {name} definition changed{changes}."))
        }
        (Standing::Drifted, DriftMode::ServePinned | DriftMode::Stage) => {
            (Verdict::Ask, format!("{what} is not what was first seen (it is {now} now){changes}."))
        }
    })
}

/// The first changes, with what was there and what is there now. It begins with a colon, or is empty.
pub(in crate::engine) fn told(changes: &[Change]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let few = changes.iter().take(TOLD_MAX).map(|change| {
        let Change { what, .. } = change;
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{what} ({before} is now {after})"),
            (None, Some(after)) => format!("{what} ({after})"),
            (Some(_) | None, None) => what.clone(),
        }
    });
    let few = few.collect::<Vec<_>>().join("; ");
    let more = changes.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!(": {few}{more}")
}
