//! The real console in a real terminal before a real gate: answers arrive, and whatever ends the console
//! gives the terminal back and changes nothing else.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use rustix::process::Signal;

use crate::gate::stage::{Agent, Client, Shim, Stage, done, kill, refusal, until};

/// Ends the other screen, which every way out has to do.
const LEAVE: &[u8] = b"\x1b[?1049l";

struct Console {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn std::io::Write + Send>,
    screen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
    reader: Option<JoinHandle<()>>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Console {
    fn open(stage: &Stage, columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("console");
        command.env("TOLLGATE_HOME", &stage.dir);
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let screen = Arc::new(Mutex::new((vt100::Parser::new(rows, columns, 0), Vec::new())));
        let mut output = pty.master.try_clone_reader().unwrap();
        let drawn = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                let mut drawn = drawn.lock().unwrap();
                drawn.0.process(&chunk[..count]);
                drawn.1.extend_from_slice(&chunk[..count]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { child, keys, screen, reader: Some(reader), _master: pty.master }
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().0.screen().contents()
    }

    #[track_caller]
    fn shows(&self, text: &str) -> String {
        until(text, || Some(self.contents()).filter(|contents| contents.contains(text)))
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for its end: the exit code, with the terminal given back.
    #[track_caller]
    fn ended(&mut self) -> u32 {
        let status = until("the console's end", || self.child.try_wait().unwrap());
        self.reader.take().unwrap().join().unwrap();
        let screen = self.screen.lock().unwrap();
        let left = screen.1.windows(LEAVE.len()).any(|window| window == LEAVE);
        assert!(left && !screen.0.screen().alternate_screen(), "the terminal is not restored");
        assert!(!screen.0.screen().hide_cursor() && !screen.0.screen().bracketed_paste());
        status.exit_code()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A gate with one shim, and a console that may answer.
fn set(columns: u16, rows: u16) -> (Stage, Agent, Client, Console) {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    let console = Console::open(&stage, columns, rows);
    console.shows("may answer");
    (stage, agent, client, console)
}

#[test]
fn a_call_of_medium_risk_is_allowed_by_two_keys() {
    let (stage, _agent, client, mut console) = set(80, 24);
    client.call(1, "medium");
    console.shows("ASK 1");
    console.press("A");
    console.shows("RISK MEDIUM");
    console.shows("keys armed");
    console.press("a");
    console.shows("Allow this call once?");
    console.shows("keys armed");
    console.press("y");
    let message = client.message();
    assert!(message["id"] == 1 && done(&message), "{message}");
    console.shows("ALLOWED once");
    console.press("\x1b");
    console.shows("3 Ask (0)");
    console.press("q");
    assert_eq!(console.ended(), 0);
    stage.assert_verified();
}

#[test]
fn a_call_of_high_risk_needs_the_code_on_the_card() {
    let (_stage, _agent, client, mut console) = set(120, 40);
    client.call(1, "high");
    console.shows("ASK 1");
    console.press("A");
    let card = console.shows("typed after a:");
    console.shows("keys armed");
    let (_, behind) = card.split_once("typed after a:").unwrap();
    let code: String = behind.split(['[', ']']).nth(1).unwrap().to_owned();
    console.press("a");
    console.shows("type the code");
    console.press(&code);
    let message = client.message();
    assert!(done(&message), "{message}");
}

#[test]
fn a_denial_takes_its_reason_to_the_agent() {
    let (_stage, _agent, client, mut console) = set(80, 24);
    client.call(1, "low");
    console.shows("ASK 1");
    console.press("A");
    console.shows("keys armed");
    console.press("D");
    console.shows("reason:");
    console.press("Use the staging one.\r");
    let message = client.message();
    assert!(refusal(&message).contains("Use the staging one."), "{message}");
    console.shows("DENIED");
}

#[test]
fn a_console_that_is_ended_gives_the_terminal_back_and_changes_nothing() {
    for (signal, code) in [(Signal::TERM, 0), (Signal::HUP, 0)] {
        let (stage, _agent, client, mut console) = set(80, 24);
        client.call(1, "low");
        console.shows("ASK 1");
        console.press("A");
        console.shows("keys armed");
        kill(console.child.process_id().unwrap(), signal);
        assert_eq!(console.ended(), code);
        // The call waits on, and the next console has the right.
        assert_eq!(stage.tickets().len(), 1);
        let mut next = Console::open(&stage, 80, 24);
        next.shows("ASK 1");
        next.press("A");
        next.shows("keys armed");
        next.press("a");
        assert!(done(&client.message()));
    }
}

#[test]
fn a_console_outlives_its_gate() {
    let (stage, _agent, client, console) = set(80, 24);
    client.call(1, "low");
    console.shows("ASK 1");
    kill(stage.gate(), Signal::KILL);
    console.shows("DISCONNECTED");
    console.shows("ASK 0");
    console.shows("may answer");
    client.call(2, "low");
    console.shows("ASK 1");
}
