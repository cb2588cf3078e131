//! What detectors and guards found, each thing once with its count, and what the operator has seen of it.
//!
//! The list is a part of what marks keep, so that a tape that goes back has what was found until there. What the
//! operator has seen, dismissed and noted is kept by number beside it: the same records give the same numbers.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::console::filter::{
    Body, BodyField, Match, NameField, NumberField, Subject, TagField, Tags, Tester,
};
use crate::console::model::row::Row;
use crate::console::model::ui::Chosen;
use crate::console::model::{Model, NameId, SessionId, names};
use crate::engine::{At, CallId, Finding, Seen, Severity};
use crate::text::Safe;

/// Findings that the pane lists; beyond it the oldest of the least severity goes.
pub const FINDINGS_MAX: usize = 1000;
/// Bytes that are kept of a sentence, a place or a piece of evidence.
const TEXT_BYTES_MAX: usize = 1024;
/// Words of the operator that are kept for findings that are not listed any more, before they are forgotten.
const STANDINGS_MAX: usize = 4 * FINDINGS_MAX;

/// What makes two findings the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rule: String,
    server: Option<NameId>,
    tool: Option<NameId>,
    path: String,
    evidence: String,
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Whose record.
    pub session: SessionId,
    /// When.
    pub at: At,
    /// The server, where it is about one.
    pub server: Option<NameId>,
    /// The tool, or the method.
    pub tool: Option<NameId>,
    /// The call that it belongs to.
    pub call: Option<CallId>,
    /// Whether it is in what came back.
    pub in_answer: bool,
}

/// Something that was found, once or often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// From 0, in the order in which they came.
    pub number: u64,
    /// What was found last of it.
    pub finding: Finding,
    /// How often.
    pub count: u64,
    /// When first.
    pub first_at: At,
    /// Where last.
    pub last: Source,
}

/// The place of a finding in the list, the least worth of it first.
type Rank = (Severity, At, u64);

/// All that are kept. Copies share what does not change.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    known: Arc<BTreeMap<Arc<Key>, Arc<Found>>>,
    ranked: Arc<BTreeMap<Rank, Arc<Key>>>,
    next: u64,
    gone: u64,
}

impl Findings {
    /// Takes one in; the same one again is counted.
    pub(super) fn take(&mut self, finding: &Finding, last: Source) {
        let finding = kept(finding);
        let seen = finding.seen.as_deref();
        let key = Arc::new(Key {
            rule: finding.rule.clone(),
            server: last.server,
            tool: last.tool,
            path: seen.map_or_else(String::new, |seen| seen.path.clone()),
            evidence: seen.map_or_else(|| finding.what.clone(), |seen| seen.evidence.clone()),
        });
        let known = Arc::make_mut(&mut self.known);
        let ranked = Arc::make_mut(&mut self.ranked);
        let mut found = if let Some(before) = known.remove(&key) {
            ranked.remove(&rank(&before));
            Arc::unwrap_or_clone(before)
        } else {
            self.next += 1;
            let (number, first_at) = (self.next - 1, last.at);
            Found { number, finding: finding.clone(), count: 0, first_at, last }
        };
        // A false alarm that was told is worth nothing from then on.
        let severity = match &finding.suppressed {
            Some(_) => Severity::Info,
            None => finding.severity.max(found.finding.severity),
        };
        found.finding = Finding { severity, ..finding };
        found.count += 1;
        found.last = last;
        ranked.insert(rank(&found), Arc::clone(&key));
        known.insert(key, Arc::new(found));
        while known.len() > FINDINGS_MAX {
            let Some((_, oldest)) = ranked.pop_first() else { break };
            known.remove(&oldest);
            self.gone += 1;
        }
    }

    /// How many are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many had to go, for others.
    #[must_use]
    pub const fn gone(&self) -> u64 {
        self.gone
    }

    /// The worst first, of these the newest.
    pub fn iter(&self) -> impl Iterator<Item = &Found> {
        self.ranked.values().rev().filter_map(|key| self.known.get(key)).map(|found| &**found)
    }

    /// The numbers of those of this severity and above.
    fn numbers(&self, least: Severity) -> impl Iterator<Item = u64> {
        let from = Bound::Included((least, At(0), 0));
        self.ranked.range((from, Bound::Unbounded)).map(|((_, _, number), _)| *number)
    }
}

