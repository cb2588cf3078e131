//! The real binary on a real terminal, playing a recording.

use std::io::{BufWriter, Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tollgate::journal::Chain;

use crate::recording::records;
use crate::{Failure, TOLLGATE, millis, per_mille, resident, row};

/// A frame is over when nothing came for so long (console.md section 5).
const QUIET: Duration = Duration::from_millis(80);

/// A program on a terminal of its own.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    drawn: Receiver<()>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Console {
    fn open(arguments: &[&str]) -> Result<Self, Failure> {
        let size = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(TOLLGATE);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command)?;
        let keys = pair.master.take_writer()?;
        let mut reader = pair.master.try_clone_reader()?;
        let (drew, drawn) = sync_channel(1);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size.rows, size.cols, 0)));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                let bytes = chunk.get(..count).unwrap_or_default();
                shared.lock().unwrap_or_else(PoisonError::into_inner).process(bytes);
                // A full channel says the same as one more message.
                let _full = drew.try_send(());
            }
        });
        Ok(Self { child, _terminal: pair.master, keys, drawn, screen })
    }

    fn press(&mut self, keys: &str) -> Result<(), Failure> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until the screen fits, and says what was on it.
    fn shows(&self, fits: impl Fn(&str) -> bool) -> Result<String, Failure> {
        loop {
            let contents = {
                let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
                screen.screen().contents()
            };
            if fits(&contents) {
                return Ok(contents);
            }
            let more = self.drawn.recv_timeout(Duration::from_mins(2));
            more.map_err(|_| format!("not on the screen:\n{contents}"))?;
        }
    }

    /// Waits until nothing is drawn any more: the screen, and when it was drawn last.
    fn settles(&self) -> Result<(String, Instant), Failure> {
        self.drawn.recv_timeout(Duration::from_mins(2)).map_err(|_| "nothing was drawn")?;
        let mut last = Instant::now();
        while self.drawn.recv_timeout(QUIET).is_ok() {
            last = Instant::now();
        }
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((screen.screen().contents(), last))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The record that the tape is at.
fn place(screen: &str) -> Option<u64> {
    let (_, behind) = screen.split_once("  record ")?;
    behind.split('/').next()?.parse().ok()
}

fn write(path: &Path, calls: u64) -> Result<u64, Failure> {
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let (mut line, mut chain, mut bytes) = (Vec::new(), Chain::default(), 0);
    for record in records(calls) {
        line.clear();
        serde_json::to_writer(&mut line, &record)?;
        line.pop();
        chain.seal(&mut line, 0);
        file.write_all(&line)?;
        bytes += line.len() as u64;
    }
    file.flush()?;
    Ok(bytes)
}

pub(crate) fn measure(calls: u64) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("bench-1.jsonl");
    let bytes = write(&path, calls)?;
    let name = path.to_str().ok_or("odd path")?;
    let mut first = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        let console = Console::open(&["replay", name])?;
        console.shows(|screen| screen.contains("write_file"))?;
        first.push(began.elapsed());
    }
    let median = per_mille(&mut first, 500);
    let what = format!("first frame of {} MB", bytes / 1_000_000);
    row(&what, &millis(median), "<= 150 ms", median.as_millis() <= 150);

    let mut console = Console::open(&["replay", name])?;
    let began = Instant::now();
    console.shows(|screen| screen.contains("chain sound"))?;
    let took = began.elapsed();
    row("all of it checked and indexed", &format!("{:.1} s", took.as_secs_f64()), "-", true);
    console.press(" ")?;
    console.settles()?;
    // From the timeline: far, back, and to the end.
    let mut seeks = Vec::new();
    let mut here = 0;
    for keys in [
        "TG\r",
        "g\r",
        "G\r",
        "hhhhhhhhhhhhh\r",
        "g\r",
        "lllll\r",
        "G\r",
        "hh\r",
        "g\r",
        "llllllllllll\r",
    ] {
        let began = Instant::now();
        console.press(keys)?;
        let (screen, last) = console.settles()?;
        seeks.push(last - began);
        let there = place(&screen).ok_or("no place")?;
        if there == here {
            return Err(format!("{keys:?} does not move the tape:\n{screen}").into());
        }
        here = there;
    }
    let median = per_mille(&mut seeks, 500);
    let slowest = per_mille(&mut seeks, 999);
    let measured = format!("{}, slowest {}", millis(median), millis(slowest));
    row("a seek, keys to screen", &measured, "<= 50 ms", median.as_millis() <= 50);
    let mut keys = Vec::new();
    let mut forward = true;
    for _ in 0..300 {
        let (key, there) = if forward { (".", here + 1) } else { (",", here - 1) };
        forward = !forward;
        let began = Instant::now();
        console.press(key)?;
        console.shows(|screen| place(screen) == Some(there))?;
        keys.push(began.elapsed());
        here = there;
    }
    let tail = per_mille(&mut keys, 990);
    let measured = format!("p50 {}, p99 {}", millis(per_mille(&mut keys, 500)), millis(tail));
    row("a step, key to screen", &measured, "p99 <= 16 ms", tail.as_millis() <= 16);
    let pid = console.child.process_id().ok_or("no console")?.to_string();
    let megabytes = resident(&pid)? / 1_000_000;
    row("memory of the replay", &format!("{megabytes} MB"), "<= 150 MB", megabytes <= 150);
    Ok(())
}
