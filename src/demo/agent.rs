//! The scripted agent: an MCP client that starts the servers of a configuration and plays the story.
//! It knows nothing of Tollgate; what stands between it and its servers is the configuration's affair.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::demo::story::{Call, Scene};
use crate::protocol::method::TOOLS_CHANGED;

/// What the agent is started with: the shape that most agents' configurations have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Config {
    /// By name.
    #[serde(rename = "mcpServers")]
    pub servers: BTreeMap<String, ServerCommand>,
}

/// How a server is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerCommand {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// How fast the story is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So that a person can follow.
    Full,
    /// Without thinking.
    Quick,
}

/// How a call ended for the agent. Printed as one JSON line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The server's name.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// Whether the result is an error.
    pub failed: bool,
    /// The result's text.
    pub text: String,
    /// Which call ended first, second, … of its scene, from 0.
    pub place: usize,
}

/// Why the agent gave up.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A server is not in the configuration.
    #[error("find the server {0} in the configuration")]
    NoServer(String),
    /// A server cannot be started or written to.
    #[error("talk to the server {server}: {source}")]
    Server {
        /// Which.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// A server closed its output before it answered.
    #[error("get an answer from the server {0}: it is gone")]
    Gone(String),
    /// Nothing came for a long time.
    #[error("get an answer in {0:?}")]
    Silent(Duration),
    /// The agent's own output.
    #[error("write to stdout: {0}")]
    Output(io::Error),
    /// The story itself is broken.
    #[error("read the story: {0}")]
    Story(serde_json::Error),
}

/// Longer than any ticket waits.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long servers may take to end; agents give them a few seconds.
const FAREWELL: Duration = Duration::from_secs(5);
/// Lines of all servers that wait to be read; a server that floods is stopped by its own pipe.
const INBOX: usize = 64;

/// Plays the scenes and prints each call's [`End`]; ends its servers as most agents do, by closing
/// their stdin.
///
/// # Errors
/// When a server is missing, cannot be started, or leaves a request without an answer.
pub fn play(
    config: &Config,
    scenes: &[Scene],
    pace: Pace,
    mut out: impl Write,
) -> Result<(), AgentError> {
    let mut agent = Agent::start(config)?;
    for scene in scenes {
        if pace == Pace::Full {
            std::thread::sleep(Duration::from_millis(scene.think_ms));
        }
        for end in agent.scene(scene.calls)? {
            let line = serde_json::to_string(&end).map_err(AgentError::Story)?;
            writeln!(out, "{line}").and_then(|()| out.flush()).map_err(AgentError::Output)?;
        }
    }
    agent.stop();
    Ok(())
}

struct Agent {
    servers: BTreeMap<String, Server>,
    inbox: Receiver<(String, Option<Value>)>,
    next_id: u64,
    /// Servers that said that their list is another one now.
    changed: BTreeSet<String>,
}

struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Agent {
    fn start(config: &Config) -> Result<Self, AgentError> {
        let (sender, inbox) = sync_channel(INBOX);
        let changed = BTreeSet::new();
        let mut agent = Self { servers: BTreeMap::new(), inbox, next_id: 0, changed };
        for (name, command) in &config.servers {
            let server = Server::start(name, command, sender.clone())
                .map_err(|source| AgentError::Server { server: name.clone(), source })?;
            agent.servers.insert(name.clone(), server);
        }
        for name in config.servers.keys() {
            let hello = json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": "demo-agent", "version": env!("CARGO_PKG_VERSION") },
            });
            let id = agent.request(name, "initialize", &hello)?;
            agent.answer(id)?;
            let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
            agent.send(name, &initialized)?;
            let id = agent.request(name, "tools/list", &json!({}))?;
            agent.answer(id)?;
        }
        Ok(agent)
    }

    /// Asks again for the lists that changed, sends all calls, then takes the answers as they come.
    fn scene(&mut self, calls: &[Call]) -> Result<Vec<End>, AgentError> {
        while let Some(server) = self.changed.pop_first() {
            let id = self.request(&server, "tools/list", &json!({}))?;
            self.answer(id)?;
        }
        let mut open = BTreeMap::new();
        for call in calls {
            let arguments: Value =
                serde_json::from_str(call.arguments).map_err(AgentError::Story)?;
            let params = json!({ "name": call.tool, "arguments": arguments });
            open.insert(self.request(call.server, "tools/call", &params)?, call);
        }
        let mut ends = Vec::new();
        while !open.is_empty() {
            let (id, message) = self.next()?;
            let Some(call) = open.remove(&id) else { continue };
            let result = message.get("result");
            let flag = |value: &Value| value.get("isError").and_then(Value::as_bool);
            let text = result.and_then(|result| result.pointer("/content/0/text"));
            ends.push(End {
                server: call.server.to_owned(),
                tool: call.tool.to_owned(),
                failed: result.is_none_or(|result| flag(result).unwrap_or(false)),
                text: text.and_then(Value::as_str).unwrap_or_default().to_owned(),
                place: ends.len(),
            });
        }
        Ok(ends)
    }

    fn request(&mut self, server: &str, method: &str, params: &Value) -> Result<u64, AgentError> {
        let id = self.next_id;
        self.next_id += 1;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(server, &message)?;
        Ok(id)
    }

    fn send(&mut self, server: &str, message: &Value) -> Result<(), AgentError> {
        let no_server = || AgentError::NoServer(server.to_owned());
        let stdin = self.servers.get_mut(server).and_then(|server| server.stdin.as_mut());
        let stdin = stdin.ok_or_else(no_server)?;
        writeln!(stdin, "{message}")
            .and_then(|()| stdin.flush())
            .map_err(|source| AgentError::Server { server: server.to_owned(), source })
    }

    fn answer(&mut self, wanted: u64) -> Result<Value, AgentError> {
        loop {
            let (id, message) = self.next()?;
            if id == wanted {
                return Ok(message);
            }
        }
    }

    /// The next response; other messages are passed over.
    fn next(&mut self) -> Result<(u64, Value), AgentError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (server, message) = self.inbox.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => AgentError::Silent(PATIENCE),
                RecvTimeoutError::Disconnected => AgentError::Gone("all".to_owned()),
            })?;
            let message = message.ok_or_else(|| AgentError::Gone(server.clone()))?;
            if message.get("method").and_then(Value::as_str) == Some(TOOLS_CHANGED) {
                self.changed.insert(server);
            }
            let id = message.get("id").and_then(Value::as_u64);
            if let (Some(id), None) = (id, message.get("method")) {
                return Ok((id, message));
            }
        }
    }

    /// Closes every stdin, waits for every stdout to end, and kills what is left.
    fn stop(&mut self) {
        for server in self.servers.values_mut() {
            server.stdin = None;
        }
        let until = Instant::now() + FAREWELL;
        let left = || until.saturating_duration_since(Instant::now());
        while self.inbox.recv_timeout(left()).is_ok() {}
        for server in self.servers.values_mut() {
            // One that ended is not killed; one that cannot be waited for is none of ours any more.
            server.child.kill().ok();
            server.child.wait().ok();
        }
    }
}

impl Server {
    fn start(
        name: &str,
        command: &ServerCommand,
        inbox: SyncSender<(String, Option<Value>)>,
    ) -> io::Result<Self> {
        let mut child = Command::new(&command.command)
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let name = name.to_owned();
        // Ends with the server's stdout, or when nobody listens any more.
        std::thread::Builder::new().name(format!("from {name}")).spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str(&line) else { continue };
                if inbox.send((name.clone(), Some(message))).is_err() {
                    return;
                }
            }
            inbox.send((name, None)).ok();
        })?;
        Ok(Self { child, stdin })
    }
}
