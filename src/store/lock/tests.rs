use std::collections::BTreeMap;

use super::*;
use crate::catalog::lock::{Approver, NotSigned};
use crate::catalog::sign::SecretKey;

const NOW: &str = "2026-01-02T03:04:05Z";

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Sign(#[from] NotSigned),
}

fn trusted() -> Vec<Trusted> {
    let key = SecretKey::from_seed(&[1; 32]).public();
    vec![Trusted { key, name: "ann".to_owned() }]
}

fn pins(tools: &[(&str, &str)]) -> Pins {
    let pin = |text: &str| Pin {
        text: Some(text.to_owned()),
        approval: Some(Approval { by: "first use".to_owned(), at_us: 1_767_323_045_000_000 }),
        ..Pin::default()
    };
    let tools = tools.iter().map(|(name, text)| ((*name).to_owned(), pin(text)));
    BTreeMap::from([(Kind::Tool, tools.collect())])
}

fn approve(path: &Path, server: &str, tools: &[(&str, &str)]) -> Result<(), Error> {
    approve_of(path, (server, None), tools)
}

fn approve_of(
    path: &Path,
    (server, package): (&str, Option<Package>),
    tools: &[(&str, &str)],
) -> Result<(), Error> {
    let key = SecretKey::from_seed(&[1; 32]);
    change(path, |lock| {
        let by = Approver { by: "ann", key: &key, at: NOW, trusted: &trusted() };
        Ok(lock.approve((server, None), &knowledge(&pins(tools)), package, &by)?)
    })
}

#[test]
fn many_writers_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    std::thread::scope(|scope| {
        for n in 0..16 {
            let path = &path;
            scope.spawn(move || approve(path, &format!("s{n}"), &[("a", "1")]).unwrap());
        }
    });
    let lock = read(&path).unwrap().lock;
    assert_eq!(lock.blocks.len(), 16);
    assert!(lock.blocks.iter().all(|(name, block)| block.check(name, &trusted()).counts()));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o600, 0o600);
}

#[test]
fn what_an_editor_wrote_in_between_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    for before in [None, Some("version = 1\n")] {
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
        let changed = change(&path, |lock| {
            fs::write(&path, "version = 1\n# mine\n").unwrap();
            lock.blocks.insert("x".to_owned(), crate::catalog::lock::Block::default());
            Ok::<_, LockError>(())
        });
        assert!(matches!(changed, Err(LockError::Changed(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "version = 1\n# mine\n");
    }
    fs::write(&path, "version = 1\n<<<<<<<\n").unwrap();
    assert!(matches!(
        approve(&path, "s", &[("a", "1")]),
        Err(Error::Lock(LockError::Broken { .. }))
    ));
}

#[test]
fn a_project_is_looked_for_upwards_and_not_in_the_home() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let deep = home.join("project/src/deep");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(find(&deep, &home), None);
    fs::write(home.join(NAME), "").unwrap();
    assert_eq!(find(&deep, &home), None);
    let project = home.join("project").join(NAME);
    fs::write(&project, "").unwrap();
    assert_eq!(find(&deep, &home), Some(project.clone()));
    assert_eq!(find(&home, &home), None);
    let nearer = home.join("project/src").join(NAME);
    // A link that leads nowhere is there, and no way around what is above.
    std::os::unix::fs::symlink("/nowhere", &nearer).unwrap();
    assert_eq!(find(&deep, &home), Some(nearer));
}

#[test]
fn a_pipe_in_its_place_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(matches!(read(&path), Err(LockError::Read { .. })));
    assert!(matches!(read(dir.path()), Err(LockError::Read { .. })));
}

#[test]
fn a_signed_block_completes_what_a_home_has_and_never_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    approve(&path, "files", &[("a", "1"), ("b", "2")]).unwrap();
    let read = read(&path);
    let names = |added: &Added| {
        let tools = added.pins.get(&Kind::Tool).into_iter().flatten();
        tools.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    // Own pins, trusted keys, what is added, notes.
    let (ann, nobody) = (trusted(), Vec::new());
    for (own, keys, server, due, notes) in [
        (pins(&[]), &ann, "files", &["a", "b"][..], &[][..]),
        (pins(&[("a", "1")]), &ann, "files", &["b"], &[]),
        (pins(&[("a", "7")]), &ann, "files", &["b"], &["something else of 1 definitions"]),
        (pins(&[]), &nobody, "files", &[], &["no trusted key signed it"]),
        (pins(&[]), &nobody, "other", &[], &[]),
    ] {
        let added = added(&read, keys, (server, None), &own);
        assert_eq!(names(&added), due);
        assert_eq!(added.notes.len(), notes.len(), "{added:?}");
        assert!(added.notes.iter().zip(notes).all(|(is, due)| is.contains(due)), "{added:?}");
    }
    approve(&path, "tool", &[("a", r#"{"name":"a", "x":[1,2]}"#)]).unwrap();
    let one = added(&super::read(&path), &ann, ("tool", None), &Pins::new()).pins;
    assert_eq!(one[&Kind::Tool]["a"].text.as_deref(), Some(r#"{"name":"a","x":[1,2]}"#));
    let by =
        added(&read, &ann, ("files", None), &Pins::new()).pins[&Kind::Tool]["a"].approval.clone();
    let at_us = 1_767_323_045_000_000;
    assert_eq!(by, Some(Approval { by: "ann in tollgate.lock".to_owned(), at_us }));
    fs::write(&path, "version = 2").unwrap();
    let added = added(&super::read(&path), &ann, ("files", None), &Pins::new());
    assert!(
        added.pins.is_empty() && added.notes[0].contains("version 2 is not known"),
        "{added:?}"
    );
}

#[test]
fn a_block_is_about_the_package_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    let package = |name: &str, version: &str| Package {
        name: format!("npm:{name}"),
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
    };
    approve_of(&path, ("files", Some(package("files", "1.2"))), &[("a", "1")]).unwrap();
    let runs = |name: &str, version: &str| {
        let version = Some(version).filter(|version| !version.is_empty());
        let package = serde_json::json!({ "registry": "npm", "name": name, "version": version });
        serde_json::json!({ "package": package }).to_string()
    };
    for (identity, counts, note) in [
        (Some(runs("files", "1.2")), true, None),
        (Some(runs("files", "1.3")), true, Some("and here runs npm:files@1.3")),
        (Some(runs("files", "")), true, Some("and here runs npm:files")),
        (Some(runs("fi1es", "1.2")), false, Some("counts as not approved")),
        (Some(r#"{"program":{"sha256":"00"}}"#.to_owned()), false, Some("that cannot be told")),
        (None, false, Some("that cannot be told")),
    ] {
        let server = ("files", identity.as_deref());
        let added = added(&read(&path), &trusted(), server, &Pins::new());
        assert_eq!(added.pins.contains_key(&Kind::Tool), counts, "{identity:?}");
        assert_eq!(added.notes.len(), usize::from(note.is_some()), "{added:?}");
        assert!(added.notes.iter().zip(note).all(|(is, due)| is.contains(due)), "{added:?}");
    }
}

#[test]
fn times_are_read_as_they_are_written() {
    for (at_us, text) in [(0, "1970-01-01T00:00:00Z"), (1_767_323_045_000_000, NOW)] {
        assert_eq!(stamp(at_us), text);
        assert_eq!(micros(text), at_us);
    }
    assert_eq!(micros("2026-01-02T04:04:05+01:00"), 1_767_323_045_000_000);
    assert_eq!(micros("yesterday"), 0);
}
