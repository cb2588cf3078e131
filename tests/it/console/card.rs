//! The approval card: what it looks like at every size, and what it shows of the arguments.

use proptest::prelude::*;
use tollgate::console::model::doc::Laid;
use tollgate::console::model::json;
use tollgate::engine::Settled;
use tollgate::policy::{Reason, Risk, Verdict};
use tollgate::wire::{AnswerLine, AnswerWord};

use super::frames::{HOSTILE, assert_seen};
use super::stage::{SESSION, Stage, reason, rows};

pub(super) const SHORT: &str = r#"{"path":"a.txt"}"#;
const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

pub(super) fn quiet(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size.0, size.1);
    stage.session(SESSION, "files");
    stage
}

/// One call that waits, its card open and armed.
pub(super) fn card(size: (u16, u16), tool: &str, arguments: &str, risk: Risk) -> Stage {
    let mut stage = quiet(size);
    stage.asks(tool, arguments, risk);
    stage.code(1, "k7m");
    stage.wait(5000);
    stage.types("A<900ms>");
    stage
}

/// A long benign text with a destructive end.
pub(super) fn long_command() -> String {
    let steps: Vec<String> = (0..150).map(|n| format!("echo step {n} is fine")).collect();
    let text = format!("{} && rm -rf --no-preserve-root /", steps.join(" && "));
    serde_json::json!({ "command": text }).to_string()
}

pub(super) const TAIL: &str = "--no-preserve-root";

pub(super) fn batch(size: (u16, u16), risk: Risk) -> Stage {
    let mut stage = quiet(size);
    for n in 1..4 {
        stage.asks("write_file", &format!("{{\"path\":\"{n}.txt\"}}"), risk);
    }
    stage.wait(5000);
    stage.types("3 <enter><900ms>");
    stage
}

fn scenes(size: (u16, u16)) -> Vec<(&'static str, Stage)> {
    let mail = r#"{"subject":"hi","to":["ops@example.com"],"body":"one\ntwo"}"#;
    let wide = r#"{"タイトル":"日本語のテキスト、これは長い文です。折り返しを確かめるため。","emoji":"👩‍👩‍👧 🇩🇪 ❤️","é̂":"한국어"}"#;
    let mut over = card(size, "write_file", SHORT, Risk::Medium);
    over.settled(1, Settled::TimedOut);
    let mut watching = card(size, "write_file", SHORT, Risk::Medium);
    watching.consoles(&[(1, false, false), (2, true, false)]);
    let hostile = serde_json::json!({ "body": HOSTILE, HOSTILE: 1 }).to_string();
    vec![
        ("low", card(size, "read_file", SHORT, Risk::Low)),
        (
            "medium",
            card(size, "write_file", r#"{"content":"a\nb\n","path":"a.txt"}"#, Risk::Medium),
        ),
        ("high", card(size, "send_email", mail, Risk::High)),
        ("clipped", card(size, "run", &long_command(), Risk::Medium)),
        ("hostile", card(size, HOSTILE, &hostile, Risk::High)),
        ("wide", card(size, "日本語", wide, Risk::Medium)),
        ("over", over),
        ("watching", watching),
        ("batch", batch(size, Risk::Medium)),
    ]
}

#[test]
fn the_card_looks_as_reviewed_at_every_size() {
    for size in SIZES {
        let mut all = String::new();
        for (name, mut stage) in scenes(size) {
            assert_seen(&stage.buffer(), name);
            let part = format!("=== {name}\n{}\n", stage.screen());
            all.push_str(&part);
        }
        insta::assert_snapshot!(format!("card_{}x{}", size.0, size.1), all);
    }
}

pub(super) fn answers(stage: &Stage) -> Vec<AnswerLine> {
    stage.answers()
}

pub(super) fn words(stage: &Stage) -> Vec<&'static str> {
    let word = |line: &AnswerLine| match line.answer {
        AnswerWord::Allow {} => "allow",
        AnswerWord::Deny { .. } => "deny",
        AnswerWord::Edit { .. } => "edit",
        AnswerWord::Remember { allow: true, .. } => "allow all",
        AnswerWord::Remember { allow: false, .. } => "deny all",
    };
    answers(stage).iter().map(word).collect()
}

// === What is clipped ===

