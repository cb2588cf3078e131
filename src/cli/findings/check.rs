//! `tollgate findings check`: whether each suppression still does what it was written for, and nothing is left of its time.

use std::io::{self, BufWriter, Write};

use super::collect::{collect, is_case, silenced};
use crate::cli::exit::{Exit, Failure};
use crate::cli::operator;
use crate::inspect;
use crate::policy::{ANY, Suppression};
use crate::store::home::read_if_there;
use crate::store::{policies, suppressed};
use crate::text::Safe;

/// How a suppression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its case is silenced by it.
    Holds,
    /// It has no case, or the recording of it is gone.
    Untested,
    /// Its case is not silenced by it any more: something else is told of it now, or at another place.
    Fails,
    /// No rule of this build is called so.
    NoRule,
}

impl Standing {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Holds => ("holds", "what it was written for is silenced by it"),
            Self::Untested => ("untested", "no recording has what it was written for"),
            Self::Fails => ("fails", "what it was written for is not silenced by it any more"),
            Self::NoRule => ("no rule", "no rule of detection is called so any more"),
        }
    }
}

/// Checks them all. Findings are those that do nothing any more.
pub(super) fn check() -> Result<Exit, Failure> {
    let path = policies::suppressions(&operator::home()?);
    let name = path.to_string_lossy().into_owned();
    let broken = |why: String| Failure::new(Exit::Broken, format!("failed to read {why}"));
    let text = read_if_there(&path).map_err(|error| broken(format!("{name}: {error}")))?;
    let all = text.map_or(Ok(Vec::new()), |text| suppressed::read(&name, &text)).map_err(broken)?;
    let (rows, problem) = collect()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut done = Exit::Fine;
    for one in &all {
        let standing = standing(one)?;
        let (word, what) = standing.words();
        let (places, findings) =
            silenced(&rows, one).fold((0, 0), |(places, all), row| (places + 1, all + row.count));
        writeln!(
            out,
            "{}  {word}: {what}; findings of all recordings that it silences: {findings}, at places: {places}",
            Safe::escape(&one.id)
        )?;
        writeln!(out, "    {}: {}", Safe::escape(&one.finding), Safe::escape(&one.reason))?;
        if matches!(standing, Standing::Fails | Standing::NoRule) {
            done = Exit::Findings;
        }
    }
    writeln!(out, "suppressions {}", all.len())?;
    out.flush()?;
    problem.map_or(Ok(done), |what| Err(Failure::new(Exit::Broken, what)))
}

fn standing(one: &Suppression) -> Result<Standing, Failure> {
    if one.finding != ANY && inspect::rule_of(&one.finding).is_none() {
        return Ok(Standing::NoRule);
    }
    Ok(match is_case(one)? {
        None => Standing::Untested,
        Some(true) => Standing::Holds,
        Some(false) => Standing::Fails,
    })
}
