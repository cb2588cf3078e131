//! What detectors and the gate saw, each thing once, however often it was seen.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::console::model::fold::{Fold, foreign};
use crate::console::model::{CallAt, Model, SessionId, names};
use crate::engine::{At, ConnId, Facts, Finding, Kind, Severity};
use crate::inspect;
use crate::text::Safe;

/// Findings that are listed; of more the least severe go first, the oldest of them.
pub const FINDINGS_MAX: usize = 1000;
/// Longer evidence is cut, in bytes; the record has it whole.
const EVIDENCE_BYTES_MAX: usize = 400;

/// One thing that was seen, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Its number: findings are numbered as they are seen first.
    pub number: u64,
    /// In which session.
    pub session: SessionId,
    /// The rule, as records have it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Of what: `server.tool`, or what else was looked at.
    pub subject: Safe,
    /// Where in it: a JSON pointer; empty where it has no place.
    pub path: Safe,
    /// The sentence.
    pub what: Safe,
    /// What decided, as it is read; empty where the sentence says it all.
    pub evidence: Safe,
    /// What was undone to read it.
    pub behind: Safe,
    /// So many times.
    pub count: u64,
    /// When it was seen last.
    pub last: At,
    /// The call that it was seen in last.
    pub call: Option<CallAt>,
    /// Whether it was seen in an answer.
    pub in_answer: bool,
}

/// Where a finding was made.
#[derive(Debug, Clone)]
pub(super) struct Where {
    pub(super) session: SessionId,
    pub(super) subject: Safe,
    pub(super) at: At,
    pub(super) call: Option<CallAt>,
    pub(super) in_answer: bool,
}

/// All that are listed, as they were seen first.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    all: Arc<Vec<Arc<Sighting>>>,
    next: u64,
    /// How many are not listed any more.
    pub dropped: u64,
}

impl Findings {
    /// Takes one in.
    pub(super) fn take(&mut self, finding: &Finding, place: Where) {
        let seen = finding.seen.as_deref();
        let path = Safe::escape(seen.map_or("", |seen| seen.path.as_str()));
        let evidence = cut(seen.map_or("", |seen| seen.evidence.as_str()));
        let what = cut(&finding.what);
        let all = Arc::make_mut(&mut self.all);
        let same = |one: &&mut Arc<Sighting>| {
            one.session == place.session
                && one.rule == finding.rule
                && one.path == path
                && one.evidence == evidence
                && one.subject == place.subject
                && (seen.is_some() || one.what == what)
        };
        // What comes again mostly came lately.
        if let Some(known) = all.iter_mut().rev().find(same) {
            let known = Arc::make_mut(known);
            known.count += 1;
            known.severity = known.severity.max(finding.severity);
            (known.last, known.call, known.in_answer) = (place.at, place.call, place.in_answer);
            return;
        }
        let Where { session, subject, at, call, in_answer } = place;
        let behind = seen.map_or_else(String::new, |seen| seen.behind.join(", "));
        all.push(Arc::new(Sighting {
            number: self.next,
            session,
            rule: finding.rule.clone(),
            severity: finding.severity,
            subject,
            path,
            what,
            evidence,
            behind: Safe::escape(&behind),
            count: 1,
            last: at,
            call,
            in_answer,
        }));
        self.next += 1;
        if all.len() > FINDINGS_MAX {
            let least = all.iter().enumerate().min_by_key(|(_, one)| (one.severity, one.number));
            if let Some((at, _)) = least {
                all.remove(at);
                self.dropped += 1;
            }
        }
    }

    /// How many are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Fold<'_> {
    /// What was seen in a record, for the log and the list.
    pub(super) fn findings(&mut self, facts: &Facts, conn: Option<ConnId>) {
        for one in std::iter::once(facts).chain(&facts.members) {
            for finding in &one.findings {
                self.model.findings += u64::from(finding.suppressed.is_none());
                let source = names::identifier(&finding.rule);
                let marked = finding.suppressed.as_ref().map(|_| Severity::Info);
                let severity = marked.unwrap_or(finding.severity);
                self.log(severity, source, foreign(&finding.told()));
                let place = self.place_of(one, conn);
                self.model.sightings.take(finding, place);
            }
        }
    }

