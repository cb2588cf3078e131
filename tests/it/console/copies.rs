//! What is copied: escaped text, unless the operator was asked.

use tollgate::policy::Verdict;

use super::stage::{SESSION, Stage};

/// One answered call whose text would act on a terminal.
fn stage() -> Stage {
    let mut stage = Stage::new(80, 24);
    stage.session(SESSION, "files");
    let call = stage.passes(
        "read\u{1b}[2J",
        "{\"path\":\"a\\u001b]52;c;eA==\\u0007\u{202e}b\",\"n\":1.50}",
        Verdict::Allow,
    );
    stage.answered(call, "{\"content\":[]}");
    stage
}

/// What a script copies, the last one.
fn check(script: &str, expected: &str) {
    let mut stage = stage();
    stage.types(script);
    assert_eq!(stage.copied.last().map(String::as_str), Some(expected), "{script}");
    for c in stage.copied.concat().chars().filter(|c| *c != '\n') {
        assert!(script.contains('Y') || !c.is_control(), "{script}: {c:?}");
    }
    assert!(stage.screen().contains("sent to the terminal (OSC 52)"), "{}", stage.screen());
}

#[test]
fn what_is_shown_is_copied_escaped() {
    check("gy", "claude-1#1 files.\"read<ESC>[2J\"");
    check("g2y", "{\n  \"path\": \"a\\u001b]52;c;eA==\\u0007\\u202eb\",\n  \"n\": 1.50\n}\n");
    check("g2]y", "{\n  \"content\": []\n}\n");
    let mut stage = stage();
    stage.types("g2]]y");
    let dump = stage.copied.concat();
    assert!(dump.starts_with("000000  7b") && dump.contains("7b 22 6a 73"), "{dump}");
}

#[test]
fn the_text_as_it_came_is_copied_after_a_question() {
    check("g2Yy", "{\"path\":\"a\\u001b]52;c;eA==\\u0007\u{202e}b\",\"n\":1.50}");
    for script in ["g2Y", "g2Y<esc>", "g2Y<enter>", "gYy<esc>2"] {
        let mut stage = stage();
        stage.types(script);
        let raw = stage.copied.iter().any(|text| text.contains('\u{202e}'));
        assert!(!raw, "{script}");
    }
    let mut stage = stage();
    stage.types("g2Y");
    assert!(stage.screen().contains("Copy it unescaped?"), "{}", stage.screen());
}

#[test]
fn nothing_to_copy_is_said() {
    let mut stage = Stage::new(80, 24);
    stage.types("2y");
    assert!(stage.copied.is_empty());
    assert!(stage.screen().contains("nothing to copy here"), "{}", stage.screen());
}
