//! `tollgate watch` beside a running session.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::bed::{Bed, until};

/// A running `watch`.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(bed: &Bed, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(["watch", "--format", "jsonl"])
            .args(options)
            .env("TOLLGATE_HOME", bed.home())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that is such an event. A line that never comes ends the test by its time limit.
    fn next(&mut self, event: &str) -> Value {
        loop {
            let line: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }
}

#[test]
fn lines_stand_alone_and_come_as_it_happens() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    let mut watch = Watch::start(&bed, &["--from-start"]);
    let opened = watch.next("opened");
    assert_eq!((&opened["v"], &opened["server"]), (&json!(1), &json!("files")));
    agent.call(1, "read_file", &json!({ "path": "a" }));
    let result = agent.result(1);
    assert_eq!(result, ("done".to_owned(), false));
    let call =
        std::iter::from_fn(|| Some(watch.next("call"))).find(|line| line["tool"] != json!(null));
    let call = call.unwrap();
    assert_eq!(
        [&call["server"], &call["tool"], &call["verdict"], &call["outcome"]],
        [&json!("files"), &json!("read_file"), &json!("allow"), &json!("forward")]
    );
    let result = watch.next("result");
    assert_eq!((&result["call"], &result["tool"]), (&call["call"], &json!("read_file")));

    // A reader that goes away is success.
    drop(watch.lines);
    agent.call(2, "read_file", &json!({ "path": "b" }));
    agent.result(2);
    let status = until("watch to end", || watch.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn a_filter_prints_the_records_of_calls_that_it_means() {
    let bed = Bed::new();
    let mut agent = bed.agent(&[]);
    let mut watch = Watch::start(
        &bed,
        &["--from-start", "--filter", "tool:read_file arg.path~secret res:DONE"],
    );
    agent.call(1, "read_file", &json!({ "path": "plain" }));
    agent.result(1);
    agent.call(2, "write_file", &json!({ "path": "secret" }));
    agent.result(2);
    agent.call(3, "read_file", &json!({ "path": "my\u{e9}/secret" }));
    agent.result(3);
    // Until the result is known the third test fails: the result's record is the first to be printed.
    let first: Value = serde_json::from_str(&watch.lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&first["event"], &first["tool"]), (&json!("result"), &json!("read_file")));
    drop(watch.lines);
    watch.child.kill().unwrap();
    watch.child.wait().unwrap();

    let mut watch = Watch::start(&bed, &["--from-start", "--filter", "arg.path:*secret !dir:list"]);
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let line: Value = serde_json::from_str(&watch.lines.next().unwrap().unwrap()).unwrap();
        seen.push((line["event"].clone(), line["tool"].clone()));
    }
    let events: Vec<&str> = seen.iter().map(|(event, _)| event.as_str().unwrap()).collect();
    assert_eq!(events, ["call", "result", "call", "result"], "{seen:?}");
    watch.child.kill().unwrap();
    watch.child.wait().unwrap();
}

#[test]
fn a_broken_filter_is_shown_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let ran = crate::program::tollgate(home.path(), &["watch", "--filter", "日本 servr:mail"]);
    let expected = "tollgate: failed to read the filter: column 4: no field `servr`; did you mean `srv`?\n  \
                    日本 servr:mail\n       ^\n";
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.as_str()), (2, expected, ""));
}
