//! Key scripts: what counts as an answer, and above all what does not.

use tollgate::console::update;
use tollgate::engine::Settled;
use tollgate::policy::{Risk, Verdict};
use tollgate::wire::{AnswerWord, Build, FromConsole, ToConsole};

use super::stage::{SESSION, Stage};

const SHORT: &str = r#"{"path":"a.txt"}"#;

/// A stage with one waiting call of this risk.
fn waiting(risk: Risk, arguments: &str) -> Stage {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    stage.asks("write_file", arguments, risk);
    stage.code(1, "k7m");
    stage.wait(5000);
    stage
}

fn long() -> String {
    let lines: Vec<String> = (0..60).map(|n| format!("\"line {n}\"")).collect();
    format!("[{}]", lines.join(","))
}

/// The words of the answers that a script leads to.
fn answers(stage: &mut Stage, script: &str) -> Vec<&'static str> {
    stage.types(script);
    stage
        .answers()
        .iter()
        .map(|line| match line.answer {
            AnswerWord::Allow {} => "allow",
            AnswerWord::Deny { .. } => "deny",
            AnswerWord::Edit { .. } => "edit",
            AnswerWord::Remember { allow: true, .. } => "allow all",
            AnswerWord::Remember { allow: false, .. } => "deny all",
        })
        .collect()
}

/// What a script comes to on a fresh card of this risk.
fn check(risk: Risk, arguments: &str, script: &str, expected: &[&str]) {
    let found = answers(&mut waiting(risk, arguments), script);
    assert_eq!(found, expected, "{risk:?}: {script}");
}

#[test]
fn each_risk_is_allowed_in_its_own_way() {
    check(Risk::Low, SHORT, "A<900ms>a", &["allow"]);
    check(Risk::Medium, SHORT, "A<900ms>a", &[]);
    check(Risk::Medium, SHORT, "A<900ms>a<500ms>y", &["allow"]);
    check(Risk::High, SHORT, "A<900ms>a", &[]);
    check(Risk::High, SHORT, "A<900ms>ak7m", &["allow"]);
}

#[test]
fn a_wrong_code_allows_nothing_and_starts_again() {
    check(Risk::High, SHORT, "A<900ms>ak7x", &[]);
    check(Risk::High, SHORT, "A<900ms>ak7<esc>m", &[]);
    check(Risk::High, SHORT, "A<900ms>ay<500ms>y", &[]);
    check(Risk::High, SHORT, "A<900ms>ak8<backspace>7m", &["allow"]);
}

#[test]
fn an_allow_carries_the_digest_and_the_code_that_were_shown() {
    let mut stage = waiting(Risk::High, SHORT);
    stage.types("A<900ms>ak7m");
    let answers = stage.answers();
    assert_eq!(answers[0].session, SESSION);
    assert_eq!(answers[0].ticket, 1);
    assert_eq!(answers[0].digest, "digest-1-1");
    assert_eq!(answers[0].code.as_deref(), Some("k7m"));
}

#[test]
fn a_card_that_was_just_drawn_takes_no_answer() {
    check(Risk::Low, SHORT, "Aa", &[]);
    check(Risk::Low, SHORT, "A<700ms>a", &[]);
    check(Risk::Low, SHORT, "A<780ms>a", &["allow"]);
    check(Risk::Low, SHORT, "A<700ms>d", &[]);
}

#[test]
fn typing_ahead_is_dead() {
    check(Risk::Low, SHORT, "A<900ms>say yes to all that is a or d", &[]);
    check(Risk::Medium, SHORT, "A<900ms>ay", &[]);
    check(Risk::Low, SHORT, "A<900ms>j<300ms>a", &[]);
    check(Risk::Low, SHORT, "A<900ms>j<400ms>a", &["allow"]);
    check(Risk::Low, SHORT, "A<900ms><focus>a", &[]);
}

#[test]
fn nothing_answers_outside_the_card() {
    check(Risk::Low, SHORT, "<2000ms>a<2000ms>d<2000ms>y<2000ms>3<2000ms>a<2000ms>d", &[]);
    check(Risk::Low, SHORT, "A<900ms>?<2000ms>a<2000ms>d", &[]);
}

#[test]
fn an_arriving_call_never_takes_the_keys() {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    stage.types("<1000ms>j");
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(answers(&mut stage, "<2000ms>a<2000ms>a<2000ms><enter>"), [""; 0]);
    assert!(stage.model.ui.card.is_none());
}