const fn rank(found: &Found) -> Rank {
    (found.finding.severity, found.last.at, found.number)
}

/// As much of it as is kept.
fn kept(finding: &Finding) -> Finding {
    let cut = |text: &str| text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).map(str::to_owned);
    let seen = finding.seen.as_deref().map(|seen| {
        Box::new(Seen {
            path: cut(&seen.path).unwrap_or_default(),
            span: seen.span,
            evidence: cut(&seen.evidence).unwrap_or_default(),
            behind: seen.behind.iter().take(8).filter_map(|step| cut(step)).collect(),
            spot: seen.spot.clone(),
        })
    });
    let (rule, what) = (cut(&finding.rule), cut(&finding.told()));
    let (rule, what) = (rule.unwrap_or_default(), what.unwrap_or_default());
    let suppressed = finding.suppressed.clone();
    let severity = if suppressed.is_some() { Severity::Info } else { finding.severity };
    Finding { rule, severity, what, seen, suppressed }
}

/// What the operator has done about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nothing.
    #[default]
    New,
    /// It was the selected one, on the screen.
    Seen,
    /// It needs no look any more; why.
    Dismissed(String),
}

impl Standing {
    /// In a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Dismissed(_) => "dismissed",
        }
    }
}

/// Where the operator is in the pane, and what was done there.
#[derive(Debug, Default)]
pub struct Looked {
    /// The number of the selected one; else the first listed.
    pub selected: Option<u64>,
    /// Whether the newest are first, not the worst.
    pub newest_first: bool,
    /// Which are listed.
    pub filter: Option<Chosen>,
    standings: BTreeMap<u64, Standing>,
}

impl Looked {
    /// What was done about a finding.
    #[must_use]
    pub fn standing(&self, number: u64) -> &Standing {
        self.standings.get(&number).unwrap_or(&Standing::New)
    }
}

impl Model {
    /// What the pane lists: those that the filter leaves, the dismissed ones last.
    #[must_use]
    pub fn listed_findings(&self) -> Vec<&Found> {
        let looked = &self.ui.findings;
        let filter = looked.filter.as_ref().map(|chosen| &chosen.filter);
        let mut tester = filter.map(|filter| Tester::new(filter, self.now.at, &self.zone));
        let mut means = |found: &Found| {
            let subject = Told::new(self, found);
            tester.as_mut().is_none_or(|tester| tester.matches(&subject) == Match::Yes)
        };
        let mut listed: Vec<&Found> = self.found.iter().filter(|found| means(found)).collect();
        if looked.newest_first {
            listed.sort_by_key(|found| std::cmp::Reverse((found.last.at, found.number)));
        }
        listed.sort_by_key(|found| matches!(looked.standing(found.number), Standing::Dismissed(_)));
        listed
    }

    /// The place of the selected finding among these.
    #[must_use]
    pub fn selected_finding(&self, listed: &[&Found]) -> usize {
        let selected = self.ui.findings.selected;
        let place = selected.and_then(|number| listed.iter().position(|f| f.number == number));
        place.unwrap_or_default()
    }

    /// How many of medium severity and above nobody has looked at.
    #[must_use]
    pub fn unseen_findings(&self) -> usize {
        let new = |number: &u64| *self.ui.findings.standing(*number) == Standing::New;
        self.found.numbers(Severity::Medium).filter(new).count()
    }

    /// Keeps what the operator did about a finding.
    pub fn stand(&mut self, number: u64, standing: Standing) {
        let standings = &mut self.ui.findings.standings;
        standings.insert(number, standing);
        if standings.len() > STANDINGS_MAX {
            let known: std::collections::BTreeSet<u64> =
                self.found.numbers(Severity::Info).collect();
            standings.retain(|number, _| known.contains(number));
        }
    }
}

impl Found {
    /// `files.read_note`, as far as it is about a server and a tool.
    #[must_use]
    pub fn whose(&self, model: &Model) -> Safe {
        let name = |id: Option<NameId>| id.map(|id| model.names.get(id).clone());
        match (name(self.last.server), name(self.last.tool)) {
            (Some(server), Some(tool)) => server.then(&Safe::word(".")).then(&tool),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Safe::word("-"),
        }
    }

    /// Its rule, to look at.
    #[must_use]
    pub fn rule(&self) -> Safe {
        names::identifier(&self.finding.rule)
    }

