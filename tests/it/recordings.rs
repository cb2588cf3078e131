//! Recordings of real sessions: what must always hold of reading and deciding them again.
//!
//! `demo.jsonl` is the headless demo; `odd-server.jsonl` a server and an agent that send what they should
//! not: log lines as messages, invalid UTF-8, duplicate keys, deep nesting, a batch, a carriage return.
//! `answers.jsonl` has an edit, a rejected answer, a denial, a cancellation and a call that was held when its
//! agent left; in `killed-gate.jsonl` the gate was killed while one call waited and one was being served.
//! `real-*.jsonl` are real agents and clients of both eras with a real server, their prose shortened and the
//! paths of the machine taken out, decided anew afterwards (`rebuild`).

use std::fs;
use std::path::PathBuf;

use tollgate::journal::read::{Flaw, Reader, Reading, read_all, read_from};
use tollgate::journal::record::VERSION;
use tollgate::journal::redecide::redecide;
use tollgate::journal::{Chain, What};

pub(crate) fn recordings() -> Vec<(PathBuf, Vec<u8>)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    let mut found: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() >= 9, "the recordings are gone");
    found
}

/// The journal line by line, each with the reader in front of it.
fn lines(bytes: &[u8]) -> Vec<(Reader, Vec<u8>)> {
    let mut reader = Reader::default();
    bytes
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| {
            let before = reader.clone();
            reader.line(line.strip_suffix(b"\n").unwrap()).unwrap();
            (before, line.to_vec())
        })
        .collect()
}

/// A one-line journal with this body, sealed by our own hand.
fn sealed(body: &str) -> Vec<u8> {
    let mut line = body.as_bytes().to_vec();
    Chain::default().seal(&mut line, 0);
    line
}

/// The first record of a recording, without its chain.
fn first_body() -> String {
    let (_, bytes) = recordings().remove(0);
    let line = String::from_utf8(bytes.split(|&byte| byte == b'\n').next().unwrap().to_vec());
    line.unwrap().split_once(",\"chain\":").unwrap().0.to_owned()
}

#[test]
fn whole_recordings_are_sound_and_have_a_beginning_and_an_end() {
    for (path, bytes) in recordings() {
        let Reading { records, sound_bytes, flaw, torn, .. } = read_all(&bytes);
        assert_eq!((flaw, torn), (None, None), "{}", path.display());
        assert_eq!(sound_bytes, bytes.len() as u64);
        assert!(matches!(records.first().unwrap().event, What::Started(_)));
        assert!(matches!(records.last().unwrap().event, What::Ended { .. }));
        assert!(records.iter().all(|record| record.event().is_some()), "bytes are lost");
    }
}

#[test]
fn decided_again_they_give_the_same() {
    for (path, bytes) in recordings() {
        assert_eq!(redecide(&read_all(&bytes).records), [], "{}", path.display());
    }
}

#[test]
fn another_policy_flips_what_it_decides_otherwise() {
    let demo = recordings().into_iter().find(|(path, _)| path.ends_with("demo.jsonl"));
    let (_, bytes) = demo.unwrap();
    let mut records = read_all(&bytes).records;
    let Some(What::Started(started)) = records.first_mut().map(|record| &mut record.event) else {
        panic!("no start")
    };
    let denied = started.policy.replace("verdict: mark", "verdict: deny");
    assert_ne!(denied, started.policy, "the demo marks nothing any more");
    started.policy = denied;
    let flips = redecide(&records);
    let first = flips.first().unwrap();
    let search = records.iter().find(|record| {
        record.facts.as_ref().is_some_and(|facts| facts.tool.as_deref() == Some("search"))
    });
    assert_eq!(first.seq, search.unwrap().seq);
    let word = |verdict: Option<tollgate::policy::Verdict>| verdict.unwrap().word();
    assert_eq!((word(first.was), word(first.is)), ("mark", "deny"));
    assert_eq!((&*first.did, &*first.does), (&["forward"][..], &["refuse"][..]));
}