#[test]
fn enter_paste_space_and_held_keys_never_answer() {
    check(Risk::Low, SHORT, "A<900ms><enter><900ms><enter>", &[]);
    check(Risk::Low, SHORT, "A<900ms> <900ms><tab>", &[]);
    check(Risk::Low, SHORT, "A<900ms><paste:a><900ms><paste:ay>", &[]);
    check(Risk::Low, SHORT, "A<900ms><hold:a><900ms><hold:a><2000ms><hold:d>", &[]);
    check(Risk::Medium, SHORT, "A<900ms>a<500ms><hold:y><900ms><enter>", &[]);
    check(Risk::High, SHORT, "A<900ms>a<paste:k7m>", &[]);
}

#[test]
fn a_key_that_may_be_held_never_answers() {
    // Without reports of repeats a held key is the same key again: after 660 ms, then every 30 ms.
    check(Risk::Low, SHORT, "A<100ms>a<660ms>a<30ms>a<30ms>a<30ms>a", &[]);
    check(Risk::Low, SHORT, "A<100ms>a<1000ms>a", &["allow"]);
}

#[test]
fn an_answer_of_one_card_is_none_for_the_next() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(answers(&mut stage, "A<900ms>a"), ["allow"]);
    stage.settled(1, Settled::Allowed { by: Stage::operator() });
    assert_eq!(answers(&mut stage, "n<100ms>a<500ms>d"), ["allow"], "the next card is not armed");
    stage.types("<1000ms>a");
    assert_eq!(stage.answers()[1].ticket, 2);
}

#[test]
fn one_answer_is_sent_once() {
    check(Risk::Low, SHORT, "A<900ms>a<2000ms>a<2000ms>d", &["allow"]);
}

#[test]
fn an_answer_that_was_not_taken_can_be_given_again() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>a");
    let why = "the ticket changed".to_owned();
    stage.gate(ToConsole::NotTaken { session: SESSION.to_owned(), ticket: 1, why });
    assert!(stage.screen().contains("not taken: the ticket changed"));
    assert_eq!(answers(&mut stage, "<1500ms>a"), ["allow", "allow"]);
}

#[test]
fn risky_calls_are_allowed_only_after_everything_was_on_the_screen() {
    check(Risk::Low, &long(), "A<900ms>a", &["allow"]);
    check(Risk::Medium, &long(), "A<900ms>a<500ms>y", &[]);
    check(Risk::Medium, &long(), "A<900ms>G<500ms>a<500ms>y", &["allow"]);
    check(Risk::High, &long(), "A<900ms>ak7m", &[]);
    check(Risk::High, &long(), "A<900ms>G<500ms>ak7m", &["allow"]);
    check(Risk::High, &long(), "A<900ms>d", &["deny"]);
}

#[test]
fn what_is_cut_has_to_be_seen_as_raw_bytes() {
    let huge = format!("{{\"body\":\"{}\"}}", "x".repeat(100_000));
    check(Risk::Medium, &huge, "A<900ms>G<500ms>a<500ms>y", &[]);
    check(Risk::Medium, &huge, "A<900ms>vG<500ms>a<500ms>y", &["allow"]);
}

#[test]
fn denials_carry_the_reason_as_typed() {
    let mut stage = waiting(Risk::High, SHORT);
    stage.types("A<900ms>DUse the staging table.<enter>");
    let AnswerWord::Deny { reason } = &stage.answers()[0].answer else { panic!("a denial") };
    assert_eq!(reason.as_deref(), Some("Use the staging table."));

    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>D1<enter>");
    let AnswerWord::Deny { reason } = &stage.answers()[0].answer else { panic!("a denial") };
    assert_eq!(reason.as_deref(), Some("not needed for this task"));

    check(Risk::Low, SHORT, "A<900ms>d", &["deny"]);
    check(Risk::Low, SHORT, "A<900ms>Dno<esc>", &[]);
    check(Risk::Low, SHORT, "A<900ms>D<backspace>abc a d y<900ms>a", &[]);
}

