//! Words on definitions, policies' files and whole sessions, typed as lines: what is sent, and what is not.

use tollgate::catalog::{Catalog, Trust};
use tollgate::console::linear::Typed;
use tollgate::engine::{Facts, Finding, Reloaded, Severity};
use tollgate::journal::What;
use tollgate::wire::{ControlLine, ControlWord, FromConsole};

use super::linear::Play;
use super::stage::SESSION;
use super::tools::{list, tool};

/// What was sent since this was asked last.
fn sent(play: &mut Play) -> Vec<(Option<String>, ControlWord)> {
    let lines = std::mem::take(&mut play.sent).into_iter();
    lines
        .map(|line| match line {
            FromConsole::Control(ControlLine { session, control }) => (session, control),
            FromConsole::Answer(_)
            | FromConsole::Reveal(_)
            | FromConsole::RequestRight
            | FromConsole::Grant { .. } => {
                panic!("no word on a session is sent")
            }
        })
        .collect()
}

#[track_caller]
fn refused(play: &mut Play, line: &str, why: &str) {
    play.types(line);
    let told = play.told();
    assert!(told.contains(why), "{line}: {told}");
    assert!(play.sent.is_empty(), "{line}: {:?}", play.sent);
}

#[test]
fn a_definition_is_taken_as_it_was_printed() {
    let mut play = Play::new(80);
    play.on(|s| s.consoles(&[(1, true, false)]));
    let mut engine = Catalog::default();
    let mut lists = |play: &mut Play, says: &str| {
        let (event, facts) = list(&mut engine, &[tool("read_note", says)], Trust::FirstUse);
        play.on(|s| s.record(SESSION, event, Some(facts), Vec::new()));
    };
    lists(&mut play, "Reads a note.");
    refused(&mut play, "approve read_note yes", "it is what it is to be already");
    refused(&mut play, "unpin read_note", "it takes unpin read_note yes");
    lists(&mut play, "Reads a note, and more.");
    refused(&mut play, "approve files.read_note yes", "first tools files.read_note");
    refused(&mut play, "approve nosuch yes", "no session that runs has a definition of this name");
    play.types("tools files.read_note");
    let told = play.told();
    play.types_at_once("approve files.read_note yes");
    assert!(play.sent.is_empty() && play.told().contains("nothing was done"), "{told}");
    refused(&mut play, "approve files.read_note", "it takes approve files.read_note yes");
    play.enters(&Typed { text: "approve files.read_note yes".to_owned(), alone: false });
    assert!(play.sent.is_empty() && play.told().contains("several lines came at once"));
    play.types("approve files.read_note yes");
    let said = sent(&mut play);
    let [(Some(session), ControlWord::Rule { server, kind, name, fingerprint, ruling })] =
        said.as_slice()
    else {
        panic!("{said:?}");
    };
    assert_eq!((session.as_str(), server.as_str(), kind.as_str()), (SESSION, "files", "tool"));
    assert_eq!((name.as_str(), ruling.as_str()), ("read_note", "approve"));
    let digits = fingerprint.get(..12).unwrap();
    assert!(told.contains(digits), "what is taken is what was printed: {told}");
    // What changed since it was printed is something else; a refusal needs no reading.
    lists(&mut play, "Reads a note, and all else.");
    refused(&mut play, "stage read_note yes", "it was not printed as it is now");
    play.types("refuse read_note");
    let said = sent(&mut play);
    assert!(matches!(&said[..], [(_, ControlWord::Rule { ruling, .. })] if ruling == "refuse"));
}

#[test]
fn a_policys_file_is_taken_by_its_digits() {
    let mut play = Play::new(80);
    play.on(|s| s.consoles(&[(1, true, false)]));
    refused(&mut play, "confirm 0000", "no policy's file waits by these digits");
    let finding = Finding::new(
        "builtin.policy-changed",
        Severity::Medium,
        "the policy's files may allow more now (gone: writes)",
    );
    let facts = Facts { findings: vec![finding], ..Facts::default() };
    let event = What::Reloaded(Reloaded::Text("version: 1".to_owned()));
    play.on(|s| s.record(SESSION, event, Some(facts), Vec::new()));
    play.told();
    play.types("policies");
    let told = play.told();
    let (_, digits) = told.split_once("to take it: confirm ").expect(&told);
    let digits = digits.split_whitespace().next().unwrap();
    assert!(told.contains("CHANGED: the policy's files may allow more now"), "{told}");
    refused(&mut play, &format!("confirm {}", digits.get(..3).unwrap()), "no policy's file waits");
    refused(&mut play, "confirm", "expected confirm DIGITS");
    play.types(&format!("confirm {digits}"));
    let said = sent(&mut play);
    assert!(
        matches!(&said[..], [(Some(session), ControlWord::Confirm { digest })]
            if session == SESSION && digest.starts_with(digits) && digest.len() == 64),
        "{said:?}"
    );
}

#[test]
fn sessions_are_held_paused_and_stopped() {
    let mut play = Play::new(80);
    play.on(|s| s.consoles(&[(1, false, false), (2, true, false)]));
    refused(&mut play, "pause", "this console only watches");
    play.on(|s| s.consoles(&[(1, true, false)]));
    let session = || Some(SESSION.to_owned());
    for (line, due) in [
        ("unhold", (None, ControlWord::Unhold {})),
        ("pause", (None, ControlWord::Pause {})),
        ("resume", (None, ControlWord::Resume {})),
        (&*format!("pause {SESSION}"), (session(), ControlWord::Pause {})),
        (&*format!("stop {SESSION} yes"), (session(), ControlWord::Stop {})),
    ] {
        play.types(line);
        assert_eq!(sent(&mut play), [due], "{line}");
    }
    play.types("hold tool:write_*");
    let said = sent(&mut play);
    let [(None, ControlWord::Hold { filter, when })] = said.as_slice() else { panic!("{said:?}") };
    assert!(filter == "tool:write_*" && when.contains("tool"), "{when}");
    for (line, why) in [
        ("hold", "expected hold FILTER"),
        ("hold verdict:ask", "nothing was done: "),
        ("hold tool:", "nothing was done: "),
        ("pause nobody-1", "no session of this name runs: nobody-1"),
        (&*format!("stop {SESSION}"), "it takes stop "),
        ("stop", "expected stop SESSION yes"),
    ] {
        refused(&mut play, line, why);
    }
    play.on(|s| s.lost("it is gone"));
    refused(&mut play, "unhold", "the gate is lost");
}
