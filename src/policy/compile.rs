//! From a policy's text to something that answers questions, or to one error that says where, what and
//! what to do.

mod examples;
mod rule;

use std::sync::Arc;

use serde_saphyr::Spanned;
use sha2::{Digest as _, Sha256};

use self::examples::check_examples;
pub(in crate::policy) use self::rule::Rule;
use self::rule::{Checker, Sets, compile_rule};
use super::arguments::Sizes;
use super::budget::{self, Budget};
use super::condition::{Condition, Given, Looks, Shared};
use super::definitions::{self, Definitions, Handling};
use super::document::{self, DefaultText, Document, RULES_MAX, RecordingText, TEXT_BYTES_MAX};
use super::draft::drafts;
pub use super::error::PolicyError;
use super::error::{Cause, Place};
use super::evaluate::Question;
use super::explain::{Considered, Fit, Standing, When};
use super::extend::{self, Name};
use super::globs::{Globs, GlobsBuilder, fenced};
use super::results::{self, ResultRule};
use super::shipped::{SHIPPED, shipped};
use super::suppress::{self, Spot, Suppression};
use super::{Phase, Reason, Risk, Verdict};
use crate::inspect::size::Limits;
use crate::text::hex;

/// The one version of the format.
const VERSION: u64 = 1;
/// The rules of `human_approval_required`.
pub(in crate::policy) const APPROVALS: &str = "approval.";
/// The rules of a role's list.
const ROLE_RULES: &str = "role.";
/// The id in the reason of the default.
pub(super) const DEFAULT: &str = "default";

/// A policy that was checked and compiled; deciding with it cannot fail.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    phase: Phase,
    default_phase: Phase,
    deadline_ms: Option<u64>,
    records_raw: bool,
    text: String,
    default: Reason,
    layer: bool,
    /// Roles with a list of their own.
    roles: Vec<String>,
    rules: Vec<Rule>,
    definitions: Vec<Definitions>,
    definitions_phase: Phase,
    sizes: Sizes,
    results: Vec<ResultRule>,
    results_phase: Phase,
    suppressions: Vec<Suppression>,
    servers: Globs,
    tools: Globs,
    /// The rules, by number, that name no tool: they are looked at for every one.
    of_any_tool: Vec<usize>,
    /// What all conditions share.
    shared: Arc<Shared>,
}

/// What a document is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What decides: it has to say what holds where no rule fits.
    Base,
    /// What is put over it.
    Layer,
    /// What is merged into it, where what it leaves out stands.
    Amendment,
}

