use super::super::Policy;
use super::*;

const SAID: (&str, &str, &str) = ("A word of ours.", "user 1000", "2026-01-01T00:00:00Z");

fn spot(text: &str) -> Spot {
    let of = |word: &str| word.to_owned();
    Spot {
        server: of("mail"),
        tool: of("send"),
        field: of("arguments/body"),
        text: Spot::digest(text),
    }
}

#[test]
fn one_holds_for_what_was_seen_and_wider_only_as_it_says() {
    let other = |change: fn(&mut Spot)| {
        let mut spot = spot("seen");
        change(&mut spot);
        spot
    };
    let text = other(|spot| spot.text = Spot::digest("other"));
    let field = other(|spot| spot.field = "arguments/subject".to_owned());
    let tool = other(|spot| spot.tool = "draft".to_owned());
    let server = other(|spot| spot.server = "post".to_owned());
    for (wider, expected) in [
        (Wider::Not, [true, false, false, false, false]),
        (Wider::Text, [true, true, false, false, false]),
        (Wider::Field, [true, true, true, false, false]),
        (Wider::Tool, [true, true, true, true, false]),
        (Wider::Server, [true, true, true, true, true]),
    ] {
        let one = Suppression::of("hidden.tags", &spot("seen"), wider, SAID).unwrap();
        let holds =
            [&spot("seen"), &text, &field, &tool, &server].map(|at| one.holds("hidden.tags", at));
        assert_eq!(holds, expected, "{wider:?}");
        assert!(!one.holds("hidden.bidi", &spot("seen")), "{wider:?}");
    }
}

#[test]
fn what_is_built_in_and_a_secret_that_is_not_known_have_none() {
    let unknown = Spot { text: String::new(), ..spot("") };
    assert_eq!(Suppression::of("builtin.drift", &spot("x"), Wider::Not, SAID), None);
    assert_eq!(Suppression::of("secret.x", &unknown, Wider::Not, SAID), None);
    let wide = Suppression::of("secret.x", &unknown, Wider::Text, SAID).unwrap();
    assert!(wide.holds("secret.x", &unknown) && wide.holds("secret.x", &spot("any")));
    let any = Suppression { finding: ANY.to_owned(), ..wide };
    assert!(!any.holds("builtin.drift", &spot("any")));
}

const HEAD: &str =
    "version: 1\nname: p\nphase: enforce\nrules: []\ndefault: { verdict: allow, why: w }\n";
const ONE: &str = "suppressions:\n- id: one\n  finding: hidden.tags\n  server: mail\n  tool: send\n  \
                   field: arguments/body\n  text: '*'\n  reason: why\n  by: me\n  at: now\n";

#[test]
fn what_is_wrong_is_told_with_its_place() {
    Policy::parse("p", &format!("{HEAD}{ONE}")).unwrap();
    for (from, to, expected) in [
        ("id: one", "id: One", "p:7:7: rule \"One\": \"One\" is no name"),
        ("hidden.tags", "builtin.drift", "p:8:12: rule \"one\": what is built in is never"),
        ("server: mail", "server: ''", "p:9:11: rule \"one\": server is empty"),
        ("text: '*'", "text: abc", "p:12:9: rule \"one\": the text is a SHA-256"),
        ("reason: why", "reason: ''", "p:13:11: rule \"one\": reason is empty"),
        ("  by: me\n", "", "the key \"by\" is missing"),
        ("  by: me", "  buy: me", "the key \"buy\" is not known"),
    ] {
        let text = format!("{HEAD}{}", ONE.replacen(from, to, 1));
        let error = Policy::parse("p", &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let twice = format!("{HEAD}{ONE}{}", ONE.trim_start_matches("suppressions:\n"));
    let error = Policy::parse("p", &twice).unwrap_err().to_string();
    assert!(error.contains("same id"), "{error}");
    let all = ["hidden.tags", "mail", "send", "arguments/body"];
    let all = all.iter().fold(ONE.to_owned(), |text, part| text.replacen(part, "'*'", 1));
    let error = Policy::parse("p", &format!("{HEAD}{all}")).unwrap_err().to_string();
    assert!(error.contains("everything"), "{error}");
}

#[test]
fn what_only_makes_a_policy_stricter_has_none() {
    let layer = HEAD.replace("default: { verdict: allow, why: w }\n", "");
    for (text, ok) in [(layer.clone(), true), (layer + ONE, false)] {
        assert_eq!(Policy::parse_layer("l", &text).is_ok(), ok, "{text}");
        assert_eq!(Policy::parse_beside("l", &text).is_ok(), ok, "{text}");
    }
    assert!(Policy::parse_beside("l", &format!("{HEAD}{ONE}")).is_err());
}

#[test]
fn those_of_an_amendment_are_added_by_their_ids() {
    let lower = Policy::parse("p", &format!("{HEAD}{ONE}")).unwrap();
    let upper = "version: 1\nname: s\nrules: []\n";
    let amended =
        lower.amended("s", &format!("{upper}{}", ONE.replace("id: one", "id: two"))).unwrap();
    assert_eq!(amended.suppressions().len(), 2);
    let amended =
        lower.amended("s", &format!("{upper}{}", ONE.replace("by: me", "by: you"))).unwrap();
    assert_eq!(
        amended.suppressions().iter().map(|one| one.by.as_str()).collect::<Vec<_>>(),
        ["you"]
    );
}
