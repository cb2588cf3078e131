//! What texts say beneath their surface: disguise undone, and what is out of place told with its evidence.
//!
//! Pure. A text is normalised once ([`normal::views`]), and every detector reads the same views; what it finds is told in
//! the bytes of the text as it came.

pub mod attack;
pub mod call;
pub mod disagree;
pub mod disguised;
pub mod effect;
pub mod finding;
pub mod foreign;
pub mod hidden;
pub mod model;
pub mod normal;
pub mod order;
pub mod owasp;
pub mod personal;
pub mod places;
pub mod redact;
pub mod report;
pub mod rule;
pub mod schema;
pub mod secrets;
pub mod shell;
pub mod size;
pub mod splice;
pub mod split;
pub mod sql;
pub mod walk;

pub use call::Call;
pub use finding::Found;
pub use report::{Kind, Placed, Report, Worth};
pub use rule::{Rule, Severity};

/// Every rule of detection, by its id.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    use effect::rules as effects;
    let mut all = vec![
        &rule::TAGS,
        &rule::BIDI,
        &rule::ZERO_WIDTH,
        &rule::SELECTORS,
        &rule::CONTROL,
        &rule::MIXED,
        &rule::SECRET,
        &rule::PERSONAL,
        &rule::ORDER,
        &rule::INJECTION,
        &rule::DISGUISED,
        &rule::ATTACK,
        &rule::FOREIGN,
        &rule::DISAGREES,
        &size::FIELD_WARN,
        &size::FIELD,
        &size::HISTORY,
        &size::ITEMS,
        &size::DEPTH,
        &schema::VIOLATION,
        &schema::UNREADABLE,
        &effects::DELETES,
        &effects::FETCH_AND_RUN,
        &effects::WRITES_OUTSIDE,
        &effects::SENDS,
        &effects::PERSISTS,
        &effects::ROOT,
        &effects::READS_SECRETS,
        &effects::HIDES,
        &effects::REMOTE_SHELL,
        &effects::ESCAPES,
        &effects::STOPS,
        &effects::UNPARSEABLE,
        &effects::SQL_DESTROYS,
        &effects::SQL_STACKED,
        &effects::SQL_RIGHTS,
        &effects::SQL_HOST,
        &effects::SQL_HIDES,
        &effects::SQL_TAUTOLOGY,
        &effects::PATH_SENSITIVE,
        &effects::PATH_OUTSIDE,
        &effects::ADDRESS_METADATA,
        &effects::ADDRESS_LINK_LOCAL,
    ];
    all.sort_by_key(|rule| rule.id);
    all
}

/// The rule of a finding, by what it is called; of rules with kinds the kind follows: `secret.github-token`.
#[must_use]
pub fn rule_of(finding: &str) -> Option<&'static Rule> {
    let is_of = |rule: &str| {
        let rest = finding.strip_prefix(rule);
        rest.is_some_and(|rest| rest.is_empty() || !rule.contains('.') && rest.starts_with('.'))
    };
    rules().into_iter().find(|rule| is_of(rule.id))
}
