//! What tools say of their arguments and answers, and how large earlier arguments were.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::inspect::schema::Schema;
use crate::inspect::size::History;

/// Tools of which is kept what they say, and how large their calls were; of more nothing is.
const TOOLS_MAX: usize = 1024;
/// Longer names are kept nothing of: a name is any text of any length.
const NAME_BYTES_MAX: usize = 256;

/// The schemas of one tool.
#[derive(Debug, Default)]
pub(in crate::engine) struct Shape {
    /// The definition that they were read of.
    definition: String,
    /// Of its arguments; `None`: it has none that can be read.
    pub(in crate::engine) input: Option<Schema>,
    /// Of its structured answers.
    pub(in crate::engine) output: Option<Schema>,
}

/// Those of all tools that were called, by server and tool. What can be made again is no part of the state.
#[derive(Debug, Default)]
pub(in crate::engine) struct Shapes {
    read: BTreeMap<String, BTreeMap<String, Shape>>,
    count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
    #[serde(borrow)]
    output_schema: Option<&'a RawValue>,
}

impl Shapes {
    /// What a tool says, read once for each definition.
    pub(in crate::engine) fn of(
        &mut self,
        server: &str,
        tool: &str,
        definition: &str,
    ) -> Option<&Shape> {
        let known = self.read.get(server).and_then(|tools| tools.get(tool));
        if known.is_none_or(|known| known.definition != definition) {
            let fits = server.len() <= NAME_BYTES_MAX && tool.len() <= NAME_BYTES_MAX;
            if known.is_none() && (!fits || self.count >= TOOLS_MAX) {
                return None;
            }
            self.count += usize::from(known.is_none());
            let said = serde_json::from_str::<Said<'_>>(definition).ok();
            let schema = |raw: Option<&RawValue>| Schema::compile(raw?.get()).ok();
            let shape = Shape {
                definition: definition.to_owned(),
                input: said.as_ref().and_then(|said| schema(said.input_schema)),
                output: said.as_ref().and_then(|said| schema(said.output_schema)),
            };
            self.read.entry(server.to_owned()).or_default().insert(tool.to_owned(), shape);
        }
        self.read.get(server)?.get(tool)
    }
}

/// How large the arguments of earlier calls were, by server and tool.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::engine) struct Histories {
    of: BTreeMap<String, BTreeMap<String, History>>,
    count: usize,
}

impl Histories {
    /// Those of one tool.
    pub(in crate::engine) fn of(&self, server: &str, tool: &str) -> Option<&History> {
        self.of.get(server)?.get(tool)
    }

    /// Counts a call that goes on, or waits to.
    pub(in crate::engine) fn push(&mut self, server: &str, tool: &str, bytes: usize) {
        let known = self.of.get_mut(server).and_then(|tools| tools.get_mut(tool));
        if let Some(history) = known {
            history.push(bytes as u64);
        } else if server.len() <= NAME_BYTES_MAX
            && tool.len() <= NAME_BYTES_MAX
            && self.count < TOOLS_MAX
        {
            self.count += 1;
            let tools = self.of.entry(server.to_owned()).or_default();
            tools.entry(tool.to_owned()).or_default().push(bytes as u64);
        }
    }
}
