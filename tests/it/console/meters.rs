//! What the console says about time: how much is asked and how fast it is answered, and where a call's
//! time went.

use tollgate::engine::{Answer, Settled};
use tollgate::policy::{Risk, Verdict};

use super::card::{SHORT, quiet};
use super::stage::Stage;

#[test]
fn too_many_asks_are_said_on_the_card_and_in_the_pane() {
    for size in [(80, 24), (60, 16)] {
        let mut stage = quiet(size);
        for _ in 0..8 {
            stage.asks("write_file", SHORT, Risk::Low);
        }
        stage.types("A<900ms>");
        assert!(!stage.screen().contains("consider a rule"), "{}", stage.screen());
        stage.asks("write_file", SHORT, Risk::Low);
        let line = "9 asks in 10 min: consider a rule for files.write_file";
        assert!(stage.screen().contains(line), "{size:?}: {}", stage.screen());
        stage.types("<esc>");
        assert!(
            stage.screen().contains("9 asks in 10 min: too much to read"),
            "{}",
            stage.screen()
        );
    }
}

#[test]
fn allows_faster_than_reading_are_said() {
    let mut stage = quiet((80, 24));
    for n in 1..8 {
        stage.asks("write_file", SHORT, Risk::Low);
        stage.wait(900);
        stage.says(n, Answer::Allow, false);
        stage.settled(n, Settled::Allowed { by: Stage::operator() });
        stage.wait(60_000);
    }
    stage.asks("write_file", SHORT, Risk::Low);
    stage.types("A<900ms>");
    let line = "7 allows under 1.5 s each: consider a rule for files.write_file";
    assert!(stage.screen().contains(line), "{}", stage.screen());
    stage.types("<esc>");
    let line = "8 asks in 10 min, 7 answered, 100 % allowed, median 0.9 s";
    assert!(stage.screen().contains(line), "{}", stage.screen());
}

#[test]
fn a_call_tells_where_its_time_went_as_far_as_records_do() {
    let mut stage = quiet((80, 24));
    let first = stage.passes("read_file", SHORT, Verdict::Allow);
    stage.wait(8);
    stage.answered(first, "{}");
    stage.wait(1200);
    let held = stage.asks("write_file", SHORT, Risk::Low);
    stage.wait(41_000);
    stage.types("1gj2");
    let line = "agent 1.2s  gate -  person 41s  server -";
    assert!(stage.screen().contains(line), "{}", stage.screen());
    stage.says(held, Answer::Allow, false);
    stage.wait(3);
    stage.settled(held, Settled::Allowed { by: Stage::operator() });
    stage.wait(310);
    stage.answered(held, "{}");
    let line = "agent 1.2s  gate 3ms  person 41s  server 310ms";
    assert!(stage.screen().contains(line), "{}", stage.screen());
    stage.types("1g2");
    assert!(stage.screen().contains("agent -  gate -  person -  server 8ms"), "{}", stage.screen());
    // What was refused was never at the server.
    let denied = stage.asks("write_file", SHORT, Risk::Low);
    stage.wait(5000);
    stage.says(denied, Answer::Deny { reason: None }, false);
    stage.settled(denied, Settled::Denied { by: Stage::operator(), reason: None });
    stage.types("1G2");
    assert!(stage.screen().contains("person 5.0s  server -"), "{}", stage.screen());
}
