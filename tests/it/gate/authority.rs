//! Who may answer: never the agent nor anything below it, whatever it does.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};
use tollgate::proxy::link::{Lines, send};
use tollgate::wire::{
    AnswerLine, AnswerWord, Build, ConsoleHello, FromConsole, Hello, Role, ToConsole, WIRE,
};

use crate::gate::stage::{
    Agent, Client, LIMIT, Shim, Stage, done, example, findings, refusal, until,
};

const TOLLGATE: &str = env!("CARGO_BIN_EXE_tollgate");

/// An agent with a low-risk call that waits.
fn set(args: &[&str]) -> (Stage, Agent, Client, String) {
    let stage = Stage::set();
    let mut agent = Agent::with(args);
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "low");
    let ticket = stage.ticket();
    (stage, agent, client, ticket)
}

/// What the session recorded as attempts.
fn attempts(stage: &Stage) -> Vec<String> {
    let records = stage.records();
    let found = records
        .iter()
        .filter(|record| findings(record).any(|finding| finding["rule"] == "operator.attempt"));
    found.map(|r| r["event"]["attempt"]["what"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_attempt(stage: &Stage, what: &str, times: usize) {
    until(what, || (attempts(stage).iter().filter(|a| *a == what).count() >= times).then_some(()));
}

#[test]
fn nothing_below_the_agent_may_act_for_the_operator() {
    let (stage, mut agent, client, ticket) = set(&[]);
    let other = stage.file("other");
    let other = other.to_str().unwrap();
    let key = "tollgate-ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let commands: [(&[&str], &str); 10] = [
        (&["approve", &ticket], "approve"),
        (&["pins", "revoke", "x"], "pins revoke"),
        (&["pins", "approve", "x", "--lock", other], "pins approve"),
        (&["pins", "import", "--yes"], "pins import"),
        (&["key", "new"], "key new"),
        (&["key", "trust", key, "--name", "x"], "key trust"),
        (&["key", "trust", "--remove", "x"], "key trust --remove"),
        (&["stop"], "stop"),
        (&["home", "add", other], "home add"),
        (&["home", "remove", stage.dir.to_str().unwrap()], "home remove"),
    ];
    for (args, what) in commands {
        let argv: Vec<&str> = [TOLLGATE].iter().chain(args).copied().collect();
        // Other tests' gates may be gone while they are asked.
        let said = until("a refusal by our gate", || {
            let (code, said) = agent.run(&stage, &argv);
            assert_ne!(code, 0, "{what}: {said}");
            (code == 3).then_some(said)
        });
        assert!(said.contains("below a wrapped agent"), "{said}");
        assert_attempt(&stage, what, 1);
    }
    assert_eq!(stage.tickets(), [ticket.as_str()]);
    // Saying no is free.
    let (code, said) = agent.run(&stage, &[TOLLGATE, "deny", &ticket]);
    assert_eq!(code, 0, "{said}");
    refusal(&client.message());
    stage.assert_verified();
}

#[test]
fn a_shell_a_new_session_and_a_double_fork_under_a_subreaper_are_still_the_agent() {
    let (stage, mut agent, _client, ticket) = set(&["--subreaper"]);
    let approve = format!("'{TOLLGATE}' approve {ticket}");
    let said = stage.file("said");
    let waited = format!(
        "{approve}; first=$?; setsid -w {approve}; echo $first $? >&2; \
         (setsid sh -c '{approve_plain} 2>{said}; echo $? >>{said}.done' &)",
        approve_plain = approve.replace('\'', ""),
        said = said.display(),
    );
    let (code, codes) = agent.run(&stage, &["sh", "-c", &waited]);
    assert_eq!(code, 0);
    assert!(codes.trim_end().ends_with("3 3"), "{codes}");
    let done = stage.file("said.done");
    let code = until("the orphan's end", || {
        std::fs::read_to_string(&done).ok().filter(|t| t.ends_with('\n'))
    });
    assert_eq!(code, "3\n", "{}", std::fs::read_to_string(&said).unwrap());
    assert_attempt(&stage, "approve", 3);
    assert_eq!(stage.tickets(), [ticket.as_str()]);
}

fn hello(role: Role) -> Hello {
    Hello { wire: WIRE, build: Build { version: "9".to_owned(), built_at: 0 }, role }
}

/// Speaks to the socket from below the agent.
fn speak(stage: &Stage, agent: &mut Agent, lines: &[Value]) -> String {
    let speaker = example("raw_speaker");
    let socket = stage.home().socket();
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let argv = [speaker.to_str().unwrap(), socket.to_str().unwrap(), &text.join("\n"), "1"];
    let (code, said) = agent.run(stage, &argv);
    assert_eq!(code, 0, "{said}");
    said
}

#[test]
fn the_socket_itself_knows_the_agent() {
    let (stage, mut agent, _client, ticket) = set(&[]);
    let (session, number) = ticket.rsplit_once('.').unwrap();
    let console = ConsoleHello { answer: true, tty: "pts/0".to_owned() };
    let hello = serde_json::to_value(hello(Role::Console(console))).unwrap();
    let said = speak(&stage, &mut agent, std::slice::from_ref(&hello));
    assert!(said.contains("refused"), "{said}");
    assert_attempt(&stage, "console", 1);
    let mut command = hello;
    command["role"] = json!({ "command": { "answer": {
        "session": session, "ticket": number.parse::<u64>().unwrap(), "digest": "",
        "answer": { "allow": {} }
    } } });
    let said = speak(&stage, &mut agent, &[command.clone()]);
    assert!(said.contains("below a wrapped agent"), "{said}");
    command["role"] = json!({ "command": { "run": { "agent": "claude-code" } } });
    let said = speak(&stage, &mut agent, &[command.clone()]);
    assert!(said.contains("below a wrapped agent"), "{said}");
    command["wire"] = json!(WIRE + 1);
    let said = speak(&stage, &mut agent, &[command]);
    assert!(said.contains("tollgate stop"), "{said}");
    assert_eq!(stage.tickets(), [ticket.as_str()]);
}

/// A console of the test's own, which no agent started.
struct Console {
    stream: UnixStream,
    lines: Lines,
    number: u32,
}

impl Console {
    fn open(stage: &Stage, answer: bool) -> Self {
        // The gate is started by the first shim, which may not be that far.
        let stream = until("the gate's socket", || UnixStream::connect(stage.home().socket()).ok());
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        send(&stream, &hello(Role::Console(ConsoleHello { answer, tty: "pts/9".to_owned() })), &[])
            .unwrap();
        let mut lines = Lines::new();
        let first = lines.wait::<ToConsole>(&stream).unwrap().unwrap();
        let ToConsole::Welcome { console, .. } = first else { panic!("{first:?}") };
        Self { stream, lines, number: console }
    }

    fn say(&self, message: &FromConsole) {
        send(&self.stream, message, &[]).unwrap();
    }

    fn answer(&self, ticket: &str, digest: &str, code: Option<&str>) {
        self.answer_so(ticket, digest, code, AnswerWord::Allow {}, false);
    }

    fn answer_so(
        &self,
        ticket: &str,
        digest: &str,
        code: Option<&str>,
        answer: AnswerWord,
        unread: bool,
    ) {
        let (session, number) = ticket.rsplit_once('.').unwrap();
        self.say(&FromConsole::Answer(AnswerLine {
            session: session.to_owned(),
            ticket: number.parse().unwrap(),
            digest: digest.to_owned(),
            answer,
            code: code.map(str::to_owned),
            unread,
        }));
    }

    /// Waits for a line that gives something.
    fn wait<T>(&mut self, mut wanted: impl FnMut(ToConsole) -> Option<T>) -> T {
        loop {
            let line = self.lines.wait::<ToConsole>(&self.stream).unwrap().unwrap();
            if let Some(found) = wanted(line) {
                return found;
            }
        }
    }

    fn not_taken(&mut self) -> String {
        self.wait(|line| {
            let ToConsole::NotTaken { why, .. } = line else { return None };
            Some(why)
        })
    }

    fn may_answer(&mut self) {
        let number = self.number;
        self.wait(|line| {
            let ToConsole::Consoles { consoles } = line else { return None };
            consoles.iter().any(|c| c.console == number && c.may_answer).then_some(())
        });
    }

    fn code(&mut self) -> String {
        self.wait(|line| {
            let ToConsole::Codes { codes, .. } = line else { return None };
            codes.first().map(|(_, code)| code.clone())
        })
    }
}

fn digest(stage: &Stage) -> String {
    let held = stage.recorded("hold", |record| hold(record).is_some());
    hold(&held).unwrap()["digest"].as_str().unwrap().to_owned()
}

fn hold(record: &Value) -> Option<&Value> {
    record["effects"].as_array()?.iter().find_map(|effect| effect.get("hold"))
}

#[test]
fn a_watcher_never_answers_and_a_second_console_must_be_let() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    client.call(1, "high");
    let ticket = stage.ticket();
    let digest = digest(&stage);
    let mut watcher = Console::open(&stage, false);
    watcher.say(&FromConsole::RequestRight);
    watcher.answer(&ticket, &digest, None);
    assert!(watcher.not_taken().contains("only watches"));
    let mut first = Console::open(&stage, true);
    first.may_answer();
    let code = first.code();
    let mut second = Console::open(&stage, true);
    second.answer(&ticket, &digest, Some(&code));
    assert!(second.not_taken().contains("only watches"));
    // Nobody lets itself, and nobody is let who did not ask.
    second.say(&FromConsole::Grant { console: second.number });
    first.say(&FromConsole::Grant { console: watcher.number });
    second.answer(&ticket, &digest, Some(&code));
    assert!(second.not_taken().contains("only watches"));
    second.say(&FromConsole::RequestRight);
    let asks = second.number;
    first.wait(|line| {
        let ToConsole::Consoles { consoles } = line else { return None };
        consoles.iter().any(|c| c.console == asks && c.asks).then_some(())
    });
    first.say(&FromConsole::Grant { console: asks });
    second.may_answer();
    // What it answers has to be what was shown, with the code.
    second.answer(&ticket, &"0".repeat(64), Some(&code));
    assert!(second.not_taken().contains("changed"));
    second.answer(&ticket, &digest, Some("aaa111"));
    assert!(second.not_taken().contains("code"));
    second.answer(&ticket, &digest, Some(&code));
    assert!(done(&client.message()));
    // Both go; a watcher does not inherit.
    drop((first, second));
    client.call(2, "high");
    stage.ticket();
    watcher.say(&FromConsole::RequestRight);
    watcher.answer(&stage.ticket(), &digest, Some(&code));
    assert!(watcher.not_taken().contains("only watches"));
    stage.assert_verified();
}

#[test]
fn an_allow_of_an_unread_call_is_on_record_and_other_answers_are_never_marked() {
    let stage = Stage::set();
    let mut agent = Agent::new();
    let client = agent.shim(&stage, &Shim::echo(&stage.file("log")));
    let mut console = Console::open(&stage, true);
    console.may_answer();
    for (id, tool, answer, unread) in [
        (1, "medium", AnswerWord::Allow {}, true),
        (2, "low", AnswerWord::Allow {}, false),
        (3, "high", AnswerWord::Deny { reason: None }, true),
    ] {
        client.call(id, tool);
        let ticket = stage.ticket();
        let number = ticket.rsplit_once('.').unwrap().1.parse::<u64>().unwrap();
        let held = stage
            .recorded("hold", |record| hold(record).is_some_and(|held| held["ticket"] == number));
        let digest = hold(&held).unwrap()["digest"].as_str().unwrap().to_owned();
        console.answer_so(&ticket, &digest, None, answer, unread);
        client.message();
        let answered =
            stage.recorded("answer", |record| record["event"]["answered"]["ticket"] == number);
        let marked = answered["event"]["answered"].get("unread");
        assert_eq!(marked, (id == 1).then_some(&Value::Bool(true)), "{answered}");
    }
    stage.assert_verified();
}

#[test]
fn nobody_else_can_reach_socket_and_journals() {
    let (stage, _agent, _client, _ticket) = set(&[]);
    let home = stage.home();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&home.socket()), 0o600);
    assert_eq!(mode(&home.lock()), 0o600);
    assert_eq!(mode(&home.run_dir()), 0o700);
    assert_eq!(mode(&home.sessions_dir()), 0o700);
    assert_eq!(mode(&home.log_file()), 0o600);
    for entry in std::fs::read_dir(home.sessions_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
