use proptest::prelude::*;

use super::*;
use crate::catalog::sign::Trusted;

const READ: &str =
    r#"{"name":"read_file","description":"Reads a file's text.","inputSchema":{"type":"object"}}"#;
const HIDDEN: &str =
    "{\"name\":\"x\",\"description\":\"'''Reads.\u{200b}\u{e0041} \\n\\u0007\u{7f}'\"}";
const BIG: &str = r#"{"name":"big","maximum":18446744073709551615}"#;

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn trusted(keys: &[u8]) -> Vec<Trusted> {
    keys.iter().map(|n| Trusted { key: key(*n).public(), name: format!("k{n}") }).collect()
}

fn knowledge(tools: &[(&str, &str)]) -> Knowledge {
    let known = |text: &str| Known { text: text.to_owned(), evidence: "first use".to_owned() };
    let tools = tools.iter().map(|(name, text)| ((*name).to_owned(), known(text)));
    BTreeMap::from([(Kind::Tool, tools.collect())])
}

fn approve(
    lock: &mut Lock,
    tool: Option<&str>,
    tools: &[(&str, &str)],
    signer: u8,
    trusts: &[u8],
) -> Result<(), NotSigned> {
    let (key, trusted) = (key(signer), trusted(trusts));
    let by = format!("k{signer}");
    let by = Approver { by: &by, key: &key, at: "2026-01-02T03:04:05Z", trusted: &trusted };
    lock.approve(("files", tool), &knowledge(tools), None, &by)
}

fn worth(lock: &Lock, trusts: &[u8]) -> Checked {
    lock.blocks["files"].check("files", &trusted(trusts))
}

#[test]
fn a_lock_is_the_same_after_writing_and_reading_and_shows_everything() {
    let mut lock = Lock::default();
    let tools = [("read_file", READ), ("x\u{202e}", HIDDEN), ("big", BIG)];
    approve(&mut lock, None, &tools, 1, &[1]).unwrap();
    lock.blocks.get_mut("files").unwrap().package =
        Some(Package { name: "npm:x".to_owned(), version: Some("1.2".to_owned()) });
    let text = lock.to_string();
    assert_eq!(Lock::unseen(&text), []);
    assert!(text.contains("\n  \"description\": \"Reads a file's text.\",\n"), "{text}");
    assert!(text.contains("\\u200b\\udb40\\udc41"), "{text}");
    assert_eq!(Lock::parse(&text).unwrap(), lock);
    assert_eq!(Lock::parse(&text).unwrap().to_string(), text);
    // A work tree with other line ends.
    let dos = Lock::parse(&text.replace('\n', "\r\n")).unwrap();
    assert_eq!(dos.blocks["files"].check("files", &trusted(&[])).altered, []);
    assert_eq!(Lock::unseen(&text.replace('\n', "\r\n")), []);
    assert_eq!(Lock::unseen("# a\n# b\u{200b}\n"), [(2, '\u{200b}')]);
}

#[test]
fn a_text_for_people_has_the_fingerprint_of_what_was_sent() {
    for text in [READ, HIDDEN, BIG, "[1e30,1.0]", "{", "{\"a\":\"\u{1F600}\u{7f}\u{ad}\"}"] {
        assert_eq!(Fingerprint::of(&write::readable(text)), Fingerprint::of(text), "{text}");
    }
}

#[test]
fn every_word_of_a_block_is_signed() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ)], 1, &[1]).unwrap();
    lock.blocks.get_mut("files").unwrap().package =
        Some(Package { name: "npm".to_owned(), version: None });
    approve(&mut lock, None, &[("read_file", READ)], 1, &[]).unwrap();
    assert!(worth(&lock, &[1]).counts() && worth(&lock, &[1]).problems().is_empty());
    let text = lock.to_string();
    for (from, to) in [
        ("Reads a file", "Sends a file"),
        ("by = \"k1\"", "by = \"k2\""),
        ("05Z", "06Z"),
        ("first use", "reviewed"),
        ("name = \"read_file\"", "name = \"send_file\""),
        ("kind = \"tool\"", "kind = \"prompt\""),
        ("package = \"npm\"", "package = \"npm2\""),
    ] {
        assert!(text.contains(from), "{from}\n{text}");
        let lock = Lock::parse(&text.replacen(from, to, 1)).unwrap();
        let checked = worth(&lock, &[1]);
        assert!(!checked.counts() && !checked.problems().is_empty(), "{to}");
    }
    // Another server's block under this name.
    let other = Lock::parse(&text.replacen("name = \"files\"", "name = \"other\"", 1)).unwrap();
    assert!(!other.blocks["other"].check("other", &trusted(&[1])).counts());
}

