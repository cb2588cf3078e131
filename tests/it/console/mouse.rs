//! The mouse selects, scrolls and opens; it never answers.

use tollgate::console::input::Pointer;
use tollgate::console::model::Size;
use tollgate::console::model::ui::{Pane, Tab};
use tollgate::policy::{Risk, Verdict};

use super::stage::{SESSION, Stage};

/// Calls with names of their own, the last two of which wait.
fn busy(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage.session(SESSION, "files");
    stage.session("codex-2", "mail");
    for n in 0..100 {
        let call = stage.passes(&format!("tool_{n:02}"), r#"{"path":"a","b":"c"}"#, Verdict::Allow);
        stage.answered(call, r#"{"content":[]}"#);
    }
    stage.asks("write_file", r#"{"path":"b"}"#, Risk::Low);
    stage.asks("send_mail", r#"{"path":"b"}"#, Risk::Low);
    stage
}

/// The tool of the selected call.
fn selected(stage: &Stage) -> String {
    let call = stage.model.ui.call.and_then(|at| stage.model.call(at)).expect("a selected call");
    stage.model.names.get(call.name).to_string()
}

#[test]
fn a_press_on_any_row_of_the_calls_selects_what_stands_there() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let frame = busy(columns, rows).rows();
        let tools: Vec<&str> = frame
            .iter()
            .flat_map(|row| row.split(' '))
            .filter(|word| word.starts_with("tool_"))
            .collect();
        assert!(tools.len() > 10, "{tools:?}");
        for tool in tools {
            let mut stage = busy(columns, rows);
            stage.click(tool);
            assert_eq!(selected(&stage), tool, "{columns}x{rows}");
            assert_eq!(stage.model.ui.pane, Pane::Calls);
        }
    }
}

#[test]
fn a_press_gives_its_pane_the_keys_and_selects_there() {
    let mut stage = busy(200, 60);
    stage.click("files.send_mail");
    assert_eq!((stage.model.ui.pane, stage.model.ui.ask), (Pane::Ask, 1));
    stage.click("codex-2   mail");
    assert_eq!((stage.model.ui.pane, stage.model.ui.server), (Pane::Servers, 1));
    stage.click("codex-2      run");
    assert_eq!((stage.model.ui.pane, stage.model.ui.session), (Pane::Sessions, 1));
    stage.types("9");
    stage.click("r14");
    let rules = stage.model.rules();
    assert_eq!(rules[stage.model.selected_rule(&rules)].rule.id, "r14");
    stage.click("0 Log");
    assert_eq!(stage.model.ui.pane, Pane::Log);
    stage.click("2 Detail ");
    stage.click("Result ");
    assert_eq!((stage.model.ui.pane, stage.model.ui.detail.tab), (Pane::Detail, Tab::Result));
    stage.click("[Result]");
    stage.click(" Args ");
    assert_eq!(stage.model.ui.detail.tab, Tab::Args);
    stage.click("\"path\"");
    assert_eq!(stage.model.ui.detail.cursor, 1);
}

#[test]
fn a_second_press_opens_what_the_first_selected() {
    let mut stage = busy(80, 24);
    stage.types("3");
    let (column, row) = stage.place("send_mail");
    stage.mouse(Pointer::Press, column, row);
    assert!(stage.model.ui.card.is_none());
    stage.types("<600ms>");
    stage.mouse(Pointer::Press, column, row);
    assert!(stage.model.ui.card.is_none(), "too late for the second of two");
    stage.mouse(Pointer::Press, column, row);
    assert!(stage.screen().contains("files.send_mail"), "{}", stage.screen());
    assert!(stage.model.ui.card.is_some());
}

#[test]
fn no_press_on_a_card_answers_or_arms_it() {
    let mut stage = busy(80, 24);
    stage.types("A<2000ms>");
    for row in 0..24 {
        for column in 0..80 {
            stage.mouse(Pointer::Press, column, row);
            stage.mouse(Pointer::Press, column, row);
        }
    }
    assert!(stage.sent.is_empty() && !stage.quit);
    // The mouse ends the quiet time too: a key right behind it answers nothing.
    stage.types("A<2000ms><wheel-down:10,10>a");
    assert!(stage.sent.is_empty());
    stage.types("<1200ms>a");
    assert_eq!(stage.sent.len(), 1);
}

#[test]
fn what_is_typed_on_a_card_is_not_lost_to_a_press_beside_it() {
    let mut stage = busy(120, 40);
    stage.types("A<2000ms>D<900ms>too much");
    stage.click("tool_9");
    assert!(stage.screen().contains("too much"), "{}", stage.screen());
    stage.types("<esc>");
    stage.click("tool_9");
    assert!(stage.model.ui.card.is_none());
    assert_eq!(stage.model.waiting().count(), 2);
}

#[test]
fn the_press_that_brings_the_window_to_the_front_is_meant_for_the_window() {
    let mut stage = busy(120, 40);
    stage.types("<blur><focus>");
    stage.click("tool_95");
    assert_eq!(stage.model.ui.call, None);
    stage.click("tool_95");
    assert_eq!(selected(&stage), "tool_95");
    // One that came by the keyboard leaves the mouse alone.
    stage.types("<blur><focus><1000ms>");
    stage.click("tool_93");
    assert_eq!(selected(&stage), "tool_93");
}

#[test]
fn the_wheel_scrolls_what_the_pointer_is_on_and_leaves_the_keys_where_they_are() {
    let mut stage = busy(120, 40);
    stage.types("2<wheel-up:10,8>");
    // Three rows up from the newest.
    assert_eq!((selected(&stage).as_str(), stage.model.ui.pane), ("tool_98", Pane::Detail));
    let (column, row) = stage.place("0 Log  ");
    stage.mouse(Pointer::WheelUp, column, row);
    assert!(stage.model.ui.log_up <= 3);
    stage.types("?<wheel-down:40,10>");
    assert_eq!(stage.model.ui.help.unwrap().top, 3);
}

#[test]
fn the_border_beside_the_calls_is_dragged_and_keeps_room_on_both_sides() {
    let mut stage = busy(120, 40);
    let border = |stage: &mut Stage| stage.place("┐").0;
    let begun = border(&mut stage);
    stage.types(&format!("<click:{begun},10><drag:{},11>", begun - 9));
    assert_eq!(border(&mut stage), begun - 9);
    stage.types("<drag:0,11>");
    let least = border(&mut stage);
    assert!(least > 30, "{least}");
    stage.types(&format!("<drag:{begun},11>"));
    assert_eq!(border(&mut stage), begun);
    // What was not begun on the border drags nothing.
    stage.types("<click:5,10><drag:50,10>");
    assert_eq!(border(&mut stage), begun);
    stage.types("<<<");
    stage.types("<");
    assert_eq!(border(&mut stage), begun - 16);
    stage.types(">>>>");
    assert_eq!(border(&mut stage), begun);
    assert_eq!(stage.model.size, Size { columns: 120, rows: 40 });
}
