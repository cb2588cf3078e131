use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::engine::At;
use crate::policy::{Risk, Verdict};

/// 2026-11-20 12:04:30 UTC.
const AT: u64 = 1_795_176_270_000_000;

#[derive(Clone)]
struct Call {
    names: [Option<&'static str>; 6],
    numbers: [Option<u64>; 7],
    tags: [Tags; 4],
    at: u64,
    arguments: Body<'static>,
    result: Body<'static>,
}

/// `mail.send_email`, asked about at high risk, edited, answered.
fn call() -> Call {
    let outcome = Outcome::Forwarded.tag().with(Outcome::Edited.tag()).with(Outcome::Done.tag());
    Call {
        names: [
            Some("claude-1"),
            Some("claude-code"),
            Some("mail"),
            Some("send_email"),
            Some("tools/call"),
            Some("r7"),
        ],
        numbers: [Some(2317), Some(5500), Some(612), Some(1400), Some(41_000), Some(2), Some(0)],
        tags: [
            Tags::verdict(Verdict::Ask),
            outcome,
            Tags::risk(Risk::High),
            Tags::CALL.with(Tags::RESULT),
        ],
        at: AT,
        arguments: Body::Text(
            r#"{"to":"ops@example.com","cc":["a","b"],"limit":20,"body":"see \/home\/x\/.aws"}"#,
        ),
        result: Body::Text(r#"{"content":[{"type":"text","text":"Sent to 1 person"}]}"#),
    }
}

impl Subject for Call {
    fn name_id(&self, _: NameField) -> Option<u32> {
        None
    }

    fn name(&self, field: NameField) -> Option<&str> {
        let [session, agent, server, tool, method, rule] = self.names;
        match field {
            NameField::Session => session,
            NameField::Agent => agent,
            NameField::Server => server,
            NameField::Tool => tool,
            NameField::Method => method,
            NameField::Rule => rule,
        }
    }

    fn tags(&self, field: TagField) -> Tags {
        let [verdict, outcome, risk, dir] = self.tags;
        match field {
            TagField::Verdict => verdict,
            TagField::Outcome => outcome,
            TagField::Risk => risk,
            TagField::Dir => dir,
        }
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        let [id, size, answer, ms, wait, finding, mark] = self.numbers;
        match field {
            NumberField::Id => id,
            NumberField::Size => size,
            NumberField::AnswerSize => answer,
            NumberField::Ms => ms,
            NumberField::Wait => wait,
            NumberField::Finding => finding,
            NumberField::Mark => mark,
            NumberField::Age => panic!("ages are resolved before"),
        }
    }

    fn at(&self) -> At {
        At(self.at)
    }

    fn body(&self, field: BodyField) -> Body<'_> {
        match field {
            BodyField::Arguments => self.arguments,
            BodyField::Result => self.result,
        }
    }
}

fn matches(filter: &str, call: &Call) -> Match {
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let again = Filter::parse(&parsed.to_string());
    assert_eq!(again.as_ref(), Ok(&parsed), "{filter} is printed as {parsed}");
    Tester::new(&parsed, At(AT + 180_000_000), &TimeZone::UTC).matches(call)
}

fn parted(filters: &str) -> impl Iterator<Item = &str> {
    filters.split(';').map(str::trim)
}

/// Filters, parted by `;`.
const MEAN: &str = r#"
srv:mail ; srv:MAIL ; srv=mail ; srv:m* ; srv:files,mail ; srv~^ma ; srv!=files ;
srv:!files,git* ; tool:send_* ; tool:s?nd_email ; tool:"send_email" ; method:tools/call ;
sess:claude-1 ; agent:claude* ; rule:r7 ; verdict:ask ; verdict:!ok ; verdict!=allow,deny ;
verdict>=ask ; verdict>mark ; risk:high ; risk>low ; outcome:edited ; outcome:done,error ;
!outcome:denied ; dir:call ; dir:result ; !dir:server ; size>5KB ; size:5.5kb ; size<=5500 ;
size:1k..6k ; size>5KiB ; rsize<1KB ; rsize:..1k ; ms>300 ; ms:1s..2s ; ms=1400 ; wait>30s ;
wait<1m ; id:2317 ; id:#2317 ; id:1,2317 ; id>2000 ; finding:yes ; finding ; finding>1 ;
finding:2 ; mark:no ; !mark ; age<5m ; age>2m ; age:3m ; age:1m..1h ; time:12:04 ; time:12:04:30 ;
time:12:00..13:00 ; time>12:03 ; time>=12:04 ; time<12:05 ; time<=12:04 ; time:2026-11-20 ;
time>2026-11-19 ; time:2026-11-20T12:00..2026-11-20T13:00 ; time:23:00..12:30 ; time!=12:05 ;
time:12:05,12:04 ; arg.to:ops@example.com ; arg.to:*@example.com ; arg.to~example\.com$ ;
arg.cc[1]:b ; arg.cc[*]:b ; arg.*:20 ; arg.limit>=20 ; arg.limit<20.5 ; arg.limit:20 ;
arg."to":ops* ; arg.body~"\.aws|\.ssh" ; arg:"/home/x" ; arg~home ; res:sent ;
res.content[0].text:"sent to 1 person" ; res.content[0].type!=image ; email ; MAIL ;
"ops@example" ; person ; "/home/x" ; ~s mail ; ~t send ; ~b "1 person" ; ~b aws ; ~a ; ~r r7 ;
!~q ; !~e ; !~m ; srv:mail tool:send_email ; srv:mail & tool:send_email ; srv:files | srv:mail ;
srv:files || srv:mail ; srv:mail && !(tool:x | tool:y) ; !!srv:mail ; (((srv:mail))) ;
srv:files tool:x | srv:mail ; srv:mail    tool:send_email ; !(srv:files srv:mail)
"#;

#[test]
fn these_mean_the_call() {
    for filter in parted(MEAN) {
        assert_eq!(matches(filter, &call()), Match::Yes, "{filter}");
    }
}

/// Filters, parted by `;`.
const MISS: &str = r#"
srv:mai ; srv:files ; srv=MAIL ; srv:"m*" ; srv:!mail ; tool~^email ; method:tools ; verdict:ok ;
verdict<ask ; risk<=medium ; outcome:denied,refused ; outcome:!edited ; dir:server ; size>5500 ;
size:1..2 ; rsize>1KB ; ms<1s ; wait:..40s ; id:17 ; finding:no ; finding>2 ; mark ; mark:yes ;
age>5m ; age<3m ; time:12:05 ; time>12:04 ; time<12:04 ; time:2026-11-21 ; time:13:00..11:00 ;
arg.to:ops ; arg.To:ops* ; arg.cc[2]:b ; arg.missing:* ; arg.to>1 ; arg.limit>20 ;
res.content[0]:x ; res:ops ; zebra ; ~s files ; ~b zebra ; ~q ; ~e ; ~m ; srv:mail tool:x ;
srv:mail !tool:send_email
"#;

#[test]
fn these_do_not_mean_it() {
    for filter in parted(MISS) {
        assert_eq!(matches(filter, &call()), Match::No, "{filter}");
    }
}

#[test]
fn what_is_not_there_answers_no_to_every_comparison() {
    let mut running = call();
    running.numbers = [Some(1), Some(10), None, None, None, Some(0), Some(0)];
    running.names[3] = None;
    running.result = Body::Missing;
    for filter in ["ms>0", "ms<10s", "rsize:0", "wait>=0", "tool:*", "res~.", "res.content:*"] {
        assert_eq!(matches(filter, &running), Match::No, "{filter}");
        assert_eq!(matches(&format!("!{filter}"), &running), Match::Yes, "!{filter}");
    }
}

#[test]
fn a_body_is_needed_only_where_the_rest_does_not_decide() {
    let mut unread = call();
    unread.arguments = Body::Unread;
    unread.result = Body::Unread;
    let table = [
        ("srv:mail", false, Match::Yes),
        ("srv:files arg.to:x", true, Match::No),
        ("srv:mail arg.to:x", true, Match::NeedsBody),
        ("srv:mail | arg.to:x", true, Match::Yes),
        ("srv:files | !arg.to:x", true, Match::NeedsBody),
        ("mail", true, Match::Yes),
        ("zebra", true, Match::NeedsBody),
        ("!zebra", true, Match::NeedsBody),
        ("!mail", true, Match::No),
    ];
    for (filter, needs, expected) in table {
        assert_eq!(Filter::parse(filter).unwrap().needs_bodies(), needs, "{filter}");
        assert_eq!(matches(filter, &unread), expected, "{filter}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let table = [
        ("", 1, "a test is due here"),
        ("   ", 4, "a test is due here"),
        ("servr:mail", 1, "no field `servr`; did you mean `srv`?"),
        ("srv:mail sice>5", 10, "no field `sice`; did you mean `size`?"),
        ("taint:secret", 1, "`taint` is not supported yet"),
        ("srv:a flow:a", 7, "`flow` is not supported yet"),
        ("outcome:masked", 9, "`outcome:masked` is not supported yet"),
        ("verdict:alow", 9, "did you mean `allow`?"),
        ("https://x", 1, "no field `https`; in quotes it is text"),
        ("srv:", 5, "a value is due here"),
        ("srv: mail", 5, "a value is due here"),
        ("size > 5", 6, "a field is due before this sign"),
        ("size>x", 6, "`x` is no value of `size`: give a number like 5KB"),
        ("size:5..1", 6, "this range is empty"),
        ("size:..", 6, "a number is due on one side"),
        ("age<5", 5, "`5` is no value of `age`"),
        ("size~5", 1, "`size` is a number: it takes"),
        ("size<0", 6, "nothing is beyond"),
        ("verdict>deny", 9, "nothing is beyond"),
        ("outcome>done", 1, "it takes `:`, `=` or `!=`"),
        ("srv>mail", 1, "`srv` is a name: it takes"),
        ("arg.n>mail", 7, "a number is due here"),
        ("mark:maybe", 6, "`mark` is `yes` or `no`"),
        ("arg=x", 1, "without a path `arg` takes"),
        ("arg.:x", 5, "a member's name is due"),
        ("arg.a[x]:1", 7, "a number or `*` is due"),
        ("arg.a", 6, "a sign is due behind the path"),
        ("time:25:00", 6, "`25:00` is no time"),
        ("time:2026-13-01", 6, "is no time"),
        ("time:12:00..2026-11-20", 6, "both ends of a range have a date"),
        ("tool~(", 6, "a value is due here"),
        ("tool~\"(\"", 6, "no regular expression: unclosed group"),
        ("tool~\"a{1000}{1000}\"", 6, "the pattern is too large"),
        ("(srv:a", 1, "this `(` is not closed"),
        ("srv:a)", 6, "this `)` closes nothing"),
        ("srv:a | ", 9, "a test is due here"),
        ("| srv:a", 1, "a test is due before this `|`"),
        ("()", 2, "a test is due before this `)`"),
        ("\"abc", 1, "this quote is not closed"),
        ("\"a\"b", 4, "a blank is due here"),
        ("srv:a,!b", 7, "written in quotes"),
        ("srv:a and tool:b", 7, "joined by blanks"),
        ("~x", 1, "no short form `~x`"),
        ("~t", 3, "a pattern is due behind `~t`"),
        ("日本 servr:x", 4, "did you mean `srv`?"),
    ];
    for (text, column, what) in table {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!((error.column, error.what.contains(what)), (column, true), "{text}: {error}");
        assert!(error.at <= text.len() && text.is_char_boundary(error.at), "{text}: {error:?}");
    }
    let deep = format!("{}srv:a{}", "(".repeat(DEPTH_MAX + 1), ")".repeat(DEPTH_MAX + 1));
    assert!(Filter::parse(&deep).unwrap_err().what.contains("inside each other"));
    let deep = format!("{}srv:a", "!".repeat(DEPTH_MAX + 1));
    assert!(Filter::parse(&deep).unwrap_err().what.contains("inside each other"));
    assert!(Filter::parse(&"a ".repeat(3000)).unwrap_err().what.contains("at most 4096 bytes"));
    assert!(Filter::parse(&"a ".repeat(40)).unwrap_err().what.contains("more than 32"));
    assert!(
        Filter::parse(&format!("{}srv:a{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX))).is_ok()
    );
}

#[test]
fn a_name_is_tested_once_for_its_number() {
    use std::cell::Cell;
    struct Named<'a>(Call, &'a Cell<usize>);
    impl Subject for Named<'_> {
        fn name_id(&self, _: NameField) -> Option<u32> {
            Some(3)
        }
        fn name(&self, field: NameField) -> Option<&str> {
            self.1.set(self.1.get() + 1);
            self.0.name(field)
        }
        fn tags(&self, field: TagField) -> Tags {
            self.0.tags(field)
        }
        fn number(&self, field: NumberField) -> Option<u64> {
            self.0.number(field)
        }
        fn at(&self) -> At {
            self.0.at()
        }
        fn body(&self, field: BodyField) -> Body<'_> {
            self.0.body(field)
        }
    }
    let asked = Cell::new(0);
    let subject = Named(call(), &asked);
    let filter = Filter::parse("srv:mail tool~send rule:r7").unwrap();
    let mut tester = Tester::new(&filter, At(0), &TimeZone::UTC);
    for _ in 0..1000 {
        assert_eq!(tester.matches(&subject), Match::Yes);
    }
    assert_eq!(asked.get(), 3);
}

#[test]
fn clock_times_are_those_of_the_zone() {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let filter = Filter::parse("time:14:04 time:2026-11-20T14:04:30").unwrap();
    assert_eq!(Tester::new(&filter, At(0), &zone).matches(&call()), Match::Yes);
    let filter = Filter::parse("time:12:04").unwrap();
    assert_eq!(Tester::new(&filter, At(0), &zone).matches(&call()), Match::No);
}

#[test]
fn what_may_stand_at_the_cursor_is_offered() {
    let known = Known {
        servers: &["mail", "github", "my server"],
        tools: &["send_email", "search"],
        ..Known::default()
    };
    let table: [(&str, &[&str]); 15] = [
        ("si", &["size>"]),
        ("srv:mail ver", &["verdict:"]),
        ("!ver", &["verdict:"]),
        ("(ou", &["outcome:"]),
        ("srv:", &["mail", "github", "\"my server\""]),
        ("srv:M", &["mail", "\"my server\""]),
        ("srv:MA", &["mail"]),
        ("srv:mail,g", &["github"]),
        ("srv:\"my", &["\"my server\""]),
        ("verdict:", &["allow", "mark", "ask", "deny"]),
        ("verdict:!a", &["allow", "ask"]),
        ("finding:", &["yes", "no"]),
        ("tool:\"a b", &[]),
        ("~b", &["~b "]),
        ("size>5", &[]),
    ];
    for (text, expected) in table {
        let offered = complete(text, text.len(), known);
        let texts: Vec<&str> = offered.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, expected, "{text}");
        for one in offered {
            assert!(text.get(one.range.clone()).is_some(), "{text}: {one:?}");
        }
    }
    assert_eq!(complete("", 0, known).len(), FIELDS.len());
    assert_eq!(complete("~", 1, known).len(), 8);
    assert_eq!(complete("srv:m tool:s", 5, known)[0].range, 4..5, "in the middle");
}

