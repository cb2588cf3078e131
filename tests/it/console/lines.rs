//! Key scripts for lines: filters, commands, searches, notes, the palette, marks and what is written.

use tollgate::console::input::Key;
use tollgate::console::keymap::Keymap;
use tollgate::console::model::CallAt;
use tollgate::policy::{Risk, Verdict};
use tollgate::wire::AnswerWord;

use super::stage::{SESSION, Stage};

/// Twelve calls of three tools, one refused, one waiting.
fn stage() -> Stage {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    for n in 0..4 {
        let path = format!("{{\"path\":\"dir/{n}.txt\"}}");
        let read = stage.passes("read_file", &path, Verdict::Allow);
        stage.answered(
            read,
            &format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"page {n}\"}}]}}"),
        );
        let found = stage.passes("search", r#"{"query":"needle"}"#, Verdict::Mark);
        stage.answered(found, r#"{"isError":true,"content":[]}"#);
        stage.passes("slow_thing", "{}", Verdict::Allow);
    }
    stage.wait(1000);
    stage
}

/// The numbers of the listed calls.
fn listed(stage: &Stage) -> Vec<u64> {
    let model = &stage.model;
    let rows = (0..model.shown_len()).filter_map(|place| model.shown(place));
    rows.filter_map(|row| model.call(row)).map(|call| call.call.0).collect()
}

fn check(script: &str, expected: &[u64]) -> Stage {
    let mut stage = stage();
    stage.types(script);
    assert_eq!(listed(&stage), expected, "{script}\n{}", stage.screen());
    stage
}

const ALL: [u64; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

#[test]
fn a_filter_is_typed_checked_and_put_in_force_by_enter() {
    check("/tool:read_file<enter>", &[1, 4, 7, 10]);
    check("/verdict:mark id>5<enter>", &[8, 11]);
    check("/arg.path:*2.txt<enter>", &[7]);
    check("/\"page 1\"<enter>", &[4]);
    check("/~q<enter>", &[3, 6, 9, 12]);
    // Until Enter, and with Esc, the old one stays.
    check("/tool:read_file<enter>/tool:search", &[1, 4, 7, 10]);
    check("/tool:read_file<enter>/tool:search<esc>", &[1, 4, 7, 10]);
    // A wrong one stays open and changes nothing; an empty one shows all.
    let mut stage = check("/tool:read_file<enter>/tol:x<enter>", &[1, 4, 7, 10]);
    assert!(stage.screen().contains("column 1: no field `tol`; did you mean `tool`?"));
    check("/tool:read_file<enter>/<enter>", &ALL);
    // Pasting is typing, and a newline in it is a blank.
    check("/<paste:tool:read_file\n><enter>", &[1, 4, 7, 10]);
    let stage = check("/<paste:tool:read_file\n>", &ALL);
    assert!(!stage.quit);
}

#[test]
fn calls_that_come_and_change_are_chosen_too() {
    let mut stage = check("/tool:search outcome:error | ~q<enter>", &[2, 3, 5, 6, 8, 9, 11, 12]);
    stage.answered(3, "{}");
    assert_eq!(listed(&stage), [2, 5, 6, 8, 9, 11, 12]);
    stage.passes("search", "{}", Verdict::Allow);
    assert_eq!(listed(&stage), [2, 5, 6, 8, 9, 11, 12, 13]);
    stage.answered(13, "{}");
    assert_eq!(listed(&stage), [2, 5, 6, 8, 9, 11, 12]);
}

#[test]
fn bodies_are_read_only_where_they_decide_and_again_when_the_answer_comes() {
    let stage = check("/tool:read_file arg.path:*2.txt<enter>", &[7]);
    assert_eq!(stage.inspected, 4);
    let mut stage = check("/tool:slow_thing res~late<enter>", &[]);
    let before = stage.inspected;
    stage.answered(9, r#"{"text":"late"}"#);
    assert_eq!(listed(&stage), [9]);
    assert_eq!(stage.inspected, before + 1);
}

#[test]
fn a_filter_that_is_not_through_says_so_and_one_that_cannot_read_hides_nothing() {
    let mut busy = stage();
    busy.sifts = false;
    busy.many(49_988);
    busy.types("/id:49999<enter>");
    let screen = busy.screen();
    assert!(screen.contains("id:49999  0 so far, 40% of 50.0k"), "{screen}");
    assert!(screen.contains("no match so far"));
    busy.types("xout<enter>");
    assert!(busy.exports.is_empty() && busy.screen().contains("the filter is not through yet"));
    busy.sifts = true;
    busy.wait(1);
    assert!(busy.screen().contains("id:49999  1 of 50000"), "{}", busy.screen());

    let mut lost = stage();
    lost.unreadable = true;
    lost.types("/tool:read_file arg.path:*2.txt<enter>");
    assert_eq!(listed(&lost), [1, 4, 7, 10]);
    assert!(lost.screen().contains("4 cannot be read"), "{}", lost.screen());
}

#[test]
fn one_turn_reads_one_batch_so_that_keys_are_looked_at_in_between() {
    let mut stage = stage();
    stage.sifts = false;
    stage.many(5000);
    stage.types("/zebra<enter>");
    assert_eq!(stage.inspected, 128);
    assert!(stage.screen().contains("so far, "), "{}", stage.screen());
}

#[test]
fn the_cursor_stays_on_listed_calls() {
    let mut stage = stage();
    stage.types("g/tool:search<enter>");
    let selected = |stage: &Stage| {
        let row = tollgate::console::update::selected(&stage.model).unwrap();
        stage.model.call(row).unwrap().call.0
    };
    assert_eq!(selected(&stage), 2, "the next one that is listed");
    stage.types("j");
    assert_eq!(selected(&stage), 5);
    stage.types("G");
    assert_eq!(selected(&stage), 11);
    stage.types("k<enter>");
    assert!(stage.screen().contains("2 Detail #8"), "{}", stage.screen());
}

#[test]
fn waiting_calls_are_listed_whatever_the_filter() {
    let mut stage = stage();
    stage.asks("write_file", "{}", Risk::Low);
    stage.types("/tool:read_file<enter>3");
    assert_eq!(listed(&stage), [1, 4, 7, 10]);
    assert!(stage.screen().contains("files.write_file"), "{}", stage.screen());
    assert!(stage.screen().contains("ASK 1"));
}

#[test]
fn tab_completes_and_goes_on_to_the_next() {
    let text = |script: &str| {
        let mut stage = stage();
        stage.types(script);
        stage.model.ui.typing.map(|typing| typing.edit.text().to_owned()).unwrap()
    };
    let table = [
        ("/ver<tab>", "verdict:"),
        ("/tool:s<tab>", "tool:search"),
        ("/tool:s<tab><tab>", "tool:slow_thing"),
        ("/tool:s<tab><tab><tab>", "tool:search"),
        ("/tool:s<tab><Shift-Tab>", "tool:slow_thing"),
        ("/srv:<tab> tool:<tab>x", "srv:files tool:read_filex"),
        (":exp<tab>a.jsonl", "export a.jsonl"),
        (":filter tool:r<tab>", "filter tool:read_file"),
        ("/zzz<tab>", "zzz"),
    ];
    for (script, expected) in table {
        assert_eq!(text(script), expected, "{script}");
    }
}

#[test]
fn the_past_is_gone_through_and_looked_up() {
    let text = |script: &str| {
        let mut stage = stage();
        stage.types("/tool:read_file<enter>/tool:search<enter>/ms>5<enter>");
        stage.types(script);
        stage.model.ui.typing.map(|typing| typing.edit.text().to_owned()).unwrap()
    };
    let table = [
        ("/x<Up>", "ms>5"),
        ("/x<Up><Up><Up><Up>", "tool:read_file"),
        ("/x<Up><Up><Down><Down>", "x"),
        ("/tool<ctrl-r>", "tool:search"),
        ("/tool<ctrl-r><ctrl-r>", "tool:read_file"),
        ("/tool<ctrl-r><ctrl-r><ctrl-r>", "tool:read_file"),
        (":<Up>", ""),
    ];
    for (script, expected) in table {
        assert_eq!(text(script), expected, "{script}");
    }
}

#[test]
fn a_command_is_its_name_and_the_rest_of_the_line() {
    check(":filter tool:read_file<enter>", &[1, 4, 7, 10]);
    check(":filter tool:read_file<enter>:filter<enter>", &ALL);
    let mut stage = check(":pane.log<enter>", &ALL);
    assert!(stage.screen().contains("[0 Log]"));
    stage.types(":call 5<enter>1<enter>");
    assert!(stage.screen().contains("2 Detail #5"), "{}", stage.screen());
    stage.types(":fliter x<enter>");
    assert!(stage.screen().contains("no command `fliter`; did you mean `filter`?"));
    stage.types("<esc>:quit<enter>");
    assert!(stage.quit);
}

#[test]
fn no_line_and_no_palette_answers_a_call() {
    for script in [
        "A<900ms>:allow<enter>",
        "A<900ms>:deny<enter>",
        "A<900ms>:allow.yes<enter><esc>",
        ":allow<enter>",
        "A<900ms>:<enter>a<enter>",
        "3:ask.allow<enter>",
        "<ctrl-p>allow<enter>",
        "<ctrl-p>deny<enter>",
        "A<900ms><ctrl-p>",
        "A<900ms>:<paste:allow\na\ny\n>",
        "/a<enter>",
        ";a<enter>",
    ] {
        let mut stage = stage();
        stage.asks("write_file", "{}", Risk::Low);
        stage.types(script);
        assert!(stage.answers().is_empty(), "{script}");
    }
    // What was typed into the line is no key of the card behind it, nor typed ahead for it.
    let mut stage = stage();
    stage.asks("write_file", "{}", Risk::Low);
    stage.types("A<900ms>:full<enter>a");
    assert!(stage.answers().is_empty());
    stage.types("<1500ms>a");
    assert!(matches!(stage.answers()[0].answer, AnswerWord::Allow {}));
}

#[test]
fn the_palette_finds_commands_and_sessions() {
    let mut stage = stage();
    stage.types("<ctrl-p>plog<enter>");
    assert!(stage.screen().contains("[0 Log]"), "{}", stage.screen());
    stage.types("<ctrl-p>claude-1<enter>");
    assert!(stage.screen().contains("[0 Log]"));
    assert_eq!(stage.model.ui.filter.as_ref().unwrap().text.as_str(), "sess=claude-1");
    stage.types("1<ctrl-p>export<enter>");
    let typing = stage.model.ui.typing.as_ref().unwrap();
    assert_eq!(typing.edit.text(), "export ");
    stage.types("<esc><ctrl-p>zzzz<enter>");
    assert!(stage.model.ui.palette.is_none(), "nothing fits: nothing is done");
    stage.types("<ctrl-p><esc>");
    assert!(stage.model.ui.palette.is_none());
}

#[test]
fn calls_are_marked_in_ones_and_ranges_and_listed_alone() {
    let marked = |stage: &Stage| -> Vec<u64> {
        stage.model.ui.marks.rows().map(|row| stage.model.call(row).unwrap().call.0).collect()
    };
    let table: [(&str, &[u64]); 8] = [
        ("gm", &[1]),
        ("gmm", &[]),
        ("g<Space><Space>j<Space>", &[1, 2, 4]),
        ("gvjjm", &[1, 2, 3]),
        ("gjm", &[2]),
        ("gjjjvkkm", &[2, 3, 4]),
        ("gvj<esc>m", &[2]),
        ("/tool:search<enter>gvGm", &[2, 5, 8, 11]),
    ];
    for (script, expected) in table {
        let mut stage = stage();
        stage.types(script);
        assert_eq!(marked(&stage), expected, "{script}");
    }
    check("gmjmM", &[1, 2]);
    check("gmjmMM", &ALL);
    check("gvjjmM/tool:search<enter>", &[2]);
    let mut stage = check("gvjjmMgm", &[2, 3]);
    assert!(stage.screen().contains("MARKED  2 of 12"), "{}", stage.screen());
    let mut stage = check("M", &ALL);
    assert!(stage.screen().contains("no call is marked"));
}

#[test]
fn a_note_is_kept_with_its_call() {
    let mut stage = stage();
    stage.types("g;why \"this\" | that?<enter>");
    assert_eq!(stage.model.ui.marks.note(CallAt(0)), Some("why \"this\" | that?"));
    assert!(stage.screen().contains("note: why \"this\" | that?"), "{}", stage.screen());
    stage.types(";<ctrl-u><enter>");
    assert_eq!(stage.model.ui.marks.note(CallAt(0)), None);
}

#[test]
fn the_range_the_marked_or_the_listed_calls_are_written() {
    let calls = |script: &str| {
        let mut stage = stage();
        stage.types(script);
        let export = &stage.exports[0];
        assert_eq!(export.file, "out file.jsonl", "{script}");
        (export.calls, export.records.len())
    };
    assert_eq!(calls(":export out file.jsonl<enter>"), (12, 20));
    assert_eq!(calls("/tool:read_file<enter>xout file.jsonl<enter>"), (4, 8));
    assert_eq!(calls("gmxout file.jsonl<enter>"), (1, 2));
    assert_eq!(calls("gmvjjxout file.jsonl<enter>"), (3, 5));
    let mut stage = stage();
    stage.types("/tool:none<enter>xf<enter>");
    assert!(stage.exports.is_empty() && stage.screen().contains("there is no call to write"));
}

#[test]
fn text_is_found_in_bodies_logs_and_keys() {
    let mut stage = stage();
    let rows: Vec<String> =
        (0..80).map(|n| format!("\"row {n} {}\"", "long ".repeat(14))).collect();
    stage.passes(
        "read",
        &format!("{{\"rows\":[{},\"the needle\"]}}", rows.join(",")),
        Verdict::Allow,
    );
    stage.types("2/NEEDLE<enter>");
    let screen = stage.screen();
    assert!(
        screen.contains("match 1 of 1") && screen.contains(" >|     \"the needle\""),
        "{screen}"
    );
    stage.types("/row 1<enter>");
    assert!(stage.screen().contains("match 1 of 11"), "{}", stage.screen());
    stage.types("nnN");
    assert!(stage.screen().contains("match 2 of 11"), "{}", stage.screen());
    stage.types("NN");
    assert!(stage.screen().contains("match 11 of 11, from the end again"), "{}", stage.screen());
    stage.types("/zebra<enter>");
    assert!(stage.screen().contains("not found: zebra"));

    for n in 0..50 {
        stage.stderr(&format!("line {n}"));
    }
    stage.types("0/line 2<enter>");
    assert!(stage.screen().contains("match 11 of 11"), "{}", stage.screen());
    stage.types("NN");
    let screen = stage.screen();
    assert!(screen.contains("match 9 of 11") && screen.contains("line 27"), "{screen}");

    stage.types("K/a session<enter>");
    assert!(stage.screen().contains(">Ctrl-p "), "{}", stage.screen());
    stage.types("<esc>");
    assert!(!stage.screen().contains("Keys: "));
}

#[test]
fn keys_of_the_operators_own_do_what_the_file_says() {
    let mut stage = stage();
    let text =
        "[calls]\n\"f\" = \"filter tool:search\"\n\"q\" = \"none\"\n[card]\n\"z\" = \"allow\"\n";
    stage.model.ui.keymap = Keymap::parse(text).unwrap();
    stage.types("fq");
    assert_eq!(listed(&stage), [2, 5, 8, 11]);
    assert!(!stage.quit);
    stage.types("?");
    assert!(stage.screen().contains(":filter tool:se~"), "{}", stage.screen());
    stage.types("<esc>");
    stage.asks("write_file", "{}", Risk::Low);
    stage.types("A<900ms>z");
    assert_eq!(stage.answers().len(), 1, "guarded as every answer is");
    assert!(
        stage
            .model
            .ui
            .keymap
            .find(tollgate::console::action::Context::Calls, Key::Char('z'))
            .is_none()
    );
}

#[test]
fn the_page_on_filters_has_every_field_and_short_form() {
    use tollgate::console::filter::{ALIASES, FIELDS, Kind, NumberField};
    let page = include_str!("../../../docs/filters.md");
    for field in FIELDS {
        let values = match field.kind {
            Kind::Name(_) => "a name".to_owned(),
            Kind::Tag(tag) => tag.words().join(", "),
            Kind::Number(NumberField::Finding) => "a number, yes, no".to_owned(),
            Kind::Number(NumberField::Mark) => "yes, no".to_owned(),
            Kind::Number(_) => "a number".to_owned(),
            Kind::Time => "a time".to_owned(),
            Kind::Body(_) => "a text".to_owned(),
        };
        let row = format!("| `{}` | {} | {values} |\n", field.name, field.help);
        assert!(page.contains(&row), "docs/filters.md is to have: {row}");
    }
    for (letter, takes_pattern, help) in ALIASES {
        let pattern = if *takes_pattern { " PATTERN" } else { "" };
        let row = format!("| `~{letter}`{pattern} | {help} |\n");
        assert!(page.contains(&row), "docs/filters.md is to have: {row}");
    }
}

#[test]
fn lines_palette_and_help_look_as_reviewed() {
    let scripts = [
        ("filter", "/tool:read_file verdict:!ok"),
        ("filter_wrong", "/tool:read_file servr:x"),
        ("filter_offers", "/tool:<tab><tab>"),
        ("filter_in_force", "/tool:read_file<enter>"),
        ("nothing_matches", "/tool:none<enter>"),
        (
            "long",
            "/tool:\"a very long name that goes on and on\" | tool:\"and another very long name\"",
        ),
        ("hostile", "/<paste:a\u{1b}[31m\u{202E}b>"),
        ("command", ":export calls.jsonl"),
        ("command_empty", ":"),
        ("note", "g;look at this"),
        ("range", "gjvjj"),
        ("marked", "gmjmM"),
        ("palette", "<ctrl-p>"),
        ("palette_typed", "<ctrl-p>pane"),
        ("help", "?"),
        ("help_search", "?/mark<enter>"),
        ("keys", "K<Space>"),
        ("search", "g2/path<enter>"),
    ];
    let mut all = String::new();
    for (name, keys) in scripts {
        let mut stage = stage();
        stage.types(keys);
        for part in ["=== ", name, "\n", &stage.screen(), "\n"] {
            all.push_str(part);
        }
    }
    insta::assert_snapshot!("console_lines_80x24", all);
}
