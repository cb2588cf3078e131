//! What servers defined, as lines: the table of the Tools pane, and one definition in full.

use std::sync::Arc;

use crate::console::linear::Linear;
use crate::console::linear::control::is_named;
use crate::console::linear::page::{Page, Says};
use crate::console::model::Model;
use crate::console::model::catalogue::{Group, Line, Listed};
use crate::console::model::difference::{self, Difference};
use crate::console::model::doc::{Doc, Want};
use crate::text::Safe;

/// A body that was read, for a definition.
pub(super) type Read = Result<Arc<Doc>, String>;

/// The same lines as the pane's.
pub(super) fn list(model: &Model, page: &mut Page) {
    let lines = model.catalogue();
    if lines.is_empty() {
        page.line("tool:", &Says::own("no server listed anything yet"));
    }
    for line in &lines {
        match line {
            Line::Server(group) => server(group, page),
            Line::Definition(listed) => page.line("tool:", &told(model, listed)),
        }
    }
}

fn server(group: &Group<'_>, page: &mut Page) {
    let says = Says::own("server ").safe(&group.session.shown).and(" ").safe(&group.server);
    let says = says.and(", definitions: ").number(group.count as u64);
    let says = if group.session.ended { says.and(", ended") } else { says };
    let says = if group.left_out > 0 {
        says.and(", left out: ").number(group.left_out as u64)
    } else {
        says
    };
    page.line("tool:", &says);
}

/// `CHANGED tool files.read_note hidden, is 77aa01b2c3d4, calls 14, first seen 12:00:01, last 12:04:31`.
fn told(model: &Model, listed: &Listed<'_>) -> Says {
    let definition = listed.definition;
    let says = Says::own(definition.state().word()).and(" ").and(listed.key.kind.word()).and(" ");
    let server = crate::console::model::names::identifier(&listed.key.server);
    let mut says = says.safe(&server).and(".").safe(&definition.shown);
    let remarks = listed.remarks();
    if !remarks.is_empty() {
        says = says.and(" ").safe(&remarks);
    }
    if let Some(was) = &definition.was {
        says = says.and(", was ").safe(was);
    }
    if let Some(now) = definition.now.as_ref().or(definition.to_be.as_ref()) {
        says = says.and(", is ").safe(&now.short());
    }
    says = says.and(", calls ").number(listed.calls);
    for (words, at) in [(", first seen ", definition.first_seen), (", last ", definition.last_seen)]
    {
        if let Some(at) = at {
            says = says.and(words).safe(&difference::when(model, at));
        }
    }
    match &definition.said {
        Some(said) => says.and(", ").safe(&difference::said(model, said)),
        None => says,
    }
}

/// Prints a definition whose texts were read.
pub(super) fn print(model: &Model, shown: &Difference, prefix: &'static str, page: &mut Page) {
    let name = crate::console::model::names::identifier(&shown.key.server);
    let says = Says::own("definition ").safe(&name).and(".").safe(&shown.definition.shown);
    page.line(prefix, &says);
    for row in shown.rows(model, page.body_columns(), false).unwrap_or_default() {
        page.row(&row);
    }
}

impl Linear {
    /// Prints the definitions of this name, `NAME` or `SERVER.NAME`, once their texts are read.
    pub(super) fn show_definition(
        &mut self,
        model: &Model,
        name: &str,
        page: &mut Page,
    ) -> Result<(), Says> {
        let lines = model.catalogue();
        let is_it = |listed: &&Listed<'_>| is_named(&listed.key, name);
        let found: Vec<Difference> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Definition(listed) => Some(listed).filter(is_it),
                Line::Server(_) => None,
            })
            .filter_map(|listed| Difference::of(model, &listed.key))
            .map(|(shown, wants)| {
                for want in wants {
                    page.load(want);
                }
                shown
            })
            .collect();
        if found.is_empty() {
            let says = Says::own("nothing of this name was defined: ").safe(&Safe::escape(name));
            return Err(says.and("; tools lists everything"));
        }
        self.definitions.extend(found);
        self.print_definitions(model, page);
        Ok(())
    }

    /// A text of a definition was read.
    pub(super) fn fill_definitions(&mut self, want: &Want, read: &Read) {
        for shown in &mut self.definitions {
            shown.fill(want, read);
        }
    }

    /// Prints those that wait for nothing any more.
    pub(super) fn print_definitions(&mut self, model: &Model, page: &mut Page) {
        let all = std::mem::take(&mut self.definitions);
        let (ready, waits): (Vec<_>, Vec<_>) = all.into_iter().partition(Difference::is_read);
        self.definitions = waits;
        for shown in &ready {
            print(model, shown, "tool:", page);
            if let Some(fingerprint) = shown.definition.fingerprint().filter(|_| shown.is_whole()) {
                let printed = (fingerprint.to_owned(), model.now.mono_ms);
                self.shown.insert(shown.key.clone(), printed);
            }
        }
    }
}
