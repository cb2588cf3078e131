//! The ways to answer beside a plain yes or no, how many keys each takes, and who answers first.

use tollgate::console::update::TEMPLATES;
use tollgate::engine::{Answer, Operator, Settled};
use tollgate::policy::Risk;
use tollgate::wire::{AnswerWord, ToConsole};

use super::card::{SHORT, answers, card, long_command, quiet, words};
use super::stage::{SESSION, Stage};

/// Keys in a script: letters and named keys count one each, waiting none.
fn keys(script: &str) -> usize {
    let mut count = 0;
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        if let Some((word, behind)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            count += usize::from(!word.ends_with("ms"));
            rest = behind;
        } else {
            count += 1;
            rest = rest.split_at(c.len_utf8()).1;
        }
    }
    count
}

#[test]
fn answers_take_no_more_keys_than_promised() {
    // From each pane; `edit` stands for what is typed into the editor or the reason.
    let table = [
        ("approve once, low risk", Risk::Low, "A<900ms>a", "", 2, "allow"),
        ("approve once, medium risk", Risk::Medium, "A<900ms>a<500ms>y", "", 3, "allow"),
        ("approve once, high risk", Risk::High, "A<900ms>ak7m", "", 5, "allow"),
        ("deny", Risk::High, "A<900ms>d", "", 2, "deny"),
        ("deny with a reason", Risk::High, "A<900ms>D{edit}<enter>", "use staging", 3, "deny"),
        ("deny with a template", Risk::High, "A<900ms>D{edit}<enter>", "3", 3, "deny"),
        ("edit", Risk::Low, "A<900ms>e{edit}<ctrl-s>", "<down><end><backspace>x\"", 3, "edit"),
    ];
    for (what, risk, script, edit, budget, word) in table {
        for pane in ["1", "2", "3", "0"] {
            let mut stage = quiet((80, 24));
            stage.asks("write_file", SHORT, risk);
            stage.code(1, "k7m");
            stage.types(pane);
            stage.wait(5000);
            stage.types(&script.replace("{edit}", edit));
            assert_eq!(words(&stage), [word], "{what} from pane {pane}");
            assert_eq!(keys(&script.replace("{edit}", "")), budget, "{what}");
            if word == "edit" {
                // The edit is judged, shown as a difference, and then takes one key more to go on.
                let AnswerWord::Edit { arguments } = answers(&stage).remove(0).answer else {
                    panic!()
                };
                assert_eq!(arguments, r#"{"path":"a.txtx"}"#);
                stage.revised(1, 2, risk, &arguments);
                assert!(stage.screen().contains("- the agent's, + yours"), "{}", stage.screen());
                stage.types("<900ms>a");
                assert_eq!(words(&stage), ["edit", "allow"]);
            }
        }
    }
}

#[test]
fn a_call_is_allowed_unread_by_a_word_and_its_own_confirmation_and_marked() {
    let table = [
        (Risk::Medium, "Uunread<500ms>y", true),
        (Risk::High, "Uunreadk7m", true),
        (Risk::Medium, "Uunread", false),
        (Risk::Medium, "Uunready", false),
        (Risk::Medium, "Uunreax<500ms>y", false),
        (Risk::Medium, "Uunread<500ms><esc><1000ms>y", false),
        (Risk::Medium, "U<paste:unread><500ms>y", false),
        (Risk::Medium, "<hold:U>unread<500ms>y", false),
        (Risk::High, "Uunreadk7x", false),
        (Risk::High, "U<esc>k7m", false),
    ];
    for (risk, script, allowed) in table {
        let mut stage = card((80, 24), "run", &long_command(), risk);
        stage.types(script);
        let marks: Vec<bool> = answers(&stage).iter().map(|line| line.unread).collect();
        assert_eq!(marks, if allowed { vec![true] } else { vec![] }, "{risk:?} {script}");
    }
}

#[test]
fn unread_is_no_way_where_reading_is_not_asked_for_or_done() {
    for (risk, arguments) in [(Risk::Low, long_command()), (Risk::Medium, SHORT.to_owned())] {
        let mut stage = card((80, 24), "run", &arguments, risk);
        stage.types("U");
        assert!(stage.screen().contains("a allows it"), "{}", stage.screen());
        stage.types("nread<500ms>y");
        assert_eq!(words(&stage), [""; 0]);
    }
    // Escaping leaves no mark on the allow that follows.
    let mut stage = card((80, 24), "run", &long_command(), Risk::Medium);
    stage.types("Uunread<esc><1000ms>G<1000ms>a<500ms>y");
    assert_eq!(answers(&stage).iter().map(|line| line.unread).collect::<Vec<_>>(), [false]);
}

#[test]
fn an_unread_allow_stands_in_the_log() {
    let mut stage = card((80, 24), "run", &long_command(), Risk::Medium);
    stage.says(1, Answer::Allow, true);
    stage.says_in_vain(1, Answer::Allow, true);
    stage.settled(1, Settled::Allowed { by: Stage::operator() });
    stage.types("<esc>0");
    let screen = stage.screen();
    assert_eq!(screen.matches("#1 allowed unread by console 1").count(), 1, "{screen}");
}

#[test]
fn the_sentences_behind_the_digits_are_on_the_card() {
    let mut stage = card((80, 24), "write_file", SHORT, Risk::Medium);
    stage.types("D");
    let screen = stage.screen();
    for (n, (_, sentence)) in TEMPLATES.iter().enumerate() {
        assert!(screen.contains(&format!("{}  {sentence}", n + 1)), "{screen}");
    }
    let mut small = card((60, 16), "write_file", SHORT, Risk::Medium);
    small.types("D");
    assert!(small.screen().contains("5 why"), "{}", small.screen());
    for (n, (_, sentence)) in TEMPLATES.iter().enumerate() {
        let mut stage = card((80, 24), "write_file", SHORT, Risk::Medium);
        stage.types(&format!("D{}<enter>", n + 1));
        let AnswerWord::Deny { reason } = answers(&stage).remove(0).answer else { panic!() };
        assert_eq!(reason.as_deref(), Some(*sentence));
    }
}

#[test]
fn an_editor_of_the_operators_own_only_fills_the_one_on_the_card() {
    let mut stage = card((80, 24), "write_file", SHORT, Risk::Low);
    stage.types("E");
    assert_eq!(stage.in_editor.take().as_deref(), Some("{\n  \"path\": \"a.txt\"\n}"));
    assert!(stage.screen().contains("in your editor"), "{}", stage.screen());
    stage.edited(Ok("{\n  \"path\": \"b\u{202E}.txt\"\n}\n"));
    assert_eq!(words(&stage), [""; 0], "its end is no answer");
    assert!(stage.screen().contains("b\\u202e.txt"), "{}", stage.screen());
    stage.types("<ctrl-s>");
    let AnswerWord::Edit { arguments } = answers(&stage).remove(0).answer else { panic!() };
    assert_eq!(arguments, r#"{"path":"b\u202e.txt"}"#);

    let mut stage = card((80, 24), "write_file", SHORT, Risk::Low);
    stage.types("E");
    stage.edited(Err("the editor failed (exit status: 1)"));
    assert!(
        stage.screen().contains("nothing was changed: the editor failed"),
        "{}",
        stage.screen()
    );
    stage.types("a");
    assert_eq!(words(&stage), [""; 0], "what was typed into the editor is not typed ahead");
    stage.types("<1100ms>a");
    assert_eq!(words(&stage), ["allow"]);
}

#[test]
fn an_edit_of_a_call_that_changed_or_ended_meanwhile_is_not_taken() {
    let ends: [fn(&mut Stage); 2] = [
        |stage| stage.settled(1, Settled::TimedOut),
        |stage| stage.revised(1, 2, Risk::Low, r#"{"path":"other"}"#),
    ];
    for end in ends {
        let mut stage = card((80, 24), "write_file", SHORT, Risk::Low);
        stage.types("E");
        end(&mut stage);
        stage.edited(Ok(r#"{"path":"mine"}"#));
        assert!(!stage.screen().contains("mine"), "{}", stage.screen());
        stage.types("<ctrl-s>");
        assert_eq!(words(&stage), [""; 0]);
    }
}

#[test]
fn of_two_consoles_the_first_wins_and_the_other_sees_who() {
    let mut first = card((80, 24), "write_file", SHORT, Risk::Medium);
    let mut second = card((80, 24), "write_file", SHORT, Risk::Medium);
    first.types("d");
    assert_eq!(words(&first), ["deny"]);
    // The second is about to say yes when the first one's record comes.
    second.types("a");
    let denied = Settled::Denied { by: Operator("console 1".to_owned()), reason: None };
    second.settled(1, denied);
    assert!(second.screen().contains("DENIED  by console 1"), "{}", second.screen());
    second.types("<1000ms>y<1000ms>a");
    assert_eq!(words(&second), [""; 0]);

    // Both answered: the gate takes one, and tells the other.
    let mut late = card((80, 24), "write_file", SHORT, Risk::Low);
    late.types("a");
    let why = "the call was already allowed".to_owned();
    late.gate(ToConsole::NotTaken { session: SESSION.to_owned(), ticket: 1, why });
    assert!(late.screen().contains("not taken: the call was already allowed"));
    late.settled(1, Settled::Allowed { by: Operator("console 2".to_owned()) });
    assert!(late.screen().contains("ALLOWED once  by console 2"), "{}", late.screen());
}

#[test]
fn the_time_is_counted_down_in_digits_and_nothing_moves_it() {
    let mut stage = card((80, 24), "write_file", SHORT, Risk::Medium);
    let left = |stage: &mut Stage, time: &str| {
        let screen = stage.screen();
        assert!(screen.contains(&format!("time left {time}, then DENY")), "{time}: {screen}");
    };
    left(&mut stage, "1:55");
    stage.types("jkGgvvff<900ms>Da reason<esc>");
    left(&mut stage, "1:53");
    stage.wait(114_000);
    left(&mut stage, "0:00");
    stage.settled(1, Settled::TimedOut);
    assert!(stage.screen().contains("TIMEOUT"), "{}", stage.screen());
}
