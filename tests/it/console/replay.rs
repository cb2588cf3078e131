//! A recording in the console's panes: the same frames as live ones, and a tape in the operator's hand.

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tollgate::console::model::ui::Pane;
use tollgate::console::model::{Model, Now, Place, Size};
use tollgate::console::update::{self, Msg};
use tollgate::console::view::{self, Lines};
use tollgate::console::{Depth, Theme};
use tollgate::engine::Settled;
use tollgate::journal::Record;
use tollgate::journal::read::read_all;
use tollgate::policy::{Risk, Verdict};

use super::stage::{SESSION, Stage};

fn recordings() -> Vec<(String, Vec<Record>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, read_all(&std::fs::read(&path).unwrap()).records)
        })
        .collect()
}

/// The frame of a model at the time of its last record.
fn frame(model: &mut Model, at: tollgate::engine::At) -> Vec<String> {
    let size = Size { columns: 200, rows: 60 };
    update::update(model, Msg::Tick, Now { at, mono_ms: 5_000 });
    update::prepare(model, size);
    let theme = Theme::standard(Depth::Sixteen).unwrap();
    let mut terminal = Terminal::new(TestBackend::new(size.columns, size.rows)).unwrap();
    terminal.draw(|frame| view::draw(model, &theme, Lines::Box, frame)).unwrap();
    super::stage::rows(terminal.backend().buffer())
}

fn apply(model: &mut Model, records: &[Record], from: u64) {
    for (offset, record) in (from..).zip(records) {
        model.apply(SESSION, record, Place { offset, len: 1 });
    }
}

/// Live, a console applies one record after the other; playback goes to marks and on from there. Both must
/// look the same at every record of every recording.
#[test]
fn live_and_replayed_frames_are_equal_at_every_record() {
    for (name, records) in recordings() {
        let mut live = Model::new(TimeZone::UTC, None);
        let mut replayed = Model::new(TimeZone::UTC, None);
        // The definitions, too: the other panes of this size stand beside them anyway.
        live.ui.guest = Some(Pane::Tools);
        replayed.ui.guest = Some(Pane::Tools);
        let mut marks = vec![live.mark()];
        let mut frames = Vec::new();
        for (at, record) in (0..).zip(&records) {
            apply(&mut live, std::slice::from_ref(record), at);
            marks.push(live.mark());
            frames.push(frame(&mut live, record.at));
        }
        // From the end to the start, each from a mark some records before.
        for at in (0..records.len()).rev() {
            let from = at.saturating_sub(at % 5);
            replayed.go_to(&marks[from]);
            apply(&mut replayed, &records[from..=at], from as u64);
            assert_eq!(frame(&mut replayed, records[at].at), frames[at], "{name}: record {at}");
        }
    }
}

/// The golden recordings are older than what is recorded of definitions.
#[test]
fn definitions_are_the_same_live_and_replayed() {
    let records = super::tools::changing().recorded();
    let at = Place { offset: 0, len: 1 };
    let mut replayed = Model::new(TimeZone::UTC, None);
    replayed.ui.guest = Some(Pane::Tools);
    let mut model = Model::new(TimeZone::UTC, None);
    model.ui.guest = Some(Pane::Tools);
    let mut frames = Vec::new();
    let mut marks = Vec::new();
    for (session, record) in &records {
        marks.push(model.mark());
        model.apply(session, record, at);
        frames.push(frame(&mut model, record.at));
    }
    assert!(frames.iter().any(|frame| frame.iter().any(|row| row.contains("CHANGED"))));
    for (at_mark, (session, record)) in records.iter().enumerate().rev() {
        replayed.go_to(&marks[at_mark]);
        replayed.apply(session, record, at);
        assert_eq!(frame(&mut replayed, record.at), frames[at_mark], "record {at_mark}");
    }
}