#[test]
fn an_edit_is_put_in_shown_as_a_diff_and_needs_its_own_allow() {
    let mut stage = waiting(Risk::Medium, r#"{"path":"a.txt","n":1.50}"#);
    stage.types("A<900ms>e<down><end><backspace><backspace>X\",<ctrl-s>");
    let AnswerWord::Edit { arguments } = &stage.answers()[0].answer else { panic!("an edit") };
    assert_eq!(arguments, r#"{"path":"a.txtX","n":1.50}"#);
    assert_eq!(stage.answers()[0].digest, "digest-1-1");
    stage.revised(1, 2, Risk::Medium, arguments);
    let screen = stage.screen();
    assert!(screen.contains("- |   \"path\" \"a.txt\""), "{screen}");
    assert!(screen.contains("+ |   \"path\" \"a.txtX\""), "{screen}");
    assert_eq!(answers(&mut stage, "a<500ms>y"), ["edit"], "the new version is not armed yet");
    stage.types("<1000ms>a<500ms>y");
    assert_eq!(stage.answers()[1].digest, "digest-1-2");
}

#[test]
fn an_edit_that_changed_nothing_is_none() {
    // Text with what the editor spells out, which is still the agent's own.
    let mut stage = super::card::card((80, 24), "write_file", r#"{"text":"a\u202eb"}"#, Risk::Low);
    stage.types("e<ctrl-s>");
    assert!(stage.sent.is_empty());
    assert!(stage.screen().contains("nothing was changed"), "{}", stage.screen());
    stage.types("<1100ms>a");
    assert_eq!(stage.sent.len(), 1);
}

#[test]
fn an_edit_that_is_no_object_is_not_sent() {
    check(Risk::Low, SHORT, "A<900ms>e<end>x<ctrl-s>", &[]);
    check(Risk::Low, SHORT, "A<900ms>e<paste:[><ctrl-s>", &[]);
    check(Risk::Low, SHORT, "A<900ms>e<esc>", &[]);
}

#[test]
fn pasting_into_the_editor_shows_what_cannot_be_seen() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>e<down><right><right><right><paste:\u{202E}\u{1b}><ctrl-s>");
    let AnswerWord::Edit { arguments } = &stage.answers()[0].answer else { panic!("an edit") };
    assert_eq!(arguments, r#"{"\u202e\u001bpath":"a.txt"}"#);
}

#[test]
fn a_console_without_the_right_sends_no_answer() {
    for consoles in [vec![(1, false, false), (2, true, false)], vec![]] {
        let mut stage = waiting(Risk::Low, SHORT);
        stage.consoles(&consoles);
        assert_eq!(answers(&mut stage, "A<900ms>a<900ms>d<900ms>e"), [""; 0]);
        assert!(stage.screen().contains("only watches"));
    }
}

#[test]
fn the_right_is_asked_for_and_granted_in_two_steps() {
    let mut stage = Stage::new(80, 24);
    stage.consoles(&[(1, false, false), (2, true, false)]);
    assert!(stage.screen().contains("watching: W asks console 2 for the right to answer"));
    stage.types("W");
    assert!(matches!(stage.sent[..], [FromConsole::RequestRight]));

    let mut stage = Stage::new(80, 24);
    stage.consoles(&[(1, true, false), (2, false, true)]);
    assert!(stage.screen().contains("console 2 (pts/2) asks to answer too"));
    stage.types("Py");
    assert!(stage.sent.is_empty(), "only in the Ask pane");
    stage.types("3P<esc>y");
    assert!(stage.sent.is_empty(), "Esc takes it back");
    stage.types("Py");
    assert!(matches!(stage.sent[..], [FromConsole::Grant { console: 2 }]));
}

#[test]
fn a_ticket_that_is_over_stays_readable_and_takes_nothing() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>");
    stage.settled(1, Settled::TimedOut);
    assert!(stage.screen().contains("TIMEOUT: denied at the deadline"));
    assert_eq!(answers(&mut stage, "<2000ms>a<2000ms>d"), [""; 0]);
    stage.types("<esc>");
    assert!(stage.screen().contains("TIMEOUT"), "the Ask pane keeps it");
}

#[test]
fn the_bell_rings_once_a_ticket() {
    let mut stage = waiting(Risk::Low, SHORT);
    assert_eq!(stage.bells, 1);
    stage.passes("read_file", SHORT, Verdict::Allow);
    stage.wait(60_000);
    assert_eq!(stage.bells, 1);
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(stage.bells, 2);
}

#[test]
fn leaving_while_calls_wait_asks_first() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("q");
    assert!(!stage.quit);
    assert!(stage.screen().contains("calls wait on to their deadline"));
    stage.types("<esc>q");
    assert!(!stage.quit);
    stage.types("y");
    assert!(stage.quit);

    let mut stage = Stage::new(80, 24);
    stage.types("q");
    assert!(stage.quit);
}

#[test]
fn a_card_too_small_to_be_drawn_is_never_armed() {
    let mut stage = Stage::new(58, 15);
    stage.session(SESSION, "files");
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(answers(&mut stage, "<5000ms>A<5000ms>a<5000ms>d"), [""; 0]);
}

#[test]
fn a_gate_that_does_not_know_a_session_ends_its_tickets() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>");
    let build = tollgate::wire::Build { version: "0.1.0".to_owned(), built_at: 2 };
    stage.gate(ToConsole::Welcome { console: 1, build, pid: 78 });
    stage.consoles(&[(1, true, false)]);
    assert!(stage.screen().contains("its session is gone"));
    assert_eq!(answers(&mut stage, "<2000ms>a<2000ms>d"), [""; 0]);
}

#[test]
fn an_answer_into_the_void_is_not_waited_for() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<900ms>a");
    stage.lost("the gate is gone");
    assert!(stage.screen().contains("that answer may not have arrived"));
    assert!(stage.screen().contains("DISCONNECTED"));
    assert_eq!(answers(&mut stage, "<1500ms>a"), ["allow"], "nobody is there to take it");
}