/// What the card's window shows, without its gutters and line breaks.
fn flat(stage: &mut Stage) -> String {
    let rows: Vec<String> = stage.rows().into_iter().filter(|row| is_of_window(row)).collect();
    behind(&rows, "|:")
}

#[test]
fn a_clipped_tail_is_announced_and_bars_the_allow_until_it_was_seen() {
    for size in [(80, 24), (60, 16), (80, 16), (120, 40)] {
        for (risk, allow) in [(Risk::Medium, "a<500ms>y"), (Risk::High, "ak7m")] {
            let mut stage = card(size, "run", &long_command(), risk);
            let screen = stage.screen();
            let scene = format!("{size:?} {risk:?}:\n{screen}");
            assert!(!flat(&mut stage).contains(TAIL), "{scene}");
            let clip = screen.lines().find(|row| row.contains("more lines")).expect(&scene);
            assert!(clip.contains('G') && clip.contains("all must be seen"), "{scene}");
            let count = clip.split_whitespace().find_map(|word| word.parse::<usize>().ok());
            assert!(count.is_some_and(|count| count > 3), "{scene}");
            assert!(screen.contains("d deny") || screen.contains("d  deny"), "{scene}");
            let (first, rest) = allow.split_at(1);
            stage.types(first);
            assert!(stage.screen().contains("not all was seen yet"), "{scene}");
            stage.types(rest);
            assert_eq!(words(&stage), [""; 0], "{scene}");
            stage.types("<1000ms>G<500ms>");
            let screen = stage.screen();
            assert!(flat(&mut stage).contains(TAIL), "{size:?}:\n{screen}");
            assert!(screen.contains("seen 100 %"), "{size:?}:\n{screen}");
            assert!(screen.contains("lines above, g to the start"), "{size:?}:\n{screen}");
            stage.types(allow);
            assert_eq!(words(&stage), ["allow"], "{size:?}:\n{screen}");
            assert!(!answers(&stage)[0].unread);
        }
    }
}

#[test]
fn a_head_that_is_cut_names_the_key_that_shows_it_whole() {
    for size in [(60, 16), (80, 24)] {
        let tool = "a_tool_whose_name_goes_on_and_on_until_it_says_delete_all";
        let mut stage = card(size, tool, SHORT, Risk::Medium);
        assert!(!stage.screen().contains("delete_all"), "{}", stage.screen());
        assert!(stage.screen().contains("~ f: all"), "{}", stage.screen());
        stage.types("f");
        let whole: String = stage.screen().chars().filter(|c| !c.is_whitespace()).collect();
        let whole = whole.replace(['│', '|', ':'], "");
        assert!(whole.contains(tool), "{}", stage.screen());
    }
    let mut stage = quiet((80, 24));
    let why = "a sentence that goes on ".repeat(20) + "to its end";
    let because = Reason { why, ..reason("r7", Verdict::Ask) };
    stage.asks_because(because, "write_file", SHORT, Risk::Medium);
    stage.types("A<900ms>");
    assert!(stage.screen().contains("~ f: all") && !stage.screen().contains("to its end"));
    stage.types("f");
    assert!(stage.screen().contains("to its end"), "{}", stage.screen());
}

#[test]
fn the_window_keeps_its_place_whatever_the_call() {
    for size in SIZES {
        let places: Vec<(usize, usize)> = scenes(size)
            .into_iter()
            .filter(|(name, _)| *name != "over")
            .map(|(name, mut stage)| {
                let rows = stage.rows();
                let find = |text: &str| rows.iter().position(|row| row.contains(text)).expect(name);
                (find(" arguments"), find("  seen "))
            })
            .collect();
        assert!(places.iter().all(|place| *place == places[0]), "{size:?}: {places:?}");
    }
}

// === What is shown of the arguments ===

/// The rows of the card's window, from the first line of the arguments to their last, as they are drawn.
pub(super) fn drawn_rows(stage: &mut Stage) -> Vec<String> {
    let page = |stage: &Stage| {
        let page = &stage.model.ui.card.as_ref().unwrap().page;
        (page.top, page.height, page.laid.as_ref().unwrap().len())
    };
    stage.types("g");
    let mut all = Vec::new();
    loop {
        let (top, height, len) = page(stage);
        let rows = stage.rows();
        let is_head = |row: &String| HEADS.iter().any(|head| row.contains(head));
        let first = rows.iter().position(is_head).expect("a head") + 1;
        all.truncate(top);
        all.extend(rows.into_iter().skip(first).take(height.min(len - top)));
        if top + height >= len {
            return all;
        }
        stage.types(" ");
    }
}

