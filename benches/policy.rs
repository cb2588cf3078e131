//! What a policy of a thousand rules costs a call, and what a list of tools costs that did not change.
//! `cargo bench --bench policy`. Budgets: 20 us for a call whose names were never seen; half of what parsing takes for
//! a list that is the same.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tollgate::catalog::{Catalog, Subject, Trust};
use tollgate::policy::{Known, Policy, Question};

/// Rules, and tools of a list.
const MANY: usize = 1_000;
/// Times that each is measured; the median is printed.
const ROUNDS: usize = 301;
/// What a call may cost with that many rules.
const BUDGET: Duration = Duration::from_micros(20);
const SERVERS: [&str; 5] = ["fs", "mail", "github", "db", "web"];
const VERBS: [&str; 8] = ["read", "list", "get", "search", "write", "send", "delete", "run"];
/// Names as they come: of an exact rule, in another spelling, of a pattern, of a rule with a condition, of none.
const CALLS: [(&str, &str, &str); 6] = [
    ("fs", "read_item_8", "one exact rule"),
    ("fs", "writeItem28", "another spelling"),
    ("mail", "x_delete_y7_z", "one pattern"),
    ("db", "guarded", "20 conditions"),
    ("web", "frobnicate", "no rule"),
    ("web", "mcp__a-server-of-some-length__read_the_whole_document_v2", "no rule, long name"),
];

fn main() {
    calls();
    println!();
    lists();
}

/// Calls through a thousand rules: by names that were never seen, and by such that were.
fn calls() {
    let text = rules();
    let begun = Instant::now();
    let Ok(policy) = Policy::parse("bench", &text) else {
        println!("no policy");
        return;
    };
    println!(
        "{} rules, {} bytes, compiled in {} ms",
        policy.len(),
        text.len(),
        begun.elapsed().as_millis()
    );
    let few = small();
    let arguments = br#"{"path":"/home/me/project/src/main.rs","limit":200,"text":"hello"}"#;
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9}  budget",
        "call", "first ns", "again ns", "10 rules", "times"
    );
    for (server, tool, what) in CALLS {
        let question = Question { arguments: Some(arguments), ..Question::call(server, tool) };
        let first = median(|| policy.decide(&question));
        let base = median(|| few.as_ref().map(|few| few.decide(&question)));
        let mut known = Known::new(policy.clone());
        black_box(known.decide(&question));
        let again = median(|| known.decide(&question));
        let said = if first <= BUDGET { "within" } else { "OVER" };
        println!(
            "{what:<20} {:>9} {:>9} {:>9} {:>9}  {said}",
            first.as_nanos(),
            again.as_nanos(),
            base.as_nanos(),
            times(first, base)
        );
    }
}

/// A list of tools that is what it was, against parsing it.
fn lists() {
    let tools: Vec<(String, String)> = (0..MANY).map(tool).collect();
    let bytes: usize = tools.iter().map(|(_, text)| text.len()).sum();
    let mut catalog = Catalog::default();
    let begun = Instant::now();
    for (name, text) in &tools {
        black_box(catalog.observe(Subject::tool("fs", name), text, Trust::FirstUse));
    }
    let first = begun.elapsed();
    let again = median(|| {
        let news = tools.iter().filter(|(name, text)| {
            catalog.observe(Subject::tool("fs", name), text, Trust::FirstUse).is_some()
        });
        news.count()
    });
    let parsed = median(|| {
        let values = tools.iter().map(|(_, text)| serde_json::from_str::<serde_json::Value>(text));
        values.flatten().count()
    });
    println!("{MANY} tools, {bytes} bytes");
    println!("{:<20} {:>9} us", "first seen", first.as_micros());
    println!("{:<20} {:>9} us", "parsed", parsed.as_micros());
    let said = if again * 2 < parsed { "within" } else { "OVER" };
    println!(
        "{:<20} {:>9} us, {} of parsing  {said}",
        "the same again",
        again.as_micros(),
        times(again, parsed)
    );
}

fn median<T>(mut what: impl FnMut() -> T) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(what());
            begun.elapsed()
        })
        .collect();
    rounds.sort_unstable();
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn times(what: Duration, of: Duration) -> String {
    let hundredths = what.as_nanos() * 100 / of.as_nanos().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

const HEAD: &str =
    "version: 1\nname: bench\nphase: enforce\ndefault: { verdict: mark, why: \"D.\" }\nrules:\n";

/// Seven of ten name their tools exactly, three by patterns; every second is about one server, half ask or deny.
fn rules() -> String {
    let mut text = HEAD.to_owned();
    for n in 0..MANY {
        let verb = at(&VERBS, n);
        let server = at(&SERVERS, n / 2);
        let verdict = at(&["allow", "ask", "mark", "deny"], n);
        let server = if n % 2 == 0 { format!("server: {server}, ") } else { String::new() };
        let about = match n % 50 {
            // Twenty that are about one tool, and look at its arguments.
            49 => format!("tool: guarded, when: 'args.path.startsWith(\"/etc/{n}\")'"),
            m if m % 10 < 7 => format!("{server}tool: [{verb}_item_{n}, {verb}_things_{n}]"),
            _ => format!("{server}tool: \"{{,*_}}{verb}_y{n}{{,_*}}\""),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  - {{ id: r{n}, why: \"W.\", match: {{ {about} }}, verdict: {verdict} }}"
        );
    }
    text
}

/// Ten rules, to compare with.
fn small() -> Option<Policy> {
    let all = rules();
    let lines: Vec<&str> = all.lines().take(HEAD.lines().count() + 10).collect();
    Policy::parse("small", &lines.join("\n")).ok()
}

fn at<'a>(words: &[&'a str], n: usize) -> &'a str {
    words.get(n % words.len()).copied().unwrap_or_default()
}

/// A definition as published servers have them.
fn tool(n: usize) -> (String, String) {
    let name = format!("{}_item_{n}", at(&VERBS, n));
    let text = format!(
        r#"{{"name":"{name}","title":"Item {n}","description":"Works on one item of the project and says what became of it. Give its path, relative to the root, and how much of it is wanted; what is not there is an error.","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string","description":"Where it is, relative to the root."}},"head":{{"type":"integer","minimum":1,"maximum":10000}},"encoding":{{"type":"string","enum":["utf-8","latin-1"]}}}},"required":["path"],"additionalProperties":false}},"annotations":{{"readOnlyHint":true,"destructiveHint":false,"openWorldHint":false}}}}"#
    );
    (name, text)
}
