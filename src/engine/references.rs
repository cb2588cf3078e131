//! What definitions say of one another: of other servers' tools, and what one begins and the next one ends.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Kind, Subject};
use crate::engine::event::{ConnId, Facts};
use crate::engine::step::Engine;
use crate::inspect::Report;
use crate::inspect::foreign::foreign;

impl Engine {
    /// Looks for other servers' tools in definitions that are new or changed, and for new tools in what other servers say.
    pub(in crate::engine) fn inspect_references(
        &self,
        conn: ConnId,
        kind: Kind,
        fresh: &[(&str, &str)],
        facts: &mut Facts,
    ) {
        let Some(known) = self.state.conns.get(&conn).filter(|_| !fresh.is_empty()) else { return };
        let texts: Vec<&str> = fresh.iter().map(|(_, text)| *text).collect();
        for (at, report) in Report::of_row(&texts) {
            let Some((name, text)) = fresh.get(at) else { continue };
            let of = Subject { server: &known.identity, kind, name };
            self.tell_of((conn, of), text, &report, facts);
        }
        let others = self.state.catalog.tools_of_others(&known.identity);
        let named: BTreeMap<&str, String> =
            others.into_iter().map(|(name, server)| (name, self.server_name(server))).collect();
        if !named.is_empty() {
            for (name, text) in fresh {
                let of = Subject { server: &known.identity, kind, name };
                let server = |word: &str| named.get(word).map(String::as_str);
                self.tell_references((conn, of), text, server, facts);
            }
        }
        if kind == Kind::Tool {
            let tools: BTreeSet<&str> = fresh.iter().map(|(name, _)| *name).collect();
            for (of, text) in self.state.catalog.of_others(&known.identity) {
                let its = self.state.conns.iter().find(|(_, conn)| conn.identity == of.server);
                let Some((its, _)) = its else { continue };
                let own = |word: &str| {
                    let sibling = Subject::tool(of.server, word);
                    self.state.catalog.current(sibling).is_some()
                };
                let server = |word: &str| {
                    let is_it = tools.contains(word) && !own(word);
                    is_it.then_some(known.server.as_str())
                };
                self.tell_references((*its, of), text, server, facts);
            }
        }
    }

    fn tell_references<'n>(
        &self,
        (conn, of): (ConnId, Subject<'_>),
        text: &str,
        server: impl Fn(&str) -> Option<&'n str>,
        facts: &mut Facts,
    ) {
        self.tell_of((conn, of), text, &Report { found: foreign(text, server), score: 0 }, facts);
    }
}
