//! What the mock does with each kind of line, as transcripts: `>` is the client's, `<` the server's, `!` what
//! does not fit. The recordings are made by scripts as in `tests/scenarios`.

use std::fmt::Write as _;

use tollgate::engine::{At, ConnId};
use tollgate::journal::mock::{Mock, Order, Turn};
use tollgate::journal::read::read_all;

use super::scripts;

const HEAD: &str = "agent claude-code none\nattended\n0s open files\n";

fn mock(script: &str, order: Order) -> Mock {
    let journal = crate::scenarios::journal(&format!("{HEAD}{script}"));
    Mock::new(scripts(&read_all(&journal).records), order, At(0)).unwrap()
}

/// Plays the client's lines of a transcript and writes what came of each.
fn played(mock: &mut Mock, transcript: &str) -> String {
    let mut out = String::new();
    for due in mock.begin(At(0)) {
        writeln!(out, "< {}", String::from_utf8_lossy(&due.line)).unwrap();
    }
    for sent in transcript.lines().filter_map(|line| line.trim_start().strip_prefix("> ")) {
        writeln!(out, "> {sent}").unwrap();
        let Turn { lines, deviations } = mock.receive(sent.as_bytes(), At(0));
        for due in lines {
            writeln!(out, "< {}", String::from_utf8_lossy(&due.line)).unwrap();
        }
        for deviation in deviations {
            writeln!(out, "! {deviation}").unwrap();
        }
    }
    out
}

#[track_caller]
fn check(script: &str, order: Order, transcript: &str) {
    let expected: String = transcript
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |mut all, line| {
            writeln!(all, "{line}").unwrap();
            all
        });
    assert_eq!(played(&mut mock(script, order), transcript), expected);
}

const TWO_CALLS: &str = r#"
1s agent call 1 read_file {"path":"a"}
2s server result 1 first
3s agent call 2 read_file {"path":"b"}
4s server result 2 second
"#;

#[test]
fn strict_answers_what_is_due_and_nothing_else() {
    check(
        TWO_CALLS,
        Order::Strict,
        r#"
        > {"id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"b"}}}
        < {"jsonrpc":"2.0","id":7,"error":{"code":-31002,"message":"not what the recording has here: tools/call read_file came where record 2 was due: tools/call read_file","data":{"received":{"method":"tools/call","params":{"name":"read_file","arguments":{"path":"b"}}},"expected":{"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"}}},"record":2}}}
        ! not what the recording has here: tools/call read_file came where record 2 was due: tools/call read_file
        > {"id":8,"method":"tools/call","params":{"arguments":{"path":"\u0061"},"name":"read_file"}}
        < {"jsonrpc":"2.0","id":8,"result":{"content":[{"type":"text","text":"first"}]}}
        > {"id":"x","method":"tools/call","params":{"name":"read_file","arguments":{"path":"b"}}}
        < {"jsonrpc":"2.0","id":"x","result":{"content":[{"type":"text","text":"second"}]}}
        > {"id":null,"method":"ping"}
        < {"jsonrpc":"2.0","id":null,"error":{"code":-31002,"message":"not what the recording has here: ping came, and no further request is recorded","data":{"received":{"method":"ping","params":null}}}}
        ! not what the recording has here: ping came, and no further request is recorded
        "#,
    );
}

#[test]
fn tolerant_answers_in_any_order_each_once_and_the_last_again() {
    check(
        r#"
1s agent call 1 read_file {"path":"a"}
2s server result 1 old
3s agent call 2 read_file {"path":"a"}
4s server result 2 new
5s agent call 3 read_file {"path":"b"}
6s server result 3 other
"#,
        Order::Tolerant,
        r#"
        > {"id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"b"}}}
        < {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"other"}]}}
        > {"id":2,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"},"_meta":{"of":"mine"}}}
        < {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"old"}]}}
        > {"id":3,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"}}}
        < {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"new"}]}}
        > {"id":4,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"}}}
        < {"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"new"}]}}
        > {"id":5,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"c"}}}
        < {"jsonrpc":"2.0","id":5,"error":{"code":-31002,"message":"not in the recording: tools/call read_file with these parameters (with others it has tools/call 3 times)","data":{"received":{"method":"tools/call","params":{"name":"read_file","arguments":{"path":"c"}}}}}}
        ! not in the recording: tools/call read_file with these parameters (with others it has tools/call 3 times)
        > not json
        < {"jsonrpc":"2.0","id":null,"error":{"code":-31002,"message":"a line that is no message: not JSON at byte 0: expected null"}}
        ! a line that is no message: not JSON at byte 0: expected null
        "#,
    );
}