fn recorded() -> Stage {
    let mut stage = Stage::new(120, 40);
    stage.session(SESSION, "files");
    let first = stage.passes("read_file", r#"{"path":"a"}"#, Verdict::Allow);
    stage.wait(100);
    stage.answered(first, "{}");
    stage.wait(60_000);
    stage.asks("write_file", r#"{"path":"b"}"#, Risk::Low);
    stage.wait(3_000);
    stage.settled(2, Settled::Allowed { by: Stage::operator() });
    stage.wait(500);
    stage.finds("guard.duplicate-key", "twice");
    stage.replays();
    stage
}

fn place(stage: &Stage) -> (u64, bool) {
    let replay = stage.model.replay.as_ref().unwrap();
    (replay.at, replay.playing)
}

#[test]
fn the_tape_is_stepped_played_and_jumped_with_one_key_each() {
    let mut stage = recorded();
    assert_eq!(place(&stage), (0, false));
    stage.types("..,");
    assert_eq!(place(&stage).0, 1);
    // The next finding is one key away.
    stage.types(")");
    assert_eq!(place(&stage).0, stage.model.replay.as_ref().unwrap().records());
    stage.types("{");
    assert!(stage.model.waiting().next().is_some(), "just behind the ask it waits");
    let screen = stage.screen();
    assert!(screen.contains("REPLAY claude-1") && screen.contains("record 5/7"), "{screen}");
    stage.types("}");
    assert!(stage.screen().contains("no further ask in this direction"));
}

#[test]
fn long_gaps_are_played_as_two_seconds_and_speed_divides_the_rest() {
    let mut stage = recorded();
    // The minute of nothing before the ask takes two seconds, a quarter of that at four times the speed.
    stage.types(" <50ms><50ms><50ms>");
    assert_eq!(place(&stage), (4, true));
    stage.types("<1900ms>");
    assert_eq!(place(&stage).0, 4);
    stage.types("<100ms>");
    assert_eq!(place(&stage).0, 5);
    let mut stage = recorded();
    stage.types("  >> <50ms><500ms>");
    assert_eq!(place(&stage).0, 5);
    // In full, the same takes its minute.
    let mut stage = recorded();
    stage.types("z <50ms><50ms><50ms><3000ms>");
    assert_eq!(place(&stage).0, 4);
    stage.types("<57000ms>");
    assert_eq!(place(&stage).0, 5);
}

#[test]
fn a_replay_answers_nothing_and_says_so() {
    let mut stage = recorded();
    stage.types("}W");
    assert!(stage.screen().contains("this is a replay"), "{}", stage.screen());
    stage.types("A<900ms>a<900ms>d<1200ms>D");
    assert!(stage.sent.is_empty());
    assert!(
        stage.screen().contains("this is a replay: nothing can be answered"),
        "{}",
        stage.screen()
    );
}

#[test]
fn the_clock_of_the_panes_is_the_tapes() {
    let mut stage = recorded();
    stage.types("}");
    // The ask's two minutes are counted from when it was made, not from today.
    assert!(stage.screen().contains("ASK 2:00"), "{}", stage.screen());
}

#[test]
fn the_tape_stops_where_a_filter_means_a_call() {
    let mut stage = recorded();
    stage.types("Btool:write_file<enter>");
    assert!(stage.screen().contains("stops at 1"), "{}", stage.screen());
    // As fast as it goes: it stops all the same, and says why.
    stage.types("  >>>>>>>> <50ms><50ms>");
    assert_eq!(place(&stage), (5, false));
    assert!(stage.screen().contains("stopped at a call that is meant: tool:write_file"));
    // Playing on leaves it behind.
    stage.types(" <50ms><50ms>");
    assert_eq!(place(&stage), (7, false));
    stage.types("b");
    assert!(stage.screen().contains("no further call to stop at"), "{}", stage.screen());
    stage.types(":break.back<enter>");
    assert_eq!(place(&stage).0, 5);
    // The line begins with what is set; nothing behind the name takes it away.
    stage.types("B");
    assert!(stage.screen().contains("break tool:write_file"), "{}", stage.screen());
    stage.types("<ctrl-u>break<enter>");
    assert!(!stage.screen().contains("stops at"), "{}", stage.screen());
    stage.types("Bservr:x<enter>");
    assert!(stage.screen().contains("no field `servr`"), "{}", stage.screen());
}
