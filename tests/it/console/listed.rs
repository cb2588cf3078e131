//! Which columns the calls have, in which order they stand, and lines that are cut.

use tollgate::policy::Verdict;

use super::stage::{SESSION, Stage};

/// Three calls: the second takes longest, the last is largest.
fn stage() -> Stage {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    for (tool, arguments, ms) in [
        ("beta", "{}", 20),
        ("alpha", r#"{"a":1}"#, 700),
        ("gamma", r#"{"path":"much longer"}"#, 3),
    ] {
        let call = stage.passes(tool, arguments, Verdict::Allow);
        stage.wait(ms);
        stage.answered(call, "{}");
    }
    stage
}

/// The tools in the order of their rows.
fn tools(stage: &mut Stage) -> Vec<&'static str> {
    let rows = stage.rows();
    let known = ["alpha", "beta", "gamma", "delta"];
    // Behind the status, the tabs, the title and the heading.
    rows.iter()
        .skip(4)
        .filter_map(|row| known.into_iter().find(|tool| row.contains(tool)))
        .collect()
}

#[test]
fn calls_are_sorted_by_a_column_and_go_back_to_the_order_of_time() {
    let mut stage = stage();
    let table = [
        ("", vec!["beta", "alpha", "gamma"], ""),
        ("o", vec!["gamma", "beta", "alpha"], "by ms"),
        ("o", vec!["beta", "alpha", "gamma"], "by size"),
        ("o", vec!["alpha", "beta", "gamma"], "by tool"),
        ("o", vec!["beta", "alpha", "gamma"], ""),
        (":sort ms<enter>", vec!["gamma", "beta", "alpha"], "by ms"),
        (":sort time<enter>", vec!["beta", "alpha", "gamma"], ""),
    ];
    for (keys, expected, title) in table {
        stage.types(keys);
        assert_eq!(tools(&mut stage), expected, "{keys}");
        assert!(
            stage.screen().contains(title)
                && (!title.is_empty() || !stage.screen().contains("  by "))
        );
    }
    stage.types(":sort what-if");
    assert!(stage.screen().contains("not sorted by what-if"), "{}", stage.screen());
    stage.types("<esc>:sort colour");
    assert!(stage.screen().contains("no column `colour`"), "{}", stage.screen());
}

#[test]
fn an_order_takes_new_calls_in_and_keeps_the_selected_one() {
    let mut stage = stage();
    stage.types("ogj<300ms>");
    assert!(stage.screen().contains("> 12:00:00 claude-1  files     beta"), "{}", stage.screen());
    let call = stage.passes("delta", "{}", Verdict::Allow);
    stage.wait(5);
    stage.answered(call, "{}");
    stage.types("<300ms>");
    assert_eq!(tools(&mut stage), ["gamma", "delta", "beta", "alpha"]);
    assert!(
        stage.screen().contains("files     beta")
            && stage.screen().contains("> 12:00:00 claude-1  files     beta")
    );
    // A filter leaves fewer of them, in the same order.
    stage.types("/tool:!delta<enter><300ms>");
    assert_eq!(tools(&mut stage), ["gamma", "beta", "alpha"]);
    stage.types("G<300ms>k");
    assert!(stage.screen().contains("> 12:00:00 claude-1  files     beta"), "{}", stage.screen());
}

#[test]
fn a_selected_call_that_leaves_a_sorted_list_gives_way_to_its_neighbour() {
    let mut stage = stage();
    let calls: Vec<u64> = (1..=5)
        .map(|size| {
            stage.passes(
                "delta",
                &format!("{{\"a\":\"{}\"}}", "x".repeat(size * 10)),
                Verdict::Allow,
            )
        })
        .collect();
    stage.types(":sort size<enter>/outcome:running<enter>gjj<300ms>");
    let detail = |stage: &mut Stage| {
        stage.types("2");
        let title = stage.rows()[2].clone();
        stage.types("1");
        title
    };
    assert!(detail(&mut stage).contains(&format!("#{} ", calls[2])));
    stage.answered(calls[2], "{}");
    stage.types("<300ms>");
    assert!(detail(&mut stage).contains(&format!("#{} ", calls[3])), "{}", stage.screen());
    // A call that came since is gone to all the same.
    let newest = stage.passes("delta", "{}", Verdict::Allow);
    stage.types(&format!(":call {newest}<enter>"));
    assert!(!stage.screen().contains("hides that call"), "{}", stage.screen());
}

#[test]
fn the_operator_chooses_the_columns() {
    let mut stage = stage();
    stage.types("cms tool id<enter>");
    let heading = stage.rows()[3].clone();
    let words: Vec<&str> = heading.split_whitespace().collect();
    assert_eq!(words, ["│", "ms", "tool", "id", "│"], "{heading}");
    assert!(stage.screen().contains("#2"), "{}", stage.screen());
    // The line begins with what is shown; what is none is said at its place.
    stage.types("c");
    assert!(stage.screen().contains("columns ms tool id"), "{}", stage.screen());
    stage.types(" colour");
    assert!(stage.screen().contains("no column `colour`"), "{}", stage.screen());
    stage.types("<ctrl-u>columns<enter>");
    assert!(stage.screen().contains("verdict"), "{}", stage.screen());
    // More than there is room for: the first ones.
    stage.types("c");
    stage.types("time session server verdict risk size rsize wait ms tool id<enter>");
    assert!(stage.rows()[3].contains("verdict") && !stage.rows()[3].contains(" id"));
}

#[test]
fn long_lines_are_wrapped_or_cut_and_a_search_finds_what_is_cut() {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    let text = format!(r#"{{"a":"{} needle","b":1}}"#, "word ".repeat(46));
    stage.passes("tool", &text, Verdict::Allow);
    stage.types("2jj");
    let wrapped = stage.rows().iter().filter(|row| row.contains("word word")).count();
    assert!(wrapped > 2 && stage.screen().contains("needle"), "{}", stage.screen());
    stage.types("w");
    let cut: Vec<String> =
        stage.rows().into_iter().filter(|row| row.contains("word word")).collect();
    assert!(
        cut.len() == 1 && cut[0].contains('~') && !stage.screen().contains("needle"),
        "{cut:?}"
    );
    // The cursor is at the line it was at.
    assert!(cut[0].contains(">|"), "{cut:?}");
    stage.types("/needle<enter>");
    assert!(stage.screen().contains("needle\""), "{}", stage.screen());
}

#[test]
fn enter_on_a_session_or_a_server_lists_its_calls_alone() {
    let mut stage = stage();
    stage.session("codex-2", "mail");
    stage.asks_in("codex-2", 7, "delta", "{}", tollgate::policy::Risk::Low);
    stage.types("6j<enter>");
    assert_eq!(tools(&mut stage), ["delta"]);
    assert!(stage.screen().contains("sess:codex-2"), "{}", stage.screen());
    stage.types("5g<enter>");
    assert_eq!(tools(&mut stage), ["beta", "alpha", "gamma"]);
    assert!(stage.screen().contains("sess:claude-1 srv:files"), "{}", stage.screen());
    // No filter hides a call that waits.
    stage.types("3");
    assert!(stage.screen().contains("mail.delta"), "{}", stage.screen());
    stage.types("1/<ctrl-u><enter>");
    assert_eq!(tools(&mut stage).len(), 4);
}

#[test]
fn a_servers_stderr_is_a_key_away() {
    let mut stage = stage();
    stage.stderr("listening on stdio");
    stage.asks("delta", "{}", tollgate::policy::Risk::Low);
    stage.types("5s");
    let found = stage.rows().into_iter().find(|row| row.contains("listening"));
    assert!(found.is_some_and(|row| row.contains('>')), "{}", stage.screen());
}

#[test]
fn the_detail_says_whose_call_it_is() {
    let mut stage = stage();
    stage.types("2");
    assert!(stage.screen().contains("claude-1 > files > gamma"), "{}", stage.screen());
    // Where there is less room the tool stands alone.
    stage.resize(60, 16);
    assert!(stage.rows()[3].contains("gamma"), "{}", stage.screen());
}

#[test]
fn rules_are_listed_with_how_often_they_decided() {
    let mut stage = stage();
    stage.session("codex-2", "mail");
    stage.asks_in("codex-2", 7, "write_file", "{}", tollgate::policy::Risk::Medium);
    stage.types("9");
    let rows = stage.rows();
    let row = |rule: &str| {
        let row = rows.iter().find(|row| row.contains(rule)).unwrap_or_else(|| panic!("{rows:#?}"));
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    // Three calls of one session and one of another, under the same policy: one row.
    assert_eq!(row(" r7 ")[2..7], ["ask-writes", "r7", "ASK", "4", "12:00:00"]);
    assert_eq!(row(" r14 ")[1..6], ["ask-writes", "r14", "DENY", "0", "never"]);
    assert!(rows[2].contains("9 Policy (3)  2 never decided"), "{}", rows[2]);
    // Enter lists the calls that it decided.
    stage.types("<enter>");
    assert!(stage.screen().contains("rule:r7"), "{}", stage.screen());
    assert_eq!(tools(&mut stage).len(), 3);
}

#[test]
fn a_rule_that_the_policy_does_not_have_is_listed_when_it_decided() {
    let mut stage = stage();
    let why = super::stage::reason("builtin.sampling", Verdict::Ask);
    stage.records_reason(why);
    stage.types("9G");
    assert!(stage.screen().contains("> ask-writes  builtin.sam~"), "{}", stage.screen());
}

#[test]
fn the_log_lists_what_is_bad_enough() {
    let mut stage = stage();
    stage.stderr("listening on stdio");
    stage.finds("guard.duplicate-key", "the key stands twice");
    stage.types("0");
    let listed = |stage: &mut Stage| {
        let screen = stage.screen();
        let has = |text: &str| screen.contains(text);
        (has("listening on stdio"), has("guard.duplicate-key"), has("high alone"))
    };
    assert_eq!(listed(&mut stage), (true, true, false));
    stage.types("lll");
    assert_eq!(listed(&mut stage), (false, true, true));
    // A search looks through all of it.
    stage.types("/listening<enter>");
    assert_eq!(listed(&mut stage), (true, true, false));
    stage.types("llll");
    assert_eq!(listed(&mut stage), (true, true, false));
}
