//! Answers that are remembered: what a later call has to be like for the same answer to hold.
//!
//! A remembered allow takes the place of the ask of the rules that it names, and of nothing else: it never outweighs a
//! denial, nor an ask of another rule (design.md section 7). It is bound to the server, the tool and its definition,
//! and to the session's role.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Decision, Reason, Verdict};
use crate::protocol::canonical::canonical;
use crate::text::hex;

/// Arguments that a scope names at most: more is the exact call.
const FIELDS_MAX: usize = 4;
/// Longest value that a scope repeats, in bytes: a path or an address, not a text.
const VALUE_BYTES_MAX: usize = 240;
/// Rules that are never answered once for all: their answer is another one (a definition is approved, a hold is
/// taken off), or has to be given each time.
const EACH_TIME: [&str; 4] = ["builtin.", "hold", "pause", "broken-layer"];

/// Which later calls of the tool an answer holds for, from narrow to wide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those with the same arguments.
    Exact {
        /// SHA-256 of their canonical text, as 64 hex digits.
        digest: String,
    },
    /// Those in which these arguments have these values.
    Values {
        /// JSON texts, by the argument's name.
        fields: BTreeMap<String, String>,
    },
    /// Those in which these arguments are below these folders or addresses.
    Under {
        /// What they begin with, up to and with a slash, by the argument's name.
        fields: BTreeMap<String, String>,
    },
    /// All.
    Tool,
}

impl Scope {
    /// The scopes that a call suggests, from narrow to wide. `show`: the arguments that its rule finds telling.
    #[must_use]
    pub fn suggested(arguments: Option<&[u8]>, show: &[String]) -> Vec<Self> {
        let mut all: Vec<Self> = Self::exact(arguments).into_iter().collect();
        let given = read(arguments);
        let Some(Value::Object(given)) = given else {
            all.push(Self::Tool);
            return all;
        };
        let named = show.iter().filter(|name| given.contains_key(*name));
        let named: Vec<&String> = named.take(FIELDS_MAX).collect();
        let telling: Vec<&String> = if named.is_empty() {
            // A path, an address or a name, and never a text.
            let short = |value: &Value| {
                value
                    .as_str()
                    .is_some_and(|text| text.len() <= VALUE_BYTES_MAX && !text.contains('\n'))
            };
            let placed = |value: &Value| value.as_str().and_then(above).is_some();
            let all = || given.iter().filter(|(_, value)| short(value));
            let first = all().find(|(_, value)| placed(value)).or_else(|| all().next());
            first.map(|(name, _)| name).into_iter().collect()
        } else {
            named
        };
        let values: BTreeMap<String, String> = telling
            .iter()
            .filter_map(|name| Some(((*name).clone(), given.get(*name)?.to_string())))
            .filter(|(_, text)| text.len() <= VALUE_BYTES_MAX)
            .collect();
        if !values.is_empty() && values.len() < given.len() {
            all.push(Self::Values { fields: values });
        }
        let under: BTreeMap<String, String> = telling
            .iter()
            .filter_map(|name| {
                let above = above(given.get(*name)?.as_str()?)?;
                Some(((*name).clone(), above.to_owned()))
            })
            .collect();
        if !under.is_empty() {
            all.push(Self::Under { fields: under });
        }
        if !given.is_empty() {
            all.push(Self::Tool);
        }
        all
    }

    /// The narrowest one of a call.
    #[must_use]
    pub fn exact(arguments: Option<&[u8]>) -> Option<Self> {
        let text = std::str::from_utf8(arguments.unwrap_or(b"{}")).ok()?;
        Some(Self::Exact { digest: hex(&Sha256::digest(canonical(text).ok()?)) })
    }

    /// Whether a call's arguments are within it. What cannot be read is within none but the widest.
    #[must_use]
    pub fn holds(&self, arguments: Option<&[u8]>) -> bool {
        if *self == Self::Tool {
            return true;
        }
        if let Self::Exact { .. } = self {
            return Self::exact(arguments).as_ref() == Some(self);
        }
        let Some(Value::Object(given)) = read(arguments) else { return false };
        match self {
            Self::Values { fields } => fields.iter().all(|(name, text)| {
                // As numbers are read alike everywhere; what has no such text is like nothing.
                let given = given.get(name).and_then(|value| canonical(&value.to_string()).ok());
                given.is_some() && given == canonical(text).ok()
            }),
            Self::Under { fields } => fields.iter().all(|(name, above)| {
                given.get(name).and_then(Value::as_str).is_some_and(|text| is_under(text, above))
            }),
            Self::Tool | Self::Exact { .. } => false,
        }
    }