/// Who is trusted, whether the block counts, what is said.
type Row<'a> = (&'a [u8], bool, &'a [&'a str]);

#[test]
fn only_trusted_signers_count() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ)], 1, &[1]).unwrap();
    let table: [Row<'_>; 3] = [
        (&[1], true, &[]),
        (&[2], false, &["no trusted key signed it, only tollgate-ed25519:"]),
        (&[], false, &["no trusted key signed it"]),
    ];
    for (trusts, counts, said) in table {
        let checked = worth(&lock, trusts);
        assert_eq!(checked.counts(), counts);
        let problems = checked.problems();
        assert_eq!(problems.len(), said.len(), "{problems:?}");
        assert!(problems.iter().zip(said).all(|(is, due)| is.contains(due)), "{problems:?}");
    }
    lock.blocks.get_mut("files").unwrap().signatures.clear();
    assert_eq!(worth(&lock, &[1]).problems(), ["nobody signed it"]);
    let block = lock.blocks.get_mut("files").unwrap();
    block.signatures.insert("no key".to_owned(), "no signature".to_owned());
    assert!(!worth(&lock, &[1]).counts());
}

#[test]
fn a_second_signer_joins_and_a_change_drops_what_does_not_hold() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ)], 1, &[1]).unwrap();
    let first = lock.blocks["files"].definitions.clone();
    approve(&mut lock, None, &[("read_file", READ)], 2, &[1, 2]).unwrap();
    assert_eq!(lock.blocks["files"].definitions, first, "k1 approved it first");
    assert_eq!(worth(&lock, &[1, 2]).signers.len(), 2);
    approve(&mut lock, None, &[("read_file", BIG)], 2, &[1, 2]).unwrap();
    assert_eq!(worth(&lock, &[1, 2]).signers, ["k2"]);
    assert_eq!(lock.blocks["files"].definitions[&Kind::Tool]["read_file"].by, "k2");
}

#[test]
fn nobody_signs_what_they_did_not_see() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ), ("big", BIG)], 1, &[1]).unwrap();
    // Trusted: one tool more, the rest stays.
    let mut more = lock.clone();
    approve(&mut more, Some("new"), &[("new", READ), ("big", READ)], 2, &[1, 2]).unwrap();
    let tools = &more.blocks["files"].definitions[&Kind::Tool];
    assert_eq!(tools.keys().collect::<Vec<_>>(), ["big", "new", "read_file"]);
    assert_eq!(tools["big"].by, "k1");
    // Not trusted: what this home does not know the same is not signed.
    for (tool, tools, refused) in [
        (None, &[("read_file", READ)][..], Some("the tool big")),
        (None, &[("read_file", READ), ("big", READ)], None),
        (Some("read_file"), &[("read_file", READ), ("big", READ)], Some("the tool big")),
        (Some("read_file"), &[("read_file", READ), ("big", BIG)], None),
        (Some("new"), &[("new", READ)], Some("the tool big, the tool read_file")),
    ] {
        let mut stranger = lock.clone();
        match (approve(&mut stranger, tool, tools, 2, &[2]), refused) {
            (Err(NotSigned::Unvouched { names, .. }), Some(due)) => assert_eq!(names, due),
            (Ok(()), None) => {
                let tools = &stranger.blocks["files"].definitions[&Kind::Tool];
                assert!(tools.values().all(|entry| entry.by == "k2"), "{tools:?}");
                assert!(worth(&stranger, &[2]).counts());
            }
            (other, _) => panic!("{tool:?} {tools:?}: {other:?}"),
        }
    }
    let unknown = approve(&mut lock, Some("no"), &[("read_file", READ)], 1, &[1]);
    assert!(matches!(unknown, Err(NotSigned::Unknown { .. })));
}