/// What begins the row above the window.
const HEADS: [&str; 3] = ["│ arguments", "│ exact bytes", "│ EDITED"];

fn is_of_window(row: &str) -> bool {
    ["│  | ", "│  : ", "│+ | ", "│- | "].iter().any(|gutter| row.contains(gutter))
}

/// What stands behind the gutters of these kinds, without blanks.
pub(super) fn behind(rows: &[String], kinds: &str) -> String {
    let text = |row: &String| {
        let row = row.strip_suffix('│').unwrap_or(row);
        let (_, row) = row.rsplit_once('│').unwrap_or(("", row));
        let (gutter, text) = row.split_at_checked(4)?;
        let kind = gutter.trim().chars().next()?;
        kinds.contains(kind).then(|| text.replace(' ', ""))
    };
    rows.iter().filter_map(text).collect()
}

/// The lines of a document as text, without blanks, in this order.
fn text_of(text: &str, order: Option<&Vec<usize>>) -> String {
    let lines = json::lines(text);
    let own: Vec<usize> = (0..lines.items.len()).collect();
    let order = order.unwrap_or(&own);
    let item = |at: &usize| {
        let item = &lines.items[*at];
        format!("{}{}", item.key.as_ref().map_or("", |key| key.as_str()), item.value)
    };
    order.iter().map(item).collect::<String>().replace(' ', "")
}

/// Text with anything in it but blanks, box characters and bars, which the test itself cuts at.
fn nasty() -> impl Strategy<Value = String> {
    let wild = any::<char>().prop_filter("cut at", |c| !"│|: ".contains(*c));
    let known =
        prop::sample::select(vec!['\u{202E}', '\n', '<', '日', '\u{301}', '\u{E0041}', '"', '\\']);
    prop::collection::vec(prop_oneof![wild, known, prop::char::range('a', 'f')], 0..70)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every byte of the arguments is on the card: as itself, as a token, or, in the dump, as digits.
    #[test]
    fn all_of_the_arguments_is_shown_on_every_face(
        members in prop::collection::vec((nasty(), nasty()), 0..5),
        changed in nasty(),
        size in prop::sample::select(SIZES.to_vec()),
    ) {
        let object = |members: &[(String, String)]| {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}:{}", serde_json::json!(key), serde_json::json!(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        let text = object(&members);
        let mut stage = card(size, "run", &text, Risk::Medium);
        let order = stage.model.ui.card.as_ref().unwrap().one.arguments.doc().unwrap().order.clone();
        let shown = behind(&drawn_rows(&mut stage), "|:");
        prop_assert_eq!(shown, text_of(&text, order.as_ref()));
        assert_seen(&stage.buffer(), "arguments");
        prop_assert!(stage.screen().contains("seen 100 %"));

        stage.types("v");
        let bytes = stage.model.ui.card.as_ref().unwrap().one.arguments.doc().unwrap().raw.clone();
        let Some(Laid::Hex { columns, .. }) = stage.model.ui.card.as_ref().unwrap().page.laid else {
            panic!("a dump is due")
        };
        let rows = drawn_rows(&mut stage);
        let dump: String = rows.iter().map(|row| hex_of(row, columns)).collect();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(dump, hex.concat());
        assert_seen(&stage.buffer(), "bytes");

        let mut after = members;
        after.push(("added".to_owned(), changed));
        let after = object(&after);
        stage.revised(1, 2, Risk::Medium, &after);
        let rows = drawn_rows(&mut stage);
        assert_seen(&stage.buffer(), "difference");
        prop_assert_eq!(behind_sides(&rows, '+'), text_of(&after, None));
        prop_assert_eq!(behind_sides(&rows, '-'), text_of(&text, None));
    }

    /// Title, answers and time stand where they stand and say what they say, whatever is sent.
    #[test]
    fn what_is_ours_on_the_card_is_the_same_for_every_payload(
        body in any::<String>(),
        tool in "\\PC{0,80}|[a-z\u{1b}\u{202E}\u{E0041}<>U+ ]{0,40}",
        size in prop::sample::select(SIZES.to_vec()),
        keys in prop::sample::select(vec!["", "v", "f", "fv", "a", "D", "Dx", "U", "e", "d"]),
    ) {
        let frame = |tool: &str, body: &str| {
            let text = serde_json::json!({ "body": body, body: body }).to_string();
            let mut stage = card(size, tool, &text, Risk::High);
            stage.types("G<1000ms>");
            stage.types(keys);
            let above = if keys == "e" { 1 } else if keys.contains('f') { 2 } else { 3 };
            (stage.buffer(), above)
        };
        let (tame, above) = frame("tool", "body");
        let (wild, _) = frame(&tool, &body);
        assert_seen(&wild, keys);
        let (tame, wild) = (rows(&tame), rows(&wild));
        let is_foreign = |row: &str| is_of_window(row) || row.contains(" what  ");
        for (n, (tame, wild)) in tame.iter().zip(&wild).enumerate() {
            prop_assert_eq!(tame.ends_with('│'), wild.ends_with('│'), "{}", wild);
            // Rows 2 to the arguments and their window hold what is foreign, behind a label or the gutter.
            let ours = n < 2 || n + 3 + above > tame.len();
            if ours && !is_foreign(tame) && !is_foreign(wild) {
                prop_assert_eq!(tame, wild);
            }
        }
    }
}

