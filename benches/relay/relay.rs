//! The least that a gate could be: one thread polls both directions, parses each line's envelope and
//! passes it on. What Tollgate adds is measured against what this adds.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a relay looks at.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// One direction.
struct Direction<R, W> {
    from: R,
    to: W,
    buffer: Vec<u8>,
    open: bool,
}

impl<R: Read, W: Write> Direction<R, W> {
    fn new(from: R, to: W) -> Self {
        Self { from, to, buffer: Vec::new(), open: true }
    }

    /// Reads what is there and passes the complete lines on.
    fn pump(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let count = self.from.read(chunk)?;
        self.open = count > 0;
        let searched = self.buffer.len();
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let fresh = self.buffer.get(searched..).unwrap_or_default();
        let Some(end) = memchr::memrchr(b'\n', fresh) else { return Ok(()) };
        let rest = self.buffer.split_off(searched + end + 1);
        let complete = std::mem::replace(&mut self.buffer, rest);
        for line in complete.split_inclusive(|byte| *byte == b'\n') {
            let envelope: Envelope<'_> = serde_json::from_slice(line)?;
            std::hint::black_box((envelope.id, envelope.method, envelope.params, envelope.result));
            self.to.write_all(line)?;
        }
        self.to.flush()
    }
}

/// Starts the command and relays between it and this process's own input and output.
pub(crate) fn run(command: &[OsString]) -> Result<(), crate::Failure> {
    let (program, arguments) = command.split_first().ok_or("relay: no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let server_in = child.stdin.take().ok_or("no pipe")?;
    let server_out = child.stdout.take().ok_or("no pipe")?;
    // The standard streams' own buffers would add a copy that a relay does not need.
    let agent_in = std::fs::File::open("/proc/self/fd/0")?;
    let agent_out = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/1")?;
    between(agent_in, server_in, server_out, agent_out)?;
    child.wait()?;
    Ok(())
}

/// Relays until the agent closes its end.
pub(crate) fn between(
    agent_in: impl Read + AsFd,
    server_in: impl Write,
    server_out: impl Read + AsFd,
    agent_out: impl Write,
) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    let mut up = Direction::new(agent_in, server_in);
    let mut down = Direction::new(server_out, agent_out);
    while up.open && down.open {
        let mut ready =
            [PollFd::new(&up.from, PollFlags::IN), PollFd::new(&down.from, PollFlags::IN)];
        poll(&mut ready, None)?;
        let [from_agent, from_server] = ready.map(|descriptor| !descriptor.revents().is_empty());
        if from_agent {
            up.pump(&mut chunk)?;
        }
        if from_server {
            down.pump(&mut chunk)?;
        }
    }
    Ok(())
}
