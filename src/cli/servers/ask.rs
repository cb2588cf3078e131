//! A server, started only to be asked what it has, over stdio and with a time limit: `initialize` or, where it knows no
//! handshake, `server/discover`, then its lists.

use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::agents::Launch;
use crate::catalog::{Introduction, Kind, Pin, Pins};
use crate::protocol::method;
use crate::proxy::peer;

/// All of it takes no longer: a first `npx` downloads, and agents wait about as long.
const LIMIT: Duration = Duration::from_mins(1);
/// Longest line: a hundred times what servers send.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Pages of a list: one that never ends is a mistake.
const PAGES_MAX: usize = 100;
/// A server ends by itself once its input is closed, or by a signal after this, and after that by force.
const END_LIMIT_MS: u32 = 2_000;
/// Of its stderr what is told when it fails, in bytes.
const LAST_WORDS_MAX: usize = 400;
/// How long the rest of it is waited for.
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(500);
/// The revision that is asked for; a server answers with its own.
const REVISION: &str = "2025-11-25";
/// The first revision without a handshake: what `initialize` said stands in each request's `_meta`.
const STATELESS: &str = "2026-07-28";
/// Members of that `_meta` (MCP 2026-07-28, basic, "Meta").
const META: [&str; 2] =
    ["io.modelcontextprotocol/clientCapabilities", "io.modelcontextprotocol/clientInfo"];

struct Server {
    child: Child,
    input: Option<ChildStdin>,
    /// What came and was not read as a line yet.
    buffer: Vec<u8>,
    last_words: Vec<u8>,
    until: Instant,
    requests: u64,
    /// What each request carries, once the server is one without a handshake.
    meta: Option<Value>,
}

/// A line of a server, as far as it is looked at.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<Value>,
    method: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Value>,
}

/// One page of any list.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    prompts: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "resourceTemplates")]
    templates: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    resources: Option<Vec<&'a RawValue>>,
    #[serde(rename = "nextCursor")]
    next: Option<String>,
}

/// The name of a definition.
#[derive(Deserialize)]
struct Named {
    name: Option<String>,
    #[serde(rename = "uriTemplate")]
    template: Option<String>,
    uri: Option<String>,
}

/// What a server is asked for beside what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum List {
    Tools,
    Prompts,
    Templates,
    Resources,
}

/// The lists whose definitions are pinned.
pub(in crate::cli) const PINNED: [List; 3] = [List::Tools, List::Prompts, List::Templates];
/// Every list.
pub(in crate::cli) const ALL: [List; 4] =
    [List::Tools, List::Prompts, List::Templates, List::Resources];

impl List {
    const fn method(self) -> &'static str {
        match self {
            Self::Tools => method::TOOLS_LIST,
            Self::Prompts => method::PROMPTS_LIST,
            Self::Templates => method::TEMPLATES_LIST,
            Self::Resources => method::RESOURCES_LIST,
        }
    }

    /// The capability of servers that have such a list; tools are asked for anyway.
    const fn capability(self) -> Option<&'static str> {
        match self {
            Self::Tools => None,
            Self::Prompts => Some("prompts"),
            Self::Templates | Self::Resources => Some("resources"),
        }
    }

    /// What one item of it is called.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Tools => "tool",
            Self::Prompts => "prompt",
            Self::Templates => "template",
            Self::Resources => "resource",
        }
    }

    const fn kind(self) -> Option<Kind> {
        match self {
            Self::Tools => Some(Kind::Tool),
            Self::Prompts => Some(Kind::Prompt),
            Self::Templates => Some(Kind::Template),
            Self::Resources => None,
        }
    }
}

/// One thing that a server says.
pub(in crate::cli) struct Said {
    /// The list that it is of; `None`: what it says of itself.
    pub(in crate::cli) list: Option<List>,
    /// Its name; `None` for what has none.
    pub(in crate::cli) name: Option<String>,
    /// As it was sent.
    pub(in crate::cli) text: String,
}

/// Starts a server in its folder, which is told from the agent's, and gives what it says of itself and has.
///
/// # Errors
/// In words, with the last that it wrote to its stderr.
pub(in crate::cli) fn said(
    launch: &Launch,
    cwd: &Path,
    lists: &[List],
) -> Result<Vec<Said>, String> {
    let folder = launch.folder.as_ref().map_or_else(|| cwd.to_owned(), |dir| cwd.join(dir));
    let mut server = Server::start(launch, &folder)?;
    let said = server.ask_all(lists);
    if said.is_err() {
        server.hear_out();
    }
    server.end();
    said.map_err(|why| {
        let words = String::from_utf8_lossy(&server.last_words);
        let words = words.trim();
        if words.is_empty() { why } else { format!("{why}; its stderr ends with: {words}") }
    })
}