/// Texts made of what filters are made of, so that many of them parse.
fn filterish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "srv",
        "tool",
        "arg",
        "res",
        "size",
        "verdict",
        "outcome",
        "time",
        "age",
        "mark",
        "finding",
        ".path",
        "[0]",
        "[*]",
        ".\"a b\"",
        ":",
        "=",
        "!=",
        "~",
        ">",
        "<=",
        "mail",
        "ask",
        "deny,allow",
        "5",
        "5KB",
        "1..5",
        "2m",
        "12:30",
        "2026-11-20",
        "\"a \"\"b\"",
        "*",
        "?x",
        " ",
        " ",
        " ",
        "|",
        "&",
        "!",
        "(",
        ")",
        "~b ",
        "~e",
        "~s ",
        ",",
        "..",
        "\"",
        "日",
        "no",
        "yes",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_printed_parses_to_the_same(text in prop_oneof![4 => filterish(), 1 => any::<String>()]) {
        match Filter::parse(&text) {
            Ok(filter) => {
                let printed = filter.to_string();
                prop_assert_eq!(Filter::parse(&printed), Ok(filter.clone()), "{}", printed);
                let mut tester = Tester::new(&filter, At(AT), &TimeZone::UTC);
                prop_assert_ne!(tester.matches(&call()), Match::NeedsBody);
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.at));
                prop_assert!(!error.what.is_empty());
            }
        }
    }

    #[test]
    fn completing_never_fails(text in filterish(), cursor in 0_usize..60) {
        let known = Known { servers: &["mail"], ..Known::default() };
        for one in complete(&text, cursor, known) {
            prop_assert!(text.get(one.range.clone()).is_some());
        }
    }
}