/// One side of a difference, without blanks: `+` for what it becomes, `-` for what it was.
fn behind_sides(rows: &[String], side: char) -> String {
    let text = |row: &String| {
        let row = row.strip_suffix('│').unwrap_or(row);
        let (_, row) = row.rsplit_once('│').unwrap_or(("", row));
        let (gutter, text) = row.split_at_checked(4)?;
        let kind = gutter.chars().next()?;
        (kind == ' ' || kind == side).then(|| text.replace(' ', ""))
    };
    rows.iter().filter_map(text).collect()
}

/// The digits of a dump's row, without its number and its letters.
fn hex_of(row: &str, columns: usize) -> String {
    let row = row.strip_suffix('│').unwrap();
    let (_, row) = row.rsplit_once('│').unwrap();
    let digits = row.strip_prefix("  | ").unwrap().split_once("  ").unwrap().1;
    digits.chars().take(columns * 3 + columns / 16).filter(|c| *c != ' ').collect()
}

#[test]
fn decisive_members_come_first_and_the_head_says_whose_order_it_is() {
    let text = r#"{"body":"one\ntwo","urgent":true,"to":"ops@example.com"}"#;
    let mut stage = card((80, 24), "send_email", text, Risk::Medium);
    let screen = stage.screen();
    let at = |screen: &str, text: &str| screen.find(text).unwrap_or_else(|| panic!("{screen}"));
    assert!(at(&screen, "\"to\"") < at(&screen, "\"urgent\""), "{screen}");
    assert!(at(&screen, "\"urgent\"") < at(&screen, "\"body\""), "{screen}");
    assert!(screen.contains("3 fields   our order (v: the bytes)"), "{screen}");
    // The bytes, the editor and the difference keep the order of the agent.
    stage.types("v");
    assert!(!stage.screen().contains("our order"), "{}", stage.screen());
    stage.types("v<1000ms>e");
    let screen = stage.screen();
    assert!(at(&screen, "\"body\"") < at(&screen, "\"to\""), "{screen}");
    stage.revised(1, 2, Risk::Medium, r#"{"body":"one","urgent":true,"to":"ops@example.com"}"#);
    let screen = stage.screen();
    assert!(at(&screen, "\"body\"") < at(&screen, "\"to\""), "{screen}");
    let mut same = card((80, 24), "write_file", r#"{"path":"a","content":"b"}"#, Risk::Medium);
    assert!(!same.screen().contains("our order"), "{}", same.screen());
}

#[test]
fn the_first_use_of_a_tool_is_told() {
    let told = |stage: &mut Stage| stage.screen().contains("first use in this session");
    assert!(told(&mut card((80, 24), "write_file", SHORT, Risk::Medium)));
    let mut stage = quiet((80, 24));
    stage.passes("write_file", SHORT, Verdict::Allow);
    stage.passes("read_file", SHORT, Verdict::Allow);
    stage.asks("write_file", SHORT, Risk::Low);
    stage.types("A");
    assert!(!told(&mut stage));
}
