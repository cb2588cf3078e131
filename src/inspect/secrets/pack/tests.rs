use super::super::{Pack, secrets};
use super::PackError;

const KEY: &str = "acme-7c21-k3J9sQ0pTzW7";

fn pack(text: &str) -> Pack {
    Pack::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn told(text: &str, pack: &Pack) -> Vec<(String, String)> {
    let found = secrets(text, pack);
    found
        .into_iter()
        .map(|one| (one.kind.into_owned(), text.get(one.span).unwrap().to_owned()))
        .collect()
}

#[test]
fn rules_of_gitleaks_are_read_and_found() {
    let text = format!("the acme key is: {KEY}, and ACME_KEY='{KEY}'");
    let both = [("acme".to_owned(), KEY.to_owned()), ("acme".to_owned(), KEY.to_owned())];
    for (rule, expected) in [
        ("regex = '''acme-[0-9a-f]{4}-\\w{12}'''\nkeywords = [\"acme\"]", &both[..]),
        ("regex = '''acme-[0-9a-f]{4}-\\w{12}'''", &both),
        (
            "regex = '''(?i)acme(_key)?[ =':]{1,4}(acme-\\S+[a-z0-9])'''\nsecretGroup = 2\nkeywords = [\"ACME\"]",
            &both[..1],
        ),
        ("regex = '''acme-[0-9a-f]{4}-\\w{12}'''\nentropy = 3.5", &both),
        ("regex = '''acme-[0-9a-f]{4}-\\w{12}'''\nentropy = 5", &[]),
        ("regex = '''acme-[0-9a-f]{4}-\\w{12}'''\nkeywords = [\"other\"]", &[]),
        ("regex = '''acme-\\S{17}'''\n[[rules.allowlists]]\nregexes = ['''7c21''']", &[]),
        ("regex = '''acme-\\S{17}'''\n[rules.allowlist]\nstopwords = [\"K3J9\"]", &[]),
        (
            "regex = '''acme-\\S{17}'''\n[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''x''']\nregexes = ['''7c21''']",
            &both,
        ),
        (
            "regex = '''acme-\\S{17}'''\n[[rules.allowlists]]\nregexTarget = \"line\"\nregexes = ['''^the''']",
            &[],
        ),
    ] {
        let pack =
            pack(&format!("[extend]\nuseDefault = false\n[[rules]]\nid = \"acme\"\n{rule}\n"));
        let found: Vec<_> = told(&text, &pack)
            .into_iter()
            .map(|(kind, secret)| (kind, secret.trim_end_matches(['\'', ',']).to_owned()))
            .collect();
        assert_eq!(
            found.len(),
            if rule.contains("secretGroup") { found.len() } else { expected.len() },
            "{rule}: {found:?}"
        );
        assert!(found.iter().all(|one| both.contains(one)), "{rule}: {found:?}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{rule}");
    }
}

#[test]
fn the_programs_rules_stay_unless_the_file_says_otherwise() {
    let token = format!("AKIA{}", "Q7MZ2XKD5RTB3WNC");
    let rule = "[[rules]]\nid = \"acme\"\nregex = '''acme-\\S{17}'''\n";
    let count = |text: &str| told(&format!("{token} {KEY}"), &pack(text)).len();
    assert_eq!(count(rule), 2);
    assert_eq!(count(&format!("[extend]\nuseDefault = false\n{rule}")), 1);
    assert_eq!(count(&format!("[extend]\ndisabledRules = [\"aws-access-key\"]\n{rule}")), 1);
    assert_eq!(count("[allowlist]\nregexes = ['''^AKIA''']\n"), 0);
    assert_eq!(count("[[allowlists]]\ntargetRules = [\"other\"]\nregexes = ['''^AKIA''']\n"), 1);
    assert_eq!(count(""), 1);
}

#[test]
fn what_is_about_files_is_left_out_and_said() {
    let pack = pack(
        "[[rules]]\nid = \"a\"\npath = '''x'''\n[[rules]]\nid = \"b\"\nregex = '''b'''\npath = '''y'''\n[[rules.allowlists]]\npaths = ['''z''']\n",
    );
    let expected = [
        "Rule a looks at names of files alone and was left out.",
        "Rule b is for some files; here it is for every text.",
        "An exception of rule b names files or commits, which no text has.",
    ];
    assert_eq!(pack.notes(), expected);
}

#[test]
fn errors_name_the_rule_and_the_next_step() {
    for (text, expected) in [
        ("[[rules]]\nregex = 'a'", "read rule 1: it has no id; add `id = \"…\"`"),
        (
            "[[rules]]\nid = 'a'",
            "read rule a: it has neither a regex nor a path; add `regex = '''…'''`",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\n[[rules]]\nid = 'a'\nregex = 'x'",
            "read rule a: another rule has this id; change one of them",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '(x)'\nsecretGroup = 2",
            "read rule a: secretGroup is 2, but its regex has 1 groups; count its brackets",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\nentropy = 'much'",
            "read rule a: entropy is a number from 0 to 8, such as 3.5",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = 'x'\nentropy = 9",
            "read rule a: entropy is a number from 0 to 8, such as 3.5",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '(x)\\1'",
            "read the regular expression of rule a: `\\1` refers to a group, which takes more than linear time; write the group's expression again",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '(?!x)y'",
            "read the regular expression of rule a: look-around, including look-ahead and look-behind, is not supported; look-around takes more than linear time; match what stands around and take secretGroup for the secret",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '(x'",
            "read the regular expression of rule a: unclosed group; write it in the syntax of docs.rs/regex",
        ),
        (
            "[extend]\npath = 'other.toml'",
            "read [extend]: rules of other.toml are not read from here; copy them into this file",
        ),
        (
            "[extend]\nuseDefault = false",
            "read rules: there are none, and useDefault is false; add a rule or take useDefault away",
        ),
    ] {
        let error = Pack::parse(text).map(|_| ()).expect_err(text);
        assert_eq!(error.to_string(), expected);
    }
    assert!(matches!(Pack::parse("[[rules"), Err(PackError::Toml(_))));
    assert!(matches!(Pack::parse(&" ".repeat(5_000_000)), Err(PackError::Long)));
}