const SHAKEN: &str = r#"
1s agent {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"a"}}}
2s server {"id":0,"result":{"protocolVersion":"2025-11-25"}}
3s agent {"method":"notifications/initialized"}
4s server {"id":0,"method":"roots/list"}
5s agent {"id":0,"result":{"roots":[]}}
6s server {"method":"notifications/message","params":{"data":"one root"}}
7s agent {"id":1,"method":"tools/list"}
8s server {"method":"notifications/tools/list_changed"}
9s server {"id":1,"result":{"tools":[]}}
10s server {"method":"notifications/message","params":{"data":"bye"}}
"#;

#[test]
fn a_line_that_answers_nothing_comes_where_it_came() {
    check(
        SHAKEN,
        Order::Strict,
        r#"
        > {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"a"}}}
        < {"id":0,"result":{"protocolVersion":"2025-11-25"}}
        > {"method":"notifications/initialized"}
        < {"id":0,"method":"roots/list"}
        > {"id":0,"result":{"roots":[]}}
        < {"method":"notifications/message","params":{"data":"one root"}}
        > {"id":1,"method":"tools/list"}
        < {"method":"notifications/tools/list_changed"}
        < {"id":1,"result":{"tools":[]}}
        < {"method":"notifications/message","params":{"data":"bye"}}
        "#,
    );
    // Neither side is fast: the list is asked for before the server's question is answered.
    check(
        SHAKEN,
        Order::Strict,
        r#"
        > {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"a"}}}
        < {"id":0,"result":{"protocolVersion":"2025-11-25"}}
        > {"method":"notifications/initialized"}
        < {"id":0,"method":"roots/list"}
        > {"id":1,"method":"tools/list"}
        < {"method":"notifications/message","params":{"data":"one root"}}
        < {"method":"notifications/tools/list_changed"}
        < {"id":1,"result":{"tools":[]}}
        > {"id":0,"result":{"roots":[]}}
        < {"method":"notifications/message","params":{"data":"bye"}}
        "#,
    );
    check(
        SHAKEN,
        Order::Tolerant,
        r#"
        > {"id":5,"method":"initialize","params":{"protocolVersion":"2024-11-05","clientInfo":{"name":"b"}}}
        < {"id":5,"result":{"protocolVersion":"2025-11-25"}}
        > {"method":"notifications/initialized"}
        > {"id":6,"method":"tools/list","params":{}}
        < {"id":0,"method":"roots/list"}
        < {"method":"notifications/message","params":{"data":"one root"}}
        < {"method":"notifications/tools/list_changed"}
        < {"id":6,"result":{"tools":[]}}
        < {"method":"notifications/message","params":{"data":"bye"}}
        > {"id":7,"method":"tools/list"}
        < {"id":7,"result":{"tools":[]}}
        "#,
    );
}

#[test]
fn strict_names_what_asks_for_nothing_and_does_not_fit() {
    check(
        SHAKEN,
        Order::Strict,
        r#"
        > {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"a"}}}
        < {"id":0,"result":{"protocolVersion":"2025-11-25"}}
        > {"id":0,"result":{"roots":["early"]}}
        ! an answer to 0, which was not asked
        > {"method":"notifications/initialized"}
        < {"id":0,"method":"roots/list"}
        > {"method":"notifications/initialized"}
        ! the notification notifications/initialized is not in the recording like this, or not so often
        > {"id":0,"result":{"roots":["another"]}}
        < {"method":"notifications/message","params":{"data":"one root"}}
        ! the answer to the server's request 0 differs from record 6
        "#,
    );
}

