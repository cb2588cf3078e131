//! What a policy says of servers' definitions: which are taken without an operator, and what becomes of changed ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::document::{Patterns, given};
use super::globs::{fenced, few};
use super::{Place, PolicyError};
use crate::catalog::Trust;

/// Grace of a staged change where none is said: a day (features.md, F5).
const GRACE_MS: u64 = 86_400_000;
/// Longest grace: thirty days. What may stay longer is approved or refused.
const GRACE_MS_MAX: u64 = 30 * GRACE_MS;

/// What becomes of calls of a tool that is not what it is to be, from easy to strict.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "drift")]
pub enum DriftMode {
    /// They go on, marked, until the grace is over; then they are denied. The agent sees the new definition.
    Stage,
    /// The agent keeps seeing what was approved. Calls go on while every change is cosmetic; anything else asks.
    #[default]
    ServePinned,
    /// They are denied.
    Block,
}

/// Servers, and what holds for their definitions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "definitions")]
pub(super) struct DefinitionsText {
    /// Names of servers.
    #[schemars(with = "Patterns")]
    pub(super) server: Spanned<Patterns>,
    /// What becomes of a definition that nobody approved.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Trust")]
    pub(super) trust: Option<Trust>,
    /// What becomes of one that changed.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "DriftMode")]
    pub(super) drift: Option<DriftMode>,
    /// How long a staged change may stay: a time of at most thirty days.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = "^0*[1-9][0-9]*[smh]$"))]
    pub(super) grace: Option<Spanned<String>>,
}

/// What holds for one server's definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handling {
    /// Of what is new.
    pub trust: Trust,
    /// Of what changed.
    pub drift: DriftMode,
    /// How long a staged change may stay, in milliseconds.
    pub grace_ms: u64,
}

impl Handling {
    /// The strictest of both, part by part.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            trust: self.trust.max(other.trust),
            drift: self.drift.max(other.drift),
            grace_ms: self.grace_ms.min(other.grace_ms),
        }
    }
}

impl Default for Handling {
    fn default() -> Self {
        let (trust, drift) = (Trust::default(), DriftMode::default());
        Self { trust, drift, grace_ms: GRACE_MS }
    }
}

/// One line of the section, compiled.
#[derive(Debug, Clone)]
pub(super) struct Definitions {
    servers: globset::GlobSet,
    trust: Option<Trust>,
    drift: Option<DriftMode>,
    grace_ms: Option<u64>,
}

/// Compiles the section.
///
/// # Errors
/// A pattern or a time that cannot be read, with its place.
pub(super) fn compile(
    file: &str,
    texts: &[DefinitionsText],
) -> Result<Vec<Definitions>, PolicyError> {
    let one = |text: &DefinitionsText| {
        let error = |place, cause| PolicyError::new(file, place, None, cause);
        let place = Place::of(text.server.referenced);
        let grace = text.grace.as_ref().map(|grace| {
            let ms = super::budget::time_ms(&grace.value, GRACE_MS_MAX);
            ms.ok_or_else(|| {
                let cause = super::Cause::Grace { grace: grace.value.clone() };
                error(Place::of(grace.referenced), cause)
            })
        });
        Ok(Definitions {
            servers: few(&text.server.value.0).map_err(|cause| error(place, cause))?,
            trust: text.trust,
            drift: text.drift,
            grace_ms: grace.transpose()?,
        })
    };
    texts.iter().map(one).collect()
}

/// What holds for a server: of all lines about it the strictest, part by part, and where none says anything the
/// default.
pub(super) fn handling(all: &[Definitions], server: &str) -> Handling {
    let server = fenced(server);
    let about = || all.iter().filter(|one| one.servers.is_match(&server));
    let default = Handling::default();
    Handling {
        trust: about().filter_map(|one| one.trust).max().unwrap_or(default.trust),
        drift: about().filter_map(|one| one.drift).max().unwrap_or(default.drift),
        grace_ms: about().filter_map(|one| one.grace_ms).min().unwrap_or(default.grace_ms),
    }
}