impl Policy {
    /// Reads, checks and compiles a policy. `file` names it in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place; nothing of a broken policy is ever in force.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        Self::read(file, text, Kind::Base)
    }

    /// Reads a layer, which is put over a policy and only ever makes it stricter: it says nothing where none of its
    /// rules fits.
    ///
    /// # Errors
    /// As [`Policy::parse`]; a default is one.
    pub fn parse_layer(file: &str, text: &str) -> Result<Self, PolicyError> {
        Self::read(file, text, Kind::Layer)
    }

    /// Reads what stands beside a policy: a policy, or a layer where it has no default.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn parse_beside(file: &str, text: &str) -> Result<Self, PolicyError> {
        match Self::read(file, text, Kind::Base) {
            Ok(policy) if !policy.suppressions.is_empty() => {
                Err(PolicyError::new(file, Place::default(), None, Cause::SuppressionsOfLayer))
            }
            Err(error) if *error.cause() == (Cause::MissingKey { key: "default" }) => {
                Self::read(file, text, Kind::Layer)
            }
            other => other,
        }
    }

    /// Whether it says nothing where no rule of it fits.
    #[must_use]
    pub const fn is_layer(&self) -> bool {
        self.layer
    }

    fn read(file: &str, text: &str, kind: Kind) -> Result<Self, PolicyError> {
        if text.len() > TEXT_BYTES_MAX {
            let cause = Cause::TooLarge { limit_bytes: TEXT_BYTES_MAX };
            return Err(PolicyError::new(file, Place::default(), None, cause));
        }
        let document =
            document::read(text).map_err(|error| PolicyError::from_yaml(file, text, &error))?;
        match &document.extends {
            None => compile(file, text, &document, kind),
            Some(below) => Self::extending(file, text, &document, below, kind),
        }
    }

    /// Reads a document that extends a shipped policy, as what both are together.
    fn extending(
        file: &str,
        text: &str,
        document: &Document,
        below: &Spanned<String>,
        kind: Kind,
    ) -> Result<Self, PolicyError> {
        let error = |place: &Spanned<String>, cause| {
            PolicyError::new(file, Place::of(place.referenced), None, cause)
        };
        let Some(lower) = shipped(&below.value) else {
            let known = SHIPPED.iter().map(|(name, _)| *name).collect();
            return Err(error(below, Cause::Extends { name: below.value.clone(), known }));
        };
        // Alone first: what is wrong in it has its place.
        compile(file, text, document, Kind::Amendment)?;
        let ids = extend::ids(lower);
        if let Some(id) = document.without.iter().find(|id| !ids.contains(&id.value)) {
            let of = below.value.clone();
            return Err(error(id, Cause::NotThere { id: id.value.clone(), of }));
        }
        let merged = extend::merge(lower, text, Name::Upper).unwrap_or_default();
        Self::read(file, &merged, kind).map_err(PolicyError::without_place)
    }

    /// The policy with what is said in another file, which takes the place of what it says; what the file does not name
    /// stays. It may leave out its phase and its default.
    ///
    /// # Errors
    /// As [`Policy::parse`], of the other file.
    pub fn amended(&self, file: &str, text: &str) -> Result<Self, PolicyError> {
        let upper = Self::read(file, text, Kind::Amendment)?;
        let merged = extend::merge(&self.text, &upper.text, Name::Lower).unwrap_or_default();
        Self::read(file, &merged, Kind::Base).map_err(PolicyError::without_place)
    }

    /// The document's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether verdicts act.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The text it was compiled from, for the recording.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, as 64 hex digits.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.text.as_bytes()))
    }

    /// What holds where no rule fits.
    #[must_use]
    pub const fn default_reason(&self) -> &Reason {
        &self.default
    }

    pub(super) const fn default_phase(&self) -> Phase {
        self.default_phase
    }

    /// How long a call waits for an operator at most, in milliseconds, where the document says it.
    #[must_use]
    pub const fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms
    }

    /// Whether recordings are to have secrets as they were sent.
    #[must_use]
    pub const fn records_raw(&self) -> bool {
        self.records_raw
    }

    /// What holds for a server's definitions.
    #[must_use]
    pub fn handling(&self, server: &str) -> Handling {
        definitions::handling(&self.definitions, server)
    }

    /// How large an argument of a tool is, by its JSON pointer, before a finding tells of it.
    #[must_use]
    pub fn limits(&self, tool: &str, path: &str) -> Limits {
        self.sizes.limits(tool, path)
    }

    /// Findings that are false alarms.
    #[must_use]
    pub fn suppressions(&self) -> &[Suppression] {
        &self.suppressions
    }

    /// The suppression of a finding of this rule at this place.
    #[must_use]
    pub fn suppresses(&self, rule: &str, spot: &Spot) -> Option<&Suppression> {
        self.suppressions.iter().find(|one| one.holds(rule, spot))
    }

    pub(super) fn results(&self) -> &[ResultRule] {
        &self.results
    }

    pub(super) const fn results_phase(&self) -> Phase {
        self.results_phase
    }

    /// Whether what it says of definitions acts.
    #[must_use]
    pub const fn definitions_phase(&self) -> Phase {
        self.definitions_phase
    }

    /// Whether the document says anything of this role: by a list, or, where it has none, by a rule.
    #[must_use]
    pub fn knows_role(&self, role: &str) -> bool {
        let name = fenced(role);
        let ruled = |rule: &Rule| rule.roles.as_ref().is_some_and(|roles| roles.is_match(&name));
        if self.roles.is_empty() {
            return self.rules.iter().any(ruled);
        }
        self.roles.iter().any(|known| known == role)
    }

    /// The rules, by number, that fit a call's names, its role and its method: what a condition then looks at.
    pub(super) fn named(&self, question: &Question<'_>) -> Vec<usize> {
        let mut servers = self.servers.rules(question.server);
        servers.sort_unstable();
        let mut tools = self.tools.rules(question.tool);
        tools.extend(&self.of_any_tool);
        tools.sort_unstable();
        tools.dedup();
        let fits = |at: usize| {
            let Some(rule) = self.rules.get(at) else { return false };
            (rule.any_server || servers.binary_search(&at).is_ok())
                && rule.about(question) == (true, true)
        };
        let listed = |other: usize| tools.binary_search(&other).is_ok() && fits(other);
        let excepted =
            |at: usize| self.rules.get(at).and_then(|rule| rule.unless).is_some_and(listed);
        tools.iter().copied().filter(|at| fits(*at) && !excepted(*at)).collect()
    }

    /// Those of the rules that fit by name whose condition lets them take part.
    pub(super) fn holding(&self, named: &[usize], question: &Question<'_>) -> Vec<&Rule> {
        let given = Given::new(question, &self.shared);
        let rules = named.iter().filter_map(|at| self.rules.get(*at));
        rules
            .filter(|rule| rule.budget.is_none() && rule.sees(question) && rule.holds(&given))
            .collect()
    }

    /// Whether it counts calls at all.
    #[must_use]
    pub fn has_budgets(&self) -> bool {
        self.rules.iter().any(|rule| rule.budget.is_some())
    }

    /// The budgets that count a call, by its names.
    #[must_use]
    pub fn budgets(&self, question: &Question<'_>) -> Vec<Budget> {
        let named = self.named(question);
        named.iter().filter_map(|at| self.rules.get(*at)?.budget.clone()).collect()
    }

    /// Whether a session is not even to be shown a tool: its role may not call it, and that is in force.
    #[must_use]
    pub fn hides(&self, question: &Question<'_>) -> bool {
        let denies = |rule: &Rule| {
            let role = rule.reason.rule.strip_prefix(ROLE_RULES);
            role.is_some() && rule.phase.acting(rule.reason.verdict) == Verdict::Deny
        };
        let named = self.named(question);
        named.iter().filter_map(|at| self.rules.get(*at)).any(denies)
    }

    /// What these rules look at in a call in which nothing was found.
    pub(super) fn looks(&self, named: &[usize]) -> Looks {
        // What is about findings takes no part where there are none.
        let rules = named.iter().filter_map(|at| self.rules.get(*at));
        let looks =
            rules.filter(|rule| !rule.wants_findings()).filter_map(|rule| match &rule.condition {
                _ if rule.looks_at_arguments() => Some(Looks::Call),
                condition => condition.as_ref().map(Condition::looks),
            });
        looks.max().unwrap_or(Looks::Names)
    }

    /// The rules that fit, in the document's order.
    pub(super) fn fitting(&self, question: &Question<'_>) -> Vec<&Rule> {
        self.holding(&self.named(question), question)
    }

    /// The same for a request that is no call of a tool: what says nothing of methods is not about it.
    pub(super) fn fitting_method(&self, question: &Question<'_>) -> Vec<&Rule> {
        if self.rules.iter().all(|rule| rule.methods.is_none()) {
            return Vec::new();
        }
        self.fitting(question)
    }
}

