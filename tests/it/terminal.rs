//! The real binary on a real terminal, and what that terminal shows.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal};
use rustix::termios::{LocalModes, tcgetattr};

use tollgate::console::update::{ARM_MS, SAME_KEY_MS};

use crate::bed::{PATIENCE, kill, until};

/// Longer than a card's arming, and than a key needs to be pressed again before it counts as held.
const BETWEEN_KEYS: Duration = Duration::from_millis(SAME_KEY_MS + ARM_MS);

/// What the terminal shows, and a sign when it changed.
type Screen = Arc<(Mutex<Shown>, Condvar)>;

struct Shown {
    parser: vt100::Parser,
    /// Every byte that came.
    raw: Vec<u8>,
}

impl Shown {
    fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }
}

/// A process on its own terminal; killed with it.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Screen,
    tty: PathBuf,
}

impl Terminal {
    /// Starts `tollgate` with these arguments on a terminal of 120x40.
    pub(crate) fn open(home: &Path, args: &[&str]) -> Self {
        Self::open_with(home, args, &[])
    }

    /// The same with these variables.
    pub(crate) fn open_with(home: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let program: Vec<&str> =
            [env!("CARGO_BIN_EXE_tollgate")].iter().chain(args).copied().collect();
        Self::start(home, &program, variables)
    }

    /// Starts a program, with these variables set besides.
    pub(crate) fn start(home: &Path, words: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env("TOLLGATE_HOME", home);
        command.env("TERM", "xterm-256color");
        for name in [
            "NO_COLOR",
            "ACCESSIBLE",
            "TMUX",
            "STY",
            "ZELLIJ",
            "COLORTERM",
            "DISPLAY",
            "WAYLAND_DISPLAY",
        ] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let tty = pair.master.tty_name().unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let keys = pair.master.take_writer().unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Shown { parser: vt100::Parser::new(40, 120, 0), raw: Vec::new() };
        let screen: Screen = Arc::new((Mutex::new(shown), Condvar::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                let (shown, changed) = &*shared;
                let mut shown = shown.lock().unwrap();
                shown.parser.process(&chunk[..count]);
                shown.raw.extend_from_slice(&chunk[..count]);
                drop(shown);
                changed.notify_all();
            }
        });
        Self { child, master: pair.master, keys, screen, tty }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// All cells as text.
    pub(crate) fn text(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents()
    }

    /// The background of the cell in the middle.
    pub(crate) fn background(&self) -> vt100::Color {
        self.screen.0.lock().unwrap().screen().cell(20, 60).unwrap().bgcolor()
    }

    /// Waits until these bytes were sent to the terminal; `false` after the time given.
    fn sends_within(&self, limit: Duration, bytes: &str) -> bool {
        let (shown, changed) = &*self.screen;
        let missing =
            |shown: &mut Shown| memchr::memmem::find(&shown.raw, bytes.as_bytes()).is_none();
        let guard = shown.lock().unwrap();
        let (guard, result) = changed.wait_timeout_while(guard, limit, missing).unwrap();
        drop(guard);
        !result.timed_out()
    }

    /// Waits until these bytes were sent to the terminal.
    #[track_caller]
    pub(crate) fn sends(&self, bytes: &str) {
        assert!(self.sends_within(PATIENCE, bytes), "{bytes:?} is not sent");
    }

    /// Presses a key until these bytes were sent: for what a small screen may have scrolled away.
    #[track_caller]
    pub(crate) fn press_until_sent(&mut self, keys: &str, bytes: &str) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.press(keys);
            if self.sends_within(BETWEEN_KEYS, bytes) {
                return;
            }
        }
        panic!("{keys:?} does not do it:\n{}", self.text());
    }

    /// Every byte so far.
    pub(crate) fn output(&self) -> Vec<u8> {
        self.screen.0.lock().unwrap().raw.clone()
    }

    /// Waits until the screen fits; `false` after the time given.
    fn shows_within(&self, limit: Duration, fits: impl Fn(&str) -> bool) -> bool {
        let (parser, changed) = &*self.screen;
        let guard = parser.lock().unwrap();
        let (guard, result) = changed
            .wait_timeout_while(guard, limit, |parser| !fits(&parser.screen().contents()))
            .unwrap();
        drop(guard);
        !result.timed_out()
    }

    /// Waits until the screen has this text.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        let shown = self.shows_within(PATIENCE, |screen| screen.contains(text));
        assert!(shown, "{text:?} is not on the screen:\n{}", self.text());
    }

    /// Waits until the whole screen is this one; blanks at the ends of rows are nothing.
    #[track_caller]
    pub(crate) fn shows_just(&self, screen: &str) {
        let rows = |screen: &str| -> Vec<String> {
            screen.lines().map(|row| row.trim_end().to_owned()).collect()
        };
        let shown = self.shows_within(PATIENCE, |now| rows(now) == rows(screen));
        assert!(shown, "the screen is not this:\n{screen}\nbut:\n{}", self.text());
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses a key until the screen has this text: a card takes no answer before it is armed.
    #[track_caller]
    pub(crate) fn press_until(&mut self, keys: &str, text: &str) {
        self.press_until_so(keys, |screen| screen.contains(text));
    }

    /// Presses a key until it has its effect, on the screen or elsewhere.
    #[track_caller]
    pub(crate) fn press_until_so(&mut self, keys: &str, done: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.press(keys);
            if self.shows_within(BETWEEN_KEYS, &done) {
                return;
            }
        }
        panic!("{keys:?} does not do it:\n{}", self.text());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Waits for the end; gives the exit code.
    #[track_caller]
    pub(crate) fn exit(&mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// After the end, the terminal must be as a shell wants it.
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        self.is_given_back();
        let pastes = self.screen.0.lock().unwrap().screen().bracketed_paste();
        assert!(!pastes, "pastes are still bracketed");
        assert!(self.cooks(), "the terminal is raw");
    }

    /// A shell has the terminal again: one that edits its lines itself makes it raw for that.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        // The last of it may come in a piece of its own.
        until("the screen as it was, with its cursor and without the mouse", || {
            let parser = self.screen.0.lock().unwrap();
            let screen = parser.screen();
            let given_back = !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
            given_back.then_some(())
        });
    }

    /// Whether the terminal echoes, and takes whole lines.
    fn cooks(&self) -> bool {
        let modes = tcgetattr(std::fs::File::open(&self.tty).unwrap()).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        self.screen.0.lock().unwrap().parser.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