    /// Whether it can be kept: nothing in it is empty, so that none is wider than it looks.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Exact { digest } => digest.len() == 64,
            Self::Values { fields } => {
                let json = |text: &String| serde_json::from_str::<Value>(text).is_ok();
                (1..=FIELDS_MAX).contains(&fields.len()) && fields.values().all(json)
            }
            Self::Under { fields } => {
                let below = |text: &String| above(text).is_some_and(|above| above == text);
                (1..=FIELDS_MAX).contains(&fields.len()) && fields.values().all(below)
            }
            Self::Tool => true,
        }
    }

    /// In words, with the call's own values: foreign text.
    #[must_use]
    pub fn words(&self) -> String {
        // In quotes, so that no value reads as more than one.
        let list = |fields: &BTreeMap<String, String>, join: &str| {
            let fields = fields.iter().map(|(name, value)| format!("{name} {join} {value}"));
            fields.collect::<Vec<_>>().join(", ")
        };
        let quoted = |fields: &BTreeMap<String, String>| {
            let quote = |value: &String| Value::from(value.as_str()).to_string();
            fields.iter().map(|(name, value)| (name.clone(), quote(value))).collect()
        };
        match self {
            Self::Exact { .. } => "exactly these arguments".to_owned(),
            Self::Values { fields } => format!("where {}", list(fields, "is")),
            Self::Under { fields } => format!("where {}", list(&quoted(fields), "is below")),
            Self::Tool => "any arguments".to_owned(),
        }
    }
}

fn read(arguments: Option<&[u8]>) -> Option<Value> {
    serde_json::from_slice(arguments.unwrap_or(b"{}")).ok()
}

/// What a path or an address stands in: its folder, or for an address its host, with the slash behind it.
fn above(text: &str) -> Option<&str> {
    if walks(text) {
        return None;
    }
    if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.contains(odd))
    {
        let host = rest.split('/').next()?;
        // Whose host is read differently by different readers has none.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        let end = scheme.len() + "://".len() + host.len() + 1;
        return text.get(..end).filter(|_| !host.is_empty() && host.chars().all(plain));
    }
    if text.contains(odd) {
        return None;
    }
    let end = text.rfind('/')?;
    let folder = text.get(..=end)?;
    // Everything is below the root.
    (folder.chars().any(|c| c != '/')).then_some(folder)
}

/// Whether it goes back up, or may for some reader.
fn walks(text: &str) -> bool {
    let odd = |c: char| c.is_control() || c == '\\';
    text.contains(odd)
        || text.to_ascii_lowercase().contains("%2")
        || text.split('/').any(|part| part == "..")
}

/// What a path or an address has no need of, and a command or a statement has.
fn odd(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, ';' | '|' | '&' | '$' | '<' | '>' | '`' | '"' | '\'' | '(' | ')' | '*' | '?')
}

fn is_under(text: &str, above: &str) -> bool {
    let address = above.contains("://");
    let plain =
        |c: char| !odd(c) || address && matches!(c, '&' | '$' | '(' | ')' | '\'' | '*' | '?');
    !walks(text) && text.starts_with(above) && text.len() > above.len() && text.chars().all(plain)
}

/// Whether an answer to asks of this rule can be remembered.
#[must_use]
pub fn is_rememberable(rule: &str) -> bool {
    EACH_TIME.iter().all(|each| !rule.starts_with(each) || (rule != *each && !each.ends_with('.')))
}

impl Decision {
    /// Takes a remembered allow in, which answers these rules: where no other rule asks or denies, the call goes on.
    pub fn answered(&mut self, rules: &[String], by: Reason) {
        let answered = |reason: &Reason| {
            reason.verdict < Verdict::Ask
                || reason.verdict == Verdict::Ask && rules.contains(&reason.rule)
        };
        if self.verdict != Verdict::Ask || !self.reasons.iter().all(answered) {
            return;
        }
        self.reasons.retain(|reason| reason.verdict < Verdict::Ask);
        self.reasons.push(by);
        self.reasons.sort_by(|left, right| {
            right.verdict.cmp(&left.verdict).then(left.rule.cmp(&right.rule))
        });
        let strictest = self.reasons.iter().map(|reason| reason.verdict).max();
        self.verdict = strictest.unwrap_or(Verdict::Allow);
        self.acts = self.phase.acting(self.verdict);
    }
}

#[cfg(test)]
mod tests {
    use Verdict::{Allow, Ask, Deny, Mark};

    use super::*;
    use crate::policy::{Phase, Risk};