#[test]
fn a_part_of_the_detail_is_folded_with_the_cursor_on_it_or_in_it() {
    let mut stage = Stage::new(120, 40);
    stage.session(SESSION, "files");
    stage.passes("search", r#"{"where":{"path":"src","deep":[1,2]},"what":"x"}"#, Verdict::Allow);
    // On the opening line; then from inside, which takes the cursor to what it folded.
    stage.types("2jh");
    assert!(stage.screen().contains("\"where\" { .. 5 lines folded"), "{}", stage.screen());
    stage.types("l");
    assert!(!stage.screen().contains("folded"));
    stage.types("jjjh");
    assert!(stage.screen().contains("\"deep\" [ .. 2 lines folded"), "{}", stage.screen());
    stage.types("h");
    let screen = stage.screen();
    assert!(screen.contains(" >|   \"where\" { .. 5"), "{screen}");
    // Another call begins unfolded.
    stage.passes("search", r#"{"where":{"path":"src"}}"#, Verdict::Allow);
    stage.types("1G2");
    assert!(!stage.screen().contains("folded"));
}

#[test]
fn a_console_that_is_older_than_the_gate_says_so() {
    let mut stage = Stage::new(120, 40);
    stage.model.built_at = Some(100);
    let welcome = |built_at| {
        let build = Build { version: "0.1.0".to_owned(), built_at };
        ToConsole::Welcome { console: 1, build, pid: 78 }
    };
    stage.gate(welcome(100));
    assert!(!stage.screen().contains("older than the gate"));
    stage.gate(welcome(101));
    assert!(stage.screen().contains("older than the gate: q, then `tollgate console` again"));
}

#[test]
fn layouts_change_by_key_and_never_beyond_the_terminal() {
    let mut stage = Stage::new(200, 60);
    stage.session(SESSION, "files");
    let panes = |stage: &mut Stage| {
        let screen = stage.screen();
        [
            "1 Calls",
            "2 Detail",
            "3 Ask",
            "5 Servers",
            "6 Sessions",
            "9 Policy",
            "0 Log",
            "T Timeline",
        ]
        .iter()
        .filter(|title| screen.contains(&format!("┌─ {title}")))
        .count()
    };
    assert_eq!(panes(&mut stage), 7);
    stage.types("-");
    assert_eq!(panes(&mut stage), 4);
    // The split's last place is the pane that had the keys.
    stage.types("6");
    assert!(stage.screen().contains("┌─ 6 Sessions") && !stage.screen().contains("┌─ 0 Log"));
    stage.types("-");
    assert_eq!(panes(&mut stage), 1);
    stage.types("-+");
    assert_eq!(panes(&mut stage), 1);
    stage.types("_");
    assert_eq!(panes(&mut stage), 7);
    let mut small = Stage::new(80, 24);
    small.session(SESSION, "files");
    small.types("---");
    assert_eq!(panes(&mut small), 1);
}

#[test]
fn clocks_go_on_each_second_or_each_ten_where_motion_is_reduced() {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    assert_eq!(update::next_wake_ms(&stage.model), None, "nothing changes");
    stage.asks("write_file", "{}", Risk::Low);
    stage.wait(300);
    assert_eq!(update::next_wake_ms(&stage.model), Some(700));
    stage.model.ui.reduced_motion = true;
    assert_eq!(update::next_wake_ms(&stage.model), Some(9_700));
}

#[test]
fn rows_behind_the_editor_are_not_seen() {
    let mut stage = waiting(Risk::Medium, &format!("{{\"lines\":{}}}", long()));
    stage.types("A<900ms>");
    let seen = |stage: &mut Stage| {
        let screen = stage.screen();
        let (_, behind) = screen.split_once("   seen ").expect("a share");
        behind.split_once(' ').unwrap().0.parse::<u32>().unwrap()
    };
    let before = seen(&mut stage);
    stage.types("e");
    for _ in 0..40 {
        stage.types("<wheel-down:10,10>");
    }
    stage.types("<esc>");
    assert_eq!(seen(&mut stage), before, "{}", stage.screen());
}

#[test]
fn what_was_typed_into_the_shell_answers_nothing_when_the_console_comes_back() {
    let mut stage = waiting(Risk::Low, SHORT);
    stage.types("A<2000ms><ctrl-z>");
    assert_eq!(stage.suspended, 1);
    stage.wait(60_000);
    stage.comes_back();
    stage.types("a<500ms>a");
    assert!(stage.sent.is_empty(), "the card has just been drawn again");
    stage.types("<1000ms>a");
    assert_eq!(stage.sent.len(), 1);
}