#[test]
fn what_the_gate_refused_was_not_heard_and_what_was_edited_was() {
    let script = r#"
1s agent call 1 shell {}
2s agent call 2 write_file {"path":"a"}
3s edit 2 {"path":"b"}
4s allow 2
5s server result 2 written
6s agent call 3 write_file {"path":"c"}
7s deny 3
"#;
    for order in [Order::Strict, Order::Tolerant] {
        let mut mock = mock(script, order);
        assert_eq!(mock.summary().unwrap().requests, 1);
        let told = played(
            &mut mock,
            r#"
            > {"id":1,"method":"tools/call","params":{"name":"shell","arguments":{}}}
            > {"id":2,"method":"tools/call","params":{"name":"write_file","arguments":{"path":"a"}}}
            > {"id":3,"method":"tools/call","params":{"name":"write_file","arguments":{"path":"b"}}}
            "#,
        );
        let served =
            r#"< {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"written"}]}}"#;
        assert_eq!(told.matches("-31002").count(), 2, "{told}");
        assert!(told.contains(served), "{told}");
        let summary = mock.summary().unwrap();
        assert_eq!((summary.came, summary.deviations, summary.is_fine()), (1, 2, false));
    }
}

#[test]
fn progress_and_streams_go_under_the_clients_own_names() {
    let script = r#"
1s agent call 1 read_file {} token 1
2s agent {"id":2,"method":"subscriptions/listen","params":{"notifications":{}}}
3s server {"method":"notifications/progress","params":{"progressToken":1,"progress":1}}
4s server {"method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/subscriptionId" : 2}}}
5s server result 1 done
6s server {"id":2,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}
"#;
    let asked = r#"
        > {"id":"a","method":"tools/call","params":{"name":"read_file","arguments":{},"_meta":{"progressToken":"t\u0031"}}}
        > {"id":"b","method":"subscriptions/listen","params":{"notifications":{}}}
    "#;
    for order in [Order::Strict, Order::Tolerant] {
        let told = played(&mut mock(script, order), asked);
        for line in [
            r#"< {"method":"notifications/progress","params":{"progressToken":"t\u0031","progress":1}}"#,
            r#"< {"method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/subscriptionId" : "b"}}}"#,
            r#"< {"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"done"}]}}"#,
            r#"< {"id":"b","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"b"}}}"#,
        ] {
            assert!(told.lines().any(|told| told == line), "{order:?}: {line}\n{told}");
        }
        assert!(!told.contains('!'), "{told}");
    }
    // Who wants no progress gets none; to the strict one that is another request.
    let without =
        r#"> {"id":1,"method":"tools/call","params":{"name":"read_file","arguments":{}}}"#;
    let told = played(&mut mock(script, Order::Tolerant), without);
    assert!(!told.contains("progress") && told.contains("done"), "{told}");
    assert!(played(&mut mock(script, Order::Strict), without).contains("-31002"));
}

