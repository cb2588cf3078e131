//! The folders that a server's paths may lead to: the agent's project, what the server was started with, and what the agent
//! says of itself ([`roots/list`](https://modelcontextprotocol.io/specification/2025-11-25/client/roots)).

use serde::Deserialize;

use crate::engine::event::ConnId;
use crate::engine::step::Engine;
use crate::inspect::places::{Roots, folder};
use crate::protocol::jsonrpc::Message;

/// Where a server starts, and the folders on its command line, which whoever configured it meant it to have.
pub(in crate::engine) fn of_start<'a>(folder: Option<&'a str>, command: &'a [String]) -> Roots {
    let value = |word: &'a str| word.split_once('=').map_or(word, |(_, value)| value);
    let words = command.iter().skip(1).map(|word| value(word));
    let named = words.filter(|word| word.starts_with('/'));
    // Without a project's folder a relative path leads nowhere that is known, and neither does anything else.
    let Some(folder) = folder.filter(|folder| *folder != "/") else { return Roots::default() };
    let all: Vec<&str> = [folder].into_iter().chain(named).collect();
    Roots::new(&all, None)
}

#[derive(Deserialize)]
struct Answer {
    roots: Vec<Root>,
}

#[derive(Deserialize)]
struct Root {
    uri: String,
}

impl Engine {
    /// Takes in which folders the agent works in, beside those that are known: nobody said that these are none of it.
    pub(in crate::engine) fn take_roots(&mut self, conn: ConnId, line: &[u8], message: &Message) {
        let Some(known) = self.state.conns.get_mut(&conn) else { return };
        let result = message.result.clone().and_then(|span| line.get(span));
        let Some(answer) = result.and_then(|text| serde_json::from_slice::<Answer>(text).ok())
        else {
            return;
        };
        let said: Vec<String> = answer.roots.iter().filter_map(|root| folder(&root.uri)).collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        known.roots = known.roots.with(&said);
    }
}