#[test]
fn a_server_or_a_tool_is_taken_out() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ), ("big", BIG)], 1, &[1]).unwrap();
    let (key, trusted) = (key(2), trusted(&[1, 2]));
    let by = Approver { by: "k2", key: &key, at: "2026-01-02T03:04:05Z", trusted: &trusted };
    let mut one = lock.clone();
    assert_eq!(one.revoke("files", Some("big"), Some(&by)), Ok(true));
    assert_eq!(one.revoke("files", Some("big"), Some(&by)), Ok(false));
    assert_eq!(worth(&one, &[1, 2]).signers, ["k2"]);
    assert_eq!(one.revoke("files", Some("read_file"), Some(&by)), Ok(true));
    assert_eq!(one, Lock::default());
    let nobody = Approver { trusted: &[], ..by };
    assert!(lock.clone().revoke("files", Some("big"), Some(&nobody)).is_err());
    assert_eq!(lock.revoke("files", None, None), Ok(true));
    assert_eq!(lock.revoke("files", None, None), Ok(false));
}

#[test]
fn what_is_no_lock_says_where() {
    let mut lock = Lock::default();
    approve(&mut lock, None, &[("read_file", READ)], 1, &[1]).unwrap();
    let text = lock.to_string();
    let (_, again) = text.split_once("\n[[server]]").unwrap();
    let twice = format!("{text}\n[[server]]{again}");
    for (broken, line, why) in [
        (String::new(), 1, "missing field `version`"),
        ("version = 2\n".to_owned(), 1, "version 2 is not known"),
        (text.replace("kind = \"tool\"", "kind = \"identity\""), 9, "a kind is"),
        (text.replace("05Z", "05"), 13, "give date, time and offset"),
        (text.replace("evidence", "evidense"), 0, "unknown field `evidense`"),
        (text.replace("version = 1", "<<<<<<< HEAD\nversion = 1"), 3, ""),
        (twice, 0, "the server \"files\" is there twice"),
    ] {
        let error = Lock::parse(&broken).unwrap_err();
        assert!(error.why.contains(why), "{why}: {error}");
        assert!(line == 0 || error.line == line, "{why}: {error}\n{broken}");
    }
}

#[test]
fn a_package_is_told_by_the_identity() {
    let of = |identity: &str| {
        let pin = super::super::kind::Pin { text: Some(identity.to_owned()), ..Default::default() };
        Package::of(&BTreeMap::from([(Kind::Identity, BTreeMap::from([(String::new(), pin)]))]))
    };
    let package = of(r#"{"command":["npx","x"],"package":{"name":"x","version":"1.2"}}"#).unwrap();
    assert_eq!(package.to_string(), "x@1.2");
    assert_eq!(of(r#"{"package":{"name":"x","version":null}}"#).unwrap().to_string(), "x");
    let npm = of(r#"{"package":{"registry":"npm","name":"@a/x","version":"2"}}"#).unwrap();
    assert_eq!(npm.to_string(), "npm:@a/x@2");
    for untold in [r#"{"command":["x"]}"#, r#"{"package":{"version":"1"}}"#, "{"] {
        assert_eq!(of(untold), None, "{untold}");
    }
    assert_eq!(Package::of(&Pins::new()), None);
}

proptest! {
    /// The text is written by hand, so whatever stands in a word must come back, and be seen.
    #[test]
    fn any_words_come_back(
        server in any::<String>(),
        name in any::<String>(),
        evidence in any::<String>(),
        text in any::<String>(),
        described in any::<String>(),
    ) {
        let json = json!({ "name": name, "description": described }).to_string();
        for text in [text, json] {
            let known = Known { text: text.clone(), evidence: evidence.clone() };
            let known = BTreeMap::from([(Kind::Tool, BTreeMap::from([(name.clone(), known)]))]);
            let mut lock = Lock::default();
            let (key, trusted) = (key(1), trusted(&[1]));
            let by = Approver { by: "k1", key: &key, at: "2026-01-02T03:04:05Z", trusted: &trusted };
            lock.approve((&server, None), &known, None, &by).unwrap();
            let written = lock.to_string();
            prop_assert_eq!(Lock::unseen(&written), []);
            let read = Lock::parse(&written).unwrap();
            prop_assert_eq!(&read, &lock);
            let checked = read.blocks[&server].check(&server, &trusted);
            prop_assert!(checked.counts(), "{:?}", checked);
            let entry = &read.blocks[&server].definitions[&Kind::Tool][&name];
            prop_assert_eq!(Fingerprint::of(&entry.text), Fingerprint::of(&text));
        }
    }
}
