//! The findings of all recordings, and what a suppression would change in them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::journals::{self, State};
use crate::engine::{Facts, Finding, Severity, Started};
use crate::journal::redecide::{Again, Flip, Instead};
use crate::journal::{Record, What};
use crate::policy::{Policy, Spot, Suppression, Verdict};
use crate::store::suppressed;

/// What was seen at one place, however often.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Short, and the same in every recording.
    pub(super) id: String,
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) spot: Spot,
    /// The sentence, with the evidence.
    pub(super) what: String,
    pub(super) count: u64,
    pub(super) recordings: BTreeSet<String>,
    /// The last record in which it was seen, `claude-code-1#12`.
    pub(super) seen: String,
    /// The suppression by which it counted for nothing when it was seen last.
    pub(super) suppressed: Option<String>,
}

/// A row in JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    v: u32,
    id: &'a str,
    rule: &'a str,
    severity: Severity,
    server: &'a str,
    tool: &'a str,
    field: &'a str,
    text: &'a str,
    what: &'a str,
    count: u64,
    recordings: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a str>,
}

impl Row {
    pub(super) fn line(&self, v: u32) -> Line<'_> {
        Line {
            v,
            id: &self.id,
            rule: &self.rule,
            severity: self.severity,
            server: &self.spot.server,
            tool: &self.spot.tool,
            field: &self.spot.field,
            text: &self.spot.text,
            what: &self.what,
            count: self.count,
            recordings: &self.recordings,
            suppressed: self.suppressed.as_deref(),
        }
    }
}

/// Rows by their id.
pub(super) type Rows = BTreeMap<String, Row>;

/// All of them, and what is wrong with the first recording that is broken: what stands before that counts.
pub(super) fn collect() -> Result<(Rows, Option<String>), Failure> {
    let (mut rows, mut problem) = (Rows::new(), None);
    for path in journals::all()? {
        let name = journals::name_of(&path);
        let scan = journals::scan(&path, |record, _| {
            if let Some(facts) = &record.facts {
                add(facts, (&name, record.seq), &mut rows);
            }
            Ok::<(), Failure>(())
        })?;
        if scan.state == State::Broken && problem.is_none() {
            problem = Some(format!("{name}: {}", scan.problem.unwrap_or_default()));
        }
    }
    Ok((rows, problem))
}

/// A batch's findings are those of its members.
fn add(facts: &Facts, (recording, seq): (&str, u64), rows: &mut Rows) {
    for finding in &facts.findings {
        let Some(spot) = finding.seen.as_ref().and_then(|seen| seen.spot.as_ref()) else {
            continue;
        };
        let id = spot.id(&finding.rule);
        let row = rows.entry(id.clone()).or_insert_with(|| Row {
            id,
            rule: finding.rule.clone(),
            severity: finding.severity,
            spot: Spot::clone(spot),
            what: finding.what.clone(),
            count: 0,
            recordings: BTreeSet::new(),
            seen: String::new(),
            suppressed: None,
        });
        row.count += 1;
        row.recordings.insert(recording.to_owned());
        row.seen = format!("{recording}#{seq}");
        row.suppressed.clone_from(&finding.suppressed);
    }
}

/// What a suppression changes in all recordings.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// How many findings it silences.
    pub(super) findings: u64,
    /// Where.
    pub(super) silenced: Vec<Row>,
    /// What is decided otherwise, a line each.
    pub(super) flips: Vec<String>,
}

/// What of all recordings it silences.
pub(super) fn silenced<'r>(rows: &'r Rows, one: &Suppression) -> impl Iterator<Item = &'r Row> {
    rows.values().filter(move |row| {
        // A text that nobody knows may be the one.
        let text = if row.spot.text.is_empty() { &one.text } else { &row.spot.text };
        one.holds(&row.rule, &Spot { text: text.clone(), ..row.spot.clone() })
    })
}

/// Looks for what it silences, and decides every recording again by the policy that it began with, without it and with
/// it: what comes out otherwise comes of it alone.
pub(super) fn prove(rows: &Rows, one: &Suppression) -> Result<Proof, Failure> {
    let silenced: Vec<Row> = silenced(rows, one).cloned().collect();
    let findings = silenced.iter().map(|row| row.count).sum();
    let recordings: BTreeSet<&String> = silenced.iter().flat_map(|row| &row.recordings).collect();
    let mut flips = Vec::new();
    for path in journals::all()? {
        let name = journals::name_of(&path);
        if !recordings.contains(&name) {
            continue;
        }
        let mut twice: Option<(Again, Again)> = None;
        journals::scan(&path, |record, _| {
            if let What::Started(started) = &record.event {
                twice = both(started, one);
            }
            if let Some((without, with)) = &mut twice {
                flips.extend(otherwise(&name, &record, without, with));
            }
            Ok::<(), Failure>(())
        })?;
        if twice.is_none() {
            let what = format!("failed to decide {name} again: its policy cannot be read");
            return Err(Failure::new(Exit::Broken, what));
        }
    }
    Ok(Proof { findings, silenced, flips })
}

fn both(started: &Started, one: &Suppression) -> Option<(Again, Again)> {
    let below = Policy::parse(&started.policy_name, &started.policy).ok()?;
    let over = below.amended("suppression", &suppressed::with(None, one)).ok()?;
    let by = |policy: &Policy| {
        let (policy_name, policy) = (started.policy_name.clone(), policy.text().to_owned());
        Again::by(Instead { policy_name, policy, from_seq: 1 })
    };
    Some((by(&below), by(&over)))
}

/// Whether a finding in the case of a suppression is silenced by it, the case decided again by what its recording began with.
/// `None`: there is no such recording.
pub(super) fn is_case(one: &Suppression) -> Result<Option<bool>, Failure> {
    let named = one.seen.as_deref().and_then(|seen| seen.rsplit_once('#'));
    let Some((name, seq)) = named.and_then(|(name, seq)| Some((name, seq.parse::<u64>().ok()?)))
    else {
        return Ok(None);
    };
    let mut all = journals::all()?.into_iter();
    let Some(path) = all.find(|path| journals::name_of(path) == name) else { return Ok(None) };
    let (mut over, mut silenced) = (None, false);
    journals::scan(&path, |record, _| {
        if let What::Started(started) = &record.event {
            over = both(started, one).map(|(_, over)| over);
        }
        if let Some(again) = &mut over {
            again.record(&record);
            let is_it = |finding: &Finding| finding.suppressed.as_ref() == Some(&one.id);
            silenced |= record.seq == seq
                && again.facts().is_some_and(|facts| facts.findings.iter().any(is_it));
        }
        Ok::<(), Failure>(())
    })?;
    Ok(Some(silenced))
}

fn otherwise(name: &str, record: &Record, without: &mut Again, with: &mut Again) -> Option<String> {
    let (before, now) = (without.record(record), with.record(record));
    let what = |flip: &Option<Flip>| {
        flip.as_ref().map(|flip| (flip.is, flip.does.clone(), flip.rule_is.clone()))
    };
    if what(&before) == what(&now) {
        return None;
    }
    let word = |flip: &Option<Flip>| match flip {
        None => "as recorded".to_owned(),
        Some(flip) => {
            let verdict = flip.is.map(Verdict::word);
            let does = flip.does.join(", ");
            verdict.map_or(does.clone(), |verdict| format!("{verdict} ({does})"))
        }
    };
    Some(format!("{name} record {}: {} -> {}", record.seq, word(&before), word(&now)))
}