/// What a server says, as pins without an approval.
pub(in crate::cli) fn pins(said: Vec<Said>) -> Pins {
    let mut pins = Pins::new();
    for Said { list, name, text } in said {
        let kind = list.map_or(Some(Kind::Server), List::kind);
        if let (Some(kind), Some(name)) = (kind, name) {
            let pin = Pin { text: Some(text), ..Pin::default() };
            pins.entry(kind).or_default().insert(name, pin);
        }
    }
    pins
}

impl Server {
    fn start(launch: &Launch, folder: &Path) -> Result<Self, String> {
        let (program, args) = launch.command.split_first().ok_or("its command is empty")?;
        let child = Command::new(program)
            .args(args)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what it starts ends with it.
            .process_group(0)
            .spawn();
        let mut child = child.map_err(|error| format!("it does not start: {error}"))?;
        let input = child.stdin.take();
        let until = Instant::now() + LIMIT;
        let (buffer, last_words) = (Vec::new(), Vec::new());
        Ok(Self { child, input, buffer, last_words, until, requests: 0, meta: None })
    }

    fn ask_all(&mut self, lists: &[List]) -> Result<Vec<Said>, String> {
        let answer = self.introduction()?;
        let says = Introduction::read(&answer).ok_or("what it says of itself is no object")?;
        let mut said = vec![Said { list: None, name: Some(String::new()), text: says.text() }];
        let can = says.capabilities.map(RawValue::get).unwrap_or_default();
        let can: Value = serde_json::from_str(can).unwrap_or_default();
        let has = |list: &&List| list.capability().is_none_or(|what| can.get(what).is_some());
        for list in lists.iter().filter(has) {
            self.list(*list, &mut said)?;
        }
        Ok(said)
    }

    /// What it says of itself, in the era that it knows.
    fn introduction(&mut self) -> Result<String, String> {
        let client = json!({ "name": "tollgate", "version": env!("CARGO_PKG_VERSION") });
        let hello = json!({
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": client
        });
        let refused = match self.request(method::INITIALIZE, &hello) {
            Ok(Some(answer)) => {
                self.send(&json!({ "jsonrpc": "2.0", "method": method::INITIALIZED }))?;
                return Ok(answer);
            }
            Ok(None) => "it does not know initialize".to_owned(),
            Err(why) => why,
        };
        let [capabilities, info] = META;
        self.meta = Some(json!({ method::VERSION_KEY: STATELESS, capabilities: {}, info: client }));
        // Whoever knows neither says so of the first.
        self.request(method::DISCOVER, &json!({})).ok().flatten().ok_or(refused)
    }

    /// All pages of a list; nothing where the server does not know it.
    fn list(&mut self, list: List, said: &mut Vec<Said>) -> Result<(), String> {
        let method = list.method();
        let mut params = json!({});
        for _ in 0..PAGES_MAX {
            let Some(answer) = self.request(method, &params)? else { return Ok(()) };
            let page: Page<'_> = serde_json::from_str(&answer)
                .map_err(|error| format!("its answer to {method} cannot be read: {error}"))?;
            let items = match list {
                List::Tools => page.tools,
                List::Prompts => page.prompts,
                List::Templates => page.templates,
                List::Resources => page.resources,
            };
            for text in items.unwrap_or_default() {
                let named = serde_json::from_str::<Named>(text.get()).ok();
                let name = named.and_then(|named| match list {
                    List::Tools | List::Prompts => named.name,
                    List::Templates => named.template,
                    List::Resources => named.uri,
                });
                said.push(Said { list: Some(list), name, text: text.get().to_owned() });
            }
            let Some(next) = page.next else { return Ok(()) };
            params = json!({ "cursor": next });
        }
        Err(format!("its answer to {method} has more than {PAGES_MAX} pages"))
    }

