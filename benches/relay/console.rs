//! A console that hangs must not be felt, and one that does not shows an ask at once.

use std::ffi::OsString;
use std::io::{Read as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;
use crate::load::ROUNDS_OF_A_START;
use crate::place::Place;
use crate::report::{Report, Row};
use crate::stats::{Samples, micros, middle, millis, ratio};
use crate::{Failure, Peer, Ways, tollgate};

/// Longer than a frame.
const REST: Duration = Duration::from_millis(100);

/// A console on a terminal of its own.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    /// Kept open: the console would end with its terminal.
    _terminal: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    drawn: Receiver<()>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Console {
    fn open(home: &Home) -> Result<Self, Failure> {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(tollgate());
        command.arg("console");
        command.env("TOLLGATE_HOME", home.path());
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command)?;
        let keys = pair.master.take_writer()?;
        let mut reader = pair.master.try_clone_reader()?;
        let (drew, drawn) = sync_channel(1);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size.rows, size.cols, 0)));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                let bytes = chunk.get(..count).unwrap_or_default();
                shared.lock().unwrap_or_else(PoisonError::into_inner).process(bytes);
                // A full channel says the same as one more message.
                let _full = drew.try_send(());
            }
        });
        Ok(Self { child, _terminal: pair.master, keys, drawn, screen })
    }

    fn wait_for_frame(&mut self) -> Result<(), Failure> {
        self.drawn.recv_timeout(Duration::from_secs(20)).map_err(|_| "the console drew nothing")?;
        match self.child.try_wait()? {
            Some(status) => Err(format!("the console ended: {status}").into()),
            None => Ok(()),
        }
    }

    /// Waits until the screen has this text.
    fn shows(&self, text: &str) -> Result<(), Failure> {
        self.shows_so(text, |screen| screen.contains(text))
    }

    /// Waits until the screen fits.
    fn shows_so(&self, what: &str, fits: impl Fn(&str) -> bool) -> Result<(), Failure> {
        loop {
            let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
            let contents = screen.screen().contents();
            drop(screen);
            if fits(&contents) {
                return Ok(());
            }
            let more = self.drawn.recv_timeout(Duration::from_secs(20));
            more.map_err(|_| format!("{what:?} is not on the screen:\n{contents}"))?;
        }
    }

    /// From a key to what it does on the screen: the page of keys, which comes and goes.
    fn keys(&mut self, samples: &mut Samples) -> Result<(), Failure> {
        for (key, there) in [("?", true), ("q", false)] {
            let began = Instant::now();
            self.keys.write_all(key.as_bytes())?;
            self.keys.flush()?;
            self.shows_so(key, |screen| screen.contains("Keys: Calls") == there)?;
            samples.push(began.elapsed());
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let pid = self.child.process_id().ok_or("no console")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).ok_or("no console")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The way through the gate, below a shell: else this process would be taken for the agent, and no console
/// that it starts could answer.
fn below_a_shell(way: &[OsString]) -> Vec<OsString> {
    let shell = ["sh", "-c", "\"$0\" \"$@\"; exit $?"].map(OsString::from);
    [shell.as_slice(), way].concat()
}

/// From a call that asks to its row on the screen.
pub(crate) fn ask_on_screen(ways: &Ways, home: &Home, report: &mut Report) -> Result<(), Failure> {
    let mut way = below_a_shell(&ways.tollgate);
    let options = ["--policy", "ask-writes", "--unattended", "ask"].map(OsString::from);
    let end = way.iter().position(|word| word == "--").ok_or("no command")?;
    way.splice(end..end, options);
    let mut console = Console::open(home)?;
    console.wait_for_frame()?;
    let mut peer = Peer::start(&way)?;
    let mut samples = Samples::default();
    // The pane of waiting calls has room for six; the newest must be one of them.
    for number in 0..6 {
        // An ask right behind a frame waits for the next one; what counts is one that comes at rest.
        std::thread::sleep(REST);
        let began = Instant::now();
        peer.ask(&format!("write_{number}"))?;
        console.shows(&format!("write_{number}"))?;
        samples.push(began.elapsed());
    }
    let slowest = samples.per_mille(999);
    report.add(Row {
        what: "an ask on the screen".to_owned(),
        figures: format!("median {}", millis(samples.median())),
        result: millis(slowest),
        budget: "<= 50 ms",
        within: slowest <= Duration::from_millis(50),
    });
    drop(peer);
    Ok(())
}

/// Calls a second under which keys are pressed: each is two records.
const CALLS_A_SECOND: u64 = 5000;
/// Calls sent at once, so many times a second that the rate is kept.
const BURST: u64 = 50;
/// How often a page is opened and left.
const PAGES: usize = 150;

/// From a key to the screen, at rest and while 10,000 records come in each second.
pub(crate) fn keys(ways: &Ways, home: &Home, report: &mut Report) -> Result<(), Failure> {
    let mut console = Console::open(home)?;
    console.wait_for_frame()?;
    let mut peer = Peer::start_and_list(&below_a_shell(&ways.tollgate))?;
    peer.call("x")?;
    console.shows("FOLLOW")?;
    let mut rest = Samples::default();
    for _ in 0..PAGES {
        console.keys(&mut rest)?;
    }
    let over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&over);
    let load = std::thread::spawn(move || -> Result<(u64, Duration), String> {
        let payload = "x".repeat(200);
        let pause = Duration::from_micros(1_000_000 * BURST / CALLS_A_SECOND);
        let (began, mut bursts) = (Instant::now(), 0);
        while !ends.load(Ordering::Relaxed) {
            peer.pipelined(&payload, BURST, BURST).map_err(|error| error.to_string())?;
            bursts += 1;
            let next = began + pause * bursts;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        Ok((u64::from(bursts) * BURST, began.elapsed()))
    });
    let mut loaded = Samples::default();
    for _ in 0..PAGES {
        console.keys(&mut loaded)?;
        // A hand is slower than a screen.
        std::thread::sleep(Duration::from_millis(10));
    }
    over.store(true, Ordering::Relaxed);
    let (calls, took) = load.join().map_err(|_| "the load failed")??;
    let a_second = 2 * u128::from(calls) * 1000 / took.as_millis().max(1);
    for (what, samples) in [
        ("a key, at rest".to_owned(), rest),
        (format!("a key, {a_second} records a second"), loaded),
    ] {
        let tail = samples.per_mille(990);
        report.add(Row {
            what,
            figures: format!("median {}", millis(samples.median())),
            result: format!("p99 {}", millis(tail)),
            budget: "<= 16 ms",
            within: tail <= Duration::from_millis(16),
        });
    }
    Ok(())
}

/// Calls through a gate whose console is stopped against calls through the same gate without a console, in turns: the
/// same processes, so that only the console can be what differs.
pub(crate) fn stopped(
    ways: &Ways,
    home: &Home,
    (rounds, place): (usize, Place),
    report: &mut Report,
) -> Result<(), Failure> {
    let payload = "x".repeat(1000);
    let mut samples: [Samples; 2] = Default::default();
    let mut ratios = Vec::new();
    for _ in 0..rounds.div_ceil(ROUNDS_OF_A_START) {
        let mut peer = Peer::start_and_list(&below_a_shell(&ways.tollgate))?;
        for round in 0..=ROUNDS_OF_A_START {
            let free = calls(&mut peer, &payload)?;
            let mut console = Console::open(home)?;
            console.wait_for_frame()?;
            console.signal(Signal::STOP)?;
            let hung = calls(&mut peer, &payload)?;
            console.signal(Signal::KILL)?;
            drop(console);
            if round > 0 {
                ratios.push(ratio(hung.median(), free.median()));
                for (samples, these) in samples.iter_mut().zip([free, hung]) {
                    samples.append(these);
                }
            }
        }
    }
    let [free, hung] = samples.map(|samples| samples.median());
    let figures = format!("without {}, with one stopped {}", micros(free), micros(hung));
    let what = format!("a stopped console{}", place.suffix());
    report.at_most(&what, figures, (middle(ratios), 1.05), "<= 1.05x without");
    Ok(())
}

/// Behind as many calls as fill whatever buffers a stopped console leaves unread.
fn calls(peer: &mut Peer, payload: &str) -> Result<Samples, Failure> {
    for _ in 0..1000 {
        peer.call(payload)?;
    }
    let mut these = Samples::default();
    for _ in 0..200 {
        these.push(peer.call(payload)?);
    }
    Ok(these)
}
