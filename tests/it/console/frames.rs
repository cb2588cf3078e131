//! Frames: what they look like, and what never gets into them.

use std::fmt::Write as _;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use tollgate::console::update::Cmd;
use tollgate::console::view::Lines;
use tollgate::console::{Depth, Theme};
use tollgate::engine::Settled;
use tollgate::policy::{Risk, Verdict};
use tollgate::text::class::{self, Class};

use super::stage::{SESSION, Stage, rows};

pub(super) const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// What a hostile agent or server sends (console.md section 3).
pub(super) const HOSTILE: &str = "a\u{1b}[31mb\u{1b}]8;;http://x\u{7}\u{0}\u{9b}31m a\tb aaaa\rb \u{202E}gpj.exe\u{2067}\
    \u{200B}\u{AD}\u{3164}\u{E0041}\u{E0042}e\u{301}\u{302}\u{303}\u{304}\u{2028}\u{2800}\u{FDFD}\u{2764}\u{FE0F}\
    \u{1F469}\u{200D}\u{1F467}\u{1F1E9}\u{1F1EA} \u{645}\u{631}\u{62D}\u{628}\u{627} \u{65E5}\u{672C}\u{8A9E}\n\
    | RISK LOW  a allow <U+202E>";

fn quiet(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size.0, size.1);
    stage.session(SESSION, "files");
    stage
}

