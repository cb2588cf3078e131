//! How often a session may call something: a number of calls, in the whole session or in any window of a length.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::document::{Patterns, given};
use super::error::{Cause, Place, PolicyError};
use super::schema::{Beyond, RuleId, SENTENCE_FORM};
use super::{Decision, Phase, Reason, Risk, Verdict};

/// Most calls of a budget: more is no limit.
const CALLS_MAX: u64 = 1_000_000;
/// Longest window, in milliseconds: a day. What is longer is the session.
const WINDOW_MS_MAX: u64 = 86_400_000;
/// The shortest deadline: a person can read in it.
const DEADLINE_MS_MIN: u64 = 10_000;
/// The longest: a day. No agent is known to wait longer.
const DEADLINE_MS_MAX: u64 = 86_400_000;
/// `per: session`.
const SESSION: &str = "session";

/// How often a session may call something, and what is said of one call more.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "budget")]
pub(super) struct BudgetText {
    /// Its own for every budget and rule: small letters, digits, dots and dashes.
    #[schemars(with = "RuleId")]
    pub(super) id: Spanned<String>,
    /// Why, in a sentence that cards and refusals show.
    #[schemars(with = "String", regex(pattern = SENTENCE_FORM))]
    pub(super) why: Spanned<String>,
    /// Which calls it counts.
    #[serde(rename = "match")]
    #[schemars(with = "BudgetMatch")]
    pub(super) matches: Spanned<BudgetMatch>,
    /// How many calls go on.
    #[schemars(with = "u64", range(min = 1, max = CALLS_MAX))]
    pub(super) calls: Spanned<u64>,
    /// `session`, or a time of at most a day: `30s`, `10m`, `2h`.
    #[schemars(with = "String", regex(pattern = "^(session|0*[1-9][0-9]*[smh])$"))]
    pub(super) per: Spanned<String>,
    /// What is said of one call more.
    #[serde(default = "deny")]
    #[schemars(with = "Beyond")]
    pub(super) verdict: Verdict,
    /// How much harm a mistaken yes could do.
    #[serde(default)]
    pub(super) risk: Risk,
}

const fn deny() -> Verdict {
    Verdict::Deny
}

/// Which calls a budget counts, by their names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "budget_match", extend("minProperties" = 1))]
pub(super) struct BudgetMatch {
    /// Names of servers.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) server: Option<Spanned<Patterns>>,
    /// Names of tools.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) tool: Option<Spanned<Patterns>>,
    /// Names of roles.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Patterns")]
    pub(super) role: Option<Spanned<Patterns>>,
}

/// A budget, and what is said of a call beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Calls that it allows.
    pub calls: u64,
    /// In any time so long, in milliseconds; `None`: in the session.
    pub window_ms: Option<u64>,
    /// What is said of one more.
    pub beyond: Reason,
    /// The risk of a mistaken yes to it.
    pub risk: Risk,
    /// Whether that acts.
    pub phase: Phase,
}

impl Budget {
    /// What is said of a call beyond it.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let verdict = self.beyond.verdict;
        Decision {
            verdict,
            risk: self.risk,
            reasons: vec![self.beyond.clone()],
            phase: self.phase,
            acts: self.phase.acting(verdict),
            show: Vec::new(),
        }
    }
}

/// So many calls.
pub(super) fn calls(calls: u64) -> Result<u64, Cause> {
    let fits = (1..=CALLS_MAX).contains(&calls);
    if fits { Ok(calls) } else { Err(Cause::Calls { calls, most: CALLS_MAX }) }
}

/// `session`, or a time: `30s`, `10m`, `2h`; in milliseconds.
pub(super) fn window_ms(per: &str) -> Result<Option<u64>, Cause> {
    if per == SESSION {
        return Ok(None);
    }
    let window = time_ms(per, WINDOW_MS_MAX);
    window.map(Some).ok_or_else(|| Cause::Per { per: per.to_owned() })
}

/// How long a call waits for an operator at most, in milliseconds.
///
/// # Errors
/// With its place, where it is no time or too short to read in.
pub(super) fn deadline_ms(
    file: &str,
    text: Option<&Spanned<String>>,
) -> Result<Option<u64>, PolicyError> {
    let Some(text) = text else { return Ok(None) };
    let ms = time_ms(&text.value, DEADLINE_MS_MAX).filter(|ms| *ms >= DEADLINE_MS_MIN);
    let cause = || Cause::Deadline { deadline: text.value.clone() };
    let place = Place::of(text.referenced);
    ms.map(Some).ok_or_else(|| PolicyError::new(file, place, None, cause()))
}

/// A time: `30s`, `10m`, `2h`, in milliseconds, up to the longest that is allowed.
pub(super) fn time_ms(text: &str, most: u64) -> Option<u64> {
    let (number, unit_ms) = [("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        .into_iter()
        .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)))?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = if digits { number.parse().ok()? } else { return None };
    Some(number.saturating_mul(unit_ms)).filter(|ms| (1..=most).contains(ms))
}
