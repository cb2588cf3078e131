//! The one table of fields: parsing, errors, completion and documentation are made from it.

use crate::console::near::nearest;
use crate::policy::{Risk, Verdict};

/// Names that many calls share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table below")]
pub enum NameField {
    Session,
    Agent,
    Server,
    Tool,
    Method,
    Rule,
}

/// Fields whose values are words of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table below")]
pub enum TagField {
    Verdict,
    Outcome,
    Risk,
    Dir,
}

/// Fields that are counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in the table below")]
pub enum NumberField {
    Id,
    Size,
    AnswerSize,
    Ms,
    Wait,
    Age,
    Finding,
    Mark,
}

/// What a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyField {
    /// The arguments of a call, or the parameters of another request.
    Arguments,
    /// The result, or the error in its place.
    Result,
}

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "said by the names")]
pub enum Kind {
    Name(NameField),
    Tag(TagField),
    Number(NumberField),
    Time,
    Body(BodyField),
}

/// One row of the table.
#[derive(Debug)]
pub struct Field {
    /// As it is typed.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it is, for completion and the page.
    pub help: &'static str,
    /// Words that people try for it; an error names the right one.
    also: &'static [&'static str],
}

/// Every field.
pub const FIELDS: &[Field] = &[
    field("srv", Kind::Name(NameField::Server), "the tool server", &["server", "host"]),
    field("tool", Kind::Name(NameField::Tool), "the tool", &["name", "function"]),
    field("method", Kind::Name(NameField::Method), "the JSON-RPC method", &["rpc"]),
    field("sess", Kind::Name(NameField::Session), "the session", &["session"]),
    field("agent", Kind::Name(NameField::Agent), "the session's agent", &["client"]),
    field("verdict", Kind::Tag(TagField::Verdict), "what the policy said", &["decision"]),
    field("outcome", Kind::Tag(TagField::Outcome), "what became of it", &["status", "state"]),
    field("rule", Kind::Name(NameField::Rule), "the strictest rule", &["policy", "why"]),
    field("risk", Kind::Tag(TagField::Risk), "the risk of a mistaken yes", &["severity"]),
    field("arg", Kind::Body(BodyField::Arguments), "its arguments", &["args", "arguments"]),
    field("res", Kind::Body(BodyField::Result), "its result", &["result", "answer", "error"]),
    field("size", Kind::Number(NumberField::Size), "bytes of the request", &["bytes"]),
    field("rsize", Kind::Number(NumberField::AnswerSize), "bytes of the answer", &["ressize"]),
    field("ms", Kind::Number(NumberField::Ms), "from the request to its answer", &["duration"]),
    field("wait", Kind::Number(NumberField::Wait), "how long it waited for a person", &["waited"]),
    field("age", Kind::Number(NumberField::Age), "how long ago it came", &["since"]),
    field("time", Kind::Time, "when it came", &["date", "clock", "at"]),
    field("id", Kind::Number(NumberField::Id), "its number in the session", &["call", "ticket"]),
    field("dir", Kind::Tag(TagField::Dir), "what kind of message", &["kind", "type", "from"]),
    field("finding", Kind::Number(NumberField::Finding), "how many findings", &["findings"]),
    field("mark", Kind::Number(NumberField::Mark), "whether you marked it", &["marked"]),
];

const fn field(
    name: &'static str,
    kind: Kind,
    help: &'static str,
    also: &'static [&'static str],
) -> Field {
    Field { name, kind, help, also }
}

/// Fields of facts that do not exist yet. They are refused by name, so that no filter means less than
/// it says.
const LATER: &[&str] = &["taint", "domain", "flow", "flag", "pin", "role", "trace"];
/// Outcomes that do not exist yet.
const LATER_OUTCOMES: &[&str] = &["masked", "withheld"];

/// The short forms: the letter, whether a pattern follows, and what it stands for.
pub const ALIASES: &[(char, bool, &str)] = &[
    ('q', false, "not answered yet"),
    ('e', false, "answered by an error"),
    ('a', false, "asked about"),
    ('m', false, "marked by you"),
    ('b', true, "a pattern in arguments or result"),
    ('s', true, "a pattern in the server"),
    ('t', true, "a pattern in the tool"),
    ('r', true, "a pattern in the rule"),
];

/// The field of this name; else why there is none.
pub(super) fn find(name: &str) -> Result<&'static Field, String> {
    if let Some(field) = FIELDS.iter().find(|field| field.name == name) {
        return Ok(field);
    }
    if LATER.contains(&name) {
        return Err(format!("`{name}` is not supported yet"));
    }
    let near = nearest(name, FIELDS.iter().flat_map(Field::words)).and_then(|near| {
        FIELDS.iter().find(|field| field.words().any(|word| word == near)).map(|field| field.name)
    });
    Err(match near {
        Some(near) => format!("no field `{name}`; did you mean `{near}`?"),
        None => format!("no field `{name}`; in quotes it is text to look for"),
    })
}

impl Field {
    /// Its name and the words that people try for it.
    fn words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }
}

impl NameField {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(Kind::Name(self))
    }
}

impl NumberField {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(Kind::Number(self))
    }

    /// The field whose name alone, as a word, means `yes`.
    pub(super) fn yes_or_no(word: &str) -> Option<Self> {
        [Self::Finding, Self::Mark].into_iter().find(|field| field.name() == word)
    }

    /// Whether it is measured in milliseconds.
    pub(super) const fn is_time(self) -> bool {
        matches!(self, Self::Ms | Self::Wait | Self::Age)
    }

    /// Whether `yes` and `no` are values, and the name alone means `yes`.
    #[must_use]
    pub const fn says_yes(self) -> bool {
        matches!(self, Self::Finding | Self::Mark)
    }
}

