//! The schema that editors read: it is the types', it takes what loads, and it finds most of what does not.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(here(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&tollgate::policy::schema()).unwrap();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::validator_for(&schema).unwrap()
}

/// What an editor would say; `None`: nothing.
fn said(validator: &Validator, text: &str) -> Option<String> {
    let value: Value = match serde_saphyr::from_str(text) {
        Ok(value) => value,
        Err(error) => return Some(format!("no YAML: {error}")),
    };
    validator.iter_errors(&value).next().map(|error| format!("{}: {error}", error.instance_path()))
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let home = tempfile::tempdir().unwrap();
    let printed = crate::program::tollgate(home.path(), &["policy", "schema"]);
    assert_eq!((printed.code, printed.stdout.as_str()), (0, tollgate::policy::schema().as_str()));
    let kept = read(&here("docs/policy.schema.json"));
    assert!(
        kept == printed.stdout,
        "write it again: tollgate policy schema > docs/policy.schema.json"
    );
}

#[test]
fn it_takes_every_policy_that_is_shipped_or_in_the_manual() {
    let validator = validator();
    for file in files("policies") {
        assert_eq!(said(&validator, &read(&file)), None, "{}", file.display());
    }
    let manual = read(&here("docs/policy.md"));
    let blocks: Vec<&str> =
        manual.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    for block in blocks {
        assert_eq!(said(&validator, block), None, "{block}");
    }
}

/// Broken policies that a schema takes, and why it cannot know.
const UNSEEN: &[(&str, &str)] = &[
    ("anchor", "an editor reads what an anchor stands for"),
    ("deadline-too-short", "it does not count time"),
    ("default-missing", "a layer has none"),
    ("example-matches", "what a pattern fits is not its business"),
    ("example-misses", "the same"),
    ("extends-unknown", "which are shipped is the program's"),
    ("id-twice", "it sees one value at a time"),
    ("merge-key", "an editor merges"),
    ("pattern-broken", "the language of patterns is globset's"),
    ("phase-missing", "what is put over another policy has none"),
    ("without-alone", "what is put over another policy may"),
    ("without-unknown", "it does not read the other policy"),
];

#[test]
fn it_finds_what_is_broken_but_for_what_no_schema_can_know() {
    let validator = validator();
    let taken: Vec<String> = files("tests/invalid_policies")
        .iter()
        .filter(|file| said(&validator, &read(file)).is_none())
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let unseen: Vec<&str> = UNSEEN.iter().map(|(name, _)| *name).collect();
    assert_eq!(taken, unseen);
}

/// Each of these is refused where it stands, by the schema as by the program.
#[test]
fn it_is_as_strict_as_the_program_about_single_values() {
    let validator = validator();
    let sound = "version: 1\nname: sound\nphase: enforce\ndefault: { verdict: deny, why: w }\n\
                 agent_roles: { reader: { reason: r, allowed_tools: [a] } }\n\
                 human_approval_required: [{ tool: a, condition: always, reason: r }]\n\
                 budgets: [{ id: b, why: w, match: { tool: a }, calls: 3, per: 10m }]\n\
                 rules: [{ id: r, why: w, match: { tool: a, when: 'args.n > 3' }, verdict: ask, show: [path] }]\n";
    assert_eq!(said(&validator, sound), None);
    tollgate::policy::Policy::parse("sound", sound).unwrap();
    for (from, to) in [
        ("calls: 3", "calls: 0"),
        ("calls: 3", "calls: 1000001"),
        ("per: 10m", "per: 10d"),
        ("per: 10m", "per: 0s"),
        ("per: 10m", "per: 10m, verdict: mark"),
        ("id: b", "id: role.x"),
        ("id: r", "id: default"),
        ("tool: a, when", "tool: [a, \"**\"], when"),
        ("tool: a, when", "tool: \"**/x\", when"),
        ("tool: a, when", "tool: a, method: x, when"),
        ("when: 'args.n > 3'", "when: ''"),
        ("condition: always", "condition: ' '"),
        ("reader:", "Reader:"),
        ("allowed_tools: [a]", "allowed_tools: a"),
        ("allowed_tools: [a]", "allowed_tools: [a], denied_tools: []"),
        ("match: { tool: a }", "match: {}"),
        ("phase: enforce", "phase: enforce\nphases: { allowlists: warn }"),
        ("phase: enforce", "phase: enforce\nargument_policies: { t: { f: {} } }"),
        ("show: [path]", "show: path"),
        ("show: [path]", "examples: { match: [a] }"),
    ] {
        let text = sound.replacen(from, to, 1);
        assert_ne!(text, sound, "{from}");
        assert!(tollgate::policy::Policy::parse("broken", &text).is_err(), "{to}");
        assert!(said(&validator, &text).is_some(), "{to}");
    }
    for pattern in ["*", "a*", "*a*b*", "a"] {
        let text = sound.replacen("tool: a, when", &format!("tool: \"{pattern}\", when"), 1);
        assert_eq!(said(&validator, &text), None, "{pattern}");
    }
}
