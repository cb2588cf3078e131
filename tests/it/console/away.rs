//! Scripts of an operator who is elsewhere: what is told, and how often.

use tollgate::engine::Settled;
use tollgate::policy::Risk;

use super::stage::{SESSION, Stage};

const SHORT: &str = r#"{"path":"a.txt"}"#;

/// Time passes in the steps in which a console counts down.
fn pass(stage: &mut Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.wait(1000);
    }
}

fn stage() -> Stage {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    stage
}

/// Calls that each notification counts, and whether it is urgent.
fn told(stage: &Stage) -> Vec<(u64, bool)> {
    stage.notices.iter().map(|notice| (notice.waiting, notice.urgent)).collect()
}

#[test]
fn an_operator_who_is_there_is_told_nothing() {
    let mut stage = stage();
    stage.types("<focus>");
    stage.asks("write_file", SHORT, Risk::Low);
    pass(&mut stage, 200);
    assert_eq!(told(&stage), []);
    assert_eq!(stage.bells, 1, "the bell is for everybody");
}

#[test]
fn a_call_is_told_once_and_once_more_when_half_its_time_is_over() {
    let mut stage = stage();
    stage.types("<blur>");
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(told(&stage), [(1, false)]);
    pass(&mut stage, 59);
    assert_eq!(told(&stage), [(1, false)]);
    pass(&mut stage, 1);
    assert_eq!(told(&stage), [(1, false), (1, true)]);
    pass(&mut stage, 100);
    assert_eq!(told(&stage).len(), 2);
}

#[test]
fn what_comes_soon_after_is_told_together() {
    let mut stage = stage();
    stage.types("<blur>");
    for n in 0..5 {
        stage.asks("write_file", SHORT, Risk::Low);
        pass(&mut stage, 3);
        assert_eq!(told(&stage), [(1, false)], "{n}");
    }
    pass(&mut stage, 5);
    assert_eq!(told(&stage), [(1, false), (5, false)]);
    pass(&mut stage, 20);
    assert_eq!(told(&stage).len(), 2, "nothing new");
    // Their half times come 3 s apart, and are told 5 s apart.
    pass(&mut stage, 32);
    let urgent: Vec<_> = told(&stage).into_iter().filter(|(_, urgent)| *urgent).collect();
    assert_eq!(urgent, [(5, true); 3]);
}

#[test]
fn what_was_answered_meanwhile_is_not_told() {
    let mut stage = stage();
    stage.types("<blur>");
    let first = stage.asks("write_file", SHORT, Risk::Low);
    let second = stage.asks("write_file", SHORT, Risk::Low);
    for ticket in [first, second] {
        stage.settled(ticket, Settled::Denied { by: Stage::operator(), reason: None });
    }
    pass(&mut stage, 60);
    assert_eq!(told(&stage), [(1, false)]);
}

#[test]
fn what_was_seen_is_not_told_again_but_half_its_time_is() {
    let mut stage = stage();
    stage.types("<focus>");
    stage.asks("write_file", SHORT, Risk::Low);
    pass(&mut stage, 2);
    stage.types("<blur>");
    pass(&mut stage, 30);
    assert_eq!(told(&stage), []);
    pass(&mut stage, 30);
    assert_eq!(told(&stage), [(1, true)]);
}

#[test]
fn where_the_terminal_does_not_say_who_types_is_there() {
    let mut stage = stage();
    stage.types("j");
    stage.asks("write_file", SHORT, Risk::Low);
    pass(&mut stage, 20);
    assert_eq!(told(&stage), []);
    pass(&mut stage, 30);
    stage.asks("write_file", SHORT, Risk::Low);
    assert_eq!(told(&stage), [(2, false)]);
}

#[test]
fn a_notification_names_only_what_the_operators_side_chose() {
    let mut stage = stage();
    stage.types("<blur>");
    stage.asks("do;not\u{1b}say", r#"{"secret":"hunter2"}"#, Risk::High);
    let said = format!("{:?}", stage.notices);
    assert!(said.contains(SESSION) && !said.contains("say") && !said.contains("hunter2"), "{said}");
}
