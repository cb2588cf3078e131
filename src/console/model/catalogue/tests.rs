use super::*;
use crate::catalog::{Approval, Catalog, Pin, Subject, Trust};
use crate::engine::{Operator, Severity};

const SERVER: &str = "files";

/// A server that lists, an engine's catalogue that says what is new of it, and the fold of that.
#[derive(Default)]
struct Told {
    engine: Catalog,
    fold: Catalogue,
    at: u64,
}

impl Told {
    fn place(&self) -> (At, Place) {
        (At(self.at), Place { offset: self.at, len: 1 })
    }

    fn definition(name: &str, says: &str) -> String {
        format!(r#"{{"name":"{name}","description":"{says}"}}"#)
    }

    /// A list of these tools, by name and description, of which the agent is not shown those.
    fn lists(&mut self, tools: &[(&str, &str)], trust: Trust, hidden: &[&str]) {
        self.at += 1;
        let mut facts = Facts { method: Some("tools/list".to_owned()), ..Facts::default() };
        let mut texts = Vec::new();
        for (name, says) in tools {
            let text = Self::definition(name, says);
            let of = Subject::tool(SERVER, name);
            facts.catalog.extend(self.engine.observe(of, &text, trust));
            texts.push(text);
        }
        let names = tools.iter().map(|(name, _)| (*name).to_owned()).collect();
        facts.catalog.extend(self.engine.complete(SERVER, Kind::Tool, &names));
        facts.hidden = hidden.iter().map(|name| (*name).to_owned()).collect();
        let line = format!(r#"{{"result":{{"tools":[{}]}}}}"#, texts.join(","));
        self.fold.told(SERVER, &facts, Some(&Raw::of(line.as_bytes())), self.place());
    }

    fn rules(&mut self, name: &str, ruling: Ruling) {
        self.at += 1;
        let of = Subject::tool(SERVER, name);
        let fingerprint = Fingerprint::of(self.engine.current(of).unwrap()).hex().to_owned();
        assert!(self.engine.rule(of, &fingerprint, ruling, self.at));
        self.ruled(name, fingerprint, ruling);
    }

    fn ruled(&mut self, name: &str, fingerprint: String, ruling: Ruling) {
        let (server, name, by) = (SERVER.to_owned(), name.to_owned(), Operator("us".to_owned()));
        let ruled = Ruled { server, kind: Kind::Tool, name, fingerprint, ruling, by };
        self.fold.ruled(&ruled, At(self.at));
    }

    fn of(&self, name: &str) -> &Definition {
        self.fold.get(SERVER, Kind::Tool, name).unwrap()
    }

    /// Where each stands, and that the engine says the same.
    fn states(&self) -> String {
        let all = self.fold.servers.get(SERVER).into_iter().flatten();
        let states = all.map(|((_, name), definition)| {
            let drift = self.engine.drift(Subject::tool(SERVER, name));
            let standing = drift.map_or(Standing::Pinned, |drift| drift.standing);
            assert_eq!(definition.standing, standing, "{name}");
            format!("{name} {}", definition.state().word())
        });
        states.collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn definitions_stand_where_the_engine_says_after_each_step() {
    let mut told = Told::default();
    told.lists(&[("a", "one"), ("b", "one")], Trust::FirstUse, &[]);
    assert_eq!(told.states(), "a pinned, b pinned");
    told.lists(&[("a", "two"), ("b", "one")], Trust::FirstUse, &[]);
    assert_eq!(told.states(), "a CHANGED, b pinned");
    let a = told.of("a");
    assert_eq!((a.changes.len(), a.to_be.as_ref().unwrap().place.offset), (1, 1));
    assert_eq!(a.now.as_ref().unwrap().place.offset, 2);
    assert_eq!((a.first_seen, a.last_seen), (Some(At(1)), Some(At(2))));
    // What stays as it is makes no news and is seen all the same.
    assert_eq!(told.of("b").last_seen, Some(At(2)));

    told.rules("a", Ruling::Stage);
    assert_eq!(told.states(), "a staged, b pinned");
    told.rules("a", Ruling::Refuse);
    assert_eq!(told.states(), "a refused, b pinned");
    told.rules("a", Ruling::Approve);
    assert_eq!(told.states(), "a pinned, b pinned");
    let a = told.of("a");
    assert_eq!((a.changes.len(), &a.to_be), (0, &a.now));
    let said = a.said.as_ref().unwrap();
    assert_eq!((said.ruling, said.by.as_str(), said.at), (Some(Ruling::Approve), "us", At(5)));

    // Back and gone; a refusal of what was pinned takes it from there.
    told.lists(&[("a", "three")], Trust::FirstUse, &[]);
    assert_eq!(told.states(), "a CHANGED, b gone");
    told.lists(&[("a", "two"), ("b", "one")], Trust::FirstUse, &[]);
    assert_eq!(told.states(), "a pinned, b pinned");
    told.rules("b", Ruling::Refuse);
    assert_eq!(told.states(), "a pinned, b refused");
    assert_eq!(told.of("b").to_be, None);
    told.rules("b", Ruling::Unpin);
    assert_eq!(told.states(), "a pinned, b pinned");
}

#[test]
fn a_word_about_something_else_than_what_it_is_now_changes_nothing() {
    let mut told = Told::default();
    told.lists(&[("a", "one")], Trust::Ask, &["a"]);
    assert_eq!(told.states(), "a new");
    assert!(told.of("a").hidden);
    told.ruled("a", "0".repeat(64), Ruling::Approve);
    told.ruled("nosuch", "0".repeat(64), Ruling::Approve);
    assert_eq!(told.states(), "a new");
    told.rules("a", Ruling::Approve);
    told.lists(&[("a", "one")], Trust::Ask, &[]);
    assert!(!told.of("a").hidden);
}

#[test]
fn a_new_name_for_an_old_definition_tells_what_changed_since() {
    let mut told = Told::default();
    told.lists(&[("read", "Reads a note from the folder.")], Trust::FirstUse, &[]);
    told.lists(&[("look", "Reads a note from the folder.")], Trust::FirstUse, &[]);
    assert_eq!(told.of("look").was.as_ref().unwrap().as_str(), "read");
    assert_eq!(told.states(), "look pinned, read gone");
}

#[test]
fn names_that_are_read_for_others_are_marked_and_twins_are_new() {
    for (how, state) in [
        ("has the name of one of mail: send", State::Shadows),
        ("is spelled nearly as one of mail: sent", State::Shadows),
        ("cannot be told apart from one of mail: \u{455}end", State::New),
    ] {
        let mut told = Told::default();
        let text = Told::definition("send", "x");
        let seen = told.engine.observe(Subject::tool(SERVER, "send"), &text, Trust::FirstUse);
        let finding =
            |what| Finding::new(LOOK_ALIKE, Severity::Low, format!("the tool send {what}"));
        let facts = Facts {
            catalog: seen.into_iter().collect(),
            findings: vec![finding("is fine"), finding(how)],
            ..Facts::default()
        };
        told.fold.told(SERVER, &facts, None, told.place());
        let send = told.of("send");
        assert_eq!((send.state(), send.shadows.as_ref().unwrap().as_str()), (state, how));
    }
}

#[test]
fn pins_of_earlier_sessions_are_known_before_a_list_has_them() {
    let mut told = Told::default();
    let text = Told::definition("a", "one");
    let approval = Approval { by: "first use".to_owned(), at_us: 7 };
    let pin = Pin { text: Some(text), approval: Some(approval), ..Pin::default() };
    told.engine.pin(Subject::tool(SERVER, "a"), &pin);
    let pins = Pins::from([(Kind::Tool, BTreeMap::from([("a".to_owned(), pin)]))]);
    told.fold.opened(SERVER, &pins, Place { offset: 0, len: 1 });
    assert_eq!(told.states(), "a pinned");
    let a = told.of("a");
    assert_eq!((a.first_seen, a.last_seen), (Some(At(7)), None));
    told.lists(&[("a", "two")], Trust::FirstUse, &[]);
    assert_eq!(told.states(), "a CHANGED");
    let a = told.of("a");
    assert_eq!(a.to_be.as_ref().unwrap().place.offset, 0);
    assert_eq!((a.first_seen, a.last_seen), (Some(At(7)), Some(At(1))));
}

#[test]
fn more_definitions_than_are_kept_are_counted() {
    let mut fold = Catalogue::default();
    for n in 0..DEFINITIONS_MAX + 3 {
        fold.entry(SERVER, Kind::Tool, &format!("tool_{n}"));
    }
    assert_eq!((fold.count, fold.left_out), (DEFINITIONS_MAX, 3));
    assert!(fold.entry(SERVER, Kind::Tool, "tool_1").is_some());
}

#[test]
fn what_could_not_be_kept_has_changed_and_nothing_can_be_said_of_it() {
    let mut told = Told::default();
    let seen = Observed {
        kind: Kind::Tool,
        name: "a".to_owned(),
        news: News::Untold,
        fingerprint: None,
        changes: Vec::new(),
        was: None,
        standing: Standing::Drifted,
    };
    let facts = Facts { catalog: vec![seen], ..Facts::default() };
    told.fold.told(SERVER, &facts, None, told.place());
    assert_eq!((told.of("a").state(), told.of("a").fingerprint()), (State::Changed, None));
    told.ruled("a", String::new(), Ruling::Approve);
    assert_eq!(told.of("a").state(), State::Changed);
}
