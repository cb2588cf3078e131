//! What the servers of an agent's configuration say of themselves and of what they have.
//!
//! Each server is a program that is started, so each is shown first and asked about. Nothing is pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _, Write};

use super::hide::hide;
use super::{Input, Scan};
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::servers::ask::{self, Said};
use crate::cli::servers::{self, Found, Of};
use crate::inspect::foreign::foreign;
use crate::inspect::{Kind, Report};

/// Looks at all of them; whether all that were to be started could be asked.
pub(super) fn scan(agent: &str, yes: bool, scan: &mut Scan<impl Write>) -> Result<bool, Failure> {
    if !yes && !io::stdin().is_terminal() {
        let what = "it asks before it starts a server: use a terminal, or --yes to start them all";
        return Err(Failure::new(Exit::Usage, what));
    }
    let cwd = std::env::current_dir().map_err(|error| {
        Failure::new(Exit::Usage, format!("failed to find the current folder: {error}"))
    })?;
    // Questions are not what is printed.
    let mut aside = io::stderr().lock();
    let found = servers::found(Of::Agent(agent), &cwd, &mut aside)?;
    if found.is_empty() {
        writeln!(aside, "the configuration of {agent} names no server that can be started")?;
    }
    let (mut all, mut answers) = (true, Vec::new());
    for one in &found {
        let said = match &one.launch {
            Ok(launch) if yes || servers::asked(one, launch, "Start it?", &mut aside)? => {
                ask::said(launch, &cwd, &ask::ALL)
            }
            Ok(_) => continue,
            Err(why) => Err(why.clone()),
        };
        match said {
            Ok(said) => answers.extend(said.into_iter().map(|said| (one, said))),
            Err(why) => {
                let name = &one.name;
                exit::say(Exit::Broken, format_args!("failed to ask {name} what it has: {why}"));
                all = false;
            }
        }
    }
    // What each says of another one's tools is known when all were asked.
    let mut tools: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (one, said) in &answers {
        if let (Some(ask::List::Tools), Some(name)) = (said.list, &said.name) {
            tools.entry(name.clone()).or_default().insert(&one.name);
        }
    }
    for (one, said) in answers {
        of_said(one, said, &tools, scan)?;
    }
    Ok(all)
}

fn of_said(
    one: &Found,
    said: Said,
    tools: &BTreeMap<String, BTreeSet<&str>>,
    scan: &mut Scan<impl Write>,
) -> Result<(), Failure> {
    let Said { list, name, text } = said;
    let mut report = Report::of_value(&text, Kind::Definition);
    report.found.extend(foreign(&text, |word| {
        let servers = tools.get(word)?;
        servers.iter().next().copied().filter(|_| !servers.contains(one.name.as_str()))
    }));
    hide(&mut report, &text, true);
    let name = name.unwrap_or_default();
    let (id, tool) = match list {
        None => (Some("introduction".to_owned()), None),
        Some(ask::List::Tools) => (None, Some(name)),
        Some(list) => (Some(format!("{} {name}", list.word())), None),
    };
    scan.put(&Input { id, server: Some(one.name.clone()), tool, report, place: None })
}
