//! A console that hangs must not be felt.

use std::io::Read as _;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;
use crate::report::Report;
use crate::stats::{Samples, micros, ratio};
use crate::{Failure, Peer, TOLLGATE, Ways};

/// A console on a terminal of its own.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    /// Kept open: the console would end with its terminal.
    _terminal: Box<dyn MasterPty + Send>,
    drawn: Receiver<()>,
}

impl Console {
    fn open(home: &Home) -> Result<Self, Failure> {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(TOLLGATE);
        command.arg("console");
        command.env("TOLLGATE_HOME", home.path());
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command)?;
        let mut reader = pair.master.try_clone_reader()?;
        let (drew, drawn) = sync_channel(1);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while reader.read(&mut chunk).is_ok_and(|count| count > 0) {
                // A full channel says the same as one more message.
                let _full = drew.try_send(());
            }
        });
        Ok(Self { child, _terminal: pair.master, drawn })
    }

    fn wait_for_frame(&mut self) -> Result<(), Failure> {
        self.drawn.recv_timeout(Duration::from_secs(20)).map_err(|_| "the console drew nothing")?;
        match self.child.try_wait()? {
            Some(status) => Err(format!("the console ended: {status}").into()),
            None => Ok(()),
        }
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

/// Calls with a console that is stopped against calls without one, in turns.
pub(crate) fn stopped(
    ways: &Ways,
    home: &Home,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let payload = "x".repeat(1000);
    let (mut free, mut hung) = (Samples::default(), Samples::default());
    let mut peer = Peer::start(&ways.tollgate)?;
    let mut console = Console::open(home)?;
    console.wait_for_frame()?;
    console.signal(Signal::STOP)?;
    // What a stopped console leaves unread must have filled whatever buffers there are.
    for _ in 0..2000 {
        peer.call(&payload)?;
    }
    for _ in 0..rounds {
        for _ in 0..100 {
            hung.push(peer.call(&payload)?);
        }
    }
    console.signal(Signal::KILL)?;
    drop(console);
    for _ in 0..rounds {
        for _ in 0..100 {
            free.push(peer.call(&payload)?);
        }
    }
    peer.stop()?;
    let (free, hung) = (free.median(), hung.median());
    let figures = format!("without {}, with one stopped {}", micros(free), micros(hung));
    report.at_most("a stopped console", figures, (ratio(hung, free), 1.05), "<= 1.05x without");
    Ok(())
}