impl BodyField {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(Kind::Body(self))
    }
}

fn name_of(kind: Kind) -> &'static str {
    FIELDS.iter().find(|field| field.kind == kind).map_or("", |field| field.name)
}

/// A set of words of one [`TagField`]: a bit for each, in the order of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tags(pub u16);

impl Tags {
    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they share a word.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A verdict.
    #[must_use]
    pub const fn verdict(verdict: Verdict) -> Self {
        Self(match verdict {
            Verdict::Allow => 1,
            Verdict::Mark => 1 << 1,
            Verdict::Ask => 1 << 2,
            Verdict::Deny => 1 << 3,
        })
    }

    /// A risk.
    #[must_use]
    pub const fn risk(risk: Risk) -> Self {
        Self(match risk {
            Risk::Low => 1,
            Risk::Medium => 1 << 1,
            Risk::High => 1 << 2,
        })
    }

    /// A tool call of the agent.
    pub const CALL: Self = Self(1);
    /// The agent's question for a list.
    pub const LIST: Self = Self(1 << 1);
    /// Any other request of the agent.
    pub const OTHER: Self = Self(1 << 2);
    /// A request of the server.
    pub const SERVER: Self = Self(1 << 3);
    /// It has an answer.
    pub const RESULT: Self = Self(1 << 4);
}

/// What became of a call; several may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are told in docs/filters.md")]
pub enum Outcome {
    Waiting,
    Running,
    Forwarded,
    Edited,
    Done,
    Error,
    Refused,
    Denied,
    Timeout,
    Unattended,
    Cancelled,
    Lost,
}

impl Outcome {
    /// Its bit.
    #[must_use]
    pub const fn tag(self) -> Tags {
        Tags(match self {
            Self::Waiting => 1,
            Self::Running => 1 << 1,
            Self::Forwarded => 1 << 2,
            Self::Edited => 1 << 3,
            Self::Done => 1 << 4,
            Self::Error => 1 << 5,
            Self::Refused => 1 << 6,
            Self::Denied => 1 << 7,
            Self::Timeout => 1 << 8,
            Self::Unattended => 1 << 9,
            Self::Cancelled => 1 << 10,
            Self::Lost => 1 << 11,
        })
    }
}

impl TagField {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(Kind::Tag(self))
    }

    /// Its words, in the order of their bits.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Verdict => &["allow", "mark", "ask", "deny"],
            Self::Outcome => &[
                "waiting",
                "running",
                "forwarded",
                "edited",
                "done",
                "error",
                "refused",
                "denied",
                "timeout",
                "unattended",
                "cancelled",
                "lost",
            ],
            Self::Risk => &["low", "medium", "high"],
            Self::Dir => &["call", "list", "other", "server", "result"],
        }
    }

    /// Whether its words go from mild to strict, so that they can be compared.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Verdict | Self::Risk)
    }

    /// The bit of a word; else why it has none.
    pub(super) fn tag(self, word: &str) -> Result<Tags, String> {
        let known = match (self, word) {
            (Self::Verdict, "ok") => "allow",
            (Self::Risk, "med") => "medium",
            _ => word,
        };
        if let Some(bit) = self.words().iter().position(|word| *word == known) {
            return Ok(Tags(1 << bit));
        }
        let name = self.name();
        if self == Self::Outcome && LATER_OUTCOMES.contains(&word) {
            return Err(format!("`{name}:{word}` is not supported yet"));
        }
        let all = self.words().join(", ");
        Err(match nearest(word, self.words().iter().copied()) {
            Some(near) => {
                format!("`{name}` is never `{word}`; did you mean `{near}`? There are: {all}")
            }
            None => format!("`{name}` is never `{word}`; there are: {all}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_and_words_fit_their_bits() {
        let mut names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIELDS.len());
        for (outcome, word) in [(Outcome::Waiting, "waiting"), (Outcome::Lost, "lost")] {
            assert_eq!(TagField::Outcome.tag(word), Ok(outcome.tag()));
        }
        for verdict in [Verdict::Allow, Verdict::Mark, Verdict::Ask, Verdict::Deny] {
            assert_eq!(TagField::Verdict.tag(verdict.word()), Ok(Tags::verdict(verdict)));
        }
        for risk in [Risk::Low, Risk::Medium, Risk::High] {
            assert_eq!(TagField::Risk.tag(risk.word()), Ok(Tags::risk(risk)));
        }
        for (tag, word) in
            [(Tags::CALL, "call"), (Tags::SERVER, "server"), (Tags::RESULT, "result")]
        {
            assert_eq!(TagField::Dir.tag(word), Ok(tag));
        }
    }

    #[test]
    fn a_wrong_name_leads_to_the_nearest_one() {
        let table = [
            ("servr", Some("srv")),
            ("server", Some("srv")),
            ("SRV", Some("srv")),
            ("toool", Some("tool")),
            ("outcom", Some("outcome")),
            ("args", Some("arg")),
            ("http", None),
            ("x", None),
        ];
        for (typed, near) in table {
            let error = find(typed).unwrap_err();
            match near {
                Some(near) => assert!(error.contains(&format!("did you mean `{near}`")), "{error}"),
                None => assert!(error.contains("in quotes"), "{typed}: {error}"),
            }
        }
        assert_eq!(find("taint").unwrap_err(), "`taint` is not supported yet");
    }
}
