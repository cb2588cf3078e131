//! Equal requests on one card: what may be marked, what is shown, what an answer goes to.

use tollgate::console::update::BATCH_MAX;
use tollgate::engine::{Operator, Settled};
use tollgate::policy::{Risk, Verdict};
use tollgate::wire::ToConsole;

use super::card::{SHORT, TAIL, answers, batch, behind, drawn_rows, long_command, quiet, words};
use super::stage::{SESSION, Stage, reason};

#[test]
fn a_batch_is_answered_with_a_digest_each() {
    let mut low = batch((80, 24), Risk::Low);
    low.types("a");
    let mut medium = batch((80, 40), Risk::Medium);
    medium.types("a<500ms>y");
    let mut denied = batch((80, 24), Risk::Low);
    denied.types("D1<enter>");
    for (stage, word) in [(low, "allow"), (medium, "allow"), (denied, "deny")] {
        assert_eq!(words(&stage), [word; 3]);
        let digests: Vec<String> = answers(&stage).into_iter().map(|line| line.digest).collect();
        assert_eq!(digests, ["digest-1-1", "digest-2-1", "digest-3-1"]);
        assert!(answers(&stage).iter().zip(1..).all(|(line, n)| line.ticket == n));
    }
}

#[test]
fn a_batch_shows_every_call_in_full_and_has_to_be_read() {
    let mut stage = quiet((80, 24));
    for n in 1..4 {
        stage.asks("run", &long_command().replace("is fine", &format!("of {n}")), Risk::Medium);
    }
    stage.wait(5000);
    stage.types("3 <enter><900ms>");
    let rows = drawn_rows(&mut stage);
    for n in 1..4 {
        let heading = format!("#{n}   {n} of 3");
        assert!(rows.iter().any(|row| row.contains(&heading)), "{rows:#?}");
    }
    assert_eq!(behind(&rows, "|:").matches(TAIL).count(), 3, "{rows:#?}");

    let mut stage = batch((80, 24), Risk::Medium);
    stage.types("a");
    assert!(stage.screen().contains("not all was seen yet"), "{}", stage.screen());
    stage.types("<500ms>y<1000ms>U");
    assert!(stage.screen().contains("a batch is read to its end"), "{}", stage.screen());
    stage.types("nread");
    assert_eq!(words(&stage), [""; 0]);
    stage.types("<1000ms>G<1100ms>a<500ms>y");
    assert_eq!(words(&stage), ["allow"; 3]);
}

#[test]
fn only_equal_requests_that_are_not_of_high_risk_are_marked() {
    let mut stage = quiet((80, 24));
    let other = reason("r8", Verdict::Ask);
    stage.asks("write_file", SHORT, Risk::Low);
    stage.asks("move_file", SHORT, Risk::Low);
    stage.asks("write_file", SHORT, Risk::Medium);
    stage.asks_because(other, "write_file", SHORT, Risk::Low);
    stage.asks("write_file", r#"{"path":"b.txt"}"#, Risk::Low);
    stage.asks("write_file", SHORT, Risk::High);
    stage.asks("write_file", SHORT, Risk::Low);
    stage.revised(7, 2, Risk::Low, SHORT);
    stage.wait(5000);
    stage.types("3 ");
    let marked =
        |stage: &Stage| -> Vec<u64> { stage.model.marked().map(|key| key.ticket.0).collect() };
    assert_eq!(marked(&stage), [1, 5]);
    assert!(stage.screen().contains("2 marked: Enter on one opens them all"), "{}", stage.screen());
    // Space takes one out, and brings it back.
    stage.types(" ");
    assert_eq!(marked(&stage), [5]);
    stage.types("<1000ms> ");
    assert_eq!(marked(&stage), [1, 5]);
    // Another kind begins anew; high risk is no kind.
    stage.types("j ");
    assert_eq!(marked(&stage), [2]);
    stage.types("Gk ");
    assert_eq!(marked(&stage), [2]);
    assert!(stage.screen().contains("high risk is answered one by one"), "{}", stage.screen());
}

#[test]
fn a_batch_goes_on_without_those_that_changed_or_ended_and_says_so() {
    let mut stage = batch((80, 40), Risk::Medium);
    stage.settled(1, Settled::Denied { by: Operator("console 2".to_owned()), reason: None });
    assert!(stage.screen().contains("#1 changed or ended: left out of this batch"));
    assert!(stage.screen().contains("#1   1 of 3   DENIED  by console 2"), "{}", stage.screen());
    stage.revised(3, 2, Risk::Medium, r#"{"path":"elsewhere"}"#);
    assert!(stage.screen().contains("#3   3 of 3   LEFT OUT"), "{}", stage.screen());
    stage.types("<1100ms>a");
    assert!(
        stage.screen().contains("Allow 1 call of files.write_file once?"),
        "{}",
        stage.screen()
    );
    // One more that goes while the question stands takes the question back.
    let mut asked = batch((80, 40), Risk::Medium);
    asked.types("a");
    asked.settled(2, Settled::Cancelled);
    asked.types("<1000ms>y");
    assert_eq!(words(&asked), [""; 0]);
    stage.types("<500ms>y");
    assert_eq!(words(&stage), ["allow"]);
    assert_eq!(answers(&stage)[0].ticket, 2);
    stage.settled(2, Settled::Allowed { by: Stage::operator() });
    assert!(stage.screen().contains("over: each of these calls"), "{}", stage.screen());
    assert!(stage.screen().contains("#2   2 of 3   ALLOWED once  by console 1"));
    stage.types("<2000ms>a<2000ms>d");
    assert_eq!(words(&stage), ["allow"]);
}

#[test]
fn what_the_gate_does_not_take_of_a_batch_is_said_and_stays() {
    let mut stage = batch((80, 24), Risk::Low);
    stage.types("a");
    stage.settled(1, Settled::Allowed { by: Stage::operator() });
    stage.settled(2, Settled::Allowed { by: Stage::operator() });
    let why = "the call changed after it was shown".to_owned();
    stage.gate(ToConsole::NotTaken { session: SESSION.to_owned(), ticket: 3, why });
    assert!(stage.screen().contains("#3 not taken: the call changed"), "{}", stage.screen());
    stage.types("<1100ms>d");
    assert_eq!(words(&stage), ["allow", "allow", "allow", "deny"]);
    assert_eq!(answers(&stage)[3].ticket, 3);
}

#[test]
fn a_batch_is_neither_edited_nor_dumped() {
    let mut stage = batch((80, 24), Risk::Low);
    stage.types("e<ctrl-s><1100ms>E<1100ms>v");
    assert!(stage.screen().contains("one call at a time"), "{}", stage.screen());
    assert!(stage.in_editor.is_none());
    assert_eq!(words(&stage), [""; 0]);
}

#[test]
fn one_batch_has_an_end() {
    let mut stage = quiet((80, 24));
    for _ in 0..BATCH_MAX + 3 {
        stage.asks("write_file", SHORT, Risk::Low);
    }
    stage.types("3 ");
    assert_eq!(stage.model.marked().count(), BATCH_MAX);
    assert!(stage.screen().contains("more are equal"), "{}", stage.screen());
    stage.types("<enter><900ms>a");
    assert_eq!(words(&stage).len(), BATCH_MAX);
}