    /// The result's text; `None` where it does not know the method.
    fn request(&mut self, method: &str, params: &Value) -> Result<Option<String>, String> {
        self.requests += 1;
        let id = self.requests;
        let mut params = params.clone();
        if let (Some(meta), Some(params)) = (&self.meta, params.as_object_mut()) {
            params.insert("_meta".to_owned(), meta.clone());
        }
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let line = self.line(method)?;
            // What is no message is noise, as agents take it.
            let Ok(said) = serde_json::from_slice::<Line<'_>>(&line) else { continue };
            if let (Some(asked), Some(theirs)) = (&said.method, &said.id) {
                self.answer(asked, theirs)?;
                continue;
            }
            if said.id != Some(json!(id)) {
                continue;
            }
            let unknown = said.error.as_ref().is_some_and(|error| error["code"] == -32601);
            return match (said.result, said.error) {
                (Some(result), _) => Ok(Some(result.get().to_owned())),
                (None, _) if unknown => Ok(None),
                (None, error) => Err(format!("it refuses {method}: {}", error.unwrap_or_default())),
            };
        }
    }

    /// Answers what a server asks: that somebody is here, and that nothing else can be done.
    fn answer(&mut self, asked: &str, id: &Value) -> Result<(), String> {
        if asked == method::PING {
            return self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": {} }));
        }
        let error = json!({ "code": -32601, "message": "only its lists are read" });
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "error": error }))
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("it is ended")?;
        match input.write_all(format!("{message}\n").as_bytes()) {
            // It ended: reading says so, and it may have answered before.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| format!("it takes nothing: {error}")),
        }
    }

    /// The next line that it writes.
    fn line(&mut self, method: &str) -> Result<Vec<u8>, String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
            if self.buffer.len() > LINE_BYTES_MAX {
                return Err(format!(
                    "its answer to {method} is longer than {LINE_BYTES_MAX} bytes"
                ));
            }
            self.wait(method)?;
        }
    }

    /// Waits for something to read, and reads it.
    fn wait(&mut self, method: &str) -> Result<(), String> {
        let left = self.until.saturating_duration_since(Instant::now());
        let late = || format!("no answer to {method} in {} s", LIMIT.as_secs());
        let output = self.child.stdout.as_mut().ok_or("it has no output")?;
        let mut fds = vec![PollFd::new(output, PollFlags::IN)];
        if let Some(errors) = &self.child.stderr {
            fds.push(PollFd::new(errors, PollFlags::IN));
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => return Err(late()),
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(format!("it cannot be waited for: {error}")),
            Ok(_) if left.is_zero() => return Err(late()),
            Ok(_) => {}
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut piece = vec![0; 64 * 1024];
        // Nobody else reads these pipes, so what is ready does not block.
        if ready.get(1) == Some(&true) {
            self.read_errors(&mut piece);
        }
        if ready.first() == Some(&true)
            && let Some(output) = &mut self.child.stdout
        {
            let size = output.read(&mut piece).map_err(|error| format!("read it: {error}"))?;
            if size == 0 {
                return Err(format!("it ended instead of answering {method}"));
            }
            self.buffer.extend(piece.iter().take(size));
        }
        Ok(())
    }

    /// Reads what is ready of its stderr, and keeps the end of that.
    fn read_errors(&mut self, piece: &mut [u8]) {
        let Some(errors) = &mut self.child.stderr else { return };
        let size = errors.read(piece).unwrap_or_default();
        if size == 0 {
            self.child.stderr = None;
        }
        self.last_words.extend(piece.iter().take(size));
        let excess = self.last_words.len().saturating_sub(LAST_WORDS_MAX);
        self.last_words.drain(..excess);
    }

    /// Reads the rest of its stderr, of one that ended all of it; one that goes on writing is not heard for long.
    fn hear_out(&mut self) {
        let until = Instant::now() + LAST_WORDS_LIMIT;
        let mut piece = vec![0; 64 * 1024];
        while let Some(errors) = &self.child.stderr {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
            let ready = poll(&mut [PollFd::new(errors, PollFlags::IN)], Some(&timeout));
            if left.is_zero() || !ready.is_ok_and(|ready| ready > 0) {
                return;
            }
            self.read_errors(&mut piece);
        }
    }

    /// Closes its input, then ends it and all that it started.
    fn end(&mut self) {
        self.input = None;
        self.child.stdout = None;
        self.child.stderr = None;
        let pid = self.child.id();
        let group = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let ended = peer::open(pid).is_ok_and(|handle| peer::wait_end(handle, END_LIMIT_MS));
        // Whoever is gone needs no signal.
        if let Some(group) = group {
            kill_process_group(group, Signal::TERM).ok();
        }
        let ended =
            ended || peer::open(pid).is_ok_and(|handle| peer::wait_end(handle, END_LIMIT_MS));
        if let Some(group) = group.filter(|_| !ended) {
            kill_process_group(group, Signal::KILL).ok();
        }
        self.child.wait().ok();
    }
}