fn busy(size: (u16, u16)) -> Stage {
    let mut stage = quiet(size);
    let first = stage.passes("read_file", r#"{"path":"src/main.rs"}"#, Verdict::Allow);
    stage.wait(8);
    stage.answered(first, r#"{"content":[{"type":"text","text":"fn main() {}\n"}]}"#);
    let second = stage.passes("search", r#"{"query":"needle"}"#, Verdict::Mark);
    stage.wait(310);
    stage.answered(second, r#"{"isError":true,"content":[]}"#);
    stage.call("drop_table", r#"{"table":"users"}"#, Verdict::Deny, vec![refuse(3)]);
    stage.stderr("listening on stdio");
    stage.finds("guard.duplicate-key", "the key \"path\" stands twice");
    stage.asks(
        "write_file",
        r#"{"path":"src/main.rs","content":"fn main() {\n}\n"}"#,
        Risk::Medium,
    );
    stage.asks("send_email", r#"{"to":"ops@example.com","cc":[]}"#, Risk::High);
    stage.code(5, "k7m");
    stage.wait(1000);
    stage.passes("slow_thing", "{}", Verdict::Allow);
    stage
}

pub(super) fn refuse(call: u64) -> tollgate::journal::Effected {
    tollgate::journal::Effected::Refuse {
        conn: tollgate::engine::ConnId(1),
        to: tollgate::protocol::Side::Agent,
        call: Some(tollgate::engine::CallId(call)),
        rule: "r14".to_owned(),
        sent: tollgate::journal::Raw::of(b"{\"refused\":true}"),
    }
}

fn hostile(size: (u16, u16)) -> Stage {
    let mut stage = quiet(size);
    let text = serde_json::json!({ "body": HOSTILE, HOSTILE: 1 }).to_string();
    let call = stage.passes(HOSTILE, &text, Verdict::Allow);
    stage.answered(call, &text);
    stage.stderr(HOSTILE);
    stage.finds("guard.unicode", HOSTILE);
    stage.asks(HOSTILE, &text, Risk::High);
    stage.code(2, "k7m");
    stage
}

fn clipped(size: (u16, u16)) -> Stage {
    let mut stage = quiet(size);
    let rows: Vec<String> = (0..90).map(|n| format!("\"row {n} is harmless\"")).collect();
    let text = format!("{{\"rows\":[{}],\"then\":\"rm -rf /\"}}", rows.join(","));
    let call =
        stage.passes("harmless_tool_with_a_very_long_name_that_goes_on", &text, Verdict::Mark);
    stage.answered(call, &text);
    stage.stderr(&"a long line ".repeat(40));
    stage.asks("run", &text, Risk::Medium);
    stage
}

/// Letters that take two columns, marks that take none, and a name that is too long for its column.
fn wide(size: (u16, u16)) -> Stage {
    let mut stage = quiet(size);
    let text = r#"{"\u8def\u5f84":"/\u65e5\u672c\u8a9e/\u0631\u0633\u0627\u0644\u0629","e\u0301":"\ud55c\uae00 caf\u00e9"}"#;
    let tool = "\u{30c4}\u{30fc}\u{30eb}\u{540d}\u{524d}\u{9577}\u{3044}\u{540d}\u{524d}\u{30c4}\u{30fc}\u{30eb}";
    let call = stage.passes(tool, text, Verdict::Mark);
    stage.answered(call, text);
    stage.stderr("\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{30ed}\u{30b0} caf\u{e9}");
    stage.asks(tool, text, Risk::Low);
    stage
}

fn dropped(size: (u16, u16)) -> Stage {
    let mut stage = busy(size);
    stage.model.log_dropped = 4711;
    stage.troubled("the disk is full: nothing is recorded");
    stage
}

/// Neither the calls nor the log follow what is new.
fn paused(size: (u16, u16)) -> Stage {
    let mut stage = busy(size);
    stage.types("kk0kk1");
    stage
}

fn replayed(size: (u16, u16)) -> Stage {
    let mut stage = busy(size);
    stage.replays();
    stage.types("}");
    stage
}

fn disconnected(size: (u16, u16)) -> Stage {
    let mut stage = busy(size);
    stage.lost("the gate closed the connection");
    stage
}

type Make = fn((u16, u16)) -> Stage;

/// Content by name.
const CONTENTS: [(&str, Make); 9] = [
    ("empty", quiet),
    ("waiting", busy),
    ("hostile", hostile),
    ("clipped", clipped),
    ("wide", wide),
    ("dropped", dropped),
    ("paused", paused),
    ("replay", replayed),
    ("disconnected", disconnected),
];

/// The keys that lead to each pane.
const PANES: [(&str, &str); 13] = [
    ("calls", ""),
    ("detail_args", "2"),
    ("detail_result", "2]"),
    ("detail_raw", "2]]"),
    ("ask", "3"),
    ("tools", "4"),
    ("servers", "5"),
    ("sessions", "6"),
    ("findings", "8"),
    ("policy", "9"),
    ("log", "0"),
    ("timeline", "T"),
    ("card", "A<900ms>"),
];

/// Every pane of a content.
fn scenes(content: &str, make: Make, size: (u16, u16)) -> impl Iterator<Item = (String, Stage)> {
    PANES.into_iter().map(move |(pane, keys)| {
        let mut stage = make(size);
        stage.types(keys);
        (format!("{pane}_{content}"), stage)
    })
}

/// Rows with their numbers, where they are not as the same rows of another frame; equal ones that follow each
/// other once.
pub(super) fn changed(rows: &[String], before: &[String]) -> String {
    let mut shown = String::new();
    let mut numbered = (1..).zip(rows).peekable();
    while let Some((number, row)) = numbered.next() {
        if before.get(number - 1) == Some(row) {
            continue;
        }
        let mut last = number;
        while let Some((again, _)) = numbered.next_if(|(_, next)| *next == row) {
            last = again;
        }
        let range = if last > number { format!("{number}-{last}") } else { number.to_string() };
        writeln!(shown, "{range:>5} {row}").unwrap();
    }
    shown
}

fn show(all: &mut String, name: &str, stage: &mut Stage) {
    for part in ["=== ", name, "\n", &stage.screen(), "\n"] {
        all.push_str(part);
    }
}

/// Of each content the calls are written out, and of the other panes the rows that differ from these.
#[test]
fn every_pane_looks_as_reviewed() {
    for size in SIZES {
        let mut all = String::new();
        for (content, make) in CONTENTS {
            let mut first = Vec::new();
            for (name, mut stage) in scenes(content, make, size) {
                let rows = stage.rows();
                writeln!(all, "=== {name}\n{}", changed(&rows, &first)).unwrap();
                if first.is_empty() {
                    first = rows;
                }
            }
        }
        insta::assert_snapshot!(format!("console_{}x{}", size.0, size.1), all);
    }
}

#[test]
fn two_recordings_look_as_reviewed() {
    let recording = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
        std::path::Path::new(folder).join(name)
    };
    let mut all = String::new();
    for size in SIZES {
        let (first, second) = (recording("demo.jsonl"), recording("answers.jsonl"));
        let mut stage = replayed(size);
        stage.compares(tollgate::console::compare(&first, &second).unwrap());
        stage.types("n");
        let rows = stage.rows();
        writeln!(all, "=== compare at {}x{}\n{}", size.0, size.1, changed(&rows, &[])).unwrap();
        assert_seen(&stage.buffer(), "compare");
    }
    insta::assert_snapshot!("console_compare", all);
}

/// A card's rows without those that say what was seen of it.
fn unseen(buffer: &Buffer) -> Vec<String> {
    let seen = |row: &String| row.contains("seen ") || row.contains("more lines");
    rows(buffer).into_iter().filter(|row| !seen(row)).collect()
}

#[test]
fn after_a_storm_of_sizes_a_frame_is_as_if_it_had_never_been() {
    for size in SIZES {
        for (content, make) in CONTENTS {
            for (name, mut stage) in scenes(content, make, size) {
                // What time it is, the model knows from the last message.
                stage.wait(0);
                let before = stage.buffer();
                for step in 0..40_u16 {
                    stage.resize(20 + step * 101 % 281, 5 + step * 37 % 86);
                }
                stage.resize(size.0, size.1);
                let after = stage.buffer();
                if name.starts_with("card") {
                    // What a larger window showed stays seen.
                    assert_eq!(unseen(&after), unseen(&before), "{name} at {size:?}");
                } else {
                    assert_eq!(rows(&after), rows(&before), "{name} at {size:?}");
                    assert_eq!(after, before, "{name} at {size:?}: styles");
                }
            }
        }
    }
}

#[test]
fn the_steps_of_an_answer_look_as_reviewed() {
    let scripts = [
        ("confirm", "A<900ms>a"),
        ("code", "A<900ms>n<900ms>ak"),
        ("reason", "A<900ms>Duse staging"),
        ("editor", "A<900ms>e<down><end>"),
        ("raw", "A<900ms>v"),
        ("full", "A<900ms>f"),
        ("sent", "A<900ms>n<900ms>d"),
        ("help", "?"),
        ("help_card", "A<900ms>?"),
        ("quit", "q"),
    ];
    let mut all = String::new();
    for (name, keys) in scripts {
        let mut stage = busy((80, 24));
        stage.types(keys);
        show(&mut all, name, &mut stage);
    }
    let mut stage = busy((80, 24));
    stage.types("A<900ms>");
    stage.settled(4, Settled::Denied { by: Stage::operator(), reason: None });
    show(&mut all, "over", &mut stage);
    insta::assert_snapshot!("console_steps", all);
}

#[test]
fn small_terminals_say_what_to_do() {
    for size in [(59, 24), (80, 15), (20, 5), (1, 1)] {
        let screen = busy(size).screen();
        assert!(size.0 < 40 || screen.contains("too small"), "{screen}");
    }
    assert!(busy((60, 16)).screen().contains("1 Calls"));
}

/// Every character of every cell is one that can be seen.
pub(super) fn assert_seen(buffer: &Buffer, scene: &str) {
    for cell in buffer.content() {
        for c in cell.symbol().chars() {
            let fine = matches!(class::class(c), Class::Plain | Class::Mark);
            assert!(fine, "{scene}: {:?} in {:?}", c, cell.symbol());
        }
    }
}

#[test]
fn no_cell_holds_what_cannot_be_seen() {
    for size in SIZES {
        for (content, make) in CONTENTS {
            for (name, mut stage) in scenes(content, make, size) {
                assert_seen(&stage.buffer(), &name);
            }
        }
    }
}

#[test]
fn foreign_text_on_a_card_stands_behind_the_gutter() {
    let mut stage = hostile((80, 24));
    stage.types("A<900ms>");
    for row in stage.rows() {
        if row.contains("RISK LOW") {
            let behind = row.trim_start_matches('│');
            assert!(behind.starts_with("  | ") || behind.starts_with("  : "), "{row}");
        }
    }
    let screen = stage.screen();
    assert!(screen.contains("hidden characters: "), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chrome_is_the_same_for_every_payload_and_every_cell_is_seen(
        body in any::<String>(),
        tool in "\\PC{0,80}|[a-z\u{1b}\u{202E}\u{E0041}<>U+ ]{0,40}",
        keys in prop::sample::select(vec!["", "g2", "g2]]", "3", "0", "A<900ms>", "A<900ms>v"]),
    ) {
        let frame = |tool: &str, body: &str| {
            let mut stage = quiet((80, 24));
            let text = serde_json::json!({ "body": body, body: body }).to_string();
            let call = stage.passes(tool, &text, Verdict::Allow);
            stage.answered(call, &text);
            stage.stderr(body);
            stage.asks(tool, &text, Risk::High);
            stage.code(2, "k7m");
            stage.types(keys);
            stage.buffer()
        };
        let tame = rows(&frame("tool", "body"));
        let wild = frame(&tool, &body);
        assert_seen(&wild, keys);
        let wild = rows(&wild);
        for row in [0, tame.len() - 2, tame.len() - 1] {
            prop_assert_eq!(&tame[row], &wild[row]);
        }
        // Borders stand where they stood: no payload shifts them.
        for (tame, wild) in tame.iter().zip(&wild) {
            prop_assert_eq!(tame.ends_with('│'), wild.ends_with('│'), "{}", wild);
        }
    }
}

#[test]
fn verdicts_differ_without_any_colour() {
    for name in Theme::shipped() {
        let theme = Theme::named(name, Depth::None).unwrap().unwrap();
        let mut stage = quiet((80, 24));
        stage.theme(theme);
        let one = stage.passes("same", "{}", Verdict::Allow);
        stage.answered(one, "{}");
        let two = stage.passes("same", "{}", Verdict::Mark);
        stage.answered(two, "{}");
        stage.call("same", "{}", Verdict::Deny, vec![refuse(3)]);
        stage.asks("same", "{}", Risk::Low);
        let mut shown: Vec<String> = stage
            .rows()
            .iter()
            .filter_map(|row| Some(row.split_once("same")?.1.split_whitespace().next()?.to_owned()))
            .collect();
        assert_eq!(shown.len(), 4, "{name}");
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), 4, "{name}: {shown:?}");
        for cell in stage.buffer().content() {
            assert_eq!(cell.fg, ratatui::style::Color::Reset, "{name}");
        }
    }
}

#[test]
fn a_theme_is_put_on_while_running_or_stays_with_a_reason() {
    use ratatui::style::Color;
    let mut stage = busy((80, 24));
    let text = stage.rows();
    stage.carries_out(Cmd::Theme("okabe-light".to_owned()));
    let buffer = stage.buffer();
    assert!(buffer.content().iter().all(|cell| cell.bg != Color::Reset));
    assert!(stage.screen().contains("theme okabe-light"));
    stage.carries_out(Cmd::Theme("no\u{202e}ir".to_owned()));
    assert!(stage.screen().contains("stays as it is: failed to read the theme no<U+202E>ir"));
    assert_eq!(buffer.content()[0].style(), stage.buffer().content()[0].style());
    stage.types("F");
    assert_eq!(text[..20], stage.rows()[..20], "colours change no text");
    stage.types("?");
    assert!(stage.buffer().content().iter().all(|cell| cell.bg != Color::Reset));
}

#[test]
fn foreign_text_is_never_bold_or_reversed() {
    for theme in Theme::shipped() {
        let mut stage = quiet((80, 24));
        stage.theme(Theme::named(theme, Depth::True).unwrap().unwrap());
        stage.asks("run", r#"{"Zqx":"Zqx"}"#, Risk::High);
        stage.types("A<900ms>");
        let buffer = stage.buffer();
        let cells = buffer.content().iter().filter(|cell| "Zq".contains(cell.symbol()));
        let loud = Modifier::BOLD | Modifier::REVERSED;
        assert_eq!(cells.clone().count(), 4, "{theme}");
        assert!(cells.clone().all(|cell| !cell.modifier.intersects(loud)), "{theme}");
    }
}

#[test]
fn ascii_borders_need_no_box_characters() {
    let buffer = busy((80, 24)).buffer_with(Lines::Ascii);
    assert!(buffer.content().iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn a_huge_result_is_drawn_at_once() {
    let mut stage = quiet((120, 40));
    let huge = format!("{{\"text\":\"{}\"}}", "wide \u{65E5} text ".repeat(400_000));
    let begun = std::time::Instant::now();
    let call = stage.passes("read", "{}", Verdict::Allow);
    stage.answered(call, &huge);
    stage.types("g2]");
    let screen = stage.screen();
    assert!(screen.contains("wide"), "{screen}");
    stage.types("G");
    assert!(stage.screen().contains("more are not shown here"));
    // Three times what a slow machine needs in a build without optimisation.
    assert!(begun.elapsed() < std::time::Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn the_manual_has_every_key_and_command() {
    use tollgate::console::action::{BINDINGS, Context, Reach};
    let mut table = String::from("| keys | command | where | what |\n|---|---|---|---|\n");
    for binding in BINDINGS {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        let command = match binding.reach {
            Reach::Keys => String::new(),
            Reach::Here | Reach::Panes => format!("`:{}`", binding.usage()),
        };
        let titles: Vec<&str> = binding.contexts.iter().map(|context| context.title()).collect();
        let panes = Context::ALL.into_iter().filter(|context| context.is_pane());
        let panes: Vec<&str> = panes.map(Context::title).collect();
        let places = titles.join(", ").replace(&panes.join(", "), "every pane");
        let cells = [keys.join(" "), command, places, binding.help.to_owned()];
        table.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    let manual = include_str!("../../../docs/console.md");
    assert!(manual.contains(&table), "docs/console.md is to have this table:\n{table}");
}
