//! What gate, shim, console and commands say to each other: one JSON object a line over the gate's
//! Unix socket, tagged by its kind. [`WIRE`] changes with any change that an older peer would misread.
//!
//! A connection begins with the client's [`Hello`] and the gate's [`ToConsole::Welcome`]; what follows depends on
//! who said hello. Payloads never travel here: consoles read the journals, whose paths and lengths they
//! are told; the one that does is what an operator asked to see with its secrets. **The right to answer travels nowhere**: it is a property of a connection, kept by the gate.

use serde::{Deserialize, Serialize};

use crate::protocol::Side;

/// Version of this vocabulary.
pub const WIRE: u32 = 3;
/// Longest line on the socket, in bytes: an edited call's arguments are the largest thing sent.
pub const LINE_BYTES_MAX: usize = 80 * 1024 * 1024;

/// Which binary speaks: `0.1.0`, and when the file was written, to tell newer from older.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The crate's version.
    pub version: String,
    /// The binary's modification time in seconds since the Unix epoch.
    pub built_at: u64,
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{:x}", self.version, self.built_at)
    }
}

/// The first line of a connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// [`WIRE`] of the speaker.
    pub wire: u32,
    /// The speaker's build.
    pub build: Build,
    /// What it wants to be.
    pub role: Role,
}

/// Who says hello.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A shim, with its descriptors beside this line: agent in, agent out, agent err, server in,
    /// server out, server err, the server's pidfd.
    Shim(Box<ShimHello>),
    /// A console that watches and, if it may, answers.
    Console(ConsoleHello),
    /// One request of the command line; the answer is one [`Reply`].
    Command(Command),
}

/// What a shim brings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShimHello {
    /// `--server`.
    pub server: String,
    /// `--session`.
    #[serde(default)]
    pub session: Option<String>,
    /// `--policy`: a shipped policy's name or a file's absolute path.
    #[serde(default)]
    pub policy: Option<String>,
    /// `--unattended`: `deny` or `ask`.
    #[serde(default)]
    pub unattended: Option<String>,
    /// `--role`; counts only in a folder of its own.
    #[serde(default)]
    pub role: Option<String>,
    /// The server's command line.
    pub command: Vec<String>,
    /// The server's process.
    pub server_pid: u32,
    /// Set when a gate died under this shim.
    #[serde(default)]
    pub resume: Option<Resume>,
}

/// Where a shim was before its gate died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The session's name.
    pub session: String,
    /// The connection within it.
    pub conn: u32,
}

/// A shim to its gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromShim {
    /// Are you there?
    Ping {
        /// Counts up.
        n: u64,
    },
    /// The server's process ended.
    ServerExited {
        /// Its exit code, or 128 and the signal.
        code: i32,
    },
    /// The agent ends us by this signal.
    Signalled {
        /// `SIGINT`, …
        name: String,
    },
}

/// A gate to its shim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToShim {
    /// The descriptors are taken over.
    Welcome {
        /// The session that the shim belongs to.
        session: String,
        /// Its connection in it.
        conn: u32,
        /// Whether this recording is the first of this home: then the shim says so on stderr, once.
        #[serde(default)]
        notice: Option<String>,
    },
    /// Nothing was taken over: the shim refuses all requests itself. Behind a welcome: nothing can be recorded
    /// any more, so the shim ends.
    Refused {
        /// In words.
        why: String,
    },
    /// Still here: the session's own thread says so.
    Pong {
        /// The ping's number.
        n: u64,
    },
    /// Close your copy of this end, so that the other process sees its end of file.
    CloseCopy {
        /// The server's stdin or the agent's stdout.
        side: Side,
    },
    /// Everything is flushed and recorded: exit.
    Finish,
}

/// What a console asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConsoleHello {
    /// Whether it wants to answer, or only to watch.
    pub answer: bool,
    /// The terminal's name, for the other consoles: `pts/3`.
    pub tty: String,
}

/// A console to the gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromConsole {
    /// The answer to a ticket.
    Answer(AnswerLine),
    /// Show a waiting call with its secrets; it is recorded.
    Reveal(RevealLine),
    /// Do something to whole sessions.
    Control(ControlLine),
    /// Ask the console that may answer to let this one answer too.
    RequestRight,
    /// Let that console answer too.
    Grant {
        /// Its number.
        console: u32,
    },
}