#[test]
fn a_cancellation_names_the_clients_own_request() {
    let script = "
1s agent call 1 read_file {}
2s agent cancel 1
";
    let asked = r#"{"id":"a","method":"tools/call","params":{"name":"read_file","arguments":{}}}"#;
    let cancel =
        |id| format!(r#"> {{"method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#);
    for (id, fits) in [("\"a\"", true), ("1", false), ("\"b\"", false)] {
        let told = played(&mut mock(script, Order::Strict), &format!("> {asked}\n{}", cancel(id)));
        assert_eq!(!told.contains('!'), fits, "{told}");
    }
}

const BATCHES: &str = r#"
1s agent {"id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}
2s server {"id":0,"result":{"protocolVersion":"2025-03-26"}}
3s agent [{"id":1,"method":"ping"}, {"id":2,"method":"tools/list"}]
4s server [{"id":2,"result":{"tools":[]}} , {"id":1,"result":{}}]
"#;

#[test]
fn batches_are_answered_as_they_were_and_cut_where_they_have_to_be() {
    let hello = r#"
        > {"id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}
        < {"id":0,"result":{"protocolVersion":"2025-03-26"}}
    "#;
    let whole = r#"
        > [{"id":"a","method":"ping"},{"id":"b","method":"tools/list"}]
        < [{"id":"b","result":{"tools":[]}} , {"id":"a","result":{}}]
    "#;
    check(BATCHES, Order::Strict, &format!("{hello}{whole}"));
    check(BATCHES, Order::Tolerant, &format!("{hello}{whole}"));
    check(
        BATCHES,
        Order::Tolerant,
        &format!(
            "{hello}{}",
            r#"
            > {"id":7,"method":"tools/list"}
            < {"id":7,"result":{"tools":[]}}
            > [{"id":8,"method":"ping"},{"id":9,"method":"no/such"},{"method":"notifications/x"}]
            < [{"id":8,"result":{}},{"jsonrpc":"2.0","id":9,"error":{"code":-31002,"message":"not in the recording: no/such with these parameters (with others it has no/such 0 times)","data":{"received":{"method":"no/such","params":null}}}}]
            ! not in the recording: no/such with these parameters (with others it has no/such 0 times)
            "#
        ),
    );
    let other = r#"> [{"id":1,"method":"ping"}]"#;
    let told = played(&mut mock(BATCHES, Order::Strict), &format!("{hello}{other}"));
    assert!(told.contains(r#"< [{"jsonrpc":"2.0","id":1,"error""#), "{told}");
    // No other revision has them.
    let older = BATCHES.replace("2025-03-26", "2024-11-05").replace("3s agent [", "3s agent  [");
    let hello = hello.replace("2025-03-26", "2024-11-05");
    let told = played(&mut mock(&older, Order::Tolerant), &format!("{hello}{other}"));
    assert!(told.contains("which revision 2024-11-05 does not have"), "{told}");
}

#[test]
fn what_is_no_message_goes_as_it_was() {
    let script = r#"
1s server hello, I am a log line
2s agent {"id":1,"method":"ping"}
3s server {"id":1,"result":{},"result":{}}
"#;
    let transcript = r#"
        < hello, I am a log line
        > {"id":"other","method":"ping"}
        < {"id":1,"result":{},"result":{}}
    "#;
    check(script, Order::Strict, transcript);
    check(script, Order::Tolerant, transcript);
}

#[test]
fn of_several_connections_the_one_that_fits_is_played() {
    let script = r#"
1s agent {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
2s server {"id":0,"result":{"protocolVersion":"2025-11-25","n":1}}
3s #2 open files
4s #2 agent {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
5s #2 server {"id":0,"result":{"protocolVersion":"2025-11-25","n":2}}
6s #2 agent call 1 read_file {}
7s #2 server result 1 here
"#;
    for order in [Order::Strict, Order::Tolerant] {
        let mut mock = mock(script, order);
        let told = played(
            &mut mock,
            r#"
            > {"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
            > {"id":1,"method":"tools/call","params":{"name":"read_file","arguments":{}}}
            "#,
        );
        assert!(told.contains("\"n\":1") && told.contains("here"), "{told}");
        assert!(!told.contains('!'), "{told}");
        let summary = mock.summary().unwrap();
        assert_eq!((summary.conn, summary.came, summary.is_fine()), (ConnId(2), 2, true));
    }
}

#[test]
fn a_line_is_due_as_long_after_its_request_as_it_was() {
    for order in [Order::Strict, Order::Tolerant] {
        let mut mock = mock(TWO_CALLS, order);
        let call = |path: &str| {
            format!(
                r#"{{"id":1,"method":"tools/call","params":{{"name":"read_file","arguments":{{"path":"{path}"}}}}}}"#
            )
        };
        for (path, at, due) in [("a", 5_000_000, 6_000_000), ("b", 5_500_000, 6_500_000)] {
            let turn = mock.receive(call(path).as_bytes(), At(at));
            assert_eq!(turn.lines.iter().map(|line| line.at).collect::<Vec<_>>(), [At(due)]);
        }
    }
}

#[test]
fn strict_says_what_did_not_come() {
    let mut mock = mock(TWO_CALLS, Order::Strict);
    played(
        &mut mock,
        r#"> {"id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"}}}"#,
    );
    let summary = mock.summary().unwrap();
    assert_eq!((summary.came, summary.requests, summary.is_fine()), (1, 2, false));
    assert_eq!(summary.missing, Some((4, "tools/call read_file".to_owned())));
}