    fn place_of(&self, facts: &Facts, conn: Option<ConnId>) -> Where {
        let call = facts.call.and_then(|call| self.row_at(call));
        let server = conn.map(|conn| self.server_shown(conn));
        let name = facts.tool.as_deref().or(facts.method.as_deref()).map(names::identifier);
        let subject = match (server, name) {
            (Some(server), Some(name)) => server.then(&Safe::word(".")).then(&name),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Safe::word("session"),
        };
        let in_answer = facts.kind == Some(Kind::Response);
        Where { session: self.id, subject, at: self.at, call, in_answer }
    }
}

/// What an operator did with a finding. It lives as long as the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Nobody looked at it.
    New,
    /// It was selected.
    Seen,
    /// It was put away.
    Dismissed,
}

impl Handled {
    /// The word in the list.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Dismissed => "dismissed",
        }
    }
}

/// What was done with which, by their numbers.
pub type HandledBy = BTreeMap<u64, Handled>;

impl Model {
    /// The findings as they are listed: what was put away last, the worst first, of these the latest.
    #[must_use]
    pub fn listed_findings(&self) -> Vec<&Sighting> {
        let mut all: Vec<&Sighting> = self.sightings.all.iter().map(|one| &**one).collect();
        all.sort_by_key(|one| {
            let put_away = self.handled(one) == Handled::Dismissed;
            (put_away, Reverse(one.severity), Reverse(one.last), Reverse(one.number))
        });
        all
    }

    /// The place of the selected one among these; the first where none is.
    #[must_use]
    pub fn selected_finding(&self, listed: &[&Sighting]) -> usize {
        let selected = self.ui.finding;
        listed.iter().position(|one| Some(one.number) == selected).unwrap_or_default()
    }

    /// What was done with a finding.
    #[must_use]
    pub fn handled(&self, one: &Sighting) -> Handled {
        self.ui.handled.get(&one.number).copied().unwrap_or(Handled::New)
    }

    /// Findings of medium severity and above that nobody looked at.
    #[must_use]
    pub fn unseen_findings(&self) -> usize {
        let all = self.sightings.all.iter();
        let open = |one: &&Arc<Sighting>| {
            one.severity >= Severity::Medium && self.handled(one) == Handled::New
        };
        all.filter(open).count()
    }
}

impl Sighting {
    /// Its rule's id, to look at.
    #[must_use]
    pub fn rule_shown(&self) -> Safe {
        names::identifier(&self.rule)
    }

    /// What the rule says for itself, and its entries in OWASP's lists; nothing for rules of the gate's own.
    #[must_use]
    pub fn about(&self) -> Option<(&'static str, &'static [&'static str])> {
        let family = self.rule.split('.').next().unwrap_or_default();
        // Those of secrets and of personal data have their kind behind them.
        let rules = inspect::rules();
        let known = rules.iter().find(|rule| rule.id == self.rule || rule.id == family)?;
        Some((known.why, known.owasp))
    }
}

fn cut(text: &str) -> Safe {
    let end = text.floor_char_boundary(EVIDENCE_BYTES_MAX);
    let shown = Safe::escape(text.get(..end).unwrap_or_default());
    if end < text.len() { shown.then(&Safe::word("~")) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seen;

    fn taken(findings: &mut Findings, rule: &str, severity: Severity, evidence: &str) {
        let seen = Seen {
            path: "/a".to_owned(),
            span: (0, 1),
            evidence: evidence.to_owned(),
            behind: Vec::new(),
        };
        let finding = Finding { seen: Some(Box::new(seen)), ..Finding::new(rule, severity, "x") };
        let (subject, at) = (Safe::word("s.t"), At::default());
        let session = SessionId(0);
        findings.take(&finding, Where { session, subject, at, call: None, in_answer: false });
    }

    #[test]
    fn what_comes_again_is_counted_and_the_least_goes_first() {
        let mut findings = Findings::default();
        for _ in 0..3 {
            taken(&mut findings, "a", Severity::High, "e");
        }
        taken(&mut findings, "a", Severity::High, "another");
        assert_eq!((findings.len(), findings.all[0].count), (2, 3));
        for n in 0..FINDINGS_MAX {
            taken(&mut findings, "b", Severity::Low, &n.to_string());
        }
        assert_eq!((findings.len(), findings.dropped), (FINDINGS_MAX, 2));
        assert!(findings.all.iter().filter(|one| one.rule == "a").count() == 2);
        assert_eq!(findings.all[2].evidence.as_str(), "2", "the oldest of the least");
    }
}