/// An answer, bound to the bytes that the operator saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnswerLine {
    /// The session's name.
    pub session: String,
    /// The ticket's number.
    pub ticket: u64,
    /// The digest that was shown.
    pub digest: String,
    /// The answer.
    pub answer: AnswerWord,
    /// The code that the card shows, needed for high risk and on the command line from medium on.
    #[serde(default)]
    pub code: Option<String>,
    /// Set on an allow of a call that the operator said not to have read to its end; it is recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

/// A waiting call that is to be shown with its secrets, as it was shown without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealLine {
    /// The session's name.
    pub session: String,
    /// The ticket's number.
    pub ticket: u64,
    /// The digest that was shown.
    pub digest: String,
}

/// What the operator answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerWord {
    /// Forward it.
    Allow {},
    /// Refuse it.
    Deny {
        /// The operator's words to the agent.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The same answer for this call and for all like it.
    Remember {
        /// Whether they go on, or are refused.
        allow: bool,
        /// Which are like it, as the JSON text of a scope; `None`: those with the same arguments.
        #[serde(default)]
        scope: Option<String>,
        /// How long: `minutes`, `session`, `unchanged`.
        lifetime: String,
        /// The operator's words.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Put other arguments in.
    Edit {
        /// A JSON object's text.
        arguments: String,
    },
}

/// What an operator does to whole sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlLine {
    /// The session's name; `None`: all that run, and for a hold those that begin while it is on.
    #[serde(default)]
    pub session: Option<String>,
    /// What.
    pub control: ControlWord,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlWord {
    /// Hold calls that would go on, instead of what was held before.
    Hold {
        /// Which, as the operator said it.
        filter: String,
        /// The same as a condition of a rule.
        when: String,
    },
    /// Hold them no more: those that only waited for it go on.
    Unhold {},
    /// Hold every call.
    Pause {},
    /// Let them go on.
    Resume {},
    /// Something is said of a definition, in this session and in later ones.
    Rule {
        /// Its server.
        server: String,
        /// Of what: `tool`, `prompt`, `template`, `server`, `identity`.
        kind: String,
        /// Its name.
        name: String,
        /// The fingerprint of what was shown.
        fingerprint: String,
        /// What: `approve`, `refuse`, `stage`, `unpin`.
        ruling: String,
    },
    /// What the policy's file says now holds in this session.
    Confirm {
        /// SHA-256 of the text that was shown, as 64 hex digits.
        digest: String,
    },
    /// A remembered answer is taken back, in every session.
    Forget {
        /// Its name.
        id: String,
    },
    /// End the session: its servers end, what waits is refused.
    Stop {},
    /// End one server of the session: what waits for it is refused, the others go on.
    StopServer {
        /// What the agent calls it.
        server: String,
    },
}

/// The gate to a console. State, not history: each line replaces what it says again, so a slow console
/// only ever misses intermediate values.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToConsole {
    /// First line.
    Welcome {
        /// This console's number.
        console: u32,
        /// The gate's build.
        build: Build,
        /// The gate's process.
        pid: u32,
    },
    /// The connection is refused; it closes after this.
    Refused {
        /// In words.
        why: String,
    },
    /// Who is attached and who may answer.
    Consoles {
        /// All of them.
        consoles: Vec<ConsoleLine>,
    },
    /// A session began, grew or ended.
    Session(SessionLine),
    /// The codes of this session's waiting tickets; only to consoles that may answer.
    Codes {
        /// The session's name.
        session: String,
        /// Ticket and code.
        codes: Vec<(u64, String)>,
    },
    /// An answer was not taken.
    NotTaken {
        /// The session's name.
        session: String,
        /// The ticket.
        ticket: u64,
        /// In words.
        why: String,
    },
    /// The arguments of a waiting call as they are, for the one console that asked; kept nowhere.
    Revealed {
        /// The session's name.
        session: String,
        /// The ticket.
        ticket: u64,
        /// The digest that they were asked for.
        digest: String,
        /// Their JSON text.
        arguments: String,
    },
    /// A control was not done.
    NotDone {
        /// In words.
        why: String,
    },
    /// The gate leaves in favour of a newer build; connect again.
    Leaving {},
}

