//! An agent that does nothing but call.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Failure;

/// A call that takes longer has failed.
const ANSWER_LIMIT: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}
"#;
const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}
"#;
const LIST: &[u8] = br#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}
"#;

/// A started server, however it is reached.
pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    calls: u64,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Peer {
    /// Starts a command and shakes hands.
    pub(crate) fn start(command: &[OsString]) -> Result<Self, Failure> {
        let (program, arguments) = command.split_first().ok_or("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take();
        let output = BufReader::with_capacity(256 * 1024, child.stdout.take().ok_or("no pipe")?);
        let (request, answer) = (Vec::new(), Vec::new());
        let mut peer = Self { child, input, output, calls: 0, request, answer };
        peer.send(INITIALIZE)?;
        peer.receive()?;
        if !peer.answer.starts_with(br#"{"jsonrpc":"2.0","id":0,"result""#) {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&peer.answer)).into());
        }
        peer.send(INITIALIZED)?;
        Ok(peer)
    }

    /// Starts a command, shakes hands, and asks for the tools, as an agent does: the gate then has pinned them all.
    pub(crate) fn start_and_list(command: &[OsString]) -> Result<Self, Failure> {
        let mut peer = Self::start(command)?;
        peer.send(LIST)?;
        peer.receive()?;
        if !peer.answer.starts_with(br#"{"jsonrpc":"2.0","id":"list","result":{"tools""#) {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&peer.answer)).into());
        }
        Ok(peer)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One call and its answer, timed.
    pub(crate) fn call(&mut self, payload: &str) -> Result<Duration, Failure> {
        self.prepare(payload)?;
        let began = Instant::now();
        self.send_prepared()?;
        self.receive()?;
        let took = began.elapsed();
        self.check(self.calls, payload)?;
        Ok(took)
    }

    /// Sends a call without waiting for its answer.
    pub(crate) fn ask(&mut self, tool: &str) -> Result<(), Failure> {
        self.calls += 1;
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":"x"}}}}}}"#,
            self.calls
        );
        self.send(format!("{line}\n").as_bytes())
    }

    /// So many calls with so many under way at any time; the time for all.
    pub(crate) fn pipelined(
        &mut self,
        payload: &str,
        count: u64,
        in_flight: u64,
    ) -> Result<Duration, Failure> {
        let first = self.calls + 1;
        let began = Instant::now();
        for answered in 0..count + in_flight.min(count) {
            if answered >= in_flight {
                self.receive()?;
                self.check(first + answered - in_flight, payload)?;
            }
            if answered < count {
                self.prepare(payload)?;
                self.send_prepared()?;
            }
        }
        Ok(began.elapsed())
    }

    /// Closes the connection; the process leaves by itself.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.input.take();
        self.child.wait().map(|_| ())
    }

    fn prepare(&mut self, payload: &str) -> io::Result<()> {
        self.calls += 1;
        self.request.clear();
        writeln!(
            self.request,
            r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{payload}"}}}}}}"#,
            self.calls
        )
    }

    fn send_prepared(&mut self) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or("closed")?;
        Ok(input.write_all(&self.request)?)
    }

    fn send(&mut self, line: &[u8]) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or("closed")?;
        Ok(input.write_all(line)?)
    }

    fn receive(&mut self) -> Result<(), Failure> {
        if self.output.buffer().is_empty() {
            let mut ready = [PollFd::new(self.output.get_ref(), PollFlags::IN)];
            if poll(&mut ready, Some(&ANSWER_LIMIT))? == 0 {
                return Err("no answer in 30 s".into());
            }
        }
        self.answer.clear();
        match self.output.read_until(b'\n', &mut self.answer)? {
            0 => Err("the connection was closed".into()),
            _ => Ok(()),
        }
    }

    /// What comes back is the answer to that call, with all that was sent.
    fn check(&self, id: u64, payload: &str) -> Result<(), Failure> {
        let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"result""#);
        if self.answer.starts_with(head.as_bytes()) && self.answer.len() > payload.len() {
            return Ok(());
        }
        let got = String::from_utf8_lossy(self.answer.get(..300).unwrap_or(&self.answer));
        Err(format!("call {id} got {got}").into())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input.take();
        // The child may be gone already; then there is nothing to do.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.child.wait();
        }
    }
}
