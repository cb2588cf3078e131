//! What choosing rows costs: a million calls through filters that look at their row facts alone, until the first
//! page is full and until all were looked at. `cargo bench --bench filter`. Budget: 30 ms to the first page.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tollgate::console::filter::{
    Body, BodyField, Filter, Match, NameField, NumberField, Outcome, Subject, TagField, Tags,
    Tester,
};
use tollgate::engine::At;
use tollgate::policy::{Risk, Verdict};

const CALLS: u32 = 1_000_000;
/// Rows of a large terminal.
const PAGE: usize = 60;
/// Times that each filter is measured; the median is printed.
const ROUNDS: usize = 9;
/// One call a second.
const BEGIN: u64 = 1_795_176_000_000_000;

const FILTERS: [&str; 8] = [
    "srv:mail",
    "tool:send_* verdict:!ok size>5KB",
    "tool~\"^(send|write)_\" | outcome:denied,timeout",
    "ms>900 !(srv:fs | srv:git*) risk>=medium",
    "time:12:00..12:10 verdict:deny",
    // The only one stands at the end.
    "id:999999",
    // There is none: every call is looked at before the page is known to be empty.
    "sess:nobody",
    // Names decide about almost none of them: the others would have to be read.
    "srv:mail zebra",
];

struct Call {
    id: u32,
    server: u32,
    tool: u32,
    verdict: Verdict,
    outcome: Tags,
    size: u32,
    ms: u32,
    at: u64,
}

struct Names {
    servers: Vec<String>,
    tools: Vec<String>,
}

struct Row<'a>(&'a Call, &'a Names);

impl Subject for Row<'_> {
    fn name_id(&self, field: NameField) -> Option<u32> {
        match field {
            NameField::Server => Some(self.0.server),
            NameField::Tool => Some(self.0.tool),
            NameField::Session | NameField::Agent => Some(0),
            NameField::Method | NameField::Rule => None,
        }
    }

    fn name(&self, field: NameField) -> Option<&str> {
        let at =
            |names: &'_ [String], id: u32| usize::try_from(id).ok().filter(|id| *id < names.len());
        match field {
            NameField::Server => {
                self.1.servers.get(at(&self.1.servers, self.0.server)?).map(String::as_str)
            }
            NameField::Tool => {
                self.1.tools.get(at(&self.1.tools, self.0.tool)?).map(String::as_str)
            }
            NameField::Session => Some("bench-1"),
            NameField::Agent => Some("bench"),
            NameField::Method | NameField::Rule => None,
        }
    }

    fn tags(&self, field: TagField) -> Tags {
        match field {
            TagField::Verdict => Tags::verdict(self.0.verdict),
            TagField::Outcome => self.0.outcome,
            TagField::Risk => Tags::risk(if self.0.ms > 500 { Risk::High } else { Risk::Low }),
            TagField::Dir => Tags::CALL,
        }
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        match field {
            NumberField::Id => Some(self.0.id.into()),
            NumberField::Size => Some(self.0.size.into()),
            NumberField::Ms => Some(self.0.ms.into()),
            NumberField::AnswerSize | NumberField::Wait | NumberField::Age => None,
            NumberField::Finding | NumberField::Mark => Some(0),
        }
    }

    fn at(&self) -> At {
        At(self.0.at)
    }

    fn body(&self, _: BodyField) -> Body<'_> {
        Body::Unread
    }
}

fn main() {
    let servers = ["fs", "mail", "github", "db", "web"].map(str::to_owned).to_vec();
    let tools = ["read", "send", "write", "query"]
        .iter()
        .cycle()
        .zip(0..200)
        .map(|(verb, n)| format!("{verb}_{n}"))
        .collect();
    let names = Names { servers, tools };
    let mut state = 7_u64;
    let calls: Vec<Call> = (0..CALLS).map(|id| call(id, &mut state)).collect();
    println!("{:<52} {:>9} {:>9} {:>9}", "a million calls through", "matches", "page ms", "all ms");
    for text in FILTERS {
        let Ok(filter) = Filter::parse(text) else {
            println!("{text}: no filter");
            continue;
        };
        let mut rounds: Vec<(Duration, Duration, usize)> =
            (0..ROUNDS).map(|_| measure(&filter, &calls, &names)).collect();
        rounds.sort_unstable();
        let (page, all, found) = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("{text:<52} {found:>9} {:>9} {:>9}", ms(page), ms(all));
    }
}

fn ms(time: Duration) -> String {
    format!("{}.{:02}", time.as_millis(), time.subsec_micros() % 1000 / 10)
}

/// The time to the first page, the time for all, and how many there are.
fn measure(filter: &Filter, calls: &[Call], names: &Names) -> (Duration, Duration, usize) {
    let begun = Instant::now();
    let mut tester = Tester::new(filter, At(BEGIN), &TimeZone::UTC);
    let (mut found, mut page) = (0, None);
    for call in calls {
        if tester.matches(&Row(call, names)) != Match::No {
            found += 1;
            if found == PAGE {
                page = Some(begun.elapsed());
            }
        }
    }
    let all = begun.elapsed();
    (page.unwrap_or(all), all, found)
}

/// Calls that differ, the same in every run (a linear congruential sequence).
fn call(id: u32, state: &mut u64) -> Call {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let dice = u32::try_from(*state >> 40).unwrap_or(0);
    let (verdict, outcome) = match dice % 50 {
        0 => (Verdict::Deny, Outcome::Denied.tag()),
        1 => (Verdict::Ask, Outcome::Timeout.tag()),
        2..5 => (Verdict::Mark, Outcome::Done.tag()),
        _ => (Verdict::Allow, Outcome::Done.tag()),
    };
    let at = BEGIN + u64::from(id) * 1_000_000;
    Call {
        id,
        server: dice / 50 % 5,
        tool: dice / 250 % 200,
        verdict,
        outcome,
        size: dice % 9000,
        ms: dice % 1000,
        at,
    }
}
