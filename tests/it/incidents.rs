//! The stories in `examples/incidents`: their recordings are decided again as they were, their commands run, and their
//! servers are played live.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bed::Bed;
use crate::program;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incidents")
}

#[test]
fn recorded_incidents_are_decided_again_as_they_were_and_their_commands_run() {
    let home = tempfile::tempdir().unwrap();
    let page = fs::read_to_string(folder().join("README.md")).unwrap();
    let mut count = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("$ tollgate ")) {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| word.replace("examples/incidents", &folder().display().to_string()))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = program::tollgate(home.path(), &words);
        // Playback is for a terminal.
        let expected = if words.len() == 2 { 2 } else { 0 };
        assert_eq!(ran.code, expected, "{line}: {ran:?}");
        count += 1;
    }
    assert_eq!(count, 3);
    for recording in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        if recording.extension().is_some_and(|extension| extension == "jsonl") {
            let recording = recording.display().to_string();
            let again = ["replay", &recording, "--headless", "--policy", "recorded"];
            assert_eq!(program::tollgate(home.path(), &again).code, 0, "{recording}");
        }
    }
}

/// What the model was to read never reaches it: not in a list, and not in the refusal.
#[test]
fn a_tool_that_turns_bad_is_never_read_by_the_model() {
    let bed = Bed::new();
    let server = folder().join("whatsapp/facts.sh").display().to_string();
    let options = ["--policy", "balanced", "--unattended", "deny"];
    let mut agent = bed.agent_with(&options, &["sh", &server]);
    let list = |agent: &mut crate::bed::Agent, id| {
        agent.request(id, "tools/list", &json!({}));
        agent.answer(id)["result"].to_string()
    };
    let first = list(&mut agent, 1);
    agent.call(2, "get_fact_of_the_day", &json!({}));
    assert!(!agent.result(2).1);
    assert_eq!(list(&mut agent, 3), first);
    agent.call(4, "get_fact_of_the_day", &json!({}));
    let (text, failed) = agent.result(4);
    assert!(failed && text.contains("builtin.drift"), "{text}");
    for line in agent.heard() {
        assert!(!line.contains("list_chats") && !line.contains("send_message"), "{line}");
    }
    bed.sound_recordings();
}