#[test]
fn cut_off_at_any_byte_the_earlier_part_is_intact() {
    for (path, bytes) in recordings() {
        for (before, line) in lines(&bytes) {
            for cut in 0..line.len() {
                let reading = read_from(before.clone(), &line[..cut]);
                assert_eq!((reading.records.len(), reading.flaw), (0, None));
                let torn = reading.torn.map_or(0, |torn| torn.size_bytes);
                assert_eq!(torn, cut as u64, "{}", path.display());
                assert_eq!(reading.reader.lines(), before.lines());
            }
        }
        let cut = bytes.len() / 2;
        let complete = bytes[..cut].split(|&byte| byte == b'\n').count() - 1;
        assert_eq!(read_all(&bytes[..cut]).records.len(), complete);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_where_it_is() {
    for (path, bytes) in recordings() {
        for (before, line) in lines(&bytes) {
            let (_, body) = line.split_last().unwrap();
            for at in 0..body.len() {
                let mut flipped = line.clone();
                flipped[at] ^= 1 << (at % 8);
                let reading = read_from(before.clone(), &flipped);
                let place = format!("{}: record {}, byte {at}", path.display(), before.lines());
                assert_eq!(reading.records.len(), 0, "{place}");
                let expected = Flaw::Chain { line: before.lines() + 1 };
                assert_eq!(reading.flaw, Some(expected), "{place}");
            }
        }
    }
}

#[test]
fn lines_that_are_removed_or_moved_are_found() {
    let (_, bytes) = recordings().remove(0);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for at in 0..lines.len() - 1 {
        let mut moved = lines.clone();
        moved.swap(at, at + 1);
        let mut removed = lines.clone();
        removed.remove(at);
        for changed in [moved, removed] {
            let reading = read_all(&changed.concat());
            assert_eq!(reading.flaw, Some(Flaw::Chain { line: at as u64 + 1 }));
            assert_eq!(reading.records.len(), at);
        }
    }
}

#[test]
fn unknown_members_are_passed_over_and_newer_formats_refused() {
    let body = first_body();
    let added = body.replacen("{\"v\":1,", "{\"v\":1,\"later\":[1],", 1);
    let reading = read_all(&sealed(&added));
    assert_eq!((reading.records.len(), reading.flaw), (1, None));

    let newer = VERSION + 1;
    let raised = body.replacen("{\"v\":1,", &format!("{{\"v\":{newer},"), 1);
    let unknown = format!("{{\"v\":{newer},\"seq\":0,\"at\":0,\"event\":{{\"later\":{{}}}}");
    for body in [raised, unknown] {
        let flaw = read_all(&sealed(&body)).flaw.unwrap();
        assert_eq!(flaw, Flaw::Newer { line: 1, found: newer });
        assert!(flaw.to_string().contains("newer tollgate"), "{flaw}");
    }
}

/// The page about the format knows every word that the recordings and the types use.
#[test]
fn the_page_about_the_format_names_every_word() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/journal-format.md"));
    let page = page.unwrap();
    assert!(page.contains(&format!("**format version {VERSION}**")));
    let source = include_str!("../../src/journal/record.rs");
    let mut words = Vec::new();
    for name in ["pub enum What {", "pub enum Effected {", "pub enum Raw {"] {
        let (_, body) = source.split_once(name).unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let variants =
            body.lines().map(str::trim).filter(|line| line.starts_with(char::is_uppercase));
        words.extend(variants.map(|line| {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
            snake(&name)
        }));
    }
    assert_eq!(words.len(), 20 + 12 + 4, "{words:?}");
    for word in words {
        let named = [format!("| `{word}` |"), format!("`{{\"{word}\":")];
        assert!(named.iter().any(|form| page.contains(form)), "{word} is not on the page");
    }
}

/// `JsonCr` is `json_cr` in a recording.
fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |word, c| {
        let gap = if c.is_uppercase() && !word.is_empty() { "_" } else { "" };
        word + gap + &c.to_lowercase().to_string()
    })
}

#[test]
fn a_fork_decides_only_what_comes_behind_it() {
    use tollgate::journal::redecide::{Again, Flip, Instead};
    let demo = recordings().into_iter().find(|(path, _)| path.ends_with("demo.jsonl"));
    let records = read_all(&demo.unwrap().1).records;
    let flips = |from_seq: u64| -> Vec<Flip> {
        let instead = Instead::read("ask-writes", from_seq, |_| Err("no file is due".to_owned()));
        let mut again = Again::by(instead.unwrap());
        records.iter().filter_map(|record| again.record(record)).filter(Flip::is_verdict).collect()
    };
    let whole = flips(0);
    assert!(whole.len() >= 2, "{whole:?}");
    let second = whole[1].seq;
    let forked = flips(second);
    assert_eq!(forked.iter().map(|flip| flip.seq).collect::<Vec<_>>(), [second]);
    // The first one behind the fork is where the runs part: it assumes nothing.
    assert!(whole[1].assumes && !forked[0].assumes);
    assert_eq!(flips(records.len() as u64), []);
    let broken = Instead::read("mine.yaml", 0, |_| Ok("version: 1".to_owned()));
    assert!(broken.unwrap_err().contains("mine.yaml"));
}
