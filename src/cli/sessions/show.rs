//! `tollgate sessions show`: a recording for people. **Every string that another program chose is
//! printed escaped**, and what is cut is counted.

use std::fmt::Write as _;
use std::io;

use super::local_time;
use crate::cli::exit::{Exit, Failure};
use crate::cli::journals;
use crate::cli::lines::{Follow, Line};
use crate::engine::At;
use crate::journal::{Effected, Raw, Record, What};
use crate::protocol::Side;
use crate::text::Safe;

/// How much of a payload is printed without `--full`: two lines of a terminal.
const PAYLOAD_CHARS: usize = 160;

/// Prints the recording.
pub(super) fn text(out: &mut impl io::Write, name: &str, full: bool) -> Result<Exit, Failure> {
    let path = journals::find(name)?;
    let mut follow = Follow::default();
    let scan = journals::scan(&path, |record, _| {
        let line = follow.line(&record);
        writeln!(out, "{}", head(&line))?;
        for (word, raw) in payloads(&record) {
            writeln!(out, "    {word}{}", payload(raw, full))?;
        }
        Ok::<_, Failure>(())
    })?;
    journals::end(out, scan)
}

/// `  12  2026-11-23 01:02:03  call      #3 agent → files  tools/call write_file  ask → hold`
pub(in crate::cli) fn head(line: &Line) -> String {
    let mut text = format!("{:>6}  {}  {:<9}", line.seq, local_time(At(line.at)), line.event);
    let mut put = |piece: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        text.write_fmt(piece).ok();
    };
    if let Some(call) = line.call {
        put(format_args!(" #{call}"));
    }
    let arrow = line.from.filter(|_| line.size_bytes.is_some());
    match (&line.server, arrow) {
        (Some(server), Some(Side::Agent)) => put(format_args!(" agent → {}", Safe::escape(server))),
        (Some(server), Some(Side::Server)) => {
            put(format_args!(" {} → agent", Safe::escape(server)));
        }
        (Some(server), None) => put(format_args!(" {}", Safe::escape(server))),
        (None, _) => {}
    }
    if let (Some(side), None) = (line.from, line.size_bytes) {
        put(format_args!(" ({side})"));
    }
    for word in [&line.method, &line.tool].into_iter().flatten() {
        put(format_args!(" {}", Safe::escape(word)));
    }
    if line.failed {
        put(format_args!(" failed"));
    }
    if let Some(verdict) = line.verdict {
        put(format_args!("  {}", verdict.word()));
    }
    if let Some(outcome) = line.outcome {
        put(format_args!(" → {outcome}"));
    }
    for reason in &line.reasons {
        put(format_args!("  [{}: {}]", Safe::escape(&reason.rule), Safe::escape(&reason.why)));
    }
    for ticket in &line.tickets {
        put(format_args!("  ticket #{} {}", ticket.ticket, ticket.state));
    }
    for finding in &line.findings {
        put(format_args!(
            "  finding {}: {}",
            Safe::escape(&finding.rule),
            Safe::escape(&finding.what)
        ));
    }
    if let Some(detail) = &line.detail {
        put(format_args!("  {}", Safe::escape(detail)));
    }
    text
}

/// What was received, and what was sent in its place or beside it.
fn payloads(record: &Record) -> Vec<(String, &Raw)> {
    let mut found = Vec::new();
    if let Some(raw) = record.event.received() {
        let head = matches!(record.event, What::Broken { .. });
        found.push((if head { "begins: ".to_owned() } else { String::new() }, raw));
    }
    for effect in &record.effects {
        match effect {
            Effected::Replace { to, how, sent, .. } => {
                found.push((format!("sent to {to} ({how}): "), sent));
            }
            Effected::Refuse { to, sent, .. } => {
                found.push((format!("answered to {to}: "), sent));
            }
            Effected::Originate { to, what, sent, .. } => {
                found.push((format!("sent to {to} ({what}): "), sent));
            }
            Effected::Forward { .. }
            | Effected::Hold(_)
            | Effected::Revise { .. }
            | Effected::Rejected { .. }
            | Effected::Settle { .. }
            | Effected::Drop { .. }
            | Effected::Sync {}
            | Effected::EndLine { .. }
            | Effected::Close { .. } => {}
        }
    }
    found
}

fn payload(raw: &Raw, full: bool) -> String {
    let text = match raw {
        Raw::Json(json) | Raw::JsonCr(json) => json.get().to_owned(),
        Raw::Text(text) => text.clone(),
        Raw::Base64(text) => format!("base64 {text}"),
    };
    let hidden = text.chars().count().saturating_sub(PAYLOAD_CHARS);
    if full || hidden == 0 {
        return Safe::escape(&text).to_string();
    }
    let shown: String = text.chars().take(PAYLOAD_CHARS).collect();
    format!("{} … {hidden} more characters (--full)", Safe::escape(&shown))
}
