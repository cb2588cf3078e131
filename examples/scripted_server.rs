//! A tool server for tests.
//!
//! `scripted_server relay SOCKET`: what comes on stdin goes to the socket, byte for byte, and back.
//! `scripted_server echo LOG [stubborn]`: notes each line in the log, then answers it if it is a request.
//! A call of `exit` ends it with code 7, of `mute` gets no answer, of `noise` is answered behind lines that
//! are no messages, of `large` with 200 kB, of `complain` writes to stderr first, of `slow` takes
//! three seconds; a stubborn one ignores SIGTERM and its end of file.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, Read, Write};
use std::os::unix::net::UnixStream;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    name: Option<String>,
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["relay", socket] => relay(&UnixStream::connect(socket)?),
        ["echo", log] => echo(log),
        ["echo", log, "stubborn"] => {
            signal_hook::flag::register(
                signal_hook::consts::SIGTERM,
                std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)),
            )?;
            echo(log)?;
            loop {
                std::thread::park();
            }
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn relay(socket: &UnixStream) -> io::Result<()> {
    let back = socket.try_clone()?;
    let forth = socket.try_clone()?;
    std::thread::spawn(move || {
        copy(back, io::stdout()).ok();
        // The test closed its end: this server is over.
        std::process::exit(0);
    });
    copy(io::stdin(), &forth)?;
    forth.shutdown(std::net::Shutdown::Write)?;
    // What the test still writes is passed on until it closes.
    loop {
        std::thread::park();
    }
}

fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        to.write_all(chunk.get(..n).unwrap_or_default())?;
        to.flush()?;
    }
}

fn echo(log: &str) -> io::Result<()> {
    let mut log = OpenOptions::new().create(true).append(true).open(log)?;
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        log.write_all(&line)?;
        let Ok(request) = serde_json::from_slice::<Request<'_>>(&line) else { continue };
        let (Some(id), Some(_)) = (request.id, request.method) else { continue };
        let tool = request.params.and_then(|params| params.name).unwrap_or_default();
        let mut out = io::stdout().lock();
        match tool.as_str() {
            "exit" => std::process::exit(7),
            "mute" => continue,
            "noise" => out.write_all(b"starting up...\n\nDEBUG 12\n\"a string\"\n")?,
            // Longer than a server is left after its end of file when it owes nothing.
            "slow" => std::thread::sleep(std::time::Duration::from_secs(3)),
            "complain" => io::stderr().write_all(b"something is odd\n")?,
            _ => {}
        }
        let text = r#"[{"type":"text","text":"done"}]"#;
        let more = "x".repeat(if tool == "large" { 200_000 } else { 0 });
        writeln!(
            out,
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":{text},"more":"{more}"}}}}"#
        )?;
        out.flush()?;
    }
}