/// One attached console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLine {
    /// Its number.
    pub console: u32,
    /// Its terminal.
    pub tty: String,
    /// Whether it may answer.
    pub may_answer: bool,
    /// Whether it asked to.
    pub asks: bool,
}

/// One session, live or just ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// Its name.
    pub session: String,
    /// The agent's name.
    pub agent: String,
    /// The journal's absolute path.
    pub journal: String,
    /// How many bytes of it are complete lines.
    pub bytes: u64,
    /// Calls that wait.
    pub waiting: u32,
    /// Whether it is over.
    pub ended: bool,
    /// Set while nothing can be recorded (full disk, size cap): in words.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// One request of the command line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// How are you?
    Status {},
    /// Which calls wait?
    Tickets {},
    /// Answer a ticket. `Deny` is free to anyone, the rest only to the operator.
    Answer(AnswerLine),
    /// Do something to whole sessions. Pausing is free outside wrapped agents, the rest is the operator's only.
    Control(ControlLine),
    /// Forget what a server's tools are to be. Operator only.
    Revoke {
        /// The server's name.
        server: String,
        /// One of its tools; else all.
        #[serde(default)]
        tool: Option<String>,
    },
    /// End: sessions are closed in order, shims refuse from then on. Operator only.
    Stop {},
    /// Leave so that a newer build takes over; shims hand their descriptors to it. Operator only.
    Leave {},
    /// Register this process as the root of a wrapped agent; the registration lasts as long as the
    /// connection. The answer names the session.
    Run(RunHello),
    /// Is this process below a wrapped agent? Asked before commands that act on files.
    Ask {
        /// The command, for the finding.
        what: String,
    },
    /// Is this process the operator's? Asked before commands that change what counts as approved.
    Operator {
        /// The command, for the finding.
        what: String,
    },
}

/// What `tollgate run` registers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunHello {
    /// The agent's name: `claude-code`, …
    pub agent: String,
    /// `--policy`.
    #[serde(default)]
    pub policy: Option<String>,
    /// `--role`.
    #[serde(default)]
    pub role: Option<String>,
    /// The agent's patience with a call, where its configuration sets one, by server.
    #[serde(default)]
    pub patience_ms: Vec<(String, u64)>,
    /// Set when a gate died under this run: the session that it began.
    #[serde(default)]
    pub session: Option<String>,
}

/// The gate's answer to a [`Command`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Done {},
    /// Refused, and why. From below a wrapped agent this is a finding.
    Refused {
        /// In words.
        why: String,
    },
    /// To `Status`.
    Status(Box<StatusLine>),
    /// To `Tickets`.
    Tickets {
        /// Oldest first.
        tickets: Vec<TicketLine>,
    },
    /// To `Run`: the session's name. Later lines on the same connection are [`RunNews`].
    Run {
        /// The session's name.
        session: String,
    },
}

/// What `run` is told while its agent works.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunNews {
    /// Calls of this session that wait now.
    pub waiting: u32,
    /// Consoles that may answer.
    pub answering: u32,
}

/// The gate's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusLine {
    /// Its process.
    pub pid: u32,
    /// Its build.
    pub build: Build,
    /// Its sessions.
    pub sessions: Vec<SessionLine>,
    /// Attached consoles.
    pub consoles: Vec<ConsoleLine>,
}

/// One waiting call, for the command line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TicketLine {
    /// The session's name.
    pub session: String,
    /// The ticket's number.
    pub ticket: u64,
    /// Digest of what would be forwarded.
    pub digest: String,
    /// `low`, `medium`, `high`.
    pub risk: String,
    /// The server's name.
    pub server: String,
    /// The tool's name.
    pub tool: String,
    /// The strictest rule.
    pub rule: String,
    /// Its sentence.
    pub why: String,
    /// The deadline, in microseconds since the Unix epoch.
    pub deadline_at: u64,
}