    #[test]
    fn scopes_go_from_narrow_to_wide() {
        let words = |arguments: &str, show: &[&str]| {
            let show: Vec<String> = show.iter().map(|name| (*name).to_owned()).collect();
            let scopes = Scope::suggested(Some(arguments.as_bytes()), &show);
            for scope in &scopes {
                assert!(scope.is_sound() && scope.holds(Some(arguments.as_bytes())), "{scope:?}");
            }
            scopes.iter().map(Scope::words).collect::<Vec<_>>()
        };
        let (exact, any) = ("exactly these arguments", "any arguments");
        assert_eq!(words("{}", &[]), [exact]);
        assert_eq!(words(r#"{"n":1}"#, &[]), [exact, any]);
        assert_eq!(
            words(r#"{"path":"/w/a.rs","content":"x\ny"}"#, &[]),
            [exact, "where path is \"/w/a.rs\"", "where path is below \"/w/\"", any]
        );
        assert_eq!(
            words(r#"{"to":"a@b.c","cc":"","url":"https://x.org/a?b"}"#, &["url", "to"]),
            [
                exact,
                "where to is \"a@b.c\", url is \"https://x.org/a?b\"",
                "where url is below \"https://x.org/\"",
                any
            ]
        );
        assert_eq!(words(r#"{"path":"/a"}"#, &[]), [exact, any], "all is below the root");
        assert_eq!(words(r#"{"path":"/w/../a"}"#, &[]), [exact, any]);
        // A command is no path.
        assert_eq!(words(r#"{"command":"ls /tmp/x"}"#, &[]), [exact, any]);
        // A path tells more than a text that stands before it.
        assert_eq!(
            words(r#"{"content":"ok","path":"/w/a"}"#, &[]),
            [exact, "where path is \"/w/a\"", "where path is below \"/w/\"", any]
        );
    }

    #[test]
    fn nothing_walks_out_of_a_scope() {
        let under = |above: &str| Scope::Under {
            fields: BTreeMap::from([("p".to_owned(), above.to_owned())]),
        };
        for (above, text, expected) in [
            ("/w/", "/w/a", true),
            ("/w/", "/w/a/b", true),
            ("/w/", "/w/", false),
            ("/w/", "/wx/a", false),
            ("/w/", "/w/../etc/passwd", false),
            ("/w/", "/w/%2e%2e/etc", false),
            ("/w/", "/w/..\\\\x", false),
            ("/w/", "/w/a\\u0000b", false),
            ("/w/", "/w/a; curl evil", false),
            ("/w/", "/w/$(id)", false),
            ("https://x.org/", "https://x.org/a?b=1&c=2", true),
            ("https://x.org/", "https://x.org/a", true),
            ("https://x.org/", "https://x.org.evil/a", false),
            ("https://x.org/", "https://x.org@evil/a", false),
            ("https://x.org/", "http://x.org/a", false),
        ] {
            let arguments = format!(r#"{{"p":"{text}"}}"#);
            assert_eq!(under(above).holds(Some(arguments.as_bytes())), expected, "{above} {text}");
        }
        assert!(!under("/").is_sound() && !under("").is_sound() && !under("/w").is_sound());
        assert!(!under("https://").is_sound() && !under("/w/../").is_sound());
        let none = BTreeMap::new();
        assert!(!Scope::Values { fields: none.clone() }.is_sound());
        assert!(!Scope::Under { fields: none }.is_sound());
        let value = |text: &str| Scope::Values {
            fields: BTreeMap::from([("p".to_owned(), text.to_owned())]),
        };
        for (text, arguments, expected) in [
            ("\"a\"", r#"{"p":"a","q":1}"#, true),
            ("\"a\"", r#"{"p":"b"}"#, false),
            ("\"a\"", "{}", false),
            ("1", r#"{"p":"1"}"#, false),
            ("null", "{}", false),
            ("x", r#"{"p":"x"}"#, false),
        ] {
            assert_eq!(
                value(text).holds(Some(arguments.as_bytes())),
                expected,
                "{text} {arguments}"
            );
        }
        let exact = Scope::exact(Some(br#"{"a":1,"b":2}"#)).unwrap();
        assert!(exact.holds(Some(br#"{"b":2.0, "a":1}"#)) && !exact.holds(Some(br#"{"a":1}"#)));
        assert!(!exact.holds(None) && Scope::exact(None).unwrap().holds(Some(b"{}")));
    }

    #[test]
    fn an_answer_is_for_the_asks_that_it_names_and_no_denial() {
        let reason =
            |rule: &str, verdict| Reason { rule: rule.to_owned(), why: "w".to_owned(), verdict };
        let decision = |reasons: &[(&str, Verdict)]| {
            let reasons: Vec<Reason> =
                reasons.iter().map(|(rule, verdict)| reason(rule, *verdict)).collect();
            let verdict = reasons.iter().map(|reason| reason.verdict).max().unwrap();
            let (risk, phase, acts) = (Risk::Low, Phase::Enforce, verdict);
            Decision { verdict, risk, reasons, phase, acts, show: Vec::new() }
        };
        for (reasons, expected) in [
            (&[("w", Ask)][..], Allow),
            (&[("w", Ask), ("m", Mark)], Mark),
            (&[("w", Ask), ("x", Ask)], Ask),
            (&[("d", Deny), ("w", Ask)], Deny),
            (&[("m", Mark)], Mark),
        ] {
            let mut decision = decision(reasons);
            decision.answered(&["w".to_owned()], reason("remembered.1", Allow));
            assert_eq!((decision.verdict, decision.acts), (expected, expected), "{reasons:?}");
        }
        for (rule, expected) in [
            ("writes", true),
            ("default", true),
            ("approval.1", true),
            ("holds-all", true),
            ("hold", false),
            ("builtin.drift", false),
            ("builtin.own-files", false),
        ] {
            assert_eq!(is_rememberable(rule), expected, "{rule}");
        }
    }
}