impl Policy {
    /// Every rule, and how the names fit it.
    pub(super) fn considered(&self, question: &Question<'_>) -> Vec<Considered<'_>> {
        let fit = |globs: &Globs, name: &str| {
            let (exact, folded) = (globs.exact(name), globs.folded(name));
            move |any: bool, rule: usize| match any {
                true => Fit::Any,
                false if exact.contains(&rule) => Fit::Exact,
                false if folded.contains(&rule) => Fit::Folded,
                false => Fit::No,
            }
        };
        let server = fit(&self.servers, question.server);
        let tool = fit(&self.tools, question.tool);
        let (named, given) = (self.named(question), Given::new(question, &self.shared));
        let rules = self.rules.iter().enumerate();
        rules
            .map(|(at, rule)| Considered {
                reason: &rule.reason,
                risk: rule.risk,
                server: server(rule.any_server, at),
                tool: tool(rule.any_tool, at),
                standing: match rule.about(question) {
                    (false, _) => Standing::OtherRole,
                    (true, false) => Standing::OtherMethod,
                    _ if !rule.sees(question) => Standing::Unseen,
                    _ if rule.budget.is_some() => Standing::Counts,
                    _ if rule.unless.is_some_and(|other| named.contains(&other)) => {
                        Standing::Listed
                    }
                    _ => Standing::In,
                },
                when: rule.condition.as_ref().map(|condition| When {
                    source: condition.source(),
                    truth: condition.holds(&given),
                }),
            })
            .collect()
    }

    /// Every rule's id, sentence and verdict, and its risk, in the document's order.
    pub fn rules(&self) -> impl Iterator<Item = (&Reason, Risk)> {
        self.rules.iter().map(|rule| (&rule.reason, rule.risk))
    }

    /// How many rules it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether the default alone speaks.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

fn compile(file: &str, text: &str, document: &Document, kind: Kind) -> Result<Policy, PolicyError> {
    let check = Checker { file, rule: None };
    let Document { version, name, phases, default, .. } = document;
    let place = Place::of(version.referenced);
    if version.value != VERSION {
        return Err(check.error(place, Cause::Version { version: version.value }));
    }
    let place = Place::of(name.referenced);
    check.name(place, &name.value)?;
    let phase = match (document.phase, kind) {
        (Some(phase), _) => phase,
        (None, Kind::Amendment) => Phase::Enforce,
        (None, Kind::Base | Kind::Layer) => {
            return Err(check.error(place, Cause::MissingKey { key: "phase" }));
        }
    };
    let reason = default_of(file, place, default.as_ref(), kind)?;
    if let (Some(id), Kind::Base) = (document.without.first(), kind) {
        return Err(check.error(Place::of(id.referenced), Cause::WithoutAlone));
    }
    let every = drafts(file, document, phase)?;
    if every.len() > RULES_MAX {
        return Err(check.error(place, Cause::TooManyRules { limit: RULES_MAX }));
    }
    let (servers, tools) = (GlobsBuilder::new(), GlobsBuilder::new());
    let mut sets = Sets { servers, tools, shared: Shared::default() };
    let mut compiled: Vec<Rule> = Vec::new();
    for (at, draft) in every.iter().enumerate() {
        let before = every.get(..at).unwrap_or_default();
        compiled.push(compile_rule(file, at, draft, before, &mut sets)?);
    }
    let Sets { servers, tools, shared } = sets;
    let any_tool = compiled.iter().enumerate().filter(|(_, rule)| rule.any_tool);
    let broken = |cause| PolicyError::new(file, Place::default(), None, cause);
    let policy = Policy {
        name: name.value.clone(),
        phase,
        default_phase: phases.rules.unwrap_or(phase),
        deadline_ms: budget::deadline_ms(file, document.deadline.as_ref())?,
        records_raw: document.recording == Some(RecordingText::Raw),
        text: text.to_owned(),
        default: reason,
        layer: kind == Kind::Layer,
        roles: document.agent_roles.keys().cloned().collect(),
        of_any_tool: any_tool.map(|(at, _)| at).collect(),
        shared: Arc::new(shared),
        rules: compiled,
        definitions: definitions::compile(file, &document.definitions)?,
        definitions_phase: phases.definitions.unwrap_or(phase),
        sizes: Sizes::compile(file, &document.argument_policies)?,
        results: results::compile(file, &document.results)?,
        results_phase: phases.results.unwrap_or(phase),
        suppressions: suppress::compile(file, &document.suppressions, kind != Kind::Layer)?,
        servers: servers.build().map_err(broken)?,
        tools: tools.build().map_err(broken)?,
    };
    for (at, draft) in every.iter().enumerate() {
        if let Some(examples) = draft.examples {
            check_examples(file, (at, draft), examples, &policy)?;
        }
    }
    Ok(policy)
}

/// What holds where no rule fits. In a layer that is nothing, whatever stands here.
fn default_of(
    file: &str,
    name: Place,
    default: Option<&DefaultText>,
    kind: Kind,
) -> Result<Reason, PolicyError> {
    let check = Checker { file, rule: Some(DEFAULT) };
    let (why, verdict) = match (default, kind) {
        (Some(default), Kind::Base | Kind::Amendment) => {
            let place = Place::of(default.why.referenced);
            (check.why(place, &default.why.value)?, default.verdict)
        }
        (None, Kind::Layer | Kind::Amendment) => (String::new(), Verdict::Allow),
        (None, Kind::Base) => {
            let check = Checker { file, rule: None };
            return Err(check.error(name, Cause::MissingKey { key: "default" }));
        }
        (Some(default), Kind::Layer) => {
            let place = Place::of(default.why.referenced);
            return Err(check.error(place, Cause::DefaultOfLayer));
        }
    };
    Ok(Reason { rule: DEFAULT.to_owned(), why, verdict })
}

#[cfg(test)]
mod tests;