    /// The place in the text: a JSON pointer, `/` for all of it.
    #[must_use]
    pub fn path(&self) -> Safe {
        match self.finding.seen.as_deref() {
            Some(seen) if seen.path.is_empty() => Safe::word("/"),
            Some(seen) => Safe::escape(&seen.path),
            None => Safe::word("-"),
        }
    }

    /// What decided, or the sentence where there is no such text.
    #[must_use]
    pub fn evidence(&self) -> Safe {
        let seen = self.finding.seen.as_deref();
        Safe::escape(seen.map_or(&self.finding.what, |seen| &seen.evidence))
    }
}

/// A finding as filters see it: its call, with its own rule, count and words.
struct Told<'a> {
    model: &'a Model,
    found: &'a Found,
    call: Option<Row<'a>>,
    words: String,
}

impl<'a> Told<'a> {
    fn new(model: &'a Model, found: &'a Found) -> Self {
        let row = found.last.call.and_then(|call| model.row_of(found.last.session, call));
        let call = row.and_then(|row| Row::new(model, row));
        let words = serde_json::Value::from(found.finding.what.as_str()).to_string();
        Self { model, found, call, words }
    }
}

impl Subject for Told<'_> {
    fn name_id(&self, _: NameField) -> Option<u32> {
        None
    }

    fn name(&self, field: NameField) -> Option<&str> {
        let name = |id: NameId| self.model.names.get(id).as_str();
        let session = self.model.session(self.found.last.session);
        match field {
            NameField::Session => session.map(|session| session.shown.as_str()),
            NameField::Agent => session.map(|session| session.agent.as_str()),
            NameField::Server => self.found.last.server.map(name),
            NameField::Tool => self.found.last.tool.map(name),
            NameField::Method => self.call.as_ref().and_then(|call| call.name(field)),
            NameField::Rule => Some(&self.found.finding.rule),
        }
    }

    fn tags(&self, field: TagField) -> Tags {
        self.call.as_ref().map(|call| call.tags(field)).unwrap_or_default()
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        if field == NumberField::Finding {
            return Some(self.found.count);
        }
        self.call.as_ref().and_then(|call| call.number(field))
    }

    fn at(&self) -> At {
        self.found.last.at
    }

    fn body(&self, _: BodyField) -> Body<'_> {
        Body::Text(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::console::filter::Filter;

    fn model() -> Model {
        let mut model = Model::new(TimeZone::UTC, None);
        model.session_id("claude-1");
        model
    }

    fn finds(model: &mut Model, rule: &str, severity: Severity, tool: &str, evidence: &str) {
        let number = u64::try_from(model.found.len()).unwrap();
        let seen = Seen {
            path: "/body".to_owned(),
            span: (0, 1),
            evidence: evidence.to_owned(),
            behind: Vec::new(),
            ..Seen::default()
        };
        let finding = Finding {
            seen: Some(Box::new(seen)),
            ..Finding::new(rule, severity, format!("It is {evidence}."))
        };
        let tool = Some(model.names.keep(tool));
        let server = Some(model.names.keep("files"));
        let session = SessionId(0);
        let at = At(number * 1_000_000 + model.now.at.0);
        model.now.at = At(at.0 + 1);
        let source = Source { session, at, server, tool, call: None, in_answer: false };
        model.found.take(&finding, source);
    }

    fn listed(model: &Model) -> Vec<String> {
        let text = |found: &&Found| {
            let tool = found.whose(model);
            format!("{} {tool} {} x{}", found.rule(), found.evidence(), found.count)
        };
        model.listed_findings().iter().map(text).collect()
    }

    #[test]
    fn a_false_alarm_that_was_told_is_worth_nothing_from_then_on() {
        let mut model = model();
        finds(&mut model, "hidden.bidi", Severity::High, "read", "a");
        finds(&mut model, "personal", Severity::Low, "read", "b");
        assert_eq!((listed(&model)[0].starts_with("hidden"), model.unseen_findings()), (true, 1));
        let worst = model.listed_findings()[0].clone();
        let finding = Finding { suppressed: Some("ours".to_owned()), ..worst.finding };
        model.found.take(&finding, worst.last);
        assert_eq!((listed(&model)[1].starts_with("hidden"), model.unseen_findings()), (true, 0));
        assert!(model.listed_findings()[1].finding.what.ends_with("suppressed by ours"));
    }

    #[test]
    fn the_same_finding_is_one_row_and_the_worst_are_first() {
        let mut model = model();
        finds(&mut model, "hidden.bidi", Severity::Medium, "read", "a\u{202E}b");
        finds(&mut model, "secret", Severity::High, "read", "key");
        finds(&mut model, "hidden.bidi", Severity::Medium, "read", "a\u{202E}b");
        finds(&mut model, "hidden.bidi", Severity::Medium, "write", "a\u{202E}b");
        finds(&mut model, "personal", Severity::Info, "write", "name");
        let worst = [
            "secret files.read key x1",
            "hidden.bidi files.write a<U+202E>b x1",
            "hidden.bidi files.read a<U+202E>b x2",
            "personal files.write name x1",
        ];
        assert_eq!(listed(&model), worst);
        model.ui.findings.newest_first = true;
        let newest = [worst[3], worst[1], worst[2], worst[0]];
        assert_eq!(listed(&model), newest);
    }

    #[test]
    fn beyond_the_bound_the_oldest_of_the_least_severity_goes() {
        let mut model = model();
        finds(&mut model, "secret", Severity::High, "read", "the first");
        for n in 0..=FINDINGS_MAX {
            finds(&mut model, "personal", Severity::Low, "read", &format!("name {n}"));
        }
        assert_eq!((model.found.len(), model.found.gone()), (FINDINGS_MAX, 2));
        let all = listed(&model);
        assert_eq!(all[0], "secret files.read the first x1");
        assert_eq!(all.last().unwrap(), "personal files.read name 2 x1");
        // One that was never on the list any more counts as gone, too.
        finds(&mut model, "personal", Severity::Info, "read", "less than all");
        assert_eq!(model.found.gone(), 3);
    }

    #[test]
    fn what_was_looked_at_is_counted_no_more_and_what_was_dismissed_is_last() {
        let mut model = model();
        finds(&mut model, "secret", Severity::High, "read", "one");
        finds(&mut model, "secret", Severity::Medium, "read", "two");
        finds(&mut model, "secret", Severity::Low, "read", "three");
        assert_eq!(model.unseen_findings(), 2);
        model.stand(1, Standing::Seen);
        assert_eq!(model.unseen_findings(), 1);
        model.stand(0, Standing::Dismissed("a test".to_owned()));
        assert_eq!(model.unseen_findings(), 0);
        let expected = ["secret files.read two x1", "secret files.read three x1"];
        assert_eq!(listed(&model)[..2], expected);
        // Again: it is what was dismissed.
        finds(&mut model, "secret", Severity::High, "read", "one");
        assert_eq!(model.unseen_findings(), 0);
        assert_eq!(listed(&model)[2], "secret files.read one x2");
    }

    #[test]
    fn filters_choose_by_rule_tool_words_and_count() {
        let mut model = model();
        finds(&mut model, "hidden.bidi", Severity::Medium, "read", "override");
        finds(&mut model, "secret", Severity::High, "send", "key");
        finds(&mut model, "secret", Severity::High, "send", "key");
        let table = [
            ("rule:hidden.*", 1),
            ("rule:secret | rule:hidden.bidi", 2),
            ("tool:send", 1),
            ("srv:files", 2),
            ("sess:other", 0),
            ("override", 1),
            ("finding>1", 1),
            ("!tool:send", 1),
        ];
        for (text, expected) in table {
            let filter = Filter::parse(text).unwrap();
            model.ui.findings.filter = Some(Chosen { text: Safe::escape(text), filter });
            assert_eq!(model.listed_findings().len(), expected, "{text}");
        }
    }

    #[test]
    fn a_copy_keeps_what_was_found_until_it_was_made() {
        let mut model = model();
        finds(&mut model, "secret", Severity::High, "read", "one");
        let mark = model.mark();
        finds(&mut model, "secret", Severity::High, "read", "one");
        finds(&mut model, "secret", Severity::High, "read", "two");
        model.go_to(&mark);
        assert_eq!(listed(&model), ["secret files.read one x1"]);
        finds(&mut model, "secret", Severity::High, "read", "two");
        assert_eq!(model.listed_findings()[0].number, 1);
    }
}
